//! One text of the config: user, working directory, stop signal, author, time of making.

use drydock::edit::{Action, ConfigEdit, Edit, Time};
use leptos::prelude::*;

use super::{Form, NOTHING};
use crate::components::edit::check;
use crate::components::edit::fields::{SetOrRemove, TextLine};
use crate::components::edit::pickers::TimeLine;
use crate::components::edit::scope::On;
use crate::components::edit::{EditKind, FormContext, Wanted};

/// One text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TextForm {
    kind: EditKind,
    windows: bool,
    remove: bool,
    text: String,
    /// What there is, when it is known for all images.
    was: Option<Option<String>>,
}

impl TextForm {
    pub(super) fn new(kind: EditKind, context: &FormContext, edit: Option<&Edit>) -> Self {
        let now = match kind {
            EditKind::User => &context.run.user,
            EditKind::WorkingDirectory => &context.run.working_dir,
            EditKind::StopSignal => &context.run.stop_signal,
            EditKind::Author => &context.author,
            _ => &context.created,
        };
        let value = edit.and_then(|edit| value(&edit.action));
        Self {
            kind,
            windows: context.is_windows(),
            remove: matches!(value, Some(None)),
            text: value.unwrap_or_else(|| now.clone()).unwrap_or_default(),
            was: context.known(now.clone()).filter(|_| edit.is_none()),
        }
    }

    fn value(&self) -> Result<Option<String>, String> {
        let text = self.text.trim();
        if self.remove {
            return Ok(None);
        }
        match self.kind {
            EditKind::User => check::user(text)?,
            EditKind::WorkingDirectory => check::absolute(text, self.windows)?,
            EditKind::StopSignal => check::signal(text)?,
            EditKind::Author if text.is_empty() => {
                return Err("Type a name, if need be with an address.".to_owned());
            }
            _ => {}
        }
        Ok(Some(text.to_owned()))
    }
}

impl Form for TextForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let value = self.value()?;
        let edit = match self.kind {
            EditKind::User => ConfigEdit::User { value: value.clone() },
            EditKind::WorkingDirectory => ConfigEdit::WorkingDir { value: value.clone() },
            EditKind::StopSignal => ConfigEdit::StopSignal { value: value.clone() },
            EditKind::Author => ConfigEdit::Author { value: value.clone() },
            _ => ConfigEdit::Created { value: value.as_deref().map(check::time).transpose()? },
        };
        if self.was.as_ref() == Some(&value) {
            return Err(NOTHING.to_owned());
        }
        Ok(vec![on.edit(Action::Config(edit))?])
    }
}

fn value(action: &Action) -> Option<Option<String>> {
    let Action::Config(edit) = action else { return None };
    match edit {
        ConfigEdit::User { value }
        | ConfigEdit::WorkingDir { value }
        | ConfigEdit::StopSignal { value }
        | ConfigEdit::Author { value } => Some(value.clone()),
        ConfigEdit::Created { value } => Some(value.map(|time| time.to_string())),
        _ => None,
    }
}

#[component]
pub(super) fn TextFields(form: RwSignal<TextForm>, now: Callback<(), Time>) -> impl IntoView {
    let kind = form.with_untracked(|form| form.kind);
    let placeholder = match kind {
        EditKind::User => "app, 1000, 1000:1000",
        EditKind::WorkingDirectory => "/app",
        EditKind::StopSignal => "SIGTERM",
        _ => "Jane Doe <jane@example.com>",
    };
    let field = move || match kind {
        EditKind::Created => {
            view! { <TimeLine name="Time" part=slice!(form.text) now /> }.into_any()
        }
        kind => {
            view! { <TextLine name=kind.name() part=slice!(form.text) placeholder first=true /> }
                .into_any()
        }
    };
    view! {
        <SetOrRemove part=slice!(form.remove) />
        <Show when=move || form.with(|form| !form.remove)>{field}</Show>
    }
}

#[cfg(test)]
mod tests {
    use super::super::{everywhere, only};
    use super::*;

    fn context() -> FormContext {
        let mut context = FormContext {
            author: Some("a".to_owned()),
            created: Some("2024-05-01T12:00:00Z".to_owned()),
            ..FormContext::default()
        };
        context.run.user = Some("root".to_owned());
        context
    }

    #[track_caller]
    fn sets(kind: EditKind, text: &str, edit: ConfigEdit) {
        let mut form = TextForm::new(kind, &context(), None);
        form.text = text.to_owned();
        let edit = Edit::all(Action::Config(edit));
        assert_eq!(only(form.edit(&everywhere())), edit);
        let again = TextForm::new(kind, &context(), Some(&edit));
        assert_eq!(only(again.edit(&everywhere())), edit);
    }

    #[test]
    fn texts_are_set() {
        let some = |text: &str| Some(text.to_owned());
        sets(EditKind::User, " app:app ", ConfigEdit::User { value: some("app:app") });
        sets(EditKind::WorkingDirectory, "/app", ConfigEdit::WorkingDir { value: some("/app") });
        sets(EditKind::StopSignal, "SIGINT", ConfigEdit::StopSignal { value: some("SIGINT") });
        sets(EditKind::Author, "b", ConfigEdit::Author { value: some("b") });
        let value = Some("2024-05-01T10:00:00Z".parse().unwrap());
        sets(EditKind::Created, "2024-05-01T12:00:00+02:00", ConfigEdit::Created { value });
    }

    #[test]
    fn texts_are_removed() {
        let mut form = TextForm::new(EditKind::User, &context(), None);
        form.remove = true;
        let edit = Edit::all(Action::Config(ConfigEdit::User { value: None }));
        assert_eq!(only(form.edit(&everywhere())), edit);
        assert!(TextForm::new(EditKind::User, &context(), Some(&edit)).remove);
    }

    #[test]
    fn what_is_there_or_wrong_is_no_edit() {
        for kind in [EditKind::User, EditKind::Author, EditKind::Created] {
            let form = TextForm::new(kind, &context(), None);
            assert_eq!(form.edit(&everywhere()).unwrap_err(), NOTHING);
        }
        for (kind, text) in [
            (EditKind::User, "a:b:c"),
            (EditKind::WorkingDirectory, "app"),
            (EditKind::StopSignal, "TERM"),
            (EditKind::Author, " "),
            (EditKind::Created, "yesterday"),
        ] {
            let form = TextForm { text: text.to_owned(), ..TextForm::new(kind, &context(), None) };
            let why = form.edit(&everywhere()).unwrap_err();
            assert!(why != NOTHING && why.ends_with('.'), "{why}");
        }
    }

    #[test]
    fn other_platforms_may_lack_what_this_one_has() {
        let platforms = ["linux/amd64", "linux/arm64"].map(|text| {
            let platform = text.parse().unwrap();
            crate::components::edit::PlatformFacts { platform, label: text.to_owned() }
        });
        let context = FormContext { platforms: platforms.to_vec(), ..context() };
        let form = TextForm::new(EditKind::User, &context, None);
        assert!(form.edit(&everywhere()).is_ok());
    }
}
