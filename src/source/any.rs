//! One type for all sources, for those who find out only while they run what is asked.

use std::ops::Range;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use super::{
    BlobPieces, CosignKind, CosignTag, Failure, Fetched, Holder, Referrers, Source, TagList,
};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::pieces::Pieces;
use crate::reference::Target;

/// Any source, shared; its errors are all of one type.
pub struct AnySource<E>(Rc<dyn Asked<E>>);

impl<E> AnySource<E> {
    /// Takes a source whose errors are some of those.
    #[must_use]
    pub fn new<S: Source + 'static>(source: Rc<S>) -> Self
    where
        E: From<S::Error>,
    {
        Self(source)
    }
}

impl<E> Clone for AnySource<E> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<E> std::fmt::Debug for AnySource<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AnySource").field(&self.0.holder()).finish()
    }
}

impl<E: Failure> Source for AnySource<E> {
    type Error = E;

    fn holder(&self) -> Holder {
        self.0.holder()
    }

    async fn root(&self, target: &Target) -> Result<Fetched, E> {
        self.0.root(target).await
    }

    async fn document(&self, descriptor: &Descriptor) -> Result<Fetched, E> {
        self.0.document(descriptor).await
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Fetched, E> {
        self.0.manifest(descriptor).await
    }

    async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Fetched, E> {
        self.0.blob(descriptor, limit).await
    }

    fn open<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> impl BlobPieces<Error = E> + 'a {
        AnyPieces(self.0.open(descriptor, range))
    }

    async fn tags(&self) -> Result<TagList, E> {
        self.0.tags().await
    }

    async fn referrers(&self, digest: &Digest) -> Result<Referrers, E> {
        self.0.referrers(digest).await
    }

    async fn cosign_tag(&self, digest: &Digest, kind: CosignKind) -> Result<Option<CosignTag>, E> {
        self.0.cosign_tag(digest, kind).await
    }
}

type Answer<'a, T, E> = LocalBoxFuture<'a, Result<T, E>>;

/// A [`Source`] that can stand behind a pointer.
trait Asked<E> {
    fn holder(&self) -> Holder;
    fn root<'a>(&'a self, target: &'a Target) -> Answer<'a, Fetched, E>;
    fn document<'a>(&'a self, descriptor: &'a Descriptor) -> Answer<'a, Fetched, E>;
    fn manifest<'a>(&'a self, descriptor: &'a Descriptor) -> Answer<'a, Fetched, E>;
    fn blob<'a>(&'a self, descriptor: &'a Descriptor, limit: u64) -> Answer<'a, Fetched, E>;
    fn open<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> Box<dyn Lent<E> + 'a>;
    fn tags(&self) -> Answer<'_, TagList, E>;
    fn referrers<'a>(&'a self, digest: &'a Digest) -> Answer<'a, Referrers, E>;
    fn cosign_tag<'a>(
        &'a self,
        digest: &'a Digest,
        kind: CosignKind,
    ) -> Answer<'a, Option<CosignTag>, E>;
}

impl<S: Source, E: From<S::Error>> Asked<E> for S {
    fn holder(&self) -> Holder {
        Source::holder(self)
    }

    fn root<'a>(&'a self, target: &'a Target) -> Answer<'a, Fetched, E> {
        Box::pin(async move { Ok(Source::root(self, target).await?) })
    }

    fn document<'a>(&'a self, descriptor: &'a Descriptor) -> Answer<'a, Fetched, E> {
        Box::pin(async move { Ok(Source::document(self, descriptor).await?) })
    }

    fn manifest<'a>(&'a self, descriptor: &'a Descriptor) -> Answer<'a, Fetched, E> {
        Box::pin(async move { Ok(Source::manifest(self, descriptor).await?) })
    }

    fn blob<'a>(&'a self, descriptor: &'a Descriptor, limit: u64) -> Answer<'a, Fetched, E> {
        Box::pin(async move { Ok(Source::blob(self, descriptor, limit).await?) })
    }

    fn open<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> Box<dyn Lent<E> + 'a> {
        Box::new(Source::open(self, descriptor, range))
    }

    fn tags(&self) -> Answer<'_, TagList, E> {
        Box::pin(async move { Ok(Source::tags(self).await?) })
    }

    fn referrers<'a>(&'a self, digest: &'a Digest) -> Answer<'a, Referrers, E> {
        Box::pin(async move { Ok(Source::referrers(self, digest).await?) })
    }

    fn cosign_tag<'a>(
        &'a self,
        digest: &'a Digest,
        kind: CosignKind,
    ) -> Answer<'a, Option<CosignTag>, E> {
        Box::pin(async move { Ok(Source::cosign_tag(self, digest, kind).await?) })
    }
}

/// The pieces of a blob of any source.
struct AnyPieces<'a, E>(Box<dyn Lent<E> + 'a>);

impl<E> Pieces for AnyPieces<'_, E> {
    type Error = E;

    async fn next(&mut self) -> Result<Option<&[u8]>, E> {
        self.0.next().await
    }
}

impl<E> BlobPieces for AnyPieces<'_, E> {
    fn resumed(&self) -> u32 {
        self.0.resumed()
    }
}

/// [`BlobPieces`] that can stand behind a pointer.
trait Lent<E> {
    fn next(&mut self) -> Answer<'_, Option<&[u8]>, E>;
    fn resumed(&self) -> u32;
}

impl<B: BlobPieces, E: From<B::Error>> Lent<E> for B {
    fn next(&mut self) -> Answer<'_, Option<&[u8]>, E> {
        Box::pin(async move { Ok(Pieces::next(self).await?) })
    }

    fn resumed(&self) -> u32 {
        BlobPieces::resumed(self)
    }
}
