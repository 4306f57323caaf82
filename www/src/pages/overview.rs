//! What an image is: where its bytes are, how it came to be, what it runs, what it says of itself.

use std::sync::Arc;

use drydock::commands::Task;
use drydock::digest::Digest;
use drydock::reference::Reference;
use leptos::prelude::*;

use super::artifact::ArtifactPage;
use super::commands;
use super::image::{WhenLoaded, shown};
use super::model::{ContentModel, ImageModel, Label, PlatformModel, Setting};
use crate::components::{
    Badge, ByteSize, Card, DigestChip, Empty, FEW, Fact, Facts, Form, LayerBar, LayerSize,
    LongList, LongTable, OutLink, Step, Steps, Time, Untrusted, format,
};
use crate::route::{ImageRoute, Route, View};

/// Most remarks that are shown one by one.
const REMARKS: usize = 8;

/// The overview.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let shown = shown();
    commands::follow(move |server| {
        if let Some(task) = commands::artifact(shown, server) {
            return Some(task);
        }
        let (image, platform) = server.shown(shown)?;
        Some(Task::Config { image, platform })
    });
    let content = Signal::derive(move || shown.content());
    let show = move |content: Arc<ContentModel>| {
        view! {
            <div class="page">
                <Remarks own=content.remarks.clone() />
                <Bytes content=content.clone() />
                <div class="columns">
                    <RunsAs settings=content.runs_as.clone() />
                    <Labels labels=content.labels.clone() />
                </div>
                <Platforms />
            </div>
        }
        .into_any()
    };
    let face =
        Memo::new(move |_| shown.image.with(|image| image.ready().and_then(|it| it.face.clone())));
    move || match face.get() {
        Some(face) => view! { <ArtifactPage face /> }.into_any(),
        None => view! { <WhenLoaded load=content show /> }.into_any(),
    }
}

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
fn Bytes(content: Arc<ContentModel>) -> impl IntoView {
    let shown = shown();
    let route = shown.route.get_untracked();
    let sizes = content.layers.iter().map(|layer| LayerSize {
        layer: layer.number,
        bytes: layer.descriptor.size,
        what: layer.step.clone(),
        href: layer_href(&route, layer.number),
    });
    let sizes: Vec<LayerSize> = sizes.collect();
    let steps = content.steps.iter().map(|step| Step {
        layer: step.layer,
        word: step.word.clone(),
        arguments: step.arguments.clone(),
        bytes: step.bytes,
        files: String::new(),
        href: step.layer.map(|layer| layer_href(&route, layer)),
    });
    let steps = steps.collect();
    let title = format!("Where the {} are", format::bytes(content.size()));
    let note = format::plural(content.layers.len(), "layer", "layers");
    let body = match sizes.is_empty() {
        true => view! { <Empty text="This image has no layers." /> }.into_any(),
        false => view! {
            <div class="body">
                <LayerBar layers=sizes />
            </div>
        }
        .into_any(),
    };
    view! {
        <Card title note>
            {body}
            <Steps steps />
        </Card>
    }
}

fn layer_href(route: &ImageRoute, layer: usize) -> String {
    let layer = u32::try_from(layer).ok().and_then(std::num::NonZeroU32::new);
    route.with_view(View::Layers(layer)).href()
}

#[component]
fn RunsAs(settings: Vec<Setting>) -> impl IntoView {
    let facts = settings.into_iter().map(|setting| {
        view! {
            <Fact name=setting.name>
                {values(setting.name, setting.values)} " " <span class="muted">{setting.note}</span>
            </Fact>
        }
    });
    view! {
        <Card title="Runs as">
            <Facts>{facts.collect_view()}</Facts>
        </Card>
    }
}

fn values(name: &'static str, values: Vec<String>) -> AnyView {
    let value = |text: &String| {
        view! {
            <code>
                <Untrusted text=text.clone() />
            </code>
        }
    };
    if values.len() <= FEW {
        let values = values.iter().map(value).collect_view();
        return view! { <span class="list">{values}</span> }.into_any();
    }
    let rows = Signal::stored(values.len());
    let row = Callback::new(move |at: usize| {
        values.get(at).map(|text| view! { <li>{value(text)}</li> }).into_any()
    });
    view! { <LongList rows row class="plain" label=name /> }.into_any()
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

#[component]
fn Platforms() -> impl IntoView {
    let shown = shown();
    let table = move || {
        let image = shown.image.with(|image| image.ready().cloned())?;
        (image.platforms.len() > 1).then(|| platform_table(&image, &shown.route.get()))
    };
    view! { {table} }
}

fn platform_table(image: &Arc<ImageModel>, route: &ImageRoute) -> AnyView {
    let rows = Signal::stored(image.platforms.len());
    let note = format::count(image.platforms.len() as u64);
    let (image, route) = (image.clone(), route.clone());
    let row = Callback::new(move |at: usize| {
        image.platforms.get(at).map(|platform| platform_row(platform, &route)).into_any()
    });
    view! {
        <Card title="Platforms" note>
            <LongTable
                rows
                row
                label="Platforms"
                head=|| {
                    view! {
                        <tr>
                            <th scope="col">"Platform"</th>
                            <th scope="col">"Manifest"</th>
                            <th scope="col">"Attestations"</th>
                            <th scope="col" class="number">"Layers"</th>
                            <th scope="col" class="number">"Size"</th>
                        </tr>
                    }
                }
            />
        </Card>
    }
    .into_any()
}

fn platform_row(platform: &PlatformModel, route: &ImageRoute) -> AnyView {
    let href = route.with_platform(Some(platform.name.clone())).href();
    let content = platform.content.value();
    let layers = content.map(|content| format::count(content.layers.len() as u64));
    let size = content.map(|content| view! { <ByteSize bytes=content.size() /> });
    let attested = (platform.attestations > 0).then(|| {
        let text = format::plural(platform.attestations, "attestation", "attestations");
        view! { <Badge text /> }
    });
    let manifest = platform.manifest.clone();
    let document = route.with_view(View::documents(Some(manifest.clone()))).href();
    view! {
        <tr>
            <th scope="row">
                <a href=href>
                    <Untrusted text=platform.name.clone() inert=true />
                </a>
                " "
                <span class="muted">
                    <Untrusted text=platform.remark.clone() inert=true />
                </span>
            </th>
            <td data-name="Manifest">
                <DigestChip digest=manifest href=document />
            </td>
            <td data-name="Attestations">{attested}</td>
            <td data-name="Layers" class="number">
                {layers}
            </td>
            <td data-name="Size" class="number">
                {size}
            </td>
        </tr>
    }
    .into_any()
}
