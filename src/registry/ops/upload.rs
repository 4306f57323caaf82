//! `/v2/<name>/blobs/uploads/`: sending a blob, step by step. [`Registry::upload`] takes the steps.
//!
//! distribution-spec, "Pushing blobs" (end-4, end-5, end-6, end-11, end-13, end-14).

use std::ops::Range;

use http::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use super::super::auth::scope::{Action, Scope};
use super::super::error::{Error, LocationProblem, Subject, shown};
use super::super::transport::{Content, Part, Purpose, Request, Response, Transport};
use super::super::{Access, Registry, location, writing};
use crate::digest::{Algorithm, Digest};
use crate::limits;
use crate::reference::Repository;

/// What comes of asking a registry to take a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// It has the blob now, out of another of its repositories.
    Mounted,
    /// It wants the bytes.
    Session(Session),
}

/// An upload that a registry has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Where it goes on. Whoever knows the place may write there, so it is for nobody else.
    pub location: Url,
    /// `OCI-Chunk-Min-Length`: fewest bytes of a chunk that is not the last one.
    pub min_chunk: Option<u64>,
}

/// What a registry says that it holds of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Where the upload goes on, when that has changed.
    pub location: Option<Url>,
    /// `Range`: the first and the last byte, as the registry counts them.
    pub range: Option<(u64, u64)>,
}

impl<T: Transport> Registry<T> {
    /// Begins an upload.
    ///
    /// # Errors
    /// When the registry does not take one, or says no usable place for it.
    pub async fn start_upload(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Session, Error> {
        let access = self.upload_access(repository, digest, 0);
        match self.post_upload(&access, repository, digest, None).await? {
            Started::Session(session) => Ok(session),
            Started::Mounted => Err(Error::UploadFailed {
                subject: access.subject,
                problem: "it was said to be done before it began",
            }),
        }
    }

    /// Asks for a blob out of another repository of the same registry. Whatever speaks against it,
    /// an upload is begun instead.
    ///
    /// # Errors
    /// As [`Self::start_upload`].
    pub async fn mount_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        from: &Repository,
    ) -> Result<Started, Error> {
        let alone = self.upload_access(repository, digest, 0);
        let mut both = alone.clone();
        both.scopes.push(Scope::repository(from, &[Action::Pull]));
        let mut mounted = self.post_upload(&both, repository, digest, Some(from)).await;
        // Some token services know only one scope, which must be the one that counts.
        if mounted.as_ref().is_err_and(is_refusal) {
            mounted = self.post_upload(&alone, repository, digest, Some(from)).await;
        }
        match mounted {
            Err(error) if is_refusal(&error) || error.status().is_some_and(is_final) => {
                self.start_upload(repository, digest).await.map(Started::Session)
            }
            other => other,
        }
    }

    /// Sends the next bytes of an upload.
    ///
    /// # Errors
    /// When the registry does not take them: [`Error::Unexpected`] with status 416 when it holds
    /// other bytes than those before, [`Error::NotFound`] when it knows no such upload (any more).
    pub async fn put_chunk(
        &self,
        repository: &Repository,
        digest: &Digest,
        location: &Url,
        content: Content<'_, T::Payload>,
        range: Range<u64>,
        sent: &dyn Fn(u64),
    ) -> Result<Held, Error> {
        let access = self.upload_access(repository, digest, range.start);
        let mut request = Request::new(Method::PATCH, location.clone()).to(Purpose::Upload);
        request.headers.insert(CONTENT_TYPE, OCTETS);
        let last = range.end.saturating_sub(1);
        if let Ok(value) = HeaderValue::try_from(format!("{}-{last}", range.start)) {
            request.headers.insert(CONTENT_RANGE, value);
        }
        let size = range.end.saturating_sub(range.start);
        let part = Part { content, range, sent };
        let response = self.send_upload(&access, request, Some(&part)).await?;
        if response.status.is_success() {
            return self.held(&access, &response);
        }
        Err(self.upload_failure(&access, size, response).await)
    }

    /// Ends an upload with its last bytes, or with all of them, or with none.
    ///
    /// # Errors
    /// As [`Self::put_chunk`]; [`Error::DigestRejected`] when the bytes are not what the digest
    /// says, [`Error::OtherDigest`] when the registry names them otherwise.
    pub async fn finish_upload(
        &self,
        repository: &Repository,
        digest: &Digest,
        location: &Url,
        content: Content<'_, T::Payload>,
        range: Range<u64>,
        sent: &dyn Fn(u64),
    ) -> Result<(), Error> {
        let access = self.upload_access(repository, digest, range.start);
        let url = location::with_digest(location, digest);
        let mut request = Request::new(Method::PUT, url).to(Purpose::Upload);
        request.headers.insert(CONTENT_TYPE, OCTETS);
        let size = range.end.saturating_sub(range.start);
        let part = Part { content, range, sent };
        let response = self.send_upload(&access, request, (size > 0).then_some(&part)).await?;
        match response.status {
            StatusCode::CREATED | StatusCode::OK | StatusCode::NO_CONTENT => {
                named_so(&access.subject, &response.headers, digest)
            }
            StatusCode::BAD_REQUEST => Err(self.rejected(&access.subject, response).await),
            _ => Err(self.upload_failure(&access, size, response).await),
        }
    }

    /// Asks what a registry holds of an upload.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it knows no such upload (any more), [`Error::Unexpected`] when it
    /// does not answer such questions.
    pub async fn upload_status(
        &self,
        repository: &Repository,
        digest: &Digest,
        location: &Url,
    ) -> Result<Held, Error> {
        let access = self.upload_access(repository, digest, 0);
        let request = Request::get(location.clone()).to(Purpose::Upload);
        let response = self.send_upload(&access, request, None).await?;
        match response.status {
            StatusCode::NO_CONTENT | StatusCode::OK | StatusCode::ACCEPTED => {
                self.held(&access, &response)
            }
            _ => Err(self.failure(&access.subject, response).await),
        }
    }

    /// Ends an upload that is not gone on with.
    ///
    /// # Errors
    /// When the registry does not do that; then it forgets the upload after a while.
    pub async fn cancel_upload(
        &self,
        repository: &Repository,
        digest: &Digest,
        location: &Url,
    ) -> Result<(), Error> {
        let access = self.upload_access(repository, digest, 0);
        let request = Request::new(Method::DELETE, location.clone()).to(Purpose::Upload);
        let response = self.send_upload(&access, request, None).await?;
        if response.status.is_success() {
            return Ok(());
        }
        Err(self.failure(&access.subject, response).await)
    }

    pub(in crate::registry) fn upload_access(
        &self,
        repository: &Repository,
        digest: &Digest,
        offset: u64,
    ) -> Access {
        let (name, digest) = (self.full(repository), digest.clone());
        writing(repository, Subject::Upload { name, digest, offset })
    }

    async fn post_upload(
        &self,
        access: &Access,
        repository: &Repository,
        digest: &Digest,
        from: Option<&Repository>,
    ) -> Result<Started, Error> {
        let mut url = self.url(&format!("{repository}/blobs/uploads/"));
        let algorithm = digest.algorithm_name();
        if let Some(from) = from {
            url.query_pairs_mut()
                .append_pair("mount", digest.as_str())
                .append_pair("from", from.as_str());
        }
        if algorithm != Algorithm::default().name() {
            url.query_pairs_mut().append_pair("digest-algorithm", algorithm);
        }
        let request = Request::new(Method::POST, url);
        let response = self.send_upload(access, request, None).await?;
        match response.status {
            StatusCode::CREATED if from.is_some() => Ok(Started::Mounted),
            StatusCode::ACCEPTED => {
                let location = self.location(access, &response)?;
                let min_chunk = response.headers.get("oci-chunk-min-length");
                let min_chunk =
                    min_chunk.and_then(|value| value.to_str().ok()?.trim().parse().ok());
                Ok(Started::Session(Session { location, min_chunk }))
            }
            _ => Err(self.failure(&access.subject, response).await),
        }
    }

    /// Sends a request, also on to where it is redirected. No login goes to another host.
    pub(super) async fn send_upload(
        &self,
        access: &Access,
        mut request: Request,
        part: Option<&Part<'_, T::Payload>>,
    ) -> Result<Response<T::Body>, Error> {
        for _ in 0..=limits::REDIRECTS {
            let response = self.send_with(access, request.clone(), part).await?;
            if !matches!(response.status.as_u16(), 307 | 308) {
                return Ok(response);
            }
            request.url = self.location(access, &response)?;
            request.purpose = Purpose::Upload;
        }
        Err(Error::LocationRefused {
            subject: access.subject.clone(),
            location: shown(request.url.as_str()),
            problem: LocationProblem::Loop,
        })
    }

    fn location(&self, access: &Access, response: &Response<T::Body>) -> Result<Url, Error> {
        location::read(&access.subject, &self.base, &response.url, &response.headers)
    }

    fn held(&self, access: &Access, response: &Response<T::Body>) -> Result<Held, Error> {
        let location = match self.location(access, response) {
            Ok(location) => Some(location),
            Err(Error::LocationRefused { problem: LocationProblem::Missing, .. }) => None,
            Err(error) => return Err(error),
        };
        let range = response.headers.get(RANGE).and_then(|value| value.to_str().ok());
        Ok(Held { location, range: range.and_then(parse_held) })
    }

    async fn upload_failure(
        &self,
        access: &Access,
        size: u64,
        mut response: Response<T::Body>,
    ) -> Error {
        if response.status != StatusCode::PAYLOAD_TOO_LARGE {
            return self.failure(&access.subject, response).await;
        }
        let reply = Self::reply(&mut response.body).await;
        Error::TooLargeToSend { subject: access.subject.clone(), size, reply }
    }

    /// The error for a 400 at the end of an upload.
    async fn rejected(&self, subject: &Subject, mut response: Response<T::Body>) -> Error {
        let (subject, status) = (subject.clone(), response.status);
        let reply = Self::reply(&mut response.body).await;
        let coded = reply.entries.iter().any(|entry| !entry.code.is_empty());
        if coded && !reply.has_code(&["DIGEST_INVALID"]) {
            return Error::Unexpected { subject, status, reply };
        }
        Error::DigestRejected { subject, reply }
    }
}

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Whether an answer says that who asks may not do it.
fn is_refusal(error: &Error) -> bool {
    match error {
        Error::Unauthorized { .. } | Error::Denied { .. } | Error::Token { .. } => true,
        Error::Transport { .. } | Error::RateLimited { .. } => false,
        other => matches!(other.about(), Some(Subject::Token { .. })),
    }
}

/// Whether an answer will be the same the next time.
fn is_final(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status.as_u16(), 408 | 429 | 499)
}

fn named_so(subject: &Subject, headers: &HeaderMap, digest: &Digest) -> Result<(), Error> {
    let Some(said) = headers.get("docker-content-digest") else { return Ok(()) };
    let text = String::from_utf8_lossy(said.as_bytes());
    let said = Digest::parse(text.trim()).ok();
    // A registry may name a blob by another algorithm, which says nothing about this one.
    let other = said.as_ref().is_none_or(|said| said.algorithm_name() == digest.algorithm_name());
    if !other || said.as_ref() == Some(digest) {
        return Ok(());
    }
    let (subject, actual) = (subject.clone(), shown(&text));
    Err(Error::OtherDigest { subject, expected: digest.clone(), actual })
}

/// Reads `0-99`, which some registries write as HTTP does, with a unit.
fn parse_held(text: &str) -> Option<(u64, u64)> {
    let text = text.trim();
    let text = text.strip_prefix("bytes").map_or(text, |rest| rest.trim_start_matches([' ', '=']));
    let text = text.split_once('/').map_or(text, |(range, _)| range);
    let (first, last) = text.split_once('-')?;
    let number = |text: &str| {
        let text = text.trim();
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok())?
    };
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_registries_write_them() {
        for (text, range) in [
            ("0-99", Some((0, 99))),
            (" 0-0 ", Some((0, 0))),
            ("bytes=0-99", Some((0, 99))),
            ("bytes 5-9/10", Some((5, 9))),
            ("9-5", None),
            ("0-", None),
            ("-5", None),
            ("", None),
            ("0-99999999999999999999", None),
            ("+0-1", None),
        ] {
            assert_eq!(parse_held(text), range, "{text}");
        }
    }
}
