//! Many bytes as one Blob, which the browser may keep on disk.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag};

use super::entry::content;
use crate::net::problem::Problem;

/// Bytes that are gathered before they leave this worker's memory.
pub(super) const GATHERED: usize = 4 << 20;
/// Zeros that are added at once for a hole in a file.
const ZEROS: usize = 256 << 10;

/// Bytes on their way into a Blob.
#[derive(Debug, Default)]
pub(super) struct GrowingBlob {
    gathered: Vec<u8>,
    parts: Array,
    len: u64,
}

impl GrowingBlob {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.gathered.extend_from_slice(bytes);
        self.len += bytes.len() as u64;
        if self.gathered.len() >= GATHERED { self.flush() } else { Ok(()) }
    }

    /// Adds what lies in a Blob already, without reading it.
    pub(super) fn push_blob(&mut self, blob: &Blob) -> Result<(), Problem> {
        self.flush()?;
        self.parts.push(blob);
        self.len += blob.size() as u64;
        Ok(())
    }

    /// Number of bytes so far.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds zeros up to `offset`.
    pub(super) fn zeros_up_to(&mut self, offset: u64) -> Result<(), Problem> {
        while self.len < offset {
            let hole = usize::try_from(offset - self.len).unwrap_or(ZEROS).min(ZEROS);
            self.push(&vec![0; hole])?;
        }
        Ok(())
    }

    /// What has not left this worker's memory: everything, when it is less than [`GATHERED`].
    pub(super) fn gathered(&self) -> &[u8] {
        &self.gathered
    }

    pub(super) fn finish(mut self) -> Result<Blob, Problem> {
        self.flush()?;
        blob(&self.parts)
    }

    fn flush(&mut self) -> Result<(), Problem> {
        if !self.gathered.is_empty() {
            let bytes = Array::of1(&Uint8Array::from(&*self.gathered).into());
            self.parts.push(&JsValue::from(blob(&bytes)?));
            self.gathered.clear();
        }
        Ok(())
    }
}

/// The type keeps every browser from showing or running what is in it.
fn blob(parts: &Array) -> Result<Blob, Problem> {
    let options = BlobPropertyBag::new();
    options.set_type("application/octet-stream");
    Blob::new_with_blob_sequence_and_options(parts, &options).map_err(|_| {
        content("The browser has no room for so many bytes.").advise("Free some space on the disk.")
    })
}
