//! Single files of an image changed in place: what becomes an entry of a small layer, with the
//! directories above it as they are.

use std::collections::BTreeMap;

use drydock::digest::Digest;
use drydock::edit::{Action, Base, Edit, LayerEdit, Packing, Pinned, Scope, Step};
use drydock::inspect::tree::Row;
use drydock::layer::write::{NewEntry, NewNode};
use drydock::reference::Reference;
use js_sys::{Array, Uint8Array};
use web_sys::Blob;

use super::drafts::{self, Content, Kept};
use super::tree::Tree;
use super::{Problem, ProblemKind, Progress, file, gather, no_sense};
use crate::chosen::{self, Chosen};
use crate::net::clock;

/// What is done to one path.
#[derive(Clone, Debug)]
pub enum Patch {
    /// A file gets other content; its owner and mode stay.
    Write(Vec<u8>),
    /// A file gets the content of one that was chosen; its owner and mode stay.
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

/// The entries that a patch adds to the draft, and where their files are.
#[derive(Debug, Default)]
pub struct Patched {
    entries: Vec<NewEntry>,
    contents: BTreeMap<Digest, Content>,
}

/// Makes entries of a patch of one path of a tree.
///
/// # Errors
/// When the path is none that can be written, the file can't be read, or there is no room.
pub async fn patch(
    tree: &Tree,
    row: &Row,
    patch: Patch,
    on_progress: impl FnMut(Progress) + Clone + 'static,
) -> Result<Patched, Problem> {
    let path = text(row)?;
    let mut patched = Patched::default();
    let now = i64::try_from(clock::unix_seconds()).unwrap_or_default();
    let like = |node: NewNode, mtime: i64| NewEntry {
        path: path.to_owned(),
        mode: mode(row),
        uid: row.uid,
        gid: row.gid,
        mtime,
        node,
    };
    match patch {
        Patch::Write(content) => {
            let blob = blob(&content)?;
            let chosen = Chosen { path: path.to_owned(), blob, mtime: now };
            let node = patched.take(&chosen, on_progress).await?;
            patched.entries.push(like(node, now));
        }
        Patch::Replace(chosen) => {
            let node = patched.take(&chosen, on_progress).await?;
            patched.entries.push(like(node, chosen.mtime));
        }
        Patch::Add(chosen) => {
            let taken = gather::take(&chosen, on_progress).await?;
            for (file, taken) in chosen.iter().zip(taken.files) {
                let below = format!("{path}/{}", file.path);
                let below = below.trim_start_matches('/').to_owned();
                let before = tree.find(below.as_bytes()).await?;
                let mode = before.as_ref().filter(|row| row.kind == "file").map(mode);
                let program = if taken.program { 0o755 } else { 0o644 };
                patched.entries.push(NewEntry {
                    path: below,
                    mode: mode.unwrap_or(program),
                    uid: before.as_ref().map_or(0, |row| row.uid),
                    gid: before.as_ref().map_or(0, |row| row.gid),
                    mtime: file.mtime,
                    node: NewNode::File { digest: taken.digest, size: taken.size },
                });
            }
            patched.contents.extend(taken.contents);
        }
        Patch::Remove => patched.entries.push(like(NewNode::Whiteout, now)),
        Patch::Mode(bits) => {
            let node = match (row.kind.as_str(), row.content) {
                ("directory" | "dir", _) => NewNode::Directory,
                (_, Some(content)) => {
                    // A layer can't change a mode alone: the file goes into it as a whole.
                    let blob = file::download(tree, content, on_progress.clone()).await?;
                    let chosen = Chosen { path: path.to_owned(), blob, mtime: row.mtime };
                    patched.take(&chosen, on_progress).await?
                }
                _ => {
                    let message = format!("A {} has no permission bits of its own.", row.kind);
                    return Err(Problem::new(ProblemKind::Content, message));
                }
            };
            patched.entries.push(NewEntry { mode: bits, ..like(node, row.mtime) });
        }
    }
    patched.with_parents(tree).await?;
    Ok(patched)
}

/// Puts a patch into the draft of an image. Patches that follow one another become one layer.
///
/// # Errors
/// When the draft can't be read or kept.
pub async fn into_draft(
    reference: &Reference,
    digest: &Digest,
    scope: Scope,
    patched: Patched,
) -> Result<Kept, Problem> {
    let base = Base::Image(Pinned::new(reference.clone(), digest.clone()));
    let kept = drafts::load(&drafts::name(&base)).await?;
    let mut kept = kept.unwrap_or_else(|| Kept::new(base));
    let edits = &kept.draft().edits;
    let last = edits.len().checked_sub(1).and_then(|at| Some((at, edits.get(at)?)));
    let step = match last {
        Some((
            at,
            Edit {
                scope: of, action: Action::Layers(LayerEdit::Patch { entries, packing }), ..
            },
        )) if *of == scope => {
            let entries = merged(entries, patched.entries);
            let edit = Box::new(edit(scope, entries, *packing));
            Step::Replace { at, edit }
        }
        _ => {
            let edit = Box::new(edit(scope, patched.entries, Packing::default()));
            Step::Insert { at: edits.len(), edit }
        }
    };
    kept.contents.extend(patched.contents);
    if !kept.history.take(step) {
        return Err(no_sense());
    }
    kept.changed = js_sys::Date::now() as u64;
    drafts::save(&kept).await?;
    Ok(kept)
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

    /// Adds the directories above as the image has them, so that the layer changes nothing of them.
    async fn with_parents(&mut self, tree: &Tree) -> Result<(), Problem> {
        let mut parents: BTreeMap<String, NewEntry> = BTreeMap::new();
        for entry in &self.entries {
            let mut path = entry.path.as_str();
            while let Some((above, _)) = path.rsplit_once('/') {
                path = above;
                if parents.contains_key(above) {
                    break;
                }
                let Some(row) = tree.find(above.as_bytes()).await? else { continue };
                let entry = NewEntry {
                    path: above.to_owned(),
                    mode: mode(&row),
                    uid: row.uid,
                    gid: row.gid,
                    mtime: row.mtime,
                    node: NewNode::Directory,
                };
                parents.insert(above.to_owned(), entry);
            }
        }
        self.entries.extend(parents.into_values());
        self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(())
    }
}

fn edit(scope: Scope, entries: Vec<NewEntry>, packing: Packing) -> Edit {
    Edit { scope, record: false, action: Action::Layers(LayerEdit::Patch { entries, packing }) }
}

/// The entries of two patches, the later one over the earlier.
fn merged(before: &[NewEntry], after: Vec<NewEntry>) -> Vec<NewEntry> {
    let mut all: BTreeMap<String, NewEntry> =
        before.iter().map(|entry| (entry.path.clone(), entry.clone())).collect();
    for entry in after {
        if matches!(entry.node, NewNode::Whiteout) {
            let below = format!("{}/", entry.path);
            all.retain(|path, _| !path.starts_with(&below));
        }
        let passes_by = matches!(entry.node, NewNode::Directory);
        match all.get(&entry.path) {
            // A directory above something says nothing new of one that was changed before.
            Some(NewEntry { node: NewNode::Directory, .. }) if passes_by => {}
            _ => {
                all.insert(entry.path.clone(), entry);
            }
        }
    }
    all.into_values().collect()
}

fn mode(row: &Row) -> u16 {
    u16::from_str_radix(&row.mode, 8).unwrap_or(0o644) & 0o7777
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

fn blob(content: &[u8]) -> Result<Blob, Problem> {
    let parts = Array::of1(&Uint8Array::from(content).into());
    Blob::new_with_u8_array_sequence(&parts).map_err(|_| no_sense())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, node: NewNode) -> NewEntry {
        NewEntry { path: path.to_owned(), mode: 0o755, uid: 0, gid: 0, mtime: 0, node }
    }

    fn file(text: &str) -> NewNode {
        NewNode::File { digest: Digest::sha256(text.as_bytes()), size: text.len() as u64 }
    }

    #[test]
    fn the_later_patch_counts() {
        let before =
            [entry("etc", NewNode::Directory), entry("etc/a", file("1")), entry("x", file("1"))];
        let after = vec![
            entry("etc", NewNode::Directory),
            entry("etc/a", file("2")),
            entry("x", NewNode::Whiteout),
        ];
        let both = merged(&before, after);
        assert_eq!(
            both,
            [
                entry("etc", NewNode::Directory),
                entry("etc/a", file("2")),
                entry("x", NewNode::Whiteout),
            ]
        );
    }

    #[test]
    fn what_lies_below_something_removed_goes_with_it() {
        let before = [entry("etc", NewNode::Directory), entry("etc/a", file("1"))];
        let both = merged(&before, vec![entry("etc", NewNode::Whiteout)]);
        assert_eq!(both, [entry("etc", NewNode::Whiteout)]);
    }
}
