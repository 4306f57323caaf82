//! One layer of a tree, read and checked in a worker.

use drydock::descriptor::Descriptor;
use drydock::digest::{DiffId, Digest};
use drydock::finding::Severity;
use drydock::image::lazy;
use drydock::inspect::media;
use drydock::layer::lazy::Lister;
use drydock::verify::{BlobFacts, Job, Outcome as Came, integrity};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::{Layer, LayerState, SociOf, Tree, ask};
use crate::jobs::bytes::{self, Located, Readable};
use crate::jobs::{Problem, ProblemKind, Progress, UNTOLD, no_sense, source, tab};
use crate::net::clock;
use crate::net::place::Place;
use crate::worker::pool::Order;
use crate::worker::protocol::{
    BlobFrom, LayerWork, ListWork, Listed, Outcome, RecallWork, Work, Ztoc,
};
use crate::worker::tree_job::TreeCall;

/// From how many bytes on it is worth asking the server what it keeps of a layer.
const WORTH_ASKING: u64 = 256 << 10;

/// Milliseconds from when a layer was read to when it is shared.
const SHARED_AFTER: u32 = 1000;

/// From how many bytes on a zTOC of a layer is worth looking for; tools make none of small ones.
const WORTH_ZTOC: u64 = 64 << 10;

/// What of a layer is wanted beside its record at the end.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::jobs) struct Wanted {
    /// Its tar, when that has no more bytes than this.
    pub(in crate::jobs) keep: u64,
    /// The SHA-256 of each file, as a part of the record.
    pub(in crate::jobs) file_digests: bool,
    /// Whether its tar is not wanted when the browser remembers it.
    pub(in crate::jobs) may_recall: bool,
    /// Its entries as they come.
    pub(in crate::jobs) at_once: bool,
    /// Only a list, where the layer has a table of contents.
    pub(in crate::jobs) may_list: bool,
}

/// Finds out what is in one layer, and gives that to the worker that holds the trees: from what this
/// browser remembers of it, unless its tar is wanted, or by reading and checking it.
pub(super) async fn read(
    tree: &Tree,
    place: usize,
    wanted: Wanted,
    on_progress: impl FnMut(Progress, Option<JsValue>) + 'static,
) -> Result<LayerState, Problem> {
    let label = format!("Layer {}", place + 1);
    let layer = tree.layers.get(place).ok_or_else(no_sense)?;
    let may_recall = wanted.keep == 0 || wanted.may_recall;
    if may_recall && recall(tree, &label, layer, wanted.file_digests).await? {
        return Ok(LayerState::Remembered);
    }
    if wanted.may_list {
        let listed = match list(tree, layer).await? {
            None => list_shared(tree, &label, layer).await?,
            listed => listed,
        };
        if let Some(listed) = listed {
            return Ok(LayerState::Listed(listed));
        }
    }
    let (index, tar) = checked(&label, layer, wanted, on_progress).await?;
    let digest = &layer.descriptor.digest;
    if let Some(tar) = tar {
        tree.kept.borrow_mut().insert(digest.clone(), tar);
    }
    ask(TreeCall::Keep(tree.id, digest.clone()), vec![index]).await?;
    Ok(LayerState::Verified)
}

/// Lists a layer by its table of contents, when it has one that can be used.
async fn list(tree: &Tree, layer: &Layer) -> Result<Option<Listed>, Problem> {
    let Layer { place, descriptor, soci, .. } = layer;
    let ztoc = match soci {
        Some(soci) if descriptor.size >= WORTH_ZTOC => {
            let source = source::open(place).await?;
            let SociOf { image, indexes } = &**soci;
            lazy::ztoc_among(&source, indexes, image, &descriptor.digest).await
        }
        _ => None,
    };
    if ztoc.is_none() && Lister::of(descriptor).is_none() {
        return Ok(None);
    }
    let mut blobs = vec![(place.clone(), descriptor.digest.clone())];
    blobs.extend(ztoc.iter().map(|(ztoc, _)| (place.clone(), ztoc.digest.clone())));
    let Readable { from, parts, slots: _slots } = bytes::find_all(Vec::new(), &blobs).await?;
    let mut from = from.into_iter();
    let of_layer = from.next().ok_or_else(no_sense)?;
    // What lies on a disk here is better read, and so verified.
    if !matches!(of_layer, BlobFrom::Registry(_)) {
        return Ok(None);
    }
    let ztoc = ztoc.zip(from.next());
    let ztoc = ztoc.map(|((descriptor, promise), from)| Ztoc { from, descriptor, promise });
    let (tree, descriptor) = (tree.id, descriptor.clone());
    let work = Work::List(Box::new(ListWork { tree, from: of_layer, descriptor, ztoc }));
    match tab().pool.in_tree_worker(work, parts, |_| {}).await?.outcome {
        Outcome::Listed(listed) => Ok(listed),
        _ => Err(no_sense()),
    }
}

/// Whether this browser has read the layer before, and what it found fits what is said of it.
async fn recall(
    tree: &Tree,
    label: &str,
    layer: &Layer,
    file_digests: bool,
) -> Result<bool, Problem> {
    let work = Work::Recall(RecallWork { file_digests, ..recall_work(tree, label, layer) });
    let done = tab().pool.in_tree_worker(work, Vec::new(), |_| {}).await?;
    Ok(matches!(done.outcome, Outcome::Recalled(true)))
}

/// Lists a layer by what the server keeps of it, when it does.
async fn list_shared(tree: &Tree, label: &str, layer: &Layer) -> Result<Option<Listed>, Problem> {
    if layer.descriptor.size < WORTH_ASKING || !is_shared().await {
        return Ok(None);
    }
    // What lies on a disk here is better read, and so verified.
    let located = bytes::locate(&layer.place, &layer.descriptor.digest).await?;
    if !matches!(located, Located::Registry(_)) {
        return Ok(None);
    }
    let work = Work::ListShared(recall_work(tree, label, layer));
    match tab().pool.in_tree_worker(work, Vec::new(), |_| {}).await?.outcome {
        Outcome::Listed(listed) => Ok(listed),
        _ => Err(no_sense()),
    }
}

/// Whether the server keeps what is found out about layers, and gives it to others.
pub async fn is_shared() -> bool {
    tab().registries.config().await.is_ok_and(|config| config.layer_cache)
}

fn recall_work(tree: &Tree, label: &str, layer: &Layer) -> RecallWork {
    RecallWork {
        tree: tree.id,
        file_digests: false,
        subject: label.to_lowercase(),
        descriptor: layer.descriptor.clone(),
        diff_id: layer.diff_id.clone(),
    }
}

/// The buffer with the index of a layer, or with all that is known of it: from the worker that holds the trees when it knows it,
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
            let layer = Layer { place, descriptor, diff_id, soci: None };
            Ok(checked(&label, &layer, Wanted::default(), |_, _| {}).await?.0)
        }
    }
}

/// Reads a layer to its end, compares it with all that is said of it, and gives its record; and its
/// tar, when that has no more bytes than are to be kept.
async fn checked(
    label: &str,
    layer: &Layer,
    wanted: Wanted,
    on_progress: impl FnMut(Progress, Option<JsValue>) + 'static,
) -> Result<(JsValue, Option<Blob>), Problem> {
    let Layer { place, descriptor, diff_id, .. } = layer;
    let is_told = descriptor.media_type.as_str() != UNTOLD;
    if is_told && let Some(why) = media::hidden(&descriptor.media_type) {
        let message = format!(
            "{label} {why} ({}), so that its files can't be read here.",
            descriptor.media_type
        );
        return Err(Problem::new(ProblemKind::Content, message).at(place.registry.as_str()));
    }
    let job = Job::layer(label.to_lowercase(), descriptor.clone(), diff_id.clone());
    let (facts, parts) = read_layer(place, &job, wanted, on_progress).await?;
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
    mut on_progress: impl FnMut(Progress) + 'static,
) -> Result<(BlobFacts, Option<JsValue>), Problem> {
    let on_progress = move |progress, _| on_progress(progress);
    let (facts, parts) = read_layer(place, job, Wanted::default(), on_progress).await?;
    Ok((facts, parts.into_iter().next()))
}

async fn read_layer(
    place: &Place,
    job: &Job,
    wanted: Wanted,
    on_progress: impl FnMut(Progress, Option<JsValue>) + 'static,
) -> Result<(BlobFacts, Vec<JsValue>), Problem> {
    let descriptor = &job.descriptor;
    let diff_id = job.claims.iter().find_map(|claim| claim.diff_id.clone());
    let work = async |apart| {
        let (descriptor, subject) = (descriptor.clone(), job.subject().to_owned());
        let Readable { from, parts, slots } = bytes::find(place, &descriptor.digest).await?;
        let (diff_id, Wanted { keep, file_digests, at_once, .. }) = (diff_id.clone(), wanted);
        // What lies on a disk here is read quickly enough.
        let remember = matches!(from, BlobFrom::Registry(_));
        let work = LayerWork {
            from,
            subject,
            descriptor,
            diff_id,
            keep,
            file_digests,
            apart,
            at_once,
            remember,
        };
        Ok(Order { work: Work::Layer(work), parts, slots })
    };
    let done = tab().pool.read_layer(descriptor.size, work, on_progress).await?;
    match done.outcome {
        Outcome::Layer(facts) => {
            if descriptor.size >= WORTH_ASKING {
                wasm_bindgen_futures::spawn_local(share(descriptor.digest.clone()));
            }
            Ok((facts, done.parts))
        }
        _ => Err(no_sense()),
    }
}

/// Gives the server what the browser remembers of a layer, where it keeps such things: after all that
/// somebody waits for.
async fn share(digest: Digest) {
    if !is_shared().await {
        return;
    }
    // It may be written to the disk only after the layer was said to be read.
    clock::sleep(SHARED_AFTER).await;
    let order =
        async || Ok(Order { work: Work::Share(digest), parts: Vec::new(), slots: Vec::new() });
    let _shared = tab().pool.read(0, order, |_| {}).await;
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
