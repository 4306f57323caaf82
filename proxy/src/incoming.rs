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
}

impl Incoming {
    /// Watches `inner` and adds its bytes to `count`. `asks_first`: the client waits until somebody
    /// reads (`Expect: 100-continue`), and sends nothing that is not wanted.
    pub(crate) fn watch(
        inner: Body,
        times: &Times,
        count: Arc<AtomicU64>,
        asks_first: bool,
    ) -> Body {
        if inner.is_end_stream() {
            return inner;
        }
        let pace = Pace::of_sender(times);
        Body::new(Self { inner, pace, times: times.clone(), count, drained: !asks_first })
    }

    fn fail(&mut self, broken: Broken) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.drained = false;
        Poll::Ready(Some(Err(broken)))
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
        this.drained = true;
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Pending => match this.pace.pending(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(broken) => this.fail(broken),
            },
            Poll::Ready(None) => {
                this.drained = false;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                let got = this.count.load(Ordering::Relaxed);
                this.fail(Broken::Cut { got, cause: error.to_string() })
            }
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.count.fetch_add(bytes as u64, Ordering::Relaxed);
                match this.pace.arrived(bytes) {
                    Some(broken) => this.fail(broken),
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
        });
        runtime.spawn(async move { while let Some(Ok(_)) = watched.frame().await {} });
    }
}
