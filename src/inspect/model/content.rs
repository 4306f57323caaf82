//! What one platform's manifest and config say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Reading, Unread, unread};
use crate::descriptor::Descriptor;
use crate::digest::DiffId;
use crate::finding::Severity;
use crate::image::{Graph, Node, Role, State};
use crate::inspect::{dockerfile, media};
use crate::spec::{Config, Manifest, RunConfig};

const CREATED: &str = "org.opencontainers.image.created";

/// What one platform's manifest and config say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContentModel {
    /// When it was built, as the config says.
    pub created: Option<String>,
    /// The layers, base first.
    pub layers: Vec<LayerModel>,
    /// The history, oldest first, mapped to the layers.
    pub steps: Vec<StepModel>,
    /// What a container is started with: name, values, and whether they are defaults.
    pub runs_as: Vec<Setting>,
    /// Labels and annotations.
    pub labels: Vec<Label>,
    /// What differs from what is expected of an image, one sentence each.
    pub remarks: Vec<String>,
}

/// One layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerModel {
    /// Counted from 1 at the base.
    pub number: usize,
    /// What the manifest says of it.
    pub descriptor: Descriptor,
    /// Digest of its tar, as the config says.
    pub diff_id: Option<DiffId>,
    /// The step that made it, in one line.
    pub step: String,
}

/// One setting of the config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its values, one per line.
    pub values: Vec<String>,
    /// A muted remark: `none`, `default`.
    pub note: &'static str,
}

/// A label of the config or an annotation of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// Where it stands: `label`, `manifest annotation`, `index annotation`.
    pub place: &'static str,
}

/// One step of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepModel {
    /// The layer that it made, from 1; `None` when it only changed the config.
    pub layer: Option<usize>,
    /// The instruction: `RUN`, `COPY`; may be empty.
    pub word: String,
    /// What follows the instruction.
    pub arguments: String,
    /// Bytes of the layer as it is transferred.
    pub bytes: Option<u64>,
}

impl ContentModel {
    /// The layers whose files can't be shown, and why, one sentence each.
    #[must_use]
    pub fn not_shown(&self) -> Vec<String> {
        let said =
            |layer: &LayerModel| media::not_shown(layer.number, &layer.descriptor.media_type);
        self.layers.iter().filter_map(said).collect()
    }

    /// Bytes of all layers.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.descriptor.size))
    }
}

pub(super) fn of(graph: &Graph, node: &Node, name: &str) -> Reading<Arc<ContentModel>> {
    if let Some(unread) = unread(node, graph.holder()) {
        return Reading::Unread(unread);
    }
    let Some(manifest) = node.manifest() else {
        return match node.state {
            State::Waiting => Reading::Waiting(format!("Asking for the manifest of {name}…")),
            _ => Reading::Unread(Unread {
                sentence: format!("The entry {name} of the index is no image manifest."),
                reason: "It is shown as it is under Documents.".to_owned(),
                retry: false,
            }),
        };
    };
    let config_node = graph.children(node.id).find(|child| child.role == Role::Config);
    let mut remarks = Vec::new();
    let config = match config_node {
        Some(found) if found.state == State::Waiting => {
            return Reading::Waiting(format!("Asking for the config of {name}…"));
        }
        Some(found) => {
            remarks.extend(unread(found, graph.holder()).map(|unread| {
                format!(
                    "The config could not be read, so steps and settings are missing. {}",
                    unread.sentence
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
    Reading::Read(Arc::new(ContentModel {
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
) -> (Vec<StepModel>, Vec<LayerModel>) {
    let by_number: BTreeMap<usize, &Descriptor> =
        manifest.layers.iter().map(|layer| (layer.number, &layer.descriptor)).collect();
    let (made, findings) = match config {
        Some(config) => dockerfile::steps(config, manifest.layer_count, name),
        None => dockerfile::steps(&Config::default(), manifest.layer_count, name),
    };
    if config.is_some() {
        remarks.extend(findings.into_iter().map(|finding| finding.message));
    }
    let step = |step: &dockerfile::Step| StepModel {
        layer: step.layer,
        word: step.instruction.clone(),
        arguments: match step.instruction.is_empty() && step.arguments.is_empty() {
            true => "a layer that the history does not name".to_owned(),
            false => step.arguments.clone(),
        },
        bytes: step.layer.and_then(|layer| by_number.get(&layer)).map(|layer| layer.size),
    };
    let steps: Vec<StepModel> = made.iter().map(step).collect();
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
