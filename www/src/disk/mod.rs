//! The browser's private disk (the origin private file system): new layers, the files of drafts,
//! the drafts themselves, and what was found out about layers. It works in the page and in workers, and without any registry.
//!
//! Files that the user has chosen a place for, outside of it, are written from here, too.
//!
//! Blobs lie under the names of their digests, and only after all of their bytes have been hashed.
//! Nothing here is a login, and nothing leaves this browser but what a push names.

mod blobs;
pub mod layers;
mod outside;
pub mod turns;
mod writer;

pub use blobs::{blob, blobs, old, remove, shorten, sweep};
pub use outside::{UserFile, file_in, new_folder};
pub use writer::Writer;

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemWritableFileStream,
};

use crate::net::problem::{Problem, ProblemKind};

#[wasm_bindgen]
extern "C" {
    /// The same in the page and in workers.
    #[wasm_bindgen(js_namespace = ["navigator", "storage"], js_name = getDirectory, catch)]
    fn get_directory() -> Result<Promise, JsValue>;
}

/// A folder below the page's own; made when it is not there.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn folder(name: &str) -> Result<FileSystemDirectoryHandle, Problem> {
    let root = get_directory().map_err(|error| refused(&error))?;
    let root: FileSystemDirectoryHandle =
        JsFuture::from(root).await.map_err(|error| refused(&error))?.unchecked_into();
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder = root.get_directory_handle_with_options(name, &options);
    let folder = JsFuture::from(folder).await.map_err(|error| refused(&error))?;
    Ok(folder.unchecked_into())
}

/// Keeps a small file, in place of an older one of its name.
///
/// # Errors
/// When the browser keeps no files for this page, or has no room.
pub async fn keep(folder: &str, name: &str, content: &[u8]) -> Result<(), Problem> {
    let file = file(&self::folder(folder).await?, name, true).await?;
    let Some(file) = file else { return Ok(()) };
    let stream = JsFuture::from(file.create_writable()).await.map_err(|error| refused(&error))?;
    let stream: FileSystemWritableFileStream = stream.unchecked_into();
    let write = stream.write_with_u8_array(content).map_err(|error| refused(&error))?;
    JsFuture::from(write).await.map_err(|error| refused(&error))?;
    JsFuture::from(stream.close()).await.map_err(|error| refused(&error))?;
    Ok(())
}

/// A small file's content; `None` when there is no such file.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn read(folder: &str, name: &str) -> Result<Option<Vec<u8>>, Problem> {
    let Some(file) = file(&self::folder(folder).await?, name, false).await? else {
        return Ok(None);
    };
    let file = content_of(&file).await?;
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(|error| refused(&error))?;
    Ok(Some(js_sys::Uint8Array::new(&buffer).to_vec()))
}

/// Forgets a file; nothing happens when it is not there.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn forget(folder: &str, name: &str) -> Result<(), Problem> {
    match JsFuture::from(self::folder(folder).await?.remove_entry(name)).await {
        Err(error) if !is_not_found(&error) => Err(refused(&error)),
        _ => Ok(()),
    }
}

/// The names of all files in a folder.
///
/// # Errors
/// When the browser keeps no files for this page.
pub async fn names(folder: &str) -> Result<Vec<String>, Problem> {
    let keys = self::folder(folder).await?.keys();
    let mut names = Vec::new();
    loop {
        let next = keys.next().map_err(|error| refused(&error))?;
        let next = JsFuture::from(next).await.map_err(|error| refused(&error))?;
        if Reflect::get(&next, &"done".into()).is_ok_and(|done| done.is_truthy()) {
            return Ok(names);
        }
        names.extend(Reflect::get(&next, &"value".into()).ok().and_then(|name| name.as_string()));
    }
}

async fn file(
    folder: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<Option<FileSystemFileHandle>, Problem> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    match JsFuture::from(folder.get_file_handle_with_options(name, &options)).await {
        Ok(file) => Ok(Some(file.unchecked_into())),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(refused(&error)),
    }
}

async fn content_of(file: &FileSystemFileHandle) -> Result<File, Problem> {
    let file = JsFuture::from(file.get_file()).await.map_err(|error| refused(&error))?;
    Ok(file.unchecked_into())
}

pub(crate) fn error_name(error: &JsValue) -> String {
    let name = Reflect::get(error.unchecked_ref::<Object>(), &"name".into());
    name.ok().and_then(|name| name.as_string()).unwrap_or_default()
}

fn is_not_found(error: &JsValue) -> bool {
    error_name(error) == "NotFoundError"
}

fn refused(error: &JsValue) -> Problem {
    let (headline, advice) = match &*error_name(error) {
        "QuotaExceededError" => return full(),
        "NoModificationAllowedError" => {
            ("Another tab is writing the same file.", "Close it there, and try again.")
        }
        _ => (
            "The browser keeps no files for this page, as some do in private windows, so nothing can be edited here.",
            "Use an ordinary window.",
        ),
    };
    Problem::new(ProblemKind::Content, headline).advise(advice)
}

fn full() -> Problem {
    Problem::new(ProblemKind::Content, "The browser has no more room for this page.")
        .advise("Free some space on the disk, or delete a draft.")
}
