//! The content of one blob: read when somebody wants it, and shown when its digest is right.

use drydock::image::{Form, Part};
use leptos::prelude::*;

use super::SavePart;
use super::archive::ArchiveContent;
use super::read::Read;
use crate::components::{Empty, JsonView, Trust, TrustBadge, format};
use crate::jobs::file::FilePreview;
use crate::jobs::{Progress, blob};
use crate::net::place::Place;
use crate::pages::data::Download;
use crate::pages::files::PlainContent;
use crate::pages::shown::shown;

/// Bytes that are shown.
const LIMIT: u32 = 512 << 10;
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
    let is_json = part.form == Form::Json;
    let read = Read::new(part.descriptor.size, move |arrived| {
        let (place, descriptor) = (place.clone(), part.descriptor.clone());
        async move {
            let on_progress = move |now: Progress| arrived.tell(now.downloaded);
            blob::open(&place, &descriptor, LIMIT, on_progress).await
        }
    });
    let ask = move |size| {
        view! {
            <p class="muted">
                "Not read yet. To show its start all of it is read, so that it can be compared with its digest."
            </p>
            <button type="button" class="button" on:click=move |_| read.start()>
                {format!("Open ({})", format::bytes(size))}
            </button>
        }
        .into_any()
    };
    let show = move |preview| view! { <Here preview is_json /> }.into_any();
    read.view("Reading the blob", ask, show)
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
