//! Which entries does one layer hold?

mod build;
mod extras;
mod format;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use build::NewEntry;
pub(crate) use extras::Extras;
pub use format::IndexError;

use crate::digest::Digest;

/// What an entry is. As text and as plain data it is its [name](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    #[serde(rename = "dir")]
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of a file that the tar or a lower layer holds.
    Hardlink,
    /// A character device.
    Char,
    /// A block device.
    Block,
    /// A named pipe.
    Fifo,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::File,
        Self::Directory,
        Self::Symlink,
        Self::Hardlink,
        Self::Char,
        Self::Block,
        Self::Fifo,
    ];

    /// `file`, `dir`, `symlink`, `hardlink`, `char`, `block` or `fifo`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "dir",
            Self::Symlink => "symlink",
            Self::Hardlink => "hardlink",
            Self::Char => "char",
            Self::Block => "block",
            Self::Fifo => "fifo",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where an entry stands in the tar of which only a table of contents was read.
pub(crate) const NOWHERE: u64 = i64::MAX as u64;

/// What stands before the name of an extended attribute in the keyword of its record.
const XATTR: &[u8] = b"SCHILY.xattr.";

/// The entries of one layer in the order of the tar, in columns: no object per file.
///
/// Names are kept in two parts, so that entries of one directory share its name.
///
/// ```
/// use drydock::layer::{Kind, LayerReader, ReadOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut tar = tar::Builder::new(Vec::new());
/// let mut header = tar::Header::new_gnu();
/// header.set_size(6);
/// header.set_mode(0o644);
/// tar.append_data(&mut header, "etc/motd", &b"hello\n"[..])?;
/// let tar = tar.into_inner()?;
///
/// // Layers come in pieces, and where these end does not matter.
/// let mut reader = LayerReader::new(ReadOptions::default());
/// for piece in tar.chunks(100) {
///     reader.push(piece, &mut ());
/// }
/// let index = reader.finish(&mut ()).index.ok_or("no tar")?;
/// let motd = index.entries().next().ok_or("an empty layer")?;
/// assert_eq!((&*motd.name(), motd.kind, motd.mode, motd.size), (&b"etc/motd"[..], Kind::File, 0o644, 6));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    blob: Option<Digest>,
    kinds: Vec<u8>,
    modes: Vec<u16>,
    uids: Vec<u32>,
    gids: Vec<u32>,
    sizes: Vec<u64>,
    mtimes: Vec<i64>,
    /// Where the content begins.
    contents: Vec<u64>,
    /// Blocks of 512 bytes between the first header and the content.
    header_blocks: Vec<u32>,
    /// Number of the directory part of the name.
    dirs: Vec<u32>,
    bases: Texts,
    links: Texts,
    dir_names: Texts,
    devices: Vec<[u32; 3]>,
    /// The entry of each record that is kept, rising.
    record_entries: Vec<u32>,
    /// Keyword and value of each of them, by turns.
    record_texts: Texts,
    /// Entry and end in `sparse_regions`, both rising.
    sparse_entries: Vec<[u32; 2]>,
    /// Offset and length in the file.
    sparse_regions: Vec<[u64; 2]>,
    /// One for each entry or none at all; zeros stand for "not recorded".
    sha256: Vec<[u8; 32]>,
    /// [`Extras`] of each entry.
    extras: Vec<u8>,
    /// Where the content of the last entry ends in the tar.
    end: u64,
}

/// Many byte strings in one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Texts {
    fn get(&self, at: usize) -> &[u8] {
        let end = self.ends.get(at).copied().unwrap_or(0) as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.bytes.get(start.unwrap_or(0) as usize..end).unwrap_or_default()
    }

    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
    }

    fn memory(&self) -> usize {
        self.bytes.len() + self.ends.len() * 4
    }
}

/// One entry of an [`Index`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Place in the order of the tar, from 0.
    pub ordinal: u32,
    /// What it is.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky (`mode & 0o7777`).
    pub mode: u16,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Size of the file in bytes, holes counted; 0 for all but files.
    pub size: u64,
    /// Time of last change, in seconds since 1970, rounded down.
    pub mtime: i64,
    /// The first part of the name as it stands in the tar, up to and with the last slash that is
    /// followed by anything else.
    pub dir: &'a [u8],
    /// The rest of the name as it stands in the tar; may end in slashes.
    pub base: &'a [u8],
    /// Target of a symlink or hardlink as it stands in the tar, else empty.
    pub link: &'a [u8],
    /// Where the entry begins in the tar, extension headers included. Means nothing where the index
    /// [has no offsets](Index::has_offsets).
    pub header_offset: u64,
    /// Where its content begins in the tar; the same holds.
    pub content_offset: u64,
}

impl<'a> Entry<'a> {
    /// The whole name as it stands in the tar.
    #[must_use]
    pub fn name(&self) -> Cow<'a, [u8]> {
        if self.dir.is_empty() {
            Cow::Borrowed(self.base)
        } else {
            Cow::Owned([self.dir, self.base].concat())
        }
    }
}

impl Index {
    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// One entry by its place in the tar.
    #[must_use]
    pub fn entry(&self, ordinal: u32) -> Option<Entry<'_>> {
        let at = ordinal as usize;
        let content_offset = *self.contents.get(at)?;
        Some(Entry {
            ordinal,
            kind: self.kind(at)?,
            mode: *self.modes.get(at)?,
            uid: *self.uids.get(at)?,
            gid: *self.gids.get(at)?,
            size: *self.sizes.get(at)?,
            mtime: *self.mtimes.get(at)?,
            dir: self.dir_names.get(*self.dirs.get(at)? as usize),
            base: self.bases.get(at),
            link: self.links.get(at),
            header_offset: content_offset
                .checked_sub(512 * u64::from(*self.header_blocks.get(at)?))?,
            content_offset,
        })
    }

    /// All entries in the order of the tar.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.len() as u32).filter_map(|ordinal| self.entry(ordinal))
    }

    /// Device numbers (major, minor) of a character or block device.
    #[must_use]
    pub fn device(&self, ordinal: u32) -> Option<(u32, u32)> {
        let at = self.devices.binary_search_by_key(&ordinal, |device| device[0]).ok()?;
        self.devices.get(at).map(|[_, major, minor]| (*major, *minor))
    }

    /// Extended attributes of an entry, in the order of the tar.
    pub fn xattrs(&self, ordinal: u32) -> impl Iterator<Item = (&[u8], &[u8])> {
        let records = self.records(ordinal);
        records.filter_map(|(key, value)| Some((key.strip_prefix(XATTR)?, value)))
    }

    /// Records of a pax header that are kept as they are, keyword and value in the order of the tar:
    /// extended attributes, ACLs, and a time of last change that is not a whole second.
    pub(crate) fn records(&self, ordinal: u32) -> impl Iterator<Item = (&[u8], &[u8])> {
        let from = self.record_entries.partition_point(|entry| *entry < ordinal);
        let to = self.record_entries.partition_point(|entry| *entry <= ordinal);
        (from..to).map(|at| (self.record_texts.get(2 * at), self.record_texts.get(2 * at + 1)))
    }

    /// SHA-256 of a file's content, when it was recorded.
    #[must_use]
    pub fn file_digest(&self, ordinal: u32) -> Option<Digest> {
        self.file_sum(ordinal).map(|sum| Digest::from_sha256(*sum))
    }

    /// Whether the SHA-256 of every file was recorded; of sparse files none is.
    #[must_use]
    pub fn has_file_digests(&self) -> bool {
        let is_plain =
            |entry: Entry<'_>| entry.kind == Kind::File && self.sparse(entry.ordinal).is_none();
        !self.sha256.is_empty() || !self.entries().any(is_plain)
    }

    /// Digest of the blob that the index was made from.
    #[must_use]
    pub fn blob(&self) -> Option<&Digest> {
        self.blob.as_ref()
    }

    /// Whether it is known where the entries stand in the tar. It is not where only a table of contents
    /// was read ([`lazy`](crate::layer::lazy)): what that says of the entries was compared with no tar,
    /// and nothing can be copied by it.
    #[must_use]
    pub fn has_offsets(&self) -> bool {
        self.end != NOWHERE
    }

    /// The same entries, of which it is [not known](Self::has_offsets) where they stand in the tar: for
    /// what was not compared with the layer.
    #[must_use]
    pub fn without_offsets(&self) -> Self {
        let contents = vec![0; self.contents.len()];
        let header_blocks = vec![0; self.header_blocks.len()];
        Self { contents, header_blocks, end: NOWHERE, ..self.clone() }
    }

    /// Number of bytes that the entries take in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        const ROW: usize = 1 + 2 + 4 + 4 + 8 + 8 + 8 + 4 + 4 + 1;
        self.kinds.len() * ROW
            + self.bases.memory()
            + self.links.memory()
            + self.dir_names.memory()
            + self.devices.len() * 12
            + self.record_entries.len() * 4
            + self.record_texts.memory()
            + self.sparse_entries.len() * 8
            + self.sparse_regions.len() * 16
            + self.sha256.len() * 32
    }

    pub(crate) fn file_sum(&self, ordinal: u32) -> Option<&[u8; 32]> {
        self.sha256.get(ordinal as usize).filter(|sum| **sum != [0; 32])
    }

    /// Offset and length in the file of the runs that a sparse file's content consists of.
    pub(crate) fn sparse(&self, ordinal: u32) -> Option<&[[u64; 2]]> {
        let at = self.sparse_entries.binary_search_by_key(&ordinal, |entry| entry[0]).ok()?;
        let end = self.sparse_entries.get(at)?[1] as usize;
        let start = at.checked_sub(1).and_then(|before| self.sparse_entries.get(before));
        self.sparse_regions.get(start.map_or(0, |entry| entry[1] as usize)..end)
    }

    /// What the headers of an entry hold beside what the columns say.
    pub(crate) fn extras(&self, ordinal: u32) -> Extras {
        Extras(self.extras.get(ordinal as usize).copied().unwrap_or(0))
    }

    /// Where the content of an entry ends in the tar.
    pub(crate) fn content_end(&self, ordinal: u32) -> Option<u64> {
        let entry = self.entry(ordinal)?;
        let stored = match self.sparse(ordinal) {
            Some(runs) => runs.iter().try_fold(0u64, |sum, [_, len]| sum.checked_add(*len))?,
            None => entry.size,
        };
        entry.content_offset.checked_add(stored)
    }

    /// Where the content of the last entry ends in the tar.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Number of the directory part of an entry's name; equal numbers mean equal parts.
    pub(crate) fn dir_number(&self, at: usize) -> u32 {
        self.dirs.get(at).copied().unwrap_or(0)
    }

    pub(crate) fn dir_count(&self) -> usize {
        self.dir_names.ends.len()
    }

    pub(crate) fn kind(&self, at: usize) -> Option<Kind> {
        Kind::ALL.get(usize::from(*self.kinds.get(at)?)).copied()
    }

    pub(crate) fn link(&self, at: usize) -> &[u8] {
        self.links.get(at)
    }

    /// Entry and name of every extended attribute.
    pub(crate) fn xattr_keys(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let keys = (0..).map(|at| self.record_texts.get(2 * at));
        let all = self.record_entries.iter().copied().zip(keys);
        all.filter_map(|(ordinal, key)| Some((ordinal, key.strip_prefix(XATTR)?)))
    }

    /// Bytes that decide what an overlay looks like up in its tables.
    pub(crate) fn name_bytes(&self) -> [&[u8]; 2] {
        [&self.bases.bytes, &self.dir_names.bytes]
    }
}
