//! The tar of a layer as a stream, from which runs are taken in rising order.

use crate::digest::Digest;
use crate::layer::reader::{LayerReader, ReadOptions, Sink};
use crate::layer::write::MakeError;
use crate::pieces::Pieces;

/// The tar of a layer while runs of it are copied, none of which begins before the last one ended.
#[allow(async_fn_in_trait)]
pub trait Runs {
    /// What can go wrong.
    type Error;

    /// Bytes of the blob that were read so far.
    fn read(&self) -> u64;

    /// Passes over a piece of what is before `offset`; `false` when nothing is left of that.
    ///
    /// # Errors
    /// When it can't be read on.
    async fn skip(&mut self, offset: u64) -> Result<bool, Self::Error>;

    /// The next bytes, none from `end` on. `None` at `end`, or at the end of the tar when `end` is
    /// as far away as it can be.
    ///
    /// # Errors
    /// When it can't be read on, or ends too early.
    async fn next(&mut self, end: u64) -> Result<Option<&[u8]>, Self::Error>;

    /// Reads a piece of the rest; `false` when nothing is left that must be read.
    ///
    /// # Errors
    /// When it can't be read on.
    async fn drain(&mut self) -> Result<bool, Self::Error>;

    /// Compares the whole layer with its digest, after it was [drained](Self::drain).
    ///
    /// # Errors
    /// When it is another one.
    fn finish(self) -> Result<(), Self::Error>;
}

/// A layer that is unpacked on the way, and compared with its digest in the end.
pub struct TarStream<P> {
    pieces: P,
    reader: LayerReader,
    digest: Digest,
    size: u64,
    /// What came out of the decoder and was not taken yet.
    tar: Tar,
    /// Where in the tar the next byte stands.
    at: u64,
}

impl<P> std::fmt::Debug for TarStream<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TarStream({} at {})", self.digest, self.at)
    }
}

#[derive(Default)]
struct Tar {
    bytes: Vec<u8>,
    taken: usize,
}

impl Sink for Tar {
    fn tar(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

impl<P> TarStream<P> {
    /// Nothing is read yet of a blob that is to have this digest and size.
    pub fn new(pieces: P, digest: &Digest, size: u64) -> Self {
        Self {
            pieces,
            reader: LayerReader::new(ReadOptions {
                subject: digest.to_string(),
                digest: digest.algorithm().unwrap_or_default(),
                diff_id: None,
                tar: true,
                index: false,
                ..ReadOptions::default()
            }),
            digest: digest.clone(),
            size,
            tar: Tar::default(),
            at: 0,
        }
    }
}

impl<P: Pieces<Error: From<MakeError>>> Runs for TarStream<P> {
    type Error = P::Error;

    fn read(&self) -> u64 {
        self.reader.size()
    }

    async fn skip(&mut self, offset: u64) -> Result<bool, P::Error> {
        if offset < self.at {
            return Err(MakeError::Order.into());
        }
        Ok(self.next(offset).await?.is_some())
    }

    async fn next(&mut self, end: u64) -> Result<Option<&[u8]>, P::Error> {
        if self.at >= end {
            return Ok(None);
        }
        while self.tar.taken == self.tar.bytes.len() {
            if !self.drain().await? {
                return match end {
                    u64::MAX => Ok(None),
                    _ => Err(MakeError::Short.into()),
                };
            }
        }
        let from = self.tar.taken;
        let room = usize::try_from(end - self.at).unwrap_or(usize::MAX);
        let to = from.saturating_add(room).min(self.tar.bytes.len());
        self.tar.taken = to;
        self.at += (to - from) as u64;
        Ok(self.tar.bytes.get(from..to))
    }

    async fn drain(&mut self) -> Result<bool, P::Error> {
        self.tar.bytes.clear();
        self.tar.taken = 0;
        let Some(bytes) = self.pieces.next().await? else { return Ok(false) };
        self.reader.push(bytes, &mut self.tar);
        Ok(true)
    }

    fn finish(self) -> Result<(), P::Error> {
        let summary = self.reader.finish(&mut ());
        if summary.digest != self.digest || summary.size != self.size {
            return Err(MakeError::OtherLayer {
                came: summary.digest,
                bytes: summary.size,
                asked: self.digest,
                size: self.size,
            }
            .into());
        }
        Ok(())
    }
}
