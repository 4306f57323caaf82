//! A brotli and a gzip twin for each file that gets smaller by it.

use std::io::Write as _;

use anyhow::Result;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Below this many bytes a twin saves nothing.
const WORTH_COMPRESSING: usize = 512;

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    Quick,
    Smallest,
}

/// The twins of a file by suffix.
pub(super) fn of(bytes: &[u8], effort: Effort) -> Result<Vec<(&'static str, Vec<u8>)>> {
    if bytes.len() < WORTH_COMPRESSING {
        return Ok(Vec::new());
    }
    let mut twins = vec![("br", brotli(bytes, effort)?), ("gz", gzip(bytes, effort)?)];
    twins.retain(|(_, packed)| packed.len() < bytes.len());
    Ok(twins)
}

fn brotli(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let quality = match effort {
        Effort::Quick => 5,
        Effort::Smallest => 11,
    };
    let parameters =
        BrotliEncoderParams { quality, lgwin: 22, size_hint: bytes.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &parameters)?;
    Ok(packed)
}

fn gzip(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let level = match effort {
        Effort::Quick => Compression::new(6),
        Effort::Smallest => Compression::best(),
    };
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
