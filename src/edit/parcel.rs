//! An image, and what becomes of it, on their way to where edits are done and back.
//!
//! Documents travel apart from what hangs them together: their bytes one behind the other, each
//! once, and none that the other side has. Entries of new layers, of which there may be 50 000, stay in
//! the draft, which both sides have. Whoever opens a parcel compares documents with their digests.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::descriptor::{Descriptor, identify, verify_digest};
use crate::digest::Digest;
use crate::document::Document;
use crate::edit::change::{Change, ChangedDocument, Lost, NeededBlob, NewReferrer};
use crate::edit::draft::Draft;
use crate::edit::editable::is_provisional;
use crate::edit::image::{Attached, Image, Parts};
use crate::edit::patch;
use crate::edit::recipe::{Recipe, RecipeId};
use crate::finding::Finding;
use crate::media_type::MediaType;

/// A parcel does not hold what it says, or names documents that are not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The documents of an image arrived other than they were sent")]
pub struct ParcelError;

/// Documents that both sides have.
#[derive(Clone, Debug, Default)]
pub struct Known(BTreeMap<(Digest, MediaType), Arc<Document>>);

/// Images without the bytes of their documents.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImageParcel {
    heads: Vec<Head>,
    images: Vec<PackedImage>,
}

/// A change without the bytes of its documents.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChangeParcel {
    heads: Vec<Head>,
    root: Descriptor,
    documents: Vec<PackedDocument>,
    blobs: Vec<NeededBlob>,
    referrers: Vec<PackedReferrer>,
    lost: Vec<Lost>,
    findings: Vec<Finding>,
    recipes: Vec<(RecipeId, PackedRecipe)>,
    idle: Vec<(RecipeId, PackedRecipe)>,
    pending: Vec<RecipeId>,
    unread: Vec<Descriptor>,
}

/// What a document is.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    digest: Digest,
    media_type: MediaType,
    /// Its bytes; `None` where the other side has them.
    size: Option<usize>,
}

/// Documents are named by their place among the heads.
#[derive(Debug, Serialize, Deserialize)]
struct PackedImage {
    document: usize,
    parts: PackedParts,
    attached: Vec<Attached>,
    fresh: bool,
}

#[derive(Debug, Serialize, Deserialize)]
enum PackedParts {
    Index { children: Vec<PackedImage>, unread: BTreeMap<Digest, String> },
    Manifest { config: Option<usize> },
}

#[derive(Debug, Serialize, Deserialize)]
struct PackedDocument {
    label: String,
    document: usize,
    before: Option<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PackedReferrer {
    descriptor: Descriptor,
    subject: Digest,
    documents: Vec<usize>,
    blobs: Vec<NeededBlob>,
}

/// A recipe; of one that writes the entries of an edit these are left out.
#[derive(Debug, Serialize, Deserialize)]
enum PackedRecipe {
    Whole(Recipe),
    /// The recipe without entries, and the number of the edit, from 0, that has them.
    OfEdit(Recipe, usize),
}

impl Known {
    /// The documents of images.
    pub fn of<'a>(images: impl IntoIterator<Item = &'a Image>) -> Self {
        let mut known = Self::default();
        images.into_iter().for_each(|image| known.take(image));
        known
    }

    fn take(&mut self, image: &Image) {
        self.put(&image.document);
        match &image.parts {
            Parts::Index { children, .. } => children.values().for_each(|child| self.take(child)),
            Parts::Manifest { config } => config.iter().for_each(|config| self.put(config)),
        }
    }

    fn put(&mut self, document: &Arc<Document>) {
        self.0.entry(key(document)).or_insert_with(|| Arc::clone(document));
    }
}

impl ImageParcel {
    /// Packs images; their bytes go beside it, one document behind the other.
    pub fn pack<'a>(images: impl IntoIterator<Item = &'a Image>) -> (Self, Vec<Bytes>) {
        let known = Known::default();
        let mut packer = Packer::new(&known);
        let images = images.into_iter().map(|image| packer.image(image)).collect();
        let Packer { heads, bytes, .. } = packer;
        (Self { heads, images }, bytes)
    }

    /// The images again.
    ///
    /// # Errors
    /// When the bytes are not those that were sent.
    pub fn open(self, bytes: &Bytes) -> Result<Vec<Image>, ParcelError> {
        let documents = documents(&self.heads, bytes, &Known::default())?;
        self.images.into_iter().map(|image| image.open(&documents)).collect()
    }
}

impl ChangeParcel {
    /// Packs the change that a draft gives; the bytes of documents that are not known go beside it, one
    /// behind the other.
    #[must_use]
    pub fn pack(change: Change, known: &Known, draft: &Draft) -> (Self, Vec<Bytes>) {
        let mut packer = Packer::new(known);
        let documents = change.documents.iter().map(|changed| PackedDocument {
            label: changed.label.clone(),
            document: packer.place(&changed.document),
            before: changed.before.as_ref().map(|before| packer.place(before)),
        });
        let documents = documents.collect();
        let referrers = change.referrers.into_iter().map(|new| PackedReferrer {
            documents: new.documents.iter().map(|document| packer.place(document)).collect(),
            descriptor: new.descriptor,
            subject: new.subject,
            blobs: new.blobs,
        });
        let referrers = referrers.collect();
        let Packer { heads, bytes, .. } = packer;
        let Change { root, blobs, lost, findings, recipes, idle, pending, unread, .. } = change;
        let packed = |recipes: Vec<(RecipeId, Recipe)>| {
            let recipes = recipes.into_iter();
            recipes.map(|(id, recipe)| (id, PackedRecipe::pack(recipe, draft))).collect()
        };
        let (recipes, idle) = (packed(recipes), packed(idle));
        let parcel = Self {
            heads,
            root,
            documents,
            blobs,
            referrers,
            lost,
            findings,
            recipes,
            idle,
            pending,
            unread,
        };
        (parcel, bytes)
    }

    /// The change again, with the documents and the draft of this side.
    ///
    /// # Errors
    /// When the bytes are not those that were sent, a document is not known here, or the draft is
    /// another one.
    pub fn open(self, bytes: &Bytes, known: &Known, draft: &Draft) -> Result<Change, ParcelError> {
        let all = documents(&self.heads, bytes, known)?;
        let document = |at: usize| all.get(at).cloned().ok_or(ParcelError);
        let changed = self.documents.into_iter().map(|packed| {
            let before = packed.before.map(document).transpose()?;
            Ok(ChangedDocument::new(packed.label, document(packed.document)?, before))
        });
        let documents = changed.collect::<Result<_, ParcelError>>()?;
        let referrers = self.referrers.into_iter().map(|packed| {
            Ok(NewReferrer {
                descriptor: packed.descriptor,
                subject: packed.subject,
                documents: packed.documents.into_iter().map(document).collect::<Result<_, _>>()?,
                blobs: packed.blobs,
            })
        });
        let referrers = referrers.collect::<Result<_, ParcelError>>()?;
        let Self { root, blobs, lost, findings, recipes, idle, pending, unread, .. } = self;
        let opened = |recipes: Vec<(RecipeId, PackedRecipe)>| {
            let recipes = recipes.into_iter();
            recipes.map(|(id, recipe)| Ok((id, recipe.open(draft)?))).collect::<Result<_, _>>()
        };
        let (recipes, idle) = (opened(recipes)?, opened(idle)?);
        Ok(Change {
            root,
            documents,
            blobs,
            referrers,
            lost,
            findings,
            recipes,
            idle,
            pending,
            unread,
        })
    }
}

impl PackedRecipe {
    fn pack(mut recipe: Recipe, draft: &Draft) -> Self {
        let Recipe::Files { entries, .. } = &mut recipe else { return Self::Whole(recipe) };
        let of_edit = draft.edits.iter().position(|edit| {
            patch::entries(&edit.action).is_some_and(|others| Arc::ptr_eq(others, entries))
        });
        match of_edit {
            Some(edit) => {
                *entries = Arc::default();
                Self::OfEdit(recipe, edit)
            }
            None => Self::Whole(recipe),
        }
    }

    fn open(self, draft: &Draft) -> Result<Recipe, ParcelError> {
        let (mut recipe, edit) = match self {
            Self::Whole(recipe) => return Ok(recipe),
            Self::OfEdit(recipe, edit) => (recipe, draft.edits.get(edit).ok_or(ParcelError)?),
        };
        let Recipe::Files { entries, .. } = &mut recipe else { return Err(ParcelError) };
        *entries = Arc::clone(patch::entries(&edit.action).ok_or(ParcelError)?);
        Ok(recipe)
    }
}

struct Packer<'k> {
    known: &'k Known,
    places: BTreeMap<(Digest, MediaType), usize>,
    heads: Vec<Head>,
    bytes: Vec<Bytes>,
}

impl<'k> Packer<'k> {
    fn new(known: &'k Known) -> Self {
        Self { known, places: BTreeMap::new(), heads: Vec::new(), bytes: Vec::new() }
    }

    fn image(&mut self, image: &Image) -> PackedImage {
        let parts = match &image.parts {
            Parts::Index { children, unread } => PackedParts::Index {
                children: children.values().map(|child| self.image(child)).collect(),
                unread: unread.clone(),
            },
            Parts::Manifest { config } => {
                PackedParts::Manifest { config: config.as_ref().map(|it| self.place(it)) }
            }
        };
        let document = self.place(&image.document);
        PackedImage { document, parts, attached: image.attached.clone(), fresh: image.fresh }
    }

    /// The place of a document among the heads.
    fn place(&mut self, document: &Arc<Document>) -> usize {
        let key = key(document);
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let is_known = self.known.0.contains_key(&key);
        let bytes = document.bytes();
        let size = (!is_known).then_some(bytes.len());
        let (digest, media_type) = key.clone();
        self.heads.push(Head { digest, media_type, size });
        self.bytes.extend(size.map(|_| bytes.clone()));
        let place = self.heads.len() - 1;
        self.places.insert(key, place);
        place
    }
}

impl PackedImage {
    fn open(self, documents: &[Arc<Document>]) -> Result<Image, ParcelError> {
        let document = |at: usize| documents.get(at).cloned().ok_or(ParcelError);
        let parts = match self.parts {
            PackedParts::Index { children, unread } => {
                let children = children.into_iter().map(|child| {
                    let child = child.open(documents)?;
                    Ok((child.digest().clone(), child))
                });
                Parts::Index { children: children.collect::<Result<_, ParcelError>>()?, unread }
            }
            PackedParts::Manifest { config } => {
                Parts::Manifest { config: config.map(document).transpose()? }
            }
        };
        let document = document(self.document)?;
        Ok(Image { document, parts, attached: self.attached, fresh: self.fresh })
    }
}

fn key(document: &Document) -> (Digest, MediaType) {
    (document.digest().clone(), document.media_type().clone())
}

/// Takes the documents that heads name, out of their bytes or from those that are known.
fn documents(
    heads: &[Head],
    bytes: &Bytes,
    known: &Known,
) -> Result<Vec<Arc<Document>>, ParcelError> {
    let mut rest = bytes.clone();
    let one = |head: &Head| {
        let Head { digest, media_type, size } = head;
        let Some(size) = *size else {
            let key = (digest.clone(), media_type.clone());
            return known.0.get(&key).cloned().ok_or(ParcelError);
        };
        if size > rest.len() {
            return Err(ParcelError);
        }
        let own = rest.split_to(size);
        let verified = match is_provisional(digest) {
            true => identify(own).1,
            false => verify_digest(digest, own).map_err(|_| ParcelError)?,
        };
        Ok(Arc::new(Document::unread(&verified, digest.clone(), media_type.clone())))
    };
    heads.iter().map(one).collect()
}
