//! The bytes of a blob, piece by piece, wherever they are.

use js_sys::{ArrayBuffer, Function, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::entry::{Link, content};
use super::protocol::BlobFrom;
use crate::net::problem::Problem;
use crate::net::stream::BlobStream;

/// Bytes that are read from disk at once.
const PIECE: f64 = (1 << 20) as f64;

/// A blob that is being read.
#[derive(Debug)]
pub(super) struct Input {
    source: Source,
    /// What [`Input::next`] gave last.
    given: Option<Uint8Array>,
}

#[derive(Debug)]
enum Source {
    /// From a registry.
    Registry(Box<BlobStream<Link>>),
    /// From disk.
    Disk(DiskStream),
}

/// A Blob that is read from its first to its last byte.
#[derive(Debug)]
struct DiskStream {
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
        let source = match from {
            BlobFrom::Registry(access) => {
                Source::Registry(Box::new(BlobStream::new(link, access, size)))
            }
            BlobFrom::Disk(part) => {
                let blob = parts.get(part).and_then(|part| part.dyn_ref::<Blob>().cloned());
                let blob = blob.ok_or_else(|| content("A file did not reach the worker."))?;
                Source::Disk(DiskStream { blob, offset: 0.0 })
            }
        };
        Ok(Self { source, given: None })
    }

    /// The next bytes, still in the browser's memory; `None` at the end. They are gone with the
    /// next call.
    pub(super) async fn next(&mut self) -> Result<Option<Uint8Array>, Problem> {
        if let Some(given) = self.given.take() {
            free(&given.buffer());
        }
        let next = match &mut self.source {
            Source::Registry(stream) => stream.next().await,
            Source::Disk(stream) => stream.next().await,
        }?;
        self.given.clone_from(&next);
        Ok(next)
    }

    /// Bytes read so far.
    pub(super) fn offset(&self) -> u64 {
        match &self.source {
            Source::Registry(stream) => stream.offset(),
            Source::Disk(stream) => stream.offset as u64,
        }
    }

    /// How often a connection had to be made anew.
    pub(super) fn resumed(&self) -> u32 {
        match &self.source {
            Source::Registry(stream) => stream.resumed(),
            Source::Disk(_) => 0,
        }
    }
}

impl DiskStream {
    async fn next(&mut self) -> Result<Option<Uint8Array>, Problem> {
        let end = (self.offset + PIECE).min(self.blob.size());
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

/// Gives a buffer's memory back now: the garbage of hundreds of pieces would lie around otherwise.
/// Browsers that can't leave it to their garbage collection.
fn free(buffer: &ArrayBuffer) {
    let transfer = Reflect::get(buffer, &JsValue::from_str("transfer"));
    if let Some(transfer) = transfer.ok().and_then(|transfer| transfer.dyn_into::<Function>().ok())
    {
        let _ = transfer.call1(buffer, &JsValue::from_f64(0.0));
    }
}

fn gone() -> Problem {
    content(
        "The file can't be read any more: it was changed, moved or deleted since it was chosen. Choose it again.",
    )
}
