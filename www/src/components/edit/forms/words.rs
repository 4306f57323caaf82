//! What is started: entrypoint and command.

use drydock::edit::{Action, ConfigEdit, Edit};
use leptos::prelude::*;

use super::{Form, NOTHING};
use crate::components::edit::fields::{CheckLine, Remark, SetOrRemove, WordsArea};
use crate::components::edit::scope::On;
use crate::components::edit::words::{read, write};
use crate::components::edit::{EditKind, FormContext, Wanted};

/// Words of the entrypoint or the command.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WordsForm {
    entrypoint: bool,
    remove: bool,
    text: String,
    /// Whether the command goes with the old entrypoint.
    clear_cmd: bool,
    /// What there is, when it is known for all images.
    was: Option<Option<Vec<String>>>,
    /// The command beside an entrypoint, the entrypoint beside a command.
    other: Option<Vec<String>>,
}

impl WordsForm {
    pub(super) fn new(kind: EditKind, context: &FormContext, edit: Option<&Edit>) -> Self {
        let entrypoint = kind == EditKind::Entrypoint;
        let run = &context.run;
        let (now, other) =
            if entrypoint { (&run.entrypoint, &run.cmd) } else { (&run.cmd, &run.entrypoint) };
        let (value, clear_cmd) = match edit.map(|edit| &edit.action) {
            Some(Action::Config(ConfigEdit::Entrypoint { value, clear_cmd })) => {
                (Some(value), *clear_cmd)
            }
            Some(Action::Config(ConfigEdit::Cmd { value })) => (Some(value), false),
            _ => (None, false),
        };
        Self {
            entrypoint,
            remove: value.is_some_and(Option::is_none),
            text: value.unwrap_or(now).as_deref().map(write).unwrap_or_default(),
            clear_cmd,
            was: context.known(now.clone()).filter(|_| edit.is_none()),
            other: other.clone(),
        }
    }

    /// What becomes of the other half of what is started.
    fn consequence(&self) -> String {
        let other = self.other.as_deref().filter(|words| !words.is_empty()).map(write);
        match (self.entrypoint, other) {
            (true, None) => {
                "There is no command, so that nothing follows the entrypoint.".to_owned()
            }
            (true, Some(other)) if self.clear_cmd => format!("The command {other} is removed."),
            (true, Some(other)) if self.remove => {
                format!("The command {other} stays, and is what is started.")
            }
            (true, Some(other)) => {
                format!("The command {other} stays, and follows the entrypoint as its arguments.")
            }
            (false, None) => "There is no entrypoint: the command is what is started.".to_owned(),
            (false, Some(other)) => {
                format!("The entrypoint {other} stays; the command follows it as its arguments.")
            }
        }
    }
}

impl Form for WordsForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let value = if self.remove { None } else { Some(read(&self.text)?.words) };
        if self.was.as_ref() == Some(&value) && !self.clear_cmd {
            return Err(NOTHING.to_owned());
        }
        let edit = match self.entrypoint {
            true => ConfigEdit::Entrypoint { value, clear_cmd: self.clear_cmd },
            false => ConfigEdit::Cmd { value },
        };
        Ok(vec![on.edit(Action::Config(edit))?])
    }
}

#[component]
pub(super) fn WordsFields(form: RwSignal<WordsForm>) -> impl IntoView {
    let entrypoint = form.with_untracked(|form| form.entrypoint);
    let name = if entrypoint { "Entrypoint" } else { "Command" };
    let clear = entrypoint.then(|| {
        view! { <CheckLine text="Also remove the command" part=slice!(form.clear_cmd) /> }
    });
    view! {
        <SetOrRemove part=slice!(form.remove) />
        <Show when=move || form.with(|form| !form.remove)>
            <WordsArea name part=slice!(form.text) />
        </Show>
        {clear}
        <Remark text=Signal::derive(move || form.with(WordsForm::consequence)) />
    }
}

#[cfg(test)]
mod tests {
    use super::super::{everywhere, only};
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn context() -> FormContext {
        let mut context = FormContext::default();
        context.run.entrypoint = Some(words(&["/bin/app"]));
        context.run.cmd = Some(words(&["--help"]));
        context
    }

    #[test]
    fn an_entrypoint_leaves_the_command_unless_asked() {
        let mut form = WordsForm::new(EditKind::Entrypoint, &context(), None);
        assert_eq!(form.text, r#"["/bin/app"]"#);
        assert_eq!(form.edit(&everywhere()).unwrap_err(), NOTHING);
        form.text = "/bin/app --fips".to_owned();
        let value = Some(words(&["/bin/app", "--fips"]));
        let edit = ConfigEdit::Entrypoint { value: value.clone(), clear_cmd: false };
        assert_eq!(only(form.edit(&everywhere())), Edit::all(Action::Config(edit)));
        assert!(form.consequence().starts_with("The command [\"--help\"] stays"));
        form.clear_cmd = true;
        let edit = ConfigEdit::Entrypoint { value, clear_cmd: true };
        assert_eq!(only(form.edit(&everywhere())), Edit::all(Action::Config(edit)));
        assert_eq!(form.consequence(), "The command [\"--help\"] is removed.");
    }

    #[test]
    fn either_can_be_removed() {
        let mut form = WordsForm::new(EditKind::Command, &context(), None);
        form.remove = true;
        let edit = Edit::all(Action::Config(ConfigEdit::Cmd { value: None }));
        assert_eq!(only(form.edit(&everywhere())), edit);
        let again = WordsForm::new(EditKind::Command, &context(), Some(&edit));
        assert!(again.remove);
        assert_eq!(only(again.edit(&everywhere())), edit);
        let nothing = WordsForm {
            remove: true,
            ..WordsForm::new(EditKind::Command, &FormContext::default(), None)
        };
        assert_eq!(nothing.edit(&everywhere()).unwrap_err(), NOTHING);
    }

    #[test]
    fn an_edit_that_is_changed_is_shown_as_it_is() {
        let edit = ConfigEdit::Entrypoint { value: Some(words(&["a b"])), clear_cmd: true };
        let edit = Edit::all(Action::Config(edit));
        let form = WordsForm::new(EditKind::Entrypoint, &context(), Some(&edit));
        assert_eq!((&*form.text, form.clear_cmd), (r#"["a b"]"#, true));
        assert_eq!(only(form.edit(&everywhere())), edit);
    }
}
