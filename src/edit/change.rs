//! What comes of a draft.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::document::Document;
use crate::edit::editable::is_provisional;
use crate::edit::image::Attached;
use crate::edit::pinned::Pinned;
use crate::edit::recipe::{Recipe, RecipeId};
use crate::finding::Finding;
use crate::media_type::Kind;
use crate::spec::{Config, Index, Manifest, View};

/// The result of a draft: everything that a repository must hold for the new image, and what is
/// worth knowing about it.
///
/// A pending change is complete but for what depends on layers that are still to be built. Such a
/// layer and every document above it have a [provisional](is_provisional) digest, under which
/// nothing can be pushed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Points to the new root.
    pub root: Descriptor,
    /// All documents, kept and new ones, each once and behind those that it points to.
    pub documents: Vec<ChangedDocument>,
    /// All other content, each once.
    pub blobs: Vec<NeededBlob>,
    /// Documents that refer to the new ones.
    pub referrers: Vec<NewReferrer>,
    /// What refers to documents that are no longer part of the image.
    pub lost: Vec<Lost>,
    /// What is odd about the edits or about what came of them.
    pub findings: Vec<Finding>,
    /// All recipes by which layers come about, with their names, each behind those that it takes
    /// layers from.
    pub recipes: Vec<(RecipeId, Recipe)>,
    /// Recipes that were built and are in no layer: nothing in theirs was to be done, or what they
    /// made was taken away again.
    pub idle: Vec<(RecipeId, Recipe)>,
    /// Those of them that have not been built.
    pub pending: Vec<RecipeId>,
    /// What the index lists and nobody has read: it is listed on as it was.
    pub unread: Vec<Descriptor>,
}

/// A document of the new image, and what it says.
#[derive(Clone, Debug)]
pub struct ChangedDocument {
    /// Its name, for people: `index`, `linux/amd64`, `config of linux/amd64`.
    pub label: String,
    /// The document.
    pub document: Arc<Document>,
    /// The document of the base that it comes from.
    pub before: Option<Arc<Document>>,
    /// What they say, read when it is first asked for: such a document may be long.
    views: [OnceLock<Arc<View>>; 2],
}

/// The same documents, known as the same; the views follow from them.
impl PartialEq for ChangedDocument {
    fn eq(&self, other: &Self) -> bool {
        (&self.label, &self.document, &self.before)
            == (&other.label, &other.document, &other.before)
    }
}

/// Content that is no document: layers, and the parts of artifacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeededBlob {
    /// The content.
    pub descriptor: Descriptor,
    /// Where its bytes come from.
    pub origin: Origin,
}

/// Where the bytes of a blob come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// From the repository of the base, as it is.
    Kept,
    /// From another image, as it is.
    Other(Pinned),
    /// It was built here, or is still to be built.
    Recipe(RecipeId),
    /// It is a file that the user supplies, or that is made with the documents.
    Supplied,
}

/// An artifact whose subject is a document of the new image.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReferrer {
    /// As a list of referrers has it: with type and annotations of the artifact.
    pub descriptor: Descriptor,
    /// What it is about.
    pub subject: Digest,
    /// Its config and its manifest.
    pub documents: Vec<Arc<Document>>,
    /// Its content.
    pub blobs: Vec<NeededBlob>,
}

/// A signature or another referrer that goes on to be about the old document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Name of the document, for people.
    pub label: String,
    /// The digest that it had.
    pub before: Digest,
    /// What is lost.
    pub attached: Attached,
}

impl Change {
    /// Whether layers are still to be built before anything can be pushed.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        is_provisional(&self.root.digest) || !self.pending.is_empty()
    }

    /// Whether the new root is another one than the base's.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.documents.last().is_none_or(|root| !root.is_kept())
    }

    /// The document with a digest; of two the first.
    #[must_use]
    pub fn document(&self, digest: &Digest) -> Option<&ChangedDocument> {
        self.documents.iter().find(|changed| changed.document.digest() == digest)
    }

    /// The bytes of a document of the change, or of one of its referrers.
    #[must_use]
    pub fn bytes(&self, digest: &Digest) -> Option<&Bytes> {
        let own = self.documents.iter().map(|changed| &changed.document);
        let referring = self.referrers.iter().flat_map(|referrer| &referrer.documents);
        let found = own.chain(referring).find(|document| document.digest() == digest);
        found.map(|document| document.bytes())
    }
}

impl ChangedDocument {
    /// A document, and the one of the base that it comes from.
    #[must_use]
    pub fn new(label: String, document: Arc<Document>, before: Option<Arc<Document>>) -> Self {
        Self { label, document, before, views: Default::default() }
    }

    /// What it says.
    #[must_use]
    pub fn view(&self) -> &View {
        let [view, _] = &self.views;
        view.get_or_init(|| Arc::new(read(&self.document)))
    }

    /// What the document of the base says that it comes from.
    #[must_use]
    pub fn view_before(&self) -> Option<&View> {
        let [_, view] = &self.views;
        let before = self.before.as_ref()?;
        Some(view.get_or_init(|| Arc::new(read(before))))
    }

    /// The view as index.
    #[must_use]
    pub fn index(&self) -> Option<&Index> {
        self.view().index()
    }

    /// The view as manifest.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.view().manifest()
    }

    /// The view as config.
    #[must_use]
    pub fn config(&self) -> Option<&Config> {
        self.view().config()
    }

    /// Whether it is the document of the base, byte for byte.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.before.as_ref().is_some_and(|before| before.digest() == self.document.digest())
    }

    /// Whether it names content that is still to be built.
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        is_provisional(self.document.digest())
    }
}

/// Reads a document as what its media type says. Of those that can be edited all others are configs,
/// under whatever type a manifest names them.
fn read(document: &Document) -> View {
    let view = match document.media_type().kind() {
        Kind::Index => Index::read(document, "index").0.map(View::Index),
        Kind::Manifest => Manifest::read(document, "manifest").0.map(View::Manifest),
        _ => Config::read(document, "config").0.map(View::Config),
    };
    view.unwrap_or(View::Raw)
}
