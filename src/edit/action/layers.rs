//! What can be done to layers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::edit::recipe::{Packing, TimeRule};
use crate::layer::write::NewEntry;

/// A change of the layers. Layers are counted from 1 at the base, as the edits before have left
/// them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LayerEdit {
    /// Adds a layer on top.
    Add {
        /// The layer.
        layer: LayerInput,
        /// What becomes of the annotations that name the base.
        #[serde(default)]
        base: BaseAnnotations,
    },
    /// Adds a layer on top that changes files: what is written, and whiteouts of what is removed,
    /// with the directories above. In an image for Windows paths are those in the container,
    /// without `Files/`.
    Patch {
        /// The entries.
        entries: Arc<[NewEntry]>,
        /// How the layer is packed.
        #[serde(default)]
        packing: Packing,
    },
    /// Takes a layer away.
    Remove {
        /// Its number.
        layer: usize,
    },
    /// Takes all layers away that the history says were made by a command with this text in it.
    RemoveCreatedBy {
        /// A part of `created_by`.
        text: String,
    },
    /// Makes one layer of several.
    Flatten {
        /// The first and the last of them; absent for all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<[usize; 2]>,
        /// How the layer is packed.
        #[serde(default)]
        packing: Packing,
    },
    /// Takes files out of layers, as if they had never been in there.
    Strip {
        /// Paths; one of a directory stands for all below it.
        paths: Vec<String>,
        /// Which layers.
        #[serde(default)]
        layers: Which,
        /// How the layers are packed; absent for as they were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        packing: Option<Packing>,
    },
    /// Gives the files of layers other times.
    Times {
        /// Which times.
        rule: TimeRule,
        /// Which layers.
        #[serde(default)]
        layers: Which,
        /// Whether the times in the config and its history are changed too.
        #[serde(default)]
        config: bool,
        /// How the layers are packed; absent for as they were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        packing: Option<Packing>,
    },
    /// Packs layers in another way.
    Recompress {
        /// How.
        packing: Packing,
        /// Which layers.
        #[serde(default)]
        layers: Which,
    },
}

/// Which layers of an image, counted from 1 at the base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Which {
    /// All of them.
    #[default]
    All,
    /// These.
    These(Vec<usize>),
}

/// A layer that is added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LayerInput {
    /// A file that is a layer: a tar, plain or with gzip or zstd.
    Given {
        /// Its name, for people.
        name: String,
        /// Digest of the file.
        digest: Digest,
        /// Size of the file in bytes.
        size: u64,
        /// How a plain tar is packed; what is compressed keeps its bytes.
        #[serde(default)]
        packing: Packing,
    },
    /// Files of which a layer is made.
    Files {
        /// The entries of the layer, in order.
        entries: Arc<[NewEntry]>,
        /// How the layer is packed.
        #[serde(default)]
        packing: Packing,
    },
}

/// What becomes of `org.opencontainers.image.base.name` and `….base.digest` when a layer is put on
/// top of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BaseAnnotations {
    /// Those that came with the image are dropped: they name what the image was made from, not
    /// what this one is.
    #[default]
    Drop,
    /// They stay.
    Keep,
    /// They name the image that the draft starts from.
    Set,
}
