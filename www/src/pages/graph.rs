//! Everything under one root: index, children, attestations, referrers.

mod boxes;

use std::sync::Arc;

use drydock::commands::Task;
use drydock::image::Role;
use leptos::prelude::*;

use super::commands;
use super::loaded::WhenLoaded;
use super::model::ImageModel;
use super::shown::shown;
use crate::components::{
    Empty, GraphNode, GraphOutline, GraphPicture, MAX_DRAWN, Untrusted, format,
};
use crate::route::View;

/// Most remarks that are shown; the verify view has all of them.
const MAX_REMARKS: usize = 20;

/// The graph.
#[component]
pub fn GraphPage() -> impl IntoView {
    let shown = shown();
    commands::follow(move |server| {
        Some(Task::Referrers { image: server.image(&shown.route.get().reference)? })
    });
    let outline = Memo::new(move |_| {
        shown.route.with(|route| matches!(route.view, View::Graph { outline: true }))
    });
    // It is drawn anew only when it has changed: while documents arrive most of it stays.
    let graph = Memo::new(move |_| {
        let image = shown.image.with(|image| image.ready().cloned())?;
        let boxes = boxes::nodes(&image, true);
        let forced = boxes.len() > MAX_DRAWN;
        let outlined = outline.get() || forced;
        let nodes = match outlined {
            true => boxes::nodes(&image, false),
            false => boxes,
        };
        Some(Drawn { outlined, forced, nodes: Arc::new(nodes) })
    });
    let show = move |_image: ()| {
        let body = move || {
            let Some(Drawn { outlined, nodes, .. }) = graph.get() else { return ().into_any() };
            match (nodes.is_empty(), outlined) {
                (true, _) => view! { <Empty text="Nothing has been read yet." /> }.into_any(),
                (_, true) => view! { <GraphOutline nodes /> }.into_any(),
                (_, false) => view! { <GraphPicture nodes /> }.into_any(),
            }
        };
        let outlined =
            Signal::derive(move || graph.with(|it| it.as_ref().is_some_and(|it| it.outlined)));
        let forced =
            Signal::derive(move || graph.with(|it| it.as_ref().is_some_and(|it| it.forced)));
        let note = move || shown.image.with(|image| image.ready().map(|image| summary(image)));
        let remarks = move || {
            let remarks: Vec<String> = shown.image.with(|image| {
                let image = image.ready();
                image
                    .map(|image| image.remarks.iter().chain(&image.not_known).cloned().collect())
                    .unwrap_or_default()
            });
            let line = |text: String| view! { <p class="body muted"><Untrusted text /></p> };
            remarks.into_iter().take(MAX_REMARKS).map(line).collect_view()
        };
        view! {
            <div class="page">
                <section class="card">
                    <header>
                        <Forms outlined forced />
                        <span class="note">{note}</span>
                    </header>
                    {body}
                    {remarks}
                </section>
            </div>
        }
        .into_any()
    };
    let load = Memo::new(move |_| shown.image.with(|image| image.map(|_| ())));
    view! { <WhenLoaded load show /> }
}

/// What is drawn of the graph.
#[derive(Clone, PartialEq)]
struct Drawn {
    outlined: bool,
    /// Whether there is too much for a picture.
    forced: bool,
    nodes: Arc<Vec<GraphNode>>,
}

#[component]
fn Forms(outlined: Signal<bool>, forced: Signal<bool>) -> impl IntoView {
    let shown = shown();
    let link = move |name: &'static str, as_outline: bool| {
        let href = move || shown.href(View::Graph { outline: as_outline });
        let current = move || (outlined.get() == as_outline).then_some("true");
        view! {
            <a href=href aria-current=current>
                {name}
            </a>
        }
    };
    view! {
        <nav class="segments" aria-label="Form of the graph">
            {move || (!forced.get()).then(|| link("Picture", false))} {link("Outline", true)}
        </nav>
    }
}

fn summary(image: &ImageModel) -> String {
    let read = image.documents.iter().filter(|it| it.is_read()).count();
    let failed = image.documents.iter().filter(|it| it.is_failed()).count();
    let mut text = format!("{} read", format::plural(read, "document", "documents"));
    if image.growing {
        text.push_str(", more on their way");
    }
    if failed > 0 {
        text.push_str(&format!(", {failed} could not be read"));
    }
    text.push_str(" · ");
    text.push_str(&dashed(image));
    text
}

/// What is drawn dashed, and how each of it was found.
fn dashed(image: &ImageModel) -> String {
    let count =
        |is: fn(&Role) -> bool| image.graph.nodes().iter().filter(|it| is(&it.role)).count();
    let listed = count(|role| matches!(role, Role::Attestation { .. }));
    let referring = count(|role| matches!(role, Role::Referrer));
    let tags = count(|role| matches!(role, Role::CosignTag(_)));
    let by = match image.referrers_from.as_str() {
        "" => String::new(),
        from => format!(" by {from}"),
    };
    let mut parts = Vec::new();
    if listed > 0 {
        let number = format::plural(listed, "attestation", "attestations");
        parts.push(format!("{number} in the index"));
    }
    if referring > 0 {
        let number = format::plural(referring, "referrer", "referrers");
        parts.push(format!("{number}{by}"));
    }
    if tags > 0 {
        parts.push(format!("{} by cosign's tags", format::count(tags as u64)));
    }
    match parts.as_slice() {
        [] if !image.not_known.is_empty() => "what refers to it is not known".to_owned(),
        [] => "nothing refers to it".to_owned(),
        parts => format!(
            "{} dashed: {}",
            format::count((listed + referring + tags) as u64),
            parts.join(", ")
        ),
    }
}
