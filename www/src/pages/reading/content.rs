//! What one platform's manifest and config say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use drydock::descriptor::Descriptor;
use drydock::finding::Severity;
use drydock::image::{Graph, Node, Role, State};
use drydock::inspect::{dockerfile, media};
use drydock::spec::{Config, Manifest, RunConfig};

use super::problem_of;
use crate::components::{Problem, Step};
use crate::pages::model::{ContentModel, Label, LayerModel, Load, Setting};

const CREATED: &str = "org.opencontainers.image.created";

pub(super) fn of(graph: &Graph, node: &Node, name: &str) -> Load<Arc<ContentModel>> {
    if let Some(problem) = problem_of(node, graph.holder()) {
        return Load::Failed(problem);
    }
    let Some(manifest) = node.manifest() else {
        return match node.state {
            State::Waiting => Load::Waiting(format!("Asking for the manifest of {name}…")),
            _ => Load::Failed(Problem {
                sentence: format!("The entry {name} of the index is no image manifest."),
                reason: "It is shown as it is under Documents.".to_owned(),
                ..Problem::default()
            }),
        };
    };
    let config_node = graph.children(node.id).find(|child| child.role == Role::Config);
    let mut remarks = Vec::new();
    let config = match config_node {
        Some(found) if found.state == State::Waiting => {
            return Load::Waiting(format!("Asking for the config of {name}…"));
        }
        Some(found) => {
            remarks.extend(problem_of(found, graph.holder()).map(|problem| {
                format!(
                    "The config could not be read, so steps and settings are missing. {}",
                    problem.sentence
                )
            }));
            found.config()
        }
        None => None,
    };
    let nodes = std::iter::once(node).chain(config_node);
    let weighty = nodes.flat_map(|node| &node.findings).filter(|it| it.severity != Severity::Note);
    remarks.extend(weighty.map(|finding| finding.message.clone()));
    let (steps, layers) = steps_and_layers(manifest, config, name, &mut remarks);
    let not_shown =
        |layer: &LayerModel| media::not_shown(layer.number, &layer.descriptor.media_type);
    remarks.extend(layers.iter().filter_map(not_shown));
    Load::Ready(Arc::new(ContentModel {
        created: config
            .and_then(|config| config.created.clone())
            .or_else(|| manifest.annotations.get(CREATED).cloned()),
        layers,
        steps,
        runs_as: config.map(|config| runs_as(&config.config)).unwrap_or_default(),
        labels: labels(graph, node, manifest, config),
        remarks,
    }))
}

fn steps_and_layers(
    manifest: &Manifest,
    config: Option<&Config>,
    name: &str,
    remarks: &mut Vec<String>,
) -> (Vec<Step>, Vec<LayerModel>) {
    let by_number: BTreeMap<usize, &Descriptor> =
        manifest.layers.iter().map(|layer| (layer.number, &layer.descriptor)).collect();
    let (made, findings) = match config {
        Some(config) => dockerfile::steps(config, manifest.layer_count, name),
        None => dockerfile::steps(&Config::default(), manifest.layer_count, name),
    };
    if config.is_some() {
        remarks.extend(findings.into_iter().map(|finding| finding.message));
    }
    let step = |step: &dockerfile::Step| Step {
        layer: step.layer,
        word: step.instruction.clone(),
        arguments: match step.instruction.is_empty() && step.arguments.is_empty() {
            true => "a layer that the history does not name".to_owned(),
            false => step.arguments.clone(),
        },
        bytes: step.layer.and_then(|layer| by_number.get(&layer)).map(|layer| layer.size),
        ..Step::default()
    };
    let steps: Vec<Step> = made.iter().map(step).collect();
    let mut lines: BTreeMap<usize, String> = steps
        .iter()
        .filter_map(|step| {
            let line = format!("{} {}", step.word, one_line(&step.arguments));
            Some((step.layer?, line.trim().to_owned()))
        })
        .collect();
    let layers = manifest.layers.iter().map(|layer| LayerModel {
        number: layer.number,
        descriptor: layer.descriptor.clone(),
        diff_id: config.and_then(|config| {
            config.diff_ids.get(layer.number.checked_sub(1)?).cloned().flatten()
        }),
        step: lines.remove(&layer.number).unwrap_or_default(),
    });
    let layers = layers.collect();
    (steps, layers)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn runs_as(run: &RunConfig) -> Vec<Setting> {
    let one = |name, value: &Option<String>, default: &str, note| {
        let value = value.as_deref().filter(|value| !value.is_empty());
        let note = if value.is_none() { note } else { "" };
        let value = value
            .map(str::to_owned)
            .or_else(|| Some(default.to_owned()).filter(|default| !default.is_empty()));
        Setting { name, values: value.into_iter().collect(), note }
    };
    let words = |name, words: &Option<Vec<String>>| match words.as_deref() {
        None | Some([]) => Setting { name, values: Vec::new(), note: "none" },
        Some(words) => Setting { name, values: vec![exec_form(words)], note: "" },
    };
    let list = |name, values: &[String]| Setting { name, values: values.to_vec(), note: "" };
    let mut settings = vec![
        words("Entrypoint", &run.entrypoint),
        words("Command", &run.cmd),
        one("User", &run.user, "root", "default"),
        one("Working dir", &run.working_dir, "/", "default"),
        list("Ports", &run.exposed_ports),
        list("Volumes", &run.volumes),
        one("Stop signal", &run.stop_signal, "SIGTERM", "default"),
        list("Environment", &run.env),
    ];
    if let Some(shell) = &run.shell {
        settings.push(list("Shell", &[exec_form(shell)]));
    }
    if let Some(health) = &run.healthcheck {
        settings.push(list("Health check", &[exec_form(&health.test)]));
    }
    settings.push(list("On build", &run.on_build));
    settings.retain(|setting| !setting.values.is_empty() || !setting.note.is_empty());
    settings
}

/// A command as a Dockerfile's exec form: nothing in it can be mistaken for another word.
fn exec_form(words: &[String]) -> String {
    serde_json::to_string(words).unwrap_or_default()
}

fn labels(graph: &Graph, node: &Node, manifest: &Manifest, config: Option<&Config>) -> Vec<Label> {
    let above = node.parent.and_then(|parent| graph.node(parent));
    let places = [
        ("Label", config.map(|config| &config.config.labels)),
        ("Annotation of the manifest", Some(&manifest.annotations)),
        ("Annotation of the index's entry", node.descriptor.as_ref().map(|it| &it.annotations)),
        ("Annotation of the index", above.and_then(Node::index).map(|index| &index.annotations)),
    ];
    let all = places.into_iter().flat_map(|(place, map)| {
        map.into_iter().flatten().map(move |(key, value)| (place, key, value))
    });
    // The same said twice is shown once.
    let mut seen = BTreeSet::new();
    let once = all.filter(|(_, key, value)| seen.insert((*key, *value)));
    once.map(|(place, key, value)| Label { key: key.clone(), value: value.clone(), place })
        .collect()
}
