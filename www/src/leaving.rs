//! What would be lost if the reader left: asked about before it is.

use std::cell::Cell;

use leptos::prelude::*;

thread_local! {
    /// What ends with the view that it belongs to.
    static AT_WORK: Cell<u32> = const { Cell::new(0) };
    /// What is kept until the page itself is left.
    static UNSAVED: Cell<u32> = const { Cell::new(0) };
}

/// Something that would be lost; nothing any more when it is dropped.
#[derive(Debug)]
pub struct Stake {
    ends_with_view: bool,
}

impl Stake {
    /// Work of a view that ends with it, such as files that are being taken.
    #[must_use]
    pub fn of_view() -> Self {
        AT_WORK.set(AT_WORK.get() + 1);
        Self { ends_with_view: true }
    }

    /// What stays while the reader goes about in the page, such as a text that was typed.
    #[must_use]
    pub fn of_page() -> Self {
        UNSAVED.set(UNSAVED.get() + 1);
        Self { ends_with_view: false }
    }
}

impl Drop for Stake {
    fn drop(&mut self) {
        let count = if self.ends_with_view { &AT_WORK } else { &UNSAVED };
        count.set(count.get().saturating_sub(1));
    }
}

/// Lets the browser ask before the page is left or loaded again while something would be lost.
pub fn listen() {
    let _ = window_event_listener(leptos::ev::beforeunload, |event| {
        if AT_WORK.get() + UNSAVED.get() > 0 {
            event.prevent_default();
            event.set_return_value("Not all is in the draft yet.");
        }
    });
}

/// Whether the view may be left; asks when that would end what is under way in it.
#[must_use]
pub fn may_go() -> bool {
    let question =
        "Files are still being taken into the draft, and leaving ends that. Leave nevertheless?";
    AT_WORK.get() == 0 || window().confirm_with_message(question).unwrap_or(true)
}
