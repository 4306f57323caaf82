//! The content of one file of a tree.

use drydock::layer::content::Trust;
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::bytes::{self, Readable};
use super::tree::{Content, Tree};
use super::{Problem, Progress, no_sense, tab};
use crate::worker::pool::Done;
use crate::worker::protocol::{FileOutcome, FileWork, Outcome, Work};

/// Bytes of a layer up to which it is read to its end for a preview, so that it can be verified.
const READ_TO_THE_END: u64 = 32 << 20;

/// The beginning of a file, or all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePreview {
    /// The first bytes.
    pub bytes: Vec<u8>,
    /// Size of the whole file in bytes.
    pub total: u64,
    /// What they were compared with. Where only as much of a layer was read as was needed, it may be
    /// nothing.
    pub trust: Trust,
}

/// Reads the first `limit` bytes of a file (at most 4 MiB).
///
/// A small layer is read to its end, so that its digest says whether the bytes are right; of a
/// large one only as much as is needed, and the preview says so.
///
/// # Errors
/// When its layer can't be read so far, or differs from its descriptor.
pub async fn read(
    tree: &Tree,
    file: Content,
    limit: u64,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<FilePreview, Problem> {
    let size = tree.layers().get(file.layer.wrapping_sub(1)).map(|layer| layer.descriptor.size);
    let to_the_end = size.is_some_and(|size| size <= READ_TO_THE_END);
    let (parts, file) = run(tree, file, Some(limit), to_the_end, on_progress).await?;
    let buffer = parts.first().ok_or_else(no_sense)?;
    let bytes = Uint8Array::new(buffer).to_vec();
    Ok(FilePreview { bytes, total: file.total, trust: file.trust })
}

/// Reads a whole file. Its layer is read to the end and compared with its descriptor.
///
/// # Errors
/// As with [`read`].
pub async fn download(
    tree: &Tree,
    file: Content,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<Blob, Problem> {
    let (parts, _) = run(tree, file, None, true, on_progress).await?;
    let blob = parts.into_iter().next().and_then(|blob| blob.dyn_into().ok());
    blob.ok_or_else(no_sense)
}

async fn run(
    tree: &Tree,
    file: Content,
    limit: Option<u64>,
    to_the_end: bool,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<(Vec<JsValue>, FileOutcome), Problem> {
    let place = file.layer.checked_sub(1).ok_or_else(no_sense)?;
    let layer = tree.layers().get(place).ok_or_else(no_sense)?;
    let Readable { from, parts, slots: _slots } =
        bytes::find(&layer.place, &layer.descriptor.digest).await?;
    let work = Work::File(FileWork {
        from,
        descriptor: layer.descriptor.clone(),
        tree: tree.id(),
        layer: u32::try_from(place).unwrap_or(u32::MAX),
        entry: file.entry,
        limit,
        to_the_end,
    });
    let Done { outcome, parts } = tab().pool.in_tree_worker(work, parts, on_progress).await?;
    match outcome {
        Outcome::File(file) => Ok((parts, file)),
        _ => Err(no_sense()),
    }
}
