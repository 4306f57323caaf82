//! What is on every page: the bar at the top and the command at the bottom.

use leptos::prelude::*;

use super::{CopyButton, Icon, Picture};

/// The bar: home, one field for references, and the tools.
#[component]
pub fn TopBar(
    /// The reference that is shown, if any.
    #[prop(into)]
    shown: Signal<String>,
    /// Something was typed or pasted; says whether it was opened.
    #[prop(into)]
    open: Callback<String, bool>,
    /// Buttons at the end.
    children: Children,
) -> impl IntoView {
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(field) = reference_field() else { return };
        if open.run(field.value()) {
            let _ = field.blur();
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
