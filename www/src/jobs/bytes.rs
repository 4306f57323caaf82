//! Where the bytes of a blob are, for the worker that reads them.

use std::collections::BTreeSet;

use drydock::digest::Digest;
use drydock::edit::Content;
use wasm_bindgen::JsValue;
use web_sys::Blob;

use super::preview::BlobOf;
use super::{Problem, ProblemKind, local, no_sense, tab};
use crate::disk;
use crate::net::place::{self, Place};
use crate::net::slots::Slot;
use crate::route::Here;
use crate::worker::protocol::BlobFrom;

/// A blob that a piece of work reads; with a list, all those that it reads one after the other.
#[derive(Debug)]
pub(super) struct Readable<Places = BlobFrom> {
    /// Where it is.
    pub(super) from: Places,
    /// What travels beside the work: a Blob for each that is on a disk.
    pub(super) parts: Vec<JsValue>,
    /// The leave to have one stream open to each registry that is read.
    pub(super) slots: Vec<Slot>,
}

/// Where a blob is.
pub(super) enum Located {
    /// On a disk, or made here.
    Here(Blob),
    /// In the repository of a registry.
    Registry(Place),
}

/// Finds one blob: on disk when it is there, else in its registry, once that may be asked.
///
/// # Errors
/// As with [`find_all`].
pub(super) async fn find(place: &Place, digest: &Digest) -> Result<Readable, Problem> {
    let blobs = [(place.clone(), digest.clone())];
    let Readable { from, parts, slots } = find_all(Vec::new(), &blobs).await?;
    let from = from.into_iter().next().ok_or_else(no_sense)?;
    Ok(Readable { from, parts, slots })
}

/// Finds blobs: on disk when they are there, else in their registries, once those may be asked.
/// `parts` is what else travels beside the work, in front of the blobs.
///
/// # Errors
/// When a registry's token service fails, or an image from disk has no such blob.
pub(super) async fn find_all(
    mut parts: Vec<JsValue>,
    blobs: &[(Place, Digest)],
) -> Result<Readable<Vec<BlobFrom>>, Problem> {
    let mut sources = Vec::new();
    for (place, digest) in blobs {
        sources.push(locate(place, digest).await?);
    }
    let registries = &tab().registries;
    let hosts: BTreeSet<_> = sources
        .iter()
        .filter_map(|source| match source {
            Located::Registry(place) => Some(place.registry.as_str()),
            Located::Here(_) => None,
        })
        .collect();
    // One of each host, always in the same order: so no two that wait have what the other needs.
    let mut slots = Vec::new();
    for host in hosts {
        slots.push(registries.slots().take(host).await);
    }
    let mut from = Vec::new();
    for (source, (_, digest)) in sources.iter().zip(blobs) {
        from.push(match source {
            Located::Here(blob) => {
                parts.push(blob.clone().into());
                BlobFrom::Disk(parts.len() - 1)
            }
            Located::Registry(place) => BlobFrom::Registry(registries.access(place, digest).await?),
        });
    }
    Ok(Readable { from, parts, slots })
}

/// Where a blob is: a draft's are on disk, or wherever its base is.
///
/// # Errors
/// When an image from disk or a draft has no such blob.
pub(super) async fn locate(place: &Place, digest: &Digest) -> Result<Located, Problem> {
    match Here::of(&place.registry) {
        Some(Here::Local) => Ok(Located::Here(local::part(&place.repository, digest)?)),
        Some(Here::Draft) => of_draft(place, digest).await,
        _ => Ok(Located::Registry(place.clone())),
    }
}

/// What was built lies on disk; everything else is where the draft's base has it.
async fn of_draft(place: &Place, digest: &Digest) -> Result<Located, Problem> {
    if let Some(file) = disk::blob(digest).await? {
        return Ok(Located::Here(file.into()));
    }
    if *place == place::disk() {
        return Err(not_kept(digest));
    }
    match tab().previews.get(&place.repository)?.blob(digest) {
        Some(BlobOf::Here(bytes)) => {
            let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(&*bytes).into());
            let blob = Blob::new_with_u8_array_sequence(&parts).map_err(|_| not_kept(digest))?;
            Ok(Located::Here(blob))
        }
        Some(BlobOf::Part(Content { blob, offset, size })) => {
            let blob = disk::blob(&blob).await?.ok_or_else(|| not_kept(digest))?;
            let part = disk::shorten(&blob, offset, offset.saturating_add(size));
            part.map(Located::Here).ok_or_else(|| not_kept(digest))
        }
        Some(BlobOf::Place(place)) => Box::pin(locate(&place, digest)).await,
        None => Err(not_kept(digest)),
    }
}

fn not_kept(digest: &Digest) -> Problem {
    let headline = format!("The blob {digest} is not on this browser's disk any more.");
    Problem::new(ProblemKind::NotFound, headline).advise("Build the draft's layers again.")
}
