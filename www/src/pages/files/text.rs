//! A text file that is changed in place, and what that changes.

use std::sync::Arc;
use std::time::Duration;

use drydock::edit::present::{self, Line};
use drydock::edit::with_breaks_of;
use drydock::inspect::tree::Row;
use leptos::prelude::*;

use super::super::image::shown;
use super::change::{ChangeOutcome, Changing};
use super::unsaved;
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
    // A browser's field knows only one kind of line break.
    let whole_text = StoredValue::new(before.clone());
    let before = StoredValue::new(before.replace("\r\n", "\n").replace('\r', "\n"));
    // What was typed before the reader went elsewhere.
    let key = StoredValue::new(unsaved::key(shown(), &row.path));
    let begun = key.with_value(unsaved::get).unwrap_or_else(|| before.get_value());
    let typed = RwSignal::new(begun.clone());
    let settled = RwSignal::new(begun);
    let mut settle = debounce(PAUSE, move |text: String| {
        settled.try_set(text);
    });
    let type_in = move |event| {
        let text = event_target_value(&event);
        typed.set(text.clone());
        let changed = before.with_value(|before| *before != text);
        key.with_value(|key| unsaved::keep(key, changed.then(|| text.clone())));
        settle(text);
    };
    let changed =
        Memo::new(move |_| before.with_value(|before| typed.with(|typed| typed != before)));
    let save = move |_| {
        let text = typed.get_untracked();
        let text = whole_text.with_value(|before| with_breaks_of(before, &text));
        changing.put(row.clone(), Patch::Write(text.into_bytes()), move || {
            key.try_with_value(|key| unsaved::keep(key, None));
            edit.try_set(false);
        });
    };
    let busy = move || changing.is_busy();
    view! {
        <div class="editor">
            <textarea
                class="document mono"
                aria-label="Text of the file"
                spellcheck="false"
                autocapitalize="off"
                readonly=busy
                prop:value=typed
                on:input=type_in
            ></textarea>
            <TextDiff before settled />
            <ChangeOutcome changing />
            <div class="fileacts">
                <button
                    type="button"
                    class="button primary small"
                    disabled=move || busy() || !changed.get()
                    on:click=save
                >
                    "Put it into the draft"
                </button>
                <button
                    type="button"
                    class="button small"
                    disabled=busy
                    on:click=move |_| {
                        key.with_value(|key| unsaved::keep(key, None));
                        edit.set(false);
                    }
                >
                    {move || if changed.get() { "Throw away what was typed" } else { "Cancel" }}
                </button>
            </div>
        </div>
    }
    .into_any()
}

/// The lines that were changed, as soon as there are any.
#[component]
pub(in crate::pages) fn TextDiff(
    before: StoredValue<String>,
    settled: RwSignal<String>,
) -> impl IntoView {
    let lines = Memo::new(move |_| {
        settled.with(|after| before.with_value(|before| compare(before, after)))
    });
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
