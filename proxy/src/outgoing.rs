//! Answers of this server's own parts on their way out: counted, watched for time, logged.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use http_body::{Body as _, Frame, SizeHint};

use crate::limits::Times;
use crate::log::Record;
use crate::pace::{Broken, Pace};
use crate::policy::header::STATUS;

struct Outgoing {
    inner: Body,
    pace: Pace,
    record: Record,
}

/// Writes `record` when all of the answer is out, or when it ends before.
pub(crate) fn recorded(
    response: Response,
    method: &Method,
    times: &Times,
    mut record: Record,
) -> Response {
    record.status(response.status());
    response.map(|inner| {
        if method == Method::HEAD || inner.is_end_stream() {
            record.complete();
            return inner;
        }
        Body::new(Outgoing { inner, pace: Pace::of_sender(times), record })
    })
}

/// Puts an error's status into a header field, under one that no browser writes down.
pub(crate) fn quiet(mut response: Response) -> Response {
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        // One that stands there is that of a redirect, under a status that means nothing.
        let told = response.headers_mut().entry(STATUS);
        told.or_insert_with(|| HeaderValue::from(status.as_u16()));
        *response.status_mut() = StatusCode::OK;
    }
    response
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.inner).poll_frame(cx);
        let polled = this.pace.frame(polled, this.record.bytes(), cx);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(None) => this.record.complete(),
            Poll::Ready(Some(Err(broken))) => this.record.broken(&broken.to_string()),
            Poll::Ready(Some(Ok(frame))) => {
                this.record.add(frame.data_ref().map_or(0, Bytes::len));
                if this.inner.is_end_stream() {
                    this.record.complete();
                }
            }
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
