//! How do several layers become one?
//!
//! A flattened layer is the difference between two merged trees: what lies below it, and what is
//! there with it. Paths are the real ones, symlinks in their parents followed, so it unpacks to
//! the same tree whatever the layers did in between. Its order is
//! 1. directories, parents first, each followed by the whiteouts in it, so that nothing is ever
//!    written through what will be replaced;
//! 2. everything else as it stands in the layers, the lowest first, so that each layer has to be
//!    read once, as a stream, and runs of entries are copied as they are;
//! 3. hardlinks.

use std::collections::HashMap;

use super::header::Head;
use super::plan::{Builder, TarPlan};
use crate::finding::Finding;
use crate::layer::findings::{Findings, display};
use crate::layer::index::{Entry, Extras, Index, Kind};
use crate::layer::overlay::{EntryRef, Node, NodeId, Overlay};

/// Several layers as one, or the files of an image.
#[derive(Clone, Debug)]
pub struct Flattened {
    /// The tar. Its layers are those of the merged tree.
    pub plan: TarPlan,
    /// What had to be left out, because no layer can say it.
    pub findings: Vec<Finding>,
}

/// The one layer that makes of the tree `below` the tree `merged`, whose layers begin with those
/// of `below`.
///
/// Whiteouts are written for what the tree below has and the merged tree does not, and an opaque
/// whiteout when nothing is left of what a directory held below. With no layers below there are
/// none.
///
/// Entries are copied with all that their headers say where those are unambiguous. Where a header
/// has to be made anew (for directories, and names that are not plain) it has the mode, owner,
/// time and extended attributes, but no names of owner and group, fractions of seconds, times of
/// access or unknown records. The security descriptors of Windows are such records, so layers of
/// Windows images can't be flattened without loss.
#[must_use]
pub fn flatten(below: &Overlay, merged: &Overlay) -> Flattened {
    let selection = Selection {
        merged,
        below: Some(below),
        first: below.layers().len() as u32,
        top: NodeId::ROOT,
    };
    selection.flatten()
}

/// Which nodes are written.
pub(super) struct Selection<'a> {
    pub(super) merged: &'a Overlay,
    /// What the tree below has; `None` when there is nothing.
    pub(super) below: Option<&'a Overlay>,
    /// The first layer whose entries are written.
    pub(super) first: u32,
    /// The directory whose contents are written.
    pub(super) top: NodeId,
}

/// A node that is no directory, and how it is written.
pub(super) enum Leaf {
    /// As this entry, with its content.
    Entry { node: NodeId, entry: EntryRef },
    /// As a hardlink to another node.
    Link { node: NodeId, leader: NodeId },
}

impl Selection<'_> {
    fn flatten(&self) -> Flattened {
        let mut findings = Findings::default();
        let mut builder = Builder::over(self.merged.layers());
        let nodes = self.nodes(&mut findings);
        self.directories(&nodes, &mut builder);
        let mut leaves = self.leaves(&nodes, &mut findings);
        leaves.sort_by_key(|leaf| match leaf {
            Leaf::Entry { entry, .. } => (false, Some(*entry)),
            Leaf::Link { .. } => (true, None),
        });
        leaves.iter().for_each(|leaf| self.leaf(leaf, &mut builder));
        Flattened { plan: builder.finish(), findings: findings.finish("layer") }
    }

    /// Everything but directories that is new, in the order of the nodes.
    pub(super) fn leaves(&self, nodes: &[NodeId], findings: &mut Findings) -> Vec<Leaf> {
        let leaders = self.leaders(nodes);
        let mut leaves = Vec::new();
        for node in self.describe(nodes).filter(|node| node.kind != Kind::Directory) {
            if !self.is_new(&node) {
                continue;
            }
            let leader = leaders.get(&group(&node)).copied().unwrap_or(node.id);
            match self.merged.file(node.id) {
                _ if leader != node.id => leaves.push(Leaf::Link { node: node.id, leader }),
                Some(entry) => leaves.push(Leaf::Entry { node: node.id, entry }),
                None => findings.add("flatten.hardlink-target", |rule| {
                    let text = "The target of this hardlink does not exist, so it is left out.";
                    let path = self.merged.path(node.id);
                    Finding::error(rule, display(&path), text).actual(display(node.link))
                }),
            }
        }
        leaves
    }

    pub(super) fn leaf(&self, leaf: &Leaf, builder: &mut Builder) {
        match leaf {
            Leaf::Entry { node, entry } => self.content(*node, *entry, builder),
            Leaf::Link { node, leader } => {
                let Some(node) = self.merged.node(*node) else { return };
                let mut head = Head::new(Kind::Hardlink, self.path(node.id), node.mode);
                (head.uid, head.gid, head.mtime) = (node.uid, node.gid, node.mtime);
                head.link = self.path(*leader).into();
                builder.head(&head);
            }
        }
    }

    /// The nodes below the top in the order of their paths, those that are not written too.
    pub(super) fn nodes(&self, findings: &mut Findings) -> Vec<NodeId> {
        let mut inside = vec![false; self.merged.id_end()];
        mark(&mut inside, self.top);
        let mut nodes = Vec::with_capacity(self.merged.len());
        for node in self.merged.walk().filter_map(|id| self.merged.node(id)) {
            if !is_marked(&inside, node.parent) {
                continue;
            }
            if node.name.starts_with(b".wh.") && self.is_new(&node) {
                findings.add("flatten.whiteout-name", |rule| {
                    let text = "The name means a deletion in a layer, so the entry is left out, \
                                and what is in it.";
                    Finding::error(rule, display(&self.merged.path(node.id)), text)
                });
                continue;
            }
            mark(&mut inside, node.id);
            nodes.push(node.id);
        }
        nodes
    }

    pub(super) fn describe(&self, nodes: &[NodeId]) -> impl DoubleEndedIterator<Item = Node<'_>> {
        nodes.iter().filter_map(|id| self.merged.node(*id))
    }

    fn is_new(&self, node: &Node<'_>) -> bool {
        node.layer >= self.first
    }

    fn path(&self, id: NodeId) -> Vec<u8> {
        let path = self.merged.path(id);
        match self.merged.path(self.top).len() {
            0 => path,
            top => path.get(top + 1..).unwrap_or_default().to_vec(),
        }
    }

    /// Directories, and the whiteouts in each.
    fn directories(&self, nodes: &[NodeId], builder: &mut Builder) {
        // Directories with something in them that stays as it is below.
        let mut holds_old = vec![false; self.merged.id_end()];
        for node in self.describe(nodes).rev() {
            if !self.is_new(&node) || is_marked(&holds_old, node.id) {
                mark(&mut holds_old, node.parent);
            }
        }
        let root = self.merged.node(NodeId::ROOT).filter(|_| self.top == NodeId::ROOT);
        // Directories below the same path below, if nothing above hides them.
        let mut twins = HashMap::new();
        if let Some(below) = self.below {
            twins.insert(NodeId::ROOT, (below, NodeId::ROOT));
        }
        let all = root.into_iter().chain(self.describe(nodes));
        for node in all.filter(|node| node.kind == Kind::Directory) {
            let is_root = node.id == NodeId::ROOT;
            if self.is_new(&node) && (!is_root || node.entry.is_some()) {
                builder.head(&self.directory(&node));
            }
            let Some(&(below, twin)) = twins.get(&node.id) else { continue };
            let children = below.children(twin).iter().filter_map(|id| below.node(*id));
            let is_gone = |child: &Node<'_>| self.merged.child(node.id, child.name).is_none();
            // At the root there is little to name, and some tools empty no roots.
            let opaque = !is_root
                && !is_marked(&holds_old, node.id)
                && children.clone().any(|child| is_gone(&child));
            if opaque {
                self.whiteout(node.id, b".wh..wh..opq", builder);
                continue;
            }
            for child in children {
                if is_gone(&child) {
                    self.whiteout(node.id, &[b".wh.", child.name].concat(), builder);
                } else if child.kind == Kind::Directory
                    && let Some(same) = self.merged.child(node.id, child.name)
                {
                    twins.insert(same, (below, child.id));
                }
            }
        }
    }

    /// The header of a directory.
    pub(super) fn directory(&self, node: &Node<'_>) -> Head<'_> {
        let mut path = self.path(node.id);
        if path.is_empty() {
            path.push(b'.');
        }
        let head = node.entry.and_then(|entry| Head::of(self.index(entry)?, entry.entry));
        match head {
            Some(head) => Head { path: path.into(), ..head },
            None => Head::new(Kind::Directory, path, node.mode),
        }
    }

    fn whiteout(&self, dir: NodeId, name: &[u8], builder: &mut Builder) {
        let mut path = self.path(dir);
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        builder.head(&Head::new(Kind::File, path, 0o644));
    }

    /// For each file with several names the one that the others are written as hardlinks to: one
    /// that is there already, else the one that is listed as the file, else the first.
    fn leaders(&self, nodes: &[NodeId]) -> HashMap<NodeId, NodeId> {
        let rank = |node: &Node<'_>| (self.is_new(node), node.hardlink_to.is_some());
        let links = self.describe(nodes).filter(|node| node.hardlink_to.is_some());
        let mut leaders: HashMap<NodeId, Option<Node<'_>>> =
            links.map(|node| (group(&node), None)).collect();
        for node in self.describe(nodes) {
            // Of equal ones the first is kept, and they are met in the order of their paths.
            if let Some(leader) = leaders.get_mut(&group(&node))
                && leader.is_none_or(|leader| rank(&node) < rank(&leader))
            {
                *leader = Some(node);
            }
        }
        leaders.into_iter().filter_map(|(group, leader)| Some((group, leader?.id))).collect()
    }

    /// An entry with its content, copied with its header if that can be.
    fn content(&self, node: NodeId, file: EntryRef, builder: &mut Builder) {
        let Some((index, path)) = self.index(file).map(|index| (index, self.path(node))) else {
            return;
        };
        let layer = file.layer as usize;
        let is_own = self.merged.node(node).is_some_and(|node| node.entry == Some(file));
        if is_own
            && let Some(entry) = index.entry(file.entry)
            && is_plain(index, &entry, &path)
            && let Some(end) = index.content_end(file.entry)
        {
            builder.entries(layer, entry.header_offset..end, 1);
        } else if let Some(head) = Head::of(index, file.entry) {
            let head = Head { path: path.into(), ..head };
            builder.remade(&head, layer, index, Some(file.entry));
        }
    }

    fn index(&self, entry: EntryRef) -> Option<&Index> {
        self.merged.layers().get(entry.layer as usize).map(|index| &**index)
    }
}

/// Whether every tool reads the headers of an entry as they are read here, wherever they stand,
/// and takes its name for `path`.
fn is_plain(index: &Index, entry: &Entry<'_>, path: &[u8]) -> bool {
    let (extras, name) = (index.extras(entry.ordinal), entry.name());
    !extras.has(Extras::AMBIGUOUS)
        && !extras.has(Extras::GLOBAL)
        && index.sparse(entry.ordinal).is_none()
        && name.strip_prefix(b"./").unwrap_or(&name) == path
}

/// The node that is listed as the file of a node.
fn group(node: &Node<'_>) -> NodeId {
    node.hardlink_to.unwrap_or(node.id)
}

pub(super) fn mark(marks: &mut [bool], id: NodeId) {
    if let Some(mark) = marks.get_mut(id.0 as usize) {
        *mark = true;
    }
}

pub(super) fn is_marked(marks: &[bool], id: NodeId) -> bool {
    marks.get(id.0 as usize).copied().unwrap_or(false)
}
