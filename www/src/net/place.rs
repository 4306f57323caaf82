//! Where blobs lie.

use drydock::reference::{Reference, Registry, Repository};
use serde::{Deserialize, Serialize};

/// A repository of a registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The registry.
    pub registry: Registry,
    /// The repository in it.
    pub repository: Repository,
}

impl Place {
    /// This browser's disk, which has blobs by their digests and no repositories.
    #[must_use]
    pub fn disk() -> Self {
        let name = Reference::parse("draft.invalid/disk").map(|reference| Self::from(&reference));
        name.unwrap_or_else(|_| unreachable!("a fixed name that is well-formed"))
    }
}

impl From<&Reference> for Place {
    fn from(reference: &Reference) -> Self {
        Self { registry: reference.registry.clone(), repository: reference.repository.clone() }
    }
}
