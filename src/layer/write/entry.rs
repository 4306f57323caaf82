//! What is one entry of a new layer?

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// One entry of a layer that is to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewEntry {
    /// Its path, without slashes at either end.
    pub path: String,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u16,
    /// User id.
    #[serde(default)]
    pub uid: u32,
    /// Group id.
    #[serde(default)]
    pub gid: u32,
    /// Time of last change, in seconds since 1970.
    #[serde(default)]
    pub mtime: i64,
    /// What it is.
    pub node: NewNode,
}

/// What an entry of a new layer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum NewNode {
    /// A file, by its content.
    File {
        /// Digest of the content.
        digest: Digest,
        /// Size of the content in bytes.
        size: u64,
    },
    /// A directory.
    Directory,
    /// A symlink.
    Symlink {
        /// Where it leads.
        target: String,
    },
    /// Another name of a file of the same layer.
    Hardlink {
        /// That file's path.
        target: String,
    },
    /// Removes what lower layers have at this path (image-spec, layer.md, "Whiteouts"). `path` is
    /// that of what is removed.
    Whiteout,
    /// Hides all that lower layers have in the directory at this path.
    OpaqueWhiteout,
}
