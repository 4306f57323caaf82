//! The repository's tags, as they come in, and what can be done with them.

mod acting;
mod add;
mod delete;
mod deletion;

use drydock::commands::Task;
use drydock::reference::{Reference, Tag};
use leptos::prelude::*;

use self::acting::{Act, Acting};
use self::add::AddTags;
use self::delete::DeleteCard;
use super::commands::{self, Server};
use super::data;
use super::image::shown;
use super::local::LocalImages;
use super::model::Load;
use super::trouble::Trouble;
use crate::components::{Card, DigestChip, Empty, Problem, Windowed, format};
use crate::route::{Here, Route, View};
use crate::state::ui;

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
    let of = reference.clone();
    commands::follow(move |server| Some(Task::Tags { image: server.image(&of)? }));
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
    let acting = Acting::new(reference.clone(), load);
    let current = reference.tag.clone();
    let row = Callback::new(move |at: usize| {
        let tag = found.with(|found| found.get(at).cloned());
        let Some(tag) = tag else { return ().into_any() };
        let current = current.as_ref() == Some(&tag);
        view! { <TagRow acting tag current /> }.into_any()
    });
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
        Some(view! { <Trouble problem registry retry=load /> })
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
    let server = Server::ask();
    let act = move || match acting.act.get() {
        Act::None => ().into_any(),
        Act::Add(tag) => view! { <AddTags acting server tag /> }.into_any(),
        Act::Delete(stage) => view! { <DeleteCard acting server stage /> }.into_any(),
    };
    view! {
        <div class="page">
            {problem}
            {act}
            <Card title=format!("Tags of {}", reference_name()) note acts=field>
                {nothing}
                <Acts acting />
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

#[component]
fn TagRow(acting: Acting, tag: Tag, current: bool) -> impl IntoView {
    let href = Route::image(acting.image(&tag)).href();
    let (of_box, of_change) = (tag.clone(), tag.clone());
    let digest = {
        let tag = tag.clone();
        move || match acting.digests.with(|digests| digests.get(&tag).cloned()) {
            Some(Load::Ready(digest)) => view! { <DigestChip digest /> }.into_any(),
            Some(Load::Waiting(_)) => view! { <span class="muted">"asking…"</span> }.into_any(),
            Some(Load::Failed(problem)) => view! {
                <span class="badge failed" title=problem.reason>
                    {problem.sentence}
                </span>
            }
            .into_any(),
            None => {
                let (tag, label) = (tag.clone(), format!("Ask for the digest of {tag}"));
                view! {
                    <button
                        type="button"
                        class="button small quiet"
                        aria-label=label
                        on:click=move |_| acting.ask(vec![tag.clone()])
                    >
                        "digest"
                    </button>
                }
                .into_any()
            }
        }
    };
    view! {
        <div class="tag" aria-current=current.then_some("true")>
            <input
                type="checkbox"
                aria-label=format!("Choose {tag}")
                prop:checked=move || acting.chosen.with(|chosen| chosen.contains(&of_box))
                on:change=move |_| acting.toggle(&of_change)
            />
            <a class="mono clip grow" href=href>
                {tag.to_string()}
            </a>
            {digest}
        </div>
    }
}

/// What can be done when no tag is chosen.
#[component]
fn NoneChosen(acting: Acting) -> impl IntoView {
    let pinned = acting.pinned.get_value().map(|digest| {
        let name = format!("Delete manifest {}:{}…", digest.algorithm_name(), digest.short());
        view! {
            <button
                type="button"
                class="button small"
                on:click=move |_| acting.look_at(digest.clone())
            >
                {name}
            </button>
        }
    });
    view! {
        <span class="muted">"Choose tags to add others to them, or to delete them."</span>
        {pinned}
    }
}

/// What can be done with the chosen tags.
#[component]
fn Acts(acting: Acting) -> impl IntoView {
    let count = Memo::new(move |_| acting.chosen.with(|chosen| chosen.len()));
    let some = move || count.get() > 0;
    let ask = move |_| acting.ask(acting.chosen.get_untracked().into_iter().collect());
    let noun = move || if count.get() == 1 { "manifest" } else { "manifests" };
    view! {
        <div class="treebar tagacts">
            <Show
                when=some
                fallback=move || view! { <NoneChosen acting /> }
            >
                <span>{move || format!("{} chosen", format::plural(count.get(), "tag", "tags"))}</span>
                <button type="button" class="button small" on:click=ask>
                    "Digests"
                </button>
                <button
                    type="button"
                    class="button small"
                    disabled=move || count.get() != 1
                    title="To one image at a time"
                    on:click=move |_| acting.add()
                >
                    "Add tags…"
                </button>
                <button type="button" class="button small" on:click=move |_| acting.look_at_tags()>
                    {move || format!("Delete {}…", if count.get() == 1 { "tag" } else { "tags" })}
                </button>
                <button
                    type="button"
                    class="button small"
                    on:click=move |_| acting.look_at_manifests()
                >
                    {move || format!("Delete {}…", noun())}
                </button>
                <button
                    type="button"
                    class="button small quiet"
                    on:click=move |_| acting.chosen.set(Default::default())
                >
                    "Choose none"
                </button>
            </Show>
        </div>
    }
}

fn reference_name() -> String {
    shown().route.get_untracked().reference.name()
}
