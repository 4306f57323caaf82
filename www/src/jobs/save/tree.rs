//! Files of an opened tree as a tar.

use wasm_bindgen::JsCast as _;

use super::Goal;
use crate::disk;
use crate::jobs::bytes::Readable;
use crate::jobs::obtain::Spooled;
use crate::jobs::tree::{Tree, materials};
use crate::jobs::{Problem, Progress, blob, no_sense, tab};
use crate::worker::protocol::{ExportWork, Exported, Outcome, Work};
use crate::worker::tree_job::{Measured, TreeCall, TreeReply};

/// How large a tar of what is in a folder would be; an empty path stands for the whole tree.
///
/// # Errors
/// When there is no such folder, or the tree's worker has ended.
pub async fn measure(tree: &Tree, folder: &[u8]) -> Result<Measured, Problem> {
    match tree.call(TreeCall::Measure(tree.id(), folder.to_vec())).await? {
        TreeReply::Measured(measured) => Ok(measured),
        _ => Err(no_sense()),
    }
}

/// Saves what is in a folder as a tar; an empty path stands for the whole tree. The layers that it
/// comes from are read to their ends, and compared with their digests, before anything is saved.
/// `on_progress` is told how many bytes of the tar there are (as unpacked ones).
///
/// # Errors
/// When a layer can't be read or is not what it should be, or there is no room for the file.
pub async fn folder(
    tree: &Tree,
    folder: &[u8],
    goal: &Goal,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<(), Problem> {
    let Readable { from: layers, mut parts, slots: _slots } = materials::of(tree).await?;
    let file = match goal {
        Goal::Chosen(file) => {
            parts.push(file.clone().into());
            Some(parts.len() - 1)
        }
        Goal::Download(_) | Goal::Folder(_) => None,
    };
    let before = disk::blobs().await.unwrap_or_default();
    let work = ExportWork { tree: tree.id(), folder: folder.to_vec(), layers, file };
    let done = tab().pool.in_tree_worker(Work::Export(work), parts, on_progress).await?;
    let Outcome::Exported(Exported { digest, size }) = done.outcome else {
        return Err(no_sense());
    };
    let Goal::Download(name) = goal else { return Ok(()) };
    let Some(digest) = digest else {
        let tar = done.parts.into_iter().next().and_then(|tar| tar.dyn_into().ok());
        return blob::save(&tar.ok_or_else(no_sense)?, name);
    };
    let spooled = Spooled::default();
    if !before.contains(&digest) {
        spooled.add(digest.clone());
    }
    let file = disk::blob(&digest).await?.ok_or_else(no_sense)?;
    blob::save(&file, name)?;
    spooled.release_later(size);
    Ok(())
}
