//! Edits in words.

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
                let document = match document {
                    RawDocument::Index => "index",
                    RawDocument::Manifest => "manifest",
                    RawDocument::Config => "config",
                };
                format!("replace the text of the {document}")
            }
        }
    }
}

impl ConfigEdit {
    fn summary(&self) -> String {
        let set = |value: &Option<String>, what: &str| match value {
            Some(value) => format!("set {what} {value}"),
            None => format!("remove {what}"),
        };
        let words = |value: &Option<Vec<String>>, what: &str| match value {
            Some(words) => format!("set {what} {}", serde_json::json!(words)),
            None => format!("remove {what}"),
        };
        match self {
            Self::Entrypoint { value, clear_cmd } => {
                let rest = if *clear_cmd { ", remove command" } else { "" };
                format!("{}{rest}", words(value, "entrypoint"))
            }
            Self::Cmd { value } => words(value, "command"),
            Self::Env { name, value } => format!("{} variable {name}", verb(value.is_some())),
            Self::Label { name, value } => format!("{} label {name}", verb(value.is_some())),
            Self::User { value } => set(value, "user"),
            Self::WorkingDir { value } => set(value, "working directory"),
            Self::ExposedPort { port, present } => format!("{} port {port}", verb(*present)),
            Self::Volume { path, present } => format!("{} volume {path}", verb(*present)),
            Self::StopSignal { value } => set(value, "stop signal"),
            Self::Healthcheck { value } => {
                words(&value.as_ref().map(|check| check.test.clone()), "health check")
            }
            Self::Author { value } => set(value, "author"),
            Self::Created { value } => set(&value.map(|time| time.to_string()), "time of making"),
            Self::Os { value } => format!("set operating system {value}"),
            Self::Architecture { value } => format!("set architecture {value}"),
            Self::Variant { value } => set(value, "variant"),
            Self::OsVersion { value } => set(value, "version of the operating system"),
            Self::OsFeatures { value } if value.is_empty() => "remove features".to_owned(),
            Self::OsFeatures { value } => format!("set features {}", value.join(", ")),
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
                format!("strip {} from {}", list(&paths, "paths"), layers.summary())
            }
            Self::Times { rule, layers, config, .. } => {
                let rule = match rule {
                    TimeRule::Set(time) => format!("set times to {time}"),
                    TimeRule::Clamp(time) => format!("set times to {time} at most"),
                };
                let config = if *config { " and the config" } else { "" };
                format!("{rule} in {}{config}", layers.summary())
            }
            Self::Recompress { packing, layers } => {
                format!("pack {} with {packing}", layers.summary())
            }
        }
    }
}

impl Which {
    fn summary(&self) -> String {
        match self {
            Self::All => "all layers".to_owned(),
            Self::These(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                let plural = if numbers.len() == 1 { "" } else { "s" };
                format!("layer{plural} {}", numbers.join(", "))
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
    let removes =
        |entry: &&NewEntry| matches!(entry.node, NewNode::Whiteout | NewNode::OpaqueWhiteout);
    let removed: Vec<&str> =
        entries.iter().filter(removes).map(|entry| entry.path.as_str()).collect();
    // Directories are there for what is in them, unless there is nothing else.
    let written = |directories: bool| -> Vec<&str> {
        let kept = entries.iter().filter(|entry| !removes(entry));
        let kept = kept.filter(|entry| directories || entry.node != NewNode::Directory);
        kept.map(|entry| entry.path.as_str()).collect()
    };
    let mut changed = written(false);
    if changed.is_empty() && removed.is_empty() {
        changed = written(true);
    }
    let parts = [("change", changed), ("remove", removed)];
    let parts = parts.iter().filter(|(_, paths)| !paths.is_empty());
    let parts: Vec<String> =
        parts.map(|(verb, paths)| format!("{verb} {}", list(paths, "paths"))).collect();
    if parts.is_empty() { "change nothing".to_owned() } else { parts.join(", ") }
}

/// A few paths by name, many by number.
fn list(paths: &[&str], many: &str) -> String {
    match paths {
        [] => format!("no {many}"),
        paths if paths.len() <= NAMED => paths.join(", "),
        [first, ..] => format!("{} {many} ({first}, …)", paths.len()),
    }
}
