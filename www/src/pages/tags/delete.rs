//! Deleting tags and manifests: what would go, a deliberate click, and what came of it.

use drydock::commands::Task;
use drydock::reference::{Reference, Target};
use drydock::transfer::tag::Deletion;
use leptos::prelude::*;

use super::acting::{Acting, Ended, Stage};
use super::deletion;
use crate::components::{Card, CommandLines, Empty, PlanRows, Problem, format};
use crate::pages::commands::{self, Server};
use crate::pages::trouble::Trouble;

/// One deletion, from the look at it to its end.
#[component]
pub(super) fn DeleteCard(acting: Acting, server: Server, stage: Stage) -> impl IntoView {
    let close = move || {
        view! {
            <button type="button" class="button small" on:click=move |_| acting.leave()>
                "Close"
            </button>
        }
    };
    let body = match stage {
        Stage::Looking => {
            view! { <Empty text="Asking the registry what would go, and which tags stand for it…" /> }
                .into_any()
        }
        Stage::Looked(deletions) => view! { <Looked acting server deletions /> }.into_any(),
        Stage::Deleting => view! { <Empty text="Deleting…" /> }.into_any(),
        Stage::Ended(ended) => view! { <Outcome acting ended /> }.into_any(),
        Stage::Failed(problem) => view! { <Failed acting problem /> }.into_any(),
    };
    view! {
        <Card title="Delete" acts=close>
            <div class="deleting" role="status">
                {body}
            </div>
        </Card>
    }
}

#[component]
fn Looked(acting: Acting, server: Server, deletions: Vec<Deletion>) -> impl IntoView {
    let repository = acting.repository.get_value();
    let name = deletion::name(&repository, &deletions);
    let rows = Signal::stored(deletions.iter().flat_map(deletion::rows).collect::<Vec<_>>());
    let lines = Memo::new(move |_| match deletions.as_slice() {
        [one] => {
            let image = server.image(&named(&repository, &one.target));
            image.map(|image| commands::lines(&Task::Delete { image })).unwrap_or_default()
        }
        _ => Vec::new(),
    });
    view! {
        <PlanRows rows />
        <div class="body">
            <p class="muted">"This can't be taken back. Blobs stay until the registry cleans up."</p>
            <div class="acts">
                <button type="button" class="button danger" on:click=move |_| acting.delete()>
                    <span class="wrap-anywhere">"Delete " <bdi>{name}</bdi></span>
                </button>
                <button type="button" class="button" on:click=move |_| acting.leave()>
                    "Keep"
                </button>
            </div>
        </div>
        <CommandLines lines />
    }
}

#[component]
fn Outcome(acting: Acting, ended: Vec<Ended>) -> impl IntoView {
    let repository = acting.repository.get_value();
    let rows = ended.into_iter().map(|Ended { target, problem, instead }| {
        let name = named(&repository, &target).to_string();
        let Some(problem) = problem else {
            return view! {
                <li>
                    <span class="badge verified">"deleted"</span>
                    <span class="grow plan-what">
                        <bdi>{name}</bdi>
                    </span>
                </li>
            }
            .into_any();
        };
        let instead = instead.map(|digest| {
            view! {
                <button
                    type="button"
                    class="button small"
                    on:click=move |_| acting.look_at(digest.clone())
                >
                    "Look at deleting the manifest"
                </button>
            }
        });
        view! {
            <li>
                <span class="badge failed">"kept"</span>
                <span class="grow plan-what">
                    <span>
                        <bdi>{name}</bdi>
                        " "
                        <span class="muted">
                            <bdi>{format::visible(&told(&problem))}</bdi>
                        </span>
                    </span>
                </span>
                {instead}
            </li>
        }
        .into_any()
    });
    view! { <ul class="rows plan">{rows.collect_view()}</ul> }
}

#[component]
fn Failed(acting: Acting, problem: Problem) -> impl IntoView {
    let registry = acting.repository.with_value(|repository| repository.registry.to_string());
    let problem = Problem { retry: false, ..problem };
    view! {
        <div class="body">
            <Trouble problem registry />
        </div>
    }
}

fn told(problem: &Problem) -> String {
    format!("{} {}", problem.sentence, problem.reason).trim().to_owned()
}

fn named(repository: &Reference, target: &Target) -> Reference {
    match target {
        Target::Tag(tag) => repository.tagged(tag.clone()),
        Target::Digest(digest) => Reference { tag: None, ..repository.pinned(digest) },
    }
}
