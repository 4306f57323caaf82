//! What keeps images from getting to where they should be.

use std::fmt::{self, Display};

use crate::digest::Digest;
use crate::platform::Platform;
use crate::reference::Tag;
use crate::registry;

use super::Unusable;

const LEFT_TO_DO: &str =
    "Its tags can be set to something else; the rest is for whoever runs the registry.";

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// The target does not say what it has.
    #[error(transparent)]
    Target(#[from] registry::Error),
    /// A document can't be followed, so nobody knows what it needs.
    #[error("The document {digest} can't be sent: {problem}.")]
    Unusable {
        /// The document.
        digest: Digest,
        /// Why.
        problem: Unusable,
    },
    /// A blob is named by a manifest, but neither the target has it nor is it known where it is.
    #[error("{of} names the blob {digest}, which the target lacks and nobody can supply.")]
    NoOrigin {
        /// The blob.
        digest: Digest,
        /// The manifest.
        of: Digest,
    },
    /// A document is named, but neither the target has it nor is it at hand.
    #[error("{of} stands for the document {digest}, which the target lacks and nobody can supply.")]
    NoDocument {
        /// The document.
        digest: Digest,
        /// The index or the tag.
        of: String,
    },
}

/// Why a source can't be copied.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CopyError<E: std::error::Error> {
    /// The source can't be read.
    #[error(transparent)]
    Source(E),
    /// A document can't be followed, so a copy would be incomplete.
    #[error("The document {digest} can't be copied: {problem}.")]
    Unusable {
        /// The document.
        digest: Digest,
        /// Why.
        problem: Unusable,
    },
    /// The image is not there for the platform that was asked for.
    #[error("There is no image for {platform}; there are {}.", list(available))]
    NoPlatform {
        /// The platform.
        platform: Box<Platform>,
        /// Those that are there.
        available: Vec<Platform>,
    },
    /// More documents than are followed.
    #[error("There are more than {limit} documents to copy; choose fewer tags.")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Larger documents than are kept.
    #[error("The documents to copy have more than {limit} bytes together; choose fewer tags.")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
}

/// Why a plan was not carried out. What was done until then is done, and no tag was changed before
/// all that it needs was there.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RunError<E: std::error::Error> {
    /// The target refused or failed.
    #[error(transparent)]
    Target(#[from] registry::Error),
    /// The bytes of a blob could not be had.
    #[error(transparent)]
    Supply(E),
    /// Somebody else has set the tag since the plan was made.
    #[error("{}", moved(tag, before.as_ref(), now.as_ref()))]
    TagMoved {
        /// The tag.
        tag: Tag,
        /// What it stood for when the plan was made.
        before: Option<Digest>,
        /// What it stands for now.
        now: Option<Digest>,
        /// What it was to stand for.
        wanted: Digest,
    },
    /// The tag under which the registry's referrers are listed holds something else.
    #[error("The tag {tag} should list referrers, but {problem}; it was left as it is.")]
    Fallback {
        /// The tag.
        tag: Tag,
        /// What it holds.
        problem: &'static str,
    },
}

/// Why something was not deleted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DeleteError {
    /// The registry failed or refused for another reason than that it does not do this.
    #[error(transparent)]
    Target(#[from] registry::Error),
    /// The registry does not delete tags.
    #[error("{} {}", tag_stays(tag), with_manifest(digest, with_it))]
    TagsStay {
        /// The tag.
        tag: Tag,
        /// What it stands for.
        digest: Digest,
        /// All tags that would go if the manifest were deleted instead, this one included.
        with_it: Vec<Tag>,
        /// The registry's answer.
        refusal: Box<registry::Error>,
    },
    /// The registry does not delete manifests.
    #[error("{} {LEFT_TO_DO}", manifest_stays(digest))]
    ManifestsStay {
        /// The manifest.
        digest: Digest,
        /// The registry's answer.
        refusal: Box<registry::Error>,
    },
    /// The tag under which the registry's referrers are listed holds something else.
    #[error("The tag {tag} should list referrers, but {problem}; it was left as it is.")]
    Fallback {
        /// The tag.
        tag: Tag,
        /// What it holds.
        problem: &'static str,
    },
}

impl DeleteError {
    /// What went wrong, in one sentence.
    #[must_use]
    pub fn headline(&self) -> String {
        match self {
            Self::Target(error) => error.headline(),
            Self::TagsStay { tag, .. } => tag_stays(tag),
            Self::ManifestsStay { digest, .. } => manifest_stays(digest),
            other @ Self::Fallback { .. } => other.to_string(),
        }
    }

    /// What can be done in its place, or what the registry says; may be empty.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Target(error) => error.said(),
            Self::TagsStay { digest, with_it, .. } => with_manifest(digest, with_it),
            Self::ManifestsStay { .. } => LEFT_TO_DO.to_owned(),
            Self::Fallback { .. } => String::new(),
        }
    }
}

impl<E: std::error::Error> RunError<E> {
    /// The error of the target, when it is one.
    #[must_use]
    pub fn target(&self) -> Option<&registry::Error> {
        match self {
            Self::Target(error) => Some(error),
            _ => None,
        }
    }
}

fn moved(tag: &Tag, before: Option<&Digest>, now: Option<&Digest>) -> String {
    let name = |digest: Option<&Digest>| digest.map_or_else(|| "nothing".to_owned(), shown);
    format!(
        "Somebody has changed the tag {tag} meanwhile: it stood for {}, and now stands for {}. It \
         was not overwritten.",
        name(before),
        name(now)
    )
}

fn tag_stays(tag: &Tag) -> String {
    format!("The registry does not delete tags, so {tag} stays.")
}

fn manifest_stays(digest: &Digest) -> String {
    format!("The registry does not delete manifests, so {digest} stays.")
}

fn with_manifest(digest: &Digest, with_it: &[Tag]) -> String {
    let rest = match with_it {
        [] | [_] => "would remove it; it has no other tag".to_owned(),
        tags => format!("would remove all its tags: {}", list(tags)),
    };
    format!("Deleting the manifest {digest} {rest}.")
}

fn shown(digest: &Digest) -> String {
    digest.to_string()
}

fn list<T: Display>(items: &[T]) -> impl Display {
    struct List(Vec<String>);
    impl Display for List {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self.0.as_slice() {
                [] => f.write_str("none"),
                items => f.write_str(&items.join(", ")),
            }
        }
    }
    List(items.iter().map(ToString::to_string).collect())
}
