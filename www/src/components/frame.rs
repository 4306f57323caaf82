//! What is on every page: the bar at the top and the command at the bottom.

use drydock::reference::{Reference, from_pasted};
use leptos::prelude::*;

use super::{CopyButton, Icon, Picture};

/// The bar: home, one field for references, and the tools.
#[component]
pub fn TopBar(
    /// The reference that is shown, if any.
    #[prop(into)]
    shown: Signal<String>,
    /// A text was given that may be a link to this page, which is then followed; whether it was one.
    own: Callback<String, bool>,
    /// A reference was given.
    #[prop(into)]
    open: Callback<Reference>,
    /// Something was given that is no reference; the text says why.
    #[prop(into)]
    refused: Callback<String>,
    /// Buttons at the end.
    children: Children,
) -> impl IntoView {
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(field) = reference_field() else { return };
        if own.run(field.value()) {
            let _ = field.blur();
            return;
        }
        match from_pasted(&field.value()) {
            Ok(reference) => {
                let _ = field.blur();
                open.run(reference);
            }
            Err(error) => refused.run(error.to_string()),
        }
    };
    view! {
        <header class="topbar">
            <a class="logo" href="/" aria-label="Drydock, to the first page">
                <Icon picture=Picture::Dock size=20 />
                <span>"Drydock"</span>
            </a>
            <form role="search" on:submit=submit>
                <div class="field">
                    <input
                        id="reference"
                        aria-label="Image reference"
                        placeholder="image, or docker pull …"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        enterkeyhint="go"
                        prop:value=shown
                    />
                    <kbd aria-hidden="true" title="Press / to come here">
                        "/"
                    </kbd>
                </div>
            </form>
            <div class="tools">{children()}</div>
        </header>
    }
}

/// The field in the bar.
#[must_use]
pub fn reference_field() -> Option<web_sys::HtmlInputElement> {
    use wasm_bindgen::JsCast;
    document().get_element_by_id("reference")?.dyn_into().ok()
}

/// The bar at the bottom: what is under way, and the command that shows the same in a shell.
#[component]
pub fn CommandBar(
    /// The command; empty for none.
    #[prop(into)]
    command: Signal<String>,
    /// What is under way.
    #[prop(into, optional)]
    work: ViewFn,
) -> impl IntoView {
    let none = move || command.get().is_empty();
    view! {
        <footer class="commandbar" class:nothing=none>
            <div class="work">{work.run()}</div>
            <div class="shell" hidden=none>
                <span>"same in a shell"</span>
                <code>{move || format!("$ {}", command.get())}</code>
                <CopyButton text=command label="Copy the command" />
            </div>
        </footer>
    }
}
