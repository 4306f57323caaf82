//! Drafts in links.
//!
//! A draft goes behind the `#` of a link as base64url (RFC 4648, section 5, without padding) of its
//! JSON. Files are named by digest and have to be supplied again; nothing of them is in the link.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::digest::Digest;
use crate::edit::action::{Action, ConfigEdit, LayerEdit, LayerInput};
use crate::edit::draft::Draft;
use crate::layer::write::{NewEntry, NewNode};
use crate::limits;

/// What a draft stands behind in a link.
pub const MARK: &str = "#draft=";

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
/// When the text is no draft, or one of another version.
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
    serde_json::from_slice(json).map_err(unreadable)
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
                for NewEntry { path, node, .. } in entries {
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
