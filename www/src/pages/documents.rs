//! The documents themselves: pretty or byte for byte, with what the registry said when it gave them.

use std::sync::Arc;

use drydock::commands::Task;
use drydock::digest::Digest;
use drydock::image::{Form, Part};
use leptos::prelude::*;

use super::artifact::BlobContent;
use super::commands;
use super::image::{WhenLoaded, shown};
use super::model::{DocumentContent, DocumentModel, ImageModel, Load};
use crate::components::{
    Badge, ByteSize, Card, CopyButton, DigestChip, Empty, Fact, Facts, JsonView, TextView,
    Untrusted, format, save_bytes,
};
use crate::route::{ImageRoute, View};

/// The list of documents, and the one that is open.
#[component]
pub fn DocumentsPage() -> impl IntoView {
    let shown = shown();
    let open = Memo::new(move |_| {
        shown.route.with(|route| match &route.view {
            View::Documents { digest, raw } => (digest.clone(), *raw),
            _ => (None, false),
        })
    });
    commands::follow(move |server| {
        let (digest, _) = open.get();
        let of = server.image(&shown.route.get().reference)?;
        shown.image.with(|image| {
            let image = image.ready()?;
            let digest = digest.unwrap_or_else(|| image.digest.clone());
            // Only what there is can be asked for.
            let is_blob = !image.document(&digest)?.is_manifest();
            Some(Task::Document { image: of, digest, is_blob })
        })
    });
    let show = move |image: Arc<ImageModel>| {
        let (digest, raw) = open.get();
        let digest = digest.unwrap_or_else(|| image.digest.clone());
        let route = shown.route.get();
        let detail = match image.document(&digest) {
            Some(document) => {
                let (image, document) = (image.clone(), document.clone());
                view! { <Open image document raw route=route.clone() /> }.into_any()
            }
            None => view! { <Missing digest=digest.clone() /> }.into_any(),
        };
        view! {
            <div class="page documents">
                <List image=image digest route />
                {detail}
            </div>
        }
        .into_any()
    };
    view! { <WhenLoaded load=shown.image show /> }
}

#[component]
fn List(image: Arc<ImageModel>, digest: Digest, route: ImageRoute) -> impl IntoView {
    let rows = |blobs: bool| {
        let row = |document: &Arc<DocumentModel>| {
            let own = document.descriptor.digest.clone();
            let current = (own == digest).then_some("true");
            let short = own.short().to_owned();
            let href = route.with_view(View::documents(Some(own))).href();
            let failed =
                document.is_failed().then(|| view! { <Badge kind="failed" text="failed" /> });
            view! {
                <a class="rowlink" href=href aria-current=current>
                    <span class="two grow">
                        <b>{format::visible(&document.title)}</b>
                        <span class="mono muted clip">{short}</span>
                    </span>
                    {failed}
                    <span class="muted number">
                        <ByteSize bytes=document.descriptor.size />
                    </span>
                </a>
            }
        };
        let is_blob =
            |it: &&Arc<DocumentModel>| matches!(it.content, DocumentContent::Blob) == blobs;
        image.documents.iter().filter(is_blob).map(row).collect::<Vec<_>>()
    };
    let (documents, blobs) = (rows(false), rows(true));
    let note = format::count(documents.len() as u64);
    let blob_note = format::count(blobs.len() as u64);
    let blobs = (!blobs.is_empty()).then(|| {
        view! {
            <Card title="Blobs" note=blob_note>
                <nav class="rows" aria-label="Blobs">
                    {blobs}
                </nav>
            </Card>
        }
    });
    view! {
        <div class="stack">
            <Card title="Documents" note>
                <nav class="rows" aria-label="Documents">
                    {documents}
                </nav>
            </Card>
            {blobs}
        </div>
    }
}

#[component]
fn Missing(digest: Digest) -> impl IntoView {
    view! {
        <Card title="Not among the documents">
            <div class="body">
                "Nothing under this image's root has the digest " <DigestChip digest />
                ". Check the link, or choose one from the list."
            </div>
        </Card>
    }
}

#[component]
fn Open(
    image: Arc<ImageModel>,
    document: Arc<DocumentModel>,
    raw: bool,
    route: ImageRoute,
) -> impl IntoView {
    let body = match &document.content {
        DocumentContent::Document(Load::Ready(bytes)) => content(&image, bytes, raw, &route),
        DocumentContent::Document(Load::Waiting(what)) => {
            view! { <Empty text=what.clone() /> }.into_any()
        }
        DocumentContent::Document(Load::Failed(problem)) => view! {
            <div class="body">
                <b>
                    <Untrusted text=problem.sentence.clone() />
                </b>
                <p class="muted">
                    <Untrusted text=problem.reason.clone() />
                </p>
            </div>
        }
        .into_any(),
        DocumentContent::Blob => {
            let named = image.face.as_ref().and_then(|face| face.part(&document.descriptor.digest));
            let mut part = named.cloned().unwrap_or_else(|| Part::alone(&document.descriptor));
            // The files of an image's layers are a view of their own.
            if named.is_none() && part.form == Form::Archive {
                part.form = Form::Bytes;
            }
            view! { <BlobContent part /> }.into_any()
        }
    };
    let acts = {
        let document = document.clone();
        move || acts(&document, raw, &route)
    };
    let descriptor = document.descriptor.clone();
    let media_type = descriptor.media_type.to_string();
    let size = format!("{} bytes", format::count(descriptor.size));
    view! {
        <div class="stack">
            <Card title=format::visible(&document.title) acts>
                <Facts>
                    <Fact name="Digest">
                        <DigestChip digest=descriptor.digest named=true />
                    </Fact>
                    <Fact name="Media type">
                        <code>
                            <Untrusted text=media_type />
                        </code>
                    </Fact>
                    <Fact name="Size">{size}</Fact>
                </Facts>
                {body}
            </Card>
            <Headers document />
        </div>
    }
}

fn acts(document: &DocumentModel, raw: bool, route: &ImageRoute) -> AnyView {
    let DocumentContent::Document(Load::Ready(bytes)) = &document.content else {
        return ().into_any();
    };
    let digest = document.descriptor.digest.clone();
    let form = |name: &'static str, as_raw: bool| {
        let view = View::Documents { digest: Some(digest.clone()), raw: as_raw };
        let href = route.with_view(view).href();
        view! {
            <a href=href aria-current=(raw == as_raw).then_some("true")>
                {name}
            </a>
        }
    };
    let text = String::from_utf8_lossy(bytes).into_owned();
    let name = format!("{}.json", digest.as_str().replace(':', "-"));
    let bytes = bytes.clone();
    view! {
        <nav class="segments" aria-label="Form of the document">
            {form("Pretty", false)}
            {form("Byte for byte", true)}
        </nav>
        <CopyButton text=text label="Copy the document" />
        <button type="button" class="button small" on:click=move |_| save_bytes(&name, &bytes)>
            "Download"
        </button>
    }
    .into_any()
}

fn content(image: &Arc<ImageModel>, bytes: &[u8], raw: bool, route: &ImageRoute) -> AnyView {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if raw {
        return view! { <TextView text /> }.into_any();
    }
    let (image, route) = (image.clone(), route.clone());
    let link = move |text: String| {
        let digest = Digest::parse(&text).ok()?;
        image.document(&digest)?;
        Some(route.with_view(View::documents(Some(digest))).href())
    };
    view! { <JsonView text link /> }.into_any()
}

#[component]
fn Headers(document: Arc<DocumentModel>) -> impl IntoView {
    let headers = document.headers.clone();
    (!headers.is_empty()).then(|| {
        let facts = headers.into_iter().map(|(name, value)| {
            view! {
                <Fact name>
                    <code>
                        <Untrusted text=value />
                    </code>
                </Fact>
            }
        });
        view! {
            <Card title="Response headers" note="as the registry sent them".to_owned()>
                <Facts wide_keys=true>{facts.collect_view()}</Facts>
            </Card>
        }
    })
}
