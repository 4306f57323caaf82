//! One layer of a tree, read and checked in a worker.

use drydock::descriptor::Descriptor;
use drydock::digest::{DiffId, Digest};
use drydock::finding::Severity;
use drydock::inspect::media;
use drydock::verify::{BlobFacts, Job, Outcome as Came, integrity};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::{Layer, Tree, ask};
use crate::jobs::bytes::{self, Readable};
use crate::jobs::{Problem, ProblemKind, Progress, UNTOLD, no_sense, tab};
use crate::net::place::Place;
use crate::worker::pool::Order;
use crate::worker::protocol::{LayerWork, Outcome, Work};
use crate::worker::tree_job::TreeCall;

/// Reads one layer, checks it, and gives its index to the worker that holds the trees.
pub(super) async fn read(
    tree: &Tree,
    place: usize,
    keep: u64,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<(), Problem> {
    let label = format!("Layer {}", place + 1);
    let layer = tree.layers.get(place).ok_or_else(no_sense)?;
    let (index, tar) = checked(&label, layer, keep, on_progress).await?;
    let digest = &layer.descriptor.digest;
    if let Some(tar) = tar {
        tree.kept.borrow_mut().insert(digest.clone(), tar);
    }
    ask(TreeCall::Keep(tree.id, digest.clone()), vec![index]).await?;
    Ok(())
}

/// The buffer with the index of a layer: from the worker that holds the trees when it knows it,
/// else from the layer itself, once that was checked.
///
/// # Errors
/// When the layer can't be read, or is not what is said of it.
pub(in crate::jobs) async fn index(
    place: &Place,
    descriptor: &Descriptor,
    diff_id: Option<DiffId>,
) -> Result<JsValue, Problem> {
    let known = ask(TreeCall::Index(descriptor.digest.clone()), Vec::new()).await?;
    match known.parts.into_iter().next() {
        Some(index) => Ok(index),
        None => {
            let label = format!("The layer {}", descriptor.digest);
            let (place, descriptor) = (place.clone(), descriptor.clone());
            let layer = Layer { place, descriptor, diff_id };
            Ok(checked(&label, &layer, 0, |_| {}).await?.0)
        }
    }
}

/// Reads a layer to its end, compares it with all that is said of it, and gives its index; and its
/// tar, when that has no more bytes than are to be kept.
async fn checked(
    label: &str,
    layer: &Layer,
    keep: u64,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<(JsValue, Option<Blob>), Problem> {
    let Layer { place, descriptor, diff_id } = layer;
    let is_told = descriptor.media_type.as_str() != UNTOLD;
    if is_told && let Some(why) = media::hidden(&descriptor.media_type) {
        let message = format!(
            "{label} {why} ({}), so that its files can't be read here.",
            descriptor.media_type
        );
        return Err(Problem::new(ProblemKind::Content, message).at(place.registry.as_str()));
    }
    let job = Job::layer(label.to_lowercase(), descriptor.clone(), diff_id.clone());
    let (facts, parts) = read_layer(place, &job, keep, on_progress).await?;
    let (_, findings) = integrity::check(&job, &Came::Read(facts));
    if let Some(error) = findings.iter().find(|finding| finding.severity == Severity::Error) {
        let problem =
            Problem::new(ProblemKind::Content, format!("{label} failed: {}", error.message));
        let problem = problem.said("Nothing of it is shown.");
        return Err(problem.at(place.registry.as_str()));
    }
    let mut parts = parts.into_iter();
    let index = parts.next().ok_or_else(no_sense)?;
    Ok((index, parts.next().and_then(|blob| blob.dyn_into().ok())))
}

/// Reads a layer in a worker and gives what was found out, and the buffer with its index.
pub(in crate::jobs) async fn facts(
    place: &Place,
    job: &Job,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<(BlobFacts, Option<JsValue>), Problem> {
    let (facts, parts) = read_layer(place, job, 0, on_progress).await?;
    Ok((facts, parts.into_iter().next()))
}

async fn read_layer(
    place: &Place,
    job: &Job,
    keep: u64,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<(BlobFacts, Vec<JsValue>), Problem> {
    let descriptor = &job.descriptor;
    let diff_id = job.claims.iter().find_map(|claim| claim.diff_id.clone());
    let work = async |apart| {
        let (descriptor, subject) = (descriptor.clone(), job.subject().to_owned());
        let Readable { from, parts, slots } = bytes::find(place, &descriptor.digest).await?;
        let work = LayerWork { from, subject, descriptor, diff_id: diff_id.clone(), keep, apart };
        Ok(Order { work: Work::Layer(work), parts, slots })
    };
    let done = tab().pool.read_layer(descriptor.size, work, on_progress).await?;
    match done.outcome {
        Outcome::Layer(facts) => Ok((facts, done.parts)),
        _ => Err(no_sense()),
    }
}

/// Largest index that is remembered for later, in bytes.
const REMEMBERED: u32 = 32 << 20;

/// Keeps the index of a layer that was verified, so that its files open at once.
pub(in crate::jobs) async fn remember(digest: Digest, index: JsValue) {
    let size = js_sys::ArrayBuffer::from(index.clone()).byte_length();
    if size <= REMEMBERED {
        let _kept = ask(TreeCall::Remember(digest), vec![index]).await;
    }
}
