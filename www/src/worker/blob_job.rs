//! Reads any blob: computes its digest, and keeps its bytes when they are wanted.

use drydock::descriptor::Descriptor;
use drydock::digest::Hasher;
use drydock::layer::{Runs as _, TarStream};
use drydock::pieces::Pieces as _;
use wasm_bindgen::JsValue;

use super::Progress;
use super::entry::{Finished, Link};
use super::growing_blob::GrowingBlob;
use super::input::Input;
use super::meter::Meter;
use super::protocol::{BlobFrom, BlobWork, Keep, Outcome};
use crate::disk::Writer;
use crate::net::problem::Problem;

pub(super) async fn run(
    work: BlobWork,
    parts: &[JsValue],
    link: Link,
) -> Result<Finished, Problem> {
    let BlobWork { from, descriptor, keep } = work;
    if keep == Keep::Tar {
        return tar(from, parts, link, descriptor).await;
    }
    let mut hasher = Hasher::new(descriptor.digest.algorithm().unwrap_or_default());
    let mut blob = GrowingBlob::default();
    let mut disk = match keep {
        Keep::Disk => Some(Writer::create().await?),
        Keep::Nothing | Keep::Blob | Keep::Tar => None,
    };
    let mut meter = Meter::new(link.clone());
    let mut stream = Input::open(from, parts, link.clone(), descriptor.size)?;
    while let Some(bytes) = stream.next().await? {
        hasher.update(bytes);
        if let Some(disk) = &mut disk {
            disk.write(bytes)?;
        } else if keep != Keep::Nothing {
            blob.push(bytes)?;
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
        Keep::Blob => vec![blob.finish()?.into()],
        Keep::Nothing | Keep::Tar | Keep::Disk => Vec::new(),
    };
    let outcome = Outcome::Blob { digest, size };
    Ok(Finished { outcome, parts })
}

/// The tar of a layer, which is compared with its digest.
async fn tar(
    from: BlobFrom,
    parts: &[JsValue],
    link: Link,
    descriptor: Descriptor,
) -> Result<Finished, Problem> {
    let Descriptor { digest, size, .. } = descriptor;
    let mut meter = Meter::new(link.clone());
    let mut stream = TarStream::new(Input::open(from, parts, link, size)?, &digest, size);
    let mut blob = GrowingBlob::default();
    while let Some(bytes) = stream.next(u64::MAX).await? {
        blob.push(bytes)?;
        let downloaded = stream.read();
        meter.passed(Progress { downloaded, ..Progress::default() }).await;
    }
    stream.finish()?;
    let size = blob.len();
    Ok(Finished { outcome: Outcome::Blob { digest, size }, parts: vec![blob.finish()?.into()] })
}
