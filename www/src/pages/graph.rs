//! Everything under one root: index, children, attestations, referrers.

use std::sync::Arc;

use drydock::commands::Task;
use leptos::prelude::*;

use super::commands;
use super::image::{WhenLoaded, shown};
use super::model::ImageModel;
use crate::components::{Empty, GraphOutline, GraphPicture, MAX_DRAWN, Relation, format};
use crate::route::View;

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
    let show = move |image: Arc<ImageModel>| {
        let too_many = image.boxes.len() > MAX_DRAWN;
        let body = match (image.boxes.is_empty(), outline.get() || too_many) {
            (true, _) => view! { <Empty text="Nothing has been read yet." /> }.into_any(),
            (_, true) => view! { <GraphOutline nodes=image.lines.clone() /> }.into_any(),
            (_, false) => view! { <GraphPicture nodes=image.boxes.clone() /> }.into_any(),
        };
        let remarks: Vec<&str> =
            image.remarks.iter().chain(&image.not_known).map(String::as_str).collect();
        let remarks = remarks.join(" ");
        let remarks = (!remarks.is_empty())
            .then(|| view! { <p class="body muted"><bdi>{format::visible(&remarks)}</bdi></p> });
        view! {
            <div class="page">
                <section class="card">
                    <header>
                        <Forms outline=outline.into() forced=too_many />
                        <span class="note">{summary(&image)}</span>
                    </header>
                    {body}
                    {remarks}
                </section>
            </div>
        }
        .into_any()
    };
    view! { <WhenLoaded load=shown.image show /> }
}

#[component]
fn Forms(outline: Signal<bool>, forced: bool) -> impl IntoView {
    let shown = shown();
    let link = move |name: &'static str, as_outline: bool| {
        let href = move || shown.href(View::Graph { outline: as_outline });
        let current = move || ((outline.get() || forced) == as_outline).then_some("true");
        view! {
            <a href=href aria-current=current>
                {name}
            </a>
        }
    };
    view! {
        <nav class="segments" aria-label="Form of the graph">
            {(!forced).then(|| link("Picture", false))} {link("Outline", true)}
        </nav>
    }
}

fn summary(image: &ImageModel) -> String {
    let read = image.documents.iter().filter(|it| it.is_read()).count();
    let failed = image.documents.iter().filter(|it| it.is_failed()).count();
    let referrers = image.boxes.iter().filter(|it| it.relation == Relation::Refers).count();
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
