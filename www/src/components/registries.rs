//! The registries of this tab: where one is logged in, and the way out again.

use leptos::prelude::*;

use super::login::PlainHttp;
use super::{Dialog, format};
use crate::route::Route;

/// A registry that was asked for something in this tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRegistry {
    /// Its name.
    pub name: String,
    /// Whether there is a login for it.
    pub logged_in: bool,
    /// The host of its token service, when that is another.
    pub token_service: Option<String>,
    /// What it said of its rate limit.
    pub rate_limit: Option<String>,
}

/// All of them, and a field for the logins of a Docker config.
#[component]
pub fn RegistriesDialog(
    /// The registries.
    #[prop(into)]
    registries: Signal<Vec<KnownRegistry>>,
    /// What came of a pasted config, one sentence each.
    #[prop(into)]
    said: Signal<Vec<String>>,
    /// A login is wanted; for a registry, or for one that is still to be named.
    #[prop(into)]
    login: Callback<String>,
    /// The login for a registry shall be forgotten.
    #[prop(into)]
    logout: Callback<String>,
    /// A token for the shell is wanted, for a registry.
    #[prop(into)]
    token: Callback<String>,
    /// The text of a Docker config was given.
    #[prop(into)]
    config: Callback<String>,
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let pasted = RwSignal::new(String::new());
    let take = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        config.run(pasted.get_untracked());
        pasted.set(String::new());
    };
    let rows = move || {
        let rows = registries.get().into_iter().map(|registry| row(registry, login, logout, token));
        rows.collect_view()
    };
    view! {
        <Dialog title="Registries" close>
            <div class="content">
                <p class="muted">
                    "Logins are kept in this tab's memory only and are gone when it closes."
                </p>
                <ul class="rows">{rows}</ul>
                <div class="acts">
                    <button
                        type="button"
                        class="button"
                        autofocus=true
                        on:click=move |_| login.run(String::new())
                    >
                        "Log in to another"
                    </button>
                </div>
                <PlainHttp />
                <form on:submit=take>
                    <label class="line">
                        "Or paste a Docker config (~/.docker/config.json)"
                        <textarea
                            name="docker-config"
                            rows="3"
                            class="sunk"
                            spellcheck="false"
                            autocomplete="off"
                            prop:value=pasted
                            on:input=move |event| pasted.set(event_target_value(&event))
                        ></textarea>
                    </label>
                    <div role="status">
                        <ul class="said">
                            {move || {
                                let lines = said.get().into_iter();
                                lines
                                    .map(|line| view! { <li><bdi>{format::visible(&line)}</bdi></li> })
                                    .collect_view()
                            }}
                        </ul>
                    </div>
                    <div class="acts">
                        <button
                            type="submit"
                            class="button primary"
                            disabled=move || pasted.with(|text| text.trim().is_empty())
                        >
                            "Take its logins"
                        </button>
                    </div>
                </form>
            </div>
        </Dialog>
    }
}

fn row(
    registry: KnownRegistry,
    login: Callback<String>,
    logout: Callback<String>,
    token: Callback<String>,
) -> impl IntoView {
    let KnownRegistry { name, logged_in, token_service, rate_limit } = registry;
    let state = match (logged_in, token_service) {
        (true, Some(host)) => format!("logged in; tokens from {host}"),
        (true, None) => "logged in".to_owned(),
        (false, _) => "no login".to_owned(),
    };
    let state = [Some(state), rate_limit].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let (shown, of_token) = (name.clone(), name.clone());
    let list = drydock::reference::Registry::parse(&name).ok();
    let list = list.map(|registry| Route::registry(registry).href());
    let button = match logged_in {
        true => view! {
            <button type="button" class="button small" on:click=move |_| logout.run(name.clone())>
                "Log out"
            </button>
        }
        .into_any(),
        false => view! {
            <button type="button" class="button small" on:click=move |_| login.run(name.clone())>
                "Log in"
            </button>
        }
        .into_any(),
    };
    view! {
        <li>
            <span class="two grow">
                <a href=list>
                    <b>{shown}</b>
                </a>
                <span class="muted">{format::visible(&state)}</span>
            </span>
            <button
                type="button"
                class="button small quiet"
                on:click=move |_| token.run(of_token.clone())
            >
                "Token"
            </button>
            {button}
        </li>
    }
}
