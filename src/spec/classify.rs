//! Which document is this: an index, a manifest, a config?

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::descriptor::Verified;
use crate::digest::Digest;
use crate::document::Document;
use crate::finding::Finding;
use crate::json;
use crate::limits;
use crate::media_type::{Kind, MediaType};
use crate::spec::fields::{TOP_LEVEL, shown};
use crate::spec::{Config, Index, Manifest, Schema1};

/// What others say the document is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// `Content-Type` of the answer.
    pub content_type: Option<MediaType>,
    /// Media type in the descriptor that led here.
    pub descriptor: Option<MediaType>,
}

/// A typed view of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// An index or manifest list.
    Index(Index),
    /// A manifest, OCI or Docker schema 2.
    Manifest(Manifest),
    /// An image config.
    Config(Config),
    /// A manifest of Docker's schema 1.
    Schema1(Schema1),
    /// A document of another type, or one that is ambiguous: to be shown as it is.
    Raw,
}

impl View {
    /// What it says as an index, when it is one.
    #[must_use]
    pub fn index(&self) -> Option<&Index> {
        match self {
            Self::Index(index) => Some(index),
            _ => None,
        }
    }

    /// What it says as a manifest, when it is one.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        match self {
            Self::Manifest(manifest) => Some(manifest),
            _ => None,
        }
    }

    /// What it says as a config, when it is one.
    #[must_use]
    pub fn config(&self) -> Option<&Config> {
        match self {
            Self::Config(config) => Some(config),
            _ => None,
        }
    }
}

/// A document that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadDocument {
    /// The document; `None` when its bytes are no JSON.
    pub document: Option<Document>,
    /// What it says.
    pub view: View,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Reads a document strictly as JSON, decides what it is and makes the view of it. `subject` names
/// it in findings.
#[must_use]
pub fn read(
    bytes: &Verified<Bytes>,
    digest: &Digest,
    claims: &Claims,
    subject: &str,
) -> ReadDocument {
    if bytes.len() as u64 > limits::DOCUMENT_BYTES {
        let findings = vec![too_large(bytes.len() as u64, subject)];
        return ReadDocument { document: None, view: View::Raw, findings };
    }
    let parsed = json::parse(bytes, subject);
    let mut findings = parsed.findings;
    let Some(value) = parsed.value else {
        return ReadDocument { document: None, view: View::Raw, findings };
    };
    let (kind, media_type, found) = classify(&value, claims, subject);
    findings.extend(found);
    let (view, found) = match kind {
        Kind::Index => view(Index::read_value(&value, subject), View::Index),
        Kind::Manifest => view(Manifest::read_value(&value, subject), View::Manifest),
        Kind::Config => view(Config::read_value(&value, subject), View::Config),
        Kind::Schema1 => view(Schema1::read_value(&value, subject), View::Schema1),
        _ => (View::Raw, Vec::new()),
    };
    findings.extend(found);
    let document = Some(Document::new(bytes, digest.clone(), media_type, value));
    ReadDocument { document, view, findings }
}

fn view<T>(read: (Option<T>, Vec<Finding>), make: fn(T) -> View) -> (View, Vec<Finding>) {
    (read.0.map_or(View::Raw, make), read.1)
}

/// The finding on a document beyond [`limits::DOCUMENT_BYTES`], which is not read.
#[must_use]
pub fn too_large(size: u64, subject: &str) -> Finding {
    let most = limits::DOCUMENT_BYTES;
    Finding::error(
        "document.size-limit",
        subject,
        format!(
            "The {subject} has {size} bytes, which exceeds the {most} byte limit of documents."
        ),
    )
    .expected(format!("at most {most}"))
    .actual(size)
}

/// Decides what a document is by its own `mediaType`, the descriptor, the `Content-Type` and its
/// fields, in this order, and says where they contradict each other. A document that could be read
/// as two things is [`Kind::Other`] and never given to a view.
#[must_use]
pub fn classify(value: &Value, claims: &Claims, subject: &str) -> (Kind, MediaType, Vec<Finding>) {
    let mut findings = Vec::new();
    let own = value.get("mediaType").and_then(Value::as_str).filter(|text| !text.is_empty());
    let own = own.map(MediaType::new);
    let content_type = claims.content_type.as_ref();
    let named = [own.as_ref(), claims.descriptor.as_ref(), content_type.filter(|t| !is_generic(t))];
    compare(&own, claims, &mut findings, subject);
    let Some(media_type) = named.into_iter().flatten().next().cloned() else {
        let (kind, media_type) = infer(value, content_type, &mut findings, subject);
        return (kind, media_type, findings);
    };
    let kind = media_type.kind();
    let is_manifest = matches!(kind, Kind::Index | Kind::Manifest | Kind::Schema1);
    if is_manifest && shapes(value).iter().any(|shape| shape.0 != kind) {
        findings.push(ambiguous(value, subject));
        return (Kind::Other, media_type, findings);
    }
    if matches!(kind, Kind::Index | Kind::Manifest) && own.is_none() {
        findings.push(Finding::note(
            "manifest.media-type-missing",
            subject,
            format!(
                "The {subject} does not name its own mediaType; others say it is {media_type}."
            ),
        ));
    }
    if !is_manifest && kind != Kind::Config {
        findings.push(
            Finding::note(
                "manifest.unknown-type",
                subject,
                format!("The {subject} is of a type that is not followed; it is shown as it is."),
            )
            .actual(&media_type),
        );
    }
    (kind, media_type, findings)
}

/// Types that servers give to what they do not know.
fn is_generic(media_type: &MediaType) -> bool {
    let text = media_type.as_str();
    let names = ["", "text/plain", "text/html", "application/json", "text/json"];
    names.contains(&text) || text.ends_with("/octet-stream")
}

fn compare(own: &Option<MediaType>, claims: &Claims, findings: &mut Vec<Finding>, subject: &str) {
    let content_type = claims.content_type.as_ref().filter(|text| !is_generic(text));
    let all = [
        ("the document", own.as_ref()),
        ("its descriptor", claims.descriptor.as_ref()),
        ("the Content-Type", content_type),
    ];
    let named: Vec<(&str, &MediaType)> =
        all.into_iter().filter_map(|(who, what)| Some((who, what?))).collect();
    let Some(((first_who, first), rest)) = named.split_first() else { return };
    if rest.iter().all(|(_, other)| other == first) {
        return;
    }
    let list: Vec<String> = named.iter().map(|(who, what)| format!("{who} says {what}")).collect();
    let list = list.join(", ");
    let message = format!("It is contested what the {subject} is: {list}.");
    let (rule, severe) = if rest.iter().any(|(_, other)| other.kind() != first.kind()) {
        ("manifest.media-type-conflict", true)
    } else if own.is_some() && claims.descriptor.as_ref().is_some_and(|other| other != *first) {
        ("manifest.media-type", true)
    } else {
        ("manifest.content-type", false)
    };
    let make = if severe { Finding::error } else { Finding::warning };
    let expected = format!("{first} ({first_who})");
    findings.push(make(rule, subject.to_owned(), message).expected(expected).actual(list));
}

/// What the keys of a document say it is, each kind once, with the keys that say so.
fn shapes(value: &Value) -> Vec<(Kind, Vec<&'static str>)> {
    let empty = Map::new();
    let object = value.as_object().unwrap_or(&empty);
    let has = |key: &&&str| object.get(**key).is_some_and(|value| !value.is_null());
    let groups: [(Kind, &[&'static str]); 3] = [
        (Kind::Index, &["manifests"]),
        (Kind::Manifest, &["config", "layers"]),
        (Kind::Schema1, &["fsLayers", "history"]),
    ];
    let present =
        groups.map(|(kind, keys)| (kind, keys.iter().filter(has).copied().collect::<Vec<_>>()));
    present.into_iter().filter(|(_, keys)| !keys.is_empty()).collect()
}

fn ambiguous(value: &Value, subject: &str) -> Finding {
    let keys: Vec<&str> = shapes(value).into_iter().flat_map(|(_, keys)| keys).collect();
    Finding::error(
        "manifest.ambiguous",
        subject,
        format!(
            "Ambiguous manifest: the {subject} has fields of several kinds of document ({}), so \
             that two readers may see two images. It is not followed.",
            keys.join(", ")
        ),
    )
    .expected("either manifests, or config and layers")
    .actual(keys.join(", "))
}

/// Decides by the fields alone, as nothing useful names the type.
fn infer(
    value: &Value,
    content_type: Option<&MediaType>,
    findings: &mut Vec<Finding>,
    subject: &str,
) -> (Kind, MediaType) {
    let unknown = content_type.cloned().unwrap_or_else(|| MediaType::new("application/json"));
    let found = shapes(value);
    let [(kind, _)] = found.as_slice() else {
        if !found.is_empty() {
            findings.push(ambiguous(value, subject));
            return (Kind::Other, unknown);
        }
        if let Value::Object(object) = value {
            findings.extend(json::case_variants(object, &TOP_LEVEL, subject));
        }
        findings.push(
            Finding::error(
                "manifest.unknown",
                subject,
                format!(
                    "The {subject} is no manifest: neither its type nor its fields say what it is."
                ),
            )
            .expected("an index or a manifest")
            .actual(shown(unknown.as_str())),
        );
        return (Kind::Other, unknown);
    };
    let docker = value
        .pointer("/config/mediaType")
        .or_else(|| value.pointer("/manifests/0/mediaType"))
        .and_then(Value::as_str)
        .is_some_and(|text| MediaType::new(text).is_docker());
    let signed = value.get("signatures").is_some();
    let media_type = MediaType::new(match (kind, docker) {
        (Kind::Index, false) => MediaType::INDEX,
        (Kind::Index, true) => MediaType::DOCKER_LIST,
        (Kind::Manifest, false) => MediaType::MANIFEST,
        (Kind::Manifest, true) => MediaType::DOCKER_MANIFEST,
        _ if signed => MediaType::SCHEMA1_SIGNED,
        _ => MediaType::SCHEMA1,
    });
    let named = content_type.map_or_else(|| "nothing".to_owned(), |text| shown(text.as_str()));
    findings.push(
        Finding::warning(
            "manifest.media-type-inferred",
            subject,
            format!(
                "Nothing says what the {subject} is (its Content-Type is {named}); by its fields \
                 it was taken for {media_type}."
            ),
        )
        .expected("mediaType or a Content-Type of a manifest")
        .actual(named),
    );
    (*kind, media_type)
}
