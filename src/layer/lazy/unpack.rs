//! What comes out of a compressed table of contents?

use super::error::{LazyError, wrong};
use crate::finding::Severity;
use crate::layer::codec::{Codec, Output};
use crate::layer::findings::Findings;
use crate::limits;
use crate::media_type::Compression;

/// Bytes that are decoded at once, between which the size of what came out is looked at.
const PIECE: usize = 64 << 10;

/// All that comes out of `bytes`, which must be whole gzip members or zstd frames without a fault.
pub(super) fn unpack(bytes: &[u8], expected: Compression) -> Result<Vec<u8>, LazyError> {
    let mut codec = Codec::new();
    let mut out = Unpacked { compression: None, bytes: Vec::new(), found: 0 };
    let mut findings = Findings::default();
    let (mut offset, mut whole) = (0, true);
    for piece in bytes.chunks(PIECE) {
        whole = codec.push(piece, offset, "table", &mut out, &mut findings).is_ok();
        offset += piece.len() as u64;
        if !whole || out.found > limits::TOC_UNPACKED_BYTES {
            break;
        }
    }
    while whole && codec.holds() && out.found <= limits::TOC_UNPACKED_BYTES {
        whole = codec.push(&[], offset, "table", &mut out, &mut findings).is_ok();
    }
    if out.found > limits::TOC_UNPACKED_BYTES {
        return Err(LazyError::TooLarge { most: limits::TOC_UNPACKED_BYTES, found: out.found });
    }
    let _ = codec.finish(offset, "table", &mut out, &mut findings);
    if out.compression != Some(expected) {
        return wrong(format!("it is not compressed with {}", expected.name()));
    }
    let findings = findings.finish("table");
    match findings.into_iter().find(|finding| finding.severity == Severity::Error) {
        Some(finding) => {
            wrong(format!("it can't be decompressed ({})", finding.message.trim_end_matches('.')))
        }
        None => Ok(out.bytes),
    }
}

struct Unpacked {
    compression: Option<Compression>,
    bytes: Vec<u8>,
    found: u64,
}

impl Output for Unpacked {
    fn begin(&mut self, compression: Compression) {
        self.compression = Some(compression);
    }

    fn take(&mut self, bytes: &[u8]) {
        self.found += bytes.len() as u64;
        if self.found <= limits::TOC_UNPACKED_BYTES {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn is_full(&self) -> bool {
        self.found > limits::TOC_UNPACKED_BYTES
    }
}
