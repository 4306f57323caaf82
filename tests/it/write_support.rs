//! Does what a plan for a new tar says, in memory.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use drydock::digest::Digest;
use drydock::layer::content::Wanted;
use drydock::layer::write::{
    self, Destination, Keep, MakeError, Materials, NewEntry, NewNode, Part, TarPlan,
};
use drydock::layer::{Index, NodeId, Overlay, TarStream};
use drydock::pieces::Pieces;
use futures_util::FutureExt as _;

use crate::layer_support::read;

/// Contents by their digests.
#[derive(Default)]
pub(crate) struct Files(HashMap<Digest, Vec<u8>>);

impl Files {
    /// A file with this content, which is kept.
    pub(crate) fn add(&mut self, path: &str, content: &[u8]) -> NewEntry {
        let digest = Digest::sha256(content);
        self.0.insert(digest.clone(), content.to_vec());
        entry(path, 0o644, NewNode::File { digest, size: content.len() as u64 })
    }
}

pub(crate) fn entry(path: &str, mode: u16, node: NewNode) -> NewEntry {
    NewEntry { path: path.to_owned(), mode, uid: 0, gid: 0, mtime: 0, keep: Keep::default(), node }
}

/// The tar that a plan describes. Fails when its size or the order of its runs is not what it
/// says.
pub(crate) fn execute(plan: &TarPlan, layers: &[&[u8]], files: &Files) -> Vec<u8> {
    let mut last = (usize::MAX, 0);
    for part in plan.parts() {
        match part {
            Part::Bytes(bytes) => assert!(!bytes.is_empty() && bytes.len() <= 64 << 10),
            Part::File { digest, size } => assert_eq!(files.0[&digest].len() as u64, size),
            Part::Layer { layer, range } => {
                assert!(layer != last.0 || range.start >= last.1, "{layer} {range:?} {last:?}");
                last = (layer, range.end);
            }
        }
    }
    let layers = layers.iter().map(|layer| Bytes::copy_from_slice(layer)).collect();
    let files = files.0.iter().map(|(digest, file)| (digest.clone(), file.clone().into()));
    let materials = InMemory { layers, files: files.collect(), chunk: CHUNK };
    let mut made = Made::default();
    now(write::copy(plan, &materials, &mut made)).expect("a tar");
    let Made(tar) = made;
    assert_eq!(tar.len() as u64, plan.size());
    assert_eq!(read(&tar).entries, plan.entries());
    tar
}

/// Bytes that are read at once, where that is not what is tested.
const CHUNK: usize = 64 << 10;

/// What becomes of work that never waits.
pub(crate) fn now<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("work in memory does not wait")
}

/// All that a layer is made of.
pub(crate) struct InMemory {
    /// The layers, packed or not.
    pub(crate) layers: Vec<Bytes>,
    pub(crate) files: HashMap<Digest, Bytes>,
    /// Bytes that are read at once. Must not play a part.
    pub(crate) chunk: usize,
}

/// Bytes that come in chunks.
pub(crate) struct Chunks(Bytes, usize, Bytes);

impl Chunks {
    pub(crate) fn of(bytes: &Bytes, chunk: usize) -> Self {
        Self(bytes.clone(), chunk, Bytes::new())
    }
}

impl InMemory {
    fn stream(&self, bytes: &Bytes) -> TarStream<Chunks> {
        let chunks = Chunks::of(bytes, self.chunk);
        TarStream::new(chunks, &Digest::sha256(bytes), bytes.len() as u64)
    }
}

impl Materials for InMemory {
    type Error = MakeError;
    type Layer = TarStream<Chunks>;
    type File = Chunks;

    async fn layer(&self, at: usize) -> Result<TarStream<Chunks>, MakeError> {
        self.layers.get(at).map(|layer| self.stream(layer)).ok_or(MakeError::Missing)
    }

    async fn file(&self, digest: &Digest) -> Result<Chunks, MakeError> {
        let file = self.files.get(digest).ok_or(MakeError::Missing)?;
        Ok(Chunks::of(file, self.chunk))
    }

    async fn supplied(&self, digest: &Digest) -> Result<TarStream<Chunks>, MakeError> {
        self.files.get(digest).map(|file| self.stream(file)).ok_or(MakeError::Missing)
    }
}

impl Pieces for Chunks {
    type Error = MakeError;

    async fn next(&mut self) -> Result<Option<&[u8]>, MakeError> {
        self.2 = self.0.split_to(self.0.len().min(self.1));
        Ok((!self.2.is_empty()).then_some(&*self.2))
    }
}

/// What was made.
#[derive(Default)]
pub(crate) struct Made(pub(crate) Vec<u8>);

impl Destination<TarStream<Chunks>> for Made {
    type Error = MakeError;

    async fn write(&mut self, bytes: &[u8]) -> Result<(), MakeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    async fn turn(&mut self, _read: u64, _tar: u64) {}
}

/// The index of a tar, which must be without anything that deserves a finding.
#[track_caller]
pub(crate) fn clean_index(tar: &[u8]) -> Arc<Index> {
    let summary = read(tar);
    assert!(summary.complete);
    assert_eq!(summary.findings, []);
    Arc::new(summary.index.expect("an index"))
}

/// The layers of an image: their tars and what is in them.
pub(crate) fn stack(tars: &[Vec<u8>]) -> (Vec<Arc<Index>>, Vec<&[u8]>) {
    let indexes = tars.iter().map(|tar| Arc::new(read(tar).index.expect("an index")));
    (indexes.collect(), tars.iter().map(|tar| &**tar).collect())
}

/// Everything about one path of a merged tree: kind, mode, owner, time, size, link, content,
/// extended attributes, and the first of the names that share the file.
pub(crate) fn describe(merged: &Overlay, tars: &[&[u8]], id: NodeId) -> String {
    let node = merged.node(id).expect("a live node");
    let group = node.hardlink_to.unwrap_or(id);
    let file = merged.node(group).expect("a live node");
    let content = node.content.map(|entry| {
        let layer = entry.layer as usize;
        let wanted = Wanted::file(&merged.layers()[layer], entry.entry).expect("a file");
        let mut content = vec![0; wanted.size() as usize];
        for run in wanted.segments() {
            let bytes = &tars[layer][run.tar_offset as usize..][..run.len as usize];
            content[run.file_offset as usize..][..run.len as usize].copy_from_slice(bytes);
        }
        Digest::sha256(&content).short().to_owned()
    });
    let holder = merged.file(group).map(|entry| (&merged.layers()[entry.layer as usize], entry));
    let mut xattrs: Vec<String> = holder.map_or_else(Vec::new, |(index, entry)| {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        index
            .xattrs(entry.entry)
            .map(|(key, value)| format!("{}={}", text(key), text(value)))
            .collect()
    });
    xattrs.sort();
    let names: Vec<String> = merged
        .walk()
        .filter(|other| {
            merged.node(*other).is_some_and(|node| node.hardlink_to.unwrap_or(*other) == group)
        })
        .map(|other| merged.path(other).escape_ascii().to_string())
        .collect();
    let device = holder.and_then(|(index, entry)| index.device(entry.entry));
    format!(
        "{} {} {:o} {}:{} {} {} {} {device:?} {} {xattrs:?} {names:?}",
        merged.path(id).escape_ascii(),
        file.kind.name(),
        file.mode,
        file.uid,
        file.gid,
        file.mtime,
        file.size,
        file.link.escape_ascii(),
        content.unwrap_or_default(),
    )
}

/// [`describe`] of every path.
pub(crate) fn describe_all(merged: &Overlay, tars: &[&[u8]]) -> Vec<String> {
    merged.walk().map(|id| describe(merged, tars, id)).collect()
}

/// An entry that can be looked at.
#[derive(Clone)]
pub(crate) struct Blocks(pub(crate) Vec<u8>);

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let printable = self.0.split(|byte| *byte == 0).filter(|text| !text.is_empty());
        let words = printable.map(|text| text.escape_ascii().to_string());
        write!(f, "{}", words.collect::<Vec<_>>().join(" "))
    }
}

/// A tar of entries.
pub(crate) fn tar_of(parts: &[Blocks]) -> Vec<u8> {
    crate::layer_support::tar(&parts.iter().map(|part| part.0.clone()).collect::<Vec<_>>())
}
