//! What a document needs to be of use where it is sent.

use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::Document;
use crate::media_type::Kind;
use crate::source::Fetched;
use crate::spec::{self, Claims, Index, Manifest, classify, read_descriptor};

/// Type of manifests of artifacts before OCI 1.1; they name `blobs` where others have layers.
const ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";

/// What a manifest or index points to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Manifests and indexes that an index lists.
    pub manifests: Vec<Descriptor>,
    /// Config and layers of a manifest, and blobs that an index lists (a build cache).
    pub blobs: Vec<Descriptor>,
    /// What the document is about.
    pub subject: Option<Descriptor>,
}

impl Links {
    /// The configs among the blobs.
    pub fn configs(&self) -> impl Iterator<Item = &Descriptor> {
        self.blobs.iter().filter(|blob| blob.media_type.kind() == Kind::Config)
    }

    /// The layers among the blobs.
    pub fn layers(&self) -> impl Iterator<Item = &Descriptor> {
        self.blobs.iter().filter(|blob| blob.media_type.kind().compression().is_some())
    }
}

/// Why a document can't be sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Not JSON.
    #[error("it is not JSON")]
    NotJson,
    /// Fields of an index and of a manifest.
    #[error("two readers could see two images in it")]
    Ambiguous,
    /// Not everything that it points to can be read.
    #[error("it points to something that can't be read")]
    Unreadable,
    /// Docker's schema 1.
    #[error("it is a manifest of Docker's schema 1, which registries no longer take")]
    Schema1,
}

/// A document as it came, by its descriptor when one led to it; `None` when it is not JSON.
pub fn read(fetched: &Fetched, descriptor: Option<&Descriptor>) -> Option<Document> {
    let claims = Claims {
        content_type: fetched.media_type.clone().filter(|_| descriptor.is_none()),
        descriptor: descriptor.map(|descriptor| descriptor.media_type.clone()),
    };
    spec::read(&fetched.bytes, &fetched.digest, &claims, "document").document
}

/// Reads what a document points to; nothing, for a document of an unknown type.
///
/// # Errors
/// When something of it can't be read, as then nobody knows what is missing.
pub fn links(document: &Document) -> Result<Links, Unusable> {
    let (value, media_type) = (document.value(), document.media_type());
    let claims = Claims { descriptor: Some(media_type.clone()), content_type: None };
    let (kind, ..) = classify(value, &claims, "document");
    match media_type.kind() {
        Kind::Schema1 => Err(Unusable::Schema1),
        known @ (Kind::Index | Kind::Manifest) if known != kind => Err(Unusable::Ambiguous),
        Kind::Index => {
            let (index, _) = Index::read(document, "index");
            let index = index.ok_or(Unusable::Unreadable)?;
            complete(value, "manifests", index.manifests.len())?;
            subject(value, index.subject.is_some())?;
            let (manifests, blobs) =
                index.manifests.into_iter().partition(|entry| entry.media_type.is_manifest());
            Ok(Links { manifests, blobs, subject: index.subject })
        }
        Kind::Manifest => {
            let (manifest, _) = Manifest::read(document, "manifest");
            let manifest = manifest.ok_or(Unusable::Unreadable)?;
            complete(value, "layers", manifest.layers.len())?;
            subject(value, manifest.subject.is_some())?;
            let config = manifest.config.ok_or(Unusable::Unreadable)?;
            let layers = manifest.layers.into_iter().map(|layer| layer.descriptor);
            let blobs = std::iter::once(config).chain(layers).collect();
            Ok(Links { manifests: Vec::new(), blobs, subject: manifest.subject })
        }
        _ if media_type.as_str() == ARTIFACT => artifact(value),
        _ => Ok(Links::default()),
    }
}

fn artifact(value: &Value) -> Result<Links, Unusable> {
    let read = |value: &Value| read_descriptor(value, "blob").0.ok_or(Unusable::Unreadable);
    let blobs = match value.get("blobs") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(blobs)) => blobs.iter().map(read).collect::<Result<_, _>>()?,
        Some(_) => return Err(Unusable::Unreadable),
    };
    let subject = value.get("subject").filter(|subject| !subject.is_null());
    let subject = subject.map(read).transpose()?;
    Ok(Links { manifests: Vec::new(), blobs, subject })
}

fn complete(value: &Value, key: &str, read: usize) -> Result<(), Unusable> {
    let listed = match value.get(key) {
        None | Some(Value::Null) => 0,
        Some(Value::Array(list)) => list.len(),
        Some(_) => return Err(Unusable::Unreadable),
    };
    if listed == read { Ok(()) } else { Err(Unusable::Unreadable) }
}

fn subject(value: &Value, read: bool) -> Result<(), Unusable> {
    let named = value.get("subject").is_some_and(|subject| !subject.is_null());
    if named == read { Ok(()) } else { Err(Unusable::Unreadable) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::descriptor::identify;
    use crate::digest::Digest;
    use crate::media_type::MediaType;

    fn read(media_type: &str, value: &Value) -> Result<Links, Unusable> {
        let (digest, bytes) = identify(value.to_string().into());
        links(&Document::new(&bytes, digest, MediaType::new(media_type), value.clone()))
    }

    fn link(text: &str) -> Value {
        json!({"mediaType": "a/b", "digest": Digest::sha256(text.as_bytes()), "size": text.len()})
    }

    #[test]
    fn what_documents_point_to() {
        let manifest = json!({"schemaVersion": 2, "config": link("c"), "layers": [link("1"), link("2")],
            "subject": link("s")});
        let found = read(MediaType::MANIFEST, &manifest).expect("manifest");
        let digests: Vec<_> = found.blobs.iter().map(|blob| blob.digest.clone()).collect();
        assert_eq!(digests, ["c", "1", "2"].map(|text| Digest::sha256(text.as_bytes())));
        assert_eq!(found.subject.map(|subject| subject.digest), Some(Digest::sha256(b"s")));
        let manifest_link = |text: &str| {
            let mut link = link(text);
            link["mediaType"] = json!(MediaType::MANIFEST);
            link
        };
        let index = json!({"schemaVersion": 2, "manifests": [manifest_link("m"), link("b")]});
        for media_type in [MediaType::INDEX, MediaType::DOCKER_LIST] {
            let found = read(media_type, &index).expect("index");
            assert_eq!((found.manifests.len(), found.blobs.len()), (1, 1));
        }
        let artifact = json!({"blobs": [link("b")], "subject": link("s")});
        let found = read(ARTIFACT, &artifact).expect("artifact");
        assert_eq!((found.blobs.len(), found.subject.is_some()), (1, true));
        assert_eq!(read("application/x", &json!({"layers": 1})), Ok(Links::default()));
    }

    #[test]
    fn what_can_not_be_followed_is_not_sent() {
        let bad = json!({"mediaType": "a/b", "digest": "sha256:0", "size": 1});
        for (media_type, value, problem) in [
            (MediaType::SCHEMA1, json!({"fsLayers": []}), Unusable::Schema1),
            (
                MediaType::MANIFEST,
                json!({"config": link("c"), "layers": [], "manifests": []}),
                Unusable::Ambiguous,
            ),
            (MediaType::INDEX, json!({"manifests": [link("m"), bad]}), Unusable::Unreadable),
            (MediaType::INDEX, json!({"manifests": {}}), Unusable::Unreadable),
            (MediaType::INDEX, json!({"manifests": [], "subject": bad}), Unusable::Unreadable),
            (MediaType::MANIFEST, json!({"layers": []}), Unusable::Unreadable),
            (
                MediaType::MANIFEST,
                json!({"config": link("c"), "layers": [bad]}),
                Unusable::Unreadable,
            ),
            (ARTIFACT, json!({"blobs": [bad]}), Unusable::Unreadable),
        ] {
            assert_eq!(read(media_type, &value), Err(problem), "{value}");
        }
    }
}
