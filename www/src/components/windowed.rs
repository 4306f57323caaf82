//! A long list of rows of one height, of which only the visible ones exist.

use leptos::html;
use leptos::prelude::*;

use super::window::{RowHeight, Window};

/// Shows the rows that are in view. The element scrolls inside itself; its class must limit its
/// height.
#[component]
pub fn Windowed(
    /// How many rows there are.
    #[prop(into)]
    rows: Signal<usize>,
    /// Height of each in pixels.
    height: f64,
    /// Draws one row; it is placed from outside.
    row: Callback<usize, AnyView>,
    /// Class of the element that scrolls.
    #[prop(default = "")]
    class: &'static str,
    /// What the list is called.
    #[prop(into)]
    label: String,
    /// The element that scrolls, for callers that scroll it.
    #[prop(optional)]
    node: NodeRef<html::Div>,
    /// The row to be brought into view.
    #[prop(into, optional)]
    at: Signal<Option<usize>>,
    /// Told which rows are in view: the first, and the one behind the last.
    #[prop(optional)]
    in_sight: Option<RwSignal<(usize, usize)>>,
) -> impl IntoView {
    let window = Window::new(node, rows, RowHeight::Fixed(height), at);
    window.follow(at);
    Effect::new(move |_| {
        let (first, seen) = window.in_sight();
        if let Some(in_sight) = in_sight {
            in_sight.set((first.min(rows.get()), (first + seen).min(rows.get())));
        }
    });
    view! {
        <div
            class=class
            node_ref=node
            tabindex="0"
            role="region"
            aria-label=label
            on:scroll=move |_| window.measure()
        >
            <div class="window" style:height=move || format!("{}px", window.all())>
                <div style:transform=move || format!("translateY({}px)", window.above())>
                    {move || {
                        let (start, end) = window.range();
                        (start..end).map(|at| row.run(at)).collect_view()
                    }}
                </div>
            </div>
        </div>
    }
}
