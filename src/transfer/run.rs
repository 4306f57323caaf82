//! Taking the steps of a plan.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::plan::{
    Before, BlobAction, BlobStep, ManifestAction, ManifestStep, Plan, ReferrersAction,
    ReferrersStep, Step, TagAction, TagStep,
};
use super::referrers::{self, Unchanged};
use super::remote::Remote;
use super::{AT_ONCE, Origin, RunError};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::reference::Target;
use crate::registry::retry::{Pace, patiently};
use crate::registry::upload::{Sizes, Upload, UploadState};
use crate::registry::{self, Content, Registry, Transport};
use crate::spec::fallback;

/// Gives the bytes of blobs. They lie outside of memory: a file, or what was downloaded to one.
#[allow(async_fn_in_trait)]
pub trait Supply {
    /// Bytes as the target's transport sends them.
    type Payload;
    /// What can go wrong.
    type Error: std::error::Error;

    /// The bytes of a blob, compared with its descriptor. Asked for only when they are about to be
    /// sent, and for at most four blobs at once.
    ///
    /// # Errors
    /// When they can't be had, or are not those of the descriptor.
    async fn payload(
        &self,
        descriptor: &Descriptor,
        origin: &Origin,
    ) -> Result<Self::Payload, Self::Error>;

    /// How blobs of an origin are cut.
    fn sizes(&self, _origin: &Origin) -> Sizes {
        Sizes::default()
    }
}

/// What is told while a plan is carried out. `step` is the place of the step in the plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A step has begun.
    Started {
        /// The step.
        step: usize,
    },
    /// So many bytes of a blob are at the target or on their way; fewer than before when something
    /// is sent again.
    Sent {
        /// The step.
        step: usize,
        /// Bytes of the blob.
        bytes: u64,
    },
    /// How far a blob has come, told when that has changed and to be kept: given to
    /// [`Run::uploads`], it is gone on with.
    Upload {
        /// The step.
        step: usize,
        /// The state.
        state: &'a UploadState,
    },
    /// The target has to be left alone for a while, and why.
    Waiting {
        /// The step.
        step: usize,
        /// For how long.
        time: Duration,
        /// What went wrong.
        error: &'a registry::Error,
    },
    /// A step is done.
    Done {
        /// The step.
        step: usize,
        /// How.
        outcome: Outcome,
    },
}

/// How a step was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing had to be done.
    Nothing,
    /// The blob came out of another repository of the target.
    Mounted,
    /// The blob or manifest was sent.
    Sent,
    /// The list of referrers, or the tag, was written.
    Written,
}

/// A plan that is to be carried out, and with what.
pub struct Run<'a, T, S, P> {
    /// The plan.
    pub plan: &'a Plan,
    /// The registry of the plan's target.
    pub registry: &'a Registry<T>,
    /// Gives the bytes of blobs.
    pub supply: &'a S,
    /// Waits.
    pub pace: &'a P,
    /// Uploads that have begun before, by the digest of the blob.
    pub uploads: &'a BTreeMap<Digest, UploadState>,
    /// Sets tags even if somebody has changed them since the plan was made.
    pub overwrite: bool,
    /// Is told what happens.
    pub on: &'a dyn Fn(Event<'_>),
}

impl<T, S, P> std::fmt::Debug for Run<'_, T, S, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Run({})", self.plan.target)
    }
}

impl<T, S, P> Run<'_, T, S, P>
where
    T: Transport,
    S: Supply<Payload = T::Payload>,
    P: Pace,
{
    /// Takes all steps. To stop, this is dropped; a new plan then has what is left.
    ///
    /// # Errors
    /// At the first step that can't be done. The steps before stay done.
    pub async fn to_end(&self) -> Result<(), RunError<S::Error>> {
        let (mut blobs, mut manifests) = (Vec::new(), Vec::new());
        let (mut lists, mut tags) = (Vec::new(), Vec::new());
        for (number, step) in self.plan.steps.iter().enumerate() {
            match step {
                Step::Blob(step) => blobs.push((number, step)),
                Step::Manifest(step) => manifests.push((number, step)),
                Step::Referrers(step) => lists.push((number, step)),
                Step::Tag(step) => tags.push((number, step)),
            }
        }
        let blobs = blobs.into_iter().map(|(number, step)| self.blob(number, step));
        at_once(blobs).await?;
        // Subjects of manifests that the registry did not acknowledge.
        let unlisted = RefCell::new(BTreeSet::new());
        for level in levels(&manifests) {
            let level =
                level.into_iter().map(|(number, step)| self.manifest(number, step, &unlisted));
            at_once(level).await?;
        }
        let unlisted = unlisted.into_inner();
        let lists = lists.into_iter().map(|(number, step)| self.list(number, step, &unlisted));
        at_once(lists).await?;
        at_once(tags.into_iter().map(|(number, step)| self.tag(number, step))).await
    }

    async fn blob(&self, step: usize, blob: &BlobStep) -> Result<(), RunError<S::Error>> {
        let (repository, descriptor) = (&self.plan.target.repository, &blob.descriptor);
        let from = match &blob.action {
            BlobAction::Exists | BlobAction::Foreign => return self.nothing(step),
            BlobAction::Mount { from } => Some(from),
            BlobAction::Upload => None,
        };
        self.tell(Event::Started { step });
        let pace = Telling { run: self, step };
        let fresh =
            || self.registry.new_upload(repository, descriptor, self.supply.sizes(&blob.origin));
        let begun = self.uploads.get(&descriptor.digest).cloned();
        let mut state = begun.clone().unwrap_or_else(fresh);
        if let (Some(from), None) = (from, begun) {
            let mounted = self.registry.mount(repository, descriptor, from, &mut state, &pace);
            if mounted.await? {
                return self.done(step, Outcome::Mounted);
            }
            self.tell(Event::Upload { step, state: &state });
        }
        let told = RefCell::new(None);
        let progress = |state: &UploadState, bytes: u64| {
            if told.borrow().as_ref() != Some(state) {
                self.tell(Event::Upload { step, state });
                told.replace(Some(state.clone()));
            }
            self.tell(Event::Sent { step, bytes });
        };
        let payload;
        let content = match &blob.origin {
            Origin::Memory(bytes) => Content::Memory(bytes),
            origin => {
                let supplied = self.supply.payload(descriptor, origin).await;
                payload = supplied.map_err(RunError::Supply)?;
                Content::Payload(&payload)
            }
        };
        let upload = Upload { repository, descriptor, content, progress: &progress };
        self.registry.upload(&upload, &mut state, &pace).await?;
        self.done(step, Outcome::Sent)
    }

    async fn manifest(
        &self,
        step: usize,
        manifest: &ManifestStep,
        unlisted: &RefCell<BTreeSet<Digest>>,
    ) -> Result<(), RunError<S::Error>> {
        if manifest.action == ManifestAction::Exists {
            return self.nothing(step);
        }
        self.tell(Event::Started { step });
        let document = &manifest.document;
        let stored = self.put(step, document, &Target::Digest(document.digest().clone())).await?;
        if let (Some(subject), None) = (&manifest.subject, stored.subject) {
            unlisted.borrow_mut().insert(subject.clone());
        }
        self.done(step, Outcome::Sent)
    }

    async fn list(
        &self,
        step: usize,
        list: &ReferrersStep,
        unlisted: &BTreeSet<Digest>,
    ) -> Result<(), RunError<S::Error>> {
        let needed = match list.action {
            ReferrersAction::Exists => false,
            ReferrersAction::Update => true,
            ReferrersAction::ByRegistry => unlisted.contains(&list.subject),
        };
        if !needed {
            return self.nothing(step);
        }
        self.tell(Event::Started { step });
        let pace = Telling { run: self, step };
        let repository = &self.plan.target.repository;
        let remote = Remote { registry: self.registry, repository, pace: &pace };
        let add = |index: &mut serde_json::Value| fallback::add(index, &list.entries);
        match referrers::update(&remote, &list.tag, add).await {
            Ok(()) => self.done(step, Outcome::Written),
            Err(Unchanged::Target(error)) => Err(error.into()),
            Err(Unchanged::NoList(problem)) => {
                Err(RunError::Fallback { tag: list.tag.clone(), problem })
            }
        }
    }

    async fn tag(&self, step: usize, tag: &TagStep) -> Result<(), RunError<S::Error>> {
        if tag.action != TagAction::Set {
            return self.nothing(step);
        }
        self.tell(Event::Started { step });
        let pace = Telling { run: self, step };
        let repository = &self.plan.target.repository;
        let remote = Remote { registry: self.registry, repository, pace: &pace };
        let now = remote.tagged(&tag.tag).await?;
        if now.as_ref().is_some_and(|now| tag.is_wanted(now)) {
            return self.done(step, Outcome::Nothing);
        }
        let before = match &tag.before {
            Before::Other(before) => Some(before.clone()),
            Before::None | Before::Same => None,
        };
        if now != before && !self.overwrite {
            let (tag, wanted) = (tag.tag.clone(), tag.document.digest().clone());
            return Err(RunError::TagMoved { tag, before, now, wanted });
        }
        self.put(step, &tag.document, &Target::Tag(tag.tag.clone())).await?;
        self.done(step, Outcome::Written)
    }

    async fn put(
        &self,
        step: usize,
        document: &crate::document::Document,
        target: &Target,
    ) -> Result<registry::ops::Stored, registry::Error> {
        let repository = &self.plan.target.repository;
        let (media_type, bytes) = (document.media_type(), document.bytes());
        let put = async || self.registry.put_manifest(repository, target, media_type, bytes).await;
        patiently(&Telling { run: self, step }, put).await
    }

    fn nothing(&self, step: usize) -> Result<(), RunError<S::Error>> {
        self.done(step, Outcome::Nothing)
    }

    fn done(&self, step: usize, outcome: Outcome) -> Result<(), RunError<S::Error>> {
        self.tell(Event::Done { step, outcome });
        Ok(())
    }
}

impl<T, S, P> Run<'_, T, S, P> {
    fn tell(&self, event: Event<'_>) {
        (self.on)(event);
    }
}

/// Waits, and says so.
struct Telling<'a, 'r, T, S, P> {
    run: &'a Run<'r, T, S, P>,
    step: usize,
}

impl<T, S, P: Pace> Pace for Telling<'_, '_, T, S, P> {
    async fn wait(&self, time: Duration, error: &registry::Error) {
        self.run.tell(Event::Waiting { step: self.step, time, error });
        self.run.pace.wait(time, error).await;
    }

    fn random(&self) -> f64 {
        self.run.pace.random()
    }
}

async fn at_once<E>(
    steps: impl Iterator<Item = impl Future<Output = Result<(), E>>>,
) -> Result<(), E> {
    stream::iter(steps).buffer_unordered(AT_ONCE).try_collect::<()>().await
}

/// Cuts manifests into levels, each of which needs only those before it.
fn levels<'a>(steps: &[(usize, &'a ManifestStep)]) -> Vec<Vec<(usize, &'a ManifestStep)>> {
    let mut level_of: BTreeMap<&Digest, usize> = BTreeMap::new();
    let mut levels: Vec<Vec<(usize, &ManifestStep)>> = Vec::new();
    for (number, step) in steps {
        let before = step.needs.iter().chain(&step.subject).filter_map(|need| level_of.get(need));
        let level = before.max().map_or(0, |level| level.saturating_add(1));
        level_of.insert(step.document.digest(), level);
        if levels.len() <= level {
            levels.resize_with(level.saturating_add(1), Vec::new);
        }
        if let Some(level) = levels.get_mut(level) {
            level.push((*number, step));
        }
    }
    levels
}
