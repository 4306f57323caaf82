//! Drafts, kept on the browser's disk: they survive a reload with the files that belong to them.

use std::collections::{BTreeMap, BTreeSet};

use drydock::digest::Digest;
use drydock::edit::{Base, Draft, History, RecipeId, Time};
use drydock::layer::write::BuiltLayer;
use futures_util::lock::Mutex;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{Problem, ProblemKind};
use crate::disk;
use crate::net::clock;

/// The folder of drafts.
const FOLDER: &str = "drafts";
/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;
/// Length of a draft's name.
const NAME: usize = 16;

/// A draft, and what belongs to it in this browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// Its name in this browser.
    pub name: String,
    /// When it was changed last, in milliseconds since 1970.
    pub changed: u64,
    /// The draft, with what can be undone.
    pub history: History,
    /// Where on disk the files are that its edits name.
    #[serde(default)]
    pub contents: BTreeMap<Digest, Content>,
    /// The layers that were built for it; their blobs are on disk.
    #[serde(default)]
    pub built: BTreeMap<RecipeId, BuiltLayer>,
    /// Where it is to be pushed, as it was typed.
    #[serde(default)]
    pub target: String,
}

/// A file that a draft names, as a part of a blob on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The blob.
    pub blob: Digest,
    /// Where in it the file begins.
    pub offset: u64,
    /// Size of the file in bytes.
    pub size: u64,
}

impl Kept {
    /// A draft without edits. New steps of the history will bear this moment, so that the same
    /// edits give the same digest tomorrow.
    #[must_use]
    pub fn new(base: Base) -> Self {
        let name = name(&base);
        let mut draft = Draft::new(base);
        draft.time = Time::from_unix(i64::try_from(clock::unix_seconds()).unwrap_or_default());
        Self {
            name,
            changed: 0,
            history: History::new(draft),
            contents: BTreeMap::new(),
            built: BTreeMap::new(),
            target: String::new(),
        }
    }

    /// The same draft, taken over from somewhere else.
    #[must_use]
    pub fn of(draft: Draft) -> Self {
        Self { history: History::new(draft.clone()), ..Self::new(draft.base) }
    }

    /// The draft.
    #[must_use]
    pub fn draft(&self) -> &Draft {
        self.history.draft()
    }

    /// The blobs on disk that belong to it.
    fn blobs(&self) -> impl Iterator<Item = &Digest> {
        let contents = self.contents.values().map(|content| &content.blob);
        contents.chain(self.built.values().map(|layer| &layer.digest))
    }
}

/// The name of the draft of a base: an image has one in each browser, an empty base has many.
#[must_use]
pub fn name(base: &Base) -> String {
    let seed = match base {
        Base::Image(pinned) => pinned.to_string(),
        Base::Empty { .. } | Base::EmptyIndex { .. } => {
            format!("{} {}", clock::now(), clock::jitter())
        }
    };
    Digest::sha256(seed.as_bytes()).encoded().chars().take(NAME).collect()
}

/// A draft by its name; `None` when this browser has no such draft.
///
/// # Errors
/// When the browser keeps no files for this page, or the draft can't be read.
pub async fn load(name: &str) -> Result<Option<Kept>, Problem> {
    match disk::read(FOLDER, &file(name)).await? {
        Some(text) => serde_json::from_slice(&text).map(Some).map_err(|error| {
            let message = format!(
                "The draft {name} was written by another version of this page and can't be read ({error})."
            );
            Problem::new(ProblemKind::Content, message)
        }),
        None => Ok(None),
    }
}

/// Keeps a draft, in place of what was kept under its name.
///
/// # Errors
/// When the browser keeps no files for this page, or has no room.
pub async fn save(draft: &Kept) -> Result<(), Problem> {
    thread_local! {
        static ONE_BY_ONE: &'static Mutex<()> = Box::leak(Box::default());
    }
    // What was asked for last must be what stays.
    let _turn = ONE_BY_ONE.with(|lock| *lock).lock().await;
    let text = serde_json::to_vec(draft).unwrap_or_default();
    disk::keep(FOLDER, &file(&draft.name), &text).await
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
pub async fn list() -> Result<Vec<Kept>, Problem> {
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
    disk::forget(FOLDER, &file(name)).await?;
    let others = list().await?;
    let needed: BTreeSet<&Digest> = others.iter().flat_map(Kept::blobs).collect();
    let freed = gone.iter().flat_map(Kept::blobs).filter(|blob| !needed.contains(blob));
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
    let needed: BTreeSet<&Digest> = drafts.iter().flat_map(Kept::blobs).collect();
    disk::sweep(&old, |digest| needed.contains(digest)).await
}

/// A file of a draft is no longer the one that was taken.
pub(super) fn changed(digest: &Digest) -> Problem {
    let message = format!(
        "What lies on this browser's disk in place of the file {digest} is something else. Choose the file again."
    );
    Problem::new(ProblemKind::Content, message)
}

fn file(name: &str) -> String {
    format!("{name}.json")
}
