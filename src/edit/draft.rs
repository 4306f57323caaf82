//! What is to be edited, and how: plain data that can be kept, shared and replayed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::edit::action::{Action, IndexEdit};
use crate::edit::family::Family;
use crate::edit::image::Image;
use crate::edit::time::Time;
use crate::platform::{self, Platform};
use crate::reference::Reference;

/// A base and what is done to it, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// Version of this format, [`Draft::VERSION`].
    pub version: u32,
    /// What the edits start from.
    pub base: Base,
    /// The time that new steps of the history bear. `None` takes the caller's, so that the digest
    /// depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// The edits, in order.
    pub edits: Vec<Edit>,
}

/// What the edits of a draft start from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Base {
    /// An image or index that exists, by digest.
    Image(Pinned),
    /// An image without layers.
    Empty {
        /// Whose media types it has.
        family: Family,
        /// What it will run on.
        platform: Platform,
    },
    /// An index that lists nothing.
    EmptyIndex {
        /// Whose media types it has.
        family: Family,
    },
}

/// One edit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Edit {
    /// Which images of an index it is done to. Attestations are never among them.
    #[serde(default, skip_serializing_if = "Scope::is_all")]
    pub scope: Scope,
    /// Whether it leaves a step in the history of the image where it would leave none: edits of
    /// the config are not recorded unasked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub record: bool,
    /// What is done.
    pub action: Action,
}

/// Which images of an index an edit is done to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// All of them.
    #[default]
    All,
    /// Those for one of these platforms.
    Platforms(Vec<Platform>),
}

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

impl Draft {
    /// The version that is written and read.
    pub const VERSION: u32 = 1;

    /// A draft without edits.
    #[must_use]
    pub fn new(base: Base) -> Self {
        Self { version: Self::VERSION, base, time: None, edits: Vec::new() }
    }

    /// The images that edits name beside the base, each once: the [bases](crate::edit::Context::bases)
    /// without which they can't be done.
    #[must_use]
    pub fn images(&self) -> Vec<Pinned> {
        let mut named = Vec::new();
        for edit in &self.edits {
            match &edit.action {
                Action::Rebase(rebase) => named.extend([rebase.old.clone(), rebase.new.clone()]),
                Action::Index(IndexEdit::Add { from: Some(from), .. }) => named.push(from.clone()),
                _ => {}
            }
        }
        named.sort();
        named.dedup();
        named
    }

    /// Whether it is made of the same images as another draft, so that what was loaded of them for
    /// the one is enough for the other.
    #[must_use]
    pub fn is_made_of_the_same(&self, other: &Self) -> bool {
        self.base == other.base && self.images() == other.images()
    }
}

impl Base {
    /// The image that it is; `None` for an empty one.
    #[must_use]
    pub fn image(&self) -> Option<&Pinned> {
        match self {
            Self::Image(pinned) => Some(pinned),
            Self::Empty { .. } | Self::EmptyIndex { .. } => None,
        }
    }

    /// The documents of an empty base. `None` for an image, whose documents have to be loaded.
    #[must_use]
    pub fn empty(&self) -> Option<Image> {
        match self {
            Self::Image(_) => None,
            Self::Empty { family, platform } => Some(Image::empty(*family, platform)),
            Self::EmptyIndex { family } => Some(Image::empty_index(*family)),
        }
    }
}

impl Edit {
    /// An edit of all images.
    #[must_use]
    pub fn all(action: Action) -> Self {
        Self { scope: Scope::All, record: false, action }
    }

    /// An edit of the images for these platforms.
    #[must_use]
    pub fn on(platforms: Vec<Platform>, action: Action) -> Self {
        Self { scope: Scope::Platforms(platforms), record: false, action }
    }
}

impl Scope {
    /// Whether it leaves no image out.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// The scope as it is meant of an image with these platforms ([`platform::meant`]).
    pub(super) fn among(&self, all: &[Platform]) -> Self {
        match self {
            Self::All => Self::All,
            Self::Platforms(wanted) => {
                let all: Vec<&Platform> = all.iter().collect();
                Self::Platforms(platform::meant(&all, wanted).into_iter().cloned().collect())
            }
        }
    }

    /// Whether an image is one of those of a scope that was made [`among`](Self::among) all.
    pub(super) fn covers(&self, platform: Option<&Platform>) -> bool {
        match self {
            Self::All => true,
            Self::Platforms(these) => {
                these.iter().any(|one| Platform::are_same(Some(one), platform))
            }
        }
    }

    /// Whether an image may be in the scope, when the others are not known.
    pub(super) fn may_cover(&self, platform: &Platform) -> bool {
        match self {
            Self::All => true,
            Self::Platforms(wanted) => wanted.iter().any(|wanted| platform.matches(wanted)),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all platforms"),
            Self::Platforms(platforms) if platforms.is_empty() => f.write_str("no platform"),
            Self::Platforms(platforms) => {
                let names: Vec<String> = platforms.iter().map(ToString::to_string).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

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
