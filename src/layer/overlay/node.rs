//! What is at one path, and what a layer did to it?

use crate::layer::index::Kind;

/// The rule that a hardlink breaks whose file is not there when its turn comes. No runtime can unpack
/// such a layer, though its bytes may all be the promised ones.
pub const HARDLINK_TARGET: &str = "layer.hardlink-target";

/// One path of an [`Overlay`](super::Overlay); the same number means the same path as long as the
/// overlay lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The root directory.
    pub const ROOT: Self = Self(0);
}

/// An entry of one of the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryRef {
    /// The layer, from 0 at the base.
    pub layer: u32,
    /// The entry in that layer's [`Index`](crate::layer::Index).
    pub entry: u32,
}

/// What is at one path of the merged tree.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// Its number.
    pub id: NodeId,
    /// The directory that it is in (the root is in itself).
    pub parent: NodeId,
    /// The last component of its path; empty for the root.
    pub name: &'a [u8],
    /// What it is.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky. For a hardlink those of the file.
    pub mode: u16,
    /// User id. For a hardlink that of the file.
    pub uid: u32,
    /// Group id. For a hardlink that of the file.
    pub gid: u32,
    /// Size in bytes of a file, 0 for all else, hardlinks too.
    pub size: u64,
    /// Seconds since 1970. For a hardlink those of the file.
    pub mtime: i64,
    /// Target of a symlink as it stands in the tar, or of a hardlink whose target does not exist;
    /// empty for all else (see [`Node::hardlink_to`]).
    pub link: &'a [u8],
    /// For a hardlink the node that is listed as the file; `None` when there is no such file.
    pub hardlink_to: Option<NodeId>,
    /// The layer that it comes from, from 0 at the base: the last one whose entry says what it is.
    pub layer: u32,
    /// The entry that it comes from; `None` for a directory that no layer names, which is shown
    /// with mode 0755 and owner 0:0.
    pub entry: Option<EntryRef>,
    /// The entry that holds the content of a file or hardlink.
    pub content: Option<EntryRef>,
}

/// What a layer did to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// There was nothing before.
    Added,
    /// Content, metadata or kind are not what they were.
    Changed,
    /// There is nothing any more.
    Removed,
}

/// One path that a layer added, changed or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path.
    pub node: NodeId,
    /// What was done.
    pub kind: ChangeKind,
    /// What it was before; `None` when it is added or was a directory that no layer names.
    pub before: Option<EntryRef>,
    /// What it is after; `None` when it is removed or is a directory that no layer names.
    pub after: Option<EntryRef>,
}

/// How one path looks after a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) live: bool,
    pub(super) kind: Kind,
    /// The entry that names it; its number is [`NO_ENTRY`] when no layer does.
    pub(super) own: EntryRef,
    /// The entry whose file it is: `own`, but for hardlinks.
    pub(super) file: EntryRef,
}

/// Number of an entry that does not exist.
pub(super) const NO_ENTRY: u32 = u32::MAX;

impl EntryRef {
    pub(super) fn exists(self) -> Option<Self> {
        (self.entry != NO_ENTRY).then_some(self)
    }
}
