//! Bringing images to a registry: what there is to do, shown before it is done, and doing it.
//!
//! ```text
//! an edit's result ──────────────┐
//!                                ├─> Wanted ── plan() asks the target ──> Plan ── Run ──> done
//! copy::gather() walks a source ─┘                                     (shown)
//! ```
//!
//! [`Wanted`] says what the target is to hold in the end. [`plan`] asks the target what it has of
//! that, and lists the [`Step`]s that are left; nothing is sent. [`Run`] takes the steps: blobs
//! first, then manifests from the children up, tags last. A plan that was stopped anywhere is made
//! anew, and has only what is missing.

mod anywhere;
pub mod copy;
mod drafted;
mod error;
mod links;
mod plan;
mod planner;
mod referrers;
mod remote;
mod run;
mod save;
mod select;
pub mod tag;

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::document::Document;
use crate::edit::{self, Change, Pinned};
use crate::finding::Finding;
use crate::reference::{Reference, Registry, Repository, Tag};

pub use anywhere::PlaceError;
pub use drafted::{Drafted, DraftedError};
pub use error::{CopyError, DeleteError, PlanError, RunError};
pub use links::{Links, Unusable, links, read as document};
pub use plan::{
    Before, BlobAction, BlobStep, ManifestAction, ManifestStep, Plan, ReferrersAction,
    ReferrersStep, Step, TagAction, TagStep, Totals,
};
pub use planner::{Options, plan};
pub use run::{Event, Outcome, Run, Supply};
pub use save::archive_entries;
pub use select::{is_like, tags_to_copy};

/// How much is asked, sent or put at once.
const AT_ONCE: usize = 4;

/// A repository with its registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The registry.
    pub registry: Registry,
    /// The repository in it.
    pub repository: Repository,
}

impl From<&Reference> for Place {
    fn from(reference: &Reference) -> Self {
        Self { registry: reference.registry.clone(), repository: reference.repository.clone() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)
    }
}

/// Where the bytes of a blob are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a repository: another one of the target's registry gives it without sending, any other is
    /// downloaded from.
    Repository(Place),
    /// On this machine; whoever supplies the blobs knows where.
    Local,
    /// Here, as is fit for what is small.
    Memory(Bytes),
}

/// A blob, and where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The blob.
    pub descriptor: Descriptor,
    /// Where its bytes are.
    pub origin: Origin,
}

/// What a repository is to hold in the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Manifests and indexes, in any order. A config may be among them, too: what a manifest names
    /// as a blob is sent as a blob.
    pub documents: Vec<Document>,
    /// Where blobs come from. What manifests name and is not among these must be at the target.
    pub blobs: Vec<Blob>,
    /// Tags, and the documents that they are to stand for.
    pub tags: Vec<(Tag, Digest)>,
    /// What is to be known before it is agreed to.
    pub findings: Vec<Finding>,
}

impl Wanted {
    /// What the result of a draft needs, under a tag. `base` is where the blobs of its base are, if it
    /// has one, and `other` where those of another image are that it names; what is built and
    /// supplied is [`Origin::Local`].
    pub fn of(
        change: &Change,
        base: Option<&Origin>,
        other: impl Fn(&Pinned) -> Origin,
        tag: Option<Tag>,
    ) -> Self {
        let origin = |origin: &edit::Origin| match (origin, base) {
            (edit::Origin::Kept, Some(base)) => base.clone(),
            (edit::Origin::Other(pinned), _) => other(pinned),
            _ => Origin::Local,
        };
        let own = change.documents.iter().map(|changed| &changed.document);
        let documents = own.chain(change.referrers.iter().flat_map(|referrer| &referrer.documents));
        let referring = change.referrers.iter().flat_map(|referrer| &referrer.blobs);
        let blobs = change.blobs.iter().chain(referring).map(|needed| Blob {
            descriptor: needed.descriptor.clone(),
            origin: origin(&needed.origin),
        });
        Self {
            documents: documents.map(|document| (**document).clone()).collect(),
            blobs: blobs.collect(),
            tags: tag.map(|tag| (tag, change.root.digest.clone())).into_iter().collect(),
            findings: Vec::new(),
        }
    }
}
