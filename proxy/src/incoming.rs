//! Request bodies as they come in, whoever they are for: watched for time, counted, and read to
//! their end where nobody wants them, for who is still sending sees no answer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;

use crate::limits::Times;
use crate::pace::{Broken, Pace};

/// The body of one request.
pub(crate) struct Incoming {
    inner: Body,
    pace: Pace,
    times: Times,
    count: Arc<AtomicU64>,
    /// Whether it is read to its end by whoever drops it.
    drained: bool,
    unread: Unread,
}

/// What becomes of a body that nobody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is read to its end.
    Drained,
    /// It is read to its end once somebody has begun: the client waits for that
    /// (`Expect: 100-continue`), and sends nothing that is not wanted.
    DrainedOnceBegun,
    /// It is left: nobody waits for an answer to it.
    Left,
}

impl Incoming {
    /// Watches `inner` and adds its bytes to `count`.
    pub(crate) fn watch(inner: Body, times: &Times, count: Arc<AtomicU64>, unread: Unread) -> Body {
        if inner.is_end_stream() {
            return inner;
        }
        let pace = Pace::of_sender(times);
        Body::new(Self {
            inner,
            pace,
            times: times.clone(),
            count,
            drained: unread == Unread::Drained,
            unread,
        })
    }
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        this.drained = this.unread != Unread::Left;
        let got = this.count.load(Ordering::Relaxed);
        let polled = this.pace.frame(Pin::new(&mut this.inner).poll_frame(cx), got, cx);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.count.fetch_add(bytes as u64, Ordering::Relaxed);
            }
            Poll::Ready(None | Some(Err(_))) => this.drained = false,
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.drained || self.inner.is_end_stream() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let mut rest = std::mem::take(&mut self.inner);
        let mut times = self.times.clone();
        times.body = times.unwanted;
        let mut watched = Body::new(Self {
            inner: std::mem::take(&mut rest),
            pace: Pace::of_sender(&times),
            times,
            count: Arc::default(),
            drained: false,
            unread: Unread::Left,
        });
        runtime.spawn(async move { while let Some(Ok(_)) = watched.frame().await {} });
    }
}
