//! The bytes of a blob on their way from one registry to another.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use drydock::digest::{Digest, Hasher};
use http_body::{Frame, SizeHint};

use super::order::{self, Order};
use crate::pace::Broken;
use crate::policy::{Code, Refusal};

/// Why the bytes ended early, when it was the source.
#[derive(Default)]
pub(super) struct Failure(Mutex<Option<Refusal>>);

impl Failure {
    pub(super) fn taken(failure: &Arc<Self>) -> Option<Refusal> {
        failure.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, refusal: Refusal) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }
}

/// A body that is a part of another one. When all of a blob passes, the last bytes are held back
/// until it is certain that they are its own: the target never has a whole blob of other bytes.
pub(super) struct Passing {
    inner: Body,
    /// Who sends it, and as what.
    source: (String, Digest),
    skip: u64,
    left: u64,
    got: u64,
    hasher: Option<Hasher>,
    sent: Arc<AtomicU64>,
    failure: Arc<Failure>,
}

impl Passing {
    pub(super) fn new(order: &Order, inner: Body, skip: u64, sent: Arc<AtomicU64>) -> Self {
        let range = order.range();
        let hasher = order.digest().and_then(Digest::algorithm).map(Hasher::new);
        let left = range.end - range.start;
        let (source, failure) = (order.names(), Arc::default());
        Self { inner, source, skip, left, got: 0, hasher, sent, failure }
    }

    pub(super) fn failure(&self) -> Arc<Failure> {
        Arc::clone(&self.failure)
    }

    /// What of a piece goes on.
    fn cut(&mut self, mut piece: Bytes) -> Bytes {
        self.got += piece.len() as u64;
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(piece.len());
        self.skip -= skipped as u64;
        let mut piece = piece.split_off(skipped);
        piece.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= piece.len() as u64;
        piece
    }

    fn compared(&mut self, piece: &Bytes) -> Result<(), Refusal> {
        let Some(hasher) = &mut self.hasher else { return Ok(()) };
        hasher.update(piece);
        let (host, digest) = &self.source;
        match self.hasher.take_if(|_| self.left == 0).map(Hasher::finish) {
            Some(actual) if actual != *digest => {
                Err(order::wrong(host, digest, &format!("bytes with the digest {actual}")))
            }
            _ => Ok(()),
        }
    }

    fn fail(&self, refusal: Refusal) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let cause = refusal.to_string();
        self.failure.set(refusal);
        Poll::Ready(Some(Err(Broken::Cut { got: self.got, cause })))
    }

    fn ended(&self, why: &str) -> Refusal {
        let (host, _) = &self.source;
        let who = if host.is_empty() { "this server's registry" } else { host };
        let message = format!("The blob from {who} broke off after {} bytes: {why}.", self.got);
        Refusal::new(Code::Connect, host, message).advise("Try again.")
    }
}

impl http_body::Body for Passing {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        while this.left > 0 {
            let piece = match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return this.fail(this.ended(&error.to_string())),
                None => return this.fail(this.ended("no more came")),
            };
            let piece = this.cut(piece);
            if piece.is_empty() {
                continue;
            }
            if let Err(refusal) = this.compared(&piece) {
                return this.fail(refusal);
            }
            this.sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
