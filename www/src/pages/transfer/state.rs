//! How far a push or copy is.

use std::future::Future;
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::reference::Reference;
use drydock::transfer::{Event, Options, Outcome, Plan, Step, Wanted};
use leptos::prelude::*;

use super::rows;
use crate::components::{PlanStep, Problem, StepState, Transfer};
use crate::jobs::push::{self, BlobOrigins, Stopped};
use crate::jobs::{self, Task};
use crate::pages::data;
use crate::pages::model::Load;

/// Where it stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Nothing was asked for yet.
    Idle,
    /// The target is being asked.
    Planning,
    /// There is a plan to be looked at.
    Planned,
    /// It is carried out.
    Running,
    /// It is done, and this can be opened.
    Done(Reference),
    /// It could not be done.
    Failed(Problem),
    /// The tag was moved by somebody else.
    TagMoved(String),
}

/// Something that is brought to a registry.
#[derive(Clone, Copy)]
pub struct Moving {
    /// Where to, as it was typed.
    pub target: RwSignal<String>,
    /// What there is to do.
    pub plan: RwSignal<Load<Option<Arc<Plan>>>>,
    /// Where it stands.
    pub phase: RwSignal<Phase>,
    /// The steps that something is done for.
    pub steps: RwSignal<Vec<PlanStep>>,
    /// All of them together.
    pub transfer: RwSignal<Transfer>,
    origins: StoredValue<BlobOrigins>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Moving {
    /// Nothing is moved yet.
    #[must_use]
    pub fn new(target: String) -> Self {
        Self {
            target: RwSignal::new(target),
            plan: RwSignal::new(Load::Ready(None)),
            phase: RwSignal::new(Phase::Idle),
            steps: RwSignal::new(Vec::new()),
            transfer: RwSignal::new(Transfer::default()),
            origins: StoredValue::new(BlobOrigins::default()),
            task: StoredValue::new_local(None),
        }
    }

    /// Another target was typed: what was planned for the last one is void.
    pub fn retarget(self, text: String) {
        self.target.set(text);
        self.void();
    }

    /// What was planned is no longer right.
    pub fn void(self) {
        if !self.is_running() {
            self.task.set_value(None);
            self.plan.set(Load::Ready(None));
            self.phase.set(Phase::Idle);
        }
    }

    /// Whether it is being carried out.
    #[must_use]
    pub fn is_running(self) -> bool {
        matches!(self.phase.get_untracked(), Phase::Running)
    }

    /// Whether anything has arrived at the target that was not there before.
    #[must_use]
    pub fn has_sent(self) -> bool {
        self.transfer.with_untracked(|transfer| transfer.done > 0)
            || self.steps.with_untracked(|steps| steps.iter().any(is_sent))
    }

    /// Says where the bytes of what is being planned are, when that is known only now.
    pub fn supply(self, origins: BlobOrigins) {
        self.origins.try_set_value(origins);
    }

    /// The target as a reference.
    ///
    /// # Errors
    /// A sentence that says why it is none.
    pub fn reference(self) -> Result<Reference, String> {
        let text = self.target.get_untracked();
        // Nothing is guessed from other words around a name: what is typed is where bytes go.
        let parsed = Reference::parse(text.trim());
        parsed.map(Reference::normalised).map_err(|error| error.to_string())
    }

    /// The target's registry; empty when it is none.
    #[must_use]
    pub fn registry(self) -> String {
        self.reference().map(|target| target.registry.to_string()).unwrap_or_default()
    }

    /// What the tag of the plan stands for when it is done; none when there are several.
    #[must_use]
    pub fn only_root(self) -> Option<Digest> {
        let plan = self.plan.get_untracked();
        let steps = &plan.ready()?.as_ref()?.steps;
        let mut roots = steps.iter().filter_map(|step| match step {
            Step::Tag(tag) => Some(tag.document.digest().clone()),
            _ => None,
        });
        roots.next().filter(|_| roots.next().is_none())
    }

    /// Asks the target what it has of what `wanted` gives.
    pub fn plan<F>(
        self,
        origins: BlobOrigins,
        options: Options,
        wanted: impl FnOnce(Reference) -> F + 'static,
    ) where
        F: Future<Output = Result<Wanted, jobs::Problem>> + 'static,
    {
        let target = match self.reference() {
            Ok(target) => target,
            Err(why) => {
                let sentence = format!("{}.", why.trim_end_matches('.'));
                self.phase.set(Phase::Failed(Problem { sentence, ..Problem::default() }));
                return;
            }
        };
        self.origins.set_value(origins);
        self.steps.set(Vec::new());
        self.transfer.set(Transfer::default());
        self.phase.set(Phase::Planning);
        self.task.set_value(Some(Task::spawn(async move {
            let planned = async {
                let wanted = wanted(target.clone()).await?;
                push::plan(&wanted, &target, options).await
            };
            match planned.await {
                Ok(plan) => {
                    self.plan.try_set(Load::Ready(Some(Arc::new(plan))));
                    self.phase.try_set(Phase::Planned);
                }
                Err(problem) => {
                    self.phase.try_set(Phase::Failed(data::problem(problem)));
                }
            }
        })));
    }

    /// Carries the plan out.
    pub fn start(self, overwrite: bool) {
        let plan = self.plan.get_untracked();
        let Some(plan) = plan.ready().cloned().flatten() else { return };
        let Ok(target) = self.reference() else { return };
        let open: Vec<usize> = (0..plan.steps.len())
            .filter(|at| plan.steps.get(*at).is_some_and(Step::is_open))
            .collect();
        let label = |at: &usize| plan.steps.get(*at).map(rows::step).unwrap_or_default();
        let rows = open.iter().map(|at| PlanStep { what: label(at), state: StepState::Waiting });
        self.steps.set(rows.collect());
        let total = plan.totals().upload_bytes;
        let began = js_sys::Date::now();
        self.transfer.set(Transfer { done: 0, total: Some(total), elapsed: 0.0 });
        self.phase.set(Phase::Running);
        let origins = self.origins.get_value();
        self.task.set_value(Some(Task::spawn(async move {
            let told = |event: Event<'_>| self.told(&plan, &open, began, &event);
            let ended = push::run(&plan, &origins, overwrite, &told).await;
            self.phase.try_set(match ended {
                Ok(()) => Phase::Done(target),
                Err(Stopped::TagMoved(why)) => Phase::TagMoved(why),
                Err(Stopped::Problem(problem)) => Phase::Failed(data::problem(problem)),
            });
        })));
    }

    /// Stops it. What was done stays done; the next plan has what is left.
    pub fn stop(self) {
        self.task.set_value(None);
        let sentence = "This was stopped before it was done.".to_owned();
        let reason = "Plan again to go on with what is left.".to_owned();
        self.phase.set(Phase::Failed(Problem { sentence, reason, ..Problem::default() }));
    }

    fn told(self, plan: &Plan, open: &[usize], began: f64, event: &Event<'_>) {
        let elapsed = js_sys::Date::now() - began;
        let (step, state) = match event {
            Event::Started { step } => {
                (*step, StepState::Running(transfer(plan, *step, 0, elapsed)))
            }
            Event::Sent { step, bytes } => {
                (*step, StepState::Running(transfer(plan, *step, *bytes, elapsed)))
            }
            Event::Waiting { step, time, error } => {
                let seconds = time.as_secs_f64().ceil();
                (*step, StepState::Pausing(format!("again in {seconds} s: {error}")))
            }
            Event::Done { step, outcome } => (*step, StepState::Done(word(*outcome))),
            Event::Upload { .. } => return,
        };
        let Some(at) = open.iter().position(|open| *open == step) else { return };
        let sent = self.steps.try_update(|steps| {
            if let Some(row) = steps.get_mut(at) {
                row.state = state;
            }
            let bytes = steps.iter().zip(open).map(|(row, step)| match &row.state {
                StepState::Running(transfer) => transfer.done,
                StepState::Done("sent") => size(plan, *step),
                _ => 0,
            });
            bytes.sum()
        });
        if let Some(done) = sent {
            self.transfer.try_update(|all| {
                all.done = done;
                all.elapsed = elapsed;
            });
        }
    }
}

fn is_sent(step: &PlanStep) -> bool {
    matches!(step.state, StepState::Done(how) if how != word(Outcome::Nothing))
}

fn transfer(plan: &Plan, step: usize, done: u64, elapsed: f64) -> Transfer {
    Transfer { done, total: Some(size(plan, step)), elapsed }
}

fn size(plan: &Plan, step: usize) -> u64 {
    match plan.steps.get(step) {
        Some(Step::Blob(blob)) => blob.descriptor.size,
        _ => 0,
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Nothing => "there",
        Outcome::Mounted => "mounted",
        Outcome::Sent => "sent",
        Outcome::Written => "written",
    }
}
