//! What an image says of itself, and what is remarkable about it.

use drydock::digest::Digest;
use drydock::reference::Reference;
use leptos::prelude::*;

use super::model::Label;
use super::shown::shown;
use crate::components::{
    Card, DigestChip, Empty, Fact, Form, LongList, OutLink, Time, Untrusted, format,
};
use crate::route::{Route, View};

/// Most remarks that are shown one by one.
const REMARKS: usize = 8;

/// What is wrong with the image, and with the part of it that is shown.
#[component]
pub(super) fn Remarks(own: Vec<String>) -> impl IntoView {
    let shown = shown();
    let remarks = move || {
        let image = shown.image.with(|image| image.ready().map(|image| image.remarks.clone()));
        let mut remarks = image.unwrap_or_default();
        remarks.extend(own.iter().cloned());
        let more = remarks.len().saturating_sub(REMARKS);
        let panel = |remark: String| {
            view! {
                <div class="panel warning">
                    <div class="say">
                        <Untrusted text=remark />
                    </div>
                </div>
            }
        };
        let more = (more > 0).then(|| {
            let count = format::count(more as u64);
            view! {
                <p class="muted">
                    {format!("{count} more remarks of this kind are findings of ")}
                    <a href=shown.href(View::Verify)>"a verification"</a> "."
                </p>
            }
        });
        view! { {remarks.into_iter().take(REMARKS).map(panel).collect_view()} {more} }
    };
    view! { {remarks} }
}

#[component]
pub(super) fn Labels(labels: Vec<Label>) -> impl IntoView {
    let note = format::count(labels.len() as u64);
    let body = match labels.is_empty() {
        true => view! { <Empty text="It says nothing of itself." /> }.into_any(),
        false => {
            let rows = Signal::stored(labels.len());
            let row = Callback::new(move |at: usize| labels.get(at).map(label_fact).into_any());
            view! {
                <LongList
                    rows
                    row
                    form=Form::Facts
                    class="facts-table wide-keys"
                    label="Labels and annotations"
                />
            }
            .into_any()
        }
    };
    view! {
        <Card title="Labels and annotations" note>
            {body}
        </Card>
    }
}

fn label_fact(label: &Label) -> AnyView {
    let title = format!("{} {}", label.place, format::cut(&label.key, 300));
    let value = label_value(label);
    view! {
        <Fact name=known_name(&label.key) title>
            {value}
        </Fact>
    }
    .into_any()
}

const IMAGE_KEYS: &str = "org.opencontainers.image.";

/// The keys of image-spec, annotations.md, by the words that people use.
fn known_name(key: &str) -> String {
    let known = key.strip_prefix(IMAGE_KEYS).and_then(|rest| {
        Some(match rest {
            "created" => "Created",
            "authors" => "Authors",
            "url" => "Home page",
            "documentation" => "Documentation",
            "source" => "Source",
            "version" => "Version",
            "revision" => "Revision",
            "vendor" => "Vendor",
            "licenses" => "Licences",
            "ref.name" => "Name of the reference",
            "title" => "Title",
            "description" => "Description",
            "base.name" => "Base image",
            "base.digest" => "Digest of the base",
            _ => return None,
        })
    });
    known.map_or_else(|| key.to_owned(), str::to_owned)
}

fn label_value(label: &Label) -> AnyView {
    let value = label.value.clone();
    match label.key.strip_prefix(IMAGE_KEYS) {
        Some("url" | "documentation" | "source") => view! { <OutLink address=value /> }.into_any(),
        Some("created") => view! { <Time at=value /> }.into_any(),
        Some("base.digest") => match Digest::parse(&value) {
            Ok(digest) => view! { <DigestChip digest /> }.into_any(),
            Err(_) => view! { <Untrusted text=value /> }.into_any(),
        },
        Some("base.name") => match Reference::parse(&value) {
            Ok(reference) => {
                let href = Route::image(reference).href();
                view! {
                    <a href=href>
                        <Untrusted text=value inert=true />
                    </a>
                }
                .into_any()
            }
            Err(_) => view! { <Untrusted text=value /> }.into_any(),
        },
        _ => view! { <Untrusted text=value /> }.into_any(),
    }
}
