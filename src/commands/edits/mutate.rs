//! What `crane mutate` is told: several edits of the config as one line.

use crate::edit::{Action, Annotated, ConfigEdit};
use crate::platform::Platform;

const NO_COMMAND: &str = "It takes the command away, which stays here.";
const ALL_PORTS: &str = "It takes all other ports away.";

/// Options that are still to be written as one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pending {
    options: Vec<String>,
    platform: Option<Platform>,
    note: Option<&'static str>,
}

impl Pending {
    /// Only gives the image a platform.
    pub(super) fn platform(platform: Platform) -> Self {
        Self { platform: Some(platform), ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.options.is_empty() && self.platform.is_none()
    }

    /// Takes what another one says after this one; gives it back when both can't stand in the same
    /// line: lists would become one, and an entrypoint does not take away a command that is set
    /// beside it.
    pub(super) fn join(&mut self, next: Self) -> Option<Self> {
        let has =
            |pending: &Self, option: &str| pending.options.iter().any(|it| it.starts_with(option));
        let both = |old: &str, new: &str| has(self, old) && has(&next, new);
        if both("--entrypoint=", "--entrypoint=")
            || both("--cmd=", "--cmd=")
            || both("--cmd=", "--entrypoint=")
        {
            return Some(next);
        }
        self.options.extend(next.options);
        self.platform = next.platform.or_else(|| self.platform.take());
        self.note = self.note.or(next.note);
        None
    }

    /// The options, each one word.
    pub(super) fn options(&self) -> Vec<String> {
        let platform = self.platform.iter().map(|platform| format!("--set-platform={platform}"));
        self.options.iter().cloned().chain(platform).collect()
    }

    /// What the line does otherwise.
    pub(super) fn note(&self) -> Option<&'static str> {
        let has_command = self.options.iter().any(|option| option.starts_with("--cmd="));
        self.note.filter(|note| *note != NO_COMMAND || !has_command)
    }
}

/// What an action comes to, for an image whose platform is known or not; `None` when crane can't do
/// it, or would take what it is told for something else.
pub(super) fn mutation(action: &Action, platform: Option<&Platform>) -> Option<Pending> {
    let config = match action {
        Action::Config(config) => config,
        Action::Annotation { on: Annotated::Manifest, name, value: Some(value) } => {
            return option("--annotation", &pair(name, value)?);
        }
        _ => return None,
    };
    match config {
        ConfigEdit::Entrypoint { value: Some(value), clear_cmd } => {
            let note = (!clear_cmd).then_some(NO_COMMAND);
            Some(Pending { note, ..list("--entrypoint", value)? })
        }
        ConfigEdit::Cmd { value: Some(value) } => list("--cmd", value),
        ConfigEdit::Env { name, value: Some(value) } if !name.contains('=') => {
            option("--env", &format!("{name}={value}"))
        }
        ConfigEdit::Label { name, value: Some(value) } => option("--label", &pair(name, value)?),
        ConfigEdit::User { value: Some(value) } if !value.is_empty() => option("--user", value),
        ConfigEdit::WorkingDir { value: Some(value) } if !value.is_empty() => {
            option("--workdir", value)
        }
        ConfigEdit::ExposedPort { port, present: true } => {
            Some(Pending { note: Some(ALL_PORTS), ..option("--exposed-ports", &csv(port)?)? })
        }
        ConfigEdit::Os { .. }
        | ConfigEdit::Architecture { .. }
        | ConfigEdit::Variant { .. }
        | ConfigEdit::OsVersion { .. } => moved(config, platform?).map(Pending::platform),
        _ => None,
    }
}

/// A platform after an edit of one of its parts.
fn moved(edit: &ConfigEdit, from: &Platform) -> Option<Platform> {
    let mut platform = Platform { os_features: Vec::new(), ..from.clone() };
    match edit {
        ConfigEdit::Os { value } => platform.os.clone_from(value),
        ConfigEdit::Architecture { value } => platform.architecture.clone_from(value),
        ConfigEdit::Variant { value } => platform.variant.clone_from(value),
        ConfigEdit::OsVersion { value } => platform.os_version.clone_from(value),
        _ => return None,
    }
    // crane reads it as a text.
    (platform.to_string().parse() == Ok(platform.clone())).then_some(platform)
}

impl Pending {
    /// The platform that the image has afterwards, when it gets one.
    pub(super) fn sets(&self) -> Option<&Platform> {
        self.platform.as_ref()
    }
}

fn option(name: &str, value: &str) -> Option<Pending> {
    Some(Pending { options: vec![format!("{name}={value}")], ..Pending::default() })
}

/// A list, as one option; an empty one says nothing to crane.
fn list(name: &str, words: &[String]) -> Option<Pending> {
    let words: Option<Vec<String>> = words.iter().map(|word| csv(word)).collect();
    let words = words.filter(|words| !words.is_empty())?;
    option(name, &words.join(","))
}

/// A field of CSV (RFC 4180), which crane takes its lists for; `None` for what comes out of it as
/// something else: of a line that ends as on Windows only the feed stays.
pub(super) fn csv(text: &str) -> Option<String> {
    if text.contains("\r\n") {
        return None;
    }
    let quoted = text.is_empty()
        || text.contains([',', '"', '\n', '\r'])
        || text.starts_with(char::is_whitespace);
    Some(if quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() })
}

/// `name=value` as crane reads it: as CSV when there is another `=`, else without quotes around it.
/// `None` for what it refuses or would read as something else.
fn pair(name: &str, value: &str) -> Option<String> {
    if name.is_empty() || name.contains('=') || value.is_empty() {
        return None;
    }
    let pair = format!("{name}={value}");
    if value.contains('=') {
        return csv(&pair);
    }
    (!pair.starts_with('"') && !pair.ends_with('"')).then_some(pair)
}
