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
    /// The login that is used for it.
    pub login: KnownLogin,
    /// What this machine has for it.
    pub machine: OnMachine,
    /// The host of its token service, when that is another.
    pub token_service: Option<String>,
    /// What it said of its rate limit.
    pub rate_limit: Option<String>,
}

/// The login that is used for a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownLogin {
    /// None.
    None,
    /// One that was given to this tab.
    Given,
    /// This machine's, which the server adds.
    Machine,
}

/// What docker keeps on this machine for a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnMachine {
    /// Nothing, or the server does not look.
    Nothing,
    /// A login that the server can add.
    Login,
    /// One that it can't; with the reason.
    Unusable(String),
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
    /// This machine's login for a registry shall be used.
    #[prop(into)]
    machine: Callback<String>,
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
        let acts = Acts { login, logout, machine, token };
        registries.get().into_iter().map(|registry| row(registry, acts)).collect_view()
    };
    let has_machines = move || {
        registries.with(|all| all.iter().any(|registry| registry.machine != OnMachine::Nothing))
    };
    view! {
        <Dialog title="Registries" close>
            <div class="content">
                <p class="muted">
                    "Logins that are given here are kept in this tab's memory only and are gone when it closes."
                </p>
                <Show when=has_machines>
                    <p class="muted">
                        "“From this machine” is the login that docker keeps here: this page's server adds it to what goes to that registry and its token service. It never comes into this tab."
                    </p>
                </Show>
                <ul class="rows registries">{rows}</ul>
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

/// What can be done with a registry.
#[derive(Clone, Copy)]
struct Acts {
    login: Callback<String>,
    logout: Callback<String>,
    machine: Callback<String>,
    token: Callback<String>,
}

fn row(registry: KnownRegistry, acts: Acts) -> impl IntoView {
    let KnownRegistry { name, login, machine, token_service, rate_limit } = registry;
    let state = match (login, &machine) {
        (KnownLogin::Machine, _) => "logged in from this machine".to_owned(),
        (KnownLogin::Given, OnMachine::Login) => "logged in, not from this machine".to_owned(),
        (KnownLogin::Given, _) => "logged in".to_owned(),
        (KnownLogin::None, OnMachine::Nothing) => "no login".to_owned(),
        (KnownLogin::None, OnMachine::Login) => "no login; this machine's is turned off".to_owned(),
        (KnownLogin::None, OnMachine::Unusable(why)) => {
            format!("no login; this machine's can't be used: {why}")
        }
    };
    let state = match token_service.filter(|_| login != KnownLogin::None) {
        Some(host) => format!("{state}; tokens from {host}"),
        None => state,
    };
    let state = [Some(state), rate_limit].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let button = |text: &'static str, act: Callback<String>| {
        let name = name.clone();
        view! {
            <button type="button" class="button small" on:click=move |_| act.run(name.clone())>
                {text}
            </button>
        }
    };
    let buttons = match login {
        KnownLogin::Machine => button("Turn off", acts.logout).into_any(),
        KnownLogin::Given => button("Log out", acts.logout).into_any(),
        KnownLogin::None => {
            let machines =
                (machine == OnMachine::Login).then(|| button("Use this machine's", acts.machine));
            view! { {machines} {button("Log in", acts.login)} }.into_any()
        }
    };
    let (shown, of_token) = (name.clone(), name.clone());
    let list = drydock::reference::Registry::parse(&name).ok();
    let list = list.map(|registry| Route::registry(registry).href());
    view! {
        <li>
            <span class="two grow">
                <a href=list>
                    <b>{shown}</b>
                </a>
                <span class="muted">{format::visible(&state)}</span>
            </span>
            <span class="does">
                <button
                    type="button"
                    class="button small quiet"
                    on:click=move |_| acts.token.run(of_token.clone())
                >
                    "Token"
                </button>
                {buttons}
            </span>
        </li>
    }
}
