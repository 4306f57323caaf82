//! Reading, changing and writing the list of referrers under a fallback tag.
//!
//! No registry lets one write only if nothing has changed meanwhile, so what was written is read
//! again, and written again if somebody else was faster.

use bytes::Bytes;
use serde_json::Value;

use super::remote::{Remote, is_no};
use crate::media_type::MediaType;
use crate::reference::{Tag, Target};
use crate::registry::retry::{Pace, patiently};
use crate::registry::{Error, Registry, Transport};
use crate::spec::fallback;

/// How often a list is written before others are let have their way.
const WRITES: usize = 3;

/// Why a list was not changed.
pub(super) enum Unchanged {
    Target(Error),
    /// The tag holds something else.
    NoList(&'static str),
}

impl From<Error> for Unchanged {
    fn from(error: Error) -> Self {
        Self::Target(error)
    }
}

/// Changes the list under a tag until `change` finds nothing more to do, which it says by `false`.
pub(super) async fn update<T: Transport, P: Pace>(
    remote: &Remote<'_, T, P>,
    tag: &Tag,
    change: impl Fn(&mut Value) -> bool,
) -> Result<(), Unchanged> {
    let target = Target::Tag(tag.clone());
    let media_type = MediaType::new(MediaType::INDEX);
    for _ in 0..WRITES {
        let mut list = match read(remote, &target).await? {
            Some(bytes) => fallback::read(&bytes).map_err(Unchanged::NoList)?,
            None => fallback::empty(),
        };
        if !change(&mut list) {
            return Ok(());
        }
        let bytes = fallback::to_bytes(&list);
        let registry: &Registry<T> = remote.registry;
        let put =
            async || registry.put_manifest(remote.repository, &target, &media_type, &bytes).await;
        patiently(remote.pace, put).await?;
    }
    Ok(())
}

async fn read<T: Transport, P: Pace>(
    remote: &Remote<'_, T, P>,
    target: &Target,
) -> Result<Option<Bytes>, Error> {
    let ask = async || remote.registry.manifest(remote.repository, target).await;
    match patiently(remote.pace, ask).await {
        Ok(fetched) => Ok(Some(fetched.bytes.into_inner())),
        Err(error) if is_no(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
