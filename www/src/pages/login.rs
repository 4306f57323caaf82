//! Logins: asked for, handed to the part that owns them, and forgotten again.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::data;
use crate::components::{
    ConsentDialog, GoesTo, KnownRegistry, Login, LoginAsk, LoginDialog, RegistriesDialog, Tried,
};
use crate::state::{Overlay, ui};

/// The dialog, and what becomes of its answer.
#[component]
pub fn LoginOverlay(
    /// For what.
    ask: LoginAsk,
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let ui = ui();
    let after = move |outcome: Result<(), String>| match outcome {
        Ok(()) => ui.logins.update(|count| *count += 1),
        Err(why) => ui.refused.set(Some(why)),
    };
    if let Some(realm) = ask.realm.clone() {
        let registry = ask.registry.clone();
        let host = realm.clone();
        let agree = move |()| {
            let (registry, host) = (registry.clone(), host.clone());
            close.run(());
            spawn_local(async move { after(data::accept_realm(&registry, &host).await) });
        };
        return view! { <ConsentDialog registry=ask.registry realm agree close /> }.into_any();
    }
    let tried = RwSignal::new(Tried::Not);
    let done = move |(registry, login): (String, Login)| {
        tried.set(Tried::Busy);
        spawn_local(async move {
            match data::log_in(&registry, login).await {
                Ok(()) => {
                    // It may have been closed meanwhile.
                    if tried.try_set(Tried::Not).is_none() {
                        close.run(());
                    }
                    after(Ok(()));
                }
                Err(why) => {
                    tried.try_set(Tried::Refused(why));
                }
            }
        });
    };
    let goes_to = RwSignal::new(None::<GoesTo>);
    let named = move |registry: String| {
        spawn_local(async move {
            if !registry.is_empty() {
                goes_to.try_set(Some(data::login_goes_to(&registry).await));
            }
        });
    };
    view! { <LoginDialog ask goes_to named tried done close /> }.into_any()
}

/// The registries of this tab.
#[component]
pub fn RegistriesOverlay(
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let ui = ui();
    let registries = RwSignal::new(data::known_registries());
    spawn_local(async move {
        registries.try_set(data::all_registries().await);
    });
    let said = RwSignal::new(Vec::<String>::new());
    let login = move |registry: String| {
        ui.overlay.set(Overlay::Login(LoginAsk { registry, ..LoginAsk::default() }));
    };
    let logout = move |registry: String| {
        data::log_out(&registry);
        registries.set(data::known_registries());
        ui.logins.update(|count| *count += 1);
    };
    let machine = move |registry: String| {
        data::use_machine_login(&registry);
        registries.set(data::known_registries());
        ui.logins.update(|count| *count += 1);
    };
    let config = move |text: String| {
        spawn_local(async move {
            said.try_set(data::take_docker_config(&text).await);
            registries.try_set(data::known_registries());
            ui.logins.update(|count| *count += 1);
        });
    };
    let registries: Signal<Vec<KnownRegistry>> = registries.into();
    let token = move |registry: String| ui.overlay.set(Overlay::Token(registry));
    view! { <RegistriesDialog registries said login logout machine token config close /> }
}
