//! What is there to be edited?

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::descriptor::identify;
use crate::digest::Digest;
use crate::document::Document;
use crate::edit::family::Family;
use crate::image::ArtifactKind;
use crate::media_type::{Kind, MediaType};
use crate::platform::Platform;
use crate::spec::{Config, Index, Manifest};

/// The documents of an image, of an artifact, or of an index with what it lists.
#[derive(Clone, Debug)]
pub struct Image {
    pub(super) document: Arc<Document>,
    pub(super) parts: Parts,
    /// What refers to the document, for the list of what an edit loses.
    pub(super) attached: Vec<Attached>,
    /// Whether it is an empty base rather than something that exists.
    pub(super) fresh: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Parts {
    Index {
        children: BTreeMap<Digest, Image>,
        /// Why entries were not read.
        unread: BTreeMap<Digest, String>,
    },
    Manifest {
        /// The config, when it is an image's.
        config: Option<Arc<Document>>,
    },
}

/// What refers to a document, or is kept beside it, by its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Digest of the referrer's manifest, when it is known.
    pub digest: Option<Digest>,
    /// The tag that makes it known, when it is one of cosign's: `sha256-….sig`.
    pub tag: Option<String>,
    /// What it is, for people; `None` when it was not read.
    pub artifact: Option<ArtifactKind>,
}

/// Why something can't be edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The document is none that can be edited.
    #[error(
        "The {label} is of the type {media_type}: only indexes and manifests of OCI and Docker's schema 2 can be edited"
    )]
    Type {
        /// What it is, in words.
        label: String,
        /// Its type.
        media_type: MediaType,
    },
    /// The document was not read.
    #[error("The {label} can't be edited, as it was not read: {reason}")]
    Unread {
        /// What it is, in words.
        label: String,
        /// Why it was not read.
        reason: String,
    },
    /// The config is not the one that the manifest names.
    #[error("The manifest names the config {expected}, but {actual} was given")]
    Config {
        /// The digest in the manifest.
        expected: String,
        /// The digest of what was given, or `nothing`.
        actual: String,
    },
}

impl Image {
    /// An image, from its manifest and config; or an artifact, whose config is not looked into.
    ///
    /// # Errors
    /// When the document is no manifest, or the config is not the one that it names.
    pub fn manifest(document: Document, config: Option<Document>) -> Result<Self, ImageError> {
        Self::from_manifest(Arc::new(document), config.map(Arc::new), "manifest")
    }

    /// An index, from its document and the documents that it lists. Those that are missing stay
    /// listed, but can't be edited.
    ///
    /// # Errors
    /// When the document is no index.
    pub fn index(
        document: Document,
        children: impl IntoIterator<Item = Self>,
    ) -> Result<Self, ImageError> {
        let children = children.into_iter().map(|child| (child.digest().clone(), child));
        Self::from_index(Arc::new(document), children.collect(), BTreeMap::new(), "index")
    }

    /// The same with what refers to its root document.
    #[must_use]
    pub fn referred_by(self, attached: Vec<Attached>) -> Self {
        Self { attached, ..self }
    }

    pub(super) fn from_manifest(
        document: Arc<Document>,
        config: Option<Arc<Document>>,
        label: &str,
    ) -> Result<Self, ImageError> {
        match Manifest::read(&document, label).0 {
            Some(view) => Self::of_view(document, &view, config, label),
            None => Err(wrong_type(&document, label)),
        }
    }

    /// The same with what the manifest says.
    pub(super) fn of_view(
        document: Arc<Document>,
        view: &Manifest,
        config: Option<Arc<Document>>,
        label: &str,
    ) -> Result<Self, ImageError> {
        if document.media_type().kind() != Kind::Manifest {
            return Err(wrong_type(&document, label));
        }
        let named =
            view.config.as_ref().filter(|_| view.has_image_config()).map(|config| &config.digest);
        let given = config.as_ref().map(|config| config.digest());
        if named != given {
            let text = |digest: Option<&Digest>| {
                digest.map_or_else(|| "nothing".to_owned(), ToString::to_string)
            };
            return Err(ImageError::Config { expected: text(named), actual: text(given) });
        }
        let parts = Parts::Manifest { config };
        Ok(Self { document, parts, attached: Vec::new(), fresh: false })
    }

    pub(super) fn from_index(
        document: Arc<Document>,
        children: BTreeMap<Digest, Self>,
        unread: BTreeMap<Digest, String>,
        label: &str,
    ) -> Result<Self, ImageError> {
        let value = document.value();
        let lists = value.is_object() && value.get("manifests").is_none_or(|list| list.is_array());
        if document.media_type().kind() != Kind::Index || !lists {
            return Err(wrong_type(&document, label));
        }
        let parts = Parts::Index { children, unread };
        Ok(Self { document, parts, attached: Vec::new(), fresh: false })
    }

    /// An image without layers, to begin with.
    #[must_use]
    pub fn empty(family: Family, platform: &Platform) -> Self {
        let mut config = json!({"architecture": platform.architecture, "os": platform.os});
        if let Some(version) = &platform.os_version {
            config["os.version"] = json!(version);
        }
        if !platform.os_features.is_empty() {
            config["os.features"] = json!(platform.os_features);
        }
        if let Some(variant) = &platform.variant {
            config["variant"] = json!(variant);
        }
        config["config"] = json!({});
        config["rootfs"] = json!({"type": "layers", "diff_ids": []});
        let config = own(config, family.config());
        let manifest = own(
            json!({"schemaVersion": 2, "mediaType": family.manifest(),
                "config": config.descriptor(), "layers": []}),
            family.manifest(),
        );
        let parts = Parts::Manifest { config: Some(Arc::new(config)) };
        Self { document: Arc::new(manifest), parts, attached: Vec::new(), fresh: true }
    }

    /// An index that lists nothing, to begin with.
    #[must_use]
    pub fn empty_index(family: Family) -> Self {
        let media_type = family.index();
        let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": []});
        let parts = Parts::Index { children: BTreeMap::new(), unread: BTreeMap::new() };
        let document = Arc::new(own(index, media_type));
        Self { document, parts, attached: Vec::new(), fresh: true }
    }

    /// The index or manifest.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The digest of the index or manifest.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        self.document.digest()
    }

    /// Whether it is an index.
    #[must_use]
    pub fn is_index(&self) -> bool {
        matches!(self.parts, Parts::Index { .. })
    }

    /// The config of an image.
    #[must_use]
    pub fn config(&self) -> Option<&Document> {
        match &self.parts {
            Parts::Manifest { config } => config.as_deref(),
            Parts::Index { .. } => None,
        }
    }

    pub(super) fn config_view(&self) -> Option<Config> {
        Config::read(self.config()?, "config").0
    }

    /// All images in it with the platform of each, in the order of the index: the image itself
    /// when it is none. Attestations, artifacts and what was not read are left out.
    #[must_use]
    pub fn images(&self) -> Vec<(Option<Platform>, &Self)> {
        let Parts::Index { children, .. } = &self.parts else {
            let platform = self.config_view().map(|config| config.platform);
            return platform.map(|platform| (Some(platform), self)).into_iter().collect();
        };
        let entries = Index::read(&self.document, "index").0.unwrap_or_default().manifests;
        let mut images = Vec::new();
        for entry in entries.iter().filter(|entry| !entry.is_attestation()) {
            let Some(child) = children.get(&entry.digest) else { continue };
            let below = child.images().into_iter();
            images.extend(below.map(|(own, image)| match (child.is_index(), &entry.platform) {
                (false, Some(listed)) => (Some(listed.clone()), image),
                _ => (own, image),
            }));
        }
        images
    }
}

fn wrong_type(document: &Document, label: &str) -> ImageError {
    ImageError::Type { label: label.to_owned(), media_type: document.media_type().clone() }
}

/// A document that is made here.
fn own(value: serde_json::Value, media_type: &str) -> Document {
    let (digest, bytes) = identify(Bytes::from(value.to_string()));
    Document::new(&bytes, digest, MediaType::new(media_type), value)
}
