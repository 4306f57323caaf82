//! What layers are made of and where they go, on disk: for work that has a thread of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::edit::{self, Made, Recipe};
use drydock::inspect::packages::{self, Owners, Packages};
use drydock::inspect::search::{self, Hit, Pattern, Searched, Wanted};
use drydock::layer::write::{self, Destination, MakeError, Materials, TarPlan};
use drydock::layer::{Index, Overlay, TarStream};
use drydock::pieces::Pieces;
use futures_util::FutureExt as _;
use tempfile::NamedTempFile;
use tokio::runtime::Handle;

use crate::not_built::BuildError;
use crate::packing::PackingThreads;

/// Reading files never waits for anybody else.
const WAITS: &str = "it waits for something that does not come";
/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// Is told how many bytes of layers and files were read.
pub(crate) type Read = Arc<dyn Fn(u64) + Send + Sync>;

/// Layers and files on disk.
#[derive(Clone, Debug, Default)]
pub struct OnDisk {
    /// The layers, in the order of the recipe or plan, with their digests and sizes.
    pub layers: Vec<(PathBuf, Digest, u64)>,
    /// The files, by their digests.
    pub files: BTreeMap<Digest, PathBuf>,
}

/// A file that is read from its first to its last byte.
#[derive(Debug)]
pub struct Whole {
    file: File,
    piece: Vec<u8>,
}

impl OnDisk {
    /// Makes the layer of a recipe; the file holds its blob, unless it is one of the files as it is.
    /// To be called from one of the runtime's blocking threads, where it may wait for others.
    ///
    /// # Errors
    /// As [`edit::build`].
    pub(crate) fn build(
        &self,
        recipe: &Recipe,
        indexes: &[Arc<Index>],
        to: NamedTempFile,
        told: &Read,
    ) -> Result<(Made, NamedTempFile), BuildError> {
        let mut to = Written { to, told: Some(Arc::clone(told)) };
        let mut packing = PackingThreads::new();
        let work = edit::build(recipe, indexes, self, &mut packing, &mut to);
        let made = Handle::current().block_on(work)?;
        Ok((made, to.to))
    }

    /// Writes a planned tar.
    ///
    /// # Errors
    /// As [`write::copy`].
    pub fn copy(&self, plan: &TarPlan, to: &mut impl io::Write) -> Result<(), BuildError> {
        let copied = write::copy(plan, self, &mut Written { to, told: None }).now_or_never();
        copied.ok_or_else(|| io::Error::other(WAITS))?
    }
}

impl OnDisk {
    /// The software of an image whose layers these are, and what belongs to which package.
    ///
    /// # Errors
    /// As [`packages::read`].
    pub fn packages(&self, overlay: &Arc<Overlay>) -> Result<(Packages, Owners), BuildError> {
        let read = packages::read(overlay, self, async |_| {}).now_or_never();
        read.ok_or_else(|| io::Error::other(WAITS))?
    }
}

impl OnDisk {
    /// Looks for a pattern in all files of an image whose layers these are.
    ///
    /// # Errors
    /// As [`search::search`].
    pub fn search(
        &self,
        overlay: &Arc<Overlay>,
        pattern: &Pattern,
        wanted: &Wanted,
        hit: impl FnMut(Hit),
    ) -> Result<Searched, BuildError> {
        let work = search::search(overlay, pattern, wanted, self, hit, async |_| {});
        work.now_or_never().ok_or_else(|| io::Error::other(WAITS))?
    }
}

impl Whole {
    fn open(path: &PathBuf) -> Result<Self, BuildError> {
        Ok(Self { file: File::open(path)?, piece: vec![0; PIECE] })
    }
}

impl Pieces for Whole {
    type Error = BuildError;

    async fn next(&mut self) -> Result<Option<&[u8]>, BuildError> {
        let length = self.file.read(&mut self.piece)?;
        Ok(self.piece.get(..length).filter(|piece| !piece.is_empty()))
    }
}

impl Materials for OnDisk {
    type Error = BuildError;
    type Layer = TarStream<Whole>;
    type File = Whole;

    async fn layer(&self, at: usize) -> Result<TarStream<Whole>, BuildError> {
        let (path, digest, size) = self.layers.get(at).ok_or(MakeError::Missing)?;
        Ok(TarStream::new(Whole::open(path)?, digest, *size))
    }

    async fn file(&self, digest: &Digest) -> Result<Whole, BuildError> {
        Whole::open(self.files.get(digest).ok_or(MakeError::Missing)?)
    }

    async fn supplied(&self, digest: &Digest) -> Result<TarStream<Whole>, BuildError> {
        let path = self.files.get(digest).ok_or(MakeError::Missing)?;
        let size = path.metadata()?.len();
        Ok(TarStream::new(Whole::open(path)?, digest, size))
    }
}

struct Written<W> {
    to: W,
    told: Option<Read>,
}

impl<W: io::Write> Destination<TarStream<Whole>> for Written<W> {
    type Error = BuildError;

    async fn write(&mut self, bytes: &[u8]) -> Result<(), BuildError> {
        Ok(self.to.write_all(bytes)?)
    }

    async fn turn(&mut self, read: u64, _tar: u64) {
        if let Some(told) = &self.told {
            told(read);
        }
    }
}
