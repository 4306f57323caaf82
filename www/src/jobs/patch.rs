//! Single files of an image changed in place: what becomes an entry of a small layer, which keeps
//! what it does not speak of.

use drydock::digest::Digest;
use drydock::edit::{Contents, Scope, StoredDraft, values};
use drydock::inspect::tree::Row;
use drydock::layer::Kind;
use drydock::layer::write::{Keep, NewEntry, NewNode};
use drydock::platform::Platform;
use drydock::reference::Reference;
use js_sys::{Array, Uint8Array};
use web_sys::Blob;

use super::drafts;
use super::{Problem, ProblemKind, Progress, gather, no_sense};
use crate::chosen::{self, Chosen};

/// What is done to one path.
#[derive(Clone, Debug)]
pub enum Patch {
    /// A file gets other content; all else stays.
    Write(Vec<u8>),
    /// A file gets the content and the time of one that was chosen; all else stays.
    Replace(Chosen),
    /// Files are put into a directory; those that are there are replaced.
    Add(Vec<Chosen>),
    /// It is removed, with all below it.
    Remove,
    /// It gets other permission bits.
    Mode(u16),
}

impl Patch {
    /// Bytes of the files that have to be read for it.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Write(content) => content.len() as u64,
            Self::Replace(file) => file.blob.size() as u64,
            Self::Add(files) => chosen::size(files),
            Self::Remove | Self::Mode(_) => 0,
        }
    }
}

/// What the draft is to make of a file before a text takes its place: another tab may have put
/// something else there since the text was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The platform that is shown.
    pub platform: Option<Platform>,
    /// The file.
    pub path: String,
    /// Digest of the content with which the text was begun; `None` when the draft removed the file.
    pub digest: Option<Digest>,
}

impl Begun {
    /// Whether a draft has still the same there, or leaves the file alone.
    fn is_still(&self, kept: &StoredDraft) -> bool {
        kept.is_still(self.platform.as_ref(), &self.path, self.digest.as_ref())
    }
}

/// The entries that a patch adds to the draft, and where their files are.
#[derive(Debug, Default)]
pub struct Patched {
    entries: Vec<NewEntry>,
    contents: Contents,
}

/// Makes entries of a patch of one path of a tree. What a patch does not speak of stays as the
/// image has it.
///
/// # Errors
/// When the path is none that can be written, the file can't be read, or there is no room.
pub async fn patch(
    row: &Row,
    patch: Patch,
    on_progress: impl FnMut(Progress) + Clone + 'static,
) -> Result<Patched, Problem> {
    let path = text(row)?;
    let mut patched = Patched::default();
    let like = |keep: Keep, node: NewNode| NewEntry {
        path: path.to_owned(),
        mode: mode(row),
        uid: row.uid,
        gid: row.gid,
        mtime: row.mtime,
        keep,
        node,
    };
    match patch {
        Patch::Write(content) => {
            let blob = blob(&content)?;
            let chosen = Chosen { path: path.to_owned(), blob, mtime: row.mtime };
            let node = patched.take(&chosen, on_progress).await?;
            patched.entries.push(like(Keep::ALL, node));
        }
        Patch::Replace(chosen) => {
            let node = patched.take(&chosen, on_progress).await?;
            let keep = Keep { mtime: false, ..Keep::ALL };
            patched.entries.push(NewEntry { mtime: chosen.mtime, ..like(keep, node) });
        }
        Patch::Add(chosen) => {
            let taken = gather::take(&chosen, on_progress).await?;
            for (file, taken) in chosen.iter().zip(taken.files) {
                let below = format!("{path}/{}", file.path);
                patched.entries.push(NewEntry {
                    path: below.trim_start_matches('/').to_owned(),
                    mode: if taken.program { 0o755 } else { 0o644 },
                    uid: 0,
                    gid: 0,
                    mtime: file.mtime,
                    keep: Keep { mtime: false, ..Keep::ALL },
                    node: NewNode::File { digest: taken.digest, size: taken.size },
                });
            }
            patched.contents.extend(taken.contents);
        }
        Patch::Remove => patched.entries.push(like(Keep::default(), NewNode::Whiteout)),
        Patch::Mode(bits) => {
            if !matches!(row.kind, Kind::Directory | Kind::File | Kind::Hardlink) {
                let message = format!("A {} has no permission bits of its own.", row.kind);
                return Err(Problem::new(ProblemKind::Content, message));
            }
            let keep = Keep { mode: false, ..Keep::ALL };
            patched.entries.push(NewEntry { mode: bits, ..like(keep, NewNode::Existing) });
        }
    }
    Ok(patched)
}

/// Puts a patch into the draft of an image, or into the draft that is shown. Patches that follow
/// one another become one layer.
///
/// # Errors
/// When the draft can't be read or kept, or has something else there than was begun with.
pub async fn into_draft(
    reference: &Reference,
    digest: &Digest,
    scope: Scope,
    patched: Patched,
    begun: Option<Begun>,
) -> Result<StoredDraft, Problem> {
    let Patched { entries, contents } = patched;
    drafts::alter(drafts::of(reference, digest), move |kept| {
        if begun.is_some_and(|begun| !begun.is_still(kept)) {
            let headline = "The draft has another text of this file by now.";
            return Err(
                Problem::new(ProblemKind::Content, headline).advise("Choose which one stays.")
            );
        }
        let step = kept.patch(scope, entries);
        kept.contents.extend(contents);
        kept.history.take(step).then_some(()).ok_or_else(no_sense)
    })
    .await
}

impl Patched {
    async fn take(
        &mut self,
        chosen: &Chosen,
        on_progress: impl FnMut(Progress) + Clone + 'static,
    ) -> Result<NewNode, Problem> {
        let taken = gather::take(std::slice::from_ref(chosen), on_progress).await?;
        let file = taken.files.into_iter().next().ok_or_else(no_sense)?;
        self.contents.extend(taken.contents);
        Ok(NewNode::File { digest: file.digest, size: file.size })
    }
}

fn mode(row: &Row) -> u16 {
    values::mode(&row.mode).unwrap_or(0o644)
}

fn text(row: &Row) -> Result<&str, Problem> {
    match row.path_hex.is_some() {
        false => Ok(&row.path),
        true => {
            let message = "The name of this file is no text (UTF-8), so it can't be changed here.";
            Err(Problem::new(ProblemKind::Content, message))
        }
    }
}

/// A text as a Blob.
///
/// # Errors
/// When the browser has no memory for it.
pub fn text_blob(text: &str) -> Result<Blob, Problem> {
    blob(text.as_bytes())
}

fn blob(content: &[u8]) -> Result<Blob, Problem> {
    let parts = Array::of1(&Uint8Array::from(content).into());
    Blob::new_with_u8_array_sequence(&parts).map_err(|_| no_sense())
}
