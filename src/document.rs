//! A JSON document with the bytes that it was read from.

use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::Value;

use crate::descriptor::{Descriptor, Verified};
use crate::digest::{Algorithm, Digest};
use crate::media_type::MediaType;

/// Raw bytes, their digest, and the JSON value in them. The bytes are the truth: an untouched
/// document is always passed on byte for byte.
///
/// ```
/// use bytes::Bytes;
/// use drydock::descriptor::identify;
/// use drydock::document::Document;
/// use drydock::media_type::MediaType;
/// use drydock::spec::Manifest;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = Bytes::from_static(br#"{ "schemaVersion": 2, "layers": [], "mine": 1e5 }"#);
/// let value = drydock::json::parse(&text, "manifest").value.ok_or("no JSON")?;
/// let (digest, bytes) = identify(text.clone());
/// let document = Document::new(&bytes, digest, MediaType::new(MediaType::MANIFEST), value);
///
/// // The bytes stay what they are, whatever a view makes of them.
/// let (view, findings) = Manifest::read(&document, "manifest");
/// assert_eq!(view.ok_or("no object")?.layer_count, 0);
/// assert!(findings.iter().any(|finding| finding.message.contains("config")));
/// assert_eq!(*document.bytes(), text);
/// assert_eq!(document.descriptor().size, text.len() as u64);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    bytes: Bytes,
    digest: Digest,
    media_type: MediaType,
    /// Read when it is first asked for, unless the strict reader has read it before.
    value: OnceLock<Value>,
}

/// The same bytes, known as the same; the value follows from them.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        (&self.bytes, &self.digest, &self.media_type)
            == (&other.bytes, &other.digest, &other.media_type)
    }
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
        let value = OnceLock::from(value);
        Self { bytes: Bytes::clone(bytes), digest, media_type, value }
    }

    /// Takes verified bytes that the strict reader has read elsewhere: their value is read again
    /// only if somebody asks for it.
    #[must_use]
    pub(crate) fn unread(bytes: &Verified<Bytes>, digest: Digest, media_type: MediaType) -> Self {
        Self { bytes: Bytes::clone(bytes), digest, media_type, value: OnceLock::new() }
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
        self.value.get_or_init(|| serde_json::from_slice(&self.bytes).unwrap_or_default())
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
