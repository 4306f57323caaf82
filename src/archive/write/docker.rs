//! What `docker load` takes, as a tar.
//!
//! Since version 25 `docker save` writes an OCI image layout with a `manifest.json` beside it, and
//! so it is done here. Layers keep the bytes, and with them the digests, that they have in the
//! registry: `docker load`, `podman load` and `skopeo copy docker-archive:` unpack gzip and zstd,
//! and `crane push` passes gzip on.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::contents::{Contents, Listed, document, listed};
use super::entry::{Entry, Lookup};
use super::error::WriteError;
use super::layout::begin;
use super::plan::Plan;
use crate::archive::name::Name;
use crate::archive::paths::{MANIFEST, blob_path};
use crate::digest::Digest;
use crate::finding::Finding;
use crate::media_type::{Compression, Kind};
use crate::reference::{Reference, Registry};
use crate::spec::Manifest;

/// Plans a tar for `docker load`. `documents` has the manifests of the entries, each of which must
/// be a container image for one platform. Tags are taken from the names that are whole references.
///
/// # Errors
/// When an entry is an index or an artifact, has layers that are not to be had, or its manifest is
/// missing or can't be read.
pub fn docker_save(entries: &[Entry], documents: &Lookup<'_>) -> Result<Plan, WriteError> {
    let contents = Contents::of(entries, documents)?;
    let mut images: Vec<(&Digest, Manifest, Vec<String>)> = Vec::new();
    let mut at: BTreeMap<&Digest, usize> = BTreeMap::new();
    for entry in entries {
        let digest = &entry.descriptor.digest;
        let tags = entry.names.iter().filter_map(tag);
        if let Some((_, _, known)) = at.get(digest).and_then(|at| images.get_mut(*at)) {
            known.extend(tags);
            continue;
        }
        at.insert(digest, images.len());
        images.push((digest, image(entry, documents)?, tags.collect()));
    }
    let mut folder = begin(entries);
    let mut items = Vec::new();
    for (digest, manifest, tags) in &images {
        items.push(item(digest, manifest, tags)?);
        folder.notes.extend(mixed(digest, manifest));
    }
    folder.put(MANIFEST, Value::Array(items).to_string());
    folder.contents(contents);
    folder.tar()
}

pub(super) fn image(entry: &Entry, documents: &Lookup<'_>) -> Result<Manifest, WriteError> {
    let digest = &entry.descriptor.digest;
    match listed(&entry.descriptor, document(&entry.descriptor, documents)?)? {
        Listed::Index(_) => Err(WriteError::SeveralPlatforms(digest.clone())),
        Listed::Manifest(manifest) if manifest.is_image() => Ok(*manifest),
        Listed::Manifest(_) => Err(WriteError::NotAnImage(digest.clone())),
    }
}

fn item(digest: &Digest, manifest: &Manifest, tags: &[String]) -> Result<Value, WriteError> {
    let not_an_image = || WriteError::NotAnImage(digest.clone());
    let config = manifest.config.as_ref().ok_or_else(not_an_image)?;
    let mut layers = Vec::new();
    for layer in &manifest.layers {
        let descriptor = &layer.descriptor;
        if descriptor.media_type.is_foreign() {
            return Err(WriteError::Foreign(descriptor.digest.clone()));
        }
        if !matches!(descriptor.media_type.kind(), Kind::Layer(_)) {
            return Err(not_an_image());
        }
        layers.push(blob_path(&descriptor.digest));
    }
    Ok(json!({ "Config": blob_path(&config.digest), "RepoTags": tags, "Layers": layers }))
}

/// `crane push` takes all layers for gzip as soon as one is compressed.
fn mixed(digest: &Digest, manifest: &Manifest) -> Option<Finding> {
    let has = |compression: Compression| {
        let kinds = manifest.layers.iter().map(|layer| layer.descriptor.media_type.kind());
        kinds.into_iter().any(|kind| kind == Kind::Layer(compression))
    };
    let zstd = has(Compression::Zstd);
    let wrong = zstd || has(Compression::None) && has(Compression::Gzip);
    wrong.then(|| {
        let text = "Not all layers are compressed with gzip: docker load and skopeo read them, but \
                    crane push would give all of them the media type of gzip.";
        Finding::warning("archive.docker-compression", digest.to_string(), text)
    })
}

/// A tag as Docker writes it: `alpine:3.20`, `ghcr.io/owner/app:1`.
pub(super) fn tag(name: &Name) -> Option<String> {
    let Name::Reference(Reference { registry, repository, tag: Some(tag), .. }) = name else {
        return None;
    };
    if registry.as_str() != Registry::DOCKER_HUB {
        return Some(format!("{registry}/{repository}:{tag}"));
    }
    let path = repository.as_str();
    Some(format!("{}:{tag}", path.strip_prefix("library/").unwrap_or(path)))
}
