//! How far the saving of images or files is.

use std::rc::Rc;
use std::sync::Arc;

use drydock::reference::Reference;
use leptos::prelude::*;

use super::state::Copying;
use crate::components::{Problem, Transfer};
use crate::jobs::copy::Selection;
use crate::jobs::save::{self, Form, Goal, Measured, Planned};
use crate::jobs::tree::{self, Event, LayerState, Tree};
use crate::jobs::{self, Progress, Task};
use crate::net::place::Place;
use crate::pages::data;
use crate::pages::model::{ContentModel, Load};
use crate::route::Extent;

/// Where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Nothing was asked for yet.
    Idle,
    /// What it consists of is being found out; what is waited for.
    Planning(&'static str),
    /// It can be saved.
    Planned {
        /// Bytes of the file.
        size: u64,
        /// Files and folders in it.
        count: u64,
        /// What is to be known before, one sentence each.
        remarks: Vec<String>,
    },
    /// It is written.
    Running,
    /// It is done, under this name.
    Done(String),
    /// It could not be done.
    Failed(Problem),
}

/// Something that becomes a file.
#[derive(Clone, Copy)]
pub(super) struct Saving {
    pub(super) copying: Copying,
    /// What kind of file.
    pub(super) form: RwSignal<Form>,
    /// Images that are put in, too.
    pub(super) more: RwSignal<Vec<Reference>>,
    /// Where it stands.
    pub(super) step: RwSignal<Step>,
    /// How far what is under way is.
    pub(super) transfer: RwSignal<Option<Transfer>>,
    archive: StoredValue<Option<Rc<Planned>>, LocalStorage>,
    tree: StoredValue<Option<Rc<Tree>>, LocalStorage>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Saving {
    pub(super) fn new(copying: Copying, form: Form) -> Self {
        Self {
            copying,
            form: RwSignal::new(form),
            more: RwSignal::new(Vec::new()),
            step: RwSignal::new(Step::Idle),
            transfer: RwSignal::new(None),
            archive: StoredValue::new_local(None),
            tree: StoredValue::new_local(None),
            task: StoredValue::new_local(None),
        }
    }

    /// What was planned is no longer right.
    pub(super) fn void(self) {
        if !matches!(self.step.get_untracked(), Step::Running) {
            self.task.set_value(None);
            self.archive.set_value(None);
            self.step.set(Step::Idle);
        }
    }

    /// Another kind of file.
    pub(super) fn choose(self, form: Form) {
        self.form.set(form);
        self.void();
    }

    /// The name of the file.
    pub(super) fn name(self) -> String {
        let (form, extent) = (self.form.get(), self.copying.extent.get());
        self.copying.subject.with_value(|subject| {
            let whole = matches!(form, Form::Layout | Form::Folder);
            let one = !whole || extent == Extent::Platform;
            let platform = subject.platform.as_deref().filter(|_| one);
            let mut reference = subject.reference.clone();
            if extent == Extent::Tags && form != Form::RootFs {
                (reference.tag, reference.digest) = (None, None);
            }
            save::file_name(&reference, form, platform)
        })
    }

    /// Finds out how large the file will be. `content` is that of the platform that is shown.
    pub(super) fn plan(self, content: Load<Arc<ContentModel>>) {
        self.transfer.set(None);
        match (self.form.get_untracked(), content) {
            (Form::RootFs, Load::Ready(content)) => self.plan_files(&content),
            (Form::RootFs, Load::Failed(problem)) => self.step.set(Step::Failed(problem)),
            (Form::RootFs, Load::Waiting(_)) => {}
            (form, _) => self.plan_archive(form),
        }
    }

    fn plan_archive(self, form: Form) {
        let selections = untrack(move || self.selections(form));
        self.step.set(Step::Planning(match form {
            Form::Legacy => "Reading the layers, once",
            _ => "Reading the documents",
        }));
        self.run(async move {
            let planned = save::plan(form, &selections).await?;
            let (size, count) = (planned.size(), planned.files());
            let remarks = planned.remarks().to_vec();
            self.archive.try_set_value(Some(Rc::new(planned)));
            Ok(Step::Planned { size, count, remarks })
        });
    }

    fn selections(self, form: Form) -> Vec<Selection> {
        let mut all = vec![self.copying.selection()];
        let more = self.more.get();
        all.extend(more.iter().map(Selection::of));
        let (platform, attached) = match form {
            Form::DockerSave | Form::Legacy => (self.copying.platform(), false),
            _ => (self.copying.only_platform(), self.copying.attached.get()),
        };
        for selection in &mut all {
            selection.platform.clone_from(&platform);
            selection.attached = attached;
        }
        all
    }

    fn plan_files(self, content: &ContentModel) {
        let place = self.copying.subject.with_value(|subject| Place::from(&subject.reference));
        let layers = content.layers.iter().map(|layer| tree::Layer {
            place: place.clone(),
            descriptor: layer.descriptor.clone(),
            diff_id: layer.diff_id.clone(),
            soci: None,
        });
        let layers: Vec<tree::Layer> = layers.collect();
        if let Some(first) = content.not_shown().into_iter().next() {
            let sentence = "The files of this image can't be saved as a whole.".to_owned();
            self.step.set(Step::Failed(Problem { sentence, reason: first, ..Problem::default() }));
            return;
        }
        let sizes: Vec<u64> = layers.iter().map(|layer| layer.descriptor.size).collect();
        let mut done = vec![0; layers.len()];
        let told = self.clock(Some(sizes.iter().sum()));
        let on_event = move |event: Event| {
            let Event::Layer(at, state) = event else { return };
            if let (Some(done), Some(size)) = (done.get_mut(at), sizes.get(at)) {
                *done = match state {
                    LayerState::Reading(progress) => progress.downloaded,
                    _ => *size,
                };
            }
            told(done.iter().sum());
        };
        self.step.set(Step::Planning("Reading the layers, once"));
        self.run(async move {
            let known = self.tree.try_with_value(Clone::clone).flatten();
            let tree = match known {
                Some(tree) => tree,
                None => Rc::new(tree::open_to_copy(layers, on_event).await?),
            };
            let Measured { size, entries, findings } = save::measure(&tree, b"").await?;
            self.tree.try_set_value(Some(tree));
            let remarks = findings.into_iter().map(|finding| finding.message).collect();
            Ok(Step::Planned { size, count: entries, remarks })
        });
    }

    /// Lets the user choose a place where the browser can, and writes the file.
    pub(super) fn start(self) {
        let Step::Planned { size, .. } = self.step.get_untracked() else { return };
        let name = untrack(move || self.name());
        let form = self.form.get_untracked();
        let planned = self.step.get_untracked();
        self.run(async move {
            let goal = match form {
                Form::Folder => Goal::choose_folder(&name).await?,
                _ => Goal::choose(&name).await,
            };
            let Some(goal) = goal else { return Ok(planned) };
            self.step.try_set(Step::Running);
            let told = self.clock(Some(size));
            told(0);
            match form {
                Form::RootFs => {
                    let tree = self.tree.try_with_value(Clone::clone).flatten();
                    let tree = tree.ok_or_else(jobs::Problem::stopped)?;
                    let told = move |progress: Progress| told(progress.unpacked);
                    save::folder(&tree, b"", &goal, told).await?;
                }
                _ => {
                    let archive = self.archive.try_with_value(Clone::clone).flatten();
                    let archive = archive.ok_or_else(jobs::Problem::stopped)?;
                    save::write(&archive, &goal, told).await?;
                }
            }
            Ok(Step::Done(name))
        });
    }

    /// Stops it; nothing is left of the file.
    pub(super) fn stop(self) {
        self.task.set_value(None);
        let sentence = "This was stopped before it was done.".to_owned();
        let reason = "Nothing was saved.".to_owned();
        self.step.set(Step::Failed(Problem { sentence, reason, ..Problem::default() }));
    }

    fn run(self, work: impl Future<Output = Result<Step, jobs::Problem>> + 'static) {
        self.task.set_value(Some(Task::spawn(async move {
            let next = work.await.unwrap_or_else(|problem| Step::Failed(data::problem(problem)));
            self.step.try_set(next);
        })));
    }

    fn clock(self, total: Option<u64>) -> impl Fn(u64) + 'static {
        let began = js_sys::Date::now();
        move |done| {
            let elapsed = js_sys::Date::now() - began;
            self.transfer.try_set(Some(Transfer { done, total, elapsed }));
        }
    }
}
