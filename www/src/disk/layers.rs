//! What was found out about layers that were read to their ends, so that they open at once the next
//! time: under the digest of each what is in it ([`Part::Entries`]), and where reading can begin in
//! the middle of it ([`Part::Windows`]).
//!
//! What lies here is only a memory: who uses it checks it, and forgets what does not fit.

use std::cell::Cell;
use std::collections::BTreeMap;

use drydock::digest::Digest;
use web_sys::File;

use super::writer::PART;
use super::{blobs, content_of, file, folder, forget, names};
use crate::disk::Writer;
use crate::net::clock;
use crate::net::problem::Problem;

/// The folder.
const FOLDER: &str = "layers";
/// Seconds after which the beginning of a file is nobody's any more.
const DAY: f64 = 24.0 * 3600.0;
/// What is kept at most, in bytes, unless the user says otherwise.
pub const USUAL: u64 = 1 << 30;
/// The file that says otherwise.
const LIMIT: &str = "limit";
/// The part of the limit that is left free when room is made: as one of so many parts.
const FREE: u64 = 8;
/// The part of the limit that is written before room is made again. To look at the files takes long
/// where there are thousands; all workers together stay within what is free.
const UNLOOKED: u64 = 128;

/// Which of the two files of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The entries of the tar, what was found out about the blob, and places to begin reading at.
    Entries,
    /// What the decoder needs to know at those places.
    Windows,
}

/// What lies here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// Number of layers.
    pub layers: usize,
    /// Bytes that they take.
    pub bytes: u64,
    /// Bytes that they may take.
    pub limit: u64,
}

impl Part {
    fn name(self, digest: &Digest) -> String {
        let digest = blobs::name(digest);
        match self {
            Self::Entries => format!("{digest}.entries"),
            Self::Windows => format!("{digest}.windows"),
        }
    }
}

/// One of the files of a layer; `None` when it is not here.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn get(digest: &Digest, part: Part) -> Result<Option<File>, Problem> {
    match file(&folder(FOLDER).await?, &part.name(digest), false).await? {
        Some(file) => content_of(&file).await.map(Some),
        None => Ok(None),
    }
}

/// A file that is being written; in a worker.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn begin() -> Result<Writer, Problem> {
    Writer::create_in(FOLDER).await
}

/// Keeps a file as one of a layer's.
///
/// # Errors
/// When there is no room for it, or another tab keeps the same one.
pub async fn keep(writer: Writer, digest: &Digest, part: Part) -> Result<(), Problem> {
    thread_local! {
        /// Bytes that are written until room is made again.
        static UNTIL: Cell<u64> = const { Cell::new(0) };
    }
    // It may be less than a moment ago.
    let unlooked = limit().await? / UNLOOKED;
    let until = UNTIL.get().min(unlooked).checked_sub(writer.len());
    UNTIL.set(until.unwrap_or(unlooked));
    writer.rename(&part.name(digest)).await?;
    if until.is_none() { make_room().await } else { Ok(()) }
}

/// Forgets a layer.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn remove(digest: &Digest) -> Result<(), Problem> {
    forget(FOLDER, &Part::Entries.name(digest)).await?;
    forget(FOLDER, &Part::Windows.name(digest)).await
}

/// What lies here, and what may.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn remembered() -> Result<Remembered, Problem> {
    let layers = all().await?;
    let bytes = layers.values().map(|layer| layer.bytes).sum();
    Ok(Remembered { layers: layers.len(), bytes, limit: limit().await? })
}

/// Forgets the layers that were remembered first when there is not much room any more, until the
/// others leave some.
async fn make_room() -> Result<(), Problem> {
    let limit = limit().await?;
    let limit = limit - limit / FREE;
    let layers = all().await?;
    let mut bytes: u64 = layers.values().map(|layer| layer.bytes).sum();
    let mut oldest_first: Vec<(String, Files)> = layers.into_iter().collect();
    oldest_first.sort_by(|(_, one), (_, other)| one.written.total_cmp(&other.written));
    for (_, layer) in oldest_first {
        if bytes <= limit {
            break;
        }
        bytes -= layer.bytes;
        for name in layer.names {
            forget(FOLDER, &name).await?;
        }
    }
    Ok(())
}

/// Says how many bytes may be kept, and forgets what is too much.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn set_limit(bytes: u64) -> Result<(), Problem> {
    super::keep(FOLDER, LIMIT, bytes.to_string().as_bytes()).await?;
    make_room().await
}

/// Bytes that may be kept; 0 when nothing is to be remembered.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn limit() -> Result<u64, Problem> {
    let text = super::read(FOLDER, LIMIT).await?.unwrap_or_default();
    Ok(String::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL))
}

/// Forgets all of them.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn clear() -> Result<(), Problem> {
    for name in all().await?.into_values().flat_map(|layer| layer.names) {
        forget(FOLDER, &name).await?;
    }
    Ok(())
}

/// The files of a layer.
#[derive(Default)]
struct Files {
    names: Vec<String>,
    bytes: u64,
    /// When the last of them was written, in seconds since 1970.
    written: f64,
}

/// All layers, by the names of their files; what was begun and left is deleted.
async fn all() -> Result<BTreeMap<String, Files>, Problem> {
    let place = folder(FOLDER).await?;
    let mut layers: BTreeMap<String, Files> = BTreeMap::new();
    for name in names(FOLDER).await? {
        let Some(file) = file(&place, &name, false).await? else { continue };
        // Another tab may delete it at this moment.
        let Ok(file) = content_of(&file).await else { continue };
        let written = file.last_modified() / 1000.0;
        if name.starts_with(PART) {
            if written + DAY < clock::unix_seconds() as f64 {
                forget(FOLDER, &name).await?;
            }
        } else if let Some((digest, _)) = name.split_once('.') {
            let layer = layers.entry(digest.to_owned()).or_default();
            layer.bytes += file.size() as u64;
            layer.written = layer.written.max(written);
            layer.names.push(name);
        }
    }
    Ok(layers)
}
