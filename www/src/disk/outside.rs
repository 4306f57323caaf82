//! How is a file written that the user has chosen a place for?

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, FileSystemFileHandle, FileSystemWritableFileStream};

use super::error_name;
use crate::net::problem::{Problem, ProblemKind};

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
    let message = match &*error_name(error) {
        "QuotaExceededError" => "There is no more room for the file where you put it.",
        "NotAllowedError" => {
            "The browser does not let this page write the file. Save it again, and allow it."
        }
        _ => "The file can't be written where you put it. Save it again, in another place.",
    };
    Problem::new(ProblemKind::Content, message)
}
