//! How is a new layer written, from its tar to what a manifest says about it?

use serde::{Deserialize, Serialize};

use super::block::Packers;
use super::compress::Compressor;
use super::method::Method;
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
pub struct LayerWriter<'p, P> {
    /// `None` when the blob is the tar itself.
    diff_id: Option<Hasher>,
    size: u64,
    blob: BlobWriter<'p, P>,
}

impl<'p, P> LayerWriter<'p, P> {
    /// Starts with nothing written.
    #[must_use]
    pub fn new(method: Method, packers: &'p mut P) -> Self {
        let diff_id = (method != Method::None).then(|| Hasher::new(Algorithm::Sha256));
        Self { diff_id, size: 0, blob: BlobWriter::new(method, packers) }
    }

    /// Takes the next bytes of the tar and appends those of the blob that are ready to `blob`,
    /// which may be emptied between calls.
    ///
    /// # Errors
    /// When one of the packers can't go on.
    pub async fn push<E>(&mut self, tar: &[u8], blob: &mut Vec<u8>) -> Result<(), E>
    where
        P: Packers<E>,
    {
        if let Some(hasher) = &mut self.diff_id {
            hasher.update(tar);
        }
        self.size += tar.len() as u64;
        self.blob.push(tar, blob).await
    }

    /// Appends the rest of the blob to `blob` and says what was written.
    ///
    /// # Errors
    /// As with [`LayerWriter::push`].
    pub async fn finish<E>(self, blob: &mut Vec<u8>) -> Result<BuiltLayer, E>
    where
        P: Packers<E>,
    {
        let (compression, digest, size) = self.blob.finish(blob).await?;
        let diff_id = self.diff_id.map_or_else(|| digest.clone(), Hasher::finish);
        Ok(BuiltLayer {
            compression,
            digest,
            size,
            diff_id: DiffId(diff_id),
            uncompressed_size: self.size,
        })
    }

    /// Number of bytes of the tar so far.
    #[must_use]
    pub fn uncompressed_size(&self) -> u64 {
        self.size
    }
}

/// Compresses a tar and computes the digest of the blob only.
pub(super) struct BlobWriter<'p, P> {
    method: Method,
    compressor: Compressor<'p, P>,
    blob: Counted,
}

/// Digest and size of a blob.
struct Counted(Hasher, u64);

impl<'p, P> BlobWriter<'p, P> {
    pub(super) fn new(method: Method, packers: &'p mut P) -> Self {
        Self {
            method,
            compressor: Compressor::new(method, packers),
            blob: Counted(Hasher::new(Algorithm::Sha256), 0),
        }
    }

    pub(super) async fn push<E>(&mut self, tar: &[u8], blob: &mut Vec<u8>) -> Result<(), E>
    where
        P: Packers<E>,
    {
        let start = blob.len();
        self.compressor.push(tar, blob).await?;
        self.blob.count(start, blob);
        Ok(())
    }

    /// How the blob is compressed, its digest and its size.
    pub(super) async fn finish<E>(self, blob: &mut Vec<u8>) -> Result<(Compression, Digest, u64), E>
    where
        P: Packers<E>,
    {
        let Self { method, compressor, blob: mut counted } = self;
        let start = blob.len();
        compressor.finish(blob).await?;
        counted.count(start, blob);
        Ok((method.compression(), counted.0.finish(), counted.1))
    }
}

impl Counted {
    fn count(&mut self, start: usize, blob: &[u8]) {
        let new = blob.get(start..).unwrap_or_default();
        self.0.update(new);
        self.1 += new.len() as u64;
    }
}
