//! What does one of Docker's old manifests say?
//!
//! Schema 1 was replaced in 2015 and registries no longer take it. It is recognised and shown, not
//! followed: its layers have no sizes and its config is spread over its history.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::digest::Digest;
use crate::document::Document;
use crate::finding::Finding;
use crate::json;
use crate::limits;
use crate::spec::fields::Fields;

const KNOWN: [&str; 7] =
    ["schemaVersion", "name", "tag", "architecture", "fsLayers", "history", "signatures"];

/// A Docker manifest of schema 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema1 {
    /// Name of the repository at the time.
    pub name: Option<String>,
    /// The tag at the time.
    pub tag: Option<String>,
    /// CPU architecture.
    pub architecture: Option<String>,
    /// Digests of the compressed layers, the last one first, as the document has them.
    pub layers: Vec<Digest>,
    /// The command of each step, the last one first.
    pub history: Vec<String>,
    /// Whether signatures are in the document. They are not checked.
    pub signed: bool,
}

impl Schema1 {
    /// Reads the view; `None` when the document is no JSON object. `subject` names the document in
    /// findings.
    #[must_use]
    pub fn read(document: &Document, subject: &str) -> (Option<Self>, Vec<Finding>) {
        Self::read_value(document.value(), subject)
    }

    pub(super) fn read_value(value: &Value, subject: &str) -> (Option<Self>, Vec<Finding>) {
        let mut findings = vec![Finding::warning(
            "manifest.schema1",
            subject,
            format!(
                "The {subject} is of Docker's schema 1, which names neither sizes nor diff IDs: it \
                 is shown, but its layers can't be verified. Pulling and pushing the image with a \
                 current tool converts it."
            ),
        )];
        let view = Fields::new(value, &KNOWN, "", subject, &mut findings)
            .map(|mut fields| Self::read_fields(&mut fields));
        (view, findings)
    }

    fn read_fields(fields: &mut Fields<'_>) -> Self {
        let layers = fields.list("fsLayers").unwrap_or_default();
        let sum = |layer: &Value| Digest::parse(layer.get("blobSum")?.as_str()?).ok();
        let history = fields.list("history").unwrap_or_default();
        Self {
            name: fields.text("name"),
            tag: fields.text("tag"),
            architecture: fields.text("architecture"),
            layers: layers.iter().take(limits::DESCRIPTORS).filter_map(sum).collect(),
            history: history.iter().take(limits::DESCRIPTORS).map(command).collect(),
            signed: fields.list("signatures").is_some_and(|list| !list.is_empty()),
        }
    }
}

/// The command of a step, out of the config that is a text in the document.
fn command(step: &Value) -> String {
    let config = step.get("v1Compatibility").and_then(Value::as_str).unwrap_or_default();
    let Some(config) = json::parse(config.as_bytes(), "step").value else { return String::new() };
    let parts = config.pointer("/container_config/Cmd").and_then(Value::as_array);
    let parts: Vec<&str> = parts.into_iter().flatten().filter_map(Value::as_str).collect();
    parts.join(" ")
}

/// The bytes that the digest of a signed schema 1 manifest is made of: the document without its
/// signatures. `None` when the document has none.
#[must_use]
pub fn signed_payload(bytes: &[u8]) -> Option<Vec<u8>> {
    let document = json::parse(bytes, "manifest").value?;
    let protected = document.pointer("/signatures/0/protected")?.as_str()?;
    let protected = URL_SAFE_NO_PAD.decode(protected.trim_end_matches('=')).ok()?;
    let protected = json::parse(&protected, "signature").value?;
    let length = usize::try_from(protected.get("formatLength")?.as_u64()?).ok()?;
    let tail = protected.get("formatTail")?.as_str()?;
    let mut payload = bytes.get(..length)?.to_vec();
    payload.extend(URL_SAFE_NO_PAD.decode(tail.trim_end_matches('=')).ok()?);
    Some(payload)
}
