//! Drafts, kept on the browser's disk: they survive a reload with the files that belong to them.

use std::collections::BTreeSet;
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::edit::{Base, Content, Draft, Edit, FileFate, Pinned, Saved, StoredDraft, Time};
use drydock::platform::Platform;
use drydock::reference::Reference;
use serde::Deserialize;
use serde::de::IgnoredAny;
use wasm_bindgen_futures::JsFuture;

use super::{Problem, ProblemKind};
use crate::disk::{self, turns};
use crate::net::clock;
use crate::route::Here;

pub use crate::disk::turns::Listening;

/// The folder of drafts.
const FOLDER: &str = "drafts";
/// Under which name tabs tell each other of drafts.
const CHANNEL: &str = "drydock.drafts";
/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// A draft without edits, which bears this moment.
#[must_use]
pub fn begun(base: Base) -> StoredDraft {
    let time = Time::from_unix(i64::try_from(clock::unix_seconds()).unwrap_or_default());
    StoredDraft::new(name(&base), base, time)
}

/// A draft that was made somewhere else.
#[must_use]
pub fn taken_over(draft: Draft) -> StoredDraft {
    StoredDraft::of(name(&draft.base), draft)
}

/// The name of the draft of a base.
#[must_use]
pub fn name(base: &Base) -> String {
    base.draft_name(|| format!("{} {}", clock::now(), clock::jitter()))
}

/// A draft by its name; `None` when this browser has no such draft.
///
/// # Errors
/// When the browser keeps no files for this page, or the draft can't be read.
pub async fn load(name: &str) -> Result<Option<StoredDraft>, Problem> {
    let Some(text) = disk::read(FOLDER, &file(name)).await? else { return Ok(None) };
    let draft = serde_json::from_str(str::from_utf8(&text).unwrap_or_default());
    draft.map(Some).map_err(|error| {
        let message = format!(
            "The draft {name} was written by another version of this page and can't be read ({error})."
        );
        Problem::new(ProblemKind::Content, message)
    })
}

/// A draft by its name, or a new one on its base.
///
/// # Errors
/// As with [`load`], and when there is neither.
pub async fn find(name: &str, base: Option<Base>) -> Result<StoredDraft, Problem> {
    let found = load(name).await?.or_else(|| base.map(begun));
    found.ok_or_else(no_draft)
}

/// Which draft belongs to an image, and what it is made on when there is none yet: an image that is
/// itself what a draft gives belongs to that draft.
#[must_use]
pub fn of(reference: &Reference, digest: &Digest) -> (String, Option<Base>) {
    if Here::of(&reference.registry) == Some(Here::Draft) {
        return (reference.repository.to_string(), None);
    }
    let base = Base::Image(Pinned::new(reference.clone(), digest.clone()));
    (name(&base), Some(base))
}

/// Keeps a draft as it is when its turn has come, after the revision that it follows, unless another
/// tab has kept a newer one.
///
/// # Errors
/// When the browser keeps no files for this page, or has no room.
pub async fn save(
    name: &str,
    current: impl FnOnce() -> (Arc<StoredDraft>, u64),
) -> Result<Saved, Problem> {
    let _turn = turns::take(name).await;
    let there = revision(name).await?;
    // To read a long draft and to write it are tasks of their own.
    clock::let_others_run().await;
    let (draft, revision) = current();
    if there.is_some_and(|there| there > revision) {
        return Ok(Saved::Behind);
    }
    let mut draft = (*draft).clone();
    draft.revision = revision + 1;
    write(&draft).await?;
    Ok(Saved::Kept(draft.revision))
}

/// Keeps a draft in place of whatever was kept under its name.
///
/// # Errors
/// As with [`save`].
pub async fn replace(mut draft: StoredDraft) -> Result<(), Problem> {
    let _turn = turns::take(&draft.name).await;
    draft.revision = revision(&draft.name).await?.unwrap_or_default() + 1;
    write(&draft).await
}

/// Changes a draft as it is kept; one that is not there is made on its base first.
///
/// # Errors
/// As with [`save`], when there is no such draft, and those of `change`, after which it stays as it is.
pub async fn alter(
    (name, base): (String, Option<Base>),
    change: impl FnOnce(&mut StoredDraft) -> Result<(), Problem>,
) -> Result<StoredDraft, Problem> {
    let _turn = turns::take(&name).await;
    let mut draft = find(&name, base).await?;
    change(&mut draft)?;
    draft.changed = js_sys::Date::now() as u64;
    draft.revision += 1;
    write(&draft).await?;
    Ok(draft)
}

/// Adds edits to a draft, and says where its result is to go.
///
/// # Errors
/// As with [`alter`].
pub async fn add(
    draft: (String, Option<Base>),
    edits: Vec<Edit>,
    target: String,
) -> Result<(), Problem> {
    let add = move |kept: &mut StoredDraft| {
        kept.target = target;
        edits.into_iter().for_each(|edit| kept.history.push(edit));
        Ok(())
    };
    alter(draft, add).await.map(drop)
}

/// What a draft makes of a file; `None` when it leaves its content alone, or when there is none.
///
/// # Errors
/// When the browser keeps no files for this page, or the draft can't be read.
pub async fn file_in(
    name: &str,
    platform: Option<&Platform>,
    path: &str,
) -> Result<Option<FileFate>, Problem> {
    let kept = load(name).await?;
    Ok(kept.and_then(|kept| kept.fate_of(platform, path)))
}

/// The first bytes of a file of a draft.
///
/// # Errors
/// When the browser does not have it any more.
pub async fn read(content: &Content, limit: u64) -> Result<Vec<u8>, Problem> {
    let gone = || {
        let headline = "A file of the draft is not in this browser any more.";
        Problem::new(ProblemKind::NotFound, headline).advise("Choose it again.")
    };
    let blob = disk::blob(&content.blob).await?.ok_or_else(gone)?;
    let end = content.offset.saturating_add(content.size.min(limit));
    let part = disk::shorten(&blob, content.offset, end).ok_or_else(gone)?;
    let buffer = JsFuture::from(part.array_buffer()).await.map_err(|_| gone())?;
    Ok(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// Calls back with the name of each draft that is kept, in whichever tab, and its revision; without
/// one when it is deleted.
#[must_use]
pub fn listen(mut heard: impl FnMut(String, Option<u64>) + 'static) -> Option<Listening> {
    turns::listen(CHANNEL, move |told| match told.split_once(' ') {
        Some((name, revision)) => heard(name.to_owned(), revision.parse().ok()),
        None => heard(told, None),
    })
}

async fn write(draft: &StoredDraft) -> Result<(), Problem> {
    let text = serde_json::to_vec(draft).unwrap_or_default();
    disk::keep(FOLDER, &file(&draft.name), &text).await?;
    turns::tell(CHANNEL, &format!("{} {}", draft.name, draft.revision));
    Ok(())
}

/// The revision that is kept.
async fn revision(name: &str) -> Result<Option<u64>, Problem> {
    #[derive(Deserialize)]
    struct Outline {
        #[serde(default)]
        revision: u64,
    }
    let text = disk::read(FOLDER, &file(name)).await?;
    let outline = text.and_then(|text| serde_json::from_slice::<Outline>(&text).ok());
    Ok(outline.map(|outline| outline.revision))
}

/// That this browser has no such draft.
#[must_use]
pub fn no_draft() -> Problem {
    Problem::new(ProblemKind::NotFound, "There is no such draft in this browser.")
        .said("A link to a draft works only where it was made.")
}

/// Number of edits of a draft, without reading all that they say; `None` when this browser has no
/// such draft.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn edits(name: &str) -> Result<Option<usize>, Problem> {
    #[derive(Deserialize)]
    struct Outline {
        history: Steps,
    }
    #[derive(Deserialize)]
    struct Steps {
        draft: Edits,
    }
    #[derive(Deserialize)]
    struct Edits {
        edits: Vec<IgnoredAny>,
    }
    let text = disk::read(FOLDER, &file(name)).await?;
    let outline = text.and_then(|text| serde_json::from_slice::<Outline>(&text).ok());
    Ok(outline.map(|outline| outline.history.draft.edits.len()))
}

/// The image that a draft is made on; `None` when it is made on none, or there is no such draft.
///
/// # Errors
/// When the browser keeps no files for this page, or the draft can't be read.
pub async fn base(name: &str) -> Result<Option<Reference>, Problem> {
    let kept = load(name).await?;
    Ok(kept.and_then(|kept| Some(kept.draft().base.image()?.reference().clone())))
}

/// Number of drafts.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn count() -> Result<usize, Problem> {
    let names = disk::names(FOLDER).await?;
    Ok(names.iter().filter(|name| name.ends_with(".json")).count())
}

/// All drafts, the one that was changed last first. What can't be read is left out.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn list() -> Result<Vec<StoredDraft>, Problem> {
    let mut drafts = Vec::new();
    for name in disk::names(FOLDER).await? {
        if let Some(name) = name.strip_suffix(".json")
            && let Ok(Some(draft)) = load(name).await
        {
            drafts.push(draft);
        }
    }
    drafts.sort_by_key(|draft| std::cmp::Reverse(draft.changed));
    Ok(drafts)
}

/// Deletes a draft, and what is on disk for it alone.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn delete(name: &str) -> Result<(), Problem> {
    let gone = load(name).await.ok().flatten();
    let turn = turns::take(name).await;
    disk::forget(FOLDER, &file(name)).await?;
    drop(turn);
    turns::tell(CHANNEL, name);
    let others = list().await?;
    let needed: BTreeSet<&Digest> = others.iter().flat_map(StoredDraft::blobs).collect();
    let freed = gone.iter().flat_map(StoredDraft::blobs).filter(|blob| !needed.contains(blob));
    for blob in freed.collect::<BTreeSet<_>>() {
        disk::remove(blob).await?;
    }
    Ok(())
}

/// Deletes what lies on disk for nobody: blobs that no draft names, and the beginnings of such, when
/// they are older than a day. Younger ones may be another tab's.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn sweep() -> Result<(), Problem> {
    let old = disk::old(clock::unix_seconds().saturating_sub(DAY)).await?;
    if old.is_empty() {
        return Ok(());
    }
    let drafts = list().await?;
    let needed: BTreeSet<&Digest> = drafts.iter().flat_map(StoredDraft::blobs).collect();
    disk::sweep(&old, |digest| needed.contains(digest)).await
}

/// A file of a draft is no longer the one that was taken.
pub(super) fn changed(digest: &Digest) -> Problem {
    let headline = format!(
        "What lies on this browser's disk in place of the file {digest} is something else."
    );
    Problem::new(ProblemKind::Content, headline).advise("Choose the file again.")
}

fn file(name: &str) -> String {
    format!("{name}.json")
}
