//! The line between two panes, which can be dragged, also by keys.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{KeyboardEvent, PointerEvent};

const KEY: &str = "drydock.split";
/// Smallest and largest share of the first pane, in hundredths.
const FROM: f64 = 20.0;
const TO: f64 = 80.0;
/// Hundredths that a key moves it by.
const STEP: f64 = 2.0;

/// How the room is shared; remembered for the next time.
#[derive(Clone, Copy)]
pub struct Split(RwSignal<f64>);

impl Split {
    /// As it was left, or in halves.
    #[must_use]
    pub fn remembered() -> Self {
        let kept = window().local_storage().ok().flatten();
        let kept = kept.and_then(|storage| storage.get_item(KEY).ok().flatten());
        let share =
            kept.and_then(|text| text.parse::<f64>().ok()).filter(|share| share.is_finite());
        Self(RwSignal::new(share.unwrap_or(50.0).clamp(FROM, TO)))
    }

    /// Width of the first pane, for the style; tracked.
    #[must_use]
    pub fn width(self) -> String {
        format!("{:.1}%", self.0.get())
    }

    fn set(self, share: f64) {
        let share = share.clamp(FROM, TO);
        self.0.set(share);
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(KEY, &format!("{share:.1}"));
        }
        // Lists notice by this how many of their rows are in view.
        if let Ok(event) = web_sys::Event::new("resize") {
            let _ = window().dispatch_event(&event);
        }
    }
}

/// The line. Its neighbours stand beside it in one row.
#[component]
pub fn Divider(
    /// What it changes.
    split: Split,
) -> impl IntoView {
    let down = move |event: PointerEvent| {
        if let Some(line) = element(&event) {
            let _ = line.set_pointer_capture(event.pointer_id());
        }
        event.prevent_default();
    };
    let moved = move |event: PointerEvent| {
        let Some(line) = element(&event) else { return };
        let Some(row) = line.parent_element() else { return };
        if line.has_pointer_capture(event.pointer_id()) {
            let room = row.get_bounding_client_rect();
            split.set((f64::from(event.client_x()) - room.left()) / room.width().max(1.0) * 100.0);
        }
    };
    let key = move |event: KeyboardEvent| {
        let now = split.0.get_untracked();
        match &*event.key() {
            "ArrowLeft" => split.set(now - STEP),
            "ArrowRight" => split.set(now + STEP),
            "Home" => split.set(FROM),
            "End" => split.set(TO),
            "Enter" => split.set(50.0),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    view! {
        <div
            class="divider"
            role="separator"
            tabindex="0"
            aria-orientation="vertical"
            aria-label="Width of the list"
            aria-valuemin=FROM.to_string()
            aria-valuemax=TO.to_string()
            aria-valuenow=move || format!("{:.0}", split.0.get())
            on:pointerdown=down
            on:pointermove=moved
            on:dblclick=move |_| split.set(50.0)
            on:keydown=key
        ></div>
    }
}

fn element(event: &PointerEvent) -> Option<web_sys::Element> {
    event.current_target()?.dyn_into().ok()
}
