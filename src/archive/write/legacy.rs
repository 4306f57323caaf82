//! What `docker save` wrote before version 1.10, and every `docker load` still takes: a folder for
//! each layer with its plain tar, and Docker's first form of images beside the present one.
//!
//! moby, image/spec/v1.md.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::docker::{image, tag};
use super::entry::{Entry, Lookup};
use super::error::WriteError;
use super::plan::{File, Folder, Part};
use crate::archive::paths::MANIFEST;
use crate::digest::Digest;
use crate::media_type::Kind;
use crate::spec::Manifest;

/// Version of the form of a layer's folder.
const VERSION: &str = "1.0";
/// What images without a time are said to be made at.
const NEVER: &str = "1970-01-01T00:00:00Z";
/// What the description of a layer repeats from the config of the image, for the uppermost one.
const REPEATED: [&str; 5] = ["architecture", "author", "config", "os", "variant"];

/// Plans such an archive. `documents` has the manifests of the entries and their configs, `sizes`
/// the bytes that layers have when they are unpacked. Tags are taken from the names that are whole
/// references.
///
/// # Errors
/// When an entry is an index or an artifact, has layers that are not to be had, something is
/// missing or can't be read, or a layer's size is not known.
pub fn legacy(
    entries: &[Entry],
    documents: &Lookup<'_>,
    sizes: &dyn Fn(&Digest) -> Option<u64>,
) -> Result<Folder, WriteError> {
    if entries.is_empty() {
        return Err(WriteError::Nothing);
    }
    let mut legacy = Legacy::default();
    for (at, entry) in entries.iter().enumerate() {
        let tags: Vec<String> = entry.names.iter().filter_map(tag).collect();
        legacy.image(at, &image(entry, documents)?, &tags, entry, documents, sizes)?;
    }
    Ok(legacy.finish())
}

#[derive(Default)]
struct Legacy {
    /// By path, so that what images share is written once.
    files: BTreeMap<String, Part>,
    items: Vec<Value>,
    /// The uppermost layer of each tag of a repository.
    repositories: BTreeMap<String, Map<String, Value>>,
}

impl Legacy {
    fn image(
        &mut self,
        at: usize,
        manifest: &Manifest,
        tags: &[String],
        entry: &Entry,
        documents: &Lookup<'_>,
        sizes: &dyn Fn(&Digest) -> Option<u64>,
    ) -> Result<(), WriteError> {
        let digest = &entry.descriptor.digest;
        let no_config = || WriteError::NoConfig(digest.clone());
        let named = manifest.config.as_ref().ok_or_else(no_config)?;
        let config = documents(&named.digest).ok_or_else(no_config)?;
        let facts = config.value().as_object().ok_or_else(no_config)?;
        let created = facts.get("created").cloned().unwrap_or_else(|| json!(NEVER));
        let path = format!("{}.json", named.digest.encoded());
        self.files.insert(path.clone(), Part::Bytes(config.bytes().clone()));
        let (mut layers, mut parent) = (Vec::new(), None::<String>);
        let last = manifest.layers.len();
        for (number, layer) in manifest.layers.iter().enumerate() {
            let layer = &layer.descriptor;
            if layer.media_type.is_foreign() {
                return Err(WriteError::Foreign(layer.digest.clone()));
            }
            if !matches!(layer.media_type.kind(), Kind::Layer(_)) {
                return Err(WriteError::NotAnImage(digest.clone()));
            }
            let is_last = number + 1 == last;
            let size = sizes(&layer.digest);
            let size = size.ok_or_else(|| WriteError::UnknownSize(layer.digest.clone()))?;
            // The same layers below give the same name, and the uppermost one stands for the image.
            let of_image = if is_last { named.digest.as_str() } else { "" };
            let seed = format!("{} {} {of_image}", parent.as_deref().unwrap_or(""), layer.digest);
            let id = Digest::sha256(seed.as_bytes()).encoded().to_owned();
            let mut described = json!({ "id": id, "created": created });
            if let (Some(parent), Some(described)) = (&parent, described.as_object_mut()) {
                described.insert("parent".to_owned(), json!(parent));
            }
            if let (true, Some(described)) = (is_last, described.as_object_mut()) {
                let known = REPEATED.iter().filter_map(|key| Some((*key, facts.get(*key)?)));
                described.extend(known.map(|(key, value)| (key.to_owned(), value.clone())));
            }
            let mut put = |name: &str, content: Part| {
                self.files.insert(format!("{id}/{name}"), content);
            };
            put("VERSION", Part::Bytes(VERSION.into()));
            put("json", Part::Bytes(described.to_string().into()));
            let (digest, packed) = (layer.digest.clone(), layer.size);
            put("layer.tar", Part::Tar { digest, packed, size, entry: at });
            layers.push(format!("{id}/layer.tar"));
            parent = Some(id);
        }
        for tag in tags {
            if let (Some((repository, tag)), Some(top)) = (tag.rsplit_once(':'), &parent) {
                let of_it = self.repositories.entry(repository.to_owned()).or_default();
                of_it.insert(tag.to_owned(), json!(top));
            }
        }
        self.items.push(json!({ "Config": path, "RepoTags": tags, "Layers": layers }));
        Ok(())
    }

    fn finish(self) -> Folder {
        let files = self.files.into_iter().map(|(path, content)| File { path, content });
        let mut folder = Folder { files: files.collect(), notes: Vec::new() };
        folder.put(MANIFEST, Value::Array(self.items).to_string());
        folder.put("repositories", json!(self.repositories).to_string());
        folder
    }
}
