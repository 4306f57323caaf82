//! An archive as a [`Source`].

use std::ops::Range;

use bytes::Bytes;
use http::HeaderMap;

use super::error::{Error, Subject};
use super::files::Files;
use super::held::{Archive, Root};
use super::pieces::ArchiveBlob;
use super::read_at::ReadAt;
use crate::descriptor::{Descriptor, Verified};
use crate::digest::Digest;
use crate::finding::Finding;
use crate::limits;
use crate::media_type::{Kind, MediaType};
use crate::reference::{Tag, Target};
use crate::source::{
    BlobPieces, CosignKind, CosignTag, Failure, Fetched, Holder, Referrers, ReferrersFrom, Source,
    TagList,
};
use crate::spec::{self, Claims, View};

/// An archive of images, read where it lies.
#[derive(Clone, Debug)]
pub struct ArchiveSource<R> {
    archive: Archive,
    from: R,
}

impl<R: ReadAt> ArchiveSource<R> {
    /// Opens an archive by its files ([`scan`](super::scan()), [`Files::folder`]). Lists, manifests
    /// and configs are read, and of each layer of `docker save` the first bytes; layers that are
    /// compressed there are hashed ([`ReadAt::digest`]).
    ///
    /// # Errors
    /// When files can't be read, or there are no images among them. Whatever else is wrong is among
    /// the [findings](Archive::findings).
    pub async fn open(files: Files, from: R) -> Result<Self, Error> {
        let archive = Archive::open(files, &from).await?;
        Ok(Self { archive, from })
    }

    /// What the archive holds.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Where the bytes come from.
    #[must_use]
    pub fn reader(&self) -> &R {
        &self.from
    }

    async fn fetch(
        &self,
        descriptor: &Descriptor,
        limit: u64,
        subject: Subject,
    ) -> Result<Fetched, Error> {
        let (digest, size) = (&descriptor.digest, Some(descriptor.size));
        let bytes = self.archive.content(&self.from, digest, size, limit, subject).await?;
        Ok(fetched(bytes, digest, Some(descriptor.media_type.clone())))
    }

    /// What an index under the referrers tag lists.
    async fn listed(&self, root: &Descriptor) -> Result<Vec<Descriptor>, Box<Finding>> {
        let subject = Subject::Manifest(Target::Digest(root.digest.clone()));
        let fetched = self.fetch(root, limits::DOCUMENT_BYTES, subject).await;
        let fetched = fetched.map_err(|error| Box::new(error.into()))?;
        let claims = Claims { content_type: None, descriptor: Some(root.media_type.clone()) };
        match spec::read(&fetched.bytes, &root.digest, &claims, "list of referrers").view {
            View::Index(index) => Ok(index.manifests),
            _ => {
                let text = "What the archive has under the tag of a list of referrers is no image \
                            index; it is not followed.";
                let digest = root.digest.to_string();
                Err(Box::new(Finding::error("referrers.not-an-index", digest, text)))
            }
        }
    }

    /// The only root with a tag.
    fn tagged(&self, tag: &Tag) -> Result<&Root, Error> {
        let mut found = self.archive.tagged(tag);
        match (found.next(), found.next()) {
            (Some(root), None) => Ok(root),
            (None, _) => Err(Error::NotFound(Subject::Manifest(Target::Tag(tag.clone())))),
            (Some(_), Some(_)) => {
                let digests = self.archive.tagged(tag).map(|root| root.descriptor.digest.clone());
                Err(Error::Ambiguous { tag: tag.clone(), digests: digests.collect() })
            }
        }
    }
}

impl Failure for Error {
    fn is_not_found(&self) -> bool {
        Self::is_not_found(self)
    }

    fn is_mismatch(&self) -> bool {
        matches!(self, Self::Mismatch { .. })
    }
}

impl<R: ReadAt> Source for ArchiveSource<R> {
    type Error = Error;

    fn holder(&self) -> Holder {
        Holder::Archive
    }

    async fn root(&self, target: &Target) -> Result<Fetched, Error> {
        let subject = Subject::Manifest(target.clone());
        let root = match target {
            Target::Tag(tag) => Some(self.tagged(tag)?),
            Target::Digest(digest) => {
                self.archive.roots().iter().find(|root| root.descriptor.digest == *digest)
            }
        };
        match (root, target) {
            (Some(root), _) => self.fetch(&root.descriptor, limits::DOCUMENT_BYTES, subject).await,
            (None, Target::Digest(digest)) => {
                let limit = limits::DOCUMENT_BYTES;
                let bytes = self.archive.content(&self.from, digest, None, limit, subject).await?;
                Ok(fetched(bytes, digest, None))
            }
            (None, Target::Tag(_)) => Err(Error::NotFound(subject)),
        }
    }

    async fn document(&self, descriptor: &Descriptor) -> Result<Fetched, Error> {
        let digest = descriptor.digest.clone();
        let subject = match descriptor.media_type.kind() {
            Kind::Index | Kind::Manifest | Kind::Schema1 => {
                Subject::Manifest(Target::Digest(digest))
            }
            _ => Subject::Blob(digest),
        };
        self.fetch(descriptor, limits::DOCUMENT_BYTES, subject).await
    }

    async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Fetched, Error> {
        self.fetch(descriptor, limit, Subject::Blob(descriptor.digest.clone())).await
    }

    fn open<'a>(
        &'a self,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
    ) -> impl BlobPieces<Error = Error> + 'a {
        ArchiveBlob::open(&self.archive, &self.from, &descriptor.digest, range)
    }

    async fn tags(&self) -> Result<TagList, Error> {
        let names = self.archive.tags().iter().map(|tag| tag.as_str().to_owned()).collect();
        Ok(TagList { names, stops: None })
    }

    /// The manifests that the archive lists with this subject, and those that it lists under the
    /// tag of the referrers tag schema.
    async fn referrers(&self, digest: &Digest) -> Result<Referrers, Error> {
        let own = self.archive.referrers.iter().filter(|(subject, _)| subject == digest);
        let mut found = Referrers {
            descriptors: own.map(|(_, referrer)| referrer.clone()).collect(),
            from: ReferrersFrom::Api,
            findings: Vec::new(),
        };
        let Ok(tag) = Tag::parse(&digest.referrers_tag()) else { return Ok(found) };
        for root in self.archive.tagged(&tag) {
            match self.listed(&root.descriptor).await {
                Ok(listed) => {
                    for descriptor in listed {
                        let same = |known: &Descriptor| known.digest == descriptor.digest;
                        if !found.descriptors.iter().any(same) {
                            found.descriptors.push(descriptor);
                            found.from = ReferrersFrom::FallbackTag;
                        }
                    }
                }
                Err(finding) => found.findings.push(*finding),
            }
        }
        Ok(found)
    }

    async fn cosign_tag(
        &self,
        digest: &Digest,
        kind: CosignKind,
    ) -> Result<Option<CosignTag>, Error> {
        let Some(tag) = kind.tag(digest) else { return Ok(None) };
        let descriptor = self.archive.tagged(&tag).next().map(|root| root.descriptor.clone());
        Ok(descriptor.map(|descriptor| CosignTag { kind, tag, descriptor }))
    }
}

fn fetched(bytes: Verified<Bytes>, digest: &Digest, media_type: Option<MediaType>) -> Fetched {
    Fetched {
        bytes,
        digest: digest.clone(),
        media_type,
        headers: HeaderMap::new(),
        findings: Vec::new(),
    }
}
