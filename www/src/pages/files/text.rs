//! A text file that is changed in place, and what that changes.

use std::sync::Arc;
use std::time::Duration;

use drydock::digest::Digest;
use drydock::edit::present::{self, Line};
use drydock::edit::with_breaks_of;
use drydock::inspect::tree::Row;
use leptos::prelude::*;

use super::super::shown::shown;
use super::change::{ChangeOutcome, Changing};
use super::meanwhile::{Choice, Meanwhile, Theirs};
use super::unsaved::{self, Unsaved};
use crate::components::DiffLines;
use crate::jobs::file::FilePreview;
use crate::jobs::patch::Patch;

/// Most lines that are compared while the reader types.
const COMPARED: usize = 5_000;
/// How long the reader must have typed nothing before the texts are compared.
pub(in crate::pages) const PAUSE: Duration = Duration::from_millis(200);
const TOO_LONG: &str =
    "The text is too long to be compared while you type; the draft will have all of it.";

/// The text of a file, to be changed.
#[component]
pub(super) fn TextEditor(
    row: Row,
    preview: FilePreview,
    changing: Changing,
    edit: RwSignal<bool>,
) -> impl IntoView {
    let whole = preview.bytes.len() as u64 == preview.total;
    let Some(before) = String::from_utf8(preview.bytes).ok().filter(|_| whole) else {
        return view! {
            <p class="notice muted">"This file is no text, or too large to be edited here. Replace it instead."</p>
        }
        .into_any();
    };
    // What was typed before the reader went elsewhere.
    let key = StoredValue::new(unsaved::key(shown(), &row.path));
    let earlier = key.with_value(unsaved::get);
    let begun_with = match &earlier {
        Some(earlier) => earlier.begun.clone(),
        None => Some(Digest::sha256(before.as_bytes())),
    };
    // A browser's field knows only one kind of line break.
    let plain = RwSignal::new(one_break(&before));
    let whole_text = StoredValue::new(before);
    let begun = earlier.map_or_else(|| plain.get_untracked(), |earlier| earlier.text);
    let typed = RwSignal::new(begun.clone());
    let settled = RwSignal::new(begun);
    let text =
        move || whole_text.with_value(|before| with_breaks_of(before, &typed.get_untracked()));
    let own = Callback::new(move |()| Digest::sha256(text().as_bytes()));
    let meanwhile = Meanwhile::watch(&row, begun_with, own);
    let mut settle = debounce(PAUSE, move |text: String| {
        settled.try_set(text);
    });
    let changed = Memo::new(move |_| plain.with(|before| typed.with(|typed| typed != before)));
    let keep_typed = move || {
        let kept = Unsaved { text: typed.get_untracked(), begun: meanwhile.begun() };
        let kept = Some(kept).filter(|_| changed.get_untracked());
        key.with_value(|key| unsaved::keep(key, kept));
    };
    let type_in = move |event| {
        let text = event_target_value(&event);
        typed.set(text.clone());
        keep_typed();
        settle(text);
    };
    let save = move |_| {
        let condition = Some(meanwhile.condition());
        changing.put(row.clone(), Patch::Write(text().into_bytes()), condition, move || {
            key.try_with_value(|key| unsaved::keep(key, None));
            edit.try_set(false);
        });
    };
    let leave = move || {
        key.with_value(|key| unsaved::keep(key, None));
        edit.set(false);
    };
    // From now on it is compared with what the draft has.
    let face = move |theirs: &Theirs| {
        meanwhile.settle(theirs);
        if let Theirs::Text(_, text) = theirs {
            plain.set(one_break(text));
            whole_text.set_value(text.clone());
        }
    };
    let keep = move |theirs: Theirs| {
        face(&theirs);
        keep_typed();
    };
    let take = move |theirs: Theirs| match theirs {
        Theirs::Text(..) => {
            face(&theirs);
            let text = plain.get_untracked();
            typed.set(text.clone());
            settled.set(text);
            keep_typed();
        }
        Theirs::Bytes(_) | Theirs::Removed => leave(),
    };
    let busy = move || changing.is_busy();
    let blocked = move || busy() || !changed.get() || meanwhile.theirs.with(Option::is_some);
    view! {
        <div class="editor">
            <Choice meanwhile keep take />
            <textarea
                class="document mono"
                aria-label="Text of the file"
                spellcheck="false"
                autocapitalize="off"
                readonly=busy
                prop:value=typed
                on:input=type_in
            ></textarea>
            <TextDiff before=plain settled />
            <ChangeOutcome changing />
            <div class="fileacts">
                <button type="button" class="button primary small" disabled=blocked on:click=save>
                    "Put it into the draft"
                </button>
                <button
                    type="button"
                    class="button small"
                    disabled=busy
                    on:click=move |_| leave()
                >
                    {move || if changed.get() { "Throw away what was typed" } else { "Cancel" }}
                </button>
            </div>
        </div>
    }
    .into_any()
}

fn one_break(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The lines that were changed, as soon as there are any.
#[component]
pub(in crate::pages) fn TextDiff(
    #[prop(into)] before: Signal<String>,
    settled: RwSignal<String>,
) -> impl IntoView {
    let lines =
        Memo::new(move |_| settled.with(|after| before.with(|before| compare(before, after))));
    move || match lines.get() {
        Compared::Equal => ().into_any(),
        Compared::TooLong => view! { <p class="notice muted">{TOO_LONG}</p> }.into_any(),
        Compared::Lines(lines) => {
            view! { <DiffLines label="What you changed".to_owned() lines /> }.into_any()
        }
    }
}

/// What came of comparing two texts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Compared {
    Equal,
    TooLong,
    Lines(Arc<Vec<Line>>),
}

fn compare(before: &str, after: &str) -> Compared {
    if before == after {
        Compared::Equal
    } else if before.lines().count().max(after.lines().count()) > COMPARED {
        Compared::TooLong
    } else {
        Compared::Lines(Arc::new(present::compare(before, after)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_not_compared_while_the_reader_types() {
        let long = "line\n".repeat(COMPARED + 1);
        assert_eq!(compare("a\n", "a\n"), Compared::Equal);
        assert_eq!(compare(&long, &long), Compared::Equal);
        assert_eq!(compare(&long, "a"), Compared::TooLong);
        let Compared::Lines(lines) = compare("a\nb\n", "a\nc\n") else {
            panic!("they differ");
        };
        assert_eq!(lines.len(), 3);
    }
}
