//! Which paths does a scope have, and how do they hang together?

mod build;

use std::borrow::Cow;
use std::sync::Arc;

use super::query::Status;
use crate::layer::{EntryRef, NodeId, Overlay};

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
