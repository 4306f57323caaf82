//! A draft as an image: its new documents, and its layers wherever they are.
//!
//! With it every view works on what a draft gives, before anything is pushed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use drydock::digest::Digest;
use drydock::edit::{Alteration, Change, Content, Contents, Made, RecipeId, StoredDraft};
use drydock::reference::Repository;
use drydock::transfer::Drafted;

use super::drafts::{self, no_draft};
use super::edit::Sources;
use super::{Problem, edit};
use crate::net::place::Place;

/// The drafts that were opened as images in this tab.
#[derive(Debug, Default)]
pub struct Previews(RefCell<BTreeMap<Repository, Rc<Preview>>>);

/// What a draft gives.
#[derive(Debug)]
pub struct Preview {
    drafted: Rc<Drafted>,
    places: BTreeMap<Digest, Place>,
    base: Option<Place>,
    contents: Contents,
    /// Layers that were built here, and are nowhere else.
    built: BTreeSet<Digest>,
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
        let mut kept = drafts::load(name.as_str()).await?.ok_or_else(no_draft)?;
        let sources = edit::load(kept.draft()).await?;
        let change = edit::result(&kept, &sources).await?;
        let change = match change.is_pending() {
            true => built(name, &mut kept, &sources, &change).await?,
            false => change,
        };
        let base = kept.draft().base.image().map(|it| Place::from(it.reference()));
        let preview = Rc::new(Preview {
            drafted: Rc::new(Drafted::new(&change)),
            places: sources.places,
            base,
            built: kept.built.values().map(|layer| layer.digest.clone()).collect(),
            contents: kept.contents,
        });
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
    /// Its documents.
    pub(super) fn drafted(&self) -> &Rc<Drafted> {
        &self.drafted
    }

    /// Where a blob is that is not on disk under its own digest.
    pub(super) fn blob(&self, digest: &Digest) -> Option<BlobOf> {
        if let Some(bytes) = self.drafted.bytes(digest) {
            return Some(BlobOf::Here(bytes.clone()));
        }
        if let Some(content) = self.contents.get(digest) {
            return Some(BlobOf::Part(content.clone()));
        }
        if self.built.contains(digest) {
            return None;
        }
        let place = self.places.get(digest).or(self.base.as_ref());
        place.cloned().map(BlobOf::Place)
    }
}

/// Builds what is still to be built, and keeps it for the next time.
async fn built(
    name: &Repository,
    kept: &mut StoredDraft,
    sources: &Sources,
    change: &Change,
) -> Result<Arc<Change>, Problem> {
    let made = RefCell::new(Vec::new());
    let on_built = |id: &RecipeId, one: &Made| {
        made.borrow_mut().push(Alteration::Built(id.clone(), one.clone()));
    };
    edit::build(change, kept, sources, |_, _| {}, on_built).await?;
    let made = made.into_inner();
    let take = |kept: &mut StoredDraft| {
        for built in &made {
            let _done = kept.alter(built, kept.changed);
        }
    };
    take(kept);
    drafts::alter((name.to_string(), None), |draft| {
        take(draft);
        Ok(())
    })
    .await?;
    edit::result(kept, sources).await
}
