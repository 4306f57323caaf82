//! Artifacts that are about an image.
//!
//! image-spec, manifest.md, "Guidelines for Artifact Usage": an empty config, the artifact's type,
//! the files as layers, and the subject.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;

use crate::descriptor::{Descriptor, identify};
use crate::document::Document;
use crate::edit::action::AttachedFile;
use crate::edit::change::{NeededBlob, NewReferrer, Origin};
use crate::edit::editable::{Editable, MANIFEST, is_provisional};
use crate::edit::error::Reason;
use crate::edit::time::Time;
use crate::edit::tree::Tree;
use crate::edit::values::is_artifact_type;
use crate::media_type::{Kind, MediaType};
use crate::spec::Manifest;

/// Type of the artifact that BuildKit keeps attestations in.
const ATTESTATION: &str = "application/vnd.docker.attestation.manifest.v1+json";
const CREATED: &str = "org.opencontainers.image.created";
const TITLE: &str = "org.opencontainers.image.title";

/// Makes the artifact that says something about `subject`. The annotation
/// `org.opencontainers.image.created` is `now` unless it is among the annotations.
///
/// # Errors
/// When the type of the artifact or of a file is no media type.
pub fn attach(
    subject: &Descriptor,
    artifact_type: &MediaType,
    files: &[AttachedFile],
    annotations: &BTreeMap<String, String>,
    now: Time,
) -> Result<NewReferrer, Reason> {
    let types = std::iter::once(artifact_type).chain(files.iter().map(|file| &file.media_type));
    for media_type in types {
        if !is_artifact_type(media_type.as_str()) {
            return Err(Reason::ArtifactType(media_type.to_string()));
        }
    }
    let empty = empty_config();
    let mut layers = Vec::new();
    for file in files {
        let mut layer = Descriptor::new(file.media_type.as_str(), file.digest.clone(), file.size);
        layer.annotations.extend(file.title.clone().map(|title| (TITLE.to_owned(), title)));
        layers.push(layer);
    }
    let blobs = layers
        .iter()
        .map(|layer| NeededBlob { descriptor: layer.clone(), origin: Origin::Supplied });
    let blobs = blobs.collect();
    if layers.is_empty() {
        layers.push(empty.descriptor());
    }
    let mut annotations = annotations.clone();
    annotations.entry(CREATED.to_owned()).or_insert_with(|| now.to_string());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::MANIFEST,
        "artifactType": artifact_type,
        "config": empty.descriptor(),
        "layers": layers,
        "subject": plain(subject),
        "annotations": annotations,
    });
    let manifest = Editable::new(Tree::of(&manifest), MediaType::MANIFEST, "artifact");
    seal(manifest, empty, subject, blobs)
}

/// Makes an attestation, as BuildKit lists it in an index, a referrer of what it is about.
pub(super) fn promote(
    attestation: &Arc<Document>,
    label: &str,
    subject: &Descriptor,
    origin: &Origin,
) -> Result<NewReferrer, Reason> {
    let mut manifest = Editable::open(attestation, label)?.fresh();
    let view = Manifest::read(attestation, label).0.unwrap_or_default();
    let empty = empty_config();
    manifest.media_type = MediaType::new(MediaType::MANIFEST);
    let tree = &mut manifest.tree;
    tree.set("mediaType", MediaType::MANIFEST.into(), MANIFEST);
    if view.artifact_type.is_none() {
        tree.set("artifactType", ATTESTATION.into(), MANIFEST);
    }
    if view.config.is_none_or(|config| config.media_type.kind() != Kind::Empty) {
        tree.set("config", Tree::of(&empty.descriptor()), MANIFEST);
    }
    tree.set("subject", Tree::of(&plain(subject)), MANIFEST);
    let blobs = view
        .layers
        .into_iter()
        .map(|layer| NeededBlob { descriptor: layer.descriptor, origin: origin.clone() });
    seal(manifest, empty, subject, blobs.collect())
}

/// A manifest as a list of referrers has it: with the type of the artifact (that of the config,
/// when it has no other) and the annotations of the manifest (distribution-spec, "Listing
/// Referrers"). `None` when the document is no manifest or index.
#[must_use]
pub fn referrer_descriptor(document: &Document) -> Option<Descriptor> {
    let mut descriptor = document.descriptor();
    match document.media_type().kind() {
        Kind::Manifest => {
            let view = Manifest::read(document, "artifact").0?;
            descriptor.artifact_type = view.effective_type().cloned();
            descriptor.annotations = view.annotations;
        }
        Kind::Index => {
            let view = crate::spec::Index::read(document, "artifact").0?;
            descriptor.artifact_type = view.artifact_type;
            descriptor.annotations = view.annotations;
        }
        _ => return None,
    }
    Some(descriptor)
}

fn seal(
    manifest: Editable,
    config: Document,
    subject: &Descriptor,
    blobs: Vec<NeededBlob>,
) -> Result<NewReferrer, Reason> {
    let sealed = manifest.seal(is_provisional(&subject.digest))?;
    let descriptor = referrer_descriptor(&sealed.document);
    Ok(NewReferrer {
        descriptor: descriptor.unwrap_or_else(|| sealed.document.descriptor()),
        subject: subject.digest.clone(),
        documents: vec![Arc::new(config), sealed.document],
        blobs,
    })
}

/// The empty object that stands for "no config".
fn empty_config() -> Document {
    let (digest, bytes) = identify(Bytes::from_static(b"{}"));
    Document::new(&bytes, digest, MediaType::new(MediaType::EMPTY), json!({}))
}

/// Type, digest and size alone.
fn plain(descriptor: &Descriptor) -> Descriptor {
    let media_type = descriptor.media_type.as_str();
    Descriptor::new(media_type, descriptor.digest.clone(), descriptor.size)
}
