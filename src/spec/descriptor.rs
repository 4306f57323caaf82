//! Is what points to content a good descriptor?
//!
//! image-spec, descriptor.md.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use crate::descriptor::{Descriptor, Mismatch};
use crate::digest::{Digest, DigestError};
use crate::finding::Finding;
use crate::media_type::MediaType;
use crate::platform::Platform;
use crate::spec::fields::{Fields, shown, the};

const KNOWN: [&str; 8] =
    ["mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform"];
const KNOWN_PLATFORM: [&str; 5] = ["architecture", "os", "os.version", "os.features", "variant"];

/// Largest number that every reader of JSON keeps exact (RFC 7493, 2.2).
const EXACT: u64 = (1 << 53) - 1;

/// Reads a descriptor; `None` when it lacks a usable digest or size, which is a finding. `subject`
/// names what it points to in findings (`layer 2 of linux/amd64`).
#[must_use]
pub fn read_descriptor(value: &Value, subject: &str) -> (Option<Descriptor>, Vec<Finding>) {
    let mut findings = Vec::new();
    let descriptor = Fields::new(value, &KNOWN, "", subject, &mut findings)
        .and_then(|mut fields| read(&mut fields, subject));
    (descriptor, findings)
}

fn read(fields: &mut Fields<'_>, subject: &str) -> Option<Descriptor> {
    let of = the(subject);
    let media_type = fields.media_type("mediaType").unwrap_or_else(|| {
        fields.add(Finding::error(
            "descriptor.media-type",
            subject,
            format!("The descriptor of {of} has no mediaType."),
        ));
        MediaType::new("")
    });
    let digest = read_digest(fields, subject);
    let size = read_size(fields, subject);
    let urls = fields.texts("urls").unwrap_or_default();
    if !urls.is_empty() {
        fields.add(
            Finding::note(
                "descriptor.urls",
                subject,
                format!(
                    "The descriptor of {of} names other places for its content; only the \
                     registry is asked."
                ),
            )
            .actual(shown(&urls.join(" "))),
        );
    }
    let annotations = fields.text_map("annotations");
    let data = fields.text("data");
    let artifact_type = fields.media_type("artifactType");
    let platform = fields.raw("platform").and_then(|value| read_platform(value, fields, subject));
    let (digest, size) = (digest?, size?);
    let descriptor =
        Descriptor { media_type, digest, size, urls, annotations, data, artifact_type, platform };
    if let Some(Err(finding)) = check_data(&descriptor, subject) {
        fields.add(*finding);
    }
    Some(descriptor)
}

fn read_digest(fields: &mut Fields<'_>, subject: &str) -> Option<Digest> {
    let of = the(subject);
    let Some(text) = fields.text("digest") else {
        fields.add(Finding::error(
            "descriptor.digest",
            subject,
            format!("The descriptor of {of} has no digest, so nothing can be asked for."),
        ));
        return None;
    };
    match Digest::parse(&text) {
        Ok(digest) => {
            if digest.algorithm().is_none() {
                fields.add(
                    Finding::warning(
                        "descriptor.digest-unverifiable",
                        subject,
                        format!(
                            "The digest of {of} is unverifiable ({}): only sha256 and \
                             sha512 can be computed here.",
                            digest.algorithm_name()
                        ),
                    )
                    .expected("sha256 or sha512")
                    .actual(digest.algorithm_name()),
                );
            }
            Some(digest)
        }
        Err(error) => {
            let rule = match error {
                DigestError::Weak(_) => "descriptor.digest-weak",
                DigestError::Grammar(_) | DigestError::Encoded { .. } => "descriptor.digest",
            };
            let message = format!("The digest of {of} is of no use: {error}.");
            fields.add(Finding::error(rule, subject, message).actual(shown(&text)));
            None
        }
    }
}

fn read_size(fields: &mut Fields<'_>, subject: &str) -> Option<u64> {
    let of = the(subject);
    let size = fields.raw("size");
    let number = size.and_then(Value::as_u64).filter(|size| i64::try_from(*size).is_ok());
    match number {
        Some(size) if size > EXACT => fields.add(
            Finding::warning(
                "descriptor.size-inexact",
                subject,
                format!("The size of {of} is beyond 2^53, where readers round."),
            )
            .actual(size),
        ),
        Some(_) => {}
        None => {
            let actual =
                size.map_or_else(|| "nothing".to_owned(), |value| shown(&value.to_string()));
            fields.add(
                Finding::error(
                    "descriptor.size",
                    subject,
                    format!(
                        "The size of {of} must be a whole number of bytes from 0 to \
                         2^63 - 1, but is {actual}."
                    ),
                )
                .expected("a whole number from 0 to 2^63 - 1")
                .actual(actual),
            );
        }
    }
    number
}

fn read_platform(value: &Value, outer: &mut Fields<'_>, subject: &str) -> Option<Platform> {
    let of = the(subject);
    let mut fields = Fields::new(value, &KNOWN_PLATFORM, "platform", subject, outer.findings())?;
    let platform = Platform {
        architecture: fields.text("architecture").unwrap_or_default(),
        os: fields.text("os").unwrap_or_default(),
        os_version: fields.text("os.version").filter(|text| !text.is_empty()),
        os_features: fields.texts("os.features").unwrap_or_default(),
        variant: fields.text("variant").filter(|text| !text.is_empty()),
    };
    for (key, text) in [("architecture", &platform.architecture), ("os", &platform.os)] {
        if text.is_empty() {
            fields.add(Finding::warning(
                "descriptor.platform",
                subject,
                format!("The platform of {of} has no {key}."),
            ));
        }
    }
    Some(platform)
}

/// Compares the content that a descriptor carries in `data` with its own digest and size.
/// `None` when it carries none or its digest can't be computed here.
///
/// # Errors
/// When it is no base64, or other content than the descriptor says; as a finding.
#[must_use]
pub fn check_data(descriptor: &Descriptor, subject: &str) -> Option<Result<Bytes, Box<Finding>>> {
    let of = the(subject);
    let data = descriptor.data.as_ref()?;
    let wrong = |why: String| {
        Finding::error(
            "descriptor.data",
            subject,
            format!("The content that the descriptor of {of} carries in data {why}."),
        )
    };
    let bytes = match STANDARD.decode(data) {
        Ok(bytes) => Bytes::from(bytes),
        Err(error) => return Some(Err(Box::new(wrong(format!("is no base64: {error}"))))),
    };
    match descriptor.verify(bytes) {
        Ok(bytes) => Some(Ok(bytes.into_inner())),
        Err(Mismatch::Unverifiable(_)) => None,
        Err(mismatch) => {
            let expected = format!("{} ({} bytes)", descriptor.digest, descriptor.size);
            let finding = wrong(format!("is not what it says: {mismatch}")).expected(expected);
            Some(Err(Box::new(finding)))
        }
    }
}
