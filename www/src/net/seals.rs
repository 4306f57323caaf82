//! Which URLs that registries chose will the proxy follow, and with which token?
//!
//! Token services, next pages and upload sessions have URLs of any form. The proxy gives a token
//! (`X-Drydock-Seal`) beside each one, and asks for it with the request. The token's payload names
//! the URL that it is for, so the order in which they came does not matter here. A token is used for
//! the registry whose answer it came with and for what it was given for, and for nothing else: what
//! one registry says of another's URLs is no concern of that one.

use std::collections::{BTreeMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drydock::registry::Purpose;
use serde::Deserialize;
use url::Url;

/// Most seals that are remembered; the oldest go first.
const SEALS: usize = 512;

/// The seals of one registry.
#[derive(Debug, Default)]
pub struct Seals {
    by_url: BTreeMap<String, Vec<Seal>>,
    order: VecDeque<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seal {
    kind: Kind,
    query: Option<String>,
    token: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Realm,
    Link,
    Location,
}

/// What the page reads of a token: the proxy alone can check the rest.
#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "k")]
    kind: Kind,
    #[serde(rename = "o")]
    origin: String,
    #[serde(rename = "p")]
    path: String,
    #[serde(rename = "q", default)]
    query: Option<String>,
}

impl Kind {
    fn of(purpose: Purpose) -> Option<Self> {
        match purpose {
            Purpose::Endpoint => None,
            Purpose::Token => Some(Self::Realm),
            Purpose::NextPage => Some(Self::Link),
            Purpose::Upload => Some(Self::Location),
        }
    }
}

impl Seals {
    /// Remembers the seals of one response header `X-Drydock-Seal`.
    pub fn remember(&mut self, header: &str) {
        for token in header.split(',').filter_map(|seal| seal.split_whitespace().nth(1)) {
            let Some(payload) = payload(token) else { continue };
            let key = format!("{}{}", payload.origin, payload.path);
            let seal = Seal { kind: payload.kind, query: payload.query, token: token.to_owned() };
            let seals = self.by_url.entry(key.clone()).or_default();
            seals.retain(|old| old.kind != seal.kind || old.query != seal.query);
            seals.push(seal);
            self.order.push_back(key);
        }
        while self.order.len() > SEALS {
            self.forget_oldest();
        }
    }

    /// The token to send with a request for `url`, if the proxy gave one for that purpose.
    #[must_use]
    pub fn token(&self, purpose: Purpose, url: &Url) -> Option<&str> {
        let kind = Kind::of(purpose)?;
        let key = format!("{}{}", url.origin().ascii_serialization(), url.path());
        let seals = self.by_url.get(&key)?.iter().filter(|seal| seal.kind == kind);
        let fits = |seal: &&Seal| match kind {
            Kind::Link => seal.query.as_deref() == url.query(),
            Kind::Realm | Kind::Location => {
                let sealed = seal.query.as_deref().unwrap_or_default();
                url.query().unwrap_or_default().starts_with(sealed)
            }
        };
        let longest = |seal: &&Seal| seal.query.as_ref().map(String::len);
        seals.filter(fits).max_by_key(longest).map(|seal| seal.token.as_str())
    }

    fn forget_oldest(&mut self) {
        let Some(key) = self.order.pop_front() else { return };
        if let Some(seals) = self.by_url.get_mut(&key) {
            if !seals.is_empty() {
                seals.remove(0);
            }
            if seals.is_empty() {
                self.by_url.remove(&key);
            }
        }
    }
}

fn payload(token: &str) -> Option<Payload> {
    let (payload, _mac) = token.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(kind: &str, path: &str, query: Option<&str>) -> String {
        let mut payload = serde_json::json!({
            "k": kind, "o": "https://auth.example", "p": path, "i": "https://r.example", "e": 1,
        });
        if let Some(query) = query {
            payload["q"] = query.into();
        }
        format!("{}.bWFj", URL_SAFE_NO_PAD.encode(payload.to_string()))
    }

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn each_kind_allows_what_the_proxy_allows() {
        let realm = token("realm", "/token", None);
        let [first, second] = ["of=1", "of=2"].map(|query| token("realm", "/realm", Some(query)));
        let link = token("link", "/v2/a/tags/list", Some("n=2&last=b"));
        let location = token("location", "/v2/a/blobs/uploads/1", Some("_state=x"));
        let mut seals = Seals::default();
        seals.remember(&format!("realm {first}, realm {second}"));
        seals.remember(&format!("realm {realm}, link {link}, location {location}"));
        let base = "https://auth.example";
        use Purpose::{Endpoint, NextPage, Token, Upload};
        for (path, purpose, expected) in [
            ("/token", Token, Some(&realm)),
            ("/token?service=r&scope=repository:a:pull", Token, Some(&realm)),
            ("/token2", Token, None),
            ("/realm?of=1&service=r", Token, Some(&first)),
            ("/realm?of=2&service=r", Token, Some(&second)),
            ("/realm?service=r", Token, None),
            ("/v2/a/tags/list?n=2&last=b", NextPage, Some(&link)),
            ("/v2/a/tags/list?n=2&last=c", NextPage, None),
            ("/v2/a/blobs/uploads/1?_state=x", Upload, Some(&location)),
            ("/v2/a/blobs/uploads/1?_state=x&digest=sha256:1", Upload, Some(&location)),
            ("/v2/a/blobs/uploads/1?_state=y", Upload, None),
        ] {
            let url = url(&format!("{base}{path}"));
            let found = seals.token(purpose, &url);
            assert_eq!(found, expected.map(String::as_str), "{path}");
            for other in [Endpoint, Token, NextPage, Upload] {
                let found = seals.token(other, &url);
                assert!(other == purpose || found.is_none(), "{path} for {other:?}");
            }
        }
    }

    #[test]
    fn a3_what_was_sealed_for_one_thing_serves_no_other() {
        let path = "/v2/a/manifests/latest";
        let mut seals = Seals::default();
        for kind in ["realm", "link", "location"] {
            seals.remember(&format!("{kind} {}", token(kind, path, None)));
        }
        let url = url(&format!("https://auth.example{path}"));
        assert_eq!(seals.token(Purpose::Endpoint, &url), None);
        for (purpose, kind) in
            [(Purpose::Token, "realm"), (Purpose::NextPage, "link"), (Purpose::Upload, "location")]
        {
            assert_eq!(seals.token(purpose, &url), Some(&*token(kind, path, None)));
        }
    }

    #[test]
    fn a_newer_seal_replaces_an_older_one_and_the_oldest_are_forgotten() {
        let mut seals = Seals::default();
        let first = token("realm", "/0", None);
        seals.remember(&format!("realm {first}"));
        seals.remember(&format!("realm {first}x"));
        assert_eq!(seals.by_url.values().map(Vec::len).sum::<usize>(), 1);
        for n in 1..=SEALS {
            seals.remember(&format!("realm {}", token("realm", &format!("/{n}"), None)));
        }
        assert!(seals.token(Purpose::Token, &url("https://auth.example/0")).is_none());
        assert!(seals.token(Purpose::Token, &url("https://auth.example/9")).is_some());
    }

    #[test]
    fn what_is_no_token_is_left_out() {
        let mut seals = Seals::default();
        seals.remember("realm -, link ???.x, location");
        assert!(seals.by_url.is_empty());
    }
}
