//! `HEAD /v2/<name>/blobs/<digest>`: is a blob there already?
//!
//! distribution-spec, "Checking if content exists" (end-2).

use http::header::{CONTENT_LENGTH, RANGE};
use http::{HeaderMap, Method, StatusCode};

use super::super::error::{Error, Subject};
use super::super::range::{self, ByteRange, Part};
use super::super::transport::{Request, Transport};
use super::super::{Registry, writing};
use crate::descriptor::Descriptor;
use crate::reference::Repository;

impl<T: Transport> Registry<T> {
    /// Whether a repository holds a blob, asked by one who is about to write to it. Where the answer
    /// to HEAD can't be right, the blob's last byte is asked for.
    ///
    /// Of a blob that is there, but with another size than the descriptor says, this is `false`; so
    /// it is where the registry refuses to say, as some do for what they don't have: sending a blob
    /// once more does no harm.
    ///
    /// # Errors
    /// When the registry can't be reached, fails, or wants a login.
    pub async fn has_blob(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
    ) -> Result<bool, Error> {
        let digest = &descriptor.digest;
        let subject = Subject::Blob { name: self.full(repository), digest: digest.clone() };
        let access = writing(repository, subject);
        let url = self.url(&format!("{repository}/blobs/{digest}"));
        let head = self.send(&access, Request::new(Method::HEAD, url.clone())).await?;
        match head.status {
            StatusCode::OK if is_this(&head.headers, descriptor) => return Ok(true),
            StatusCode::NOT_FOUND => return Ok(false),
            StatusCode::OK => {}
            // A registry, or a place that it redirects to, that does not know or allow HEAD.
            status if matches!(status.as_u16(), 400 | 403 | 405 | 406 | 410 | 501) => {}
            _ => return Err(self.failure(&access.subject, head).await),
        }
        let mut request = Request::get(url);
        let last = descriptor.size.checked_sub(1).and_then(|last| ByteRange::new(last, 1));
        if let Some(last) = last {
            request.headers.insert(RANGE, last.header());
        }
        let response = self.send(&access, request).await?;
        match response.status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => {}
            status if matches!(status.as_u16(), 400 | 403 | 404 | 405 | 406 | 410 | 416 | 501) => {
                return Ok(false);
            }
            _ => return Err(self.failure(&access.subject, response).await),
        }
        Ok(match range::check(last, response.status, &response.headers) {
            Ok(Part::Whole) => length(&response.headers).is_none_or(|size| size == descriptor.size),
            Ok(Part::Range { total, .. }) => total.is_none_or(|total| total == descriptor.size),
            Err(_) => false,
        })
    }
}

/// Whether nothing in an answer to HEAD speaks against it. Some registries leave out the length.
fn is_this(headers: &HeaderMap, descriptor: &Descriptor) -> bool {
    let digest = headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
    let same_digest = digest.is_none_or(|digest| digest.trim() == descriptor.digest.as_str());
    same_digest && length(headers).is_none_or(|size| size == descriptor.size)
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}
