//! How the container's health is asked (Docker's `HEALTHCHECK`).

use drydock::edit::{Action, ConfigEdit, Edit};
use drydock::spec::Healthcheck;
use leptos::prelude::*;

use super::{Form, NOTHING};
use crate::components::edit::fields::{Remark, Segments, TextArea, TextLine, WordsArea};
use crate::components::edit::scope::On;
use crate::components::edit::{FormContext, Wanted, duration, words};

/// What is asked, or that nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// `CMD`: a program.
    Command,
    /// `CMD-SHELL`: a line for the shell of the image.
    Shell,
    /// `NONE`: not even what the base asks.
    Off,
    /// No check of its own.
    Remove,
}

/// A health check.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HealthForm {
    mode: Mode,
    words: String,
    line: String,
    interval: String,
    timeout: String,
    start_period: String,
    start_interval: String,
    retries: String,
    /// What there is, when it is known for all images.
    was: Option<Option<Healthcheck>>,
}

impl HealthForm {
    pub(super) fn new(context: &FormContext, edit: Option<&Edit>) -> Self {
        let value = match edit.map(|edit| &edit.action) {
            Some(Action::Config(ConfigEdit::Healthcheck { value })) => Some(value),
            _ => None,
        };
        let check = value.unwrap_or(&context.healthcheck).clone().unwrap_or_default();
        let mut form = Self {
            mode: if value == Some(&None) { Mode::Remove } else { Mode::Command },
            words: String::new(),
            line: String::new(),
            interval: span(check.interval),
            timeout: span(check.timeout),
            start_period: span(check.start_period),
            start_interval: span(check.start_interval),
            retries: check.retries.map(|retries| retries.to_string()).unwrap_or_default(),
            was: context.known(context.healthcheck.clone()).filter(|_| edit.is_none()),
        };
        match check.test.split_first().map(|(kind, rest)| (kind.as_str(), rest)) {
            Some(("NONE", _)) => form.mode = Mode::Off,
            Some(("CMD-SHELL", rest)) => (form.mode, form.line) = (Mode::Shell, rest.join(" ")),
            Some(("CMD", rest)) => form.words = words::write(rest),
            _ => {}
        }
        form
    }

    fn check(&self) -> Result<Option<Healthcheck>, String> {
        let test = match self.mode {
            Mode::Remove => return Ok(None),
            Mode::Off => {
                return Ok(Some(Healthcheck {
                    test: vec!["NONE".to_owned()],
                    ..Healthcheck::default()
                }));
            }
            Mode::Command => {
                let words = words::read(&self.words)?.words;
                if words.is_empty() {
                    return Err("Type the program that asks.".to_owned());
                }
                [vec!["CMD".to_owned()], words].concat()
            }
            Mode::Shell if self.line.trim().is_empty() => {
                return Err("Type the line that the shell of the image runs.".to_owned());
            }
            Mode::Shell => vec!["CMD-SHELL".to_owned(), self.line.trim().to_owned()],
        };
        let time = |text: &str| match text.trim() {
            "" => Ok(None),
            text => duration::read(text).map(Some),
        };
        let retries = match self.retries.trim() {
            "" => None,
            text => Some(text.parse().ok().filter(|retries| *retries > 0).ok_or_else(|| {
                "The number of failures is a number from 1, or empty.".to_owned()
            })?),
        };
        Ok(Some(Healthcheck {
            test,
            interval: time(&self.interval)?,
            timeout: time(&self.timeout)?,
            start_period: time(&self.start_period)?,
            start_interval: time(&self.start_interval)?,
            retries,
        }))
    }
}

impl Form for HealthForm {
    fn edit(&self, on: &On) -> Result<Vec<Wanted>, String> {
        let value = self.check()?;
        if self.was.as_ref() == Some(&value) {
            return Err(NOTHING.to_owned());
        }
        Ok(vec![on.edit(Action::Config(ConfigEdit::Healthcheck { value }))?])
    }
}

fn span(nanoseconds: Option<i64>) -> String {
    // Docker takes zero for "as the engine does it", as if it were absent.
    nanoseconds.filter(|span| *span != 0).map(duration::write).unwrap_or_default()
}

#[component]
pub(super) fn HealthFields(form: RwSignal<HealthForm>) -> impl IntoView {
    let modes = vec![
        (Mode::Command, "Program"),
        (Mode::Shell, "Line for a shell"),
        (Mode::Off, "Off"),
        (Mode::Remove, "Remove"),
    ];
    let remark = Signal::derive(move || {
        form.with(|form| match form.mode {
            Mode::Command | Mode::Shell => "Only Docker's engine asks; others ignore it. What is empty is as the engine does it.",
            Mode::Off => "Not even the check of a base is done.",
            Mode::Remove => "The image says nothing of its health.",
        })
        .to_owned()
    });
    let mode = Memo::new(move |_| form.with(|form| form.mode));
    let test = move || match mode.get() {
        Mode::Command => view! { <WordsArea name="Program" part=slice!(form.words) /> }.into_any(),
        Mode::Shell => view! {
            <TextArea
                name="Line"
                part=slice!(form.line)
                rows=2
                placeholder="curl -f http://localhost/ || exit 1"
            />
        }
        .into_any(),
        Mode::Off | Mode::Remove => ().into_any(),
    };
    view! {
        <Segments name="What is asked" options=modes part=slice!(form.mode) />
        {test}
        <Show when=move || matches!(mode.get(), Mode::Command | Mode::Shell)>
            <div class="fields">
                <TextLine name="Interval" part=slice!(form.interval) placeholder="30s" />
                <TextLine name="Timeout" part=slice!(form.timeout) placeholder="30s" />
                <TextLine name="Start period" part=slice!(form.start_period) placeholder="0s" />
                <TextLine name="Interval in it" part=slice!(form.start_interval) placeholder="5s" />
                <TextLine name="Failures in a row" part=slice!(form.retries) placeholder="3" />
            </div>
        </Show>
        <Remark text=remark />
    }
}

#[cfg(test)]
mod tests {
    use super::super::{everywhere, only};
    use super::*;

    fn check() -> Healthcheck {
        Healthcheck {
            test: vec!["CMD-SHELL".into(), "curl -f localhost".into()],
            interval: Some(30_000_000_000),
            start_interval: Some(5_000_000_000),
            retries: Some(3),
            ..Healthcheck::default()
        }
    }

    fn edit(value: Option<Healthcheck>) -> Edit {
        Edit::all(Action::Config(ConfigEdit::Healthcheck { value }))
    }

    #[test]
    fn what_there_is_is_the_start() {
        let context = FormContext { healthcheck: Some(check()), ..FormContext::default() };
        let mut form = HealthForm::new(&context, None);
        assert_eq!((form.mode, &*form.line), (Mode::Shell, "curl -f localhost"));
        assert_eq!(form.edit(&everywhere()).unwrap_err(), NOTHING);
        form.interval = "1m30s".to_owned();
        let value = Healthcheck { interval: Some(90_000_000_000), ..check() };
        assert_eq!(only(form.edit(&everywhere())), edit(Some(value)));
    }

    #[test]
    fn all_modes() {
        let mut form = HealthForm::new(&FormContext::default(), None);
        form.words = "/bin/check 'a b'".to_owned();
        let test = ["CMD", "/bin/check", "a b"].map(str::to_owned).to_vec();
        let value = Healthcheck { test, ..Healthcheck::default() };
        assert_eq!(only(form.edit(&everywhere())), edit(Some(value)));
        form.mode = Mode::Off;
        let value = Healthcheck { test: vec!["NONE".to_owned()], ..Healthcheck::default() };
        assert_eq!(only(form.edit(&everywhere())), edit(Some(value)));
        form.mode = Mode::Remove;
        assert_eq!(form.edit(&everywhere()).unwrap_err(), NOTHING);
    }

    #[test]
    fn edits_that_are_changed_are_shown_as_they_are() {
        for value in [None, Some(check())] {
            let form = HealthForm::new(&FormContext::default(), Some(&edit(value.clone())));
            assert_eq!(only(form.edit(&everywhere())), edit(value));
        }
    }

    #[test]
    fn wrong_fields() {
        let good = HealthForm::new(&FormContext::default(), Some(&edit(Some(check()))));
        for wrong in [
            HealthForm { line: " ".into(), ..good.clone() },
            HealthForm { mode: Mode::Command, words: "[]".into(), ..good.clone() },
            HealthForm { timeout: "30".into(), ..good.clone() },
            HealthForm { retries: "0".into(), ..good.clone() },
            HealthForm { retries: "many".into(), ..good },
        ] {
            assert!(wrong.edit(&everywhere()).is_err(), "{wrong:?}");
        }
    }
}
