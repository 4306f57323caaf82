//! A request body on its way to a registry, which may send it on to another place.
//!
//! Its start is kept until the rest has begun to follow, so that a redirect can be carried out. For
//! a longer one the registry is asked first whether it wants it (`Expect: 100-continue`).

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Either, Empty};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::pace::Broken;

/// What is kept of a body so that it can be sent again, in bytes.
const KEPT_BYTES: u64 = 64 * 1024;

/// How long a registry is waited for to say that it wants a longer body. Those that do not know the
/// question take it without.
const LEAVE: Duration = Duration::from_secs(1);

/// What goes to a registry.
pub(crate) type UploadBody = Either<Empty<Bytes>, Upload>;

/// How far a request body has got; shared with whoever waits for the answer.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Sent>);

struct Sent {
    last: Mutex<(Instant, bool)>,
    all: Notify,
}

impl Progress {
    pub(crate) fn new(has_body: bool) -> Self {
        Self(Arc::new(Sent { last: Mutex::new((Instant::now(), !has_body)), all: Notify::new() }))
    }

    /// When something last happened, and whether all of the body has been handed over.
    pub(crate) fn last(&self) -> (Instant, bool) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ready when all of the body has been handed over.
    pub(crate) async fn all(&self) {
        self.0.all.notified().await;
    }

    fn step(&self, done: bool) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), done);
        if done {
            self.0.all.notify_one();
        }
    }
}

/// What the page sends, as often as it is asked for from its start.
pub(crate) struct Content {
    source: Arc<Mutex<Source>>,
    length: u64,
}

struct Source {
    body: axum::body::Body,
    /// All pieces so far, as long as they are few.
    kept: Option<Vec<Bytes>>,
    /// Which request has the body now: the one before it gets no more.
    turn: u32,
}

impl Content {
    /// A body whose length the request announced.
    pub(crate) fn new(body: axum::body::Body) -> Self {
        let length = body.size_hint().exact().unwrap_or(u64::MAX);
        let source = Source { body, kept: Some(Vec::new()), turn: 0 };
        Self { source: Arc::new(Mutex::new(source)), length }
    }

    /// Whether a registry should be asked before this is sent.
    pub(crate) fn is_long(&self) -> bool {
        self.length > KEPT_BYTES
    }

    /// The body from its first byte, if that is still there. Once there is `leave`, it waits for
    /// that first.
    pub(crate) fn sending(&self, leave: Option<Arc<Notify>>) -> Option<(Upload, Progress)> {
        let mut source = lock(&self.source);
        source.kept.as_ref()?;
        source.turn += 1;
        let progress = Progress::new(true);
        let upload = Upload {
            source: self.source.clone(),
            turn: source.turn,
            next: 0,
            got: 0,
            length: self.length,
            progress: progress.clone(),
            leave: leave.map(|leave| -> Leave {
                Box::pin(async move {
                    let _either_way = tokio::time::timeout(LEAVE, leave.notified()).await;
                })
            }),
        };
        Some((upload, progress))
    }
}

type Leave = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One sending of a [`Content`].
pub(crate) struct Upload {
    source: Arc<Mutex<Source>>,
    turn: u32,
    /// The next of the pieces that were kept.
    next: usize,
    got: u64,
    length: u64,
    progress: Progress,
    leave: Option<Leave>,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        if let Some(leave) = &mut this.leave {
            ready!(leave.as_mut().poll(cx));
            this.leave = None;
            this.progress.step(false);
        }
        let mut source = lock(&this.source);
        if source.turn != this.turn {
            return Poll::Ready(Some(Err(Broken::Moved)));
        }
        let kept = source.kept.as_ref().and_then(|kept| kept.get(this.next)).cloned();
        let piece = match kept {
            Some(piece) => piece,
            None => match ready!(source.poll_piece(cx)) {
                Some(Ok(piece)) => piece,
                Some(Err(error)) => {
                    let cut = || Broken::Cut { got: this.got, cause: error.to_string() };
                    let broken = Broken::within(&error).cloned().unwrap_or_else(cut);
                    return Poll::Ready(Some(Err(broken)));
                }
                None => {
                    this.progress.step(true);
                    return Poll::Ready(None);
                }
            },
        };
        this.next += 1;
        this.got = this.got.saturating_add(piece.len() as u64);
        this.progress.step(this.got >= this.length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.got >= self.length
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length.saturating_sub(self.got))
    }
}

impl Source {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => return Poll::Ready(None),
        };
        let piece = frame.into_data().unwrap_or_default();
        self.kept = self.kept.take().filter(|kept| {
            let held: usize = kept.iter().map(Bytes::len).sum();
            (held + piece.len()) as u64 <= KEPT_BYTES
        });
        if let Some(kept) = &mut self.kept {
            kept.push(piece.clone());
        }
        Poll::Ready(Some(Ok(piece)))
    }
}

fn lock(source: &Mutex<Source>) -> MutexGuard<'_, Source> {
    source.lock().unwrap_or_else(PoisonError::into_inner)
}
