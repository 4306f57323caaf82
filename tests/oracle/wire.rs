//! HTTP to a registry on this machine.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use drydock::registry::retry::Pace;
use drydock::registry::{
    Body, Error, Request, Response, Transport, TransportError, TransportErrorKind,
};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Runs a future that talks to registries.
pub(crate) fn wait_for<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().expect("a runtime").block_on(future)
}

/// Sends requests as they are. Redirects are not followed: nobody redirects here.
pub(crate) struct Wire(Client<HttpConnector, Full<Bytes>>);

impl Wire {
    pub(crate) fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Transport for Wire {
    type Body = Whole;
    type Payload = Bytes;

    async fn send(&self, request: Request) -> Result<Response<Whole>, TransportError> {
        let failed =
            |kind, error: &dyn std::fmt::Display| TransportError::new(kind, error.to_string());
        let mut sent = http::Request::new(Full::new(request.body));
        *sent.method_mut() = request.method;
        *sent.uri_mut() = request.url.as_str().parse().expect("a URL that is a URI");
        *sent.headers_mut() = request.headers;
        let answer = self.0.request(sent).await;
        let answer = answer.map_err(|error| failed(TransportErrorKind::Unreachable, &error))?;
        let (head, body) = answer.into_parts();
        let cut = TransportErrorKind::Cut { got: 0, expected: None };
        let body = body.collect().await.map_err(|error| failed(cut, &error))?.to_bytes();
        let body = Whole((!body.is_empty()).then_some(body));
        Ok(Response { status: head.status, headers: head.headers, url: request.url, body })
    }

    async fn send_part(
        &self,
        mut request: Request,
        payload: &Bytes,
        part: Range<u64>,
        sent: &dyn Fn(u64),
    ) -> Result<Response<Whole>, TransportError> {
        request.body = payload.slice(part.start as usize..part.end as usize);
        sent(part.end - part.start);
        self.send(request).await
    }
}

/// A body that has come whole.
pub(crate) struct Whole(Option<Bytes>);

impl Body for Whole {
    async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        self.0.take().map(Ok)
    }
}

/// Waits, and not for long.
pub(crate) struct Short;

impl Pace for Short {
    async fn wait(&self, time: Duration, _error: &Error) {
        tokio::time::sleep(time.min(Duration::from_millis(200))).await;
    }

    fn random(&self) -> f64 {
        0.5
    }
}
