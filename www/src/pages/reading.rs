//! How far the layers are that are being read, all together.

use leptos::prelude::*;

use crate::components::Transfer;
use crate::jobs::tree::{Event, Layer, LayerState};

/// The layers of one tree, or of several one behind the other, as signals.
#[derive(Clone, Copy)]
pub(super) struct LayersRead {
    /// How far each is, with its size.
    progress: RwSignal<Vec<(Option<LayerState>, u64)>>,
    started: StoredValue<f64>,
}

impl LayersRead {
    /// Nothing is read yet.
    pub(super) fn new() -> Self {
        Self { progress: RwSignal::new(Vec::new()), started: StoredValue::new(0.0) }
    }

    /// These will be read.
    pub(super) fn begin<'a>(self, layers: impl IntoIterator<Item = &'a Layer>) {
        self.started.set_value(js_sys::Date::now());
        let layers = layers.into_iter().map(|layer| (None, layer.descriptor.size));
        self.progress.set(layers.collect());
    }

    /// Follows a tree whose first layer has this place among all, from 0.
    pub(super) fn follow(self, first: usize) -> impl FnMut(Event) + 'static {
        move |event| {
            let Event::Layer(at, state) = event else { return };
            self.progress.try_update(|all| {
                if let Some(layer) = all.get_mut(first + at) {
                    layer.0 = Some(state);
                }
            });
        }
    }

    /// Bytes of all of them that have come; tracked.
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
        let elapsed = js_sys::Date::now() - self.started.get_value();
        Transfer { done, total: Some(total), elapsed }
    }
}
