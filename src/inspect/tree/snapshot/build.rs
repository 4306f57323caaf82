//! Collects the paths of a scope, and puts them in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Item, Snapshot, Texts, lower_case};
use crate::inspect::tree::query::{Scope, Status};
use crate::inspect::tree::row::size;
use crate::layer::{ChangeKind, NodeId, Overlay};

const NONE: u32 = u32::MAX;

/// One component of a path.
#[derive(Clone, Copy)]
struct Step {
    /// Length of the path up to and with the component.
    end: usize,
    number: u32,
    live: Option<NodeId>,
}

fn child(overlay: &Overlay, above: NodeId, name: &[u8]) -> Option<NodeId> {
    let name_of = |id: &NodeId| overlay.node(*id).map_or(b"".as_slice(), |node| node.name);
    let children = overlay.children(above);
    let at = children.binary_search_by(|id| name_of(id).cmp(name)).ok()?;
    children.get(at).copied()
}

/// Collects paths in any order in which parents come first.
struct Builder<'a> {
    overlay: &'a Arc<Overlay>,
    /// Number here of each node of the overlay.
    numbers: Vec<u32>,
    /// Number here of paths that the overlay does not have, by the number above and the name.
    gone: BTreeMap<(u32, Vec<u8>), u32>,
    /// The last path that was looked for and the way to it.
    last: Vec<u8>,
    way: Vec<Step>,
    parents: Vec<u32>,
    names: Texts,
    items: Vec<Item>,
    statuses: Vec<Status>,
}

impl<'a> Builder<'a> {
    fn new(overlay: &'a Arc<Overlay>) -> Self {
        let mut builder = Self {
            overlay,
            numbers: vec![0],
            gone: BTreeMap::new(),
            last: Vec::new(),
            way: Vec::new(),
            parents: Vec::new(),
            names: Texts::default(),
            items: Vec::new(),
            statuses: Vec::new(),
        };
        builder.push(0, b"", Item::Live(NodeId::ROOT));
        builder
    }

    fn push(&mut self, parent: u32, name: &[u8], item: Item) -> u32 {
        let number = self.parents.len() as u32;
        self.parents.push(parent);
        self.names.push(name);
        self.items.push(item);
        self.statuses.push(Status::Same);
        number
    }

    fn set(&mut self, number: u32, status: Status, item: Option<Item>) {
        if let Some(own) = self.statuses.get_mut(number as usize) {
            *own = status;
        }
        if let (Some(own), Some(item)) = (self.items.get_mut(number as usize), item) {
            *own = item;
        }
    }

    /// The number of a node that the overlay has, with all directories above it.
    fn live(&mut self, id: NodeId) -> u32 {
        let mut missing = Vec::new();
        let mut at = id;
        let mut number = loop {
            match self.numbers.get(at.0 as usize) {
                Some(number) if *number != NONE => break *number,
                _ => {}
            }
            missing.push(at);
            match self.overlay.node(at) {
                Some(node) if node.parent != at => at = node.parent,
                _ => break 0,
            }
        };
        while let Some(id) = missing.pop() {
            let overlay = self.overlay;
            let name = overlay.node(id).map_or(b"".as_slice(), |node| node.name);
            number = self.push(number, name, Item::Live(id));
            let at = id.0 as usize;
            if at >= self.numbers.len() {
                self.numbers.resize(at + 1, NONE);
            }
            if let Some(slot) = self.numbers.get_mut(at) {
                *slot = number;
            }
        }
        number
    }

    /// The number of a path, whether the overlay has it or not. Quick when paths come in order,
    /// as the way to the last one is kept.
    fn path(&mut self, path: &[u8], layer: u32) -> u32 {
        let common = path.iter().zip(&self.last).take_while(|(a, b)| a == b).count();
        let is_end = |end: usize| end == path.len() || path.get(end) == Some(&b'/');
        while self.way.last().is_some_and(|step| step.end > common || !is_end(step.end)) {
            self.way.pop();
        }
        self.last = path.to_vec();
        let root = Step { end: 0, number: 0, live: Some(NodeId::ROOT) };
        let mut at = self.way.last().copied().unwrap_or(root);
        while at.end < path.len() {
            let start = at.end + usize::from(at.end > 0);
            let rest = path.get(start..).unwrap_or_default();
            let len = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
            let name = rest.get(..len).unwrap_or_default();
            let live = at.live.and_then(|above| child(self.overlay, above, name));
            let number = match live {
                Some(id) => self.live(id),
                None => self.gone(at.number, name, layer),
            };
            at = Step { end: start + len, number, live };
            self.way.push(at);
        }
        at.number
    }

    fn gone(&mut self, parent: u32, name: &[u8], layer: u32) -> u32 {
        let key = (parent, name.to_vec());
        if let Some(number) = self.gone.get(&key) {
            return *number;
        }
        let number = self.push(parent, name, Item::Unnamed { layer });
        self.gone.insert(key, number);
        number
    }

    /// Everything that the overlay has.
    pub(super) fn all(overlay: &'a Arc<Overlay>) -> Self {
        let mut builder = Self::new(overlay);
        for id in overlay.walk() {
            builder.live(id);
        }
        builder
    }

    /// Everything that the overlay has and has had, compared with its first layer.
    pub(super) fn merged(overlay: &'a Arc<Overlay>) -> Snapshot {
        let mut builder = Self::all(overlay);
        let mut base: Vec<bool> = Vec::new();
        for change in overlay.changes(0) {
            let at = change.node.0 as usize;
            if at >= base.len() {
                base.resize(at + 1, false);
            }
            if let Some(flag) = base.get_mut(at) {
                *flag = change.kind != ChangeKind::Removed;
            }
        }
        for layer in 1..overlay.layers().len() as u32 {
            for change in overlay.changes(layer) {
                let id = change.node;
                if overlay.node(id).is_some() {
                    let in_base = base.get(id.0 as usize).copied().unwrap_or(false);
                    let number = builder.live(id);
                    let status = if in_base { Status::Changed } else { Status::Added };
                    builder.set(number, status, None);
                } else if change.kind == ChangeKind::Removed {
                    let number = builder.path(&overlay.path(id), layer);
                    let item = change.before.map(|entry| Item::Entry { entry, layer });
                    builder.set(number, Status::Removed, item);
                }
            }
        }
        builder.finish()
    }

    /// What one layer, counted from 1, did, and the directories above that.
    pub(super) fn changes(overlay: &'a Arc<Overlay>, layer: usize) -> Snapshot {
        let mut builder = Self::new(overlay);
        let layer = layer.checked_sub(1).and_then(|at| u32::try_from(at).ok());
        let Some(layer) = layer else { return builder.finish() };
        for change in overlay.changes(layer) {
            let number = match overlay.node(change.node) {
                Some(_) => builder.live(change.node),
                None => builder.path(&overlay.path(change.node), layer),
            };
            let (status, entry) = match change.kind {
                ChangeKind::Added => (Status::Added, change.after),
                ChangeKind::Changed => (Status::Changed, change.after),
                ChangeKind::Removed => (Status::Removed, change.before),
            };
            let untouched = overlay.node(change.node).is_some_and(|node| {
                node.layer == layer && node.entry == entry && change.kind != ChangeKind::Removed
            });
            let item = match entry {
                _ if untouched => None,
                Some(entry) => Some(Item::Entry { entry, layer }),
                None => Some(Item::Unnamed { layer }),
            };
            builder.set(number, status, item);
        }
        builder.finish()
    }

    /// Numbers the paths anew, each with everything below it behind it, names in byte order.
    pub(super) fn finish(self) -> Snapshot {
        let count = self.parents.len();
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (number, parent) in self.parents.iter().enumerate().skip(1) {
            if let Some(list) = children.get_mut(*parent as usize) {
                list.push(number as u32);
            }
        }
        for list in &mut children {
            list.sort_by(|a, b| self.names.get(*a as usize).cmp(self.names.get(*b as usize)));
        }
        let mut snapshot = Snapshot {
            overlay: Arc::clone(self.overlay),
            first_layer: 1,
            parents: Vec::with_capacity(count),
            ends: vec![0; count],
            names: Texts::default(),
            lower: Texts::default(),
            items: Vec::with_capacity(count),
            statuses: Vec::with_capacity(count),
            totals: vec![0; count],
            path_lens: Vec::with_capacity(count),
        };
        let mut pending = vec![(0, 0)];
        while let Some((old, parent)) = pending.pop() {
            let number = snapshot.parents.len() as u32;
            let name = self.names.get(old as usize);
            snapshot.parents.push(parent);
            let above = snapshot.path_len(parent);
            let len = above + usize::from(above > 0) + name.len();
            snapshot.path_lens.push(u32::try_from(len).unwrap_or(u32::MAX));
            snapshot.names.push(name);
            snapshot.lower.push(&lower_case(name));
            snapshot.items.extend(self.items.get(old as usize));
            snapshot.statuses.extend(self.statuses.get(old as usize));
            let below = children.get(old as usize).into_iter().flatten().rev();
            pending.extend(below.map(|child| (*child, number)));
        }
        snapshot.add_up();
        snapshot
    }
}

impl Snapshot {
    pub(in crate::inspect) fn build(overlay: &Arc<Overlay>, scope: Scope) -> Self {
        match scope {
            Scope::Merged => Builder::merged(overlay),
            Scope::Changes(layer) => Builder::changes(overlay, layer),
            Scope::Layer(layer) => {
                let index = layer.checked_sub(1).and_then(|at| overlay.layers().get(at));
                let raw = index
                    .map_or_else(|| Overlay::build(&[]), |index| Overlay::raw(Arc::clone(index)));
                let mut snapshot = Builder::all(&Arc::new(raw)).finish();
                snapshot.first_layer = layer;
                snapshot
            }
        }
    }

    /// Fills in where the paths below each end, and their sizes. What was removed counts only by
    /// itself.
    fn add_up(&mut self) {
        for id in (0..self.len() as u32).rev() {
            let at = id as usize;
            let own = size(self, id);
            let removed = self.status(id) == Status::Removed;
            if let Some(end) = self.ends.get_mut(at) {
                *end = (*end).max(id + 1);
            }
            if let Some(total) = self.totals.get_mut(at) {
                *total = total.saturating_add(own);
            }
            if id == 0 {
                continue;
            }
            let (parent, end, total) = (self.parent(id) as usize, self.end(id), self.total(id));
            let counts = !removed || self.status(parent as u32) == Status::Removed;
            if let Some(above) = self.ends.get_mut(parent) {
                *above = (*above).max(end);
            }
            if let Some(above) = self.totals.get_mut(parent).filter(|_| counts) {
                *above = above.saturating_add(total);
            }
        }
    }
}
