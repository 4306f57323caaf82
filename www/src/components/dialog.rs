//! A window over the page, for what must be asked or looked up.

use leptos::html;
use leptos::prelude::*;

use super::{Icon, Picture};

/// A modal window with a title. Escape and a click beside it close it.
#[component]
pub fn Dialog(
    /// What it is called.
    #[prop(into)]
    title: String,
    /// Leaves the title bar out; the title is still told.
    #[prop(optional)]
    bare: bool,
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
            let _ = dialog.show_modal();
        }
    });
    // A click on the backdrop has the dialog itself as its target.
    let beside = move |event: web_sys::MouseEvent| {
        let on_itself = event.target().zip(event.current_target()).is_some_and(|(a, b)| a == b);
        if on_itself {
            close.run(());
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
                    on:click=move |_| close.run(())
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
            on:close=move |_| close.run(())
            on:click=beside
        >
            {head}
            {children()}
        </dialog>
    }
}
