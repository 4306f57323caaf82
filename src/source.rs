//! Where documents and blobs come from: a repository of a registry, an archive, and later drafts.
//!
//! Every view works on a [`Source`], so none of them knows what it looks at.

mod any;
mod known;

use std::ops::Range;

use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::descriptor::{Descriptor, Verified};
use crate::digest::Digest;
use crate::finding::Finding;
use crate::media_type::MediaType;
use crate::pieces::Pieces;
use crate::reference::{Tag, Target};

pub use any::AnySource;
pub use known::{Documents, Remembering};

/// A document as it came: verified bytes, and what was said about them on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// The bytes. Compared with the digest that was asked for; after a tag, `digest` is their own.
    pub bytes: Verified<Bytes>,
    /// Digest of the bytes.
    pub digest: Digest,
    /// The type that the source gave (`Content-Type`, without parameters), if any. It may be wrong:
    /// what the bytes are is for their reader to say.
    pub media_type: Option<MediaType>,
    /// All header fields of the answer; empty where there are none.
    pub headers: HeaderMap,
    /// What was odd about the answer.
    pub findings: Vec<Finding>,
}

/// Who holds what is asked for, in words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holder {
    /// A registry.
    #[default]
    Registry,
    /// An archive on the user's disk.
    Archive,
    /// A draft.
    Draft,
}

impl Holder {
    /// `registry`, `archive`, `draft`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Archive => "archive",
            Self::Draft => "draft",
        }
    }
}

/// How the referrers of a manifest were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferrersFrom {
    /// The registry has the referrers API (or the source knows its referrers by itself).
    Api,
    /// Under the tag of the referrers tag schema, as the registry has no API.
    FallbackTag,
    /// There is neither the API nor the tag, so no referrers are known.
    Nowhere,
    /// The registry refuses to say, so that it is not known whether there are any. The findings
    /// have its answer.
    NotKnown,
}

/// What refers to a manifest by its `subject`, as the source lists it: unverified until fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct Referrers {
    /// The list.
    pub descriptors: Vec<Descriptor>,
    /// How it was found.
    pub from: ReferrersFrom,
    /// What was odd about the list. With an error among them the list may be incomplete.
    pub findings: Vec<Finding>,
}

/// The tags of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagList {
    /// Their names, each once. Not all of them need be such as can be asked for.
    pub names: Vec<String>,
    /// Why the list stops before its end, where it does: a sentence.
    pub stops: Option<String>,
}

/// What cosign keeps under a tag that is made of the digest it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CosignKind {
    /// Signatures, `.sig`.
    Signature,
    /// Attestations, `.att`.
    Attestation,
    /// A software bill of materials, `.sbom`.
    Sbom,
}

impl CosignKind {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Signature, Self::Attestation, Self::Sbom];

    /// The tag for a digest: `sha256-<hex>.sig`. `None` for digests too long for a tag.
    #[must_use]
    pub fn tag(self, digest: &Digest) -> Option<Tag> {
        let suffix = match self {
            Self::Signature => "sig",
            Self::Attestation => "att",
            Self::Sbom => "sbom",
        };
        let text = format!("{}-{}.{suffix}", digest.algorithm_name(), digest.encoded());
        Tag::parse(&text).ok()
    }
}

/// A tag of cosign's that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct CosignTag {
    /// What it holds.
    pub kind: CosignKind,
    /// The tag.
    pub tag: Tag,
    /// What it points to: unverified until fetched.
    pub descriptor: Descriptor,
}

/// Bytes of one of the files that an archive lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRange {
    /// Number of the file: 0 for a tar, the place in the list of paths for a folder.
    pub file: usize,
    /// The bytes of it.
    pub range: Range<u64>,
}

impl FileRange {
    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why a source did not give something. As a [`Finding`], it is a line of a report.
pub trait Failure: std::error::Error + Clone + Into<Finding> + 'static {
    /// Whether there is surely no such thing.
    fn is_not_found(&self) -> bool;

    /// What to do about it, where only whoever carried the question knows: a sentence, or nothing.
    fn hint(&self) -> &str {
        ""
    }

    /// Whether it is not said whether there is such a thing, as whoever asks may not know.
    fn is_denied(&self) -> bool {
        false
    }

    /// Whether something came that is not what was promised.
    fn is_mismatch(&self) -> bool;
}

/// The bytes of a blob, or of a range of it, on their way from a source.
pub trait BlobPieces: Pieces {
    /// How often the connection had to be made anew.
    fn resumed(&self) -> u32 {
        0
    }
}

/// A document by reference or digest, and blobs.
#[allow(async_fn_in_trait)]
pub trait Source {
    /// What can go wrong.
    type Error: Failure;

    /// Who is asked, for messages.
    fn holder(&self) -> Holder;

    /// The document that a tag or digest names.
    ///
    /// # Errors
    /// When there is none, it can't be read, or it isn't what the digest says.
    async fn root(&self, target: &Target) -> Result<Fetched, Self::Error>;

    /// The small document that a descriptor points to: a manifest, an index, a config.
    ///
    /// # Errors
    /// When there is none, it can't be read, it is larger than any document may be, or it isn't
    /// what the descriptor says.
    async fn document(&self, descriptor: &Descriptor) -> Result<Fetched, Self::Error>;

    /// The manifest or index that a descriptor points to, whatever type the descriptor names.
    ///
    /// # Errors
    /// As with [`Self::document`].
    async fn manifest(&self, descriptor: &Descriptor) -> Result<Fetched, Self::Error> {
        self.document(descriptor).await
    }

    /// A whole blob of at most `limit` bytes, in memory.
    ///
    /// # Errors
    /// When there is none, it can't be read, it is larger, or it isn't what the descriptor says.
    async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Fetched, Self::Error>;

    /// A blob of any size, or a range of it, piece by piece; it is asked for when it is first read.
    /// Nothing of it is compared with its digest here.
    fn open<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> impl BlobPieces<Error = Self::Error> + 'a;

    /// The tags that there are, of registries at most [`limits::TAGS`](crate::limits::TAGS).
    ///
    /// # Errors
    /// When the list can't be read.
    async fn tags(&self) -> Result<TagList, Self::Error>;

    /// What refers to a manifest.
    ///
    /// # Errors
    /// When the list can't be read. A source without a list gives an empty one.
    async fn referrers(&self, digest: &Digest) -> Result<Referrers, Self::Error>;

    /// What cosign keeps beside a manifest under the tag of one kind; `None` when there is nothing.
    ///
    /// # Errors
    /// When the tag can't be looked up.
    async fn cosign_tag(
        &self,
        digest: &Digest,
        kind: CosignKind,
    ) -> Result<Option<CosignTag>, Self::Error>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Algorithm;

    #[test]
    fn cosign_tags_are_made_of_the_digest() {
        let digest = Digest::sha256(b"a");
        let tag = CosignKind::Signature.tag(&digest).expect("tag");
        assert_eq!(tag.as_str(), format!("sha256-{}.sig", digest.encoded()));
        let long = Digest::of(Algorithm::Sha512, b"a");
        assert_eq!(CosignKind::Sbom.tag(&long), None);
    }
}
