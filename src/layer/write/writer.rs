//! How is a new layer written, from its tar to what a manifest says about it?

use serde::{Deserialize, Serialize};

use super::compress::{Compressor, Method};
use crate::digest::{Algorithm, DiffId, Digest, Hasher};
use crate::media_type::Compression;

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

/// Compresses a tar and computes the digests of both sides, in pieces of any size.
pub struct LayerWriter {
    /// `None` when the blob is the tar itself.
    diff_id: Option<Hasher>,
    size: u64,
    blob: BlobWriter,
}

impl LayerWriter {
    /// Starts with nothing written.
    #[must_use]
    pub fn new(method: Method) -> Self {
        let diff_id = (method != Method::None).then(|| Hasher::new(Algorithm::Sha256));
        Self { diff_id, size: 0, blob: BlobWriter::new(method) }
    }

    /// Takes the next bytes of the tar and appends those of the blob that are ready to `blob`,
    /// which may be emptied between calls.
    pub fn push(&mut self, tar: &[u8], blob: &mut Vec<u8>) {
        if let Some(hasher) = &mut self.diff_id {
            hasher.update(tar);
        }
        self.size += tar.len() as u64;
        self.blob.push(tar, blob);
    }

    /// Appends the rest of the blob to `blob` and says what was written.
    pub fn finish(self, blob: &mut Vec<u8>) -> BuiltLayer {
        let (compression, digest, size) = self.blob.finish(blob);
        let diff_id = self.diff_id.map_or_else(|| digest.clone(), Hasher::finish);
        BuiltLayer {
            compression,
            digest,
            size,
            diff_id: DiffId(diff_id),
            uncompressed_size: self.size,
        }
    }

    /// Number of bytes of the tar so far.
    #[must_use]
    pub fn uncompressed_size(&self) -> u64 {
        self.size
    }
}

/// Compresses a tar and computes the digest of the blob only.
pub(super) struct BlobWriter {
    method: Method,
    compressor: Compressor,
    digest: Hasher,
    size: u64,
}

impl BlobWriter {
    pub(super) fn new(method: Method) -> Self {
        Self {
            method,
            compressor: Compressor::new(method),
            digest: Hasher::new(Algorithm::Sha256),
            size: 0,
        }
    }

    pub(super) fn push(&mut self, tar: &[u8], blob: &mut Vec<u8>) {
        let start = blob.len();
        self.compressor.push(tar, blob);
        self.count(start, blob);
    }

    /// How the blob is compressed, its digest and its size.
    pub(super) fn finish(mut self, blob: &mut Vec<u8>) -> (Compression, Digest, u64) {
        let start = blob.len();
        let compressor = std::mem::replace(&mut self.compressor, Compressor::None);
        compressor.finish(blob);
        self.count(start, blob);
        (self.method.compression(), self.digest.finish(), self.size)
    }

    fn count(&mut self, start: usize, blob: &[u8]) {
        let new = blob.get(start..).unwrap_or_default();
        self.digest.update(new);
        self.size += new.len() as u64;
    }
}
