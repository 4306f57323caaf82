//! Which software an image holds, by what its own records say.

mod export;
mod list;
mod reading;
mod unowned;

use std::rc::Rc;
use std::sync::Arc;

use drydock::commands::Task;
use leptos::prelude::*;

use self::export::ExportCard;
use self::list::ListCard;
use self::reading::{Phase, Reading};
use self::unowned::UnownedCard;
use super::commands;
use super::loaded::WhenLayers;
use super::model::ContentModel;
use super::shown::shown;
use crate::components::{ErrorPanel, ProgressRow};
use crate::jobs::packages::Installed;

/// The view of packages.
#[component]
pub fn PackagesPage() -> impl IntoView {
    let shown = shown();
    commands::follow(move |server| {
        let (image, platform) = server.shown(shown)?;
        Some(Task::Packages { image, platform })
    });
    let show = |content: Arc<ContentModel>| view! { <PackagesOf content /> }.into_any();
    view! { <WhenLayers none="This image has no layers, so there is no software in it." show /> }
}

#[component]
fn PackagesOf(content: Arc<ContentModel>) -> impl IntoView {
    let reading = Reading::begin(&content);
    let retry = Callback::new(move |()| reading.read());
    let cancel = Callback::new(move |()| reading.cancel());
    let not_shown = content.not_shown();
    let view = move || {
        match reading.phase.get() {
        Phase::Layers => view! {
            <section class="card opening" role="status">
                <ProgressRow
                    what="Reading the layers"
                    transfer=Signal::derive(move || Some(reading.progress.transfer()))
                    cancel
                />
            </section>
        }
        .into_any(),
        Phase::Files => view! {
            <section class="card opening" role="status">
                <ProgressRow what="Looking for packages in the files" transfer=reading.looked cancel />
            </section>
        }
        .into_any(),
        Phase::Failed(problem) => view! { <ErrorPanel problem retry /> }.into_any(),
        Phase::Here => {
            let Some(installed) = reading.installed.get_value() else { return ().into_any() };
            view! { <Whole installed not_shown=not_shown.clone() /> }.into_any()
        }
    }
    };
    view! { <div class="page">{view}</div> }
}

#[component]
fn Whole(installed: Rc<Installed>, not_shown: Vec<String>) -> impl IntoView {
    let missing = not_shown.into_iter().chain(installed.found.notes.iter().cloned());
    let missing = missing.map(|why| view! { <p class="muted">{why}</p> }).collect_view();
    let unowned = installed.found.unowned.clone();
    let has_some = !installed.found.counts.is_empty();
    view! {
        {missing}
        <ListCard installed=Rc::clone(&installed) />
        {has_some.then(|| view! { <ExportCard installed /> })}
        <UnownedCard unowned />
    }
}
