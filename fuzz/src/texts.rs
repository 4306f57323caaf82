//! Texts that people and registries write.

use drydock::reference::{Reference, from_pasted};
use drydock::registry::Subject;
use drydock::registry::auth::challenge::challenges;
use drydock::registry::page;
use http::{HeaderMap, HeaderValue, header};
use url::Url;

/// What is read as a reference is written as one, and read as the same again.
pub fn reference(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for read in [Reference::parse(text).ok(), from_pasted(text).ok()].into_iter().flatten() {
        let written = read.to_string();
        let again = Reference::parse(&written);
        assert_eq!(again.as_ref(), Ok(&read), "{written}");
        let normal = read.normalised();
        assert_eq!(normal.clone().normalised(), normal);
        assert_eq!(Reference::parse(&normal.to_string()), Ok(normal));
    }
}

/// `WWW-Authenticate`, one field per line.
pub fn challenge(data: &[u8]) {
    let found = challenges(&fields(data, &header::WWW_AUTHENTICATE));
    for challenge in found {
        for text in [challenge.realm, challenge.service, challenge.scope].into_iter().flatten() {
            assert!(text.len() <= data.len() * 3, "no text is longer than what came");
        }
    }
}

/// `Link`, one field per line. The next page is always another one of the same origin.
pub fn link(data: &[u8]) {
    let Ok(url) = Url::parse("https://registry.example:8443/v2/a/tags/list?n=2") else { return };
    let subject = Subject::Api { registry: url.authority().to_owned() };
    let headers = fields(data, &header::LINK);
    if let Ok(Some(next)) = page::next(&subject, &headers, &url, 1) {
        assert_eq!(next.url().origin(), url.origin());
        assert_ne!(*next.url(), url);
        assert_eq!((next.url().username(), next.url().password()), ("", None));
        assert_eq!(next.number(), 2);
    }
}

fn fields(data: &[u8], name: &header::HeaderName) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(64) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name.clone(), value);
        }
    }
    headers
}
