//! All drafts of this browser, new ones from nothing, and what else this browser keeps.

mod remembered;

use drydock::edit::link::{self, LinkError};
use drydock::edit::{Base, Draft, Family, StoredDraft};
use drydock::limits;
use drydock::platform::Platform;
use leptos::prelude::*;
use leptos::task::spawn_local;

use self::remembered::RememberedLayers;
use super::data;
use crate::chosen::{Chosen, text_of};
use crate::components::{
    Card, ChooseButton, Empty, ErrorPanel, Moment, Problem, Untrusted, format,
};
use crate::jobs::drafts;
use crate::route::{Here, ImageRoute, Route, View};
use crate::state::{PageState, set_page_state, ui};

/// The drafts.
#[component]
pub fn DraftsPage() -> impl IntoView {
    let ui = ui();
    ui.command.set(String::new());
    set_page_state(PageState::Loading);
    let kept = RwSignal::new(Vec::<StoredDraft>::new());
    let problem = RwSignal::new(None::<Problem>);
    let load = move || {
        spawn_local(async move {
            match drafts::list().await {
                Ok(list) => {
                    ui.drafts.set(list.len());
                    kept.try_set(list);
                    set_page_state(PageState::Ready);
                }
                Err(failed) => {
                    problem.try_set(Some(data::problem(failed)));
                    set_page_state(PageState::Error);
                }
            }
        });
    };
    load();
    let delete = Callback::new(move |name: String| {
        spawn_local(async move {
            let deleted = drafts::delete(&name).await;
            problem.try_set(deleted.err().map(data::problem));
            load();
        });
    });
    let rows = move || {
        let list = kept.get();
        if list.is_empty() {
            let text = "Nothing is being edited. Open an image and its Edit view, or begin with nothing below.";
            return view! { <Empty text /> }.into_any();
        }
        let rows = list.into_iter().map(|draft| view! { <Row draft delete /> });
        view! { <ul class="rows">{rows.collect_view()}</ul> }.into_any()
    };
    view! {
        <main id="main" tabindex="-1">
            <div class="page narrow">
                <h1 class="unseen">"Drafts"</h1>
                <FromLink />
                {move || problem.get().map(|problem| view! { <ErrorPanel problem /> })}
                <Card title="Drafts" note="kept in this browser, with their files">
                    {rows}
                </Card>
                <FromFile />
                <FromNothing />
                <RememberedLayers />
            </div>
        </main>
    }
}

/// A draft that came with the address, behind `#draft=`.
#[component]
fn FromLink() -> impl IntoView {
    let hash = window().location().hash().unwrap_or_default();
    let text = hash.strip_prefix(link::MARK)?;
    Some(offered(link::read(text), "A draft was shared with you"))
}

/// A draft that was saved to a file.
#[component]
fn FromFile() -> impl IntoView {
    let read = RwSignal::new(None::<Result<Draft, LinkError>>);
    let failed = RwSignal::new(String::new());
    let choose = move |chosen: Vec<Chosen>| {
        spawn_local(async move {
            let Some(file) = chosen.into_iter().next() else { return };
            failed.set(String::new());
            match text_of(&file, limits::DRAFT_FILE_BYTES).await {
                Ok(text) => read.set(Some(link::from_text(&text))),
                Err(problem) => failed.set(data::problem(problem).sentence),
            }
        });
    };
    view! {
        {move || read.get().map(|draft| offered(draft, "A draft from a file"))}
        <Card title="Open a draft from a file">
            <div class="body acts">
                <ChooseButton text="Choose a draft…" chosen=choose />
                <span class="problem" role="alert">
                    {failed}
                </span>
            </div>
        </Card>
    }
}

/// A draft of somebody else's, to look at before it is taken; or why it is none.
fn offered(draft: Result<Draft, LinkError>, title: &'static str) -> AnyView {
    let draft = match draft {
        Ok(draft) => draft,
        Err(error) => {
            let sentence = format!("{error}.");
            let problem = Problem { sentence, ..Problem::default() };
            return view! { <ErrorPanel problem /> }.into_any();
        }
    };
    let base = match &draft.base {
        Base::Image(pinned) => Here::named(pinned.reference()),
        Base::Empty { platform, .. } => format!("nothing, for {platform}"),
        Base::EmptyIndex { .. } => "an empty index".to_owned(),
    };
    let edits =
        draft.edits.iter().map(|edit| view! { <li><Untrusted text=edit.action.summary() /></li> });
    let edits: Vec<_> = edits.collect();
    let ui = ui();
    let failed = RwSignal::new(String::new());
    let take = move |_| {
        let kept = StoredDraft {
            changed: js_sys::Date::now() as u64,
            ..drafts::taken_over(draft.clone())
        };
        spawn_local(async move {
            let route = match &kept.draft().base {
                Base::Image(pinned) => Ok(ImageRoute::new(pinned.reference().clone())),
                _ => Here::Draft.image(&kept.name, None).map(ImageRoute::new),
            };
            match (drafts::replace(kept).await, route) {
                (Ok(()), Ok(route)) => ui.go(Route::Image(route.with_view(View::Edit))),
                (Err(problem), _) => failed.set(problem.to_string()),
                (_, Err(error)) => failed.set(error.to_string()),
            }
        });
    };
    view! {
            <Card title=title note=format!("on {base}")>
                <ol class="rows">{edits}</ol>
                <div class="body">
                    <p class="muted">
                        "Nothing is done before you open it, and nothing is pushed before you have seen the plan. A draft that this browser has of the same image is replaced."
                    </p>
                    <p class="acts">
                        <button type="button" class="button primary" on:click=take>
                            "Open this draft"
                        </button>
                        <span class="problem" role="alert">
                            {failed}
                        </span>
                    </p>
                </div>
            </Card>
        }
        .into_any()
}

#[component]
fn Row(draft: StoredDraft, delete: Callback<String>) -> impl IntoView {
    let sure = RwSignal::new(false);
    let (title, route) = match &draft.draft().base {
        Base::Image(pinned) => {
            let reference = pinned.reference().clone();
            let named = Here::named(&reference);
            (named, ImageRoute::new(reference).with_view(View::Edit))
        }
        base => {
            let title = match base {
                Base::EmptyIndex { .. } => "a new index".to_owned(),
                _ => "a new image".to_owned(),
            };
            let Ok(reference) = Here::Draft.image(&draft.name, None) else {
                return ().into_any();
            };
            (title, ImageRoute::new(reference).with_view(View::Edit))
        }
    };
    let edits = format::plural(draft.draft().edits.len(), "edit", "edits");
    let then = draft.changed as f64;
    let first = draft.draft().edits.first().map(|edit| edit.action.summary()).unwrap_or_default();
    let name = draft.name;
    view! {
        <li>
            <a class="two grow" href=Route::Image(route).href()>
                <b>
                    <Untrusted text=title />
                </b>
                <span class="muted">
                    {edits} " · " <Moment then /> " · " <bdi>{format::visible(&first)}</bdi>
                </span>
            </a>
            <Show
                when=move || sure.get()
                fallback=move || {
                    view! {
                        <button
                            type="button"
                            class="button small"
                            on:click=move |_| sure.set(true)
                        >
                            "Delete"
                        </button>
                    }
                }
            >
                <button
                    type="button"
                    class="button small"
                    on:click={
                        let name = name.clone();
                        move |_| delete.run(name.clone())
                    }
                >
                    "Delete it for good"
                </button>
                <button type="button" class="button small quiet" on:click=move |_| sure.set(false)>
                    "Keep"
                </button>
            </Show>
        </li>
    }
    .into_any()
}

/// An image or index that begins with nothing.
#[component]
fn FromNothing() -> impl IntoView {
    let ui = ui();
    let platform = RwSignal::new("linux/amd64".to_owned());
    let family = RwSignal::new(Family::Oci);
    let wrong = RwSignal::new(String::new());
    let begin = move |base: Base| {
        spawn_local(async move {
            let mut kept = drafts::begun(base);
            kept.changed = js_sys::Date::now() as u64;
            let image = Here::Draft.image(&kept.name, None);
            match (drafts::replace(kept).await, image) {
                (Ok(()), Ok(reference)) => {
                    ui.go(Route::Image(ImageRoute::new(reference).with_view(View::Edit)));
                }
                (Err(problem), _) => wrong.set(problem.to_string()),
                (_, Err(error)) => wrong.set(error.to_string()),
            }
        });
    };
    let image = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        match platform.get_untracked().trim().parse::<Platform>() {
            Ok(platform) => begin(Base::Empty { family: family.get_untracked(), platform }),
            Err(error) => wrong.set(format!("{error}.")),
        }
    };
    let choices = [(Family::Oci, "OCI"), (Family::Docker, "Docker")].map(|(each, name)| {
        view! {
            <button
                type="button"
                aria-pressed=move || (family.get() == each).to_string()
                on:click=move |_| family.set(each)
            >
                {name}
            </button>
        }
    });
    view! {
        <Card title="Begin with nothing">
            <form class="body fromnothing" on:submit=image>
                <label class="line">
                    "Platform"
                    <span class="field">
                        <input
                            prop:value=platform
                            spellcheck="false"
                            on:input=move |event| platform.set(event_target_value(&event))
                        />
                    </span>
                </label>
                <div class="segments" role="group" aria-label="Media types">
                    {choices.into_iter().collect_view()}
                </div>
                <button type="submit" class="button primary">
                    "New image"
                </button>
                <button
                    type="button"
                    class="button"
                    on:click=move |_| begin(Base::EmptyIndex { family: family.get_untracked() })
                >
                    "New index"
                </button>
                <p class="problem" role="alert">
                    {wrong}
                </p>
            </form>
        </Card>
    }
}
