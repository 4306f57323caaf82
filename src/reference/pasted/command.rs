//! The image in a command line.

use super::tools::{self, Place, Tool, has};
use super::variables::{Variables, assignment};
use super::{Pasted, is_clear, word};
use crate::platform::Platform;
use crate::reference::{Reference, ReferenceError, Registry, Tag, shown};

/// What a command line is about; `None` when it is no command of a tool that is known.
pub(super) fn read(text: &str, known: &Variables<'_>) -> Option<Result<Pasted, ReferenceError>> {
    let words = split(text);
    let parts = words.split(|word| matches!(&**word, "&&" | "||" | ";" | "|" | "&"));
    let found: Vec<_> = parts.filter_map(|part| read_one(part, known)).collect();
    // What says more of an image counts more: `docker login ghcr.io && docker pull …`.
    let weight = |found: &&Result<Pasted, ReferenceError>| match found {
        Ok(Pasted::Registry(_)) => 1,
        Ok(_) => 0,
        Err(ReferenceError::Empty | ReferenceError::Command(_)) => 3,
        Err(_) => 2,
    };
    found.iter().min_by_key(weight).cloned()
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

fn read_one(words: &[String], known: &Variables<'_>) -> Option<Result<Pasted, ReferenceError>> {
    let at = words.iter().position(|word| tools::tool(word).is_some());
    let (tool, rest) = match at {
        // A prompt or a sentence may stand before the tool; other commands have it as an argument.
        Some(at) => (tools::tool(words.get(at)?)?, words.get(at + 1..)?),
        None => (tools::tool_of_command(words.first()?)?, words),
    };
    if rest.is_empty() && at == Some(0) {
        return None;
    }
    let before = at.and_then(|at| words.get(..at)).unwrap_or_default();
    let name = at.and_then(|at| words.get(at)).map_or("docker", String::as_str);
    let line = Line::of(tool, name, rest, known);
    let platform = line.platform().or_else(|| default_platform(before));
    Some(line.read().map(|found| found.on(platform)))
}

/// `DOCKER_DEFAULT_PLATFORM=linux/arm64 docker …`
fn default_platform(before: &[String]) -> Option<Platform> {
    let mut set = before.iter().filter_map(|word| assignment(word));
    let (_, value) = set.find(|(name, _)| *name == "DOCKER_DEFAULT_PLATFORM")?;
    platform(value)
}

/// `linux/arm64/v8`, or an architecture of Linux; several at once and words like `all` say nothing.
pub(super) fn platform(text: &str) -> Option<Platform> {
    let known =
        ["amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "x86_64", "aarch64"];
    let text = match known.contains(&text) {
        true => format!("linux/{text}"),
        false => text.to_owned(),
    };
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_.:-".contains(&b));
    text.parse().ok().filter(|_| plain)
}

/// A command line, taken apart.
struct Line<'a> {
    tool: &'static Tool,
    known: &'a Variables<'a>,
    /// The tool and the words that say what it does.
    named: Vec<&'a str>,
    place: Place,
    arguments: Vec<&'a str>,
    options: Vec<(&'a str, &'a str)>,
}

impl<'a> Line<'a> {
    fn of(
        tool: &'static Tool,
        name: &'a str,
        words: &'a [String],
        known: &'a Variables<'a>,
    ) -> Self {
        let mut group = "";
        let mut command = None;
        let mut line = Self {
            tool,
            known,
            named: vec![name],
            place: Place::Nowhere,
            arguments: Vec::new(),
            options: Vec::new(),
        };
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
                let takes = |name: &str| {
                    has(globals, name)
                        || has(tool.values, name)
                        || has(values, name)
                        || name.starts_with("--") && tool.platform.has(name)
                };
                line.options.extend(option(word, takes, || words.next()));
                continue;
            }
            if command.is_none() && line.arguments.is_empty() {
                command = tool.command(group, word);
                if command.is_some() {
                    line.named.push(word);
                    continue;
                }
                if has(tool.groups, word) {
                    line.named.push(word);
                    group = word;
                    continue;
                }
                command = Some(tool.by_unknown());
                // The image itself, behind a tool that needs no command; its options go on.
                if tool.without_command().is_none() && !is_clear(word) {
                    line.named.push(word);
                    continue;
                }
            }
            line.arguments.push(word);
        }
        let command = command.or_else(|| tool.without_command());
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

    fn read(&self) -> Result<Pasted, ReferenceError> {
        match self.place {
            Place::Nowhere => Err(ReferenceError::Command(shown(&self.named.join(" ")))),
            Place::Argument(at) => self.image(self.argument(at)),
            Place::ArgumentOr(at, names) => {
                self.image(self.option(names).or_else(|| self.argument(at)))
            }
            Place::Option(names) => {
                let named = |word: &&&str| word.contains('=');
                let assigned = || self.arguments.iter().find(named)?.split_once('=');
                self.image(self.option(names).or_else(|| assigned().map(|(_, value)| value)))
            }
            Place::Registry => match self.argument(0) {
                Some(name) => registry(name),
                None => Err(ReferenceError::Command(shown(&self.named.join(" ")))),
            },
            Place::Tags => self.image(self.argument(0)).map(|found| match found {
                Pasted::Image { reference, .. } => Pasted::Tags(reference),
                other => other,
            }),
            Place::RepositoryAndDigest => match self.arguments.as_slice() {
                [repository, digest, ..] if !repository.contains('@') => {
                    Reference::parse(&format!("{repository}@{digest}")).map(Pasted::image)
                }
                _ => self.image(self.argument(0)),
            },
            Place::Somewhere => {
                let mut found =
                    self.arguments.iter().filter_map(|word| self.image(Some(word)).ok());
                found.next().ok_or_else(|| ReferenceError::Command(shown(&self.named.join(" "))))
            }
            Place::Files(names) => {
                let files = self.option(names).or_else(|| self.argument(0));
                Err(files
                    .map_or(ReferenceError::Empty, |files| ReferenceError::Files(shown(files))))
            }
            Place::Chart(version) => self.chart(version),
        }
    }

    fn image(&self, word: Option<&str>) -> Result<Pasted, ReferenceError> {
        let text = self.known.filled(word.ok_or(ReferenceError::Empty)?)?;
        let mut prefixes = self.tool.prefixes.split_ascii_whitespace();
        let bare = prefixes.find_map(|prefix| text.strip_prefix(prefix));
        word::read(bare.filter(|rest| !rest.starts_with("//")).unwrap_or(&text))
    }

    fn platform(&self) -> Option<Platform> {
        let names = self.tool.platform;
        if let Some(whole) = self.option(names.whole) {
            return platform(whole);
        }
        let os = self.option(names.os).unwrap_or("linux");
        let variant = self.option(names.variant).map(|variant| format!("/{variant}"));
        let architecture = self.option(names.architecture)?;
        platform(&format!("{os}/{architecture}{}", variant.unwrap_or_default()))
    }

    /// A chart: its tag is its version, where `+` can stand, which no tag can have. Without one its
    /// versions are listed: no chart is called `latest`.
    fn chart(&self, version: &str) -> Result<Pasted, ReferenceError> {
        let is_chart = |word: &&&str| word.starts_with("oci://");
        let chart = self.arguments.iter().find(is_chart).ok_or(ReferenceError::Empty)?;
        let found = word::read(&self.known.filled(chart)?)?;
        let version = self.option(version).map(|version| version.replace('+', "_"));
        let tag = version.and_then(|version| Tag::parse(&version).ok());
        Ok(match (found, tag) {
            (Pasted::Image { reference, .. }, tag)
                if reference.tag.is_none() && reference.digest.is_none() =>
            {
                match tag {
                    Some(tag) => Pasted::image(reference.tagged(tag)),
                    None => Pasted::Tags(reference),
                }
            }
            (found, _) => found,
        })
    }
}

/// A registry, or an image in it.
fn registry(name: &str) -> Result<Pasted, ReferenceError> {
    let bare = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"));
    match bare.unwrap_or(name).trim_end_matches('/').split_once('/') {
        Some(_) => word::read(name),
        None => Registry::parse(bare.unwrap_or(name).trim_end_matches('/')).map(Pasted::Registry),
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
