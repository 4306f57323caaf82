//! Reading the layers, and weighing what is in them.

use std::sync::Arc;

use drydock::inspect::notable::Notable;
use drydock::inspect::space::Space;
use leptos::prelude::*;

use super::super::files::{layers, told};
use super::super::model::ContentModel;
use super::super::shown::shown;
use crate::components::{Problem, Transfer};
use crate::jobs::Task;
use crate::jobs::tree::{self, Event, Layer, LayerState};

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
    /// How far each layer is, base first, with its size.
    progress: RwSignal<Vec<(Option<LayerState>, u64)>>,
    started: StoredValue<f64>,
    source: StoredValue<Vec<Layer>, LocalStorage>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Weighing {
    /// Begins to read what is not known yet.
    pub(super) fn begin(content: &ContentModel) -> Self {
        let reference = shown().route.with_untracked(|route| route.reference.clone());
        let weighing = Self {
            phase: RwSignal::new(Phase::Reading),
            progress: RwSignal::new(Vec::new()),
            started: StoredValue::new(0.0),
            source: StoredValue::new_local(layers(&reference, content)),
            task: StoredValue::new_local(None),
        };
        weighing.read();
        weighing
    }

    /// Reads the layers, also again after that failed.
    pub(super) fn read(self) {
        let layers = self.source.get_value();
        self.started.set_value(js_sys::Date::now());
        self.phase.set(Phase::Reading);
        self.progress.set(layers.iter().map(|layer| (None, layer.descriptor.size)).collect());
        let on_event = move |event| {
            let Event::Layer(at, state) = event else { return };
            self.progress.try_update(|all| {
                if let Some(layer) = all.get_mut(at) {
                    layer.0 = Some(state);
                }
            });
        };
        self.task.set_value(Some(Task::spawn(async move {
            let weighed = async { tree::open(layers, on_event).await?.weigh().await };
            self.phase.try_set(match weighed.await {
                Ok((space, notable)) => Phase::Here(Arc::new(space), notable.into()),
                Err(problem) => Phase::Failed(told(&problem)),
            });
        })));
    }

    /// Stops reading.
    pub(super) fn cancel(self) {
        self.task.set_value(None);
        self.phase.set(Phase::Failed(Problem {
            sentence: "Reading was stopped.".to_owned(),
            reason: "What weighs is known when all layers of the image were read.".to_owned(),
            retry: true,
            ..Problem::default()
        }));
    }

    /// Bytes of all layers that have come.
    pub(super) fn transfer(self) -> Transfer {
        let (done, total) = self.progress.with(|all| {
            all.iter().fold((0_u64, 0_u64), |(done, total), (state, size)| {
                let come = match state {
                    None => 0,
                    Some(LayerState::Reading(progress)) => progress.downloaded,
                    Some(_) => *size,
                };
                (done.saturating_add(come), total.saturating_add(*size))
            })
        });
        Transfer {
            done,
            total: Some(total),
            elapsed: js_sys::Date::now() - self.started.get_value(),
        }
    }
}
