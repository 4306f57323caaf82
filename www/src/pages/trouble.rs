//! What went wrong with a registry, with the login that may mend it.

use leptos::prelude::*;

use crate::components::{ErrorPanel, LoginAsk, Problem};
use crate::state::{Overlay, ui};

/// A failure on the page that may be for want of a login.
#[component]
pub fn Trouble(
    /// What happened.
    problem: Problem,
    /// The registry that was asked, where the problem names none itself.
    #[prop(into)]
    registry: String,
    /// Tries again.
    #[prop(into, optional)]
    retry: Option<Callback<()>>,
    /// Gives up what failed.
    #[prop(into, optional)]
    discard: Option<Callback<()>>,
) -> impl IntoView {
    let ui = ui();
    let ask = LoginAsk {
        registry: problem.host.clone().unwrap_or(registry),
        realm: problem.consent.clone(),
        why: problem.sentence.clone(),
    };
    let login = Callback::new(move |()| ui.overlay.set(Overlay::Login(ask.clone())));
    view! { <ErrorPanel problem nostrip:retry=retry login nostrip:discard=discard /> }
}
