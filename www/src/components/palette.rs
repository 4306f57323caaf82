//! Every action and view, by typing.

use leptos::prelude::*;

use super::Dialog;
use super::finder::{Finder, FoundOption, Search};

/// Something that can be done.
#[derive(Clone, Debug)]
pub struct Action {
    /// What it is called.
    pub name: String,
    /// Its key, or what kind of thing it is.
    pub hint: String,
    /// Does it.
    pub act: Callback<()>,
}

/// A field and the actions that contain every typed word.
#[component]
pub fn Palette(
    /// What can be done; the text that was typed may add to it.
    #[prop(into)]
    actions: Callback<String, Vec<Action>>,
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let search = Search::new("palette");
    let of_words = move |_: Option<&Vec<Action>>| {
        let typed = search.typed.get();
        let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
        let mut actions = actions.run(typed);
        actions.retain(|action| {
            let text = format!("{} {}", action.name, action.hint).to_lowercase();
            action.hint == "open" || words.iter().all(|word| text.contains(word))
        });
        actions
    };
    let found = Memo::new_with_compare(of_words, |_, _| true);
    let take = move |at: usize| {
        if let Some(action) = found.with_untracked(|found| found.get(at).cloned()) {
            close.run(());
            action.act.run(());
        }
    };
    let rows = move || {
        let rows = found.get().into_iter().enumerate().map(|(place, action)| {
            view! {
                <FoundOption search place take>
                    <bdi class="clip">{super::format::visible(&action.name)}</bdi>
                    <span class="hint">{action.hint}</span>
                </FoundOption>
            }
        });
        rows.collect_view()
    };
    view! {
        <Dialog title="All actions" bare=true class="palette" close>
            <Finder
                search
                take
                count=Signal::derive(move || found.with(Vec::len))
                label="Action, view or image"
                placeholder="An action, a view, or an image to open"
                list="Actions"
            >
                {rows}
            </Finder>
        </Dialog>
    }
}
