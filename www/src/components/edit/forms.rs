//! The forms, each a model and its view.

mod attach;
mod content;
mod health;
mod index;
mod platform;
mod raw;
mod rebase;
mod remove;
mod rework;
mod root;
mod strip;
mod table;
mod tar;
mod text;
mod words;

use std::sync::Arc;

use drydock::edit::view::FormContext;
use drydock::edit::{Edit, Time};
use leptos::prelude::*;

use super::files::{Picked, size};
use super::kind::EditKind;
use super::scope::On;
use super::wanted::Wanted;
use crate::chosen::Chosen;

/// Said while a form holds what there is already.
const NOTHING: &str = "Nothing is changed yet.";

/// What was typed and chosen so far.
pub(super) trait Form: Clone + Send + Sync + 'static {
    /// What it comes to.
    ///
    /// # Errors
    /// What is wrong or still missing, as a sentence.
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String>;

    /// Whether it can be for some images and not for others.
    fn is_scoped(&self) -> bool {
        true
    }
}

/// A form that is shown.
pub(super) struct Opened {
    /// What is wrong or still missing.
    pub(super) problem: Signal<Option<String>>,
    /// What it comes to, once nothing is wrong.
    pub(super) wanted: Callback<(), Option<Vec<Wanted>>>,
    /// Whether it can be for some images and not for others.
    pub(super) is_scoped: Signal<bool>,
    /// Takes files that were dropped on it.
    pub(super) dropped: Callback<Vec<Chosen>>,
    /// Its fields.
    pub(super) fields: AnyView,
}

/// What a form begins with.
pub(super) struct Begin<'a> {
    pub(super) context: &'a Arc<FormContext>,
    /// The edit that is changed, if any.
    pub(super) edit: Option<&'a Edit>,
    pub(super) on: RwSignal<On>,
    pub(super) now: Callback<(), Time>,
    /// Files that were dropped on the page.
    pub(super) files: Vec<Chosen>,
}

/// Opens the form of a kind.
pub(super) fn open(kind: EditKind, begin: Begin<'_>) -> Opened {
    let Begin { context, edit, on, now, files } = begin;
    let layers = context.layers.clone();
    match kind {
        EditKind::Entrypoint | EditKind::Command => {
            let form = words::WordsForm::new(kind, context, edit);
            opened(on, form, |form| view! { <words::WordsFields form /> }.into_any())
        }
        EditKind::Environment | EditKind::Ports | EditKind::Volumes | EditKind::Label => {
            let form = table::TableForm::new(kind, context, edit);
            opened(on, form, |form| view! { <table::TableFields form /> }.into_any())
        }
        EditKind::Annotation => {
            let form = table::AnnotationForm::new(context, edit);
            opened(on, form, |form| view! { <table::AnnotationFields form /> }.into_any())
        }
        EditKind::User
        | EditKind::WorkingDirectory
        | EditKind::StopSignal
        | EditKind::Author
        | EditKind::Created => {
            let form = text::TextForm::new(kind, context, edit);
            opened(on, form, |form| view! { <text::TextFields form now /> }.into_any())
        }
        EditKind::Healthcheck => {
            let form = health::HealthForm::new(context, edit);
            opened(on, form, |form| view! { <health::HealthFields form /> }.into_any())
        }
        EditKind::Platform => {
            let form = platform::PlatformForm::new(context, edit);
            opened(on, form, |form| view! { <platform::PlatformFields form /> }.into_any())
        }
        EditKind::AddFiles => {
            let form = content::FilesForm::new(context, edit, picked(files));
            with_files(on, form, |form| view! { <content::FilesFields form now /> }.into_any())
        }
        EditKind::AddTar => {
            let form = tar::TarForm::new(edit, picked(files));
            with_files(on, form, |form| view! { <tar::TarFields form /> }.into_any())
        }
        EditKind::RemoveLayer => {
            let form = remove::RemoveForm::new(context, edit);
            opened(on, form, |form| view! { <remove::RemoveFields form layers /> }.into_any())
        }
        EditKind::Flatten => {
            let form = rework::FlattenForm::new(context, edit);
            opened(on, form, |form| view! { <rework::FlattenFields form layers /> }.into_any())
        }
        EditKind::Strip => {
            let form = strip::StripForm::new(context, edit);
            opened(on, form, |form| view! { <strip::StripFields form layers /> }.into_any())
        }
        EditKind::Times => {
            let form = rework::TimesForm::new(context, edit);
            opened(on, form, |form| view! { <rework::TimesFields form layers now /> }.into_any())
        }
        EditKind::Recompress => {
            let form = rework::RecompressForm::new(context, edit);
            opened(on, form, |form| view! { <rework::RecompressFields form layers /> }.into_any())
        }
        EditKind::Rebase => {
            let form = rebase::RebaseForm::new(context, edit);
            opened(on, form, |form| view! { <rebase::RebaseFields form /> }.into_any())
        }
        EditKind::AddImage => {
            let form = index::AddForm::new(edit);
            opened(on, form, |form| view! { <index::AddFields form /> }.into_any())
        }
        EditKind::RemoveImage => {
            let form = index::RemoveForm::new(context, edit);
            opened(on, form, |form| view! { <index::RemoveFields form /> }.into_any())
        }
        EditKind::FilterPlatforms => {
            let form = index::FilterForm::new(context, edit);
            opened(on, form, |form| view! { <index::FilterFields form /> }.into_any())
        }
        EditKind::MakeIndex | EditKind::Promote => {
            let form = root::BareForm::new(kind);
            opened(on, form, |form| view! { <root::BareFields form /> }.into_any())
        }
        EditKind::Convert => {
            let form = root::ConvertForm::new(context, edit);
            opened(on, form, |form| view! { <root::ConvertFields form /> }.into_any())
        }
        EditKind::Subject => {
            let form = root::SubjectForm::new(context, edit);
            opened(on, form, |form| view! { <root::SubjectFields form /> }.into_any())
        }
        EditKind::Attach => {
            let form = attach::AttachForm::new(context, edit, picked(files));
            with_files(on, form, |form| view! { <attach::AttachFields form /> }.into_any())
        }
        EditKind::Raw => {
            let form = raw::RawForm::new(context, edit);
            opened(on, form, |form| view! { <raw::RawFields form /> }.into_any())
        }
    }
}

/// A form that takes files.
trait TakesFiles: Form {
    fn picked(&mut self) -> &mut Picked;
}

fn opened<F: Form>(
    on: RwSignal<On>,
    form: F,
    fields: impl FnOnce(RwSignal<F>) -> AnyView,
) -> Opened {
    opened_with(on, RwSignal::new(form), fields, Callback::new(|_| ()))
}

fn with_files<F: TakesFiles>(
    on: RwSignal<On>,
    form: F,
    fields: impl FnOnce(RwSignal<F>) -> AnyView,
) -> Opened {
    let form = RwSignal::new(form);
    let take = move |files| form.update(|form| form.picked().add(files, size));
    opened_with(on, form, fields, Callback::new(take))
}

fn opened_with<F: Form>(
    on: RwSignal<On>,
    form: RwSignal<F>,
    fields: impl FnOnce(RwSignal<F>) -> AnyView,
    dropped: Callback<Vec<Chosen>>,
) -> Opened {
    let problem = Memo::new(move |_| on.with(|on| form.with(|form| form.edit(on).err())));
    let wanted = move |()| on.with_untracked(|on| form.with_untracked(|form| form.edit(on).ok()));
    Opened {
        problem: problem.into(),
        wanted: Callback::new(wanted),
        is_scoped: Memo::new(move |_| form.with(Form::is_scoped)).into(),
        dropped,
        fields: fields(form),
    }
}

fn picked(files: Vec<Chosen>) -> Picked {
    let mut picked = Picked::default();
    if !files.is_empty() {
        picked.add(files, size);
    }
    picked
}

/// The one edit that a form comes to, for tests.
#[cfg(test)]
#[track_caller]
fn only(wanted: Result<Vec<Wanted>, String>) -> Edit {
    match wanted.unwrap().as_slice() {
        [Wanted::Edit(edit)] => Edit::clone(edit),
        other => panic!("{} results, or no edit", other.len()),
    }
}

/// All edits that a form comes to, for tests.
#[cfg(test)]
#[track_caller]
fn actions(wanted: Result<Vec<Wanted>, String>) -> Vec<drydock::edit::Action> {
    let action = |wanted| match wanted {
        Wanted::Edit(edit) => edit.action,
        _ => panic!("no edit"),
    };
    wanted.unwrap().into_iter().map(action).collect()
}

/// A part for all images, for tests.
#[cfg(test)]
fn everywhere() -> On {
    On { all: true, chosen: Vec::new(), record: false }
}
