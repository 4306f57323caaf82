//! What comes out of the bytes of a span?

use super::Decode;
use super::check::Checking;
use crate::finding::Severity;
use crate::layer::codec::{Codec, Gzip, Output, Zstd};
use crate::layer::findings::Findings;
use crate::media_type::Compression;

/// Bytes of a blob after which it is clear at which bit a block begins: at others nothing comes out
/// of so many.
const ENOUGH: usize = 64 << 10;
/// Bytes that come out of them at most while that is tried.
const TRIED: u64 = 1 << 20;
const SUBJECT: &str = "layer";

/// Decodes a span.
pub(super) enum Decoder {
    /// As it is.
    Known(Codec),
    /// At the bit of the first byte, which has not come.
    Inside { bits: u8, window: Vec<u8> },
    /// At a bit that is not known yet; the bytes that have come.
    Trying { window: Vec<u8>, held: Vec<u8> },
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
            Decode::Deflate { bits: None, window } => Self::Trying { window, held: Vec::new() },
        }
    }

    /// Takes the next bytes; `last` says that no more will come. The error says what is wrong with
    /// them.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        last: bool,
        out: &mut Out<'_>,
    ) -> Result<(), String> {
        match self {
            Self::Known(codec) => decode(codec, bytes, out),
            Self::Inside { bits, window } => {
                let Some((first, rest)) = bytes.split_first() else { return Ok(()) };
                let mut codec = Codec::Gzip(Box::new(Gzip::inside(window, *bits, *first)));
                let decoded = decode(&mut codec, rest, out);
                *self = Self::Known(codec);
                decoded
            }
            Self::Trying { window, held } => {
                held.extend_from_slice(bytes);
                if held.len() < ENOUGH && !last {
                    return Ok(());
                }
                let Some(bits) = (1..=8).find(|bits| fits(*bits, window, held, out)) else {
                    return Err("no block of compressed data begins there".to_owned());
                };
                let (window, held) = (std::mem::take(window), std::mem::take(held));
                *self = Self::Inside { bits, window };
                self.push(&held, last, out)
            }
        }
    }
}

/// Whether something comes out when the block begins behind so many bits, and the right thing as
/// far as can be told.
fn fits(bits: u8, window: &[u8], held: &[u8], out: &Out<'_>) -> bool {
    let Some((first, rest)) = held.split_first() else { return false };
    let mut codec = Codec::Gzip(Box::new(Gzip::inside(window, bits, *first)));
    let (mut skip, mut left, mut offset) = (*out.skip, *out.left, *out.offset);
    let mut check = out.check.clone();
    let wanted = left.min(TRIED);
    let beyond = left - wanted;
    left = wanted;
    let mut tried = Out {
        skip: &mut skip,
        left: &mut left,
        offset: &mut offset,
        check: &mut check,
        give: &mut |_, _| {},
    };
    if decode(&mut codec, rest, &mut tried).is_err() || matches!(check, Checking::Failed) {
        return false;
    }
    match (left, beyond) {
        // All of it.
        (0, 0) => check.finish(),
        (0, _) => true,
        // More is to come.
        _ => held.len() >= ENOUGH,
    }
}

fn decode(codec: &mut Codec, bytes: &[u8], out: &mut Out<'_>) -> Result<(), String> {
    let mut findings = Findings::default();
    let stopped = codec.push(bytes, 0, SUBJECT, out, &mut findings).is_err();
    let findings = findings.finish(SUBJECT);
    match findings.into_iter().find(|finding| finding.severity == Severity::Error) {
        Some(finding) => Err(finding.message),
        None if stopped && *out.left > 0 => Err("something else stands there".to_owned()),
        None => Ok(()),
    }
}

impl Output for Out<'_> {
    fn begin(&mut self, _compression: Compression) {}

    fn take(&mut self, bytes: &[u8]) {
        let skipped = (*self.skip).min(bytes.len() as u64);
        *self.skip -= skipped;
        let bytes = bytes.get(skipped as usize..).unwrap_or_default();
        let count = (*self.left).min(bytes.len() as u64);
        let bytes = bytes.get(..count as usize).unwrap_or(bytes);
        if let Some(vouched) = self.check.came_out(bytes)
            && let Some(rest) = bytes.get(vouched..).filter(|rest| !rest.is_empty())
        {
            (self.give)(*self.offset + vouched as u64, rest);
        }
        *self.left -= count;
        *self.offset += count;
    }

    fn is_full(&self) -> bool {
        *self.left == 0 || matches!(self.check, Checking::Failed)
    }
}
