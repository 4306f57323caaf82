//! A window over the page, for what must be asked or looked up.

use std::cell::RefCell;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use super::{Icon, Picture, focus};

thread_local! {
    /// What had the focus before a window was opened. One that takes the place of another is opened
    /// while nothing has it, or what is about to go.
    static BEFORE: RefCell<Option<web_sys::Element>> = const { RefCell::new(None) };
}

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
            let before = [focused(), BEFORE.take()];
            BEFORE.set(before.iter().flatten().find(|it| !in_dialog(it)).cloned());
            let _ = dialog.show_modal();
            begin(&dialog);
            on_cleanup(move || focus_again(before));
        }
    });
    // A click on the backdrop has the dialog itself as its target. It must have begun there: text
    // that is selected in the dialog may end beside it.
    let pressed = StoredValue::new(false);
    let press = move |event: web_sys::PointerEvent| pressed.set_value(on_itself(&event));
    // A click may take away what was clicked, as with a row of a table.
    let place = StoredValue::new(0);
    let came = move |event: web_sys::FocusEvent| {
        let dialog = node.try_get_untracked().flatten();
        if let (Some(dialog), Some(target)) = (dialog, event.target()) {
            place.try_set_value(focus::place(&dialog, &target));
        }
    };
    let beside = move |event: web_sys::MouseEvent| {
        // The click may have closed it.
        if let Some((dialog, place)) = node.try_get_untracked().flatten().zip(place.try_get_value())
        {
            focus::keep_at(dialog.into(), place);
        }
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
            on:focusin=came
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

/// What has the focus, if anything has.
fn focused() -> Option<web_sys::Element> {
    document().active_element().filter(|it| !it.tag_name().eq_ignore_ascii_case("body"))
}

/// The focus begins at what there is to do, not at the way out.
fn begin(dialog: &web_sys::HtmlDialogElement) {
    let at_head = focused().is_some_and(|it| it.closest("header").is_ok_and(|it| it.is_some()));
    if at_head && let Ok(Some(content)) = dialog.query_selector(".content") {
        focus::first_in(&content);
    }
}

fn in_dialog(element: &web_sys::Element) -> bool {
    element.closest("dialog").is_ok_and(|dialog| dialog.is_some())
}

/// While a dialog is open, what is outside takes no focus; so it is given in the next frame, to the
/// first that is still there.
fn focus_again(places: [Option<web_sys::Element>; 2]) {
    request_animation_frame(move || {
        let there = places.into_iter().flatten().find(|it| it.is_connected());
        if let Some(element) = there.and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = element.focus();
        }
    });
}
