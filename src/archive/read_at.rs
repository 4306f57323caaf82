//! How do bytes of the files come here?

use std::ops::Range;

use bytes::Bytes;

use super::error::{Error, Subject};
use crate::digest::{Algorithm, Digest, Hasher};
use crate::source::FileRange;

/// Bytes that [`ReadAt::digest`] reads at once.
const PIECE: u64 = 1 << 20;

/// Reads pieces of the files that an archive lies in. A tar is one file, number 0; of a folder each
/// file has the number that its list of paths gave it.
#[allow(async_fn_in_trait)]
pub trait ReadAt {
    /// The bytes of a range, all of them.
    ///
    /// # Errors
    /// When they can't be read.
    async fn read(&self, file: usize, range: Range<u64>) -> Result<Bytes, ReadError>;

    /// SHA-256 of a range, which may be gigabytes long: layers of `docker save` that are compressed
    /// have no digest until somebody computes it. Whoever has a worker for that does it there.
    ///
    /// # Errors
    /// When the bytes can't be read.
    async fn digest(&self, place: &FileRange) -> Result<Digest, ReadError> {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let mut at = place.range.start;
        while at < place.range.end {
            let end = at.saturating_add(PIECE).min(place.range.end);
            let bytes = exact(self.read(place.file, at..end).await?, end - at)?;
            hasher.update(&bytes);
            at = end;
        }
        Ok(hasher.finish())
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    async fn read(&self, file: usize, range: Range<u64>) -> Result<Bytes, ReadError> {
        T::read(self, file, range).await
    }

    async fn digest(&self, place: &FileRange) -> Result<Digest, ReadError> {
        T::digest(self, place).await
    }
}

/// A tar in memory.
impl ReadAt for Bytes {
    async fn read(&self, _file: usize, range: Range<u64>) -> Result<Self, ReadError> {
        let of = |at: u64| usize::try_from(at).ok().filter(|at| *at <= self.len());
        match (of(range.start), of(range.end)) {
            (Some(start), Some(end)) if start <= end => Ok(self.slice(start..end)),
            _ => Err(ReadError(format!("The archive has no bytes {range:?}"))),
        }
    }
}

/// Why bytes of a file did not come: one sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(pub String);

/// A whole range of at most `limit` bytes, in memory.
pub(super) async fn read<R: ReadAt>(
    from: &R,
    place: &FileRange,
    limit: u64,
    subject: &Subject,
) -> Result<Bytes, Error> {
    let size = place.len();
    if size > limit {
        return Err(Error::TooLarge { subject: subject.clone(), size, limit });
    }
    let read = from.read(place.file, place.range.clone()).await;
    read.and_then(|bytes| exact(bytes, size)).map_err(|error| failed(error, subject))
}

pub(super) fn failed(error: ReadError, subject: &Subject) -> Error {
    Error::Read { subject: subject.clone(), reason: error.0 }
}

pub(super) fn exact(bytes: Bytes, len: u64) -> Result<Bytes, ReadError> {
    let got = bytes.len() as u64;
    if got == len {
        Ok(bytes)
    } else {
        let text = format!("{got} of {len} bytes came; has the file been changed since?");
        Err(ReadError(text))
    }
}
