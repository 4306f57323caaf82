//! Where are the bytes of one file, and how far can they be trusted?
//!
//! [`Wanted`] says which runs of the tar a file consists of. Given to a
//! [`LayerReader`](crate::layer::LayerReader) as
//! [`ReadOptions::content`](crate::layer::ReadOptions::content), it makes the reader hand out
//! those runs while the layer goes by. Who reads on to the end of the layer can compare its
//! digest ([`Trust::Layer`]); who stops as soon as the file has come can still compare the file
//! with the sum that was recorded when the layer was verified ([`Trust::File`]).

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::layer::index::{Index, Kind};

/// The part of a tar that one file's bytes lie in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    segments: Vec<Segment>,
    size: u64,
    sum: Option<[u8; 32]>,
}

/// One run of bytes that stand together in the tar and in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where the run begins in the tar.
    pub tar_offset: u64,
    /// Where it begins in the file.
    pub file_offset: u64,
    /// Number of bytes.
    pub len: u64,
}

/// What the bytes of a file have been checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trust {
    /// The whole layer was read, and its digest is the one that was asked for.
    Layer,
    /// Only a part of the layer was read; the file matches the SHA-256 that was recorded when the
    /// layer was verified.
    File,
    /// Only a part of the layer was read; it is the same that was there when all of it was compared
    /// with its digests.
    Recorded,
    /// Only a part of the layer was read; it matches the digests in its table of contents, and is as
    /// good as that.
    Promised,
    /// Only a part was read and nothing was compared.
    None,
    /// What was compared does not match: these are not the bytes of the image.
    Mismatch,
}

impl Wanted {
    /// The whole content of the entry `ordinal`; `None` when it is no regular file, or when it is not
    /// known where it stands in the tar ([`Index::has_offsets`]). For a
    /// hardlink ask for [`Node::content`](crate::layer::Node::content), which names the file.
    #[must_use]
    pub fn file(index: &Index, ordinal: u32) -> Option<Self> {
        let entry = index.entry(ordinal)?;
        if entry.kind != Kind::File || !index.has_offsets() {
            return None;
        }
        let mut tar_offset = entry.content_offset;
        let whole = [[0, entry.size]];
        let mut segments = Vec::new();
        for [file_offset, len] in index.sparse(ordinal).unwrap_or(&whole) {
            if *len > 0 {
                segments.push(Segment { tar_offset, file_offset: *file_offset, len: *len });
                tar_offset = tar_offset.checked_add(*len)?;
            }
        }
        Some(Self { segments, size: entry.size, sum: index.file_sum(ordinal).copied() })
    }

    /// A whole stream of so many bytes that is the file itself.
    #[must_use]
    pub fn stream(size: u64) -> Self {
        Self::run(0, size)
    }

    /// A file of this size that stands in one run in a stream, from `start` on.
    pub(crate) fn run(start: u64, size: u64) -> Self {
        let whole = Segment { tar_offset: start, file_offset: 0, len: size };
        Self { segments: if size > 0 { vec![whole] } else { Vec::new() }, size, sum: None }
    }

    /// Only the bytes `start..end` of it, for a preview. Offsets stay those in the whole file.
    #[must_use]
    pub fn slice(mut self, start: u64, end: u64) -> Self {
        if start > 0 || end < self.size {
            self.sum = None;
        }
        for segment in &mut self.segments {
            let from = segment.file_offset.max(start);
            let to = segment.file_offset.saturating_add(segment.len).min(end);
            segment.tar_offset = segment.tar_offset.saturating_add(from - segment.file_offset);
            segment.len = to.saturating_sub(from);
            segment.file_offset = from;
        }
        self.segments.retain(|segment| segment.len > 0);
        self
    }

    /// Runs of bytes in rising order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Size of the whole file in bytes, holes counted.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Offset in the tar behind the last byte that is needed.
    #[must_use]
    pub fn tar_end(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.tar_offset.saturating_add(last.len))
    }

    /// Whether [`Trust::File`] can be reached: the whole file is wanted, and its SHA-256 is known.
    #[must_use]
    pub fn has_sum(&self) -> bool {
        self.sum.is_some()
    }
}

/// Cuts the wanted runs out of a tar that goes by.
pub(crate) struct Cutter {
    wanted: Wanted,
    /// The first segment that is not over yet.
    next: usize,
    /// Where in the stream the next byte stands.
    at: u64,
    /// Whether something that is wanted did not go by.
    missed: bool,
    hasher: Option<Sha256>,
}

impl Cutter {
    pub(crate) fn new(wanted: Wanted) -> Self {
        let hasher = wanted.sum.is_some().then(Sha256::new);
        Self { wanted, next: 0, at: 0, missed: false, hasher }
    }

    /// Whether all of it has gone by.
    pub(crate) fn done(&self) -> bool {
        self.next == self.wanted.segments.len() && !self.missed
    }

    /// Hands out what is wanted of `bytes`, which begin at `offset` in the tar.
    pub(crate) fn push(&mut self, offset: u64, bytes: &[u8], mut give: impl FnMut(u64, &[u8])) {
        let end = offset + bytes.len() as u64;
        let next = self.wanted.segments.get(self.next);
        self.missed |= next.is_some_and(|next| next.tar_offset.max(self.at) < offset);
        self.at = end;
        while let Some(segment) = self.wanted.segments.get(self.next) {
            let segment_end = segment.tar_offset.saturating_add(segment.len);
            let (from, to) = (segment.tar_offset.max(offset), segment_end.min(end));
            if from < to {
                let run = &bytes[(from - offset) as usize..(to - offset) as usize];
                if let Some(hasher) = &mut self.hasher {
                    hasher.update(run);
                }
                give(segment.file_offset + (from - segment.tar_offset), run);
            }
            if segment_end > end {
                break;
            }
            self.next += 1;
        }
    }

    /// Passes over what is before `offset`: a hole.
    pub(crate) fn skip_to(&mut self, offset: u64) {
        let ends = |segment: &Segment| segment.tar_offset.saturating_add(segment.len) <= offset;
        while self.wanted.segments.get(self.next).is_some_and(ends) {
            self.next += 1;
        }
        self.at = self.at.max(offset);
    }

    /// What the handed out bytes can be trusted for without the digest of the layer.
    pub(crate) fn trust(self) -> Trust {
        let done = self.done();
        match (self.wanted.sum, self.hasher) {
            (Some(sum), Some(hasher)) if done => {
                if hasher.finalize()[..] == sum[..] {
                    Trust::File
                } else {
                    Trust::Mismatch
                }
            }
            _ => Trust::None,
        }
    }
}
