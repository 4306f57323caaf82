//! `PUT /v2/<name>/manifests/<reference>`: sending manifests and indexes.
//!
//! distribution-spec, "Pushing Manifests" (end-7) and "Pushing Manifests with Subject".

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::super::error::{Error, Subject, shown};
use super::super::transport::{Request, Transport};
use super::super::{Registry, writing};
use crate::descriptor::verify_digest;
use crate::digest::Digest;
use crate::limits;
use crate::media_type::MediaType;
use crate::reference::{Repository, Target};

/// A registry's answer to a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Digest of the bytes: the one that was asked for, after a tag their SHA-256 digest.
    pub digest: Digest,
    /// `OCI-Subject`: the registry has seen what the manifest refers to and lists it there. Where it
    /// is missing, the client keeps the list under the fallback tag.
    pub subject: Option<Digest>,
}

impl<T: Transport> Registry<T> {
    /// Sends a manifest or index, byte for byte, under a digest or a tag. Sending it twice does no
    /// harm.
    ///
    /// # Errors
    /// When it is larger than any document may be or not what the digest says, in which case nothing
    /// is sent; when the registry does not take it, or took it under another digest
    /// ([`Error::OtherDigest`]).
    pub async fn put_manifest(
        &self,
        repository: &Repository,
        target: &Target,
        media_type: &MediaType,
        bytes: &Bytes,
    ) -> Result<Stored, Error> {
        let subject = Subject::Push { name: self.full(repository), target: target.clone() };
        let access = writing(repository, subject.clone());
        let size = bytes.len() as u64;
        if size > limits::DOCUMENT_BYTES {
            return Err(Error::TooLarge { subject, limit: limits::DOCUMENT_BYTES });
        }
        let digest = match target {
            Target::Tag(_) => Digest::sha256(bytes),
            Target::Digest(digest) => {
                let verified = verify_digest(digest, bytes.clone());
                verified
                    .map_err(|mismatch| Error::Mismatch { subject: subject.clone(), mismatch })?;
                digest.clone()
            }
        };
        let url = self.url(&format!("{repository}/manifests/{target}"));
        let mut request = Request::new(Method::PUT, url);
        let value = HeaderValue::try_from(media_type.as_str());
        let value = value.unwrap_or(HeaderValue::from_static(MediaType::MANIFEST));
        request.headers.insert(CONTENT_TYPE, value);
        request.body = bytes.clone();
        let mut response = self.send_upload(&access, request, None).await?;
        match response.status {
            StatusCode::OK | StatusCode::CREATED | StatusCode::ACCEPTED => {}
            StatusCode::PAYLOAD_TOO_LARGE => {
                let reply = Self::reply(&mut response.body).await;
                return Err(Error::TooLargeToSend { subject, size, reply });
            }
            _ => return Err(self.failure(&subject, response).await),
        }
        same_digest(&subject, &response.headers, &digest, bytes)?;
        let subject = response.headers.get("oci-subject").and_then(|value| value.to_str().ok());
        let subject = subject.and_then(|text| Digest::parse(text.trim()).ok());
        Ok(Stored { digest, subject })
    }
}

/// Case U7: a registry that names the bytes otherwise has other bytes, or will deny these.
pub(super) fn same_digest(
    subject: &Subject,
    headers: &HeaderMap,
    digest: &Digest,
    bytes: &Bytes,
) -> Result<(), Error> {
    let Some(said) = headers.get("docker-content-digest") else { return Ok(()) };
    let text = String::from_utf8_lossy(said.as_bytes());
    let said = Digest::parse(text.trim()).ok();
    let own = match said.as_ref().and_then(Digest::algorithm) {
        Some(algorithm) if digest.algorithm() != Some(algorithm) => Digest::of(algorithm, bytes),
        _ => digest.clone(),
    };
    if said.as_ref() == Some(&own) {
        return Ok(());
    }
    let subject = subject.clone();
    Err(Error::OtherDigest { subject, expected: own, actual: shown(&text) })
}
