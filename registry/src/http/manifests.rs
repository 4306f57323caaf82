//! `/v2/<name>/manifests/<reference>`: pulling, pushing and deleting manifests.

use axum::body::Body;
use axum::response::Response;
use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::reference::{Repository as Name, Tag, Target};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use super::errors::Failure;
use super::{DOCKER_CONTENT_DIGEST, answer, blobs, path, request};
use crate::limits;
use crate::store::{Refusal, Store, manifest_type};

const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");

pub(crate) async fn handle(
    store: &Store,
    parts: &Parts,
    body: Body,
    name: &Name,
    reference: &str,
) -> Result<Response, Failure> {
    match parts.method {
        Method::GET | Method::HEAD => get(store, parts, name, reference).await,
        Method::PUT => {
            let target = path::target(reference)?;
            let bytes = request::document(parts, body).await?;
            put(store, parts, name, &target, bytes).await
        }
        Method::DELETE => {
            let (name, target) = (name.clone(), readable(name, reference)?);
            store.run(move |store| store.for_reading(&name)?.delete_manifest(&target)).await?;
            answer(StatusCode::ACCEPTED, []).body(Body::empty())
        }
        _ => Err(Failure::method(&parts.method, "GET, HEAD, PUT and DELETE")),
    }
}

async fn get(
    store: &Store,
    parts: &Parts,
    name: &Name,
    reference: &str,
) -> Result<Response, Failure> {
    let (name, target) = (name.clone(), readable(name, reference)?);
    let manifest = store.run(move |store| store.for_reading(&name)?.manifest(&target)).await?;
    let etag = format!("\"{}\"", manifest.digest);
    let common =
        [(header::ETAG, etag.clone()), (DOCKER_CONTENT_DIGEST, manifest.digest.to_string())];
    if blobs::names_etag(request::text(parts, header::IF_NONE_MATCH), &etag) {
        return answer(StatusCode::NOT_MODIFIED, common).body(Body::empty());
    }
    let response = answer(StatusCode::OK, common)
        .with(header::CONTENT_TYPE, manifest.media_type.as_str())
        .with(header::CONTENT_LENGTH, &manifest.bytes.len().to_string());
    let head = parts.method == Method::HEAD;
    response.body(if head { Body::empty() } else { Body::from(manifest.bytes) })
}

async fn put(
    store: &Store,
    parts: &Parts,
    name: &Name,
    target: &Target,
    bytes: bytes::Bytes,
) -> Result<Response, Failure> {
    let media_type = media_type(parts, &bytes)?;
    let mut tags: Vec<Tag> = Vec::new();
    for tag in request::parameters(parts, "tag") {
        if tags.len() >= limits::TAG_PARAMETERS {
            let most = limits::TAG_PARAMETERS;
            let message = format!("at most {most} tags are taken with one manifest");
            return Err(Failure::new(StatusCode::URI_TOO_LONG, "TAG_INVALID", message));
        }
        tags.push(Tag::parse(&tag).map_err(|e| Refusal::TagInvalid(e.to_string()))?);
    }
    let asked = tags.clone();
    let digest = match target {
        Target::Digest(digest) => digest.clone(),
        Target::Tag(tag) => {
            tags.push(tag.clone());
            match request::parameter(parts, "digest") {
                Some(digest) => path::digest(&digest)?,
                None => Digest::sha256(&bytes),
            }
        }
    };
    let (into, stored) = (name.clone(), digest.clone());
    let put = move |store: &Store| {
        store.for_writing(&into)?.put_manifest(&media_type, &stored, bytes, &tags)
    };
    let subject = store.run(put).await?;
    let mut response = answer(StatusCode::CREATED, [(DOCKER_CONTENT_DIGEST, digest.to_string())])
        .with(header::LOCATION, &format!("/v2/{name}/manifests/{digest}"));
    if let Some(subject) = subject {
        response = response.with(OCI_SUBJECT, subject.as_str());
    }
    let mut response = response.body(Body::empty())?;
    for tag in asked {
        if let Ok(value) = HeaderValue::from_str(tag.as_str()) {
            response.headers_mut().append(OCI_TAG, value);
        }
    }
    Ok(response)
}

/// The type that a manifest is sent as, or else the one that it says it is.
fn media_type(parts: &Parts, bytes: &[u8]) -> Result<MediaType, Refusal> {
    let sent = MediaType::new(request::text(parts, header::CONTENT_TYPE));
    let media_type = if sent.as_str().is_empty() {
        let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
        let said = value.as_ref().and_then(|v| v.get("mediaType")?.as_str());
        MediaType::new(said.ok_or_else(|| {
            Refusal::ManifestInvalid(
                "neither Content-Type nor mediaType says what the manifest is".to_owned(),
            )
        })?)
    } else {
        sent
    };
    if manifest_type::is_allowed(&media_type) {
        return Ok(media_type);
    }
    Err(Refusal::ManifestInvalid(format!(
        "{:.200} is no type of a manifest: expected one such as {}",
        media_type.as_str(),
        MediaType::MANIFEST
    )))
}

/// What is asked for; a text that can name nothing names nothing that is here.
fn readable(name: &Name, reference: &str) -> Result<Target, Refusal> {
    match path::target(reference) {
        Err(Refusal::TagInvalid(_)) => Err(Refusal::ManifestUnknown {
            reference: reference.chars().take(200).collect(),
            repository: name.to_string(),
        }),
        other => other,
    }
}
