//! A field that finds options in the list below it, worked by keys alone.

use leptos::html;
use leptos::prelude::*;
use web_sys::{ScrollIntoViewOptions, ScrollLogicalPosition};

/// What is looked for, and which option is about to be taken.
#[derive(Clone, Copy)]
pub struct Search {
    /// Begins the ids of the options; no two finders on a page share it.
    pub name: &'static str,
    /// What was typed.
    pub typed: RwSignal<String>,
    /// The option that Enter takes, counted from 0.
    pub at: RwSignal<usize>,
}

impl Search {
    /// Nothing is typed, and the first option is the one that Enter takes.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, typed: RwSignal::new(String::new()), at: RwSignal::new(0) }
    }

    fn id(self, place: usize) -> String {
        format!("{}-{place}", self.name)
    }

    fn go(self, place: usize) {
        self.at.set(place);
        if let Some(option) = document().get_element_by_id(&self.id(place)) {
            let options = ScrollIntoViewOptions::new();
            options.set_block(ScrollLogicalPosition::Nearest);
            option.scroll_into_view_with_scroll_into_view_options(&options);
        }
    }
}

/// The field, and the list with what stands in it.
#[component]
pub fn Finder(
    /// What is looked for.
    search: Search,
    /// An option was taken; its place in the list, counted from 0.
    #[prop(into)]
    take: Callback<usize>,
    /// How many options there are.
    #[prop(into)]
    count: Signal<usize>,
    /// What the field is for.
    label: &'static str,
    /// What stands in the empty field.
    placeholder: &'static str,
    /// What the list is called.
    list: &'static str,
    children: Children,
) -> impl IntoView {
    let Search { name, typed, at } = search;
    let key = move |event: web_sys::KeyboardEvent| {
        let last = count.get_untracked().saturating_sub(1);
        let now = at.get_untracked();
        match &*event.key() {
            "ArrowDown" => search.go((now + 1).min(last)),
            "ArrowUp" => search.go(now.saturating_sub(1)),
            "Home" if event.ctrl_key() => search.go(0),
            "End" if event.ctrl_key() => search.go(last),
            "Enter" => take.run(now),
            _ => return,
        }
        event.prevent_default();
    };
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    view! {
        <div class="field">
            <input
                node_ref=field
                role="combobox"
                aria-expanded="true"
                aria-controls=format!("{name}-list")
                aria-activedescendant=move || search.id(at.get())
                aria-label=label
                placeholder=placeholder
                autocomplete="off"
                spellcheck="false"
                on:keydown=key
                on:input=move |event| {
                    typed.set(event_target_value(&event));
                    at.set(0);
                }
            />
            <kbd>"Esc"</kbd>
        </div>
        <div role="listbox" id=format!("{name}-list") aria-label=list>
            {children()}
        </div>
    }
}

/// One option of a finder.
#[component]
pub fn FoundOption(
    /// What is looked for.
    search: Search,
    /// Its place in the list, counted from 0.
    place: usize,
    /// It was taken.
    #[prop(into)]
    take: Callback<usize>,
    /// Whether it can't be taken.
    #[prop(optional)]
    disabled: bool,
    children: Children,
) -> impl IntoView {
    let at = search.at;
    let hover = move |_| {
        if at.get_untracked() != place {
            at.set(place);
        }
    };
    view! {
        <div
            role="option"
            id=search.id(place)
            aria-selected=move || (at.get() == place).to_string()
            aria-disabled=disabled.to_string()
            on:click=move |_| take.run(place)
            on:pointermove=hover
        >
            {children()}
        </div>
    }
}
