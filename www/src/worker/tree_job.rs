//! Holds the indexes of layers, and the trees that are made of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::finding::Finding;
use drydock::inspect::listing;
use drydock::inspect::tree::{Query, Row, Summary, Tree};
use drydock::layer::write::{self, Flattened};
use drydock::layer::{Index, Overlay};
use drydock::lru::Lru;
use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast as _, JsValue};

use super::entry::{Finished, content};
use super::growing_blob::GrowingBlob;
use super::protocol::Outcome;
use crate::net::problem::Problem;

/// Memory for indexes that no open tree needs, in bytes.
const INDEXES: usize = 128 << 20;

/// A tree, counted by the page.
pub type TreeId = u32;

/// What is asked about trees.
#[derive(Debug, Serialize, Deserialize)]
pub enum TreeCall {
    /// Which layers of a new tree are not known here yet? None stands for one that is not shown.
    Begin(TreeId, Vec<Option<Digest>>),
    /// The index of one of them, which was made from verified bytes and travels beside this.
    Keep(TreeId, Digest),
    /// The index of a layer, if it is known here; it travels beside the answer.
    Index(Digest),
    /// The index of a layer that some tree may need later, likewise.
    Remember(Digest),
    /// Puts the layers on top of each other.
    Open(TreeId),
    /// Asks for other rows.
    Query(TreeId, Query),
    /// Opens or closes a directory.
    Toggle(TreeId, u32),
    /// Opens a directory.
    Expand(TreeId, u32),
    /// Closes a directory.
    Collapse(TreeId, u32),
    /// Opens all directories.
    ExpandAll(TreeId),
    /// Closes all directories.
    CollapseAll(TreeId),
    /// Rows from … to ….
    Rows(TreeId, usize, usize),
    /// Opens the directories above a path.
    Reveal(TreeId, Vec<u8>),
    /// One path as a row.
    Find(TreeId, Vec<u8>),
    /// All that is listed, as lines of JSON in a Blob.
    Listing(TreeId),
    /// How large a tar of what is in a folder would be; an empty path is all of the tree.
    Measure(TreeId, Vec<u8>),
    /// Forgets a tree; nothing comes back that says so.
    Close(TreeId),
}

/// What is answered about trees.
#[derive(Debug, Serialize, Deserialize)]
pub enum TreeReply {
    /// Layers that are not known here.
    Missing(Vec<Digest>),
    /// Done.
    Done,
    /// The tree is there; what is remarkable about how the layers lie on each other.
    Opened(Summary, Vec<Finding>),
    /// How many rows there are now.
    Summary(Summary),
    /// The rows that were asked for.
    Rows(Vec<Row>),
    /// In which row the path is, and how many rows there are now.
    Revealed(Option<usize>, Summary),
    /// The path as a row.
    Found(Option<Box<Row>>),
    /// A tar that could be written.
    Measured(Measured),
}

/// How large a tar of files of a tree would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Bytes of the tar.
    pub size: u64,
    /// Entries in it.
    pub entries: u64,
    /// What no tar can hold, and is left out.
    pub findings: Vec<Finding>,
}

/// A layer of a tree that is about to be opened, and its index once that is there.
type Begun = (Option<Digest>, Option<Arc<Index>>);

/// All trees, open or about to be.
pub(super) struct Trees {
    indexes: Lru<Digest, Arc<Index>>,
    begun: BTreeMap<TreeId, Vec<Begun>>,
    open: BTreeMap<TreeId, Tree>,
}

impl Default for Trees {
    fn default() -> Self {
        Self { indexes: Lru::new(INDEXES), begun: BTreeMap::new(), open: BTreeMap::new() }
    }
}

impl Trees {
    pub(super) fn answer(
        &mut self,
        call: TreeCall,
        parts: &[JsValue],
    ) -> Result<Finished, Problem> {
        let reply = match call {
            TreeCall::Begin(id, layers) => self.begin(id, layers),
            TreeCall::Keep(id, digest) => self.keep(id, &digest, parts)?,
            TreeCall::Index(digest) => {
                let known = self.indexes.get(&digest);
                let buffer = known.map(|index| Uint8Array::from(&*index.to_bytes()).buffer());
                let outcome = Outcome::Tree(TreeReply::Done);
                return Ok(Finished {
                    outcome,
                    parts: buffer.into_iter().map(Into::into).collect(),
                });
            }
            TreeCall::Remember(digest) => {
                self.remember(&digest, parts)?;
                TreeReply::Done
            }
            TreeCall::Open(id) => self.build(id)?,
            TreeCall::Query(id, query) => self.change(id, |tree| tree.set_query(query))?,
            TreeCall::Toggle(id, row) => self.change(id, |tree| tree.toggle(row))?,
            TreeCall::Expand(id, row) => self.change(id, |tree| tree.expand(row))?,
            TreeCall::Collapse(id, row) => self.change(id, |tree| tree.collapse(row))?,
            TreeCall::ExpandAll(id) => self.change(id, Tree::expand_all)?,
            TreeCall::CollapseAll(id) => self.change(id, Tree::collapse_all)?,
            TreeCall::Rows(id, from, to) => TreeReply::Rows(self.tree(id)?.rows(from, to)),
            TreeCall::Reveal(id, path) => {
                let tree = self.tree(id)?;
                let row = tree.reveal(&path);
                TreeReply::Revealed(row, tree.summary())
            }
            TreeCall::Find(id, path) => TreeReply::Found(self.tree(id)?.find(&path).map(Box::new)),
            TreeCall::Listing(id) => {
                let listing = listing::json_lines(self.tree(id)?);
                let listing = listing.map_err(|error| content(error.to_string()))?;
                let mut blob = GrowingBlob::default();
                blob.push(listing.as_bytes())?;
                let parts = vec![blob.finish()?.into()];
                let outcome = Outcome::Tree(TreeReply::Done);
                return Ok(Finished { outcome, parts });
            }
            TreeCall::Measure(id, folder) => {
                let Flattened { plan, findings } = self.files(id, &folder)?;
                let (size, entries) = (plan.size(), plan.entries());
                TreeReply::Measured(Measured { size, entries, findings })
            }
            TreeCall::Close(id) => {
                self.begun.remove(&id);
                self.open.remove(&id);
                TreeReply::Done
            }
        };
        Ok(Outcome::Tree(reply).into())
    }

    /// The index of one layer of an open tree, counted from 0 at the base.
    pub(super) fn index(&self, id: TreeId, layer: u32) -> Result<Arc<Index>, Problem> {
        let tree = self.open.get(&id).ok_or_else(closed)?;
        tree.overlay().layers().get(layer as usize).cloned().ok_or_else(closed)
    }

    /// What is in a folder of an open tree as a tar; an empty path is all of the tree.
    pub(super) fn files(&self, id: TreeId, folder: &[u8]) -> Result<Flattened, Problem> {
        let overlay = self.open.get(&id).ok_or_else(closed)?.overlay();
        if folder.is_empty() {
            return Ok(write::export(overlay));
        }
        let node = overlay.find(folder).and_then(|node| write::folder(overlay, node));
        node.ok_or_else(|| content("There is no such folder in the image."))
    }

    fn tree(&mut self, id: TreeId) -> Result<&mut Tree, Problem> {
        self.open.get_mut(&id).ok_or_else(closed)
    }

    fn change(&mut self, id: TreeId, change: impl FnOnce(&mut Tree)) -> Result<TreeReply, Problem> {
        let tree = self.tree(id)?;
        change(tree);
        Ok(TreeReply::Summary(tree.summary()))
    }

    fn begin(&mut self, id: TreeId, layers: Vec<Option<Digest>>) -> TreeReply {
        let layers: Vec<Begun> = layers
            .into_iter()
            .map(|digest| {
                let index = match &digest {
                    Some(digest) => self.indexes.get(digest),
                    None => Some(Arc::default()),
                };
                (digest, index)
            })
            .collect();
        let unknown = layers.iter().filter(|(_, index)| index.is_none());
        let missing = unknown.filter_map(|(digest, _)| digest.clone()).collect();
        self.begun.insert(id, layers);
        TreeReply::Missing(missing)
    }

    fn keep(&mut self, id: TreeId, of: &Digest, parts: &[JsValue]) -> Result<TreeReply, Problem> {
        let index = self.remember(of, parts)?;
        for (digest, place) in self.begun.get_mut(&id).into_iter().flatten() {
            if digest.as_ref() == Some(of) {
                *place = Some(Arc::clone(&index));
            }
        }
        Ok(TreeReply::Done)
    }

    fn remember(&mut self, of: &Digest, parts: &[JsValue]) -> Result<Arc<Index>, Problem> {
        let buffer =
            parts.first().ok_or_else(|| content("The index of a layer did not arrive."))?;
        let bytes = Uint8Array::new(buffer.unchecked_ref()).to_vec();
        let index = Index::from_bytes(&bytes).map_err(|error| content(error.to_string()))?;
        let index = Arc::new(index);
        self.indexes.keep(of.clone(), Arc::clone(&index), index.memory());
        Ok(index)
    }

    fn build(&mut self, id: TreeId) -> Result<TreeReply, Problem> {
        let layers = self.begun.remove(&id).ok_or_else(closed)?;
        let layers: Option<Vec<_>> = layers.into_iter().map(|(_, index)| index).collect();
        let overlay = Overlay::build(&layers.ok_or_else(closed)?);
        let findings = overlay.findings().to_vec();
        let tree = Tree::new(Arc::new(overlay));
        let summary = tree.summary();
        self.open.insert(id, tree);
        Ok(TreeReply::Opened(summary, findings))
    }
}

fn closed() -> Problem {
    content("This tree is not open any more.").advise("Open the files again.")
}
