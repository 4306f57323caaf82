//! `/v2/<name>/blobs/<digest>`: pulling, checking and deleting blobs.

use std::convert::Infallible;
use std::io::SeekFrom;

use axum::body::Body;
use axum::response::Response;
use drydock::digest::Digest;
use drydock::reference::Repository as Name;
use http::request::Parts;
use http::{Method, StatusCode, header};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::errors::Failure;
use super::range::{self, Wanted};
use super::{DOCKER_CONTENT_DIGEST, answer, path, request};
use crate::store::{Blob, Store};

/// Size in bytes of the pieces in which a file is sent.
const PIECE_BYTES: usize = 128 << 10;

pub(crate) async fn handle(
    store: &Store,
    parts: &Parts,
    name: &Name,
    digest: &str,
) -> Result<Response, Failure> {
    let digest = path::digest(digest)?;
    match parts.method {
        Method::GET | Method::HEAD => get(store, parts, name, &digest).await,
        Method::DELETE => {
            let name = name.clone();
            store.run(move |store| store.for_reading(&name)?.delete_blob(&digest)).await?;
            answer(StatusCode::ACCEPTED, []).body(Body::empty())
        }
        _ => Err(Failure::method(&parts.method, "GET, HEAD and DELETE")),
    }
}

async fn get(
    store: &Store,
    parts: &Parts,
    name: &Name,
    digest: &Digest,
) -> Result<Response, Failure> {
    let (name, asked) = (name.clone(), digest.clone());
    let blob = store.run(move |store| store.for_reading(&name)?.blob(&asked)).await?;
    let size = blob.size();
    let etag = format!("\"{digest}\"");
    let common = [
        (header::ETAG, etag.clone()),
        (DOCKER_CONTENT_DIGEST, digest.to_string()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned()),
    ];
    if names_etag(request::text(parts, header::IF_NONE_MATCH), &etag) {
        return answer(StatusCode::NOT_MODIFIED, common).body(Body::empty());
    }
    let if_range = request::text(parts, header::IF_RANGE);
    let wanted = match request::text(parts, header::RANGE) {
        _ if parts.method == Method::HEAD || !(if_range.is_empty() || if_range == etag) => {
            Wanted::Whole
        }
        "" => Wanted::Whole,
        range => range::wanted(range, size),
    };
    let (status, first, length) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0, size),
        Wanted::Part { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Wanted::Unsatisfiable => {
            let mut response = Failure::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "SIZE_INVALID",
                format!("the blob has {size} bytes; ask for a range in it"),
            )
            .into_response();
            super::set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
            return Ok(response);
        }
    };
    let mut response = answer(status, common)
        .with(header::CONTENT_TYPE, "application/octet-stream")
        .with(header::CONTENT_LENGTH, &length.to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{size}", first + length - 1);
        response = response.with(header::CONTENT_RANGE, &range);
    }
    if parts.method == Method::HEAD {
        return response.body(Body::empty());
    }
    response.body(body(blob, first, length).await?)
}

/// A part of a blob, which lies inside of it.
async fn body(blob: Blob, first: u64, length: u64) -> std::io::Result<Body> {
    Ok(match blob {
        Blob::Held(held) => {
            let pieces = held.part(first, length).into_iter().map(Ok::<_, Infallible>);
            Body::from_stream(futures_util::stream::iter(pieces))
        }
        Blob::File(file, _) => {
            let mut file = tokio::fs::File::from_std(file);
            if first > 0 {
                file.seek(SeekFrom::Start(first)).await?;
            }
            Body::from_stream(ReaderStream::with_capacity(file.take(length), PIECE_BYTES))
        }
    })
}

/// Whether an `If-None-Match` header names an entity tag.
pub(crate) fn names_etag(header: &str, etag: &str) -> bool {
    header.split(',').map(str::trim).any(|t| t == "*" || t.trim_start_matches("W/") == etag)
}
