//! One file: what it is, its content, and where it comes from.

use std::num::NonZeroU32;

use drydock::inspect::tree::{Content, Row, Status};
use drydock::layer::Kind;
use drydock::layer::content::Trust as Compared;
use leptos::prelude::*;

use super::super::shown::shown;
use super::change::{ChangeBar, Changing};
use super::content::{ContentView, is_text, marks};
use super::drafted::DraftedLine;
use super::list::owner;
use super::opening::{Opening, OpeningProgress};
use super::reader::{Form, Reader, Reading};
use super::state::{Files, Phase};
use super::text::TextEditor;
use super::toolbar::file_name;
use super::unsaved;
use crate::components::{
    Badge, ByteSize, CopyButton, ErrorPanel, LayerDot, Moment, ProgressRow, Trust, TrustBadge,
    Untrusted, format,
};
use crate::history;
use crate::jobs::file;
use crate::jobs::{Progress, Task, blob};
use crate::route::{EntryPath, Route, Tree};

/// Of a file that was read without the rest of its layer.
const PART: &str = "the layer matched its digest when the list was read; what is shown was read again, and only so far, so it was not compared again";

/// Of a file that was read without the rest of its layer, and compared.
const RECORDED: &str = "read without the rest of its layer, and the same as when all of it was verified in this browser";

/// Of a file that is only listed, or may have been changed by a layer that is.
const PROMISED: &str = "that this is the file says a list which nobody has compared with its layer, so it is not verified";

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
            let row = found.as_ref().ok().and_then(Option::clone);
            files.found.try_set(row.map(|row| (path, row)));
            match found {
                Ok(Some(row)) => {
                    files.folder.try_set(row.kind == Kind::Directory);
                    chosen.try_set(Chosen::Entry(Box::new(row)))
                }
                Ok(None) => chosen.try_set(Chosen::Absent),
                Err(problem) => {
                    files.trouble.try_set(Some(problem.to_string()));
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
    let is_absent =
        move || chosen.with(|chosen| matches!(chosen, Chosen::Absent)) && files.is_whole();
    move || match (entry.get(), is_absent()) {
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
            // Where the list is in sight it says how far it is.
            <div class="opening grow" role="status">
                <div class="alone">
                    <Show
                        when=move || files.phase.with(|phase| matches!(phase, Phase::Failed(_)))
                        fallback=|| view! { <OpeningProgress /> }
                    >
                        <Opening />
                    </Show>
                </div>
                <p class="empty beside">"The file opens as soon as the layers are read."</p>
            </div>
        }
        .into_any(),
        _ => view! { <p class="empty grow">"Choose a file to see what is in it."</p> }.into_any(),
    }
}

#[component]
fn EntryView(row: Row, path: Memo<EntryPath>) -> impl IntoView {
    let files = expect_context::<Files>();
    let shown = shown();
    let link = Signal::derive(move || history::link(&Route::Image(shown.route.get())));
    let changing = Changing::new();
    // A text that was typed and is not in the draft yet is gone on with.
    let is_unsaved = unsaved::get(&unsaved::key(shown, &row.path)).is_some();
    let edit = RwSignal::new(is_unsaved && !files.is_only_listed(&row));
    let form = RwSignal::new(None::<Form>);
    let reader = Reader::new(&row, edit);
    // Only what a container sees can be changed.
    let merged = files.view.with_untracked(|view| view.tree == Tree::Merged);
    let removed = !merged || row.status == Status::Removed;
    let is_file = row.content.is_some();
    let body = match (&row.content, row.kind) {
        (Some(_), _) => {
            view! { <FileContent row=row.clone() reader form changing edit /> }.into_any()
        }
        (None, Kind::File | Kind::Hardlink) => view! { <NoMore row=row.clone() /> }.into_any(),
        _ if row.status == Status::Removed => view! { <NoMore row=row.clone() /> }.into_any(),
        _ => view! { <div class="grow"></div> }.into_any(),
    };
    let layer = row.layer;
    let editable =
        move || !removed && files.is_whole() && !edit.get() && reader.text_length().is_some();
    let close = move |_| files.go(true, |view| view.path = EntryPath::default());
    let name = format::cut(&row.path, 300);
    let content = row.content;
    let row = StoredValue::new(row);
    view! {
        <div class="filehead">
            <button type="button" class="button small back" on:click=close>
                "Back to the list"
            </button>
            <code class="path" title=format!("/{name}")>
                <bdi>{format!("/{name}")}</bdi>
            </code>
            <span class="badge">
                <LayerDot layer=Some(layer) />
                {format!("layer {layer}")}
            </span>
            <div class="acts">
                <Show when=editable>
                    <button type="button" class="button small" on:click=move |_| edit.set(true)>
                        "Edit text"
                    </button>
                </Show>
                <Show when=move || !edit.get()>
                    <Forms reader form />
                </Show>
                <Show when=move || {
                    is_file && files.is_settled(layer) && !files.is_only_listed(&row.get_value())
                }>
                    <Download content path />
                </Show>
                <CopyButton text=link label="Copy the link to this file" />
            </div>
        </div>
        {body}
        <div class="filefoot">
            <EntryFacts row=row.get_value() reader />
            <Show when=move || {
                !removed && files.is_whole() && !files.is_only_listed(&row.get_value())
            }>
                <ChangeBar row=row.get_value() changing edit />
            </Show>
        </div>
    }
}

/// An entry that a later layer took away, and where it still is.
#[component]
fn NoMore(row: Row) -> impl IntoView {
    let files = expect_context::<Files>();
    let held_by = row.held_by.and_then(|layer| u32::try_from(layer).ok()).and_then(NonZeroU32::new);
    let link = held_by.map(|layer| {
        let href = move || {
            files.href(|view| {
                view.tree = Tree::Layer(layer);
                view.statuses = None;
            })
        };
        view! { " " <a href=href>{format!("Open it in layer {layer}, which has it")}</a> }
    });
    let what = match row.kind {
        Kind::File | Kind::Hardlink => "file",
        Kind::Directory => "directory",
        Kind::Symlink => "link",
        _ => "entry",
    };
    view! {
        <p class="empty grow">
            {format!("This {what} is no more: layer {} removed or replaced it.", row.layer)} {link}
        </p>
    }
}

/// What is known of an entry, in one line.
#[component]
fn EntryFacts(row: Row, reader: Reader) -> impl IntoView {
    let files = expect_context::<Files>();
    let size = row.content.map(|content| content.size);
    // Browsers know no time that is further away than this.
    let then = row.mtime as f64 * 1000.0;
    let changed = match then.abs() > 8.64e15 {
        true => view! { {format!("{} s after 1970", format::signed(row.mtime))} }.into_any(),
        false => view! { <Moment then /> }.into_any(),
    };
    let status = match row.status {
        Status::Added => format!("added by layer {}", row.layer),
        Status::Changed => format!("changed by layer {}", row.layer),
        Status::Removed => format!("removed by layer {}", row.layer),
        Status::Same => format!("from layer {}, unchanged since", row.layer),
    };
    let leads_to = row.leads_to.clone();
    let link = row.link.clone().map(|link| {
        let target = match leads_to {
            Some(to) => {
                let href = move || files.href(|view| view.path = EntryPath::from(&*to));
                view! { <a href=href><Untrusted text=link inert=true /></a> }.into_any()
            }
            None => view! { <Untrusted text=link /> }.into_any(),
        };
        let name = if row.kind == Kind::Hardlink { "same file as " } else { "leads to " };
        view! { <span>{name} <code>{target}</code></span> }
    });
    view! {
        <p class="filefacts">
            <span>{row.kind.name()}</span>
            {size.map(|bytes| view! { <ByteSize bytes /> })}
            {link}
            <code title="Permission bits">{row.mode.clone()}</code>
            <code title="Owner">{owner(row.uid, row.gid)}</code>
            <span>"changed " {changed}</span>
            <span>{status}</span>
            <Worth reader />
        </p>
    }
}

#[component]
fn FileContent(
    row: Row,
    reader: Reader,
    form: RwSignal<Option<Form>>,
    changing: Changing,
    edit: RwSignal<bool>,
) -> impl IntoView {
    let kept = StoredValue::new(row);
    let retry = Callback::new(move |()| reader.start());
    let cancel = Callback::new(move |()| reader.stop());
    let layer = kept.with_value(|row| row.content.map_or(row.layer, |content| content.layer));
    move || {
        match reader.reading.get() {
        Reading::Waiting => view! {
            <div class="opening grow" role="status">
                <p class="empty">
                    {format!("The file opens as soon as layer {layer}, and those above it, are verified.")}
                </p>
            </div>
        }
        .into_any(),
        Reading::Busy => view! {
            <div class="opening grow" role="status">
                <ProgressRow
                    what="Reading the file out of its layer"
                    transfer=reader.progress
                    cancel
                />
            </div>
        }
        .into_any(),
        Reading::Failed(problem) => view! {
            <div class="notice grow">
                <ErrorPanel problem retry />
            </div>
        }
        .into_any(),
        Reading::Here(preview) if edit.get() => {
            let row = kept.get_value();
            view! { <TextEditor row preview changing edit /> }.into_any()
        }
        Reading::Removed => {
            view! { <DraftedLine as_it_is=reader.as_it_is text="The draft removes this file." /> }
                .into_any()
        }
        Reading::Here(preview) => {
            let line = move || match (reader.shows_draft.get(), reader.as_it_is.get()) {
                (true, _) => Some("As the draft has it."),
                (_, true) => Some("As the image has it, without the draft."),
                _ => None,
            };
            let line = line().map(|text| view! { <DraftedLine as_it_is=reader.as_it_is text /> });
            view! {
                {line}
                <ContentView preview form marks=Some(marks()) />
            }
            .into_any()
        }
    }
    }
}

/// The choice between text and hex, for what is text.
#[component]
fn Forms(reader: Reader, form: RwSignal<Option<Form>>) -> impl IntoView {
    let has_both = move || {
        reader.reading.with(|reading| match reading {
            Reading::Here(preview) => !preview.bytes.is_empty() && is_text(&preview.bytes),
            _ => false,
        })
    };
    let button = move |name: &'static str, each: Form| {
        let pressed = move || form.get().unwrap_or(Form::Text) == each;
        view! {
            <button
                type="button"
                aria-pressed=move || pressed().to_string()
                on:click=move |_| form.set(Some(each))
            >
                {name}
            </button>
        }
    };
    view! {
        <Show when=has_both>
            <div class="segments small" role="group" aria-label="Form">
                {button("Text", Form::Text)}
                {button("Hex", Form::Hex)}
            </div>
        </Show>
    }
}

/// What the shown bytes were compared with.
#[component]
fn Worth(reader: Reader) -> impl IntoView {
    move || {
        let Reading::Here(preview) = reader.reading.get() else { return ().into_any() };
        if reader.shows_draft.get() {
            return ().into_any();
        }
        let (trust, words) = match preview.trust {
            Compared::Layer => (Trust::Verified, "the whole layer was read and matches its digest"),
            Compared::File | Compared::Recorded => (Trust::Verified, RECORDED),
            Compared::Promised => (Trust::NotChecked, PROMISED),
            Compared::None | Compared::Mismatch => (Trust::NotChecked, PART),
        };
        let shown = preview.bytes.len() as u64;
        let part = (shown < preview.total).then(|| {
            let (shown, all) = (format::bytes(shown), format::bytes(preview.total));
            view! {
                <Badge kind="warning" text=format!("first {shown} of {all}") />
                <Show when=move || reader.may_show_more()>
                    <button
                        type="button"
                        class="button small"
                        on:click=move |_| reader.show_more()
                    >
                        "Show more"
                    </button>
                </Show>
            }
        });
        // What was not compared is said where it is seen.
        let class = if preview.trust == Compared::Layer { "unseen" } else { "muted" };
        view! {
            <span title=words>
                <TrustBadge trust />
                " "
                <span class=class>{words}</span>
            </span>
            {part}
        }
        .into_any()
    }
}

#[component]
fn Download(content: Option<Content>, path: Memo<EntryPath>) -> impl IntoView {
    let files = expect_context::<Files>();
    let progress = RwSignal::new(None::<Progress>);
    let task = StoredValue::new_local(None::<Task>);
    let Some(content) = content else { return ().into_any() };
    let stop = move |_| {
        task.set_value(None);
        progress.set(None);
    };
    let start = move |_| {
        let Some(tree) = files.tree() else { return };
        let name = path.with_untracked(file_name);
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
                files.trouble.try_set(Some(problem.to_string()));
            }
            progress.try_set(None);
        })));
    };
    let so_far = move || progress.get().map(|progress| format::bytes(progress.downloaded));
    view! {
        <Show
            when=move || progress.with(Option::is_some)
            fallback=move || {
                view! {
                    <button type="button" class="button small" on:click=start>
                        "Download"
                    </button>
                }
            }
        >
            <span class="muted" role="status">{so_far}</span>
            <button type="button" class="button small" on:click=stop>
                "Cancel"
            </button>
        </Show>
    }
    .into_any()
}
