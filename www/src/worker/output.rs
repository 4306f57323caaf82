//! Puts a planned tar together from layers and files as they stream by, and writes it.

use std::collections::BTreeMap;
use std::ops::Range;

use drydock::digest::{Digest, Hasher};
use drydock::layer::write::{BuiltLayer, LayerWriter, Method, Part, TarPlan};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::Progress;
use super::entry::{Link, content};
use super::input::Input;
use super::layer_job::copy;
use super::meter::Meter;
use super::protocol::{BlobFrom, FileAt, LayerAt};
use super::sheaf::Sheaf;
use super::tar_stream::Taken;
use super::window::{SMALL, Windows};
use crate::disk::{self, UserFile, Writer};
use crate::net::problem::Problem;

/// Bytes that are gathered before they are written.
const GATHERED: usize = 1 << 20;

/// Shortest run that is not read, in bytes: each is an object of its own in the browser.
const LENT: u64 = 32 << 10;

/// Where everything is that a planned tar is made of.
pub(super) struct Supply<'a> {
    /// The layers, in the order of the plan.
    pub(super) layers: &'a [LayerAt],
    /// The files.
    pub(super) files: &'a BTreeMap<Digest, FileAt>,
    /// What travelled beside the work.
    pub(super) parts: &'a [JsValue],
    pub(super) link: Link,
}

impl Supply<'_> {
    /// The bytes of a file.
    pub(super) fn file(&self, digest: &Digest) -> Result<Input, Problem> {
        let file = self.files.get(digest).ok_or_else(missing)?;
        let blob = self.blob(digest)?;
        Input::open(BlobFrom::Disk(0), &[blob.into()], self.link.clone(), file.size)
    }

    /// Whether a file lies in a Blob of its own, and so on disk under its own digest.
    pub(super) fn is_alone(&self, digest: &Digest) -> bool {
        let Some(file) = self.files.get(digest) else { return false };
        let blob = self.parts.get(file.part).and_then(|part| part.dyn_ref::<Blob>());
        file.offset == 0 && blob.is_some_and(|blob| blob.size() == file.size as f64)
    }

    /// A file as a part of the Blob that it lies in.
    pub(super) fn blob(&self, digest: &Digest) -> Result<Blob, Problem> {
        let file = self.files.get(digest).ok_or_else(missing)?;
        let blob = self.parts.get(file.part).and_then(|part| part.dyn_ref::<Blob>());
        let end = file.offset.saturating_add(file.size);
        blob.and_then(|blob| disk::shorten(blob, file.offset, end)).ok_or_else(missing)
    }

    /// The tar of a layer.
    pub(super) fn layer(&self, at: usize) -> Result<Taken, Problem> {
        let layer = self.layers.get(at).ok_or_else(missing)?;
        Taken::open(layer, self.parts, self.link.clone())
    }
}

/// What is being made, on its way to where it is kept.
pub(super) struct Output {
    to: To,
    /// What is ready to be written.
    pub(super) ready: Vec<u8>,
    /// Bytes of layers and files that were read.
    pub(super) read: u64,
    /// Bytes of the tar so far.
    pub(super) tar: u64,
    meter: Meter,
    windows: Windows,
}

/// Where it is kept.
enum To {
    /// On the browser's disk, under its digest.
    Disk(Writer),
    /// In a file that the user has chosen.
    Outside(UserFile),
    /// In a Blob.
    Blob(Sheaf),
    /// It is there already.
    Nowhere,
}

/// Takes the bytes of a tar, and gives what is made of them.
trait Tar {
    fn push(&mut self, tar: &[u8], ready: &mut Vec<u8>);
    /// Counts so many bytes that go where they go without this; `false` when it needs them.
    fn pass(&mut self, len: u64) -> bool;
    /// Bytes of the tar so far.
    fn len(&self) -> u64;
}

impl Tar for LayerWriter {
    fn push(&mut self, tar: &[u8], ready: &mut Vec<u8>) {
        Self::push(self, tar, ready);
    }

    fn pass(&mut self, _: u64) -> bool {
        false
    }

    fn len(&self) -> u64 {
        self.uncompressed_size()
    }
}

/// The tar as it is.
struct Plain(u64);

impl Tar for Plain {
    fn push(&mut self, tar: &[u8], ready: &mut Vec<u8>) {
        self.0 += tar.len() as u64;
        ready.extend_from_slice(tar);
    }

    fn pass(&mut self, len: u64) -> bool {
        self.0 += len;
        true
    }

    fn len(&self) -> u64 {
        self.0
    }
}

impl Output {
    /// A new blob on the browser's disk.
    pub(super) async fn to_disk(link: Link) -> Result<Self, Problem> {
        Ok(Self::new(To::Disk(Writer::create().await?), link))
    }

    /// A file that the user has chosen.
    pub(super) fn to_file(file: UserFile, link: Link) -> Self {
        Self::new(To::Outside(file), link)
    }

    /// A Blob, for what leaves the browser at once.
    pub(super) fn to_blob(link: Link) -> Self {
        Self::new(To::Blob(Sheaf::default()), link)
    }

    /// Whether it is kept under its digest.
    pub(super) fn has_name(&self) -> bool {
        matches!(self.to, To::Disk(_) | To::Nowhere)
    }

    fn new(to: To, link: Link) -> Self {
        Self {
            to,
            ready: Vec::new(),
            read: 0,
            tar: 0,
            meter: Meter::new(link),
            windows: Windows::default(),
        }
    }

    /// What was to be written is on disk already.
    pub(super) fn is_there(&mut self) {
        self.to = To::Nowhere;
        self.ready.clear();
    }

    /// Writes what has gathered, and lets others have their turn.
    pub(super) async fn turn(&mut self) -> Result<(), Problem> {
        if self.ready.len() >= GATHERED {
            self.write().await?;
        }
        let progress =
            Progress { downloaded: self.read, unpacked: self.tar, ..Progress::default() };
        self.meter.passed(progress).await;
        Ok(())
    }

    async fn write(&mut self) -> Result<(), Problem> {
        match &mut self.to {
            To::Disk(disk) => disk.write(&self.ready)?,
            To::Outside(file) => file.write(&self.ready).await?,
            To::Blob(sheaf) => sheaf.push(&self.ready)?,
            To::Nowhere => {}
        }
        self.ready.clear();
        Ok(())
    }

    /// Writes the rest and keeps what was made, whose digest this is.
    pub(super) async fn keep(mut self, digest: &Digest) -> Result<(), Problem> {
        self.write().await?;
        match self.to {
            To::Disk(disk) => disk.keep(digest).await,
            To::Outside(file) => file.close().await,
            To::Blob(_) | To::Nowhere => Ok(()),
        }
    }

    /// Writes the rest of what has no name; gives it where it is a Blob.
    pub(super) async fn end(mut self) -> Result<Option<Blob>, Problem> {
        self.write().await?;
        match self.to {
            To::Outside(file) => file.close().await.map(|()| None),
            To::Blob(sheaf) => sheaf.finish().map(Some),
            To::Disk(_) | To::Nowhere => Ok(None),
        }
    }

    /// Puts a planned tar together. Each layer that it takes something from is read to its end and
    /// compared with its digest.
    pub(super) async fn plan(
        &mut self,
        plan: &TarPlan,
        supply: &Supply<'_>,
        method: Method,
    ) -> Result<BuiltLayer, Problem> {
        let mut writer = LayerWriter::new(method);
        self.parts(plan, supply, &mut writer).await?;
        Ok(writer.finish(&mut self.ready))
    }

    /// As [`Output::plan`], without a digest of what comes of it.
    pub(super) async fn copy(
        &mut self,
        plan: &TarPlan,
        supply: &Supply<'_>,
    ) -> Result<(), Problem> {
        self.parts(plan, supply, &mut Plain(0)).await
    }

    async fn parts(
        &mut self,
        plan: &TarPlan,
        supply: &Supply<'_>,
        writer: &mut impl Tar,
    ) -> Result<(), Problem> {
        let mut open: Option<(usize, Taken)> = None;
        for part in plan.parts() {
            match part {
                Part::Bytes(bytes) => writer.push(&bytes, &mut self.ready),
                Part::File { digest, size } => {
                    self.file(writer, supply, &digest, size).await?;
                }
                Part::Layer { layer, range } => {
                    if let Some((_, done)) = open.take_if(|(at, _)| *at != layer) {
                        self.finish(done).await?;
                    }
                    let (_, stream) = match &mut open {
                        Some(open) => open,
                        None => open.insert((layer, supply.layer(layer)?)),
                    };
                    if self.lent(writer, stream, &range)? {
                        self.turn().await?;
                        continue;
                    }
                    while stream.skip(range.start).await? {
                        self.reading(stream).await?;
                    }
                    while let Some(bytes) = stream.next(range.end).await? {
                        writer.push(bytes, &mut self.ready);
                        self.tar = writer.len();
                        self.reading(stream).await?;
                    }
                }
            }
            self.tar = writer.len();
            self.turn().await?;
        }
        if let Some((_, done)) = open {
            self.finish(done).await?;
        }
        Ok(())
    }

    /// Puts a long run of a tar that lies in a Blob into another Blob, unread; `false` when it has to
    /// be read.
    fn lent(
        &mut self,
        writer: &mut impl Tar,
        from: &Taken,
        range: &Range<u64>,
    ) -> Result<bool, Problem> {
        let len = range.end.saturating_sub(range.start);
        let (To::Blob(sheaf), Taken::Kept(kept)) = (&mut self.to, from) else { return Ok(false) };
        if len < LENT || !writer.pass(len) {
            return Ok(false);
        }
        sheaf.push(&self.ready)?;
        self.ready.clear();
        sheaf.push_blob(&kept.part(range)?)?;
        self.tar = writer.len();
        Ok(true)
    }

    /// As [`Output::turn`], while a layer is being read.
    async fn reading(&mut self, stream: &Taken) -> Result<(), Problem> {
        let before = self.read;
        self.read += stream.read();
        let turn = self.turn().await;
        self.read = before;
        turn
    }

    async fn finish(&mut self, mut stream: Taken) -> Result<(), Problem> {
        while stream.drain().await? {
            self.reading(&stream).await?;
        }
        self.read += stream.finish().await?;
        Ok(())
    }

    async fn file(
        &mut self,
        writer: &mut impl Tar,
        supply: &Supply<'_>,
        digest: &Digest,
        size: u64,
    ) -> Result<(), Problem> {
        let file = supply.files.get(digest).filter(|file| file.size == size).ok_or_else(missing)?;
        let mut piece = Vec::new();
        if size <= SMALL {
            let blob = supply.parts.get(file.part).and_then(|part| part.dyn_ref::<Blob>());
            let range = file.offset..file.offset.saturating_add(size);
            self.windows.read(file.part, blob.ok_or_else(missing)?, range, &mut piece).await?;
            compare(digest, hasher(digest), &piece)?;
            writer.push(&piece, &mut self.ready);
            self.read += size;
            return Ok(());
        }
        let mut input = supply.file(digest)?;
        let mut hasher = hasher(digest);
        while let Some(bytes) = input.next().await? {
            copy(&bytes, &mut piece);
            hasher.update(&piece);
            writer.push(&piece, &mut self.ready);
            self.read += piece.len() as u64;
            self.tar = writer.len();
            self.turn().await?;
        }
        compare(digest, hasher, &[])
    }

    /// Takes back what was made so far, to write something else as it is.
    pub(super) async fn instead(&mut self, mut input: Input) -> Result<(), Problem> {
        self.ready.clear();
        let mut piece = Vec::new();
        while let Some(bytes) = input.next().await? {
            copy(&bytes, &mut piece);
            self.ready.extend_from_slice(&piece);
            self.turn().await?;
        }
        Ok(())
    }
}

/// A hasher for what should have this digest.
pub(super) fn hasher(digest: &Digest) -> Hasher {
    Hasher::new(digest.algorithm().unwrap_or_default())
}

/// Compares what was read of a file on disk with its digest, after the last bytes of it: whoever
/// else can write there, nothing else becomes a part of a layer.
pub(super) fn compare(digest: &Digest, mut hasher: Hasher, last: &[u8]) -> Result<(), Problem> {
    hasher.update(last);
    if hasher.finish() == *digest {
        return Ok(());
    }
    Err(content(format!(
        "What lies on this browser's disk in place of the file {digest} is something else. Choose the file again."
    )))
}

pub(super) fn missing() -> Problem {
    content("Something that the layer is made of did not reach the worker. Try again.")
}
