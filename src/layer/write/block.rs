//! How do several compress one tar at once?
//!
//! The tar is cut into blocks of one size. Each is compressed by itself, by whoever has time for it,
//! and what comes of it depends on nothing but its bytes and those just before it. So the blob is
//! the same however many there are, and in whatever order they are done.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::error::MakeError;
use super::method::Method;
use super::{gzip, zstd};

/// Bytes of the tar in one block. Another number gives other blobs.
pub(super) const BLOCK_BYTES: usize = 1 << 20;

/// A block of a tar, and all that one needs to compress it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// Which one it is, counted from 0.
    pub number: u64,
    /// How it is to be compressed; [`Method::None`] leaves it as it is.
    pub method: Method,
    /// How many of `bytes` stand before the block: what is in it may refer to them.
    pub before: usize,
    /// Whether the tar ends with it.
    pub is_last: bool,
    /// The bytes before the block, and its own. They travel beside the rest.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// A block that was compressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackedBlock {
    /// [`Block::number`].
    pub number: u64,
    /// Bytes of the tar in it.
    pub size: u64,
    /// CRC-32 of these (RFC 1952, 8); 0 where the format has none.
    pub crc: u32,
    /// What it became. They travel beside the rest.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// Those who compress blocks: threads, workers, or whoever asks.
///
/// Dropping them stops what they do, or makes that nobody waits for it.
#[allow(async_fn_in_trait)]
pub trait Packers<E> {
    /// How many blocks may be given before one must have come back; at least 1. More than there are
    /// packers keep these busy, and take memory.
    fn room(&self) -> usize;

    /// Gives one of them a block, which is then [packed](Block::pack). Called only while there is
    /// room.
    fn give(&mut self, block: Block);

    /// Any block that was given and is done; waits for one. Called only while one is out.
    ///
    /// # Errors
    /// When a packer ended before it was done.
    async fn take(&mut self) -> Result<PackedBlock, E>;
}

/// Compresses each block at once, where it is given.
#[derive(Debug, Default)]
pub struct Inline(VecDeque<PackedBlock>);

impl Block {
    /// Compresses it.
    #[must_use]
    pub fn pack(&self) -> PackedBlock {
        let Self { number, method, before, is_last, bytes } = self;
        let (before, content) = bytes.split_at(bytes.len().min(*before));
        let (crc, bytes) = match method {
            Method::None => (0, content.to_vec()),
            Method::Gzip { level } => {
                (crc32fast::hash(content), gzip::deflate(*level, before, content, *is_last))
            }
            Method::Zstd => (0, zstd::frame(content)),
        };
        PackedBlock { number: *number, size: content.len() as u64, crc, bytes }
    }
}

impl<E: From<MakeError>> Packers<E> for Inline {
    fn room(&self) -> usize {
        1
    }

    fn give(&mut self, block: Block) {
        self.0.push_back(block.pack());
    }

    async fn take(&mut self) -> Result<PackedBlock, E> {
        self.0.pop_front().ok_or_else(|| MakeError::Missing.into())
    }
}
