//! How does a tree of files become a tar that anyone can extract?
//!
//! Layers are read once each, as streams, so files stand as they do in the layers, the lowest first.
//! GNU tar gives a directory its mode as soon as something follows that lies outside of it, and who
//! is not root can then write nothing more into it if the mode says so. Hence
//! - a directory stands right before what is first in it, so that what a layer holds together stays
//!   together;
//! - one that gets more after it was left is writable at first, and stands once more at the end with
//!   its own mode and time, as what comes later gives it another time; what is in it comes before it,
//!   for its mode may shut it;
//! - a hardlink stands where it does in its layer, which is behind its file;
//! - the top directory, which is left at once, comes last.

use super::flatten::{Flattened, Leaf, Selection, is_marked, mark};
use super::header::Head;
use super::plan::Builder;
use crate::layer::findings::Findings;
use crate::layer::index::Kind;
use crate::layer::overlay::{EntryRef, NodeId, Overlay};

/// What whoever extracts a directory needs of it.
const WRITABLE: u16 = 0o700;

/// The whole tree of an image, as `docker export` gives it.
#[must_use]
pub fn export(image: &Overlay) -> Flattened {
    Selection { merged: image, below: None, first: 0, top: NodeId::ROOT }.export()
}

/// What is in one folder, with names as they are seen from there; `None` when `folder` is no
/// directory. A hardlink to a file elsewhere becomes a file.
#[must_use]
pub fn folder(image: &Overlay, folder: NodeId) -> Option<Flattened> {
    image.node(folder).filter(|node| node.kind == Kind::Directory)?;
    Some(Selection { merged: image, below: None, first: 0, top: folder }.export())
}

/// One entry of the tar.
enum Step {
    Directory(NodeId),
    Leaf(Leaf),
}

impl Selection<'_> {
    fn export(&self) -> Flattened {
        let mut findings = Findings::default();
        let nodes = self.nodes(&mut findings);
        let mut order = Order::new(self);
        for step in self.in_layers(&nodes, &mut findings) {
            order.take(step);
        }
        let Order { steps, shut, .. } = order;
        let mut builder = Builder::over(self.merged.layers());
        for step in &steps {
            match step {
                Step::Leaf(leaf) => self.leaf(leaf, &mut builder),
                Step::Directory(id) => {
                    let Some(node) = self.merged.node(*id) else { continue };
                    let head = self.directory(&node);
                    let more = if is_marked(&shut, *id) { WRITABLE } else { 0 };
                    builder.head(&Head { mode: head.mode | more, ..head });
                }
            }
        }
        let root = self.merged.node(NodeId::ROOT).filter(|root| root.entry.is_some());
        let root = root.filter(|_| self.top == NodeId::ROOT);
        let again = self.describe(&nodes).rev().filter(|node| is_marked(&shut, node.id));
        again.chain(root).for_each(|node| builder.head(&self.directory(&node)));
        Flattened { plan: builder.finish(), findings: findings.finish("layer") }
    }

    /// Everything in the order in which it stands in the layers, and behind it directories that no
    /// entry names.
    fn in_layers(&self, nodes: &[NodeId], findings: &mut Findings) -> Vec<Step> {
        let own = |id: NodeId| self.merged.node(id).and_then(|node| node.entry);
        let place = |step: &Step| -> (bool, Option<EntryRef>) {
            let entry = match step {
                Step::Directory(id) => own(*id),
                Step::Leaf(Leaf::Entry { entry, .. }) => Some(*entry),
                Step::Leaf(Leaf::Link { node, .. }) => own(*node),
            };
            (entry.is_none(), entry)
        };
        let leaves = self.leaves(nodes, findings).into_iter().map(Step::Leaf);
        let directories = self.describe(nodes).filter(|node| node.kind == Kind::Directory);
        let mut steps: Vec<Step> =
            directories.map(|node| Step::Directory(node.id)).chain(leaves).collect();
        steps.sort_by_key(place);
        steps
    }
}

/// Puts entries into an order in which they can be extracted.
struct Order<'s, 'o> {
    selection: &'s Selection<'o>,
    steps: Vec<Step>,
    /// Nodes that are among the steps.
    done: Vec<bool>,
    /// For each directory the number of steps up to the last one that is in it.
    last: Vec<usize>,
    /// Directories that were left.
    left: Vec<bool>,
    /// Directories that were left and have got more.
    shut: Vec<bool>,
}

impl<'s, 'o> Order<'s, 'o> {
    fn new(selection: &'s Selection<'o>) -> Self {
        let nothing = || vec![false; selection.merged.id_end()];
        Self {
            selection,
            steps: Vec::new(),
            done: nothing(),
            last: vec![0; selection.merged.id_end()],
            left: nothing(),
            shut: nothing(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Directory(id) => self.directory(id),
            Step::Leaf(Leaf::Entry { node, .. } | Leaf::Link { node, .. }) => self.put(node, step),
        }
    }

    fn directory(&mut self, id: NodeId) {
        if !is_marked(&self.done, id) {
            self.put(id, Step::Directory(id));
        }
    }

    /// Adds a step, and before it the directories that it lies in.
    fn put(&mut self, id: NodeId, step: Step) {
        let above = self.above(id);
        for directory in above.iter().rev() {
            self.directory(*directory);
        }
        let before = self.steps.len();
        for directory in &above {
            let Some(last) = self.last.get_mut(directory.0 as usize) else { continue };
            if std::mem::replace(last, before + 1) != before {
                mark(&mut self.left, *directory);
            }
        }
        if let Some(last) = self.last.get_mut(id.0 as usize) {
            *last = before + 1;
        }
        let parent = above.first().filter(|parent| is_marked(&self.left, **parent));
        if let Some(parent) = parent {
            mark(&mut self.shut, *parent);
        }
        mark(&mut self.done, id);
        self.steps.push(step);
    }

    /// The directories that a node lies in, the next one first, without the top.
    fn above(&self, id: NodeId) -> Vec<NodeId> {
        let parent = |id: &NodeId| self.selection.merged.node(*id).map(|node| node.parent);
        let inside = |id: &NodeId| *id != self.selection.top && *id != NodeId::ROOT;
        std::iter::successors(parent(&id), parent).take_while(inside).collect()
    }
}
