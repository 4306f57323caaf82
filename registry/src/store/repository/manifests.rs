//! Manifests and tags: reading, storing and deleting them.

use bytes::Bytes;
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::reference::{Tag, Target};

use super::{Manifest, Repository};
use crate::limits;
use crate::store::Refusal;
use crate::store::index::Index;
use crate::store::outline::{Link, Outline};
use crate::store::upload::computable;

impl Repository {
    /// Whether anything was ever pushed that can be pulled.
    pub(crate) fn is_listed(&self) -> bool {
        self.fresh().is_ok_and(|state| state.index.manifests().next().is_some())
    }

    pub(crate) fn manifest(&self, target: &Target) -> Result<Manifest, Refusal> {
        let mut state = self.fresh()?;
        let unknown = || Refusal::ManifestUnknown {
            reference: target.to_string(),
            repository: self.name.to_string(),
        };
        let found = match target {
            Target::Tag(tag) => state.index.by_tag(tag.as_str()),
            Target::Digest(digest) => state.index.by_digest(digest),
        };
        let found = found.map(|e| (e.media_type.clone(), e.digest.clone()));
        let (media_type, digest) = match (found, target) {
            (Some(found), _) => found,
            // Other tools list an index only, not its children.
            (None, Target::Digest(digest)) => self
                .children(&mut state)?
                .get(digest)
                .map(|link| (link.media_type.clone(), link.digest.clone()))
                .ok_or_else(unknown)?,
            (None, Target::Tag(_)) => return Err(unknown()),
        };
        drop(state);
        let bytes = self.document(&digest)?.ok_or_else(unknown)?;
        Ok(Manifest { media_type, digest, bytes })
    }

    /// Stores a manifest after checking that what it points to is here
    /// (distribution-spec, "Pushing Manifests"). Returns its subject.
    pub(crate) fn put_manifest(
        &self,
        media_type: &MediaType,
        digest: &Digest,
        bytes: Bytes,
        tags: &[Tag],
    ) -> Result<Option<Digest>, Refusal> {
        self.writable()?;
        if bytes.len() as u64 > limits::MANIFEST_BYTES {
            return Err(Refusal::ManifestTooLarge);
        }
        let actual = Digest::of(computable(digest)?, &bytes);
        if actual != *digest {
            return Err(Refusal::DigestInvalid(format!(
                "the manifest that came has digest {actual}, not {digest}"
            )));
        }
        let outline = Outline::read(media_type, &bytes).map_err(Refusal::ManifestInvalid)?;
        let config = outline.config.iter().map(|link| ("config", link));
        let layers = outline.layers.iter().filter(|link| !link.media_type.is_foreign());
        let children = outline.manifests.iter().map(|link| ("child", link));
        for (kind, link) in config.chain(layers.map(|link| ("layer", link))).chain(children) {
            self.check_link(kind, link)?;
        }
        let descriptor = Descriptor::new(media_type.as_str(), digest.clone(), bytes.len() as u64);
        let growth = Index::growth(&descriptor, tags);
        let mut state = self.fresh()?;
        self.has_room(&state, growth)?;
        self.put_bytes(digest, bytes)?;
        self.change(&mut state, growth, |index| index.put(&descriptor, tags))?;
        self.learn(&mut state, &Link::of(&descriptor), &outline)?;
        Ok(outline.subject)
    }

    /// Stores a manifest without looking into it.
    pub(crate) fn put_unchecked(
        &self,
        media_type: &MediaType,
        bytes: &[u8],
        tags: &[Tag],
    ) -> Result<(), Refusal> {
        let digest = Digest::sha256(bytes);
        let mut state = self.fresh()?;
        self.put_bytes(&digest, Bytes::copy_from_slice(bytes))?;
        let descriptor = Descriptor::new(media_type.as_str(), digest, bytes.len() as u64);
        let growth = Index::growth(&descriptor, tags);
        state.known.forget();
        self.change(&mut state, growth, |index| index.put(&descriptor, tags))
    }

    fn check_link(&self, kind: &'static str, link: &Link) -> Result<(), Refusal> {
        let size = match self.blob_size(&link.digest) {
            Ok(size) => size,
            Err(Refusal::BlobUnknown { digest, repository }) => {
                return Err(Refusal::ManifestBlobUnknown { kind, digest, repository });
            }
            Err(other) => return Err(other),
        };
        if size != link.size {
            return Err(Refusal::ManifestInvalid(format!(
                "the manifest says that {kind} {} has {} bytes, but it has {size}",
                link.digest, link.size
            )));
        }
        Ok(())
    }

    pub(crate) fn delete_manifest(&self, target: &Target) -> Result<(), Refusal> {
        self.writable()?;
        let mut state = self.fresh()?;
        let removed = match target {
            Target::Tag(tag) => {
                state.index.by_tag(tag.as_str()).is_some()
                    && self.change(&mut state, 0, |index| index.remove_tag(tag.as_str()))?
            }
            Target::Digest(digest) => {
                let is_listed = state.index.by_digest(digest).is_some();
                if is_listed || self.children(&mut state)?.contains_key(digest) {
                    state.known.forget();
                    if is_listed {
                        self.change(&mut state, 0, |index| index.remove(digest))?;
                    }
                    match self.delete_blob(digest) {
                        Ok(()) => true,
                        Err(Refusal::BlobUnknown { .. }) => false,
                        Err(other) => return Err(other),
                    }
                } else {
                    false
                }
            }
        };
        if removed {
            return Ok(());
        }
        Err(Refusal::ManifestUnknown {
            reference: target.to_string(),
            repository: self.name.to_string(),
        })
    }

    /// So many tags in byte order behind one, and whether there are more.
    pub(crate) fn tags(
        &self,
        behind: Option<&str>,
        most: usize,
    ) -> Result<(Vec<String>, bool), Refusal> {
        let state = self.fresh()?;
        let mut tags = state.index.tags(behind);
        let page = tags.by_ref().take(most).map(str::to_owned).collect();
        Ok((page, tags.next().is_some()))
    }
}
