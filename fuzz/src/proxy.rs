//! What the proxy is asked for.

use crate::policy::seal::{Key, Kind};
use crate::policy::target::{Origin, Target};

/// A target is what the URL standard reads out of it, and stays inside of it.
pub fn proxy_target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (text, reference) = text.split_once('\n').unwrap_or((text, "../x"));
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    let Ok(target) = Target::from_proxy_path(path, query) else { return };
    check(&target);
    let origin = Origin::parse(&target.origin.url()).expect("what was written is read");
    assert_eq!(origin, target.origin);
    let text = format!("{}/{}{}", origin.scheme.as_str(), origin.authority(), target.path);
    let again = Target::from_proxy_path(&text, target.query.as_deref());
    assert_eq!(again.as_ref().ok(), Some(&target));
    if let Ok(joined) = target.join(reference) {
        check(&joined);
    }
}

/// A seal opens for what it was made for, and for nothing else.
pub fn proxy_seal(data: &[u8]) {
    let (Some(key), Some(other)) = (Key::new(b"secret"), Key::new(b"another")) else { return };
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(key.open(text, 0).is_err(), "nobody else can seal");
    let mut lines = text.lines();
    let mut url = || {
        let line = lines.next()?;
        let (path, query) = match line.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (line, None),
        };
        Target::from_proxy_path(path, query).ok()
    };
    let (Some(sealed), Some(asked)) = (url(), url()) else { return };
    for kind in [Kind::Realm, Kind::Link, Kind::Location] {
        let token = key.seal(kind, &sealed, &asked.origin, 1);
        assert!(other.open(&token, 1).is_err());
        let Ok(seal) = key.open(&token, 1) else { continue };
        assert!(seal.admits(&sealed).is_ok());
        assert_eq!(seal.issuer().as_ref().ok(), Some(&asked.origin));
        if seal.admits(&asked).is_ok() {
            assert_eq!(asked.origin, sealed.origin);
            assert_eq!(asked.path, sealed.path);
        }
    }
}

fn check(target: &Target) {
    let url = target.url();
    let read = url::Url::parse(&url).expect("a URL");
    assert_eq!(read.as_str(), url, "nothing is left to interpretation");
    assert!(target.path.starts_with('/'));
    assert!(!target.path.contains(['?', '#', '\r', '\n', ' ']));
    assert!(!target.path.split('/').any(|part| part == ".." || part == "."));
    assert!(read.username().is_empty() && read.password().is_none());
}
