//! What a push or a copy will do, and how far it is.

use leptos::prelude::*;

use super::{ByteSize, Meter, MeterKind, Transfer, format};

/// One line of a plan: several steps of a kind, or one that stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// What is done, in a word: `there`, `mount`, `upload`, `tag`.
    pub badge: &'static str,
    /// How that looks.
    pub class: &'static str,
    /// What it is done to.
    pub what: String,
    /// What else is to be known; set off when it is a warning.
    pub note: String,
    /// Whether the note is a warning.
    pub warning: bool,
    /// Bytes that are sent for it.
    pub bytes: Option<u64>,
}

/// How far one step is.
#[derive(Clone, Debug, PartialEq)]
pub enum StepState {
    /// It has not begun.
    Waiting,
    /// It is under way.
    Running(Transfer),
    /// The other side has to be left alone for a while; why.
    Pausing(String),
    /// It is done; how, in a word.
    Done(&'static str),
}

/// One step that something is done for.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanStep {
    /// What it is.
    pub what: String,
    /// How far it is.
    pub state: StepState,
}

/// A plan, line by line.
#[component]
pub fn PlanRows(
    /// The lines.
    #[prop(into)]
    rows: Signal<Vec<PlanRow>>,
) -> impl IntoView {
    let row = |row: PlanRow| {
        let note = (!row.note.is_empty()).then(|| {
            let class = if row.warning { "badge warning" } else { "muted" };
            view! { <span class=class><bdi>{format::visible(&row.note)}</bdi></span> }
        });
        let size = row.bytes.map(|bytes| view! { <ByteSize bytes /> });
        view! {
            <li>
                <span class=format!("badge {}", row.class)>{row.badge}</span>
                <span class="grow plan-what">
                    <bdi>{format::visible(&row.what)}</bdi>
                    {note}
                </span>
                <span class="number">{size}</span>
            </li>
        }
    };
    view! { <ul class="rows plan">{move || rows.get().into_iter().map(row).collect_view()}</ul> }
}

/// The steps of a plan while it is carried out.
#[component]
pub fn PlanSteps(
    /// The steps.
    #[prop(into)]
    steps: Signal<Vec<PlanStep>>,
) -> impl IntoView {
    let row = |step: PlanStep| {
        let what = format::visible(&step.what);
        let state = match step.state {
            StepState::Waiting => view! { <span class="muted">"waiting"</span> }.into_any(),
            StepState::Pausing(why) => {
                view! { <span class="badge warning"><bdi>{format::visible(&why)}</bdi></span> }
                    .into_any()
            }
            StepState::Done(how) => view! { <span class="badge verified">{how}</span> }.into_any(),
            StepState::Running(transfer) => {
                let share = Signal::stored(transfer.share());
                let kind = Signal::stored(MeterKind::Running);
                view! {
                    <Meter share kind label=format!("How far {what} is") />
                    <span class="muted">{transfer.text()}</span>
                }
                .into_any()
            }
        };
        view! {
            <li>
                <span class="grow mono plan-what">
                    <bdi>{what}</bdi>
                </span>
                {state}
            </li>
        }
    };
    view! { <ul class="rows plan">{move || steps.get().into_iter().map(row).collect_view()}</ul> }
}
