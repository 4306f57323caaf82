//! Where the bytes of a blob are, for the worker that reads them.

use drydock::digest::Digest;
use wasm_bindgen::JsValue;
use web_sys::Blob;

use super::drafts::Content;
use super::preview::BlobOf;
use super::{Problem, ProblemKind, local, tab};
use crate::disk;
use crate::net::place::Place;
use crate::net::slots::Slot;
use crate::route::Here;
use crate::worker::protocol::BlobFrom;

/// A blob, ready to be read.
#[derive(Debug)]
pub(super) struct Readable {
    /// Where it is.
    pub(super) from: BlobFrom,
    /// What travels beside the work: the Blob, when it is on disk.
    pub(super) parts: Vec<JsValue>,
    /// The leave to have a stream open, when it is in a registry.
    pub(super) slot: Option<Slot>,
}

/// Finds a blob: on disk when it is there, else in its registry, once it may be asked.
///
/// # Errors
/// When the registry's token service fails, or an image from disk has no such blob.
pub(super) async fn find(place: &Place, digest: &Digest) -> Result<Readable, Problem> {
    if Here::of(&place.registry) == Some(Here::Local) {
        let parts = vec![local::part(&place.repository, digest)?.into()];
        return Ok(Readable { from: BlobFrom::Disk(0), parts, slot: None });
    }
    if Here::of(&place.registry) == Some(Here::Draft) {
        return of_draft(place, digest).await;
    }
    let registries = &tab().registries;
    let slot = registries.slots().take(place.registry.as_str()).await;
    let access = registries.access(place, digest).await?;
    Ok(Readable { from: BlobFrom::Registry(access), parts: Vec::new(), slot: Some(slot) })
}

/// What was built lies on disk; everything else is where the draft's base has it.
async fn of_draft(place: &Place, digest: &Digest) -> Result<Readable, Problem> {
    let on_disk =
        |blob: Blob| Readable { from: BlobFrom::Disk(0), parts: vec![blob.into()], slot: None };
    if let Some(file) = disk::blob(digest).await? {
        return Ok(on_disk(file.into()));
    }
    if *place == Place::disk() {
        return Err(not_kept(digest));
    }
    match tab().previews.get(&place.repository)?.blob(digest) {
        Some(BlobOf::Here(bytes)) => {
            let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(&*bytes).into());
            let blob = Blob::new_with_u8_array_sequence(&parts).map_err(|_| not_kept(digest))?;
            Ok(on_disk(blob))
        }
        Some(BlobOf::Part(Content { blob, offset, size })) => {
            let blob = disk::blob(&blob).await?.ok_or_else(|| not_kept(digest))?;
            let part = disk::shorten(&blob, offset, offset.saturating_add(size));
            part.map(on_disk).ok_or_else(|| not_kept(digest))
        }
        Some(BlobOf::Place(place)) => Box::pin(find(&place, digest)).await,
        None => Err(not_kept(digest)),
    }
}

fn not_kept(digest: &Digest) -> Problem {
    let message = format!(
        "The blob {digest} is not on this browser's disk any more. Build the draft's layers again."
    );
    Problem::new(ProblemKind::NotFound, message)
}
