//! How does a tar become the bytes of a blob?
//!
//! The same tar gives the same bytes on every machine and in every browser, whatever the sizes
//! of the pieces in which it comes and whoever compresses them. Each [block](super::block) of it is
//! compressed by itself and given as a whole; zlib-rs hashes in plain arithmetic, and what it does
//! with SIMD gives the same results as without. A test compares the digests of blobs with recorded
//! ones.

use std::collections::BTreeMap;

use super::block::{BLOCK_BYTES, Block, PackedBlock, Packers};
use super::gzip::{self, Trailer, WINDOW_BYTES};
use super::method::Method;

/// Compresses a tar in pieces of any size.
pub(super) struct Compressor<'p, P> {
    method: Method,
    packers: &'p mut P,
    /// The block that is gathered, behind the bytes before it. A whole one waits for the next byte,
    /// since the last one is to know that it is the last.
    gathered: Vec<u8>,
    /// Number of bytes before it.
    before: usize,
    /// Number of blocks that were given to packers, and that were written.
    given: u64,
    written: u64,
    /// Blocks that came back before others that stand in front of them.
    early: BTreeMap<u64, PackedBlock>,
    trailer: Trailer,
}

impl<'p, P> Compressor<'p, P> {
    pub(super) fn new(method: Method, packers: &'p mut P) -> Self {
        Self {
            method,
            packers,
            gathered: Vec::new(),
            before: 0,
            given: 0,
            written: 0,
            early: BTreeMap::new(),
            trailer: Trailer::default(),
        }
    }

    /// Takes the next bytes of the tar and appends what is ready to `blob`.
    pub(super) async fn push<E>(&mut self, tar: &[u8], blob: &mut Vec<u8>) -> Result<(), E>
    where
        P: Packers<E>,
    {
        if self.method == Method::None {
            blob.extend_from_slice(tar);
            return Ok(());
        }
        let mut rest = tar;
        while !rest.is_empty() {
            let room = (self.before + BLOCK_BYTES).saturating_sub(self.gathered.len());
            if room == 0 {
                self.give(false, blob).await?;
                continue;
            }
            let (now, later) = rest.split_at(rest.len().min(room));
            self.gathered.extend_from_slice(now);
            rest = later;
        }
        Ok(())
    }

    /// Appends what is left to `blob`.
    pub(super) async fn finish<E>(mut self, blob: &mut Vec<u8>) -> Result<(), E>
    where
        P: Packers<E>,
    {
        if self.method == Method::None {
            return Ok(());
        }
        // Nothing at all is neither a gzip member nor a zstd stream: then this block is empty.
        self.give(true, blob).await?;
        while self.written < self.given {
            self.take(blob).await?;
        }
        if let Method::Gzip { .. } = self.method {
            blob.extend_from_slice(&self.trailer.bytes());
        }
        Ok(())
    }

    /// Gives the block that was gathered to a packer, once there is room for it.
    async fn give<E>(&mut self, is_last: bool, blob: &mut Vec<u8>) -> Result<(), E>
    where
        P: Packers<E>,
    {
        while self.given - self.written >= self.packers.room().max(1) as u64 {
            self.take(blob).await?;
        }
        let mut next = Vec::new();
        if !is_last {
            let before = match self.method {
                Method::Gzip { .. } => self.gathered.len().saturating_sub(WINDOW_BYTES),
                _ => self.gathered.len(),
            };
            next.reserve_exact(WINDOW_BYTES + BLOCK_BYTES);
            next.extend_from_slice(self.gathered.get(before..).unwrap_or_default());
        }
        let before = std::mem::replace(&mut self.before, next.len());
        let bytes = std::mem::replace(&mut self.gathered, next);
        let (number, method) = (self.given, self.method);
        self.packers.give(Block { number, method, before, is_last, bytes });
        self.given += 1;
        Ok(())
    }

    /// Waits for a block, and writes all whose turn it is.
    async fn take<E>(&mut self, blob: &mut Vec<u8>) -> Result<(), E>
    where
        P: Packers<E>,
    {
        let packed = self.packers.take().await?;
        self.early.insert(packed.number, packed);
        while let Some(packed) = self.early.remove(&self.written) {
            if let (0, Method::Gzip { level }) = (self.written, self.method) {
                blob.extend_from_slice(&gzip::header(level));
            }
            self.trailer.add(packed.crc, packed.size);
            blob.extend_from_slice(&packed.bytes);
            self.written += 1;
        }
        Ok(())
    }
}
