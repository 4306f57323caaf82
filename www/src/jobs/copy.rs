//! What is taken from a repository, an archive or a draft: one image or many, with what belongs to
//! them.

use drydock::digest::Digest;
use drydock::finding::Finding;
use drydock::platform::Platform;
use drydock::reference::{Reference, Tag, Target};
use drydock::transfer::copy::{Scope, gather as walk};
use drydock::transfer::{CopyError, PlaceError, Wanted, tags_to_copy};

use super::push::{self, BlobOrigins};
use super::{Problem, ProblemKind, source};
use crate::net::place::Place;
use crate::route::Here;

/// What is taken, and from where.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// From where.
    pub place: Place,
    /// Which images.
    pub images: Images,
    /// Only what is for this platform.
    pub platform: Option<Platform>,
    /// With what refers to them, and what lies under cosign's tags.
    pub attached: bool,
}

/// Which images of a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Images {
    /// This one, and the tag that it keeps as long as nobody gives it another.
    One(Target, Option<Tag>),
    /// All whose tags are like a pattern with `*` and `?`; an empty one stands for all.
    Like(String),
}

impl Selection {
    /// One image by its reference, with all that belongs to it.
    #[must_use]
    pub fn of(reference: &Reference) -> Self {
        Self {
            place: Place::from(reference),
            images: Images::One(reference.target(), reference.tag.clone()),
            platform: None,
            attached: true,
        }
    }
}

/// Reads what a target is to hold. One image gets the target's tag, several keep their own. With
/// `keep_tags` those are left out whose tags the target has.
///
/// # Errors
/// When something can't be read, there is nothing to copy, or the target names a digest that the
/// image does not have.
pub async fn wanted(
    selection: &Selection,
    target: &Reference,
    keep_tags: bool,
) -> Result<Wanted, Problem> {
    if let Some(here) = Here::of(&target.registry) {
        return Err(unfit(format!("Nothing can be copied to {}; name a registry.", here.label())));
    }
    let tags = target.tag.iter().cloned().collect();
    let wanted = read(selection, tags, keep_tags.then_some(target)).await?;
    match (&target.digest, root(&wanted)) {
        (Some(named), Some(root)) if named != root => {
            Err(unfit(format!("The target names {named}, but what would be copied is {root}."))
                .advise("Name a tag in its place."))
        }
        _ => Ok(wanted),
    }
}

/// Reads what belongs to images, which keep their tags.
///
/// # Errors
/// When something can't be read, or there is nothing.
pub(super) async fn gather(selection: &Selection) -> Result<Wanted, Problem> {
    let tags = match &selection.images {
        Images::One(_, tag) => tag.iter().cloned().collect(),
        Images::Like(_) => Vec::new(),
    };
    read(selection, tags, None).await
}

/// Where the blobs are of what was read from a file or a draft.
#[must_use]
pub fn origins(place: &Place, wanted: &Wanted) -> BlobOrigins {
    let mut origins = BlobOrigins::default();
    if Here::of(&place.registry).is_some() {
        let blobs = wanted.blobs.iter().map(|blob| blob.descriptor.digest.clone());
        origins.places.extend(blobs.map(|digest| (digest, place.clone())));
    }
    origins
}

/// One image gets these tags, several keep their own; those that `absent_from` has are left out.
async fn read(
    selection: &Selection,
    tags_of_one: Vec<Tag>,
    absent_from: Option<&Reference>,
) -> Result<Wanted, Problem> {
    let Selection { place, platform, attached, images } = selection;
    let (images, told) = match images {
        Images::One(from, _) => (vec![(from.clone(), tags_of_one)], Vec::new()),
        Images::Like(pattern) => {
            let (tags, told) = tags(place, pattern, absent_from).await?;
            (own_tags(tags), told)
        }
    };
    let source = source::open(place).await?;
    let scope = Scope { platform: platform.clone(), attached: *attached };
    let wanted = walk(&source, &push::origin(place), &images, &scope).await;
    let mut wanted = wanted.map_err(|error| problem(error, place))?;
    wanted.findings.extend(told);
    Ok(wanted)
}

/// The tags of a place that are like a pattern, without those that belong to a digest, and what is
/// to be told of the list.
async fn tags(
    place: &Place,
    pattern: &str,
    absent_from: Option<&Reference>,
) -> Result<(Vec<Tag>, Vec<Finding>), Problem> {
    let pattern = if pattern.trim().is_empty() { "*" } else { pattern.trim() };
    let target = match absent_from {
        Some(target) => Some(source::open(&Place::from(target)).await?),
        None => None,
    };
    let from = source::open(place).await?;
    let (found, told) = tags_to_copy(&from, place, pattern, target.as_ref()).await?;
    if found.is_empty() {
        let text = match absent_from {
            Some(target) => {
                format!("No tag is like {pattern} that {} does not have already.", target.name())
            }
            None => format!("No tag is like {pattern}."),
        };
        return Err(Problem::new(ProblemKind::NotFound, text));
    }
    Ok((found, told))
}

fn own_tags(tags: Vec<Tag>) -> Vec<(Target, Vec<Tag>)> {
    tags.into_iter().map(|tag| (Target::Tag(tag.clone()), vec![tag])).collect()
}

/// The image itself, when it is only one: what was read first.
fn root(wanted: &Wanted) -> Option<&Digest> {
    wanted.documents.first().map(|document| document.digest())
}

fn problem(error: CopyError<PlaceError>, place: &Place) -> Problem {
    match error {
        CopyError::Source(error) => Problem::from(error).at(place.registry.as_str()),
        other => unfit(other.to_string()),
    }
}

fn unfit(headline: String) -> Problem {
    Problem::new(ProblemKind::Content, headline)
}
