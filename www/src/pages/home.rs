//! The first page: one field for whatever people paste, and what can be opened from here.

use drydock::reference::{Reference, Registry};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::data::Listed;
use super::local::OpenFiles;
use super::parts;
use crate::components::{Card, Empty, ErrorPanel, Moment, Problem};
use crate::route::Route;
use crate::state::{PageState, Recent, forget, recent, set_page_state, ui};

/// Where what is in an image goes.
const NOT_SHARED: &str = "What is in an image goes nowhere but to the registry.";
/// The same where the server keeps what is found out about layers.
const SHARED: &str = "What is in an image goes nowhere but to the registry, except that this server keeps lists of files, with pieces of their content, for everyone who uses it.";

/// The first page.
#[component]
pub fn HomePage() -> impl IntoView {
    let ui = ui();
    ui.command.set(String::new());
    set_page_state(PageState::Ready);
    let field = NodeRef::<html::Input>::new();
    let problem = RwSignal::new(String::new());
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(field) = field.get_untracked() else { return };
        if let Err(why) = ui.open_pasted(&field.value()) {
            problem.set(why);
        }
    };
    Effect::new(move |_| {
        // Only where there is a keyboard: on a phone the keys would cover half of the page.
        let wide = window().match_media("(hover: hover)").ok().flatten();
        if let Some(field) = field.get()
            && wide.is_some_and(|query| query.matches())
        {
            let _ = field.focus();
        }
    });
    let is_shared = RwSignal::new(false);
    spawn_local(async move {
        if let Ok(asked) = parts::is_shared().await {
            is_shared.try_set(asked.await);
        }
    });
    view! {
        <main id="main" tabindex="-1">
            <div class="page narrow home">
                <div>
                    <h1>"What is in this image, and is it what it says it is?"</h1>
                    <p class="lead">
                        "Open, verify, change and push container images in this tab. Every byte is checked here; nothing is installed. "
                        {move || if is_shared.get() { SHARED } else { NOT_SHARED }}
                    </p>
                </div>
                <form on:submit=submit>
                    <div class="field large">
                        <input
                            node_ref=field
                            id="open"
                            aria-label="Image reference, command or address"
                            aria-describedby="open-problem"
                            placeholder="alpine:3.20, docker pull ghcr.io/owner/app, https://…"
                            autocomplete="off"
                            autocapitalize="off"
                            spellcheck="false"
                            enterkeyhint="go"
                            on:input=move |_| problem.set(String::new())
                        />
                        <button type="submit" class="enter" aria-label="Open">
                            <kbd>"Enter"</kbd>
                        </button>
                    </div>
                    <p class="problem" id="open-problem" role="alert">
                        {problem}
                    </p>
                </form>
                <OpenFiles />
                <div class="columns">
                    <OwnImages />
                    <Lately />
                </div>
            </div>
        </main>
    }
}

/// How far the list of the scratch registry's images is.
#[derive(Clone)]
enum Own {
    Waiting,
    There(String, Vec<Listed>),
    Absent,
    Failed(Problem),
}

#[component]
fn OwnImages() -> impl IntoView {
    let own = RwSignal::new(Own::Waiting);
    let load = move || {
        own.set(Own::Waiting);
        spawn_local(async move {
            let next = match parts::own_images().await {
                Ok(asked) => match asked.await {
                    Ok(Some((host, images))) => Own::There(host, images),
                    Ok(None) => Own::Absent,
                    Err(problem) => Own::Failed(problem),
                },
                Err(missing) => Own::Failed(missing.into()),
            };
            own.try_set(next);
        });
    };
    load();
    let host = Signal::derive(move || match own.get() {
        Own::There(host, _) => host,
        _ => String::new(),
    });
    move || {
        let body = match own.get() {
            Own::Absent => return ().into_any(),
            Own::Waiting => view! { <Empty text="Asking this page's own registry…" /> }.into_any(),
            Own::Failed(problem) => {
                view! { <ErrorPanel problem retry=Callback::new(move |()| load()) /> }.into_any()
            }
            Own::There(host, images) if images.is_empty() => {
                let hint = format!("Nothing is in it yet. Push to {host}/… with any tool.");
                view! { <Empty text=hint /> }.into_any()
            }
            Own::There(_, images) => {
                let rows = images.into_iter().map(|image| {
                    let name = match &image.reference.tag {
                        Some(tag) => format!("{}:{tag}", image.reference.repository),
                        None => image.reference.repository.to_string(),
                    };
                    let href = Route::image(image.reference).href();
                    view! {
                        <a class="rowlink" href=href>
                            <span class="two grow">
                                <b>{name}</b>
                                <span class="muted">{image.note}</span>
                            </span>
                        </a>
                    }
                });
                view! { <div class="rows">{rows.collect_view()}</div> }.into_any()
            }
        };
        let all = move || {
            let registry = Registry::parse(&host.get()).ok()?;
            let href = Route::registry(registry).href();
            Some(view! { <a href=href>"All repositories"</a> })
        };
        view! {
            <Card title="This machine" note=host acts=all>
                {body}
            </Card>
        }
        .into_any()
    }
}

#[component]
fn Lately() -> impl IntoView {
    let entries = RwSignal::new(recent());
    let clear = move || {
        view! {
            <Show when=move || !entries.with(Vec::is_empty)>
                <button
                    type="button"
                    class="button quiet small"
                    on:click=move |_| {
                        forget();
                        entries.set(Vec::new());
                    }
                >
                    "Forget"
                </button>
            </Show>
        }
    };
    let rows = move || {
        let entries = entries.get();
        if entries.is_empty() {
            return view! { <Empty text="Images that you open are listed here, in this browser only." /> }
                .into_any();
        }
        view! { <div class="rows">{entries.into_iter().map(row).collect_view()}</div> }.into_any()
    };
    view! {
        <Card title="Lately opened" acts=clear>
            {rows}
        </Card>
    }
}

fn row(entry: Recent) -> impl IntoView {
    let then = entry.at as f64;
    let name = short_name(&entry.reference);
    view! {
        <a
            class="rowlink"
            href=Route::image(entry.reference.clone()).href()
            title=entry.reference.to_string()
        >
            <span class="mono grow clip">{name}</span>
            <span class="muted nowrap"><Moment then /></span>
        </a>
    }
}

/// As people write it: without Docker Hub's prefix, with a short digest.
fn short_name(reference: &Reference) -> String {
    let name = reference.name();
    let name = name.strip_prefix("docker.io/").unwrap_or(&name);
    let mut name = name.strip_prefix("library/").unwrap_or(name).to_owned();
    if let Some(tag) = &reference.tag {
        name.push_str(&format!(":{tag}"));
    }
    if let Some(digest) = &reference.digest {
        name.push_str(&format!("@{}:{}…", digest.algorithm_name(), digest.short()));
    }
    name
}
