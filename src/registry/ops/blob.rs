//! `GET /v2/<name>/blobs/<digest>`: blobs, whole or in part.
//!
//! distribution-spec, "Pulling blobs" (end-2).

use http::StatusCode;
use http::header::RANGE;
use url::Url;

use super::super::address::is_private_host;
use super::super::error::{Error, shown};
use super::super::range::{self, ByteRange, Part};
use super::super::transport::{Request, Transport};
use super::super::{Registry, plain};
use super::manifest::{body, differs, instead, media_type};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::reference::Repository;
use crate::source::Fetched;

/// A blob that is arriving, unverified: whoever reads it to its end compares size and digest.
#[derive(Debug)]
pub struct BlobStream<B> {
    /// Which bytes of the blob these are. Whatever was asked for, it may be the whole blob.
    pub part: Part,
    /// The bytes.
    pub body: B,
}

impl<T> Registry<T> {
    /// The request for a blob or a part of it, for those who send it themselves. It carries no
    /// `Authorization`; [`Registry::authorization`] gives one.
    #[must_use]
    pub fn blob_request(
        &self,
        repository: &Repository,
        digest: &Digest,
        range: Option<ByteRange>,
    ) -> Request {
        let mut request = Request::get(self.url(&format!("{repository}/blobs/{digest}")));
        if let Some(range) = range {
            request.headers.insert(RANGE, range.header());
        }
        request
    }
}

impl<T: Transport> Registry<T> {
    /// Fetches a whole blob of at most `limit` bytes, and compares size and digest.
    ///
    /// # Errors
    /// When it can't be read, is too large, or isn't what the descriptor says.
    pub async fn blob(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
        limit: u64,
    ) -> Result<Fetched, Error> {
        let access = self.blob_access(repository, &descriptor.digest);
        if descriptor.size > limit {
            return Err(Error::TooLarge { subject: access.subject, limit });
        }
        let request = self.blob_request(repository, &descriptor.digest, None);
        let response = self.send_ok(&access, request).await?;
        let (bytes, headers) = body::<T>(&access.subject, response, limit).await?;
        let instead = instead(&headers, &bytes).filter(|_| descriptor.size > 0);
        let verified = descriptor.verify(bytes);
        let bytes = verified.map_err(|mismatch| differs(&access.subject, mismatch, instead))?;
        let (digest, media_type) = (descriptor.digest.clone(), media_type(&headers));
        Ok(Fetched { bytes, digest, media_type, headers, findings: Vec::new() })
    }

    /// Starts to fetch a blob or a part of it.
    ///
    /// # Errors
    /// When it can't be fetched, or something else came than was asked for.
    pub async fn blob_stream(
        &self,
        repository: &Repository,
        digest: &Digest,
        range: Option<ByteRange>,
    ) -> Result<BlobStream<T::Body>, Error> {
        let access = self.blob_access(repository, digest);
        let response = self.send(&access, self.blob_request(repository, digest, range)).await?;
        let ranged = matches!(
            response.status,
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE
        );
        if !ranged {
            return Err(self.failure(&access.subject, response).await);
        }
        let part = range::check(range, response.status, &response.headers);
        let part =
            part.map_err(|problem| Error::Range { subject: access.subject.clone(), problem })?;
        plain(&access.subject, &response.headers)?;
        Ok(BlobStream { part, body: response.body })
    }
}

/// The request for a layer at one of its descriptor's `urls`, outside of any registry. It knows no
/// login and carries none.
///
/// # Errors
/// [`Error::ForeignRefused`] for anything but https on a public host. Where the name leads, and to
/// what it redirects, is for the transport to judge.
pub fn foreign_request(url: &str) -> Result<Request, Error> {
    let refused = |problem| Error::ForeignRefused { url: shown(url), problem };
    let parsed = Url::parse(url).map_err(|_| refused("it is no URL"))?;
    if parsed.scheme() != "https" {
        return Err(refused("only https is"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(refused("it carries a login"));
    }
    if is_private_host(&parsed) {
        return Err(refused("it is an address of this machine or a private network"));
    }
    Ok(Request::get(parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p27_urls_of_descriptors() {
        for url in [
            "http://cdn.example/layer",
            "https://10.0.0.1/layer",
            "https://localhost/layer",
            "https://[::1]/layer",
            "https://169.254.169.254/latest/meta-data",
            "https://user:pw@cdn.example/layer",
            "file:///etc/passwd",
            "//cdn.example/layer",
            "",
        ] {
            let refused = foreign_request(url);
            assert!(matches!(refused, Err(Error::ForeignRefused { .. })), "{url}");
        }
        let request = foreign_request("https://cdn.example/layer").expect("public");
        assert!(request.headers.is_empty());
    }
}
