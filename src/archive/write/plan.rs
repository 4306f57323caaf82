//! Where does every byte of an archive come from?

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};

use super::contents::{Content, Contents};
use super::error::WriteError;
use super::header;
use crate::archive::paths::blob_path;
use crate::digest::Digest;
use crate::finding::Finding;

/// Largest file that systems can address.
const FILE_BYTES: u64 = i64::MAX as u64;
/// Two blocks of zeros.
const END: [u8; 1024] = [0; 1024];

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

    pub(super) fn put(&mut self, path: impl Into<String>, bytes: impl Into<Bytes>) {
        let (path, content) = (path.into(), Part::Bytes(bytes.into()));
        self.files.push(File { path, content });
    }

    /// All that belongs to the images, sorted by path.
    pub(super) fn contents(&mut self, contents: Contents) {
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
