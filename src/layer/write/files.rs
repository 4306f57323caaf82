//! How do new files become the tar of a layer?

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::entry::{NewEntry, NewNode};
use super::header::Head;
use super::plan::{Builder, TarPlan};
use crate::layer::findings::display;
use crate::layer::index::{Index, Kind};
use crate::limits;

/// What an image has at the path of a directory that new entries lie in and that is not among
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// No directory: one with mode 0755 that belongs to root is added.
    Missing,
    /// A directory: an entry with the same metadata is added, so that nothing changes.
    Directory {
        /// Permission bits.
        mode: u16,
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
        /// Time of last change, in seconds since 1970.
        mtime: i64,
    },
    /// Something that must stay as it is, such as a symlink to a directory, or it is not known:
    /// no entry is added, and who unpacks the layer makes the directory if there is none.
    Keep,
}

/// Why entries can't be made into a layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not a path as it is needed.
    #[error(
        "{} is no path for a file of a layer: expected names with single slashes between them, \
         none of them \".\" or \"..\", and no slash at either end",
        quoted(.0)
    )]
    Path(String),
    /// A name that means a deletion.
    #[error(
        "{} has a name that begins with \".wh.\", which means in layers that something is \
         deleted: rename it, or ask for a deletion",
        quoted(.0)
    )]
    Reserved(String),
    /// A path or link target that readers don't accept.
    #[error(
        "{} is longer than {} bytes, or its target is: use a shorter one",
        quoted(.0),
        limits::TAR_NAME_BYTES
    )]
    TooLong(String),
    /// Two entries for one path.
    #[error("{} is given more than once: leave one of them out", quoted(.0))]
    Duplicate(String),
    /// Something lies in what is no directory.
    #[error(
        "{} lies in {}, which is given as something other than a directory",
        quoted(path),
        quoted(parent)
    )]
    Parent {
        /// What lies there.
        path: String,
        /// What is no directory.
        parent: String,
    },
    /// A path is deleted and something else is done there, which tools do in different orders.
    #[error(
        "{} is deleted, and the same layer says something about {}: leave one of them out, or \
         ask for an opaque whiteout to empty a directory",
        quoted(removed),
        quoted(path)
    )]
    Removed {
        /// What is deleted.
        removed: String,
        /// What else is there or below it.
        path: String,
    },
    /// A symlink without a target, or with one that can't be written.
    #[error("the symlink {} has no target, or one with a NUL in it", quoted(.0))]
    Symlink(String),
    /// A hardlink to nothing.
    #[error(
        "the hardlink {} leads to {}, which is no file of the same layer",
        quoted(path),
        quoted(target)
    )]
    Hardlink {
        /// The link.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// Symlinks of the image lead to each other.
    #[error("{} leads in a circle: symlinks of the image lead to each other there", quoted(.0))]
    Loop(String),
    /// The image has a file where a directory is needed.
    #[error(
        "{} would lie in {}, which is a {kind} in the image: choose another place, or delete it \
         first",
        quoted(path),
        quoted(there)
    )]
    InTheWay {
        /// What would lie there.
        path: String,
        /// What is no directory.
        there: String,
        /// What it is.
        kind: &'static str,
    },
    /// The image has something else where a directory is to be.
    #[error(
        "{} is a {kind} in the image, and a directory is to take its place: choose another one, \
         or delete it first",
        quoted(path)
    )]
    NoDirectory {
        /// Where the directory would be.
        path: String,
        /// What is there.
        kind: &'static str,
    },
    /// The image has a directory where something else is to be put.
    #[error(
        "{} is a directory in the image, and all that is in it would be lost: choose another \
         place, or delete it first",
        quoted(.0)
    )]
    Directory(String),
    /// Two paths that lead to one place.
    #[error(
        "{} and {} lead to the same place in the image, {}: leave one of them out",
        quoted(one),
        quoted(other),
        quoted(place)
    )]
    SamePlace {
        /// One path.
        one: String,
        /// Another one.
        other: String,
        /// Where both lead.
        place: String,
    },
    /// A place whose path is no text.
    #[error("{} leads to a place of the image whose name is no text (UTF-8)", quoted(.0))]
    NoText(String),
    /// Windows layers get their `Files` directory here.
    #[error("{} lies in \"Files\", which is added for Windows: give paths as they are in the container", quoted(.0))]
    WindowsFiles(String),
}

/// The tar of a layer that holds these entries and nothing else.
///
/// Entries stand in the byte order of their paths, parents first and hardlinks last; the order
/// in which they are given does not matter. Parents that are not among them are asked of `parent`,
/// by their path.
///
/// # Errors
/// When a path can't be written, or the entries contradict each other; every error names the path.
pub fn files(entries: &[NewEntry], parent: &dyn Fn(&str) -> Parent) -> Result<TarPlan, EntryError> {
    let mut builder = Builder::default();
    let entries: Vec<Laid<'_>> = entries.iter().map(Laid::plain).collect();
    lay_out(&entries, parent, &Style::default(), &mut builder)?;
    Ok(builder.finish())
}

/// An entry in its place, with what the layers below give to it.
#[derive(Debug)]
pub(super) struct Laid<'a> {
    pub(super) entry: Cow<'a, NewEntry>,
    /// Records for its pax header.
    pub(super) records: Vec<(Vec<u8>, Cow<'a, [u8]>)>,
    /// For [`NewNode::Existing`] the entry that is written anew.
    pub(super) existing: Option<Existing<'a>>,
}

/// An entry of a layer below.
#[derive(Clone, Copy, Debug)]
pub(super) struct Existing<'a> {
    pub(super) layer: u32,
    pub(super) index: &'a Index,
    pub(super) ordinal: u32,
}

impl<'a> Laid<'a> {
    pub(super) fn plain(entry: &'a NewEntry) -> Self {
        Self { entry: Cow::Borrowed(entry), records: Vec::new(), existing: None }
    }

    /// Where it stands in the tar: contents that are copied in the order in which they are read,
    /// and hardlinks behind all files.
    fn rank(&self) -> (u8, u32, u32) {
        match (&self.entry.node, self.existing) {
            (NewNode::Hardlink { .. }, _) => (2, 0, 0),
            (NewNode::Existing, Some(from)) => (1, from.layer, from.ordinal),
            _ => (0, 0, 0),
        }
    }
}

/// What is done to every entry.
#[derive(Default)]
pub(super) struct Style<'a> {
    /// Stands in front of each path, with a slash at its end.
    pub(super) prefix: &'a str,
    /// Records for the pax header of each entry.
    pub(super) records: Vec<(Vec<u8>, Cow<'a, [u8]>)>,
}

impl<'a> Style<'a> {
    fn head(&self, kind: Kind, path: &str, mode: u16) -> Head<'a> {
        let path = format!("{}{path}", self.prefix).into_bytes();
        Head { records: self.records.clone(), ..Head::new(kind, path, mode) }
    }
}

/// Checks the entries and puts them into their order.
pub(super) fn lay_out(
    entries: &[Laid<'_>],
    parent: &dyn Fn(&str) -> Parent,
    style: &Style<'_>,
    builder: &mut Builder,
) -> Result<(), EntryError> {
    let given = Given::new(entries.iter().map(|laid| &*laid.entry))?;
    let mut parents = given.parents()?;
    parents.retain(|path| !given.nodes.contains_key(path));
    // Name in the tar, and what it is of.
    let mut tar: Vec<(Cow<'_, str>, Item<'_>)> = Vec::with_capacity(entries.len() + parents.len());
    tar.extend(parents.into_iter().map(|path| (Cow::Borrowed(path), Item::Parent(path))));
    for laid in entries {
        let path = &*laid.entry.path;
        let name = match &laid.entry.node {
            NewNode::Whiteout => match path.rsplit_once('/') {
                Some((dir, name)) => format!("{dir}/.wh.{name}").into(),
                None => format!(".wh.{path}").into(),
            },
            NewNode::OpaqueWhiteout => format!("{path}/.wh..wh..opq").into(),
            _ => Cow::Borrowed(path),
        };
        tar.push((name, Item::Entry(laid)));
    }
    let rank = |item: &Item<'_>| match item {
        Item::Parent(_) => (0, 0, 0),
        Item::Entry(laid) => laid.rank(),
    };
    tar.sort_unstable_by(|(a, x), (b, y)| (rank(x), a).cmp(&(rank(y), b)));
    for (name, item) in &tar {
        match item {
            Item::Parent(path) => write_parent(path, parent, style, builder),
            Item::Entry(laid) => write_entry(name, laid, &given, style, builder)?,
        }
    }
    Ok(())
}

enum Item<'a> {
    Entry(&'a Laid<'a>),
    Parent(&'a str),
}

fn write_parent(
    path: &str,
    parent: &dyn Fn(&str) -> Parent,
    style: &Style<'_>,
    builder: &mut Builder,
) {
    let head = style.head(Kind::Directory, path, 0o755);
    match parent(path) {
        Parent::Missing => builder.head(&head),
        Parent::Directory { mode, uid, gid, mtime } => {
            builder.head(&Head { mode, uid, gid, mtime, ..head });
        }
        Parent::Keep => {}
    }
}

fn write_entry(
    name: &str,
    laid: &Laid<'_>,
    given: &Given<'_>,
    style: &Style<'_>,
    builder: &mut Builder,
) -> Result<(), EntryError> {
    let entry = &*laid.entry;
    let kind = match entry.node {
        NewNode::File { .. } | NewNode::Whiteout | NewNode::OpaqueWhiteout | NewNode::Existing => {
            Kind::File
        }
        NewNode::Directory => Kind::Directory,
        NewNode::Symlink { .. } => Kind::Symlink,
        NewNode::Hardlink { .. } => Kind::Hardlink,
    };
    let mut head = style.head(kind, name, entry.mode);
    (head.uid, head.gid, head.mtime) = (entry.uid, entry.gid, entry.mtime);
    head.records.extend(laid.records.iter().map(|(key, value)| (key.clone(), value.clone())));
    match &entry.node {
        NewNode::File { digest, size } => {
            head.size = *size;
            builder.head(&head);
            builder.file(digest, *size);
            builder.pad();
            return Ok(());
        }
        NewNode::Existing => {
            // What is not known to be there is not written.
            if let Some(Existing { layer, index, ordinal }) = laid.existing
                && let Some(from) = index.entry(ordinal)
            {
                head.size = from.size;
                builder.remade(&head, layer as usize, index, Some(ordinal));
            }
            return Ok(());
        }
        NewNode::Symlink { target } => head.link = target.as_bytes().into(),
        NewNode::Hardlink { target } => {
            let to = given.nodes.get(&**target);
            if !matches!(to, Some(NewNode::File { .. } | NewNode::Existing)) {
                let (path, target) = (entry.path.clone(), target.clone());
                return Err(EntryError::Hardlink { path, target });
            }
            head.link = format!("{}{target}", style.prefix).into_bytes().into();
        }
        NewNode::Directory | NewNode::Whiteout | NewNode::OpaqueWhiteout => {}
    }
    builder.head(&head);
    Ok(())
}

/// Whether entries can be in one layer, whatever lies below it.
///
/// # Errors
/// How they contradict each other.
pub fn agree(entries: &[NewEntry]) -> Result<(), EntryError> {
    Given::new(entries.iter())?.parents().map(drop)
}

/// The entries by what they are about.
struct Given<'a> {
    entries: Vec<&'a NewEntry>,
    /// What the layer puts at each path.
    nodes: BTreeMap<&'a str, &'a NewNode>,
    whiteouts: BTreeSet<&'a str>,
}

impl<'a> Given<'a> {
    fn new(entries: impl Iterator<Item = &'a NewEntry>) -> Result<Self, EntryError> {
        let entries: Vec<&NewEntry> = entries.collect();
        let (mut nodes, mut whiteouts) = (BTreeMap::new(), BTreeSet::new());
        let mut opaque = BTreeSet::new();
        for entry in &entries {
            check(entry)?;
            let path = &*entry.path;
            let new = match &entry.node {
                NewNode::Whiteout => whiteouts.insert(path),
                NewNode::OpaqueWhiteout => opaque.insert(path),
                node => nodes.insert(path, node).is_none(),
            };
            if !new {
                return Err(EntryError::Duplicate(path.to_owned()));
            }
        }
        Ok(Self { entries, nodes, whiteouts })
    }

    /// All directories that something lies in.
    fn parents(&self) -> Result<BTreeSet<&'a str>, EntryError> {
        let mut parents = BTreeSet::new();
        for entry in &self.entries {
            let path = &*entry.path;
            let is_removed = entry.node == NewNode::Whiteout;
            if !is_removed && self.whiteouts.contains(path) {
                return Err(removed(path, path));
            }
            let mut at = path;
            if entry.node == NewNode::OpaqueWhiteout {
                self.check_parent(path, path)?;
                parents.insert(path);
            }
            while let Some((dir, _)) = at.rsplit_once('/') {
                self.check_parent(dir, path)?;
                // What is above a known parent is known too.
                if !parents.insert(dir) {
                    break;
                }
                at = dir;
            }
        }
        Ok(parents)
    }

    fn check_parent(&self, dir: &str, path: &str) -> Result<(), EntryError> {
        if self.whiteouts.contains(dir) {
            return Err(removed(dir, path));
        }
        match self.nodes.get(dir) {
            None | Some(NewNode::Directory) => Ok(()),
            Some(_) => Err(EntryError::Parent { path: path.to_owned(), parent: dir.to_owned() }),
        }
    }
}

fn removed(removed: &str, path: &str) -> EntryError {
    EntryError::Removed { removed: removed.to_owned(), path: path.to_owned() }
}

/// Checks one entry by itself.
fn check(entry: &NewEntry) -> Result<(), EntryError> {
    let path = &entry.path;
    let error = |make: fn(String) -> EntryError| Err(make(path.clone()));
    if path.contains('\0') || path.split('/').any(|name| matches!(name, "" | "." | "..")) {
        return error(EntryError::Path);
    }
    if path.split('/').any(|name| name.starts_with(".wh.")) {
        return error(EntryError::Reserved);
    }
    let target = match &entry.node {
        NewNode::Symlink { target } if target.is_empty() || target.contains('\0') => {
            return error(EntryError::Symlink);
        }
        NewNode::Symlink { target } => target.len(),
        _ => 0,
    };
    // What is added to a path: "Files/", ".wh." or a slash and the name of an opaque whiteout.
    if path.len().max(target) > limits::TAR_NAME_BYTES - 32 {
        return error(EntryError::TooLong);
    }
    Ok(())
}

/// A path for people, in quotation marks.
fn quoted(path: &str) -> String {
    format!("\"{}\"", display(path.as_bytes()))
}
