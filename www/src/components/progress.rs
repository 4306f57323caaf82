//! Work under way: what, how much, how fast, how long still, and a way to stop it.

use leptos::prelude::*;

use super::format;

/// How a meter looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MeterKind {
    /// Under way.
    #[default]
    Running,
    /// Came out right.
    Verified,
    /// Came out wrong.
    Failed,
}

/// A thin bar; text beside it must say the same.
#[component]
pub fn Meter(
    /// From 0 to 1; none when the end is unknown.
    #[prop(into)]
    share: Signal<Option<f64>>,
    /// Its colour.
    #[prop(into, optional)]
    kind: Signal<MeterKind>,
    /// What it measures.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let class = move || match (share.get(), kind.get()) {
        (None, _) => "meter endless",
        (_, MeterKind::Running) => "meter",
        (_, MeterKind::Verified) => "meter verified",
        (_, MeterKind::Failed) => "meter failed",
    };
    let percent = move || share.get().map(|share| share.clamp(0.0, 1.0) * 100.0);
    view! {
        <div
            class=class
            role="progressbar"
            aria-label=label
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || percent().map(|percent| format!("{percent:.0}"))
        >
            <i style:width=move || percent().map(|percent| format!("{percent:.2}%"))></i>
        </div>
    }
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transfer {
    /// Bytes so far.
    pub done: u64,
    /// Bytes in all, when known.
    pub total: Option<u64>,
    /// Milliseconds since it began.
    pub elapsed: f64,
}

impl Transfer {
    /// From 0 to 1, when the end is known.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        self.total.map(|total| if total == 0 { 1.0 } else { self.done as f64 / total as f64 })
    }

    /// Bytes per second so far; none in the first moments.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.elapsed > 250.0).then(|| self.done as f64 * 1000.0 / self.elapsed)
    }

    /// `12.1 of 29.0 MB · 38 MB/s · about 1 s left`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = match self.total {
            Some(total) => format!("{} of {}", format::bytes(self.done), format::bytes(total)),
            None => format::bytes(self.done),
        };
        if let Some(rate) = self.rate().filter(|rate| *rate >= 1.0) {
            text.push_str(&format!(" · {}/s", format::bytes(rate as u64)));
            if let Some(left) = self.total.and_then(|total| total.checked_sub(self.done))
                && left > 0
            {
                text.push_str(&format!(
                    " · about {} left",
                    format::span(left as f64 / rate * 1000.0)
                ));
            }
        }
        text
    }
}

/// One transfer: what it is, how far, and a button that stops it.
#[component]
pub fn ProgressRow(
    /// What is being waited for.
    #[prop(into)]
    what: Signal<String>,
    /// How far it is; none before the first byte.
    #[prop(into)]
    transfer: Signal<Option<Transfer>>,
    /// Stops it.
    #[prop(into, optional)]
    cancel: Option<Callback<()>>,
) -> impl IntoView {
    let share = Signal::derive(move || transfer.get().and_then(|transfer| transfer.share()));
    view! {
        <div class="progress">
            <span class="what">{what}</span>
            <Meter share label="Progress" />
            <span>{move || transfer.get().map(|transfer| transfer.text())}</span>
            {cancel
                .map(|cancel| {
                    view! {
                        <button type="button" class="button small" on:click=move |_| cancel.run(())>
                            "Cancel"
                        </button>
                    }
                })}
        </div>
    }
}
