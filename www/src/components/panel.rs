//! What went wrong, why, and what can be done about it; and nothing at all.

use leptos::prelude::*;

use super::Untrusted;

/// A failure in the reader's words: a sentence, a reason, and what can be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// What happened, one sentence.
    pub sentence: String,
    /// Why, and what may help.
    pub reason: String,
    /// Whether a login may help.
    pub login: bool,
    /// Whether the same attempt may succeed later.
    pub retry: bool,
    /// Whether nothing is wrong: what was asked for is of a kind that this view has no use for.
    pub calm: bool,
    /// Whether what was asked for is not there at all.
    pub absent: bool,
    /// The token service to which the login may go only when the reader agrees.
    pub consent: Option<String>,
    /// The registry that it is about, when that is known.
    pub host: Option<String>,
    /// What may have been meant.
    pub links: Vec<Meant>,
}

/// Something that may have been meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meant {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub href: String,
}

/// A failure on the page.
#[component]
pub fn ErrorPanel(
    /// What happened.
    problem: Problem,
    /// Tries again.
    #[prop(into, optional)]
    retry: Option<Callback<()>>,
    /// Opens the login.
    #[prop(into, optional)]
    login: Option<Callback<()>>,
    /// Gives up what failed.
    #[prop(into, optional)]
    discard: Option<Callback<()>>,
) -> impl IntoView {
    let retry = retry.filter(|_| problem.retry);
    let login = login.filter(|_| problem.login);
    let consent = problem.consent.is_some();
    let (class, role) = if problem.calm { ("panel", "status") } else { ("panel failed", "alert") };
    let main = if login.is_some() { "button" } else { "button primary" };
    view! {
        <div class=class role=role>
            <div class="say">
                <h2><Untrusted text=problem.sentence /></h2>
                <p><Untrusted text=problem.reason /></p>
                {meant(problem.links)}
            </div>
            <div class="acts">
                {login
                    .map(|login| {
                        view! {
                            <button type="button" class="button primary" on:click=move |_| login.run(())>
                                {if consent { "Decide" } else { "Log in" }}
                            </button>
                        }
                    })}
                {retry
                    .map(|retry| {
                        view! {
                            <button type="button" class=main on:click=move |_| retry.run(())>
                                "Retry"
                            </button>
                        }
                    })}
                {discard
                    .map(|discard| {
                        view! {
                            <button type="button" class="button" on:click=move |_| discard.run(())>
                                "Discard"
                            </button>
                        }
                    })}
            </div>
        </div>
    }
}

fn meant(links: Vec<Meant>) -> Option<impl IntoView> {
    let links = (!links.is_empty()).then_some(links)?;
    let links = links.into_iter().map(|Meant { name, href }| {
        view! {
            <a class="button small" href=href>
                <Untrusted text=name />
            </a>
        }
    });
    Some(view! {
        <p class="meant">
            <span>"There is: "</span>
            {links.collect_view()}
        </p>
    })
}

/// Nothing is there, and that is all right.
#[component]
pub fn Empty(
    /// What is not there.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <p class="empty">{text}</p> }
}
