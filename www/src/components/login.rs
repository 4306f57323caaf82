//! Asking for a login: for which registry, and where the secret will go.

use leptos::prelude::*;

use super::Dialog;

/// For what a login is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginAsk {
    /// The registry that wants it; empty when the reader may choose.
    pub registry: String,
    /// The token service to which the login would go, when that is another host than the registry
    /// and only consent is asked for.
    pub realm: Option<String>,
    /// What the registry said.
    pub why: String,
}

/// What the reader typed. It lives in memory only.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// A user and a password, or an access token in its place.
    Password {
        /// The name.
        user: String,
        /// The secret.
        password: String,
    },
    /// A token that is sent as it is.
    Token(String),
}

/// Asks whether a login may go to another host.
#[component]
pub fn ConsentDialog(
    /// The registry that wants it.
    registry: String,
    /// The host that would get the login.
    realm: String,
    /// The reader agrees.
    #[prop(into)]
    agree: Callback<()>,
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let (host, button) = (super::format::visible(&realm), super::format::visible(&realm));
    view! {
        <Dialog title="Send the login to another host?" close>
            <div class="content">
                <p>
                    "The registry " <b><bdi>{super::format::visible(&registry)}</bdi></b>
                    " names a token service on another host, " <b><bdi>{host}</bdi></b>
                    ". To go on, your user name and password for this registry would be sent there."
                </p>
                <p class="where">
                    "Agree only if you know that this host belongs to the registry. It is asked once per tab."
                </p>
                <div class="acts">
                    <button type="button" class="button" on:click=move |_| close.run(())>
                        "Don't send"
                    </button>
                    <button type="button" class="button primary" on:click=move |_| agree.run(())>
                        {format!("Send it to {button}")}
                    </button>
                </div>
            </div>
        </Dialog>
    }
}

/// Asks for user and password, or a token.
#[component]
pub fn LoginDialog(
    /// For what.
    ask: LoginAsk,
    /// The registry as typed or given, and the login.
    #[prop(into)]
    done: Callback<(String, Login)>,
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let registry = RwSignal::new(ask.registry.clone());
    let (user, secret) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let by_token = RwSignal::new(false);
    let fixed = !ask.registry.is_empty();
    let complete = move || {
        !registry.get().trim().is_empty()
            && !secret.get().is_empty()
            && (by_token.get() || !user.get().trim().is_empty())
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if !complete() {
            return;
        }
        let login = match by_token.get() {
            true => Login::Token(secret.get().trim().to_owned()),
            false => Login::Password { user: user.get().trim().to_owned(), password: secret.get() },
        };
        done.run((registry.get().trim().to_owned(), login));
    };
    let goes_to = move || match registry.get().trim() {
        "" => "to this registry only".to_owned(),
        registry => format!("to {registry}, and to its own token service if it has one"),
    };
    let why = (!ask.why.is_empty())
        .then(|| view! { <p><bdi>{super::format::visible(&ask.why)}</bdi></p> });
    view! {
        <Dialog title="Log in to a registry" close>
            <form class="content" on:submit=submit autocomplete="off">
                {why}
                <Line name="Registry">
                    <input
                        name="registry"
                        placeholder="ghcr.io"
                        disabled=fixed
                        prop:value=registry
                        on:input=move |event| registry.set(event_target_value(&event))
                    />
                </Line>
                <div class="segments" role="group" aria-label="Kind of login">
                    <button
                        type="button"
                        aria-pressed=move || (!by_token.get()).to_string()
                        on:click=move |_| by_token.set(false)
                    >
                        "User and password"
                    </button>
                    <button
                        type="button"
                        aria-pressed=move || by_token.get().to_string()
                        on:click=move |_| by_token.set(true)
                    >
                        "Bearer token"
                    </button>
                </div>
                <Show when=move || !by_token.get()>
                    <Line name="User">
                        <input
                            name="user"
                            autocapitalize="off"
                            prop:value=user
                            on:input=move |event| user.set(event_target_value(&event))
                        />
                    </Line>
                </Show>
                <Line name="Password or token">
                    <input
                        name="secret"
                        type="password"
                        autocomplete="off"
                        prop:value=secret
                        on:input=move |event| secret.set(event_target_value(&event))
                    />
                </Line>
                <p class="where">
                    "It is kept in this tab's memory, gone when the tab closes, and sent through this page's own server "
                    {goes_to} "."
                </p>
                <div class="acts">
                    <button type="button" class="button" on:click=move |_| close.run(())>
                        "Cancel"
                    </button>
                    <button type="submit" class="button primary" disabled=move || !complete()>
                        "Log in"
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn Line(name: &'static str, children: Children) -> impl IntoView {
    view! {
        <label class="line">
            {name} <span class="field">{children()}</span>
        </label>
    }
}
