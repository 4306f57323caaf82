//! Answers on their way through: watched for time, length and the end, never collected.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::pool::{Connection, Key, Pool};
use super::upload::Progress;
use crate::limits::Times;
use crate::log::Record;
use crate::pace::{Broken, Pace};

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
    /// The first bytes, which came before the answer was handed on.
    first: Option<Frame<Bytes>>,
    /// The last bytes, held back until it is certain that no more follow them.
    held: Option<Bytes>,
    connection: Option<(Connection, Key, Pool)>,
    /// How far the request has got: a registry may answer before it has all of it.
    sent: Progress,
    record: Record,
}

impl Download {
    pub(crate) fn new(
        inner: Incoming,
        times: &Times,
        cap: Cap,
        connection: (Connection, Key, Pool),
        sent: Progress,
        record: Record,
    ) -> Self {
        let mut this = Self {
            inner,
            pace: Pace::of_sender(times),
            cap,
            got: 0,
            first: None,
            held: None,
            connection: Some(connection),
            sent,
            record,
        };
        if this.inner.is_end_stream() {
            this.keep_when_ready();
            this.record.complete();
        }
        this
    }

    /// Waits for the first bytes: as long as the page has no answer, it can be told what went wrong
    /// with this one. Later it only sees its own connection break.
    pub(crate) async fn begun(mut self) -> Result<Self, Broken> {
        if !self.is_end_stream() {
            let first = poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await;
            self.first = first.transpose()?;
        }
        Ok(self)
    }

    /// Puts the connection back as soon as it can take another request.
    fn keep_when_ready(&mut self) {
        let all_sent = self.sent.last().1;
        if let Some((mut connection, key, pool)) = self.connection.take().filter(|_| all_sent) {
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
        if !self.sent.last().1 {
            // Nobody waits for the rest of a request that has been answered.
            self.connection = None;
        }
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
        if let Some(first) = this.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
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
        let polled = Pin::new(&mut this.inner).poll_frame(cx);
        match ready!(this.pace.frame(polled, this.got, cx)) {
            None => {
                this.keep_when_ready();
                this.record.complete();
                Poll::Ready(None)
            }
            Some(Err(broken)) => this.fail(broken),
            Some(Ok(frame)) => {
                // Trailers stay behind.
                let mut data = frame.into_data().unwrap_or_default();
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
        self.first.is_none() && self.held.is_none() && self.connection.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if matches!(self.cap, Cap::Cut(_)) {
            return SizeHint::default();
        }
        let held = self.held.as_ref().map_or(0, |data| data.len() as u64);
        let first = self.first.as_ref().and_then(Frame::data_ref);
        let first = first.map_or(0, |data| data.len() as u64);
        match self.inner.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(first + held + rest),
            None => SizeHint::default(),
        }
    }
}
