//! Where the focus goes when what had it is gone, so that keys go on where they were.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

/// Puts the focus on the first of these elements that takes it, once the page has been drawn anew.
pub fn give<const N: usize>(ids: [String; N]) {
    request_animation_frame(move || first_of(&ids));
}

/// The same when nothing has the focus then.
pub fn keep<const N: usize>(ids: [String; N]) {
    request_animation_frame(move || {
        if is_lost() {
            first_of(&ids);
        }
    });
}

/// Keeps the focus inside an element, when what has it there is taken away.
#[derive(Clone, Copy)]
pub struct FocusInside {
    element: NodeRef<html::Section>,
    /// Whether it was there last.
    here: StoredValue<bool>,
}

impl FocusInside {
    /// Nothing inside has the focus yet.
    #[must_use]
    pub fn new(element: NodeRef<html::Section>) -> Self {
        Self { element, here: StoredValue::new(false) }
    }

    /// Something inside has it now (`focusin`).
    pub fn came(self) {
        self.here.try_set_value(true);
    }

    /// What is inside has it no more (`focusout`). When nothing has it, it was lost. This is told, too,
    /// of what goes with the whole view.
    pub fn went(self, event: &web_sys::FocusEvent) {
        let to = event.related_target().and_then(|it| it.dyn_into::<web_sys::Node>().ok());
        let element = self.element.try_get_untracked().flatten();
        if let (Some(to), Some(element)) = (to, element) {
            self.here.try_set_value(element.contains(Some(&to)));
        }
    }

    /// If it is lost in the next frame, the first that takes it of what answers to these selectors
    /// gets it.
    pub fn keep(self, selectors: &'static [&'static str]) {
        request_animation_frame(move || {
            let Some(element) = self.element.try_get_untracked().flatten() else { return };
            if !self.here.try_get_value().unwrap_or(false) || !is_lost() {
                return;
            }
            let found = selectors.iter().filter_map(|it| element.query_selector(it).ok().flatten());
            found.filter_map(|it| it.dyn_into::<HtmlElement>().ok()).any(takes);
        });
    }
}

/// What takes the focus.
const TAKES: &str = "a[href], button, input, select, textarea, summary";

/// The place that an element has among those inside another that take the focus.
#[must_use]
pub fn place(within: &web_sys::Element, element: &web_sys::EventTarget) -> usize {
    let all = within.query_selector_all(TAKES).ok();
    let at = all.and_then(|all| {
        let is_it = |it: &web_sys::EventTarget| it == element;
        (0..all.length()).find(|at| all.item(*at).is_some_and(|it| is_it(&it)))
    });
    at.unwrap_or(0) as usize
}

/// Puts the focus on the first element inside another that takes it.
pub fn first_in(within: &web_sys::Element) {
    let Ok(all) = within.query_selector_all(TAKES) else { return };
    let elements = (0..all.length()).filter_map(|at| all.item(at)?.dyn_into::<HtmlElement>().ok());
    let _found = { elements }.any(takes);
}

/// When nothing has the focus in the next frame, the first that takes it from that place on gets it,
/// or else the last before it.
pub fn keep_at(within: HtmlElement, place: usize) {
    request_animation_frame(move || {
        if !within.is_connected() || !is_lost() {
            return;
        }
        let Ok(all) = within.query_selector_all(TAKES) else { return };
        let element = |at: u32| all.item(at)?.dyn_into::<HtmlElement>().ok();
        let place = u32::try_from(place).unwrap_or(0).min(all.length());
        let _found = (place..all.length()).chain((0..place).rev()).filter_map(element).any(takes);
    });
}

/// Whether no element has the focus, or one that takes no key any more.
fn is_lost() -> bool {
    document().active_element().is_none_or(|it| {
        it.tag_name().eq_ignore_ascii_case("body") || it.matches(":disabled").unwrap_or(false)
    })
}

fn first_of(ids: &[String]) {
    let found = ids.iter().filter_map(|id| document().get_element_by_id(id));
    found.filter_map(|it| it.dyn_into::<HtmlElement>().ok()).any(takes);
}

/// Gives it the focus; whether it takes it.
fn takes(element: HtmlElement) -> bool {
    let _ = element.focus();
    document().active_element().is_some_and(|it| it == *element)
}
