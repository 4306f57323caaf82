//! Where an upload goes on, as registries name it.
//!
//! distribution-spec, "Pushing blobs" (`Location`). Registries choose the place freely: on their
//! own host or on another, relative or absolute, with a query that must come back unchanged.

use http::HeaderMap;
use http::header::LOCATION;
use url::Url;

use super::address::is_private_host;
use super::error::{Error, LocationProblem, Subject, shown};
use crate::digest::Digest;

/// Reads the `Location` of an answer that came from `from`, of a registry at `base`.
///
/// # Errors
/// [`Error::LocationRefused`] when there is none, or it may not be asked.
pub(super) fn read(
    subject: &Subject,
    base: &Url,
    from: &Url,
    headers: &HeaderMap,
) -> Result<Url, Error> {
    let text = match headers.get(LOCATION) {
        Some(value) => String::from_utf8_lossy(value.as_bytes()),
        None => return Err(refused(subject, "", LocationProblem::Missing)),
    };
    check(subject, base, from, &text)
}

/// Reads a place as it was named at `from`.
///
/// # Errors
/// [`Error::LocationRefused`] when it is no http(s) URL, plain http behind an https registry, or a
/// private address other than the registry's own.
pub(super) fn check(subject: &Subject, base: &Url, from: &Url, text: &str) -> Result<Url, Error> {
    let refused = |problem| refused(subject, text, problem);
    let mut url = from.join(text).map_err(|_| refused(LocationProblem::NotUrl))?;
    url.set_fragment(None);
    let plain = matches!(url.scheme(), "https" | "http") && url.host_str().is_some();
    if text.is_empty() || !plain || !url.username().is_empty() || url.password().is_some() {
        return Err(refused(LocationProblem::NotUrl));
    }
    if base.scheme() == "https" && url.scheme() != "https" {
        return Err(refused(LocationProblem::Insecure));
    }
    if is_private_host(&url) && url.host() != base.host() {
        return Err(refused(LocationProblem::Private));
    }
    Ok(url)
}

/// The place with the digest that ends the upload. What stands in the query stays as it is.
pub(super) fn with_digest(location: &Url, digest: &Digest) -> Url {
    let mut url = location.clone();
    let query = match location.query().filter(|query| !query.is_empty()) {
        Some(query) => format!("{query}&digest={digest}"),
        None => format!("digest={digest}"),
    };
    url.set_query(Some(&query));
    url
}

fn refused(subject: &Subject, text: &str, problem: LocationProblem) -> Error {
    Error::LocationRefused { subject: subject.clone(), location: shown(text), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPLOADS: &str = "https://reg.example/v2/a/blobs/uploads/";

    fn at(base: &str, text: &str) -> Result<String, LocationProblem> {
        let digest = Digest::sha256(b"");
        let subject = Subject::Upload { name: "reg.example/a".to_owned(), digest, offset: 0 };
        let base = Url::parse(base).expect("url");
        match check(&subject, &base, &base, text) {
            Ok(url) => Ok(url.to_string()),
            Err(Error::LocationRefused { problem, .. }) => Err(problem),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn p25_places_that_are_asked() {
        for (text, url) in [
            ("/v2/a/blobs/uploads/1", "https://reg.example/v2/a/blobs/uploads/1"),
            ("1?_state=a%2Fb", "https://reg.example/v2/a/blobs/uploads/1?_state=a%2Fb"),
            ("https://reg.example:443/x", "https://reg.example/x"),
            ("https://uploads.example/x?sig=a+b&c", "https://uploads.example/x?sig=a+b&c"),
            ("//uploads.example/x#part", "https://uploads.example/x"),
        ] {
            assert_eq!(at(UPLOADS, text), Ok(url.to_owned()), "{text}");
        }
        let local = "http://localhost:5000/v2/a/blobs/uploads/";
        assert_eq!(at(local, "http://localhost/x"), Ok("http://localhost/x".to_owned()));
        assert!(at(local, "https://uploads.example/x").is_ok());
    }

    #[test]
    fn p25_places_that_are_refused() {
        for (text, problem) in [
            ("", LocationProblem::NotUrl),
            ("http://reg.example/x", LocationProblem::Insecure),
            ("https://user:pw@reg.example/x", LocationProblem::NotUrl),
            ("https://user@reg.example/x", LocationProblem::NotUrl),
            ("file:///etc/passwd", LocationProblem::NotUrl),
            ("https://[bad/", LocationProblem::NotUrl),
            ("https://10.0.0.1/x", LocationProblem::Private),
            ("https://169.254.169.254/latest", LocationProblem::Private),
            ("https://localhost/x", LocationProblem::Private),
            ("https://[::1]:5000/x", LocationProblem::Private),
        ] {
            assert_eq!(at(UPLOADS, text), Err(problem), "{text}");
        }
        let local = "http://localhost:5000/v2/a/blobs/uploads/";
        assert_eq!(at(local, "http://192.168.0.1/x"), Err(LocationProblem::Private));
    }

    #[test]
    fn the_digest_comes_behind_what_the_query_has() {
        let digest = Digest::sha256(b"a");
        for (location, query) in [
            ("https://a.io/x", format!("digest={digest}")),
            ("https://a.io/x?", format!("digest={digest}")),
            ("https://a.io/x?_state=a%2Fb%3D", format!("_state=a%2Fb%3D&digest={digest}")),
        ] {
            let url = with_digest(&Url::parse(location).expect("url"), &digest);
            assert_eq!(url.query(), Some(query.as_str()));
        }
    }
}
