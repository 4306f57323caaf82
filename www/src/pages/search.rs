//! Which files of an image have a text in them.

mod asking;
mod hits;
mod looking;

use std::sync::Arc;

use drydock::commands::Task;
use drydock::inspect::search::Wanted;
use leptos::prelude::*;

use self::asking::Asking;
use self::hits::HitsCard;
use self::looking::{Looking, Phase};
use super::commands;
use super::loaded::WhenLayers;
use super::model::ContentModel;
use super::shown::{Shown, shown};
use crate::components::{ErrorPanel, ProgressRow};
use crate::route::{SearchView, View};

/// The view.
#[component]
pub fn SearchPage() -> impl IntoView {
    let shown = shown();
    commands::follow(move |server| {
        let (image, platform) = server.shown(shown)?;
        let view = view_of(shown);
        let wanted = Some(view).filter(|view| !view.text.is_empty())?;
        let SearchView { text, is_regex, case_matters, paths } = wanted;
        Some(Task::Search { image, platform, text, is_regex, case_matters, paths })
    });
    let show = |content: Arc<ContentModel>| view! { <SearchOf content /> }.into_any();
    view! { <WhenLayers none="This image has no layers, so there are no files in it." show /> }
}

/// What the address says; tracked.
fn view_of(shown: Shown) -> SearchView {
    shown.route.with(|route| match &route.view {
        View::Search(view) => view.clone(),
        _ => SearchView::default(),
    })
}

#[component]
fn SearchOf(content: Arc<ContentModel>) -> impl IntoView {
    let shown = shown();
    let looking = Looking::new(&content);
    let view = Memo::new(move |_| view_of(shown));
    Effect::new(move |_| looking.look(&view.get()));
    let retry = Callback::new(move |()| looking.look(&untrack(move || view.get())));
    let cancel = Callback::new(move |()| looking.cancel());
    let not_shown = content.not_shown();
    let busy = move || match looking.phase.get() {
        Phase::Idle | Phase::Done(_) | Phase::Stopped => ().into_any(),
        Phase::Layers => view! {
            <section class="card opening" role="status">
                <ProgressRow
                    what="Reading the layers"
                    transfer=Signal::derive(move || Some(looking.progress.transfer()))
                    cancel
                />
            </section>
        }
        .into_any(),
        Phase::Files => view! {
            <section class="card opening" role="status">
                <ProgressRow what="Looking through the files" transfer=looking.looked cancel />
            </section>
        }
        .into_any(),
        Phase::Failed(problem) => view! { <ErrorPanel problem retry /> }.into_any(),
    };
    let left_out = not_shown.into_iter().map(|why| view! { <p class="muted">{why}</p> });
    view! {
        <div class="page">
            <Asking looking />
            {left_out.collect_view()}
            {busy}
            <HitsCard looking />
        </div>
    }
}

/// What is looked for, as the library has it.
fn wanted(view: &SearchView) -> Wanted {
    use drydock::inspect::search::Wording;
    Wanted {
        wording: if view.is_regex { Wording::Regex } else { Wording::Text },
        pattern: view.text.clone(),
        case_matters: view.case_matters,
        paths: view.paths.clone(),
        context: 1,
        most: looking::MOST,
    }
}
