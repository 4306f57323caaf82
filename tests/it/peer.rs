//! The scratch registry in the same process, which writes down what it is asked and can be left in
//! the middle of it.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::mem::replace;
use std::ops::Range;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::{Body as AxumBody, BodyDataStream};
use bytes::Bytes;
use drydock::reference;
use drydock::registry::retry::Pace;
use drydock::registry::{
    Body, Error, Registry, Request, Response, Scheme, Transport, TransportError, TransportErrorKind,
};
use drydock_registry::{Faults, Lost, Rule, Store, router};
use futures_util::StreamExt as _;
use tower::ServiceExt as _;

use crate::registry_script::{NOW, slice};

/// A registry, and what it was asked.
pub(crate) struct Peer {
    router: Router,
    pub(crate) store: Store,
    sent: RefCell<Vec<Sent>>,
    leave: Cell<Option<Leave>>,
    left: Cell<bool>,
    open: Cell<usize>,
    most: Cell<usize>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) authorized: bool,
    /// Bytes of its body.
    pub(crate) bytes: u64,
}

/// When the client goes away for good: at a request, counted from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leave {
    Before(usize),
    After(usize),
}

impl Peer {
    pub(crate) fn new() -> Rc<Self> {
        Self::with(Faults::examples())
    }

    pub(crate) fn under_rules(rules: impl Into<Vec<Rule>>) -> Rc<Self> {
        Self::with(Faults { rules: rules.into() })
    }

    fn with(faults: Faults) -> Rc<Self> {
        Self::over(Store::memory(), faults)
    }

    /// Another client of the same store, with a log of its own.
    pub(crate) fn over(store: Store, faults: Faults) -> Rc<Self> {
        let router = faults.wrap(&store, router(store.clone()));
        Rc::new(Self {
            router,
            store,
            sent: RefCell::default(),
            leave: Cell::new(None),
            left: Cell::new(false),
            open: Cell::new(0),
            most: Cell::new(0),
        })
    }

    pub(crate) fn registry(self: &Rc<Self>) -> Registry<Rc<Self>> {
        self.registry_at("peer.example")
    }

    pub(crate) fn registry_at(self: &Rc<Self>, name: &str) -> Registry<Rc<Self>> {
        let name = reference::Registry::parse(name).expect("name");
        Registry::new(Rc::clone(self), name, Scheme::Http, || NOW).expect("host")
    }

    pub(crate) fn leave(&self, leave: Leave) {
        self.leave.set(Some(leave));
    }

    /// Whether the client has gone away.
    pub(crate) fn left(&self) -> bool {
        self.left.get()
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.borrow().clone()
    }

    /// Forgets what was asked so far.
    pub(crate) fn forget(&self) {
        self.sent.borrow_mut().clear();
        self.most.set(0);
    }

    /// Most requests that were open at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most.get()
    }

    /// How often a method was used on paths with a text in them.
    pub(crate) fn count(&self, method: &str, part: &str) -> usize {
        self.matching(method, part).len()
    }

    /// Bytes that were sent by a method to paths with a text in them.
    pub(crate) fn bytes(&self, method: &str, part: &str) -> u64 {
        self.matching(method, part).iter().map(|sent| sent.bytes).sum()
    }

    fn matching(&self, method: &str, part: &str) -> Vec<Sent> {
        let fits = |sent: &Sent| sent.method == method && sent.path.contains(part);
        self.sent.borrow().iter().filter(|sent| fits(sent)).cloned().collect()
    }

    async fn answer(&self, request: Request) -> Result<Response<Streamed>, TransportError> {
        let number = self.sent.borrow().len();
        let leave = self.leave.get();
        if matches!(leave, Some(Leave::Before(at)) if at <= number) {
            self.left.set(true);
            pending::<()>().await;
        }
        let path = &request.url[url::Position::BeforePath..];
        self.sent.borrow_mut().push(Sent {
            method: request.method.to_string(),
            path: path.to_owned(),
            host: request.url.host_str().unwrap_or_default().to_owned(),
            authorized: request.headers.contains_key("authorization"),
            bytes: request.body.len() as u64,
        });
        let mut sent = http::Request::new(AxumBody::from(request.body));
        *sent.method_mut() = request.method;
        *sent.uri_mut() = request.url.as_str().parse().expect("uri");
        *sent.headers_mut() = request.headers;
        self.open.set(self.open.get() + 1);
        self.most.set(self.most.get().max(self.open.get()));
        others_first().await;
        let answer = self.router.clone().oneshot(sent).await.expect("never fails");
        self.open.set(self.open.get() - 1);
        if matches!(leave, Some(Leave::After(at)) if at <= number) {
            self.left.set(true);
            pending::<()>().await;
        }
        if answer.extensions().get::<Lost>().is_some() {
            let cut = TransportErrorKind::Cut { got: 0, expected: None };
            return Err(TransportError::new(cut, "the answer was lost"));
        }
        let (head, body) = answer.into_parts();
        let body = Streamed { stream: body.into_data_stream(), got: 0 };
        Ok(Response { status: head.status, headers: head.headers, url: request.url, body })
    }
}

impl Transport for Peer {
    type Body = Streamed;
    type Payload = Bytes;

    async fn send(&self, request: Request) -> Result<Response<Streamed>, TransportError> {
        self.answer(request).await
    }

    async fn send_part(
        &self,
        mut request: Request,
        payload: &Bytes,
        part: Range<u64>,
        sent: &dyn Fn(u64),
    ) -> Result<Response<Streamed>, TransportError> {
        assert!(request.body.is_empty());
        request.body = slice(payload, &part)?;
        sent(request.body.len() as u64 / 2);
        sent(request.body.len() as u64);
        self.answer(request).await
    }
}

/// Lets everybody else have a turn.
async fn others_first() {
    let mut waited = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// A body as it comes.
pub(crate) struct Streamed {
    stream: BodyDataStream,
    got: u64,
}

impl Body for Streamed {
    async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        let chunk = self.stream.next().await?;
        self.got += chunk.as_ref().map_or(0, Bytes::len) as u64;
        let cut = TransportErrorKind::Cut { got: self.got, expected: None };
        Some(chunk.map_err(|error| TransportError::new(cut, error.to_string())))
    }
}

/// A clock that is always there already, and remembers why it was waited for.
#[derive(Debug, Default)]
pub(crate) struct Waits(pub(crate) RefCell<Vec<(Duration, String)>>);

impl Waits {
    /// Codes of the errors that were waited for.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.0.borrow().iter().map(|(_, code)| code.clone()).collect()
    }
}

impl Pace for Waits {
    async fn wait(&self, time: Duration, error: &Error) {
        self.0.borrow_mut().push((time, error.code().to_owned()));
    }

    fn random(&self) -> f64 {
        1.0
    }
}

/// Runs a future to its end, or until one of its peers was left.
pub(crate) fn run_until_left<F: Future>(peers: &[&Peer], future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..100_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(output);
        }
        if peers.iter().any(|peer| peer.left()) {
            return None;
        }
    }
    panic!("waits for something that never comes")
}
