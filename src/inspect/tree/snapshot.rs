//! Which paths does a scope have, and how do they hang together?

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Scope, Status};
use crate::layer::{ChangeKind, EntryRef, NodeId, Overlay};

/// Where the facts about a path are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::inspect) enum Item {
    /// In the overlay.
    Live(NodeId),
    /// In the index of a layer, as the overlay has something else there or nothing.
    Entry {
        /// The entry.
        entry: EntryRef,
        /// The layer that added, changed or removed it, from 0 at the base.
        layer: u32,
    },
    /// Nowhere: a directory that no layer names.
    Unnamed {
        /// The layer that it belongs to, from 0 at the base.
        layer: u32,
    },
}

/// The paths of one scope in columns; parents stand before their children, and everything below a
/// path directly behind it. Number 0 is the root.
pub(in crate::inspect) struct Snapshot {
    /// The overlay that [`Item::Live`] means.
    pub(super) overlay: Arc<Overlay>,
    /// What is added to the numbers of its layers.
    pub(super) first_layer: usize,
    parents: Vec<u32>,
    /// One behind the last path below each.
    ends: Vec<u32>,
    names: Texts,
    lower: Texts,
    items: Vec<Item>,
    statuses: Vec<Status>,
    totals: Vec<u64>,
    path_lens: Vec<u32>,
}

/// Many byte strings in one.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Texts {
    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    fn get(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(at).copied().unwrap_or(0);
        self.bytes.get(start.unwrap_or(0) as usize..end as usize).unwrap_or_default()
    }
}

/// Lower case of what is UTF-8; other bytes stay.
pub(super) fn lower_case(text: &[u8]) -> Cow<'_, [u8]> {
    if text.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    let mut lower = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        lower.extend_from_slice(chunk.valid().to_lowercase().as_bytes());
        lower.extend_from_slice(chunk.invalid());
    }
    Cow::Owned(lower)
}

impl Snapshot {
    pub(super) fn build(overlay: &Arc<Overlay>, scope: Scope) -> Self {
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

    /// Number of paths, the root counted.
    pub(in crate::inspect) fn len(&self) -> usize {
        self.parents.len()
    }

    pub(super) fn parent(&self, id: u32) -> u32 {
        self.parents.get(id as usize).copied().unwrap_or(0)
    }

    pub(super) fn name(&self, id: u32) -> &[u8] {
        self.names.get(id as usize)
    }

    pub(super) fn lower_name(&self, id: u32) -> &[u8] {
        self.lower.get(id as usize)
    }

    pub(in crate::inspect) fn status(&self, id: u32) -> Status {
        self.statuses.get(id as usize).copied().unwrap_or_default()
    }

    pub(super) fn item(&self, id: u32) -> Option<Item> {
        self.items.get(id as usize).copied()
    }

    /// Size of all files at and below a path.
    pub(super) fn total(&self, id: u32) -> u64 {
        self.totals.get(id as usize).copied().unwrap_or(0)
    }

    fn end(&self, id: u32) -> u32 {
        self.ends.get(id as usize).copied().unwrap_or(0)
    }

    pub(super) fn children(&self, id: u32) -> impl Iterator<Item = u32> {
        let end = self.end(id);
        let first = (id + 1 < end).then_some(id + 1);
        std::iter::successors(first, move |child| {
            Some(self.end(*child)).filter(|next| next > child && *next < end)
        })
    }

    pub(super) fn depth(&self, id: u32) -> u32 {
        let mut depth = 0;
        let mut at = self.parent(id);
        while at != 0 {
            depth += 1;
            at = self.parent(at);
        }
        depth
    }

    /// Length of the path in bytes.
    pub(in crate::inspect) fn path_len(&self, id: u32) -> usize {
        self.path_lens.get(id as usize).copied().unwrap_or(0) as usize
    }

    /// The path without a leading slash.
    pub(in crate::inspect) fn path(&self, id: u32) -> Vec<u8> {
        let mut chain = Vec::new();
        let mut at = id;
        while at != 0 {
            chain.push(self.name(at));
            at = self.parent(at);
        }
        chain.reverse();
        chain.join(&b'/')
    }

    /// The numbers of the paths that both have, here and there.
    pub(super) fn common(&self, other: &Self) -> Vec<(u32, u32)> {
        let mut both = vec![(0, 0)];
        let mut done = 0;
        while let Some((own, others)) = both.get(done).copied() {
            done += 1;
            let mut there = other.children(others).peekable();
            for here in self.children(own) {
                let name = self.name(here);
                while there.next_if(|child| other.name(*child) < name).is_some() {}
                if let Some(child) = there.next_if(|child| other.name(*child) == name) {
                    both.push((here, child));
                }
            }
        }
        both
    }

    /// The number of a path; slashes at either end are ignored.
    pub(super) fn find(&self, path: &[u8]) -> Option<u32> {
        let mut at = 0;
        for component in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            at = self.children(at).find(|child| self.name(*child) == component)?;
        }
        Some(at)
    }
}

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
    fn all(overlay: &'a Arc<Overlay>) -> Self {
        let mut builder = Self::new(overlay);
        for id in overlay.walk() {
            builder.live(id);
        }
        builder
    }

    /// Everything that the overlay has and has had, compared with its first layer.
    fn merged(overlay: &'a Arc<Overlay>) -> Snapshot {
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
    fn changes(overlay: &'a Arc<Overlay>, layer: usize) -> Snapshot {
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
    fn finish(self) -> Snapshot {
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
    /// Fills in where the paths below each end, and their sizes. What was removed counts only by
    /// itself.
    fn add_up(&mut self) {
        for id in (0..self.len() as u32).rev() {
            let at = id as usize;
            let own = super::row::size(self, id);
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
