//! Reading a body ahead of whoever sends it on, so that both are worked on at the same time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::pace::Broken;

/// Pieces that may wait: of at most some hundred KiB each.
const PIECES: usize = 8;

/// A body of a known size whose pieces are taken by a task of its own.
pub(super) struct Ahead {
    pieces: mpsc::Receiver<Result<Bytes, Broken>>,
    left: u64,
    reading: JoinHandle<()>,
}

impl Ahead {
    /// Begins to read a body that has exactly `size` bytes.
    pub(super) fn of(
        mut body: impl Body<Data = Bytes, Error = Broken> + Send + Unpin + 'static,
        size: u64,
    ) -> Self {
        let (sender, pieces) = mpsc::channel(PIECES);
        let reading = tokio::spawn(async move {
            while let Some(frame) = body.frame().await {
                let piece = frame.map(|frame| frame.into_data().unwrap_or_default());
                let is_last = piece.is_err();
                if sender.send(piece).await.is_err() || is_last {
                    return;
                }
            }
        });
        Self { pieces, left: size, reading }
    }
}

impl Body for Ahead {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let piece = ready!(self.pieces.poll_recv(cx));
        if let Some(Ok(piece)) = &piece {
            self.left = self.left.saturating_sub(piece.len() as u64);
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.reading.abort();
    }
}
