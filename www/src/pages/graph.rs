//! Everything under one root: index, children, attestations, referrers.

use std::sync::Arc;

use drydock::commands::Task;
use leptos::prelude::*;

use super::commands;
use super::image::{WhenLoaded, shown};
use super::model::ImageModel;
use super::reading;
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
        let boxes = reading::nodes(&image.graph, &image.reference, true);
        let forced = boxes.len() > MAX_DRAWN;
        let outlined = outline.get() || forced;
        let nodes = match outlined {
            true => reading::nodes(&image.graph, &image.reference, false),
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
    let referrers = image.referrers + image.attestations;
    let mut text = format!("{} read", format::plural(read, "document", "documents"));
    if image.growing {
        text.push_str(", more on their way");
    }
    if failed > 0 {
        text.push_str(&format!(", {failed} could not be read"));
    }
    text.push_str(" · ");
    text.push_str(&match referrers {
        0 if !image.not_known.is_empty() => "what refers to it is not known".to_owned(),
        0 => "nothing refers to it".to_owned(),
        n => format!("{} dashed", format::plural(n, "referrer", "referrers")),
    });
    if !image.referrers_from.is_empty() {
        text.push_str(&format!(", by {}", image.referrers_from));
    }
    text
}
