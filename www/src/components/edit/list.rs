//! The edits of a draft, in order.

use std::sync::Arc;

use drydock::edit::view::FormContext;
use leptos::prelude::*;

use super::add::AddEditMenu;
use super::kind::EditKind;
use super::row::EditRow;
use crate::components::{Badge, Icon, Picture, focus, format};

/// Ids of the buttons above the list.
const UNDO: &str = "edit-undo";
const REDO: &str = "edit-redo";
pub(super) const ADD: &str = "edit-add";

/// What is to be done with an edit in the list. Places are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowAct {
    /// Its form is opened.
    Change(usize),
    /// It changes places with the one before it.
    Up(usize),
    /// It changes places with the one behind it.
    Down(usize),
    /// It is taken out.
    Remove(usize),
}

/// The list, with what can be done to it.
#[component]
pub fn EditList(
    /// The edits.
    #[prop(into)]
    rows: Signal<Vec<EditRow>>,
    /// The edit that can't be done, counted from 1, and why.
    #[prop(into, optional)]
    error: Signal<Option<(usize, String)>>,
    /// A remark beside the title: `both platforms`.
    #[prop(into, optional)]
    note: Signal<String>,
    /// The image as it is, once that is known.
    #[prop(into)]
    context: Signal<Option<Arc<FormContext>>>,
    /// A kind of edit was chosen to be added.
    #[prop(into)]
    add: Callback<EditKind>,
    /// Something is to be done with an edit.
    #[prop(into)]
    act: Callback<RowAct>,
    /// What else there is to see of an edit, by its place.
    #[prop(into)]
    details: Callback<usize, AnyView>,
    /// Whether there is something to undo.
    #[prop(into)]
    can_undo: Signal<bool>,
    /// Whether there is something to redo.
    #[prop(into)]
    can_redo: Signal<bool>,
    /// The last step is to be undone.
    #[prop(into)]
    undo: Callback<()>,
    /// The step that was undone is to be done again.
    #[prop(into)]
    redo: Callback<()>,
) -> impl IntoView {
    let count = Memo::new(move |_| rows.with(Vec::len));
    let problem = move |at: usize| {
        let problem = error.get().filter(|(number, _)| *number == at + 1);
        problem.map(|(_, why)| why)
    };
    let list = move |at: usize| {
        let row = Memo::new(move |_| rows.with(|rows| rows.get(at).cloned()).unwrap_or_default());
        let problem = Memo::new(move |_| problem(at));
        view! { <ListRow at row problem count act details /> }
    };
    view! {
        <section class="card edits">
            <header>
                <h2>"Edits"</h2>
                <span class="note">{note}</span>
                <div class="acts">
                    <button
                        type="button"
                        class="button quiet"
                        id=UNDO
                        title="Ctrl-Z"
                        disabled=move || !can_undo.get()
                        on:click=move |_| {
                            undo.run(());
                            keep_focus();
                        }
                    >
                        "Undo"
                    </button>
                    <button
                        type="button"
                        class="button quiet"
                        id=REDO
                        title="Ctrl-Shift-Z"
                        disabled=move || !can_redo.get()
                        on:click=move |_| {
                            redo.run(());
                            keep_focus();
                        }
                    >
                        "Redo"
                    </button>
                    <AddEditMenu context chosen=add />
                </div>
            </header>
            <Show when=move || count.get() == 0>
                <Nothing />
            </Show>
            <ol class="edit-rows">
                <For each=move || 0..count.get() key=|at| *at children=list />
            </ol>
        </section>
    }
}

/// Keeps the focus at the list when a change takes away what has it.
pub fn keep_focus() {
    focus::keep([UNDO, REDO, ADD].map(str::to_owned));
}

/// What can be done here, while nothing was.
#[component]
fn Nothing() -> impl IntoView {
    view! {
        <div class="empty">
            <p>"Change how the image is started, what it says of itself, its layers, or its index."</p>
            <p>"Or drop files anywhere here to add them as a layer."</p>
            <p>"Nothing is sent before you have seen what becomes of it."</p>
        </div>
    }
}

#[component]
fn ListRow(
    at: usize,
    row: Memo<EditRow>,
    problem: Memo<Option<String>>,
    count: Memo<usize>,
    act: Callback<RowAct>,
    details: Callback<usize, AnyView>,
) -> impl IntoView {
    let text = move |of: fn(&EditRow) -> &str| row.with(|row| format::visible(of(row)));
    let name = move || text(|row| &row.name);
    let is_last = move || at + 1 >= count.get();
    // The focus goes with an edit that is moved.
    let up = move |_| {
        act.run(RowAct::Up(at));
        focus::give([id(at.saturating_sub(1), "up"), id(at.saturating_sub(1), "down")]);
    };
    let down = move |_| {
        act.run(RowAct::Down(at));
        focus::give([id(at + 1, "down"), id(at + 1, "up")]);
    };
    let remove = move |_| {
        act.run(RowAct::Remove(at));
        focus::give([id(at, "remove"), id(at.saturating_sub(1), "remove"), ADD.to_owned()]);
    };
    let scope = move || {
        let scope = row.with(|row| row.scope.clone())?;
        Some(view! { <Badge text=format::visible(&scope) /> })
    };
    let why = move || {
        let why = format::visible(&problem.get()?);
        let short = format::folded(&why);
        Some(view! {
            <p class="problem" role="alert">
                <Icon picture=Picture::Cross size=12 />
                <bdi title=why>{short}</bdi>
            </p>
        })
    };
    let value = move || text(|row| &row.value);
    let label = move |what: &'static str| move || format!("{what} edit {}, {}", at + 1, name());
    view! {
        <li class="edit-row" class:failed=move || problem.with(Option::is_some)>
            <span class="at">{at + 1}</span>
            <div class="what">
                <p>
                    <b><bdi>{name}</bdi></b>
                    " "
                    {scope}
                </p>
                <p class="mono" hidden=move || row.with(|row| row.value.is_empty())>
                    <bdi title=value>{move || format::folded(&value())}</bdi>
                </p>
                <p class="muted" hidden=move || row.with(|row| row.consequence.is_empty())>
                    <bdi>{move || text(|row| &row.consequence)}</bdi>
                </p>
                {why}
            </div>
            <div class="row-acts" role="group" aria-label=move || format!("Edit {}", at + 1)>
                <button
                    type="button"
                    class="button small quiet"
                    aria-label=label("Change")
                    disabled=move || row.with(|row| !row.changeable)
                    title=move || {
                        row.with(|row| !row.changeable).then_some("It is changed in the files view")
                    }
                    on:click=move |_| act.run(RowAct::Change(at))
                >
                    "Change"
                </button>
                <button
                    type="button"
                    class="button small quiet"
                    id=id(at, "up")
                    aria-label=label("Move up")
                    title="Move up"
                    disabled=at == 0
                    on:click=up
                >
                    "↑"
                </button>
                <button
                    type="button"
                    class="button small quiet"
                    id=id(at, "down")
                    aria-label=label("Move down")
                    title="Move down"
                    disabled=is_last
                    on:click=down
                >
                    "↓"
                </button>
                <button
                    type="button"
                    class="button small quiet"
                    id=id(at, "remove")
                    aria-label=label("Remove")
                    title="Remove"
                    on:click=remove
                >
                    <Icon picture=Picture::Cross size=12 />
                </button>
            </div>
            <div class="details">{details.run(at)}</div>
        </li>
    }
}

fn id(at: usize, act: &str) -> String {
    format!("edit-{at}-{act}")
}
