//! Which paths do filter and statuses leave?

use super::filter::Filter;
use super::query::{Query, Shown};
use super::snapshot::Snapshot;

/// Flags of one path.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    /// The filter fits to the path, and not to the one above already.
    hit: bool,
    /// The filter matches the path, or there is none, and the status is shown.
    listed: bool,
    /// There is a hit below it.
    hit_below: bool,
    /// It or something below it is listed.
    shown: bool,
    /// Something below it is listed.
    shown_below: bool,
}

/// The paths that are left; everything without a filter.
#[derive(Debug)]
pub(super) struct Matches {
    flags: Vec<Flags>,
    /// Whether a text filters, so that directories above hits open by themselves.
    filters: bool,
    count: usize,
}

impl Matches {
    pub(super) fn find(snapshot: &Snapshot, query: &Query) -> Self {
        let filter = Filter::new(&query.filter);
        let filters = !filter.is_empty();
        let mut flags = vec![Flags::default(); snapshot.len()];
        if filters {
            mark_hits(snapshot, &filter, &mut flags);
        }
        mark_listed(snapshot, filters, query.shown, &mut flags);
        for id in (1..snapshot.len()).rev() {
            let Some(own) = flags.get(id).copied() else { continue };
            let parent = snapshot.parent(id as u32) as usize;
            if let Some(above) = flags.get_mut(parent) {
                above.hit_below |= own.hit_below || (own.hit && own.listed);
                above.shown_below |= own.shown;
                above.shown |= own.shown;
            }
        }
        let counted = |flags: &&Flags| flags.listed && (flags.hit || !filters);
        let count = flags.iter().skip(1).filter(counted).count();
        Self { flags, filters, count }
    }

    fn get(&self, id: u32) -> Flags {
        self.flags.get(id as usize).copied().unwrap_or_default()
    }

    /// Whether a path is listed, for itself or for something below it.
    pub(super) fn shows(&self, id: u32) -> bool {
        self.get(id).shown
    }

    pub(super) fn shows_below(&self, id: u32) -> bool {
        self.get(id).shown_below
    }

    /// Whether a directory opens by itself, as the filter matches something in it.
    pub(super) fn opens(&self, id: u32) -> bool {
        self.filters && self.get(id).hit_below
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }
}

/// Marks paths that fit while the path above does not. What is above was looked at with the path
/// above.
fn mark_hits(snapshot: &Snapshot, filter: &Filter, flags: &mut [Flags]) {
    let mut path: Vec<u8> = Vec::new();
    // Of each path its length, and the words of the filter that fit to it.
    let mut known = vec![(0_usize, 0_u32); snapshot.len()];
    for id in 1..snapshot.len() {
        let parent = known.get(snapshot.parent(id as u32) as usize).copied();
        let (length, above) = parent.unwrap_or_default();
        path.truncate(length);
        let start = if length > 0 { length + 1 } else { 0 };
        if length > 0 {
            path.push(b'/');
        }
        path.extend_from_slice(snapshot.lower_name(id as u32));
        let fits = above | filter.fits(&path, start);
        if let Some(flags) = flags.get_mut(id) {
            flags.hit = filter.is_all(fits) && !filter.is_all(above);
        }
        if let Some(known) = known.get_mut(id) {
            *known = (path.len(), fits);
        }
    }
}

/// A path whose directory is matched is matched too, as its path holds the text.
fn mark_listed(snapshot: &Snapshot, filters: bool, shown: Shown, flags: &mut [Flags]) {
    let mut matched = vec![!filters; flags.len()];
    for id in 1..flags.len() {
        let above = matched.get(snapshot.parent(id as u32) as usize).copied().unwrap_or(false);
        let Some(own) = flags.get_mut(id) else { continue };
        let is_matched = above || own.hit;
        own.listed = is_matched && shown.has(snapshot.status(id as u32));
        own.shown = own.listed;
        if let Some(matched) = matched.get_mut(id) {
            *matched = is_matched;
        }
    }
}
