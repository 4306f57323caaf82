//! How long one side may let the other wait: without a byte, below a floor of speed, and in all.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::Times;

/// Why a body ended early. The other side sees an aborted stream, never a clean end.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Broken {
    #[error("no byte for {0} s")]
    Idle(u64),
    #[error("fewer than {0} bytes per second for a minute")]
    Slow(u64),
    #[error("not complete after {0} s")]
    Endless(u64),
    #[error("longer than the {0} bytes that such an answer may have")]
    TooLong(u64),
    #[error("more bytes came than Content-Length announced ({0})")]
    Surplus(u64),
    #[error("the connection broke after {got} bytes: {cause}")]
    Cut { got: u64, cause: String },
    #[error("sent to another place")]
    Moved,
}

impl Broken {
    /// The one among the causes of an error, if there is one.
    pub(crate) fn within<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(broken) = error.downcast_ref() {
                return Some(broken);
            }
            cause = error.source();
        }
        None
    }
}

/// Measures how long one side lets the other wait. Time in which nobody asked for bytes (the
/// receiver is the slow one) counts only to the whole.
pub(crate) struct Pace {
    idle: Duration,
    floor: u64,
    window: Duration,
    whole: Duration,
    end: Instant,
    waiting_since: Option<Instant>,
    idle_end: Instant,
    waited: Duration,
    in_window: u64,
    alarm: Pin<Box<Sleep>>,
}

impl Pace {
    /// For whoever sends a body.
    pub(crate) fn of_sender(times: &Times) -> Self {
        Self::new(times, times.idle)
    }

    /// For whoever takes an answer. There is no end to it: a connection may carry many answers.
    pub(crate) fn of_reader(times: &Times) -> Self {
        let mut pace = Self::new(times, times.stall);
        pace.whole = Duration::MAX;
        pace.end += Duration::from_secs(u32::MAX.into());
        pace
    }

    fn new(times: &Times, idle: Duration) -> Self {
        let now = Instant::now();
        Self {
            idle,
            floor: times.floor,
            window: times.floor_window,
            whole: times.body,
            end: now + times.body,
            waiting_since: None,
            idle_end: now,
            waited: Duration::ZERO,
            in_window: 0,
            alarm: Box::pin(sleep_until(now)),
        }
    }

    /// The next frame of a body that is watched, of which so many bytes came before: what its poll
    /// gave, unless that took too long.
    pub(crate) fn frame<E: Display>(
        &mut self,
        polled: Poll<Option<Result<Frame<Bytes>, E>>>,
        got: u64,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match polled {
            Poll::Pending => self.pending(cx).map(|broken| Some(Err(broken))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => {
                Poll::Ready(Some(Err(Broken::Cut { got, cause: error.to_string() })))
            }
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                Poll::Ready(Some(self.arrived(bytes).map_or(Ok(frame), Err)))
            }
        }
    }

    /// Nothing came, or nothing was taken. Ready when that has lasted too long.
    pub(crate) fn pending(&mut self, cx: &mut Context<'_>) -> Poll<Broken> {
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
            if let Some(broken) = self.account(now, now - since) {
                return Poll::Ready(broken);
            }
            since = self.arm(now);
        }
    }

    /// Wakes at the end of the idle time, of the window or of the whole, whichever comes first.
    fn arm(&mut self, now: Instant) -> Instant {
        let window_end = now + self.window.saturating_sub(self.waited);
        self.alarm.as_mut().reset(self.idle_end.min(window_end).min(self.end));
        self.waiting_since = Some(now);
        now
    }

    /// So many bytes came, or were taken.
    pub(crate) fn arrived(&mut self, bytes: usize) -> Option<Broken> {
        self.in_window = self.in_window.saturating_add(bytes as u64);
        let now = Instant::now();
        let waited = self.waiting_since.take().map_or(Duration::ZERO, |since| now - since);
        self.account(now, waited)
    }

    fn account(&mut self, now: Instant, waited: Duration) -> Option<Broken> {
        if now >= self.end {
            return Some(Broken::Endless(self.whole.as_secs()));
        }
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
