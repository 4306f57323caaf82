//! The menu of all edits, found by typing.

use std::sync::Arc;

use drydock::edit::view::FormContext;
use leptos::prelude::*;

use super::kind::{EditKind, Group};
use super::list::ADD;
use crate::components::finder::{Finder, FoundOption, Search};
use crate::components::{Dialog, Icon, Picture};

/// A kind in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    kind: EditKind,
    /// Why it is not possible here, if it is not.
    refused: Option<&'static str>,
}

/// A button that opens the menu of edits.
#[component]
pub fn AddEditMenu(
    /// The image as it is, once that is known.
    #[prop(into)]
    context: Signal<Option<Arc<FormContext>>>,
    /// A kind was chosen.
    #[prop(into)]
    chosen: Callback<EditKind>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let close = move |()| open.set(false);
    let known = Signal::derive(move || context.get().unwrap_or_default());
    view! {
        <button
            type="button"
            class="button"
            id=ADD
            aria-haspopup="dialog"
            aria-expanded=move || open.get().to_string()
            disabled=move || context.with(Option::is_none)
            on:click=move |_| open.set(true)
        >
            "Add edit"
            <Icon picture=Picture::Down size=12 />
        </button>
        <Show when=move || open.get()>
            <Menu context=known chosen close />
        </Show>
    }
}

#[component]
fn Menu(
    context: Signal<Arc<FormContext>>,
    chosen: Callback<EditKind>,
    #[prop(into)] close: Callback<()>,
) -> impl IntoView {
    let search = Search::new("edits");
    let found =
        Memo::new(move |_| context.with(|context| search.typed.with(|typed| find(typed, context))));
    let take = move |at: usize| {
        let found = found.with_untracked(|found| found.get(at).copied());
        if let Some(Found { kind, refused: None }) = found {
            close.run(());
            chosen.run(kind);
        }
    };
    let options = move || {
        let found = found.get();
        if found.is_empty() {
            return view! { <p class="empty">"No edit is called so."</p> }.into_any();
        }
        let groups = groups(&found).into_iter().map(|(group, rows)| {
            let rows = rows.into_iter().map(|(place, Found { kind, refused })| {
                let hint = refused.unwrap_or_else(|| kind.hint());
                view! {
                    <FoundOption search place take disabled=refused.is_some()>
                        <span class="nowrap">{kind.name()}</span>
                        <span class="hint">{hint}</span>
                    </FoundOption>
                }
            });
            view! {
                <div role="group" aria-label=group.name()>
                    <div class="group" aria-hidden="true">{group.name()}</div>
                    {rows.collect_view()}
                </div>
            }
        });
        groups.collect_view().into_any()
    };
    view! {
        <Dialog title="Add an edit" bare=true class="palette" close>
            <Finder
                search
                take
                count=Signal::derive(move || found.with(Vec::len))
                label="Kind of edit"
                placeholder="What shall be changed?"
                list="Edits"
            >
                {options}
            </Finder>
        </Dialog>
    }
}

/// The kinds that answer to all words that were typed.
fn find(typed: &str, context: &FormContext) -> Vec<Found> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let kinds = EditKind::all().filter(|kind| kind.answers_to(&words));
    kinds.map(|kind| Found { kind, refused: kind.available(context).err() }).collect()
}

/// What was found, by groups, each with its place in the whole list.
fn groups(found: &[Found]) -> Vec<(Group, Vec<(usize, Found)>)> {
    let mut groups: Vec<(Group, Vec<(usize, Found)>)> = Vec::new();
    for (place, found) in found.iter().copied().enumerate() {
        let group = found.kind.group();
        match groups.last_mut().filter(|(last, _)| *last == group) {
            Some((_, rows)) => rows.push((place, found)),
            None => groups.push((group, vec![(place, found)])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(typed: &str) -> Vec<&'static str> {
        let found = find(typed, &FormContext::default());
        found.into_iter().map(|found| found.kind.name()).collect()
    }

    #[test]
    fn kinds_are_found_by_their_words() {
        assert_eq!(names("").len(), EditKind::all().count());
        assert_eq!(names("ENTRY"), ["Entrypoint", "Command"]);
        assert_eq!(names("workdir"), ["Working directory"]);
        assert_eq!(names("index add"), ["Add an image"]);
        assert_eq!(names("squash"), ["Flatten"]);
        assert!(names("no such thing").is_empty());
    }

    #[test]
    fn each_group_stands_once() {
        let found = find("", &FormContext::default());
        let groups = groups(&found);
        let names: Vec<&str> = groups.iter().map(|(group, _)| group.name()).collect();
        assert_eq!(names, ["Run", "Describe", "Layers", "Index", "Other"]);
        let places = groups.iter().flat_map(|(_, rows)| rows.iter().map(|(place, _)| *place));
        assert!(places.eq(0..found.len()));
    }

    #[test]
    fn what_is_not_possible_says_why() {
        let found = find("filter platforms", &FormContext::default());
        assert_eq!(found.first().and_then(|found| found.refused), Some("this is no index"));
    }
}
