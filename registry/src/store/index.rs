//! A layout's `index.json`: which manifests a repository holds and which tags name them.
//!
//! image-spec, image-layout.md, "index.json file". A tag is an entry with
//! `org.opencontainers.image.ref.name`; a manifest that no tag names is one entry without it.
//! Fields that are not understood stay as they are.

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::reference::{Reference, Tag};
use serde_json::{Map, Value, json};

const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The entries of `index.json`.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    root: Map<String, Value>,
    entries: Vec<Entry>,
}

/// One manifest under one tag, or under none.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) media_type: MediaType,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) tag: Option<String>,
    value: Map<String, Value>,
}

impl Index {
    pub(crate) fn empty() -> Self {
        let mut root = Map::new();
        root.insert("schemaVersion".to_owned(), json!(2));
        root.insert("mediaType".to_owned(), json!(MediaType::INDEX));
        Self { root, entries: Vec::new() }
    }

    /// Reads `index.json`. With `lone_is_latest`, an only entry without a tag is `latest`.
    pub(crate) fn parse(bytes: &[u8], lone_is_latest: bool) -> Result<Self, String> {
        let value: Value =
            serde_json::from_slice(bytes).map_err(|e| format!("index.json is no JSON: {e}"))?;
        let Value::Object(mut root) = value else {
            return Err("index.json is no JSON object".to_owned());
        };
        let listed = match root.shift_remove("manifests") {
            Some(Value::Array(listed)) => listed,
            None | Some(Value::Null) => Vec::new(),
            Some(_) => return Err("\"manifests\" in index.json is no list".to_owned()),
        };
        let mut entries =
            listed.into_iter().map(Entry::read).collect::<Result<Vec<Entry>, String>>()?;
        if let [only] = &mut entries[..]
            && lone_is_latest
            && only.tag.is_none()
        {
            only.tag = Some("latest".to_owned());
        }
        Ok(Self { root, entries })
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut root = self.root.clone();
        let entries = self.entries.iter().map(|e| Value::Object(e.value.clone())).collect();
        root.insert("manifests".to_owned(), Value::Array(entries));
        // A map of strings and values always serialises.
        serde_json::to_vec(&Value::Object(root)).unwrap_or_default()
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn by_tag(&self, tag: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.tag.as_deref() == Some(tag))
    }

    pub(crate) fn by_digest(&self, digest: &Digest) -> Option<&Entry> {
        self.entries.iter().find(|e| e.digest == *digest)
    }

    /// Adds a manifest under tags, or under none. A tag that named another manifest moves.
    pub(crate) fn put(&mut self, descriptor: &Descriptor, tags: &[Tag]) {
        for tag in tags {
            if self.by_tag(tag.as_str()).is_some_and(|e| e.digest == descriptor.digest) {
                continue;
            }
            self.remove_tag(tag.as_str());
            self.entries
                .retain(|e| e.digest != descriptor.digest || e.tag.is_some() || e.has_name());
            self.entries.push(Entry::new(descriptor, Some(tag)));
        }
        if tags.is_empty() && self.by_digest(&descriptor.digest).is_none() {
            self.entries.push(Entry::new(descriptor, None));
        }
    }

    /// Removes a tag; the manifest stays, without a tag when this was its last one.
    pub(crate) fn remove_tag(&mut self, tag: &str) -> bool {
        let Some(at) = self.entries.iter().position(|e| e.tag.as_deref() == Some(tag)) else {
            return false;
        };
        let mut entry = self.entries.remove(at);
        if self.by_digest(&entry.digest).is_none() {
            entry.forget_tag();
            self.entries.push(entry);
        }
        true
    }

    /// Removes a manifest with all its tags.
    pub(crate) fn remove(&mut self, digest: &Digest) -> bool {
        let before = self.entries.len();
        self.entries.retain(|e| e.digest != *digest);
        self.entries.len() != before
    }
}

impl Entry {
    fn new(descriptor: &Descriptor, tag: Option<&Tag>) -> Self {
        let mut value = match serde_json::to_value(descriptor) {
            Ok(Value::Object(value)) => value,
            _ => Map::new(),
        };
        if let Some(tag) = tag {
            value.insert("annotations".to_owned(), json!({ REF_NAME: tag.as_str() }));
        }
        Self {
            media_type: descriptor.media_type.clone(),
            digest: descriptor.digest.clone(),
            size: descriptor.size,
            tag: tag.map(|t| t.as_str().to_owned()),
            value,
        }
    }

    fn read(value: Value) -> Result<Self, String> {
        let Value::Object(value) = value else {
            return Err("an entry of index.json is no JSON object".to_owned());
        };
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let digest = text("digest").ok_or("an entry of index.json has no digest")?;
        let digest = Digest::parse(digest).map_err(|e| e.to_string())?;
        let size = value.get("size").and_then(Value::as_u64).ok_or_else(|| {
            format!("the entry {digest} of index.json has no size in bytes, zero or more")
        })?;
        let media_type = MediaType::new(text("mediaType").unwrap_or(MediaType::MANIFEST));
        let name = value.get("annotations").and_then(|a| a.get(REF_NAME)).and_then(Value::as_str);
        let tag = name.and_then(|name| match Tag::parse(name) {
            Ok(tag) => Some(tag),
            // Some tools write the whole reference.
            Err(_) => Reference::parse(name).ok()?.tag,
        });
        let tag = tag.map(|t| t.as_str().to_owned());
        Ok(Self { media_type, digest, size, tag, value })
    }

    fn has_name(&self) -> bool {
        self.value.get("annotations").is_some_and(|a| a.get(REF_NAME).is_some())
    }

    fn forget_tag(&mut self) {
        self.tag = None;
        if let Some(Value::Object(annotations)) = self.value.get_mut("annotations") {
            annotations.shift_remove(REF_NAME);
            if annotations.is_empty() {
                self.value.shift_remove("annotations");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(text: &str) -> Descriptor {
        Descriptor::new(MediaType::MANIFEST, Digest::sha256(text.as_bytes()), text.len() as u64)
    }

    fn tag(text: &str) -> Tag {
        Tag::parse(text).expect("tag")
    }

    fn tags(index: &Index) -> Vec<(Option<&str>, &str)> {
        index.entries().iter().map(|e| (e.tag.as_deref(), e.digest.short())).collect()
    }

    #[test]
    fn a_tag_moves_and_leaves_the_manifest_untagged() {
        let (a, b) = (descriptor("a"), descriptor("b"));
        let mut index = Index::empty();
        index.put(&a, &[tag("1")]);
        index.put(&b, &[tag("1")]);
        assert_eq!(tags(&index), [(None, a.digest.short()), (Some("1"), b.digest.short())]);
        index.put(&a, &[tag("2"), tag("3")]);
        assert_eq!(index.entries().len(), 3, "the untagged entry has gone");
        let again = Index::parse(&index.to_bytes(), false).expect("own bytes");
        assert_eq!(tags(&again), tags(&index));
    }

    #[test]
    fn removing() {
        let a = descriptor("a");
        let mut index = Index::empty();
        index.put(&a, &[]);
        index.put(&a, &[]);
        assert_eq!(index.entries().len(), 1);
        index.put(&a, &[tag("1"), tag("2")]);
        assert!(index.remove_tag("1") && !index.remove_tag("1"));
        assert_eq!(tags(&index), [(Some("2"), a.digest.short())]);
        assert!(index.remove(&a.digest) && !index.remove(&a.digest));
    }

    #[test]
    fn unknown_fields_and_names_of_other_tools_stay() {
        let digest = Digest::sha256(b"a");
        let text = json!({
            "schemaVersion": 2,
            "x": [1],
            "manifests": [
                {"mediaType": MediaType::MANIFEST, "digest": digest, "size": 1, "y": true,
                 "annotations": {REF_NAME: "localhost:5000/app:2.0", "z": "1"}},
            ],
        });
        let index = Index::parse(text.to_string().as_bytes(), false).expect("index");
        assert_eq!(index.by_tag("2.0").map(|e| &e.digest), Some(&digest));
        let written: Value = serde_json::from_slice(&index.to_bytes()).expect("JSON");
        assert_eq!(written["x"], json!([1]));
        assert_eq!(written["manifests"][0], text["manifests"][0]);
    }

    #[test]
    fn a_lone_manifest_is_latest_where_nothing_is_written() {
        let digest = Digest::sha256(b"a");
        let text = json!({"manifests": [{"digest": digest, "size": 1}]}).to_string();
        let read = |lone| Index::parse(text.as_bytes(), lone).expect("index");
        assert!(read(true).by_tag("latest").is_some());
        assert!(read(false).by_tag("latest").is_none());
    }

    #[test]
    fn broken_index_files_are_refused_with_a_sentence() {
        for text in ["", "[]", "{\"manifests\":3}", "{\"manifests\":[3]}", "{\"manifests\":[{}]}"] {
            assert!(Index::parse(text.as_bytes(), false).is_err(), "{text}");
        }
    }
}
