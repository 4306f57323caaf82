//! The bytes of a blob in an archive, piece by piece.

use std::ops::Range;

use bytes::Bytes;

use super::error::{Error, Subject};
use super::held::Archive;
use super::read_at::{ReadAt, exact, failed};
use crate::digest::Digest;
use crate::pieces::Pieces;
use crate::source::{BlobPieces, FileRange};

/// Bytes that are read at once.
const PIECE: u64 = 1 << 20;

/// A blob of an archive, or a range of it.
#[derive(Debug)]
pub(super) struct ArchiveBlob<'a, R> {
    from: &'a R,
    digest: &'a Digest,
    rest: Rest,
    lent: Bytes,
}

/// What of it was not read yet.
#[derive(Debug)]
enum Rest {
    /// It lies in a file.
    File(FileRange),
    /// It was made here.
    Made(Bytes),
    /// The archive does not have it.
    Nowhere,
}

impl<'a, R> ArchiveBlob<'a, R> {
    pub(super) fn open(
        archive: &Archive,
        from: &'a R,
        digest: &'a Digest,
        range: Option<Range<u64>>,
    ) -> Self {
        let range = range.unwrap_or(0..u64::MAX);
        let rest = match (archive.made(digest), archive.place(digest)) {
            (Some(bytes), _) => {
                let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
                let end = at(range.end).min(bytes.len());
                Rest::Made(bytes.slice(at(range.start).min(end)..end))
            }
            (None, Some(FileRange { file, range: lies })) => {
                let at = |offset: u64| lies.start.saturating_add(offset).min(lies.end);
                Rest::File(FileRange { file: *file, range: at(range.start)..at(range.end) })
            }
            (None, None) => Rest::Nowhere,
        };
        Self { from, digest, rest, lent: Bytes::new() }
    }
}

impl<R: ReadAt> Pieces for ArchiveBlob<'_, R> {
    type Error = Error;

    async fn next(&mut self) -> Result<Option<&[u8]>, Error> {
        let subject = || Subject::Blob(self.digest.clone());
        self.lent = match &mut self.rest {
            Rest::Nowhere => return Err(Error::NotFound(subject())),
            Rest::Made(bytes) => std::mem::take(bytes),
            Rest::File(FileRange { file, range }) => {
                let end = range.start.saturating_add(PIECE).min(range.end);
                let piece = range.start..end.max(range.start);
                let length = piece.end - piece.start;
                range.start = piece.end;
                match length {
                    0 => Bytes::new(),
                    _ => self
                        .from
                        .read(*file, piece)
                        .await
                        .and_then(|bytes| exact(bytes, length))
                        .map_err(|error| failed(error, &subject()))?,
                }
            }
        };
        Ok(Some(&*self.lent).filter(|piece| !piece.is_empty()))
    }
}

impl<R: ReadAt> BlobPieces for ArchiveBlob<'_, R> {}
