//! What does an archive hold, and where?

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::error::{Error, Subject};
use super::files::Files;
use super::name::Name;
use super::paths::blob_path;
use super::read_at::{ReadAt, read};
use crate::descriptor::{Descriptor, Mismatch, Verified, verify_digest};
use crate::digest::Digest;
use crate::finding::Finding;
use crate::limits;
use crate::reference::Tag;
use crate::source::FileRange;

/// An archive that was opened: what it holds, by name and by digest.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    pub(super) files: Files,
    pub(super) roots: Vec<Root>,
    pub(super) findings: Vec<Finding>,
    /// What does not lie under its digest: parts of a docker-save tar, and manifests made of them.
    pub(super) held: BTreeMap<Digest, Held>,
    /// Roots that name a subject, as a list of referrers describes them.
    pub(super) referrers: Vec<(Digest, Descriptor)>,
}

/// An image, an index of images or an artifact that an archive lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Root {
    /// The manifest or index.
    pub descriptor: Descriptor,
    /// What the archive calls it; nothing where it is only listed.
    pub names: Vec<Name>,
    /// Where its manifest comes from.
    pub origin: Origin,
    /// The manifest that it is about, by its `subject` or by a tag that is made of a digest: then
    /// it is no image of its own, but a signature, a list of referrers or the like.
    pub about: Option<Digest>,
}

/// Where the manifest of an image in an archive comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It lies in the archive. When the archive was copied from a registry, its digest is the
    /// registry's.
    Archive,
    /// It lies in what `docker save` wrote, and its layers are not compressed: Docker keeps them so
    /// and makes such a manifest when it saves them. Its digest is hardly the registry's.
    Saved,
    /// It was made here, as `docker save` before Docker 25 writes none: its digest is not the one
    /// that the image has in a registry.
    Made,
}

/// Content that is found under a digest.
#[derive(Clone, Debug)]
pub(super) enum Held {
    File(FileRange),
    Made(Bytes),
}

impl Archive {
    /// What the archive lists, in its order, each digest once. Those with [`Root::about`] are no
    /// images of their own.
    #[must_use]
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// The images to choose from: what has a name of its own, and what is about nothing that the
    /// archive holds. Signatures, lists of referrers and the like come with what they are about; but
    /// where there is nothing else, they are all that there is.
    #[must_use]
    pub fn images(&self) -> Vec<&Root> {
        let named = |root: &Root| root.names.iter().any(|name| name.about().is_none());
        let stands_alone = |root: &&Root| {
            named(root) || root.about.as_ref().is_none_or(|of| self.place(of).is_none())
        };
        let images: Vec<&Root> = self.roots.iter().filter(stands_alone).collect();
        if images.is_empty() { self.roots.iter().collect() } else { images }
    }

    /// What is wrong or remarkable with the archive as such.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The files of the archive, from the folder on that the images lie in.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The roots that a tag names, which may be several: archives can hold images of several
    /// repositories.
    pub fn tagged<'a, 'b>(&'a self, tag: &'b Tag) -> impl Iterator<Item = &'a Root> + use<'a, 'b> {
        self.roots.iter().filter(move |root| root.names.iter().any(|name| name.tag() == Some(tag)))
    }

    /// The tags of its images, in their order.
    #[must_use]
    pub fn tags(&self) -> Vec<Tag> {
        let images = self.images().into_iter();
        let tags = images.flat_map(|root| root.names.iter().filter_map(Name::tag));
        tags.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Where the content of a digest lies, as far as the archive says: it may be something else.
    #[must_use]
    pub fn place(&self, digest: &Digest) -> Option<&FileRange> {
        match self.held.get(digest) {
            Some(Held::File(place)) => Some(place),
            Some(Held::Made(_)) => None,
            None => self.files.get(&blob_path(digest)),
        }
    }

    /// The content of a digest that lies in no file, as it was made of what does.
    pub(super) fn made(&self, digest: &Digest) -> Option<&Bytes> {
        match self.held.get(digest) {
            Some(Held::Made(bytes)) => Some(bytes),
            Some(Held::File(_)) | None => None,
        }
    }

    /// The content of a digest, compared with it and with `size` where that is known.
    pub(super) async fn content<R: ReadAt>(
        &self,
        from: &R,
        digest: &Digest,
        size: Option<u64>,
        limit: u64,
        subject: Subject,
    ) -> Result<Verified<Bytes>, Error> {
        let actual = match self.held.get(digest) {
            Some(Held::Made(bytes)) => bytes.len() as u64,
            _ => match self.place(digest) {
                Some(place) => place.len(),
                None => return Err(Error::NotFound(subject)),
            },
        };
        if let Some(expected) = size.filter(|size| *size != actual) {
            let mismatch = Mismatch::Size { digest: digest.clone(), expected, actual };
            return Err(Error::Mismatch { subject, mismatch });
        }
        let bytes = match (self.held.get(digest), self.place(digest)) {
            (Some(Held::Made(bytes)), _) => bytes.clone(),
            (_, Some(place)) => read(from, place, limit, &subject).await?,
            (_, None) => return Err(Error::NotFound(subject)),
        };
        verify_digest(digest, bytes).map_err(|mismatch| Error::Mismatch { subject, mismatch })
    }

    /// Reads a small file of the archive, to be parsed; a finding when it is larger than any
    /// document may be.
    pub(super) async fn file<R: ReadAt>(
        &mut self,
        from: &R,
        path: &str,
    ) -> Result<Option<Bytes>, Error> {
        let Some(place) = self.files.get(path) else { return Ok(None) };
        let subject = Subject::File(path.to_owned());
        match read(from, place, limits::DOCUMENT_BYTES, &subject).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error @ Error::TooLarge { .. }) => {
                self.findings.push(error.into());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Adds a root, or its names to the one that is there already. Returns its place.
    pub(super) fn add_root(&mut self, root: Root) -> usize {
        let same = |known: &Root| known.descriptor.digest == root.descriptor.digest;
        let Some(at) = self.roots.iter().position(same) else {
            self.roots.push(root);
            return self.roots.len() - 1;
        };
        root.names.into_iter().for_each(|name| self.add_name(at, name));
        at
    }

    pub(super) fn add_name(&mut self, at: usize, name: Name) {
        let Some(root) = self.roots.get_mut(at) else { return };
        if let Name::Reference(reference) = &name {
            // The whole name says more than the tag alone.
            root.names.retain(|known| match known {
                Name::Tag(tag) => reference.tag.as_ref() != Some(tag),
                _ => true,
            });
        }
        if !root.names.contains(&name) {
            root.names.push(name);
        }
    }
}
