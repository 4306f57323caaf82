//! Reads one layer: both digests, the tar's entries, everything that is wrong with it.

use drydock::layer::seek::Spacing;
use drydock::layer::{Index, LayerReader, ReadOptions, Sink};
use drydock::pieces::Pieces as _;
use drydock::verify::{BlobFacts, Job, LayerRecord};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use super::Progress;
use super::entry::{Finished, Link};
use super::growing_blob::GrowingBlob;
use super::input::Input;
use super::memory::Memory;
use super::meter::Meter;
use super::protocol::{LayerWork, Outcome};
use super::tar_digest::TarDigest;
use crate::net::clock;
use crate::net::problem::Problem;

/// Milliseconds before the entries are told for the first time, and between that and the next.
const FIRST: f64 = 100.0;
/// Milliseconds before they are told again, for each of them: all have to be written, read and put
/// into the tree once more, which takes a few per cent of this.
const PER_ENTRY: f64 = 0.1;

pub(super) async fn run(
    work: LayerWork,
    parts: &[JsValue],
    link: Link,
) -> Result<Finished, Problem> {
    let LayerWork {
        from,
        subject,
        descriptor,
        diff_id,
        keep,
        file_digests,
        apart,
        at_once,
        remember,
    } = work;
    let algorithm = diff_id.as_ref().and_then(|id| id.0.algorithm()).unwrap_or_default();
    let job = Job::layer(subject.clone(), descriptor.clone(), diff_id);
    let mut taken = Taken {
        most: keep,
        blob: (keep > 0).then(GrowingBlob::default),
        windows: if remember { Memory::begin(&descriptor).await } else { Memory::Off },
        failed: None,
        tar_digest: if apart { TarDigest::begin(algorithm).await } else { None },
    };
    let mut reader = LayerReader::new(ReadOptions {
        subject,
        media_type: Some(descriptor.media_type.clone()),
        digest: descriptor.digest.algorithm().unwrap_or_default(),
        diff_id: Some(algorithm),
        apart: taken.tar_digest.is_some(),
        file_digests,
        tar: keep > 0,
        seek: Some(Spacing::default()),
        ..ReadOptions::default()
    });
    let mut meter = Meter::new(link.clone());
    let mut telling = at_once.then(|| Telling::begin(link.clone()));
    let mut stream = Input::open(from, parts, link, descriptor.size)?;
    loop {
        // A registry may pause for long after the bytes that were read last.
        let late = || {
            if let (Some(telling), Some(index)) = (&mut telling, reader.index()) {
                telling.tell(index);
            }
        };
        let Some(mut bytes) = meter.wait(stream.next(), late).await? else { break };
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
        if let (Some(telling), Some(index)) = (&mut telling, reader.index()) {
            telling.progress = progress;
            telling.tell(index);
        }
        meter.passed(progress).await;
    }
    let mut summary = reader.finish(&mut taken);
    if let Some(problem) = taken.failed {
        return Err(problem);
    }
    if let Some(tar_digest) = taken.tar_digest {
        summary.hashed(tar_digest.finish().await?);
    }
    let facts = BlobFacts::from(&summary);
    let outcome = Outcome::Layer(facts.clone());
    let Some(index) = summary.index.take() else { return Ok(outcome.into()) };
    let record = LayerRecord { facts, index, points: summary.seek.take() };
    let is_good = record.facts.complete && record.fits(&job);
    let record = record.to_bytes();
    if is_good {
        taken.windows.keep(&record, &descriptor).await;
    }
    let mut parts = vec![Uint8Array::from(&*record).buffer().into()];
    if let Some(tar) = taken.blob {
        parts.push(tar.finish()?.into());
    }
    Ok(Finished { outcome, parts })
}

/// Tells the entries that have come.
struct Telling {
    link: Link,
    /// How far the work is.
    progress: Progress,
    /// When they are told next, in milliseconds.
    next: f64,
    /// How many were told.
    told: usize,
}

impl Telling {
    fn begin(link: Link) -> Self {
        Self { link, progress: Progress::default(), next: clock::now() + FIRST, told: 0 }
    }

    /// Tells those that there are, when it is time to and there are more than before.
    fn tell(&mut self, index: &Index) {
        let now = clock::now();
        if now < self.next || index.len() == self.told {
            return;
        }
        let bytes = Uint8Array::from(&*index.to_bytes()).buffer();
        self.link.progress_with(self.progress, vec![bytes.into()]);
        self.told = index.len();
        self.next = now + FIRST.max(PER_ENTRY * index.len() as f64);
    }
}

/// What is done with the tar of a layer.
struct Taken {
    /// It is kept as long as it has no more bytes than this.
    most: u64,
    blob: Option<GrowingBlob>,
    windows: Memory,
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

    fn window(&mut self, bytes: &[u8]) {
        self.windows.window(bytes);
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
