//! A form that is opened, and what it begins with.

use std::sync::Arc;

use drydock::edit::Edit;
use drydock::edit::view::FormContext;
use leptos::prelude::*;

use super::Editing;
use crate::chosen::Chosen;
use crate::components::EditKind;

/// A form, open or about to be.
#[derive(Clone)]
pub(super) struct OpenForm {
    pub(super) kind: EditKind,
    /// The edit that is changed, and its place from 0.
    pub(super) change: Option<(usize, Edit)>,
    pub(super) files: Vec<Chosen>,
}

/// What the form that is open begins with: the image as the edits have left it that were there when it
/// was opened. It waits for them.
pub(super) fn begun_with(
    editing: Editing,
    form: RwSignal<Option<OpenForm>>,
) -> Signal<Option<Arc<FormContext>>> {
    let begun = RwSignal::new(None::<Arc<FormContext>>);
    Effect::new(move |_| {
        if form.with(Option::is_none) {
            begun.set(None);
        } else if begun.with_untracked(Option::is_none) && editing.settled.get() {
            begun.set(Some(editing.context.get_untracked().unwrap_or_default()));
        }
    });
    begun.into()
}
