//! Which node stands for a name in a directory?

use std::hash::{DefaultHasher, Hasher};

/// The names of all nodes, and a table from directory and name to node.
///
/// The hash is keyed with all names of the image, so that whoever chooses the names can't choose
/// which of them collide; no order depends on it.
#[derive(Debug)]
pub(crate) struct Names {
    key: u64,
    bytes: Vec<u8>,
    ends: Vec<u32>,
    parents: Vec<u32>,
    hashes: Vec<u32>,
    /// Node number + 1, or 0; a power of two of them, at most half in use.
    slots: Vec<u32>,
}

impl Names {
    /// Begins with the root, node 0, which has an empty name.
    pub(crate) fn new(key: u64, capacity: usize) -> Self {
        let slots = (capacity.max(16) * 2).next_power_of_two();
        Self {
            key,
            bytes: Vec::new(),
            ends: vec![0],
            parents: vec![0],
            hashes: vec![0],
            slots: vec![0; slots],
        }
    }

    /// A key that depends on every byte of `texts`.
    pub(crate) fn key<'a>(texts: impl Iterator<Item = &'a [u8]>) -> u64 {
        let mut hasher = DefaultHasher::new();
        for text in texts {
            hasher.write(text);
            hasher.write_usize(text.len());
        }
        hasher.finish()
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, node: u32) -> &[u8] {
        let at = node as usize;
        let end = self.ends.get(at).copied().unwrap_or(0) as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.bytes.get(start.unwrap_or(0) as usize..end).unwrap_or_default()
    }

    pub(crate) fn find(&self, parent: u32, name: &[u8]) -> Option<u32> {
        self.probe(parent, name, self.hash(parent, name)).ok()
    }

    /// The node for a name, a new one if there was none; `None` when there are too many names.
    pub(crate) fn find_or_add(&mut self, parent: u32, name: &[u8]) -> Option<(u32, bool)> {
        let hash = self.hash(parent, name);
        let slot = match self.probe(parent, name, hash) {
            Ok(node) => return Some((node, false)),
            Err(slot) => slot,
        };
        let node = self.ends.len();
        let end = u32::try_from(self.bytes.len() + name.len()).ok()?;
        if node >= crate::limits::OVERLAY_NODES {
            return None;
        }
        self.bytes.extend_from_slice(name);
        self.ends.push(end);
        self.parents.push(parent);
        self.hashes.push(hash);
        self.slots[slot] = node as u32 + 1;
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        Some((node as u32, true))
    }

    /// The directory of every node.
    pub(crate) fn parents(&self) -> &[u32] {
        &self.parents
    }

    fn hash(&self, parent: u32, name: &[u8]) -> u32 {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.key ^ u64::from(parent));
        hasher.write(name);
        hasher.finish() as u32
    }

    /// The node, or the free slot that it belongs into.
    fn probe(&self, parent: u32, name: &[u8], hash: u32) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let Some(node) = self.slots[slot].checked_sub(1) else { return Err(slot) };
            let at = node as usize;
            if self.hashes[at] == hash && self.parents[at] == parent && self.get(node) == name {
                return Ok(node);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let len = self.slots.len() * 2;
        let mut slots = vec![0; len];
        for (node, hash) in self.hashes.iter().enumerate().skip(1) {
            let mut slot = *hash as usize & (len - 1);
            while slots[slot] != 0 {
                slot = (slot + 1) & (len - 1);
            }
            slots[slot] = node as u32 + 1;
        }
        self.slots = slots;
    }
}

/// The components of a name without `.`, empty ones and `..`, none of which leaves the root.
pub(crate) fn clean(name: &[u8]) -> Vec<&[u8]> {
    let mut components = Vec::new();
    for component in name.split(|byte| *byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => {
                components.pop();
            }
            _ => components.push(component),
        }
    }
    components
}

/// The path of a node from the root down, without a leading slash.
pub(crate) fn path_of(parents: &[u32], names: &Names, node: u32) -> Vec<u8> {
    let (mut chain, mut at) = (Vec::new(), node);
    while at != 0 {
        chain.push(at);
        at = parents.get(at as usize).copied().unwrap_or(0);
    }
    let mut path = Vec::new();
    for node in chain.into_iter().rev() {
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(names.get(node));
    }
    path
}
