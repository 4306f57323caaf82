//! Where everything is that a layer or a tar is made of.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use drydock::digest::Digest;
use drydock::layer::write::{MakeError, Materials};
use drydock::layer::{Runs, TarStream};
use drydock::pieces::Pieces;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::entry::{Link, content};
use super::input::Input;
use super::kept_tar::KeptTar;
use super::protocol::{BlobFrom, FileAt, LayerAt};
use super::window::{SMALL, Windows};
use crate::disk;
use crate::net::problem::Problem;

/// Layers, and files that the user chose.
pub(super) struct Supply<'a> {
    layers: &'a [LayerAt],
    files: &'a BTreeMap<Digest, FileAt>,
    /// What travelled beside the work.
    parts: &'a [JsValue],
    link: Link,
    windows: RefCell<Windows>,
}

/// A layer that is being read.
pub(super) enum Layer {
    /// From its blob, which is compared with its digest once more.
    Blob(Box<TarStream<Input>>),
    /// From its tar, which was kept.
    Kept(KeptTar),
}

/// A file that is being read.
pub(super) enum File {
    /// A large one.
    Stream(Input),
    /// A small one, all at once; nothing when it was taken.
    Whole(Option<Vec<u8>>, Vec<u8>),
}

impl<'a> Supply<'a> {
    pub(super) fn new(
        layers: &'a [LayerAt],
        files: &'a BTreeMap<Digest, FileAt>,
        parts: &'a [JsValue],
        link: Link,
    ) -> Self {
        Self { layers, files, parts, link, windows: RefCell::default() }
    }

    /// What is somewhere in the Blob that it travelled in: the Blob, and where it lies.
    fn place(&self, digest: &Digest) -> Result<(&'a FileAt, &'a Blob, Range<u64>), Problem> {
        let file = self.files.get(digest).ok_or_else(missing)?;
        let blob = self.parts.get(file.part).and_then(|part| part.dyn_ref::<Blob>());
        let range = file.offset..file.offset.saturating_add(file.size);
        Ok((file, blob.ok_or_else(missing)?, range))
    }

    /// A file as a part of the Blob that it lies in.
    pub(super) fn blob(&self, digest: &Digest) -> Result<Blob, Problem> {
        let (_, blob, range) = self.place(digest)?;
        disk::shorten(blob, range.start, range.end).ok_or_else(missing)
    }

    /// Whether a file lies in a Blob of its own, and so on disk under its own digest.
    pub(super) fn is_alone(&self, digest: &Digest) -> bool {
        self.place(digest)
            .is_ok_and(|(_, blob, range)| range.start == 0 && blob.size() == range.end as f64)
    }
}

impl Materials for Supply<'_> {
    type Error = Problem;
    type Layer = Layer;
    type File = File;

    async fn layer(&self, at: usize) -> Result<Layer, Problem> {
        let layer = self.layers.get(at).ok_or_else(missing)?;
        if !layer.is_tar {
            let from = layer.from.clone();
            let input = Input::open(from, self.parts, self.link.clone(), layer.size)?;
            let stream = TarStream::new(input, &layer.digest, layer.size);
            return Ok(Layer::Blob(Box::new(stream)));
        }
        let BlobFrom::Disk(part) = &layer.from else { return Err(missing()) };
        let tar = self.parts.get(*part).and_then(|part| part.dyn_ref::<Blob>());
        Ok(Layer::Kept(KeptTar::new(tar.ok_or_else(missing)?.clone())))
    }

    async fn file(&self, digest: &Digest) -> Result<File, Problem> {
        let (file, blob, range) = self.place(digest)?;
        if file.size > SMALL {
            return Ok(File::Stream(Input::blob(&self.blob(digest)?)));
        }
        let mut bytes = Vec::new();
        let mut windows = self.windows.take();
        let read = windows.read(file.part, blob, range, &mut bytes).await;
        self.windows.replace(windows);
        read.map(|()| File::Whole(Some(bytes), Vec::new()))
    }

    async fn supplied(&self, digest: &Digest) -> Result<Layer, Problem> {
        let blob = self.blob(digest)?;
        let size = blob.size() as u64;
        let stream = TarStream::new(Input::blob(&blob), digest, size);
        Ok(Layer::Blob(Box::new(stream)))
    }
}

impl Runs for Layer {
    type Error = Problem;

    fn read(&self) -> u64 {
        match self {
            Self::Blob(stream) => stream.read(),
            Self::Kept(_) => 0,
        }
    }

    async fn skip(&mut self, offset: u64) -> Result<bool, Problem> {
        match self {
            Self::Blob(stream) => stream.skip(offset).await,
            Self::Kept(tar) => tar.skip(offset).await,
        }
    }

    async fn next(&mut self, end: u64) -> Result<Option<&[u8]>, Problem> {
        match self {
            Self::Blob(stream) => stream.next(end).await,
            Self::Kept(tar) => tar.next(end).await,
        }
    }

    async fn drain(&mut self) -> Result<bool, Problem> {
        match self {
            Self::Blob(stream) => stream.drain().await,
            Self::Kept(_) => Ok(false),
        }
    }

    fn finish(self) -> Result<(), Problem> {
        match self {
            Self::Blob(stream) => stream.finish(),
            Self::Kept(_) => Ok(()),
        }
    }
}

impl Pieces for File {
    type Error = Problem;

    async fn next(&mut self) -> Result<Option<&[u8]>, Problem> {
        match self {
            Self::Stream(input) => input.next().await,
            Self::Whole(bytes, lent) => Ok(bytes.take().map(|bytes| {
                *lent = bytes;
                &**lent
            })),
        }
    }
}

impl From<MakeError> for Problem {
    fn from(error: MakeError) -> Self {
        content(error.headline()).said(error.detail())
    }
}

pub(super) fn missing() -> Problem {
    MakeError::Missing.into()
}
