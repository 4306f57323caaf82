//! `GET` and `HEAD /v2/<name>/manifests/<reference>`: manifests and indexes.
//!
//! distribution-spec, "Pulling manifests" (end-3) and "Checking if content exists" (end-3).

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;

use super::super::error::{Error, Reply, Subject, shown};
use super::super::transport::{self, Request, Response, Transport};
use super::super::{Access, Registry, plain};
use crate::descriptor::{Descriptor, Mismatch, identify, verify_digest};
use crate::digest::Digest;
use crate::finding::Finding;
use crate::limits;
use crate::media_type::MediaType;
use crate::reference::{Repository, Target};
use crate::source::Fetched;

/// What a registry says about a manifest without sending it. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// `Docker-Content-Digest`; not every registry sends it.
    pub digest: Option<Digest>,
    /// `Content-Length`; not every registry sends it.
    pub size: Option<u64>,
    /// `Content-Type`, without parameters.
    pub media_type: Option<MediaType>,
}

impl<T: Transport> Registry<T> {
    /// Fetches a manifest or index. By digest, the bytes are compared with it; by tag, the digest is
    /// computed from the bytes, and a differing `Docker-Content-Digest` is a finding.
    ///
    /// # Errors
    /// When it can't be read, is too large, or isn't what the digest says.
    pub async fn manifest(
        &self,
        repository: &Repository,
        target: &Target,
    ) -> Result<Fetched, Error> {
        let access = self.manifest_access(repository, target);
        let (body, headers) = self.manifest_bytes(repository, &access, target, None).await?;
        let instead = instead(&headers, &body);
        let (digest, bytes) = match target {
            Target::Tag(_) => match instead {
                Some(instead) => return Err(instead.error(access.subject)),
                None => identify(body),
            },
            Target::Digest(digest) => {
                let verified = verify_digest(digest, body);
                let mismatch = |mismatch| differs(&access.subject, mismatch, instead);
                (digest.clone(), verified.map_err(mismatch)?)
            }
        };
        let findings =
            header_digest(&access.subject, &headers, &digest, &bytes).into_iter().collect();
        Ok(Fetched { bytes, digest, media_type: media_type(&headers), headers, findings })
    }

    /// Fetches the manifest or index that a descriptor points to, and compares size and digest.
    ///
    /// # Errors
    /// When it can't be read, is too large, or isn't what the descriptor says.
    pub async fn manifest_of(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
    ) -> Result<Fetched, Error> {
        let target = Target::Digest(descriptor.digest.clone());
        let access = self.manifest_access(repository, &target);
        if descriptor.size > limits::DOCUMENT_BYTES {
            return Err(Error::TooLarge { subject: access.subject, limit: limits::DOCUMENT_BYTES });
        }
        let wanted = Some(&descriptor.media_type);
        let (body, headers) = self.manifest_bytes(repository, &access, &target, wanted).await?;
        let instead = instead(&headers, &body);
        let verified = descriptor.verify(body);
        let subject = access.subject;
        let bytes = verified.map_err(|mismatch| differs(&subject, mismatch, instead))?;
        let digest = descriptor.digest.clone();
        let findings = header_digest(&subject, &headers, &digest, &bytes).into_iter().collect();
        Ok(Fetched { bytes, digest, media_type: media_type(&headers), headers, findings })
    }

    /// What a tag stands for. Only where the registry does not say it by itself is the document read.
    ///
    /// # Errors
    /// When there is no such tag, or the registry does not say.
    pub async fn digest_of(
        &self,
        repository: &Repository,
        target: &Target,
    ) -> Result<Digest, Error> {
        match self.head_manifest(repository, target).await {
            Ok(Head { digest: Some(digest), .. }) => Ok(digest),
            _ => Ok(self.manifest(repository, target).await?.digest),
        }
    }

    /// Asks what a tag or digest stands for, without the bytes. Docker Hub does not count this
    /// against the rate limit.
    ///
    /// # Errors
    /// When it can't be asked for.
    pub async fn head_manifest(
        &self,
        repository: &Repository,
        target: &Target,
    ) -> Result<Head, Error> {
        let access = self.manifest_access(repository, target);
        let request = self.manifest_request(Method::HEAD, repository, target, None);
        let response = self.send_ok(&access, request).await?;
        self.answers_head.set(true);
        let field =
            |name| response.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        Ok(Head {
            digest: field("docker-content-digest").and_then(|text| Digest::parse(text.trim()).ok()),
            size: field(CONTENT_LENGTH.as_str()).and_then(|text| text.trim().parse().ok()),
            media_type: media_type(&response.headers),
        })
    }

    fn manifest_request(
        &self,
        method: Method,
        repository: &Repository,
        target: &Target,
        wanted: Option<&MediaType>,
    ) -> Request {
        let mut request =
            Request::new(method, self.url(&format!("{repository}/manifests/{target}")));
        request.headers.insert(ACCEPT, accept(wanted));
        request
    }

    async fn manifest_bytes(
        &self,
        repository: &Repository,
        access: &Access,
        target: &Target,
        wanted: Option<&MediaType>,
    ) -> Result<(Bytes, HeaderMap), Error> {
        let request = self.manifest_request(Method::GET, repository, target, wanted);
        let response = self.send_ok(access, request).await?;
        body::<T>(&access.subject, response, limits::DOCUMENT_BYTES).await
    }
}

/// Reads a body whose digest counts.
pub(super) async fn body<T: Transport>(
    subject: &Subject,
    mut response: Response<T::Body>,
    limit: u64,
) -> Result<(Bytes, HeaderMap), Error> {
    plain(subject, &response.headers)?;
    let body = transport::read(&mut response.body, limit).await;
    let body = body.map_err(|error| Error::read(subject.clone(), error))?;
    Ok((body, response.headers))
}

/// What came in place of a document.
pub(super) struct Instead {
    problem: &'static str,
    reply: Reply,
}

impl Instead {
    fn error(self, subject: Subject) -> Error {
        Error::NotJson { subject, problem: self.problem.to_owned(), reply: self.reply }
    }
}

/// What an answer is that has no document in it although its status says so: nothing at all, a page
/// for people, an error. It says nothing of what was asked for.
pub(super) fn instead(headers: &HeaderMap, body: &[u8]) -> Option<Instead> {
    let wordless = |problem| Some(Instead { problem, reply: Reply::default() });
    if body.is_empty() {
        return wordless("it is empty");
    }
    let start = body.trim_ascii_start();
    let is_page = media_type(headers).is_some_and(|it| it.as_str().ends_with("html"))
        || start.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"<!doctype"))
        || start.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"<html"));
    if is_page && start.first() == Some(&b'<') {
        return wordless("it is a web page");
    }
    if start.first() != Some(&b'{') || body.len() as u64 > limits::ERROR_BYTES {
        return None;
    }
    let value: Value = serde_json::from_slice(body).ok()?;
    let is_error = value.get("errors").is_some_and(Value::is_array);
    let is_document = ["schemaVersion", "mediaType"].iter().any(|key| value.get(key).is_some());
    let reply = || Reply::parse(body);
    (is_error && !is_document).then(|| Instead { problem: "it is an error", reply: reply() })
}

/// The error for bytes that are not the ones that were asked for.
pub(super) fn differs(subject: &Subject, mismatch: Mismatch, instead: Option<Instead>) -> Error {
    let subject = subject.clone();
    match instead {
        Some(instead) => instead.error(subject),
        None => Error::Mismatch { subject, mismatch },
    }
}

/// All manifest types by name: a registry converts what it thinks one can't read, and with it
/// changes the digest. Anything else is welcome too, but last.
fn accept(wanted: Option<&MediaType>) -> HeaderValue {
    let mut types = MediaType::MANIFESTS.join(", ");
    if let Some(wanted) = wanted.filter(|wanted| !MediaType::MANIFESTS.contains(&wanted.as_str())) {
        types = format!("{wanted}, {types}");
    }
    let all = format!("{types}, */*;q=0.1");
    HeaderValue::try_from(all).unwrap_or(HeaderValue::from_static("*/*"))
}

pub(super) fn media_type(headers: &HeaderMap) -> Option<MediaType> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    (!value.trim().is_empty()).then(|| MediaType::new(value))
}

/// Case M2: what the header says is compared, never believed.
fn header_digest(
    subject: &Subject,
    headers: &HeaderMap,
    digest: &Digest,
    bytes: &Bytes,
) -> Option<Finding> {
    let text = headers.get("docker-content-digest")?.to_str().unwrap_or_default();
    let said = Digest::parse(text.trim()).ok();
    let own = match said.as_ref().and_then(Digest::algorithm) {
        Some(algorithm) if digest.algorithm() != Some(algorithm) => Digest::of(algorithm, bytes),
        _ => digest.clone(),
    };
    if said.as_ref() == Some(&own) {
        return None;
    }
    let message = format!(
        "The registry's Docker-Content-Digest \"{}\" is not the digest of the bytes it sent, {own}.",
        shown(text)
    );
    let finding = Finding::warning("manifest.digest-header", subject.to_string(), message);
    Some(finding.expected(own).actual(shown(text)))
}
