//! What a question to a registry is about.

use std::fmt;

use crate::digest::Digest;
use crate::reference::Target;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The registry itself.
    Api {
        /// Its name.
        registry: String,
    },
    /// A manifest or index.
    Manifest {
        /// `registry/repository`.
        name: String,
        /// Tag or digest.
        target: Target,
    },
    /// A blob.
    Blob {
        /// `registry/repository`.
        name: String,
        /// Its digest.
        digest: Digest,
    },
    /// The tags of a repository.
    Tags {
        /// `registry/repository`.
        name: String,
    },
    /// The repositories of a registry.
    Catalog {
        /// The registry's name.
        registry: String,
    },
    /// The referrers of a manifest.
    Referrers {
        /// `registry/repository`.
        name: String,
        /// Digest of the manifest.
        digest: Digest,
    },
    /// A token for a registry.
    Token {
        /// Host (and port) of the token service.
        host: String,
    },
    /// Sending a blob.
    Upload {
        /// `registry/repository`.
        name: String,
        /// Digest of the blob.
        digest: Digest,
        /// Bytes of it that the registry is known to hold.
        offset: u64,
    },
    /// Sending a manifest or index.
    Push {
        /// `registry/repository`.
        name: String,
        /// Tag or digest.
        target: Target,
    },
    /// Deleting a tag or manifest.
    Delete {
        /// `registry/repository`.
        name: String,
        /// Tag or digest.
        target: Target,
    },
    /// Deleting a blob.
    DeleteBlob {
        /// `registry/repository`.
        name: String,
        /// Its digest.
        digest: Digest,
    },
}

impl Subject {
    /// Whether something is changed, as opposed to read.
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(
            self,
            Self::Upload { .. } | Self::Push { .. } | Self::Delete { .. } | Self::DeleteBlob { .. }
        )
    }

    /// The verb that goes with it: `was` or `were`.
    pub(super) fn verb(&self, one: &'static str, many: &'static str) -> &'static str {
        match self {
            Self::Tags { .. } | Self::Catalog { .. } | Self::Referrers { .. } => many,
            _ => one,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api { registry } => write!(f, "the registry {registry}"),
            Self::Manifest { name, target } => f.write_str(&named(name, target)),
            Self::Blob { name, digest } => write!(f, "the blob {digest} of {name}"),
            Self::Tags { name } => write!(f, "the tags of {name}"),
            Self::Catalog { registry } => write!(f, "the repositories of {registry}"),
            Self::Referrers { name, digest } => write!(f, "the referrers of {name}@{digest}"),
            Self::Token { host } => write!(f, "a token from {host}"),
            Self::Upload { name, digest, offset: 0 } => {
                write!(f, "the upload of {digest} to {name}")
            }
            Self::Upload { name, digest, offset } => {
                write!(f, "the upload of {digest} to {name} (at byte {offset})")
            }
            Self::Push { name, target } => write!(f, "the push of {}", named(name, target)),
            Self::Delete { name, target } => write!(f, "the deletion of {}", named(name, target)),
            Self::DeleteBlob { name, digest } => {
                write!(f, "the deletion of the blob {digest} of {name}")
            }
        }
    }
}

fn named(name: &str, target: &Target) -> String {
    match target {
        Target::Tag(tag) => format!("{name}:{tag}"),
        Target::Digest(digest) => format!("{name}@{digest}"),
    }
}
