//! What comes out of the bytes of a span?

use super::Decode;
use super::check::Checking;
use crate::finding::Severity;
use crate::layer::codec::{Codec, Gzip, Output, Zstd};
use crate::layer::findings::Findings;
use crate::media_type::Compression;

/// Bytes of a blob after which it is clear at which bit a block begins: at others so many are no
/// blocks. Longer than a block that is stored as it is, whose end shows what it was taken for.
const ENOUGH: usize = 80 << 10;
/// Bytes that come out of them at most while that is tried.
const TRIED: u64 = 1 << 20;
const SUBJECT: &str = "layer";

/// Decodes a span.
pub(super) enum Decoder {
    /// As it is.
    Known(Codec),
    /// At the bit of the first byte, which has not come.
    Inside { bits: u8, window: Vec<u8> },
    /// At a bit that is not known yet.
    Trying(Trying),
}

/// The first bytes of a block that begins nobody knows at which bit.
#[derive(Default)]
pub(super) struct Trying {
    window: Vec<u8>,
    held: Vec<u8>,
}

/// What is done with what comes out.
pub(super) struct Out<'a> {
    /// Bytes of something else that come first.
    pub(super) skip: &'a mut u64,
    /// Bytes that are still wanted.
    pub(super) left: &'a mut u64,
    /// Where the next one stands in the stream.
    pub(super) offset: &'a mut u64,
    pub(super) check: &'a mut Checking,
    /// Takes bytes and where they stand in the stream.
    pub(super) give: &'a mut dyn FnMut(u64, &[u8]),
}

impl Decoder {
    pub(super) fn new(decode: Decode) -> Self {
        match decode {
            Decode::Plain | Decode::Zeros => Self::Known(Codec::Plain),
            Decode::Gzip => Self::Known(Codec::Gzip(Box::default())),
            Decode::Zstd => Self::Known(Codec::Zstd(Box::<Zstd>::default())),
            Decode::Deflate { bits: Some(bits), window } => Self::Inside { bits, window },
            Decode::Deflate { bits: None, window } => {
                Self::Trying(Trying { window, held: Vec::new() })
            }
        }
    }

    /// Takes the next bytes, which stand at `at` in the blob; `last` says that no more will come. The
    /// error says what is wrong with them.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        at: u64,
        last: bool,
        out: &mut Out<'_>,
    ) -> Result<(), String> {
        match self {
            Self::Known(codec) => decode(codec, bytes, at, out),
            Self::Inside { bits, window } => {
                let Some((first, rest)) = bytes.split_first() else { return Ok(()) };
                let mut codec = Codec::Gzip(Box::new(Gzip::inside(window, *bits, *first)));
                let decoded = decode(&mut codec, rest, at + 1, out);
                *self = Self::Known(codec);
                decoded
            }
            Self::Trying(trying) => {
                let count = (ENOUGH - trying.held.len()).min(bytes.len());
                let (now, rest) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
                let start = at - trying.held.len() as u64;
                trying.held.extend_from_slice(now);
                let last = last && rest.is_empty();
                if trying.held.len() < ENOUGH && !last {
                    return Ok(());
                }
                let Some(bits) = (1..=8).find(|bits| trying.fits(*bits, start, last, out)) else {
                    return Err("No block of compressed data begins there.".to_owned());
                };
                let Trying { window, held } = std::mem::take(trying);
                *self = Self::Inside { bits, window };
                self.push(&held, start, false, out)?;
                self.push(rest, at + count as u64, false, out)
            }
        }
    }
}

impl Trying {
    /// Whether something comes out when the block begins behind so many bits, and the right thing as
    /// far as can be told. `whole` says that these are all bytes that there are.
    fn fits(&self, bits: u8, at: u64, whole: bool, out: &Out<'_>) -> bool {
        let Some((first, rest)) = self.held.split_first() else { return false };
        let mut codec = Codec::Gzip(Box::new(Gzip::inside(&self.window, bits, *first)));
        let (mut left, mut offset) = ((*out.left).min(TRIED), *out.offset);
        let mut skip = *out.skip;
        let beyond = *out.left - left;
        let mut check = out.check.clone();
        let mut tried = Out {
            skip: &mut skip,
            left: &mut left,
            offset: &mut offset,
            check: &mut check,
            give: &mut |_, _| {},
        };
        let decoded = decode(&mut codec, rest, at + 1, &mut tried);
        if decoded.is_err() || matches!(check, Checking::Failed) {
            return false;
        }
        match (left, beyond) {
            (0, 0) => check.takes_all() || check.finish(),
            (0, _) => true,
            _ => !whole,
        }
    }
}

fn decode(codec: &mut Codec, bytes: &[u8], at: u64, out: &mut Out<'_>) -> Result<(), String> {
    let mut findings = Findings::default();
    // Whether the formats' own checksums match is not asked: what is compared says more.
    let stopped = codec.push(bytes, at, SUBJECT, out, &mut findings).is_err();
    // A stream that ends too early, and what stands behind it, is no error to those who read all of it.
    if !stopped && !codec.in_garbage() || *out.left == 0 {
        return Ok(());
    }
    let findings = findings.finish(SUBJECT);
    let why = findings.into_iter().rfind(|finding| finding.severity == Severity::Error);
    Err(why.map_or_else(|| "Something else stands there.".to_owned(), |finding| finding.message))
}

impl Output for Out<'_> {
    fn begin(&mut self, _compression: Compression) {}

    fn take(&mut self, bytes: &[u8]) {
        let skipped = (*self.skip).min(bytes.len() as u64);
        *self.skip -= skipped;
        let bytes = bytes.get(skipped as usize..).unwrap_or_default();
        let count = (*self.left).min(bytes.len() as u64);
        let bytes = bytes.get(..count as usize).unwrap_or(bytes);
        if let Some(before) = self.check.came_out(bytes)
            && let Some(rest) = bytes.get(before..).filter(|rest| !rest.is_empty())
        {
            (self.give)(*self.offset + before as u64, rest);
        }
        *self.left -= count;
        *self.offset += count;
    }

    fn is_full(&self) -> bool {
        *self.left == 0 || matches!(self.check, Checking::Failed)
    }
}
