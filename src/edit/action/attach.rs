//! What can be attached.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::media_type::MediaType;

/// Files that are attached as an artifact with a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachEdit {
    /// To what.
    #[serde(default)]
    pub to: AttachTo,
    /// What the artifact is.
    pub artifact_type: MediaType,
    /// The files, in order.
    pub files: Vec<AttachedFile>,
    /// Annotations of the artifact's manifest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What files are attached to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttachTo {
    /// The root: the index, or the manifest when there is none.
    #[default]
    Root,
    /// Every image in the scope.
    Images,
}

/// One file of an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachedFile {
    /// Its type.
    pub media_type: MediaType,
    /// Digest of its content.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
    /// Its name, which becomes the annotation `org.opencontainers.image.title`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}
