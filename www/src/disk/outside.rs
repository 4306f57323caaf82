//! How is a file written that the user has chosen a place for?

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemWritableFileStream,
};

use super::error_name;
use crate::net::problem::{Problem, ProblemKind};

/// Makes a folder below one that the user has chosen.
///
/// # Errors
/// When there is something in it already, or the browser does not let the page make it.
pub async fn new_folder(
    above: &FileSystemDirectoryHandle,
    name: &str,
) -> Result<FileSystemDirectoryHandle, Problem> {
    let folder = folder_in(above, name).await?;
    let next = folder.keys().next().map_err(|error| refused(&error))?;
    let next = JsFuture::from(next).await.map_err(|error| refused(&error))?;
    let is_empty = Reflect::get(&next, &"done".into()).is_ok_and(|done| done.is_truthy());
    if is_empty {
        return Ok(folder);
    }
    let headline = format!("The folder {name} is there already, and not empty.");
    Err(Problem::new(ProblemKind::Content, headline)
        .advise("Choose another place, or empty it first."))
}

/// A new file in a folder that the user has chosen, by its path from there.
///
/// # Errors
/// When the browser does not let the page write it.
pub async fn file_in(folder: &FileSystemDirectoryHandle, path: &str) -> Result<UserFile, Problem> {
    let mut folder = folder.clone();
    let mut names = path.split('/').peekable();
    let mut last = "";
    while let Some(name) = names.next() {
        match names.peek() {
            Some(_) => folder = folder_in(&folder, name).await?,
            None => last = name,
        }
    }
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let file = JsFuture::from(folder.get_file_handle_with_options(last, &options)).await;
    let file: FileSystemFileHandle = file.map_err(|error| refused(&error))?.unchecked_into();
    UserFile::create(&file).await
}

async fn folder_in(
    above: &FileSystemDirectoryHandle,
    name: &str,
) -> Result<FileSystemDirectoryHandle, Problem> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder = JsFuture::from(above.get_directory_handle_with_options(name, &options)).await;
    Ok(folder.map_err(|error| refused(&error))?.unchecked_into())
}

/// A file outside of the browser, in the page or in a worker. Until [`UserFile::close`] the old
/// content stays, and dropped before it, this leaves nothing.
#[derive(Debug)]
pub struct UserFile {
    stream: Option<FileSystemWritableFileStream>,
}

impl UserFile {
    /// Begins to write the file anew.
    ///
    /// # Errors
    /// When the browser does not let the page write it.
    pub async fn create(file: &FileSystemFileHandle) -> Result<Self, Problem> {
        let stream = JsFuture::from(file.create_writable()).await;
        let stream = stream.map_err(|error| refused(&error))?;
        Ok(Self { stream: Some(stream.unchecked_into()) })
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// When there is no room for them, or the file has gone.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        // A copy: the browser takes it after this memory may have changed.
        let bytes = Uint8Array::from(bytes);
        let written = self.stream()?.write_with_js_u8_array(&bytes);
        JsFuture::from(written.map_err(|error| refused(&error))?)
            .await
            .map(|_| ())
            .map_err(|error| refused(&error))
    }

    /// Adds a whole Blob at the end, which the browser reads by itself.
    ///
    /// # Errors
    /// As [`UserFile::write`].
    pub async fn write_blob(&mut self, blob: &Blob) -> Result<(), Problem> {
        let written = self.stream()?.write_with_blob(blob);
        JsFuture::from(written.map_err(|error| refused(&error))?)
            .await
            .map(|_| ())
            .map_err(|error| refused(&error))
    }

    /// Puts what was written in place of what was there.
    ///
    /// # Errors
    /// As [`UserFile::write`].
    pub async fn close(mut self) -> Result<(), Problem> {
        let Some(stream) = self.stream.take() else { return Ok(()) };
        JsFuture::from(stream.close()).await.map(|_| ()).map_err(|error| refused(&error))
    }

    fn stream(&self) -> Result<&FileSystemWritableFileStream, Problem> {
        self.stream.as_ref().ok_or_else(|| refused(&JsValue::NULL))
    }
}

impl Drop for UserFile {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            spawn_local(async move {
                let _gone = JsFuture::from(stream.abort()).await;
            });
        }
    }
}

fn refused(error: &JsValue) -> Problem {
    let (headline, advice) = match &*error_name(error) {
        "QuotaExceededError" => ("There is no more room for the file where you put it.", ""),
        "NotAllowedError" => {
            ("The browser does not let this page write the file.", "Save it again, and allow it.")
        }
        _ => ("The file can't be written where you put it.", "Save it again, in another place."),
    };
    Problem::new(ProblemKind::Content, headline).advise(advice)
}
