//! A table of names and values that is changed row by row.

use leptos::html;
use leptos::prelude::*;

use super::part::Part;
use super::table::Table;
use crate::components::format;

/// What the rows are called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Naming {
    /// What a row is: `A variable`.
    pub(super) noun: &'static str,
    /// What its name is.
    pub(super) name: &'static str,
    /// What its value is; `None` for rows that have only a name.
    pub(super) value: Option<&'static str>,
}

/// The rows, and a button that adds one.
#[component]
pub(super) fn TableRows(
    /// The table.
    #[prop(into)]
    part: Part<Table>,
    /// What the rows are called.
    naming: Naming,
) -> impl IntoView {
    let added = RwSignal::new(None);
    let add = move |_| part.update(|table| added.set(Some(table.add())));
    let single = part.with(Table::is_single);
    let nothing = move || part.with(|table| table.shown().is_empty());
    let hidden = move || part.with(Table::hidden);
    view! {
        <div class="names" class:valueless=naming.value.is_none()>
            <For
                each=move || part.with(Table::shown)
                key=|id| *id
                children=move |id| view! { <TableRow part id naming added /> }
            />
            <p class="muted" hidden=move || !nothing()>
                "There are none yet."
            </p>
            <p class="muted" hidden=move || hidden() == 0>
                {move || {
                    format!("{} more are not shown; raw JSON has them.", format::count(hidden() as u64))
                }}
            </p>
        </div>
        <div class="buttons" hidden=single>
            <button type="button" class="button small" on:click=add>
                "Add a row"
            </button>
        </div>
    }
}

#[component]
fn TableRow(
    part: Part<Table>,
    id: usize,
    naming: Naming,
    added: RwSignal<Option<usize>>,
) -> impl IntoView {
    let row = Memo::new(move |_| part.with(|table| table.row(id).cloned()).unwrap_or_default());
    let removed = move || row.with(|row| row.removed);
    let name = move || row.with(|row| format::visible(&row.name));
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get()
            && added.get_untracked() == Some(id)
        {
            let _ = field.focus();
        }
    });
    let type_name = move |event| {
        let text = event_target_value(&event);
        part.update(|table| {
            if let Some(row) = table.row_mut(id) {
                row.name = text;
            }
        });
    };
    let type_value = move |event| {
        let text = event_target_value(&event);
        part.update(|table| {
            if let Some(row) = table.row_mut(id) {
                row.value = text;
            }
        });
    };
    let value = naming.value.map(|what| {
        view! {
            <textarea
                class="area mono"
                rows="1"
                aria-label=move || format!("{what} of {}", name())
                spellcheck="false"
                autocomplete="off"
                disabled=removed
                prop:value=move || row.with(|row| row.value.clone())
                on:input=type_value
            ></textarea>
        }
    });
    let toggle = move |_| {
        let removed = row.with_untracked(|row| row.removed);
        part.update(|table| if removed { table.keep(id) } else { table.remove(id) });
    };
    view! {
        <div class="name-row" class:gone-row=removed>
            <span class="field">
                <input
                    node_ref=field
                    aria-label=naming.name
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    disabled=removed
                    prop:value=move || row.with(|row| row.name.clone())
                    on:input=type_name
                />
            </span>
            {value}
            <button
                type="button"
                class="button small"
                aria-label=move || {
                    format!("{} {}", if removed() { "Keep" } else { "Remove" }, name())
                }
                on:click=toggle
            >
                {move || if removed() { "Keep" } else { "Remove" }}
            </button>
        </div>
    }
}
