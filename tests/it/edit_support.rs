//! Images to edit, and what must hold of everything that comes of it.

use std::collections::BTreeMap;

use bytes::Bytes;
use drydock::descriptor::{Descriptor, identify};
use drydock::digest::{DiffId, Digest};
use drydock::document::Document;
use drydock::edit::{
    Action, Base, Change, ConfigEdit, Context, Draft, Edit, EditError, Image, Input, LayerEdit,
    LayerInput, Packing, Pinned, Recipe, RecipeId, Time, apply, is_provisional,
};
use drydock::layer::write::{BuiltLayer, Keep, NewEntry, NewNode};
use drydock::media_type::{Compression, MediaType};
use drydock::platform::Platform;
use drydock::reference::Reference;
use drydock::spec::{self, Claims, View};
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2024-05-01T12:00:00Z";

/// A document with these bytes.
pub(crate) fn document(media_type: &str, text: &str) -> Document {
    let (digest, bytes) = identify(Bytes::copy_from_slice(text.as_bytes()));
    let descriptor = Some(MediaType::new(media_type));
    let claims = Claims { content_type: None, descriptor };
    spec::read(&bytes, &digest, &claims, "document").document.expect("JSON")
}

pub(crate) fn sha(text: &str) -> Digest {
    Digest::sha256(text.as_bytes())
}

pub(crate) fn layer(media_type: &str, name: &str) -> Value {
    json!({"mediaType": media_type, "digest": sha(name), "size": name.len()})
}

pub(crate) fn diff_id(name: &str) -> Digest {
    sha(&format!("tar of {name}"))
}

/// What an image is made from.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) config: Value,
    pub(crate) manifest: Value,
}

/// An image with one OCI gzip layer and one step of the history for each name.
pub(crate) fn made(platform: &str, layers: &[&str]) -> Made {
    let platform: Platform = platform.parse().expect("platform");
    let mut config = json!({"created": "2020-01-01T00:00:00Z", "author": "somebody",
        "architecture": platform.architecture, "os": platform.os});
    if let Some(variant) = &platform.variant {
        config["variant"] = json!(variant);
    }
    if let Some(version) = &platform.os_version {
        config["os.version"] = json!(version);
    }
    config["config"] = json!({"Env": ["PATH=/bin"], "Entrypoint": ["/app"], "Cmd": ["serve"]});
    config["rootfs"] = json!({"type": "layers",
        "diff_ids": layers.iter().map(|name| diff_id(name)).collect::<Vec<_>>()});
    config["history"] = layers
        .iter()
        .map(
            |name| json!({"created": "2020-01-01T00:00:00Z", "created_by": format!("make {name}")}),
        )
        .collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST, "config": null,
        "layers": layers.iter().map(|name| layer(MediaType::LAYER_GZIP, name)).collect::<Vec<_>>()});
    Made { config, manifest }
}

impl Made {
    /// The same with Docker's media types.
    pub(crate) fn docker(mut self) -> Self {
        self.manifest["mediaType"] = json!(MediaType::DOCKER_MANIFEST);
        for layer in self.manifest["layers"].as_array_mut().expect("layers") {
            layer["mediaType"] = json!(MediaType::DOCKER_LAYER_GZIP);
        }
        self
    }

    pub(crate) fn image(&self) -> Image {
        self.image_of(&self.config.to_string(), Value::to_string)
    }

    /// With the text of the config and a way to write the manifest.
    pub(crate) fn image_of(&self, config: &str, write: impl Fn(&Value) -> String) -> Image {
        let docker = self.manifest["mediaType"] == MediaType::DOCKER_MANIFEST;
        let (config_type, manifest_type) = match docker {
            true => (MediaType::DOCKER_CONFIG, MediaType::DOCKER_MANIFEST),
            false => (MediaType::CONFIG, MediaType::MANIFEST),
        };
        let config = document(config_type, config);
        let mut manifest = self.manifest.clone();
        let mut descriptor = serde_json::to_value(config.descriptor()).expect("JSON");
        if manifest["config"].is_object() {
            for (name, value) in manifest["config"].as_object().expect("object") {
                descriptor[name] = value.clone();
            }
        }
        manifest["config"] = descriptor;
        let manifest = document(manifest_type, &write(&manifest));
        Image::manifest(manifest, Some(config)).expect("an image")
    }
}

pub(crate) fn image(platform: &str, layers: &[&str]) -> Image {
    made(platform, layers).image()
}

/// An entry of an index.
pub(crate) fn entry(image: &Image, platform: &str) -> Value {
    let mut entry = serde_json::to_value(image.document().descriptor()).expect("JSON");
    entry["platform"] = json!(platform.parse::<Platform>().expect("platform"));
    entry
}

/// What BuildKit lists beside an image.
pub(crate) fn attestation(of: &Image) -> (Image, Value) {
    let config = json!({"mediaType": MediaType::EMPTY, "digest": sha("{}"), "size": 2});
    let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST, "config": config,
        "layers": [{"mediaType": MediaType::IN_TOTO, "digest": sha("statement"), "size": 9,
            "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}}],
        "artifactType": "application/vnd.docker.attestation.manifest.v1+json",
        "note": of.digest()});
    let manifest = document(MediaType::MANIFEST, &manifest.to_string());
    let image = Image::manifest(manifest, None).expect("an artifact");
    let mut listed = entry(&image, "unknown/unknown");
    listed["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": of.digest()});
    (image, listed)
}

/// An index with fields that nobody knows.
pub(crate) fn index(entries: &[Value], children: &[&Image]) -> Image {
    index_of(MediaType::INDEX, entries, children)
}

pub(crate) fn index_of(media_type: &str, entries: &[Value], children: &[&Image]) -> Image {
    let index = json!({"schemaVersion": 2, "mediaType": media_type, "x-before": [1, {"y": null}],
        "manifests": entries, "annotations": {"z": "1", "a": "2"}, "x-behind": "kept"});
    let document = document(media_type, &index.to_string());
    Image::index(document, children.iter().copied().cloned()).expect("an index")
}

/// An index for linux/amd64 and linux/arm64/v8 with an attestation of the first.
pub(crate) fn multi(layers: &[&str]) -> Image {
    let (amd64, arm64) = (image("linux/amd64", layers), image("linux/arm64/v8", layers));
    let (statement, listed) = attestation(&amd64);
    let entries = [entry(&amd64, "linux/amd64"), entry(&arm64, "linux/arm64/v8"), listed];
    index(&entries, &[&amd64, &arm64, &statement])
}

pub(crate) fn pinned(name: &str, image: &Image) -> Pinned {
    Pinned::new(Reference::parse(name).expect("reference"), image.digest().clone())
}

pub(crate) fn draft(image: &Image, edits: Vec<Edit>) -> Draft {
    let base = Base::Image(pinned("localhost:5000/app:1", image));
    Draft { edits, ..Draft::new(base) }
}

pub(crate) fn all(actions: impl IntoIterator<Item = Action>) -> Vec<Edit> {
    actions.into_iter().map(Edit::all).collect()
}

pub(crate) fn now() -> Time {
    NOW.parse().expect("time")
}

/// Applies without anything built.
pub(crate) fn plan(image: &Image, draft: &Draft, bases: &[Image]) -> Result<Change, EditError> {
    let built = BTreeMap::new();
    let change = apply(image, draft, &Context { built: &built, now: now(), bases })?;
    check(&change);
    Ok(change)
}

/// Applies, builds what is needed, and applies again.
pub(crate) fn run(image: &Image, draft: &Draft, bases: &[Image]) -> Result<Change, EditError> {
    let first = plan(image, draft, bases)?;
    let built = build(&first);
    let change = apply(image, draft, &Context { built: &built, now: now(), bases })?;
    assert!(!change.is_pending(), "{:?}", change.pending);
    check(&change);
    Ok(change)
}

#[track_caller]
pub(crate) fn edited(image: &Image, edits: Vec<Edit>) -> Change {
    run(image, &draft(image, edits), &[]).expect("edits that can be done")
}

#[track_caller]
pub(crate) fn refused(image: &Image, edits: Vec<Edit>) -> String {
    run(image, &draft(image, edits), &[]).expect_err("edits that can't be done").to_string()
}

/// Facts that a builder might have come to.
pub(crate) fn build(change: &Change) -> BTreeMap<RecipeId, BuiltLayer> {
    let mut built: BTreeMap<RecipeId, BuiltLayer> = BTreeMap::new();
    for (id, recipe) in &change.recipes {
        assert_eq!(recipe.id(), *id);
        let input = |input: &Input| match input {
            Input::Blob { diff_id, .. } => diff_id.clone(),
            Input::Recipe(id) => built.get(id).expect("built before").diff_id.clone(),
        };
        let diff_id = match recipe {
            Recipe::Recompress { layer, .. } => input(layer),
            // Nothing is called "absent" in any layer.
            Recipe::Strip { layer, paths, .. } if *paths == ["absent"] => input(layer),
            _ => DiffId(sha(&format!("tar of {id}"))),
        };
        let fact = BuiltLayer {
            compression: recipe.compression().unwrap_or(Compression::Gzip),
            digest: sha(&format!("blob of {id}")),
            size: 1000,
            diff_id,
            uncompressed_size: 2000,
        };
        built.insert(id.clone(), fact);
    }
    built
}

/// What must hold of every change.
pub(crate) fn check(change: &Change) {
    let mut known: BTreeMap<Digest, u64> = BTreeMap::new();
    for blob in &change.blobs {
        let descriptor = &blob.descriptor;
        assert!(known.insert(descriptor.digest.clone(), descriptor.size).is_none(), "listed twice");
    }
    for unread in &change.unread {
        known.insert(unread.digest.clone(), unread.size);
    }
    for changed in &change.documents {
        let document = &*changed.document;
        let digest = Digest::sha256(document.bytes());
        if is_provisional(document.digest()) {
            assert!(change.is_pending());
        } else if document.digest().algorithm_name() == "sha256" {
            assert_eq!(*document.digest(), digest, "{}", changed.label);
        }
        for pointed in pointers(document.value()) {
            let size = known.get(&pointed.digest);
            let of = &changed.label;
            assert_eq!(size, Some(&pointed.size), "{of} points to {}", pointed.digest);
            if let Some(data) = &pointed.data {
                let bytes = change.bytes(&pointed.digest).expect("a document");
                use base64::Engine as _;
                assert_eq!(*data, base64::engine::general_purpose::STANDARD.encode(bytes));
            }
        }
        let size = document.bytes().len() as u64;
        assert!(known.insert(document.digest().clone(), size).is_none(), "listed twice");
    }
    let root = change.documents.last().expect("a root");
    assert_eq!(change.root, root.document.descriptor());
    for referrer in &change.referrers {
        let manifest = referrer.documents.last().expect("a manifest");
        assert_eq!(manifest.digest(), &referrer.descriptor.digest);
        let subject = &manifest.value()["subject"];
        assert_eq!(subject["digest"], referrer.subject.as_str());
        let known = known.get(&referrer.subject).copied();
        assert_eq!(subject["size"].as_u64(), known, "the subject is part of the image");
    }
    assert_eq!(change.pending.is_empty(), !change.is_pending());
}

/// What a manifest or index points to as its parts.
fn pointers(value: &Value) -> Vec<Descriptor> {
    let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut values = list("layers");
    values.extend(list("manifests"));
    if value["layers"].is_array() {
        values.push(value["config"].clone());
    }
    values.iter().filter_map(|value| spec::read_descriptor(value, "part").0).collect()
}

/// The new document with this label.
#[track_caller]
pub(crate) fn value(change: &Change, label: &str) -> Value {
    let found = change.documents.iter().find(|document| document.label == label);
    found.unwrap_or_else(|| panic!("no {label}")).document.value().clone()
}

#[track_caller]
pub(crate) fn text(change: &Change, label: &str) -> String {
    let found = change.documents.iter().find(|document| document.label == label);
    let bytes = found.unwrap_or_else(|| panic!("no {label}")).document.bytes();
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

pub(crate) fn rules(change: &Change) -> Vec<&str> {
    change.findings.iter().map(|finding| &*finding.rule).collect()
}

/// Names of the image's layers: those that the tests gave, or the kind of recipe.
pub(crate) fn layers(change: &Change, label: &str, names: &[&str]) -> Vec<String> {
    let value = value(change, label);
    let layers = value["layers"].as_array().expect("layers").iter();
    let name = |layer: &Value| {
        let digest = layer["digest"].as_str().expect("digest");
        let known = names.iter().find(|name| sha(name).as_str() == digest);
        known.map_or_else(
            || {
                let made = change.recipes.iter().find(|(id, _)| {
                    sha(&format!("blob of {id}")).as_str() == digest
                        || digest.ends_with(id.0.encoded())
                });
                made.map_or_else(|| digest.to_owned(), |(_, recipe)| kind(recipe).to_owned())
            },
            |name| (*name).to_owned(),
        )
    };
    layers.map(name).collect()
}

fn kind(recipe: &Recipe) -> &'static str {
    match recipe {
        Recipe::Given { .. } => "given",
        Recipe::Files { .. } => "files",
        Recipe::Flatten { .. } => "flat",
        Recipe::Strip { .. } => "stripped",
        Recipe::Times { .. } => "timed",
        Recipe::Recompress { .. } => "packed",
    }
}

/// `created_by` of every step, those without a layer in brackets.
pub(crate) fn history(change: &Change, label: &str) -> Vec<String> {
    let value = value(change, label);
    let steps = value["history"].as_array().cloned().unwrap_or_default();
    let step = |step: &Value| {
        let text = step["created_by"].as_str().unwrap_or_default().to_owned();
        if step["empty_layer"] == true { format!("[{text}]") } else { text }
    };
    steps.iter().map(step).collect()
}

pub(crate) fn given(name: &str) -> Action {
    let (digest, size) = (sha(name), name.len() as u64);
    let packing = Packing::default();
    let layer = LayerInput::Given { name: name.to_owned(), digest, size, packing };
    Action::Layers(LayerEdit::Add { layer, base: Default::default() })
}

pub(crate) fn file(path: &str) -> NewEntry {
    let node = NewNode::File { digest: sha(path), size: path.len() as u64 };
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

pub(crate) fn label(name: &str, value: Option<&str>) -> Action {
    let value = value.map(str::to_owned);
    Action::Config(ConfigEdit::Label { name: name.to_owned(), value })
}

pub(crate) fn env(name: &str, value: Option<&str>) -> Action {
    let value = value.map(str::to_owned);
    Action::Config(ConfigEdit::Env { name: name.to_owned(), value })
}

pub(crate) fn words(text: &str) -> Option<Vec<String>> {
    Some(text.split_whitespace().map(str::to_owned).collect())
}

/// Whether a document is read as an image's without a finding.
#[track_caller]
pub(crate) fn reads_well(change: &Change) {
    for changed in &change.documents {
        let (digest, bytes) = identify(changed.document.bytes().clone());
        let descriptor = Some(changed.document.media_type().clone());
        let read =
            spec::read(&bytes, &digest, &Claims { content_type: None, descriptor }, "document");
        assert_ne!(read.view, View::Raw, "{}", changed.label);
        assert_eq!(read.findings, [], "{}", changed.label);
    }
}
