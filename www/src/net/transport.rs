//! The library's [`Transport`] over this server's proxy: fetch, and XMLHttpRequest for uploads.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use bytes::Bytes;
use drydock::reference::Registry;
use drydock::registry::{
    Body, Purpose, Request, Response, Transport, TransportError, TransportErrorKind,
};
use futures_channel::mpsc;
use futures_util::{FutureExt as _, StreamExt as _};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use url::Url;
use web_sys::Blob;

use super::address::Config;
use super::fetch::{self, Answer, Call};
use super::problem::{Problem, ProblemKind};
use super::relay::Elsewhere;
use super::seals::Seals;
use super::upload;

/// What uploads send.
#[derive(Clone)]
pub enum Payload {
    /// Bytes that are there.
    Here(Blob),
    /// Bytes of another registry, which the server passes on.
    Elsewhere(Rc<Elsewhere>),
}

impl From<Blob> for Payload {
    fn from(blob: Blob) -> Self {
        Self::Here(blob)
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Here(_) => "Here",
            Self::Elsewhere(_) => "Elsewhere",
        })
    }
}

/// Sends one registry's requests to this origin.
#[derive(Clone, Debug)]
pub struct Fetch {
    config: Rc<Config>,
    registry: Registry,
    seals: Rc<RefCell<Seals>>,
}

impl Fetch {
    /// A transport for a registry with the seals that came with its answers.
    #[must_use]
    pub fn new(config: Rc<Config>, registry: Registry, seals: Rc<RefCell<Seals>>) -> Self {
        Self { config, registry, seals }
    }
}

impl Transport for Fetch {
    type Body = fetch::Body;
    type Payload = Payload;

    async fn send(&self, request: Request) -> Result<Response<fetch::Body>, TransportError> {
        let Request { purpose, method, url, headers, body } = request;
        let (path, fields) = self.fields(purpose, &url, &headers);
        let headers = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let body = (method != Method::GET && method != Method::HEAD).then_some(&*body);
        let call = Call { method: method.as_str(), path: &path, headers, body };
        self.answered(url, fetch::send(call).await)
    }

    async fn send_part(
        &self,
        request: Request,
        payload: &Payload,
        part: Range<u64>,
        sent: &dyn Fn(u64),
    ) -> Result<Response<fetch::Body>, TransportError> {
        let Request { purpose, method, url, headers, body: _ } = request;
        let (path, fields) = self.fields(purpose, &url, &headers);
        let headers: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let body = match payload {
            Payload::Here(blob) => slice(blob, &part)?,
            Payload::Elsewhere(blob) => {
                let answer = blob.send(method.as_str(), &path, &headers, part, sent).await;
                return self.answered(url, answer);
            }
        };
        let (told, mut news) = mpsc::unbounded();
        let told = move |bytes| {
            let _unheard = told.unbounded_send(bytes);
        };
        let answer = upload::send(method.as_str(), &path, &headers, &body, told).fuse();
        futures_util::pin_mut!(answer);
        let answer = loop {
            futures_util::select_biased! {
                bytes = news.select_next_some() => sent(bytes),
                answer = answer => break answer,
            }
        };
        self.answered(url, answer)
    }
}

impl Fetch {
    /// Where on this origin a URL is asked for, and with which header fields.
    fn fields(
        &self,
        purpose: Purpose,
        url: &Url,
        headers: &HeaderMap,
    ) -> (String, Vec<(String, String)>) {
        let fields = headers.iter().filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        });
        let mut fields: Vec<(String, String)> = fields.collect();
        if let Some(seal) = self.seals.borrow().token(purpose, url) {
            fields.push(("X-Drydock-Seal".to_owned(), seal.to_owned()));
        }
        (self.config.local(&self.registry, url), fields)
    }

    fn answered(
        &self,
        url: Url,
        answer: Result<Answer, Problem>,
    ) -> Result<Response<fetch::Body>, TransportError> {
        let answer = answer.map_err(transport_error)?;
        if let Some(seals) = answer.header("x-drydock-seal") {
            self.seals.borrow_mut().remember(seals);
        }
        let status = StatusCode::from_u16(answer.status).map_err(|_| {
            let message = format!("the answer has no meaning here: status {}", answer.status);
            TransportError::new(TransportErrorKind::Other, message)
        })?;
        Ok(Response { status, headers: upstream(&answer.headers), url, body: answer.body })
    }
}

impl Body for fetch::Body {
    async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        match self.next().await {
            Ok(piece) => piece.map(|piece| Ok(Bytes::from(piece.to_vec()))),
            Err(problem) => {
                let (got, expected) = (self.arrived(), self.announced());
                let mut error = transport_error(problem);
                if error.kind != TransportErrorKind::Offline {
                    error.kind = TransportErrorKind::Cut { got, expected };
                }
                Some(Err(error))
            }
        }
    }
}

/// A part of a payload, without reading it.
fn slice(payload: &Blob, part: &Range<u64>) -> Result<Blob, TransportError> {
    let other = |message: String| TransportError::new(TransportErrorKind::Other, message);
    if part.end as f64 > payload.size() {
        return Err(other(format!("there are {} bytes to send, not {}", payload.size(), part.end)));
    }
    payload
        .slice_with_f64_and_f64(part.start as f64, part.end as f64)
        .map_err(|_| other("the browser can't read what is to be sent".to_owned()))
}

/// The registry's own header fields under their own names.
#[must_use]
pub(super) fn upstream(fields: &[(String, String)]) -> HeaderMap {
    // What the proxy says in its own name hides what the registry said.
    let proxied = fields.iter().any(|(name, _)| name == "x-upstream-content-type");
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = match &**name {
            "x-upstream-www-authenticate" => WWW_AUTHENTICATE,
            "x-upstream-content-type" => CONTENT_TYPE,
            "x-upstream-location" => LOCATION,
            "content-type" if proxied => continue,
            "x-drydock-seal" | "x-upstream-status" => continue,
            name => match HeaderName::try_from(name) {
                Ok(name) => name,
                Err(_) => continue,
            },
        };
        if let Ok(value) = HeaderValue::try_from(value.as_str()) {
            headers.append(name, value);
        }
    }
    headers
}

fn transport_error(problem: Problem) -> TransportError {
    let kind = match &problem.kind {
        ProblemKind::Offline => TransportErrorKind::Offline,
        ProblemKind::Cut => TransportErrorKind::Cut { got: 0, expected: None },
        ProblemKind::Proxy(code) => match &**code {
            "connect" | "unresolvable" | "tls" | "upstream-protocol" => {
                TransportErrorKind::Unreachable
            }
            "timeout" => TransportErrorKind::Timeout,
            code => TransportErrorKind::Refused(code.to_owned()),
        },
        // A blob's source that failed may have recovered when it is asked again.
        ProblemKind::Registry if problem.retry_after.is_some() => TransportErrorKind::Unreachable,
        ProblemKind::RateLimited => TransportErrorKind::Refused("rate-limited".to_owned()),
        ProblemKind::Stopped => TransportErrorKind::Cancelled,
        _ => TransportErrorKind::Other,
    };
    let rest = problem.rest();
    TransportError::new(kind, problem.headline).advise(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_fields_of_the_registry_come_back_under_their_names() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = upstream(&[
            field("content-type", "application/octet-stream"),
            field("x-upstream-content-type", "application/vnd.oci.image.index.v1+json"),
            field("x-upstream-www-authenticate", "Bearer realm=\"https://a/t\""),
            field("x-drydock-seal", "realm t"),
            field("x-upstream-status", "307"),
            field("x-upstream-location", "https://b/up"),
            field("docker-content-digest", "sha256:1"),
        ]);
        assert_eq!(headers[CONTENT_TYPE], "application/vnd.oci.image.index.v1+json");
        assert_eq!(headers[WWW_AUTHENTICATE], "Bearer realm=\"https://a/t\"");
        assert_eq!(headers["docker-content-digest"], "sha256:1");
        assert_eq!(headers[LOCATION], "https://b/up");
        assert_eq!(headers.len(), 4);
    }

    #[test]
    fn the_scratch_registry_has_no_other_names() {
        let headers = upstream(&[("content-type".to_owned(), "text/plain".to_owned())]);
        assert_eq!(headers[CONTENT_TYPE], "text/plain");
    }
}
