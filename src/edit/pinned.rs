//! An image by digest, with the name that people know it by.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::reference::Reference;

/// A reference with a digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pinned {
    reference: Reference,
    digest: Digest,
}

/// Why a text is no pinned reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" does not name an image by digest: expected a reference that ends in @sha256:…")]
pub struct PinnedError(String);

impl Pinned {
    /// Pins a reference to a digest; its tag stays for showing.
    #[must_use]
    pub fn new(reference: Reference, digest: Digest) -> Self {
        Self { reference: Reference { digest: Some(digest.clone()), ..reference }, digest }
    }

    /// The reference, with the digest.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The digest.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// `registry/repository:tag` as people know the image; `None` without a tag.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.reference.tag.as_ref().map(|tag| format!("{}:{tag}", self.reference.name()))
    }
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reference.fmt(f)
    }
}

impl TryFrom<String> for Pinned {
    type Error = PinnedError;

    fn try_from(text: String) -> Result<Self, PinnedError> {
        let reference = Reference::parse(&text).ok();
        match reference.and_then(|reference| Some((reference.digest.clone()?, reference))) {
            Some((digest, reference)) => Ok(Self::new(reference, digest)),
            None => Err(PinnedError(text.chars().take(200).collect())),
        }
    }
}

impl From<Pinned> for String {
    fn from(pinned: Pinned) -> Self {
        pinned.to_string()
    }
}
