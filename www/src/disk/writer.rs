//! How does a worker write a file whose name is known only at its end?

use drydock::digest::Digest;
use js_sys::{Math, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{FileSystemFileHandle, FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use super::{blobs, file, folder, full, refused};
use crate::net::problem::Problem;

/// Bytes that are gathered before they are written.
const GATHERED: usize = 512 << 10;

#[wasm_bindgen]
extern "C" {
    /// Renames a file; not in the bindings yet.
    #[wasm_bindgen(extends = FileSystemFileHandle)]
    type Movable;
    #[wasm_bindgen(method, js_name = move)]
    fn rename(this: &Movable, name: &str) -> Promise;
}

/// How the name of a file begins that is not whole yet.
pub(super) const PART: &str = "part-";

/// A file that is being written, in a worker. Dropped before [`Writer::keep`], it leaves nothing.
#[derive(Debug)]
pub struct Writer {
    folder: &'static str,
    name: String,
    file: FileSystemFileHandle,
    handle: Option<FileSystemSyncAccessHandle>,
    /// Bytes that are in the file.
    at: u64,
    /// Those behind them. Every write to the file takes about a millisecond, however small it is.
    gathered: Vec<u8>,
}

impl Writer {
    /// An empty blob.
    ///
    /// # Errors
    /// When the browser keeps no files for this page.
    pub async fn create() -> Result<Self, Problem> {
        Self::create_in(blobs::FOLDER).await
    }

    /// An empty file in a folder.
    ///
    /// # Errors
    /// When the browser keeps no files for this page.
    pub async fn create_in(folder: &'static str) -> Result<Self, Problem> {
        let place = self::folder(folder).await?;
        let name = format!("{PART}{:x}-{:x}", Math::random().to_bits(), Math::random().to_bits());
        let file = file(&place, &name, true).await?.ok_or_else(|| refused(&JsValue::NULL))?;
        let handle = JsFuture::from(file.create_sync_access_handle()).await;
        let handle = Some(handle.map_err(|error| refused(&error))?.unchecked_into());
        Ok(Self { folder, name, file, handle, at: 0, gathered: Vec::new() })
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// When there is no room for them.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        if self.gathered.is_empty() && bytes.len() >= GATHERED {
            return self.put(bytes);
        }
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() < GATHERED { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Problem> {
        let mut gathered = std::mem::take(&mut self.gathered);
        let result = self.put(&gathered);
        gathered.clear();
        self.gathered = gathered;
        result
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let handle = self.handle.as_ref().ok_or_else(|| refused(&JsValue::NULL))?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let options = FileSystemReadWriteOptions::new();
            options.set_at(self.at as f64);
            let written = handle.write_with_u8_array_and_options(rest, &options);
            let written = written.map_err(|error| refused(&error))? as usize;
            if written == 0 || written > rest.len() {
                return Err(full());
            }
            self.at += written as u64;
            rest = rest.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// Number of bytes so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.at + self.gathered.len() as u64
    }

    /// Whether nothing has been written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes the file and gives it the name of its digest, which the caller has computed from
    /// exactly these bytes.
    ///
    /// # Errors
    /// When there is no room for it.
    pub async fn keep(self, digest: &Digest) -> Result<(), Problem> {
        // Somebody may be reading the one that is there, which could not go on when it was replaced.
        if blobs::blob(digest).await?.is_some_and(|blob| blob.size() == self.len() as f64) {
            return Ok(());
        }
        match self.keep_as(&blobs::name(digest)).await {
            // Another tab, or an earlier edit, has the same bytes open: they are there already.
            Err(_) if blobs::blob(digest).await?.is_some() => Ok(()),
            kept => kept,
        }
    }

    /// Closes the file once the disk has its bytes, and gives it this name.
    async fn keep_as(mut self, name: &str) -> Result<(), Problem> {
        self.flush()?;
        if let Some(handle) = &self.handle {
            handle.flush().map_err(|error| refused(&error))?;
        }
        self.rename(name).await
    }

    /// Closes the file and gives it this name, whether the disk has its bytes or not: for what is
    /// checked when it is read.
    ///
    /// # Errors
    /// As with [`Writer::keep`].
    pub(super) async fn rename(mut self, name: &str) -> Result<(), Problem> {
        self.flush()?;
        if let Some(handle) = self.handle.take() {
            handle.close();
        }
        let renamed = self.file.unchecked_ref::<Movable>().rename(name);
        JsFuture::from(renamed).await.map_err(|error| refused(&error))?;
        self.name.clear();
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.close();
        }
        if !self.name.is_empty() {
            let (name, folder) = (std::mem::take(&mut self.name), self.folder);
            spawn_local(async move {
                if let Ok(folder) = self::folder(folder).await {
                    let _gone = JsFuture::from(folder.remove_entry(&name)).await;
                }
            });
        }
    }
}
