//! Lists and tables that may be long: a few rows stand in the page, of many only those in view exist,
//! in an element that scrolls, each on one line.

use leptos::html;
use leptos::prelude::*;

use super::window::{RowHeight, Window};

/// What a list is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Items, `li`.
    #[default]
    Items,
    /// Items in an order, `li`.
    Ordered,
    /// Names and values, [`Fact`](super::Fact).
    Facts,
    /// Links, `a`.
    Links,
}

/// A list of any length.
#[component]
pub fn LongList(
    /// How many rows there are.
    #[prop(into)]
    rows: Signal<usize>,
    /// Draws one row, by its place from 0.
    #[prop(into)]
    row: Callback<usize, AnyView>,
    /// What the rows are.
    #[prop(optional)]
    form: Form,
    /// Class of the list.
    #[prop(default = "rows")]
    class: &'static str,
    /// What the list is called.
    #[prop(into)]
    label: String,
    /// The row to be brought into view.
    #[prop(into, optional)]
    at: Signal<Option<usize>>,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let window = Window::new(node, rows, RowHeight::About(34.0), at);
    window.follow(at);
    let each = move || {
        let (start, end) = window.range();
        start..end
    };
    let above = move || format!("{}px", window.above());
    let below = move || format!("{}px", window.below());
    let named = label.clone();
    let items = move || {
        view! { <For each key=|at| *at children=move |at| row.run(at) /> }
    };
    let list = match form {
        Form::Items => view! {
            <ul class=class data-rows="" style:padding-top=above style:padding-bottom=below>
                {items()}
            </ul>
        }
        .into_any(),
        Form::Ordered => view! {
            <ol class=class data-rows="" style:padding-top=above style:padding-bottom=below>
                {items()}
            </ol>
        }
        .into_any(),
        Form::Facts => view! {
            <dl class=class data-rows="" style:padding-top=above style:padding-bottom=below>
                {items()}
            </dl>
        }
        .into_any(),
        Form::Links => view! {
            <nav
                class=class
                data-rows=""
                aria-label=named
                style:padding-top=above
                style:padding-bottom=below
            >
                {items()}
            </nav>
        }
        .into_any(),
    };
    view! {
        <div
            class:tall=move || window.is_long()
            node_ref=node
            tabindex=move || window.is_long().then_some("0")
            role=move || window.is_long().then_some("region")
            aria-label=move || window.is_long().then(|| label.clone())
            on:scroll=move |_| window.measure()
        >
            {list}
        </div>
    }
}

/// A table of any length. Where it is narrow its rows become cards, for which each cell says in
/// `data-name` what it is.
#[component]
pub fn LongTable(
    /// How many rows there are.
    #[prop(into)]
    rows: Signal<usize>,
    /// Draws one row, `tr`, by its place from 0.
    #[prop(into)]
    row: Callback<usize, AnyView>,
    /// The row of heads, `tr`.
    #[prop(into)]
    head: ViewFn,
    /// More classes of the table.
    #[prop(default = "")]
    class: &'static str,
    /// What the table is called.
    #[prop(into)]
    label: String,
    /// The row to be brought into view.
    #[prop(into, optional)]
    at: Signal<Option<usize>>,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let window = Window::new(node, rows, RowHeight::About(35.0), at);
    window.follow(at);
    let each = move || {
        let (start, end) = window.range();
        start..end
    };
    let space = move |height: f64| (height > 0.0).then(|| format!("{height}px"));
    let gap = move |height: Signal<f64>| {
        view! {
            <tr class="space" aria-hidden="true" hidden=move || height.get() <= 0.0>
                <td colspan="20" style:height=move || space(height.get())></td>
            </tr>
        }
    };
    let named = label.clone();
    view! {
        <div
            class="scroll"
            class:tall=move || window.is_long()
            node_ref=node
            tabindex="0"
            role="region"
            aria-label=label
            on:scroll=move |_| window.measure()
        >
            <table
                class=format!("table {class}")
                aria-label=named
                aria-rowcount=move || window.is_long().then(|| (window.rows() + 1).to_string())
            >
                <thead>{head.run()}</thead>
                <tbody data-rows="">
                    {gap(Signal::derive(move || window.above()))}
                    <For each key=|at| *at children=move |at| row.run(at) />
                    {gap(Signal::derive(move || window.below()))}
                </tbody>
            </table>
        </div>
    }
}
