//! What there is to do, as data.

use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::document::Document;
use crate::finding::Finding;
use crate::media_type::{Compression, Kind};
use crate::reference::{Repository, Tag};

use super::{Origin, Place};

/// What a target lacks of what it is to hold, step by step in the order in which they are taken:
/// blobs, the largest first; manifests, children first and referrers behind what they are about;
/// lists of referrers; tags.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Where it all goes.
    pub target: Place,
    /// The steps, those that need nothing done among them.
    pub steps: Vec<Step>,
    /// What is to be known before it is agreed to.
    pub findings: Vec<Finding>,
}

/// One thing that the target is to hold, and what there is to do for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A blob.
    Blob(BlobStep),
    /// A manifest or index.
    Manifest(ManifestStep),
    /// The list of what refers to a manifest.
    Referrers(ReferrersStep),
    /// A tag.
    Tag(TagStep),
}

/// A blob, and how the target comes by it.
#[derive(Clone, Debug, PartialEq)]
pub struct BlobStep {
    /// The blob.
    pub descriptor: Descriptor,
    /// Where its bytes are.
    pub origin: Origin,
    /// What there is to do.
    pub action: BlobAction,
}

/// How the target comes by a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobAction {
    /// It has it.
    Exists,
    /// Out of another of its repositories; if it does not do that, the bytes are sent.
    Mount {
        /// The repository.
        from: Repository,
    },
    /// The bytes are sent.
    Upload,
    /// Not at all, as its type says that it may not be given on (Docker "foreign", OCI
    /// "nondistributable").
    Foreign,
}

/// A manifest or index.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestStep {
    /// The document.
    pub document: Document,
    /// Documents that must be there before it.
    pub needs: Vec<Digest>,
    /// What it is about, when it is a referrer.
    pub subject: Option<Digest>,
    /// What there is to do.
    pub action: ManifestAction,
}

/// What is done about a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestAction {
    /// The target has it.
    Exists,
    /// It is sent.
    Put,
}

/// The list of what refers to a manifest, under its fallback tag.
///
/// distribution-spec, "Referrers Tag Schema".
#[derive(Clone, Debug, PartialEq)]
pub struct ReferrersStep {
    /// The manifest that they are about.
    pub subject: Digest,
    /// The tag.
    pub tag: Tag,
    /// Entries that the list must have.
    pub entries: Vec<Value>,
    /// What there is to do.
    pub action: ReferrersAction,
}

/// What is done about a list of referrers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferrersAction {
    /// The registry keeps the list by itself. Should it turn out not to, the tag is written.
    ByRegistry,
    /// The tag has all entries.
    Exists,
    /// The tag is read, added to and written.
    Update,
}

/// A tag.
#[derive(Clone, Debug, PartialEq)]
pub struct TagStep {
    /// The tag.
    pub tag: Tag,
    /// The document that it is to stand for.
    pub document: Document,
    /// What it stands for as long as nothing is done.
    pub before: Before,
    /// What there is to do.
    pub action: TagAction,
}

/// What a tag stood for when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// There was no such tag.
    None,
    /// What it is to stand for.
    Same,
    /// Something else, which will be without this tag.
    Other(Digest),
}

/// What is done about a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagAction {
    /// It is set.
    Set,
    /// It is right already.
    Exists,
    /// It stands for something else and is left so, as was asked for.
    Keep,
}

/// A plan in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Blobs whose bytes are sent.
    pub uploads: usize,
    /// Their bytes.
    pub upload_bytes: u64,
    /// Blobs that come out of another repository of the target's registry.
    pub mounts: usize,
    /// Their bytes, which are sent only if the registry does not do that.
    pub mount_bytes: u64,
    /// Blobs that the target has.
    pub existing: usize,
    /// Their bytes.
    pub existing_bytes: u64,
    /// Blobs that are not sent as they may not be given on.
    pub foreign: usize,
    /// Manifests and indexes that are sent.
    pub manifests: usize,
    /// Tags that are set.
    pub tags: usize,
    /// Tags among them that stood for something else.
    pub overwritten: usize,
}

impl Plan {
    /// The plan in numbers.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for step in &self.steps {
            match step {
                Step::Blob(blob) => totals.add_blob(blob),
                Step::Manifest(step) => {
                    totals.manifests += usize::from(step.action == ManifestAction::Put);
                }
                Step::Tag(step) if step.action == TagAction::Set => {
                    totals.tags += 1;
                    totals.overwritten += usize::from(matches!(step.before, Before::Other(_)));
                }
                Step::Tag(_) | Step::Referrers(_) => {}
            }
        }
        totals
    }

    /// Layers that are sent as they are and are not compressed: how many, and their bytes.
    #[must_use]
    pub fn plain_layers(&self) -> (usize, u64) {
        let sent = self.steps.iter().filter_map(|step| match step {
            Step::Blob(blob) if blob.action == BlobAction::Upload => Some(&blob.descriptor),
            _ => None,
        });
        let plain = sent.filter(|it| it.media_type.kind() == Kind::Layer(Compression::None));
        plain.fold((0, 0), |(count, bytes), it| (count + 1, it.size.saturating_add(bytes)))
    }

    /// The manifests and indexes in it.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        self.steps.iter().filter_map(|step| match step {
            Step::Manifest(step) => Some(&step.document),
            _ => None,
        })
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.steps.iter().any(Step::is_open)
    }
}

impl Step {
    /// Whether there is something to do.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self {
            Self::Blob(step) => {
                matches!(step.action, BlobAction::Mount { .. } | BlobAction::Upload)
            }
            Self::Manifest(step) => step.action == ManifestAction::Put,
            Self::Referrers(step) => step.action == ReferrersAction::Update,
            Self::Tag(step) => step.action == TagAction::Set,
        }
    }
}

impl TagStep {
    /// Whether a digest is that of the document, by whatever algorithm.
    pub(super) fn is_wanted(&self, digest: &Digest) -> bool {
        *digest == *self.document.digest()
            || digest.algorithm().is_some_and(|by| self.document.digest_by(by) == *digest)
    }
}

impl Totals {
    fn add_blob(&mut self, step: &BlobStep) {
        let (count, bytes) = match step.action {
            BlobAction::Exists => (&mut self.existing, Some(&mut self.existing_bytes)),
            BlobAction::Mount { .. } => (&mut self.mounts, Some(&mut self.mount_bytes)),
            BlobAction::Upload => (&mut self.uploads, Some(&mut self.upload_bytes)),
            BlobAction::Foreign => (&mut self.foreign, None),
        };
        *count += 1;
        if let Some(bytes) = bytes {
            *bytes = bytes.saturating_add(step.descriptor.size);
        }
    }
}
