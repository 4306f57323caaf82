//! In which order do nodes stand?

use super::names::Names;
use super::node::NodeId;

/// The children of every directory in byte order, in one list.
#[derive(Debug)]
pub(super) struct Tree {
    starts: Vec<u32>,
    children: Vec<NodeId>,
}

impl Tree {
    /// Sorts all nodes but the root into their directories.
    pub(super) fn new(names: &Names) -> Self {
        let parents = names.parents();
        let mut starts = vec![0u32; parents.len() + 1];
        for parent in &parents[1..] {
            starts[*parent as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut children = vec![NodeId::ROOT; parents.len() - 1];
        for (node, parent) in parents.iter().enumerate().skip(1) {
            let place = &mut next[*parent as usize];
            children[*place as usize] = NodeId(node as u32);
            *place += 1;
        }
        for bounds in starts.windows(2) {
            let group = &mut children[bounds[0] as usize..bounds[1] as usize];
            if group.len() > 1 {
                group.sort_unstable_by(|a, b| names.get(a.0).cmp(names.get(b.0)));
            }
        }
        Self { starts, children }
    }

    /// The same tree with only those nodes that `keep`.
    pub(super) fn filter(&self, keep: impl Fn(NodeId) -> bool) -> Self {
        let mut starts = Vec::with_capacity(self.starts.len());
        let mut children = Vec::with_capacity(self.children.len());
        for bounds in self.starts.windows(2) {
            starts.push(children.len() as u32);
            let group = &self.children[bounds[0] as usize..bounds[1] as usize];
            children.extend(group.iter().copied().filter(|node| keep(*node)));
        }
        starts.push(children.len() as u32);
        Self { starts, children }
    }

    pub(super) fn children(&self, node: u32) -> &[NodeId] {
        let at = node as usize;
        let bounds = self.starts.get(at).zip(self.starts.get(at + 1));
        bounds
            .and_then(|(start, end)| self.children.get(*start as usize..*end as usize))
            .unwrap_or_default()
    }
}

/// Goes through a tree in the byte order of the whole paths, in which `a-b` stands before `a/b`.
pub(super) struct PathOrder<'a> {
    tree: &'a Tree,
    names: &'a Names,
    frames: Vec<Frame>,
    /// Directories that were handed out and whose contents were not, the next one last.
    pending: Vec<NodeId>,
}

struct Frame {
    dir: u32,
    /// How many of its children were handed out.
    position: usize,
    /// From where on `pending` belongs to it.
    base: usize,
}

impl<'a> PathOrder<'a> {
    pub(super) fn new(tree: &'a Tree, names: &'a Names) -> Self {
        let root = Frame { dir: 0, position: 0, base: 0 };
        Self { tree, names, frames: vec![root], pending: Vec::new() }
    }
}

impl Iterator for PathOrder<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        loop {
            let frame = self.frames.last_mut()?;
            let child = self.tree.children(frame.dir).get(frame.position).copied();
            if self.pending.len() > frame.base
                && let Some(dir) = self.pending.last().copied()
                && child.is_none_or(|child| inside_before(self.names, dir, child))
            {
                self.pending.pop();
                self.frames.push(Frame { dir: dir.0, position: 0, base: self.pending.len() });
                continue;
            }
            match child {
                None => {
                    self.frames.pop();
                }
                Some(child) => {
                    frame.position += 1;
                    if !self.tree.children(child.0).is_empty() {
                        self.pending.push(child);
                    }
                    return Some(child);
                }
            }
        }
    }
}

/// Whether what is in `dir` stands before its later sibling `next`.
fn inside_before(names: &Names, dir: NodeId, next: NodeId) -> bool {
    match names.get(next.0).strip_prefix(names.get(dir.0)) {
        Some(rest) => rest.first().is_some_and(|byte| b'/' < *byte),
        None => true,
    }
}
