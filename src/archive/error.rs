//! What can go wrong with an archive, in sentences.

use std::fmt;

use crate::descriptor::Mismatch;
use crate::digest::Digest;
use crate::finding::Finding;
use crate::limits;
use crate::reference::{Tag, Target};

const NO_IMAGES: &str = "There are no images in it: expected index.json of an OCI image layout or \
                         manifest.json of docker save";
const NONE_USABLE: &str = "No image in it can be opened";

/// Why an archive, or something in it, can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes of a file did not come.
    #[error("{subject} can't be read from disk: {reason}")]
    Read {
        /// What was wanted.
        subject: Subject,
        /// Why it did not come.
        reason: String,
    },
    /// No tar header stands at the beginning.
    #[error(
        "This file is no tar: expected what docker save, skopeo or crane write, or an OCI image layout as a tar"
    )]
    NotATar,
    /// More entries than any archive of images needs.
    #[error("The tar has more than {max} entries, which no archive of images needs; it was not read further", max = limits::ARCHIVE_ENTRIES)]
    TooManyEntries,
    /// Neither an image layout nor what `docker save` writes.
    #[error("{NO_IMAGES}{why}", why = .0.as_ref().map_or_else(String::new, |why| format!(". {why}")))]
    NoImages(
        /// What was wrong with the archive on the way here, if anything.
        Option<String>,
    ),
    /// Images are listed, and none of them can be put together.
    #[error("{NONE_USABLE}. {0}")]
    NoneUsable(
        /// What is most wrong with them.
        String,
    ),
    /// Images lie in several folders.
    #[error("There are images in several folders ({}); open one of these folders", .0.join(", "))]
    SeveralFolders(
        /// Some of the folders.
        Vec<String>,
    ),
    /// `docker save` of a Docker before 1.10.
    #[error(
        "This was saved by a Docker older than 1.10, whose images have neither manifest nor config; load it into a newer Docker and save it again"
    )]
    OldDocker,
    /// The archive has no such thing.
    #[error("{0} is not in the archive")]
    NotFound(
        /// What was wanted.
        Subject,
    ),
    /// Several images have this tag.
    #[error("The archive has several images with the tag {tag} ({}); choose one by its digest", list(.digests))]
    Ambiguous {
        /// The tag.
        tag: Tag,
        /// The images with it.
        digests: Vec<Digest>,
    },
    /// Larger than it may be.
    #[error("{subject} has {size} bytes; at most {limit} are read")]
    TooLarge {
        /// What was wanted.
        subject: Subject,
        /// Bytes that it has.
        size: u64,
        /// Bytes that it may have.
        limit: u64,
    },
    /// Other bytes than the descriptor or digest says.
    #[error("{subject} in the archive is not what it should be: {mismatch}")]
    Mismatch {
        /// What was wanted.
        subject: Subject,
        /// How it differs.
        mismatch: Mismatch,
    },
}

/// What is wanted of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A manifest or index.
    Manifest(Target),
    /// A blob.
    Blob(Digest),
    /// A file, by its path in the archive.
    File(String),
    /// The tar itself.
    Tar,
}

impl Error {
    /// Whether it says for sure that the archive has no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }

    /// What went wrong, in one sentence without a full stop.
    #[must_use]
    pub fn headline(&self) -> String {
        match self {
            Self::NoImages(_) => NO_IMAGES.to_owned(),
            Self::NoneUsable(_) => NONE_USABLE.to_owned(),
            other => other.to_string(),
        }
    }

    /// What was found on the way there, in whole sentences; mostly empty.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::NoImages(Some(found)) | Self::NoneUsable(found) => ended(found),
            _ => String::new(),
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Read { subject, .. }
            | Self::NotFound(subject)
            | Self::TooLarge { subject, .. }
            | Self::Mismatch { subject, .. } => match subject {
                Subject::Manifest(Target::Digest(digest)) | Subject::Blob(digest) => {
                    digest.to_string()
                }
                Subject::Manifest(Target::Tag(tag)) => tag.to_string(),
                Subject::File(path) => path.clone(),
                Subject::Tar => "tar".to_owned(),
            },
            Self::Ambiguous { tag, .. } => tag.to_string(),
            Self::NotATar
            | Self::TooManyEntries
            | Self::NoImages(_)
            | Self::NoneUsable(_)
            | Self::SeveralFolders(_)
            | Self::OldDocker => "archive".to_owned(),
        }
    }
}

/// A failed question as a line of a report, by the same rules as a registry's.
impl From<Error> for Finding {
    fn from(error: Error) -> Self {
        let rule = match &error {
            Error::Mismatch { subject: Subject::Manifest(_), mismatch } => match mismatch {
                Mismatch::Size { .. } => "manifest.size",
                Mismatch::Digest { .. } => "manifest.digest",
                Mismatch::Unverifiable(_) => "manifest.unverifiable",
            },
            Error::Mismatch { mismatch, .. } => match mismatch {
                Mismatch::Size { .. } => "blob.size",
                Mismatch::Digest { .. } => "blob.digest",
                Mismatch::Unverifiable(_) => "blob.unverifiable",
            },
            Error::TooLarge { .. } => "fetch.too-large",
            Error::NotFound(_) => "fetch.not-found",
            _ => "fetch.failed",
        };
        let finding = Self::error(rule, error.subject(), error.to_string());
        match error {
            Error::Mismatch { mismatch: Mismatch::Size { expected, actual, .. }, .. } => {
                finding.expected(expected).actual(actual)
            }
            Error::Mismatch { mismatch: Mismatch::Digest { expected, actual }, .. } => {
                finding.expected(expected).actual(actual)
            }
            _ => finding,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest(Target::Digest(digest)) => write!(f, "The manifest {digest}"),
            Self::Manifest(Target::Tag(tag)) => write!(f, "The tag {tag}"),
            Self::Blob(digest) => write!(f, "The blob {digest}"),
            Self::File(path) => write!(f, "The file {}", path.escape_debug()),
            Self::Tar => f.write_str("The tar"),
        }
    }
}

fn list(digests: &[Digest]) -> String {
    digests.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A text of sentences with the last full stop, which findings may lack.
pub(super) fn ended(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

/// What is most wrong, in words.
pub(super) fn worst(findings: &[Finding]) -> Option<String> {
    Some(findings.iter().min_by_key(|finding| finding.severity)?.message.clone())
}
