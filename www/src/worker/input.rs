//! The bytes of a blob, piece by piece, wherever they are.

use std::ops::Range;

use drydock::pieces::Pieces;
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::entry::{Link, content};
use super::protocol::BlobFrom;
use crate::chosen::gone;
use crate::disk;
use crate::net::pieces;
use crate::net::problem::Problem;
use crate::net::stream::BlobStream;

/// A blob that is being read. One buffer holds its pieces, each in turn.
#[derive(Debug)]
pub(super) struct Input {
    from: From,
    piece: Vec<u8>,
}

#[derive(Debug)]
enum From {
    Registry(Box<BlobStream<Link>>),
    Disk(DiskStream),
}

/// A Blob that is read from its first to its last byte.
#[derive(Debug)]
struct DiskStream {
    pieces: pieces::Pieces,
    offset: u64,
    /// Where it ends.
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
                let stream = Box::new(BlobStream::new(link, access, size));
                Ok(Self { from: From::Registry(stream), piece: Vec::new() })
            }
            BlobFrom::Disk(part) => {
                let blob = parts.get(part).and_then(|part| part.dyn_ref::<Blob>());
                Ok(Self::blob(blob.ok_or_else(|| content("A file did not reach the worker."))?))
            }
        }
    }

    /// A range of such a blob.
    pub(super) fn range(
        from: BlobFrom,
        parts: &[JsValue],
        link: Link,
        range: Range<u64>,
        size: u64,
    ) -> Result<Self, Problem> {
        match from {
            BlobFrom::Registry(access) => {
                let stream = Box::new(BlobStream::range(link, access, range, size));
                Ok(Self { from: From::Registry(stream), piece: Vec::new() })
            }
            BlobFrom::Disk(part) => {
                let blob = parts.get(part).and_then(|part| part.dyn_ref::<Blob>());
                let blob = blob.and_then(|blob| disk::shorten(blob, range.start, range.end));
                Ok(Self::blob(&blob.ok_or_else(gone)?))
            }
        }
    }

    /// A Blob on disk.
    pub(super) fn blob(blob: &Blob) -> Self {
        let size = blob.size() as u64;
        let pieces = pieces::Pieces::of(&blob.stream(), Some(size));
        Self { from: From::Disk(DiskStream { pieces, offset: 0, size }), piece: Vec::new() }
    }

    /// The last bytes that were read.
    pub(super) fn piece(&self) -> &[u8] {
        &self.piece
    }

    /// Bytes read so far.
    pub(super) fn offset(&self) -> u64 {
        match &self.from {
            From::Registry(stream) => stream.offset(),
            From::Disk(stream) => stream.offset,
        }
    }

    /// How often a connection had to be made anew.
    pub(super) fn resumed(&self) -> u32 {
        match &self.from {
            From::Registry(stream) => stream.resumed(),
            From::Disk(_) => 0,
        }
    }
}

impl Pieces for Input {
    type Error = Problem;

    async fn next(&mut self) -> Result<Option<&[u8]>, Problem> {
        let bytes = match &mut self.from {
            From::Registry(stream) => stream.next().await?,
            From::Disk(stream) => stream.next().await?,
        };
        Ok(bytes.map(|bytes| {
            copy(&bytes, &mut self.piece);
            &*self.piece
        }))
    }
}

impl DiskStream {
    /// The next bytes, still in the browser's memory, where the ones after them take their place.
    async fn next(&mut self) -> Result<Option<Uint8Array>, Problem> {
        let piece = self.pieces.next().await.map_err(|_| gone())?;
        match &piece {
            Some(piece) => self.offset += u64::from(piece.byte_length()),
            None if self.offset < self.size => return Err(gone()),
            None => {}
        }
        Ok(piece)
    }
}

/// Copies a piece into memory that is used again for the next one.
pub(super) fn copy(bytes: &Uint8Array, piece: &mut Vec<u8>) {
    piece.resize(bytes.byte_length() as usize, 0);
    bytes.copy_to(piece);
}

/// All bytes of a small Blob.
pub(super) async fn all(blob: &Blob) -> Result<Uint8Array, Problem> {
    let buffer = JsFuture::from(blob.array_buffer()).await.map_err(|_| gone())?;
    Ok(Uint8Array::new(&buffer))
}
