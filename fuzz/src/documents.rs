//! JSON documents.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use drydock::descriptor::identify;
use drydock::document::Document;
use drydock::edit::{
    Action, Annotated, Base, Change, Context, Draft, Edit, Image, Pinned, apply, link,
};
use drydock::media_type::MediaType;
use drydock::reference::Reference;
use drydock::registry::auth::docker_config::DockerConfig;
use drydock::spec::{self, Claims, Config, Index, Manifest};
use serde_json::Value;

/// The types that a document may claim to have; the first byte chooses one.
pub(crate) const TYPES: [&str; 7] = [
    MediaType::MANIFEST,
    MediaType::INDEX,
    MediaType::CONFIG,
    MediaType::DOCKER_MANIFEST,
    MediaType::DOCKER_LIST,
    MediaType::SCHEMA1_SIGNED,
    "application/json",
];

/// A manifest, config or schema 1 document.
pub fn manifest(data: &[u8]) {
    let Some(document) = read(data) else { return };
    if let (Some(manifest), _) = Manifest::read(&document, "manifest") {
        let _ = manifest.is_image();
        let _ = manifest.layers_size();
        let _ = manifest.effective_type();
    }
    if let (Some(config), _) = Config::read(&document, "config") {
        for layer in [0, 1, usize::MAX] {
            let (diff_id, chain_id) = (config.diff_id(layer), config.chain_id(layer));
            assert!(chain_id.is_none() || diff_id.is_some());
        }
    }
}

/// An index.
pub fn index(data: &[u8]) {
    let Some(document) = read(data) else { return };
    let _ = Index::read(&document, "index");
    let entries = document.value().get("manifests").and_then(Value::as_array);
    assert!(entries.is_none_or(|entries| entries.len() < data.len()));
}

/// An edit changes what it is about, and nothing else.
pub fn json_tree(data: &[u8]) {
    let Some(document) = read(data) else { return };
    let (value, bytes) = (document.value().clone(), document.bytes().clone());
    let image = match document.media_type().as_str() {
        MediaType::INDEX | MediaType::DOCKER_LIST => Image::index(document, []),
        _ => Image::manifest(document, None),
    };
    let Ok(image) = image else { return };
    if let Some(change) = edited(&image, []) {
        let same = change.documents.iter().any(|changed| *changed.document.bytes() == bytes);
        assert!(same, "a document that no edit is about keeps its bytes");
    }
    let on = if image.is_index() { Annotated::Index } else { Annotated::Manifest };
    let name = "dev.drydock.fuzz";
    let annotate = |value: Option<&str>| {
        Edit::all(Action::Annotation { on, name: name.to_owned(), value: value.map(str::to_owned) })
    };
    let Some(change) = edited(&image, [annotate(Some("1"))]) else { return };
    let Some(root) = change.documents.last() else { return };
    let mut found = root.document.value().clone();
    let annotations = found.get_mut("annotations").and_then(Value::as_object_mut);
    let annotations = annotations.expect("the annotation stands in a map");
    assert_eq!(annotations.shift_remove(name), Some("1".into()));
    let mut expected = value;
    if annotations.is_empty() {
        for value in [&mut found, &mut expected] {
            value.as_object_mut().map(|object| object.shift_remove("annotations"));
        }
    }
    if let Some(before) = expected.get_mut("annotations").and_then(Value::as_object_mut) {
        before.shift_remove(name);
    }
    assert_eq!(without_empty(found), without_empty(expected));
}

/// A draft that came in a link is written as the same one.
pub fn draft_link(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Mutations hit JSON more often when it is not encoded.
    let encoded = URL_SAFE_NO_PAD.encode(text);
    for text in [text, &encoded] {
        let Ok(draft) = link::read(text) else { continue };
        let _ = link::secrets(&draft);
        let _ = link::files(&draft);
        for edit in &draft.edits {
            let _ = edit.action.summary();
        }
        if let Ok(written) = link::write(&draft) {
            assert_eq!(link::read(&written).as_ref(), Ok(&draft));
        }
        let Some(image) = draft.base.empty() else { continue };
        let (built, bases) = (BTreeMap::new(), []);
        let now = "2024-05-01T12:00:00Z".parse().expect("time");
        let _ = apply(&image, &draft, &Context { built: &built, now, bases: &bases });
    }
}

/// Docker's file of logins.
pub fn docker_config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(error) = DockerConfig::parse(text) {
        assert!(!error.to_string().is_empty());
    }
}

fn read(data: &[u8]) -> Option<Document> {
    let (kind, text) = data.split_first()?;
    let media_type = TYPES.get(usize::from(*kind) % TYPES.len())?;
    let (digest, bytes) = identify(Bytes::copy_from_slice(text));
    let claims = Claims { content_type: None, descriptor: Some(MediaType::new(media_type)) };
    let read = spec::read(&bytes, &digest, &claims, "document");
    assert!(read.document.is_some() || !read.findings.is_empty(), "what is no JSON is said");
    read.document
}

fn edited<const N: usize>(image: &Image, edits: [Edit; N]) -> Option<Change> {
    let reference = Reference::parse("localhost:5000/app:1").ok()?;
    let base = Base::Image(Pinned::new(reference, image.digest().clone()));
    let draft = Draft { edits: edits.into(), ..Draft::new(base) };
    let (built, bases) = (BTreeMap::new(), []);
    let now = "2024-05-01T12:00:00Z".parse().ok()?;
    apply(image, &draft, &Context { built: &built, now, bases: &bases }).ok()
}

/// An absent map and an empty one say the same.
fn without_empty(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut()
        && object
            .get("annotations")
            .is_some_and(|a| a.is_null() || a == &Value::Object(Default::default()))
    {
        object.shift_remove("annotations");
    }
    value
}
