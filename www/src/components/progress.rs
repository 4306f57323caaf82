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

/// Longest time, in milliseconds, that is told as what is left.
const LONGEST: f64 = 24.0 * 3_600_000.0;

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

    /// `12.1 of 29.0 MB`.
    #[must_use]
    pub fn amount(&self) -> String {
        match self.total {
            Some(total) => format!("{} of {}", format::bytes(self.done), format::bytes(total)),
            None => format::bytes(self.done),
        }
    }

    /// `12.1 of 29.0 MB · 38 MB/s · about 1 s left`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.amount();
        if let Some(rate) = self.rate().filter(|rate| *rate >= 1.0) {
            text.push_str(&format!(" · {}/s", format::bytes(rate as u64)));
            if let Some(left) = self.total.and_then(|total| total.checked_sub(self.done))
                && left > 0
            {
                let span = left as f64 / rate * 1000.0;
                // Of what takes days the rate says nothing; it is about to change.
                if span < 1000.0 {
                    text.push_str(" · less than a second left");
                } else if span < LONGEST {
                    text.push_str(&format!(" · about {} left", format::span(span)));
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_only_when_it_means_something() {
        let at = |done, total, elapsed| Transfer { done, total, elapsed }.text();
        assert_eq!(
            at(12_000_000, Some(24_000_000), 1000.0),
            "12.0 MB of 24.0 MB · 12.0 MB/s · about 1.0 s left"
        );
        assert_eq!(at(24_000_000, Some(24_000_000), 1000.0), "24.0 MB of 24.0 MB · 24.0 MB/s");
        assert_eq!(at(100, Some(24_000_000), 1_000_000.0), "100 B of 24.0 MB");
        assert_eq!(at(100, Some(24_000_000), 10_000.0), "100 B of 24.0 MB · 10 B/s");
        assert_eq!(at(0, None, 10.0), "0 B");
    }
}
