//! The documents themselves: pretty or byte for byte, with what the registry said when it gave them.

use std::collections::BTreeMap;
use std::sync::Arc;

use drydock::commands::Task;
use drydock::digest::Digest;
use drydock::image::{Form as PartForm, Part};
use drydock::inspect::model::Reading;
use leptos::prelude::*;

use super::artifact::BlobContent;
use super::commands;
use super::loaded::WhenLoaded;
use super::model::{DocumentContent, DocumentModel, ImageModel};
use super::shown::shown;
use crate::components::{
    Badge, ByteSize, Card, CopyButton, DigestChip, Empty, Fact, Facts, Form, JsonView, LongList,
    TextView, Untrusted, format, save_bytes,
};
use crate::route::{ImageRoute, View};

/// The list of documents, and the one that is open.
#[component]
pub fn DocumentsPage() -> impl IntoView {
    let shown = shown();
    let asked = Memo::new(move |_| {
        shown.route.with(|route| match &route.view {
            View::Documents { digest, raw } => (digest.clone(), *raw),
            _ => (None, false),
        })
    });
    commands::follow(move |server| {
        let (digest, _) = asked.get();
        let of = server.image(&shown.route.get().reference)?;
        shown.image.with(|image| {
            let image = image.ready()?;
            let digest = digest.unwrap_or_else(|| image.digest.clone());
            // Only what there is can be asked for.
            let is_blob = !image.document(&digest)?.is_manifest();
            Some(Task::Document { image: of, digest, is_blob })
        })
    });
    // The list stays as it is, and where it is, while one document after the other is opened.
    let show = move |image: Arc<ImageModel>| {
        let root = image.digest.clone();
        let open = Memo::new(move |_| asked.get().0.unwrap_or_else(|| root.clone()));
        let listed = image.clone();
        // Where the list stands above the document, that is gone to.
        Effect::new(move |before: Option<Digest>| {
            let now = open.get();
            let chosen = asked.with_untracked(|asked| asked.0.is_some());
            if chosen && before.as_ref() != Some(&now) {
                request_animation_frame(scroll_to_document);
            }
            now
        });
        let detail = move || {
            let (digest, raw) = (open.get(), asked.get().1);
            let route = shown.route.get_untracked();
            match image.document(&digest) {
                Some(document) => {
                    let (image, document) = (image.clone(), document.clone());
                    view! { <Open image document raw route /> }.into_any()
                }
                None => view! { <Missing digest /> }.into_any(),
            }
        };
        view! {
            <div class="page documents">
                <List image=listed open=open.into() />
                <div class="stack" id="document">
                    {detail}
                </div>
            </div>
        }
        .into_any()
    };
    view! { <WhenLoaded load=shown.image show /> }
}

/// Brings the document into sight when its beginning is below the window.
fn scroll_to_document() {
    let Some(element) = document().get_element_by_id("document") else { return };
    let height = window().inner_height().ok().and_then(|height| height.as_f64());
    if element.get_bounding_client_rect().top() > height.unwrap_or(f64::MAX) * 0.6 {
        element.scroll_into_view_with_bool(true);
    }
}

#[component]
fn List(image: Arc<ImageModel>, open: Signal<Digest>) -> impl IntoView {
    let of = |blobs: bool| {
        let these = image.documents.iter().filter(|it| it.is_blob() == blobs);
        these.cloned().collect::<Vec<_>>()
    };
    let (documents, blobs) = (of(false), of(true));
    let blobs = (!blobs.is_empty()).then(|| view! { <Links title="Blobs" documents=blobs open /> });
    view! {
        <div class="stack">
            <Links title="Documents" documents open />
            {blobs}
        </div>
    }
}

#[component]
fn Links(
    title: &'static str,
    documents: Vec<Arc<DocumentModel>>,
    open: Signal<Digest>,
) -> impl IntoView {
    let shown = shown();
    let note = format::count(documents.len() as u64);
    let rows = Signal::stored(documents.len());
    let places: BTreeMap<Digest, usize> = documents
        .iter()
        .enumerate()
        .map(|(at, document)| (document.descriptor.digest.clone(), at))
        .collect();
    let at = Signal::derive(move || open.with(|open| places.get(open).copied()));
    let row = Callback::new(move |at: usize| {
        let Some(document) = documents.get(at) else { return ().into_any() };
        let own = document.descriptor.digest.clone();
        let short = own.short().to_owned();
        let to = own.clone();
        let href = move || shown.href(View::documents(Some(to.clone())));
        let current = move || open.with(|open| *open == own).then_some("true");
        let failed = document.is_failed().then(|| view! { <Badge kind="failed" text="failed" /> });
        view! {
            <a class="rowlink" href=href aria-current=current>
                <span class="two grow">
                    <b>{format::cut(&document.title, 200)}</b>
                    <span class="mono muted clip">{short}</span>
                </span>
                {failed}
                <span class="muted number">
                    <ByteSize bytes=document.descriptor.size />
                </span>
            </a>
        }
        .into_any()
    });
    view! {
        <Card title note>
            <LongList rows row form=Form::Links class="rows two-lines" label=title at />
        </Card>
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
        DocumentContent::Document(Reading::Read(bytes)) => content(&image, bytes, raw, &route),
        DocumentContent::Document(Reading::Waiting(what)) => {
            view! { <Empty text=what.clone() /> }.into_any()
        }
        DocumentContent::Document(Reading::Unread(problem)) => view! {
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
            if named.is_none() && part.form == PartForm::Archive {
                part.form = PartForm::Bytes;
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
        <Card title=format::cut(&document.title, 200) acts>
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
    }
}

fn acts(document: &DocumentModel, raw: bool, route: &ImageRoute) -> AnyView {
    let DocumentContent::Document(Reading::Read(bytes)) = &document.content else {
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
        let rows = Signal::stored(headers.len());
        let row = Callback::new(move |at: usize| {
            let fact = headers.get(at).cloned().map(|(name, value)| {
                view! {
                    <Fact name>
                        <code>
                            <Untrusted text=value />
                        </code>
                    </Fact>
                }
            });
            fact.into_any()
        });
        view! {
            <Card title="Response headers" note="as the registry sent them".to_owned()>
                <LongList
                    rows
                    row
                    form=Form::Facts
                    class="facts-table wide-keys"
                    label="Response headers"
                />
            </Card>
        }
    })
}
