//! Bringing something to a registry, as the reader sees it: where to, what there is to do, a
//! deliberate click, and how far it is. Nothing is sent before the plan was shown.

mod rows;
mod state;

use drydock::commands::Task;
use drydock::reference::Reference;
use leptos::html;
use leptos::prelude::*;

use crate::components::focus::FocusInside;
use crate::components::{
    Card, CopyButton, DigestChip, Icon, Meter, Picture, PlanRows, PlanSteps, Problem, format,
};
use crate::pages::commands::{self, Server};
use crate::pages::model::Load;
use crate::pages::trouble::Trouble;
use crate::route::Route;

pub use self::state::{Moving, Phase};

/// The target, the plan, and the carrying out of it.
#[component]
pub fn MovingCard(
    /// What is moved, and how far it is.
    moving: Moving,
    /// What the button says: `Push`, `Copy`.
    verb: &'static str,
    /// Why nothing can be planned yet; none when it can.
    #[prop(into)]
    blocked: Signal<Option<String>>,
    /// Makes a plan for the target that was typed.
    #[prop(into)]
    plan: Callback<()>,
    /// The target is what it is, and no other can be typed.
    #[prop(optional)]
    fixed: bool,
    /// Where there is little room it is one line until it is opened.
    #[prop(optional)]
    foldable: bool,
) -> impl IntoView {
    let target = moving.target;
    let busy = move || matches!(moving.phase.get(), Phase::Running | Phase::Planning);
    let may_plan = move || !busy() && blocked.with(Option::is_none);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if untrack(may_plan) {
            plan.run(());
        }
    };
    let text = move || action(moving, verb);
    let go = move || {
        let (text, overwrites) = text()?;
        let start = move |_| {
            if blocked.with_untracked(Option::is_none) {
                moving.start(false);
            }
        };
        Some(view! {
            <button
                type="button"
                class="button primary"
                class:overwrites=overwrites
                aria-disabled=move || blocked.with(Option::is_some).to_string()
                on:click=start
            >
                {text}
            </button>
        })
    };
    let card = NodeRef::<html::Section>::new();
    let open = RwSignal::new(false);
    let summary = foldable.then(|| view! { <Summary moving verb blocked open /> });
    let focus = FocusInside::new(card);
    Effect::new(move |_| {
        moving.phase.track();
        focus.keep(&[".progress button", ".panel :is(a, button)", "input", "button"]);
    });
    view! {
        <section
            class="card moving"
            class:foldable=foldable
            class:opened=open
            aria-label=format!("{verb} plan")
            node_ref=card
            on:focusin=move |_| focus.came()
            on:focusout=move |event| focus.went(&event)
        >
            {summary}
            <header>
                <h2>{format!("{verb} plan")}</h2>
                <form class="target" on:submit=submit>
                    <label for="target" class="muted">
                        "to"
                    </label>
                    <div class="field grow">
                        <input
                            id="target"
                            autocomplete="off"
                            autocapitalize="off"
                            spellcheck="false"
                            placeholder="registry.example/owner/app:tag"
                            prop:value=target
                            readonly=move || fixed || busy()
                            on:input=move |event| moving.retarget(event_target_value(&event))
                        />
                    </div>
                    // It keeps the focus while the target is asked.
                    <button type="submit" class="button" aria-disabled=move || (!may_plan()).to_string()>
                        "Plan"
                    </button>
                </form>
                <div class="acts">{go}</div>
            </header>
            {move || match moving.phase.get() {
                Phase::Idle => {
                    let text = blocked
                        .get()
                        .unwrap_or_else(|| "Nothing is sent before you have seen what there is to do.".to_owned());
                    view! { <p class="said-so">{text}</p> }.into_any()
                }
                Phase::Planning => {
                    view! { <p class="said-so" role="status">"Asking the target what it has…"</p> }
                        .into_any()
                }
                Phase::Planned => view! { <Planned moving /> }.into_any(),
                Phase::Running => view! { <Running moving /> }.into_any(),
                Phase::Done(reference) => view! { <Done moving reference /> }.into_any(),
                Phase::Failed(problem) => view! { <Failed moving problem plan /> }.into_any(),
                Phase::TagMoved(why) => view! { <TagMoved moving why plan /> }.into_any(),
            }}
        </section>
    }
}

/// What the button says, and whether a tag will stand for something else; none while there is
/// nothing to do.
fn action(moving: Moving, verb: &'static str) -> Option<(String, bool)> {
    let plan = moving.plan.get();
    let plan = plan.ready().and_then(Option::as_ref)?;
    if !matches!(moving.phase.get(), Phase::Planned) || plan.is_done() {
        return None;
    }
    let text = match rows::of(plan).iter().filter_map(|row| row.bytes).sum() {
        0_u64 => verb.to_owned(),
        bytes => format!("{verb} {}", format::bytes(bytes)),
    };
    Some(match rows::overwritten(plan).as_slice() {
        [] => (text, false),
        [tag] => (format!("{text}, overwrite the tag {}", format::visible(tag)), true),
        tags => (format!("{text}, overwrite {} tags", tags.len()), true),
    })
}

/// The one line: how far it is, and the way to the rest.
#[component]
fn Summary(
    moving: Moving,
    verb: &'static str,
    blocked: Signal<Option<String>>,
    open: RwSignal<bool>,
) -> impl IntoView {
    let state = move || match moving.phase.get() {
        Phase::Idle => blocked.get().unwrap_or_else(|| format!("to {}", moving.target.get())),
        Phase::Planning => "Asking the target what it has…".to_owned(),
        Phase::Planned => match action(moving, verb) {
            Some((text, _)) => text,
            None => "The target has all of it.".to_owned(),
        },
        Phase::Running => moving.transfer.get().text(),
        Phase::Done(reference) => format!("Done: {reference}"),
        Phase::Failed(problem) => problem.sentence,
        Phase::TagMoved(_) => "Somebody else has moved the tag".to_owned(),
    };
    view! {
        <button
            type="button"
            class="summary-bar"
            aria-expanded=move || open.get().to_string()
            on:click=move |_| open.update(|open| *open = !*open)
        >
            <span class="turn">
                <Icon picture=Picture::Down size=12 />
            </span>
            <b class="nowrap">{format!("{verb} plan")}</b>
            <bdi class="clip muted">{move || format::visible(&state())}</bdi>
        </button>
    }
}

#[component]
fn Planned(moving: Moving) -> impl IntoView {
    let rows = Signal::derive(move || {
        let plan = moving.plan.get();
        plan.ready().and_then(Option::as_ref).map(|plan| rows::of(plan)).unwrap_or_default()
    });
    let nothing = move || {
        let plan = moving.plan.get();
        plan.ready().and_then(Option::as_ref).is_some_and(|plan| plan.is_done())
    };
    view! {
        <PlanRows rows />
        <Show when=nothing>
            <p class="notice muted">"The target has all of it already; there is nothing to do."</p>
        </Show>
    }
}

#[component]
fn Running(moving: Moving) -> impl IntoView {
    let share = Signal::derive(move || moving.transfer.get().share());
    view! {
        <div class="progress" role="status">
            <Meter share label="All of it" />
            <span>{move || moving.transfer.get().text()}</span>
            <button type="button" class="button small" on:click=move |_| moving.stop()>
                "Cancel"
            </button>
        </div>
        <PlanSteps steps=moving.steps />
    }
}

#[component]
fn Done(moving: Moving, reference: Reference) -> impl IntoView {
    let href = Route::image(reference.clone()).href();
    let server = Server::ask();
    let image = reference.clone();
    let pull = Memo::new(move |_| {
        let image = server.image(&image)?;
        commands::lines(&Task::Pull { image }).into_iter().next().map(|line| line.text)
    });
    let command = Signal::derive(move || pull.get().unwrap_or_default());
    let name = reference.to_string();
    let stands_for = moving.only_root().map(|digest| view! { <p><DigestChip digest /></p> });
    view! {
        <div class="panel verified inner" role="status">
            <div class="say">
                <h2>"Done: " <a href=href><bdi>{name}</bdi></a></h2>
                {stands_for}
                <p>
                    "Every manifest has the digest that was computed here. Blobs that came from another registry did not pass this tab: the server that passed them on and the target compare them."
                </p>
                <p>
                    <code>{command}</code>
                    <CopyButton text=command label="Copy the command" />
                </p>
            </div>
        </div>
        <details class="steps-done">
            <summary>{move || format::plural(moving.steps.with(Vec::len), "step", "steps")}</summary>
            <PlanSteps steps=moving.steps />
        </details>
    }
}

#[component]
fn Failed(moving: Moving, problem: Problem, plan: Callback<()>) -> impl IntoView {
    let registry = moving.registry();
    let problem = Problem { retry: true, ..problem };
    view! {
        <div class="body">
            <Trouble problem registry retry=plan />
            {moving
                .has_sent()
                .then(|| {
                    view! {
                        <p class="notice muted">
                            "What has arrived is not sent again, and no tag was set before all that it needs was there."
                        </p>
                    }
                })}
        </div>
    }
}

#[component]
fn TagMoved(moving: Moving, why: String, plan: Callback<()>) -> impl IntoView {
    view! {
        <div class="panel warning inner" role="alert">
            <div class="say">
                <h2>"Somebody else has moved the tag"</h2>
                <p><bdi>{format::visible(&why)}</bdi></p>
            </div>
            <div class="acts">
                <button type="button" class="button" on:click=move |_| plan.run(())>
                    "Plan again"
                </button>
                <button type="button" class="button" on:click=move |_| moving.start(true)>
                    "Overwrite it"
                </button>
            </div>
        </div>
    }
}

/// What a plan has to say beside its steps.
#[component]
pub fn PlanRemarks(
    /// What is moved.
    moving: Moving,
) -> impl IntoView {
    move || {
        let plan = moving.plan.get();
        let findings = match &plan {
            Load::Ready(Some(plan)) => crate::jobs::push::remarks(&plan.findings),
            _ => Vec::new(),
        };
        (!findings.is_empty()).then(|| {
            let lines = findings
                .into_iter()
                .map(|line| view! { <li><bdi>{format::visible(&line)}</bdi></li> });
            view! {
                <Card title="To be known before">
                    <ul class="rows">{lines.collect_view()}</ul>
                </Card>
            }
        })
    }
}
