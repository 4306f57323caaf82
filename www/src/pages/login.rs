//! A login, handed to the part that owns them.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::data;
use crate::components::{ConsentDialog, Login, LoginAsk, LoginDialog};
use crate::state::ui;

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
    let done = move |(registry, login): (String, Login)| {
        close.run(());
        spawn_local(async move { after(data::log_in(&registry, login).await) });
    };
    view! { <LoginDialog ask done close /> }.into_any()
}
