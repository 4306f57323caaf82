//! The texts that an edit writes: what they change, and the texts themselves, to be changed.

use std::sync::Arc;

use drydock::edit::present;
use drydock::edit::{Action, Content, Edit, LayerEdit, LayerInput, Step, with_breaks_of};
use drydock::layer::write::{NewEntry, NewNode};
use leptos::html;
use leptos::prelude::*;

use super::Editing;
use crate::chosen::Chosen;
use crate::components::{DiffLines, ProgressRow, format};
use crate::jobs::drafts;
use crate::jobs::patch::text_blob;
use crate::jobs::{Problem, ProblemKind, Task, file, gather, tree};
use crate::leaving::Stake;
use crate::pages::files::{self, PAUSE, TextDiff};
use crate::pages::model::Load;
use crate::pages::shown::{Shown, shown};
use crate::route::Here;

/// Largest text that is shown here, in bytes.
const LARGEST: u64 = 256 << 10;
/// Most texts of one edit that are offered.
const MOST: usize = 20;

/// The texts of the edit at a place, from 0.
#[component]
pub(super) fn Texts(editing: Editing, at: usize) -> impl IntoView {
    let paths = Memo::new(move |_| {
        editing.kept.with(|kept| {
            let edit = kept.as_ref().and_then(|kept| kept.draft().edits.get(at));
            edit.map(texts).unwrap_or_default()
        })
    });
    move || {
        let texts = paths.get().into_iter().map(|path| view! { <Text editing at path /> });
        texts.collect_view()
    }
}

#[component]
fn Text(editing: Editing, at: usize, path: String) -> impl IntoView {
    let head = NodeRef::<html::Button>::new();
    let open = RwSignal::new(false);
    let name = format!("/{}", format::visible(&path));
    let path = StoredValue::new(path);
    view! {
        <div class="edit-text">
            <button
                type="button"
                class="button small quiet"
                node_ref=head
                aria-expanded=move || open.get().to_string()
                on:click=move |_| open.update(|open| *open = !*open)
            >
                {move || if open.get() { "Hide the text of " } else { "Show the text of " }}
                <bdi>{name}</bdi>
            </button>
            <Show when=move || open.get()>
                <Opened editing at path=path.get_value() head />
            </Show>
        </div>
    }
}

#[derive(Clone, Debug)]
enum Reading {
    Busy,
    /// What the image has, when it has such a file, and what the draft has.
    Here(Option<String>, String),
    Failed(String),
}

#[component]
fn Opened(
    editing: Editing,
    at: usize,
    path: String,
    /// Takes the focus when the text is put into the edit and drawn anew.
    head: NodeRef<html::Button>,
) -> impl IntoView {
    let shown = shown();
    let path = StoredValue::new(path);
    let reading = RwSignal::new(Reading::Busy);
    let task = StoredValue::new_local(None::<Task>);
    // Again when the entry gets another content.
    let content = Memo::new(move |_| {
        editing.kept.with(|kept| {
            let kept = kept.as_ref()?;
            let edit = kept.draft().edits.get(at)?;
            let entry =
                entries(edit)?.iter().find(|it| path.with_value(|path| it.path == *path))?;
            let NewNode::File { digest, .. } = &entry.node else { return None };
            kept.contents.get(digest).cloned()
        })
    });
    Effect::new(move |_| {
        let content = content.get();
        let before = match reading.get_untracked() {
            Reading::Here(before, _) => Some(before),
            _ => None,
        };
        task.set_value(Some(Task::spawn(async move {
            let read = read(shown, path.get_value(), content, before).await;
            reading.try_set(match read {
                Ok((before, after)) => Reading::Here(before, after),
                Err(problem) => Reading::Failed(problem.to_string()),
            });
        })));
    });
    move || match reading.get() {
        Reading::Busy => view! {
            <div role="status">
                <ProgressRow what="Reading what the image has there" transfer=None />
            </div>
        }
        .into_any(),
        Reading::Failed(why) => {
            view! { <p class="problem" role="alert"><bdi>{format::visible(&why)}</bdi></p> }
                .into_any()
        }
        Reading::Here(before, after) => {
            let before = before.unwrap_or_default();
            let lines = Arc::new(present::compare(&before, &after));
            let before = StoredValue::new(plain(&before));
            let settled = RwSignal::new(plain(&after));
            let begun = settled.get_untracked();
            let is_typed = Memo::new(move |_| settled.with(|typed| *typed != begun));
            let changes = move || match is_typed.get() {
                true => {
                    let before = Signal::derive(move || before.get_value());
                    view! { <TextDiff before settled /> }.into_any()
                }
                false => {
                    let (label, lines) = ("What is changed".to_owned(), Arc::clone(&lines));
                    view! { <DiffLines label lines /> }.into_any()
                }
            };
            view! {
                {changes}
                <Field editing at path=path.get_value() text=after settled head />
            }
            .into_any()
        }
    }
}

/// The text, and a button that changes the edit.
#[component]
fn Field(
    editing: Editing,
    at: usize,
    path: String,
    text: String,
    /// What was typed, once the reader pauses.
    settled: RwSignal<String>,
    head: NodeRef<html::Button>,
) -> impl IntoView {
    let begun = StoredValue::new(plain(&text));
    let before = StoredValue::new(text);
    let typed = RwSignal::new(begun.get_value());
    let open = RwSignal::new(false);
    let area = NodeRef::<html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            let _ = area.focus();
        }
    });
    let mut settle = debounce(PAUSE, move |text| {
        settled.try_set(text);
    });
    let type_in = StoredValue::new_local(move |event: web_sys::Event| {
        let text = event_target_value(&event);
        typed.set(text.clone());
        settle(text);
    });
    let hand_back = move || {
        if let Some(head) = head.try_get_untracked().flatten() {
            let _ = head.focus();
        }
    };
    let problem = RwSignal::new(String::new());
    let stake = StoredValue::new_local(None);
    let changed = Memo::new(move |_| begun.with_value(|begun| typed.with(|typed| typed != begun)));
    Effect::new(move |_| stake.set_value(changed.get().then(Stake::of_page)));
    let task = StoredValue::new_local(None::<Task>);
    let path = StoredValue::new(path);
    let save = move |_| {
        let text = before.with_value(|before| with_breaks_of(before, &typed.get_untracked()));
        task.set_value(Some(Task::spawn(async move {
            match replace(editing, at, path.get_value(), text).await {
                Ok(()) => hand_back(),
                Err(failed) => {
                    problem.try_set(failed.to_string());
                }
            }
        })));
    };
    view! {
        <Show
            when=move || open.get()
            fallback=move || {
                view! {
                    <button type="button" class="button small" on:click=move |_| open.set(true)>
                        "Change the text"
                    </button>
                }
            }
        >
            <textarea
                class="document mono"
                node_ref=area
                aria-label="Text of the file"
                spellcheck="false"
                autocapitalize="off"
                prop:value=typed
                on:input=move |event| type_in.update_value(|type_in| type_in(event))
            ></textarea>
            <div class="fileacts">
                <button
                    type="button"
                    class="button primary small"
                    disabled=move || !changed.get()
                    on:click=save
                >
                    "Put it into the edit"
                </button>
                <button
                    type="button"
                    class="button small"
                    on:click=move |_| {
                        typed.set(begun.get_value());
                        settled.set(begun.get_value());
                        open.set(false);
                        hand_back();
                    }
                >
                    {move || if changed.get() { "Throw away what was typed" } else { "Close" }}
                </button>
                <span class="problem" role="alert">
                    {problem}
                </span>
            </div>
        </Show>
    }
}

/// A text as a browser's field has it, which knows only one kind of line break.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Paths of what may be texts.
fn texts(edit: &Edit) -> Vec<String> {
    let entries = entries(edit).unwrap_or_default().iter();
    let small = entries.filter(|entry| match entry.node {
        NewNode::File { size, .. } => size <= LARGEST,
        _ => false,
    });
    small.take(MOST).map(|entry| entry.path.clone()).collect()
}

fn entries(edit: &Edit) -> Option<&[NewEntry]> {
    match &edit.action {
        Action::Layers(
            LayerEdit::Patch { entries, .. }
            | LayerEdit::Add { layer: LayerInput::Files { entries, .. }, .. },
        ) => Some(entries),
        _ => None,
    }
}

async fn read(
    shown: Shown,
    path: String,
    content: Option<Content>,
    before: Option<Option<String>>,
) -> Result<(Option<String>, String), Problem> {
    let none = || Problem::new(ProblemKind::Content, "This file is no text (UTF-8).");
    let content = content.ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, "The file is not in this browser.")
            .advise("Choose it again.")
    })?;
    let after = drafts::read(&content, LARGEST).await?;
    let after = String::from_utf8(after).map_err(|_| none())?;
    if after.contains('\0') {
        return Err(none());
    }
    if let Some(before) = before {
        return Ok((before, after));
    }
    Ok((in_image(shown, &path).await?, after))
}

/// The text of the file that the image has, if it has one.
async fn in_image(shown: Shown, path: &str) -> Result<Option<String>, Problem> {
    let reference = shown.route.with_untracked(|route| route.reference.clone());
    if Here::of(&reference.registry) == Some(Here::Draft) {
        return Ok(None);
    }
    let Load::Ready(content) = untrack(|| shown.content()) else { return Ok(None) };
    let tree = tree::open(files::layers(&reference, &content), |_| {}).await?;
    let row = tree.find(path.as_bytes()).await?;
    let Some(file) = row.and_then(|row| row.content).filter(|file| file.size <= LARGEST) else {
        return Ok(None);
    };
    let read = file::read(&tree, file, LARGEST, |_| {}).await?;
    Ok(String::from_utf8(read.bytes).ok())
}

/// Gives a file of an edit another text.
async fn replace(editing: Editing, at: usize, path: String, text: String) -> Result<(), Problem> {
    let blob = text_blob(&text)?;
    let chosen = Chosen { path: path.clone(), blob, mtime: 0 };
    let taken = gather::take(std::slice::from_ref(&chosen), |_| {}).await?;
    let file = taken.files.into_iter().next().ok_or_else(no_sense)?;
    let node = NewNode::File { digest: file.digest, size: file.size };
    let edit = editing.draft().and_then(|draft| draft.edits.get(at).cloned());
    let mut edit = edit.ok_or_else(no_sense)?;
    let Action::Layers(
        LayerEdit::Patch { entries, .. }
        | LayerEdit::Add { layer: LayerInput::Files { entries, .. }, .. },
    ) = &mut edit.action
    else {
        return Err(no_sense());
    };
    let entry =
        Arc::make_mut(entries).iter_mut().find(|entry| entry.path == path).ok_or_else(no_sense)?;
    entry.node = node;
    editing.step(Step::Replace { at, edit: Box::new(edit) }, taken.contents);
    Ok(())
}

fn no_sense() -> Problem {
    Problem::new(ProblemKind::Content, "The edit is not what it was any more.")
        .advise("Open its text again.")
}
