//! Blobs of a place for a verification: bytes come here, and threads unpack and hash them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use drydock::archive::ReadAt as _;
use drydock::digest::Digest;
use drydock::finding::Finding;
use drydock::layer::{Index, Overlay};
use drydock::registry::{self, Download};
use drydock::source::FileRange;
use drydock::verify::{BlobFacts, Blobs, Job, Reading, Seen, Stack, Unread};

use crate::patience::Patience;
use crate::place::Place;
use crate::sockets::Sockets;

/// Bytes that a thread is given at once.
const PIECE: usize = 1 << 20;
/// Blobs that are read at once: as many as the library asks one host for.
pub const AT_ONCE: usize = 4;
/// How often the board is shown anew.
const TICK: Duration = Duration::from_millis(100);

/// Reads the blobs of a place.
#[derive(Debug)]
pub struct Threads<'a> {
    place: &'a Place,
    /// Indexes of layers that were read and not compared yet.
    read: RefCell<BTreeMap<Digest, Index>>,
    /// Those of layers that were verified.
    verified: RefCell<BTreeMap<Digest, Arc<Index>>>,
}

impl<'a> Threads<'a> {
    /// Nothing has been read yet.
    #[must_use]
    pub fn new(place: &'a Place) -> Self {
        Self { place, read: RefCell::default(), verified: RefCell::default() }
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
        let mut pieces = Pieces::of(self.place, job)?;
        let mut reading = Reading::of(job);
        while let Some(piece) = pieces.next().await? {
            let pushed = tokio::task::spawn_blocking(move || {
                reading.push(&piece);
                reading
            });
            reading = pushed.await.map_err(|error| Unread::Broken(error.to_string()))?;
            seen(Seen { resumed: pieces.resumed(), ..reading.seen() });
        }
        let (facts, index) = reading.finish();
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
pub(crate) enum Pieces<'a> {
    Registry(Box<Download<'a, Sockets, Patience>>),
    Archive(&'a Place, FileRange),
}

impl<'a> Pieces<'a> {
    pub(crate) fn of(place: &'a Place, job: &'a Job) -> Result<Self, Unread> {
        match place {
            Place::Repository(registry, repository) => {
                let download = registry.download(repository, &job.descriptor, &Patience);
                Ok(Self::Registry(Box::new(download)))
            }
            Place::Archive(source) => {
                let at = source.archive().place(&job.descriptor.digest).ok_or(Unread::Absent)?;
                Ok(Self::Archive(place, at.clone()))
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Unread> {
        match self {
            Self::Registry(download) => {
                let mut piece = BytesMut::new();
                while piece.len() < PIECE
                    && let Some(bytes) = download.next().await.map_err(|error| unread(&error))?
                {
                    piece.extend_from_slice(&bytes);
                }
                Ok((!piece.is_empty()).then(|| piece.freeze()))
            }
            Self::Archive(Place::Archive(source), at) if !at.is_empty() => {
                let end = at.range.start.saturating_add(PIECE as u64).min(at.range.end);
                let piece = source.reader().read(at.file, at.range.start..end).await;
                at.range.start = end;
                piece
                    .map(Some)
                    .map_err(|error| Unread::Broken(format!("The archive can't be read: {error}.")))
            }
            Self::Archive(..) => Ok(None),
        }
    }

    fn resumed(&self) -> u32 {
        match self {
            Self::Registry(download) => download.resumed(),
            Self::Archive(..) => 0,
        }
    }
}

fn unread(error: &registry::Error) -> Unread {
    match error.is_not_found() {
        true => Unread::Absent,
        false => Unread::Broken(error.to_string()),
    }
}
