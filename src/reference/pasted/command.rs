//! The image in a command line.

use super::tools::{self, Place, Tool, has};
use super::{Pasted, variables, word};
use crate::reference::{Reference, ReferenceError, Registry, Tag};

/// What a command line is about; `None` when it is no command of a tool that is known.
pub(super) fn read(text: &str) -> Option<Result<Pasted, ReferenceError>> {
    let words = split(text);
    let parts = words.split(|word| matches!(&**word, "&&" | "||" | ";" | "|" | "&"));
    let mut failed = None;
    for found in parts.filter_map(read_one) {
        match (found, &failed) {
            (Ok(found), _) => return Some(Ok(found)),
            // What says nothing of an image must not hide what is wrong with one.
            (Err(error), None | Some(ReferenceError::Empty)) => failed = Some(error),
            (Err(_), Some(_)) => {}
        }
    }
    failed.map(Err)
}

fn split(text: &str) -> Vec<String> {
    let mut words = shlex::Shlex::new(text);
    let found: Vec<String> = words.by_ref().collect();
    // A quote that is not closed, as in text that was cut off.
    match words.had_error {
        true => text.split_whitespace().map(str::to_owned).collect(),
        false => found,
    }
}

fn read_one(words: &[String]) -> Option<Result<Pasted, ReferenceError>> {
    let at = words.iter().position(|word| tools::tool(word).is_some());
    let (tool, rest) = match at {
        // A prompt or a sentence may stand before the tool; other commands have it as an argument.
        Some(at) => (tools::tool(words.get(at)?)?, words.get(at + 1..)?),
        None => (tools::tool_of_command(words.first()?)?, words),
    };
    if rest.is_empty() && at == Some(0) {
        return None;
    }
    Some(Line::of(tool, rest).image())
}

/// A command line, taken apart.
struct Line<'a> {
    tool: &'static Tool,
    place: Place,
    arguments: Vec<&'a str>,
    options: Vec<(&'a str, &'a str)>,
}

impl<'a> Line<'a> {
    fn of(tool: &'static Tool, words: &'a [String]) -> Self {
        let mut group = "";
        let mut command = None;
        let mut line =
            Self { tool, place: Place::Nowhere, arguments: Vec::new(), options: Vec::new() };
        let mut words = words.iter().map(String::as_str).peekable();
        let mut only_arguments = false;
        while let Some(word) = words.next() {
            if word == "\\" || word.is_empty() {
                continue;
            }
            if word.starts_with('#') {
                break;
            }
            if word == "--" {
                only_arguments = true;
                continue;
            }
            if word.starts_with('-') && word.len() > 1 && !only_arguments {
                let globals = if command.is_none() { tool.globals } else { "" };
                let values = command.map_or("", |command: &tools::Command| command.values);
                let takes =
                    |name: &str| has(globals, name) || has(tool.values, name) || has(values, name);
                line.options.extend(option(word, takes, || words.next()));
                continue;
            }
            if command.is_none() && line.arguments.is_empty() {
                command = tool.command(group, word);
                if command.is_some() {
                    continue;
                }
                if has(tool.groups, word) {
                    group = word;
                    continue;
                }
                // The image itself, behind a tool that needs no command; its options go on.
                command = tool.default_command();
            }
            line.arguments.push(word);
        }
        let command = command.or_else(|| tool.default_command());
        line.place = command.map_or(Place::Nowhere, |command| command.image);
        line
    }

    fn option(&self, names: &str) -> Option<&'a str> {
        self.options.iter().find(|(name, _)| has(names, name)).map(|(_, value)| *value)
    }

    fn argument(&self, at: usize) -> Option<&'a str> {
        let far = |word: &&&str| word.starts_with("docker://") || word.starts_with("oci://");
        self.arguments.iter().find(far).or_else(|| self.arguments.get(at)).copied()
    }

    fn image(&self) -> Result<Pasted, ReferenceError> {
        match self.place {
            Place::Nowhere => Err(ReferenceError::Empty),
            Place::Argument(at) => self.read(self.argument(at)),
            Place::ArgumentOr(at, names) => {
                self.read(self.option(names).or_else(|| self.argument(at)))
            }
            Place::Option(names) => {
                let named = |word: &&&str| word.contains('=');
                let assigned = || self.arguments.iter().find(named)?.split_once('=');
                self.read(self.option(names).or_else(|| assigned().map(|(_, value)| value)))
            }
            Place::Registry => {
                let name = self.argument(0).ok_or(ReferenceError::Empty)?;
                match name.trim_end_matches('/').split_once('/') {
                    Some(_) => word::read(name),
                    None => Registry::parse(name.trim_end_matches('/')).map(Pasted::Registry),
                }
            }
            Place::RepositoryAndDigest => match self.arguments.as_slice() {
                [repository, digest, ..] if !repository.contains('@') => {
                    Reference::parse(&format!("{repository}@{digest}")).map(Pasted::Image)
                }
                _ => self.read(self.argument(0)),
            },
            Place::Chart => self.chart(),
        }
    }

    fn read(&self, word: Option<&str>) -> Result<Pasted, ReferenceError> {
        let text = word.ok_or(ReferenceError::Empty)?;
        let text = variables::filled(text)?;
        let bare = ["registry:", "docker:", "podman:"].iter().find_map(|prefix| {
            text.strip_prefix(prefix).filter(|rest| self.is_scanner() && !rest.starts_with("//"))
        });
        word::read(bare.unwrap_or(&text))
    }

    /// Whether the tool writes where an image is before its name: `registry:alpine`.
    fn is_scanner(&self) -> bool {
        ["grype", "syft", "dive"].iter().any(|name| has(self.tool.names, name))
    }

    /// Helm's charts: the tag is in `--version`, where `+` can stand, which no tag can have.
    fn chart(&self) -> Result<Pasted, ReferenceError> {
        let is_chart = |word: &&&str| word.starts_with("oci://");
        let chart = self.arguments.iter().find(is_chart).ok_or(ReferenceError::Empty)?;
        let found = word::read(&variables::filled(chart)?)?;
        let version = self.option("--version").map(|version| version.replace('+', "_"));
        let tag = version.and_then(|version| Tag::parse(&version).ok());
        Ok(match (found, tag) {
            (Pasted::Image(Reference { tag: None, digest: None, registry, repository }), tag) => {
                Pasted::Image(Reference { registry, repository, tag, digest: None })
            }
            (found, _) => found,
        })
    }
}

/// The name and value of one option as it is typed: `--name value`, `--name=value`, `-n value`,
/// `-nvalue`, `-itn value`. Without a value there is nothing to keep.
fn option<'a>(
    typed: &'a str,
    takes_value: impl Fn(&str) -> bool,
    mut next: impl FnMut() -> Option<&'a str>,
) -> Option<(&'a str, &'a str)> {
    if let Some((name, value)) = typed.split_once('=') {
        return Some((name, value));
    }
    if takes_value(typed) {
        return Some((typed, next()?));
    }
    if typed.starts_with("--") {
        return None;
    }
    for (at, letter) in typed.char_indices().skip(1) {
        if !takes_value(&format!("-{letter}")) {
            continue;
        }
        let value = typed.get(at + letter.len_utf8()..).unwrap_or_default();
        // Of letters in a row only the last one can have a value.
        let name = typed.get(at..).unwrap_or_default();
        return match value.is_empty() {
            true => Some((name, next()?)),
            false => Some((name, value)),
        };
    }
    None
}
