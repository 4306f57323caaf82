//! Every action and view, by typing.

use leptos::prelude::*;

use super::finder::{Finder, FoundOption, Search};
use super::{Dialog, Empty};

/// Something that can be done.
#[derive(Clone, Debug)]
pub struct Action {
    /// What it is called.
    name: String,
    /// Other words for it, that are not shown.
    words: &'static str,
    /// Its key, or what kind of thing it is.
    hint: String,
    /// Whether it was made for what was typed, so that no word has to be in its name; and whether it
    /// can be nothing else that was meant.
    typed: Option<bool>,
    /// Does it.
    act: Callback<()>,
}

impl Action {
    /// An action; `words` are others by which people call it.
    pub fn new(name: impl Into<String>, words: &'static str, act: Callback<()>) -> Self {
        Self { name: name.into(), words, hint: String::new(), typed: None, act }
    }

    /// The same with its key, or what kind of thing it is.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    /// It was made for what was typed and always stands in the list: before all others when it can be
    /// nothing else, or behind them.
    #[must_use]
    pub fn always(self, sure: bool) -> Self {
        Self { typed: Some(sure), ..self }
    }

    /// How well it fits what was typed, the best first; `None` when it does not.
    fn rank(&self, typed: &str) -> Option<u8> {
        if let Some(sure) = self.typed {
            return Some(if sure { 0 } else { 9 });
        }
        let name = self.name.to_lowercase();
        let parts: Vec<&str> = name.split([' ', '/', ':', '@']).collect();
        let others = || self.words.split(' ').chain(self.hint.split(' '));
        let begins = |part: &str, word: &str| part.starts_with(word);
        let of_word = |word: &str| match () {
            () if name.starts_with(word) => Some(2),
            () if parts.iter().any(|part| begins(part, word)) => Some(3),
            () if others().any(|other| begins(other, word)) => Some(4),
            () if name.contains(word) => Some(5),
            () => None,
        };
        if name == typed {
            return Some(1);
        }
        typed.split_whitespace().map(of_word).try_fold(0, |worst, rank| Some(worst.max(rank?)))
    }
}

/// The actions that fit, those that fit best first.
fn fitting(actions: Vec<Action>, typed: &str) -> Vec<Action> {
    let typed = typed.trim().to_lowercase();
    let ranked = actions.into_iter().filter_map(|action| Some((action.rank(&typed)?, action)));
    let mut ranked: Vec<(u8, Action)> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, action)| action).collect()
}

/// A field and the actions that fit every typed word.
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
        fitting(actions.run(typed.clone()), &typed)
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
    let nothing = move || {
        found.with(Vec::is_empty).then(|| {
            view! {
                <Empty text="Nothing here is called so, and it names no image: type a view, an action, a file such as /etc/passwd, or an image such as alpine:3.20." />
            }
        })
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
            <div role="status">{nothing}</div>
        </Dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(typed: &str) -> Vec<String> {
        let action = |name: &str, words| Action::new(name, words, Callback::new(|()| ()));
        let actions = vec![
            action("Overview", "config"),
            action("Verify", "check"),
            action("Copy the link", "share url"),
            action("Keys", "help").hint("?"),
            action("All repositories of ghcr.io", ""),
            action("ghcr.io/o/verity:1", "").hint("opened lately"),
            action("Open docker.io/library/it", "").always(false),
        ];
        fitting(actions, typed).into_iter().map(|action| action.name).collect()
    }

    #[test]
    fn what_begins_so_comes_before_what_contains_it() {
        for (typed, first) in [
            ("ver", "Verify"),
            ("share", "Copy the link"),
            ("help", "Keys"),
            ("link", "Copy the link"),
            ("keys", "Keys"),
            ("repositories ghcr", "All repositories of ghcr.io"),
            ("verity", "ghcr.io/o/verity:1"),
            ("alpine", "Open docker.io/library/it"),
            ("", "Overview"),
        ] {
            assert_eq!(names(typed).first().map(String::as_str), Some(first), "{typed}");
        }
        assert_eq!(names("ver").last().map(String::as_str), Some("Open docker.io/library/it"));
    }
}
