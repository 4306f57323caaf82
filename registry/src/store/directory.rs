//! The content of a repository that is an OCI image layout on disk.
//!
//! image-spec, image-layout.md.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, Write};
use std::sync::Arc;

use cap_fs_ext::MetadataExt as _;
use cap_std::fs::Dir;
use drydock::digest::{Algorithm, Digest, Hasher};

use super::budget::{self, Budget};
use super::index::Index;
use super::unfinished::Unfinished;
use super::{Refusal, beneath};
use crate::limits;

pub(crate) const BLOBS: &str = "blobs";
pub(crate) const INDEX: &str = "index.json";
pub(crate) const LAYOUT: &str = "oci-layout";
const LAYOUT_JSON: &[u8] = b"{\"imageLayoutVersion\":\"1.0.0\"}";
/// Size in bytes of the pieces in which a file is hashed.
const PIECE_BYTES: usize = 256 << 10;

/// One layout.
#[derive(Debug)]
pub(crate) struct Directory {
    /// The store's directory, or the layout itself when it is not in a store.
    root: Arc<Dir>,
    /// Names of directories that lead from there to the layout.
    place: Vec<String>,
    budget: Budget,
}

/// How a file looked when it was read, to see whether somebody else has written it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<cap_std::time::SystemTime>,
    size: u64,
}

impl Directory {
    pub(crate) fn new(root: Arc<Dir>, place: Vec<String>, budget: Budget) -> Self {
        Self { root, place, budget }
    }

    /// The store's directory.
    pub(crate) fn root(&self) -> &Arc<Dir> {
        &self.root
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Whether this is a layout.
    pub(crate) fn exists(&self) -> io::Result<bool> {
        self.layout()?.map_or(Ok(false), |layout| is_layout(&layout))
    }

    /// Makes the layout when it is not there, with nothing in it.
    fn create(&self) -> io::Result<Dir> {
        let mut layout = self.root.try_clone()?;
        for name in &self.place {
            layout = beneath::make(&layout, name)?;
        }
        for (name, content) in [(INDEX, &Index::empty().to_bytes()[..]), (LAYOUT, LAYOUT_JSON)] {
            if beneath::data(&layout, name)?.is_none() {
                let (unfinished, _file) = Unfinished::of(&self.root, content)?;
                unfinished.keep_as(&layout, name)?;
            }
        }
        Ok(layout)
    }

    pub(crate) fn index_stamp(&self) -> io::Result<Option<Stamp>> {
        let Some(layout) = self.layout()? else { return Ok(None) };
        let data = beneath::data(&layout, INDEX)?.filter(|data| data.is_file());
        Ok(data.map(|data| Stamp { modified: data.modified().ok(), size: data.len() }))
    }

    /// Reads `index.json`; `None` inside when it is over its limit.
    pub(crate) fn read_index(&self) -> io::Result<Option<Option<Vec<u8>>>> {
        let Some(layout) = self.layout()? else { return Ok(None) };
        let Some((file, _)) = beneath::file(&layout, INDEX)? else { return Ok(None) };
        beneath::read(file, limits::INDEX_BYTES).map(Some)
    }

    pub(crate) fn write_index(&self, bytes: &[u8]) -> io::Result<()> {
        let layout = self.create()?;
        let (unfinished, file) = Unfinished::of(&self.root, bytes)?;
        // A blob that a crash cuts short is seen by its digest; a cut index would lose all tags.
        file.sync_data()?;
        unfinished.keep_as(&layout, INDEX)
    }

    /// Opens a blob with its size.
    pub(crate) fn open(&self, digest: &Digest) -> io::Result<Option<(File, u64)>> {
        let Some(shelf) = self.shelf(digest)? else { return Ok(None) };
        Ok(beneath::file(&shelf, digest.encoded())?.map(|(file, data)| (file, data.len())))
    }

    /// How many bytes a blob has; `None` when it is not there.
    pub(crate) fn size(&self, digest: &Digest) -> io::Result<Option<u64>> {
        let Some(shelf) = self.shelf(digest)? else { return Ok(None) };
        let data = beneath::data(&shelf, digest.encoded())?.filter(|data| data.is_file());
        Ok(data.map(|data| data.len()))
    }

    /// Reads a small blob; `None` inside when it is over the limit.
    pub(crate) fn read(&self, digest: &Digest, limit: u64) -> io::Result<Option<Option<Vec<u8>>>> {
        let Some((file, _)) = self.open(digest)? else { return Ok(None) };
        beneath::read(file, limit).map(Some)
    }

    /// Writes a blob that is at hand.
    pub(crate) fn put_bytes(&self, digest: &Digest, bytes: &[u8]) -> Result<(), Refusal> {
        let reserved = self.budget.reserve(budget::of_blob(bytes.len() as u64))?;
        let (unfinished, _file) = Unfinished::of(&self.root, bytes)?;
        self.adopt(digest, unfinished)?;
        reserved.keep();
        Ok(())
    }

    /// Takes a finished file, whose bytes have been counted.
    pub(crate) fn adopt(&self, digest: &Digest, file: Unfinished) -> io::Result<()> {
        let shelf = self.make_shelf(digest)?;
        let before = counted(&shelf, digest.encoded())?;
        file.keep_as(&shelf, digest.encoded())?;
        self.budget.give(before);
        Ok(())
    }

    /// Takes a blob from another layout, if it is what its digest says.
    pub(crate) fn mount(&self, digest: &Digest, from: &Self) -> Result<bool, Refusal> {
        let (Some(algorithm), Some(shelf)) = (digest.algorithm(), from.shelf(digest)?) else {
            return Ok(false);
        };
        let Some((mut file, _)) = beneath::file(&shelf, digest.encoded())? else {
            return Ok(false);
        };
        // What is not this store's own may still be changed by its owner, so it is copied.
        if Arc::ptr_eq(&self.root, &from.root) {
            if copy(&mut file, &mut io::sink(), algorithm)?.0 != *digest {
                return Ok(false);
            }
            let own = self.make_shelf(digest)?;
            match shelf.hard_link(digest.encoded(), &own, digest.encoded()) {
                Ok(()) => return Ok(true),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(true),
                // A file system without hard links.
                Err(_) => file.rewind()?,
            }
        }
        let (unfinished, mut own) = Unfinished::create(&self.root)?;
        let mut reserved = self.budget.reserve(budget::of_blob(file.metadata()?.len()))?;
        let (actual, size) = copy(&mut file, &mut own, algorithm)?;
        reserved.set(budget::of_blob(size))?;
        if actual != *digest {
            return Ok(false);
        }
        self.adopt(digest, unfinished)?;
        reserved.keep();
        Ok(true)
    }

    pub(crate) fn remove(&self, digest: &Digest) -> io::Result<bool> {
        let Some(shelf) = self.shelf(digest)? else { return Ok(false) };
        let counted = counted(&shelf, digest.encoded())?;
        let removed = beneath::present(shelf.remove_file(digest.encoded()))?.is_some();
        if removed {
            self.budget.give(counted);
        }
        Ok(removed)
    }

    fn layout(&self) -> io::Result<Option<Dir>> {
        beneath::descend(&self.root, self.place.iter().map(String::as_str))
    }

    /// Where a blob lies; nowhere when its digest can't be computed here.
    fn shelf(&self, digest: &Digest) -> io::Result<Option<Dir>> {
        match (digest.algorithm(), self.layout()?) {
            (Some(algorithm), Some(layout)) => beneath::descend(&layout, [BLOBS, algorithm.name()]),
            _ => Ok(None),
        }
    }

    fn make_shelf(&self, digest: &Digest) -> io::Result<Dir> {
        beneath::make(&beneath::make(&self.create()?, BLOBS)?, digest.algorithm_name())
    }
}

/// Whether a directory is an OCI image layout.
pub(crate) fn is_layout(directory: &Dir) -> io::Result<bool> {
    for name in [LAYOUT, INDEX] {
        if !beneath::data(directory, name)?.is_some_and(|data| data.is_file()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Bytes of a layout that count, as they are counted when they are written. Blobs that several
/// names share count for the first of them.
pub(crate) fn count(layout: &Dir, seen: &mut BTreeSet<(u64, u64)>) -> io::Result<u64> {
    let index = beneath::data(layout, INDEX)?.map_or(0, |data| data.len());
    let mut sum = budget::of_index(index);
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let shelf = beneath::descend(layout, [BLOBS, algorithm.name()])?;
        let Some(shelf) = shelf else { continue };
        for entry in shelf.entries()? {
            let data = entry?.metadata()?;
            if data.is_file() && (data.nlink() == 1 || seen.insert((data.dev(), data.ino()))) {
                sum = sum.saturating_add(budget::of_blob(data.len()));
            }
        }
    }
    Ok(sum)
}

/// What a blob counts for; nothing while it has another name.
fn counted(shelf: &Dir, name: &str) -> io::Result<u64> {
    let data = beneath::data(shelf, name)?.filter(|data| data.is_file() && data.nlink() == 1);
    Ok(data.map_or(0, |data| budget::of_blob(data.len())))
}

/// Copies all of a file and computes its digest.
fn copy(from: &mut File, to: &mut impl Write, algorithm: Algorithm) -> io::Result<(Digest, u64)> {
    let mut hasher = Hasher::new(algorithm);
    let mut piece = vec![0; PIECE_BYTES];
    let mut size = 0;
    loop {
        let bytes = match from.read(&mut piece)? {
            0 => return Ok((hasher.finish(), size)),
            read => piece.get(..read).unwrap_or_default(),
        };
        hasher.update(bytes);
        to.write_all(bytes)?;
        size += bytes.len() as u64;
    }
}
