//! The layers: how large each is, what made it, and by which digests it is known.

use std::num::NonZeroU32;
use std::sync::Arc;

use drydock::commands::Task;
use drydock::digest::Digest;
use drydock::inspect::media;
use drydock::media_type::Compression;
use leptos::prelude::*;

use super::commands;
use super::image::where_it_is;
use super::loaded::WhenLayers;
use super::model::{ContentModel, LayerModel};
use super::shown::shown;
use crate::components::{
    ByteSize, Card, DigestChip, Fact, Facts, LayerBar, LayerDot, LayerSize, LongTable, TrustBadge,
    Untrusted, format,
};
use crate::route::{FilesView, Here, Tree, View};
use crate::state::{Checked, ui};

/// The layers view.
#[component]
pub fn LayersPage() -> impl IntoView {
    let shown = shown();
    commands::follow(move |server| {
        if let Some(task) = commands::artifact(shown, server) {
            return Some(task);
        }
        let (image, platform) = server.shown(shown)?;
        Some(Task::Layers { image, platform })
    });
    let show = |content: Arc<ContentModel>| {
        view! {
            <div class="page">
                <NoSuchLayer layers=content.layers.len() />
                <Bar content=content.clone() />
                <Chosen content=content.clone() />
                <Table content />
            </div>
        }
        .into_any()
    };
    view! { <WhenLayers none="This image has no layers: it is a config without files." show /> }
}

/// The chosen layer of the address, when the image has it; from 1.
fn chosen(layers: usize) -> Signal<Option<usize>> {
    let shown = shown();
    Signal::derive(move || match shown.route.get().view {
        View::Layers(Some(layer)) => Some(layer.get() as usize).filter(|layer| *layer <= layers),
        _ => None,
    })
}

/// What a verification has found of a layer, once there was one.
fn checked(digest: Digest) -> Signal<Option<Checked>> {
    let all = ui().checked;
    Signal::derive(move || all.with(|all| all.get(&digest).cloned()))
}

fn at(layer: usize) -> Option<NonZeroU32> {
    u32::try_from(layer).ok().and_then(NonZeroU32::new)
}

/// Says that the address names a layer that the image does not have.
#[component]
pub(super) fn NoSuchLayer(layers: usize) -> impl IntoView {
    let shown = shown();
    move || {
        let route = shown.route.get();
        let wanted = match &route.view {
            View::Layers(layer) => *layer,
            View::Files(files) => files.tree.layer(),
            _ => None,
        };
        let wanted = wanted.filter(|layer| layer.get() as usize > layers)?;
        let href = route.with_view(View::Layers(at(layers))).href();
        let has = format::plural(layers, "layer", "layers");
        Some(view! {
            <div class="panel warning" role="alert">
                <div class="say">
                    <h2>{format!("There is no layer {wanted}.")}</h2>
                    <p>
                        {format!("This image has {has}, counted from 1 at the base. ")}
                        <a href=href>{format!("Layer {layers}")}</a> " is the last one."
                    </p>
                </div>
            </div>
        })
    }
}

#[component]
fn Bar(content: Arc<ContentModel>) -> impl IntoView {
    let shown = shown();
    let route = shown.route.get_untracked();
    let sizes = content.layers.iter().enumerate().map(|(index, layer)| LayerSize {
        layer: index + 1,
        bytes: layer.descriptor.size,
        what: layer.step.clone(),
        href: route.with_view(View::Layers(at(index + 1))).href(),
    });
    let layers: Vec<LayerSize> = sizes.collect();
    let title = format!("Where the {} are", format::bytes(content.size()));
    let note = format::plural(layers.len(), "layer", "layers");
    let chosen = chosen(layers.len());
    view! {
        <Card title note>
            <div class="body">
                <LayerBar layers chosen />
            </div>
        </Card>
    }
}

#[component]
fn Chosen(content: Arc<ContentModel>) -> impl IntoView {
    let chosen = chosen(content.layers.len());
    let shown = shown();
    let asked = move || match shown.route.get().view {
        View::Layers(layer) => layer.map(|layer| layer.get() as usize),
        _ => None,
    };
    let layers = content.layers.len();
    let absent = move || {
        let number = asked().filter(|number| *number > layers)?;
        let has = format::plural(layers, "layer", "layers");
        Some(view! {
            <p class="panel warning" role="status">
                {format!("There is no layer {}: this image has {has}.", format::count(number as u64))}
            </p>
        })
    };
    let chosen_layer = move || {
        let number = chosen.get()?;
        let layer = content.layers.get(number - 1)?.clone();
        let route = shown.route.get();
        let files = |tree| route.with_view(View::Files(FilesView { tree, ..FilesView::default() }));
        let links = at(number)
            .map(|layer| [Tree::Changes(layer), Tree::Layer(layer)].map(|tree| files(tree).href()));
        let acts = ViewFn::from(move || {
            links.clone().map(|[changes, tree]| {
                view! {
                    <a class="button small" href=changes>
                        "What it changed"
                    </a>
                    <a class="button small" href=tree>
                        "Its files"
                    </a>
                }
            })
        });
        let share = content.size().max(1);
        let note = format!("{:.0} % of all", layer.descriptor.size as f64 * 100.0 / share as f64);
        let not_shown = media::not_shown(number, &layer.descriptor.media_type).map(|sentence| {
            view! {
                <Fact name="Files">
                    <Untrusted text=sentence />
                </Fact>
            }
        });
        let found = checked(layer.descriptor.digest.clone());
        let verdict = move || {
            let Checked { trust, why } = found.get()?;
            let why = why.into_iter().map(|text| view! { <p><Untrusted text /></p> });
            Some(view! {
                <Fact name="Verdict">
                    <TrustBadge trust />
                    " "
                    <a href=shown.href(View::Verify)>"what the verification found"</a>
                    {why.collect_view()}
                </Fact>
            })
        };
        let diff_id = match layer.diff_id {
            Some(diff_id) => view! { <DigestChip digest=diff_id.0 /> }.into_any(),
            None => view! { <span class="muted">"none: the config names fewer"</span> }.into_any(),
        };
        Some(view! {
            <Card title=format!("Layer {number}") note acts>
                <Facts>
                    <Fact name="Made by">
                        <code class="wrap">
                            <Untrusted text=layer.step />
                        </code>
                    </Fact>
                    {verdict}
                    <Fact name="Digest">
                        <DigestChip digest=layer.descriptor.digest />
                    </Fact>
                    <Fact name="Diff ID">{diff_id}</Fact>
                    <Fact name="Size">
                        {format!(
                            "{} bytes{}",
                            format::count(layer.descriptor.size),
                            where_it_is(Here::of(&route.reference.registry)),
                        )}
                    </Fact>
                    <Fact name="Media type">
                        <code>
                            <Untrusted text=layer.descriptor.media_type.to_string() />
                        </code>
                    </Fact>
                    {not_shown}
                </Facts>
            </Card>
        })
    };
    view! { {absent} {chosen_layer} }
}

#[component]
fn Table(content: Arc<ContentModel>) -> impl IntoView {
    let chosen = chosen(content.layers.len());
    let rows = Signal::stored(content.layers.len());
    let row = Callback::new(move |at: usize| {
        let layer = content.layers.get(at).cloned();
        layer.map(|layer| view! { <LayerRow layer number=at + 1 chosen /> }).into_any()
    });
    let at = Signal::derive(move || chosen.get().and_then(|number| number.checked_sub(1)));
    view! {
        <section class="card">
            <LongTable
                rows
                row
                at
                class="layers"
                label="Layers"
                head=|| {
                    view! {
                        <tr>
                            <th scope="col">"Layer"</th>
                            <th scope="col">"Made by"</th>
                            <th scope="col">"Digest"</th>
                            <th scope="col">"Diff ID"</th>
                            <th scope="col">"Form"</th>
                            <th scope="col" class="number">"Size"</th>
                        </tr>
                    }
                }
            />
        </section>
    }
}

#[component]
fn LayerRow(layer: LayerModel, number: usize, chosen: Signal<Option<usize>>) -> impl IntoView {
    let shown = shown();
    let href = move || shown.route.get().with_view(View::Layers(at(number))).href();
    let form = layer.descriptor.media_type.kind().compression();
    let form = form.map_or("not shown", Compression::tar_name);
    let diff_id = layer.diff_id.map(|diff_id| view! { <DigestChip digest=diff_id.0 /> });
    let checked = checked(layer.descriptor.digest.clone());
    let badge = move || {
        let trust = checked.get()?.trust;
        Some(view! { " " <TrustBadge trust /> })
    };
    view! {
        <tr aria-current=move || (chosen.get() == Some(number)).then_some("true")>
            <th scope="row" class="nowrap">
                <LayerDot layer=Some(number) />
                " "
                <a href=href>{format::count(number as u64)}</a>
                {badge}
            </th>
            <td data-name="Made by" class="made">
                <code title=format::cut(&layer.step, 300)>
                    <bdi>{format::cut(&layer.step, 300)}</bdi>
                </code>
            </td>
            <td data-name="Digest">
                <DigestChip digest=layer.descriptor.digest />
            </td>
            <td data-name="Diff ID">{diff_id}</td>
            <td
                data-name="Form"
                class="nowrap"
                title=format::cut(layer.descriptor.media_type.as_str(), 300)
            >
                {form}
            </td>
            <td data-name="Size" class="number">
                <ByteSize bytes=layer.descriptor.size />
            </td>
        </tr>
    }
}
