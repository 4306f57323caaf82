//! What does an image manifest consist of?
//!
//! image-spec, manifest.md; Docker's schema 2 has the same fields without `artifactType`,
//! `subject` and `annotations`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::Document;
use crate::finding::Finding;
use crate::limits;
use crate::media_type::{Kind, MediaType};
use crate::spec::descriptor::read_descriptor;
use crate::spec::fields::{Fields, TOP_LEVEL, note};
use crate::spec::index::subject_of;

/// An image manifest: a config and layers, or the content of an artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// What the document says of its own type; should be there.
    pub media_type: Option<MediaType>,
    /// Type of the artifact; must be there when the config is the empty object.
    pub artifact_type: Option<MediaType>,
    /// The config; `None` when it is missing or can't be read, which has a finding.
    pub config: Option<Descriptor>,
    /// The layers, the base first. Layers that can't be read are left out and have a finding; the
    /// others keep their numbers.
    pub layers: Vec<LayerDescriptor>,
    /// Number of layers that the document lists, the unreadable ones counted.
    pub layer_count: usize,
    /// The manifest that this one is about; makes it a referrer of that manifest.
    pub subject: Option<Descriptor>,
    /// Free-form remarks.
    pub annotations: BTreeMap<String, String>,
}

/// A layer and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerDescriptor {
    /// Counted from 1 at the base.
    pub number: usize,
    /// The layer.
    pub descriptor: Descriptor,
}

impl Manifest {
    /// Reads the view; `None` when the document is no JSON object. `subject` names the document in
    /// findings.
    #[must_use]
    pub fn read(document: &Document, subject: &str) -> (Option<Self>, Vec<Finding>) {
        Self::read_value(document.value(), subject)
    }

    pub(super) fn read_value(value: &Value, subject: &str) -> (Option<Self>, Vec<Finding>) {
        let mut findings = Vec::new();
        let manifest = Fields::new(value, &TOP_LEVEL, "", subject, &mut findings)
            .map(|mut fields| Self::read_fields(&mut fields, subject));
        (manifest, findings)
    }

    fn read_fields(fields: &mut Fields<'_>, subject: &str) -> Self {
        fields.schema_version();
        let media_type = fields.media_type("mediaType");
        let artifact_type = fields.media_type("artifactType");
        let config = fields.raw("config").and_then(|value| {
            let (config, found) = read_descriptor(value, &format!("config of the {subject}"));
            found.into_iter().for_each(|finding| note(fields.findings(), finding));
            config
        });
        if fields.raw("config").is_none() {
            fields.add(missing("config", subject));
        }
        let (layers, layer_count) = read_layers(fields, subject);
        let empty = config.as_ref().is_some_and(|config| config.media_type.kind() == Kind::Empty);
        if empty && artifact_type.is_none() {
            fields.add(
                Finding::error(
                    "manifest.artifact-type",
                    subject,
                    format!(
                        "The {subject} has an empty config and no artifactType, so nothing says \
                         what it is."
                    ),
                )
                .expected("artifactType")
                .actual("nothing"),
            );
        }
        Self {
            media_type,
            artifact_type,
            config,
            layers,
            layer_count,
            subject: subject_of(fields, subject),
            annotations: fields.text_map("annotations"),
        }
    }

    /// What the manifest is: its artifact type, or else the type of its config.
    #[must_use]
    pub fn effective_type(&self) -> Option<&MediaType> {
        self.artifact_type
            .as_ref()
            .or_else(|| self.config.as_ref().map(|config| &config.media_type))
    }

    /// Whether the config is that of an image.
    #[must_use]
    pub fn has_image_config(&self) -> bool {
        self.config.as_ref().map(|config| config.media_type.kind()) == Some(Kind::Config)
    }

    /// Whether this is a container image rather than an artifact: its config is an image config.
    /// That of a statement is one, too, as BuildKit and cosign write it; but its layers are texts.
    #[must_use]
    pub fn is_image(&self) -> bool {
        let is_text = |layer: &LayerDescriptor| layer.descriptor.media_type.is_text();
        let is_statement = !self.layers.is_empty() && self.layers.iter().all(is_text);
        self.has_image_config() && !is_statement
    }

    /// Size of all layers as they are downloaded, in bytes.
    #[must_use]
    pub fn layers_size(&self) -> u64 {
        self.layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.descriptor.size))
    }
}

fn missing(key: &str, subject: &str) -> Finding {
    let message = format!("The {subject} has no {key}, which it must have.");
    Finding::error("manifest.missing", subject, message).expected(key).actual("nothing")
}

fn read_layers(fields: &mut Fields<'_>, subject: &str) -> (Vec<LayerDescriptor>, usize) {
    let list = fields.list("layers").unwrap_or_else(|| {
        fields.add(missing("layers", subject));
        &[]
    });
    let mut layers = Vec::new();
    for (at, value) in list.iter().enumerate().take(limits::DESCRIPTORS) {
        let number = at + 1;
        let (descriptor, found) =
            read_descriptor(value, &format!("layer {number} of the {subject}"));
        found.into_iter().for_each(|finding| note(fields.findings(), finding));
        layers.extend(descriptor.map(|descriptor| LayerDescriptor { number, descriptor }));
    }
    if list.len() > limits::DESCRIPTORS {
        fields.add(
            Finding::warning(
                "manifest.limit",
                subject,
                format!(
                    "The {subject} lists {} layers; reading stopped at {}.",
                    list.len(),
                    limits::DESCRIPTORS
                ),
            )
            .expected(format!("at most {}", limits::DESCRIPTORS))
            .actual(list.len()),
        );
    }
    (layers, list.len())
}
