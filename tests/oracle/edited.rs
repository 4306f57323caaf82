//! Drafts carried out as the page does it: applied, their layers built, applied again.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bytes::Bytes;
use drydock::digest::Digest;
use drydock::edit::{
    Action, Base, BaseAnnotations, Built, Change, Context, Draft, Edit, EditError, Image,
    LayerEdit, LayerInput, Packing, Pinned, Recipe, RecipeId, apply, build_pending,
};
use drydock::layer::write::MakeError;
use serde_json::json;

use crate::images::Whole;
use crate::recipes::Builder;
use crate::write_support::now;

/// The moment that new steps of the history bear.
pub(crate) const NOW: &str = "2024-05-01T12:00:00Z";
/// Bytes that are read and written at once, where that is not what is tested.
const CHUNK: usize = 64 << 10;

/// What came of a draft.
pub(crate) struct Product {
    pub(crate) whole: Whole,
    pub(crate) change: Change,
}

/// A draft, and what it needs.
pub(crate) struct Work<'a> {
    pub(crate) draft: Draft,
    /// The image that it starts from, when it is none of the empty ones.
    pub(crate) base: Option<&'a Whole>,
    /// Other images that it names.
    pub(crate) others: Vec<&'a Whole>,
    pub(crate) files: Vec<Vec<u8>>,
    pub(crate) chunk: usize,
}

impl<'a> Work<'a> {
    /// Edits of all images of a base.
    pub(crate) fn on(
        base: &'a Whole,
        pinned: &Pinned,
        actions: impl IntoIterator<Item = Action>,
    ) -> Self {
        let edits = actions.into_iter().map(Edit::all).collect();
        let draft = Draft { edits, ..Draft::new(Base::Image(pinned.clone())) };
        Self { base: Some(base), ..Self::of(draft) }
    }

    pub(crate) fn of(draft: Draft) -> Self {
        Self { draft, base: None, others: Vec::new(), files: Vec::new(), chunk: CHUNK }
    }

    pub(crate) fn with_file(mut self, file: &[u8]) -> Self {
        self.files.push(file.to_vec());
        self
    }

    pub(crate) fn with_images(mut self, others: &[&'a Whole]) -> Self {
        self.others.extend(others);
        self
    }

    /// The product; it is judged by nobody yet.
    #[track_caller]
    pub(crate) fn done(&self) -> Product {
        self.result().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Why it can't be done.
    #[track_caller]
    pub(crate) fn refused(&self) -> String {
        self.result().err().expect("edits that can't be done").to_string()
    }

    fn result(&self) -> Result<Product, EditError> {
        let image = self
            .base
            .map_or_else(|| self.draft.base.empty().expect("an empty base"), |base| base.image());
        let bases: Vec<Image> = self.others.iter().map(|other| other.image()).collect();
        let change = self.apply(&image, &bases, &Built::new())?;
        let builder = Builder { content: self.content(), built: Built::new(), chunk: self.chunk };
        let builder = RefCell::new(builder);
        let build = async |id: &RecipeId, recipe: &Recipe, _| {
            Ok::<_, MakeError>(builder.borrow_mut().build(id, recipe))
        };
        let built = now(build_pending(&change, &Built::new(), build, |_, _| {}));
        let change = self.apply(&image, &bases, &built.expect("layers"))?;
        assert!(!change.is_pending(), "{:?}", change.pending);
        let builder = builder.into_inner();
        Ok(Product { whole: whole(&change, &builder.content), change })
    }

    fn apply(&self, image: &Image, bases: &[Image], built: &Built) -> Result<Change, EditError> {
        let now = NOW.parse().expect("a time");
        apply(image, &self.draft, &Context { built, now, bases })
    }

    /// Layers of the images, and the files.
    fn content(&self) -> BTreeMap<Digest, Bytes> {
        let stores = self.base.iter().chain(&self.others).flat_map(|whole| &whole.store.content);
        let mut content: BTreeMap<Digest, Bytes> =
            stores.map(|(digest, (bytes, _))| (digest.clone(), bytes.clone())).collect();
        for file in &self.files {
            content.insert(Digest::sha256(file), Bytes::copy_from_slice(file));
        }
        content
    }
}

/// Everything that a change needs at its target, and nothing else.
fn whole(change: &Change, content: &BTreeMap<Digest, Bytes>) -> Whole {
    let mut whole = Whole { store: Default::default(), root: json!(null) };
    let referring = change.referrers.iter();
    for needed in change.blobs.iter().chain(referring.clone().flat_map(|one| &one.blobs)) {
        let descriptor = &needed.descriptor;
        let bytes = content[&descriptor.digest].clone();
        assert_eq!(bytes.len() as u64, descriptor.size);
        whole.store.put(descriptor.media_type.as_str(), bytes);
    }
    let documents = change.documents.iter().map(|changed| &changed.document);
    for document in documents.chain(referring.flat_map(|one| &one.documents)) {
        whole.store.put(document.media_type().as_str(), document.bytes().clone());
    }
    whole.root = json!(change.root);
    whole
}

/// Adds a file that is a layer.
pub(crate) fn add(file: &[u8], packing: Packing) -> Action {
    let (digest, size) = (Digest::sha256(file), file.len() as u64);
    let layer = LayerInput::Given { name: "layer.tar".to_owned(), digest, size, packing };
    Action::Layers(LayerEdit::Add { layer, base: BaseAnnotations::default() })
}

impl Product {
    /// The labels of findings.
    pub(crate) fn rules(&self) -> Vec<&str> {
        self.change.findings.iter().map(|finding| &*finding.rule).collect()
    }
}
