//! Blobs in a folder of their own, which is gone when the work is done.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use drydock::descriptor::Descriptor;
use drydock::digest::{Algorithm, DiffId, Digest, Hasher};
use drydock::layer::{Index, LayerReader, ReadOptions};
use drydock::source::Source as _;
use tempfile::{NamedTempFile, TempDir};

use crate::blobs::Gathered;
use crate::leftovers::Leftover;
use crate::place::{OpenError, Place};

/// Blobs that were compared with their digests, and files of the user's.
#[derive(Debug)]
pub struct Store {
    folder: TempDir,
    _leftover: Leftover,
    files: RefCell<BTreeMap<Digest, PathBuf>>,
    indexes: RefCell<BTreeMap<Digest, Arc<Index>>>,
}

impl Store {
    /// An empty one, where this machine keeps what is temporary.
    ///
    /// # Errors
    /// When there is no room.
    pub fn new() -> Result<Self, OpenError> {
        let folder = tempfile::Builder::new()
            .prefix("drydock-")
            .tempdir()
            .map_err(|error| no_room(&error))?;
        let leftover = Leftover::at(folder.path());
        Ok(Self {
            folder,
            _leftover: leftover,
            files: RefCell::default(),
            indexes: RefCell::default(),
        })
    }

    /// Where a blob lies.
    #[must_use]
    pub fn path(&self, digest: &Digest) -> Option<PathBuf> {
        self.files.borrow().get(digest).cloned()
    }

    /// Takes note of a file that lies elsewhere and has this digest.
    pub fn know(&self, digest: Digest, path: PathBuf) {
        self.files.borrow_mut().insert(digest, path);
    }

    /// A new file in the folder.
    pub(crate) fn begin(&self) -> Result<NamedTempFile, OpenError> {
        NamedTempFile::new_in(self.folder.path()).map_err(|error| no_room(&error))
    }

    /// Keeps a file under its digest.
    pub(crate) fn keep(&self, file: NamedTempFile, digest: &Digest) -> Result<(), OpenError> {
        let name = format!("{}-{}", digest.algorithm_name(), digest.encoded());
        let path = self.folder.path().join(name);
        file.persist(&path).map_err(|error| no_room(&error.error))?;
        self.know(digest.clone(), path);
        Ok(())
    }

    /// A blob, which is read from its place unless it lies here, and compared with its descriptor.
    /// `seen` is told how much of it has come.
    ///
    /// # Errors
    /// When it can't be read, is another one, or there is no room.
    pub async fn obtain(
        &self,
        place: &Place,
        descriptor: &Descriptor,
        seen: &dyn Fn(u64),
    ) -> Result<PathBuf, OpenError> {
        let digest = &descriptor.digest;
        if let Some(path) = self.path(digest) {
            return Ok(path);
        }
        let mut file = self.begin()?;
        let mut hasher = Hasher::new(digest.algorithm().unwrap_or_default());
        let mut size = 0;
        let failed = |why: &str| OpenError(format!("{digest} can't be read: {why}"));
        let mut pieces = Gathered::new(place.open(descriptor, None));
        while let Some(piece) = pieces.next().await.map_err(|why| failed(&why.to_string()))? {
            hasher.update(&piece);
            size += piece.len() as u64;
            file.write_all(&piece).map_err(|error| no_room(&error))?;
            seen(size);
        }
        let came = hasher.finish();
        if came != *digest || size != descriptor.size {
            let (holder, wanted) = (place.holder().name(), descriptor.size);
            return Err(OpenError(format!(
                "The {holder} gave {came} with {size} bytes where {digest} with {wanted} bytes was \
                 asked for. Nothing was made of it."
            )));
        }
        self.keep(file, digest)?;
        self.path(digest).ok_or_else(|| failed("it is gone."))
    }

    /// What is in a layer that lies here. Its tar is compared with the diff ID, where there is one.
    ///
    /// # Errors
    /// When it does not lie here, is no tar, or another one.
    pub async fn index(
        &self,
        digest: &Digest,
        diff_id: Option<&DiffId>,
    ) -> Result<Arc<Index>, OpenError> {
        self.index_with(digest, diff_id, false).await
    }

    /// As [`index`](Self::index), with the SHA-256 of each file.
    ///
    /// # Errors
    /// As with that.
    pub async fn index_with_file_digests(
        &self,
        digest: &Digest,
        diff_id: Option<&DiffId>,
    ) -> Result<Arc<Index>, OpenError> {
        self.index_with(digest, diff_id, true).await
    }

    async fn index_with(
        &self,
        digest: &Digest,
        diff_id: Option<&DiffId>,
        file_digests: bool,
    ) -> Result<Arc<Index>, OpenError> {
        if let Some(index) = self.indexes.borrow().get(digest)
            && (!file_digests || index.has_file_digests())
        {
            return Ok(Arc::clone(index));
        }
        let missing = || OpenError(format!("The layer {digest} is not there."));
        let path = self.path(digest).ok_or_else(missing)?;
        let (of, wanted) = (digest.clone(), diff_id.cloned());
        let read =
            tokio::task::spawn_blocking(move || read(&path, &of, wanted.as_ref(), file_digests));
        let index = read.await.map_err(|error| OpenError(error.to_string()))??;
        let index = Arc::new(index);
        self.indexes.borrow_mut().insert(digest.clone(), Arc::clone(&index));
        Ok(index)
    }
}

fn read(
    path: &Path,
    digest: &Digest,
    diff_id: Option<&DiffId>,
    file_digests: bool,
) -> Result<Index, OpenError> {
    let failed = |why: String| OpenError(format!("The layer {digest} can't be read: {why}"));
    let mut file = File::open(path).map_err(|error| failed(format!("{error}.")))?;
    let mut reader = LayerReader::new(ReadOptions {
        subject: digest.to_string(),
        digest: digest.algorithm().unwrap_or_default(),
        diff_id: Some(diff_id.and_then(|it| it.0.algorithm()).unwrap_or_default()),
        file_digests,
        ..ReadOptions::default()
    });
    let read = each_piece(&mut file, |piece| reader.push(piece, &mut ()));
    read.map_err(|error| failed(format!("{error}.")))?;
    let mut summary = reader.finish(&mut ());
    if let (Some(came), Some(wanted)) = (&summary.diff_id, diff_id)
        && came != wanted
    {
        return Err(failed(format!("its tar is {}, but the config says {}.", came.0, wanted.0)));
    }
    summary.index.take().filter(|_| summary.complete).ok_or_else(|| {
        let why = summary.findings.into_iter().map(|finding| finding.message);
        failed(why.collect::<Vec<_>>().join(" "))
    })
}

/// The files in these paths whose digest is wanted, which are taken note of.
///
/// # Errors
/// When one can't be read.
pub(crate) fn take(
    store: &Store,
    paths: &[PathBuf],
    wanted: &[(Digest, u64)],
) -> Result<(), OpenError> {
    let mut open: Vec<PathBuf> = paths.to_vec();
    while let Some(path) = open.pop() {
        let failed =
            |error: io::Error| OpenError(format!("{} can't be read: {error}.", path.display()));
        let meta = fs::metadata(&path).map_err(failed)?;
        if meta.is_dir() {
            // What can't be read below is missed only if it is wanted.
            for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
                // A link could lead round in a circle.
                if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
                    open.push(entry.path());
                }
            }
            continue;
        }
        let candidates = wanted.iter().filter(|(_, size)| *size == meta.len());
        let candidates: BTreeSet<&Digest> = candidates.map(|(digest, _)| digest).collect();
        let algorithms = candidates.iter().filter_map(|digest| digest.algorithm());
        let mut hashers: BTreeMap<Algorithm, Hasher> =
            algorithms.map(|algorithm| (algorithm, Hasher::new(algorithm))).collect();
        if hashers.is_empty() || !meta.is_file() {
            continue;
        }
        let Ok(mut file) = File::open(&path) else { continue };
        each_piece(&mut file, |piece| hashers.values_mut().for_each(|it| it.update(piece)))
            .map_err(failed)?;
        for digest in hashers.into_values().map(Hasher::finish) {
            if candidates.contains(&digest) {
                store.know(digest, path.clone());
            }
        }
    }
    Ok(())
}

fn each_piece(file: &mut File, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut piece = vec![0; 256 << 10];
    loop {
        let length = io::Read::read(file, &mut piece)?;
        match piece.get(..length) {
            Some(read) if length > 0 => take(read),
            _ => return Ok(()),
        }
    }
}

fn no_room(error: &io::Error) -> OpenError {
    OpenError(format!("Nothing can be kept where this machine keeps temporary files: {error}."))
}
