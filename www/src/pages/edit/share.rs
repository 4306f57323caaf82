//! A draft as a link: what it would carry is shown before, and files are to be supplied again.

use drydock::edit::link::{self, CarriedKind};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Editing;
use crate::chosen::Chosen;
use crate::components::{
    ByteSize, Card, Choice, ChooseButton, CopyButton, Untrusted, format, save_bytes,
};
use crate::jobs::{Task, gather};
use crate::net::clock;
use crate::pages::data;

/// What a draft is called as a file.
const DRAFT_FILE: &str = "drydock-draft.json";

/// The link, and the files that the draft lacks here.
#[component]
pub(super) fn ShareDraft(editing: Editing) -> impl IntoView {
    let asked = RwSignal::new(false);
    let some = move || {
        editing.kept.with(|kept| kept.as_ref().is_some_and(|it| !it.draft().edits.is_empty()))
    };
    view! {
        <Missing editing />
        <Show when=some>
            <p class="muted">
                <button
                    type="button"
                    class="button small"
                    aria-expanded=move || asked.get().to_string()
                    on:click=move |_| asked.update(|asked| *asked = !*asked)
                >
                    "Share this draft"
                </button>
            </p>
        </Show>
        <Show when=move || asked.get() && some()>
            <Look editing />
        </Show>
    }
}

#[component]
fn Look(editing: Editing) -> impl IntoView {
    move || {
        let draft = editing.kept.get()?.draft().clone();
        let carried = link::secrets(&draft).into_iter().map(|carried| {
            let kind = match carried.kind {
                CarriedKind::Env => "variable",
                CarriedKind::Label => "label",
                CarriedKind::Annotation => "annotation",
                CarriedKind::Document => "text of a document",
            };
            let value: String = carried.value.chars().take(200).collect();
            view! {
                <li>
                    <span class="badge warning">{kind}</span>
                    <span class="two grow">
                        <b>
                            <Untrusted text=carried.name />
                        </b>
                        <code>
                            <Untrusted text=value />
                        </code>
                    </span>
                </li>
            }
        });
        let carried: Vec<_> = carried.collect();
        let files = link::files(&draft).len();
        let note = match files {
            0 => String::new(),
            n => format!(
                "It names {} by digest; whoever opens it has to supply them again.",
                format::plural(n, "file", "files")
            ),
        };
        let file = link::to_file(&draft);
        let save = move |_| save_bytes(DRAFT_FILE, file.as_bytes());
        let saving = view! {
            <div class="body">
                <p>
                    "As a file it goes into a repository or a pipeline, where "
                    <code>{format!("drydock apply {DRAFT_FILE}")}</code>
                    " does the same edits and gives the same digest."
                </p>
                <p class="acts">
                    <button type="button" class="button small" on:click=save>
                        "Save as a file"
                    </button>
                </p>
            </div>
        };
        let body = match link::write(&draft) {
            Ok(text) => {
                let origin = window().location().origin().unwrap_or_default();
                let address = format!("{origin}/-/drafts{}{text}", link::MARK);
                view! {
                    <div class="body">
                        <p>
                            "The link holds the edits themselves, in the part that no browser sends to a server. "
                            {note}
                        </p>
                        <p class="acts">
                            <code class="clip">{address.clone()}</code>
                            <CopyButton text=Signal::stored(address) label="Copy the link to this draft" />
                        </p>
                    </div>
                }
                .into_any()
            }
            Err(error) => view! {
                <p class="trouble" role="alert">
                    {format!("{error}.")}
                </p>
            }
            .into_any(),
        };
        let look = (!carried.is_empty()).then(|| {
            view! {
                <p class="notice">"Look at these values before you share it: they stand in the link as they are."</p>
                <ul class="rows">{carried}</ul>
            }
        });
        Some(view! { <Card title="Share this draft">{look} {body} {saving}</Card> })
    }
}

/// Files that the draft names and this browser does not have.
#[component]
fn Missing(editing: Editing) -> impl IntoView {
    let said = RwSignal::new(String::new());
    let missing = RwSignal::new(Vec::new());
    let looking = StoredValue::new_local(None::<Task>);
    // Of many files that takes a while, so it is not done while the draft is changed.
    Effect::new(move |_| {
        let kept = editing.kept.get();
        looking.set_value(Some(Task::spawn(async move {
            clock::let_others_run().await;
            let found = kept.map_or_else(Vec::new, |kept| {
                link::missing(kept.draft(), |digest| kept.contents.contains_key(digest))
            });
            if missing.try_with_untracked(|missing| *missing != found) == Some(true) {
                missing.set(found);
            }
        })));
    });
    let supply = move |chosen: Vec<Chosen>| {
        spawn_local(async move {
            match gather::take(&chosen, |_| {}).await {
                Ok(taken) => {
                    let wanted = missing.get_untracked();
                    let mut contents = taken.contents;
                    let offered = contents.len();
                    contents.retain(|digest| wanted.iter().any(|file| file.digest == *digest));
                    said.set(match (offered, contents.len()) {
                        (_, 0) => {
                            "None of these files has one of the digests that the draft names."
                                .to_owned()
                        }
                        (offered, fit) => format!("{fit} of {offered} fit."),
                    });
                    editing.add(Vec::new(), contents);
                }
                Err(problem) => {
                    said.set(data::problem(problem).sentence);
                }
            }
        });
    };
    let rows = move || {
        let rows = missing.get().into_iter().take(20).map(|file| {
            view! {
                <li>
                    <span class="grow mono">
                        <Untrusted text=file.name />
                    </span>
                    <span class="muted">
                        <ByteSize bytes=file.size />
                    </span>
                </li>
            }
        });
        rows.collect_view()
    };
    view! {
        <Show when=move || !missing.with(Vec::is_empty)>
            <Card title="Files to be supplied again">
                <p class="notice">
                    "A link to a draft names files by their digests and carries none. Choose them; where they lie and what they are called does not matter."
                </p>
                <ul class="rows">{rows}</ul>
                <div class="body acts">
                    <ChooseButton choice=Choice::Files text="Choose files…" chosen=supply />
                    <ChooseButton choice=Choice::Folder text="Choose a folder…" chosen=supply />
                    <span class="muted" role="status">
                        {said}
                    </span>
                </div>
            </Card>
        </Show>
    }
}
