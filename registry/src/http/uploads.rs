//! `/v2/<name>/blobs/uploads/…`: pushing blobs, in one piece, in chunks, or by mounting.

use axum::body::Body;
use axum::response::Response;
use drydock::digest::{Algorithm, Digest};
use drydock::reference::Repository as Name;
use http::request::Parts;
use http::{HeaderName, Method, StatusCode, header};

use super::errors::Failure;
use super::{Answer, DOCKER_CONTENT_DIGEST, answer, path, range, request};
use crate::store::{Refusal, Store, Upload, computable};

const UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// `/v2/<name>/blobs/uploads/`
pub(crate) async fn start(
    store: &Store,
    parts: &Parts,
    body: Body,
    name: &Name,
) -> Result<Response, Failure> {
    if parts.method != Method::POST {
        return Err(Failure::method(&parts.method, "POST"));
    }
    let repository = store.for_writing(name)?;
    // A mount that can't be done goes on as an upload, whatever the reason.
    if let Some(digest) = request::parameter(parts, "mount").and_then(|d| Digest::parse(&d).ok()) {
        let from = request::parameter(parts, "from");
        let source = from.as_deref().map(Name::parse);
        if !matches!(source, Some(Err(_))) {
            let source = source.and_then(Result::ok);
            if store.mount(&repository, &digest, source.as_ref())? {
                return created(name, &digest);
            }
        }
    }
    if let Some(digest) = request::parameter(parts, "digest") {
        let digest = path::digest(&digest)?;
        let mut upload = repository.start_upload(computable(&digest)?)?;
        receive(parts, body, &mut upload).await?;
        repository.finish_upload(upload, &digest).await?;
        return created(name, &digest);
    }
    let algorithm = match request::parameter(parts, "digest-algorithm").as_deref() {
        None | Some("sha256") => Algorithm::Sha256,
        Some("sha512") => Algorithm::Sha512,
        Some(other) => {
            return Err(Refusal::DigestInvalid(format!(
                "digest-algorithm {other} can't be computed here: expected sha256 or sha512"
            ))
            .into());
        }
    };
    let id = store.start_session(&repository, algorithm)?;
    progress(StatusCode::ACCEPTED, name, &id, 0).body(Body::empty())
}

/// `/v2/<name>/blobs/uploads/<id>`
pub(crate) async fn go_on(
    store: &Store,
    parts: &Parts,
    body: Body,
    name: &Name,
    id: &str,
) -> Result<Response, Failure> {
    let shared = store.session(name, id)?;
    let mut slot = shared.lock().await;
    let upload = slot.as_mut().ok_or_else(|| Refusal::UploadUnknown(id.to_owned()))?;
    match parts.method {
        Method::GET | Method::HEAD => {
            progress(StatusCode::NO_CONTENT, name, id, upload.size()).body(Body::empty())
        }
        Method::PATCH => {
            if let Some(refused) = out_of_order(parts, name, id, upload) {
                return Ok(refused);
            }
            receive(parts, body, upload).await?;
            progress(StatusCode::ACCEPTED, name, id, upload.size()).body(Body::empty())
        }
        Method::PUT => {
            let digest = request::parameter(parts, "digest").ok_or_else(|| {
                Refusal::DigestInvalid(
                    "the request that ends an upload has no digest: expected ?digest=sha256:…"
                        .to_owned(),
                )
            })?;
            let digest = path::digest(&digest)?;
            let algorithm = computable(&digest)?;
            if let Some(refused) = out_of_order(parts, name, id, upload) {
                return Ok(refused);
            }
            upload.expect(algorithm);
            receive(parts, body, upload).await?;
            let upload = slot.take().ok_or_else(|| Refusal::UploadUnknown(id.to_owned()))?;
            store.end_session(id);
            store.for_writing(name)?.finish_upload(upload, &digest).await?;
            created(name, &digest)
        }
        Method::DELETE => {
            slot.take();
            store.end_session(id);
            answer(StatusCode::NO_CONTENT, []).body(Body::empty())
        }
        _ => Err(Failure::method(&parts.method, "GET, PATCH, PUT and DELETE")),
    }
}

/// The answer to a chunk that does not go where the last one ended.
fn out_of_order(parts: &Parts, name: &Name, id: &str, upload: &Upload) -> Option<Response> {
    let header = parts.headers.get(header::CONTENT_RANGE)?;
    let chunk = header.to_str().ok().and_then(range::chunk);
    if chunk.is_some_and(|(first, _)| first == upload.size()) {
        return None;
    }
    progress(StatusCode::RANGE_NOT_SATISFIABLE, name, id, upload.size()).body(Body::empty()).ok()
}

/// Takes a body into an upload. A body of another length than was said is forgotten again; what
/// came of one that broke off is kept, so that the client can ask where to go on.
async fn receive(parts: &Parts, mut body: Body, upload: &mut Upload) -> Result<(), Failure> {
    upload.settle().await?;
    let mark = upload.mark();
    let before = upload.size();
    while let Some(piece) = request::next(&mut body).await? {
        upload.write(&piece).await?;
    }
    let came = upload.size() - before;
    let said = range::chunk(request::text(parts, header::CONTENT_RANGE))
        .and_then(|(first, last)| (last - first).checked_add(1));
    match said {
        Some(said) if said != came && (came > 0 || parts.method == Method::PATCH) => {
            upload.rewind(mark).await?;
            Err(Refusal::SizeInvalid(format!(
                "Content-Range says {said} bytes, but {came} came; send the chunk again"
            ))
            .into())
        }
        _ => Ok(()),
    }
}

fn progress(status: StatusCode, name: &Name, id: &str, size: u64) -> Answer {
    let last = size.saturating_sub(1);
    answer(status, [(UPLOAD_UUID, id.to_owned())])
        .with(header::LOCATION, &format!("/v2/{name}/blobs/uploads/{id}"))
        .with(header::RANGE, &format!("0-{last}"))
}

fn created(name: &Name, digest: &Digest) -> Result<Response, Failure> {
    answer(StatusCode::CREATED, [(DOCKER_CONTENT_DIGEST, digest.to_string())])
        .with(header::LOCATION, &format!("/v2/{name}/blobs/{digest}"))
        .body(Body::empty())
}
