//! The plain fields of forms.

use leptos::prelude::*;

use super::part::Part;
use super::words;
use crate::components::format;

/// A text of one line.
#[component]
pub(super) fn TextLine(
    /// What stands above it.
    name: &'static str,
    /// The text.
    #[prop(into)]
    part: Part<String>,
    /// What stands in it while it is empty.
    #[prop(default = "")]
    placeholder: &'static str,
    /// Whether the cursor is in it when the form opens.
    #[prop(optional)]
    first: bool,
    /// Id of a list of suggestions.
    #[prop(optional)]
    list: Option<&'static str>,
) -> impl IntoView {
    view! {
        <label class="line">
            {name}
            <span class="field">
                <input
                    placeholder=placeholder
                    list=list
                    autofocus=first
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    prop:value=move || part.get()
                    on:input=move |event| part.set(event_target_value(&event))
                />
            </span>
        </label>
    }
}

/// A text of several lines.
#[component]
pub(super) fn TextArea(
    /// What stands above it.
    name: &'static str,
    /// The text.
    #[prop(into)]
    part: Part<String>,
    /// Its height in lines.
    #[prop(default = 3)]
    rows: u32,
    /// What stands in it while it is empty.
    #[prop(default = "")]
    placeholder: &'static str,
    /// Whether the cursor is in it when the form opens.
    #[prop(optional)]
    first: bool,
) -> impl IntoView {
    view! {
        <label class="line">
            {name}
            <textarea
                class="area mono"
                rows=rows
                placeholder=placeholder
                autofocus=first
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                prop:value=move || part.get()
                on:input=move |event| part.set(event_target_value(&event))
            ></textarea>
        </label>
    }
}

/// The words of a command, and what they were read as.
#[component]
pub(super) fn WordsArea(
    /// What stands above it.
    name: &'static str,
    /// The text.
    #[prop(into)]
    part: Part<String>,
) -> impl IntoView {
    let read = Memo::new(move |_| part.with(|text| words::read(text).ok()));
    let shown = move || {
        let read = read.get()?;
        Some(view! {
            <p class="reading">
                {format!("Read as {}: ", read.read_as.name())}
                <code>
                    <bdi>{format::visible(&words::write(&read.words))}</bdi>
                </code>
                <span class="attention" hidden=!read.need_a_shell()>
                    "No shell reads these words, so that $, | and && stay as they are. For a shell, begin with /bin/sh -c."
                </span>
            </p>
        })
    };
    view! {
        <TextArea
            name
            part
            placeholder="/usr/bin/app --flag, one word per line, or [\"/usr/bin/app\", \"--flag\"]"
            first=true
        />
        {shown}
    }
}

/// One of a few choices.
#[component]
pub(super) fn Segments<T: Clone + PartialEq + Send + Sync + 'static>(
    /// What stands above them.
    name: &'static str,
    /// The choices, and what stands on them.
    options: Vec<(T, &'static str)>,
    /// The chosen one.
    #[prop(into)]
    part: Part<T>,
) -> impl IntoView {
    let buttons = options.into_iter().map(|(option, text)| {
        let choice = option.clone();
        view! {
            <button
                type="button"
                aria-pressed=move || part.with(|chosen| *chosen == option).to_string()
                on:click=move |_| part.set(choice.clone())
            >
                {text}
            </button>
        }
    });
    view! {
        <div class="line">
            <span>{name}</span>
            <div class="segments" role="group" aria-label=name>
                {buttons.collect_view()}
            </div>
        </div>
    }
}

/// Whether something is set or taken away.
#[component]
pub(super) fn SetOrRemove(
    /// Whether it is taken away.
    #[prop(into)]
    part: Part<bool>,
) -> impl IntoView {
    view! { <Segments name="What is done" options=vec![(false, "Set"), (true, "Remove")] part /> }
}

/// A yes or no.
#[component]
pub(super) fn CheckLine(
    /// What is agreed to.
    #[prop(into)]
    text: Signal<String>,
    /// Whether it is.
    #[prop(into)]
    part: Part<bool>,
) -> impl IntoView {
    view! {
        <label class="choice">
            <input
                type="checkbox"
                prop:checked=move || part.get()
                on:change=move |event| part.set(event_target_checked(&event))
            />
            <span>{text}</span>
        </label>
    }
}

/// A sentence about what the form does.
#[component]
pub(super) fn Remark(
    /// The sentence; none while it is empty.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    view! {
        <p class="where" hidden=move || text.with(String::is_empty)>
            <bdi>{move || format::visible(&text.get())}</bdi>
        </p>
    }
}
