//! One entry of `index.json`.

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::reference::{Reference, Tag};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::store::manifest_type;

const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// One manifest under one tag, or under none; or something else that a layout lists.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) media_type: MediaType,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    pub(crate) tag: Option<Box<str>>,
    /// Whether it has a name, if only one that is no tag.
    pub(super) has_name: bool,
    /// The entry's JSON.
    pub(super) json: Box<str>,
}

impl Entry {
    pub(super) fn new(descriptor: &Descriptor, tag: Option<&Tag>) -> Self {
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
            tag: tag.map(|t| t.as_str().into()),
            has_name: tag.is_some(),
            json: Value::Object(value).to_string().into(),
        }
    }

    /// Whether it is listed as something that a manifest may be.
    pub(crate) fn is_manifest(&self) -> bool {
        manifest_type::is_allowed(&self.media_type)
    }

    /// The same manifest without a tag.
    pub(super) fn without_tag(mut self) -> Self {
        self.tag = None;
        self.has_name = false;
        let Ok(Value::Object(mut value)) = serde_json::from_str(&self.json) else { return self };
        if let Some(Value::Object(annotations)) = value.get_mut("annotations") {
            annotations.shift_remove(REF_NAME);
            if annotations.is_empty() {
                value.shift_remove("annotations");
            }
        }
        self.json = Value::Object(value).to_string().into();
        self
    }

    fn read(value: Map<String, Value>) -> Result<Self, String> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let digest = text("digest").ok_or("an entry of index.json has no digest")?;
        let digest = Digest::parse(digest).map_err(|e| e.to_string())?;
        let size = value.get("size").and_then(Value::as_u64).ok_or_else(|| {
            format!("the entry {digest} of index.json has no size in bytes, zero or more")
        })?;
        let media_type = MediaType::new(text("mediaType").unwrap_or(MediaType::MANIFEST));
        let name = value.get("annotations").and_then(|a| a.get(REF_NAME));
        let tag = name.and_then(Value::as_str).and_then(|name| match Tag::parse(name) {
            Ok(tag) => Some(tag),
            // Some tools write the whole reference.
            Err(_) => Reference::parse(name).ok()?.tag,
        });
        Ok(Self {
            media_type,
            digest,
            size,
            tag: tag.map(|t| t.as_str().into()),
            has_name: name.is_some(),
            json: Value::Object(value).to_string().into(),
        })
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
