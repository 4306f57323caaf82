//! Which instructions made this image, and which layer is whose?
//!
//! image-spec, config.md, property `history`. What stands in it is what the build tools wrote:
//! BuildKit `RUN /bin/sh -c … # buildkit`, the older builder `/bin/sh -c #(nop) CMD …` and
//! `|2 A=1 B=2 /bin/sh -c …` for build arguments.

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::spec::{Config, History};

const INSTRUCTIONS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// One step of the making.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The instruction: `RUN`, `COPY`, `ENV`; empty for a layer that the history does not name,
    /// and for a text that is no instruction.
    pub instruction: String,
    /// What follows it.
    pub arguments: String,
    /// The layer that the step made, counted from 1 at the base; `None` when it made none.
    pub layer: Option<usize>,
    /// When, as RFC 3339 text.
    pub created: Option<String>,
    /// Build arguments that were set while the step ran: `NAME=value`.
    pub build_args: Vec<String>,
    /// A remark of the tool: `buildkit.dockerfile.v0`.
    pub comment: Option<String>,
    /// The command as the config has it.
    pub raw: String,
}

/// The steps of an image with `layers` layers. Layers without a step get one of their own, without
/// an instruction. `subject` names the config in findings, which say where history and layers do
/// not fit together.
#[must_use]
pub fn steps(config: &Config, layers: usize, subject: &str) -> (Vec<Step>, Vec<Finding>) {
    let mut findings = Vec::new();
    let made = config.history.iter().filter(|entry| !entry.empty_layer).count();
    if made != layers && !config.history.is_empty() {
        // A step that made a layer which is not there is a contradiction; a layer without a step is
        // only one that nobody tells of.
        let finding = if made > layers { Finding::error } else { Finding::warning };
        findings.push(
            finding(
                "config.history",
                subject.to_owned(),
                format!(
                    "The history in the {subject} has {made} steps that made a layer, but there are \
                     {layers} layers; which step made which layer is not certain."
                ),
            )
            .expected(format!("{layers} steps with a layer"))
            .actual(made),
        );
    }
    let mut next = 0;
    let mut steps: Vec<Step> = Vec::with_capacity(config.history.len());
    for entry in &config.history {
        next += usize::from(!entry.empty_layer);
        let layer = (!entry.empty_layer && next <= layers).then_some(next);
        steps.push(step(entry, layer));
    }
    steps.extend((next + 1..=layers).map(|layer| Step { layer: Some(layer), ..Step::default() }));
    (steps, findings)
}

fn step(entry: &History, layer: Option<usize>) -> Step {
    let raw = entry.created_by.clone().unwrap_or_default();
    let mut text = raw.trim();
    let mut build_args = Vec::new();
    // "RUN |1 A=b /bin/sh -c …" is BuildKit's way to write what the older builder wrote without RUN.
    let run = text.strip_prefix("RUN ").unwrap_or(text).trim_start();
    if let Some((args, rest)) = build_arguments(run) {
        build_args = args;
        text = rest;
    }
    let (instruction, arguments) = instruction(text);
    let arguments = spelled(&instruction, &arguments).unwrap_or(arguments);
    Step {
        instruction,
        arguments,
        layer,
        created: entry.created.clone(),
        build_args,
        comment: entry.comment.clone().filter(|comment| !comment.is_empty()),
        raw,
    }
}

/// Takes `|2 A=1 B=2` off the front. A value may hold spaces: everything up to the shell belongs to
/// the last one.
fn build_arguments(text: &str) -> Option<(Vec<String>, &str)> {
    let (count, rest) = text.strip_prefix('|')?.split_once(' ')?;
    let count: usize = count.parse().ok()?;
    let shells = ["/bin/", "/usr/bin/", "cmd ", "powershell"];
    let is_shell = |rest: &str| shells.iter().any(|shell| rest.starts_with(shell));
    let starts = std::iter::once(0).chain(rest.match_indices(' ').map(|(at, _)| at + 1));
    let end = starts.into_iter().find(|at| rest.get(*at..).is_some_and(is_shell))?;
    let (arguments, command) = rest.split_at_checked(end)?;
    let mut list: Vec<String> = Vec::new();
    for word in arguments.split_whitespace() {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let begins = word.split_once('=').is_some_and(|(name, _)| is_name(name));
        let full = list.len() >= count;
        match list.last_mut() {
            Some(last) if !begins || full => {
                last.push(' ');
                last.push_str(word);
            }
            _ => list.push(word.to_owned()),
        }
    }
    Some((list, command))
}

fn instruction(text: &str) -> (String, String) {
    let text = text.strip_suffix("# buildkit").map_or(text, str::trim_end);
    let shell_form = ["/bin/sh -c ", "/bin/bash -c ", "/bin/ash -c ", "cmd /S /C "];
    let without_shell = |text: &str| {
        shell_form.iter().find_map(|shell| text.strip_prefix(shell)).map(str::to_owned)
    };
    if let Some(command) = without_shell(text) {
        let command = command.trim_start();
        return match command.strip_prefix("#(nop)") {
            Some(nop) => split(nop.trim_start()),
            None => ("RUN".to_owned(), command.to_owned()),
        };
    }
    let (name, arguments) = split(text);
    if name == "RUN" {
        let command = without_shell(&arguments).unwrap_or(arguments);
        return (name, command.trim_start().to_owned());
    }
    (name, arguments)
}

/// Splits an instruction off, when there is one; else the text is all arguments.
fn split(text: &str) -> (String, String) {
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if INSTRUCTIONS.contains(&first) {
        let rest = rest.trim();
        // The older builder wrote where it copied from as "file:…in /path": the source's digest.
        let rest = match (first, rest.split_once(" in ")) {
            ("ADD" | "COPY", Some((source, target))) if is_sum(source) => {
                format!("{source} {}", target.trim())
            }
            _ => rest.to_owned(),
        };
        return (first.to_owned(), rest);
    }
    (String::new(), text.to_owned())
}

/// What builders wrote as Go prints its values, as a Dockerfile has it: `EXPOSE map[80/tcp:{}]`,
/// `VOLUME [/data]`, `CMD ["a" "b"]`, `HEALTHCHECK &{["CMD-SHELL" "a"] "30s" …}`. `None` where it is
/// something else.
fn spelled(instruction: &str, arguments: &str) -> Option<String> {
    match instruction {
        "EXPOSE" | "VOLUME" => {
            let map = arguments.strip_prefix("map[").and_then(|rest| rest.strip_suffix(']'));
            let list = || arguments.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let inner = map.or_else(list).filter(|inner| !inner.contains('"'))?;
            let words = inner.split_whitespace().map(|word| word.trim_end_matches(":{}"));
            Some(words.collect::<Vec<_>>().join(" "))
        }
        "CMD" | "ENTRYPOINT" | "SHELL" => exec_form(arguments),
        "HEALTHCHECK" => health_check(arguments),
        _ => None,
    }
}

/// `["a" "b"]` with the commas that JSON wants.
fn exec_form(arguments: &str) -> Option<String> {
    let inner = arguments.strip_prefix('[')?.strip_suffix(']')?;
    let (words, rest) = quoted_words(inner);
    (!words.is_empty() && rest.trim().is_empty()).then(|| format!("[{}]", words.join(", ")))
}

/// `&{["CMD-SHELL" "a"] "30s" "3s" "0s" "0s" '\x03'}`: test, interval, timeout, start period, start
/// interval, retries; older ones have fewer.
fn health_check(arguments: &str) -> Option<String> {
    let inner = arguments.strip_prefix("&{[")?.strip_suffix('}')?;
    let (test, rest) = quoted_words(inner);
    let (times, retries) = quoted_words(rest.strip_prefix(']')?);
    let kind: String = serde_json::from_str(test.first()?).ok()?;
    let command = match (&*kind, test.get(1..)?) {
        ("NONE", _) => return Some("NONE".to_owned()),
        ("CMD-SHELL", [one]) => {
            format!("CMD {}", serde_json::from_str::<String>(one).ok()?)
        }
        (_, words) => format!("CMD [{}]", words.join(", ")),
    };
    let names = match times.len() {
        0..=3 => ["interval", "timeout", "start-period", ""],
        _ => ["interval", "timeout", "start-period", "start-interval"],
    };
    let times = names.iter().zip(&times).map(|(name, time)| (*name, time.trim_matches('"')));
    let set = times.filter(|(_, time)| !matches!(*time, "0s" | ""));
    let mut text: String = set.map(|(name, time)| format!("--{name}={time} ")).collect();
    let retries = retries.trim().trim_matches('\'');
    let number = match retries.strip_prefix("\\x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => retries.parse().ok(),
    };
    if let Some(number) = number.filter(|number| *number > 0) {
        text.push_str(&format!("--retries={number} "));
    }
    Some(text + &command)
}

/// The words in double quotes at the beginning, with their quotes, and what follows them.
fn quoted_words(text: &str) -> (Vec<&str>, &str) {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while rest.starts_with('"') {
        let mut escaped = false;
        let end = rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let Some((word, after)) = end.and_then(|end| rest.split_at_checked(end + 2)) else { break };
        words.push(word);
        rest = after.trim_start();
    }
    (words, rest)
}

fn is_sum(source: &str) -> bool {
    ["file:", "dir:", "multi:"].iter().any(|prefix| source.starts_with(prefix))
}

/// The steps as a Dockerfile, with the layers as comments. It can be read, but does not build: the
/// files that were copied and the names of the base images are not in an image.
#[must_use]
pub fn text(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        if let Some(layer) = step.layer {
            text.push_str(&format!("# layer {layer}\n"));
        }
        for argument in &step.build_args {
            text.push_str(&format!("# with ARG {}\n", one_line(argument)));
        }
        if step.instruction.is_empty() && step.arguments.is_empty() {
            text.push_str("# not in the history\n");
        } else if step.instruction.is_empty() {
            text.push_str(&format!("# {}\n", one_line(&step.arguments)));
        } else {
            let arguments = broken(&step.arguments);
            text.push_str(format!("{} {arguments}", step.instruction).trim_end());
            text.push('\n');
        }
    }
    text
}

/// Text of the image must not begin a line of its own: it could look like an instruction.
fn one_line(text: &str) -> String {
    text.split(['\n', '\r'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Lines broken behind `&&` and where the command itself has line breaks, each but the last with
/// a backslash.
fn broken(text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for line in text.split(['\n', '\r']) {
        for (place, piece) in line.split(" && ").enumerate() {
            let piece = piece.trim().trim_end_matches('\\').trim_end();
            if !piece.is_empty() {
                parts.push(if place == 0 { piece.to_owned() } else { format!("&& {piece}") });
            }
        }
    }
    parts.join(" \\\n    ")
}
