//! Reads any blob: computes its digest, and keeps its bytes when they are wanted.

use drydock::digest::Hasher;
use wasm_bindgen::JsValue;

use super::Progress;
use super::entry::{Finished, Link};
use super::input::Input;
use super::layer_job::copy;
use super::meter::Meter;
use super::protocol::{BlobWork, Keep, Outcome};
use super::sheaf::Sheaf;
use crate::disk::Writer;
use crate::net::problem::Problem;

pub(super) async fn run(
    work: BlobWork,
    parts: &[JsValue],
    link: Link,
) -> Result<Finished, Problem> {
    let BlobWork { from, descriptor, keep } = work;
    let mut hasher = Hasher::new(descriptor.digest.algorithm().unwrap_or_default());
    let mut sheaf = Sheaf::default();
    let mut disk = match keep {
        Keep::Disk => Some(Writer::create().await?),
        Keep::Nothing | Keep::Blob => None,
    };
    let mut meter = Meter::new(link.clone());
    let mut stream = Input::open(from, parts, link, descriptor.size)?;
    let mut piece = Vec::new();
    while let Some(bytes) = stream.next().await? {
        copy(&bytes, &mut piece);
        hasher.update(&piece);
        if let Some(disk) = &mut disk {
            disk.write(&piece)?;
        } else if keep == Keep::Blob {
            sheaf.push(&piece)?;
        }
        let (downloaded, resumed) = (stream.offset(), stream.resumed());
        meter.passed(Progress { downloaded, resumed, ..Progress::default() }).await;
    }
    let (digest, size) = (hasher.finish(), stream.offset());
    if let Some(disk) = disk
        && digest == descriptor.digest
        && size == descriptor.size
    {
        disk.keep(&digest).await?;
    }
    let parts = match keep {
        Keep::Blob => vec![sheaf.finish()?.into()],
        Keep::Nothing | Keep::Disk => Vec::new(),
    };
    let outcome = Outcome::Blob { digest, size };
    Ok(Finished { outcome, parts })
}
