//! Blobs: reading, uploading, mounting and deleting them.

use std::io;

use bytes::Bytes;
use drydock::digest::{Algorithm, Digest};

use super::{Blob, Content, Repository};
use crate::limits;
use crate::store::Refusal;
use crate::store::upload::{Finished, Upload};

impl Repository {
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Blob, Refusal> {
        let found = match &self.content {
            Content::Memory(memory) => memory.get(digest).map(Blob::Held),
            Content::Directory(directory) => {
                directory.open(digest)?.map(|(file, size)| Blob::File(file, size))
            }
        };
        found.ok_or_else(|| self.blob_unknown(digest))
    }

    /// How many bytes a blob has.
    pub(super) fn blob_size(&self, digest: &Digest) -> Result<u64, Refusal> {
        let found = match &self.content {
            Content::Memory(memory) => memory.get(digest).map(|held| held.size()),
            Content::Directory(directory) => directory.size(digest)?,
        };
        found.ok_or_else(|| self.blob_unknown(digest))
    }

    /// Reads a document; `None` when it is not there.
    pub(super) fn document(&self, digest: &Digest) -> Result<Option<Bytes>, Refusal> {
        match &self.content {
            Content::Memory(memory) => match memory.get(digest) {
                Some(held) if held.size() > limits::MANIFEST_BYTES => {
                    Err(Refusal::ManifestTooLarge)
                }
                held => Ok(held.map(|held| held.whole())),
            },
            Content::Directory(directory) => {
                match directory.read(digest, limits::MANIFEST_BYTES)? {
                    None => Ok(None),
                    Some(None) => Err(Refusal::ManifestTooLarge),
                    Some(Some(bytes)) => Ok(Some(bytes.into())),
                }
            }
        }
    }

    /// Stores bytes that are at hand.
    pub(crate) fn put_bytes(&self, digest: &Digest, bytes: Bytes) -> Result<(), Refusal> {
        match &self.content {
            Content::Memory(memory) => memory.put_bytes(digest.clone(), bytes),
            Content::Directory(directory) => directory.put_bytes(digest, &bytes),
        }
    }

    pub(crate) fn start_upload(&self, algorithm: Algorithm) -> Result<Upload, Refusal> {
        self.writable()?;
        match &self.content {
            Content::Memory(memory) => Upload::memory(memory.budget(), algorithm),
            Content::Directory(directory) => {
                Upload::file(directory.root(), directory.budget(), algorithm)
            }
        }
    }

    pub(crate) fn finish_upload(&self, upload: Upload, digest: &Digest) -> Result<(), Refusal> {
        match (upload.finish(digest)?, &self.content) {
            (Finished::Memory(held), Content::Memory(memory)) => memory.put(digest.clone(), held),
            (Finished::File(file, reserved), Content::Directory(directory)) => {
                directory.adopt(digest, file)?;
                reserved.keep();
            }
            _ => return Err(io::Error::other("an upload of another store").into()),
        }
        Ok(())
    }

    /// Takes a blob from another repository; false when it is not there, or is not what its digest
    /// says.
    pub(crate) fn mount(&self, digest: &Digest, from: &Self) -> Result<bool, Refusal> {
        self.writable()?;
        match (&self.content, &from.content) {
            (Content::Memory(own), Content::Memory(other)) => {
                let found = other.get(digest);
                let is_there = found.is_some();
                if let Some(held) = found {
                    own.put(digest.clone(), held);
                }
                Ok(is_there)
            }
            (Content::Directory(own), Content::Directory(other)) => own.mount(digest, other),
            // A layout that is only read, beside a store in memory: the client sends the bytes.
            _ => Ok(false),
        }
    }

    pub(crate) fn delete_blob(&self, digest: &Digest) -> Result<(), Refusal> {
        self.writable()?;
        let removed = match &self.content {
            Content::Memory(memory) => memory.remove(digest),
            Content::Directory(directory) => directory.remove(digest)?,
        };
        if removed {
            return Ok(());
        }
        Err(self.blob_unknown(digest))
    }

    fn blob_unknown(&self, digest: &Digest) -> Refusal {
        Refusal::BlobUnknown { digest: digest.clone(), repository: self.name.to_string() }
    }
}
