//! What has to be built before the new documents are known?
//!
//! A recipe says how a layer comes about; it is [built](crate::edit::build()) where its layers and
//! files are, and what came of it ([`BuiltLayer`](crate::layer::write::BuiltLayer)) is handed over.
//! Recipes are named by the digest of their canonical JSON, so that the same recipe is built once,
//! for however many platforms, drafts and reloads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::{DiffId, Digest};
use crate::edit::time::Time;
use crate::layer::write::{BuiltLayer, NewEntry, NewNode};
use crate::media_type::Compression;

/// The digest of a recipe's canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecipeId(pub Digest);

/// How a layer comes about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Recipe {
    /// A file that the user supplies: a tar, plain or with gzip or zstd. What is compressed keeps
    /// its bytes; a plain tar is packed.
    Given {
        /// Digest of the file.
        digest: Digest,
        /// Size of the file in bytes.
        size: u64,
        /// How a plain tar is packed.
        packing: Packing,
        /// Whether the tar must be written anew as a layer for Windows, with `Files/` and
        /// `Hives/`.
        windows: bool,
    },
    /// A new tar of these entries.
    Files {
        /// The entries.
        entries: Arc<[NewEntry]>,
        /// The layers of the image that they lie on, the base first, by which it is decided where
        /// they land and what stays; absent when these can't be read, so that nothing but the
        /// entries themselves is written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        onto: Option<Vec<Input>>,
        /// How the tar is packed.
        packing: Packing,
        /// Whether it is a layer for Windows, with `Files/` and `Hives/`.
        windows: bool,
    },
    /// Several layers as one.
    Flatten {
        /// The layers of the image, the base first, up to the last one that is flattened.
        layers: Vec<Input>,
        /// How many of them lie below and stay: whiteouts remove what is in them.
        below: usize,
        /// How the tar is packed.
        packing: Packing,
    },
    /// A layer without some of its files.
    Strip {
        /// The layer.
        layer: Input,
        /// Paths without slashes at either end. One of a directory stands for all below it.
        paths: Vec<String>,
        /// How the tar is packed.
        packing: Packing,
    },
    /// A layer with other times.
    Times {
        /// The layer.
        layer: Input,
        /// Which times.
        rule: TimeRule,
        /// How the tar is packed.
        packing: Packing,
    },
    /// The same tar, packed in another way.
    Recompress {
        /// The layer.
        layer: Input,
        /// How the tar is packed.
        packing: Packing,
    },
}

/// A layer that a recipe takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Input {
    /// A layer that exists.
    Blob {
        /// Digest of the blob.
        digest: Digest,
        /// Size of the blob in bytes.
        size: u64,
        /// Digest of the tar by the image's config.
        diff_id: DiffId,
    },
    /// A layer that another recipe makes.
    Recipe(RecipeId),
}

/// How a tar is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Packing {
    /// Not at all.
    None,
    /// With gzip.
    Gzip {
        /// From 1, fast, to 9, small.
        level: u8,
    },
    /// With zstd, as the encoder does it.
    Zstd,
}

/// Which time something gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TimeRule {
    /// This one.
    Set(Time),
    /// Its own, but none later than this.
    Clamp(Time),
}

impl Recipe {
    /// The digest by which the recipe is known.
    #[must_use]
    pub fn id(&self) -> RecipeId {
        // Fields are written in the order of their declaration, without white space: the same
        // recipe is the same text everywhere. Writing plain data to memory does not fail.
        RecipeId(Digest::sha256(&serde_json::to_vec(self).unwrap_or_default()))
    }

    /// How the layer is packed. Of a file that is given only if it is a plain tar.
    #[must_use]
    pub fn packing(&self) -> Packing {
        match self {
            Self::Given { packing, .. }
            | Self::Files { packing, .. }
            | Self::Flatten { packing, .. }
            | Self::Strip { packing, .. }
            | Self::Times { packing, .. }
            | Self::Recompress { packing, .. } => *packing,
        }
    }

    /// The files of the user's that it takes, by their digests.
    pub fn files(&self) -> impl Iterator<Item = &Digest> {
        let (given, entries) = match self {
            Self::Given { digest, .. } => (Some(digest), &[][..]),
            Self::Files { entries, .. } => (None, &entries[..]),
            Self::Flatten { .. }
            | Self::Strip { .. }
            | Self::Times { .. }
            | Self::Recompress { .. } => (None, &[][..]),
        };
        let contents = entries.iter().filter_map(|entry| match &entry.node {
            NewNode::File { digest, .. } => Some(digest),
            _ => None,
        });
        given.into_iter().chain(contents)
    }

    /// The layers that it takes.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        match self {
            Self::Given { .. } => &[],
            Self::Files { onto, .. } => onto.as_deref().unwrap_or_default(),
            Self::Flatten { layers, .. } => layers,
            Self::Strip { layer, .. }
            | Self::Times { layer, .. }
            | Self::Recompress { layer, .. } => std::slice::from_ref(layer),
        }
    }

    /// Whether the entries of the layers that it takes must be known before its tar can be planned.
    #[must_use]
    pub fn needs_indexes(&self) -> bool {
        match self {
            Self::Files { .. } | Self::Flatten { .. } | Self::Strip { .. } | Self::Times { .. } => {
                true
            }
            Self::Given { .. } | Self::Recompress { .. } => false,
        }
    }

    /// Whether it reads the layers that it takes. Of those that files are put on, hardly ever anything
    /// is read.
    #[must_use]
    pub fn reads_layers(&self) -> bool {
        !matches!(self, Self::Files { .. })
    }

    /// The compression of the result, when it is known before it is built.
    #[must_use]
    pub fn compression(&self) -> Option<Compression> {
        match self {
            Self::Given { windows: false, .. } => None,
            recipe => Some(recipe.packing().compression()),
        }
    }
}

impl Input {
    /// Whether another recipe makes it.
    #[must_use]
    pub fn is_built(&self) -> bool {
        matches!(self, Self::Recipe(_))
    }

    /// Digest and size of its blob, and the digest of its tar; `None` while it is not built.
    #[must_use]
    pub fn blob<'a>(
        &'a self,
        built: &'a BTreeMap<RecipeId, BuiltLayer>,
    ) -> Option<(&'a Digest, u64, &'a DiffId)> {
        match self {
            Self::Blob { digest, size, diff_id } => Some((digest, *size, diff_id)),
            Self::Recipe(id) => {
                let built = built.get(id)?;
                Some((&built.digest, built.size, &built.diff_id))
            }
        }
    }
}

impl Packing {
    /// What it makes of a tar.
    #[must_use]
    pub fn compression(self) -> Compression {
        match self {
            Self::None => Compression::None,
            Self::Gzip { .. } => Compression::Gzip,
            Self::Zstd => Compression::Zstd,
        }
    }

    /// The packing that is taken where only the compression is known.
    #[must_use]
    pub fn usual(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::None,
            Compression::Gzip => Self::default(),
            Compression::Zstd => Self::Zstd,
        }
    }
}

/// gzip as most tools do it unasked.
impl Default for Packing {
    fn default() -> Self {
        Self::Gzip { level: 6 }
    }
}

impl TimeRule {
    /// What becomes of a time.
    #[must_use]
    pub fn apply(self, time: Time) -> Time {
        match self {
            Self::Set(fixed) => fixed,
            Self::Clamp(latest) => time.min(latest),
        }
    }
}

impl fmt::Display for RecipeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no compression"),
            Self::Gzip { level } => write!(f, "gzip -{level}"),
            Self::Zstd => f.write_str("zstd"),
        }
    }
}
