//! What documents are asked of: a repository of a registry, or an archive on disk.

use std::rc::Rc;

use drydock::archive::{self, ArchiveSource};
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::finding::Finding;
use drydock::reference::{Repository, Target};
use drydock::registry;
use drydock::source::{Fetched, Referrers, Source as _};

use super::local::Picked;
use super::{Problem, ProblemKind, tab};
use crate::net::place::Place;
use crate::net::registries::{Client, ask};
use crate::route::Here;

/// A place that was found.
#[derive(Clone)]
pub enum Source {
    /// A repository of a registry.
    Repository(Client, Repository),
    /// An archive or folder that the user chose.
    Archive(Rc<ArchiveSource<Picked>>),
}

/// Why a document did not come.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The sentence to show.
    pub problem: Problem,
    /// Whether there is surely no such document.
    pub absent: bool,
    /// How it differs from what was promised, when it came and does.
    pub mismatch: Option<Finding>,
}

impl Source {
    /// Finds a place.
    ///
    /// # Errors
    /// When the server does not say how its registries are reached, or the file that the place
    /// stands for was not chosen in this tab.
    pub async fn of(place: &Place) -> Result<Self, Problem> {
        match Here::of(&place.registry) {
            Some(Here::Local) => tab().local.get(&place.repository).map(Self::Archive),
            Some(Here::Draft) => Err(no_draft()),
            None => {
                let client = tab().registries.client(&place.registry).await?;
                Ok(Self::Repository(client, place.repository.clone()))
            }
        }
    }

    /// The document that a tag or digest names.
    ///
    /// # Errors
    /// As with [`drydock::source::Source::root`].
    pub async fn root(&self, target: &Target) -> Result<Fetched, Refusal> {
        match self {
            Self::Repository(client, repository) => {
                let source = client.repository(repository.clone());
                ask(async || source.root(target).await).await.map_err(Refusal::from)
            }
            Self::Archive(archive) => archive.root(target).await.map_err(Refusal::from),
        }
    }

    /// The manifest or index that a descriptor points to.
    ///
    /// # Errors
    /// As with [`drydock::source::Source::document`].
    pub async fn manifest(&self, descriptor: &Descriptor) -> Result<Fetched, Refusal> {
        match self {
            Self::Repository(client, repository) => {
                let answer = ask(async || client.manifest_of(repository, descriptor).await).await;
                answer.map_err(Refusal::from)
            }
            Self::Archive(archive) => archive.document(descriptor).await.map_err(Refusal::from),
        }
    }

    /// A whole blob of at most `limit` bytes.
    ///
    /// # Errors
    /// As with [`drydock::source::Source::blob`].
    pub async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Fetched, Refusal> {
        match self {
            Self::Repository(client, repository) => {
                let source = client.repository(repository.clone());
                ask(async || source.blob(descriptor, limit).await).await.map_err(Refusal::from)
            }
            Self::Archive(archive) => archive.blob(descriptor, limit).await.map_err(Refusal::from),
        }
    }

    /// What refers to a manifest.
    ///
    /// # Errors
    /// As with [`drydock::source::Source::referrers`].
    pub async fn referrers(&self, digest: &Digest) -> Result<Referrers, Refusal> {
        match self {
            Self::Repository(client, repository) => {
                let source = client.repository(repository.clone());
                ask(async || source.referrers(digest).await).await.map_err(Refusal::from)
            }
            Self::Archive(archive) => archive.referrers(digest).await.map_err(Refusal::from),
        }
    }
}

impl From<registry::Error> for Refusal {
    fn from(error: registry::Error) -> Self {
        let mismatch = matches!(error, registry::Error::Mismatch { .. });
        Self {
            absent: matches!(error, registry::Error::NotFound { .. }),
            mismatch: mismatch.then(|| Finding::from(error.clone())),
            problem: Problem::from(error),
        }
    }
}

impl From<archive::Error> for Refusal {
    fn from(error: archive::Error) -> Self {
        let mismatch = matches!(error, archive::Error::Mismatch { .. });
        Self {
            absent: error.is_not_found(),
            mismatch: mismatch.then(|| Finding::from(error.clone())),
            problem: Problem::from(error),
        }
    }
}

impl From<archive::Error> for Problem {
    fn from(error: archive::Error) -> Self {
        let kind = if error.is_not_found() { ProblemKind::NotFound } else { ProblemKind::Content };
        Self::new(kind, format!("{error}."))
    }
}

fn no_draft() -> Problem {
    let message =
        "There is no such draft in this browser. A link to a draft works only where it was made.";
    Problem::new(ProblemKind::NotFound, message)
}
