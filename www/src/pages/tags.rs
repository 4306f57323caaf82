//! The repository's tags, as they come in.

use drydock::reference::{Reference, Tag};
use leptos::prelude::*;

use super::data;
use super::image::shown;
use super::local::LocalImages;
use crate::components::{Card, Empty, ErrorPanel, LoginAsk, Problem, Windowed, format};
use crate::route::{Here, Route, View};
use crate::state::{Overlay, ui};

/// Height of a row in pixels, as in the style sheet.
const ROW: f64 = 34.0;

/// How far the list is. Pages are added as they come.
#[derive(Clone, Debug, Default)]
pub struct TagList {
    /// The tags so far, in the registry's order.
    pub tags: Vec<Tag>,
    /// Whether the registry has more that is still asked for.
    pub growing: bool,
    /// Why it ended early.
    pub problem: Option<Problem>,
}

/// The tags.
#[component]
pub fn TagsPage() -> impl IntoView {
    let shown = shown();
    let reference = shown.route.get_untracked().reference;
    if Here::of(&reference.registry) == Some(Here::Local) {
        ui().command.set(String::new());
        return view! {
            <div class="page">
                <LocalImages repository=reference.repository />
            </div>
        }
        .into_any();
    }
    view! { <RepositoryTags reference /> }.into_any()
}

#[component]
fn RepositoryTags(reference: Reference) -> impl IntoView {
    let shown = shown();
    let ui = ui();
    ui.command.set(format!("crane ls {}", format::shell_word(&reference.name())));
    let list = RwSignal::new(TagList { growing: true, ..TagList::default() });
    let task = StoredValue::new_local(None);
    let load = {
        let reference = reference.clone();
        Callback::new(move |()| task.set_value(Some(data::load_tags(reference.clone(), list))))
    };
    Effect::new(move |_| {
        ui.logins.track();
        load.run(());
    });
    let filter = Memo::new(move |_| {
        shown.route.with(|route| match &route.view {
            View::Tags { filter } => filter.clone(),
            _ => String::new(),
        })
    });
    let found = Memo::new(move |_| {
        let wanted = filter.get();
        list.with(|list| {
            let fits = |tag: &&Tag| tag.as_str().contains(&*wanted);
            list.tags.iter().filter(fits).cloned().collect::<Vec<Tag>>()
        })
    });
    let type_filter = move |event: web_sys::Event| {
        let view = View::Tags { filter: event_target_value(&event) };
        ui.replace(Route::Image(shown.route.get_untracked().with_view(view)));
    };
    let row = {
        let reference = reference.clone();
        Callback::new(move |at: usize| {
            let tag = found.with(|found| found.get(at).cloned());
            let Some(tag) = tag else { return ().into_any() };
            let current = (reference.tag.as_ref() == Some(&tag)).then_some("true");
            let href = Route::image(reference.tagged(tag.clone())).href();
            view! {
                <a class="rowlink tag" href=href aria-current=current>
                    <span class="mono clip">{tag.to_string()}</span>
                </a>
            }
            .into_any()
        })
    };
    let note = Signal::derive(move || {
        list.with(|list| {
            let number = format::plural(list.tags.len(), "tag", "tags");
            if list.growing { format!("{number}, asking for more…") } else { number }
        })
    });
    let nothing = move || {
        let (empty, growing) = list.with(|list| (list.tags.is_empty(), list.growing));
        let failed = list.with(|list| list.problem.is_some());
        (found.with(Vec::is_empty) && !failed).then(|| {
            let text = match (growing, empty) {
                (true, _) => "Asking for the tags…",
                (false, true) => "The repository has no tags.",
                (false, false) => "No tag contains this.",
            };
            view! { <Empty text /> }
        })
    };
    let problem = move || {
        let problem = list.with(|list| list.problem.clone())?;
        let registry = reference.registry.to_string();
        let (why, realm) = (problem.sentence.clone(), problem.consent.clone());
        let ask = LoginAsk { registry, realm, why };
        let login = Callback::new(move |()| ui.overlay.set(Overlay::Login(ask.clone())));
        Some(view! { <ErrorPanel problem retry=load login /> })
    };
    let field = move || {
        view! {
            <div class="field">
                <input
                    aria-label="Filter the tags"
                    placeholder="Filter"
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=filter
                    on:input=type_filter
                />
            </div>
        }
    };
    view! {
        <div class="page">
            {problem}
            <Card title=format!("Tags of {}", reference_name()) note acts=field>
                {nothing}
                <Windowed
                    rows=Signal::derive(move || found.with(Vec::len))
                    height=ROW
                    row
                    class="taglist"
                    label="Tags"
                />
            </Card>
        </div>
    }
}

fn reference_name() -> String {
    shown().route.get_untracked().reference.name()
}
