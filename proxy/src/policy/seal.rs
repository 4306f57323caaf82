//! Seals on URLs that registries choose.
//!
//! Token services, next pages and upload sessions have URLs of any form. The proxy does not keep
//! them, and does not let the page ask for whatever URL it likes; so it hands each one out with
//! a MAC and later follows it because the MAC fits. Replicas that share the key accept each
//! other's seals.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::path::Shape;
use super::target::{Origin, Target};
use super::{Code, Refusal};

/// How long a seal is good for, in seconds: a day covers every upload and every open tab, and a
/// new 401 or page brings new seals.
pub const LIFETIME_SECONDS: u64 = 24 * 60 * 60;

/// The longest token read: a URL of 8 KiB in base64 with what stands around it.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Query keys that may be added to a sealed upload location (distribution-spec, "Pushing blobs").
const ADDED_KEYS: [&str; 2] = ["digest", "digest-algorithm"];

/// What a sealed URL is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A token service: more may be added to the query.
    Realm,
    /// A next page: exactly this URL.
    Link,
    /// An upload session or a redirect handed back: a digest may be added to the query.
    Location,
}

impl Kind {
    /// The word in front of the token in `X-Drydock-Seal`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Realm => "realm",
            Self::Link => "link",
            Self::Location => "location",
        }
    }

    /// The shape that a request for such a URL has.
    pub fn shape(self) -> Shape {
        match self {
            Self::Realm => Shape::Realm,
            Self::Link => Shape::Link,
            Self::Location => Shape::Location,
        }
    }
}

/// What a seal says: this URL was given by that registry, for this purpose, until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// What for.
    #[serde(rename = "k")]
    pub kind: Kind,
    /// `scheme://host[:port]` of the sealed URL.
    #[serde(rename = "o")]
    origin: String,
    #[serde(rename = "p")]
    path: String,
    #[serde(rename = "q", skip_serializing_if = "Option::is_none", default)]
    query: Option<String>,
    /// `scheme://host[:port]` of the registry that gave it.
    #[serde(rename = "i")]
    issuer: String,
    /// Seconds since 1970 from which on it is worth nothing.
    #[serde(rename = "e")]
    expires: u64,
}

/// The MAC key of one server, or of all replicas of it.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl Key {
    /// A key from secret bytes; 32 random ones are best.
    pub fn new(secret: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    /// Seals `url`, which `issuer` gave. `now` is in seconds since 1970.
    pub fn seal(&self, kind: Kind, url: &Target, issuer: &Origin, now: u64) -> String {
        let seal = Seal {
            kind,
            origin: url.origin.url(),
            path: url.path.clone(),
            query: url.query.clone(),
            issuer: issuer.url(),
            expires: now.saturating_add(LIFETIME_SECONDS),
        };
        let payload = URL_SAFE_NO_PAD.encode(serde_json::json!(seal).to_string());
        let mac = self.0.clone().chain_update(payload.as_bytes()).finalize().into_bytes();
        format!("{payload}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// Reads a token, if this key made it and it has not expired.
    pub fn open(&self, token: &str, now: u64) -> Result<Seal, Refusal> {
        let refuse = |why: &str| {
            Refusal::new(Code::PathNotAllowed, "", format!("The seal on this URL {why}."))
                .advise("Ask the registry again.")
        };
        if token.len() > MAX_TOKEN_BYTES {
            return Err(refuse("is too long"));
        }
        let (payload, mac) = token.split_once('.').ok_or_else(|| refuse("is malformed"))?;
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| refuse("is malformed"))?;
        self.0
            .clone()
            .chain_update(payload.as_bytes())
            .verify_slice(&mac)
            .map_err(|_| refuse("was not made by this server"))?;
        let json = URL_SAFE_NO_PAD.decode(payload).map_err(|_| refuse("is malformed"))?;
        let seal: Seal = serde_json::from_slice(&json).map_err(|_| refuse("is malformed"))?;
        if now >= seal.expires {
            return Err(refuse("has expired"));
        }
        Ok(seal)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Seal {
    /// The registry that gave the URL.
    pub fn issuer(&self) -> Result<Origin, Refusal> {
        Origin::parse(&self.issuer)
    }

    /// Whether `target` is the sealed URL, with no more added than its kind allows.
    pub fn admits(&self, target: &Target) -> Result<(), Refusal> {
        let same = self.origin == target.origin.url() && self.path == target.path;
        let query = match self.kind {
            Kind::Realm => self.added(target.query.as_deref().unwrap_or_default()).is_some(),
            Kind::Link => self.query == target.query,
            Kind::Location => self.only_digest_added(target.query.as_deref().unwrap_or_default()),
        };
        if same && query {
            return Ok(());
        }
        let host = target.origin.authority();
        let message = format!("The seal sent with this request to {host} belongs to another URL.");
        Err(Refusal::new(Code::PathNotAllowed, host, message))
    }

    fn only_digest_added(&self, query: &str) -> bool {
        let Some(added) = self.added(query) else { return false };
        added.is_empty()
            || added
                .split('&')
                .all(|pair| pair.split_once('=').is_some_and(|(key, _)| ADDED_KEYS.contains(&key)))
    }

    /// What stands behind the sealed query.
    fn added<'a>(&self, query: &'a str) -> Option<&'a str> {
        let sealed = self.query.as_deref().unwrap_or_default();
        let added = query.strip_prefix(sealed)?;
        if sealed.is_empty() || added.is_empty() { Some(added) } else { added.strip_prefix('&') }
    }
}
