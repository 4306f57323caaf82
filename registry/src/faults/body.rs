//! Spoiling bodies: the bytes, and how they are sent.

use std::io;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use http::{HeaderValue, header};

use crate::limits;

type Pieces = BoxStream<'static, io::Result<Bytes>>;

/// Replaces the whole body, and says its new length.
pub(crate) async fn rewrite(
    response: Response,
    change: impl FnOnce(Vec<u8>) -> Vec<u8>,
) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = match to_bytes(body, limits::FAULT_BYTES).await {
        Ok(bytes) => change(bytes.to_vec()),
        Err(error) => format!("this body is too large to be spoiled: {error}").into_bytes(),
    };
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    Response::from_parts(parts, Body::from(bytes))
}

/// Turns the lowest bit of a byte. An offset outside of the body changes its nearest byte.
pub(crate) fn flip(mut bytes: Vec<u8>, offset: i64) -> Vec<u8> {
    let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let at = if offset < 0 { length.saturating_add(offset) } else { offset };
    let at = usize::try_from(at.clamp(0, (length - 1).max(0))).unwrap_or(0);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1;
    }
    bytes
}

/// Sends so many bytes, then breaks off. The length that was said stays as it was.
pub(crate) fn cut(response: Response, after: u64) -> Response {
    split(response, after, |rest| {
        drop(rest);
        stream::once(async {
            Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by an injected fault"))
        })
        .boxed()
    })
}

/// Sends so many bytes, then waits for a time or forever.
pub(crate) fn stall(response: Response, after: u64, wait: Option<Duration>) -> Response {
    split(response, after, move |rest| {
        stream::once(async move {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
            Ok(Bytes::new())
        })
        .chain(rest)
        .boxed()
    })
}

/// Sends so many bytes, and then what is made of the rest.
fn split(
    response: Response,
    after: u64,
    then: impl FnOnce(Pieces) -> Pieces + Send + 'static,
) -> Response {
    let (parts, body) = response.into_parts();
    let pieces: Pieces =
        body.into_data_stream().map(|piece| piece.map_err(io::Error::other)).boxed();
    let start = Some((pieces, after, then));
    let spoiled = stream::unfold(start, |state| async move {
        let (mut pieces, left, then) = state?;
        let piece = match pieces.next().await {
            Some(Ok(piece)) => piece,
            Some(Err(error)) => return Some((stream::iter([Err(error)]).boxed(), None)),
            // Shorter than that: it breaks off where it ends.
            None => return Some((then(stream::empty().boxed()), None)),
        };
        let length = piece.len() as u64;
        if length < left {
            let whole: Pieces = stream::iter([Ok(piece)]).boxed();
            return Some((whole, Some((pieces, left - length, then))));
        }
        let mut first = piece;
        let second = first.split_off(usize::try_from(left).unwrap_or(0));
        let rest = stream::iter([Ok(second)]).chain(pieces).boxed();
        Some((stream::iter([Ok(first)]).chain(then(rest)).boxed(), None))
    })
    .flatten();
    Response::from_parts(parts, Body::from_stream(spoiled))
}

/// A body of text, or of JSON.
pub(crate) fn from_value(value: &serde_json::Value) -> Body {
    match value {
        serde_json::Value::Null => Body::empty(),
        serde_json::Value::String(text) => Body::from(text.clone()),
        other => Body::from(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flipping() {
        assert_eq!(flip(vec![0, 0, 0], 1), [0, 1, 0]);
        assert_eq!(flip(vec![0, 0, 0], -1), [0, 0, 1]);
        assert_eq!(flip(vec![0, 0, 0], 99), [0, 0, 1]);
        assert_eq!(flip(vec![0, 0, 0], -99), [1, 0, 0]);
        assert!(flip(Vec::new(), 5).is_empty());
    }
}
