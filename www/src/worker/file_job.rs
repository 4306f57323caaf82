//! Reads one file out of a layer.

use std::cell::RefCell;
use std::rc::Rc;

use drydock::layer::content::Wanted;
use drydock::layer::{LayerReader, ReadOptions, Sink};
use drydock::pieces::Pieces as _;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use super::Progress;
use super::entry::{Finished, Link, content};
use super::growing_blob::{GATHERED, GrowingBlob};
use super::input::Input;
use super::meter::Meter;
use super::protocol::{FileOutcome, FileWork, Outcome};
use super::tree_job::Trees;
use crate::net::problem::Problem;

pub(super) async fn run(
    work: FileWork,
    parts: &[JsValue],
    link: Link,
    trees: &Rc<RefCell<Trees>>,
) -> Result<Finished, Problem> {
    let FileWork { from, descriptor, tree, layer, entry, limit, to_the_end } = work;
    let index = trees.borrow().index(tree, layer)?;
    let wanted = Wanted::file(&index, entry)
        .ok_or_else(|| content("This is no file, so it has no content to read."))?;
    drop(index);
    let total = wanted.size();
    // A preview stays in memory, and so must be shorter than what a blob binds.
    let limit = limit.map(|limit| limit.min(GATHERED as u64 - 1));
    let end = limit.unwrap_or(total).min(total);
    let wanted = if end < total { wanted.slice(0, end) } else { wanted };
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
    let mut meter = Meter::new(link.clone());
    let mut stream = Input::open(from, parts, link, descriptor.size)?;
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
            "The layer ended before the whole file had come; it is not the layer that was listed.",
        ));
    }
    taken.blob.zeros_up_to(end)?;
    let outcome = Outcome::File(FileOutcome { total, verified: to_the_end && whole });
    if limit.is_some() {
        let bytes = Uint8Array::from(taken.blob.gathered()).buffer().into();
        return Ok(Finished { outcome, parts: vec![bytes] });
    }
    let blob = taken.blob.finish()?.into();
    Ok(Finished { outcome, parts: vec![blob] })
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
