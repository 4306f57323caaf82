//! An artifact: what it is called, what it is about, and its files.

mod archive;
mod blob;
mod read;

use std::sync::Arc;

use drydock::image::{Category, Face, Form, Part};
use leptos::prelude::*;

use super::data::Download;
use super::model::Label;
use super::said::{Labels, Remarks};
use super::shown::shown;
use crate::components::{
    ByteSize, Card, DigestChip, Empty, ErrorPanel, Fact, Facts, ProgressRow, Untrusted, format,
};
use crate::route::{ImageRoute, Route, View};

pub(super) use blob::BlobContent;

/// The artifact.
#[component]
pub(super) fn ArtifactPage(face: Arc<Face>) -> impl IntoView {
    let labels: Vec<Label> = face
        .annotations
        .iter()
        .map(|(key, value)| Label {
            key: key.clone(),
            value: value.clone(),
            place: "Annotation of the manifest",
        })
        .collect();
    view! {
        <div class="page artifact">
            <Remarks own=Vec::new() />
            <Unchecked category=face.kind.category />
            <Parts face=face.clone() />
            <div class="columns">
                <About face />
                <Labels labels />
            </div>
        </div>
    }
}

/// What the digest says nothing about.
#[component]
fn Unchecked(category: Category) -> impl IntoView {
    let text = match category {
        Category::Signature => {
            "Only bytes are compared here. Whether the signature is valid, and whose it is, nobody has checked."
        }
        Category::Provenance
        | Category::Sbom
        | Category::Vulnerabilities
        | Category::Attestation => {
            "Only bytes are compared here. Whether what it says is true, and who says it, nobody has checked."
        }
        Category::Lazy | Category::Package | Category::Other => return None,
    };
    Some(view! {
        <div class="panel" role="note">
            <div class="say">{text}</div>
        </div>
    })
}

#[component]
fn About(face: Arc<Face>) -> impl IntoView {
    let shown = shown();
    let kind = match face.kind.detail.is_empty() {
        true => face.kind.name.clone(),
        false => format!("{} ({})", face.kind.name, face.kind.detail),
    };
    let text = |name: &'static str, text: &Option<String>| {
        text.clone().map(|text| {
            view! {
                <Fact name>
                    <Untrusted text />
                </Fact>
            }
        })
    };
    let subject = face.subject.clone().map(|subject| {
        let image = shown.route.get_untracked().reference.pinned(&subject.digest);
        let href = Route::image(image).href();
        view! {
            <Fact name="About">
                <DigestChip digest=subject.digest href named=true />
            </Fact>
        }
    });
    let (title, version) = (text("Title", &face.title), text("Version", &face.version));
    let application = text("App version", &face.application);
    let description = text("Description", &face.description);
    let media_type = face.media_type.clone();
    view! {
        <Card title="What it is">
            <Facts>
                {title} {version} {application}
                <Fact name="Kind">
                    <Untrusted text=kind />
                </Fact>
                <Fact name="Type">
                    <code class="wrap">
                        <Untrusted text=media_type />
                    </code>
                </Fact>
                {description} {subject}
            </Facts>
        </Card>
    }
}

#[component]
fn Parts(face: Arc<Face>) -> impl IntoView {
    let route = shown().route.get_untracked();
    let title = match (&face.title, &face.version) {
        (Some(title), Some(version)) => format!("{title} {version}"),
        (Some(title), None) => title.clone(),
        (None, _) => format!("Files of this {}", face.kind.name),
    };
    let size = face.parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.descriptor.size));
    let note = match face.parts.len() {
        0 => String::new(),
        number => {
            format!("{}, {}", format::plural(number, "file", "files"), format::bytes(size))
        }
    };
    let rows = face.parts.iter().map(|part| {
        let (part, route) = (part.clone(), route.clone());
        view! { <PartRow part route /> }
    });
    let rows = rows.collect_view();
    let body = match face.parts.is_empty() {
        true => view! { <Empty text="It has no files: all that it says is in its annotations." /> }
            .into_any(),
        false => view! { <ul class="parts">{rows}</ul> }.into_any(),
    };
    view! {
        <Card title=format::visible(&title) note>
            {body}
        </Card>
    }
}

#[component]
fn PartRow(part: Part, route: ImageRoute) -> impl IntoView {
    let digest = part.descriptor.digest.clone();
    let href = match part.form {
        Form::Manifest => Route::image(route.reference.pinned(&digest)).href(),
        _ => route.with_view(View::documents(Some(digest.clone()))).href(),
    };
    let name = format::visible(&part.name);
    let label = format!("Open {name}");
    let download = (part.form != Form::Manifest).then(|| {
        let name = part.file_name();
        view! { <SavePart download=Download::new(&route.reference, part.descriptor.clone(), name) name=part.name.clone() /> }
    });
    view! {
        <li>
            <span class="two">
                <a class="mono" href=href.clone()>
                    <bdi>{name}</bdi>
                </a>
                <span class="muted">
                    <Untrusted text=part.what.clone() />
                </span>
            </span>
            <span class="number">
                <ByteSize bytes=part.descriptor.size />
            </span>
            <DigestChip digest />
            <a class="button small" href=href aria-label=label>
                "Open"
            </a>
            {download}
        </li>
    }
}

/// Saves a blob once it was compared with its digest.
#[component]
fn SavePart(download: Download, name: String) -> impl IntoView {
    let transfer = download.transfer;
    let label = format!("Download {}", format::visible(&name));
    let problem = move || {
        let problem = download.problem.get()?;
        let retry = Callback::new(move |()| download.start());
        Some(view! { <ErrorPanel problem retry /> })
    };
    view! {
        <Show
            when=move || transfer.with(Option::is_some)
            fallback=move || {
                view! {
                    <button
                        type="button"
                        class="button small"
                        aria-label=label.clone()
                        on:click=move |_| download.start()
                    >
                        "Download"
                    </button>
                }
            }
        >
            <ProgressRow
                what="Reading the file".to_owned()
                transfer
                cancel=Callback::new(move |()| download.stop())
            />
        </Show>
        {problem}
    }
}
