//! What is asked for, and what may come of it?

use bytes::Bytes;

use crate::descriptor::{Descriptor, Verified, identify};
use crate::digest::Digest;
use crate::finding::Finding;
use crate::media_type::MediaType;
use crate::platform::Platform;
use crate::reference::Reference;
use crate::source::Holder;

/// What to load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Entries for other platforms are listed but not asked for. `None` asks for all.
    pub only: Option<Platform>,
    /// The entry whose documents are asked for before the others. `None` takes linux/amd64 or else
    /// the first one.
    pub first: Option<Platform>,
    /// Whether referrers and cosign's tags are asked for, of the root and of every entry.
    pub referrers: bool,
    /// Who is asked, for messages.
    pub holder: Holder,
}

/// The number of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WantId(pub usize);

/// One question. Several may be open at a time; the answers may come in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Its number.
    pub id: WantId,
    /// What is asked for.
    pub what: What,
    /// What it is for, in words: `config of linux/amd64`.
    pub label: String,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The manifest that the reference names, by digest if it has one, else by tag.
    Root(Reference),
    /// A manifest or index by digest.
    Manifest(Descriptor),
    /// A small blob (a config) by digest.
    Blob(Descriptor),
    /// The referrers of a manifest: from the API, or from the fallback tag where the registry has
    /// none ([`Digest::referrers_tag`]).
    Referrers(Digest),
    /// The manifest under one of cosign's tags. Mostly there is none: [`Answer::Absent`].
    CosignTag(String),
}

/// What came of a question.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Bytes that were compared with a digest: the one that was asked for, or their own.
    Document {
        /// The bytes.
        bytes: Verified<Bytes>,
        /// The digest.
        digest: Digest,
        /// `Content-Type` of the answer.
        content_type: Option<MediaType>,
        /// What the registry says the digest is (`Docker-Content-Digest`).
        claimed: Option<Digest>,
    },
    /// The list of referrers.
    Referrers {
        /// The referrers as the registry describes them.
        manifests: Vec<Descriptor>,
        /// Where the list came from, in words: `the referrers API`, `the tag sha256-…`; empty when
        /// there is none.
        from: String,
        /// Why the list is not whole, when it is not; a sentence.
        incomplete: Option<String>,
    },
    /// There is no such thing (404), said for sure.
    Absent,
    /// Bytes came that are not the ones that were asked for; the source has compared them.
    Mismatch(Finding),
    /// It could not be fetched; a sentence that says why.
    Failed(String),
}

impl Answer {
    /// Bytes as they came, which nobody has compared with anything yet.
    #[must_use]
    pub fn document(
        bytes: impl Into<Bytes>,
        content_type: Option<MediaType>,
        claimed: Option<Digest>,
    ) -> Self {
        let (digest, bytes) = identify(bytes.into());
        Self::Document { bytes, digest, content_type, claimed }
    }
}
