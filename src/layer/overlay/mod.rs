//! What do several layers look like on top of each other? image-spec, layer.md, "Applying
//! Changesets".
//!
//! The result is what unpacking the layers as root, one after the other, leaves on a disk:
//! - a later entry for a directory changes its metadata and keeps what is in it; every other entry
//!   replaces what was at its path;
//! - whiteouts remove what lower layers put there and nothing of their own layer, wherever in the
//!   tar they stand;
//! - `a`, `./a`, `/a`, `a/` and `x/../a` are one path, and `..` does not leave the root;
//! - symlinks in the parents of a path are followed within the root, for whiteouts and the targets
//!   of hardlinks too; the last component never is;
//! - a hardlink shares the file that its target is at that moment. In the merged tree one name of
//!   each file is listed as the file (the one that has the content; if it was removed, the first
//!   of the others), and the others as hardlinks to it with size 0. A hardlink without a target is
//!   an error finding and stays a hardlink.

mod build;
mod changes;
mod follow;
mod hidden;
mod names;
mod node;
mod order;
mod resolve;

use std::sync::Arc;

pub use self::follow::{Astray, Followed};
pub use self::hidden::Hidden;
pub(crate) use self::names::{Names, clean, path_of};
use self::node::State;
pub use self::node::{Change, ChangeKind, EntryRef, HARDLINK_TARGET, Node, NodeId};
use self::order::{PathOrder, Tree};
use crate::finding::Finding;
use crate::layer::index::{Index, Kind};

/// The merged tree of several layers.
///
/// ```
/// use std::sync::Arc;
///
/// use drydock::layer::{ChangeKind, Index, LayerReader, Overlay, ReadOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// /// A layer of empty files.
/// fn layer(paths: &[&str]) -> Result<Arc<Index>, Box<dyn std::error::Error>> {
///     let mut tar = tar::Builder::new(Vec::new());
///     for path in paths {
///         let mut header = tar::Header::new_gnu();
///         header.set_size(0);
///         tar.append_data(&mut header, path, std::io::empty())?;
///     }
///     let mut reader = LayerReader::new(ReadOptions::default());
///     reader.push(&tar.into_inner()?, &mut ());
///     Ok(Arc::new(reader.finish(&mut ()).index.ok_or("no tar")?))
/// }
///
/// // The upper layer removes a file of the lower one by a whiteout.
/// let tree = Overlay::build(&[layer(&["etc/a", "etc/b"])?, layer(&["etc/.wh.a", "etc/c"])?]);
/// assert!(tree.find(b"etc/a").and_then(|id| tree.file(id)).is_none());
/// let c = tree.find(b"etc/c").and_then(|id| tree.file(id)).ok_or("no such file")?;
/// assert_eq!(c.layer, 1);
/// assert!(tree.changes(1).iter().any(|change| change.kind == ChangeKind::Removed));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Overlay {
    layers: Vec<Arc<Index>>,
    names: Names,
    parents: Vec<u32>,
    states: Vec<State>,
    tree: Tree,
    live: usize,
    /// Live hardlinks by node, each with the node that is listed as the file: itself when its file
    /// has no better name.
    hardlinks: Vec<(u32, u32)>,
    changes: Vec<Change>,
    /// Where in `changes` those of each layer end.
    change_ends: Vec<usize>,
    hidden: Vec<Hidden>,
    findings: Vec<Finding>,
}

/// Nodes in the byte order of their paths.
pub struct Walk<'a>(PathOrder<'a>);

impl Overlay {
    /// The layers that it was built from.
    #[must_use]
    pub fn layers(&self) -> &[Arc<Index>] {
        &self.layers
    }

    /// Number of paths in the merged tree, without the root.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether the merged tree is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// What is at a path of the merged tree; `None` when it was removed or never existed.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<Node<'_>> {
        let state = self.states.get(id.0 as usize).filter(|state| state.live)?;
        let primary = (state.kind == Kind::Hardlink)
            .then(|| self.hardlinks.binary_search_by_key(&id.0, |(node, _)| *node).ok())
            .flatten()
            .and_then(|at| self.hardlinks.get(at))
            .map(|(_, primary)| NodeId(*primary));
        Some(self.describe(id, state, primary))
    }

    fn describe(&self, id: NodeId, state: &State, primary: Option<NodeId>) -> Node<'_> {
        // A hardlink without a target has only its own entry.
        let file = state.file.exists().unwrap_or(state.own);
        let promoted = primary == Some(id);
        let entry =
            file.exists().and_then(|file| self.layers.get(file.layer as usize)?.entry(file.entry));
        let kind = match entry {
            Some(entry) if promoted => entry.kind,
            _ => state.kind,
        };
        let content = entry.filter(|entry| entry.kind == Kind::File).map(|_| file);
        Node {
            id,
            parent: self.parent(id),
            name: self.names.get(id.0),
            kind,
            mode: entry.map_or(0o755, |entry| entry.mode),
            uid: entry.map_or(0, |entry| entry.uid),
            gid: entry.map_or(0, |entry| entry.gid),
            size: entry.filter(|_| kind == Kind::File).map_or(0, |entry| entry.size),
            mtime: entry.map_or(0, |entry| entry.mtime),
            link: match entry {
                Some(entry) if kind == Kind::Symlink => entry.link,
                Some(entry) if kind == Kind::Hardlink && primary.is_none() => entry.link,
                _ => &[],
            },
            hardlink_to: primary.filter(|_| !promoted),
            layer: state.own.layer,
            entry: state.own.exists(),
            content,
        }
    }

    /// What is in a directory, in byte order of the names.
    #[must_use]
    pub fn children(&self, id: NodeId) -> &[NodeId] {
        self.tree.children(id.0)
    }

    /// The node at a path (slashes between components, leading and trailing ones ignored). Symlinks
    /// are not followed.
    #[must_use]
    pub fn find(&self, path: &[u8]) -> Option<NodeId> {
        let mut at = 0;
        for component in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            at = self.names.find(at, component)?;
        }
        self.states.get(at as usize).filter(|state| state.live)?;
        Some(NodeId(at))
    }

    /// What has this name in a directory.
    pub(crate) fn child(&self, dir: NodeId, name: &[u8]) -> Option<NodeId> {
        let node = self.names.find(dir.0, name)?;
        self.states.get(node as usize).filter(|state| state.live)?;
        Some(NodeId(node))
    }

    /// The entry that says what a node is: for a hardlink that of its file, for all else its own.
    /// `None` when no layer has it.
    #[must_use]
    pub fn file(&self, id: NodeId) -> Option<EntryRef> {
        self.states.get(id.0 as usize)?.file.exists()
    }

    /// The directory that a path is in, also of one that was removed; the root is in itself.
    pub(crate) fn parent(&self, id: NodeId) -> NodeId {
        NodeId(self.parents.get(id.0 as usize).copied().unwrap_or(0))
    }

    /// A number that is larger than that of any node.
    pub(crate) fn id_end(&self) -> usize {
        self.states.len()
    }

    /// The path of a node without a leading slash; also of a node that was removed. Empty for the
    /// root.
    #[must_use]
    pub fn path(&self, id: NodeId) -> Vec<u8> {
        path_of(&self.parents, &self.names, id.0)
    }

    /// The merged tree without its root, in the byte order of the paths.
    #[must_use]
    pub fn walk(&self) -> Walk<'_> {
        Walk(PathOrder::new(&self.tree, &self.names))
    }

    /// What one layer (from 0 at the base) added, changed and removed, in the byte order of the
    /// paths.
    #[must_use]
    pub fn changes(&self, layer: u32) -> &[Change] {
        let layer = layer as usize;
        let end = self.change_ends.get(layer).copied().unwrap_or(0);
        let start = layer.checked_sub(1).and_then(|below| self.change_ends.get(below)).copied();
        self.changes.get(start.unwrap_or(0)..end).unwrap_or_default()
    }

    /// The files of all layers that no path of the merged tree has, in the order of layers and entries.
    /// An entry that could not be placed at all is not among them.
    #[must_use]
    pub fn hidden(&self) -> &[Hidden] {
        &self.hidden
    }

    /// What is wrong or ambiguous with the way in which the layers lie on each other.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl Iterator for Walk<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        self.0.next()
    }
}
