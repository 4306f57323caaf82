//! What becomes of a draft: its documents are loaded, its edits done, its layers built.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::edit::parcel::{ChangeParcel, ImageParcel, Known, ParcelError};
use drydock::edit::view::FormContext;
use drydock::edit::{
    self, Answer, Base, Change, Draft, Image, Made, Pinned, Recipe, RecipeId, StoredDraft, Time,
};
use drydock::image::Options;
use drydock::reference::{Reference, Target};
use drydock::source::{Fetched, Source as _};
use js_sys::Uint8Array;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast as _, JsValue};

use super::build::{self, Supplies};
use super::{Problem, ProblemKind, Progress, graph, no_sense, source, tab};
use crate::net::clock;
use crate::net::place::Place;
use crate::worker::pool::Done;
use crate::worker::port::{self, joined};
use crate::worker::protocol::{EditWork, Outcome, Work};

pub use crate::worker::protocol::View;

/// The documents that a draft starts from and names.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The base.
    pub image: Image,
    /// Other images, that edits name.
    pub bases: Vec<Image>,
    /// Which repository has what they are made of.
    pub places: BTreeMap<Digest, Place>,
    /// The documents of all of them.
    known: Known,
}

/// Loads the base of a draft, and all images that its edits name.
///
/// # Errors
/// When one of them can't be read, or is none that can be edited.
pub async fn load(draft: &Draft) -> Result<Sources, Problem> {
    let mut places = BTreeMap::new();
    let image = match &draft.base {
        Base::Image(pinned) => image(pinned, &mut places).await?,
        empty => empty.empty().ok_or_else(no_sense)?,
    };
    let mut bases = Vec::new();
    for pinned in draft.images() {
        bases.push(self::image(&pinned, &mut places).await?);
    }
    clock::let_others_run().await;
    let known = Known::of(std::iter::once(&image).chain(&bases));
    Ok(Sources { image, bases, places, known })
}

/// Pins what somebody typed: asks what it stands for now.
///
/// # Errors
/// When it is no reference, or there is no such image.
pub async fn pin(text: &str) -> Result<Pinned, Problem> {
    let reference = drydock::reference::from_pasted(text)
        .map_err(|error| Problem::new(ProblemKind::NotFound, format!("{error}.")))?
        .normalised();
    if let Some(digest) = reference.digest.clone() {
        return Ok(Pinned::new(reference, digest));
    }
    let fetched = root(&reference, &reference.target()).await?;
    Ok(Pinned::new(reference, fetched.digest))
}

/// Fetches a document by its reference, for edits that need more of it than its digest.
///
/// # Errors
/// When there is no such document, or the registry does not give it.
pub async fn root(reference: &Reference, target: &Target) -> Result<Fetched, Problem> {
    let source = source::open(&Place::from(reference)).await?;
    let fetched = source.root(target).await;
    fetched.map_err(|error| Problem::from(error).at(reference.registry.as_str()))
}

/// Does the edits with the layers that are built, in a worker; `view` says what is to be seen of the
/// result, if anything. Dropping the future stops it.
///
/// # Errors
/// When the worker ended before it was done.
pub async fn apply(
    kept: &StoredDraft,
    sources: &Sources,
    view: Option<View>,
) -> Result<Answer, Problem> {
    let now = i64::try_from(clock::unix_seconds()).ok().and_then(Time::from_unix);
    let images = std::iter::once(&sources.image).chain(&sources.bases);
    let (images, documents) = ImageParcel::pack(images);
    let work = EditWork {
        images,
        draft: kept.draft().clone(),
        built: kept.built.clone(),
        now: now.or_else(|| Time::from_unix(0)).unwrap_or_else(epoch),
        view,
    };
    let parts = vec![joined(&documents)];
    clock::let_others_run().await;
    let Done { outcome, parts } =
        tab().pool.in_edit_worker(Work::Edit(Box::new(work)), parts).await?;
    let Outcome::Edited(refused) = outcome else { return Err(no_sense()) };
    let mut answer = Answer { refused, ..Answer::default() };
    let mut parts = parts.into_iter();
    let Some(documents) = parts.next() else { return Ok(answer) };
    // Each of them may be long.
    let change: ChangeParcel = read(parts.next()).await?;
    let documents = Uint8Array::new(documents.unchecked_ref()).to_vec();
    let change = change.open(&documents.into(), &sources.known, kept.draft()).map_err(unlike)?;
    if let Some(seen) = parts.next() {
        answer.seen = Arc::new(read(Some(seen)).await?);
        let mut form: FormContext = read(parts.next()).await?;
        clock::let_others_run().await;
        form.take_texts(&change);
        answer.form = Some(Arc::new(form));
    }
    answer.change = Some(Arc::new(change));
    clock::let_others_run().await;
    Ok(answer)
}

/// The whole result of a draft all of whose edits must be done.
///
/// # Errors
/// As with [`apply`], and which edit can't be done.
pub async fn result(kept: &StoredDraft, sources: &Sources) -> Result<Arc<Change>, Problem> {
    let Answer { change, refused, .. } = apply(kept, sources, None).await?;
    match refused {
        Some(refused) => Err(Problem::new(ProblemKind::Content, refused.whole)),
        None => change.ok_or_else(no_sense),
    }
}

async fn read<T: DeserializeOwned>(part: Option<JsValue>) -> Result<T, Problem> {
    clock::let_others_run().await;
    part.and_then(|part| port::read(&part)).ok_or_else(no_sense)
}

fn unlike(error: ParcelError) -> Problem {
    Problem::new(ProblemKind::Content, format!("{error}."))
}

/// Builds the layers of a change that are not there yet, each once those are there that it takes.
/// `on_progress` is told which one is how far; `on_built` what came of it.
///
/// # Errors
/// When one can't be built. Those that were done before are kept.
pub async fn build(
    change: &Change,
    kept: &StoredDraft,
    sources: &Sources,
    on_progress: impl Fn(&RecipeId, Progress) + 'static,
    on_built: impl Fn(&RecipeId, &Made),
) -> Result<(), Problem> {
    let on_progress = Rc::new(on_progress);
    let build = async |id: &RecipeId, recipe: &Recipe, built| {
        let (places, contents) = (sources.places.clone(), kept.contents.clone());
        let (of, on_progress) = (id.clone(), Rc::clone(&on_progress));
        let told = move |progress| on_progress(&of, progress);
        build::build(recipe, &Supplies { places, contents, built }, told).await
    };
    edit::build_pending(change, &kept.built, build, on_built).await.map(drop)
}

async fn image(pinned: &Pinned, places: &mut BTreeMap<Digest, Place>) -> Result<Image, Problem> {
    let reference = Reference { tag: None, ..pinned.reference().clone() };
    let options = Options { referrers: true, ..Options::default() };
    let loaded = graph::load(&reference, options, async |_, _| {}).await;
    if let Some(problem) = loaded.problem {
        return Err(problem);
    }
    let place = Place::from(&reference);
    for node in loaded.graph.nodes() {
        if let Some(descriptor) = &node.descriptor {
            places.entry(descriptor.digest.clone()).or_insert_with(|| place.clone());
        }
    }
    Image::from_graph(&loaded.graph)
        .map_err(|error| Problem::new(ProblemKind::Content, format!("{error}.")))
}

fn epoch() -> Time {
    Time::from_unix(0).unwrap_or_else(|| unreachable!("1970 is a year that can be written"))
}
