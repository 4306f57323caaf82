//! Why the store refuses.

use std::io;

use drydock::digest::Digest;

use crate::limits;

/// Why the store refuses. The text is a sentence for whoever asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No repository name by the grammar of the specification.
    #[error("{0}")]
    NameInvalid(String),
    /// No such repository.
    #[error("there is no repository {0} here; its first push makes it")]
    NameUnknown(String),
    /// No tag by the grammar of the specification.
    #[error("{0}")]
    TagInvalid(String),
    /// No digest, one that can't be computed here, or not the digest of what was sent.
    #[error("{0}")]
    DigestInvalid(String),
    /// Another number of bytes than was said.
    #[error("{0}")]
    SizeInvalid(String),
    /// No such blob in the repository.
    #[error("blob {digest} is not in repository {repository}")]
    BlobUnknown {
        /// Digest that was asked for.
        digest: Digest,
        /// Where it was looked for.
        repository: String,
    },
    /// No such manifest in the repository.
    #[error("manifest {reference} is not in repository {repository}")]
    ManifestUnknown {
        /// Tag or digest that was asked for.
        reference: String,
        /// Where it was looked for.
        repository: String,
    },
    /// Not a manifest of the type that it was sent as.
    #[error("{0}")]
    ManifestInvalid(String),
    /// The manifest points to something that was not pushed.
    #[error(
        "the manifest names {kind} {digest}, which is not in repository {repository}; push it first"
    )]
    ManifestBlobUnknown {
        /// What it is to the manifest: config, layer, or child.
        kind: &'static str,
        /// Digest of what is missing.
        digest: Digest,
        /// Where it was looked for.
        repository: String,
    },
    /// No such upload session: it ended, was idle for too long, or never was.
    #[error("there is no such upload; it ended or was idle for too long; start again with POST")]
    UploadUnknown,
    /// A document over its limit.
    #[error(
        "the manifest has more than {} bytes, the most that is taken here",
        limits::MANIFEST_BYTES
    )]
    ManifestTooLarge,
    /// The store has as much as it may hold.
    #[error("the store may hold {0} bytes, and this would be more; delete something first")]
    Full(u64),
    /// The repository lists as much as one can.
    #[error(
        "the index.json of repository {0} would have more than {most} bytes; delete tags first, or use another repository",
        most = limits::INDEX_BYTES
    )]
    IndexFull(String),
    /// The repository's `index.json` can't be read.
    #[error("repository {repository} can't be used: {message}")]
    Broken {
        /// Which repository.
        repository: String,
        /// What is wrong with it.
        message: String,
    },
    /// The repository is a layout that is only read.
    #[error("repository {0} is served from a layout that is only read")]
    ReadOnly(String),
    /// The file system. Whoever asked is not told where the store lies.
    #[error("the store can't be read or written: {}; the server's log says more", .0.kind())]
    Io(#[source] io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Io(error) => error,
            other => Self::other(other),
        }
    }
}
