//! Documents that were verified before are not asked for again.

use std::cell::RefCell;
use std::ops::Range;

use super::{BlobPieces, CosignKind, CosignTag, Fetched, Holder, Referrers, Source, TagList};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::lru::Lru;
use crate::reference::Target;

/// Bytes of documents that are kept.
const DOCUMENT_BYTES: usize = 32 << 20;

/// Documents whose bytes were compared with their digest, with what came beside them. Tags are never
/// keys. What was not asked for longest goes first.
#[derive(Debug)]
pub struct Documents(RefCell<Lru<Digest, Fetched>>);

impl Default for Documents {
    fn default() -> Self {
        Self(RefCell::new(Lru::new(DOCUMENT_BYTES)))
    }
}

impl Documents {
    /// The document with a digest, if it was here before.
    #[must_use]
    pub fn get(&self, digest: &Digest) -> Option<Fetched> {
        self.0.borrow_mut().get(digest)
    }

    /// Keeps a document.
    pub fn keep(&self, document: Fetched) {
        let size = document.bytes.len();
        self.0.borrow_mut().keep(document.digest.clone(), document, size);
    }
}

/// A source of whose documents those are not asked for that are known.
#[derive(Clone, Debug)]
pub struct Remembering<'a, S, F> {
    source: S,
    known: &'a Documents,
    arrived: F,
}

impl<'a, S: Source, F: AsyncFn(&Fetched)> Remembering<'a, S, F> {
    /// Asks `source` for what is not `known`, which is known from then on. `arrived` is told of each
    /// document that came, before it is read.
    #[must_use]
    pub fn new(source: S, known: &'a Documents, arrived: F) -> Self {
        Self { source, known, arrived }
    }

    async fn remembered(
        &self,
        digest: &Digest,
        ask: impl AsyncFnOnce() -> Result<Fetched, S::Error>,
    ) -> Result<Fetched, S::Error> {
        match self.known.get(digest) {
            Some(known) => Ok(known),
            None => Ok(self.keep(ask().await?).await),
        }
    }

    async fn keep(&self, fetched: Fetched) -> Fetched {
        (self.arrived)(&fetched).await;
        self.known.keep(fetched.clone());
        fetched
    }
}

impl<S: Source, F: AsyncFn(&Fetched)> Source for Remembering<'_, S, F> {
    type Error = S::Error;

    fn holder(&self) -> Holder {
        self.source.holder()
    }

    async fn root(&self, target: &Target) -> Result<Fetched, S::Error> {
        Ok(self.keep(self.source.root(target).await?).await)
    }

    async fn document(&self, descriptor: &Descriptor) -> Result<Fetched, S::Error> {
        let ask = async || self.source.document(descriptor).await;
        self.remembered(&descriptor.digest, ask).await
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Fetched, S::Error> {
        let ask = async || self.source.manifest(descriptor).await;
        self.remembered(&descriptor.digest, ask).await
    }

    async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Fetched, S::Error> {
        let ask = async || self.source.blob(descriptor, limit).await;
        self.remembered(&descriptor.digest, ask).await
    }

    fn open<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> impl BlobPieces<Error = S::Error> + 'a {
        self.source.open(descriptor, range)
    }

    async fn tags(&self) -> Result<TagList, S::Error> {
        self.source.tags().await
    }

    async fn referrers(&self, digest: &Digest) -> Result<Referrers, S::Error> {
        self.source.referrers(digest).await
    }

    async fn cosign_tag(
        &self,
        digest: &Digest,
        kind: CosignKind,
    ) -> Result<Option<CosignTag>, S::Error> {
        self.source.cosign_tag(digest, kind).await
    }
}
