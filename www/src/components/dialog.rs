//! A window over the page, for what must be asked or looked up.

use std::cell::RefCell;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use super::{Icon, Picture};

/// A modal window with a title. Escape and a click beside it close it; the focus goes back to where
/// it was before.
#[component]
pub fn Dialog(
    /// What it is called.
    #[prop(into)]
    title: String,
    /// Leaves the title bar out; the title is still told.
    #[prop(optional)]
    bare: bool,
    /// Keeps it open when there is a click beside it, as for what would be typed again.
    #[prop(optional)]
    firm: bool,
    /// Whether it may be closed; asks when something would be lost.
    #[prop(optional, into)]
    may_close: Option<Callback<(), bool>>,
    /// More classes.
    #[prop(default = "")]
    class: &'static str,
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = node.get()
            && !dialog.open()
        {
            let before = document().active_element();
            let _ = dialog.show_modal();
            focus_first(&dialog);
            on_cleanup(move || focus_again(before));
        }
    });
    // A click on the backdrop has the dialog itself as its target. It must have begun there: text
    // that is selected in the dialog may end beside it.
    let pressed = StoredValue::new(false);
    let press = move |event: web_sys::PointerEvent| pressed.set_value(on_itself(&event));
    let beside = move |event: web_sys::MouseEvent| {
        if !firm && pressed.get_value() && on_itself(&event) {
            close.run(());
        }
    };
    let may = move || may_close.is_none_or(|may| may.run(()));
    let cancel = move |event: web_sys::Event| {
        if on_itself(&event) && !may() {
            event.prevent_default();
        }
    };
    let head = (!bare).then(|| {
        view! {
            <header>
                <h2>{title.clone()}</h2>
                <button
                    type="button"
                    class="copy"
                    aria-label="Close"
                    on:click=move |_| {
                        if may() {
                            close.run(());
                        }
                    }
                >
                    <Icon picture=Picture::Cross />
                </button>
            </header>
        }
    });
    view! {
        <dialog
            node_ref=node
            class=class
            aria-label=title
            on:cancel=cancel
            on:close=move |_| close.run(())
            on:pointerdown=press
            on:click=beside
        >
            {head}
            {children()}
        </dialog>
    }
}

fn on_itself(event: &web_sys::Event) -> bool {
    event.target().zip(event.current_target()).is_some_and(|(target, own)| target == own)
}

thread_local! {
    /// What has the focus again once the dialog is closed that is open now: what had it before
    /// another dialog opened this one and went.
    static LATER: RefCell<Option<web_sys::HtmlElement>> = const { RefCell::new(None) };
}

/// Closes the dialog that is on top, unless it would rather stay; `false` when none is open.
pub fn close_top() -> bool {
    let Some(dialog) = open_dialogs().pop() else { return false };
    let may = web_sys::Event::new("cancel").and_then(|event| {
        event.init_event_with_bubbles_and_cancelable("cancel", false, true);
        dialog.dispatch_event(&event)
    });
    if may.unwrap_or(true) {
        dialog.close();
    }
    true
}

fn open_dialogs() -> Vec<web_sys::HtmlDialogElement> {
    let found = document().query_selector_all("dialog[open]").ok();
    let nodes = found.map(|found| (0..found.length()).filter_map(move |at| found.get(at)));
    nodes.into_iter().flatten().filter_map(|node| node.dyn_into().ok()).collect()
}

/// The first field has the focus, not the button that closes.
fn focus_first(dialog: &web_sys::HtmlDialogElement) {
    let fields = "[autofocus], input:enabled:not([type=hidden], [type=file]), textarea:enabled, select:enabled";
    let first = dialog.query_selector(fields).ok().flatten();
    if let Some(first) = first.and_then(|first| first.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = first.focus();
    }
}

/// While a dialog is open, what is outside takes no focus; so it is given in the next frame, or when
/// the dialog is closed that took the place of this one.
fn focus_again(element: Option<web_sys::Element>) {
    let element = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    let is_there =
        |element: &web_sys::HtmlElement| element.is_connected() && element.tag_name() != "BODY";
    let later = LATER.take();
    let Some(element) = element.filter(is_there).or(later) else { return };
    request_animation_frame(move || {
        let inside = matches!(element.closest("dialog[open]"), Ok(Some(_)));
        if inside || open_dialogs().is_empty() {
            let _ = element.focus();
        } else {
            LATER.set(Some(element));
        }
    });
}
