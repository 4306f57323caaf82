//! The list of referrers that clients keep under a tag where the registry keeps none.
//!
//! distribution-spec, "Referrers Tag Schema" and "Pushing Manifests with Subject". The list is an
//! image index; only its entries are touched, whatever else is in it stays.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::digest::Digest;
use crate::document::Document;
use crate::json;
use crate::media_type::{Kind, MediaType};

/// A list without entries.
#[must_use]
pub fn empty() -> Value {
    json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": []})
}

/// Reads what lies under a fallback tag.
///
/// # Errors
/// What else it is than such a list.
pub fn read(bytes: &[u8]) -> Result<Value, &'static str> {
    let parsed = json::parse(bytes, "list of referrers");
    let value = parsed.value.ok_or("it holds no JSON")?;
    let index = value.get("manifests").is_some_and(|list| list.is_array() || list.is_null());
    let other = ["config", "layers"].iter().any(|key| value.get(key).is_some());
    let media_type = value.get("mediaType").and_then(Value::as_str);
    if !index || other || media_type.is_some_and(|text| text != MediaType::INDEX) {
        return Err("it holds something else than an image index");
    }
    if !parsed.findings.is_empty() {
        return Err("it holds JSON that two readers could read in two ways");
    }
    Ok(value)
}

/// The bytes to write. An unchanged list that was read is not written again, so that its bytes need
/// not come back as they were.
#[must_use]
pub fn to_bytes(index: &Value) -> Bytes {
    index.to_string().into()
}

/// The entry for a manifest: its artifact type, which is the config's type where it has none of its
/// own, and its annotations.
#[must_use]
pub fn entry(document: &Document) -> Value {
    let (value, descriptor) = (document.value(), document.descriptor());
    let mut entry = Map::new();
    entry.insert("mediaType".to_owned(), json!(descriptor.media_type));
    entry.insert("digest".to_owned(), json!(descriptor.digest));
    entry.insert("size".to_owned(), json!(descriptor.size));
    let text = |pointer: &str| {
        let text = value.pointer(pointer).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    let is_index = descriptor.media_type.kind() == Kind::Index;
    let config = text("/config/mediaType").filter(|_| !is_index);
    if let Some(artifact_type) = text("/artifactType").or(config) {
        entry.insert("artifactType".to_owned(), json!(artifact_type));
    }
    let annotations = value.get("annotations").and_then(Value::as_object);
    if let Some(annotations) = annotations.filter(|annotations| !annotations.is_empty()) {
        entry.insert("annotations".to_owned(), Value::Object(annotations.clone()));
    }
    Value::Object(entry)
}

/// Adds the entries that are not there yet, in the order of their digests behind those that are.
/// What stands there more than once stays once. True when anything has changed.
pub fn add(index: &mut Value, entries: &[Value]) -> bool {
    let before = list(index);
    let mut after: Vec<Value> = Vec::with_capacity(before.len().saturating_add(entries.len()));
    let mut new = entries.to_vec();
    new.sort_by_key(|entry| names(entry).unwrap_or_default().to_owned());
    let mut seen = std::collections::BTreeSet::new();
    for entry in before.iter().chain(&new) {
        let is_new = names(entry).is_none_or(|digest| seen.insert(digest.to_owned()));
        if is_new {
            after.push(entry.clone());
        }
    }
    replace(index, after)
}

/// Removes the entries for a digest. True when there were any.
pub fn remove(index: &mut Value, digest: &Digest) -> bool {
    let mut after = list(index);
    after.retain(|entry| names(entry) != Some(digest.as_str()));
    replace(index, after)
}

fn replace(index: &mut Value, after: Vec<Value>) -> bool {
    let Value::Object(fields) = index else { return false };
    let after = Value::Array(after);
    if fields.get("manifests") == Some(&after) {
        return false;
    }
    fields.insert("manifests".to_owned(), after);
    true
}

fn list(index: &Value) -> Vec<Value> {
    index.get("manifests").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn names(entry: &Value) -> Option<&str> {
    entry.get("digest").and_then(Value::as_str)
}
