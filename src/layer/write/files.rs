//! How do new files become the tar of a layer?

use std::borrow::Cow;

use super::agree::{EntryError, Given};
use super::entry::{NewEntry, NewNode};
use super::header::Head;
use super::plan::{Builder, TarPlan};
use crate::layer::index::{Index, Kind};

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

/// The tar of a layer that holds these entries and nothing else.
///
/// Entries stand in the byte order of their paths, parents first and hardlinks last; the order
/// in which they are given does not matter. Parents that are not among them are asked of `parent`,
/// by their path.
///
/// # Errors
/// When a path can't be written, or the entries contradict each other; every error names the path.
pub fn files(entries: &[NewEntry], parent: &dyn Fn(&str) -> Parent) -> Result<TarPlan, EntryError> {
    let mut builder = Builder::over([]);
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
