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

impl From<&Reference> for Place {
    fn from(reference: &Reference) -> Self {
        Self { registry: reference.registry.clone(), repository: reference.repository.clone() }
    }
}
