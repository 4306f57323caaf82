//! Bodies on their way through: watched for time, length and the end, never collected.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Either, Empty};
use hyper::body::Incoming;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

use super::log::Record;
use super::pool::{Connection, Key, Pool};
use crate::limits::Times;

/// What goes to a registry.
pub(crate) type UploadBody = Either<Empty<Bytes>, Upload>;

/// Why a body ended early. The other side sees an aborted stream, never a clean end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("no byte for {0} s")]
    Idle(u64),
    #[error("fewer than {0} bytes per second for a minute")]
    Slow(u64),
    #[error("longer than the {0} bytes that such an answer may have")]
    TooLong(u64),
    #[error("more bytes came than Content-Length announced ({0})")]
    Surplus(u64),
    #[error("the connection broke after {got} bytes: {cause}")]
    Cut { got: u64, cause: String },
}

/// Measures how long one side lets the other wait. Time in which nobody asked for bytes (the
/// receiver is the slow one) does not count.
struct Pace {
    idle: Duration,
    floor: u64,
    window: Duration,
    waiting_since: Option<Instant>,
    idle_end: Instant,
    waited: Duration,
    in_window: u64,
    alarm: Pin<Box<Sleep>>,
}

impl Pace {
    fn new(times: &Times) -> Self {
        Self {
            idle: times.idle,
            floor: times.floor,
            window: times.floor_window,
            waiting_since: None,
            idle_end: Instant::now(),
            waited: Duration::ZERO,
            in_window: 0,
            alarm: Box::pin(sleep_until(Instant::now())),
        }
    }

    fn pending(&mut self, cx: &mut Context<'_>) -> Poll<Broken> {
        let mut since = match self.waiting_since {
            Some(since) => since,
            None => {
                let now = Instant::now();
                self.idle_end = now + self.idle;
                self.arm(now)
            }
        };
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            let now = Instant::now();
            if now >= self.idle_end {
                return Poll::Ready(Broken::Idle(self.idle.as_secs()));
            }
            if let Some(broken) = self.account(now - since) {
                return Poll::Ready(broken);
            }
            since = self.arm(now);
        }
    }

    /// Wakes at the end of the idle time or of the window, whichever comes first.
    fn arm(&mut self, now: Instant) -> Instant {
        let window_end = now + self.window.saturating_sub(self.waited);
        self.alarm.as_mut().reset(self.idle_end.min(window_end));
        self.waiting_since = Some(now);
        now
    }

    fn arrived(&mut self, bytes: usize) -> Option<Broken> {
        self.in_window = self.in_window.saturating_add(bytes as u64);
        let waited = self.waiting_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.account(waited)
    }

    fn account(&mut self, waited: Duration) -> Option<Broken> {
        self.waited += waited;
        if self.waited < self.window {
            return None;
        }
        let enough = self.floor.saturating_mul(self.window.as_secs().max(1));
        let slow = self.in_window < enough;
        self.waited = Duration::ZERO;
        self.in_window = 0;
        slow.then_some(Broken::Slow(self.floor))
    }
}

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

/// A request body from the page to a registry.
pub(crate) struct Upload {
    inner: axum::body::Body,
    pace: Pace,
    progress: Progress,
    got: u64,
}

impl Upload {
    pub(crate) fn new(inner: axum::body::Body, times: &Times, progress: Progress) -> Self {
        Self { inner, pace: Pace::new(times), progress, got: 0 }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Pending => this.pace.pending(cx).map(|broken| Some(Err(broken))),
            Poll::Ready(None) => {
                this.progress.step(true);
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                Poll::Ready(Some(Err(Broken::Cut { got: this.got, cause: error.to_string() })))
            }
            Poll::Ready(Some(Ok(frame))) => {
                let len = frame.data_ref().map_or(0, Bytes::len);
                this.got += len as u64;
                this.progress.step(this.inner.is_end_stream());
                match this.pace.arrived(len) {
                    Some(broken) => Poll::Ready(Some(Err(broken))),
                    None => Poll::Ready(Some(Ok(frame))),
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// How long an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cap {
    /// As long as it is.
    None,
    /// Longer ones are aborted.
    Abort(u64),
    /// Longer ones end there: for the text of errors.
    Cut(u64),
}

/// An answer from a registry to the page. Dropped before its end, it closes the connection.
pub(crate) struct Download {
    inner: Incoming,
    pace: Pace,
    cap: Cap,
    got: u64,
    /// The last bytes, held back until it is certain that no more follow them.
    held: Option<Bytes>,
    connection: Option<(Connection, Key, Pool)>,
    record: Record,
}

impl Download {
    pub(crate) fn new(
        inner: Incoming,
        times: &Times,
        cap: Cap,
        connection: (Connection, Key, Pool),
        record: Record,
    ) -> Self {
        let mut this = Self {
            inner,
            pace: Pace::new(times),
            cap,
            got: 0,
            held: None,
            connection: Some(connection),
            record,
        };
        if this.inner.is_end_stream() {
            this.keep_when_ready();
            this.record.complete();
        }
        this
    }

    /// Puts the connection back as soon as it can take another request.
    fn keep_when_ready(&mut self) {
        if let Some((mut connection, key, pool)) = self.connection.take() {
            tokio::spawn(async move {
                if connection.sender.ready().await.is_ok() {
                    pool.put(key, connection);
                }
            });
        }
    }

    /// All announced bytes are there. If the connection meanwhile failed because it received
    /// something nobody asked for, the announced length was a lie.
    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let Some((connection, ..)) = &mut self.connection else { return Poll::Ready(Ok(())) };
        if ready!(connection.sender.poll_ready(cx)).is_ok() {
            if let Some((connection, key, pool)) = self.connection.take() {
                pool.put(key, connection);
            }
            return Poll::Ready(Ok(()));
        }
        let end = ready!(Pin::new(&mut connection.end).poll(cx));
        self.connection = None;
        match end {
            // hyper has no predicate for this kind of error.
            Ok(Err(error)) if error.to_string().contains("unexpected message") => {
                Poll::Ready(Err(Broken::Surplus(self.got)))
            }
            _ => Poll::Ready(Ok(())),
        }
    }

    fn fail(&mut self, broken: Broken) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.connection = None;
        self.record.broken(&broken.to_string());
        Poll::Ready(Some(Err(broken)))
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        if this.held.is_some() {
            return match ready!(this.poll_finish(cx)) {
                Ok(()) => {
                    this.record.complete();
                    Poll::Ready(this.held.take().map(|data| Ok(Frame::data(data))))
                }
                Err(broken) => this.fail(broken),
            };
        }
        if this.connection.is_none() {
            return Poll::Ready(None);
        }
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Pending => match this.pace.pending(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(broken) => this.fail(broken),
            },
            Poll::Ready(None) => {
                this.keep_when_ready();
                this.record.complete();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                let got = this.got;
                this.fail(Broken::Cut { got, cause: error.to_string() })
            }
            Poll::Ready(Some(Ok(frame))) => {
                // Trailers stay behind.
                let mut data = frame.into_data().unwrap_or_default();
                if let Some(broken) = this.pace.arrived(data.len()) {
                    return this.fail(broken);
                }
                this.got += data.len() as u64;
                match this.cap {
                    Cap::Abort(cap) if this.got > cap => return this.fail(Broken::TooLong(cap)),
                    Cap::Cut(cap) if this.got > cap => {
                        let surplus = usize::try_from(this.got - cap).unwrap_or(usize::MAX);
                        data.truncate(data.len().saturating_sub(surplus));
                        this.connection = None;
                        this.record.add(data.len());
                        this.record.complete();
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                    _ => {}
                }
                this.record.add(data.len());
                if this.inner.size_hint().exact() == Some(0) {
                    this.held = Some(data);
                    return self.poll_frame(cx);
                }
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.connection.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if matches!(self.cap, Cap::Cut(_)) {
            return SizeHint::default();
        }
        let held = self.held.as_ref().map_or(0, |data| data.len() as u64);
        match self.inner.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(rest + held),
            None => SizeHint::default(),
        }
    }
}
