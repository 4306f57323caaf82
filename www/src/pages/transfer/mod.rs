//! Bringing something to a registry, as the reader sees it: where to, what there is to do, a
//! deliberate click, and how far it is. Nothing is sent before the plan was shown.

mod rows;
mod state;

use drydock::commands::Task;
use drydock::reference::Reference;
use leptos::prelude::*;

use crate::components::{
    Card, CopyButton, DigestChip, Empty, Meter, PlanRows, PlanSteps, Problem, format,
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
) -> impl IntoView {
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if blocked.with_untracked(Option::is_none) {
            plan.run(());
        }
    };
    let target = moving.target;
    let busy = move || matches!(moving.phase.get(), Phase::Running | Phase::Planning);
    let go = move || {
        let plan = moving.plan.get();
        let Some(plan) = plan.ready().and_then(Option::as_ref) else { return ().into_any() };
        if !matches!(moving.phase.get(), Phase::Planned) || plan.is_done() {
            return ().into_any();
        }
        let text = match rows::of(plan).iter().filter_map(|row| row.bytes).sum() {
            0_u64 => verb.to_owned(),
            bytes => format!("{verb} {}", format::bytes(bytes)),
        };
        let text = match rows::overwritten(plan).as_slice() {
            [] => text,
            [tag] => format!("{text}, overwrite the tag {}", format::visible(tag)),
            tags => format!("{text}, overwrite {} tags", tags.len()),
        };
        let start = move |_| moving.start(false);
        view! {
            <button type="button" class="button primary" on:click=start>
                {text}
            </button>
        }
        .into_any()
    };
    view! {
        <section class="card moving" aria-label=format!("{verb} plan")>
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
                            disabled=busy
                            readonly=fixed
                            on:input=move |event| moving.retarget(event_target_value(&event))
                        />
                    </div>
                    <button type="submit" class="button" disabled=move || busy() || blocked.with(Option::is_some)>
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
                    view! { <Empty text /> }.into_any()
                }
                Phase::Planning => view! { <Empty text="Asking the target what it has…" /> }.into_any(),
                Phase::Planned => view! { <Planned moving /> }.into_any(),
                Phase::Running => view! { <Running moving /> }.into_any(),
                Phase::Done(reference) => view! { <Done moving reference /> }.into_any(),
                Phase::Failed(problem) => view! { <Failed moving problem plan /> }.into_any(),
                Phase::TagMoved(why) => view! { <TagMoved moving why plan /> }.into_any(),
            }}
        </section>
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
                    "Every digest that the registry reported is the one that was computed here."
                </p>
                <p>
                    <code>{command}</code>
                    <CopyButton text=command label="Copy the command" />
                </p>
            </div>
        </div>
        <PlanSteps steps=moving.steps />
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
