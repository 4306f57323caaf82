//! The bytes of a blob, piece by piece, wherever they are.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::entry::{Link, content};
use super::protocol::BlobFrom;
use crate::net::problem::Problem;
use crate::net::stream::BlobStream;

/// Bytes that are read from disk at once.
pub(super) const PIECE: u64 = 256 << 10;

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
    blob: Blob,
    offset: f64,
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
                Ok(Self::Disk(DiskStream::new(blob)))
            }
        }
    }

    /// The next bytes, still in the browser's memory; `None` at the end.
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
            Self::Disk(stream) => stream.offset as u64,
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
    pub(super) fn new(blob: Blob) -> Self {
        Self { blob, offset: 0.0 }
    }

    /// The next bytes, still in the browser's memory; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Uint8Array>, Problem> {
        let end = (self.offset + PIECE as f64).min(self.blob.size());
        if end <= self.offset {
            return Ok(None);
        }
        let slice = self.blob.slice_with_f64_and_f64(self.offset, end).map_err(|_| gone())?;
        let buffer = JsFuture::from(slice.array_buffer()).await.map_err(|_| gone())?;
        let piece = Uint8Array::new(buffer.unchecked_ref::<ArrayBuffer>());
        self.offset = end;
        Ok(Some(piece))
    }
}

pub(super) fn gone() -> Problem {
    content(
        "The file can't be read any more: it was changed, moved or deleted since it was chosen. Choose it again.",
    )
}
