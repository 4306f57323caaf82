//! Edits in words.

use std::fmt;

use crate::edit::action::AttachTo;
use crate::edit::action::{
    Action, ConfigEdit, IndexEdit, LayerEdit, LayerInput, RawDocument, Which,
};
use crate::edit::recipe::TimeRule;
use crate::layer::write::{NewEntry, NewNode};

/// Most paths that one summary names.
const NAMED: usize = 3;

impl Action {
    /// What the edit does, in a few words and without values of variables and labels: `set variable
    /// PATH`. Layers that it makes are described by it in the history.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Config(edit) => edit.summary(),
            Self::Annotation { name, value, .. } => {
                format!("{} annotation {name}", verb(value.is_some()))
            }
            Self::Layers(edit) => edit.summary(),
            Self::Rebase(rebase) => format!("rebase onto {}", rebase.new),
            Self::Convert { to } => format!("convert to {}", to.name()),
            Self::Promote => "make attestations referrers".to_owned(),
            Self::Index(edit) => edit.summary(),
            Self::Subject { subject: Some(subject) } => format!("set subject {}", subject.digest),
            Self::Subject { subject: None } => "remove subject".to_owned(),
            Self::Attach(edit) => {
                let to = match edit.to {
                    AttachTo::Root => "",
                    AttachTo::Images => " to every image",
                };
                format!("attach {}{to}", edit.artifact_type)
            }
            Self::Raw { document, .. } => {
                format!("replace the text of the {}", document.name())
            }
        }
    }
}

impl RawDocument {
    /// What people call it: `manifest`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Manifest => "manifest",
            Self::Config => "config",
        }
    }
}

impl ConfigEdit {
    /// What people call the property that it changes: `entrypoint`, `variable`.
    #[must_use]
    pub fn property(&self) -> &'static str {
        match self {
            Self::Entrypoint { .. } => "entrypoint",
            Self::Cmd { .. } => "command",
            Self::Env { .. } => "variable",
            Self::Label { .. } => "label",
            Self::User { .. } => "user",
            Self::WorkingDir { .. } => "working directory",
            Self::ExposedPort { .. } => "port",
            Self::Volume { .. } => "volume",
            Self::StopSignal { .. } => "stop signal",
            Self::Healthcheck { .. } => "health check",
            Self::Author { .. } => "author",
            Self::Created { .. } => "time of making",
            Self::Os { .. } => "operating system",
            Self::Architecture { .. } => "architecture",
            Self::Variant { .. } => "variant",
            Self::OsVersion { .. } => "version of the operating system",
            Self::OsFeatures { .. } => "features",
        }
    }

    fn summary(&self) -> String {
        let what = self.property();
        let set = |value: Option<String>| match value {
            Some(value) => format!("set {what} {value}"),
            None => format!("remove {what}"),
        };
        let words = |words: &Option<Vec<String>>| {
            set(words.as_ref().map(|words| serde_json::json!(words).to_string()))
        };
        match self {
            Self::Entrypoint { value, clear_cmd } => {
                let rest = if *clear_cmd { ", remove command" } else { "" };
                format!("{}{rest}", words(value))
            }
            Self::Cmd { value } => words(value),
            // Values may be secret, and what edits do stands in the history.
            Self::Env { name, value } | Self::Label { name, value } => {
                format!("{} {what} {name}", verb(value.is_some()))
            }
            Self::ExposedPort { port: name, present } | Self::Volume { path: name, present } => {
                format!("{} {what} {name}", verb(*present))
            }
            Self::Healthcheck { value } => words(&value.as_ref().map(|check| check.test.clone())),
            Self::Created { value } => set(value.map(|time| time.to_string())),
            Self::Os { value } | Self::Architecture { value } => set(Some(value.clone())),
            Self::User { value }
            | Self::WorkingDir { value }
            | Self::StopSignal { value }
            | Self::Author { value }
            | Self::Variant { value }
            | Self::OsVersion { value } => set(value.clone()),
            Self::OsFeatures { value } => set((!value.is_empty()).then(|| value.join(", "))),
        }
    }
}

impl LayerEdit {
    /// What the edit does; the words that the history has for it.
    pub(super) fn summary(&self) -> String {
        match self {
            Self::Add { layer: LayerInput::Given { name, .. }, .. } => format!("add {name}"),
            Self::Add { layer: LayerInput::Files { entries, .. }, .. } => {
                let paths: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
                format!("add {}", list(&paths, "entries"))
            }
            Self::Patch { entries, .. } => patch(entries),
            Self::Remove { layer } => format!("remove layer {layer}"),
            Self::RemoveCreatedBy { text } => format!("remove layers made by \"{text}\""),
            Self::Flatten { range: None, .. } => "flatten all layers".to_owned(),
            Self::Flatten { range: Some([from, to]), .. } => {
                format!("flatten layers {from} to {to}")
            }
            Self::Strip { paths, layers, .. } => {
                let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
                format!("strip {} from {}", list(&paths, "paths"), layers)
            }
            Self::Times { rule, layers, config, .. } => {
                let rule = match rule {
                    TimeRule::Set(time) => format!("set times to {time}"),
                    TimeRule::Clamp(time) => format!("set times to {time} at most"),
                };
                let config = if *config { " and the config" } else { "" };
                format!("{rule} in {}{config}", layers)
            }
            Self::Recompress { packing, layers } => {
                format!("pack {} with {packing}", layers)
            }
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all layers"),
            Self::These(numbers) => {
                let plural = if numbers.len() == 1 { "" } else { "s" };
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                write!(f, "layer{plural} {}", numbers.join(", "))
            }
        }
    }
}

impl IndexEdit {
    fn summary(&self) -> String {
        match self {
            Self::Create => "create an index".to_owned(),
            Self::Add { descriptor, .. } => format!("add {} to the index", descriptor.digest),
            Self::Remove { digest } => format!("remove {digest} from the index"),
            Self::Filter { platforms } => {
                let names: Vec<String> = platforms.iter().map(ToString::to_string).collect();
                format!("keep only {}", names.join(", "))
            }
        }
    }
}

fn verb(set: bool) -> &'static str {
    if set { "set" } else { "remove" }
}

fn patch(entries: &[NewEntry]) -> String {
    let parts = [("change", written(entries)), ("remove", removed(entries))];
    let parts = parts.iter().filter(|(_, paths)| !paths.is_empty());
    let parts: Vec<String> =
        parts.map(|(verb, paths)| format!("{verb} {}", list(paths, "paths"))).collect();
    if parts.is_empty() { "change nothing".to_owned() } else { parts.join(", ") }
}

/// Paths that entries of a layer remove, without leading slash.
#[must_use]
pub fn removed(entries: &[NewEntry]) -> Vec<&str> {
    entries.iter().filter(|entry| removes(entry)).map(|entry| entry.path.as_str()).collect()
}

/// Paths that entries of a layer write, without leading slash. Directories are there for what is in
/// them, unless there is nothing else.
#[must_use]
pub fn written(entries: &[NewEntry]) -> Vec<&str> {
    let paths = |directories: bool| -> Vec<&str> {
        let kept = entries.iter().filter(|entry| !removes(entry));
        let kept = kept.filter(|entry| directories || entry.node != NewNode::Directory);
        kept.map(|entry| entry.path.as_str()).collect()
    };
    let files = paths(false);
    if files.is_empty() && !entries.iter().any(removes) { paths(true) } else { files }
}

fn removes(entry: &NewEntry) -> bool {
    matches!(entry.node, NewNode::Whiteout | NewNode::OpaqueWhiteout)
}

/// A few paths by name, many by number.
fn list(paths: &[&str], many: &str) -> String {
    match paths {
        [] => format!("no {many}"),
        paths if paths.len() <= NAMED => paths.join(", "),
        [first, ..] => format!("{} {many} ({first}, …)", paths.len()),
    }
}
