//! Reading the layers, and what their files say of packages.

use std::rc::Rc;

use leptos::prelude::*;

use super::super::files::{layers, told};
use super::super::model::ContentModel;
use super::super::reading::LayersRead;
use super::super::shown::shown;
use crate::components::{Problem, Transfer};
use crate::jobs::packages::{self, Installed};
use crate::jobs::tree::Layer;
use crate::jobs::{Progress, Task};

/// How far it is.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Layers are being read.
    Layers,
    /// Their files are being looked at.
    Files,
    /// All is known.
    Here,
    /// It can't be had.
    Failed(Problem),
}

/// The reading of one image, as signals.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    /// How far it is.
    pub(super) phase: RwSignal<Phase>,
    /// How far the layers are.
    pub(super) progress: LayersRead,
    /// How far looking at their files is.
    pub(super) looked: RwSignal<Option<Transfer>>,
    /// What was found.
    pub(super) installed: StoredValue<Option<Rc<Installed>>, LocalStorage>,
    source: StoredValue<Vec<Layer>, LocalStorage>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Reading {
    /// Begins to read what is not known yet.
    pub(super) fn begin(content: &ContentModel) -> Self {
        let reference = shown().route.with_untracked(|route| route.reference.clone());
        let reading = Self {
            phase: RwSignal::new(Phase::Layers),
            progress: LayersRead::new(),
            looked: RwSignal::new(None),
            installed: StoredValue::new_local(None),
            source: StoredValue::new_local(layers(&reference, content)),
            task: StoredValue::new_local(None),
        };
        reading.read();
        reading
    }

    /// Reads them, also again after that failed.
    pub(super) fn read(self) {
        let layers = self.source.get_value();
        let total = layers.iter().map(|layer| layer.descriptor.size).sum();
        self.phase.set(Phase::Layers);
        self.looked.set(None);
        self.progress.begin(&layers);
        let on_event = self.progress.follow(0);
        let began = js_sys::Date::now();
        let on_read = move |progress: Progress| {
            let elapsed = js_sys::Date::now() - began;
            let done = progress.downloaded;
            self.looked.try_set(Some(Transfer { done, total: Some(total), elapsed }));
            if self.phase.try_with_untracked(|phase| matches!(phase, Phase::Layers)) == Some(true) {
                self.phase.try_set(Phase::Files);
            }
        };
        self.task.set_value(Some(Task::spawn(async move {
            let phase = match packages::read(layers, on_event, on_read).await {
                Ok(installed) => {
                    self.installed.try_set_value(Some(Rc::new(installed)));
                    Phase::Here
                }
                Err(problem) => Phase::Failed(told(&problem)),
            };
            self.phase.try_set(phase);
        })));
    }

    /// Stops it.
    pub(super) fn cancel(self) {
        self.task.set_value(None);
        self.phase.set(Phase::Failed(Problem {
            sentence: "Reading was stopped.".to_owned(),
            reason: "Which packages there are is known when all layers of the image were read."
                .to_owned(),
            retry: true,
            ..Problem::default()
        }));
    }
}
