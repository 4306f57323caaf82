//! Layers that are made here: of what parts a new tar consists, and what came of writing it.
//!
//! A new layer is first a [`TarPlan`], which says where every byte of its tar comes from, so that
//! its size is known and nothing has to be held in memory while it is written.

mod entry;

pub use entry::{NewEntry, NewNode};

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::digest::{DiffId, Digest};
use crate::media_type::Compression;

/// Where the bytes of one part of a new tar come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Headers and padding, made here.
    Bytes(Bytes),
    /// A whole file that the user supplied, by its content.
    File {
        /// Digest of the file.
        digest: Digest,
        /// Size of the file in bytes.
        size: u64,
    },
    /// A run of the tar of an existing layer. The runs of one layer rise as long as no other
    /// layer's come between, so that it can be read as a stream.
    Layer {
        /// Which of the layers that the plan was made from, counted from 0.
        layer: usize,
        /// The run, in bytes of that layer's tar.
        range: Range<u64>,
    },
}

/// A new tar as the parts that it is put together from, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TarPlan {
    /// The parts.
    pub parts: Vec<Part>,
    /// Number of bytes of the tar.
    pub size: u64,
    /// Number of entries.
    pub entries: u64,
}

/// A layer that was written, as a manifest and a config need to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuiltLayer {
    /// How the blob is compressed.
    pub compression: Compression,
    /// Digest of the blob.
    pub digest: Digest,
    /// Size of the blob in bytes.
    pub size: u64,
    /// Digest of the tar.
    pub diff_id: DiffId,
    /// Size of the tar in bytes.
    pub uncompressed_size: u64,
}
