//! A titled box, and the table of names and values in it.

use leptos::prelude::*;

/// A box with a title, a remark beside it, and acts at its end.
#[component]
pub fn Card(
    /// What it shows.
    #[prop(into)]
    title: String,
    /// A remark in muted text.
    #[prop(into, optional)]
    note: Signal<String>,
    /// Buttons and links at the end of the title.
    #[prop(into, optional)]
    acts: ViewFn,
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card">
            <header>
                <h2>{title}</h2>
                <span class="note">{note}</span>
                <div class="acts">{acts.run()}</div>
            </header>
            {children()}
        </section>
    }
}

/// A list of names and values.
#[component]
pub fn Facts(
    /// Whether the names are long, as those of labels.
    #[prop(optional)]
    wide_keys: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <dl class="facts-table" class:wide-keys=wide_keys>
            {children()}
        </dl>
    }
}

/// Characters of a name that are shown.
const NAME: usize = 200;

/// One name and its value.
#[component]
pub fn Fact(
    /// The name.
    #[prop(into)]
    name: String,
    /// The name in full, on hover, where it is shortened.
    #[prop(into, optional)]
    title: Option<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <div>
            <dt title=title>
                <bdi>{super::format::cut(&name, NAME)}</bdi>
            </dt>
            <dd>{children()}</dd>
        </div>
    }
}
