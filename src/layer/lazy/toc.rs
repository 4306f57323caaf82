//! A layer of which only its table of contents was read.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chunks::Chunks;
use super::spans::Spans;
use crate::digest::Digest;
use crate::layer::content::Wanted;
use crate::layer::index::{Index, Kind};
use crate::layer::partial::{Check, Decode, Reading, Span};

/// What kind of table a layer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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

    /// How a part of a file is read, in bytes of the file. `None` when it is no file (of a hardlink ask
    /// for [`Node::content`](crate::layer::Node::content)), or when only the whole layer has its
    /// content.
    #[must_use]
    pub fn reading(&self, ordinal: u32, range: Range<u64>) -> Option<Reading> {
        let entry = self.index.entry(ordinal).filter(|entry| entry.kind == Kind::File)?;
        let range = range.start.min(entry.size)..range.end.min(entry.size);
        let (spans, start) = match &self.places {
            Places::Chunks(chunks) => (self.chunks(chunks, ordinal, entry.size, &range), 0),
            Places::Spans(spans) => {
                let start = *spans.contents.get(ordinal as usize)?;
                let of = |at: u64| start.checked_add(at);
                let range = if range.is_empty() { 0..0 } else { of(range.start)?..of(range.end)? };
                (stretches(spans, &range), start)
            }
        };
        let wanted = Wanted::run(start, entry.size).slice(range.start, range.end);
        Some(Reading::new(spans, wanted))
    }

    fn chunks(&self, chunks: &Chunks, ordinal: u32, size: u64, range: &Range<u64>) -> Vec<Span> {
        let compressed = match self.format {
            Format::ZstdChunked => Decode::Zstd,
            Format::Estargz | Format::Soci => Decode::Gzip,
        };
        let spans = chunks.of(ordinal, size, range).map(|(chunk, len)| Span {
            blob: chunk.start..chunk.end,
            decode: if chunk.is_hole() { Decode::Zeros } else { compressed.clone() },
            skip: chunk.inner,
            offset: chunk.file,
            len,
            check: chunk.sum.map_or(Check::None, |sum| Check::Content(Digest::from_sha256(sum))),
        });
        spans.collect()
    }
}

/// What is needed for a range of the tar.
fn stretches(spans: &Spans, range: &Range<u64>) -> Vec<Span> {
    if range.is_empty() {
        return Vec::new();
    }
    let stretches = spans.of(range).map(|(point, end)| Span {
        blob: point.start..point.end,
        decode: if spans.is_plain {
            Decode::Plain
        } else {
            Decode::Deflate { bits: Some(point.bits), window: spans.window(point).to_vec() }
        },
        skip: 0,
        offset: point.out,
        len: end.min(range.end).saturating_sub(point.out),
        check: Check::Compressed(Digest::from_sha256(point.sum)),
    });
    stretches.collect()
}
