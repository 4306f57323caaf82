//! In which fields do two configs differ?

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::spec::{Config, History};

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigChange {
    /// The field, as image-spec (config.md) calls it; `Env.PATH` and `Labels.NAME` for one of many,
    /// `history.3` for a step, counted from 1.
    pub field: String,
    /// What the first config says; `None` where it says nothing.
    pub before: Option<String>,
    /// What the second config says.
    pub after: Option<String>,
}

/// The fields that say when something was made.
const TIMES: [&str; 2] = ["created", "history.created"];

impl ConfigChange {
    /// Whether it only says when something was made.
    #[must_use]
    pub fn is_time(&self) -> bool {
        TIMES.contains(&self.field.as_str())
    }
}

/// All fields that differ, in the order of their names. Diff IDs are those of layers and are not told
/// here.
#[must_use]
pub fn compare(before: &Config, after: &Config) -> Vec<ConfigChange> {
    let (before, after) = (fields(before), fields(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changes = names.into_iter().filter_map(|field| {
        let (before, after) = (before.get(field).cloned(), after.get(field).cloned());
        (before != after).then(|| ConfigChange { field: field.clone(), before, after })
    });
    changes.collect()
}

fn fields(config: &Config) -> BTreeMap<String, String> {
    let run = &config.config;
    let list = |items: &[String]| serde_json::to_string(items).unwrap_or_default();
    let lists = |items: &[String]| (!items.is_empty()).then(|| list(items));
    let mut fields: BTreeMap<String, String> = [
        ("created", config.created.clone()),
        ("author", config.author.clone()),
        ("platform", Some(config.platform.to_string())),
        ("User", run.user.clone()),
        ("ExposedPorts", lists(&run.exposed_ports)),
        ("Entrypoint", run.entrypoint.as_deref().map(list)),
        ("Cmd", run.cmd.as_deref().map(list)),
        ("Volumes", lists(&run.volumes)),
        ("WorkingDir", run.working_dir.clone()),
        ("StopSignal", run.stop_signal.clone()),
        ("Shell", run.shell.as_deref().map(list)),
        ("Healthcheck", run.healthcheck.as_ref().and_then(|it| serde_json::to_string(it).ok())),
        ("OnBuild", lists(&run.on_build)),
        ("history.created", times(&config.history)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect();
    for variable in &run.env {
        let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
        fields.insert(format!("Env.{name}"), value.to_owned());
    }
    fields.extend(run.labels.iter().map(|(name, value)| (format!("Labels.{name}"), value.clone())));
    for (at, step) in config.history.iter().enumerate() {
        fields.insert(format!("history.{}", at + 1), said(step));
    }
    fields
}

/// What a step says of itself but when it was done.
fn said(step: &History) -> String {
    let mut text = step.created_by.clone().unwrap_or_default();
    for (name, value) in [("author", &step.author), ("comment", &step.comment)] {
        if let Some(value) = value {
            text.push_str(&format!(" ({name}: {value})"));
        }
    }
    if step.empty_layer {
        text.push_str(" (no layer)");
    }
    text
}

/// When the steps were done.
fn times(history: &[History]) -> Option<String> {
    let times: Vec<&str> = history.iter().filter_map(|step| step.created.as_deref()).collect();
    (!times.is_empty()).then(|| times.join(", "))
}
