//! Which paths of two trees differ, and in what?
//!
//! A path is compared as what an unpacked tree has there: a hardlink as the file that it shares.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::layer::{Entry, Index, Kind, NodeId, Overlay, Walk};
use crate::words::text_and_hex;

/// What became of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileChange {
    /// Only the second tree has it.
    Added,
    /// Only the first tree has it.
    Removed,
    /// Another content, target or kind.
    Changed,
    /// The same content, and other metadata than times.
    Metadata,
    /// Only the time of last change is another.
    Times,
}

impl FileChange {
    /// All of them, in the order in which people ask for them.
    pub const ALL: [Self; 5] =
        [Self::Added, Self::Removed, Self::Changed, Self::Metadata, Self::Times];
}

/// In what two things at one path differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// One is a file, the other one is not, and the like.
    Kind,
    /// The bytes of a file.
    Content,
    /// The target of a symlink.
    Target,
    /// The numbers of a device.
    Device,
    /// Permissions, setuid, setgid, sticky.
    Mode,
    /// User or group.
    Owner,
    /// The time of last change.
    Time,
    /// Extended attributes and ACLs.
    Attributes,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// Permission bits in octal: `0755`.
    pub mode: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Bytes of a file, else 0.
    pub size: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Target of a symlink, with replacement characters where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// SHA-256 of a file's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The layer that it comes from, from 1 at the base.
    pub layer: usize,
}

/// A path that is not the same in both trees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileDifference {
    /// The path without leading slash, with replacement characters where it is not UTF-8.
    pub path: String,
    /// The bytes of the path in hex, where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// What became of it.
    pub change: FileChange,
    /// In what they differ, where both have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aspects: Vec<Aspect>,
    /// What the first tree has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Facts>,
    /// What the second tree has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Facts>,
}

/// The paths of two trees that differ, in byte order. What is at each is told when it is asked for: of
/// two images that have nothing in common there are hundreds of thousands.
#[derive(Clone, Debug)]
pub struct Differences {
    before: Arc<Overlay>,
    after: Arc<Overlay>,
    rows: Vec<Difference>,
}

/// Where a path is in each tree that has it.
#[derive(Clone, Copy, Debug)]
struct Difference {
    change: FileChange,
    before: Option<NodeId>,
    after: Option<NodeId>,
}

/// Numbers of paths, and the bytes of all files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Only the second image has them.
    pub added: u64,
    /// Only the first image has them.
    pub removed: u64,
    /// Both have them, with another content, target or kind.
    pub changed: u64,
    /// Both have them with one content, and other metadata than times.
    pub metadata: u64,
    /// Only their times differ.
    pub times: u64,
    /// Bytes of all files of the first image's tree.
    pub bytes_before: u64,
    /// Bytes of all files of the second image's tree.
    pub bytes_after: u64,
}

impl Counts {
    /// How many paths became other in one way.
    #[must_use]
    pub fn of(&self, change: FileChange) -> u64 {
        match change {
            FileChange::Added => self.added,
            FileChange::Removed => self.removed,
            FileChange::Changed => self.changed,
            FileChange::Metadata => self.metadata,
            FileChange::Times => self.times,
        }
    }
}

impl Differences {
    /// Compares two trees, the first one being the older, as people mean it. Their layers were read
    /// with a digest of each file; what was not summed up can't be called the same.
    #[must_use]
    pub fn between(before: &Arc<Overlay>, after: &Arc<Overlay>) -> Self {
        let (mut ours, mut theirs) = (Paths::of(before), Paths::of(after));
        let mut rows = Vec::new();
        loop {
            let order = match (&ours.next, &theirs.next) {
                (Some((one, _)), Some((other, _))) => one.cmp(other),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            let one = if order == Ordering::Greater { None } else { ours.take() };
            let other = if order == Ordering::Less { None } else { theirs.take() };
            let (one, other) = (one.map(|(_, id)| id), other.map(|(_, id)| id));
            let change = match (one, other) {
                (Some(one), Some(other)) => {
                    let aspects = At::of(before, one).aspects(&At::of(after, other));
                    match aspects[..] {
                        [] => continue,
                        [Aspect::Kind | Aspect::Content | Aspect::Target | Aspect::Device, ..] => {
                            FileChange::Changed
                        }
                        [Aspect::Time] => FileChange::Times,
                        [..] => FileChange::Metadata,
                    }
                }
                (Some(_), None) => FileChange::Removed,
                (None, _) => FileChange::Added,
            };
            rows.push(Difference { change, before: one, after: other });
        }
        Self { before: Arc::clone(before), after: Arc::clone(after), rows }
    }

    /// How many paths differ.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the trees are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many paths differ in which way.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            bytes_before: bytes(&self.before),
            bytes_after: bytes(&self.after),
            ..Counts::default()
        };
        for row in &self.rows {
            *match row.change {
                FileChange::Added => &mut counts.added,
                FileChange::Removed => &mut counts.removed,
                FileChange::Changed => &mut counts.changed,
                FileChange::Metadata => &mut counts.metadata,
                FileChange::Times => &mut counts.times,
            } += 1;
        }
        counts
    }

    /// One of them, counted from 0.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<FileDifference> {
        let row = self.rows.get(at)?;
        let (path, path_hex) = text_and_hex(&self.path(row));
        let before = row.before.map(|id| At::of(&self.before, id));
        let after = row.after.map(|id| At::of(&self.after, id));
        let aspects = match (&before, &after) {
            (Some(one), Some(other)) => one.aspects(other),
            _ => Vec::new(),
        };
        let (before, after) = (before.map(|at| at.facts()), after.map(|at| at.facts()));
        Some(FileDifference { path, path_hex, change: row.change, aspects, before, after })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = FileDifference> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// The numbers of those that became other in one of these ways, and have a text in their path,
    /// whatever its case.
    #[must_use]
    pub fn select(&self, changes: &[FileChange], text: &str) -> Vec<u32> {
        let wanted = text.to_lowercase();
        let has = |row: &Difference| {
            wanted.is_empty()
                || String::from_utf8_lossy(&self.path(row)).to_lowercase().contains(&wanted)
        };
        let rows = self.rows.iter().zip(0..);
        let rows = rows.filter(|(row, _)| changes.contains(&row.change) && has(row));
        rows.map(|(_, at)| at).collect()
    }

    fn path(&self, row: &Difference) -> Vec<u8> {
        match (row.before, row.after) {
            (Some(id), _) => self.before.path(id),
            (None, Some(id)) => self.after.path(id),
            (None, None) => Vec::new(),
        }
    }
}

fn bytes(overlay: &Overlay) -> u64 {
    let sizes = overlay.walk().filter_map(|id| overlay.node(id)).map(|node| node.size);
    sizes.fold(0, u64::saturating_add)
}

/// The paths of a tree in byte order.
struct Paths<'a> {
    tree: &'a Overlay,
    walk: Walk<'a>,
    next: Option<(Vec<u8>, NodeId)>,
}

impl<'a> Paths<'a> {
    fn of(tree: &'a Overlay) -> Self {
        let mut paths = Self { tree, walk: tree.walk(), next: None };
        paths.take();
        paths
    }

    fn take(&mut self) -> Option<(Vec<u8>, NodeId)> {
        let next = self.walk.next().map(|id| (self.tree.path(id), id));
        std::mem::replace(&mut self.next, next)
    }
}

/// What an unpacked tree has at a path: of a hardlink the file. A directory that no layer names has no
/// entry.
struct At<'a> {
    entry: Option<(&'a Index, Entry<'a>)>,
    kind: Kind,
    layer: usize,
}

impl<'a> At<'a> {
    fn of(tree: &'a Overlay, id: NodeId) -> Self {
        let entry = tree.file(id).and_then(|file| {
            let index = tree.layers().get(file.layer as usize)?;
            Some((&**index, index.entry(file.entry)?))
        });
        let node = tree.node(id);
        let kind = entry.as_ref().map(|(_, entry)| entry.kind);
        Self {
            kind: kind.or_else(|| node.map(|node| node.kind)).unwrap_or(Kind::Directory),
            layer: node.map_or(0, |node| node.layer as usize) + 1,
            entry,
        }
    }

    fn aspects(&self, other: &Self) -> Vec<Aspect> {
        if self.kind != other.kind {
            return vec![Aspect::Kind];
        }
        let (Some((ours, one)), Some((theirs, two))) = (&self.entry, &other.entry) else {
            return self.aspects_of_unnamed(other);
        };
        let is_one_entry =
            ours.blob().is_some() && ours.blob() == theirs.blob() && one.ordinal == two.ordinal;
        if is_one_entry {
            return Vec::new();
        }
        let content = match (ours.file_sum(one.ordinal), theirs.file_sum(two.ordinal)) {
            (Some(one), Some(two)) => one == two,
            // What was not summed up can't be called the same.
            _ => one.kind != Kind::File || (one.size, two.size) == (0, 0),
        };
        let is_symlink = one.kind == Kind::Symlink;
        let attributes = ours.xattrs(one.ordinal).eq(theirs.xattrs(two.ordinal));
        [
            (content && one.size == two.size, Aspect::Content),
            (!is_symlink || one.link == two.link, Aspect::Target),
            (ours.device(one.ordinal) == theirs.device(two.ordinal), Aspect::Device),
            // The mode of a symlink means nothing.
            (is_symlink || one.mode == two.mode, Aspect::Mode),
            ((one.uid, one.gid) == (two.uid, two.gid), Aspect::Owner),
            (one.mtime == two.mtime, Aspect::Time),
            (attributes, Aspect::Attributes),
        ]
        .into_iter()
        .filter_map(|(is_same, aspect)| (!is_same).then_some(aspect))
        .collect()
    }

    /// A directory that no layer names is made by who unpacks, with a time of that moment.
    fn aspects_of_unnamed(&self, other: &Self) -> Vec<Aspect> {
        let said = |at: &Self| {
            at.entry.as_ref().map_or((0o755, 0, 0), |(_, entry)| (entry.mode, entry.uid, entry.gid))
        };
        let ((mode, uid, gid), (other_mode, other_uid, other_gid)) = (said(self), said(other));
        let mut aspects = Vec::new();
        if mode != other_mode {
            aspects.push(Aspect::Mode);
        }
        if (uid, gid) != (other_uid, other_gid) {
            aspects.push(Aspect::Owner);
        }
        aspects
    }

    fn facts(&self) -> Facts {
        let entry = self.entry.as_ref().map(|(_, entry)| entry);
        let target = entry.filter(|entry| entry.kind == Kind::Symlink);
        Facts {
            kind: self.kind,
            mode: format!("{:04o}", entry.map_or(0o755, |entry| entry.mode)),
            uid: entry.map_or(0, |entry| entry.uid),
            gid: entry.map_or(0, |entry| entry.gid),
            size: entry.map_or(0, |entry| entry.size),
            mtime: entry.map_or(0, |entry| entry.mtime),
            target: target.map(|entry| String::from_utf8_lossy(entry.link).into_owned()),
            digest: self.entry.as_ref().and_then(|(index, entry)| index.file_digest(entry.ordinal)),
            layer: self.layer,
        }
    }
}
