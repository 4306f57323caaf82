//! Which rows of the file tree are on screen?
//!
//! The tree of an image may have hundreds of thousands of paths; a page only ever gets the rows
//! that it shows. [`Tree`] keeps scope, filter, order and open directories, and hands out windows
//! of rows as plain data.

mod filter;
mod matches;
mod query;
mod row;
mod snapshot;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::layer::Overlay;

pub(super) use filter::Filter;
use matches::Matches;
pub use query::{Query, Scope, Shown, Sort, Status};
pub(super) use row::facts;
pub use row::{Content, Row, visible_text};
pub(super) use snapshot::Snapshot;

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
            self.take(Snapshot::build(&self.overlay, query.scope));
        }
        self.matches = Matches::find(&self.snapshot, &query);
        self.folded.clear();
        self.query = query;
        self.lay_out();
    }

    /// Goes on with the layers as they are known by now, as one after the other is read. What is
    /// asked for stays, and directories stay open or closed by their paths.
    pub fn grow(&mut self, overlay: Arc<Overlay>) {
        self.overlay = overlay;
        let next = Snapshot::build(&self.overlay, self.query.scope);
        let common = self.snapshot.common(&next);
        let folded = common.iter().filter(|(old, _)| self.folded.contains(old));
        self.folded = folded.map(|(_, new)| *new).collect();
        self.take(next);
        self.matches = Matches::find(&self.snapshot, &self.query);
        self.lay_out();
    }

    /// Directories that are in both stay open.
    fn take(&mut self, next: Snapshot) {
        let mut open = vec![false; next.len()];
        for (old, new) in self.snapshot.common(&next) {
            if let Some(flag) = open.get_mut(new as usize) {
                *flag = self.is_open_by_hand(old);
            }
        }
        self.snapshot = next;
        self.open = open;
    }

    /// The number of a path, as its row has it; links are not followed.
    #[must_use]
    pub fn number(&self, path: &[u8]) -> Option<u32> {
        self.snapshot.find(path).filter(|id| *id != 0)
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
