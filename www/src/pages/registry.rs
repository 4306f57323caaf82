//! A registry: its repositories, as far as it lists them.

use drydock::commands::Task;
use drydock::reference::{Reference, Registry, Repository};
use leptos::prelude::*;

use super::commands;
use super::data::{self, RepositoryList};
use super::trouble::Trouble;
use crate::components::{Card, Empty, Windowed, format};
use crate::route::{ImageRoute, Route};
use crate::state::{PageState, set_page_state, ui};

/// Height of a row in pixels, as in the style sheet.
const ROW: f64 = 34.0;

/// The repositories of a registry.
#[component]
pub fn RegistryPage(
    /// The registry.
    registry: Registry,
) -> impl IntoView {
    let ui = ui();
    let name = registry.clone();
    commands::follow(move |server| {
        Some(Task::Catalog { plain_http: server.plain_http(&name), registry: name.clone() })
    });
    let list = RwSignal::new(RepositoryList::default());
    let task = StoredValue::new_local(None);
    let of = StoredValue::new(registry.clone());
    let more = Callback::new(move |()| {
        task.set_value(Some(data::load_repositories(of.get_value(), list)));
    });
    Effect::new(move |_| {
        ui.logins.track();
        list.set(RepositoryList::default());
        more.run(());
    });
    Effect::new(move |_| {
        set_page_state(list.with(|list| match (list.asked, &list.problem) {
            (false, None) => PageState::Loading,
            (_, Some(problem)) if !problem.calm => PageState::Error,
            _ => PageState::Ready,
        }));
    });
    let filter = Memo::new(move |_| {
        ui.route.with(|route| match route {
            Route::Registry { filter, .. } => filter.clone(),
            _ => String::new(),
        })
    });
    let found = Memo::new(move |_| {
        let wanted = filter.get().trim().to_lowercase();
        list.with(|list| {
            let fits = |it: &&Repository| it.as_str().contains(&*wanted);
            list.repositories.iter().filter(fits).cloned().collect::<Vec<_>>()
        })
    });
    let row = Callback::new(move |at: usize| {
        let repository = found.with(|found| found.get(at).cloned());
        repository.map(|repository| row(of.get_value(), repository)).into_any()
    });
    let note = Signal::derive(move || {
        let all = list.with(|list| list.repositories.len());
        let number = format::plural(all, "repository", "repositories");
        let number = match filter.with(|filter| filter.trim().is_empty()) {
            true => number,
            false => format!("{} of {number}", format::count(found.with(Vec::len) as u64)),
        };
        match list.with(|list| (list.growing, list.next.is_some())) {
            (true, _) => format!("{number}, asking for more…"),
            (false, true) => format!("{number}, and more"),
            (false, false) => number,
        }
    });
    let nothing = move || {
        let (empty, growing) = list.with(|list| (list.repositories.is_empty(), list.growing));
        let failed = list.with(|list| list.problem.is_some());
        (found.with(Vec::is_empty) && !failed).then(|| {
            let text = match (growing, empty) {
                (true, _) => "Asking for the repositories…",
                (false, true) => "The registry lists no repository.",
                (false, false) => "No repository contains this.",
            };
            view! { <Empty text /> }
        })
    };
    let problem = move || {
        let problem = list.with(|list| list.problem.clone())?;
        Some(view! { <Trouble problem registry=of.get_value().to_string() retry=more /> })
    };
    let type_filter = move |event: web_sys::Event| {
        let filter = event_target_value(&event);
        ui.replace(Route::Registry { registry: of.get_value(), filter });
    };
    let field = move || {
        view! {
            <div class="field">
                <input
                    aria-label="Filter the repositories"
                    placeholder="Filter"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    prop:value=filter
                    on:input=type_filter
                />
            </div>
        }
    };
    let go_on = move || {
        let more_there = list.with(|list| list.next.is_some() && !list.growing);
        more_there.then(|| {
            view! {
                <div class="body">
                    <button type="button" class="button" on:click=move |_| more.run(())>
                        "Ask for more"
                    </button>
                </div>
            }
        })
    };
    let unreadable = move || {
        let number = list.with(|list| list.unreadable);
        (number > 0).then(|| {
            let text = format!(
                "The registry also lists {} that no repository can have; they are left out.",
                format::plural(number, "name", "names")
            );
            view! { <Empty text /> }
        })
    };
    let shown = move || list.with(|list| list.problem.is_none() || !list.repositories.is_empty());
    view! {
        <main id="main" tabindex="-1">
            <div class="page registry">
                <h1>{registry.to_string()}</h1>
                {problem}
                <div hidden=move || !shown()>
                    <Card title="Repositories" note acts=field>
                        {nothing}
                        <Windowed
                            rows=Signal::derive(move || found.with(Vec::len))
                            height=ROW
                            row
                            class="taglist"
                            label="Repositories"
                        />
                        {go_on}
                        {unreadable}
                    </Card>
                </div>
            </div>
        </main>
    }
}

fn row(registry: Registry, repository: Repository) -> impl IntoView {
    let name = repository.to_string();
    let image = Reference { registry, repository, tag: None, digest: None };
    view! {
        <div class="tag">
            <a class="mono clip grow" href=ImageRoute::tags_of(image).href()>
                {name}
            </a>
        </div>
    }
}
