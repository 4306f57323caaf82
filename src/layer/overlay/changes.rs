//! What did a layer add, change and remove?

use std::sync::Arc;

use super::node::{Change, ChangeKind, EntryRef, NodeId, State};
use crate::layer::index::{Index, Kind};
use crate::layer::tar::MTIME;

/// Remembers what paths were before a layer touched them.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Layer + 1 in which a node was last recorded.
    seen: Vec<u32>,
    before: Vec<(u32, State)>,
    changes: Vec<Change>,
    ends: Vec<usize>,
}

impl Log {
    /// The layer that is being applied, from 0 at the base.
    pub(super) fn layer(&self) -> u32 {
        self.ends.len() as u32
    }

    /// A node is about to become something else.
    pub(super) fn record(&mut self, node: u32, before: State) {
        let (at, layer) = (node as usize, self.layer() + 1);
        if at >= self.seen.len() {
            self.seen.resize(at + 1, 0);
        }
        if self.seen[at] != layer {
            self.seen[at] = layer;
            self.before.push((node, before));
        }
    }

    /// The layer has been applied.
    pub(super) fn end_layer(&mut self, states: &[State], layers: &[Arc<Index>]) {
        for (node, before) in self.before.drain(..) {
            let Some(after) = states.get(node as usize) else { continue };
            let kind = match (before.live, after.live) {
                (false, false) => continue,
                (false, true) => ChangeKind::Added,
                (true, false) => ChangeKind::Removed,
                (true, true) if same(&before, after, layers) => continue,
                (true, true) => ChangeKind::Changed,
            };
            // The root is no path of the tree.
            if node != 0 {
                self.changes.push(Change {
                    node: NodeId(node),
                    kind,
                    before: before.own.exists().filter(|_| before.live),
                    after: after.own.exists().filter(|_| after.live),
                });
            }
        }
        self.ends.push(self.changes.len());
    }

    /// All changes, those of each layer in the order of their ranks, and where those of each layer
    /// end.
    pub(super) fn finish(mut self, ranks: impl FnOnce() -> Vec<u32>) -> (Vec<Change>, Vec<usize>) {
        if !self.changes.is_empty() {
            let ranks = ranks();
            let mut start = 0;
            for end in &self.ends {
                if let Some(layer) = self.changes.get_mut(start..*end) {
                    layer.sort_unstable_by_key(|change| ranks.get(change.node.0 as usize).copied());
                }
                start = *end;
            }
        }
        (self.changes, self.ends)
    }
}

/// Whether a path holds the same as before, as far as layers say.
fn same(before: &State, after: &State, layers: &[Arc<Index>]) -> bool {
    if before.kind != after.kind {
        return false;
    }
    if before.file == after.file {
        return true;
    }
    let entry = |file: EntryRef| {
        let index = layers.get(file.layer as usize)?;
        Some((index, index.entry(file.entry)?))
    };
    let (old, new) = match (entry(before.file), entry(after.file)) {
        (Some(old), Some(new)) => (old, new),
        // A directory that no layer names is the same as another one.
        (None, None) => return before.kind == Kind::Directory,
        _ => return false,
    };
    let metadata = |(index, entry): &(&Arc<Index>, crate::layer::index::Entry<'_>)| {
        (entry.mode, entry.uid, entry.gid, entry.size, entry.mtime, index.device(entry.ordinal))
    };
    let content = match (old.0.file_sum(old.1.ordinal), new.0.file_sum(new.1.ordinal)) {
        (Some(old), Some(new)) => old == new,
        _ => new.1.kind != Kind::File,
    };
    content
        && metadata(&old) == metadata(&new)
        && old.1.link == new.1.link
        && attributes(old.0, old.1.ordinal).eq(attributes(new.0, new.1.ordinal))
}

/// Extended attributes and ACLs. Builders that copy files up may cut times to whole seconds.
fn attributes(index: &Index, ordinal: u32) -> impl Iterator<Item = (&[u8], &[u8])> {
    index.records(ordinal).filter(|(key, _)| *key != MTIME)
}
