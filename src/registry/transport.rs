//! The library's one edge to the world: something that sends an HTTP request.

use std::ops::Range;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

/// What a request is for: a URL that a registry gave for one thing is good for no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// An endpoint of the specification, at the place that the specification gives it.
    #[default]
    Endpoint,
    /// A token service, where a challenge said (`realm`).
    Token,
    /// A list's next page, where the page before said (`Link`).
    NextPage,
    /// An upload, where the registry said (`Location`).
    Upload,
}

impl Purpose {
    /// For page `number` of a list, counted from 1.
    pub(super) fn of_page(number: usize) -> Self {
        if number > 1 { Self::NextPage } else { Self::Endpoint }
    }
}

/// An HTTP request, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What it is for.
    pub purpose: Purpose,
    /// The method.
    pub method: Method,
    /// Where it goes, absolute.
    pub url: Url,
    /// Its header fields; `Authorization` among them when there is one.
    pub headers: HeaderMap,
    /// Its body, empty for most.
    pub body: Bytes,
}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        Self { purpose: Purpose::Endpoint, method, url, headers, body }
    }

    /// A GET without headers.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// The same for another purpose.
    #[must_use]
    pub fn to(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }
}

/// Names no header values and no body: both may be secrets.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields: Vec<&str> = self.headers.keys().map(http::HeaderName::as_str).collect();
        write!(f, "{} {} {fields:?}", self.method, self.url)
    }
}

/// Bytes to be sent: outside of memory or in it.
#[derive(Debug)]
pub enum Content<'a, P> {
    /// A payload of the transport.
    Payload(&'a P),
    /// A small document.
    Memory(&'a Bytes),
}

impl<P> Clone for Content<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Content<'_, P> {}

/// A part of some content that a request carries as its body.
pub(super) struct Part<'a, P> {
    pub content: Content<'a, P>,
    /// Which bytes of it.
    pub range: Range<u64>,
    /// Is told how many bytes of the part are on their way.
    pub sent: &'a dyn Fn(u64),
}

/// The head of an answer, and a body that is read piece by piece.
#[derive(Clone, Debug)]
pub struct Response<B> {
    /// The status.
    pub status: StatusCode,
    /// The header fields, `WWW-Authenticate` under its own name.
    pub headers: HeaderMap,
    /// Who answered: the URL that was asked, or the last one when redirects were followed.
    pub url: Url,
    /// The body.
    pub body: B,
}

/// A body that arrives in pieces.
#[allow(async_fn_in_trait)]
pub trait Body {
    /// The next piece, `None` after the last. A body that ends before the length that was
    /// announced gives [`TransportErrorKind::Cut`], never a clean end.
    async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>>;
}

/// Sends requests. Redirects of blobs and manifests are followed below this trait and without
/// `Authorization`, those of uploads are given back as answers; content encodings are neither asked
/// for nor undone.
#[allow(async_fn_in_trait)]
pub trait Transport {
    /// The body of an answer.
    type Body: Body;
    /// Bytes that lie outside of memory, such as a file. Cloning it copies none of them.
    type Payload: Clone;

    /// Sends a request and gives the head of the answer. A status of 400 and more is an answer.
    ///
    /// # Errors
    /// When no answer came.
    async fn send(&self, request: Request) -> Result<Response<Self::Body>, TransportError>;

    /// Sends a request whose body is a part of a payload, in bytes from its start, with the length
    /// of the part as `Content-Length`. The request's own body is empty. While it goes out, `sent`
    /// is told how many bytes of the part are on their way.
    ///
    /// # Errors
    /// When no answer came, or the payload has no such part.
    async fn send_part(
        &self,
        request: Request,
        payload: &Self::Payload,
        part: Range<u64>,
        sent: &dyn Fn(u64),
    ) -> Result<Response<Self::Body>, TransportError>;
}

macro_rules! by_reference {
    ($($pointer:ty),*) => {$(
        impl<T: Transport> Transport for $pointer {
            type Body = T::Body;
            type Payload = T::Payload;

            async fn send(&self, request: Request) -> Result<Response<T::Body>, TransportError> {
                T::send(self, request).await
            }

            async fn send_part(
                &self,
                request: Request,
                payload: &T::Payload,
                part: Range<u64>,
                sent: &dyn Fn(u64),
            ) -> Result<Response<T::Body>, TransportError> {
                T::send_part(self, request, payload, part, sent).await
            }
        }
    )*};
}

by_reference!(&T, Rc<T>);

/// Why no answer came, or why it stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// What kind of failure.
    pub kind: TransportErrorKind,
    /// One sentence for people: what went wrong.
    pub message: String,
    /// What to do about it, where whoever refused it or did not get through knows; mostly empty.
    pub advice: String,
}

/// Kinds of [`TransportError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection: unknown host, refused, reset, TLS.
    Unreachable,
    /// Refused before it was sent, by a policy between here and the registry; with its code.
    Refused(String),
    /// Nothing came for too long.
    Timeout,
    /// The body ended early.
    Cut {
        /// Bytes that came.
        got: u64,
        /// Bytes that were announced.
        expected: Option<u64>,
    },
    /// Stopped by the user.
    Cancelled,
    /// Nothing can be asked at all: this machine, or what stands between it and all registries, has
    /// no network. The message is a sentence that says which.
    Offline,
    /// Anything else.
    Other,
}

impl TransportError {
    /// A failure of a kind, with its sentence.
    #[must_use]
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), advice: String::new() }
    }

    /// With what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }
}

/// Sends a request with a part of some content as its body.
pub(super) async fn send_part<T: Transport>(
    transport: &T,
    mut request: Request,
    part: &Part<'_, T::Payload>,
) -> Result<Response<T::Body>, TransportError> {
    match part.content {
        Content::Payload(payload) => {
            transport.send_part(request, payload, part.range.clone(), part.sent).await
        }
        Content::Memory(bytes) => {
            let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(bytes.len());
            request.body = bytes.slice(at(part.range.start)..at(part.range.end));
            transport.send(request).await
        }
    }
}

/// Why a body could not be read to its end within a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReadError {
    Transport(TransportError),
    TooLarge { limit: u64 },
}

/// Reads a whole body of at most `limit` bytes. What was announced as its length plays no part.
pub(super) async fn read<B: Body>(body: &mut B, limit: u64) -> Result<Bytes, ReadError> {
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut length = 0_u64;
    while let Some(chunk) = body.chunk().await {
        let chunk = chunk.map_err(ReadError::Transport)?;
        length = length.saturating_add(chunk.len() as u64);
        if length > limit {
            return Err(ReadError::TooLarge { limit });
        }
        match first.take() {
            None if rest.is_empty() => first = Some(chunk),
            None => rest.extend_from_slice(&chunk),
            Some(before) => {
                rest.extend_from_slice(&before);
                rest.extend_from_slice(&chunk);
            }
        }
    }
    Ok(first.unwrap_or_else(|| rest.freeze()))
}

/// Reads what comes of a body, at most `limit` bytes, and forgets the rest and any failure.
pub(super) async fn read_start<B: Body>(body: &mut B, limit: u64) -> Vec<u8> {
    let mut start = Vec::new();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    while start.len() < limit {
        let Some(Ok(chunk)) = body.chunk().await else { break };
        let room = limit - start.len();
        start.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
    }
    start
}
