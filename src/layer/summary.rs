//! What is known of a layer that was read?

use crate::digest::{DiffId, Digest, Hashed};
use crate::finding::Finding;
use crate::layer::content::Trust;
use crate::layer::index::Index;
use crate::layer::seek::SeekPoints;
use crate::media_type::Compression;

/// What was found out about a layer.
#[derive(Clone, Debug)]
pub struct LayerSummary {
    /// Digest of all bytes that were pushed, whether they could be decoded or not.
    pub digest: Digest,
    /// Number of bytes pushed.
    pub size: u64,
    /// Digest of the tar; `None` when it was not asked for, the blob could not be decoded to its
    /// end, or somebody else computes it and it was not [given](Self::hashed) yet.
    pub diff_id: Option<DiffId>,
    /// Whether that is to be given.
    pub awaits_diff_id: bool,
    /// Number of bytes of the tar that came out.
    pub uncompressed_size: u64,
    /// How the layer is compressed, by its first bytes; `None` when something stands there that
    /// can't be read.
    pub compression: Option<Compression>,
    /// Number of gzip members or zstd frames (skippable ones not counted) that were begun.
    pub members: u64,
    /// Number of entries of the tar (0 when it was not parsed).
    pub entries: u64,
    /// The entries, when they were asked for. Keep it only when the layer is what it should be.
    pub index: Option<Index>,
    /// What is wrong or remarkable, at most [`FINDINGS_PER_RULE`](crate::limits::FINDINGS_PER_RULE)
    /// of each rule, and then how many more.
    pub findings: Vec<Finding>,
    /// Whether the blob was decoded to its end and, when it was parsed, the tar read to its end.
    /// What was pushed may still be too short: compare `size` and `digest` with the descriptor.
    pub complete: bool,
    /// What the bytes handed to [`Sink::content`](super::Sink::content) were compared with, the
    /// digest of the layer aside: that is the caller's to compare, and makes it [`Trust::Layer`].
    pub content: Trust,
    /// How parts of the layer can be read later, when that was to be recorded and the layer could be
    /// decoded to its end. Keep it only when the layer is what it should be, and has its diff ID.
    pub seek: Option<SeekPoints>,
}

impl LayerSummary {
    /// Takes the digest of all that [`Sink::hash`](super::Sink::hash) was given. It becomes the diff
    /// ID if the blob was decoded to its end.
    pub fn hashed(&mut self, tar: Hashed) {
        if self.awaits_diff_id {
            self.take_hashed(tar);
        }
    }

    pub(super) fn take_hashed(&mut self, tar: Hashed) {
        if let Some(seek) = &mut self.seek {
            seek.hashed(&tar);
        }
        self.diff_id = Some(DiffId(tar.digest));
    }
}
