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
    /// What stays of what the layers below have at the path, in place of the fields above.
    #[serde(default, skip_serializing_if = "Keep::is_nothing")]
    pub keep: Keep,
    /// What it is.
    pub node: NewNode,
}

/// What stays of a file or directory that a new one takes the place of. Where there is none, or
/// one of another kind, nothing stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keep {
    /// Permission bits.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mode: bool,
    /// User and group.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub owner: bool,
    /// Time of last change.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mtime: bool,
    /// Extended attributes, such as `security.capability`. A new entry has none of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub xattrs: bool,
}

impl Keep {
    /// All of it stays.
    pub const ALL: Self = Self { mode: true, owner: true, mtime: true, xattrs: true };

    /// Whether nothing stays.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What an entry of a new layer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", try_from = "Written")]
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
    /// The file or directory that the layers below have at the path, under the metadata of the
    /// entry. Where they have none, nothing is written.
    Existing,
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

/// An entry as it is written. A tagged enum leaves keys out that it does not know, and who reads it
/// does not hear of them.
#[derive(Deserialize)]
struct Written {
    r#type: Kind,
    digest: Option<Digest>,
    size: Option<u64>,
    target: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    File,
    Directory,
    Existing,
    Symlink,
    Hardlink,
    Whiteout,
    OpaqueWhiteout,
}

impl TryFrom<Written> for NewNode {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { r#type: kind, mut digest, mut size, mut target } = written;
        let missing = |field: &str| format!("missing field `{field}` of an entry");
        let mut link = || target.take().ok_or_else(|| missing("target"));
        let node = match kind {
            Kind::File => Self::File {
                digest: digest.take().ok_or_else(|| missing("digest"))?,
                size: size.take().ok_or_else(|| missing("size"))?,
            },
            Kind::Symlink => Self::Symlink { target: link()? },
            Kind::Hardlink => Self::Hardlink { target: link()? },
            Kind::Directory => Self::Directory,
            Kind::Existing => Self::Existing,
            Kind::Whiteout => Self::Whiteout,
            Kind::OpaqueWhiteout => Self::OpaqueWhiteout,
        };
        let left =
            [("digest", digest.is_some()), ("size", size.is_some()), ("target", target.is_some())];
        match left.into_iter().find(|(_, is_there)| *is_there) {
            Some((field, _)) => Err(format!("this kind of entry has no `{field}`")),
            None => Ok(node),
        }
    }
}
