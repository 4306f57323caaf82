//! One file: what it is, its content, and where it comes from.

use std::rc::Rc;

use drydock::inspect::tree::Row;
use leptos::prelude::*;

use super::super::image::shown;
use super::change::{ChangeBar, Changing};
use super::content::ContentView;
use super::drafted::{Drafted, DraftedLine};
use super::list::owner;
use super::opening::told;
use super::state::Files;
use super::text::TextEditor;
use super::toolbar::file_name;
use super::unsaved;
use crate::components::{
    Badge, ByteSize, CopyButton, Empty, ErrorPanel, Fact, Facts, LayerDot, Problem, ProgressRow,
    Transfer, Trust, TrustBadge, Untrusted, format,
};
use crate::history;
use crate::jobs::file::{self, FilePreview};
use crate::jobs::{Progress, Task, blob};
use crate::route::{EntryPath, Route, Tree};
use crate::state::ui;

/// Bytes of a file that are shown.
const LIMIT: u64 = 512 << 10;

/// What is known of the chosen path.
#[derive(Clone, Debug)]
enum Chosen {
    Nothing,
    Looking,
    Absent,
    Entry(Box<Row>),
}

/// The file that the address names.
#[component]
pub(super) fn Preview(path: Memo<EntryPath>) -> impl IntoView {
    let files = expect_context::<Files>();
    let chosen = RwSignal::new(Chosen::Nothing);
    let asked = StoredValue::new(0_u64);
    Effect::new(move |_| {
        let path = path.get();
        files.turn.track();
        asked.update_value(|asked| *asked += 1);
        let number = asked.get_value();
        if path.is_empty() {
            chosen.set(Chosen::Nothing);
            return;
        }
        let Some(tree) = files.tree().filter(|_| files.is_open()) else {
            chosen.set(Chosen::Looking);
            return;
        };
        leptos::task::spawn_local(async move {
            let found = tree.find(path.as_bytes()).await;
            if asked.try_get_value() != Some(number) {
                return;
            }
            match found {
                Ok(Some(row)) => chosen.try_set(Chosen::Entry(Box::new(row))),
                Ok(None) => chosen.try_set(Chosen::Absent),
                Err(problem) => {
                    files.trouble.try_set(Some(problem.message));
                    chosen.try_set(Chosen::Absent)
                }
            };
        });
    });
    // A row that only changed its place in the list is still the same file.
    let entry = Memo::new(move |_| match chosen.get() {
        Chosen::Entry(row) => Some(Row { expanded: false, id: 0, depth: 0, ..*row }),
        _ => None,
    });
    let named = move || String::from_utf8_lossy(path.get().as_bytes()).into_owned();
    move || match (entry.get(), chosen.with(|chosen| matches!(chosen, Chosen::Absent))) {
        (Some(row), _) => view! { <EntryView row path /> }.into_any(),
        (None, true) => view! {
            <div class="notice">
                <p class="empty">
                    <bdi>{format!("There is no /{} in this tree.", format::visible(&named()))}</bdi>
                </p>
            </div>
        }
        .into_any(),
        (None, false) if !path.with(EntryPath::is_empty) => view! {
            <div class="opening" role="status">
                <ProgressRow what="Waiting for the tree" transfer=None />
            </div>
        }
        .into_any(),
        _ => view! { <Empty text="Choose a file to see what is in it." /> }.into_any(),
    }
}

#[component]
fn EntryView(row: Row, path: Memo<EntryPath>) -> impl IntoView {
    let files = expect_context::<Files>();
    let shown = shown();
    let link = Signal::derive(move || history::link(&Route::Image(shown.route.get())));
    let changing = Changing::new();
    // A text that was typed and is not in the draft yet is gone on with.
    let edit = RwSignal::new(unsaved::get(&unsaved::key(shown, &row.path)).is_some());
    // Only what a container sees can be changed.
    let merged = files.view.with_untracked(|view| view.tree == Tree::Merged);
    let removed = !merged || row.status == drydock::inspect::tree::Status::Removed;
    let body = match (&row.content, row.kind.as_str()) {
        (Some(_), _) => view! { <FileContent row=row.clone() path changing edit /> }.into_any(),
        (None, "file" | "hardlink") => {
            view! { <Empty text="This file is no more: a later layer removed or replaced it." /> }
                .into_any()
        }
        _ => ().into_any(),
    };
    let layer = row.layer;
    let change = (!removed).then(|| view! { <ChangeBar row=row.clone() changing edit /> });
    let close = move |_| files.go(true, |view| view.path = EntryPath::default());
    view! {
        <div class="filehead">
            <button type="button" class="button small back" on:click=close>
                "Back to the list"
            </button>
            <code class="path">
                <bdi>{format!("/{}", format::visible(&row.path))}</bdi>
            </code>
            <span class="badge">
                <LayerDot layer=Some(layer) />
                {format!("layer {layer}")}
            </span>
            <CopyButton text=link label="Copy the link to this file" />
        </div>
        {change}
        {body}
        <EntryFacts row />
    }
}

#[component]
fn EntryFacts(row: Row) -> impl IntoView {
    let size = row.content.map(|content| content.size);
    let mtime = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(row.mtime as f64 * 1000.0));
    let changed = match mtime.get_time().is_nan() {
        true => format!("{} s after 1970", row.mtime),
        false => String::from(mtime.to_iso_string()).replace(".000Z", "Z"),
    };
    let status = match row.status {
        drydock::inspect::tree::Status::Added => format!("added by layer {}", row.layer),
        drydock::inspect::tree::Status::Changed => format!("changed by layer {}", row.layer),
        drydock::inspect::tree::Status::Removed => format!("removed by layer {}", row.layer),
        drydock::inspect::tree::Status::Same => {
            format!("from layer {}, unchanged since", row.layer)
        }
    };
    let link = row.link.clone().map(|link| {
        view! {
            <Fact name=if row.kind == "hardlink" { "Same file as" } else { "Leads to" }>
                <code>
                    <Untrusted text=link />
                </code>
            </Fact>
        }
    });
    view! {
        <Facts>
            <Fact name="Kind">{row.kind.clone()}</Fact>
            {size
                .map(|bytes| {
                    view! {
                        <Fact name="Size">
                            <ByteSize bytes />
                        </Fact>
                    }
                })}
            {link}
            <Fact name="Mode">
                <code>{row.mode.clone()}</code>
            </Fact>
            <Fact name="Owner">
                <code>{owner(row.uid, row.gid)}</code>
            </Fact>
            <Fact name="Changed">{changed}</Fact>
            <Fact name="Seen in">{status}</Fact>
        </Facts>
    }
}

#[derive(Clone, Debug)]
enum Reading {
    Busy,
    Here(FilePreview),
    /// What the draft makes of it.
    Drafted(FilePreview),
    /// The draft removes it.
    Removed,
    Failed(Problem),
}

#[component]
fn FileContent(
    row: Row,
    path: Memo<EntryPath>,
    changing: Changing,
    edit: RwSignal<bool>,
) -> impl IntoView {
    let files = expect_context::<Files>();
    let kept = StoredValue::new(row.clone());
    let reading = RwSignal::new(Reading::Busy);
    let progress = RwSignal::new(None::<Transfer>);
    let task = StoredValue::new_local(None::<Task>);
    let Some(content) = row.content else { return ().into_any() };
    // What the image has, also where the draft has something else.
    let as_it_is = RwSignal::new(false);
    let drafted = Drafted::of(&row);
    let read = move || {
        let drafted = drafted.clone().filter(|_| !as_it_is.get_untracked());
        reading.set(Reading::Busy);
        progress.set(None);
        let Some(tree) = files.tree() else { return };
        let started = js_sys::Date::now();
        let on_progress = move |now: Progress| {
            let elapsed = js_sys::Date::now() - started;
            progress.try_set(Some(Transfer { done: now.downloaded, total: None, elapsed }));
        };
        task.set_value(Some(Task::spawn(async move {
            if let Some(drafted) = drafted {
                match drafted.read(LIMIT).await {
                    Ok(None) => {}
                    Ok(Some(Some(preview))) => {
                        reading.try_set(Reading::Drafted(preview));
                        return;
                    }
                    Ok(Some(None)) => {
                        reading.try_set(Reading::Removed);
                        return;
                    }
                    Err(problem) => {
                        reading.try_set(Reading::Failed(told(&problem)));
                        return;
                    }
                }
            }
            let read = file::read(&tree, content, LIMIT, on_progress).await;
            reading.try_set(match read {
                Ok(preview) => Reading::Here(preview),
                Err(problem) => Reading::Failed(Problem {
                    sentence: "The file can't be shown.".to_owned(),
                    ..told(&problem)
                }),
            });
        })));
    };
    let read = Rc::new(read);
    let read = StoredValue::new_local(read);
    // Again when the draft was changed, here or in another tab.
    let ui = ui();
    Effect::new(move |_| {
        ui.drafts.track();
        as_it_is.track();
        let first = reading.with_untracked(|reading| matches!(reading, Reading::Busy));
        // What is being typed stays.
        if first || !edit.get_untracked() {
            read.get_value()();
        }
    });
    let retry = Callback::new(move |()| read.get_value()());
    view! {
        <Download row path />
        {move || match reading.get() {
            Reading::Busy => {
                view! {
                    <div class="opening" role="status">
                        <ProgressRow what="Reading the file out of its layer" transfer=progress />
                    </div>
                }
                    .into_any()
            }
            Reading::Failed(problem) => {
                view! {
                    <div class="notice">
                        <ErrorPanel problem retry />
                    </div>
                }
                    .into_any()
            }
            Reading::Removed => {
                view! {
                    <DraftedLine as_it_is text="The draft removes this file." />
                }
                    .into_any()
            }
            Reading::Drafted(preview) if !edit.get() => {
                view! {
                    <DraftedLine as_it_is text="As the draft has it." />
                    <ContentView preview />
                }
                    .into_any()
            }
            Reading::Drafted(preview) | Reading::Here(preview) if edit.get() => {
                let row = kept.get_value();
                view! { <TextEditor row preview changing edit /> }.into_any()
            }
            Reading::Drafted(preview) | Reading::Here(preview) => {
                let back = as_it_is.get().then(|| {
                    view! { <DraftedLine as_it_is text="As the image has it, without the draft." /> }
                });
                view! {
                    {back}
                    <Worth preview=preview.clone() />
                    <ContentView preview />
                }
                    .into_any()
            }
        }}
    }
    .into_any()
}

/// What the shown bytes were compared with.
#[component]
fn Worth(preview: FilePreview) -> impl IntoView {
    let (trust, words) = match preview.verified {
        true => (Trust::Verified, "the whole layer was read and matches its digest"),
        false => (Trust::NotChecked, "only a part of the layer was read"),
    };
    let shown = preview.bytes.len() as u64;
    let part = (shown < preview.total).then(|| {
        let text = format!("first {} of {}", format::bytes(shown), format::bytes(preview.total));
        view! { <Badge kind="warning" text /> }
    });
    view! {
        <p class="worth">
            <TrustBadge trust />
            <span class="muted">{words}</span>
            {part}
        </p>
    }
}

#[component]
fn Download(row: Row, path: Memo<EntryPath>) -> impl IntoView {
    let files = expect_context::<Files>();
    let progress = RwSignal::new(None::<Progress>);
    let started = StoredValue::new(0.0);
    let task = StoredValue::new_local(None::<Task>);
    let Some(content) = row.content else { return ().into_any() };
    let stop = Callback::new(move |()| {
        task.set_value(None);
        progress.set(None);
    });
    let start = move |_| {
        let Some(tree) = files.tree() else { return };
        let name = path.with_untracked(file_name);
        started.set_value(js_sys::Date::now());
        progress.set(Some(Progress::default()));
        task.set_value(Some(Task::spawn(async move {
            let on_progress = move |now: Progress| {
                progress.try_set(Some(now));
            };
            let saved = match file::download(&tree, content, on_progress).await {
                Ok(bytes) => blob::save(&bytes, &name),
                Err(problem) => Err(problem),
            };
            if let Err(problem) = saved {
                files.trouble.try_set(Some(problem.message));
            }
            progress.try_set(None);
        })));
    };
    let transfer = Signal::derive(move || {
        let progress = progress.get()?;
        let elapsed = js_sys::Date::now() - started.get_value();
        Some(Transfer { done: progress.downloaded, total: None, elapsed })
    });
    view! {
        <div class="fileacts">
            <button
                type="button"
                class="button small"
                disabled=move || progress.with(Option::is_some)
                on:click=start
            >
                "Download"
            </button>
            <Show when=move || progress.with(Option::is_some)>
                <ProgressRow what="Reading the layer" transfer cancel=stop />
            </Show>
        </div>
    }
    .into_any()
}
