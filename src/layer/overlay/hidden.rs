//! Which files do layers hold that the merged tree does not have, and which layer took them away?

use super::node::{EntryRef, NodeId, State};
use crate::layer::index::Kind;

/// A file of a layer that no path of the merged tree has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The file.
    pub file: EntryRef,
    /// The last path that had it.
    pub node: NodeId,
    /// The layer that took it away there, from 0 at the base. It is the file's own where one tar holds
    /// the path twice.
    pub by: u32,
    /// The entry that took its place; `None` when the path, or a directory above it, was removed.
    pub replaced: Option<EntryRef>,
}

/// Of all that paths lost, the files that no path has in the end, in the order of layers and entries.
pub(super) fn files(mut lost: Vec<Hidden>, states: &[State]) -> Vec<Hidden> {
    if lost.is_empty() {
        return lost;
    }
    let has = states.iter().filter(|state| state.live && may_be_file(state.kind));
    let mut live: Vec<EntryRef> = has.filter_map(|state| state.file.exists()).collect();
    live.sort_unstable();
    // Of a file with several names the last one that went counts; the order of sorting is stable.
    lost.reverse();
    lost.sort_by_key(|hidden| hidden.file);
    lost.dedup_by_key(|hidden| hidden.file);
    lost.retain(|hidden| live.binary_search(&hidden.file).is_err());
    lost
}

/// Whether a path may have a file. A hardlink has that of its target.
pub(super) fn may_be_file(kind: Kind) -> bool {
    matches!(kind, Kind::File | Kind::Hardlink)
}
