//! The threads of one blob: one hashes and unpacks what comes, and of a large layer another computes
//! the digest of the tar.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use drydock::digest::{Algorithm, Hashed, Hasher};
use drydock::layer::seek::STATE_EVERY;
use drydock::layer::{Index, Sink, WORTH_TWO};
use drydock::verify::{BlobFacts, BlobKind, Extent, Job, Reading, Seen};
use tokio::sync::{mpsc as pieces, oneshot, watch};

/// Pieces that come while the one before is unpacked.
const AHEAD: usize = 2;
/// Bytes of the tar that are handed over at once.
const TAR_PIECE: usize = 1 << 20;
/// Pieces of the tar that wait for their digest.
const TAR_AHEAD: usize = 4;

/// What came of a blob.
pub(crate) type Unpacked = (BlobFacts, Option<Index>);

/// A blob whose bytes are handed to threads.
pub(crate) struct Unpacking {
    to: pieces::Sender<Bytes>,
    seen: watch::Receiver<Seen>,
    end: oneshot::Receiver<Unpacked>,
}

impl Unpacking {
    /// Starts the threads.
    pub(crate) fn of(job: &Job, file_digests: bool) -> Self {
        let (to, mut from) = pieces::channel::<Bytes>(AHEAD);
        let (told, seen) = watch::channel(Seen::default());
        let (ended, end) = oneshot::channel();
        let is_apart = job.kind == BlobKind::Layer && job.descriptor.size >= WORTH_TWO;
        let is_apart = is_apart && thread::available_parallelism().is_ok_and(|all| all.get() > 1);
        let mut tar = is_apart.then(|| TarDigest::of(job.diff_id_algorithm()));
        let mut reading = Reading::with(job, Extent { apart: is_apart, file_digests });
        tokio::task::spawn_blocking(move || {
            let mut nobody = ();
            let sink: &mut dyn Sink = tar.as_mut().map_or(&mut nobody, |tar| tar);
            while let Some(piece) = from.blocking_recv() {
                reading.push_to(&piece, sink);
                told.send_replace(reading.seen());
            }
            // Nobody listens when the work was stopped.
            let _stopped = ended.send(reading.finish_to(sink));
        });
        Self { to, seen, end }
    }

    /// Hands the next bytes over, and waits while there is no room for them. `false` when nobody
    /// takes them any more.
    pub(crate) async fn push(&self, piece: Bytes) -> bool {
        self.to.send(piece).await.is_ok()
    }

    /// How far the threads are.
    pub(crate) fn seen(&self) -> Seen {
        *self.seen.borrow()
    }

    /// All has come; `None` when a thread ended before it was done.
    pub(crate) async fn finish(self) -> Option<Unpacked> {
        drop(self.to);
        self.end.await.ok()
    }
}

/// Computes the digest of a tar on a thread of its own.
struct TarDigest {
    /// Where pieces go; nowhere when all have gone.
    to: Option<SyncSender<Vec<u8>>>,
    /// Where they come back to be filled anew.
    back: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    thread: Option<JoinHandle<Hashed>>,
}

impl TarDigest {
    fn of(algorithm: Algorithm) -> Self {
        let (to, from) = mpsc::sync_channel::<Vec<u8>>(TAR_AHEAD);
        let (give_back, back) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut hasher = Hasher::recording(algorithm, STATE_EVERY);
            for mut piece in from {
                hasher.update(&piece);
                piece.clear();
                // At the end nobody fills it anew.
                let _unused = give_back.send(piece);
            }
            hasher.finish_with_states()
        });
        let piece = Vec::with_capacity(TAR_PIECE);
        Self { to: Some(to), back, piece, thread: Some(thread) }
    }

    fn hand_over(&mut self) {
        let Some(to) = &self.to else { return };
        let next = self.back.try_recv().unwrap_or_else(|_| Vec::with_capacity(TAR_PIECE));
        let piece = std::mem::replace(&mut self.piece, next);
        // That thread ends before this one only by a panic, with which `hashed` goes on.
        let _ended = to.send(piece);
    }
}

impl Sink for TarDigest {
    fn hash(&mut self, bytes: &[u8]) {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= TAR_PIECE {
            self.hand_over();
        }
    }

    fn hashed(&mut self) -> Option<Hashed> {
        self.hand_over();
        self.to = None;
        // Without it nothing could be said of the layer: this thread ends like that one.
        Some(self.thread.take()?.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    }
}
