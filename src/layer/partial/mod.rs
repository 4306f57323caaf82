//! How are a few bytes of a layer read without the rest?
//!
//! A [`Span`] is a stretch of a blob that can be decoded by itself, with what its bytes are to be
//! compared with. Spans come from what a full pass has recorded
//! ([`SeekPoints`](crate::layer::seek::SeekPoints)) or from a table of contents. [`Reading`] asks for
//! their bytes, decodes and compares them, and cuts the wanted runs out.

mod check;
mod decode;
mod reading;

use std::ops::Range;

pub use check::Run;
pub use reading::Reading;

use crate::digest::Digest;

/// A stretch of a blob that can be decoded by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Bytes of the blob that are needed for it.
    pub blob: Range<u64>,
    /// How they become what comes out.
    pub decode: Decode,
    /// Bytes of something else that come out first.
    pub skip: u64,
    /// Where the first byte that comes out behind them stands in the stream that is cut: the tar, or the file
    /// where chunks of files are compressed.
    pub offset: u64,
    /// Bytes that come out and are wanted of it; decoding stops there.
    pub len: u64,
    /// What they are compared with.
    pub check: Check,
}

/// How bytes of a blob become those of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decode {
    /// As they stand.
    Plain,
    /// A hole; the range of the blob means nothing.
    Zeros,
    /// Whole gzip members, with headers and trailers.
    Gzip,
    /// Whole zstd frames; skippable ones are skipped.
    Zstd,
    /// From a block inside a gzip member's deflate stream on. Where that ends, its trailer and
    /// further members may follow.
    Deflate {
        /// How many lower bits of the first byte belong to what is before the block, up to all 8.
        /// `None` when that is not known (but not 0): all are tried.
        bits: Option<u8>,
        /// Up to 32 KiB that came out before.
        window: Vec<u8>,
    },
}

/// What the bytes of a span are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Nothing.
    None,
    /// All bytes that come out have this digest.
    Content(Digest),
    /// All bytes of the blob, as they stand there, have this digest.
    Compressed(Digest),
    /// What comes out leads from one state of the stream's digest to the next.
    States(Run),
}

/// Why a part of a layer could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes can't be decoded.
    #[error("a part of the layer, from byte {at} of the blob on, can't be decoded. {why}")]
    Damaged {
        /// Where the span begins in the blob.
        at: u64,
        /// What is wrong, in a sentence.
        why: String,
    },
    /// Less came out than should.
    #[error(
        "a part of the layer, from byte {at} of the blob on, ends {missing} bytes too early: read the whole layer instead"
    )]
    Short {
        /// Where the span begins in the blob.
        at: u64,
        /// Bytes that are missing.
        missing: u64,
    },
    /// Other bytes came than those that were promised.
    #[error(
        "a part of the layer, from byte {at} of the blob on, is not what was promised: nothing of it may be used"
    )]
    Mismatch {
        /// Where the span begins in the blob.
        at: u64,
    },
}
