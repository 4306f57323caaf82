//! What does an archive call an image?

use crate::digest::Digest;
use crate::reference::{Reference, Tag};

/// What an archive calls an image. Untrusted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A whole name (`io.containerd.image.name`, Docker's `RepoTags`).
    Reference(Reference),
    /// A tag alone (`org.opencontainers.image.ref.name`).
    Tag(Tag),
    /// A name that is neither.
    Other(String),
}

impl Name {
    /// Reads a name that is a reference, if it can be one.
    #[must_use]
    pub fn reference(text: &str) -> Self {
        match Reference::parse(text) {
            Ok(reference) => Self::Reference(reference.normalised()),
            Err(_) => Self::Other(text.to_owned()),
        }
    }

    /// Reads a name that may be a tag alone or a reference.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match Tag::parse(text) {
            Ok(tag) => Self::Tag(tag),
            Err(_) => Self::reference(text),
        }
    }

    /// The tag in it.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Reference(reference) => reference.tag.as_ref(),
            Self::Tag(tag) => Some(tag),
            Self::Other(_) => None,
        }
    }

    /// The manifest that an image is about by its tag alone, which is made of a digest: by the
    /// referrers tag schema, or as cosign does it.
    pub(super) fn about(&self) -> Option<Digest> {
        let text = self.tag()?.as_str();
        let cut = [".sig", ".att", ".sbom"].iter().find_map(|suffix| text.strip_suffix(suffix));
        let (algorithm, encoded) = cut.unwrap_or(text).split_once('-')?;
        (algorithm == "sha256").then(|| Digest::parse(&format!("{algorithm}:{encoded}")).ok())?
    }
}
