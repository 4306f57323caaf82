//! What weighs in an image, what of it is for nothing, and which step would make it smaller.

mod lists;
mod places;
mod treemap;
mod weighing;

use std::sync::Arc;

use drydock::commands::Task;
use drydock::inspect::notable::Notable;
use drydock::inspect::space::Space;
use leptos::prelude::*;

use self::lists::{Duplicates, Largest, Wasted, WorthALook};
use self::treemap::Treemap;
use self::weighing::{Phase, Weighing};
use super::commands;
use super::loaded::WhenLayers;
use super::model::ContentModel;
use super::shown::{Shown, shown};
use crate::components::{Card, ErrorPanel, ProgressRow, format};

/// The view of what weighs.
#[component]
pub fn SpacePage() -> impl IntoView {
    let shown = shown();
    commands::follow(move |server| {
        let (image, platform) = server.shown(shown)?;
        Some(Task::Weigh { image, platform })
    });
    let show = |content: Arc<ContentModel>| view! { <SpaceOf content /> }.into_any();
    view! { <WhenLayers none="This image has no layers, so nothing in it weighs anything." show /> }
}

#[component]
fn SpaceOf(content: Arc<ContentModel>) -> impl IntoView {
    let shown = shown();
    let weighing = Weighing::begin(&content);
    let retry = Callback::new(move |()| weighing.read());
    let compare = Callback::new(move |()| weighing.compare_contents());
    let steps: Vec<String> = content.layers.iter().map(|layer| layer.step.clone()).collect();
    let not_shown = content.not_shown();
    let view = move || match weighing.phase.get() {
        Phase::Reading => view! {
            <section class="card opening" role="status">
                <ProgressRow
                    what=weighing.what()
                    transfer=Signal::derive(move || Some(weighing.progress.transfer()))
                    cancel=Callback::new(move |()| weighing.cancel())
                />
            </section>
        }
        .into_any(),
        Phase::Failed(problem) => view! { <ErrorPanel problem retry /> }.into_any(),
        Phase::Here(space, notable) => {
            let left_out = not_shown.iter().map(|why| view! { <p class="muted">{why.clone()}</p> });
            view! {
                {left_out.collect_view()}
                <Whole space=Arc::clone(&space) notable shown steps=steps.clone() compare />
            }
            .into_any()
        }
    };
    view! { <div class="page">{view}</div> }
}

#[component]
fn Whole(
    space: Arc<Space>,
    notable: Arc<[Notable]>,
    shown: Shown,
    steps: Vec<String>,
    compare: Callback<()>,
) -> impl IntoView {
    let note = format!("{} unpacked · colour is the layer", format::bytes(space.bytes));
    let folders = space.folders.clone();
    view! {
        <div class="columns">
            <Card title="Space by folder" note>
                <Treemap folders shown />
            </Card>
            <Wasted space=Arc::clone(&space) shown steps />
        </div>
        <Largest space=Arc::clone(&space) shown />
        <Duplicates space shown compare />
        <WorthALook notable shown />
    }
}
