//! Which paths do filter and statuses leave?

use memchr::memmem::Finder;

use super::snapshot::{Snapshot, lower_case};
use super::{Query, Shown};

/// Flags of one path.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    /// The filter matches the path and the match reaches into its last component.
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
        let needle = lower_case(query.filter.as_bytes());
        let filters = !needle.is_empty();
        let mut flags = vec![Flags::default(); snapshot.len()];
        if filters {
            mark_hits(snapshot, &needle, &mut flags);
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

/// Marks paths where the needle ends in the last component or the slash before it. What is above
/// was searched with the path above.
fn mark_hits(snapshot: &Snapshot, needle: &[u8], flags: &mut [Flags]) {
    let finder = Finder::new(needle);
    let mut path: Vec<u8> = Vec::new();
    let mut lengths = vec![0; snapshot.len()];
    for id in 1..snapshot.len() {
        let above = lengths.get(snapshot.parent(id as u32) as usize).copied().unwrap_or(0);
        path.truncate(above);
        if above > 0 {
            path.push(b'/');
        }
        path.extend_from_slice(snapshot.lower_name(id as u32));
        let window = path.get(above.saturating_sub(needle.len() - 1)..).unwrap_or_default();
        if let Some(flags) = flags.get_mut(id) {
            flags.hit = finder.find(window).is_some();
        }
        if let Some(length) = lengths.get_mut(id) {
            *length = path.len();
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
