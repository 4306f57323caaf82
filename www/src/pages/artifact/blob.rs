//! The content of one blob: read when somebody wants it, and shown when its digest is right.

use drydock::image::{Form, Part};
use leptos::prelude::*;

use super::SavePart;
use super::archive::ArchiveContent;
use crate::components::{
    Empty, ErrorPanel, JsonView, Problem, ProgressRow, Transfer, Trust, TrustBadge, format,
};
use crate::jobs::file::FilePreview;
use crate::jobs::{Progress, Task, blob};
use crate::net::place::Place;
use crate::pages::data::{self, Download};
use crate::pages::files::PlainContent;
use crate::pages::image::shown;

/// Bytes that are shown.
const LIMIT: u32 = 512 << 10;
/// Size in bytes up to which a blob is read as soon as its view is opened.
const AT_ONCE: u64 = 1 << 20;

#[derive(Clone, Debug)]
enum Reading {
    Not,
    Busy,
    Here(FilePreview),
    Failed(Problem),
}

/// One blob.
#[component]
pub(in crate::pages) fn BlobContent(part: Part) -> impl IntoView {
    let reference = shown().route.get_untracked().reference;
    let download = Download::new(&reference, part.descriptor.clone(), part.file_name());
    let name = part.name.clone();
    let content = match part.form {
        Form::Encrypted => {
            let text = "It is encrypted: without its key nobody can say what is in it.";
            view! { <Empty text /> }.into_any()
        }
        Form::Archive => view! { <ArchiveContent place=Place::from(&reference) part /> }.into_any(),
        _ => view! { <Bytes place=Place::from(&reference) part /> }.into_any(),
    };
    view! {
        <div class="body">
            <SavePart download name />
        </div>
        {content}
    }
}

#[component]
fn Bytes(place: Place, part: Part) -> impl IntoView {
    let reading = RwSignal::new(Reading::Not);
    let transfer = RwSignal::new(None::<Transfer>);
    let task = StoredValue::new_local(None::<Task>);
    let size = part.descriptor.size;
    let is_json = part.form == Form::Json;
    let of = StoredValue::new((place, part));
    let read = move || {
        reading.set(Reading::Busy);
        transfer.set(None);
        let (place, part) = of.get_value();
        let began = js_sys::Date::now();
        let on_progress = move |now: Progress| {
            let elapsed = js_sys::Date::now() - began;
            transfer.try_set(Some(Transfer { done: now.downloaded, total: Some(size), elapsed }));
        };
        task.set_value(Some(Task::spawn(async move {
            let read = blob::open(&place, &part.descriptor, LIMIT, on_progress).await;
            reading.try_set(match read {
                Ok(preview) => Reading::Here(preview),
                Err(problem) => Reading::Failed(data::problem(problem)),
            });
        })));
    };
    if size <= AT_ONCE {
        read();
    }
    let stop = Callback::new(move |()| {
        task.set_value(None);
        reading.set(Reading::Not);
    });
    move || {
        match reading.get() {
        Reading::Not => view! {
            <div class="body">
                <p class="muted">
                    "Not read yet. To show its start all of it is read, so that it can be compared with its digest."
                </p>
                <button type="button" class="button" on:click=move |_| read()>
                    {format!("Open ({})", format::bytes(size))}
                </button>
            </div>
        }
        .into_any(),
        Reading::Busy => {
            view! { <ProgressRow what="Reading the blob" transfer cancel=stop /> }.into_any()
        }
        Reading::Failed(problem) => {
            let retry = Callback::new(move |()| read());
            view! {
                <div class="body">
                    <ErrorPanel problem retry />
                </div>
            }
            .into_any()
        }
        Reading::Here(preview) => view! { <Here preview is_json /> }.into_any(),
    }
    }
}

#[component]
fn Here(preview: FilePreview, is_json: bool) -> impl IntoView {
    let shown = preview.bytes.len() as u64;
    let part = (shown < preview.total)
        .then(|| format!(", first {} of {}", format::bytes(shown), format::bytes(preview.total)));
    let text = String::from_utf8(preview.bytes.clone()).ok();
    let body = match text.filter(|_| is_json && shown == preview.total) {
        Some(text) => {
            let link = |_: String| None::<String>;
            view! { <JsonView text link /> }.into_any()
        }
        None => view! { <PlainContent preview /> }.into_any(),
    };
    view! {
        <p class="worth">
            <TrustBadge trust=Trust::Verified />
            <span class="muted">
                "size and digest match" {part}
            </span>
        </p>
        {body}
    }
}
