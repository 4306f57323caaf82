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
use super::tar_digest::TarDigest;
use crate::net::problem::Problem;

pub(super) async fn run(
    work: LayerWork,
    parts: &[JsValue],
    link: Link,
) -> Result<Finished, Problem> {
    let LayerWork { from, subject, descriptor, diff_id, keep, apart } = work;
    let algorithm = diff_id.and_then(|id| id.0.algorithm()).unwrap_or_default();
    let mut taken = Taken {
        most: keep,
        blob: (keep > 0).then(GrowingBlob::default),
        failed: None,
        tar_digest: if apart { TarDigest::begin(algorithm).await } else { None },
    };
    let mut reader = LayerReader::new(ReadOptions {
        subject,
        media_type: Some(descriptor.media_type.clone()),
        digest: descriptor.digest.algorithm().unwrap_or_default(),
        diff_id: Some(algorithm),
        apart: taken.tar_digest.is_some(),
        tar: keep > 0,
        ..ReadOptions::default()
    });
    let mut meter = Meter::new(link.clone());
    let mut stream = Input::open(from, parts, link, descriptor.size)?;
    while let Some(mut bytes) = stream.next().await? {
        loop {
            taken.room().await?;
            let count = reader.push_while_room(bytes, &mut taken);
            bytes = bytes.get(count..).unwrap_or_default();
            if bytes.is_empty() && !reader.holds() {
                break;
            }
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
    let mut summary = reader.finish(&mut taken);
    if let Some(problem) = taken.failed {
        return Err(problem);
    }
    if let Some(tar_digest) = taken.tar_digest {
        summary.hashed(tar_digest.finish().await?);
    }
    let index = summary.index.as_ref().map(|index| index.to_bytes());
    let outcome = Outcome::Layer(BlobFacts::from(&summary));
    let Some(index) = index else { return Ok(outcome.into()) };
    let mut parts = vec![Uint8Array::from(&*index).buffer().into()];
    if let Some(tar) = taken.blob {
        parts.push(tar.finish()?.into());
    }
    Ok(Finished { outcome, parts })
}

/// What is done with the tar of a layer.
struct Taken {
    /// It is kept as long as it has no more bytes than this.
    most: u64,
    blob: Option<GrowingBlob>,
    failed: Option<Problem>,
    tar_digest: Option<TarDigest>,
}

impl Taken {
    /// Waits until there is room for more.
    async fn room(&mut self) -> Result<(), Problem> {
        if let Some(problem) = self.failed.take() {
            return Err(problem);
        }
        match &mut self.tar_digest {
            Some(tar_digest) => tar_digest.room().await,
            None => Ok(()),
        }
    }
}

impl Sink for Taken {
    fn tar(&mut self, bytes: &[u8]) {
        let Some(blob) = &mut self.blob else { return };
        if blob.len().saturating_add(bytes.len() as u64) > self.most {
            self.blob = None;
        } else if let Err(problem) = blob.push(bytes) {
            self.failed = Some(problem);
        }
    }

    fn hash(&mut self, bytes: &[u8]) {
        if let Some(tar_digest) = &mut self.tar_digest {
            tar_digest.hash(bytes);
        }
    }

    fn is_full(&self) -> bool {
        self.failed.is_some() || self.tar_digest.as_ref().is_some_and(Sink::is_full)
    }
}
