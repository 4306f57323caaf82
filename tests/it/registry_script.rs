//! A transport that plays a script: each request must be the one that is expected next, and gets
//! the answer that stands beside it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem::replace;
use std::ops::Range;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use bytes::Bytes;
use drydock::reference;
use drydock::registry::auth::Credentials;
use drydock::registry::{
    Body, Registry, Request, Response, Scheme, Transport, TransportError, TransportErrorKind,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use url::Url;

pub(crate) const PASSWORD: &str = "canary-password";
pub(crate) const NOW: u64 = 1_800_000_000_000;

/// Runs a future that waits for nothing outside of itself.
#[track_caller]
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..10_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
    panic!("waits for something that is not in the script")
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<Result<Bytes, TransportError>>,
    answered_by: Option<Url>,
    fails: Option<TransportErrorKind>,
    advice: &'static str,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        let (headers, body) = (HeaderMap::new(), Vec::new());
        Self { status, headers, body, answered_by: None, fails: None, advice: "" }
    }

    pub(crate) fn json(body: &str) -> Self {
        Self::status(200).header("content-type", "application/json").body(body)
    }

    pub(crate) fn token(token: &str) -> Self {
        Self::json(&format!("{{\"token\":\"{token}\",\"expires_in\":300}}"))
    }

    pub(crate) fn challenge(value: &str) -> Self {
        Self::status(401).header("www-authenticate", value)
    }

    pub(crate) fn fails(kind: TransportErrorKind) -> Self {
        Self { fails: Some(kind), ..Self::status(200) }
    }

    pub(crate) fn advised(self, advice: &'static str) -> Self {
        Self { advice, ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("header value");
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().chunks(7).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
        self
    }

    pub(crate) fn chunks(mut self, chunk: &Bytes, count: usize) -> Self {
        self.body = vec![Ok(chunk.clone()); count];
        self
    }

    pub(crate) fn then_cut(mut self, expected: u64) -> Self {
        let got = self.body.iter().flatten().map(|chunk| chunk.len() as u64).sum();
        let kind = TransportErrorKind::Cut { got, expected: Some(expected) };
        self.body.push(Err(TransportError::new(kind, "cut")));
        self
    }

    pub(crate) fn answered_by(mut self, url: &str) -> Self {
        self.answered_by = Some(Url::parse(url).expect("url"));
        self
    }
}

pub(crate) struct Script {
    steps: RefCell<VecDeque<(String, Answer)>>,
    sent: RefCell<Vec<Request>>,
    read: Rc<Cell<u64>>,
}

impl Script {
    pub(crate) fn new(steps: &[(&str, Answer)]) -> Rc<Self> {
        let steps = steps.iter().map(|(request, answer)| ((*request).to_owned(), answer.clone()));
        Rc::new(Self {
            steps: RefCell::new(steps.collect()),
            sent: RefCell::default(),
            read: Rc::default(),
        })
    }

    pub(crate) fn sent(&self) -> Vec<Request> {
        self.sent.borrow().clone()
    }

    /// The `Authorization` of each request.
    pub(crate) fn authorizations(&self) -> Vec<Option<String>> {
        let text = |request: &Request| {
            let value = request.headers.get("authorization")?;
            value.to_str().ok().map(str::to_owned)
        };
        self.sent.borrow().iter().map(text).collect()
    }

    /// Bytes of bodies that were taken.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.get()
    }

    #[track_caller]
    pub(crate) fn finish(&self) {
        let left: Vec<String> = self.steps.borrow().iter().map(|(step, _)| step.clone()).collect();
        assert!(left.is_empty(), "never sent: {left:?}");
    }

    /// No request to another host carries the password in any form, nor any `Authorization`.
    #[track_caller]
    pub(crate) fn assert_secret_only_at(&self, hosts: &[&str]) {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("user:{PASSWORD}"));
        for request in self.sent.borrow().iter() {
            if hosts.contains(&request.url.host_str().unwrap_or_default()) {
                continue;
            }
            assert!(!request.headers.contains_key("authorization"), "{request:?}");
            let all = format!("{} {:?}", request.url, request.body);
            assert!(!all.contains(PASSWORD) && !all.contains(&pair), "{request:?}");
        }
    }
}

impl Transport for Script {
    type Body = Chunks;
    type Payload = Bytes;

    async fn send(&self, request: Request) -> Result<Response<Chunks>, TransportError> {
        let mut waited = false;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let line = format!("{} {}", request.method, request.url);
        let url = request.url.clone();
        self.sent.borrow_mut().push(request);
        let step = self.steps.borrow_mut().pop_front();
        let Some((expected, answer)) = step else { panic!("not in the script: {line}") };
        assert_eq!(line, expected);
        if let Some(kind) = answer.fails {
            return Err(TransportError::new(kind, "as the script says").advise(answer.advice));
        }
        Ok(Response {
            status: StatusCode::from_u16(answer.status).expect("status"),
            headers: answer.headers,
            url: answer.answered_by.unwrap_or(url),
            body: Chunks { chunks: answer.body.into(), read: Rc::clone(&self.read) },
        })
    }

    async fn send_part(
        &self,
        mut request: Request,
        payload: &Bytes,
        part: Range<u64>,
        sent: &dyn Fn(u64),
    ) -> Result<Response<Chunks>, TransportError> {
        assert!(request.body.is_empty());
        request.body = slice(payload, &part)?;
        sent(request.body.len() as u64);
        self.send(request).await
    }
}

/// A part of a payload that is in memory.
pub(crate) fn slice(payload: &Bytes, part: &Range<u64>) -> Result<Bytes, TransportError> {
    let at = |n: u64| usize::try_from(n).expect("small");
    if at(part.end) > payload.len() {
        let message = format!("the payload has {} bytes, not {part:?}", payload.len());
        return Err(TransportError::new(TransportErrorKind::Other, message));
    }
    Ok(payload.slice(at(part.start)..at(part.end)))
}

pub(crate) struct Chunks {
    chunks: VecDeque<Result<Bytes, TransportError>>,
    read: Rc<Cell<u64>>,
}

impl Body for Chunks {
    async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        let chunk = self.chunks.pop_front();
        if let Some(Ok(bytes)) = &chunk {
            self.read.set(self.read.get() + bytes.len() as u64);
        }
        chunk
    }
}

pub(crate) fn registry(name: &str, script: &Rc<Script>) -> Registry<Rc<Script>> {
    registry_at(name, Scheme::Https, script, || NOW)
}

pub(crate) fn registry_at(
    name: &str,
    scheme: Scheme,
    script: &Rc<Script>,
    clock: impl Fn() -> u64 + 'static,
) -> Registry<Rc<Script>> {
    let name = reference::Registry::parse(name).expect("registry");
    Registry::new(Rc::clone(script), name, scheme, clock).expect("host")
}

pub(crate) fn login() -> Credentials {
    Credentials::Basic { user: "user".to_owned(), password: PASSWORD.to_owned() }
}
