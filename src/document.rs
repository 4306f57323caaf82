//! A JSON document with the bytes that it was read from.

use bytes::Bytes;
use serde_json::Value;

use crate::descriptor::{Descriptor, Verified};
use crate::digest::{Algorithm, Digest};
use crate::media_type::MediaType;

/// Raw bytes, their digest, and the JSON value in them. The bytes are the truth: an untouched
/// document is always passed on byte for byte.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    bytes: Bytes,
    digest: Digest,
    media_type: MediaType,
    value: Value,
}

impl Document {
    /// Takes verified bytes and the value that the strict reader ([`crate::json`]) found in them.
    #[must_use]
    pub fn new(
        bytes: &Verified<Bytes>,
        digest: Digest,
        media_type: MediaType,
        value: Value,
    ) -> Self {
        Self { bytes: Bytes::clone(bytes), digest, media_type, value }
    }

    /// The bytes as they came.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Digest of the bytes.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The media type under which the bytes are known.
    #[must_use]
    pub fn media_type(&self) -> &MediaType {
        &self.media_type
    }

    /// The JSON value, key order and unknown fields kept.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The descriptor that points to exactly these bytes.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.media_type.as_str(), self.digest.clone(), self.bytes.len() as u64)
    }

    /// The digest of the same bytes by another algorithm.
    #[must_use]
    pub fn digest_by(&self, algorithm: Algorithm) -> Digest {
        Digest::of(algorithm, &self.bytes)
    }
}
