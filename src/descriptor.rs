//! Descriptors, and the only way to verified bytes.
//!
//! image-spec, descriptor.md.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};
use crate::media_type::MediaType;
use crate::platform::Platform;

/// What a piece of content is, how large, and by which digest it is known.
///
/// ```
/// use bytes::Bytes;
/// use drydock::descriptor::Descriptor;
/// use drydock::digest::Digest;
/// use drydock::media_type::MediaType;
///
/// let config = Bytes::from_static(b"{}");
/// let promised = Descriptor::new(MediaType::CONFIG, Digest::sha256(&config), 2);
/// assert!(promised.verify(config).is_ok());
/// assert!(promised.verify(Bytes::from_static(b"[]")).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Type of the content.
    pub media_type: MediaType,
    /// Digest of the content.
    pub digest: Digest,
    /// Size of the content in bytes.
    pub size: u64,
    /// Places other than the registry where the content may lie; never fetched unasked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Free-form remarks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The content itself in base64, for small content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Type of the artifact, when the descriptor points to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<MediaType>,
    /// The platform that the content is for, in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

/// A value whose bytes were compared with a descriptor or a digest. Only this module makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// Gives the value away.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// How bytes differ from what was said of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Another number of bytes.
    #[error("{digest} should have {expected} bytes, but {actual} came")]
    Size {
        /// Digest that was asked for.
        digest: Digest,
        /// Bytes that it should have.
        expected: u64,
        /// Bytes that came.
        actual: u64,
    },
    /// Another content.
    #[error("content digest {actual} does not match requested {expected}")]
    Digest {
        /// Digest that was asked for.
        expected: Digest,
        /// Digest of what came.
        actual: Digest,
    },
    /// The digest's algorithm can't be computed here, so nothing can be said.
    #[error("{0} cannot be verified here: only sha256 and sha512 can be computed")]
    Unverifiable(Digest),
}

impl Descriptor {
    /// A descriptor of content that is known by type, digest and size only.
    #[must_use]
    pub fn new(media_type: impl Into<MediaType>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            data: None,
            artifact_type: None,
            platform: None,
        }
    }

    /// Compares bytes with the descriptor: size first, then digest.
    ///
    /// # Errors
    /// When either differs, or the algorithm can't be computed here.
    pub fn verify(&self, bytes: Bytes) -> Result<Verified<Bytes>, Mismatch> {
        let actual = bytes.len() as u64;
        if actual != self.size {
            return Err(Mismatch::Size {
                digest: self.digest.clone(),
                expected: self.size,
                actual,
            });
        }
        verify_digest(&self.digest, bytes)
    }

    /// Whether this is an entry under which BuildKit lists the attestations of another entry
    /// (annotation `vnd.docker.reference.type`).
    #[must_use]
    pub fn is_attestation(&self) -> bool {
        self.annotations
            .get("vnd.docker.reference.type")
            .is_some_and(|t| t == "attestation-manifest")
    }

    /// The digest of the entry that this attestation is about.
    #[must_use]
    pub fn attested(&self) -> Option<Digest> {
        let digest = self.annotations.get("vnd.docker.reference.digest")?;
        self.is_attestation().then(|| Digest::parse(digest).ok())?
    }
}

/// Compares bytes with a digest alone, as when a manifest is asked for by digest.
///
/// # Errors
/// When the digest differs, or its algorithm can't be computed here.
pub fn verify_digest(digest: &Digest, bytes: Bytes) -> Result<Verified<Bytes>, Mismatch> {
    let Some(algorithm) = digest.algorithm() else {
        return Err(Mismatch::Unverifiable(digest.clone()));
    };
    let mut hasher = Hasher::new(algorithm);
    hasher.update(&bytes);
    let actual = hasher.finish();
    if actual == *digest {
        Ok(Verified(bytes))
    } else {
        Err(Mismatch::Digest { expected: digest.clone(), actual })
    }
}

/// Names bytes by their own SHA-256 digest, as when a manifest is asked for by tag: nothing was
/// promised, so nothing can differ, and from here on the digest says what they are.
#[must_use]
pub fn identify(bytes: Bytes) -> (Digest, Verified<Bytes>) {
    (Digest::sha256(&bytes), Verified(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(content: &[u8]) -> Descriptor {
        Descriptor::new("text/plain", Digest::sha256(content), content.len() as u64)
    }

    #[test]
    fn m5_size_zero_is_content_too() {
        assert!(descriptor(b"").verify(Bytes::new()).is_ok());
    }

    #[test]
    fn size_is_compared_before_the_digest() {
        let wrong = descriptor(b"abc").verify(Bytes::from_static(b"abcd"));
        assert!(matches!(wrong, Err(Mismatch::Size { expected: 3, actual: 4, .. })));
    }

    #[test]
    fn m1_other_content_of_the_same_size() {
        let wrong = descriptor(b"abc").verify(Bytes::from_static(b"abd"));
        let message = wrong.expect_err("differs").to_string();
        assert!(message.contains("does not match requested"), "{message}");
    }

    #[test]
    fn m15_sha512_verifies_and_blake3_never_does() {
        let content = Bytes::from_static(b"abc");
        let sha512 = Digest::of(crate::digest::Algorithm::Sha512, &content);
        assert!(verify_digest(&sha512, content.clone()).is_ok());
        let blake3 = Digest::parse("blake3:abc").expect("grammar");
        assert!(matches!(verify_digest(&blake3, content), Err(Mismatch::Unverifiable(_))));
    }
}
