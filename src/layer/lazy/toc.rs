//! A layer of which only its table of contents was read.

use std::ops::Range;
use std::sync::Arc;

use super::chunks::Chunks;
use super::spans::Spans;
use crate::digest::Digest;
use crate::layer::content::Wanted;
use crate::layer::index::{Index, Kind};

/// What kind of table a layer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Files are gzip members of their own, and the table stands at the end.
    Estargz,
    /// Files are zstd frames of their own, and the table stands at the end.
    ZstdChunked,
    /// The table is a blob of its own, with points at which decompression can begin.
    Soci,
}

impl Format {
    /// `eStargz`, `zstd:chunked` or `SOCI`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Estargz => "eStargz",
            Self::ZstdChunked => "zstd:chunked",
            Self::Soci => "SOCI",
        }
    }
}

/// Who vouches for a table. Nobody has compared it with the layer in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Its digest stands in the image's manifest, or in what that names, and matched: whoever vouches
    /// for the manifest vouches for the table.
    Manifest,
    /// Nobody: it is what a registry or the layer itself gives as a table.
    Claimed,
}

/// A layer of which only its table of contents was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toc {
    pub(super) index: Arc<Index>,
    pub(super) format: Format,
    pub(super) promise: Promise,
    /// Bytes of the layer.
    pub(super) size: u64,
    pub(super) places: Places,
}

/// Where the content of files lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Places {
    Chunks(Chunks),
    Spans(Spans),
}

impl Toc {
    /// The entries, as those of a layer that was read, but that [nothing can be
    /// copied](Index::has_offsets) by them. Files that a tool adds for itself are left out: the table and
    /// landmarks. Digests of files are those that the table promises. eStargz knows no fractions of
    /// seconds.
    #[must_use]
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// The kind of table.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Who vouches for the table.
    #[must_use]
    pub fn promise(&self) -> Promise {
        self.promise
    }

    /// Digest of the layer, as its descriptor has it.
    #[must_use]
    pub fn layer(&self) -> Option<&Digest> {
        self.index.blob()
    }

    /// Bytes of the layer, as its descriptor has them.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}
