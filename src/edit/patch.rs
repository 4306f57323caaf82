//! Changes of files that follow one another, as those of one layer.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::edit::action::{Action, LayerEdit, LayerInput};
use crate::edit::draft::Draft;
use crate::layer::write::{Keep, NewEntry, NewNode, agree};
use crate::platform::Platform;

/// The entries of two layers of changed files as those of one, the later over the earlier: what a
/// later change keeps of a file is what the earlier one has made of it. `None` when one layer can't
/// hold both, such as a file where the same layer removes a directory.
#[must_use]
pub fn together(before: &[NewEntry], after: Vec<NewEntry>) -> Option<Vec<NewEntry>> {
    let mut all: BTreeMap<String, NewEntry> =
        before.iter().map(|entry| (entry.path.clone(), entry.clone())).collect();
    for entry in after {
        if matches!(entry.node, NewNode::Whiteout | NewNode::OpaqueWhiteout) {
            let below = format!("{}/", entry.path);
            all.retain(|path, _| !path.starts_with(&below));
        }
        let entry = match all.get(&entry.path) {
            Some(before) => over(before, entry),
            None => entry,
        };
        all.insert(entry.path.clone(), entry);
    }
    let all: Vec<NewEntry> = all.into_values().collect();
    agree(&all).is_ok().then_some(all)
}

fn over(before: &NewEntry, mut after: NewEntry) -> NewEntry {
    match (&before.node, &after.node) {
        (_, NewNode::Whiteout | NewNode::OpaqueWhiteout) => return after,
        // There is nothing any more that could be changed.
        (NewNode::Whiteout, NewNode::Existing) => return before.clone(),
        (NewNode::Whiteout, _) => {
            after.keep = Keep::default();
            return after;
        }
        // A directory above something says nothing new of one that was changed before.
        (NewNode::Directory, NewNode::Directory) if after.keep == Keep::ALL => {
            return before.clone();
        }
        (_, NewNode::Existing) => after.node = before.node.clone(),
        _ => {}
    }
    if after.keep.mode {
        (after.mode, after.keep.mode) = (before.mode, before.keep.mode);
    }
    if after.keep.owner {
        (after.uid, after.gid, after.keep.owner) = (before.uid, before.gid, before.keep.owner);
    }
    if after.keep.mtime {
        (after.mtime, after.keep.mtime) = (before.mtime, before.keep.mtime);
    }
    after.keep.xattrs &= before.keep.xattrs;
    after
}

/// What the edits of a draft make of a file, as far as edits of files say: the last entry that
/// writes it, or removes it or a directory above it. Its path is compared as it stands there; no
/// link is followed. With a platform only edits count that are done to its image.
#[must_use]
pub fn last_change<'a>(
    draft: &'a Draft,
    platform: Option<&Platform>,
    path: &str,
) -> Option<&'a NewEntry> {
    let edits = draft.edits.iter().rev();
    let edits = edits.filter(|edit| platform.is_none_or(|platform| edit.scope.may_cover(platform)));
    edits.filter_map(|edit| entries(&edit.action)).find_map(|entries| {
        entries.iter().rev().find(|entry| match entry.node {
            NewNode::Whiteout | NewNode::OpaqueWhiteout => {
                let below = path.strip_prefix(&*entry.path);
                below.is_some_and(|below| {
                    below.starts_with('/') || below.is_empty() && entry.node == NewNode::Whiteout
                })
            }
            NewNode::Directory | NewNode::Existing => false,
            NewNode::File { .. } | NewNode::Symlink { .. } | NewNode::Hardlink { .. } => {
                entry.path == path
            }
        })
    })
}

/// The entries of a layer that an edit names.
pub(super) fn entries(action: &Action) -> Option<&Arc<[NewEntry]>> {
    match action {
        Action::Layers(
            LayerEdit::Patch { entries, .. }
            | LayerEdit::Add { layer: LayerInput::Files { entries, .. }, .. },
        ) => Some(entries),
        _ => None,
    }
}
