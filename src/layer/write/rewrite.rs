//! How does a layer lose files, times or names of owners, and keep everything else?
//!
//! What is not touched is copied with its headers, byte for byte. Where a header has to change it
//! is made anew from the index, so it loses what no index holds: names of owner and group, times of
//! access, and records that mean nothing here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::header::Head;
use super::plan::{Builder, TarPlan};
use crate::layer::index::{Entry, Extras, Index, Kind};
use crate::layer::overlay::{Overlay, clean};

/// What is to be done to a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// Paths of files, or of directories with all that is in them, that the layer is to say
    /// nothing about any more. They are compared with the names in the layer, which may lead
    /// through symlinks; a whiteout goes by its own name.
    pub strip: Vec<Vec<u8>>,
    /// Which entries get another time.
    pub times: Option<Times>,
    /// Whether names of owners and groups are dropped; their numbers stay.
    pub drop_owner_names: bool,
}

/// Which entries get another time of last change, in seconds since 1970. Times of access and of
/// status change, which differ from build to build, are dropped in both cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Times {
    /// All of them get this one.
    All(i64),
    /// Those that were changed later get this one (as `SOURCE_DATE_EPOCH` is used by builders).
    Clamp(i64),
}

/// A layer that was rewritten.
#[derive(Clone, Debug)]
pub struct Rewritten {
    /// The tar. The layer is number 0 in it.
    pub plan: TarPlan,
    /// Number of entries that are left out.
    pub stripped: u64,
    /// Number of entries whose header is made anew.
    pub remade: u64,
    /// Of these, how many lose names of owner or group that were not to be dropped.
    pub lost_owner_names: u64,
    /// Of these, how many lose records of extended headers that are not read here.
    pub lost_records: u64,
    /// Paths of [`Rewrite::strip`] that the layer says nothing about.
    pub unmatched: Vec<Vec<u8>>,
    /// Whether nothing but stripping was asked for.
    only_strips: bool,
}

impl Rewritten {
    /// Whether the layer stays byte for byte: nothing was to be done, or only to be stripped and it
    /// has none of that, even where its tar would be written in another way (padding, global headers).
    #[must_use]
    pub fn stays(&self) -> bool {
        self.is_unchanged() || (self.only_strips && self.stripped == 0)
    }

    /// Whether nothing was to be done: the layer can stay as it is.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.stripped == 0 && self.remade == 0
    }
}

/// Plans a layer anew.
///
/// When a file is stripped that other entries are hardlinks to, the first of them becomes the
/// file. Hardlinks in layers above can't be seen from here: compare the merged trees.
///
/// A global pax header, which tools disagree about, is dropped, and every entry gets a header of
/// its own that says the same.
#[must_use]
pub fn rewrite(layer: &Arc<Index>, rewrite: &Rewrite) -> Rewritten {
    let strip = Strip::new(layer, &rewrite.strip);
    let has_globals = layer.entries().any(|entry| layer.extras(entry.ordinal).has(Extras::GLOBAL));
    let mut run = Run {
        index: layer,
        rewrite,
        has_globals,
        builder: Builder::over([layer]),
        remade: 0,
        lost_owner_names: 0,
        lost_records: 0,
    };
    if let Some(first) = layer.entry(0).filter(|_| !has_globals) {
        // A volume label or the like.
        run.builder.layer(0, 0..first.header_offset);
    }
    let mut stripped = 0;
    for entry in layer.entries() {
        match strip.fate(&entry) {
            Fate::Stays => run.entry(&entry, None),
            Fate::Linked(target) => run.entry(&entry, Some(target)),
            Fate::Goes => stripped += 1,
            Fate::Inherited(heir) => run.inherit(&entry, heir),
        }
    }
    Rewritten {
        plan: run.builder.finish(),
        stripped,
        remade: run.remade,
        lost_owner_names: run.lost_owner_names,
        lost_records: run.lost_records,
        unmatched: strip.unmatched,
        only_strips: rewrite.times.is_none() && !rewrite.drop_owner_names,
    }
}

/// Entries on their way into the new tar.
struct Run<'a> {
    index: &'a Index,
    rewrite: &'a Rewrite,
    has_globals: bool,
    builder: Builder,
    remade: u64,
    lost_owner_names: u64,
    lost_records: u64,
}

impl Run<'_> {
    /// An entry that stays, perhaps as a hardlink to another entry.
    fn entry(&mut self, entry: &Entry<'_>, target: Option<u32>) {
        if target.is_none() && !self.must_change(entry) {
            let next = entry.ordinal.checked_add(1).and_then(|next| self.index.entry(next));
            let end = next.map_or_else(|| self.index.end(), |next| next.header_offset);
            self.builder.entries(0, entry.header_offset..end, 1);
            return;
        }
        let Some(mut head) = Head::of(self.index, entry.ordinal) else { return };
        if let Some(target) = target.and_then(|target| self.index.entry(target)) {
            head.link = target.name();
        }
        self.remake(head, entry.ordinal);
    }

    /// A file that goes on under the name of a hardlink.
    fn inherit(&mut self, file: &Entry<'_>, heir: u32) {
        let (Some(mut head), Some(heir)) =
            (Head::of(self.index, file.ordinal), self.index.entry(heir))
        else {
            return;
        };
        head.path = heir.name();
        self.remake(head, file.ordinal);
    }

    fn remake(&mut self, mut head: Head<'_>, ordinal: u32) {
        let extras = self.index.extras(ordinal);
        self.remade += 1;
        self.lost_records += u64::from(extras.has(Extras::RECORDS));
        self.lost_owner_names +=
            u64::from(extras.has(Extras::OWNER_NAMES) && !self.rewrite.drop_owner_names);
        if self.sets_time(head.mtime) {
            head.set_mtime(self.time(head.mtime));
        }
        self.builder.remade(&head, 0, self.index, Some(ordinal));
    }

    fn must_change(&self, entry: &Entry<'_>) -> bool {
        let extras = self.index.extras(entry.ordinal);
        let times = match self.rewrite.times {
            None => false,
            Some(_) => {
                self.time(entry.mtime) != entry.mtime
                    || extras.has(Extras::OTHER_TIMES)
                    || self.sets_time(entry.mtime) && extras.has(Extras::FRACTION)
            }
        };
        self.has_globals
            || times
            || self.rewrite.drop_owner_names && extras.has(Extras::OWNER_NAMES)
    }

    /// Whether an entry with this time gets another one, or loses its fraction of a second.
    fn sets_time(&self, mtime: i64) -> bool {
        match self.rewrite.times {
            None => false,
            Some(Times::All(_)) => true,
            Some(Times::Clamp(end)) => mtime >= end,
        }
    }

    fn time(&self, mtime: i64) -> i64 {
        match self.rewrite.times {
            None => mtime,
            Some(Times::All(time)) => time,
            Some(Times::Clamp(end)) => mtime.min(end),
        }
    }
}

/// What becomes of an entry.
enum Fate {
    Stays,
    /// It stays as a hardlink to this entry.
    Linked(u32),
    Goes,
    /// Its content goes on under the name of this entry.
    Inherited(u32),
}

/// Which entries are stripped, and what that means for hardlinks.
#[derive(Default)]
struct Strip {
    stripped: HashSet<u32>,
    /// Stripped files by the hardlink that takes over.
    heirs: HashMap<u32, u32>,
    /// Hardlinks that took over.
    moved: HashSet<u32>,
    /// The entry that a hardlink has to lead to now.
    links: HashMap<u32, u32>,
    unmatched: Vec<Vec<u8>>,
}

impl Strip {
    fn new(layer: &Arc<Index>, paths: &[Vec<u8>]) -> Self {
        if paths.is_empty() {
            return Self::default();
        }
        let wanted: HashSet<Vec<u8>> = paths.iter().map(|path| clean(path).join(&b'/')).collect();
        let mut matched = HashSet::new();
        let mut strip = Self::default();
        for entry in layer.entries() {
            if let Some(path) = first_match(&entry.name(), &wanted) {
                strip.stripped.insert(entry.ordinal);
                matched.insert(path);
            }
        }
        strip.unmatched = paths
            .iter()
            .filter(|path| !matched.contains(&clean(path).join(&b'/')))
            .cloned()
            .collect();
        strip.relink(layer, &wanted);
        strip
    }

    /// Finds new targets for the hardlinks that lose theirs.
    fn relink(&mut self, layer: &Arc<Index>, wanted: &HashSet<Vec<u8>>) {
        let orphans = layer.entries().filter(|entry| {
            entry.kind == Kind::Hardlink
                && !self.stripped.contains(&entry.ordinal)
                && first_match(entry.link, wanted).is_some()
        });
        let mut orphans: Vec<u32> = orphans.map(|entry| entry.ordinal).collect();
        if orphans.is_empty() {
            return;
        }
        let tree = Overlay::raw(Arc::clone(layer));
        // What each path is in the end: its own entry, and that of its file.
        let nodes = tree.walk().filter_map(|id| Some((tree.node(id)?.entry?, tree.file(id))));
        let files: HashMap<u32, Option<u32>> =
            nodes.map(|(own, file)| (own.entry, file.map(|file| file.entry))).collect();
        // All names of a stripped file are orphans, through whichever other name they lead to it.
        let lost = |file: &Option<u32>| file.is_some_and(|file| self.stripped.contains(&file));
        orphans.extend(files.iter().filter(|(_, file)| lost(file)).map(|(own, _)| *own));
        orphans.sort_unstable();
        orphans.dedup();
        for orphan in orphans {
            match files.get(&orphan) {
                _ if self.stripped.contains(&orphan) => {}
                // A later entry replaces it.
                None => {
                    self.stripped.insert(orphan);
                }
                // Its target is in a lower layer.
                Some(None) => {}
                Some(Some(file)) if !self.stripped.contains(file) => {
                    self.links.insert(orphan, *file);
                }
                Some(Some(file)) => {
                    if let Some(heir) = self.heirs.get(file) {
                        self.links.insert(orphan, *heir);
                    } else {
                        self.heirs.insert(*file, orphan);
                        self.moved.insert(orphan);
                    }
                }
            }
        }
    }

    fn fate(&self, entry: &Entry<'_>) -> Fate {
        let ordinal = entry.ordinal;
        if let Some(heir) = self.heirs.get(&ordinal) {
            Fate::Inherited(*heir)
        } else if let Some(target) = self.links.get(&ordinal) {
            Fate::Linked(*target)
        } else if self.stripped.contains(&ordinal) || self.moved.contains(&ordinal) {
            Fate::Goes
        } else {
            Fate::Stays
        }
    }
}

/// The wanted path that a name is, or that it lies in.
fn first_match(name: &[u8], wanted: &HashSet<Vec<u8>>) -> Option<Vec<u8>> {
    let mut path = Vec::new();
    for component in clean(name) {
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(component);
        if wanted.contains(&path) {
            return Some(path);
        }
    }
    None
}
