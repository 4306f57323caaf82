//! Which rows of a long list are in view; only those exist.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

/// Rows above and below the window that are drawn too.
const MARGIN: usize = 8;
/// Rows that are taken to be in view before the list was measured.
const SEEN: usize = 16;
/// Rows of which a list is drawn as a whole.
pub const FEW: usize = 120;

/// How high the rows of a list are, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RowHeight {
    /// As the style sheet fixes it.
    Fixed(f64),
    /// About this; the first row that is drawn is measured. A list of few rows is drawn as a whole.
    About(f64),
}

/// The part of a list that is in view. Its element scrolls inside itself, and all rows are equally
/// high.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// The element that scrolls.
    pub(super) node: NodeRef<html::Div>,
    rows: Signal<usize>,
    /// Rows up to which all of them are drawn.
    few: usize,
    height: RwSignal<f64>,
    /// First row and number of rows in view.
    port: RwSignal<(usize, usize)>,
    range: Memo<(usize, usize)>,
}

impl Window {
    /// Follows the row that is to be seen; in a list that is shown as a whole the browser finds it.
    pub(super) fn follow(self, at: Signal<Option<usize>>) {
        Effect::new(move |_| {
            let Some(row) = at.get() else { return };
            if self.node.get().is_some() && self.is_long() {
                request_animation_frame(move || self.bring(row));
            }
        });
    }

    /// Over `rows` rows. It begins with row `at` in view, when there is one.
    pub(super) fn new(
        node: NodeRef<html::Div>,
        rows: Signal<usize>,
        height: RowHeight,
        at: Signal<Option<usize>>,
    ) -> Self {
        let first = at.get_untracked().unwrap_or(0).saturating_sub(SEEN / 3);
        let (few, height) = match height {
            RowHeight::Fixed(height) => (0, height),
            RowHeight::About(height) => (FEW, height),
        };
        let port = RwSignal::new((first.min(rows.get_untracked().saturating_sub(SEEN)), SEEN));
        let range = Memo::new(move |_| {
            let rows = rows.get();
            if rows <= few {
                return (0, rows);
            }
            let (first, seen) = port.get();
            let start = first.min(rows).saturating_sub(MARGIN);
            (start, (first + seen + MARGIN).min(rows))
        });
        let window = Self { node, rows, few, height: RwSignal::new(height), port, range };
        Effect::new(move |has_begun: Option<bool>| {
            let is_there = node.get().is_some();
            if is_there {
                rows.track();
                let begins = !has_begun.unwrap_or(false);
                let row = at.get_untracked().filter(|_| begins);
                request_animation_frame(move || {
                    if few > 0 {
                        window.measure_row();
                    }
                    match row {
                        Some(row) => window.bring(row),
                        None => window.measure(),
                    }
                });
            }
            is_there
        });
        let resized = window_event_listener(leptos::ev::resize, move |_| window.measure());
        on_cleanup(move || resized.remove());
        window
    }

    /// Notices which rows are in view. It also runs after the list is gone: from the next frame, or
    /// from a late event.
    pub(super) fn measure(self) {
        let Some(element) = self.node.try_get_untracked().flatten() else { return };
        let Some(height) = self.height.try_get_untracked() else { return };
        let top = f64::from(element.scroll_top()).max(0.0);
        let seen = f64::from(element.client_height()).max(1.0);
        let next = ((top / height) as usize, (seen / height).ceil() as usize + 1);
        if self.port.try_get_untracked().is_some_and(|now| now != next) {
            self.port.try_set(next);
        }
    }

    /// Takes the height of the first drawn row, which the style sheet decides, for that of all.
    fn measure_row(self) {
        let Some(element) = self.node.try_get_untracked().flatten() else { return };
        let Ok(Some(row)) = element.query_selector("[data-rows] > :not(.space)") else { return };
        let height = row.get_bounding_client_rect().height();
        let known = self.height.try_get_untracked();
        if height > 1.0 && known.is_some_and(|known| (known - height).abs() > 0.25) {
            self.height.try_set(height);
        }
    }

    /// Whether the list scrolls inside itself.
    pub(super) fn is_long(self) -> bool {
        self.rows.get() > self.few
    }

    /// Number of rows.
    pub(super) fn rows(self) -> usize {
        self.rows.get()
    }

    /// The first row in view, and how many are.
    pub(super) fn in_sight(self) -> (usize, usize) {
        self.port.get()
    }

    /// The rows that are drawn.
    pub(super) fn range(self) -> (usize, usize) {
        self.range.get()
    }

    /// Pixels of the rows above the drawn ones.
    pub(super) fn above(self) -> f64 {
        self.range.get().0 as f64 * self.height.get()
    }

    /// Pixels of the rows below the drawn ones.
    pub(super) fn below(self) -> f64 {
        self.rows.get().saturating_sub(self.range.get().1) as f64 * self.height.get()
    }

    /// Pixels of all rows.
    pub(super) fn all(self) -> f64 {
        self.rows.get() as f64 * self.height.get()
    }

    /// Brings a row into view.
    pub(super) fn bring(self, row: usize) {
        let Some(element) = self.node.try_get_untracked().flatten() else { return };
        let Some(height) = self.height.try_get_untracked() else { return };
        let seen = f64::from(element.client_height());
        let (at, top) = (row as f64 * height, f64::from(element.scroll_top()));
        if at < top || at + 2.0 * height > top + seen {
            let element: &web_sys::Element = element.unchecked_ref();
            element.set_scroll_top((at - seen / 3.0).max(0.0) as i32);
        }
        self.measure();
    }
}
