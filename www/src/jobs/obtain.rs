//! Whole blobs, compared with their digests, for those who send them or write them to a file.

use std::cell::RefCell;
use std::rc::Rc;

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use web_sys::Blob;

use super::bytes::Located;
use super::{Problem, ProblemKind, Progress, blob, bytes};
use crate::disk;
use crate::net::clock;
use crate::net::place::Place;

/// Milliseconds that the browser has at least to read what it was given.
const READ_WITHIN: u32 = 60_000;
/// Bytes that it surely writes in a millisecond (10 MB/s).
const BYTES_PER_MS: u64 = 10_000;

/// Gives a blob as a Blob whose bytes lie on a disk: where they are already, else they are
/// downloaded, and `spooled` forgets them again.
///
/// # Errors
/// When it can't be read, or is not what its descriptor says.
pub(super) async fn obtain(
    place: &Place,
    descriptor: &Descriptor,
    spooled: &Spooled,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<Blob, Problem> {
    let digest = &descriptor.digest;
    let on_progress = Rc::new(RefCell::new(on_progress));
    let told = || {
        let on_progress = Rc::clone(&on_progress);
        move |progress: Progress| (on_progress.borrow_mut())(progress)
    };
    if let Some(file) = disk::blob(digest).await? {
        if is_it(&file, descriptor, told()).await? {
            return Ok(file.into());
        }
        // Somebody else has written there.
        disk::remove(digest).await?;
    }
    match bytes::locate(place, digest).await? {
        Located::Here(part) => match is_it(&part, descriptor, told()).await? {
            true => Ok(part),
            false => Err(Problem::new(
                ProblemKind::Content,
                format!("What lies here under {digest} is something else."),
            )
            .said("It was not used.")),
        },
        Located::Registry(place) => {
            let file = blob::spool(&place, descriptor, told()).await?;
            spooled.add(digest.clone());
            Ok(file.into())
        }
    }
}

/// Whether bytes on a disk are those of a descriptor: whoever else can write there, they are hashed
/// whenever they are used.
pub(super) async fn is_it(
    blob: &Blob,
    descriptor: &Descriptor,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<bool, Problem> {
    let is_whole = blob.size() as u64 == descriptor.size;
    Ok(is_whole && blob::matches(blob, &descriptor.digest, on_progress).await?)
}

/// Blobs that were downloaded for one purpose only, and go from the disk when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Spooled(RefCell<Vec<Digest>>);

impl Spooled {
    /// A blob was put on the disk.
    pub(super) fn add(&self, digest: Digest) {
        self.0.borrow_mut().push(digest);
    }

    /// A blob is no longer needed.
    pub(super) fn release(&self, digest: &Digest) {
        let before = self.0.borrow().len();
        self.0.borrow_mut().retain(|known| known != digest);
        if self.0.borrow().len() < before {
            remove(vec![digest.clone()]);
        }
    }

    /// The browser is still reading them, and does not say when it is done: they go when it surely
    /// is, after so many bytes.
    pub(super) fn release_later(self, bytes: u64) {
        let digests = self.0.take();
        let wait = u32::try_from(bytes / BYTES_PER_MS).unwrap_or(u32::MAX);
        clock::later(wait.saturating_add(READ_WITHIN), move || remove(digests));
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        let digests = self.0.take();
        if !digests.is_empty() {
            remove(digests);
        }
    }
}

fn remove(digests: Vec<Digest>) {
    wasm_bindgen_futures::spawn_local(async move {
        for digest in digests {
            let _gone = disk::remove(&digest).await;
        }
    });
}
