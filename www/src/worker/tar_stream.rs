//! The tar of a layer as a stream, from which runs are taken in rising order.

use drydock::digest::Digest;
use drydock::layer::{LayerReader, ReadOptions, Sink};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::entry::{Link, content};
use super::input::Input;
use super::kept_tar::KeptTar;
use super::layer_job::copy;
use super::output::missing;
use super::protocol::{BlobFrom, LayerAt};
use crate::net::problem::Problem;

/// A layer that is being read.
pub(super) enum Taken {
    /// From its blob, which is compared with its digest once more.
    Layer(Box<TarStream>),
    /// From its tar, which was kept.
    Kept(KeptTar),
}

impl Taken {
    pub(super) fn open(layer: &LayerAt, parts: &[JsValue], link: Link) -> Result<Self, Problem> {
        if !layer.is_tar {
            return Ok(Self::Layer(Box::new(TarStream::open(layer, parts, link)?)));
        }
        let BlobFrom::Disk(part) = &layer.from else { return Err(missing()) };
        let tar = parts.get(*part).and_then(|part| part.dyn_ref::<Blob>());
        Ok(Self::Kept(KeptTar::new(tar.ok_or_else(missing)?.clone())))
    }

    /// Bytes of the blob that were read so far.
    pub(super) fn read(&self) -> u64 {
        match self {
            Self::Layer(stream) => stream.read(),
            Self::Kept(_) => 0,
        }
    }

    /// Passes over a piece of what is before `offset`; `false` when nothing is left of that.
    pub(super) async fn skip(&mut self, offset: u64) -> Result<bool, Problem> {
        match self {
            Self::Layer(stream) => stream.skip(offset).await,
            Self::Kept(tar) => tar.skip(offset).await,
        }
    }

    /// The next bytes, none from `end` on; `None` at `end`.
    pub(super) async fn next(&mut self, end: u64) -> Result<Option<&[u8]>, Problem> {
        match self {
            Self::Layer(stream) => stream.next(end).await,
            Self::Kept(tar) => tar.next(end).await,
        }
    }

    /// Reads a piece of what else has to be read; `false` at the end of that.
    pub(super) async fn drain(&mut self) -> Result<bool, Problem> {
        match self {
            Self::Layer(stream) => stream.drain().await,
            Self::Kept(_) => Ok(false),
        }
    }

    /// Compares what was read with its digest, where that was not done before. Gives the bytes read.
    pub(super) async fn finish(self) -> Result<u64, Problem> {
        match self {
            Self::Layer(stream) => stream.finish().await,
            Self::Kept(_) => Ok(0),
        }
    }
}

/// A blob of a layer that is being read.
pub(super) struct TarStream {
    input: Input,
    reader: LayerReader,
    digest: Digest,
    size: u64,
    piece: Vec<u8>,
    /// What came out of the decoder and was not taken yet.
    tar: Tar,
    /// Where in the tar the next byte stands.
    at: u64,
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

impl TarStream {
    pub(super) fn open(layer: &LayerAt, parts: &[JsValue], link: Link) -> Result<Self, Problem> {
        Ok(Self {
            input: Input::open(layer.from.clone(), parts, link, layer.size)?,
            reader: LayerReader::new(ReadOptions {
                subject: layer.digest.to_string(),
                digest: layer.digest.algorithm().unwrap_or_default(),
                diff_id: None,
                tar: true,
                index: false,
                ..ReadOptions::default()
            }),
            digest: layer.digest.clone(),
            size: layer.size,
            piece: Vec::new(),
            tar: Tar::default(),
            at: 0,
        })
    }

    /// Bytes of the blob that were read so far.
    pub(super) fn read(&self) -> u64 {
        self.input.offset()
    }

    /// Passes over a piece of what is before `offset`; `false` when nothing is left of that.
    pub(super) async fn skip(&mut self, offset: u64) -> Result<bool, Problem> {
        if offset < self.at {
            return Err(content("The parts of a layer were asked for in the wrong order."));
        }
        Ok(self.next(offset).await?.is_some())
    }

    /// The next bytes, none from `end` on. `None` at `end`, or at the end of the tar when `end` is
    /// as far away as it can be.
    pub(super) async fn next(&mut self, end: u64) -> Result<Option<&[u8]>, Problem> {
        if self.at >= end {
            return Ok(None);
        }
        while self.tar.taken == self.tar.bytes.len() {
            self.tar.bytes.clear();
            self.tar.taken = 0;
            let Some(bytes) = self.input.next().await? else {
                if end == u64::MAX {
                    return Ok(None);
                }
                return Err(content(
                    "A layer ended before all that is to be taken from it had come: it is not the layer that was listed.",
                ));
            };
            copy(&bytes, &mut self.piece);
            self.reader.push(&self.piece, &mut self.tar);
        }
        let from = self.tar.taken;
        let room = usize::try_from(end - self.at).unwrap_or(usize::MAX);
        let to = from.saturating_add(room).min(self.tar.bytes.len());
        self.tar.taken = to;
        self.at += (to - from) as u64;
        Ok(self.tar.bytes.get(from..to))
    }

    /// Reads a piece of the rest; `false` at the end.
    pub(super) async fn drain(&mut self) -> Result<bool, Problem> {
        let Some(bytes) = self.input.next().await? else { return Ok(false) };
        copy(&bytes, &mut self.piece);
        self.tar.bytes.clear();
        self.reader.push(&self.piece, &mut self.tar);
        Ok(true)
    }

    /// Reads the rest, and compares the whole layer with its digest. Gives the bytes read.
    pub(super) async fn finish(mut self) -> Result<u64, Problem> {
        while self.drain().await? {}
        let read = self.input.offset();
        let summary = self.reader.finish(&mut ());
        if summary.digest != self.digest || summary.size != self.size {
            return Err(content(format!(
                "A layer came as {} with {} bytes, but {} with {} bytes was asked for. Nothing was made of it.",
                summary.digest, summary.size, self.digest, self.size
            )));
        }
        Ok(read)
    }
}
