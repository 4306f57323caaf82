//! One line of the board, and where in the image it is.

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::image::Category;
use crate::platform::Platform;
use crate::verify::{BlobReport, JobId, Verdict};

/// How far one blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState {
    /// Not begun.
    Waiting,
    /// Being read.
    Reading,
    /// Over.
    Done(Verdict),
}

/// One line of the board: a document or a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The job behind it; `None` for a document.
    pub job: Option<JobId>,
    /// `index`, `layer 2 of linux/arm64`: what it is for the first one that points to it.
    pub label: String,
    /// How many others point to it.
    pub others: usize,
    /// What points to it; `None` for a root that could not be read.
    pub descriptor: Option<Descriptor>,
    /// What the artifact is good for that it is, or is a part of; `None` for the image itself.
    pub artifact: Option<Category>,
    /// Bytes that have arrived.
    pub downloaded: u64,
    /// Bytes of the tar that have been read.
    pub unpacked: u64,
    /// How far it is.
    pub state: RowState,
    /// Whether it is a layer whose bytes are the right ones, but of which nothing else is known, as
    /// it can't be read as files.
    pub bytes_only: bool,
    /// Whether only a list of referrers says that it is there, so that it has no say in the verdict.
    pub beside: bool,
    /// Whether it is a layer with hardlinks to files of other layers.
    pub(super) links_below: bool,
    pub(super) report: Option<BlobReport>,
}

impl Row {
    /// Whether it says something of the image that only a signature could vouch for: bytes that are
    /// the promised ones are no proof of who made them.
    #[must_use]
    pub fn is_statement(&self) -> bool {
        matches!(
            self.artifact,
            Some(
                Category::Signature
                    | Category::Provenance
                    | Category::Sbom
                    | Category::Vulnerabilities
                    | Category::Attestation
            )
        )
    }
}

/// Where in an image something is that a row or a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The platform of the image that it is a part of, where an index lists that image for one.
    pub platform: Option<Platform>,
    /// The layer, counted from 1 at the base; `None` for documents and other blobs.
    pub layer: Option<usize>,
    /// Digest of the document or blob; `None` for a root that could not be read.
    pub digest: Option<Digest>,
    /// Its place in the order of the graph.
    pub(super) order: usize,
}
