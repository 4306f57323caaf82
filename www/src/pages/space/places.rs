//! Where paths lead.

use std::num::NonZeroU32;

use drydock::inspect::space::SizedPath;

use super::super::shown::Shown;
use crate::route::{EntryPath, FilesView, Tree, View};

/// Where a path of the merged tree is shown.
pub(super) fn href(shown: Shown, path: &SizedPath) -> String {
    let path = EntryPath::of(&path.path, path.path_hex.as_deref());
    shown.href(View::Files(FilesView { path, ..FilesView::default() }))
}

/// Where a path is shown that a layer has and the merged tree may not have.
pub(super) fn href_in_layer(shown: Shown, path: &SizedPath) -> String {
    let (layer, path) = (path.layer, EntryPath::of(&path.path, path.path_hex.as_deref()));
    let layer = u32::try_from(layer).ok().and_then(NonZeroU32::new);
    let tree = layer.map_or(Tree::Merged, Tree::Layer);
    shown.href(View::Files(FilesView { path, tree, ..FilesView::default() }))
}
