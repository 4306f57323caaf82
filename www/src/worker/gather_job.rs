//! Copies files that the user chose onto the browser's disk, all into one blob, and hashes each.
//!
//! One blob, not one file each: a folder of 50 000 files would take minutes otherwise. For the same
//! reason small files are read many at once, as one Blob.

use std::ops::Range;

use drydock::digest::{Algorithm, Hasher};
use js_sys::Array;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::Progress;
use super::entry::{Finished, Link};
use super::input::{DiskStream, PIECE, gone};
use super::layer_job::copy;
use super::meter::Meter;
use super::protocol::{GatherWork, Gathered, Outcome};
use crate::disk::Writer;
use crate::net::problem::Problem;

/// Most files that are read at once.
const AT_ONCE: usize = 512;

pub(super) async fn run(
    work: GatherWork,
    parts: &[JsValue],
    link: Link,
) -> Result<Finished, Problem> {
    let blobs: Option<Vec<&Blob>> =
        parts.iter().take(work.files).map(|part| part.dyn_ref::<Blob>()).collect();
    let blobs = blobs.filter(|blobs| blobs.len() == work.files).ok_or_else(gone)?;
    let sizes: Vec<u64> = blobs.iter().map(|blob| blob.size() as u64).collect();
    let mut gathering = Gathering {
        writer: Writer::create().await?,
        all: Hasher::new(Algorithm::Sha256),
        files: Vec::with_capacity(work.files),
    };
    let mut meter = Meter::new(link);
    let mut piece = Vec::new();
    for batch in batches(&sizes) {
        let (Some(blobs), Some(sizes)) = (blobs.get(batch.clone()), sizes.get(batch)) else {
            return Err(gone());
        };
        match (blobs, sizes) {
            ([blob], [_]) => {
                let mut stream = DiskStream::new((*blob).clone());
                let mut file = One::begin(&gathering);
                while let Some(bytes) = stream.next().await? {
                    copy(&bytes, &mut piece);
                    gathering.add(&mut file, &piece)?;
                    meter.passed(gathering.progress()).await;
                }
                gathering.end(file);
            }
            _ => {
                let mut stream = DiskStream::new(joined(blobs)?);
                piece.clear();
                if let Some(bytes) = stream.next().await? {
                    copy(&bytes, &mut piece);
                }
                let mut rest = &*piece;
                for size in sizes {
                    let (content, after) = usize::try_from(*size)
                        .ok()
                        .and_then(|size| rest.split_at_checked(size))
                        .ok_or_else(gone)?;
                    let mut file = One::begin(&gathering);
                    gathering.add(&mut file, content)?;
                    gathering.end(file);
                    rest = after;
                }
                meter.passed(gathering.progress()).await;
            }
        }
    }
    let Gathering { writer, all, files } = gathering;
    let blob = all.finish();
    writer.keep(&blob).await?;
    Ok(Outcome::Gathered { blob, files }.into())
}

/// What has been copied so far.
struct Gathering {
    writer: Writer,
    all: Hasher,
    files: Vec<Gathered>,
}

/// The file that is being copied.
struct One {
    offset: u64,
    hasher: Hasher,
    program: bool,
}

impl One {
    fn begin(gathering: &Gathering) -> Self {
        let hasher = Hasher::new(Algorithm::Sha256);
        Self { offset: gathering.writer.len(), hasher, program: false }
    }
}

impl Gathering {
    fn add(&mut self, file: &mut One, bytes: &[u8]) -> Result<(), Problem> {
        if self.writer.len() == file.offset {
            file.program = bytes.starts_with(b"#!") || bytes.starts_with(b"\x7fELF");
        }
        file.hasher.update(bytes);
        self.all.update(bytes);
        self.writer.write(bytes)
    }

    fn end(&mut self, file: One) {
        let One { offset, hasher, program } = file;
        let size = self.writer.len() - offset;
        self.files.push(Gathered { digest: hasher.finish(), offset, size, program });
    }

    fn progress(&self) -> Progress {
        Progress {
            downloaded: self.writer.len(),
            entries: self.files.len() as u64,
            ..Progress::default()
        }
    }
}

/// Files behind each other as one Blob; the browser reads it without a message for each.
fn joined(blobs: &[&Blob]) -> Result<Blob, Problem> {
    let list: Array = blobs.iter().map(|blob| JsValue::from(*blob)).collect();
    Blob::new_with_blob_sequence(&list).map_err(|_| gone())
}

/// Which files are read at once: one, or several that are a piece at most.
fn batches(sizes: &[u64]) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut total = 0;
    for (at, size) in sizes.iter().enumerate() {
        let fits = total + size <= PIECE;
        match batches.last_mut().filter(|batch| fits && batch.len() < AT_ONCE) {
            Some(batch) => {
                batch.end = at + 1;
                total += size;
            }
            None => {
                batches.push(at..at + 1);
                total = *size;
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_are_read_together_and_large_ones_alone() {
        for (sizes, expected) in [
            (vec![], vec![]),
            (vec![PIECE * 4], vec![1]),
            (vec![0, 1, PIECE - 1, 1], vec![3, 1]),
            (vec![PIECE + 1, 1, 2, PIECE, 3], vec![1, 2, 1, 1]),
            (vec![1; AT_ONCE + 2], vec![AT_ONCE, 2]),
        ] {
            let batches = batches(&sizes);
            let lengths: Vec<usize> = batches.iter().map(Range::len).collect();
            assert_eq!(lengths, expected, "{sizes:?}");
            assert!(batches.into_iter().flatten().eq(0..sizes.len()));
        }
    }
}
