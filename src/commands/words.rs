//! A command line that is being put together: a command, its options, and the names behind `--`.

use super::quote::{quote, quote_bytes};
use super::{Line, Tool};

/// A command with its options. What comes from outside is either the value of an option, written
/// into one word with its name, or stands behind `--`, where no tool looks for options.
#[derive(Clone, Debug)]
pub(super) struct Words(String);

impl Words {
    /// A command, as a text that is ours.
    pub(super) fn of(command: &'static str) -> Self {
        Self(command.to_owned())
    }

    /// A command below this one, for tools that take options before it.
    pub(super) fn sub(self, command: &'static str) -> Self {
        Self(format!("{} {command}", self.0))
    }

    pub(super) fn flag(self, flag: &'static str, is_set: bool) -> Self {
        if is_set { self.sub(flag) } else { self }
    }

    pub(super) fn option(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.written(&format!("{name}={}", value.as_ref())),
            None => self,
        }
    }

    /// An option that is one word already: `--name=value`.
    pub(super) fn written(self, option: &str) -> Self {
        debug_assert!(option.starts_with("--") && option.contains('='), "{option}");
        Self(format!("{} {}", self.0, quote(option)))
    }

    /// Ends the options and names what the command is about.
    pub(super) fn names(self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Command {
        let names = names.into_iter().map(|name| quote(name.as_ref()));
        let text = names.fold(format!("{} --", self.0), |text, name| format!("{text} {name}"));
        Command(text)
    }

    /// As [`Words::names`], with one name whose bytes need not be text.
    pub(super) fn path(self, path: &[u8]) -> Command {
        Command(format!("{} -- {}", self.0, quote_bytes(path)))
    }

    /// Ends it without names.
    pub(super) fn done(self) -> Command {
        Command(self.0)
    }
}

/// A whole command.
#[derive(Clone, Debug)]
pub(super) struct Command(String);

impl Command {
    /// Runs `next` if this went well.
    pub(super) fn and(self, next: &Self) -> Self {
        Self(format!("{} && {}", self.0, next.0))
    }

    /// Gives what this prints to `next`.
    pub(super) fn pipe(self, next: &Self) -> Self {
        Self(format!("{} | {}", self.0, next.0))
    }

    /// `words`, with what this prints as the last name.
    pub(super) fn named_by(self, words: &Words) -> Self {
        Self(format!("{} -- \"$({})\"", words.0, self.0))
    }

    /// Another name, behind those that are there.
    pub(super) fn also(self, name: &str) -> Self {
        Self(format!("{} {}", self.0, quote(name)))
    }

    pub(super) fn line(self, tool: Tool, note: Option<&'static str>) -> Line {
        Line { tool, text: self.0, note }
    }
}

/// A path that is none of the words for standard input, nor an option where a tool reads one in
/// spite of `--`.
pub(super) fn path(path: &str) -> String {
    if path.starts_with('-') { format!("./{path}") } else { path.to_owned() }
}
