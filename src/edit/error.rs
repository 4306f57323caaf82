//! Why an edit can't be done.

use crate::digest::Digest;
use crate::edit::compare::Difference;
use crate::edit::draft::Draft;
use crate::edit::pinned::Pinned;
use crate::edit::recipe::RecipeId;
use crate::edit::scope::Scope;
use crate::finding::Finding;
use crate::limits;
use crate::media_type::MediaType;

/// Why a draft has no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EditError {
    /// The draft was written by a version that this one does not know.
    #[error("The draft has the version {0}, but only version {version} can be read here; use a newer Drydock", version = Draft::VERSION)]
    Version(u32),
    /// The draft has more edits than are done.
    #[error("The draft has {0} edits; at most {limit} are done", limit = limits::DRAFT_EDITS)]
    TooMany(usize),
    /// The documents are not those of the draft's base.
    #[error("The draft starts from {expected}, but {actual} was given")]
    Base {
        /// The digest of the draft's base.
        expected: Digest,
        /// The digest of what was given.
        actual: Digest,
    },
    /// One edit can't be done.
    #[error("Edit {edit}, {summary}, can't be done on the {label}: {reason}")]
    Edit {
        /// Its number, counted from 1.
        edit: usize,
        /// What it would do.
        summary: String,
        /// What it was to be done to.
        label: String,
        /// Why.
        reason: Reason,
    },
    /// The edits are done, but what comes of them is no good.
    #[error("The {label} that comes of the edits is of no use: {reason}")]
    Result {
        /// What it is.
        label: String,
        /// Why.
        reason: Reason,
    },
}

/// Why something can't be done.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Reason {
    /// No image is in the scope.
    #[error("there is no image for {0}")]
    NoImage(Scope),
    /// An image in the scope was not loaded.
    #[error("it was not loaded ({0}); load it, or choose the platforms that the edit is for")]
    Unread(String),
    /// The manifest is an artifact's, whose config and content are its own affair.
    #[error(
        "it is no container image but an artifact of the type {0}, whose config and layers are not Drydock's to change"
    )]
    Artifact(String),
    /// There is no index.
    #[error("it is no index; create one first")]
    NoIndex,
    /// There is an index already.
    #[error("it is an index already")]
    IsIndex,
    /// The index does not list what was to be changed.
    #[error("the index does not list {0}")]
    NotListed(Digest),
    /// Nothing would be left.
    #[error("nothing in the index is for {0}, so that it would be empty")]
    NothingLeft(Scope),
    /// The document can't be changed, as readers may differ in what it says.
    #[error("its JSON is not clear: {}", .0.first().map_or("it can't be read", |finding| &finding.message))]
    Json(Vec<Finding>),
    /// A value is not of the form that it must have.
    #[error("{what} can't be \"{text}\": expected {expected}")]
    Value {
        /// What it was for.
        what: &'static str,
        /// The value, cut.
        text: String,
        /// What it must look like.
        expected: &'static str,
    },
    /// There is no such layer.
    #[error("there is no layer {layer}; it has {count}")]
    NoLayer {
        /// The number that was given.
        layer: usize,
        /// How many there are.
        count: usize,
    },
    /// The layers don't form a range.
    #[error("layers {0} to {1} are no range; the first must not come behind the last")]
    Range(usize, usize),
    /// The layer is no tar.
    #[error("layer {layer} is of the type {media_type}, which is no tar that can be written anew")]
    LayerType {
        /// Its number.
        layer: usize,
        /// Its type.
        media_type: MediaType,
    },
    /// A layer's descriptor has no usable digest or size, or the config no diff ID for it.
    #[error("layer {0} has no usable digest, size or diff ID")]
    LayerFacts(usize),
    /// The config names another number of diff IDs than the manifest has layers.
    #[error(
        "the manifest has {layers} layers, but the config names {diff_ids} diff IDs; which belongs to which is not certain"
    )]
    DiffIds {
        /// Number of layers.
        layers: usize,
        /// Number of diff IDs.
        diff_ids: usize,
    },
    /// The history does not say which layer is whose.
    #[error("its history does not say which step made which layer")]
    NoHistory,
    /// Nothing was made by such a command.
    #[error("no layer was made by a command with \"{0}\" in it")]
    NotMadeBy(String),
    /// The documents of a base were not given.
    #[error("the base {0} was not loaded")]
    BaseUnread(Box<Pinned>),
    /// A base has no image for the platform.
    #[error("the base {base} has no image for {platform}")]
    BasePlatform {
        /// The base.
        base: Box<Pinned>,
        /// The platform.
        platform: String,
    },
    /// The image was not made from the old base.
    #[error("it was not made from {base}: {difference}")]
    NotBasedOn {
        /// The old base.
        base: Box<Pinned>,
        /// Where they part.
        difference: Box<Difference>,
    },
    /// Docker's manifests have no layers with zstd.
    #[error(
        "layer {0} has zstd compression, which Docker's media types do not have; recompress it, or convert the image to OCI"
    )]
    DockerZstd(usize),
    /// The raw manifest names another config.
    #[error(
        "the manifest names the config {actual}, but the image has {expected}; edit the config itself, or write the text anew"
    )]
    RawConfig {
        /// The config of the image.
        expected: String,
        /// The one in the text.
        actual: String,
    },
    /// The raw text lists other layers than edits before it have left.
    #[error(
        "the text lists other layers than the edits before it have left; change layers by edits of layers, or put this edit before them"
    )]
    RawLayers,
    /// The raw text is another kind of document.
    #[error("the text is {actual}, but {expected} is needed")]
    RawKind {
        /// What it must be.
        expected: &'static str,
        /// What it is.
        actual: String,
    },
    /// A raw text can only be one image's.
    #[error("{0} images are for {1}; a text can only be one image's, so choose one platform")]
    RawScope(usize, Scope),
    /// What was built is not what the recipe says.
    #[error("what was built for {recipe} has the diff ID {actual}, but must have {expected}")]
    Built {
        /// The recipe.
        recipe: RecipeId,
        /// The diff ID that it must have.
        expected: String,
        /// The diff ID that it has.
        actual: String,
    },
    /// An artifact without a usable type.
    #[error(
        "\"{0}\" is no type for an artifact: expected type/subtype (RFC 6838), and not the empty type"
    )]
    ArtifactType(String),
    /// The document is larger than registries take.
    #[error("it has {0} bytes, but registries take at most {limit}", limit = limits::DOCUMENT_BYTES)]
    TooLarge(u64),
    /// The document becomes nested too deep.
    #[error("it can't be read again: {0}")]
    Unreadable(String),
}

/// A reason with the name of what it is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    pub(super) label: Option<String>,
    pub(super) reason: Reason,
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self { label: None, reason }
    }
}

impl Reason {
    pub(super) fn of(self, label: &str) -> Failure {
        Failure { label: Some(label.to_owned()), reason: self }
    }

    pub(super) fn value(what: &'static str, text: &str, expected: &'static str) -> Self {
        Self::Value { what, text: text.chars().take(100).collect(), expected }
    }
}
