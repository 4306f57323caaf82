//! What an image is: where its bytes are, how it came to be, what it runs, what it says of itself.

use std::sync::Arc;

use drydock::commands::Task;
use leptos::prelude::*;

use super::artifact::ArtifactPage;
use super::commands;
use super::loaded::WhenLoaded;
use super::model::{ContentModel, ImageModel, PlatformModel, Setting};
use super::said::{Labels, Remarks};
use super::shown::shown;
use crate::components::{
    Badge, ByteSize, Card, DigestChip, Empty, FEW, Fact, Facts, LayerBar, LayerSize, LongList,
    LongTable, Step, Steps, Untrusted, format,
};
use crate::route::{ImageRoute, View};

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
