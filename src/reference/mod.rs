//! Names of images: registry, repository, tag and digest, as people and specifications write them.
//!
//! distribution-spec, "Pulling manifests" (grammar of `<name>` and `<reference>`), with Docker's
//! short names: `alpine` is `docker.io/library/alpine:latest`.

mod parts;
mod pasted;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::limits;

use parts::shown;
pub use parts::{ReferenceError, Registry, Repository, Tag};
pub use pasted::{Pasted, ShortDigest, from_pasted};

/// A whole name: where, which repository, and which tag or digest in it.
///
/// With both, the digest decides and the tag is only shown.
///
/// ```
/// use drydock::reference::{Reference, Target};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let short = Reference::parse("alpine")?;
/// assert_eq!(short.name(), "docker.io/library/alpine");
/// assert_eq!(short.target().to_string(), "latest");
///
/// let pinned: Reference = format!("ghcr.io/owner/app:1.2@sha256:{}", "0".repeat(64)).parse()?;
/// assert!(matches!(pinned.target(), Target::Digest(_)));
/// assert_eq!(pinned.tag.map(|tag| tag.to_string()).as_deref(), Some("1.2"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The registry.
    pub registry: Registry,
    /// The repository.
    pub repository: Repository,
    /// The tag, when one is named.
    pub tag: Option<Tag>,
    /// The digest, when one is named.
    pub digest: Option<Digest>,
}

/// What a registry is asked for in a repository: a digest or, failing that, a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Target {
    /// By content.
    Digest(Digest),
    /// By name, as the registry says today.
    Tag(Tag),
}

impl Reference {
    /// Parses a reference as people write it: `alpine`, `alpine:3.20`, `owner/app`,
    /// `ghcr.io/owner/app:1@sha256:…`, `localhost:5000/app`.
    ///
    /// Without tag and digest both stay empty; [`Self::target`] then is the tag `latest`.
    ///
    /// # Errors
    /// Says which part is wrong and what it must look like.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.len() > limits::REFERENCE_BYTES {
            return Err(ReferenceError::TooLong(text.len()));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, "")) => return Err(ReferenceError::NoDigest(shown(rest))),
            Some((rest, digest)) => (rest, Some(Digest::parse(digest)?)),
            None => (text, None),
        };
        let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest.get(name_start..).and_then(|last| last.find(':')) {
            Some(colon) => {
                let colon = name_start + colon;
                let tag = rest.get(colon + 1..).unwrap_or_default();
                let name = rest.get(..colon).unwrap_or_default();
                if tag.is_empty() {
                    return Err(ReferenceError::NoTag(shown(name)));
                }
                (name, Some(Tag::parse(tag)?))
            }
            None => (rest, None),
        };
        if name.is_empty() {
            return Err(ReferenceError::NoName(shown(text)));
        }
        let (registry, repository) = split_registry(name)?;
        let length = registry.as_str().len() + 1 + repository.as_str().len();
        if length > limits::NAME_BYTES {
            return Err(ReferenceError::NameTooLong(length));
        }
        Ok(Self { registry, repository, tag, digest })
    }

    /// What the registry is asked for: the digest, else the tag, else `latest`.
    #[must_use]
    pub fn target(&self) -> Target {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => Target::Digest(digest.clone()),
            (None, Some(tag)) => Target::Tag(tag.clone()),
            (None, None) => Target::Tag(Tag::latest()),
        }
    }

    /// The same image with its digest, and without what the digest makes superfluous.
    #[must_use]
    pub fn pinned(&self, digest: &Digest) -> Self {
        Self { tag: None, digest: Some(digest.clone()), ..self.clone() }
    }

    /// The same repository with another tag.
    #[must_use]
    pub fn tagged(&self, tag: Tag) -> Self {
        Self { tag: Some(tag), digest: None, ..self.clone() }
    }

    /// The same with `latest` written out where neither tag nor digest is named.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        if let (None, Target::Tag(tag)) = (&self.digest, self.target()) {
            self.tag = Some(tag);
        }
        self
    }

    /// The tag that is asked for: `latest` where nothing is named, none where a digest is.
    #[must_use]
    pub fn normalised_tag(&self) -> Option<Tag> {
        match self.target() {
            Target::Tag(tag) => Some(tag),
            Target::Digest(_) => None,
        }
    }

    /// `registry/repository` without tag and digest.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }
}

fn split_registry(name: &str) -> Result<(Registry, Repository), ReferenceError> {
    let registry_like =
        |first: &str| first.contains(['.', ':', '[']) || first.eq_ignore_ascii_case("localhost");
    let (registry, repository) = match name.split_once('/') {
        Some((first, rest)) if registry_like(first) => (Registry::parse(first)?, rest),
        _ => (Registry::docker_hub(), name),
    };
    if registry.is_docker_hub() && !repository.contains('/') && !repository.is_empty() {
        Repository::parse(repository)?;
        return Ok((registry, Repository::parse(&format!("library/{repository}"))?));
    }
    Ok((registry, Repository::parse(repository)?))
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => digest.fmt(f),
            Self::Tag(tag) => tag.fmt(f),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
