//! Where paths lead.

use std::num::NonZeroU32;

use drydock::inspect::space::SizedPath;

use super::super::shown::Shown;
use crate::route::{EntryPath, FilesView, Tree, View};

/// Where a path of the merged tree is shown.
pub(super) fn href(shown: Shown, path: &SizedPath) -> String {
    let path = path_of(&path.path, path.path_hex.as_deref());
    shown.href(View::Files(FilesView { path, ..FilesView::default() }))
}

/// Where a path is shown that a layer has and the merged tree may not have.
pub(super) fn href_in_layer(shown: Shown, path: &SizedPath) -> String {
    let (layer, path) = (path.layer, path_of(&path.path, path.path_hex.as_deref()));
    let layer = u32::try_from(layer).ok().and_then(NonZeroU32::new);
    let tree = layer.map_or(Tree::Merged, Tree::Layer);
    shown.href(View::Files(FilesView { path, tree, ..FilesView::default() }))
}

/// The bytes of a path: those in hex where the text stands for others.
fn path_of(text: &str, hex: Option<&str>) -> EntryPath {
    let bytes = hex.and_then(|hex| {
        let pairs = (0..hex.len()).step_by(2);
        pairs
            .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
            .collect::<Option<Vec<u8>>>()
    });
    bytes.map_or_else(|| EntryPath::from(text), |bytes| EntryPath::new(&bytes))
}
