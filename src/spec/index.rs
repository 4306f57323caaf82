//! What does an image index list?
//!
//! image-spec, image-index.md; Docker's manifest list has the same fields.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::document::Document;
use crate::finding::Finding;
use crate::limits;
use crate::media_type::MediaType;
use crate::spec::descriptor::read_descriptor;
use crate::spec::fields::{Fields, TOP_LEVEL, note};

/// An image index: one entry per platform, attestations and other artifacts among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// What the document says of its own type; should be there.
    pub media_type: Option<MediaType>,
    /// Type of the artifact, when the index stands for one rather than for an image.
    pub artifact_type: Option<MediaType>,
    /// The entries in the order of preference. Entries that can't be read are left out and have a
    /// finding.
    pub manifests: Vec<Descriptor>,
    /// The manifest that this index is about; makes it a referrer of that manifest.
    pub subject: Option<Descriptor>,
    /// Free-form remarks.
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// Reads the view; `None` when the document is no JSON object. `subject` names the document in
    /// findings.
    #[must_use]
    pub fn read(document: &Document, subject: &str) -> (Option<Self>, Vec<Finding>) {
        Self::read_value(document.value(), subject)
    }

    pub(super) fn read_value(value: &Value, subject: &str) -> (Option<Self>, Vec<Finding>) {
        let mut findings = Vec::new();
        let index = Fields::new(value, &TOP_LEVEL, "", subject, &mut findings)
            .map(|mut fields| Self::read_fields(&mut fields, subject));
        (index, findings)
    }

    fn read_fields(fields: &mut Fields<'_>, subject: &str) -> Self {
        fields.schema_version();
        let list = fields.list("manifests").unwrap_or_else(|| {
            fields.add(Finding::error(
                "index.manifests",
                subject,
                format!("The {subject} has no list of manifests."),
            ));
            &[]
        });
        let mut manifests = Vec::new();
        for (at, entry) in list.iter().enumerate().take(limits::DESCRIPTORS) {
            let (descriptor, found) =
                read_descriptor(entry, &format!("entry {} of the {subject}", at + 1));
            found.into_iter().for_each(|finding| note(fields.findings(), finding));
            manifests.extend(descriptor);
        }
        if list.len() > limits::DESCRIPTORS {
            fields.add(
                Finding::warning(
                    "index.limit",
                    subject,
                    format!(
                        "The {subject} lists {} entries; reading stopped at {}.",
                        list.len(),
                        limits::DESCRIPTORS
                    ),
                )
                .expected(format!("at most {}", limits::DESCRIPTORS))
                .actual(list.len()),
            );
        }
        Self {
            media_type: fields.media_type("mediaType"),
            artifact_type: fields.media_type("artifactType"),
            manifests,
            subject: subject_of(fields, subject),
            annotations: fields.text_map("annotations"),
        }
    }
}

pub(super) fn subject_of(fields: &mut Fields<'_>, subject: &str) -> Option<Descriptor> {
    let (descriptor, found) =
        read_descriptor(fields.raw("subject")?, &format!("subject of the {subject}"));
    found.into_iter().for_each(|finding| note(fields.findings(), finding));
    descriptor
}
