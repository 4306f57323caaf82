//! Which blobs are on disk?

use drydock::digest::Digest;
use web_sys::{Blob, File};

use super::{content_of, file, folder, forget, names};
use crate::net::problem::Problem;

/// The folder of blobs; each is named after its digest, with `-` for `:`.
pub(super) const FOLDER: &str = "blobs";

/// A blob by its digest; `None` when it is not on disk. All of its bytes were hashed when it was
/// written.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn blob(digest: &Digest) -> Result<Option<File>, Problem> {
    match file(&folder(FOLDER).await?, &name(digest), false).await? {
        Some(file) => content_of(&file).await.map(Some),
        None => Ok(None),
    }
}

/// All blobs that are on disk.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn blobs() -> Result<Vec<Digest>, Problem> {
    let names = names(FOLDER).await?;
    Ok(names.iter().filter_map(|name| digest(name)).collect())
}

/// Deletes a blob.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn remove(digest: &Digest) -> Result<(), Problem> {
    forget(FOLDER, &name(digest)).await
}

/// The names of files that were not written to since a moment, in seconds since 1970.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn old(since: u64) -> Result<Vec<String>, Problem> {
    let place = folder(FOLDER).await?;
    let mut old = Vec::new();
    for name in names(FOLDER).await? {
        let Some(file) = file(&place, &name, false).await? else { continue };
        if content_of(&file).await?.last_modified() / 1000.0 < since as f64 {
            old.push(name);
        }
    }
    Ok(old)
}

/// Deletes those of some files that are no blob that is needed.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn sweep(names: &[String], needed: impl Fn(&Digest) -> bool) -> Result<(), Problem> {
    for name in names {
        let is_needed = digest(name).is_some_and(|digest| needed(&digest));
        if !is_needed {
            forget(FOLDER, name).await?;
        }
    }
    Ok(())
}

/// A part of a Blob, with a type that keeps every browser from showing or running it.
#[must_use]
pub fn shorten(blob: &Blob, from: u64, to: u64) -> Option<Blob> {
    let kind = "application/octet-stream";
    blob.slice_with_f64_and_f64_and_content_type(from as f64, to as f64, kind).ok()
}

fn digest(name: &str) -> Option<Digest> {
    Digest::parse(&name.replacen('-', ":", 1)).ok()
}

pub(super) fn name(digest: &Digest) -> String {
    digest.as_str().replace(':', "-")
}
