//! Holds the indexes of layers, and the trees that are made of them.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use drydock::compare::files::{Counts, Differences, FileChange, FileDifference};
use drydock::compare::packages::PackageDifference;
use drydock::digest::Digest;
use drydock::finding::Finding;
use drydock::inspect::listing;
use drydock::inspect::notable::{self, Notable};
use drydock::inspect::search::Wanted;
use drydock::inspect::space::Space;
use drydock::inspect::tree::{Query, Row, Summary, Tree};
use drydock::layer::lazy::Toc;
use drydock::layer::seek::SeekPoints;
use drydock::layer::write::{self, Flattened};
use drydock::layer::{Index, Overlay};
use drydock::lru::Lru;
use drydock::verify::LayerRecord;
use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast as _, JsValue};

use super::entry::{Finished, content};
use super::growing_blob::GrowingBlob;
use super::packages_job::{Installed, PackagesCall, PackagesReply};
use super::protocol::Outcome;
use crate::net::problem::Problem;

/// Memory for indexes that no open tree needs, in bytes.
const INDEXES: usize = 128 << 20;
/// Memory for places at which reading can begin, in bytes.
const POINTS: usize = 16 << 20;

/// A tree, counted by the page.
pub type TreeId = u32;

/// What is asked about trees.
#[derive(Debug, Serialize, Deserialize)]
pub enum TreeCall {
    /// Which layers of a new tree are not known here yet, with the SHA-256 of each file or without?
    /// None stands for one that is not shown.
    Begin(TreeId, Vec<Option<Digest>>, bool),
    /// The record of one of them, which was made from verified bytes and travels beside this.
    Keep(TreeId, Digest),
    /// The index of one of them so far, likewise; nothing of it was compared yet.
    KeepSoFar(TreeId, Digest),
    /// The index of a layer, if it is known here; it travels beside the answer.
    Index(Digest),
    /// The record of a layer that some tree may need later, likewise.
    Remember(Digest),
    /// Puts the layers that are known by now on top of each other; the others count as empty. What is
    /// asked of the tree, and which directories are open, stays.
    Open(TreeId),
    /// Asks for other rows.
    Query(TreeId, Query),
    /// Opens or closes a directory, by its path.
    Toggle(TreeId, Vec<u8>),
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
    /// Where the bytes of all its layers are, and what is worth a look.
    Weigh(TreeId),
    /// Which paths differ between two of them? The answer stays here, with the first one.
    Compare(TreeId, TreeId),
    /// Which packages differ between two of them, once those of both were read?
    ComparePackages(TreeId, TreeId),
    /// Chooses among these paths by how they differ and by a text in them.
    Select(TreeId, Vec<FileChange>, String),
    /// Those that were chosen, from … to ….
    Differences(TreeId, usize, usize),
    /// What is asked about its packages, once they were read.
    Packages(TreeId, PackagesCall),
    /// Can this be looked for?
    Understand(Box<Wanted>),
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
    /// Where the bytes are, and what is worth a look.
    Weighed(Box<Space>, Vec<Notable>),
    /// How many paths differ.
    Compared(Counts),
    /// The packages that differ.
    ComparedPackages(Vec<PackageDifference>),
    /// How many were chosen.
    Selected(usize),
    /// Those that were asked for.
    Differences(Vec<FileDifference>),
    /// The answer about its packages.
    Packages(PackagesReply),
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

/// What the server keeps of a layer; nothing of it was compared with that.
#[derive(Debug)]
pub(super) struct Claimed {
    /// Its entries.
    pub(super) index: Index,
    /// The same as the tree has them, without their places.
    pub(super) listed: Arc<Index>,
    /// Where reading can begin in the middle of it.
    pub(super) points: Option<SeekPoints>,
}

/// A layer of a tree, and its index as far as that is there.
type Begun = (Option<Digest>, Option<Arc<Index>>);

/// All trees, open or about to be.
pub(super) struct Trees {
    /// Of layers that were verified.
    indexes: Lru<Digest, Arc<Index>>,
    /// Of layers that were only listed.
    tables: Lru<Digest, Arc<Toc>>,
    /// Of layers that the server has listed.
    claimed: Lru<Digest, Rc<Claimed>>,
    /// Where reading can begin in the middle of layers.
    points: Lru<Digest, Arc<SeekPoints>>,
    /// The layers of each tree.
    begun: BTreeMap<TreeId, Vec<Begun>>,
    open: BTreeMap<TreeId, Tree>,
    /// What another tree has otherwise, and which paths of that were chosen.
    compared: BTreeMap<TreeId, (Differences, Vec<u32>)>,
    /// The packages of trees, where they were read.
    packages: BTreeMap<TreeId, Installed>,
}

impl Default for Trees {
    fn default() -> Self {
        Self {
            indexes: Lru::new(INDEXES),
            tables: Lru::new(INDEXES),
            claimed: Lru::new(INDEXES),
            points: Lru::new(POINTS),
            begun: BTreeMap::new(),
            open: BTreeMap::new(),
            compared: BTreeMap::new(),
            packages: BTreeMap::new(),
        }
    }
}

impl Trees {
    pub(super) fn answer(
        &mut self,
        call: TreeCall,
        parts: &[JsValue],
    ) -> Result<Finished, Problem> {
        let reply = match call {
            TreeCall::Begin(id, layers, file_digests) => self.begin(id, layers, file_digests),
            TreeCall::Keep(id, digest) => {
                let index = self.remember(&digest, parts)?;
                self.put(id, &digest, &index)
            }
            TreeCall::KeepSoFar(id, digest) => {
                let index = Index::from_bytes(&first(parts)?);
                let index = index.map_err(|error| content(error.to_string()))?;
                self.put(id, &digest, &Arc::new(index))
            }
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
            TreeCall::Toggle(id, path) => self.change(id, |tree| {
                // The tree may have grown since the row was seen, so that numbers are others.
                if let Some(row) = tree.number(&path) {
                    tree.toggle(row);
                }
            })?,
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
            TreeCall::Weigh(id) => {
                let overlay = self.tree(id)?.overlay();
                TreeReply::Weighed(Box::new(Space::of(overlay)), notable::of(overlay))
            }
            TreeCall::Compare(id, other) => {
                let other = Arc::clone(self.tree(other)?.overlay());
                let differences = Differences::between(self.tree(id)?.overlay(), &other);
                let counts = differences.counts();
                self.compared.insert(id, (differences, Vec::new()));
                TreeReply::Compared(counts)
            }
            TreeCall::ComparePackages(id, other) => {
                let [before, after] = [id, other].map(|id| self.packages.get(&id));
                let (before, after) = before.zip(after).ok_or_else(closed)?;
                TreeReply::ComparedPackages(before.compare(after))
            }
            TreeCall::Select(id, changes, text) => {
                let (differences, chosen) = self.compared.get_mut(&id).ok_or_else(closed)?;
                *chosen = differences.select(&changes, &text);
                TreeReply::Selected(chosen.len())
            }
            TreeCall::Differences(id, from, to) => {
                let (differences, chosen) = self.compared.get(&id).ok_or_else(closed)?;
                let chosen = chosen.iter().skip(from).take(to.saturating_sub(from));
                let rows = chosen.filter_map(|at| differences.get(*at as usize));
                TreeReply::Differences(rows.collect())
            }
            TreeCall::Understand(wanted) => {
                super::search_job::pattern(&wanted)?;
                TreeReply::Done
            }
            TreeCall::Packages(id, call) => {
                let overlay = Arc::clone(self.tree(id)?.overlay());
                let packages = self.packages.get_mut(&id).ok_or_else(closed)?;
                return packages.answer(call, |path| overlay.find(path));
            }
            TreeCall::Measure(id, folder) => {
                let Flattened { plan, findings } = self.files(id, &folder)?;
                let (size, entries) = (plan.size(), plan.entries());
                TreeReply::Measured(Measured { size, entries, findings })
            }
            TreeCall::Close(id) => {
                self.begun.remove(&id);
                self.open.remove(&id);
                self.compared.remove(&id);
                self.packages.remove(&id);
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

    /// An open tree as it is now.
    pub(super) fn overlay(&self, id: TreeId) -> Result<Arc<Overlay>, Problem> {
        Ok(Arc::clone(self.open.get(&id).ok_or_else(closed)?.overlay()))
    }

    /// Keeps the packages of a tree as long as it is open, unless it has become another meanwhile.
    pub(super) fn keep_packages(
        &mut self,
        id: TreeId,
        of: &Arc<Overlay>,
        packages: Installed,
    ) -> Result<(), Problem> {
        if !Arc::ptr_eq(&self.overlay(id)?, of) {
            return Err(closed());
        }
        self.packages.insert(id, packages);
        Ok(())
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

    fn begin(&mut self, id: TreeId, layers: Vec<Option<Digest>>, file_digests: bool) -> TreeReply {
        let layers: Vec<Begun> = layers
            .into_iter()
            .map(|digest| {
                let index = match &digest {
                    Some(digest) => {
                        let known = self.indexes.get(digest);
                        known.filter(|index| !file_digests || index.has_file_digests())
                    }
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

    fn put(&mut self, id: TreeId, of: &Digest, index: &Arc<Index>) -> TreeReply {
        for (digest, place) in self.begun.get_mut(&id).into_iter().flatten() {
            // What has come so far takes no whole one's place.
            let is_whole = place.as_ref().is_some_and(|index| index.blob().is_some());
            if digest.as_ref() == Some(of) && !is_whole {
                *place = Some(Arc::clone(index));
            }
        }
        TreeReply::Done
    }

    fn remember(&mut self, of: &Digest, parts: &[JsValue]) -> Result<Arc<Index>, Problem> {
        let record = LayerRecord::from_bytes(&first(parts)?);
        let record = record.map_err(|error| content(error.to_string()))?;
        Ok(self.take(of, record))
    }

    /// Takes what is known of a layer of a tree, which fits what is said of it.
    pub(super) fn recall(&mut self, id: TreeId, of: &Digest, record: LayerRecord) {
        let index = self.take(of, record);
        self.put(id, of, &index);
    }

    fn take(&mut self, of: &Digest, record: LayerRecord) -> Arc<Index> {
        let LayerRecord { index, points, .. } = record;
        let index = match self.indexes.get(of) {
            // It says more.
            Some(known) if known.has_file_digests() => known,
            _ => Arc::new(index),
        };
        self.indexes.keep(of.clone(), Arc::clone(&index), index.memory());
        if let Some(points) = points {
            let memory = points.memory();
            self.points.keep(of.clone(), Arc::new(points), memory);
        }
        index
    }

    /// Takes the table of a layer of a tree.
    pub(super) fn list(&mut self, id: TreeId, of: &Digest, table: Toc) {
        self.put(id, of, table.index());
        let memory = 2 * table.index().memory();
        self.tables.keep(of.clone(), Arc::new(table), memory);
    }

    /// The table of a layer that was listed.
    pub(super) fn table(&mut self, of: &Digest) -> Option<Arc<Toc>> {
        self.tables.get(of)
    }

    /// Takes what the server keeps of a layer of a tree: a list, by which nothing can be copied.
    pub(super) fn list_shared(&mut self, id: TreeId, of: &Digest, record: LayerRecord) {
        let LayerRecord { index, points, .. } = record;
        let listed = Arc::new(index.without_offsets());
        self.put(id, of, &listed);
        let memory = 2 * index.memory() + points.as_ref().map_or(0, SeekPoints::memory);
        self.claimed.keep(of.clone(), Rc::new(Claimed { index, listed, points }), memory);
    }

    /// What the server keeps of a layer that was listed by it.
    pub(super) fn claimed(&mut self, of: &Digest) -> Option<Rc<Claimed>> {
        self.claimed.get(of)
    }

    /// Where reading can begin in the middle of a layer, when that is known.
    pub(super) fn points(&mut self, of: &Digest) -> Option<Arc<SeekPoints>> {
        self.points.get(of)
    }

    fn build(&mut self, id: TreeId) -> Result<TreeReply, Problem> {
        let begun = self.begun.get(&id).ok_or_else(closed)?;
        let layers: Vec<_> =
            begun.iter().map(|(_, index)| index.clone().unwrap_or_default()).collect();
        let overlay = Arc::new(Overlay::build(&layers));
        let findings = overlay.findings().to_vec();
        let summary = match self.open.get_mut(&id) {
            Some(tree) => {
                tree.grow(overlay);
                tree.summary()
            }
            None => self.open.entry(id).or_insert_with(|| Tree::new(overlay)).summary(),
        };
        Ok(TreeReply::Opened(summary, findings))
    }
}

fn first(parts: &[JsValue]) -> Result<Vec<u8>, Problem> {
    let buffer = parts.first().ok_or_else(|| content("The index of a layer did not arrive."))?;
    Ok(Uint8Array::new(buffer.unchecked_ref()).to_vec())
}

fn closed() -> Problem {
    content("This tree is not open any more.").advise("Open the files again.")
}
