//! How does a tar become the bytes of a blob?
//!
//! The same tar gives the same bytes on every machine and in every browser, whatever the sizes
//! of the pieces in which it comes. What deflate finds depends on how much of its input it has
//! been given, so it always gets pieces of one size; zlib-rs hashes in plain arithmetic, and what
//! it does with SIMD gives the same results as without. Each zstd frame is made by itself of a
//! piece of one size. A test compares the digests of blobs with recorded ones.

use serde::{Deserialize, Serialize};
use zlib_rs::{Deflate, DeflateFlush, Status};

use super::zstd::Frames;
use crate::media_type::Compression;

/// Bytes of the tar that deflate is given at once. Another number gives other blobs.
const DEFLATE_BYTES: usize = 128 << 10;
/// Bytes of the tar in one zstd frame. Another number gives other blobs.
const FRAME_BYTES: usize = 1 << 20;
/// Room for what comes out of one call of deflate.
const OUTPUT_BYTES: usize = 64 << 10;

/// How a new layer is to be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "method")]
pub enum Method {
    /// Not at all.
    None,
    /// As one gzip member without name or time.
    Gzip {
        /// How hard it tries.
        level: GzipLevel,
    },
    /// As zstd frames of 1 MiB of the tar each. The encoder has one level, which is meant to do
    /// what level 1 of the reference implementation does.
    Zstd,
}

impl Method {
    /// gzip at its usual level.
    pub const GZIP: Self = Self::Gzip { level: GzipLevel::DEFAULT };

    /// What the blob is then.
    #[must_use]
    pub fn compression(self) -> Compression {
        match self {
            Self::None => Compression::None,
            Self::Gzip { .. } => Compression::Gzip,
            Self::Zstd => Compression::Zstd,
        }
    }
}

/// A level of gzip, from 1 (fast) to 9 (small).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct GzipLevel(u8);

/// Not a level of gzip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no level of gzip: expected 1 (fast) to 9 (small)")]
pub struct LevelError(pub u8);

impl GzipLevel {
    /// Fastest, largest blobs.
    pub const FAST: Self = Self(1);
    /// What gzip does when not told otherwise.
    pub const DEFAULT: Self = Self(6);
    /// Slowest, smallest blobs.
    pub const SMALL: Self = Self(9);
}

impl TryFrom<u8> for GzipLevel {
    type Error = LevelError;

    fn try_from(level: u8) -> Result<Self, LevelError> {
        if (1..=9).contains(&level) { Ok(Self(level)) } else { Err(LevelError(level)) }
    }
}

impl From<GzipLevel> for u8 {
    fn from(level: GzipLevel) -> Self {
        level.0
    }
}

/// Compresses a tar in pieces of any size.
pub(super) enum Compressor {
    None,
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
}

impl Compressor {
    pub(super) fn new(method: Method) -> Self {
        match method {
            Method::None => Self::None,
            Method::Gzip { level } => Self::Gzip(Box::new(Gzip::new(level))),
            Method::Zstd => Self::Zstd(Box::new(Zstd {
                pieces: Pieces::new(FRAME_BYTES),
                frames: Frames::default(),
                is_empty: true,
            })),
        }
    }

    /// Takes the next bytes of the tar and appends what is ready to `blob`.
    pub(super) fn push(&mut self, tar: &[u8], blob: &mut Vec<u8>) {
        match self {
            Self::None => blob.extend_from_slice(tar),
            Self::Gzip(gzip) => gzip.push(tar, blob),
            Self::Zstd(zstd) => {
                let Zstd { pieces, frames, is_empty } = &mut **zstd;
                pieces.push(tar, |piece| {
                    *is_empty = false;
                    frames.frame(piece, blob);
                });
            }
        }
    }

    /// Appends what is left to `blob`.
    pub(super) fn finish(self, blob: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Gzip(gzip) => gzip.finish(blob),
            Self::Zstd(mut zstd) => {
                let last = zstd.pieces.rest();
                // Nothing at all is no zstd stream.
                if !last.is_empty() || zstd.is_empty {
                    zstd.frames.frame(last, blob);
                }
            }
        }
    }
}

/// Cuts what comes in pieces of any size into pieces of one size.
pub(super) struct Pieces {
    size: usize,
    held: Vec<u8>,
}

impl Pieces {
    fn new(size: usize) -> Self {
        Self { size, held: Vec::new() }
    }

    fn push(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            if self.held.is_empty()
                && let Some((piece, rest)) = bytes.split_at_checked(self.size)
            {
                take(piece);
                bytes = rest;
                continue;
            }
            let (head, rest) = bytes.split_at(bytes.len().min(self.size - self.held.len()));
            self.held.extend_from_slice(head);
            bytes = rest;
            if self.held.len() == self.size {
                take(&self.held);
                self.held.clear();
            }
        }
    }

    /// What is left in the end, less than a piece.
    fn rest(&self) -> &[u8] {
        &self.held
    }
}

/// One gzip member, RFC 1952. The frame is written here, so that it says nothing about the
/// machine.
pub(super) struct Gzip {
    pieces: Pieces,
    deflater: Deflater,
    level: GzipLevel,
    crc: crc32fast::Hasher,
    size: u32,
    begun: bool,
}

impl Gzip {
    fn new(level: GzipLevel) -> Self {
        Self {
            pieces: Pieces::new(DEFLATE_BYTES),
            deflater: Deflater {
                deflate: Deflate::new(level.0.into(), false, 15),
                output: vec![0; OUTPUT_BYTES],
            },
            level,
            crc: crc32fast::Hasher::new(),
            size: 0,
            begun: false,
        }
    }

    fn begin(&mut self, blob: &mut Vec<u8>) {
        if !self.begun {
            self.begun = true;
            let extra = match self.level {
                GzipLevel::FAST => 4,
                GzipLevel::SMALL => 2,
                _ => 0,
            };
            // Deflate, no flags, no time, and a system that is not known.
            blob.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extra, 255]);
        }
    }

    fn push(&mut self, tar: &[u8], blob: &mut Vec<u8>) {
        self.begin(blob);
        self.crc.update(tar);
        // The field holds the size modulo 2^32.
        self.size = self.size.wrapping_add(tar.len() as u32);
        let Self { pieces, deflater, .. } = self;
        pieces.push(tar, |piece| deflater.run(piece, DeflateFlush::NoFlush, blob));
    }

    fn finish(mut self, blob: &mut Vec<u8>) {
        self.begin(blob);
        self.deflater.run(self.pieces.rest(), DeflateFlush::Finish, blob);
        blob.extend_from_slice(&self.crc.finalize().to_le_bytes());
        blob.extend_from_slice(&self.size.to_le_bytes());
    }
}

struct Deflater {
    deflate: Deflate,
    output: Vec<u8>,
}

impl Deflater {
    /// Compresses all of `piece`, and with [`DeflateFlush::Finish`] all that is held.
    fn run(&mut self, mut piece: &[u8], flush: DeflateFlush, blob: &mut Vec<u8>) {
        loop {
            let before = (self.deflate.total_in(), self.deflate.total_out());
            let status = self.deflate.compress(piece, &mut self.output, flush);
            let taken = (self.deflate.total_in() - before.0) as usize;
            let made = (self.deflate.total_out() - before.1) as usize;
            blob.extend_from_slice(&self.output[..made]);
            piece = &piece[taken..];
            let done = match status {
                Ok(Status::StreamEnd) => true,
                Ok(_) => flush == DeflateFlush::NoFlush && piece.is_empty() && made < OUTPUT_BYTES,
                // Deflate takes any bytes; it only refuses to be used in the wrong order.
                Err(error) => unreachable!("deflate was not finished: {error:?}"),
            };
            if done {
                return;
            }
        }
    }
}

/// Zstd frames, one for each piece.
pub(super) struct Zstd {
    pieces: Pieces,
    frames: Frames,
    is_empty: bool,
}
