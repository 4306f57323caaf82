//! The one place where a URL that somebody else wrote becomes something to connect to.
//!
//! The value that was checked is the value that is dialled: nothing parses a URL again later.

use std::fmt;
use std::net::IpAddr;

use url::Url;

use super::{Code, Refusal};

/// The longest host name (RFC 1035 section 2.3.4).
const MAX_HOST_BYTES: usize = 253;

/// HTTP without or with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL without one means.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// The scheme of that name, in lower case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }
}

/// A host as a URL names it: lower case, without a trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// A name for the resolver.
    Name(String),
    /// An address written out.
    Address(IpAddr),
}

impl Host {
    /// `localhost`, a name below it, or a loopback address.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Self::Address(address) => address.to_canonical().is_loopback(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Scheme, host and port: what a credential belongs to and what a connection is kept for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// With or without TLS.
    pub scheme: Scheme,
    /// Whom to connect to, and the name in SNI and Host.
    pub host: Host,
    /// Always written out, also where it is the scheme's own.
    pub port: u16,
}

impl Origin {
    /// `host[:port]`, without the scheme's own port: the Host header, and what messages name.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// `scheme://host[:port]`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority())
    }

    /// Reads what [`Self::url`] writes.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let (scheme, authority) = text.split_once("://").ok_or_else(|| {
            Refusal::bad_request(format!("“{text}” is not scheme://host[:port]."))
        })?;
        Target::from_parts(scheme, authority, "/", None).map(|target| target.origin)
    }
}

/// A URL that may be asked for: origin, path and query, each byte as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whom to ask.
    pub origin: Origin,
    /// From the first slash; never empty.
    pub path: String,
    /// What follows the question mark, if there is one.
    pub query: Option<String>,
}

impl Target {
    /// Reads the part of a proxied request behind `/-/proxy/`: `<scheme>/<host[:port]>/<path>`.
    pub fn from_proxy_path(rest: &str, query: Option<&str>) -> Result<Self, Refusal> {
        let expected = || {
            Refusal::bad_request(
                "The proxy expects /-/proxy/https/HOST/PATH, and this request has another form.",
            )
        };
        let (scheme, rest) = rest.split_once('/').ok_or_else(expected)?;
        let slash = rest.find('/').ok_or_else(expected)?;
        let (authority, path) = rest.split_at(slash);
        Self::from_parts(scheme, authority, path, query)
    }

    /// Accepts only what needs no interpretation: the parts as given must be what the URL
    /// standard would write for them, so that what was checked is byte for byte what is sent.
    pub fn from_parts(
        scheme: &str,
        authority: &str,
        path: &str,
        query: Option<&str>,
    ) -> Result<Self, Refusal> {
        let scheme = Scheme::from_name(scheme).ok_or_else(|| {
            Refusal::new(
                Code::SchemeNotAllowed,
                authority,
                format!("Registries are reached over https, not over “{scheme}”."),
            )
        })?;
        let strange = |what: &str| {
            Refusal::new(
                Code::BadRequest,
                authority,
                format!("“{authority}” is not a registry host ({what}): write HOST or HOST:PORT."),
            )
        };
        if !authority.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
        }) {
            return Err(strange("a character that host names do not have"));
        }
        let mut text = format!("{}://{authority}{path}", scheme.as_str());
        if let Some(query) = query {
            text.push('?');
            text.push_str(query);
        }
        let url = Url::parse(&text).map_err(|error| strange(&error.to_string()))?;
        let target = Self::from_url(&url)?;
        let written = target.origin.host.to_string();
        let lower = authority.to_ascii_lowercase();
        let port_follows = lower.strip_prefix(&written).map(|rest| {
            rest.is_empty()
                || rest
                    .strip_prefix(':')
                    .is_some_and(|port| *port == *target.origin.port.to_string())
        });
        if port_follows != Some(true) {
            return Err(strange(&format!("it would be read as {written}")));
        }
        if target.path != path || target.query.as_deref() != query {
            return Err(Refusal::new(
                Code::BadRequest,
                target.origin.authority(),
                "The path holds characters or segments that a URL does not have as such.",
            ));
        }
        Ok(target)
    }

    /// Follows a URL reference that this target's answer gave (RFC 3986 section 5): a Location, a
    /// Link or a realm, relative or absolute.
    pub fn join(&self, reference: &str) -> Result<Self, Refusal> {
        let unusable = |why: String| Refusal::new(Code::Redirect, self.origin.authority(), why);
        let base = Url::parse(&self.url())
            .map_err(|error| unusable(format!("The registry's own URL is unusable: {error}.")))?;
        let url = base.join(reference).map_err(|error| {
            unusable(format!(
                "{} gave a URL that cannot be read: {error}.",
                self.origin.authority()
            ))
        })?;
        Self::from_url(&url)
    }

    fn from_url(url: &Url) -> Result<Self, Refusal> {
        let named = url.host_str().unwrap_or_default();
        let bad = |message: &str| Refusal::new(Code::BadRequest, named, message);
        let scheme = Scheme::from_name(url.scheme()).ok_or_else(|| {
            Refusal::new(
                Code::SchemeNotAllowed,
                named,
                format!("{}: is not a scheme that registries are reached over.", url.scheme()),
            )
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("A URL with a user name or password in it is not accepted."));
        }
        let host = match url.host() {
            Some(url::Host::Domain(name)) => Host::Name(name.to_ascii_lowercase()),
            Some(url::Host::Ipv4(address)) => Host::Address(IpAddr::V4(address)),
            Some(url::Host::Ipv6(address)) => Host::Address(IpAddr::V6(address)),
            None => return Err(bad("A URL without a host is not accepted.")),
        };
        if let Host::Name(name) = &host {
            let well_formed = name.len() <= MAX_HOST_BYTES
                && name.split('.').all(|label| {
                    !label.is_empty()
                        && label.len() <= 63
                        && label
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                });
            if !well_formed {
                return Err(bad(
                    "The host is not a DNS name: an empty label, a trailing dot, a strange character, or too long.",
                ));
            }
        }
        let port = url.port().unwrap_or_else(|| scheme.default_port());
        if port == 0 {
            return Err(bad("Port 0 does not exist."));
        }
        Ok(Self {
            origin: Origin { scheme, host, port },
            path: url.path().to_owned(),
            query: url.query().map(str::to_owned),
        })
    }

    /// Path and query, as in a request line.
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The absolute URL. It may hold secrets (signed queries): for headers, never for logs.
    pub fn url(&self) -> String {
        format!("{}{}", self.origin.url(), self.path_and_query())
    }
}
