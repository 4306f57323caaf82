//! Images as files: an OCI image layout as a tar or a folder, or what `docker load` takes.
//!
//! An archive is first a [`Plan`], which says where every byte of it comes from: headers and lists
//! are made here, blobs are named whole. So its size is known before the first byte, and nothing
//! has to be held in memory while it is written. The same images give the same bytes.

mod contents;
mod docker;
mod header;
mod layout;
mod legacy;

pub use docker::docker_save;
pub use layout::{folder, layout};
pub use legacy::legacy;

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};

use self::contents::{Content, Contents};
use super::open::{Name, blob_path};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::document::Document;
use crate::finding::Finding;
use crate::limits;

/// Largest file that systems can address.
const FILE_BYTES: u64 = i64::MAX as u64;
/// Two blocks of zeros.
const END: [u8; 1024] = [0; 1024];

/// What is put into an archive, and what it is called there.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// A manifest or index. Everything under it goes into the archive.
    pub descriptor: Descriptor,
    /// Its names; none for what is only found by its `subject`, such as a signature.
    pub names: Vec<Name>,
}

/// Finds the manifests and indexes that are written, by their digests.
pub type Lookup<'a> = dyn Fn(&Digest) -> Option<&'a Document> + 'a;

/// An archive as the parts that it is put together from, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The parts.
    pub parts: Vec<Part>,
    /// Number of bytes of the archive.
    pub size: u64,
    /// Number of files and folders in it.
    pub files: u64,
    /// What to know before it is written: what is left out, and which tools will not like it.
    pub notes: Vec<Finding>,
}

/// Where the bytes of one part of an archive, or of one file, come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Headers, padding and small documents.
    Bytes(Bytes),
    /// A whole blob, to be compared with its digest while it is written.
    Blob {
        /// Digest of the blob.
        digest: Digest,
        /// Size of the blob in bytes.
        size: u64,
        /// The first of the entries that it belongs to, counted from 0, to know which source has
        /// it.
        entry: usize,
    },
    /// The tar that a blob is unpacked to; the blob is compared with its digest, the tar with its
    /// size.
    Tar {
        /// Digest of the blob.
        digest: Digest,
        /// Size of the blob in bytes.
        packed: u64,
        /// Size of the tar in bytes.
        size: u64,
        /// The first of the entries that it belongs to, counted from 0.
        entry: usize,
    },
}

impl Part {
    /// Number of bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Blob { size, .. } | Self::Tar { size, .. } => *size,
        }
    }
}

/// Why an archive can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// No image was given.
    #[error("There is no image to save: choose one")]
    Nothing,
    /// A manifest or index is not at hand.
    #[error("The manifest {0} belongs to the image, but has not been loaded: load it first")]
    Missing(
        /// Its digest.
        Digest,
    ),
    /// What is at hand can't be read as a manifest or index.
    #[error(
        "{0} is no manifest or index that can be read, so nobody knows what belongs to it: it can't be saved"
    )]
    Unreadable(
        /// Its digest.
        Digest,
    ),
    /// Two descriptors of one digest have different sizes.
    #[error("The descriptors of {0} contradict each other about its size: the image is damaged")]
    Conflict(
        /// The digest.
        Digest,
    ),
    /// More than is followed anywhere.
    #[error("There are more than {max} manifests and blobs to save", max = limits::DESCRIPTORS)]
    TooMany,
    /// More bytes than a file can have.
    #[error("The archive would be larger than any file can be: the sizes in the image are wrong")]
    TooLarge,
    /// `docker load` takes one platform.
    #[error(
        "{0} is an image for several platforms, of which docker save holds one: choose a platform, or save an OCI image layout"
    )]
    SeveralPlatforms(
        /// Digest of the index.
        Digest,
    ),
    /// `docker load` takes container images.
    #[error("{0} is no container image, which docker load needs: save it as an OCI image layout")]
    NotAnImage(
        /// Digest of the manifest.
        Digest,
    ),
    /// The config of an image is not at hand, or can't be read.
    #[error("The config of the image {0} can't be read, but its old form repeats what is in it")]
    NoConfig(
        /// Digest of the manifest.
        Digest,
    ),
    /// It is not known how large a layer is when it is unpacked.
    #[error("The layer {0} has to be read first, as its old form is not compressed")]
    UnknownSize(
        /// Digest of the layer.
        Digest,
    ),
    /// `docker load` needs all layers.
    #[error(
        "The layer {0} may not be distributed and lies outside of the registry, but docker load needs it: save an OCI image layout"
    )]
    Foreign(
        /// Digest of the layer.
        Digest,
    ),
}

/// The files of an archive or a folder, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Folder {
    /// The files. Folders are as their paths have them.
    pub files: Vec<File>,
    /// What to know before it is written.
    pub notes: Vec<Finding>,
}

/// A file, by its path from the top.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The path, with `/` between its components.
    pub path: String,
    /// What is in it.
    pub content: Part,
}

impl Folder {
    /// Number of bytes of all files. More than can be counted is [`u64::MAX`].
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.content.size()))
    }

    /// The same as a tar.
    ///
    /// # Errors
    /// When it would be larger than any file can be.
    pub fn tar(self) -> Result<Plan, WriteError> {
        let mut writer = Writer::default();
        for File { path, content } in self.files {
            writer.folders(&path);
            writer.file(&path, content)?;
        }
        writer.plan.notes = self.notes;
        writer.finish()
    }

    fn put(&mut self, path: impl Into<String>, bytes: impl Into<Bytes>) {
        let (path, content) = (path.into(), Part::Bytes(bytes.into()));
        self.files.push(File { path, content });
    }

    /// All that belongs to the images, sorted by path.
    fn contents(&mut self, contents: Contents) {
        for (digest, content) in contents.parts {
            let path = blob_path(&digest);
            let content = match content {
                Content::Document(bytes) => Part::Bytes(bytes),
                Content::Blob { size, entry } => Part::Blob { digest, size, entry },
            };
            self.files.push(File { path, content });
        }
        self.notes.extend(contents.notes);
    }
}

/// Collects the parts of a plan.
#[derive(Default)]
struct Writer {
    plan: Plan,
    made: BytesMut,
    folders: BTreeSet<String>,
}

impl Writer {
    fn file(&mut self, path: &str, content: Part) -> Result<(), WriteError> {
        let size = content.size();
        self.made.extend_from_slice(&header::file(path, size));
        self.plan.files += 1;
        match content {
            Part::Bytes(bytes) => self.made.extend_from_slice(&bytes),
            part @ (Part::Blob { .. } | Part::Tar { .. }) => self.put(part, size)?,
        }
        let padding = (size.wrapping_neg() & 511) as usize;
        self.made.resize(self.made.len() + padding, 0);
        Ok(())
    }

    /// The folders above a file that are not there yet.
    fn folders(&mut self, path: &str) {
        for (at, _) in path.match_indices('/') {
            let folder = path.get(..=at).unwrap_or_default();
            if self.folders.insert(folder.to_owned()) {
                self.made.extend_from_slice(&header::folder(folder));
                self.plan.files += 1;
            }
        }
    }

    fn put(&mut self, part: Part, size: u64) -> Result<(), WriteError> {
        self.flush()?;
        self.grow(size)?;
        self.plan.parts.push(part);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.grow(self.made.len() as u64)?;
        if !self.made.is_empty() {
            self.plan.parts.push(Part::Bytes(self.made.split().freeze()));
        }
        Ok(())
    }

    fn grow(&mut self, bytes: u64) -> Result<(), WriteError> {
        let size = self.plan.size.checked_add(bytes).filter(|size| *size <= FILE_BYTES);
        self.plan.size = size.ok_or(WriteError::TooLarge)?;
        Ok(())
    }

    fn finish(mut self) -> Result<Plan, WriteError> {
        self.made.extend_from_slice(&END);
        self.flush()?;
        Ok(self.plan)
    }
}
