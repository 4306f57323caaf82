//! What documents are asked of: a repository of a registry, an archive on disk, or a draft.

use std::rc::Rc;

use drydock::archive;
use drydock::registry::RepositorySource;
use drydock::source::{AnySource, Failure as _};
use drydock::transfer::PlaceError;

use super::{Problem, ProblemKind, tab};
use crate::net::place::Place;
use crate::net::registries::Briefly;
use crate::route::Here;

/// Finds a place.
///
/// # Errors
/// When the server does not say how its registries are reached, or the file that the place stands for
/// was not chosen in this tab.
pub async fn open(place: &Place) -> Result<AnySource<PlaceError>, Problem> {
    Ok(match Here::of(&place.registry) {
        Some(Here::Local) => AnySource::new(tab().local.get(&place.repository)?),
        // A draft's base may be anything, another draft's result too.
        Some(Here::Draft) => {
            let preview = Box::pin(tab().previews.open(&place.repository)).await?;
            AnySource::new(Rc::clone(preview.drafted()))
        }
        None => {
            let client = tab().registries.client(&place.registry).await?;
            let source = RepositorySource::new(client, place.repository.clone());
            AnySource::new(Rc::new(source.patient(Briefly)))
        }
    })
}

impl From<PlaceError> for Problem {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Registry(error) => error.into(),
            PlaceError::Archive(error) => error.into(),
            PlaceError::Draft(error) => Self::of_content(error.is_not_found(), error.to_string()),
        }
    }
}

impl From<archive::Error> for Problem {
    fn from(error: archive::Error) -> Self {
        let headline = format!("{}.", error.headline());
        Self::of_content(error.is_not_found(), headline).said(error.detail())
    }
}

impl Problem {
    fn of_content(absent: bool, headline: String) -> Self {
        Self::new(if absent { ProblemKind::NotFound } else { ProblemKind::Content }, headline)
    }
}
