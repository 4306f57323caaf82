//! The repository's tags, as they come in, and what can be done with them.

mod acting;
mod add;
mod delete;
mod deletion;
mod row;

use drydock::commands::Task;
use drydock::reference::{Reference, Tag};
use leptos::prelude::*;

use self::acting::{Act, Acting};
use self::add::AddTags;
use self::delete::DeleteCard;
use self::row::TagRow;
use super::commands::{self, Server};
use super::data::{self, TagList};
use super::local::LocalImages;
use super::shown::shown;
use super::trouble::Trouble;
use crate::components::{Card, Empty, Problem, Windowed, format};
use crate::route::{Here, View};
use crate::state::ui;

/// Height of a row in pixels, as in the style sheet.
const ROW: f64 = 34.0;
/// The same where a row has two lines.
const TALL_ROW: f64 = 62.0;
/// The same where it has three.
const TALLEST_ROW: f64 = 84.0;
/// Width of the page in pixels up to which it has three lines.
const NARROWEST: f64 = 560.0;
/// Width of the page in pixels below which it has two.
const NARROW: f64 = 1000.0;
/// How long tags must stay in sight before they are looked at.
const SETTLED: std::time::Duration = std::time::Duration::from_millis(200);

/// The tags.
#[component]
pub fn TagsPage() -> impl IntoView {
    let shown = shown();
    let reference = shown.route.get_untracked().reference;
    let here = Here::of(&reference.registry);
    if here.is_some() {
        ui().command.set(String::new());
    }
    match here {
        None => view! { <RepositoryTags reference /> }.into_any(),
        Some(Here::Local) => view! {
            <div class="page">
                <LocalImages repository=reference.repository />
            </div>
        }
        .into_any(),
        Some(Here::Draft) => view! {
            <div class="page">
                <Card title="Tags">
                    <p class="empty">
                        "A draft has no tags yet: it gets one when it is pushed. "
                        <a href=move || shown.href(View::Edit)>"Push it"</a>
                    </p>
                </Card>
            </div>
        }
        .into_any(),
    }
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
    let view_of = Memo::new(move |_| {
        shown.route.with(|route| match &route.view {
            View::Tags { filter, newest_first } => (filter.clone(), *newest_first),
            _ => (String::new(), false),
        })
    });
    let filter = Memo::new(move |_| view_of.get().0);
    let newest_first = Memo::new(move |_| view_of.get().1);
    // Places in the list: 25 000 tags are not copied for every letter that is typed.
    let found = Memo::new(move |_| {
        let (wanted, newest_first) = view_of.get();
        let wanted = wanted.trim().to_lowercase();
        list.with(|list| {
            let fits = |tag: &Tag| tag.as_str().to_lowercase().contains(&*wanted);
            let places = list.tags.iter().enumerate();
            let mut places: Vec<usize> = match wanted.is_empty() {
                true => places.map(|(place, _)| place).collect(),
                false => places.filter(|(_, (_, tag))| fits(tag)).map(|(place, _)| place).collect(),
            };
            if newest_first {
                places.reverse();
            }
            places
        })
    });
    let tag_at = move |at: usize| {
        let place = found.with_untracked(|found| found.get(at).copied())?;
        list.with_untracked(|list| list.tags.get(place).map(|(_, tag)| tag.clone()))
    };
    let go = move |filter: String, newest_first: bool| {
        shown.replace(View::Tags { filter, newest_first });
    };
    let type_filter = move |event: web_sys::Event| {
        go(event_target_value(&event), newest_first.get_untracked());
    };
    let acting = Acting::new(reference.clone(), load);
    let current = reference.tag.clone();
    let row = Callback::new(move |at: usize| {
        found.track();
        let Some(tag) = tag_at(at) else { return ().into_any() };
        let current = current.as_ref() == Some(&tag);
        view! { <TagRow acting tag current /> }.into_any()
    });
    let width = window().inner_width().ok().and_then(|width| width.as_f64());
    let tall = width.is_some_and(|width| width < NARROW);
    let height = match width {
        Some(width) if width <= NARROWEST => TALLEST_ROW,
        Some(width) if width < NARROW => TALL_ROW,
        _ => ROW,
    };
    let in_sight = RwSignal::new((0_usize, 0_usize));
    let tags_in_sight = move || {
        let (start, end) = in_sight.get_untracked();
        (start..end).filter_map(tag_at).collect::<Vec<Tag>>()
    };
    // Who scrolls by does not want to know.
    let settled = StoredValue::new(0_u32);
    Effect::new(move |_| {
        in_sight.track();
        found.track();
        settled.update_value(|turn| *turn = turn.wrapping_add(1));
        let turn = settled.get_value();
        let look = move || {
            if settled.try_get_value() == Some(turn) {
                acting.ask_unasked(tags_in_sight());
            }
        };
        set_timeout(look, SETTLED);
    });
    let is_empty = Memo::new(move |_| list.with(|list| list.tags.is_empty()));
    let note = Signal::derive(move || {
        let (all, growing) = list.with(|list| (list.tags.len(), list.growing));
        // None came, and how many there are nobody knows.
        if is_empty.get() && list.with(|list| list.problem.is_some()) {
            return String::new();
        }
        let number = match filter.with(|filter| filter.trim().is_empty()) {
            true => format::plural(all, "tag", "tags"),
            false => format!(
                "{} of {}",
                format::count(found.with(Vec::len) as u64),
                format::plural(all, "tag", "tags")
            ),
        };
        if growing { format!("{number}, asking for more…") } else { number }
    });
    // What was read from the repository proves that it is there, whatever its list says.
    let is_read = move || shown.image.with(|image| image.ready().is_some());
    let nothing = move || {
        let growing = list.with(|list| list.growing);
        let failed = list.with(|list| list.problem.is_some());
        (found.with(Vec::is_empty) && !(failed && is_empty.get())).then(|| {
            let text = match (growing, is_empty.get()) {
                (true, _) => "Asking for the tags…",
                (false, true) if is_read() => {
                    "The registry lists no tags here, though the image above was read from it."
                }
                (false, true) => "The repository has no tags.",
                (false, false) => "No tag contains this.",
            };
            view! { <Empty text /> }
        })
    };
    let problem = move || {
        let mut problem = list.with(|list| list.problem.clone())?;
        let registry = reference.registry.to_string();
        if list.with(|list| list.absent) && is_read() {
            problem = Problem {
                sentence: format!("{registry} does not list the tags of {}.", reference.repository),
                reason: format!(
                    "The image above was read from there all the same. Open another tag by its name, such as {}:1.0.",
                    reference.name(),
                ),
                calm: true,
                ..problem
            };
        }
        Some(view! { <Trouble problem registry retry=load /> })
    };
    let field = move || {
        let order = move || match newest_first.get() {
            true => "Lowest version first",
            false => "Highest version first",
        };
        view! {
            <button
                type="button"
                class="button small quiet"
                on:click=move |_| go(filter.get_untracked(), !newest_first.get_untracked())
            >
                {order}
            </button>
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
                <Show when=move || !is_empty.get() || acting.pinned.with_value(Option::is_some)>
                    <Acts acting in_sight=Callback::new(move |()| acting.ask(tags_in_sight())) />
                </Show>
                <div class="taghead" class:tall=tall hidden=move || found.with(Vec::is_empty) aria-hidden="true">
                    <span class="grow">"Tag"</span>
                    <span class="tagplatforms">"Platforms"</span>
                    <span class="tagdate">"Built"</span>
                    <span class="tagsize">"Size"</span>
                    <span class="tagdigest">"Digest"</span>
                </div>
                <Windowed
                    rows=Signal::derive(move || found.with(Vec::len))
                    height
                    row
                    class=if tall { "taglist tall" } else { "taglist" }
                    label="Tags"
                    in_sight
                />
            </Card>
        </div>
    }
}

/// What can be done when no tag is chosen.
#[component]
fn NoneChosen(acting: Acting, in_sight: Callback<()>) -> impl IntoView {
    let look = move || {
        // Told by the first answer, which comes after this was drawn.
        acting.known.track();
        acting.counts_requests().then(|| {
            view! {
                <button
                    type="button"
                    class="button small"
                    title="This registry counts requests, so nothing is looked at unasked"
                    on:click=move |_| in_sight.run(())
                >
                    "Look at the tags in sight"
                </button>
            }
        })
    };
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
        {look}
        {pinned}
    }
}

/// What can be done with the chosen tags.
#[component]
fn Acts(acting: Acting, in_sight: Callback<()>) -> impl IntoView {
    let count = Memo::new(move |_| acting.chosen.with(|chosen| chosen.len()));
    let some = move || count.get() > 0;
    let ask = move |_| acting.ask(acting.chosen.get_untracked().into_iter().collect());
    let noun = move || if count.get() == 1 { "manifest" } else { "manifests" };
    view! {
        <div class="treebar tagacts">
            <Show
                when=some
                fallback=move || view! { <NoneChosen acting in_sight /> }
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
