//! What a manifest says that a registry must know: what it points to, and what it is about.
//!
//! image-spec, manifest.md and image-index.md.

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::media_type::{Kind, MediaType};
use serde_json::{Map, Value};

use super::index::Entry;

/// The parts of a manifest that matter to a registry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outline {
    /// The manifest that this one is about.
    pub(crate) subject: Option<Digest>,
    /// `artifactType`, or for a manifest without one its config's type.
    pub(crate) artifact_type: Option<String>,
    /// The manifest's own annotations.
    pub(crate) annotations: Option<Map<String, Value>>,
    /// The config of a manifest.
    pub(crate) config: Option<Link>,
    /// The layers of a manifest.
    pub(crate) layers: Vec<Link>,
    /// The children of an index.
    pub(crate) manifests: Vec<Link>,
}

/// A descriptor, as far as a registry looks into it.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) media_type: MediaType,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
}

impl Outline {
    /// Reads a manifest of a type. The error is a sentence for whoever pushed it.
    pub(crate) fn read(media_type: &MediaType, bytes: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|e| format!("the manifest is no valid JSON: {e}"))?;
        let Value::Object(root) = value else {
            return Err("the manifest is no JSON object".to_owned());
        };
        if let Some(said) = root.get("mediaType").and_then(Value::as_str)
            && MediaType::new(said) != *media_type
        {
            return Err(format!(
                "the manifest says mediaType {said}, but was sent as {media_type}; send it as what it says"
            ));
        }
        let is_index = match media_type.kind() {
            Kind::Index => true,
            Kind::Manifest => false,
            _ => return Ok(Self::default()),
        };
        if root.get("schemaVersion").and_then(Value::as_u64) != Some(2) {
            return Err("schemaVersion of the manifest is not 2".to_owned());
        }
        // A document that is both would be read as one thing by some and as the other by others.
        let foreign: &[&str] = if is_index { &["config", "layers"] } else { &["manifests"] };
        if let Some(name) = foreign.iter().find(|name| root.contains_key(**name)) {
            return Err(format!("a manifest of type {media_type} must not have \"{name}\""));
        }
        let mut outline = Self {
            annotations: root.get("annotations").and_then(Value::as_object).cloned(),
            artifact_type: text(&root, "artifactType"),
            ..Self::default()
        };
        if let Some(subject) = root.get("subject").filter(|v| !v.is_null()) {
            outline.subject = Some(Link::read("subject", subject)?.digest);
        }
        if is_index {
            outline.manifests = list(&root, "manifests")?;
            return Ok(outline);
        }
        let config = root.get("config").ok_or("the manifest has no config")?;
        let config = Link::read("config", config)?;
        if outline.artifact_type.is_none() {
            outline.artifact_type = Some(config.media_type.as_str().to_owned());
        }
        outline.config = Some(config);
        outline.layers = list(&root, "layers")?;
        Ok(outline)
    }
}

impl From<&Entry> for Link {
    fn from(entry: &Entry) -> Self {
        Self {
            media_type: entry.media_type.clone(),
            digest: entry.digest.clone(),
            size: entry.size,
        }
    }
}

impl Link {
    pub(crate) fn of(descriptor: &Descriptor) -> Self {
        let Descriptor { media_type, digest, size, .. } = descriptor.clone();
        Self { media_type, digest, size }
    }

    fn read(place: &str, value: &Value) -> Result<Self, String> {
        let field = |name: &str| {
            value.get(name).ok_or_else(|| format!("the descriptor in \"{place}\" has no {name}"))
        };
        let digest = field("digest")?.as_str().unwrap_or_default();
        let digest = Digest::parse(digest)
            .map_err(|e| format!("the descriptor in \"{place}\" is not valid: {e}"))?;
        let size = field("size")?.as_u64().ok_or_else(|| {
            format!("the size of {digest} in \"{place}\" is no whole number, zero or more")
        })?;
        let media_type = MediaType::new(field("mediaType")?.as_str().unwrap_or_default());
        Ok(Self { media_type, digest, size })
    }
}

fn text(root: &Map<String, Value>, name: &str) -> Option<String> {
    root.get(name).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
}

fn list(root: &Map<String, Value>, name: &str) -> Result<Vec<Link>, String> {
    match root.get(name) {
        Some(Value::Array(listed)) => listed.iter().map(|v| Link::read(name, v)).collect(),
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(_) => Err(format!("\"{name}\" of the manifest is no list")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(media_type: &str, value: &Value) -> Result<Outline, String> {
        Outline::read(&MediaType::new(media_type), value.to_string().as_bytes())
    }

    fn link(media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": Digest::sha256(b"{}"), "size": 2})
    }

    #[test]
    fn the_config_type_stands_in_for_the_artifact_type_of_manifests_only() {
        let mut manifest = json!({"schemaVersion": 2, "config": link("x/y"), "layers": []});
        let of = |m: &Value| read(MediaType::MANIFEST, m).expect("valid").artifact_type;
        assert_eq!(of(&manifest).as_deref(), Some("x/y"));
        manifest["artifactType"] = json!("a/b");
        assert_eq!(of(&manifest).as_deref(), Some("a/b"));
        let index = json!({"schemaVersion": 2, "manifests": [link("x/y")], "subject": link("q/r")});
        let index = read(MediaType::INDEX, &index).expect("valid");
        assert_eq!(index.artifact_type, None);
        assert!(index.subject.is_some());
    }

    #[test]
    fn what_is_refused() {
        let config = link(MediaType::CONFIG);
        for (media_type, value) in [
            (MediaType::MANIFEST, json!([])),
            (MediaType::MANIFEST, json!({"schemaVersion": 1, "config": config})),
            (MediaType::MANIFEST, json!({"schemaVersion": 2})),
            (MediaType::MANIFEST, json!({"schemaVersion": 2, "config": {}})),
            (MediaType::MANIFEST, json!({"schemaVersion": 2, "config": config, "layers": 1})),
            (MediaType::MANIFEST, json!({"schemaVersion": 2, "config": config, "manifests": []})),
            (MediaType::INDEX, json!({"schemaVersion": 2, "manifests": [], "layers": []})),
            (MediaType::INDEX, json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST})),
            (
                MediaType::MANIFEST,
                json!({"schemaVersion": 2, "config": {"mediaType": "a/b", "size": -1,
                       "digest": Digest::sha256(b"")}}),
            ),
        ] {
            assert!(read(media_type, &value).is_err(), "{value}");
        }
        assert!(Outline::read(&MediaType::new(MediaType::MANIFEST), b"{").is_err());
    }
}
