//! The loop of a verification: blobs are read, several at a time, and put on each other.

use std::cell::RefCell;

use futures_util::future::{Either, select};
use futures_util::stream::{self, StreamExt as _};

use super::{BlobFacts, BlobKind, Job, Outcome, Session, Stack, Verdict, integrity};
use crate::digest::Hasher;
use crate::finding::Finding;
use crate::layer::{Index, LayerReader, ReadOptions, Sink};

/// How far a blob has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Bytes of the blob that have arrived.
    pub downloaded: u64,
    /// Bytes of the tar that came out of them.
    pub unpacked: u64,
    /// How often the connection was made anew.
    pub resumed: u32,
}

/// Why a blob was not read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is surely no such blob.
    Absent,
    /// It broke off or never began; a sentence that says why.
    Broken(String),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => f.write_str("it is missing."),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

/// Reads the blobs of a verification.
#[allow(async_fn_in_trait)]
pub trait Blobs {
    /// Reads one to its end, and tells `seen` how far it is.
    ///
    /// # Errors
    /// When it does not come, or not all of it.
    async fn read(&self, job: &Job, seen: &dyn Fn(Seen)) -> Result<BlobFacts, Unread>;

    /// Takes note that a blob is what it should be: what was kept of it may be used from now on.
    async fn verified(&self, job: &Job);

    /// Puts layers on each other that were verified, and gives what is wrong with that.
    ///
    /// # Errors
    /// A sentence that says why it could not be done.
    async fn lay(&self, stack: &Stack) -> Result<Vec<Finding>, String>;

    /// Waits until it is time to show the board anew.
    async fn tick(&self);
}

/// Reads all blobs of a session, `at_once` of them at a time, until it is over or `stop` is done: the
/// rest is incomplete then. `on_board` is called at every tick.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use drydock::digest::Digest;
/// use drydock::finding::Finding;
/// use drydock::image::Graph;
/// use drydock::verify::{self, BlobFacts, Blobs, Choice, Job, Reading, Report, Seen, Session};
/// use drydock::verify::{Stack, Unread};
///
/// /// Blobs in memory. Others read them from a registry, in pieces and on several threads.
/// struct Memory(BTreeMap<Digest, Vec<u8>>);
///
/// impl Blobs for Memory {
///     async fn read(&self, job: &Job, seen: &dyn Fn(Seen)) -> Result<BlobFacts, Unread> {
///         let blob = self.0.get(&job.descriptor.digest).ok_or(Unread::Absent)?;
///         let mut reading = Reading::of(job);
///         for piece in blob.chunks(1 << 16) {
///             reading.push(piece);
///             seen(reading.seen());
///         }
///         Ok(reading.finish().0)
///     }
///
///     async fn verified(&self, _: &Job) {}
///
///     async fn lay(&self, _: &Stack) -> Result<Vec<Finding>, String> {
///         Err("the indexes of the layers were not kept".to_owned())
///     }
///
///     async fn tick(&self) {
///         std::future::pending().await
///     }
/// }
///
/// async fn verify(graph: &Graph, blobs: &Memory) -> Report {
///     let session = Session::new("app:v1", graph, &Choice::All);
///     verify::run(session, blobs, 4, std::future::pending(), |_| {}).await.report(0)
/// }
/// # let store = Memory(BTreeMap::new());
/// # let report = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # let report = report.block_on(verify(&Graph::default(), &store));
/// # assert_ne!(report.verdict, verify::Verdict::Verified);
/// ```
pub async fn run<B: Blobs>(
    session: Session,
    blobs: &B,
    at_once: usize,
    stop: impl Future<Output = ()>,
    mut on_board: impl FnMut(&Session),
) -> Session {
    let jobs = session.jobs().to_vec();
    let board = RefCell::new(session);
    on_board(&board.borrow());
    let reading = stream::iter(&jobs).map(|job| read(job, blobs, &board));
    let reading = reading.buffer_unordered(at_once).collect::<()>();
    let stopped = watched(reading, blobs, stop, || on_board(&board.borrow())).await;
    if stopped {
        board.borrow_mut().stop();
    }
    let stacks = board.borrow().stacks();
    for stack in stacks {
        let laid = blobs.lay(&stack).await;
        board.borrow_mut().laid(&stack, laid.as_deref().map_err(String::as_str));
    }
    board.into_inner()
}

/// Works and calls `on_tick` meanwhile; whether it was stopped.
async fn watched<B: Blobs>(
    work: impl Future<Output = ()>,
    blobs: &B,
    stop: impl Future<Output = ()>,
    mut on_tick: impl FnMut(),
) -> bool {
    let (mut work, mut stop) = (std::pin::pin!(work), std::pin::pin!(stop));
    loop {
        let tick = std::pin::pin!(blobs.tick());
        let next = select(work.as_mut(), tick);
        match select(next, stop.as_mut()).await {
            Either::Left((Either::Left(_), _)) => return false,
            Either::Left((Either::Right(_), _)) => on_tick(),
            Either::Right(_) => return true,
        }
    }
}

/// Reads one blob and tells the session what came of it.
async fn read<B: Blobs>(job: &Job, blobs: &B, board: &RefCell<Session>) {
    let seen = RefCell::new(Seen::default());
    let told = |now: Seen| {
        seen.replace(now);
        board.borrow_mut().progress(job.id, now.downloaded, now.unpacked);
    };
    let mut came = blobs.read(job, &told).await;
    // What was put together from several answers may be wrong by the answers alone.
    if is_other(job, &came) && seen.replace(Seen::default()).resumed > 0 {
        came = blobs.read(job, &told).await;
        if is_other(job, &came) && seen.borrow().resumed > 0 {
            let message = "The connection broke, and what came after it was not the rest of the same content. Try again.";
            came = Err(Unread::Broken(message.to_owned()));
        }
    }
    let outcome = match came {
        Ok(facts) => Outcome::Read(facts),
        Err(Unread::Absent) => Outcome::Absent,
        Err(Unread::Broken(reason)) => Outcome::Broken { reason, bytes: seen.borrow().downloaded },
    };
    board.borrow_mut().finish(job.id, &outcome);
    if integrity::check(job, &outcome).0 == Verdict::Verified {
        blobs.verified(job).await;
    }
}

/// Whether all of a blob came, and is not what its descriptor says.
fn is_other(job: &Job, came: &Result<BlobFacts, Unread>) -> bool {
    let (digest, size) = (&job.descriptor.digest, job.descriptor.size);
    let other = |facts: &BlobFacts| facts.digest != *digest || facts.size != size;
    digest.algorithm().is_some() && came.as_ref().is_ok_and(other)
}

/// A blob of a verification while its bytes come.
pub struct Reading(Kind);

enum Kind {
    Layer(Box<LayerReader>),
    Bytes(Hasher, u64),
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reading({:?})", self.seen())
    }
}

/// What of a layer is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Whether somebody else computes the digest of its tar, of what [`Sink::hash`] is given.
    pub apart: bool,
    /// Whether its index records the SHA-256 of every file.
    pub file_digests: bool,
}

impl Reading {
    /// Nothing has come yet.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        Self::with(job, Extent::default())
    }

    /// Likewise, to another extent.
    #[must_use]
    pub fn with(job: &Job, extent: Extent) -> Self {
        let Extent { apart, file_digests } = extent;
        Self(match job.kind {
            BlobKind::Layer => Kind::Layer(Box::new(LayerReader::new(ReadOptions {
                subject: job.subject().to_owned(),
                media_type: Some(job.descriptor.media_type.clone()),
                digest: job.digest_algorithm(),
                diff_id: Some(job.diff_id_algorithm()),
                apart,
                file_digests,
                ..ReadOptions::default()
            }))),
            BlobKind::Bytes => Kind::Bytes(Hasher::new(job.digest_algorithm()), 0),
        })
    }

    /// The next bytes have come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.push_to(bytes, &mut ());
    }

    /// The next bytes have come, and what comes out of them is handed on.
    pub fn push_to(&mut self, bytes: &[u8], sink: &mut dyn Sink) {
        match &mut self.0 {
            Kind::Layer(reader) => reader.push(bytes, sink),
            Kind::Bytes(hasher, size) => {
                hasher.update(bytes);
                *size += bytes.len() as u64;
            }
        }
    }

    /// How far it is; the connection is not known here.
    #[must_use]
    pub fn seen(&self) -> Seen {
        match &self.0 {
            Kind::Layer(reader) => Seen {
                downloaded: reader.size(),
                unpacked: reader.uncompressed_size(),
                ..Seen::default()
            },
            Kind::Bytes(_, size) => Seen { downloaded: *size, ..Seen::default() },
        }
    }

    /// All has come: what was found out, and the index of a layer that could be read.
    #[must_use]
    pub fn finish(self) -> (BlobFacts, Option<Index>) {
        self.finish_to(&mut ())
    }

    /// Likewise; what still comes out is handed on.
    #[must_use]
    pub fn finish_to(self, sink: &mut dyn Sink) -> (BlobFacts, Option<Index>) {
        match self.0 {
            Kind::Layer(reader) => {
                let mut summary = reader.finish(sink);
                let facts = BlobFacts::from(&summary);
                (facts, summary.index.take())
            }
            Kind::Bytes(hasher, size) => (BlobFacts::bytes(hasher.finish(), size), None),
        }
    }
}
