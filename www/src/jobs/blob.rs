//! Downloads of whole blobs.

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::layer::content::Trust;
use drydock::verify::BlobFacts;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, HtmlAnchorElement, Url};

use super::bytes::{self, Readable};
use super::file::FilePreview;
use super::{Problem, ProblemKind, Progress, tab};
use crate::disk;
use crate::net::clock;
use crate::net::place::Place;
use crate::route::Here;
use crate::worker::pool::Order;
use crate::worker::protocol::{BlobFrom, BlobWork, Keep, Outcome, Work};

/// Milliseconds after which a saved Blob is let go; the browser has opened it by then.
const SAVED_WITHIN: u32 = 60_000;

/// Reads a blob in a worker, compares it with its descriptor, and gives it to the page as a Blob.
///
/// # Errors
/// When it can't be read to its end, or size or digest differ.
pub async fn download(
    place: &Place,
    descriptor: &Descriptor,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<Blob, Problem> {
    let (digest, size, blob) = read(place, descriptor, Keep::Blob, on_progress).await?;
    check(place, descriptor, &digest, size)?;
    blob.ok_or_else(super::no_sense)
}

/// Reads a whole blob and compares it with its descriptor; gives its first `limit` bytes.
///
/// # Errors
/// As with [`download`].
pub async fn open(
    place: &Place,
    descriptor: &Descriptor,
    limit: u32,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<FilePreview, Problem> {
    let blob = download(place, descriptor, on_progress).await?;
    let unreadable = |_| {
        let headline = "The browser did not give the bytes of the blob back.";
        Problem::new(ProblemKind::Content, headline).advise("Try again.")
    };
    let start = blob.slice_with_i32_and_i32(0, i32::try_from(limit).unwrap_or(i32::MAX));
    let buffer = JsFuture::from(start.map_err(unreadable)?.array_buffer()).await;
    let bytes = js_sys::Uint8Array::new(&buffer.map_err(unreadable)?).to_vec();
    Ok(FilePreview { bytes, total: descriptor.size, trust: Trust::Layer })
}

/// Reads a blob in a worker, compares it with its descriptor, and keeps it on the browser's disk.
///
/// # Errors
/// As with [`download`], and when there is no room.
pub async fn spool(
    place: &Place,
    descriptor: &Descriptor,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<File, Problem> {
    let (digest, size, _) = read(place, descriptor, Keep::Disk, on_progress).await?;
    check(place, descriptor, &digest, size)?;
    disk::blob(&digest).await?.ok_or_else(super::no_sense)
}

/// The tar that a layer is unpacked to; the layer is compared with its descriptor.
///
/// # Errors
/// When it can't be read or unpacked, or is not what its descriptor says.
pub(super) async fn unpack(
    place: &Place,
    descriptor: &Descriptor,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<Blob, Problem> {
    let (.., blob) = read(place, descriptor, Keep::Tar, on_progress).await?;
    blob.ok_or_else(super::no_sense)
}

/// SHA-256 of a Blob, computed in a worker.
///
/// # Errors
/// When it can't be read.
pub(super) async fn digest(blob: &Blob) -> Result<Digest, Problem> {
    hash(blob, Digest::sha256(b""), |_| {}).await
}

/// Whether a Blob is what a digest names. It is hashed in a worker.
///
/// # Errors
/// When it can't be read.
pub(super) async fn matches(
    blob: &Blob,
    digest: &Digest,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<bool, Problem> {
    Ok(hash(blob, digest.clone(), on_progress).await? == *digest)
}

/// The digest of a Blob by the algorithm of another one.
async fn hash(
    blob: &Blob,
    like: Digest,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<Digest, Problem> {
    let size = blob.size() as u64;
    let descriptor = Descriptor::new("application/octet-stream", like, size);
    let work = async || {
        let from = BlobFrom::Disk(0);
        let work = Work::Blob(BlobWork { from, descriptor, keep: Keep::Nothing });
        Ok(Order { work, parts: vec![blob.clone().into()], slots: Vec::new() })
    };
    match tab().pool.read(size, work, on_progress).await?.outcome {
        Outcome::Blob { digest, .. } => Ok(digest),
        _ => Err(super::no_sense()),
    }
}

pub(super) fn check(
    place: &Place,
    descriptor: &Descriptor,
    digest: &Digest,
    size: u64,
) -> Result<(), Problem> {
    if size != descriptor.size || *digest != descriptor.digest {
        let who = match Here::of(&place.registry) {
            Some(Here::Local) => "The archive",
            Some(Here::Draft) => "The draft",
            None => "The registry",
        };
        let headline = format!(
            "{who} gave {digest} with {size} bytes, but {} with {} bytes was asked for.",
            descriptor.digest, descriptor.size
        );
        let problem = Problem::new(ProblemKind::Content, headline).said("Nothing was saved.");
        return Err(problem.at(place.registry.as_str()));
    }
    Ok(())
}

/// Reads a blob and computes its digest, without judging it.
pub(super) async fn facts(
    place: &Place,
    descriptor: &Descriptor,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<BlobFacts, Problem> {
    let (digest, size, _) = read(place, descriptor, Keep::Nothing, on_progress).await?;
    Ok(BlobFacts::bytes(digest, size))
}

async fn read(
    place: &Place,
    descriptor: &Descriptor,
    keep: Keep,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<(Digest, u64, Option<Blob>), Problem> {
    let work = async || {
        let Readable { from, parts, slots } = bytes::find(place, &descriptor.digest).await?;
        let work = Work::Blob(BlobWork { from, descriptor: descriptor.clone(), keep });
        Ok(Order { work, parts, slots })
    };
    let done = tab().pool.read(descriptor.size, work, on_progress).await?;
    let blob = done.parts.into_iter().next().and_then(|blob| blob.dyn_into().ok());
    match done.outcome {
        Outcome::Blob { digest, size } => Ok((digest, size, blob)),
        _ => Err(super::no_sense()),
    }
}

/// Saves a Blob as a file, as if a link with `download` had been clicked.
///
/// # Errors
/// When the browser does not let the page do it.
pub fn save(blob: &Blob, name: &str) -> Result<(), Problem> {
    let refused =
        || Problem::new(ProblemKind::Content, "The browser does not let this page save files.");
    let document = web_sys::window().and_then(|window| window.document()).ok_or_else(refused)?;
    let url = Url::create_object_url_with_blob(blob).map_err(|_| refused())?;
    let link = document.create_element("a").map_err(|_| refused())?;
    let link: HtmlAnchorElement = link.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    clock::later(SAVED_WITHIN, move || {
        let _gone = Url::revoke_object_url(&url);
    });
    Ok(())
}
