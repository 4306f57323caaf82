//! Spoiling uploads: lost answers, broken requests, odd ranges, and places that move.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::request::Parts;
use http::{StatusCode, Uri, header};
use serde::{Deserialize, Serialize};
use url::form_urlencoded::{self, Serializer};

use super::apply::{set, with_path};
use crate::http::path::{self, Endpoint};
use crate::http::request;
use crate::limits;
use crate::store::{Refusal, locked};

/// What stands in the `Range` of the answers to uploads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UploadRange {
    /// One byte more than there is.
    OffByOne,
    /// The bytes of the last chunk, by their places in the blob.
    Chunk,
    /// The bytes of the last chunk, counted from zero.
    ChunkFromZero,
    /// `0-0`, whatever there is.
    Still,
    /// No such header.
    Missing,
}

/// Marks an answer that never came to the client. Over a socket, the connection ends without one;
/// clients in the same process find this among the extensions of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// Where uploads were said to go on last: a number for each path.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<BTreeMap<String, u64>>);

impl Places {
    /// Gives the place of an upload a new form under `prefix`, with a number in its query that is
    /// good for one request.
    pub(crate) fn give(&self, response: &mut Response, prefix: &str) {
        let location = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
        let Some(path) = location.filter(|path| path.contains("/blobs/uploads/")) else { return };
        let path = path.to_owned();
        let mut places = locked(&self.0);
        if places.len() > limits::UPLOADS {
            places.clear();
        }
        let number = places.entry(path.clone()).or_default();
        *number += 1;
        let place = format!("{prefix}{path}?_state={number}%2F");
        set(response, header::LOCATION.as_str(), Some(&place));
    }

    /// Refuses a request that goes on at another place than the last one that was given.
    pub(crate) fn check(&self, asked: &Uri) -> Option<Response> {
        if !matches!(path::endpoint(asked.path()), Ok(Some(Endpoint::Upload(..)))) {
            return None;
        }
        let places = locked(&self.0);
        let number = places.get(asked.path()).copied().unwrap_or_default();
        let query = asked.query().unwrap_or_default();
        let wanted = format!("_state={number}%2F");
        let fits = query.strip_prefix(&wanted).is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix('&').is_some_and(|rest| !rest.starts_with('&'))
        });
        (!fits).then(|| crate::http::refuse(Refusal::UploadUnknown))
    }
}

/// Takes away what asks for a blob out of another repository.
pub(crate) fn without_mount(parts: &mut Parts) {
    let query = parts.uri.query().unwrap_or_default();
    let rest = form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| !matches!(&**key, "mount" | "from"));
    let query = Serializer::new(String::new()).extend_pairs(rest).finish();
    let path = format!("{}?{query}", parts.uri.path());
    if let Some(uri) = with_path(&parts.uri, path.trim_end_matches('?')) {
        parts.uri = uri;
    }
}

/// The query with `under` cut off the repository that a blob is to come from.
pub(crate) fn mount_below(query: &str, under: &str) -> String {
    let below = |pair: &str| {
        let (key, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
        let rest = value.strip_prefix(under)?.strip_prefix('/')?;
        (key == "from").then(|| format!("from={rest}"))
    };
    let pairs = query.split('&').map(|pair| below(pair).unwrap_or_else(|| pair.to_owned()));
    pairs.collect::<Vec<_>>().join("&")
}

/// The first and last byte of the chunk that a request sends.
pub(crate) fn chunk(parts: &Parts) -> Option<(u64, u64)> {
    crate::http::range::chunk(request::text(parts, header::CONTENT_RANGE))
}

/// Changes what an answer says of the bytes that are there.
pub(crate) fn lie(response: &mut Response, range: UploadRange, chunk: Option<(u64, u64)>) {
    let held = response.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some((first, last)) = held.and_then(crate::http::range::chunk) else { return };
    let said = match (range, chunk) {
        (UploadRange::Missing, _) => None,
        (UploadRange::OffByOne, _) => Some((first, last + 1)),
        (UploadRange::Still, _) => Some((0, 0)),
        (UploadRange::Chunk, Some(chunk)) => Some(chunk),
        (UploadRange::ChunkFromZero, Some((from, to))) => Some((0, to - from)),
        (UploadRange::Chunk | UploadRange::ChunkFromZero, None) => Some((first, last)),
    };
    let said = said.map(|(first, last)| format!("{first}-{last}"));
    set(response, header::RANGE.as_str(), said.as_deref());
}

/// A request body that breaks off after so many bytes.
pub(crate) fn break_off(body: Body, after: u64) -> Body {
    let pieces = body.into_data_stream().map(|piece| piece.map_err(io::Error::other)).boxed();
    let spoiled = stream::unfold(Some((pieces, after)), |state| async move {
        let (mut pieces, left) = state?;
        let next = if left == 0 { None } else { pieces.next().await };
        match next {
            Some(Ok(mut piece)) => {
                piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - piece.len() as u64;
                Some((Ok(piece), Some((pieces, left))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None => {
                let reset = io::ErrorKind::ConnectionReset;
                Some((Err(io::Error::new(reset, "cut by an injected fault")), None))
            }
        }
    });
    Body::from_stream(spoiled)
}

/// An answer that does not arrive.
pub(crate) fn lost() -> Response {
    let error = io::Error::new(io::ErrorKind::ConnectionReset, "lost by an injected fault");
    let mut response = Response::new(Body::from_stream(stream::iter([Err::<&str, _>(error)])));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response.extensions_mut().insert(Lost);
    response
}
