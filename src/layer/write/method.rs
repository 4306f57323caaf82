//! How is a new layer to be compressed?

use serde::{Deserialize, Serialize};

use crate::media_type::Compression;

/// How a new layer is to be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "method")]
pub enum Method {
    /// Not at all.
    None,
    /// As one gzip member without name or time, of blocks of 1 MiB of the tar that begin and end
    /// at whole bytes.
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
