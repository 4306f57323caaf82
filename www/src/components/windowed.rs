//! A long list of rows of one height, of which only the visible ones exist.

use leptos::html;
use leptos::prelude::*;

/// Rows above and below the window that are drawn too.
const MARGIN: usize = 12;

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
    /// Told which rows are in view: the first, and the one behind the last.
    #[prop(optional)]
    in_sight: Option<RwSignal<(usize, usize)>>,
) -> impl IntoView {
    // First row and number of rows in view.
    let view_port = RwSignal::new((0_usize, 60_usize));
    // It also runs after the list is gone: from the next frame, or from a late event.
    let measure = move || {
        let Some(element) = node.try_get_untracked().flatten() else { return };
        let top = f64::from(element.scroll_top()).max(0.0);
        let seen = f64::from(element.client_height()).max(1.0);
        let next = ((top / height) as usize, (seen / height).ceil() as usize + 1);
        if view_port.try_get_untracked().is_some_and(|now| now != next) {
            view_port.try_set(next);
        }
    };
    Effect::new(move |_| {
        if node.get().is_some() {
            rows.track();
            request_animation_frame(measure);
        }
    });
    let resized = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    let range = Memo::new(move |_| {
        let (first, seen) = view_port.get();
        let rows = rows.get();
        let start = first.min(rows).saturating_sub(MARGIN);
        (start, (first + seen + MARGIN).min(rows))
    });
    Effect::new(move |_| {
        let (first, seen) = view_port.get();
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
            on:scroll=move |_| measure()
        >
            <div class="window" style:height=move || format!("{}px", rows.get() as f64 * height)>
                <div style:transform=move || {
                    format!("translateY({}px)", range.get().0 as f64 * height)
                }>
                    {move || {
                        let (start, end) = range.get();
                        (start..end).map(|at| row.run(at)).collect_view()
                    }}
                </div>
            </div>
        </div>
    }
}
