//! One dialog for all kinds of edits.

use std::sync::Arc;

use drydock::edit::view::FormContext;
use drydock::edit::{Edit, Time};
use leptos::prelude::*;

use super::fields::CheckLine;
use super::forms::{Begin, Opened, open};
use super::kind::EditKind;
use super::pickers::ScopePicker;
use super::scope::On;
use super::wanted::Wanted;
use crate::chosen::Chosen;
use crate::components::{Dialog, DropZone, format};
use crate::leaving::Stake;

/// The form of a kind of edits.
#[component]
pub fn EditDialog(
    /// The kind.
    kind: EditKind,
    /// The image as it is.
    #[prop(into)]
    context: Arc<FormContext>,
    /// The edit that is to be changed; a new one otherwise.
    #[prop(optional_no_strip)]
    edit: Option<Edit>,
    /// Files that the form begins with.
    #[prop(optional)]
    files: Vec<Chosen>,
    /// What time is it?
    #[prop(into)]
    now: Callback<(), Time>,
    /// What the form came to. When an edit is changed, the first is to take its place and the
    /// others are to follow it.
    #[prop(into)]
    done: Callback<Vec<Wanted>>,
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let on = RwSignal::new(On::new(kind, &context, edit.as_ref()));
    let begin = Begin { context: &context, edit: edit.as_ref(), on, now, files };
    let Opened { problem, wanted, is_scoped, dropped, fields } = open(kind, begin);
    let act = if edit.is_some() { "Change edit" } else { "Add edit" };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if let Some(wanted) = wanted.run(()) {
            done.run(wanted);
        }
    };
    // What was typed is not lost without a word.
    let typed = RwSignal::new(false);
    let stake = StoredValue::new_local(None);
    let type_in = move |_| {
        if !typed.get_untracked() {
            typed.set(true);
            stake.set_value(Some(Stake::of_page()));
        }
    };
    let may_close = Callback::new(move |()| {
        let question = "Close this form? What was typed in it is lost.";
        !typed.get_untracked() || window().confirm_with_message(question).unwrap_or(true)
    });
    let has_scope = context.has_platforms() || on.with_untracked(|on| !on.all);
    let platforms = context.platforms.clone();
    let scope = move || {
        let platforms = platforms.clone();
        (has_scope && is_scoped.get()).then(|| view! { <ScopePicker on platforms /> })
    };
    let record = kind.may_record().then(|| {
        view! {
            <Show when=move || is_scoped.get()>
                <CheckLine text="Leave a step in the history" part=slice!(on.record) />
            </Show>
        }
    });
    view! {
        <DropZone hint="Drop files for this edit" dropped>
            <Dialog title=kind.name() class="edit" firm=true may_close close>
                <form class="content" on:submit=submit on:input=type_in autocomplete="off">
                    {fields}
                    {scope}
                    {record}
                    <div class="acts">
                        <p class="why" id="edit-problem" role="status">
                            <bdi>{move || problem.get().map(|why| format::visible(&why))}</bdi>
                        </p>
                        <button
                            type="button"
                            class="button"
                            on:click=move |_| {
                                if may_close.run(()) {
                                    close.run(());
                                }
                            }
                        >
                            "Cancel"
                        </button>
                        <button
                            type="submit"
                            class="button primary"
                            disabled=move || problem.with(Option::is_some)
                            aria-describedby="edit-problem"
                        >
                            {act}
                        </button>
                    </div>
                </form>
            </Dialog>
        </DropZone>
    }
}
