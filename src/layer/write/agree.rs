//! Can these entries be in one layer?

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{NewEntry, NewNode};
use crate::layer::findings::display;
use crate::limits;

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

/// Whether entries can be in one layer, whatever lies below it.
///
/// # Errors
/// How they contradict each other.
pub fn agree(entries: &[NewEntry]) -> Result<(), EntryError> {
    Given::new(entries.iter())?.parents().map(drop)
}

/// The entries by what they are about.
pub(super) struct Given<'a> {
    entries: Vec<&'a NewEntry>,
    /// What the layer puts at each path.
    pub(super) nodes: BTreeMap<&'a str, &'a NewNode>,
    whiteouts: BTreeSet<&'a str>,
}

impl<'a> Given<'a> {
    pub(super) fn new(entries: impl Iterator<Item = &'a NewEntry>) -> Result<Self, EntryError> {
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
    pub(super) fn parents(&self) -> Result<BTreeSet<&'a str>, EntryError> {
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
