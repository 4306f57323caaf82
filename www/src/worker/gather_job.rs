//! Copies files that the user chose onto the browser's disk, all into one blob, and hashes each.
//!
//! One blob, not one file each: a folder of 50 000 files would take minutes otherwise.

use drydock::digest::{Algorithm, Hasher};
use wasm_bindgen::JsValue;

use super::Progress;
use super::entry::{Finished, Link};
use super::input::Input;
use super::layer_job::copy;
use super::meter::Meter;
use super::protocol::{BlobFrom, GatherWork, Gathered, Outcome};
use crate::disk::Writer;
use crate::net::problem::Problem;

pub(super) async fn run(
    work: GatherWork,
    parts: &[JsValue],
    link: Link,
) -> Result<Finished, Problem> {
    let mut writer = Writer::create().await?;
    let mut all = Hasher::new(Algorithm::Sha256);
    let mut meter = Meter::new(link.clone());
    let mut files = Vec::with_capacity(work.files);
    let mut piece = Vec::new();
    for part in 0..work.files {
        let offset = writer.len();
        let mut one = Hasher::new(Algorithm::Sha256);
        let mut program = false;
        let mut input = Input::open(BlobFrom::Disk(part), parts, link.clone(), 0)?;
        while let Some(bytes) = input.next().await? {
            copy(&bytes, &mut piece);
            if writer.len() == offset {
                program = piece.starts_with(b"#!") || piece.starts_with(b"\x7fELF");
            }
            one.update(&piece);
            all.update(&piece);
            writer.write(&piece)?;
            let progress = Progress {
                downloaded: writer.len(),
                entries: files.len() as u64,
                ..Progress::default()
            };
            meter.passed(progress).await;
        }
        let size = writer.len() - offset;
        files.push(Gathered { digest: one.finish(), offset, size, program });
    }
    let blob = all.finish();
    writer.keep(&blob).await?;
    Ok(Outcome::Gathered { blob, files }.into())
}
