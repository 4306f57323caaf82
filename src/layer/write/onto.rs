//! What do new files become on top of layers that there are?
//!
//! One rule for every way of adding, which leaves the tree as it is but for what was asked for:
//!
//! - symlinks above a path are followed within the root: what is added to `bin -> usr/bin` lands in
//!   `usr/bin`, and `bin` stays a link. The link at the path itself is replaced;
//! - directories that the tree has are written again just as they are, as a copy-up does: runtimes
//!   that unpack each layer by itself make a directory without an entry 0755 and root's;
//! - directories that are missing are written as the entries for them say;
//! - a file never takes the place of a directory, nor the other way round.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::entry::{Keep, NewEntry, NewNode};
use super::files::{EntryError, Existing, Laid, Parent, Style, agree, files, lay_out};
use super::plan::{Builder, TarPlan};
use super::windows::{PREFIX, windows_files, windows_laid};
use crate::finding::Finding;
use crate::layer::findings::display;
use crate::layer::index::{Extras, Index, Kind};
use crate::layer::overlay::{Astray, NodeId, Overlay};
use crate::layer::tar::MTIME;

/// Most findings of one kind.
const TOLD: usize = 20;

/// A layer of new files, and what is remarkable about where they land.
#[derive(Clone, Debug)]
pub struct Landed {
    /// The tar. Layers in it are those of the tree.
    pub plan: TarPlan,
    /// Links that were followed or replaced, names that keep what a file was.
    pub findings: Vec<Finding>,
}

/// The tar of a layer that puts these entries on top of a tree, and does nothing else to it. For
/// Windows paths are those in the container, which the tree has below `Files`; no links are
/// followed there, and no directory that there is is written again.
///
/// # Errors
/// As [`files`](super::files), and when an entry can't be put where it should be.
pub fn onto(entries: &[NewEntry], tree: &Overlay, windows: bool) -> Result<Landed, EntryError> {
    agree(entries)?;
    let mut landing = Landing {
        tree,
        windows,
        laid: BTreeMap::new(),
        through: BTreeMap::new(),
        names: tree.shared_names(),
        parted: BTreeMap::new(),
        findings: Vec::new(),
    };
    for entry in entries {
        landing.land(entry)?;
    }
    if !windows {
        landing.add_parents();
    }
    landing.link_names();
    landing.tell();
    let Landing { laid, findings, .. } = landing;
    let laid: Vec<Laid<'_>> = laid.into_values().map(|(_, laid)| laid).collect();
    let plan = if windows {
        let is_there = |path: &str| match tree.find(format!("{PREFIX}{path}").as_bytes()) {
            Some(_) => Parent::Keep,
            None => Parent::Missing,
        };
        windows_laid(&laid, &is_there)?
    } else {
        let mut builder = Builder::default();
        lay_out(&laid, &|_| Parent::Missing, &Style::default(), &mut builder)?;
        builder.finish()
    };
    Ok(Landed { plan, findings })
}

/// The tar of a layer that holds these entries and nothing else, for a tree that can't be known:
/// no link is followed, and no directory is written that the tree may have.
///
/// # Errors
/// As [`files`](super::files).
pub fn unplaced(entries: &[NewEntry], windows: bool) -> Result<Landed, EntryError> {
    let alone = |entry: &&NewEntry| match entry.node {
        NewNode::Existing => false,
        NewNode::Directory => !entry.keep.mode,
        _ => true,
    };
    let alone: Vec<NewEntry> = entries.iter().filter(alone).cloned().collect();
    let plan = match windows {
        true => windows_files(&alone, &|_| Parent::Keep),
        false => files(&alone, &|_| Parent::Keep),
    };
    let left: Vec<_> = entries.iter().filter(|entry| entry.node == NewNode::Existing).collect();
    let findings = left.into_iter().take(TOLD).map(|entry| {
        let text = format!(
            "/{} is not changed: what the image has there can't be read.",
            show(&entry.path)
        );
        Finding::warning("layer.nothing-there", format!("/{}", entry.path), text)
    });
    Ok(Landed { plan: plan?, findings: findings.collect() })
}

/// Whether an entry removes something, or puts something there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Puts,
    Removes,
    Empties,
}

/// Entries on their way to their places.
struct Landing<'a> {
    tree: &'a Overlay,
    windows: bool,
    /// By place; with the path as it was given.
    laid: BTreeMap<(String, Act), (&'a str, Laid<'a>)>,
    /// Symlinks that entries were led through, and how many by each.
    through: BTreeMap<NodeId, u64>,
    /// Files with several names.
    names: BTreeMap<NodeId, Vec<NodeId>>,
    /// Names that are taken from files with several.
    parted: BTreeMap<NodeId, BTreeSet<NodeId>>,
    findings: Vec<Finding>,
}

impl<'a> Landing<'a> {
    fn land(&mut self, given: &'a NewEntry) -> Result<(), EntryError> {
        let (path, there) = self.place(given)?;
        let node = there.and_then(|id| self.tree.node(id));
        let mut entry = NewEntry { path, ..given.clone() };
        let mut keep = given.keep;
        match (&given.node, node.map(|node| node.kind)) {
            (NewNode::Existing, Some(Kind::Directory)) => entry.node = NewNode::Directory,
            (NewNode::Existing, Some(Kind::File)) => {}
            (NewNode::Existing, Some(Kind::Hardlink))
                if node.is_some_and(|it| it.content.is_some()) => {}
            (NewNode::Existing, kind) => {
                let what = kind.map_or("not in this image", |kind| match kind {
                    Kind::Symlink => "a symlink in this image",
                    _ => "no file in this image",
                });
                let text = format!("/{} is {what}: nothing is changed there.", show(&given.path));
                self.note("layer.nothing-there", &given.path, text);
                return Ok(());
            }
            (NewNode::Whiteout | NewNode::OpaqueWhiteout, None) => {
                let text = format!(
                    "/{} is not in this image: nothing is deleted there.",
                    show(&given.path)
                );
                self.note("layer.nothing-there", &given.path, text);
                return Ok(());
            }
            (
                NewNode::File { .. } | NewNode::Symlink { .. } | NewNode::Hardlink { .. },
                Some(Kind::Directory),
            ) => {
                return Err(EntryError::Directory(given.path.clone()));
            }
            (NewNode::File { .. }, Some(Kind::Symlink)) => {
                let target = there.and_then(|id| self.tree.target(id)).unwrap_or_default();
                let text = format!(
                    "/{} is a symlink to {} in the image; a file takes its place, and what it \
                     led to stays.",
                    show(&entry.path),
                    display(target)
                );
                self.note("layer.link-replaced", &given.path, text);
                keep = Keep::default();
            }
            (NewNode::Directory, Some(kind)) if kind != Kind::Directory => {
                let (path, kind) = (given.path.clone(), kind.name());
                return Err(EntryError::NoDirectory { path, kind });
            }
            (NewNode::File { .. }, Some(Kind::Hardlink | Kind::File)) => {}
            // A device or a pipe gives nothing on.
            (NewNode::File { .. }, _) => keep = Keep::default(),
            _ => {}
        }
        if let NewNode::Hardlink { target } = &mut entry.node {
            *target = self.follow(target, target, false)?.0;
        }
        let mut laid = Laid { entry: Cow::Owned(entry), records: Vec::new(), existing: None };
        if let (Some(id), Some(node)) = (there, node)
            && !matches!(given.node, NewNode::Whiteout | NewNode::OpaqueWhiteout)
        {
            if node.kind == Kind::Directory && self.windows && keep == Keep::ALL {
                return Ok(());
            }
            self.part(id);
            self.keep(&mut laid, id, keep);
        }
        self.lay(given, laid)
    }

    /// Where an entry is put, and what the tree has there.
    fn place(&self, entry: &NewEntry) -> Result<(String, Option<NodeId>), EntryError> {
        let last =
            matches!(entry.node, NewNode::Directory | NewNode::OpaqueWhiteout | NewNode::Existing);
        self.follow(&entry.path, &entry.path, last)
    }

    fn follow(
        &self,
        path: &str,
        of: &str,
        last: bool,
    ) -> Result<(String, Option<NodeId>), EntryError> {
        if self.windows {
            return Ok((path.to_owned(), self.tree.find(format!("{PREFIX}{path}").as_bytes())));
        }
        let followed = self.tree.follow(path.as_bytes(), last).map_err(|astray| match astray {
            Astray::Loop => EntryError::Loop(of.to_owned()),
            Astray::NotADirectory(there) => {
                let node = self.tree.find(&there).and_then(|id| self.tree.node(id));
                let kind = node.map(|node| node.kind).filter(|kind| *kind != Kind::Hardlink);
                let kind = kind.unwrap_or(Kind::File).name();
                EntryError::InTheWay { path: of.to_owned(), there: display(&there), kind }
            }
        })?;
        // The root itself is no entry; it is there.
        let place = String::from_utf8(followed.path);
        Ok((place.map_err(|_| EntryError::NoText(of.to_owned()))?, followed.node))
    }

    /// Gives an entry what stays of what is there.
    fn keep(&self, laid: &mut Laid<'a>, id: NodeId, keep: Keep) {
        let Some(node) = self.tree.node(id) else { return };
        let entry = laid.entry.to_mut();
        if keep.mode {
            entry.mode = node.mode;
        }
        if keep.owner {
            (entry.uid, entry.gid) = (node.uid, node.gid);
        }
        if keep.mtime {
            entry.mtime = node.mtime;
        }
        let Some(file) = self.tree.file(id) else { return };
        let tree: &'a Overlay = self.tree;
        let Some(index) = tree.layers().get(file.layer as usize) else { return };
        let index: &'a Index = index;
        // A time that is not a whole second is a record, too.
        let kept = |key: &[u8]| if key == MTIME { keep.mtime } else { keep.xattrs };
        let records = index.records(file.entry).filter(|(key, _)| kept(key));
        laid.records.extend(records.map(|(key, value)| (key.to_vec(), Cow::Borrowed(value))));
        if entry.node == NewNode::Existing {
            let (layer, ordinal) = (file.layer, file.entry);
            laid.existing = Some(Existing { layer, index, ordinal });
        }
    }

    fn lay(&mut self, given: &'a NewEntry, laid: Laid<'a>) -> Result<(), EntryError> {
        self.count_links(given);
        let act = match given.node {
            NewNode::Whiteout => Act::Removes,
            NewNode::OpaqueWhiteout => Act::Empties,
            _ => Act::Puts,
        };
        let place = laid.entry.path.clone();
        if place.is_empty() {
            return Ok(());
        }
        let is_directory = |laid: &Laid<'_>| laid.entry.node == NewNode::Directory;
        match self.laid.get(&(place.clone(), act)) {
            None => {
                self.laid.insert((place, act), (&given.path, laid));
                Ok(())
            }
            // A directory by two names; what the last link leads to is the directory itself.
            Some((_, other)) if is_directory(other) && is_directory(&laid) => Ok(()),
            Some((other, _)) => {
                let (one, other) = ((*other).to_owned(), given.path.clone());
                Err(EntryError::SamePlace { one, other, place })
            }
        }
    }

    /// Writes the directories again that are above the entries, as they are; those that a link
    /// leads to and that are missing as the directories below them.
    fn add_parents(&mut self) {
        let mut known: BTreeSet<String> = BTreeSet::new();
        let paths: Vec<(String, Act)> = self.laid.keys().cloned().collect();
        for (path, act) in &paths {
            let mut at = path.as_str();
            let mut next = (*act == Act::Empties).then_some(at);
            let mut below = self.directory(path);
            while let Some(above) = next.take().or_else(|| Some(at.rsplit_once('/')?.0)) {
                at = above;
                if !known.insert(above.to_owned()) {
                    break;
                }
                if let Some(given) = self.directory(above) {
                    below = Some(given);
                    continue;
                }
                let there = self.tree.find(above.as_bytes());
                let entry = match there.and_then(|id| self.tree.node(id)) {
                    // No layer names it.
                    Some(node) if node.entry.is_none() => continue,
                    Some(node) => NewEntry {
                        path: above.to_owned(),
                        mode: node.mode,
                        uid: node.uid,
                        gid: node.gid,
                        mtime: node.mtime,
                        keep: Keep::default(),
                        node: NewNode::Directory,
                    },
                    None => match &below {
                        Some(below) => NewEntry { path: above.to_owned(), ..below.clone() },
                        None => continue,
                    },
                };
                let entry = Cow::Owned(entry);
                let mut laid = Laid { entry, records: Vec::new(), existing: None };
                if let Some(id) = there {
                    self.keep(&mut laid, id, Keep::ALL);
                }
                self.laid.insert((above.to_owned(), Act::Puts), ("", laid));
            }
        }
    }

    /// The entry for a directory.
    fn directory(&self, path: &str) -> Option<NewEntry> {
        let (_, laid) = self.laid.get(&(path.to_owned(), Act::Puts))?;
        (laid.entry.node == NewNode::Directory).then(|| laid.entry.clone().into_owned())
    }

    /// Names of one file that are written anew stay names of one file.
    fn link_names(&mut self) {
        let mut first: BTreeMap<(u32, u32), String> = BTreeMap::new();
        for (_, laid) in self.laid.values_mut() {
            let Some(Existing { layer, ordinal, .. }) = laid.existing else { continue };
            if let Some(target) = first.get(&(layer, ordinal)) {
                laid.entry.to_mut().node = NewNode::Hardlink { target: target.clone() };
                laid.existing = None;
                laid.records.clear();
            } else {
                first.insert((layer, ordinal), laid.entry.path.clone());
            }
        }
    }

    /// Notes that one name of a file with several gets a file of its own.
    fn part(&mut self, id: NodeId) {
        let Some(node) = self.tree.node(id).filter(|node| node.kind != Kind::Directory) else {
            return;
        };
        let file = node.hardlink_to.unwrap_or(id);
        if self.names.contains_key(&file) {
            self.parted.entry(file).or_default().insert(id);
        }
    }

    fn count_links(&mut self, given: &NewEntry) {
        if self.windows {
            return;
        }
        let last = matches!(given.node, NewNode::Directory | NewNode::Existing);
        let followed = self.tree.follow(given.path.as_bytes(), last);
        let first = followed.ok().and_then(|followed| followed.links.first().copied());
        if let Some(link) = first {
            *self.through.entry(link).or_default() += 1;
        }
    }

    fn note(&mut self, rule: &'static str, path: &str, text: String) {
        if self.findings.iter().filter(|finding| finding.rule == rule).count() < TOLD {
            self.findings.push(Finding::note(rule, format!("/{path}"), text));
        }
    }

    /// Says what can only be said when all entries have their places.
    fn tell(&mut self) {
        let path = |id: NodeId| format!("/{}", display(&self.tree.path(id)));
        let mut told = Vec::new();
        for (link, count) in self.through.iter().take(TOLD) {
            let leads = self.tree.follow(&self.tree.path(*link), true);
            let leads = leads.map(|leads| display(&leads.path)).unwrap_or_default();
            let what = if *count == 1 { "an entry".to_owned() } else { format!("{count} entries") };
            let text = format!(
                "{} is a symlink in the image: {what} below it is written to /{leads}, where it \
                 leads, and the link stays.",
                path(*link)
            );
            told.push(Finding::note("layer.through-link", path(*link), text));
        }
        for (file, parted) in self.parted.iter().take(TOLD) {
            let all = self.names.get(file).into_iter().flatten();
            let left: Vec<String> =
                all.filter(|name| !parted.contains(name)).map(|name| path(*name)).collect();
            let named: Vec<String> = parted.iter().map(|name| path(*name)).collect();
            let others = match left.len() {
                0 => continue,
                1..=5 => {
                    format!("The file has other names, {}: they stay as they are", left.join(", "))
                }
                count => format!(
                    "The file has {count} other names, {} and more: they stay as they are",
                    left.iter().take(3).cloned().collect::<Vec<_>>().join(", ")
                ),
            };
            let text = format!("{} is a hardlink. {others}.", named.join(", "));
            told.push(Finding::warning("layer.hardlink-parted", path(*file), text));
        }
        for (_, laid) in self.laid.values() {
            let Some(Existing { index, ordinal, .. }) = laid.existing else { continue };
            if index.extras(ordinal).has(Extras::RECORDS) && told.len() < 2 * TOLD {
                let place = format!("/{}", show(&laid.entry.path));
                let text = format!(
                    "{place} has records in its header that are not read here; the new entry is \
                     without them."
                );
                told.push(Finding::warning("layer.records-lost", place, text));
            }
        }
        self.findings.extend(told);
    }
}

/// A path for people.
fn show(path: &str) -> String {
    display(path.as_bytes())
}
