//! Drafts in links.
//!
//! A draft goes behind the `#` of a link as base64url (RFC 4648, section 5, without padding) of its
//! JSON. Files are named by digest and have to be supplied again; nothing of them is in the link.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_ignored::Path;

use crate::digest::Digest;
use crate::edit::action::{Action, ConfigEdit, LayerEdit, LayerInput};
use crate::edit::draft::Draft;
use crate::layer::write::{NewEntry, NewNode};
use crate::limits;

/// What a draft stands behind in a link.
pub const MARK: &str = "#draft=";
/// So many keys that are not known are named.
const NAMED: usize = 5;
/// So many characters of a key are shown.
const NAME: usize = 60;

/// Why a text is no draft.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The draft is too long for a link.
    #[error("The draft takes {0} bytes, but a link may have {limit}; save it to a file instead", limit = limits::DRAFT_LINK_BYTES)]
    TooLong(usize),
    /// The text is cut or mistyped.
    #[error("This is no draft: the text behind # is no base64url; it may have been cut")]
    Encoding,
    /// What was encoded is no draft.
    #[error("This is no draft that can be read: {0}")]
    Json(String),
    /// The draft has keys that nothing would be made of, with their places.
    #[error(
        "The draft says what is not known here: {0}. Left out, it would become another image. Correct \
         what is mistyped; if a newer Drydock made the draft, use that one"
    )]
    Unknown(String),
    /// The draft was written by a version that this one does not know.
    #[error("The draft has the version {0}, but only version {version} can be read here; use a newer Drydock", version = Draft::VERSION)]
    Version(u32),
}

/// A value that a link would carry to whoever sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The edit that it belongs to, counted from 1.
    pub edit: usize,
    /// What it is.
    pub kind: CarriedKind,
    /// Its name; for a document what it is.
    pub name: String,
    /// The value.
    pub value: String,
}

/// What a link carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarriedKind {
    /// A variable of the environment.
    Env,
    /// A label.
    Label,
    /// An annotation.
    Annotation,
    /// The whole text of a document.
    Document,
}

/// A file that has to be supplied with a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedFile {
    /// Digest of the file.
    pub digest: Digest,
    /// Size of the file in bytes.
    pub size: u64,
    /// A name or path that the draft has for it.
    pub name: String,
}

/// Writes a draft for a link.
///
/// # Errors
/// When it is too long.
pub fn write(draft: &Draft) -> Result<String, LinkError> {
    let json = serde_json::to_vec(draft).map_err(|error| LinkError::Json(error.to_string()))?;
    let text = URL_SAFE_NO_PAD.encode(json);
    if text.len() > limits::DRAFT_LINK_BYTES {
        Err(LinkError::TooLong(text.len()))
    } else {
        Ok(text)
    }
}

/// Reads a draft from a link.
///
/// # Errors
/// When the text is no draft, one of another version, or one with keys that are not known.
pub fn read(text: &str) -> Result<Draft, LinkError> {
    if text.len() > limits::DRAFT_LINK_BYTES {
        return Err(LinkError::TooLong(text.len()));
    }
    parse(&URL_SAFE_NO_PAD.decode(text).map_err(|_| LinkError::Encoding)?)
}

/// Reads a draft from whatever holds one: a link to it, what stands in that behind `#draft=`, or its
/// JSON, as it is saved to a file.
///
/// # Errors
/// As with [`read`].
pub fn from_text(text: &str) -> Result<Draft, LinkError> {
    let text = text.trim();
    if text.starts_with('{') {
        return parse(text.as_bytes());
    }
    read(text.split_once(MARK).map_or(text, |(_, draft)| draft))
}

/// A draft as it is saved to a file: JSON, which people can read.
#[must_use]
pub fn to_file(draft: &Draft) -> String {
    // Writing plain data to memory does not fail.
    serde_json::to_string_pretty(draft).unwrap_or_default() + "\n"
}

fn parse(json: &[u8]) -> Result<Draft, LinkError> {
    #[derive(serde::Deserialize)]
    struct Version {
        version: u32,
    }
    let unreadable = |error: serde_json::Error| LinkError::Json(error.to_string());
    let Version { version } = serde_json::from_slice(json).map_err(unreadable)?;
    if version != Draft::VERSION {
        return Err(LinkError::Version(version));
    }
    let mut unknown = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let draft = serde_ignored::deserialize(&mut reader, |path| unknown.push(named(&path)));
    let draft = draft.map_err(unreadable)?;
    reader.end().map_err(unreadable)?;
    match unknown.len().saturating_sub(NAMED) {
        0 if unknown.is_empty() => Ok(draft),
        0 => Err(LinkError::Unknown(unknown.join(", "))),
        more => {
            unknown.truncate(NAMED);
            Err(LinkError::Unknown(format!("{} and {more} more", unknown.join(", "))))
        }
    }
}

/// A key and what it is in, as far as that is known: kinds of edits are not in the path.
fn named(path: &Path<'_>) -> String {
    match path {
        Path::Map { parent, key } => {
            let (key, place) = (String::from_iter(key.chars().take(NAME)), place(parent));
            if place.is_empty() { key } else { format!("{key} in {place}") }
        }
        path => place(path),
    }
}

/// Where something is in JSON: `edits[0].action`.
fn place(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", place(parent)),
        Path::Map { parent, key } => match place(parent) {
            above if above.is_empty() => key.clone(),
            above => format!("{above}.{key}"),
        },
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => place(parent),
    }
}

/// Values in a draft that may be secrets, for a look before it becomes a link.
#[must_use]
pub fn secrets(draft: &Draft) -> Vec<Carried> {
    let edits = draft.edits.iter().enumerate();
    let carried = edits.flat_map(|(at, edit)| {
        let one = |kind, name: &str, value: &str| Carried {
            edit: at + 1,
            kind,
            name: name.to_owned(),
            value: value.to_owned(),
        };
        match &edit.action {
            Action::Config(ConfigEdit::Env { name, value: Some(value) }) => {
                vec![one(CarriedKind::Env, name, value)]
            }
            Action::Config(ConfigEdit::Label { name, value: Some(value) }) => {
                vec![one(CarriedKind::Label, name, value)]
            }
            Action::Annotation { name, value: Some(value), .. } => {
                vec![one(CarriedKind::Annotation, name, value)]
            }
            Action::Attach(attach) => {
                let annotations = attach.annotations.iter();
                annotations.map(|(name, value)| one(CarriedKind::Annotation, name, value)).collect()
            }
            Action::Raw { text, .. } => {
                vec![one(CarriedKind::Document, &edit.action.summary(), text)]
            }
            _ => Vec::new(),
        }
    });
    carried.collect()
}

/// The files that a draft needs, each once, in the order of the edits.
#[must_use]
pub fn files(draft: &Draft) -> Vec<WantedFile> {
    missing(draft, |_| false)
}

/// Those of them that are not there.
#[must_use]
pub fn missing(draft: &Draft, is_there: impl Fn(&Digest) -> bool) -> Vec<WantedFile> {
    let (mut files, mut seen) = (Vec::new(), BTreeSet::new());
    let mut add = |digest: &Digest, size: u64, name: &str| {
        if !is_there(digest) && seen.insert(digest.clone()) {
            files.push(WantedFile { digest: digest.clone(), size, name: name.to_owned() });
        }
    };
    for edit in &draft.edits {
        match &edit.action {
            Action::Layers(LayerEdit::Add {
                layer: LayerInput::Given { name, digest, size, .. },
                ..
            }) => {
                add(digest, *size, name);
            }
            Action::Layers(
                LayerEdit::Add { layer: LayerInput::Files { entries, .. }, .. }
                | LayerEdit::Patch { entries, .. },
            ) => {
                for NewEntry { path, node, .. } in entries.iter() {
                    if let NewNode::File { digest, size } = node {
                        add(digest, *size, path);
                    }
                }
            }
            Action::Attach(attach) => {
                for file in &attach.files {
                    add(&file.digest, file.size, file.title.as_deref().unwrap_or_default());
                }
            }
            _ => {}
        }
    }
    files
}
