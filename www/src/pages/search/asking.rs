//! What is looked for.

use leptos::prelude::*;

use super::super::shown::shown;
use super::looking::Looking;
use super::view_of;
use crate::components::Card;
use crate::route::{Route, SearchView, View};
use crate::state::ui;

/// The fields.
#[component]
pub(super) fn Asking(looking: Looking) -> impl IntoView {
    let (ui, shown) = (ui(), shown());
    let typed = RwSignal::new(SearchView::default());
    let view = Memo::new(move |_| view_of(shown));
    Effect::new(move |_| typed.set(view.get()));
    let go = move || {
        let typed = typed.get_untracked();
        if typed == view.get_untracked() {
            looking.look(&typed);
            return;
        }
        let view = View::Search(typed);
        ui.go(Route::Image(shown.route.get_untracked().with_view(view)));
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        go();
    };
    // A search that is there is made anew at once.
    let again = move || {
        if view.with_untracked(|view| !view.text.is_empty()) {
            go();
        }
    };
    view! {
        <Card title="Search in files" note="all files of the image, as a container sees them">
            <form class="body asking" role="search" aria-label="Search in files" on:submit=submit>
                <label class="field grow">
                    <input
                        type="search"
                        data-filter=""
                        aria-label="Text to look for"
                        placeholder="A text, such as BEGIN PRIVATE KEY"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        prop:value=move || typed.with(|typed| typed.text.clone())
                        on:input=move |event| typed.update(|typed| typed.text = event_target_value(&event))
                    />
                </label>
                <label class="field">
                    <input
                        type="text"
                        aria-label="Only in paths like"
                        placeholder="In paths: /etc *.conf"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        prop:value=move || typed.with(|typed| typed.paths.clone())
                        on:input=move |event| typed.update(|typed| typed.paths = event_target_value(&event))
                    />
                </label>
                <button type="submit" class="button primary">
                    "Search"
                </button>
                <div class="checks">
                    <label class="check">
                        <input
                            type="checkbox"
                            prop:checked=move || typed.with(|typed| typed.is_regex)
                            on:change=move |_| {
                                typed.update(|typed| typed.is_regex = !typed.is_regex);
                                again();
                            }
                        />
                        "Regular expression"
                    </label>
                    <label class="check">
                        <input
                            type="checkbox"
                            prop:checked=move || typed.with(|typed| typed.case_matters)
                            on:change=move |_| {
                                typed.update(|typed| typed.case_matters = !typed.case_matters);
                                again();
                            }
                        />
                        "Match capitals"
                    </label>
                </div>
            </form>
        </Card>
    }
}
