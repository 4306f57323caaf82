//! Why did a place not give something, whichever kind of place it is?

use super::DraftedError;
use crate::finding::Finding;
use crate::source::Failure;
use crate::{archive, registry};

/// The errors of all sources: registries, archives, drafts. As text, a sentence.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlaceError {
    /// The registry did not give it.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// The archive does not have it, or not as it should be.
    #[error("{0}.")]
    Archive(#[from] archive::Error),
    /// The draft does not have it.
    #[error(transparent)]
    Draft(#[from] DraftedError),
}

impl Failure for PlaceError {
    fn is_not_found(&self) -> bool {
        match self {
            Self::Registry(error) => Failure::is_not_found(error),
            Self::Archive(error) => Failure::is_not_found(error),
            Self::Draft(error) => error.is_not_found(),
        }
    }

    fn hint(&self) -> &str {
        match self {
            Self::Registry(error) => error.hint(),
            Self::Archive(_) | Self::Draft(_) => "",
        }
    }

    fn is_denied(&self) -> bool {
        matches!(self, Self::Registry(error) if error.is_denied())
    }

    fn is_mismatch(&self) -> bool {
        match self {
            Self::Registry(error) => error.is_mismatch(),
            Self::Archive(error) => error.is_mismatch(),
            Self::Draft(error) => error.is_mismatch(),
        }
    }
}

impl From<PlaceError> for Finding {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Registry(error) => error.into(),
            PlaceError::Archive(error) => error.into(),
            PlaceError::Draft(error) => error.into(),
        }
    }
}
