//! The files of an image, or of one layer: opened once, then asked for the rows that are seen.

mod layer;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use drydock::descriptor::Descriptor;
use drydock::digest::{DiffId, Digest};
use drydock::finding::Finding;
use drydock::inspect::media;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

pub use drydock::inspect::tree::{Content, Query, Row, Scope, Shown, Sort, Status, Summary};

pub(super) use self::layer::{facts, index, remember};
use super::{Problem, Progress, no_sense, tab};
use crate::net::place::Place;
use crate::worker::pool::Done;
use crate::worker::protocol::{Outcome, Work};
use crate::worker::tree_job::{TreeCall, TreeId, TreeReply};

/// Most bytes of the tars of one tree that are kept.
const KEPT: u64 = 1 << 30;

/// One layer to open, the base first.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Where its blob lies.
    pub place: Place,
    /// What its manifest says of it.
    pub descriptor: Descriptor,
    /// What the config says of its tar.
    pub diff_id: Option<DiffId>,
}

impl Layer {
    /// Whether its files can be shown; else it is no tar that can be read.
    fn is_readable(&self) -> bool {
        media::hidden(&self.descriptor.media_type).is_none()
    }
}

/// How far one layer of a tree has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LayerState {
    /// It was verified in this tab before, and is not read again.
    Known,
    /// It is being read; what it holds is provisional.
    Reading(Progress),
    /// It was read, and matches size, digest and diff ID.
    Verified,
    /// It is no tar that can be read, so it is not opened: the tree is that of the others.
    Hidden,
}

/// An open tree; closed when this is dropped.
#[derive(Debug)]
pub struct Tree {
    id: TreeId,
    layers: Vec<Layer>,
    summary: Cell<Summary>,
    findings: Vec<Finding>,
    /// Tars of layers that were read, when they were to be kept.
    kept: RefCell<BTreeMap<Digest, Blob>>,
}

/// Reads the layers that are not known yet, several at a time, checks each one, and opens the tree
/// of all. Layers that can't be read as files ([`media::hidden`]) count as empty ones. `on_layer` is called with the layer's place in the list, from 0, and how far it is.
///
/// # Errors
/// When a layer can't be read, or is not what is said of it: of such a layer nothing is shown.
pub async fn open(
    layers: Vec<Layer>,
    on_layer: impl FnMut(usize, LayerState) + 'static,
) -> Result<Tree, Problem> {
    read_all(layers, 0, on_layer).await
}

/// As [`open`], for a tree whose layers will be read once more: their tars are kept, unless they are
/// too large.
///
/// # Errors
/// As with [`open`].
pub async fn open_to_copy(
    layers: Vec<Layer>,
    on_layer: impl FnMut(usize, LayerState) + 'static,
) -> Result<Tree, Problem> {
    read_all(layers, KEPT, on_layer).await
}

/// What is wrong or ambiguous with how layers lie on each other that were read a moment ago: nothing
/// is read again for it. `None` when not all of them are known any more.
///
/// # Errors
/// When the worker that holds the trees has ended.
pub(super) async fn laid(layers: Vec<Digest>) -> Result<Option<Vec<Finding>>, Problem> {
    let tree = Tree::begun(Vec::new());
    let layers = layers.into_iter().map(Some).collect();
    match tree.call(TreeCall::Begin(tree.id, layers)).await? {
        TreeReply::Missing(missing) if missing.is_empty() => {}
        TreeReply::Missing(_) => return Ok(None),
        _ => return Err(no_sense()),
    }
    match tree.call(TreeCall::Open(tree.id)).await? {
        TreeReply::Opened(_, findings) => Ok(Some(findings)),
        _ => Err(no_sense()),
    }
}

async fn read_all(
    layers: Vec<Layer>,
    keep: u64,
    on_layer: impl FnMut(usize, LayerState) + 'static,
) -> Result<Tree, Problem> {
    let mut tree = Tree::begun(layers);
    let on_layer = Rc::new(RefCell::new(on_layer));
    let digests: Vec<Option<Digest>> = tree
        .layers
        .iter()
        .map(|layer| layer.is_readable().then(|| layer.descriptor.digest.clone()))
        .collect();
    let TreeReply::Missing(missing) = tree.call(TreeCall::Begin(tree.id, digests)).await? else {
        return Err(no_sense());
    };
    let missing: BTreeSet<Digest> = missing.into_iter().collect();
    let all: u64 = tree.layers.iter().map(|layer| layer.descriptor.size).sum();
    let mut reading = FuturesUnordered::new();
    let mut begun = BTreeSet::new();
    let mut largest_first: Vec<(usize, &Layer)> = tree.layers.iter().enumerate().collect();
    largest_first.sort_by_key(|(_, layer)| std::cmp::Reverse(layer.descriptor.size));
    for (place, layer) in largest_first {
        let digest = &layer.descriptor.digest;
        if !layer.is_readable() {
            on_layer.borrow_mut()(place, LayerState::Hidden);
        } else if !missing.contains(digest) {
            on_layer.borrow_mut()(place, LayerState::Known);
        } else if begun.insert(digest) {
            let report = Rc::clone(&on_layer);
            let on_progress = move |progress| {
                report.borrow_mut()(place, LayerState::Reading(progress));
            };
            let share =
                u128::from(keep) * u128::from(layer.descriptor.size) / u128::from(all.max(1));
            let keep = u64::try_from(share).unwrap_or(keep);
            let tree = &tree;
            reading.push(async move { (place, layer::read(tree, place, keep, on_progress).await) });
        }
    }
    while let Some((place, read)) = reading.next().await {
        read?;
        on_layer.borrow_mut()(place, LayerState::Verified);
    }
    drop(reading);
    let TreeReply::Opened(summary, findings) = tree.call(TreeCall::Open(tree.id)).await? else {
        return Err(no_sense());
    };
    tree.summary.set(summary);
    tree.findings = findings;
    Ok(tree)
}

impl Tree {
    /// One that is about to be opened. It closes what was begun when it is dropped on the way.
    fn begun(layers: Vec<Layer>) -> Self {
        Self {
            id: next_id(),
            layers,
            summary: Cell::default(),
            findings: Vec::new(),
            kept: RefCell::default(),
        }
    }

    /// The layers, the base first.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The tar of a layer, when it was kept.
    pub(super) fn kept(&self, digest: &Digest) -> Option<Blob> {
        self.kept.borrow().get(digest).cloned()
    }

    /// How many rows and paths there are, as of the last answer.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.summary.get()
    }

    /// What is wrong or ambiguous with how the layers lie on each other.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Asks for another scope, filter, order or other statuses.
    ///
    /// # Errors
    /// As all questions to a tree: when its worker has ended; then open it again.
    pub async fn set_query(&self, query: Query) -> Result<Summary, Problem> {
        self.change(TreeCall::Query(self.id, query)).await
    }

    /// The rows of a window; fewer at the end.
    ///
    /// # Errors
    /// As with [`Tree::set_query`].
    pub async fn rows(&self, window: Range<usize>) -> Result<Vec<Row>, Problem> {
        match self.call(TreeCall::Rows(self.id, window.start, window.end)).await? {
            TreeReply::Rows(rows) => Ok(rows),
            _ => Err(no_sense()),
        }
    }

    /// Opens or closes the directory of a row.
    ///
    /// # Errors
    /// As with [`Tree::set_query`].
    pub async fn toggle(&self, id: u32) -> Result<Summary, Problem> {
        self.change(TreeCall::Toggle(self.id, id)).await
    }

    /// Opens the directory of a row.
    ///
    /// # Errors
    /// As with [`Tree::set_query`].
    pub async fn expand(&self, id: u32) -> Result<Summary, Problem> {
        self.change(TreeCall::Expand(self.id, id)).await
    }

    /// Closes the directory of a row.
    ///
    /// # Errors
    /// As with [`Tree::set_query`].
    pub async fn collapse(&self, id: u32) -> Result<Summary, Problem> {
        self.change(TreeCall::Collapse(self.id, id)).await
    }

    /// Opens all directories.
    ///
    /// # Errors
    /// As with [`Tree::set_query`].
    pub async fn expand_all(&self) -> Result<Summary, Problem> {
        self.change(TreeCall::ExpandAll(self.id)).await
    }

    /// Closes all directories.
    ///
    /// # Errors
    /// As with [`Tree::set_query`].
    pub async fn collapse_all(&self) -> Result<Summary, Problem> {
        self.change(TreeCall::CollapseAll(self.id)).await
    }

    /// Opens the directories above a path and says in which row it is; `None` when it is not there
    /// or hidden by the filter.
    ///
    /// # Errors
    /// As with [`Tree::set_query`].
    pub async fn reveal(&self, path: &[u8]) -> Result<Option<usize>, Problem> {
        match self.call(TreeCall::Reveal(self.id, path.to_vec())).await? {
            TreeReply::Revealed(row, summary) => {
                self.summary.set(summary);
                Ok(row)
            }
            _ => Err(no_sense()),
        }
    }

    /// One path as a row, whether it is listed or not.
    ///
    /// # Errors
    /// As with [`Tree::set_query`].
    pub async fn find(&self, path: &[u8]) -> Result<Option<Row>, Problem> {
        match self.call(TreeCall::Find(self.id, path.to_vec())).await? {
            TreeReply::Found(row) => Ok(row.map(|row| *row)),
            _ => Err(no_sense()),
        }
    }

    /// All that is listed as lines of JSON (see [`drydock::inspect::listing`]).
    ///
    /// # Errors
    /// As with [`Tree::set_query`].
    pub async fn listing(&self) -> Result<Blob, Problem> {
        let done = ask(TreeCall::Listing(self.id), Vec::new()).await?;
        let blob = done.parts.into_iter().next().and_then(|blob| blob.dyn_into().ok());
        blob.ok_or_else(no_sense)
    }

    pub(super) fn id(&self) -> TreeId {
        self.id
    }

    async fn change(&self, call: TreeCall) -> Result<Summary, Problem> {
        match self.call(call).await? {
            TreeReply::Summary(summary) => {
                self.summary.set(summary);
                Ok(summary)
            }
            _ => Err(no_sense()),
        }
    }

    pub(super) async fn call(&self, call: TreeCall) -> Result<TreeReply, Problem> {
        match ask(call, Vec::new()).await?.outcome {
            Outcome::Tree(reply) => Ok(reply),
            _ => Err(no_sense()),
        }
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let close = TreeCall::Close(self.id);
        if tab().pool.tree_worker_is_alive() {
            wasm_bindgen_futures::spawn_local(async {
                let _closed = ask(close, Vec::new()).await;
            });
        }
    }
}

async fn ask(call: TreeCall, parts: Vec<JsValue>) -> Result<Done, Problem> {
    tab().pool.in_tree_worker(Work::Tree(call), parts, |_| {}).await
}

fn next_id() -> TreeId {
    thread_local! {
        static NEXT: Cell<TreeId> = const { Cell::new(1) };
    }
    NEXT.with(|next| next.replace(next.get().wrapping_add(1)))
}
