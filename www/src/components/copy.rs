//! To the clipboard.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{Icon, Picture};

/// Copies a text that is made when it is asked for; shows that it did.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// What the button is called: `Copy the digest`.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let done = RwSignal::new(false);
    let copy = move |_| {
        let text = text.get_untracked();
        spawn_local(async move {
            done.try_set(copy_text(&text).await);
            let reset = move || {
                done.try_set(false);
            };
            set_timeout(reset, Duration::from_millis(1200));
        });
    };
    let told = label.clone();
    view! {
        <button
            type="button"
            class="copy"
            title=label
            aria-label=told
            data-done=move || done.get().then_some("")
            on:click=copy
        >
            {move || {
                let picture = if done.get() { Picture::Check } else { Picture::Copy };
                view! { <Icon picture /> }
            }}
            <span class="unseen" role="status">
                {move || done.get().then_some("Copied")}
            </span>
        </button>
    }
}

/// Puts a text on the clipboard; says whether that worked.
pub async fn copy_text(text: &str) -> bool {
    // Outside a secure context (plain http on another machine) there is no clipboard object.
    let clipboard = js_sys::Reflect::get(&window().navigator(), &JsValue::from_str("clipboard"));
    let written = match clipboard.ok().and_then(|it| it.dyn_into::<web_sys::Clipboard>().ok()) {
        Some(clipboard) => JsFuture::from(clipboard.write_text(text)).await.is_ok(),
        None => false,
    };
    written || copy_by_selection(text).unwrap_or(false)
}

fn copy_by_selection(text: &str) -> Option<bool> {
    let document = document();
    let area = document.create_element("textarea").ok()?;
    let area = area.dyn_into::<web_sys::HtmlTextAreaElement>().ok()?;
    area.set_value(text);
    area.set_class_name("unseen");
    document.body()?.append_child(&area).ok()?;
    area.select();
    let command = js_sys::Reflect::get(&document, &JsValue::from_str("execCommand")).ok()?;
    let command = command.dyn_into::<js_sys::Function>().ok()?;
    let copied = command.call1(&document, &JsValue::from_str("copy")).ok()?;
    area.remove();
    copied.as_bool()
}
