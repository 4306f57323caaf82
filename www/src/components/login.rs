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

/// Where a login for a registry would go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoesTo {
    /// The registry that was asked.
    pub registry: String,
    /// The token service that it names, when that is on another host.
    pub token_service: Option<String>,
    /// What keeps the registry from being asked, when something does.
    pub problem: Option<String>,
    /// Whether the registry is asked over plain http on a network.
    pub plain: bool,
}

/// What came of the login that was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tried {
    /// None was sent yet.
    #[default]
    Not,
    /// The registry is being asked.
    Busy,
    /// It was not accepted; a sentence that says so.
    Refused(String),
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
    /// A token that the registry's token service exchanges for others (an OAuth 2 refresh token).
    Identity(String),
    /// A token that is sent as it is.
    Token(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Password,
    Identity,
    Token,
}

impl Kind {
    const ALL: [(Self, &str); 3] = [
        (Self::Password, "User and password"),
        (Self::Identity, "Identity token"),
        (Self::Token, "Bearer token"),
    ];
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
    /// Where a login for the registry that is named would go, once that is known.
    #[prop(into)]
    goes_to: Signal<Option<GoesTo>>,
    /// A registry was named: where would its login go?
    #[prop(into)]
    named: Callback<String>,
    /// What came of the login.
    #[prop(into)]
    tried: Signal<Tried>,
    /// The registry as typed or given, and the login.
    #[prop(into)]
    done: Callback<(String, Login)>,
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let registry = RwSignal::new(ask.registry.clone());
    let (user, secret) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let kind = RwSignal::new(Kind::Password);
    let by_password = move || kind.get() == Kind::Password;
    let fixed = !ask.registry.is_empty();
    if fixed {
        named.run(ask.registry.clone());
    }
    let complete = move || {
        !registry.get().trim().is_empty()
            && !secret.get().is_empty()
            && (!by_password() || !user.get().trim().is_empty())
    };
    let busy = move || tried.with(|tried| *tried == Tried::Busy);
    let refused = move || match tried.get() {
        Tried::Refused(why) => Some(view! {
            <div class="panel failed inner" role="alert">
                <div class="say">
                    <bdi>{super::format::visible(&why)}</bdi>
                </div>
            </div>
        }),
        Tried::Not | Tried::Busy => None,
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if !complete() || busy() {
            return;
        }
        let login = match kind.get() {
            Kind::Token => Login::Token(secret.get().trim().to_owned()),
            Kind::Identity => Login::Identity(secret.get().trim().to_owned()),
            Kind::Password => {
                Login::Password { user: user.get().trim().to_owned(), password: secret.get() }
            }
        };
        done.run((registry.get().trim().to_owned(), login));
    };
    let plain = Signal::derive(move || {
        let name = registry.get();
        goes_to.with(|asked| {
            asked.as_ref().is_some_and(|asked| asked.plain && asked.registry == name.trim())
        })
    });
    let goes_to = move || {
        let name = registry.get().trim().to_owned();
        match goes_to.get().filter(|asked| asked.registry == name) {
            _ if name.is_empty() => "to this registry only.".to_owned(),
            None => format!("to {name}, and to its token service if it has one."),
            Some(GoesTo { problem: Some(why), .. }) => format!("to {name}. {why}"),
            Some(GoesTo { token_service: None, .. }) => format!("to {name} and nowhere else."),
            Some(GoesTo { token_service: Some(host), .. }) => {
                format!("to {name} and to its token service at {host}, and nowhere else.")
            }
        }
    };
    let kinds = Kind::ALL.map(|(each, name)| {
        view! {
            <button
                type="button"
                aria-pressed=move || (kind.get() == each).to_string()
                on:click=move |_| kind.set(each)
            >
                {name}
            </button>
        }
    });
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
                        on:change=move |_| named.run(registry.get().trim().to_owned())
                    />
                </Line>
                <div class="segments" role="group" aria-label="Kind of login">
                    {kinds.into_iter().collect_view()}
                </div>
                <Show when=by_password>
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
                    <bdi>{goes_to}</bdi>
                </p>
                <PlainHttp />
                <Show when=move || plain.get()>
                    <p class="where warning" role="alert">
                        "The registry is asked over plain http: whoever is on the network between this page's server and it can read what you type here."
                    </p>
                </Show>
                {refused}
                <div class="acts">
                    <button type="button" class="button" on:click=move |_| close.run(())>
                        "Cancel"
                    </button>
                    <button
                        type="submit"
                        class="button primary"
                        aria-busy=move || busy().to_string()
                        disabled=move || !complete()
                    >
                        {move || if busy() { "Trying it…" } else { "Log in" }}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

/// A warning where what is typed into this page crosses a network in plain text.
#[component]
pub fn PlainHttp() -> impl IntoView {
    // Secure is https, and http on this machine itself.
    let plain = !window().is_secure_context();
    plain.then(|| {
        view! {
            <p class="where warning" role="alert">
                "This page came over plain http: whoever is on the network between you and its server can read what you type here. Open it over https before you log in."
            </p>
        }
    })
}

#[component]
fn Line(name: &'static str, children: Children) -> impl IntoView {
    view! {
        <label class="line">
            {name} <span class="field">{children()}</span>
        </label>
    }
}
