//! The paths of the distribution-spec 1.1, and which methods and query keys each one has.

use http::Method;

use super::{Code, Refusal};

/// The longest host and repository name together (distribution-spec, "Pulling manifests").
pub const MAX_NAME_BYTES: usize = 255;

/// What a request is for. The first ones are the distribution-spec's paths; the last three are
/// URLs that a registry chose and the proxy sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `/v2/` (end-1).
    Ping,
    /// `/v2/_catalog` (not in the spec, served by registries as Docker's did).
    Catalog,
    /// `/v2/<name>/tags/list` (end-8).
    Tags,
    /// `/v2/<name>/manifests/<reference>` (end-3, end-7, end-9).
    Manifest,
    /// `/v2/<name>/blobs/<digest>` (end-2, end-10).
    Blob,
    /// `/v2/<name>/referrers/<digest>` (end-12).
    Referrers,
    /// `/v2/<name>/blobs/uploads/` (end-4, end-11).
    Upload,
    /// `/v2/<name>/blobs/uploads/<reference>` (end-5, end-6, end-13, end-14).
    Session,
    /// A token service.
    Realm,
    /// A next page.
    Link,
    /// An upload session at a place of another form, or a redirect that the page goes on with.
    Location,
}

impl Shape {
    /// Reads a path. `host` counts to the length of the name.
    pub fn of(host: &str, path: &str, query: Option<&str>) -> Result<Self, Refusal> {
        let refuse = |what: &str| {
            Refusal::new(
                Code::PathNotAllowed,
                host,
                format!("The proxy forwards registry requests only, and this one has {what}."),
            )
        };
        let rest = path.strip_prefix("/v2/").ok_or_else(|| refuse("no /v2/ path"))?;
        let shape = Self::below_v2(host, rest).ok_or_else(|| refuse("another path"))?;
        for pair in query.into_iter().flat_map(|query| query.split('&')) {
            let key = pair.split_once('=').map_or(pair, |(key, _)| key);
            if shape != Self::Session && !shape.query_keys().contains(&key) {
                return Err(refuse(&format!("the query key “{key}”")));
            }
        }
        Ok(shape)
    }

    fn below_v2(host: &str, rest: &str) -> Option<Self> {
        match rest {
            "" => return Some(Self::Ping),
            "_catalog" => return Some(Self::Catalog),
            _ => {}
        }
        let (name, shape) = if let Some(name) = rest.strip_suffix("/tags/list") {
            (name, Self::Tags)
        } else if let Some(name) = rest.strip_suffix("/blobs/uploads/") {
            (name, Self::Upload)
        } else {
            let (rest, last) = rest.rsplit_once('/')?;
            let (name, kind) = rest.rsplit_once('/')?;
            match kind {
                "manifests" if is_tag(last) || is_digest(last) => (name, Self::Manifest),
                "blobs" if is_digest(last) => (name, Self::Blob),
                "referrers" if is_digest(last) => (name, Self::Referrers),
                "uploads" if is_session(last) => (name.strip_suffix("/blobs")?, Self::Session),
                _ => return None,
            }
        };
        let short = host.len() + 1 + name.len() <= MAX_NAME_BYTES;
        (short && is_name(name)).then_some(shape)
    }

    /// The keys that a query may have. What a session's query holds is the registry's own.
    fn query_keys(self) -> &'static [&'static str] {
        match self {
            Self::Catalog | Self::Tags => &["n", "last", "ns"],
            Self::Referrers => &["artifactType", "n", "last", "ns"],
            Self::Upload => &["mount", "from", "digest", "digest-algorithm"],
            Self::Manifest => &["tag", "ns"],
            _ => &["ns"],
        }
    }

    /// Whether the distribution-spec has this method on this path.
    pub fn has_method(self, method: &Method) -> bool {
        let write: &[Method] = match self {
            Self::Manifest => &[Method::PUT, Method::DELETE],
            Self::Blob => &[Method::DELETE],
            Self::Upload => return method == Method::POST,
            Self::Session => &[Method::PATCH, Method::PUT, Method::DELETE],
            Self::Realm => &[Method::POST],
            Self::Location => &[Method::POST, Method::PATCH, Method::PUT, Method::DELETE],
            _ => &[],
        };
        method == Method::GET || method == Method::HEAD || write.contains(method)
    }

    /// The path with its variable parts left out, for logs.
    pub fn pattern(self) -> &'static str {
        match self {
            Self::Ping => "/v2/",
            Self::Catalog => "/v2/_catalog",
            Self::Tags => "/v2/<name>/tags/list",
            Self::Manifest => "/v2/<name>/manifests/<reference>",
            Self::Blob => "/v2/<name>/blobs/<digest>",
            Self::Referrers => "/v2/<name>/referrers/<digest>",
            Self::Upload => "/v2/<name>/blobs/uploads/",
            Self::Session => "/v2/<name>/blobs/uploads/<reference>",
            Self::Realm => "<realm>",
            Self::Link => "<link>",
            Self::Location => "<location>",
        }
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`
fn is_name(text: &str) -> bool {
    text.split('/').all(is_name_component)
}

fn is_name_component(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = text.bytes().next().is_some_and(alphanumeric)
        && text.bytes().last().is_some_and(alphanumeric);
    let separators_fit = text
        .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|run| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|byte| byte == b'-'));
    ends && separators_fit
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

/// What registries name an upload by: one segment, opaque.
fn is_session(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'=' | b':' | b'+')
        })
}

/// `algorithm ":" encoded` of image-spec, descriptor.md, section "Digests".
fn is_digest(text: &str) -> bool {
    let Some((algorithm, encoded)) = text.split_once(':') else { return false };
    let component = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    algorithm.split(['+', '.', '_', '-']).all(component)
        && !encoded.is_empty()
        && encoded.len() <= 256
        && encoded.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'=' | b'_' | b'-'))
}
