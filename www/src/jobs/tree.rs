//! The files of an image, or of one layer: opened once, then asked for the rows that are seen.

mod growth;
mod layer;
pub(super) mod materials;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use drydock::descriptor::Descriptor;
use drydock::digest::{DiffId, Digest};
use drydock::finding::Finding;
use drydock::image::lazy::SociIndex;
use drydock::inspect::media;
use drydock::inspect::notable::Notable;
use drydock::inspect::space::Space;
use futures_channel::mpsc::unbounded;
use futures_util::stream::FuturesUnordered;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

pub use drydock::inspect::tree::{Content, Query, Row, Scope, Shown, Sort, Status, Summary};

use self::growth::Growth;
use self::layer::Wanted;
pub use self::layer::is_shared;
pub(super) use self::layer::{facts, index, remember};
use super::{Problem, Progress, no_sense, tab};
use crate::net::place::Place;
use crate::worker::pool::Done;
pub use crate::worker::protocol::Listed;
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
    /// The SOCI indexes of its image, when there are any.
    pub soci: Option<Rc<SociOf>>,
}

/// The SOCI indexes of an image, which may have tables of contents of its layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SociOf {
    /// Digest of the image's manifest.
    pub image: Digest,
    /// The indexes.
    pub indexes: Vec<SociIndex>,
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
    /// It was listed by its table of contents, and not read: nothing of it is verified.
    Listed(Listed),
    /// It was verified in this browser before, which remembers what is in it; not read again.
    Remembered,
    /// It is being read; what it holds is provisional.
    Reading(Progress),
    /// It was read, and matches size, digest and diff ID.
    Verified,
    /// It is no tar that can be read, so it is not opened: the tree is that of the others.
    Hidden,
}

/// A tree of layers; closed when this is dropped. It can be asked as soon as it was told that it has
/// grown, and has all layers once it was read.
#[derive(Debug)]
pub struct Tree {
    id: TreeId,
    layers: Vec<Layer>,
    summary: Cell<Summary>,
    findings: RefCell<Vec<Finding>>,
    /// Tars of layers that were read, when they were to be kept.
    kept: RefCell<BTreeMap<Digest, Blob>>,
}

/// What happens while the layers of a tree are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// How far a layer is, by its place in the list, from 0.
    Layer(usize, LayerState),
    /// There is more in the tree, so that its rows are others: all of it is provisional that layers
    /// put there, or have still to change, that are not verified yet.
    Grown(Summary),
}

/// Reads the layers that are not known yet, several at a time, checks each one, and opens the tree
/// of all. Layers that can't be read as files ([`media::hidden`]) count as empty ones. `on_event` is
/// told how far they are.
///
/// # Errors
/// When a layer can't be read, or is not what is said of it: of such a layer nothing is shown.
pub async fn open(
    layers: Vec<Layer>,
    on_event: impl FnMut(Event) + 'static,
) -> Result<Tree, Problem> {
    let tree = Tree::of(layers);
    tree.read_all(Wanted::default(), on_event).await?;
    Ok(tree)
}

/// As [`open`], with the SHA-256 of each file, which takes longer.
///
/// # Errors
/// As with [`open`].
pub async fn open_with_file_digests(
    layers: Vec<Layer>,
    on_event: impl FnMut(Event) + 'static,
) -> Result<Tree, Problem> {
    let tree = Tree::of(layers);
    tree.read_all(Wanted { file_digests: true, ..Wanted::default() }, on_event).await?;
    Ok(tree)
}

/// As [`open`], for a tree whose layers will be read once more: their tars are kept, unless they are
/// too large.
///
/// # Errors
/// As with [`open`].
pub async fn open_to_copy(
    layers: Vec<Layer>,
    on_event: impl FnMut(Event) + 'static,
) -> Result<Tree, Problem> {
    let tree = Tree::of(layers);
    tree.read_all(Wanted { keep: KEPT, ..Wanted::default() }, on_event).await?;
    Ok(tree)
}

/// As [`open_to_copy`]; of layers that this browser remembers only the files are read then.
///
/// # Errors
/// As with [`open`].
pub async fn open_to_read(
    layers: Vec<Layer>,
    on_event: impl FnMut(Event) + 'static,
) -> Result<Tree, Problem> {
    let tree = Tree::of(layers);
    let wanted = Wanted { keep: KEPT, may_recall: true, ..Wanted::default() };
    tree.read_all(wanted, on_event).await?;
    Ok(tree)
}

/// What is wrong or ambiguous with how layers lie on each other that were read a moment ago: nothing
/// is read again for it. `None` when not all of them are known any more.
///
/// # Errors
/// When the worker that holds the trees has ended.
pub(super) async fn laid(layers: Vec<Digest>) -> Result<Option<Vec<Finding>>, Problem> {
    let tree = Tree::of(Vec::new());
    let layers = layers.into_iter().map(Some).collect();
    match tree.call(TreeCall::Begin(tree.id, layers, false)).await? {
        TreeReply::Missing(missing) if missing.is_empty() => {}
        TreeReply::Missing(_) => return Ok(None),
        _ => return Err(no_sense()),
    }
    tree.lay().await?;
    Ok(Some(tree.findings.take()))
}

impl Tree {
    /// One of which nothing was read yet.
    #[must_use]
    pub fn of(layers: Vec<Layer>) -> Self {
        Self {
            id: next_id(),
            layers,
            summary: Cell::default(),
            findings: RefCell::default(),
            kept: RefCell::default(),
        }
    }

    /// Reads the layers as [`open`] does. The tree can be asked before all of them are there: it grows
    /// while they come. With `may_list` a layer that has a table of contents is listed by that instead.
    ///
    /// # Errors
    /// As with [`open`]; then nothing of the tree may be shown any more.
    pub async fn read(
        &self,
        may_list: bool,
        on_event: impl FnMut(Event) + 'static,
    ) -> Result<(), Problem> {
        self.read_all(Wanted { at_once: true, may_list, ..Wanted::default() }, on_event).await
    }

    async fn read_all(
        &self,
        wanted: Wanted,
        on_event: impl FnMut(Event) + 'static,
    ) -> Result<(), Problem> {
        let on_event = Rc::new(RefCell::new(on_event));
        let digests: Vec<Option<Digest>> = self
            .layers
            .iter()
            .map(|layer| layer.is_readable().then(|| layer.descriptor.digest.clone()))
            .collect();
        let begin = TreeCall::Begin(self.id, digests, wanted.file_digests);
        let TreeReply::Missing(missing) = self.call(begin).await? else {
            return Err(no_sense());
        };
        let missing: BTreeSet<Digest> = missing.into_iter().collect();
        let all: u64 = self.layers.iter().map(|layer| layer.descriptor.size).sum();
        let (come, so_far) = unbounded();
        let reading = FuturesUnordered::new();
        let mut begun = BTreeSet::new();
        let mut has_some = false;
        let mut largest_first: Vec<(usize, &Layer)> = self.layers.iter().enumerate().collect();
        largest_first.sort_by_key(|(_, layer)| std::cmp::Reverse(layer.descriptor.size));
        for (place, layer) in largest_first {
            let digest = &layer.descriptor.digest;
            if !layer.is_readable() {
                on_event.borrow_mut()(Event::Layer(place, LayerState::Hidden));
            } else if !missing.contains(digest) {
                has_some = true;
                on_event.borrow_mut()(Event::Layer(place, LayerState::Known));
            } else if begun.insert(digest) {
                let (report, come, of) = (Rc::clone(&on_event), come.clone(), digest.clone());
                let on_progress = move |progress, index: Option<JsValue>| {
                    report.borrow_mut()(Event::Layer(place, LayerState::Reading(progress)));
                    if let Some(index) = index {
                        let _over = come.unbounded_send((of.clone(), index));
                    }
                };
                let share = u128::from(wanted.keep) * u128::from(layer.descriptor.size)
                    / u128::from(all.max(1));
                let wanted = Wanted { keep: u64::try_from(share).unwrap_or(u64::MAX), ..wanted };
                reading.push(async move {
                    (place, layer::read(self, place, wanted, on_progress).await)
                });
            }
        }
        drop(come);
        let growth = Growth { tree: self, shows: wanted.at_once, has_some };
        growth.follow(reading, so_far, &mut |event| on_event.borrow_mut()(event)).await
    }

    /// Puts the layers that are there on each other.
    async fn lay(&self) -> Result<Summary, Problem> {
        match self.call(TreeCall::Open(self.id)).await? {
            TreeReply::Opened(summary, findings) => {
                self.summary.set(summary);
                self.findings.replace(findings);
                Ok(summary)
            }
            _ => Err(no_sense()),
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
    pub fn findings(&self) -> Vec<Finding> {
        self.findings.borrow().clone()
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

    /// Opens or closes a directory, by its path.
    ///
    /// # Errors
    /// As with [`Tree::set_query`].
    pub async fn toggle(&self, path: &[u8]) -> Result<Summary, Problem> {
        self.change(TreeCall::Toggle(self.id, path.to_vec())).await
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

    /// Where the bytes of all layers are, and what is worth a look.
    ///
    /// # Errors
    /// As with [`Tree::set_query`].
    pub async fn weigh(&self) -> Result<(Space, Vec<Notable>), Problem> {
        match self.call(TreeCall::Weigh(self.id)).await? {
            TreeReply::Weighed(space, notable) => Ok((*space, notable)),
            _ => Err(no_sense()),
        }
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

pub(super) async fn ask(call: TreeCall, parts: Vec<JsValue>) -> Result<Done, Problem> {
    tab().pool.in_tree_worker(Work::Tree(call), parts, |_| {}).await
}

fn next_id() -> TreeId {
    thread_local! {
        static NEXT: Cell<TreeId> = const { Cell::new(1) };
    }
    NEXT.with(|next| next.replace(next.get().wrapping_add(1)))
}
