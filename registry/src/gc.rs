//! What a layout holds and nothing in it needs: found, and removed when asked to.
//!
//! A manifest that is deleted leaves its blobs behind, and so do uploads of which no manifest came. A
//! registry that is running can't tell them from blobs whose manifest is still to come.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cap_fs_ext::MetadataExt as _;
use cap_std::fs::Dir;
use drydock::digest::{Algorithm, Digest};
use drydock::media_type::{Kind, MediaType};
use serde_json::Value;

use crate::limits;
use crate::store::directory::{self, BLOBS};
use crate::store::index::Index;
use crate::store::lock::Lock;
use crate::store::{beneath, manifest_type, search, unfinished};

/// What is not needed in a layout, or in all layouts of a store.
#[derive(Debug)]
pub struct Garbage {
    layouts: Vec<Layout>,
    /// Bytes of uploads that were never finished.
    unfinished: u64,
    root: Dir,
    _locks: Vec<Lock>,
}

/// One layout.
#[derive(Debug)]
struct Layout {
    name: String,
    directory: Dir,
    unused: Vec<Unused>,
    kept: usize,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Unused {
    digest: Digest,
    bytes: u64,
    /// Which file it is, and how many names that has.
    file: (u64, u64),
    names: u64,
}

/// A blob that nothing needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedBlob<'a> {
    /// The layout, by its path below the directory that was looked into; empty for that itself.
    pub layout: &'a str,
    /// The blob.
    pub digest: &'a Digest,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Garbage {
    /// Looks through a layout, or through all layouts below a directory. Nothing else may have it
    /// open, now and until this is dropped.
    ///
    /// # Errors
    /// When the directory can't be read, holds no layout, or is served; and when what a layout needs
    /// can't be said because a document that it lists can't be read.
    pub fn find(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        let root = beneath::root(&path)?;
        let mut places = Vec::new();
        if directory::is_layout(&root)? {
            places.push((String::new(), path.clone(), root.try_clone()?));
        }
        search::each(&root, &mut |name, layout| {
            let place = path.join(search::place(&name).iter().collect::<PathBuf>());
            places.push((name.to_string(), place, layout.try_clone()?));
            Ok(())
        })?;
        if places.is_empty() {
            return Err(invalid(format!(
                "{} is no OCI image layout, and there is none below it: expected the files oci-layout and index.json",
                path.display()
            )));
        }
        let above = places.iter().flat_map(|(_, place, _)| place.ancestors());
        let above: BTreeSet<&Path> = above.chain([&*path]).collect();
        let mut locks = Vec::new();
        for directory in above {
            locks.extend(Lock::of_store_alone(directory)?);
        }
        let mut layouts = Vec::new();
        for (name, place, layout) in &places {
            locks.push(Lock::of_layout_alone(layout, place)?);
            let said = |error: io::Error| match &**name {
                "" => error,
                _ => io::Error::new(error.kind(), format!("{name}: {error}")),
            };
            layouts.push(look(name.clone(), layout.try_clone()?).map_err(said)?);
        }
        let unfinished = unfinished::left(&root)?;
        Ok(Self { layouts, unfinished, root, _locks: locks })
    }

    /// The blobs that nothing needs.
    pub fn blobs(&self) -> impl Iterator<Item = UnusedBlob<'_>> {
        self.layouts.iter().flat_map(|layout| {
            layout.unused.iter().map(|unused| UnusedBlob {
                layout: &layout.name,
                digest: &unused.digest,
                bytes: unused.bytes,
            })
        })
    }

    /// How many layouts were looked through, and how many blobs in them are needed.
    #[must_use]
    pub fn kept(&self) -> (usize, usize) {
        (self.layouts.len(), self.layouts.iter().map(|layout| layout.kept).sum())
    }

    /// Bytes that uploads left behind which were never finished.
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        self.unfinished
    }

    /// How many bytes become free when all of this is removed. A blob that another repository has
    /// mounted and needs frees nothing.
    #[must_use]
    pub fn freed(&self) -> u64 {
        let mut names: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        let mut freed = self.unfinished;
        for unused in self.layouts.iter().flat_map(|layout| &layout.unused) {
            let seen = names.entry(unused.file).or_default();
            *seen += 1;
            if *seen == unused.names {
                freed += unused.bytes;
            }
        }
        freed
    }

    /// What is odd, in sentences: things that were left where they are.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        self.layouts.iter().flat_map(|layout| layout.notes.iter().map(String::as_str))
    }

    /// Removes it.
    ///
    /// # Errors
    /// When a file can't be removed; those before it are gone.
    pub fn remove(self) -> io::Result<()> {
        for layout in &self.layouts {
            for unused in &layout.unused {
                let names = [BLOBS, unused.digest.algorithm_name()];
                if let Some(shelf) = beneath::descend(&layout.directory, names)? {
                    beneath::present(shelf.remove_file(unused.digest.encoded()))?;
                }
            }
        }
        unfinished::sweep(&self.root, Duration::ZERO)?;
        Ok(())
    }
}

fn look(name: String, directory: Dir) -> io::Result<Layout> {
    let mut notes = Vec::new();
    let needed = needed(&directory, &mut notes)?;
    let mut layout = Layout { name, directory, unused: Vec::new(), kept: 0, notes };
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let names = [BLOBS, algorithm.name()];
        let Some(shelf) = beneath::descend(&layout.directory, names)? else { continue };
        for entry in shelf.entries()? {
            let entry = entry?;
            let file_name = entry.file_name();
            let digest = file_name
                .to_str()
                .and_then(|encoded| Digest::parse(&format!("{}:{encoded}", algorithm.name())).ok());
            let data = entry.metadata()?;
            match digest {
                Some(digest) if data.is_file() && needed.contains(&digest) => layout.kept += 1,
                Some(digest) if data.is_file() => {
                    let (file, names) = ((data.dev(), data.ino()), data.nlink());
                    layout.unused.push(Unused { digest, bytes: data.len(), file, names });
                }
                _ => layout.notes.push(format!(
                    "blobs/{}/{} is no blob; it stays",
                    algorithm.name(),
                    file_name.to_string_lossy().escape_debug()
                )),
            }
        }
    }
    layout.unused.sort_by(|a, b| a.digest.cmp(&b.digest));
    Ok(layout)
}

/// Every digest that `index.json` leads to.
fn needed(layout: &Dir, notes: &mut Vec<String>) -> io::Result<BTreeSet<Digest>> {
    let (file, _) = beneath::file(layout, directory::INDEX)?
        .ok_or_else(|| invalid("there is no index.json".into()))?;
    let bytes = beneath::read(file, limits::INDEX_BYTES)?.ok_or_else(|| {
        invalid(format!("index.json has more than {} bytes", limits::INDEX_BYTES))
    })?;
    let index = Index::parse(&bytes, false).map_err(invalid)?;
    let mut needed = BTreeSet::new();
    let mut read = BTreeSet::new();
    let mut found: Vec<Named> = Vec::new();
    for entry in index.entries() {
        if open(layout, &entry.digest)?.is_none() {
            notes.push(format!("{} is listed, but is not here", entry.digest));
        }
        found.push(Named::new(entry.digest.clone(), &entry.media_type));
    }
    while let Some(named) = found.pop() {
        let digest = named.digest;
        needed.insert(digest.clone());
        if named.reading == Reading::Blob || !read.insert((digest.clone(), named.reading)) {
            continue;
        }
        let Some(file) = open(layout, &digest)? else { continue };
        match document(&digest, file) {
            Ok(value) => links(&value, &mut found),
            Err(_) if named.reading == Reading::Maybe => {}
            Err(why) => {
                return Err(invalid(format!(
                    "{digest} is listed, but {why}: what it needs is not known, so nothing is removed; take it out of the layout first, or put it in order"
                )));
            }
        }
    }
    Ok(needed)
}

/// Something that a document names.
struct Named {
    digest: Digest,
    reading: Reading,
}

/// Whether something may name other things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reading {
    /// It does not.
    Blob,
    /// It may, by its type, which is not known.
    Maybe,
    /// It does.
    Document,
}

impl Named {
    fn new(digest: Digest, media_type: &MediaType) -> Self {
        let reading = match media_type.kind() {
            Kind::Index | Kind::Manifest | Kind::Schema1 => Reading::Document,
            _ if manifest_type::is_allowed(media_type) => Reading::Maybe,
            _ => Reading::Blob,
        };
        Self { digest, reading }
    }
}

fn open(layout: &Dir, digest: &Digest) -> io::Result<Option<File>> {
    let shelf = beneath::descend(layout, [BLOBS, digest.algorithm_name()])?;
    let file = shelf.map_or(Ok(None), |shelf| beneath::file(&shelf, digest.encoded()))?;
    Ok(file.map(|(file, _)| file))
}

fn document(digest: &Digest, file: File) -> Result<Value, String> {
    let bytes = beneath::read(file, limits::MANIFEST_BYTES).map_err(|error| error.to_string())?;
    let bytes = bytes.ok_or("it is too large for a manifest")?;
    if digest.algorithm().is_none_or(|algorithm| Digest::of(algorithm, &bytes) != *digest) {
        return Err("its bytes are not what its digest says".to_owned());
    }
    serde_json::from_slice(&bytes).map_err(|_| "it is no JSON".to_owned())
}

/// Every descriptor in a document, whatever its type: one that is not known may need anything.
fn links(value: &Value, found: &mut Vec<Named>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| links(item, found)),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            let media_type = MediaType::new(text("mediaType").unwrap_or_default());
            let digests = ["digest", "blobSum"].into_iter().filter_map(text);
            found.extend(
                digests
                    .filter_map(|text| Digest::parse(text).ok())
                    .map(|digest| Named::new(digest, &media_type)),
            );
            fields.values().for_each(|field| links(field, found));
        }
        _ => {}
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
