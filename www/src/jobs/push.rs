//! Bringing images to a registry: the plan, and carrying it out.

use std::collections::BTreeMap;
use std::time::Duration;

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::edit::{Change, Content, Contents, Pinned};
use drydock::finding::Finding;
use drydock::reference::{Reference, Tag};
use drydock::registry::upload::{Sizes, UploadState};
use drydock::registry::{self, retry::Pace};
use drydock::transfer::{
    self, Event, Options, Origin, Plan, PlanError, Run, RunError, Step, Supply, Wanted,
};

use super::drafts;
use super::obtain::Spooled;
use super::payload::payload;
use super::{Problem, ProblemKind, blob, tab, uploads};
use crate::disk;
use crate::net::clock;
use crate::net::place::{self, Place};
use crate::net::relay::Refusal;
use crate::net::transport::Payload;
use crate::route::Here;

/// How blobs are cut that this server takes from another registry: it compares those that go in one
/// piece. Where a request may not be as long, they go in chunks; proxies often take 100 MB.
const RELAYED: Sizes = Sizes { whole: 1 << 30, chunk: 64 << 20 };

/// Where blobs come from that are to be pushed.
#[derive(Clone, Debug, Default)]
pub struct BlobOrigins {
    /// Which place has what is neither on disk nor named by the plan: archives, mostly.
    pub places: BTreeMap<Digest, Place>,
    /// Files that the user chose.
    pub contents: Contents,
}

/// Waits as the browser does, and tells it.
pub(super) struct Patience;

impl Pace for Patience {
    async fn wait(&self, time: Duration, _error: &registry::Error) {
        clock::sleep(u32::try_from(time.as_millis()).unwrap_or(u32::MAX)).await;
    }

    fn random(&self) -> f64 {
        clock::jitter()
    }
}

/// What the result of a draft needs at its target, under a tag.
#[must_use]
pub fn wanted(change: &Change, base: Option<&Place>, tag: Option<Tag>) -> Wanted {
    let other = |pinned: &Pinned| origin(&Place::from(pinned.reference()));
    Wanted::of(change, base.map(origin).as_ref(), other, tag)
}

/// Where the blobs of a place are, as a plan names it.
#[must_use]
pub fn origin(place: &Place) -> Origin {
    match Here::of(&place.registry) {
        Some(_) => Origin::Local,
        None => Origin::Repository(place.clone()),
    }
}

/// Asks the target what it has, and says what there is to do.
///
/// # Errors
/// When the target does not say, or something that it lacks is nowhere to be had.
pub async fn plan(wanted: &Wanted, target: &Reference, options: Options) -> Result<Plan, Problem> {
    let client = tab().registries.client(&target.registry).await?;
    let plan = transfer::plan(wanted, &client, &target.repository, options, &Patience).await;
    plan.map_err(|error| match error {
        PlanError::Target(error) => Problem::from(error).at(target.registry.as_str()),
        other => Problem::new(ProblemKind::Content, other.to_string()),
    })
}

/// Why a push ended early.
#[derive(Clone, Debug)]
pub enum Stopped {
    /// Somebody has moved the tag since the plan was made; the sentence names both digests.
    TagMoved(String),
    /// Something else.
    Problem(Problem),
}

/// Carries a plan out. `on` is told what happens. Dropping the future stops it: what was done stays
/// done, no tag is set before all that it needs is there, and large blobs are gone on with later.
///
/// # Errors
/// At the first step that can't be done.
pub async fn run(
    plan: &Plan,
    origins: &BlobOrigins,
    overwrite: bool,
    on: &dyn Fn(Event<'_>),
) -> Result<(), Stopped> {
    let _moving = tab().moving.begin();
    let client = tab().registries.client(&plan.target.registry).await;
    let client = client.map_err(Stopped::Problem)?;
    let begun = uploads::load(plan).await;
    let journal = uploads::Journal::new(&plan.target);
    let supply = Supplier { origins, spooled: Spooled::default(), refusal: Refusal::default() };
    let told = |event: Event<'_>| {
        journal.note(plan, &event);
        if let Event::Done { step, .. } = &event
            && let Some(Step::Blob(blob)) = plan.steps.get(*step)
        {
            supply.spooled.release(&blob.descriptor.digest);
        }
        on(event);
    };
    let run = Run {
        plan,
        registry: &client,
        supply: &supply,
        pace: &Patience,
        uploads: &begun,
        overwrite,
        on: &told,
    };
    run.to_end().await.map_err(|error| match error {
        RunError::TagMoved { .. } => Stopped::TagMoved(error.to_string()),
        RunError::Target(error) => match supply.refusal.take() {
            Some(refusal) => Stopped::Problem(refusal),
            None => Stopped::Problem(Problem::from(error).at(plan.target.registry.as_str())),
        },
        RunError::Supply(problem) => Stopped::Problem(problem),
        fallback @ RunError::Fallback { .. } => {
            Stopped::Problem(Problem::new(ProblemKind::Registry, fallback.to_string()))
        }
    })
}

/// The sentences of a plan's findings.
#[must_use]
pub fn remarks(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| finding.message.clone()).collect()
}

struct Supplier<'a> {
    origins: &'a BlobOrigins,
    /// What was downloaded only to be sent on.
    spooled: Spooled,
    refusal: Refusal,
}

impl Supply for Supplier<'_> {
    type Payload = Payload;
    type Error = Problem;

    async fn payload(&self, descriptor: &Descriptor, origin: &Origin) -> Result<Payload, Problem> {
        let digest = &descriptor.digest;
        if let Some(Content { blob, offset, size }) = self.origins.contents.get(digest)
            && let Some(blob) = disk::blob(blob).await?
            && let Some(part) = disk::shorten(&blob, *offset, offset.saturating_add(*size))
        {
            return match blob::matches(&part, digest, |_| {}).await? {
                true => Ok(part.into()),
                false => Err(drafts::changed(digest)),
            };
        }
        let from = match origin {
            Origin::Repository(place) => place.clone(),
            // What is not said to be elsewhere was made here.
            Origin::Local | Origin::Memory(_) => {
                self.origins.places.get(digest).cloned().unwrap_or_else(place::disk)
            }
        };
        payload(&from, descriptor, &self.spooled, &self.refusal).await
    }

    fn sizes(&self, origin: &Origin) -> Sizes {
        match origin {
            Origin::Repository(_) => RELAYED,
            Origin::Local | Origin::Memory(_) => Sizes::default(),
        }
    }
}

/// A state that was kept, and what is needed to use it.
pub(super) type Begun = BTreeMap<Digest, UploadState>;
