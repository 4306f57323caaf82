//! Reads one layer: both digests, the tar's entries, everything that is wrong with it.

use drydock::layer::{LayerReader, ReadOptions, Sink};
use drydock::pieces::Pieces as _;
use drydock::verify::BlobFacts;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use super::Progress;
use super::entry::{Finished, Link};
use super::growing_blob::GrowingBlob;
use super::input::Input;
use super::meter::Meter;
use super::protocol::{LayerWork, Outcome};
use crate::net::problem::Problem;

pub(super) async fn run(
    work: LayerWork,
    parts: &[JsValue],
    link: Link,
) -> Result<Finished, Problem> {
    let LayerWork { from, subject, descriptor, diff_id, keep } = work;
    let mut kept = Kept { most: keep, blob: (keep > 0).then(GrowingBlob::default), failed: None };
    let mut reader = LayerReader::new(ReadOptions {
        subject,
        media_type: Some(descriptor.media_type.clone()),
        digest: descriptor.digest.algorithm().unwrap_or_default(),
        diff_id: Some(diff_id.and_then(|id| id.0.algorithm()).unwrap_or_default()),
        tar: keep > 0,
        ..ReadOptions::default()
    });
    let mut meter = Meter::new(link.clone());
    let mut stream = Input::open(from, parts, link, descriptor.size)?;
    while let Some(bytes) = stream.next().await? {
        reader.push(bytes, &mut kept);
        if let Some(problem) = kept.failed.take() {
            return Err(problem);
        }
        let progress = Progress {
            downloaded: stream.offset(),
            unpacked: reader.uncompressed_size(),
            entries: reader.index().map_or(0, |index| index.len() as u64),
            rate: 0.0,
            resumed: stream.resumed(),
        };
        meter.passed(progress).await;
    }
    let summary = reader.finish(&mut kept);
    if let Some(problem) = kept.failed {
        return Err(problem);
    }
    let index = summary.index.as_ref().map(|index| index.to_bytes());
    let outcome = Outcome::Layer(BlobFacts::from(&summary));
    let Some(index) = index else { return Ok(outcome.into()) };
    let mut parts = vec![Uint8Array::from(&*index).buffer().into()];
    if let Some(tar) = kept.blob {
        parts.push(tar.finish()?.into());
    }
    Ok(Finished { outcome, parts })
}

/// The tar of a layer, as long as it is not too large.
struct Kept {
    most: u64,
    blob: Option<GrowingBlob>,
    failed: Option<Problem>,
}

impl Sink for Kept {
    fn tar(&mut self, bytes: &[u8]) {
        let Some(blob) = &mut self.blob else { return };
        if blob.len().saturating_add(bytes.len() as u64) > self.most {
            self.blob = None;
        } else if let Err(problem) = blob.push(bytes) {
            self.failed = Some(problem);
        }
    }
}
