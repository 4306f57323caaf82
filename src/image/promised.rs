//! Is a document what it was promised to be?

use bytes::Bytes;

use crate::descriptor::{Descriptor, Mismatch, Verified, verify_digest};
use crate::digest::Digest;
use crate::finding::Finding;
use crate::spec;

/// Checks a document against the descriptor that named it. Bytes that were compared with this digest
/// before are not hashed again.
pub(super) fn compare(
    descriptor: &Descriptor,
    bytes: &Verified<Bytes>,
    own: &Digest,
) -> Result<Verified<Bytes>, Mismatch> {
    let digest = &descriptor.digest;
    if digest == own && descriptor.size == bytes.len() as u64 {
        return Ok(bytes.clone());
    }
    descriptor.verify(Bytes::clone(bytes)).or_else(|mismatch| signed(digest, bytes, mismatch))
}

/// Checks a document against the digest that it was asked for by, as [`compare`] does.
pub(super) fn compare_digest(
    digest: &Digest,
    bytes: &Verified<Bytes>,
    own: &Digest,
) -> Result<Verified<Bytes>, Mismatch> {
    if digest == own {
        return Ok(bytes.clone());
    }
    verify_digest(digest, Bytes::clone(bytes)).or_else(|mismatch| signed(digest, bytes, mismatch))
}

/// The digest of a signed schema 1 manifest is that of the document without its signatures.
fn signed(digest: &Digest, bytes: &Bytes, mismatch: Mismatch) -> Result<Verified<Bytes>, Mismatch> {
    let small = bytes.len() as u64 <= crate::limits::DOCUMENT_BYTES;
    match spec::signed_payload(bytes).filter(|_| small) {
        Some(payload) => verify_digest(digest, Bytes::from(payload)).map_err(|_| mismatch),
        None => Err(mismatch),
    }
}

/// Says how the bytes of a document differ from what was promised.
pub(super) fn finding(mismatch: &Mismatch, blob: bool, label: &str) -> Finding {
    let message = |why: &str| format!("The {label} is not what was asked for: {why}.");
    let text = message(&mismatch.to_string());
    match mismatch {
        Mismatch::Size { expected, actual, .. } => {
            let rule = if blob { "config.size" } else { "manifest.size" };
            Finding::error(rule, label, text).expected(expected).actual(actual)
        }
        Mismatch::Digest { expected, actual } if blob => {
            Finding::error("config.digest", label, text).expected(expected).actual(actual)
        }
        Mismatch::Digest { expected, actual } => {
            let why = format!("manifest digest {actual} does not match requested {expected}");
            Finding::error("manifest.digest", label, message(&why))
                .expected(expected)
                .actual(actual)
        }
        Mismatch::Unverifiable(digest) => {
            let text = format!("The {label} can't be checked: {mismatch}.");
            Finding::warning("document.unverifiable", label, text)
                .expected("sha256 or sha512")
                .actual(digest.algorithm_name())
        }
    }
}
