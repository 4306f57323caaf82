//! Registry, repository and tag, each by its grammar.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::DigestError;
use crate::limits;

/// A registry's `host` or `host:port`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Registry(Box<str>);

/// A repository inside a registry: `library/alpine`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository(Box<str>);

/// A tag: `3.20`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(Box<str>);

/// Why a text names no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing was given.
    #[error("No image is named: type one such as alpine:3.20 or ghcr.io/owner/app@sha256:…")]
    Empty,
    /// Far longer than any name can be.
    #[error("This is {0} bytes long; a reference has at most {max}", max = limits::REFERENCE_BYTES)]
    TooLong(usize),
    /// The part before the first slash is no host.
    #[error(
        "\"{0}\" is no registry: expected a host name, if need be with a port, such as ghcr.io or localhost:5000"
    )]
    Registry(String),
    /// The repository breaks the grammar.
    #[error("\"{0}\" is no repository: expected lower-case letters, digits and single . _ - between them, parts separated by /{hint}", hint = hint(.0))]
    Repository(String),
    /// Registry and repository together are too long.
    #[error("The name is {0} bytes long; registry and repository together have at most {max}", max = limits::NAME_BYTES)]
    NameTooLong(usize),
    /// The tag breaks the grammar.
    #[error(
        "\"{0}\" is no tag: expected up to 128 letters, digits, _ . - not starting with . or -"
    )]
    Tag(String),
    /// A registry and no image in it, where an image is needed.
    #[error("{0} is a registry: name an image in it, such as {0}/owner/app")]
    RegistryAlone(Registry),
    /// A digest and no name, where an image is needed.
    #[error(
        "A digest alone does not say where it is: write the image's name before it, as in ghcr.io/owner/app@{0}"
    )]
    DigestAlone(String),
    /// The start of a digest and no name, where an image is needed.
    #[error(
        "\"{0}\" is the start of a digest and does not say where that is: write the image's name and the whole digest, as in ghcr.io/owner/app@sha256:…"
    )]
    ShortDigestAlone(String),
    /// A command that is about no image.
    #[error("No image is named by \"{0}\": type the name of one, such as alpine:3.20")]
    Command(String),
    /// A package URL that does not say where an image is.
    #[error(
        "\"{0}\" does not say where an image is: expected pkg:docker/… or pkg:oci/… with its repository_url"
    )]
    Package(String),
    /// Nothing stands behind the colon of a tag.
    #[error(
        "A tag is missing behind the colon of \"{0}:\": write one, as in {0}:latest, or leave the colon out"
    )]
    NoTag(String),
    /// Nothing stands behind the `@` of a digest.
    #[error(
        "A digest is missing behind the @ of \"{0}@\": write it, sha256: and 64 hex digits, or leave the @ out"
    )]
    NoDigest(String),
    /// A tag or a digest, and no name before it.
    #[error("\"{0}\" has no name: write the image's name before it, as in alpine:3.20")]
    NoName(String),
    /// A page of the web that shows no image, or does not say which.
    #[error(
        "This address at {0} does not say which image it shows: copy the image's name or its pull command from the page"
    )]
    Page(String),
    /// A variable whose value is not known here.
    #[error("\"{0}\" has a variable in it: write its value in its place")]
    Variable(String),
    /// Files of a computer.
    #[error(
        "\"{0}\" names files on a computer: drop the archive or the folder on this page to open it"
    )]
    Files(String),
    /// The name that Dockerfiles have for nothing at all.
    #[error("\"scratch\" is the empty base of Dockerfiles and no image: there is nothing to open")]
    Scratch,
    /// The digest is none.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl Registry {
    /// Docker Hub, where names without a registry live.
    pub const DOCKER_HUB: &str = "docker.io";

    /// Parses `host`, `host:port`, an IPv4 address or `[IPv6]`.
    ///
    /// # Errors
    /// When the text is no host name or address, or the port is none.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let error = || ReferenceError::Registry(shown(text));
        let lower = text.to_ascii_lowercase();
        let (host, port) = split_port(&lower).ok_or_else(error)?;
        if let Some(port) = port {
            let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            if !digits || !port.parse::<u16>().is_ok_and(|port| port != 0) {
                return Err(error());
            }
        }
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let v6 = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
        if !v6 && !host.split('.').all(label) {
            return Err(error());
        }
        if matches!(&*lower, "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com")
        {
            return Ok(Self(Self::DOCKER_HUB.into()));
        }
        Ok(Self(lower.into()))
    }

    /// The registry that a word without a slash names: `localhost:5000`, `ghcr.io`, `10.0.0.1`,
    /// `registry:5000/`. By Docker's grammar such a word is an image of Docker Hub, but no image
    /// there is called like a host.
    #[must_use]
    pub fn alone(text: &str) -> Option<Self> {
        let name = text.strip_suffix('/').unwrap_or(text);
        let registry = Self::parse(name).ok()?;
        let (host, port) = split_port(name)?;
        let is_domain = |host: &str| {
            host.rsplit_once('.').is_some_and(|(_, last)| {
                port.is_some() || last.len() > 1 && last.bytes().all(|b| b.is_ascii_alphabetic())
            })
        };
        let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
        (is_address || is_domain(host) || registry.is_loopback()).then_some(registry)
    }

    /// Docker Hub.
    #[must_use]
    pub fn docker_hub() -> Self {
        Self(Self::DOCKER_HUB.into())
    }

    /// The name as it is shown and stands in references.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host (and port) that answers the API; Docker Hub's differs from its name.
    #[must_use]
    pub fn api_host(&self) -> &str {
        if self.is_docker_hub() { "registry-1.docker.io" } else { &self.0 }
    }

    /// Whether this is Docker Hub.
    #[must_use]
    pub fn is_docker_hub(&self) -> bool {
        &*self.0 == Self::DOCKER_HUB
    }

    /// Whether the host is this machine by name or address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = split_port(&self.0).map_or(&*self.0, |(host, _)| host);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host.ends_with(".localhost")
            || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl Repository {
    /// Parses a repository name.
    ///
    /// # Errors
    /// When the text breaks the grammar or is longer than any name may be.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if text.len() > limits::NAME_BYTES {
            return Err(ReferenceError::NameTooLong(text.len()));
        }
        if text.is_empty() || !text.split('/').all(is_path_component) {
            return Err(ReferenceError::Repository(shown(text)));
        }
        Ok(Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(text: &str) -> bool {
    let alnum = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(alnum) || !bytes.last().is_some_and(alnum) {
        return false;
    }
    bytes
        .split(alnum)
        .filter(|run| !run.is_empty())
        .all(|run| matches!(run, b"." | b"_" | b"__") || run.iter().all(|b| *b == b'-'))
}

impl Tag {
    /// Parses a tag.
    ///
    /// # Errors
    /// When the text breaks the grammar.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let good = text.len() <= limits::TAG_BYTES
            && text.bytes().next().is_some_and(word)
            && text.bytes().all(|b| word(b) || b == b'.' || b == b'-');
        if good { Ok(Self(text.into())) } else { Err(ReferenceError::Tag(shown(text))) }
    }

    /// The tag that is meant where none is named.
    pub(super) fn latest() -> Self {
        Self("latest".into())
    }

    /// The tag's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if text.starts_with('[') {
        let end = text.find(']')? + 1;
        let (host, rest) = text.split_at_checked(end)?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None if rest.is_empty() => Some((host, None)),
            None => None,
        };
    }
    match text.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((text, None)),
    }
}

/// What may have been meant by a text that is no repository.
fn hint(text: &str) -> String {
    let lower = text.to_lowercase();
    match Repository::parse(&lower) {
        Ok(_) if lower != text => {
            format!("; upper-case letters are not allowed, so \"{lower}\" may be meant")
        }
        _ if text.bytes().any(|b| b.is_ascii_uppercase()) => {
            "; upper-case letters are not allowed".to_owned()
        }
        _ => String::new(),
    }
}

pub(super) fn shown(text: &str) -> String {
    text.chars().take(200).collect()
}

macro_rules! text_type {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = ReferenceError;

            fn from_str(text: &str) -> Result<Self, ReferenceError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = ReferenceError;

            fn try_from(text: String) -> Result<Self, ReferenceError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.into()
            }
        }
    )*};
}

text_type!(Registry, Repository, Tag);
