//! Which rows of the file tree are on screen?
//!
//! The tree of an image may have hundreds of thousands of paths; a page only ever gets the rows
//! that it shows. [`Tree`] keeps scope, filter, order and open directories, and hands out windows
//! of rows as plain data.

mod filter;
mod matches;
mod row;
mod snapshot;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::layer::Overlay;

use matches::Matches;
pub use row::visible_text;
pub(super) use row::{facts, text_and_hex};
pub(super) use snapshot::Snapshot;

/// Which tree is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "layer")]
pub enum Scope {
    /// All layers on top of each other. Statuses compare with the base layer.
    #[default]
    Merged,
    /// One layer as it stands in its tar, whiteouts as files; counted from 1 at the base.
    Layer(usize),
    /// What one layer added, changed and removed; counted from 1 at the base.
    Changes(usize),
}

/// In which order entries of a directory are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sort {
    /// By the bytes of the name.
    #[default]
    Name,
    /// The largest first; a directory counts with all that is in it.
    Size,
}

/// What became of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It was not there before.
    Added,
    /// It was something else before.
    Changed,
    /// It is there no more.
    Removed,
    /// Nothing happened to it.
    #[default]
    Same,
}

/// Which statuses are listed. Directories above a listed path are always listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Paths that were added.
    pub added: bool,
    /// Paths that were changed.
    pub changed: bool,
    /// Paths that were removed; off at first in [`Scope::Merged`], where they are no part of the
    /// image.
    pub removed: bool,
    /// All others.
    pub same: bool,
}

/// All that decides which rows there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Query {
    /// Which tree.
    pub scope: Scope,
    /// Words, paths from the root (`/etc`) and patterns (`*.conf`) that must all fit; case is ignored.
    /// Empty for all.
    pub filter: String,
    /// Order.
    pub sort: Sort,
    /// Statuses.
    pub shown: Shown,
}

/// One row as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Number of the path; the same until the scope changes.
    pub id: u32,
    /// Last component of the path; control characters, characters that change direction and bytes
    /// that are no UTF-8 are escaped.
    pub name: String,
    /// The path without leading slash, with replacement characters where it is not UTF-8.
    pub path: String,
    /// The bytes of the path in hex, where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// Number of directories above it.
    pub depth: u32,
    /// `file`, `dir`, `symlink`, `hardlink`, `char`, `block` or `fifo`.
    pub kind: String,
    /// Size of a file in bytes, 0 for all else.
    pub size: u64,
    /// Size of all files in a directory, else as `size`.
    pub total: u64,
    /// Permission bits in octal: `0755`.
    pub mode: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Target of a symlink or path of a hardlink's file, escaped like `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The path that a link leads to, without leading slash, as far as names alone tell: symlinks on
    /// the way are not followed. `None` where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads_to: Option<String>,
    /// The layer that it comes from, or by which it was removed; counted from 1 at the base.
    pub layer: usize,
    /// Of what was removed the layer that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<usize>,
    /// What became of it.
    pub status: Status,
    /// Whether there is anything in it to open.
    pub has_children: bool,
    /// Whether it is open.
    pub expanded: bool,
    /// Where its content is; `None` for what has none or is no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// Where the content of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The layer, counted from 1 at the base.
    pub layer: usize,
    /// The entry in that layer's index.
    pub entry: u32,
    /// Size in bytes.
    pub size: u64,
}

/// Figures about what is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Number of rows with directories opened and closed as they are.
    pub rows: usize,
    /// Number of paths in the scope.
    pub paths: usize,
    /// Number of paths that the filter and the statuses match.
    pub matches: usize,
    /// Size of all files in the scope, in bytes.
    pub size: u64,
}

/// The file tree with what is open, filtered and sorted.
pub struct Tree {
    overlay: Arc<Overlay>,
    query: Query,
    snapshot: Snapshot,
    matches: Matches,
    /// Directories that people opened.
    open: Vec<bool>,
    /// Directories that the filter opened and people closed.
    folded: BTreeSet<u32>,
    rows: Vec<u32>,
}

impl Default for Query {
    fn default() -> Self {
        Self::of(Scope::Merged)
    }
}

impl Query {
    /// Everything that belongs to a scope, by name.
    #[must_use]
    pub fn of(scope: Scope) -> Self {
        let removed = scope != Scope::Merged;
        let shown = Shown { added: true, changed: true, removed, same: true };
        Self { scope, filter: String::new(), sort: Sort::Name, shown }
    }
}

impl Shown {
    fn has(self, status: Status) -> bool {
        match status {
            Status::Added => self.added,
            Status::Changed => self.changed,
            Status::Removed => self.removed,
            Status::Same => self.same,
        }
    }
}

impl Tree {
    /// Starts with all layers merged and everything closed.
    #[must_use]
    pub fn new(overlay: Arc<Overlay>) -> Self {
        let query = Query::default();
        let snapshot = Snapshot::build(&overlay, query.scope);
        let matches = Matches::find(&snapshot, &query);
        let open = vec![false; snapshot.len()];
        let mut tree = Self {
            overlay,
            query,
            snapshot,
            matches,
            open,
            folded: BTreeSet::new(),
            rows: Vec::new(),
        };
        tree.lay_out();
        tree
    }

    /// What is asked for now.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Asks for something else. Directories stay open by their paths.
    pub fn set_query(&mut self, query: Query) {
        if query.scope != self.query.scope {
            let next = Snapshot::build(&self.overlay, query.scope);
            let mut open = vec![false; next.len()];
            for (old, new) in self.snapshot.common(&next) {
                if let Some(flag) = open.get_mut(new as usize) {
                    *flag = self.is_open_by_hand(old);
                }
            }
            self.snapshot = next;
            self.open = open;
        }
        self.matches = Matches::find(&self.snapshot, &query);
        self.folded.clear();
        self.query = query;
        self.lay_out();
    }

    /// Opens or closes a directory.
    pub fn toggle(&mut self, id: u32) {
        self.change(id, !self.is_open(id));
    }

    /// Opens a directory.
    pub fn expand(&mut self, id: u32) {
        self.change(id, true);
    }

    /// Closes a directory.
    pub fn collapse(&mut self, id: u32) {
        self.change(id, false);
    }

    /// Closes all directories.
    pub fn collapse_all(&mut self) {
        self.open.fill(false);
        self.folded =
            (0..self.snapshot.len() as u32).filter(|id| self.matches.opens(*id)).collect();
        self.lay_out();
    }

    /// Opens all directories.
    pub fn expand_all(&mut self) {
        self.open.fill(true);
        self.folded.clear();
        self.lay_out();
    }

    /// Opens the directories above a path and says in which row it is. `None` when it is not
    /// there or the filter hides it. Symlinks on the way to it are followed.
    pub fn reveal(&mut self, path: &[u8]) -> Option<usize> {
        let id = self.locate(path)?;
        let mut above = self.snapshot.parent(id);
        while above != 0 {
            self.set_open(above, true);
            self.folded.remove(&above);
            above = self.snapshot.parent(above);
        }
        self.lay_out();
        self.rows.iter().position(|row| *row == id)
    }

    /// One path as a row, whether it is on screen or not. Symlinks on the way to it are followed,
    /// as they are in a container; the row has its path without them.
    #[must_use]
    pub fn find(&self, path: &[u8]) -> Option<Row> {
        self.locate(path).filter(|id| *id != 0).and_then(|id| self.row(id))
    }

    fn locate(&self, path: &[u8]) -> Option<u32> {
        self.snapshot.find(path).or_else(|| {
            // A slash behind the path means what the link itself leads to.
            let node = self.overlay.follow(path, path.ends_with(b"/")).ok()?.node?;
            self.snapshot.find(&self.overlay.path(node))
        })
    }

    /// Number of rows and of paths.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            rows: self.rows.len(),
            paths: self.snapshot.len().saturating_sub(1),
            matches: self.matches.count(),
            size: self.snapshot.total(0),
        }
    }

    /// The rows `from..to`; fewer at the end.
    #[must_use]
    pub fn rows(&self, from: usize, to: usize) -> Vec<Row> {
        let to = to.min(self.rows.len());
        let window = self.rows.get(from.min(to)..to).unwrap_or_default();
        window.iter().filter_map(|id| self.row(*id)).collect()
    }

    /// The layers under the tree.
    #[must_use]
    pub fn overlay(&self) -> &Arc<Overlay> {
        &self.overlay
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// All that is listed, whether its directories are open or not, in no order of use.
    pub(super) fn listed(&self) -> impl Iterator<Item = u32> {
        (1..self.snapshot.len() as u32).filter(|id| self.matches.shows(*id))
    }

    fn row(&self, id: u32) -> Option<Row> {
        let has_children = self.matches.shows_below(id);
        row::row(&self.snapshot, id, has_children, has_children && self.is_open(id))
    }

    fn is_open_by_hand(&self, id: u32) -> bool {
        self.open.get(id as usize).copied().unwrap_or(false)
    }

    fn is_open(&self, id: u32) -> bool {
        if self.matches.opens(id) { !self.folded.contains(&id) } else { self.is_open_by_hand(id) }
    }

    fn set_open(&mut self, id: u32, open: bool) {
        if let Some(flag) = self.open.get_mut(id as usize) {
            *flag = open;
        }
    }

    fn change(&mut self, id: u32, open: bool) {
        if !self.matches.opens(id) {
            self.set_open(id, open);
        } else if open {
            self.folded.remove(&id);
        } else {
            self.folded.insert(id);
        }
        self.lay_out();
    }

    /// Lists the rows anew.
    fn lay_out(&mut self) {
        let mut rows = Vec::new();
        let mut pending = vec![0];
        while let Some(id) = pending.pop() {
            if id != 0 {
                rows.push(id);
                if !self.is_open(id) {
                    continue;
                }
            }
            let first = pending.len();
            pending.extend(self.snapshot.children(id).filter(|child| self.matches.shows(*child)));
            let added = pending.get_mut(first..).unwrap_or_default();
            if self.query.sort == Sort::Size {
                added.sort_by_key(|child| Reverse(self.snapshot.total(*child)));
            }
            added.reverse();
        }
        self.rows = rows;
    }
}
