//! Everything that can be done to an image, as data.

mod attach;
mod config;
mod layers;

use serde::{Deserialize, Serialize};

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::edit::family::Family;
use crate::edit::pinned::Pinned;
use crate::platform::Platform;

pub use attach::{AttachEdit, AttachTo, AttachedFile};
pub use config::ConfigEdit;
pub use layers::{BaseAnnotations, LayerEdit, LayerInput, Which};

/// What an edit does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// Changes how the image is run, or what it says of itself.
    Config(ConfigEdit),
    /// Sets an annotation, or takes it away (`value` absent).
    Annotation {
        /// What is annotated.
        on: Annotated,
        /// Name of the annotation.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// Changes the layers.
    Layers(LayerEdit),
    /// Replaces the layers of the base by those of another one.
    Rebase(Rebase),
    /// Changes media types from OCI's to Docker's, or back.
    Convert {
        /// Whose media types the documents shall have.
        to: Family,
    },
    /// Makes attestations that BuildKit lists in the index referrers of their images.
    Promote,
    /// Changes what an index lists.
    Index(IndexEdit),
    /// Sets what the manifest or index at the root is about, or takes it away (`subject` absent).
    Subject {
        /// The subject.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<Descriptor>,
    },
    /// Attaches files as an artifact.
    Attach(AttachEdit),
    /// Replaces the text of a document.
    Raw {
        /// Which document.
        document: RawDocument,
        /// The new text, byte for byte.
        text: String,
    },
}

/// What an annotation is put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Annotated {
    /// The manifest of every image in the scope.
    Manifest,
    /// The index.
    Index,
    /// The entries of the index that list the images in the scope.
    Entry,
}

/// Replaces the layers of the base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rebase {
    /// What the image was made from.
    pub old: Pinned,
    /// What it shall be made from.
    pub new: Pinned,
    /// Whether changes that the new base makes to the environment are taken over, where the image
    /// has not changed the same variable itself.
    #[serde(default)]
    pub env: bool,
}

/// A change of what an index lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum IndexEdit {
    /// Makes an index whose one entry is the image.
    Create,
    /// Adds an entry at the end. With a loaded index the entries of that are added instead.
    Add {
        /// The image with its platform; without one it gets that of its config.
        descriptor: Box<Descriptor>,
        /// Where it is, when that is another repository than the base's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Pinned>,
    },
    /// Takes an entry away, and the attestations that are about it.
    Remove {
        /// The digest by which the base, or the edit that added it, lists it.
        digest: Digest,
    },
    /// Keeps the images for these platforms and the attestations that are about them, and takes
    /// everything else away.
    Filter {
        /// The platforms.
        platforms: Vec<Platform>,
    },
}

/// A document whose text is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RawDocument {
    /// The index at the root.
    Index,
    /// The manifest of the one image in the scope.
    Manifest,
    /// Its config.
    Config,
}
