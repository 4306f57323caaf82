//! Where does an entry land, and what does it keep of what is there?

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::layer::findings::display;
use crate::layer::index::{Index, Kind};
use crate::layer::overlay::{Astray, NodeId, Overlay};
use crate::layer::tar::MTIME;
use crate::layer::write::agree::EntryError;
use crate::layer::write::entry::{Keep, NewEntry, NewNode};
use crate::layer::write::files::{Existing, Laid};
use crate::layer::write::windows::PREFIX;

/// Most findings of one kind.
pub(super) const TOLD: usize = 20;

/// Whether an entry removes something, or puts something there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    Puts,
    Removes,
    Empties,
}

/// Entries on their way to their places.
pub(super) struct Landing<'a> {
    pub(super) tree: &'a Overlay,
    pub(super) windows: bool,
    /// By place; with the path as it was given.
    pub(super) laid: BTreeMap<(String, Act), (&'a str, Laid<'a>)>,
    /// Symlinks that entries were led through, and how many by each.
    pub(super) through: BTreeMap<NodeId, u64>,
    /// Files with several names.
    pub(super) names: BTreeMap<NodeId, Vec<NodeId>>,
    /// Names that are taken from files with several.
    pub(super) parted: BTreeMap<NodeId, BTreeSet<NodeId>>,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Landing<'a> {
    pub(super) fn new(tree: &'a Overlay, windows: bool) -> Self {
        Self {
            tree,
            windows,
            laid: BTreeMap::new(),
            through: BTreeMap::new(),
            names: tree.shared_names(),
            parted: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    pub(super) fn land(&mut self, given: &'a NewEntry) -> Result<(), EntryError> {
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
    pub(super) fn keep(&self, laid: &mut Laid<'a>, id: NodeId, keep: Keep) {
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
}

/// A path for people.
pub(super) fn show(path: &str) -> String {
    display(path.as_bytes())
}
