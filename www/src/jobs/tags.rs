//! Tags: what they stand for, more of them, and taking them away.

use drydock::digest::Digest;
use drydock::image::{self, Summary};
use drydock::reference::{Reference, Tag, Target};
use drydock::transfer::tag::{self, Deletion};
use drydock::transfer::{CopyError, DeleteError, Wanted};

use super::push::Patience;
use super::{Problem, ProblemKind, source, tab};
use crate::net::place::Place;
use crate::net::registries::ask;

/// What a reference stands for now. Only where the registry does not say it by itself is the
/// document read.
///
/// # Errors
/// When there is no such tag, or the registry does not say.
pub async fn digest(reference: &Reference) -> Result<Digest, Problem> {
    let client = tab().registries.client(&reference.registry).await?;
    let (repository, target) = (&reference.repository, reference.target());
    let digest = ask(async || client.digest_of(repository, &target).await).await;
    digest.map_err(|error| Problem::from(error).at(reference.registry.as_str()))
}

/// What is behind a tag, from as few documents as possible.
///
/// # Errors
/// When the document that it names can't be read.
pub async fn summary(reference: &Reference) -> Result<Summary, Problem> {
    let source = source::open(&Place::from(reference)).await?;
    let summary = image::summary(&source, &reference.target()).await;
    summary.map_err(|error| Problem::from(error).at(reference.registry.as_str()))
}

/// Whether a registry counts requests, so that nobody should look at more than was asked for.
#[must_use]
pub fn counts_requests(reference: &Reference) -> bool {
    let known = tab().registries.known();
    known.get(&reference.registry).is_some_and(|client| client.rate_limit().is_some())
}

/// What a repository is to hold for an image of its own to have more tags.
///
/// # Errors
/// When the image can't be read.
pub async fn more(image: &Reference, tags: &[Tag]) -> Result<Wanted, Problem> {
    let source = source::open(&Place::from(image)).await?;
    tag::tags(&source, &image.target(), tags).await.map_err(|error| match error {
        CopyError::Source(error) => Problem::from(error).at(image.registry.as_str()),
        other => Problem::new(ProblemKind::Content, other.to_string()),
    })
}

/// Looks at what would go with a tag, or with a manifest and all its tags.
///
/// # Errors
/// When the registry does not say.
pub async fn plan_deletion(image: &Reference, target: &Target) -> Result<Deletion, Problem> {
    let client = tab().registries.client(&image.registry).await?;
    let plan = tag::plan_deletion(&client, &image.repository, target, &Patience).await;
    plan.map_err(|error| Problem::from(error).at(image.registry.as_str()))
}

/// Why something was not deleted.
#[derive(Clone, Debug)]
pub enum Refused {
    /// The registry does not delete tags; the manifest could go, with all of these.
    TagsStay {
        /// The whole sentence.
        why: Problem,
        /// The manifest.
        digest: Digest,
    },
    /// Something else.
    Problem(Problem),
}

/// Deletes what was looked at.
///
/// # Errors
/// What the registry does not do, or failed to do.
pub async fn delete(image: &Reference, deletion: &Deletion) -> Result<(), Refused> {
    let client = tab().registries.client(&image.registry).await.map_err(Refused::Problem)?;
    let deleted = tag::delete(&client, &image.repository, deletion, &Patience).await;
    deleted.map_err(|error| match error {
        DeleteError::Target(error) => {
            Refused::Problem(Problem::from(error).at(image.registry.as_str()))
        }
        DeleteError::TagsStay { ref digest, .. } => {
            let digest = digest.clone();
            Refused::TagsStay { why: refusal(&error), digest }
        }
        other => Refused::Problem(refusal(&other)),
    })
}

/// The registry said no for good: asking again helps nobody.
fn refusal(error: &DeleteError) -> Problem {
    Problem::new(ProblemKind::Registry, error.headline()).said(error.detail())
}
