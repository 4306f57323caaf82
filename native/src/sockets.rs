//! The library's [`Transport`] over sockets.

use std::error::Error as _;
use std::io::SeekFrom;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use drydock::registry::{
    Body, Purpose, Request, Response, Transport, TransportError, TransportErrorKind,
};
use futures_util::stream;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use reqwest::redirect::Policy;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use url::Url;

/// How long it may take until a connection stands.
const CONNECT: Duration = Duration::from_secs(15);
/// How long nothing may come.
const SILENCE: Duration = Duration::from_secs(60);
/// Redirects that are followed for one answer.
const HOPS: usize = 5;
/// Bytes of a file that are read at once.
const PIECE: u64 = 256 << 10;
/// How often it is told how far a body is.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// Sends requests over TLS, with the certificates that this machine trusts and the proxies that its
/// environment names.
#[derive(Clone, Debug)]
pub struct Sockets(reqwest::Client);

/// The file whose bytes an upload sends.
#[derive(Clone, Debug)]
pub struct Payload(pub Arc<PathBuf>);

/// A body that comes over a socket.
#[derive(Debug)]
pub struct SocketsBody {
    response: reqwest::Response,
    got: u64,
    expected: Option<u64>,
}

impl Sockets {
    /// A client without connections.
    ///
    /// # Errors
    /// A sentence that says why no TLS can be spoken.
    pub fn new() -> Result<Self, String> {
        // A second time it is there already, and is the same.
        let _there = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .build();
        client.map(Self).map_err(|error| format!("No TLS can be spoken: {}.", cause(&error)))
    }

    async fn once(
        &self,
        method: &Method,
        url: Url,
        headers: HeaderMap,
        body: reqwest::Body,
    ) -> Result<Response<SocketsBody>, TransportError> {
        let mut request = self.0.request(method.clone(), url).headers(headers).body(body);
        let agent = concat!("drydock/", env!("CARGO_PKG_VERSION"));
        request = request.header(USER_AGENT, HeaderValue::from_static(agent));
        let response = request.send().await.map_err(|error| failed(&error, 0, None))?;
        let length = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let expected = length.and_then(|length| length.parse().ok());
        let expected = expected.filter(|_| *method != Method::HEAD);
        Ok(Response {
            status: response.status(),
            headers: response.headers().clone(),
            url: response.url().clone(),
            body: SocketsBody { response, got: 0, expected },
        })
    }
}

impl Transport for Sockets {
    type Body = SocketsBody;
    type Payload = Payload;

    async fn send(&self, request: Request) -> Result<Response<SocketsBody>, TransportError> {
        let Request { purpose, method, mut url, mut headers, body } = request;
        // Where a token service or an upload leads is for the caller to judge.
        let follows = matches!(method, Method::GET | Method::HEAD)
            && matches!(purpose, Purpose::Endpoint | Purpose::NextPage);
        for _ in 0..=HOPS {
            let response =
                self.once(&method, url.clone(), headers.clone(), body.clone().into()).await?;
            if !follows || !response.status.is_redirection() {
                return Ok(response);
            }
            let Some(next) = next(&url, &response.headers) else { return Ok(response) };
            if url.scheme() == "https" && next.scheme() != "https" {
                let message = format!("it leads from https to {}", next.scheme());
                let kind = TransportErrorKind::Refused("redirect".to_owned());
                return Err(TransportError::new(kind, message));
            }
            // Whoever stores the bytes has leave in the address, and no business with a login.
            headers.remove(AUTHORIZATION);
            url = next;
        }
        let kind = TransportErrorKind::Refused("redirect".to_owned());
        Err(TransportError::new(kind, format!("it leads on more than {HOPS} times")))
    }

    async fn send_part(
        &self,
        request: Request,
        payload: &Payload,
        part: Range<u64>,
        sent: &dyn Fn(u64),
    ) -> Result<Response<SocketsBody>, TransportError> {
        let Request { method, url, mut headers, .. } = request;
        let length = part.end.saturating_sub(part.start);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        let told = Arc::new(AtomicU64::new(0));
        let body = read(payload, part.start, length, Arc::clone(&told))
            .await
            .map_err(|error| unread(&error))?;
        let mut answer = std::pin::pin!(self.once(&method, url, headers, body));
        loop {
            let tick = std::pin::pin!(tokio::time::sleep(TOLD_EVERY));
            match futures_util::future::select(answer.as_mut(), tick).await {
                futures_util::future::Either::Left((answer, _)) => return answer,
                futures_util::future::Either::Right(_) => sent(told.load(Ordering::Relaxed)),
            }
        }
    }
}

impl Body for SocketsBody {
    async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        match self.response.chunk().await {
            Ok(piece) => {
                let piece = piece?;
                self.got += piece.len() as u64;
                Some(Ok(piece))
            }
            Err(error) => Some(Err(failed(&error, self.got, self.expected))),
        }
    }
}

/// Where a redirect leads, when that is a place on the web.
fn next(from: &Url, headers: &HeaderMap) -> Option<Url> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    from.join(location).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// A part of a file as a body; `told` is how much of it was read.
async fn read(
    payload: &Payload,
    start: u64,
    length: u64,
    told: Arc<AtomicU64>,
) -> std::io::Result<reqwest::Body> {
    let mut file = File::open(payload.0.as_path()).await?;
    file.seek(SeekFrom::Start(start)).await?;
    let pieces = stream::try_unfold((file, length), move |(mut file, left)| {
        let told = Arc::clone(&told);
        async move {
            if left == 0 {
                return Ok::<_, std::io::Error>(None);
            }
            let mut piece = vec![0; usize::try_from(left.min(PIECE)).unwrap_or(usize::MAX)];
            file.read_exact(&mut piece).await?;
            told.fetch_add(piece.len() as u64, Ordering::Relaxed);
            let left = left - piece.len() as u64;
            Ok(Some((Bytes::from(piece), (file, left))))
        }
    });
    Ok(reqwest::Body::wrap_stream(pieces))
}

fn unread(error: &std::io::Error) -> TransportError {
    let message = format!("a file can't be read: {error}");
    TransportError::new(TransportErrorKind::Other, message)
}

fn failed(error: &reqwest::Error, got: u64, expected: Option<u64>) -> TransportError {
    let kind = if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_connect() {
        TransportErrorKind::Unreachable
    } else if error.is_body() || error.is_decode() {
        TransportErrorKind::Cut { got, expected }
    } else {
        TransportErrorKind::Unreachable
    };
    TransportError::new(kind, cause(error))
}

/// The innermost reason, without the address that it was asked at.
fn cause(error: &reqwest::Error) -> String {
    let mut reason = error.source();
    while let Some(inner) = reason.and_then(std::error::Error::source) {
        reason = Some(inner);
    }
    reason.map_or_else(|| error.to_string(), ToString::to_string)
}
