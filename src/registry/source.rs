//! A repository of a registry as a [`Source`].

use std::ops::{Deref, Range};

use super::Registry;
use super::error::Error;
use super::retry::{Once, Pace, patiently};
use super::transport::Transport;
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::limits;
use crate::media_type::Kind;
use crate::reference::{Repository, Target};
use crate::source::{
    BlobPieces, CosignKind, CosignTag, Failure, Fetched, Holder, Referrers, Source, TagList,
};

impl Failure for Error {
    fn is_not_found(&self) -> bool {
        Self::is_not_found(self)
    }

    fn hint(&self) -> &str {
        match self {
            Self::Transport { error, .. } => &error.advice,
            _ => "",
        }
    }

    fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }

    fn is_mismatch(&self) -> bool {
        matches!(self, Self::Mismatch { .. })
    }
}

/// A repository of a registry; `R` is the registry, borrowed or shared.
#[derive(Clone, Debug)]
pub struct RepositorySource<R> {
    registry: R,
    repository: Repository,
}

impl<T> Registry<T> {
    /// A repository of this registry, to read images from.
    #[must_use]
    pub fn repository(&self, repository: Repository) -> RepositorySource<&Self> {
        RepositorySource::new(self, repository)
    }
}

impl<T: Transport + 'static, R: Deref<Target = Registry<T>>> Source for RepositorySource<R> {
    type Error = Error;

    fn holder(&self) -> Holder {
        Holder::Registry
    }

    async fn root(&self, target: &Target) -> Result<Fetched, Error> {
        self.registry.manifest(&self.repository, target).await
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Fetched, Error> {
        self.registry.manifest_of(&self.repository, descriptor).await
    }

    /// Manifests and blobs have endpoints of their own, and a descriptor does not say which is its;
    /// where its type doesn't either, both are tried.
    async fn document(&self, descriptor: &Descriptor) -> Result<Fetched, Error> {
        if descriptor.media_type.is_manifest() {
            return self.registry.manifest_of(&self.repository, descriptor).await;
        }
        let blob = self.blob(descriptor, limits::DOCUMENT_BYTES).await;
        let unknown = descriptor.media_type.kind() == Kind::Other;
        match blob {
            Err(error) if error.is_not_found() && unknown => {
                match self.registry.manifest_of(&self.repository, descriptor).await {
                    Err(second) if second.is_not_found() => Err(error),
                    other => other,
                }
            }
            other => other,
        }
    }

    async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Fetched, Error> {
        self.registry.blob(&self.repository, descriptor, limit).await
    }

    fn open<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> impl BlobPieces<Error = Error> + 'a {
        self.registry.download(&self.repository, descriptor, range, &Once)
    }

    async fn tags(&self) -> Result<TagList, Error> {
        let (names, stops) = self.registry.tags_there(&self.repository).await?;
        Ok(TagList { names, stops: stops.map(|stops| stops.to_string()) })
    }

    async fn referrers(&self, digest: &Digest) -> Result<Referrers, Error> {
        self.registry.referrers(&self.repository, digest, None).await
    }

    async fn cosign_tag(
        &self,
        digest: &Digest,
        kind: CosignKind,
    ) -> Result<Option<CosignTag>, Error> {
        self.registry.cosign_tag(&self.repository, digest, kind).await
    }
}

/// A repository of a registry whose questions are asked again as long as that helps.
#[derive(Clone, Debug)]
pub struct PatientSource<R, P> {
    source: RepositorySource<R>,
    pace: P,
}

impl<R> RepositorySource<R> {
    /// A repository of a registry that is borrowed or shared.
    #[must_use]
    pub fn new(registry: R, repository: Repository) -> Self {
        Self { registry, repository }
    }

    /// The same, but what may pass is waited for.
    #[must_use]
    pub fn patient<P: Pace>(self, pace: P) -> PatientSource<R, P> {
        PatientSource { source: self, pace }
    }
}

impl<T: Transport + 'static, R: Deref<Target = Registry<T>>, P: Pace> Source
    for PatientSource<R, P>
{
    type Error = Error;

    fn holder(&self) -> Holder {
        Holder::Registry
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Fetched, Error> {
        patiently(&self.pace, async || self.source.manifest(descriptor).await).await
    }

    async fn root(&self, target: &Target) -> Result<Fetched, Error> {
        patiently(&self.pace, async || self.source.root(target).await).await
    }

    async fn document(&self, descriptor: &Descriptor) -> Result<Fetched, Error> {
        patiently(&self.pace, async || self.source.document(descriptor).await).await
    }

    async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Fetched, Error> {
        patiently(&self.pace, async || Source::blob(&self.source, descriptor, limit).await).await
    }

    fn open<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> impl BlobPieces<Error = Error> + 'a {
        let RepositorySource { registry, repository } = &self.source;
        registry.download(repository, descriptor, range, &self.pace)
    }

    async fn tags(&self) -> Result<TagList, Error> {
        patiently(&self.pace, async || self.source.tags().await).await
    }

    async fn referrers(&self, digest: &Digest) -> Result<Referrers, Error> {
        patiently(&self.pace, async || self.source.referrers(digest).await).await
    }

    async fn cosign_tag(
        &self,
        digest: &Digest,
        kind: CosignKind,
    ) -> Result<Option<CosignTag>, Error> {
        patiently(&self.pace, async || self.source.cosign_tag(digest, kind).await).await
    }
}
