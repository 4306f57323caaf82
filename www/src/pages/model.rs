//! What the pages of an image show, taken from the library's graph once and ready to be drawn.

use std::sync::Arc;

use bytes::Bytes;
use drydock::descriptor::Descriptor;
use drydock::digest::{DiffId, Digest};
use drydock::image::{
    Face, Graph, NodeId, PlatformEntry, default_platform, find_platform, platforms,
};
use drydock::inspect::media;
use drydock::media_type::Kind;
use drydock::reference::Reference;

use crate::components::{PlatformChoice, Problem, Step};

/// How far something is that has to be fetched.
#[derive(Clone, Debug, PartialEq)]
pub enum Load<T> {
    /// On its way; says what is waited for.
    Waiting(String),
    /// There.
    Ready(T),
    /// Not to be had.
    Failed(Problem),
}

impl<T> Load<T> {
    /// The same of another value.
    pub fn map<U>(&self, change: impl FnOnce(&T) -> U) -> Load<U> {
        match self {
            Self::Waiting(what) => Load::Waiting(what.clone()),
            Self::Ready(value) => Load::Ready(change(value)),
            Self::Failed(problem) => Load::Failed(problem.clone()),
        }
    }

    /// The value, when it is there.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(value) => Some(value),
            _ => None,
        }
    }
}

/// What the root document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An index or manifest list.
    Index,
    /// The manifest of one image.
    Image,
    /// A manifest whose content is no file system; with its type.
    Artifact(String),
    /// Docker's old manifest; recognised and explained.
    Schema1,
    /// Something else, with its media type.
    Other(String),
}

/// An image, as far as it has been read.
#[derive(Clone, Debug)]
pub struct ImageModel {
    /// As it was asked for.
    pub reference: Reference,
    /// Digest of the root document.
    pub digest: Digest,
    /// What the root document is.
    pub what: What,
    /// What there is to see of it, when it is an artifact.
    pub face: Option<Arc<Face>>,
    /// The platforms, in the order of the index.
    pub platforms: Vec<Arc<PlatformModel>>,
    /// Attestations and other entries of the index that are for no platform.
    pub attestations: usize,
    /// What names the image, or a part of it, as its subject; cosign's tags counted.
    pub referrers: usize,
    /// All documents that were read or tried.
    pub documents: Vec<Arc<DocumentModel>>,
    /// Where the referrers come from, in words; empty while nobody was asked.
    pub referrers_from: String,
    /// What the registry or the reading has to say, one sentence each.
    pub remarks: Vec<String>,
    /// Look-ups beside the image that gave no answer, one sentence each.
    pub not_known: Vec<String>,
    /// What the library has read.
    pub graph: Arc<Graph>,
    /// Whether documents are still on their way.
    pub growing: bool,
}

/// One platform of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct PlatformModel {
    /// As it stands in addresses: `linux/arm64/v8`.
    pub name: String,
    /// What tells it from others for the same platform; mostly empty.
    pub remark: String,
    /// Its node in the graph.
    pub node: NodeId,
    /// Digest of its manifest.
    pub manifest: Digest,
    /// Attestations that the index lists for it.
    pub attestations: usize,
    /// Its content, once manifest and config are there; or why they are not.
    pub content: Load<Arc<ContentModel>>,
}

/// What one platform's manifest and config say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContentModel {
    /// When it was built, as the config says.
    pub created: Option<String>,
    /// The layers, base first.
    pub layers: Vec<LayerModel>,
    /// The history, oldest first, mapped to the layers.
    pub steps: Vec<Step>,
    /// What a container is started with: name, values, and whether they are defaults.
    pub runs_as: Vec<Setting>,
    /// Labels and annotations.
    pub labels: Vec<Label>,
    /// What differs from what is expected of an image, one sentence each.
    pub remarks: Vec<String>,
}

/// One layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerModel {
    /// Counted from 1 at the base.
    pub number: usize,
    /// What the manifest says of it.
    pub descriptor: Descriptor,
    /// Digest of its tar, as the config says.
    pub diff_id: Option<DiffId>,
    /// The step that made it, in one line.
    pub step: String,
}

/// One setting of the config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its values, one per line.
    pub values: Vec<String>,
    /// A muted remark: `none`, `default`.
    pub note: &'static str,
}

/// A label of the config or an annotation of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
    /// Where it stands: `label`, `manifest annotation`, `index annotation`.
    pub place: &'static str,
}

/// One document, or a blob that is none.
#[derive(Clone, Debug)]
pub struct DocumentModel {
    /// What it is: `index`, `manifest of linux/amd64`, `layer 1 of linux/amd64`.
    pub title: String,
    /// Type, digest and size.
    pub descriptor: Descriptor,
    /// Its content.
    pub content: DocumentContent,
    /// The registry's response headers, when it was asked for.
    pub headers: Vec<(String, String)>,
}

/// The content of a document.
#[derive(Clone, Debug)]
pub enum DocumentContent {
    /// Its bytes, once they are there; or why they are not.
    Document(Load<Bytes>),
    /// A blob that is only fetched when someone wants it.
    Blob,
}

impl ImageModel {
    /// The platform that an address names, or the first that a browser's reader is likely to want.
    ///
    /// # Errors
    /// When there is no such platform, with the ones that there are.
    pub fn platform(&self, wanted: Option<&str>) -> Result<Option<Arc<PlatformModel>>, Problem> {
        let entries = platforms(&self.graph);
        let by_node = |entry: &PlatformEntry| {
            self.platforms.iter().find(|platform| platform.node == entry.node)
        };
        let found = match wanted {
            Some(name) => {
                Some(find_platform(&entries, name).and_then(by_node).ok_or_else(|| Problem {
                    sentence: format!("This image has no platform {name}."),
                    reason: match self.platforms.is_empty() {
                        true => "It names no platform at all.".to_owned(),
                        false => String::new(),
                    },
                    ..Problem::default()
                })?)
            }
            None => default_platform(&entries).and_then(by_node),
        };
        Ok(found.cloned())
    }

    /// The entries of the platform picker.
    #[must_use]
    pub fn choices(&self) -> Vec<PlatformChoice> {
        let choice = |platform: &Arc<PlatformModel>| PlatformChoice {
            value: platform.name.clone(),
            remark: platform.remark.clone(),
            attestations: platform.attestations,
        };
        self.platforms.iter().map(choice).collect()
    }

    /// The document with a digest.
    #[must_use]
    pub fn document(&self, digest: &Digest) -> Option<&Arc<DocumentModel>> {
        self.documents.iter().find(|document| document.descriptor.digest == *digest)
    }
}

impl ContentModel {
    /// The layers whose files can't be shown, and why, one sentence each.
    #[must_use]
    pub fn not_shown(&self) -> Vec<String> {
        let said =
            |layer: &LayerModel| media::not_shown(layer.number, &layer.descriptor.media_type);
        self.layers.iter().filter_map(said).collect()
    }

    /// Bytes of all layers.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.descriptor.size))
    }
}

impl DocumentModel {
    /// Whether registries give it as a manifest; else it is a blob.
    #[must_use]
    pub fn is_manifest(&self) -> bool {
        matches!(self.descriptor.media_type.kind(), Kind::Index | Kind::Manifest | Kind::Schema1)
    }

    /// Whether its bytes are here.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(&self.content, DocumentContent::Document(Load::Ready(_)))
    }

    /// Whether its bytes should be here but are not to be had.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(&self.content, DocumentContent::Document(Load::Failed(_)))
    }
}
