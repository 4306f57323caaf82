//! What documents are asked of: a repository of a registry, an archive on disk, or a draft.

use std::rc::Rc;

use drydock::archive::{self, ArchiveSource};
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::finding::Finding;
use drydock::reference::{Repository, Target};
use drydock::registry;
use drydock::source::{
    BlobPlace, CosignKind, CosignTag, Failure, Fetched, Holder, Referrers, Source,
};
use drydock::transfer::DraftedError;

use super::local::Picked;
use super::preview::Preview;
use super::{Problem, ProblemKind, tab};
use crate::net::place::Place;
use crate::net::registries::{Client, ask};
use crate::route::Here;

/// A place that was found.
#[derive(Clone)]
pub enum AnySource {
    /// A repository of a registry.
    Repository(Client, Repository),
    /// An archive or folder that the user chose.
    Archive(Rc<ArchiveSource<Picked>>),
    /// What a draft gives.
    Draft(Rc<Preview>),
}

/// Why a document did not come.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SourceError {
    /// The registry did not give it.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// The archive does not have it, or not as it should be.
    #[error("{0}.")]
    Archive(#[from] archive::Error),
    /// The draft does not have it.
    #[error(transparent)]
    Draft(#[from] DraftedError),
}

impl AnySource {
    /// Finds a place.
    ///
    /// # Errors
    /// When the server does not say how its registries are reached, or the file that the place
    /// stands for was not chosen in this tab.
    pub async fn of(place: &Place) -> Result<Self, Problem> {
        match Here::of(&place.registry) {
            Some(Here::Local) => tab().local.get(&place.repository).map(Self::Archive),
            // A draft's base may be anything, another draft's result too.
            Some(Here::Draft) => {
                Box::pin(tab().previews.open(&place.repository)).await.map(Self::Draft)
            }
            None => {
                let client = tab().registries.client(&place.registry).await?;
                Ok(Self::Repository(client, place.repository.clone()))
            }
        }
    }
}

impl Source for AnySource {
    type Error = SourceError;

    fn holder(&self) -> Holder {
        match self {
            Self::Repository(..) => Holder::Registry,
            Self::Archive(_) => Holder::Archive,
            Self::Draft(_) => Holder::Draft,
        }
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Fetched, SourceError> {
        match self {
            Self::Repository(client, repository) => {
                Ok(ask(async || client.manifest_of(repository, descriptor).await).await?)
            }
            Self::Archive(archive) => Ok(archive.manifest(descriptor).await?),
            Self::Draft(draft) => Ok(draft.drafted().manifest(descriptor).await?),
        }
    }

    async fn root(&self, target: &Target) -> Result<Fetched, SourceError> {
        match self {
            Self::Repository(client, repository) => {
                let source = client.repository(repository.clone());
                Ok(ask(async || source.root(target).await).await?)
            }
            Self::Archive(archive) => Ok(archive.root(target).await?),
            Self::Draft(draft) => Ok(draft.drafted().root(target).await?),
        }
    }

    async fn document(&self, descriptor: &Descriptor) -> Result<Fetched, SourceError> {
        match self {
            Self::Repository(client, repository) => {
                let source = client.repository(repository.clone());
                Ok(ask(async || source.document(descriptor).await).await?)
            }
            Self::Archive(archive) => Ok(archive.document(descriptor).await?),
            Self::Draft(draft) => Ok(draft.drafted().document(descriptor).await?),
        }
    }

    async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Fetched, SourceError> {
        match self {
            Self::Repository(client, repository) => {
                let source = client.repository(repository.clone());
                Ok(ask(async || source.blob(descriptor, limit).await).await?)
            }
            Self::Archive(archive) => Ok(archive.blob(descriptor, limit).await?),
            Self::Draft(draft) => Ok(draft.drafted().document(descriptor).await?),
        }
    }

    fn blob_place(&self, digest: &Digest) -> BlobPlace {
        match self {
            Self::Repository(client, repository) => {
                client.repository(repository.clone()).blob_place(digest)
            }
            Self::Archive(archive) => archive.blob_place(digest),
            Self::Draft(_) => BlobPlace::Nowhere,
        }
    }

    async fn referrers(&self, digest: &Digest) -> Result<Referrers, SourceError> {
        match self {
            Self::Repository(client, repository) => {
                let source = client.repository(repository.clone());
                Ok(ask(async || source.referrers(digest).await).await?)
            }
            Self::Archive(archive) => Ok(archive.referrers(digest).await?),
            Self::Draft(draft) => Ok(draft.drafted().referrers(digest).await?),
        }
    }

    async fn cosign_tag(
        &self,
        digest: &Digest,
        kind: CosignKind,
    ) -> Result<Option<CosignTag>, SourceError> {
        match self {
            Self::Repository(client, repository) => {
                let source = client.repository(repository.clone());
                Ok(ask(async || source.cosign_tag(digest, kind).await).await?)
            }
            Self::Archive(archive) => Ok(archive.cosign_tag(digest, kind).await?),
            Self::Draft(draft) => Ok(draft.drafted().cosign_tag(digest, kind).await?),
        }
    }
}

impl Failure for SourceError {
    fn is_not_found(&self) -> bool {
        match self {
            Self::Registry(error) => Failure::is_not_found(error),
            Self::Archive(error) => Failure::is_not_found(error),
            Self::Draft(error) => error.is_not_found(),
        }
    }

    fn is_mismatch(&self) -> bool {
        match self {
            Self::Registry(error) => error.is_mismatch(),
            Self::Archive(error) => error.is_mismatch(),
            Self::Draft(error) => error.is_mismatch(),
        }
    }
}

impl From<SourceError> for Finding {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Registry(error) => error.into(),
            SourceError::Archive(error) => error.into(),
            SourceError::Draft(error) => error.into(),
        }
    }
}

impl From<SourceError> for Problem {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Registry(error) => error.into(),
            SourceError::Archive(error) => error.into(),
            SourceError::Draft(error) => error.into(),
        }
    }
}

impl From<archive::Error> for Problem {
    fn from(error: archive::Error) -> Self {
        let kind = if error.is_not_found() { ProblemKind::NotFound } else { ProblemKind::Content };
        Self::new(kind, format!("{error}."))
    }
}
