//! The tags under which cosign keeps what belongs to a manifest: `sha256-<hex>.sig` and its like.

use super::super::Registry;
use super::super::error::Error;
use super::super::transport::Transport;
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::media_type::MediaType;
use crate::reference::{Repository, Target};
use crate::source::{CosignKind, CosignTag};

impl<T: Transport> Registry<T> {
    /// Looks up the three tags of a digest. What they point to stays unverified until fetched.
    ///
    /// # Errors
    /// When a tag can't be looked up; one that does not exist is no failure.
    pub async fn cosign_tags(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Vec<CosignTag>, Error> {
        let mut found = Vec::new();
        for kind in CosignKind::ALL {
            let Some(tag) = kind.tag(digest) else { continue };
            match self.tagged(repository, &Target::Tag(tag.clone())).await {
                Ok(descriptor) => found.push(CosignTag { kind, tag, descriptor }),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The descriptor of what a tag points to: by HEAD where that says enough, else by GET.
    async fn tagged(&self, repository: &Repository, target: &Target) -> Result<Descriptor, Error> {
        match self.head_manifest(repository, target).await {
            Ok(head) => {
                if let (Some(digest), Some(size), Some(media_type)) =
                    (head.digest, head.size, head.media_type)
                {
                    return Ok(Descriptor::new(media_type.as_str(), digest, size));
                }
            }
            Err(Error::Unexpected { .. }) => {}
            Err(error) => return Err(error),
        }
        let fetched = self.manifest(repository, target).await?;
        let media_type = fetched.media_type.unwrap_or_else(|| MediaType::new(MediaType::MANIFEST));
        Ok(Descriptor::new(media_type.as_str(), fetched.digest, fetched.bytes.len() as u64))
    }
}
