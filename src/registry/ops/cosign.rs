//! The tags under which cosign keeps what belongs to a manifest: `sha256-<hex>.sig` and its like.

use super::super::Registry;
use super::super::error::Error;
use super::super::transport::Transport;
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::reference::{Repository, Target};
use crate::source::{CosignKind, CosignTag};
use crate::spec::{self, Claims, View};

impl<T: Transport> Registry<T> {
    /// Looks up the tag of one kind that belongs to a digest. What it points to stays unverified
    /// until fetched.
    ///
    /// # Errors
    /// When the tag can't be looked up; one that does not exist is no failure.
    pub async fn cosign_tag(
        &self,
        repository: &Repository,
        digest: &Digest,
        kind: CosignKind,
    ) -> Result<Option<CosignTag>, Error> {
        let Some(tag) = kind.tag(digest) else { return Ok(None) };
        match self.tagged(repository, &Target::Tag(tag.clone()), digest).await {
            // Not every registry says 404 of a tag that does not exist: some refuse, some send the
            // manifest that the tag is made of, some a page for people.
            Ok(Some(descriptor)) if descriptor.digest != *digest => {
                Ok(Some(CosignTag { kind, tag, descriptor }))
            }
            Ok(_) => Ok(None),
            Err(error) if error.is_refusal() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The descriptor of the manifest that a tag points to: by HEAD where that says enough, else by
    /// GET. `None` when the tag stands for something that is no manifest. `there` is a manifest that
    /// is known to be in the repository.
    async fn tagged(
        &self,
        repository: &Repository,
        target: &Target,
        there: &Digest,
    ) -> Result<Option<Descriptor>, Error> {
        match self.head_manifest(repository, target).await {
            Ok(head) => {
                if let (Some(digest), Some(size), Some(media_type)) =
                    (head.digest, head.size, head.media_type)
                    && media_type.is_manifest()
                {
                    return Ok(Some(Descriptor::new(media_type.as_str(), digest, size)));
                }
            }
            Err(error) if error.is_not_found() && self.knows_head(repository, there).await => {
                return Err(error);
            }
            Err(error) if error.is_refusal() => {}
            Err(error) => return Err(error),
        }
        let fetched = self.manifest(repository, target).await?;
        let claims = Claims { content_type: fetched.media_type, descriptor: None };
        let read = spec::read(&fetched.bytes, &fetched.digest, &claims, "document");
        let is_manifest =
            matches!(read.view, View::Index(_) | View::Manifest(_) | View::Schema1(_));
        Ok(read.document.filter(|_| is_manifest).map(|document| document.descriptor()))
    }

    /// Whether "not found" is to be believed of HEAD: some registries say it of everything.
    async fn knows_head(&self, repository: &Repository, there: &Digest) -> bool {
        self.answers_head.get()
            || self.head_manifest(repository, &Target::Digest(there.clone())).await.is_ok()
    }
}
