//! An edit in the list: what it does, and to what.

use drydock::edit::{
    Action, Annotated, AttachTo, ConfigEdit, Edit, IndexEdit, LayerEdit, LayerInput, Packing,
    TimeRule, Which, removed, written,
};
use drydock::spec::Healthcheck;

use super::{EditKind, duration, words};

/// Longest value that is shown whole, in characters.
const SHOWN: usize = 300;
/// Most paths of a layer that are named.
const NAMED: usize = 3;

/// An edit in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditRow {
    /// What it does: `Set entrypoint`.
    pub name: String,
    /// To what, or with what value; may be empty.
    pub value: String,
    /// What comes of it, one sentence from the page.
    pub consequence: String,
    /// For which platforms, when it is not for all.
    pub scope: Option<String>,
    /// Whether a form can change it.
    pub changeable: bool,
}

impl EditRow {
    /// The row of an edit.
    #[must_use]
    pub fn of(edit: &Edit, consequence: impl Into<String>) -> Self {
        let (name, value) = in_words(&edit.action);
        let mut shown: String = value.chars().take(SHOWN).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        Self {
            name,
            value: shown,
            consequence: consequence.into(),
            scope: (!edit.scope.is_all()).then(|| edit.scope.to_string()),
            changeable: EditKind::of(edit).is_some(),
        }
    }
}

fn in_words(action: &Action) -> (String, String) {
    match action {
        Action::Config(edit) => config(edit),
        Action::Annotation { on, name, value } => {
            let on = match on {
                Annotated::Manifest => "annotation",
                Annotated::Index => "annotation of the index",
                Annotated::Entry => "annotation in the index",
            };
            pair(on, name, value.as_deref())
        }
        Action::Layers(edit) => layers(edit),
        Action::Rebase(rebase) => ("Rebase onto".to_owned(), rebase.new.to_string()),
        Action::Convert { to } => ("Convert to".to_owned(), to.name().to_owned()),
        Action::Promote => ("Promote attestations".to_owned(), String::new()),
        Action::Index(edit) => index(edit),
        Action::Subject { subject } => {
            one("subject", subject.as_ref().map(|subject| subject.digest.to_string()))
        }
        Action::Attach(edit) => {
            let to = match edit.to {
                AttachTo::Root => "Attach",
                AttachTo::Images => "Attach to every image",
            };
            let titles = edit.files.iter().map(|file| file.title.clone().unwrap_or_default());
            let titles: Vec<String> = titles.filter(|title| !title.is_empty()).collect();
            let files =
                if titles.is_empty() { edit.artifact_type.to_string() } else { some(&titles) };
            (to.to_owned(), files)
        }
        Action::Raw { document, text } => (
            format!("Replace the text of the {}", document.name()),
            format!("{} bytes", text.len()),
        ),
    }
}

fn config(edit: &ConfigEdit) -> (String, String) {
    let what = edit.property();
    let list = |value: &Option<Vec<String>>| one(what, value.as_deref().map(words::write));
    match edit {
        ConfigEdit::Entrypoint { value, clear_cmd } => {
            let (name, value) = list(value);
            (if *clear_cmd { format!("{name}, remove command") } else { name }, value)
        }
        ConfigEdit::Cmd { value } => list(value),
        ConfigEdit::Env { name, value } | ConfigEdit::Label { name, value } => {
            pair(what, name, value.as_deref())
        }
        ConfigEdit::ExposedPort { port: value, present }
        | ConfigEdit::Volume { path: value, present } => present_or_not(what, value, *present),
        ConfigEdit::Healthcheck { value } => one(what, value.as_ref().map(check)),
        ConfigEdit::Created { value } => one(what, value.map(|time| time.to_string())),
        ConfigEdit::Os { value } | ConfigEdit::Architecture { value } => {
            one(what, Some(value.clone()))
        }
        ConfigEdit::User { value }
        | ConfigEdit::WorkingDir { value }
        | ConfigEdit::StopSignal { value }
        | ConfigEdit::Author { value }
        | ConfigEdit::Variant { value }
        | ConfigEdit::OsVersion { value } => one(what, value.clone()),
        ConfigEdit::OsFeatures { value } => {
            one(what, (!value.is_empty()).then(|| value.join(", ")))
        }
    }
}

fn layers(edit: &LayerEdit) -> (String, String) {
    let packed = |packing: Option<Packing>| match packing {
        Some(packing) => format!(", {packing}"),
        None => String::new(),
    };
    match edit {
        LayerEdit::Add { layer: LayerInput::Given { name, .. }, .. } => {
            ("Add layer".to_owned(), name.clone())
        }
        LayerEdit::Add { layer: LayerInput::Files { entries, .. }, .. } => {
            ("Add files".to_owned(), some(&absolute(&written(entries))))
        }
        LayerEdit::Patch { entries, .. } => {
            match (absolute(&written(entries)), absolute(&removed(entries))) {
                (written, removed) if removed.is_empty() => {
                    (format!("Edit file{}", plural(&written)), some(&written))
                }
                (written, removed) if written.is_empty() => {
                    (format!("Remove file{}", plural(&removed)), some(&removed))
                }
                (written, removed) => {
                    ("Edit and remove files".to_owned(), some(&[written, removed].concat()))
                }
            }
        }
        LayerEdit::Remove { layer } => (format!("Remove layer {layer}"), String::new()),
        LayerEdit::RemoveCreatedBy { text } => ("Remove layers made by".to_owned(), text.clone()),
        LayerEdit::Flatten { range: None, packing } => {
            ("Flatten".to_owned(), format!("all layers{}", packed(Some(*packing))))
        }
        LayerEdit::Flatten { range: Some([from, to]), packing } => {
            ("Flatten".to_owned(), format!("layers {from} to {to}{}", packed(Some(*packing))))
        }
        LayerEdit::Strip { paths, layers, packing } => {
            let of = match layers {
                Which::All => String::new(),
                layers => format!(" from {}", layers),
            };
            (format!("Strip files{of}{}", packed(*packing)), some(paths))
        }
        LayerEdit::Times { rule, layers, config, packing } => {
            let config = if *config { ", config too" } else { "" };
            let rule = match rule {
                TimeRule::Set(time) => time.to_string(),
                TimeRule::Clamp(time) => format!("{time} at most"),
            };
            let value = format!("{rule}, {}{config}{}", layers, packed(*packing));
            ("Set times".to_owned(), value)
        }
        LayerEdit::Recompress { packing, layers } => {
            ("Recompress".to_owned(), format!("{}, {packing}", layers))
        }
    }
}

fn index(edit: &IndexEdit) -> (String, String) {
    match edit {
        IndexEdit::Create => ("Make an index".to_owned(), String::new()),
        IndexEdit::Add { descriptor, from } => {
            let what = match from {
                Some(from) => from.to_string(),
                None => descriptor.digest.to_string(),
            };
            ("Add to the index".to_owned(), what)
        }
        IndexEdit::Remove { digest } => ("Remove from the index".to_owned(), digest.to_string()),
        IndexEdit::Filter { platforms } => {
            let names: Vec<String> = platforms.iter().map(ToString::to_string).collect();
            ("Keep only".to_owned(), names.join(", "))
        }
    }
}

fn one(what: &str, value: Option<String>) -> (String, String) {
    match value {
        Some(value) => (format!("Set {what}"), value),
        None => (format!("Remove {what}"), String::new()),
    }
}

fn pair(what: &str, name: &str, value: Option<&str>) -> (String, String) {
    match value {
        Some(value) => (format!("Set {what}"), format!("{name}={value}")),
        None => (format!("Remove {what}"), name.to_owned()),
    }
}

fn present_or_not(what: &str, value: &str, present: bool) -> (String, String) {
    (format!("{} {what}", if present { "Add" } else { "Remove" }), value.to_owned())
}

fn check(check: &Healthcheck) -> String {
    let test = match check.test.as_slice() {
        [kind] if kind == "NONE" => "none".to_owned(),
        [kind, command] if kind == "CMD-SHELL" => command.clone(),
        [kind, words @ ..] if kind == "CMD" => words::write(words),
        words => words::write(words),
    };
    match check.interval {
        Some(interval) => format!("{test}, every {}", duration::write(interval)),
        None => test,
    }
}

/// Paths as people write them.
fn absolute(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| format!("/{path}")).collect()
}

fn some(names: &[String]) -> String {
    match names {
        [first, .., last] if names.len() > NAMED => {
            format!("{first} … {last} ({} in all)", names.len())
        }
        names => names.join(", "),
    }
}

fn plural<T>(items: &[T]) -> &'static str {
    if items.len() == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use drydock::digest::Digest;
    use drydock::layer::write::{Keep, NewEntry, NewNode};

    use super::*;

    fn entry(path: &str, node: NewNode) -> NewEntry {
        NewEntry {
            path: path.to_owned(),
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: 0,
            keep: Keep::default(),
            node,
        }
    }

    fn file(path: &str) -> NewEntry {
        entry(path, NewNode::File { digest: Digest::sha256(b""), size: 0 })
    }

    #[track_caller]
    fn reads(action: Action, name: &str, value: &str) {
        assert_eq!(in_words(&action), (name.to_owned(), value.to_owned()));
    }

    #[test]
    fn edits_of_the_config() {
        let words = vec!["/bin/app".to_owned(), "--fips".to_owned()];
        let value = Some(words);
        reads(
            Action::Config(ConfigEdit::Entrypoint { value, clear_cmd: true }),
            "Set entrypoint, remove command",
            r#"["/bin/app", "--fips"]"#,
        );
        reads(Action::Config(ConfigEdit::Cmd { value: None }), "Remove command", "");
        let (name, value) = ("PATH".to_owned(), Some("/bin".to_owned()));
        reads(Action::Config(ConfigEdit::Env { name, value }), "Set variable", "PATH=/bin");
        let port = "80/tcp".to_owned();
        reads(
            Action::Config(ConfigEdit::ExposedPort { port, present: false }),
            "Remove port",
            "80/tcp",
        );
        let test = vec!["CMD-SHELL".to_owned(), "curl -f localhost".to_owned()];
        let value =
            Some(Healthcheck { test, interval: Some(30_000_000_000), ..Healthcheck::default() });
        reads(
            Action::Config(ConfigEdit::Healthcheck { value }),
            "Set health check",
            "curl -f localhost, every 30s",
        );
    }

    #[test]
    fn edits_of_files() {
        let patch = |entries: Vec<NewEntry>| {
            Action::Layers(LayerEdit::Patch {
                entries: entries.into(),
                packing: Packing::default(),
            })
        };
        let directory = entry("etc", NewNode::Directory);
        reads(patch(vec![directory.clone(), file("etc/app.toml")]), "Edit file", "/etc/app.toml");
        reads(patch(vec![entry("tmp/x", NewNode::Whiteout)]), "Remove file", "/tmp/x");
        reads(
            patch(vec![file("a"), entry("b", NewNode::Whiteout)]),
            "Edit and remove files",
            "/a, /b",
        );
        reads(patch(vec![directory]), "Edit file", "/etc");
        let entries = (1..=5).map(|number| file(&number.to_string())).collect();
        let layer = LayerInput::Files { entries, packing: Packing::default() };
        reads(
            Action::Layers(LayerEdit::Add { layer, base: Default::default() }),
            "Add files",
            "/1 … /5 (5 in all)",
        );
    }

    #[test]
    fn edits_of_layers() {
        let packing = Packing::Gzip { level: 9 };
        reads(
            Action::Layers(LayerEdit::Flatten { range: Some([2, 4]), packing }),
            "Flatten",
            "layers 2 to 4, gzip -9",
        );
        reads(
            Action::Layers(LayerEdit::Recompress {
                packing: Packing::Zstd,
                layers: Which::These(vec![1]),
            }),
            "Recompress",
            "layer 1, zstd",
        );
        reads(
            Action::Layers(LayerEdit::Strip {
                paths: vec!["etc/key".to_owned()],
                layers: Which::These(vec![1, 3]),
                packing: None,
            }),
            "Strip files from layers 1, 3",
            "etc/key",
        );
    }

    #[test]
    fn scope_and_length() {
        let platform = "linux/arm64".parse().unwrap();
        let value = Some("x".repeat(1000));
        let edit = Edit::on(vec![platform], Action::Config(ConfigEdit::Author { value }));
        let row = EditRow::of(&edit, "said so");
        assert_eq!(row.scope.as_deref(), Some("linux/arm64"));
        assert_eq!((row.value.chars().count(), row.changeable), (SHOWN + 1, true));
        let patch = LayerEdit::Patch { entries: [].into(), packing: Packing::default() };
        assert!(!EditRow::of(&Edit::all(Action::Layers(patch)), "").changeable);
    }
}
