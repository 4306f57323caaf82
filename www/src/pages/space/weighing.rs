//! Reading the layers, and weighing what is in them.

use std::sync::Arc;

use drydock::inspect::notable::Notable;
use drydock::inspect::space::Space;
use leptos::prelude::*;

use super::super::files::{layers, told};
use super::super::model::ContentModel;
use super::super::reading::LayersRead;
use super::super::shown::shown;
use crate::components::Problem;
use crate::jobs::Task;
use crate::jobs::tree::{self, Layer};

/// How far it is.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Layers are being read.
    Reading,
    /// All of them were verified and weighed.
    Here(Arc<Space>, Arc<[Notable]>),
    /// It can't be had.
    Failed(Problem),
}

/// The weighing of one image, as signals.
#[derive(Clone, Copy)]
pub(super) struct Weighing {
    /// How far it is.
    pub(super) phase: RwSignal<Phase>,
    /// How far the layers are.
    pub(super) progress: LayersRead,
    source: StoredValue<Vec<Layer>, LocalStorage>,
    /// Whether files are compared by their contents.
    compares: StoredValue<bool>,
    /// What was found out without that.
    before: StoredValue<Option<Phase>>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Weighing {
    /// Begins to read what is not known yet.
    pub(super) fn begin(content: &ContentModel) -> Self {
        let reference = shown().route.with_untracked(|route| route.reference.clone());
        let weighing = Self {
            phase: RwSignal::new(Phase::Reading),
            progress: LayersRead::new(),
            source: StoredValue::new_local(layers(&reference, content)),
            compares: StoredValue::new(false),
            before: StoredValue::new(None),
            task: StoredValue::new_local(None),
        };
        weighing.read();
        weighing
    }

    /// Reads the layers, also again after that failed.
    pub(super) fn read(self) {
        let layers = self.source.get_value();
        let compares = self.compares.get_value();
        self.phase.set(Phase::Reading);
        self.progress.begin(&layers);
        let on_event = self.progress.follow(0);
        self.task.set_value(Some(Task::spawn(async move {
            let weighed = async {
                let tree = match compares {
                    true => tree::open_with_file_digests(layers, on_event).await?,
                    false => tree::open(layers, on_event).await?,
                };
                tree.weigh().await
            };
            self.phase.try_set(match weighed.await {
                Ok((space, notable)) => Phase::Here(Arc::new(space), notable.into()),
                Err(problem) => Phase::Failed(told(&problem)),
            });
        })));
    }

    /// Reads the layers once more, with a digest of each file.
    pub(super) fn compare_contents(self) {
        self.before.set_value(Some(self.phase.get_untracked()));
        self.compares.set_value(true);
        self.read();
    }

    /// Stops reading; what was known before is shown again.
    pub(super) fn cancel(self) {
        self.task.set_value(None);
        if let Some(before) = self.before.try_update_value(Option::take).flatten() {
            self.compares.set_value(false);
            self.phase.set(before);
            return;
        }
        self.phase.set(Phase::Failed(Problem {
            sentence: "Reading was stopped.".to_owned(),
            reason: "What weighs is known when all layers of the image were read.".to_owned(),
            retry: true,
            ..Problem::default()
        }));
    }

    /// What is being done.
    pub(super) fn what(self) -> &'static str {
        match self.compares.get_value() {
            true => "Reading the layers, with a digest of each file",
            false => "Reading the layers",
        }
    }
}
