//! A draft as an image: its new documents, and its layers wherever they are.
//!
//! With it every view works on what a draft gives, before anything is pushed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::edit::{Base, Change, RecipeId};
use drydock::media_type::MediaType;
use drydock::reference::{Repository, Target};
use drydock::source::Fetched;
use http::HeaderMap;

use super::build::Made;
use super::drafts::{self, Content, Kept, no_draft};
use super::edit::Sources;
use super::{Problem, ProblemKind, edit};
use crate::net::place::Place;

/// The drafts that were opened as images in this tab.
#[derive(Debug, Default)]
pub struct Previews(RefCell<BTreeMap<Repository, Rc<Preview>>>);

/// What a draft gives.
#[derive(Debug)]
pub struct Preview {
    root: Descriptor,
    documents: BTreeMap<Digest, (MediaType, Bytes)>,
    places: BTreeMap<Digest, Place>,
    base: Option<Place>,
    contents: BTreeMap<Digest, Content>,
}

/// Where a blob of a draft is.
#[derive(Debug)]
pub(super) enum BlobOf {
    /// A document of the draft itself.
    Here(Bytes),
    /// A part of a blob on disk.
    Part(Content),
    /// In another place.
    Place(Place),
}

impl Previews {
    /// Opens a draft as an image.
    ///
    /// # Errors
    /// When there is no such draft, its images can't be loaded, an edit can't be done, or a layer
    /// can't be built.
    pub async fn open(&self, name: &Repository) -> Result<Rc<Preview>, Problem> {
        let kept = drafts::load(name.as_str()).await?.ok_or_else(no_draft)?;
        let sources = edit::load(kept.draft()).await?;
        let change = edit::apply(&kept, &sources)
            .map_err(|error| Problem::new(ProblemKind::Content, format!("{error}.")))?;
        let change = match change.is_pending() {
            true => built(name, &kept, &sources, &change).await?,
            false => change,
        };
        let base = match &kept.draft().base {
            Base::Image(pinned) => Some(Place::from(pinned.reference())),
            Base::Empty { .. } | Base::EmptyIndex { .. } => None,
        };
        let preview = Rc::new(Preview::new(&change, sources.places, base, kept.contents));
        self.0.borrow_mut().insert(name.clone(), Rc::clone(&preview));
        Ok(preview)
    }

    /// A draft that was opened as an image.
    ///
    /// # Errors
    /// When it was not.
    pub(super) fn get(&self, name: &Repository) -> Result<Rc<Preview>, Problem> {
        self.0.borrow().get(name).cloned().ok_or_else(no_draft)
    }
}

impl Preview {
    fn new(
        change: &Change,
        places: BTreeMap<Digest, Place>,
        base: Option<Place>,
        contents: BTreeMap<Digest, Content>,
    ) -> Self {
        let own = change.documents.iter().map(|changed| &changed.document);
        let referring = change.referrers.iter().flat_map(|referrer| &referrer.documents);
        let documents = own.chain(referring).map(|document| {
            let content = (document.media_type().clone(), document.bytes().clone());
            (document.digest().clone(), content)
        });
        Self { root: change.root.clone(), documents: documents.collect(), places, base, contents }
    }

    /// The root, or a document by its digest.
    pub(super) fn document(&self, target: &Target) -> Result<Fetched, Problem> {
        let digest = match target {
            Target::Tag(_) => &self.root.digest,
            Target::Digest(digest) => digest,
        };
        let missing = || {
            let message = format!("The draft has no document {digest}.");
            Problem::new(ProblemKind::NotFound, message)
        };
        let (media_type, bytes) = self.documents.get(digest).cloned().ok_or_else(missing)?;
        let verified = drydock::descriptor::verify_digest(digest, bytes);
        let bytes = verified.map_err(|mismatch| {
            Problem::new(ProblemKind::Content, format!("The draft is damaged: {mismatch}."))
        })?;
        Ok(Fetched {
            bytes,
            digest: digest.clone(),
            media_type: Some(media_type),
            headers: HeaderMap::new(),
            findings: Vec::new(),
        })
    }

    /// Where a blob is that is not on disk under its own digest.
    pub(super) fn blob(&self, digest: &Digest) -> Option<BlobOf> {
        if let Some((_, bytes)) = self.documents.get(digest) {
            return Some(BlobOf::Here(bytes.clone()));
        }
        if let Some(content) = self.contents.get(digest) {
            return Some(BlobOf::Part(content.clone()));
        }
        let place = self.places.get(digest).or(self.base.as_ref());
        place.cloned().map(BlobOf::Place)
    }
}

/// Builds what is still to be built, and keeps it for the next time.
async fn built(
    name: &Repository,
    kept: &Kept,
    sources: &Sources,
    change: &Change,
) -> Result<Change, Problem> {
    let made = RefCell::new(BTreeMap::new());
    let on_built = |id: &RecipeId, one: &Made| {
        made.borrow_mut().insert(id.clone(), one.clone());
    };
    edit::build(change, kept, sources, |_, _| {}, on_built).await?;
    let mut kept = kept.clone();
    let made = made.into_inner();
    kept.take_built(&made);
    drafts::alter((name.to_string(), None), |draft| {
        draft.take_built(&made);
        true
    })
    .await?;
    edit::apply(&kept, sources)
        .map_err(|error| Problem::new(ProblemKind::Content, format!("{error}.")))
}
