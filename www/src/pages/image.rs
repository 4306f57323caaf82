//! An image: who it is, and the view that the address names.

mod head;

use std::sync::Arc;

use drydock::reference::Reference;
use leptos::prelude::*;

pub use self::head::where_it_is;
use self::head::{Head, view_tabs};
use super::data;
use super::model::Load;
use super::shown::{Shown, has_no_platform};
use crate::components::{Meant, Problem, Tabs};
use crate::later::{Later, Part};
use crate::route::{ImageRoute, Route, View};
use crate::state::{PageState, remember, set_page_state, ui};

/// Most platforms that are offered in place of one that is not there.
const MEANT: usize = 40;

/// An image's pages.
#[component]
pub fn ImagePage(
    /// The image.
    reference: Reference,
    /// What draws a view.
    views: fn(&View) -> Part,
) -> impl IntoView {
    let ui = ui();
    ui.trust.set(Default::default());
    ui.checked.set(Default::default());
    let last = StoredValue::new(ImageRoute::tags_of(reference.clone()));
    let route = Memo::new(move |_| {
        ui.route.with(|route| {
            if let Route::Image(image) = route {
                last.set_value(image.clone());
            }
        });
        last.get_value()
    });
    let image = RwSignal::new(Load::Waiting(String::new()));
    let asked = reference.clone();
    let task = StoredValue::new_local(None);
    let reload = Callback::new(move |()| {
        if asked.tag.is_none() && asked.digest.is_none() {
            image.set(Load::Failed(Problem {
                sentence: "No tag is chosen.".to_owned(),
                calm: true,
                ..Problem::default()
            }));
            return;
        }
        let first = route.with_untracked(|route| route.platform.clone());
        task.set_value(Some(data::load_image(asked.clone(), first.as_deref(), image)));
    });
    Effect::new(move |_| {
        // Again after each login: what was refused may now be given.
        ui.logins.track();
        reload.run(());
    });
    Effect::new(move |remembered: Option<bool>| {
        let there = image.with(|image| image.ready().is_some());
        if there && remembered != Some(true) {
            remember(&reference);
        }
        there || remembered == Some(true)
    });
    Effect::new(move |_| {
        let graph = image.with(|image| image.ready().map(|image| Arc::clone(&image.graph)));
        ui.graph.set(graph);
    });
    on_cleanup(move || ui.graph.set(None));
    let platform = Memo::new(move |_| {
        let wanted = route.with(|route| route.platform.clone());
        image.with(|image| {
            image.then(|image| match image.platform(wanted.as_deref()) {
                Ok(platform) => Load::Ready(platform),
                Err(unread) => {
                    let route = route.get();
                    let links = image.platforms.iter().map(|platform| Meant {
                        href: route.with_platform(Some(platform.name.clone())).href(),
                        name: platform.name.clone(),
                    });
                    let links = links.take(MEANT).collect();
                    Load::Failed(Problem { links, ..unread.into() })
                }
            })
        })
    });
    let shown = Shown { ui, route, image, platform, reload };
    provide_context(shown);
    Effect::new(move |_| set_page_state(page_state(shown)));

    let view_name = Memo::new(move |_| route.with(|route| route.view.name()));
    let fill = move || view_name.get() == View::files().name();
    // The head makes room as soon as something in the page is scrolled.
    let scrolled = RwSignal::new(false);
    let on_scroll = move |event: web_sys::Event| {
        use wasm_bindgen::JsCast as _;
        let element = event.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
        let down = element.is_some_and(|element| element.scroll_top() > 4);
        if scrolled.get_untracked() != down {
            scrolled.set(down);
        }
    };
    view! {
        <Head ui shown />
        <Tabs tabs=Signal::derive(move || view_tabs(shown)) />
        <main
            id="main"
            tabindex="-1"
            class:fill=fill
            class:scrolled=move || fill() && scrolled.get()
            on:scroll:capture=on_scroll
        >
            {move || {
                view_name.track();
                view! { <Later part=route.with_untracked(|route| views(&route.view)) /> }
            }}
        </main>
    }
}

fn page_state(shown: Shown) -> PageState {
    let view = shown.route.with(|route| route.view.clone());
    let image = shown.image.with(|image| match image {
        Load::Waiting(_) => PageState::Loading,
        Load::Ready(_) => PageState::Ready,
        Load::Failed(_) => PageState::Error,
    });
    match (view, image) {
        // These say for themselves how they fare, whatever the image's first document is.
        (View::Tags { .. } | View::Verify | View::Edit, PageState::Error) => PageState::Ready,
        (View::Overview | View::Layers(_) | View::Files(_), PageState::Ready) => {
            match shown.content() {
                Load::Waiting(_) => PageState::Loading,
                Load::Ready(_) => PageState::Ready,
                Load::Failed(_) if has_no_platform(shown) => PageState::Ready,
                Load::Failed(_) => PageState::Error,
            }
        }
        (_, image) => image,
    }
}
