//! How is the image run, and what does it say of itself?

use serde::Serialize;

use crate::edit::action::ConfigEdit;
use crate::edit::editable::DESCRIPTOR;
use crate::edit::error::Reason;
use crate::edit::node::platform_of;
use crate::edit::tree::{Order, Tree};
use crate::edit::values;
use crate::edit::work::Target;

/// Fields of a config in the order of the specification.
pub(super) const CONFIG: Order = Order::By(&[
    "created",
    "author",
    "architecture",
    "os",
    "os.version",
    "os.features",
    "variant",
    "config",
    "rootfs",
    "history",
]);

/// Fields of `config` in the order in which Docker writes them.
const RUN: Order = Order::By(&[
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Healthcheck",
    "Volumes",
    "WorkingDir",
    "Labels",
    "StopSignal",
]);

const PLATFORM: Order = Order::By(&["architecture", "os", "os.version", "os.features", "variant"]);

impl Target<'_, '_> {
    /// Gives a label that the config has another value.
    pub(super) fn relabel(&mut self, name: &str, value: Option<&str>) {
        let Some(config) = &mut self.image.config else { return };
        let labels = config.tree.get("config").and_then(|run| run.get("Labels"));
        if labels.is_some_and(|labels| labels.get(name).is_some()) {
            run_map(&mut config.tree, "Labels", name, value.map(Tree::from));
        }
    }

    pub(super) fn config(&mut self, edit: &ConfigEdit) -> Result<(), Reason> {
        check(edit)?;
        let windows = self.image.is_windows();
        let tree = &mut self.image.config_mut()?.tree;
        match edit {
            ConfigEdit::Entrypoint { value, clear_cmd } => {
                run(tree, "Entrypoint", value.as_ref());
                if *clear_cmd {
                    run(tree, "Cmd", None::<&()>);
                }
            }
            ConfigEdit::Cmd { value } => run(tree, "Cmd", value.as_ref()),
            ConfigEdit::Env { name, value } => self.variable(name, value.as_deref(), windows),
            ConfigEdit::Label { name, value } => {
                run_map(tree, "Labels", name, value.as_deref().map(Tree::from));
            }
            ConfigEdit::User { value } => run(tree, "User", value.as_ref()),
            ConfigEdit::WorkingDir { value } => run(tree, "WorkingDir", value.as_ref()),
            ConfigEdit::ExposedPort { port, present } => {
                run_map(tree, "ExposedPorts", port, present.then(Tree::object));
            }
            ConfigEdit::Volume { path, present } => {
                run_map(tree, "Volumes", path, present.then(Tree::object));
            }
            ConfigEdit::StopSignal { value } => run(tree, "StopSignal", value.as_ref()),
            ConfigEdit::Healthcheck { value } => run(tree, "Healthcheck", value.as_ref()),
            ConfigEdit::Author { value } => put(tree, "author", value.as_ref(), CONFIG),
            ConfigEdit::Created { value } => put(tree, "created", value.as_ref(), CONFIG),
            ConfigEdit::Os { value } => self.platform("os", Some(value)),
            ConfigEdit::Architecture { value } => self.platform("architecture", Some(value)),
            ConfigEdit::Variant { value } => self.platform("variant", value.as_ref()),
            ConfigEdit::OsVersion { value } => self.platform("os.version", value.as_ref()),
            ConfigEdit::OsFeatures { value } => {
                self.platform("os.features", (!value.is_empty()).then_some(value));
            }
        }
        Ok(())
    }

    /// Sets a property of the platform in the config, and in the index that lists the image.
    pub(super) fn platform(&mut self, name: &str, value: Option<&impl Serialize>) {
        if let Some(config) = &mut self.image.config {
            put(&mut config.tree, name, value, CONFIG);
        }
        let Some(entry) = &mut self.entry else { return };
        if platform_of(entry).is_none() {
            let platform = self.image.platform().unwrap_or_default();
            entry.set("platform", Tree::of(&platform), DESCRIPTOR);
        } else {
            entry.change("platform", DESCRIPTOR, |platform| put(platform, name, value, PLATFORM));
        }
    }

    /// Sets a variable in its place, or behind all that there are. On Windows names are the same in any case, and new ones are written in capitals.
    pub(super) fn variable(&mut self, name: &str, value: Option<&str>, windows: bool) {
        let image = &mut *self.image;
        let Some(config) = &mut image.config else { return };
        let run = config.tree.get("config");
        let mut list: Vec<Tree> =
            run.and_then(|run| run.get("Env")).map(|env| env.items().to_vec()).unwrap_or_default();
        let is = |tree: &Tree| {
            tree.as_text().is_some_and(|text| {
                let there = text.split_once('=').map_or(&*text, |(there, _)| there);
                if windows { there.eq_ignore_ascii_case(name) } else { there == name }
            })
        };
        let at = list.iter().position(is);
        match (value, at) {
            (Some(value), Some(at)) => {
                let there = list.get(at).and_then(Tree::as_text).unwrap_or_default();
                let name = there.split_once('=').map_or(&*there, |(there, _)| there);
                let variable = Tree::from(&*format!("{name}={value}"));
                list.retain({
                    let mut place = 0..;
                    move |tree| place.next() == Some(at) || !is(tree)
                });
                if let Some(slot) = list.iter_mut().find(|tree| is(tree)) {
                    *slot = variable;
                }
            }
            (Some(value), None) => {
                let name = if windows { name.to_ascii_uppercase() } else { name.to_owned() };
                list.push(Tree::from(&*format!("{name}={value}")));
            }
            (None, Some(_)) => list.retain(|tree| !is(tree)),
            (None, None) => return,
        }
        let list = (!list.is_empty()).then_some(Tree::List(list));
        put_tree(&mut config.tree, list, "Env");
    }
}

/// Sets or removes a field of `config`.
fn run(tree: &mut Tree, name: &str, value: Option<&impl Serialize>) {
    put_tree(tree, value.map(Tree::of), name);
}

fn put_tree(tree: &mut Tree, value: Option<Tree>, name: &str) {
    match value {
        Some(value) => tree.change("config", CONFIG, |config| config.set(name, value, RUN)),
        None => {
            if let Some(config) = tree.get_mut("config") {
                config.remove(name);
            }
        }
    }
}

/// Sets or removes an entry of a map in `config`.
fn run_map(tree: &mut Tree, map: &str, name: &str, value: Option<Tree>) {
    if value.is_some() {
        tree.change("config", CONFIG, |config| config.set_in_map(map, RUN, name, value));
    } else if let Some(config) = tree.get_mut("config") {
        config.set_in_map(map, RUN, name, None);
    }
}

pub(super) fn put(tree: &mut Tree, name: &str, value: Option<&impl Serialize>, order: Order) {
    match value {
        Some(value) => tree.set(name, Tree::of(value), order),
        None => tree.remove(name),
    }
}

/// Values that no reader would understand are not written.
fn check(edit: &ConfigEdit) -> Result<(), Reason> {
    match edit {
        ConfigEdit::Env { name, value } => {
            let bad = name.is_empty() || name.contains(['=', '\0']);
            if bad || value.as_ref().is_some_and(|value| value.contains('\0')) {
                let expected = "a name without = and a value without NUL";
                return Err(Reason::value("a variable", name, expected));
            }
        }
        ConfigEdit::Label { name, .. } if name.is_empty() => {
            return Err(Reason::value("a label", name, "a name"));
        }
        ConfigEdit::ExposedPort { port, present: true } if !values::is_port(port) => {
            let expected = "a number from 1 to 65535, with /tcp, /udp or /sctp behind it";
            return Err(Reason::value("a port", port, expected));
        }
        ConfigEdit::Volume { path, present: true } if path.is_empty() => {
            return Err(Reason::value("a volume", path, "a path"));
        }
        ConfigEdit::Os { value } | ConfigEdit::Architecture { value }
            if value.is_empty() || value.contains('/') =>
        {
            let expected = "a name such as linux or arm64";
            return Err(Reason::value("the platform", value, expected));
        }
        ConfigEdit::Healthcheck { value: Some(check) } => {
            let kind = check.test.first().map(String::as_str);
            if !matches!(kind, None | Some("NONE" | "CMD" | "CMD-SHELL")) {
                let expected = "NONE, CMD or CMD-SHELL as its first word";
                return Err(Reason::value("a health check", kind.unwrap_or_default(), expected));
            }
        }
        _ => {}
    }
    Ok(())
}
