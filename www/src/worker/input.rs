//! The bytes of a blob, piece by piece, wherever they are.

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::entry::{Link, content};
use super::protocol::BlobFrom;
use crate::chosen::gone;
use crate::net::pieces::Pieces;
use crate::net::problem::Problem;
use crate::net::stream::BlobStream;

/// A blob that is being read.
#[derive(Debug)]
pub(super) enum Input {
    /// From a registry.
    Registry(Box<BlobStream<Link>>),
    /// From disk.
    Disk(DiskStream),
}

/// A Blob that is read from its first to its last byte.
#[derive(Debug)]
pub(super) struct DiskStream {
    pieces: Pieces,
    offset: u64,
    size: u64,
}

impl Input {
    /// Nothing is read before the first call of [`Input::next`]. `size` is what the descriptor
    /// says; a blob on disk ends where it ends.
    pub(super) fn open(
        from: BlobFrom,
        parts: &[JsValue],
        link: Link,
        size: u64,
    ) -> Result<Self, Problem> {
        match from {
            BlobFrom::Registry(access) => {
                Ok(Self::Registry(Box::new(BlobStream::new(link, access, size))))
            }
            BlobFrom::Disk(part) => {
                let blob = parts.get(part).and_then(|part| part.dyn_ref::<Blob>().cloned());
                let blob = blob.ok_or_else(|| content("A file did not reach the worker."))?;
                Ok(Self::Disk(DiskStream::new(&blob)))
            }
        }
    }

    /// The next bytes, still in the browser's memory, where the ones after them take their place;
    /// `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Uint8Array>, Problem> {
        match self {
            Self::Registry(stream) => stream.next().await,
            Self::Disk(stream) => stream.next().await,
        }
    }

    /// Bytes read so far.
    pub(super) fn offset(&self) -> u64 {
        match self {
            Self::Registry(stream) => stream.offset(),
            Self::Disk(stream) => stream.offset,
        }
    }

    /// How often a connection had to be made anew.
    pub(super) fn resumed(&self) -> u32 {
        match self {
            Self::Registry(stream) => stream.resumed(),
            Self::Disk(_) => 0,
        }
    }
}

impl DiskStream {
    pub(super) fn new(blob: &Blob) -> Self {
        let size = blob.size() as u64;
        Self { pieces: Pieces::of(&blob.stream(), Some(size)), offset: 0, size }
    }

    /// The next bytes, still in the browser's memory, where the ones after them take their place;
    /// `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Uint8Array>, Problem> {
        let piece = self.pieces.next().await.map_err(|_| gone())?;
        match &piece {
            Some(piece) => self.offset += u64::from(piece.byte_length()),
            None if self.offset < self.size => return Err(gone()),
            None => {}
        }
        Ok(piece)
    }
}

/// All bytes of a small Blob.
pub(super) async fn all(blob: &Blob) -> Result<Uint8Array, Problem> {
    let buffer = JsFuture::from(blob.array_buffer()).await.map_err(|_| gone())?;
    Ok(Uint8Array::new(&buffer))
}
