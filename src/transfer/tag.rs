//! Tags of what a repository has already, and taking things away.
//!
//! Registries differ in what they let one delete: tags, manifests with all their tags, both, or
//! nothing. What is refused is said, with what could be done instead and what that would take along.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::links::{links, read};
use super::referrers::{self, Unchanged};
use super::remote::Remote;
use super::{AT_ONCE, CopyError, DeleteError, Unusable, Wanted};
use crate::digest::Digest;
use crate::limits;
use crate::reference::{Repository, Tag, Target};
use crate::registry::retry::{Pace, patiently};
use crate::registry::{self, Registry, Transport};
use crate::source::Source;
use crate::spec::fallback;

/// What a repository is to hold for a document of its own to have more tags: the same bytes, again.
///
/// # Errors
/// When the document can't be read.
pub async fn tags<S: Source>(
    source: &S,
    target: &Target,
    tags: &[Tag],
) -> Result<Wanted, CopyError<S::Error>> {
    let fetched = source.root(target).await.map_err(CopyError::Source)?;
    let digest = fetched.digest.clone();
    let Some(document) = read(&fetched, None) else {
        return Err(CopyError::Unusable { digest, problem: Unusable::NotJson });
    };
    let tags = tags.iter().map(|tag| (tag.clone(), digest.clone())).collect();
    Ok(Wanted { documents: vec![document], tags, ..Wanted::default() })
}

/// What goes when a tag or manifest is deleted, to be shown before it is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Deletion {
    /// What is deleted.
    pub target: Target,
    /// The manifest, which stays when only a tag is deleted.
    pub digest: Digest,
    /// Tags that go: the one that is deleted, or all those of the manifest.
    pub tags: Vec<Tag>,
    /// Whether there are more tags than were looked up, so that some of them may go, too.
    pub more_tags: bool,
    /// What the manifest is about, when it is a referrer: it goes from the list of those.
    pub subject: Option<Digest>,
    /// What refers to the manifest, and will refer to nothing.
    pub referrers: Vec<Digest>,
}

/// Looks at what would go.
///
/// # Errors
/// When the registry does not say.
pub async fn plan_deletion<T: Transport>(
    registry: &Registry<T>,
    repository: &Repository,
    target: &Target,
    pace: &impl Pace,
) -> Result<Deletion, registry::Error> {
    let remote = Remote { registry, repository, pace };
    let fetched = patiently(pace, async || registry.manifest(repository, target).await).await?;
    let digest = fetched.digest.clone();
    if let Target::Tag(tag) = target {
        return Ok(Deletion {
            target: target.clone(),
            digest,
            tags: vec![tag.clone()],
            more_tags: false,
            subject: None,
            referrers: Vec::new(),
        });
    }
    let (tags, more_tags) = tags_of(&remote, &digest).await?;
    let subject = read(&fetched, None).and_then(|document| links(&document).ok()?.subject);
    Ok(Deletion {
        target: target.clone(),
        referrers: remote.referrers(&digest).await?.digests,
        digest,
        tags,
        more_tags,
        subject: subject.map(|subject| subject.digest),
    })
}

/// Deletes. Of a referrer, the list under the fallback tag is brought up to date where the registry
/// keeps none.
///
/// # Errors
/// [`DeleteError::TagsStay`] and [`DeleteError::ManifestsStay`] when the registry does not do that.
pub async fn delete<T: Transport>(
    registry: &Registry<T>,
    repository: &Repository,
    deletion: &Deletion,
    pace: &impl Pace,
) -> Result<(), DeleteError> {
    let remote = Remote { registry, repository, pace };
    let target = &deletion.target;
    let deleted =
        patiently(pace, async || registry.delete_manifest(repository, target).await).await;
    if let Err(refusal) = deleted {
        return Err(refused(&remote, deletion, refusal).await);
    }
    let (Target::Digest(digest), Some(subject)) = (target, &deletion.subject) else {
        return Ok(());
    };
    let Ok(tag) = Tag::parse(&subject.referrers_tag()) else { return Ok(()) };
    if remote.referrers(subject).await?.by_registry {
        return Ok(());
    }
    let remove = |index: &mut serde_json::Value| fallback::remove(index, digest);
    referrers::update(&remote, &tag, remove).await.map_err(|unchanged| match unchanged {
        Unchanged::Target(error) => DeleteError::Target(error),
        Unchanged::NoList(problem) => DeleteError::Fallback { tag, problem },
    })
}

async fn refused<T: Transport, P: Pace>(
    remote: &Remote<'_, T, P>,
    deletion: &Deletion,
    refusal: registry::Error,
) -> DeleteError {
    let status = refusal.status().map(|status| status.as_u16());
    if !matches!(status, Some(400 | 405 | 501)) {
        return refusal.into();
    }
    let (digest, refusal) = (deletion.digest.clone(), Box::new(refusal));
    match &deletion.target {
        Target::Digest(_) => DeleteError::ManifestsStay { digest, refusal },
        Target::Tag(tag) => match tags_of(remote, &digest).await {
            Ok((with_it, _)) => {
                DeleteError::TagsStay { tag: tag.clone(), digest, with_it, refusal }
            }
            Err(error) => error.into(),
        },
    }
}

/// The tags that stand for a manifest, and whether there are more than were looked up.
async fn tags_of<T: Transport, P: Pace>(
    remote: &Remote<'_, T, P>,
    digest: &Digest,
) -> Result<(Vec<Tag>, bool), registry::Error> {
    let ask = async || remote.registry.tags_there(remote.repository).await;
    let (all, stops) = match patiently(remote.pace, ask).await {
        Ok(all) => all,
        Err(error) if error.is_not_found() => (Vec::new(), None),
        Err(error) => return Err(error),
    };
    let more = stops.is_some() || all.len() > limits::TAGS_LOOKED_UP;
    let tags = all.iter().take(limits::TAGS_LOOKED_UP).filter_map(|tag| Tag::parse(tag).ok());
    let asked = tags.map(|tag| async move {
        let now = remote.tagged(&tag).await?;
        Ok((now.as_ref() == Some(digest)).then_some(tag))
    });
    let found: Vec<Option<Tag>> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    Ok((found.into_iter().flatten().collect(), more))
}
