//! What a draft gives, as a source: its own documents and what it attaches to them.
//!
//! Its blobs lie elsewhere: where the base has them, or where they were built.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use http::HeaderMap;

use crate::descriptor::{Descriptor, Mismatch, verify_digest};
use crate::digest::Digest;
use crate::edit::Change;
use crate::finding::Finding;
use crate::media_type::MediaType;
use crate::pieces::Pieces;
use crate::reference::{Tag, Target};
use crate::source::{
    BlobPieces, CosignKind, CosignTag, Failure, Fetched, Holder, Referrers, ReferrersFrom, Source,
    TagList,
};

/// The tag that stands for the root: that of a reference which names none.
const ROOT: &str = "latest";

/// The documents of a draft's result.
#[derive(Clone, Debug)]
pub struct Drafted {
    root: Descriptor,
    documents: BTreeMap<Digest, (MediaType, Bytes)>,
    /// Artifacts that the draft attaches, by what they are about.
    referrers: BTreeMap<Digest, Vec<Descriptor>>,
}

/// Why a draft does not give a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftedError {
    /// It has no such document.
    #[error("The draft has no document {0}.")]
    NoDocument(Digest),
    /// It has no tags.
    #[error("The draft has no tag {0}: its result has no name before it is pushed.")]
    NoTag(Tag),
    /// Its bytes are not what their digest says.
    #[error("The draft is damaged: {0}.")]
    Damaged(Mismatch),
}

impl Drafted {
    /// The result of a draft.
    #[must_use]
    pub fn new(change: &Change) -> Self {
        let own = change.documents.iter().map(|changed| &changed.document);
        let referring = change.referrers.iter().flat_map(|referrer| &referrer.documents);
        let documents = own.chain(referring).map(|document| {
            let content = (document.media_type().clone(), document.bytes().clone());
            (document.digest().clone(), content)
        });
        let mut referrers: BTreeMap<Digest, Vec<Descriptor>> = BTreeMap::new();
        for referrer in &change.referrers {
            let of_it = referrers.entry(referrer.subject.clone()).or_default();
            of_it.push(referrer.descriptor.clone());
        }
        Self { root: change.root.clone(), documents: documents.collect(), referrers }
    }

    /// The bytes of a document.
    #[must_use]
    pub fn bytes(&self, digest: &Digest) -> Option<&Bytes> {
        self.documents.get(digest).map(|(_, bytes)| bytes)
    }

    /// The root, or a document by its digest.
    ///
    /// # Errors
    /// When the draft has none of that name, or it is damaged.
    pub fn get(&self, target: &Target) -> Result<Fetched, DraftedError> {
        let digest = match target {
            Target::Tag(tag) if tag.as_str() == ROOT => &self.root.digest,
            Target::Tag(tag) => return Err(DraftedError::NoTag(tag.clone())),
            Target::Digest(digest) => digest,
        };
        let found = self.documents.get(digest).cloned();
        let (media_type, bytes) = found.ok_or_else(|| DraftedError::NoDocument(digest.clone()))?;
        Ok(Fetched {
            bytes: verify_digest(digest, bytes).map_err(DraftedError::Damaged)?,
            digest: digest.clone(),
            media_type: Some(media_type),
            headers: HeaderMap::new(),
            findings: Vec::new(),
        })
    }
}

impl Failure for DraftedError {
    fn is_not_found(&self) -> bool {
        !matches!(self, Self::Damaged(_))
    }

    fn is_mismatch(&self) -> bool {
        matches!(self, Self::Damaged(_))
    }
}

impl From<DraftedError> for Finding {
    fn from(error: DraftedError) -> Self {
        Self::error("draft", "draft", error.to_string())
    }
}

impl Source for Drafted {
    type Error = DraftedError;

    fn holder(&self) -> Holder {
        Holder::Draft
    }

    async fn root(&self, target: &Target) -> Result<Fetched, DraftedError> {
        self.get(target)
    }

    async fn document(&self, descriptor: &Descriptor) -> Result<Fetched, DraftedError> {
        self.get(&Target::Digest(descriptor.digest.clone()))
    }

    async fn blob(&self, descriptor: &Descriptor, _limit: u64) -> Result<Fetched, DraftedError> {
        self.get(&Target::Digest(descriptor.digest.clone()))
    }

    /// Its documents: its blobs lie elsewhere.
    fn open<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> impl BlobPieces<Error = DraftedError> + 'a {
        let of = |bytes: &'a Bytes| {
            let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let range = range.map_or(0..bytes.len(), |range| at(range.start)..at(range.end));
            bytes.get(range).unwrap_or_default()
        };
        let found = self.bytes(&descriptor.digest).map(of);
        DraftedBlob(Some(found.ok_or_else(|| DraftedError::NoDocument(descriptor.digest.clone()))))
    }

    async fn tags(&self) -> Result<TagList, DraftedError> {
        Ok(TagList::default())
    }

    async fn referrers(&self, digest: &Digest) -> Result<Referrers, DraftedError> {
        Ok(Referrers {
            descriptors: self.referrers.get(digest).cloned().unwrap_or_default(),
            from: ReferrersFrom::Api,
            findings: Vec::new(),
        })
    }

    async fn cosign_tag(
        &self,
        _digest: &Digest,
        _kind: CosignKind,
    ) -> Result<Option<CosignTag>, DraftedError> {
        Ok(None)
    }
}

/// A document, or a range of it, in one piece.
struct DraftedBlob<'a>(Option<Result<&'a [u8], DraftedError>>);

impl Pieces for DraftedBlob<'_> {
    type Error = DraftedError;

    async fn next(&mut self) -> Result<Option<&[u8]>, DraftedError> {
        Ok(self.0.take().transpose()?.filter(|bytes| !bytes.is_empty()))
    }
}

impl BlobPieces for DraftedBlob<'_> {}
