//! What a target says of itself.

use std::collections::BTreeMap;

use http::StatusCode;

use crate::digest::Digest;
use crate::reference::{Repository, Tag, Target};
use crate::registry::retry::{Pace, patiently};
use crate::registry::{Error, Registry, Transport};
use crate::source::{Referrers, ReferrersFrom};

/// A repository that is about to be written to.
pub(super) struct Remote<'a, T, P> {
    pub registry: &'a Registry<T>,
    pub repository: &'a Repository,
    pub pace: &'a P,
}

/// What a target lists as referring to a manifest.
pub(super) struct Listed {
    /// Whether the registry keeps the list by itself.
    pub by_registry: bool,
    pub digests: Vec<Digest>,
}

impl<T: Transport, P: Pace> Remote<'_, T, P> {
    /// What a tag stands for; `None` when there is no such tag.
    pub(super) async fn tagged(&self, tag: &Tag) -> Result<Option<Digest>, Error> {
        let target = Target::Tag(tag.clone());
        let ask = async || match self.registry.head_manifest(self.repository, &target).await {
            Ok(head) => Ok(head.digest),
            // Not every registry knows HEAD, whatever it says then.
            Err(error) if is_no(&error) => Ok(None),
            Err(error) => Err(error),
        };
        if let Some(digest) = patiently(self.pace, ask).await? {
            return Ok(Some(digest));
        }
        let ask = async || self.registry.manifest(self.repository, &target).await;
        match patiently(self.pace, ask).await {
            Ok(fetched) => Ok(Some(fetched.digest)),
            Err(error) if is_no(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a manifest is there. Where the registry does not say so clearly, it is not: sending
    /// it again does no harm.
    pub(super) async fn has_manifest(
        &self,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<bool, Error> {
        let target = Target::Digest(digest.clone());
        let ask = async || self.registry.head_manifest(self.repository, &target).await;
        match patiently(self.pace, ask).await {
            Ok(head) => {
                let same_size = head.size.zip(size).is_none_or(|(said, own)| said == own);
                Ok(same_size && head.digest.is_none_or(|said| said == *digest))
            }
            Err(error) if is_no(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What the target lists as referring to a manifest.
    pub(super) async fn referrers(&self, subject: &Digest) -> Result<Listed, Error> {
        let ask = async || self.registry.referrers(self.repository, subject, None).await;
        let Referrers { descriptors, from, .. } = patiently(self.pace, ask).await?;
        let digests = descriptors.into_iter().map(|descriptor| descriptor.digest).collect();
        Ok(Listed { by_registry: from == ReferrersFrom::Api, digests })
    }
}

/// Whether a registry said that it does not have something, or that it does not say: registries
/// deny what does not exist, too. A login that is asked for is another thing.
pub(super) fn is_no(error: &Error) -> bool {
    match error {
        Error::NotFound { .. } | Error::Denied { .. } | Error::Unexpected { .. } => true,
        Error::Server { status, .. } => *status == StatusCode::NOT_IMPLEMENTED,
        _ => false,
    }
}

/// Groups what is known by digest, keeping the first of each.
pub(super) fn by_digest<V>(
    items: impl IntoIterator<Item = V>,
    digest: impl Fn(&V) -> &Digest,
) -> BTreeMap<Digest, V> {
    let mut map = BTreeMap::new();
    for item in items {
        map.entry(digest(&item).clone()).or_insert(item);
    }
    map
}
