//! Reading the layers, and looking through their files.

use std::rc::Rc;

use drydock::inspect::search::{Hit, Searched};
use leptos::prelude::*;

use super::super::data;
use super::super::files::{layers, told};
use super::super::model::ContentModel;
use super::super::reading::LayersRead;
use super::super::shown::shown;
use super::wanted;
use crate::components::{Problem, Transfer};
use crate::jobs::Task;
use crate::jobs::search::{self, Searchable, Told};
use crate::jobs::tree::Layer;
use crate::route::SearchView;

/// Most hits that are shown.
pub(super) const MOST: usize = 500;

/// How far it is.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Nothing is looked for.
    Idle,
    /// Layers are being read.
    Layers,
    /// Their files are being looked through.
    Files,
    /// All of them were.
    Done(Searched),
    /// The reader stopped it; what was found before is shown.
    Stopped,
    /// It can't be done; nothing that was found may be believed.
    Failed(Problem),
}

/// The search in one image, as signals.
#[derive(Clone, Copy)]
pub(super) struct Looking {
    /// How far it is.
    pub(super) phase: RwSignal<Phase>,
    /// How far the layers are.
    pub(super) progress: LayersRead,
    /// How far looking through them is.
    pub(super) looked: RwSignal<Option<Transfer>>,
    /// What was found so far.
    pub(super) hits: RwSignal<Vec<Hit>>,
    source: StoredValue<Vec<Layer>, LocalStorage>,
    opened: StoredValue<Option<Rc<Searchable>>, LocalStorage>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Looking {
    /// Nothing is looked for yet.
    pub(super) fn new(content: &ContentModel) -> Self {
        let reference = shown().route.with_untracked(|route| route.reference.clone());
        Self {
            phase: RwSignal::new(Phase::Idle),
            progress: LayersRead::new(),
            looked: RwSignal::new(None),
            hits: RwSignal::new(Vec::new()),
            source: StoredValue::new_local(layers(&reference, content)),
            opened: StoredValue::new_local(None),
            task: StoredValue::new_local(None),
        }
    }

    /// Looks for something else.
    pub(super) fn look(self, view: &SearchView) {
        self.task.set_value(None);
        self.hits.set(Vec::new());
        self.looked.set(None);
        if view.text.is_empty() {
            self.phase.set(Phase::Idle);
            return;
        }
        let wanted = wanted(view);
        let layers = self.source.get_value();
        let opened = self.opened.get_value();
        self.phase.set(Phase::Layers);
        self.progress.begin(&layers);
        let on_event = self.progress.follow(0);
        self.task.set_value(Some(Task::spawn(async move {
            if let Err(problem) = search::understand(&wanted).await {
                self.phase.try_set(Phase::Failed(data::problem(problem)));
                return;
            }
            let opened = match opened {
                Some(opened) => Ok(opened),
                None => search::open(layers, on_event).await.map(Rc::new),
            };
            let opened = match opened {
                Ok(opened) => opened,
                Err(problem) => {
                    self.phase.try_set(Phase::Failed(told(&problem)));
                    return;
                }
            };
            self.opened.try_set_value(Some(Rc::clone(&opened)));
            self.phase.try_set(Phase::Files);
            let (began, total) = (js_sys::Date::now(), Some(opened.bytes()));
            let on_told = move |told: Told| match told {
                Told::Looked(done) => {
                    let elapsed = js_sys::Date::now() - began;
                    self.looked.try_set(Some(Transfer { done, total, elapsed }));
                }
                Told::Hits(more) => {
                    self.hits.try_update(|hits| hits.extend(more));
                }
            };
            match opened.search(wanted, on_told).await {
                Ok(searched) => {
                    self.phase.try_set(Phase::Done(searched));
                }
                Err(problem) => {
                    self.hits.try_set(Vec::new());
                    // Its worker may be gone, and what that held.
                    self.opened.try_set_value(None);
                    self.phase.try_set(Phase::Failed(data::problem(problem)));
                }
            }
        })));
    }

    /// Stops it.
    pub(super) fn cancel(self) {
        self.task.set_value(None);
        // A worker that does not stop at once is ended, and the tree with it.
        self.opened.set_value(None);
        self.phase.set(Phase::Stopped);
    }
}
