//! Reading requests: query parameters, headers, bodies.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderName, StatusCode};
use http_body_util::BodyExt as _;

use super::errors::Failure;
use crate::limits;
use crate::store::Refusal;

/// The first parameter of a name, decoded.
pub(crate) fn parameter(parts: &Parts, name: &str) -> Option<String> {
    parameters(parts, name).next()
}

/// All parameters of a name, decoded.
pub(crate) fn parameters(parts: &Parts, name: &str) -> impl Iterator<Item = String> {
    let query = parts.uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .filter_map(move |(key, value)| (key == name).then(|| value.into_owned()))
}

/// A header as text; an empty text when it is not there or not readable.
pub(crate) fn text(parts: &Parts, name: impl Into<HeaderName>) -> &str {
    parts.headers.get(name.into()).and_then(|v| v.to_str().ok()).unwrap_or_default()
}

/// A whole document, held in memory up to its limit.
pub(crate) async fn document(parts: &Parts, mut body: Body) -> Result<Bytes, Failure> {
    let said = text(parts, http::header::CONTENT_LENGTH).parse::<u64>().unwrap_or(0);
    if said > limits::MANIFEST_BYTES {
        return Err(Refusal::ManifestTooLarge.into());
    }
    let mut bytes = BytesMut::new();
    while let Some(piece) = next(&mut body).await? {
        if (bytes.len() + piece.len()) as u64 > limits::MANIFEST_BYTES {
            return Err(Refusal::ManifestTooLarge.into());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// The next piece of a body.
pub(crate) async fn next(body: &mut Body) -> Result<Option<Bytes>, Failure> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(piece) = frame.into_data() {
                    return Ok(Some(piece));
                }
            }
            Some(Err(error)) => {
                return Err(Failure::new(
                    StatusCode::BAD_REQUEST,
                    "BLOB_UPLOAD_INVALID",
                    format!("the request ended before its body did: {error}"),
                ));
            }
        }
    }
}
