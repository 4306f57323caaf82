//! `/-/layers/<digest>/<part>`: what tabs have found out about layers, kept for the next one.
//!
//! Nothing here is checked, for that would take the layer itself: whoever reaches the server may put
//! anything here, once for each layer, and the page calls it claimed. What is there is not
//! replaced and not deleted by a client: who could, could empty the cache for all others. What was
//! not used for longest goes when there is no more room.

mod files;
mod key;
mod shelf;

use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use drydock_registry::range::{self, Wanted};
use futures_util::stream;
use http::request::Parts as Head;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;

pub(crate) use self::key::SHAPE;

use self::files::{Reading, Writing};
use self::key::{Key, Part};
use self::shelf::Shelf;
use crate::plain::text;
use crate::policy::header::harden;
use crate::policy::{Code, Refusal};
use crate::refuse;
use crate::status::LayerFigures;

/// What every path here begins with.
pub(crate) const BELOW: &str = "/-/layers/";

/// Size in bytes of the pieces in which files are read and written.
const PIECE_BYTES: usize = 256 << 10;

/// The cache of a server. Cloning gives another handle to the same.
#[derive(Clone, Debug)]
pub struct LayerCache {
    shelf: Arc<Shelf>,
    figures: LayerFigures,
}

impl LayerCache {
    /// Opens the cache in a folder, which is made when it is not there, and lets it take so many
    /// bytes of disk. What a server that crashed left half is removed; files of other names are left
    /// alone.
    ///
    /// # Errors
    /// When the folder can't be made, read or written, or another server has it open.
    pub fn open(folder: &Path, size: u64, figures: LayerFigures) -> io::Result<Self> {
        let shelf = Arc::new(Shelf::open(folder, size, figures.clone())?);
        Ok(Self { shelf, figures })
    }

    /// Answers a request below [`BELOW`], whose sender was checked before.
    pub(crate) async fn answer(&self, head: &Head, body: Body) -> Response {
        let rest = head.uri.path().strip_prefix(BELOW).unwrap_or_default();
        let answered = match (Key::parse(rest), &head.method) {
            (Err(refusal), _) => Err(Failure::Refused(StatusCode::BAD_REQUEST, refusal)),
            (Ok(key), &Method::GET) => self.get(&key, &head.headers).await,
            (Ok(key), &Method::HEAD) => Ok(self.look(&key)),
            (Ok(key), &Method::PUT) => self.put(&key, &head.headers, body).await,
            _ => Ok(wrong_method()),
        };
        answered.unwrap_or_else(Failure::into_response)
    }

    async fn get(&self, key: &Key, headers: &HeaderMap) -> Result<Response, Failure> {
        let (shelf, name) = (Arc::clone(&self.shelf), key.name());
        let Some(reading) = blocking(move || Reading::open(&shelf, &name)).await? else {
            self.figures.misses.inc();
            return Ok(unknown());
        };
        self.figures.hits.inc();
        let size = reading.size();
        let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
        let (status, first, length) = match range
            .map_or(Wanted::Whole, |it| range::wanted(it, size))
        {
            Wanted::Whole => (StatusCode::OK, 0, size),
            Wanted::Part { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
            Wanted::Unsatisfiable => return Ok(outside(size)),
        };
        let mut response = bytes(body(reading, first, length), length);
        *response.status_mut() = status;
        if status == StatusCode::PARTIAL_CONTENT {
            let range = format!("bytes {first}-{}/{size}", first + length - 1);
            set(&mut response, header::CONTENT_RANGE, &range);
        }
        Ok(response)
    }

    /// The answer to HEAD, which does not count as a use.
    fn look(&self, key: &Key) -> Response {
        self.shelf.size(&key.name()).map_or_else(unknown, |size| bytes(Body::empty(), size))
    }

    async fn put(&self, key: &Key, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
        let name = key.name();
        if self.shelf.size(&name).is_some() {
            return Ok(plain(StatusCode::NO_CONTENT, ""));
        }
        let length = length(headers, key.part, &self.shelf)?;
        let shelf = Arc::clone(&self.shelf);
        let writing = blocking(move || Writing::begin(shelf, &name)).await?;
        let writing = receive(body, writing, length).await?;
        let status = match blocking(move || writing.keep()).await? {
            true => StatusCode::CREATED,
            // Another one was there first.
            false => StatusCode::NO_CONTENT,
        };
        Ok(plain(status, ""))
    }
}

/// Why there is no better answer.
enum Failure {
    Refused(StatusCode, Refusal),
    Disk(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Failure {
    fn into_response(self) -> Response {
        let (status, refusal) = match self {
            Self::Refused(status, refusal) => (status, refusal),
            Self::Disk(error) if is_full(&error) => {
                tracing::warn!(%error, "the layer cache is full");
                let message =
                    "This server has no room for what is known of this layer; nothing was kept.";
                let advice = "Whoever runs it can make room on the disk of --index-cache.";
                let refusal = Refusal::new(Code::LayerCache, "", message).advise(advice);
                (StatusCode::INSUFFICIENT_STORAGE, refusal)
            }
            Self::Disk(error) => {
                tracing::error!(%error, "the layer cache can't be read or written");
                let message = "This server's cache of layers can't be read or written.";
                let advice = "Its log says why; images open without it.";
                let refusal = Refusal::new(Code::LayerCache, "", message).advise(advice);
                (StatusCode::INTERNAL_SERVER_ERROR, refusal)
            }
        };
        let mut response = refuse::respond(&refusal);
        *response.status_mut() = status;
        response
    }
}

/// How long a body will be, if it may be so long. What is not announced is not begun: it would only
/// show at its end that there is no room for it.
fn length(headers: &HeaderMap, part: Part, shelf: &Shelf) -> Result<u64, Failure> {
    let announced = headers.get(header::CONTENT_LENGTH);
    let Some(length) = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok()) else {
        let refusal = Refusal::bad_request("What is kept of a layer needs a Content-Length.");
        return Err(Failure::Refused(StatusCode::LENGTH_REQUIRED, refusal));
    };
    if length == 0 {
        let refusal = Refusal::bad_request("Nothing was sent to be kept of this layer.");
        return Err(Failure::Refused(StatusCode::BAD_REQUEST, refusal));
    }
    let limit = part.limit().min(shelf.longest());
    if length > limit {
        let what = part.name();
        let message =
            format!("{length} bytes of {what} were announced, and at most {limit} are kept.");
        let refusal = Refusal::new(Code::TooLarge, "", message);
        return Err(Failure::Refused(StatusCode::PAYLOAD_TOO_LARGE, refusal));
    }
    Ok(length)
}

/// Writes a body as it comes.
async fn receive(mut body: Body, mut writing: Writing, length: u64) -> Result<Writing, Failure> {
    let cut = |got: u64, why: &str| {
        let message = format!("The body broke off after {got} of {length} bytes: {why}.");
        Failure::Refused(StatusCode::BAD_REQUEST, Refusal::bad_request(message))
    };
    let (mut got, mut waiting) = (0, Vec::new());
    let mut is_waiting = 0;
    loop {
        let piece = match body.frame().await {
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(error)) => return Err(cut(got, &error.to_string())),
            None => break,
        };
        got += piece.len() as u64;
        is_waiting += piece.len();
        waiting.push(piece);
        if is_waiting >= PIECE_BYTES {
            is_waiting = 0;
            writing = written(writing, std::mem::take(&mut waiting)).await?;
        }
    }
    if got != length {
        return Err(cut(got, "no more came"));
    }
    Ok(written(writing, waiting).await?)
}

async fn written(mut writing: Writing, pieces: Vec<Bytes>) -> io::Result<Writing> {
    blocking(move || {
        for piece in pieces {
            writing.write(&piece)?;
        }
        Ok(writing)
    })
    .await
}

/// A part of a file, piece by piece.
fn body(reading: Reading, first: u64, length: u64) -> Body {
    let pieces = stream::try_unfold((reading, first, length), |(reading, at, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let next = usize::try_from(left).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        let (piece, reading) = blocking(move || Ok((reading.piece(at, next)?, reading))).await?;
        let came = piece.len() as u64;
        Ok::<_, io::Error>(Some((Bytes::from(piece), (reading, at + came, left - came))))
    });
    Body::from_stream(pieces)
}

/// Does what may have to wait for the disk where nobody else waits with it.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(act).await.map_err(io::Error::other)?
}

/// Whether there is no room; for a file beyond the largest that the system allows, neither.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// The answer of a server that has no such cache.
pub(crate) fn off() -> Response {
    plain(StatusCode::NOT_FOUND, "This server keeps nothing of layers (--index-cache).\n")
}

fn unknown() -> Response {
    plain(StatusCode::NOT_FOUND, "This server knows nothing of this layer.\n")
}

fn wrong_method() -> Response {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "Only GET, HEAD and PUT work here.\n");
    set(&mut response, header::ALLOW, "GET, HEAD, PUT");
    response
}

fn outside(size: u64) -> Response {
    let message = format!("There are {size} bytes: ask for a range in them.\n");
    let mut response = plain(StatusCode::RANGE_NOT_SATISFIABLE, &message);
    set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
    response
}

fn plain(status: StatusCode, message: &str) -> Response {
    let mut response = text(status, message);
    harden(response.headers_mut());
    response
}

/// An answer that no browser runs, shows or keeps: anybody may have put it here.
fn bytes(body: Body, length: u64) -> Response {
    let mut response = Response::new(body);
    harden(response.headers_mut());
    set(&mut response, header::CONTENT_TYPE, "application/octet-stream");
    set(&mut response, header::CONTENT_DISPOSITION, "attachment");
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
