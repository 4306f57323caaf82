//! Reads one file out of a layer.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use drydock::descriptor::Descriptor;
use drydock::layer::content::{Trust, Wanted};
use drydock::layer::partial::{Reading, Span};
use drydock::layer::seek::SeekPoints;
use drydock::layer::{Kind, LayerReader, ReadOptions, Sink};
use drydock::pieces::Pieces as _;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use super::Progress;
use super::entry::{Finished, Link, content};
use super::growing_blob::{GATHERED, GrowingBlob};
use super::input::{Input, all};
use super::meter::Meter;
use super::protocol::{BlobFrom, FileOutcome, FileWork, Outcome};
use super::tree_job::{Claimed, Trees};
use crate::disk::layers::{self, Part};
use crate::disk::shorten;
use crate::net::problem::{Problem, ProblemKind};
use crate::net::shared;

pub(super) async fn run(
    work: FileWork,
    parts: &[JsValue],
    link: Link,
    trees: &Rc<RefCell<Trees>>,
) -> Result<Finished, Problem> {
    let FileWork { from, descriptor, tree, layer, entry, limit, to_the_end } = work;
    let index = trees.borrow().index(tree, layer)?;
    let total = index.entry(entry).filter(|entry| entry.kind == Kind::File).map(|it| it.size);
    let no_file = || content("This is no file, so it has no content to read.");
    let total = total.ok_or_else(no_file)?;
    // A preview stays in memory, and so must be shorter than what a blob binds.
    let limit = limit.map(|limit| limit.min(GATHERED as u64 - 1));
    let end = limit.unwrap_or(total).min(total);
    let layer = Layer { from, descriptor, parts, link };
    let (mut taken, trust) = if index.has_offsets() {
        let wanted = Wanted::file(&index, entry).ok_or_else(no_file)?;
        let wanted = if end < total { wanted.slice(0, end) } else { wanted };
        let points = trees.borrow_mut().points(&layer.descriptor.digest);
        let part = match points.filter(|points| layer.is_worth(points, &wanted)) {
            Some(points) => layer.part(&points, &wanted).await,
            None => None,
        };
        match part {
            Some(read) => read,
            None => layer.go_through(wanted, to_the_end).await?,
        }
    } else {
        let digest = &layer.descriptor.digest;
        let (table, claimed) = {
            let mut trees = trees.borrow_mut();
            // The same layer may be listed in another tree by something else, with other numbers.
            let table = trees.table(digest).filter(|it| Arc::ptr_eq(it.index(), &index));
            (table, trees.claimed(digest).filter(|it| Arc::ptr_eq(&it.listed, &index)))
        };
        match (table.and_then(|table| table.reading(entry, 0..end)), claimed) {
            (Some(reading), _) => layer.promised(reading).await?,
            (None, Some(claimed)) => layer.claimed(&claimed, entry, end).await?,
            (None, None) => return Err(only_as_a_whole()),
        }
    };
    taken.blob.zeros_up_to(end)?;
    let outcome = Outcome::File(FileOutcome { total, trust });
    if limit.is_some() {
        let bytes = Uint8Array::from(taken.blob.gathered()).buffer().into();
        return Ok(Finished { outcome, parts: vec![bytes] });
    }
    let blob = taken.blob.finish()?.into();
    Ok(Finished { outcome, parts: vec![blob] })
}

/// The layer that has the file.
struct Layer<'a> {
    from: BlobFrom,
    descriptor: Descriptor,
    parts: &'a [JsValue],
    link: Link,
}

impl Layer<'_> {
    /// Whether a part of the layer is notably less than all of it.
    fn is_worth(&self, points: &SeekPoints, wanted: &Wanted) -> bool {
        let range = points.range(wanted);
        let len = range.end.saturating_sub(range.start);
        points.can_compare() && len > 0 && len < self.descriptor.size / 4 * 3
    }

    /// Reads only the part of the layer that has the file, and compares it with what was recorded.
    /// `None` when that does not work, for whatever reason: then the layer says what is the matter.
    async fn part(&self, points: &SeekPoints, wanted: &Wanted) -> Option<(Taken, Trust)> {
        let digest = &self.descriptor.digest;
        let range = points.window(wanted);
        let window = match range.is_empty() {
            true => Vec::new(),
            false => {
                let windows = layers::get(digest, Part::Windows).await.ok().flatten()?;
                let window = shorten(&windows, range.start, range.end)?;
                all(&window).await.ok()?.to_vec()
            }
        };
        let read = async {
            let spans =
                points.spans(wanted, &window).map_err(|error| content(error.to_string()))?;
            let mut reading = Reading::new(spans, wanted.clone());
            let taken = self.read(&mut reading).await?;
            Ok::<_, Problem>((taken, reading.is_whole(), reading.trust()))
        };
        match read.await {
            Ok((taken, true, trust @ Trust::Recorded)) => Some((taken, trust)),
            // A registry that can't be reached, or gives no parts, says nothing of what is remembered.
            Err(problem) if problem.kind != ProblemKind::Content => None,
            // It is of no use, or the registry gives something else.
            _ => {
                let _gone = layers::remove(digest).await;
                None
            }
        }
    }

    /// Reads what the server says is the file. What stands there in the layer is compared with nothing,
    /// or only with what the server says.
    async fn claimed(
        &self,
        claimed: &Claimed,
        entry: u32,
        end: u64,
    ) -> Result<(Taken, Trust), Problem> {
        let wanted = Wanted::file(&claimed.index, entry).ok_or_else(only_as_a_whole)?;
        let wanted = wanted.slice(0, end);
        let points = claimed.points.as_ref().filter(|points| self.is_worth(points, &wanted));
        let spans = match points {
            Some(points) => self.claimed_spans(points, &wanted).await,
            None => None,
        };
        let part = match spans {
            Some(spans) => Some(self.promised(Reading::new(spans, wanted.clone())).await),
            None => None,
        };
        let taken = match part {
            Some(Ok((taken, _))) => taken,
            Some(Err(problem)) if problem.kind == ProblemKind::Content => return Err(problem),
            // There is no way to a part of it, or the registry gives none.
            _ => self.go_through(wanted, false).await?.0,
        };
        Ok((taken, Trust::Promised))
    }

    /// How a part of the layer is read, as the server says.
    async fn claimed_spans(&self, points: &SeekPoints, wanted: &Wanted) -> Option<Vec<Span>> {
        let range = points.window(wanted);
        let window = match range.is_empty() {
            true => Vec::new(),
            false => {
                let digest = &self.descriptor.digest;
                shared::get_range(digest, shared::Part::Windows, range).await.ok().flatten()?
            }
        };
        points.spans(wanted, &window).ok().filter(|spans| !spans.is_empty())
    }

    /// Reads what a list promises.
    async fn promised(&self, mut reading: Reading) -> Result<(Taken, Trust), Problem> {
        let taken = self.read(&mut reading).await?;
        if !reading.is_whole() {
            return Err(content("The layer ended before the whole file had come."));
        }
        match reading.trust() {
            Trust::Mismatch => {
                Err(content("The file is not what the list of the layer's files promises.")
                    .said("Nothing of it is shown.")
                    .advise(
                        "Read the layers, or verify the image, to see which of the two is wrong.",
                    ))
            }
            trust => Ok((taken, trust)),
        }
    }

    /// Gives a reading what it asks for.
    async fn read(&self, reading: &mut Reading) -> Result<Taken, Problem> {
        let mut taken = Taken::default();
        let mut meter = Meter::new(self.link.clone());
        let mut come = 0;
        while let Some(range) = reading.ask() {
            let (from, link, size) = (self.from.clone(), self.link.clone(), self.descriptor.size);
            let mut stream = Input::range(from, self.parts, link, range.clone(), size)?;
            while let Some(bytes) = stream.next().await? {
                come += bytes.len() as u64;
                let mut give = |offset, bytes: &[u8]| taken.content(offset, bytes);
                let read = reading.push(bytes, &mut give);
                read.map_err(|error| content(error.to_string()))?;
                if let Some(problem) = taken.problem.take() {
                    return Err(problem);
                }
                meter.passed(Progress { downloaded: come, ..Progress::default() }).await;
            }
            if reading.ask().is_some_and(|next| next.start < range.end && next.end >= range.end) {
                return Err(content("The layer ended too early."));
            }
        }
        Ok(taken)
    }

    /// Reads the layer from its beginning up to the file, or all of it.
    async fn go_through(
        &self,
        wanted: Wanted,
        to_the_end: bool,
    ) -> Result<(Taken, Trust), Problem> {
        let descriptor = &self.descriptor;
        let mut reader = LayerReader::new(ReadOptions {
            subject: descriptor.digest.to_string(),
            media_type: Some(descriptor.media_type.clone()),
            digest: descriptor.digest.algorithm().unwrap_or_default(),
            diff_id: None,
            index: false,
            content: Some(wanted),
            ..ReadOptions::default()
        });
        let mut taken = Taken::default();
        let mut meter = Meter::new(self.link.clone());
        let (from, link) = (self.from.clone(), self.link.clone());
        let mut stream = Input::open(from, self.parts, link, descriptor.size)?;
        while to_the_end || !reader.content_done() {
            let Some(bytes) = stream.next().await? else { break };
            reader.push(bytes, &mut taken);
            if let Some(problem) = taken.problem.take() {
                return Err(problem);
            }
            let progress = Progress {
                downloaded: stream.offset(),
                unpacked: reader.uncompressed_size(),
                resumed: stream.resumed(),
                ..Progress::default()
            };
            meter.passed(progress).await;
        }
        let found = reader.content_done();
        let summary = reader.finish(&mut taken);
        let whole = summary.digest == descriptor.digest && summary.size == descriptor.size;
        if to_the_end && !whole {
            return Err(content(format!(
                "The layer came as {} with {} bytes, but {} with {} bytes was asked for.",
                summary.digest, summary.size, descriptor.digest, descriptor.size
            ))
            .said("Nothing of it is shown."));
        }
        if !found {
            return Err(content(
                "The layer ended before the whole file had come; it is not the layer that was listed, or the list is wrong.",
            ));
        }
        Ok((taken, if to_the_end { Trust::Layer } else { Trust::None }))
    }
}

fn only_as_a_whole() -> Problem {
    content("The list of the layer's files does not say where this one is.")
        .advise("Read the layers as a whole; then it opens.")
}

#[derive(Default)]
struct Taken {
    blob: GrowingBlob,
    problem: Option<Problem>,
}

impl Sink for Taken {
    fn content(&mut self, offset: u64, bytes: &[u8]) {
        let added = self.blob.zeros_up_to(offset).and_then(|()| self.blob.push(bytes));
        if let Err(problem) = added {
            self.problem.get_or_insert(problem);
        }
    }
}
