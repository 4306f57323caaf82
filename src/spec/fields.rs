//! Which typed fields does an object have?

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::finding::Finding;
use crate::json;
use crate::limits;
use crate::media_type::{self, MediaType};

/// Keys of all documents that a manifest can be. One list for all, as a key of one in another
/// would make it ambiguous.
pub(super) const TOP_LEVEL: [&str; 11] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
    "fsLayers",
    "history",
    "signatures",
];

/// Reads fields of one object. A field of the wrong JSON type is a finding and counts as absent;
/// so does `null`, without a finding, which is how Go writes empty lists.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    subject: &'a str,
    /// Path of the object in the document with a dot at the end, or nothing.
    at: String,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Fields<'a> {
    /// Starts on an object whose keys are `known` (others are kept where they are, unless they
    /// are a known one in another case).
    pub(super) fn new(
        value: &'a Value,
        known: &[&str],
        at: &str,
        subject: &'a str,
        findings: &'a mut Vec<Finding>,
    ) -> Option<Self> {
        let at = if at.is_empty() { String::new() } else { format!("{at}.") };
        let Value::Object(object) = value else {
            let name = if at.is_empty() { subject } else { at.trim_end_matches('.') };
            note(findings, wrong_type(name, "an object", value, subject));
            return None;
        };
        findings.extend(json::case_variants(object, known, subject));
        Some(Self { object, subject, at, findings })
    }

    /// The value of a key, unless it is `null`.
    pub(super) fn raw(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// The full name of a key, for findings.
    pub(super) fn name(&self, key: &str) -> String {
        format!("{}{key}", self.at)
    }

    pub(super) fn add(&mut self, finding: Finding) {
        note(self.findings, finding);
    }

    pub(super) fn findings(&mut self) -> &mut Vec<Finding> {
        self.findings
    }

    fn wrong(&mut self, name: &str, expected: &str, value: &Value) {
        let finding = wrong_type(name, expected, value, self.subject);
        self.add(finding);
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.raw(key)? {
            Value::String(text) => Some(text.clone()),
            other => {
                self.wrong(&self.name(key), "a text", other);
                None
            }
        }
    }

    pub(super) fn media_type(&mut self, key: &str) -> Option<MediaType> {
        let text = self.text(key).filter(|text| !text.is_empty())?;
        if !is_media_type(&text) {
            let name = self.name(key);
            self.add(
                Finding::error(
                    "spec.media-type",
                    self.subject,
                    format!("{name} in the {} is no media type.", self.subject),
                )
                .expected("type/subtype (RFC 6838)")
                .actual(shown(&text)),
            );
        }
        Some(MediaType::new(&text))
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        match self.raw(key) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                self.wrong(&self.name(key), "true or false", other);
                false
            }
        }
    }

    pub(super) fn integer(&mut self, key: &str) -> Option<i64> {
        let value = self.raw(key)?;
        let integer = value.as_i64();
        if integer.is_none() {
            self.wrong(&self.name(key), "a whole number", value);
        }
        integer
    }

    pub(super) fn list(&mut self, key: &str) -> Option<&'a [Value]> {
        match self.raw(key)? {
            Value::Array(list) => Some(list),
            other => {
                self.wrong(&self.name(key), "a list", other);
                None
            }
        }
    }

    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let list = self.list(key)?;
        let mut texts = Vec::with_capacity(list.len());
        for (at, item) in list.iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text.clone()),
                other => self.wrong(&format!("{}[{at}]", self.name(key)), "a text", other),
            }
        }
        Some(texts)
    }

    fn map(&mut self, key: &str) -> Option<&'a Map<String, Value>> {
        match self.raw(key)? {
            Value::Object(map) => Some(map),
            other => {
                self.wrong(&self.name(key), "an object", other);
                None
            }
        }
    }

    pub(super) fn text_map(&mut self, key: &str) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (name, value) in self.map(key).into_iter().flatten() {
            match value {
                Value::String(text) => {
                    texts.insert(name.clone(), text.clone());
                }
                other => {
                    let name = format!("{}.{}", self.name(key), shown(name));
                    self.wrong(&name, "a text", other);
                }
            }
        }
        texts
    }

    /// The keys of an object that stands for a set: `{"8080/tcp": {}}`.
    pub(super) fn set(&mut self, key: &str) -> Vec<String> {
        self.map(key).into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    /// Checks `schemaVersion`.
    pub(super) fn schema_version(&mut self) {
        let version = self.raw("schemaVersion");
        if version.and_then(Value::as_u64) == Some(2) {
            return;
        }
        let actual =
            version.map_or_else(|| "nothing".to_owned(), |value| shown(&value.to_string()));
        self.add(
            Finding::error(
                "manifest.schema-version",
                self.subject,
                format!("schemaVersion of the {} must be 2, but is {actual}.", self.subject),
            )
            .expected(2)
            .actual(actual),
        );
    }
}

/// Adds a finding unless there are too many already: one document can break a rule as often as it
/// is long.
pub(super) fn note(findings: &mut Vec<Finding>, finding: Finding) {
    if findings.len() < limits::FINDINGS_PER_DOCUMENT {
        findings.push(finding);
    }
}

fn wrong_type(name: &str, expected: &str, value: &Value, subject: &str) -> Finding {
    let actual = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction or exponent",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Finding::error(
        "spec.type",
        subject,
        format!("{name} in the {subject} should be {expected}, but is {actual}."),
    )
    .expected(expected)
    .actual(actual)
}

/// A subject in the middle of a sentence, as [`the`] makes it.
#[derive(Clone, Copy)]
pub(crate) struct The<'a>(&'a str);

/// A subject in the middle of a sentence: `the manifest`, but `layer 2`.
pub(crate) fn the(subject: &str) -> The<'_> {
    The(subject)
}

impl fmt::Display for The<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(subject) = self;
        let numbered = subject.split(' ').nth(1).is_some_and(|word| word.parse::<u64>().is_ok());
        let named = subject.starts_with("tag ");
        let article = if numbered || named { "" } else { "the " };
        write!(f, "{article}{subject}")
    }
}

/// A subject at the beginning of a sentence: `The manifest`, but `Layer 2`.
pub(crate) fn the_capital(subject: &str) -> String {
    let text = the(subject).to_string();
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// A text of the document for findings: cut, and with control characters escaped.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}

fn is_media_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    media_type::is_well_formed(essence)
}
