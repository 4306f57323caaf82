//! The head of an image's pages, and the row of its views.

use std::sync::Arc;

use drydock::edit::{Base, Pinned};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::shown::Shown;
use crate::components::{ByteSize, Identity, Tab, Time, format, is_zero_time};
use crate::history;
use crate::jobs::drafts;
use crate::pages::model::{ContentModel, ImageModel, Load, choices};
use crate::route::{Here, ImageRoute, Route, TABS, View};
use crate::state::Ui;

/// Who the image is, how far it is trusted, which platform of it is shown.
#[component]
pub(super) fn Head(ui: Ui, shown: Shown) -> impl IntoView {
    let Shown { route, image, platform, .. } = shown;
    let reference = Signal::derive(move || route.get().reference);
    let digest =
        Signal::derive(move || image.with(|image| image.ready().map(|image| image.digest.clone())));
    let platforms = Signal::derive(move || {
        image.with(|image| image.ready().map(|image| choices(image)).unwrap_or_default())
    });
    let chosen = Signal::derive(move || match platform.get() {
        Load::Ready(Some(platform)) => platform.name.clone(),
        _ => String::new(),
    });
    let choose = move |name: String| {
        ui.go(Route::Image(route.get_untracked().with_platform(Some(name))));
    };
    let share = Signal::derive(move || {
        let route = route.get();
        // A draft has another digest after its next edit.
        let fixed = Here::of(&route.reference.registry) != Some(Here::Draft);
        history::link(&Route::Image(match digest.get().filter(|_| fixed) {
            Some(digest) => route.pinned(&digest),
            None => route,
        }))
    });
    Effect::new(move |_| ui.share.set(Some(share.get())));
    on_cleanup(move || ui.share.set(None));
    follow_base(ui, route);
    let verify = Signal::derive(move || shown.href(View::Verify));
    let draft = draft(ui, shown);
    let facts = move || {
        view! {
            {move || image.with(|image| image.ready().map(|image| counts(image)))}
            {move || {
                let here = route.with(|route| Here::of(&route.reference.registry));
                sizes(&shown.content(), here)
            }}
        }
    };
    view! {
        <Identity
            reference
            draft_of=ui.draft_of
            digest
            trust=ui.trust
            draft
            facts
            platforms
            platform=chosen
            choose
            share
            shared=ui.shared
            verify
            absent=Signal::derive(move || shown.is_absent())
        />
    }
}

/// Says what a draft that is shown is a draft of.
fn follow_base(ui: Ui, route: Memo<ImageRoute>) {
    let name = Memo::new(move |_| {
        route.with(|route| {
            let is_draft = Here::of(&route.reference.registry) == Some(Here::Draft);
            is_draft.then(|| route.reference.repository.to_string())
        })
    });
    Effect::new(move |_| {
        ui.draft_of.set(None);
        let Some(name) = name.get() else { return };
        spawn_local(async move {
            let base = drafts::base(&name).await.ok().flatten();
            if name_is_shown(ui, &name) {
                ui.draft_of.set(base);
            }
        });
    });
    on_cleanup(move || ui.draft_of.set(None));
}

fn name_is_shown(ui: Ui, name: &str) -> bool {
    ui.image().is_some_and(|image| {
        Here::of(&image.reference.registry) == Some(Here::Draft)
            && image.reference.repository.as_str() == name
    })
}

/// How many edits this browser's draft of the image has, and where it is.
fn draft(ui: Ui, shown: Shown) -> Signal<Option<(usize, String)>> {
    let name = Memo::new(move |_| {
        let reference = shown.route.with(|route| route.reference.clone());
        if Here::of(&reference.registry) == Some(Here::Draft) {
            return Some(reference.repository.to_string());
        }
        let digest = shown.image.with(|image| image.ready().map(|image| image.digest.clone()))?;
        Some(drafts::name(&Base::Image(Pinned::new(reference, digest))))
    });
    let kept = RwSignal::new(None::<(String, usize)>);
    Effect::new(move |_| {
        // Told whenever a draft is kept or deleted.
        ui.drafts.track();
        let Some(name) = name.get() else { return };
        spawn_local(async move {
            let edits = drafts::edits(&name).await.ok().flatten();
            kept.try_set(edits.map(|edits| (name, edits)));
        });
    });
    Signal::derive(move || {
        // What was read for another image may come late.
        let (of, edits) = kept.get()?;
        (edits > 0 && name.get() == Some(of)).then(|| (edits, shown.href(View::Edit)))
    })
}

fn counts(image: &ImageModel) -> AnyView {
    let mut parts = vec![image.what.name().to_owned()];
    if image.what.is_index() {
        parts.push(format::plural(image.platforms.len(), "platform", "platforms"));
    }
    if image.attestations > 0 {
        parts.push(format::plural(image.attestations, "attestation", "attestations"));
    }
    if image.referrers > 0 {
        parts.push(format::plural(image.referrers, "referrer", "referrers"));
    }
    view! { <span>{parts.join(", ")}</span> }.into_any()
}

fn sizes(content: &Load<Arc<ContentModel>>, here: Option<Here>) -> Option<AnyView> {
    let content = content.ready()?.clone();
    let built = content.created.clone().map(|at| {
        let word = if is_zero_time(&at) { "build " } else { "built " };
        view! { <span>{word} <Time at /></span> }
    });
    Some(
        view! {
            <span>
                <b>
                    <ByteSize bytes=content.size() />
                </b>
                {where_it_is(here)}
            </span>
            {built}
        }
        .into_any(),
    )
}

/// What a size in bytes is the size of.
#[must_use]
pub fn where_it_is(here: Option<Here>) -> &'static str {
    match here {
        None => " to download",
        Some(Here::Local) => " on disk",
        Some(Here::Draft) => " in its layers",
    }
}

/// The row of views.
pub(super) fn view_tabs(shown: Shown) -> Vec<Tab> {
    let route = shown.route.get();
    let layers = shown.content().ready().map(|content| content.layers.len());
    let documents = shown.image.with(|image| {
        image.ready().map(|image| image.documents.iter().filter(|it| !it.is_blob()).count())
    });
    let tabs = TABS.map(|tab| {
        let view = (tab.view)();
        let count = match view {
            View::Layers(_) => layers,
            View::Documents { .. } => documents,
            _ => None,
        };
        let current = route.view.same_tab(&view);
        Tab { name: tab.title, current, href: route.with_view(view).href(), count }
    });
    let mut tabs = Vec::from(tabs);
    // Of what is not there nothing can be seen, but its repository may have others.
    tabs.retain(|tab| {
        !shown.is_absent() || tab.current || ["Overview", "Tags"].contains(&tab.name)
    });
    tabs
}
