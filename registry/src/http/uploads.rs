//! `/v2/<name>/blobs/uploads/…`: pushing blobs, in one piece, in chunks, or by mounting.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use drydock::digest::{Algorithm, Digest};
use drydock::reference::Repository as Name;
use http::request::Parts;
use http::{HeaderName, Method, StatusCode, header};

use super::errors::Failure;
use super::{Answer, DOCKER_CONTENT_DIGEST, answer, path, range, request};
use crate::store::{Refusal, Store, Turns, computable};

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
    let mounted = request::parameter(parts, "mount").and_then(|d| Digest::parse(&d).ok());
    if let Some(digest) = mounted
        && mount(store, name, &digest, request::parameter(parts, "from")).await?
    {
        return created(name, &digest);
    }
    if let Some(digest) = request::parameter(parts, "digest") {
        let digest = path::digest(&digest)?;
        let algorithm = computable(&digest)?;
        let into = name.clone();
        let start = move |store: &Store| store.for_writing(&into)?.start_upload(algorithm);
        let upload = Turns::new(store.run(start).await?);
        receive(store, parts, body, &upload).await?;
        finish(store, name, &digest, &upload).await?;
        return created(name, &digest);
    }
    let algorithm = match request::parameter(parts, "digest-algorithm").as_deref() {
        None | Some("sha256") => Algorithm::Sha256,
        Some("sha512") => Algorithm::Sha512,
        Some(other) => {
            return Err(Refusal::DigestInvalid(format!(
                "digest-algorithm {other:.100} can't be computed here: expected sha256 or sha512"
            ))
            .into());
        }
    };
    let into = name.clone();
    let start = move |store: &Store| store.start_session(&store.for_writing(&into)?, algorithm);
    let id = store.run(start).await?;
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
    let upload = store.session(name, id)?;
    let _turn = upload.turn.lock().await;
    let size = upload.with(|upload| Ok(upload.size()))?;
    match parts.method {
        Method::GET | Method::HEAD => {
            progress(StatusCode::NO_CONTENT, name, id, size).body(Body::empty())
        }
        Method::PATCH => {
            if let Some(refused) = out_of_order(parts, name, id, size) {
                return Ok(refused);
            }
            let size = receive(store, parts, body, &upload).await?;
            progress(StatusCode::ACCEPTED, name, id, size).body(Body::empty())
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
            if let Some(refused) = out_of_order(parts, name, id, size) {
                return Ok(refused);
            }
            upload.with(|upload| {
                upload.expect(algorithm);
                Ok(())
            })?;
            receive(store, parts, body, &upload).await?;
            store.end_session(id);
            finish(store, name, &digest, &upload).await?;
            created(name, &digest)
        }
        Method::DELETE => {
            store.end_session(id);
            let upload = upload.take()?;
            let forget = move |_: &Store| {
                drop(upload);
                Ok(())
            };
            store.run(forget).await?;
            answer(StatusCode::NO_CONTENT, []).body(Body::empty())
        }
        _ => Err(Failure::method(&parts.method, "GET, PATCH, PUT and DELETE")),
    }
}

/// Mounts a blob. What can't be mounted goes on as an upload, whatever the reason.
async fn mount(
    store: &Store,
    name: &Name,
    digest: &Digest,
    from: Option<String>,
) -> Result<bool, Refusal> {
    let from = match from.as_deref().map(Name::parse) {
        Some(Err(_)) => return Ok(false),
        Some(Ok(name)) => Some(name),
        None => None,
    };
    let (into, digest) = (name.clone(), digest.clone());
    let mount =
        move |store: &Store| store.mount(&*store.for_writing(&into)?, &digest, from.as_ref());
    store.run(mount).await
}

/// Compares the digest and keeps the blob.
async fn finish(
    store: &Store,
    name: &Name,
    digest: &Digest,
    upload: &Turns,
) -> Result<(), Refusal> {
    let (into, digest, upload) = (name.clone(), digest.clone(), upload.take()?);
    let finish = move |store: &Store| store.for_writing(&into)?.finish_upload(upload, &digest);
    store.run(finish).await
}

/// The answer to a chunk that does not go where the last one ended.
fn out_of_order(parts: &Parts, name: &Name, id: &str, size: u64) -> Option<Response> {
    let header = parts.headers.get(header::CONTENT_RANGE)?;
    let chunk = header.to_str().ok().and_then(range::chunk);
    if chunk.is_some_and(|(first, _)| first == size) {
        return None;
    }
    progress(StatusCode::RANGE_NOT_SATISFIABLE, name, id, size).body(Body::empty()).ok()
}

/// Takes a body into an upload, and returns how many bytes have come in all. A body of another
/// length than was said is forgotten again; what came of one that broke off is kept, so that the
/// client can ask where to go on.
async fn receive(
    store: &Store,
    parts: &Parts,
    mut body: Body,
    upload: &Arc<Turns>,
) -> Result<u64, Failure> {
    let flush = Flush { store, upload };
    let shared = Arc::clone(upload);
    let (mark, before) = store.run(move |_| shared.with(|u| Ok((u.mark()?, u.size())))).await?;
    let ended = loop {
        match request::next(&mut body).await {
            Ok(Some(piece)) => {
                if upload.with(|upload| upload.push(&piece))? {
                    flush.now().await?;
                }
            }
            Ok(None) => break Ok(()),
            Err(failure) => break Err(failure),
        }
    };
    flush.now().await?;
    ended?;
    let size = upload.with(|upload| Ok(upload.size()))?;
    let came = size - before;
    let said = range::chunk(request::text(parts, header::CONTENT_RANGE))
        .and_then(|(first, last)| (last - first).checked_add(1));
    match said {
        Some(said) if said != came && (came > 0 || parts.method == Method::PATCH) => {
            upload.with(|upload| upload.rewind(mark))?;
            Err(Refusal::SizeInvalid(format!(
                "Content-Range says {said} bytes, but {came} came; send the chunk again"
            ))
            .into())
        }
        _ => Ok(size),
    }
}

/// Writes what has come of a body, also when the request ends before its body does.
struct Flush<'a> {
    store: &'a Store,
    upload: &'a Arc<Turns>,
}

impl Flush<'_> {
    async fn now(&self) -> Result<(), Refusal> {
        let upload = Arc::clone(self.upload);
        self.store.run(move |_| upload.flush()).await
    }
}

impl Drop for Flush<'_> {
    fn drop(&mut self) {
        let upload = Arc::clone(self.upload);
        self.store.run_later(move |_| upload.flush());
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
