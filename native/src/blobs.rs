//! Blobs of a place for a verification: bytes come here, and threads unpack and hash them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use drydock::digest::Digest;
use drydock::finding::Finding;
use drydock::layer::{Index, Overlay};
use drydock::source::{BlobPieces, Failure as _, Source as _};
use drydock::verify::{BlobFacts, Blobs, Job, Seen, Stack, Unread};

use crate::place::{Failed, Place};
use crate::unpack::Unpacking;

/// Bytes that a thread is given at once.
const PIECE: usize = 1 << 20;
/// Blobs that are read at once: as many as the library asks one host for.
pub const AT_ONCE: usize = 4;
/// How often the board is shown anew.
const TICK: Duration = Duration::from_millis(100);

/// Why a blob is not known that came.
const ENDED: &str = "The thread that unpacked it ended before it was done.";

/// Reads the blobs of a place.
#[derive(Debug)]
pub struct Threads<'a> {
    place: &'a Place,
    file_digests: bool,
    /// Indexes of layers that were read and not compared yet.
    read: RefCell<BTreeMap<Digest, Index>>,
    /// Those of layers that were verified.
    verified: RefCell<BTreeMap<Digest, Arc<Index>>>,
}

impl<'a> Threads<'a> {
    /// Nothing has been read yet.
    #[must_use]
    pub fn new(place: &'a Place) -> Self {
        let (read, verified) = (RefCell::default(), RefCell::default());
        Self { place, file_digests: false, read, verified }
    }

    /// Records the SHA-256 of every file in the indexes, too.
    #[must_use]
    pub fn with_file_digests(self) -> Self {
        Self { file_digests: true, ..self }
    }

    pub(crate) fn place(&self) -> &'a Place {
        self.place
    }

    /// The index of a layer that was verified.
    #[must_use]
    pub fn index(&self, digest: &Digest) -> Option<Arc<Index>> {
        self.verified.borrow().get(digest).cloned()
    }
}

impl Blobs for Threads<'_> {
    async fn read(&self, job: &Job, seen: &dyn Fn(Seen)) -> Result<BlobFacts, Unread> {
        let mut pieces = Gathered::new(self.place.open(&job.descriptor, None));
        let unpacking = Unpacking::of(job, self.file_digests);
        while let Some(piece) = pieces.next().await? {
            if !unpacking.push(piece).await {
                break;
            }
            seen(Seen { resumed: pieces.0.resumed(), ..unpacking.seen() });
        }
        let resumed = pieces.0.resumed();
        let ended = unpacking.finish().await;
        let (facts, index) = ended.ok_or_else(|| Unread::Broken(ENDED.to_owned()))?;
        let unpacked = facts.uncompressed_size.unwrap_or_default();
        seen(Seen { downloaded: facts.size, unpacked, resumed });
        self.read.borrow_mut().extend(index.map(|index| (job.descriptor.digest.clone(), index)));
        Ok(facts)
    }

    async fn verified(&self, job: &Job) {
        let digest = &job.descriptor.digest;
        if let Some(index) = self.read.borrow_mut().remove(digest) {
            self.verified.borrow_mut().insert(digest.clone(), Arc::new(index));
        }
    }

    async fn lay(&self, stack: &Stack) -> Result<Vec<Finding>, String> {
        let layers: Option<Vec<_>> = stack.layers.iter().map(|digest| self.index(digest)).collect();
        let layers = layers.ok_or("a layer of it was not verified.")?;
        Ok(Overlay::build(&layers).findings().to_vec())
    }

    async fn tick(&self) {
        tokio::time::sleep(TICK).await;
    }
}

/// The bytes of a blob, gathered to pieces that are worth a thread.
pub(crate) struct Gathered<B>(B);

impl<B: BlobPieces<Error = Failed>> Gathered<B> {
    pub(crate) fn new(pieces: B) -> Self {
        Self(pieces)
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Unread> {
        let mut gathered = BytesMut::new();
        while gathered.len() < PIECE
            && let Some(piece) = self.0.next().await.map_err(|error| unread(&error))?
        {
            gathered.extend_from_slice(piece);
        }
        Ok((!gathered.is_empty()).then(|| gathered.freeze()))
    }
}

fn unread(error: &Failed) -> Unread {
    match error.is_not_found() {
        true => Unread::Absent,
        false => Unread::Broken(error.to_string()),
    }
}
