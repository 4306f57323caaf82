//! Unpacks an archive that is compressed as a whole onto the browser's disk.

use drydock::archive::{UnpackError, Unpacker};
use drydock::digest::{Algorithm, Hasher};
use drydock::limits;
use drydock::pieces::Pieces as _;
use wasm_bindgen::JsValue;

use super::Progress;
use super::entry::{Finished, Link, content};
use super::input::Input;
use super::meter::Meter;
use super::protocol::{BlobFrom, Outcome};
use crate::disk::Writer;
use crate::net::problem::Problem;

pub(super) async fn run(parts: &[JsValue], link: Link) -> Result<Finished, Problem> {
    let mut writer = Writer::create().await?;
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut unpacker = Unpacker::new(limits::ARCHIVE_UNPACKED_BYTES);
    let mut meter = Meter::new(link.clone());
    let mut input = Input::open(BlobFrom::Disk(0), parts, link, 0)?;
    let mut failed = None;
    let mut out = |bytes: &[u8]| {
        hasher.update(bytes);
        if failed.is_none() {
            failed = writer.write(bytes).err();
        }
    };
    while let Some(bytes) = input.next().await? {
        unpacker.push(bytes, &mut out).map_err(|error| damaged(&error))?;
        let progress = Progress {
            downloaded: input.offset(),
            unpacked: unpacker.size(),
            ..Progress::default()
        };
        meter.passed(progress).await;
    }
    unpacker.finish(&mut out).map_err(|error| damaged(&error))?;
    if let Some(problem) = failed {
        return Err(problem);
    }
    let digest = hasher.finish();
    writer.keep(&digest).await?;
    Ok(Outcome::Unpacked(digest).into())
}

fn damaged(error: &UnpackError) -> Problem {
    content(format!("{}.", error.headline())).said(error.detail())
}
