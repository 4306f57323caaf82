//! What is there to see of an image, as far as it has been read?
//!
//! An [`ImageModel`] is made of a [`Graph`] that may still grow. Of one that has grown a new model is
//! made out of the one before: what did not change in the graph is shared, and not read again.

mod content;
mod documents;
mod unread;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::digest::Digest;
use crate::finding::Severity;
use crate::image::{
    Face, Graph, Node, NodeId, PlatformEntry, Role, default_platform, face, find_platform,
    index_face, platforms,
};
use crate::reference::Reference;
use crate::spec::View;

pub use content::{ContentModel, Label, LayerModel, Setting, StepModel};
pub use documents::{DocumentContent, DocumentModel, title};
pub use unread::{Reading, Unread, unread};

/// Response headers of documents, by digest.
pub type Headers = BTreeMap<Digest, Vec<(String, String)>>;

/// What the root document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootKind {
    /// An index or manifest list.
    Index,
    /// The manifest of one image.
    Image,
    /// A manifest whose content is no file system; with its type.
    Artifact(String),
    /// Docker's old manifest; recognised and explained.
    Schema1,
    /// Something else, with its media type.
    Other(String),
}

/// What is known beside the graph.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// The reference as it was asked for.
    pub reference: &'a Reference,
    /// The header fields that came with documents.
    pub headers: &'a Headers,
    /// What the registry warns of.
    pub warnings: &'a [String],
    /// Whether documents are still on their way.
    pub growing: bool,
}

/// An image, as far as it has been read.
#[derive(Clone, Debug)]
pub struct ImageModel {
    /// As it was asked for.
    pub reference: Reference,
    /// Digest of the root document.
    pub digest: Digest,
    /// What the root document is.
    pub what: RootKind,
    /// What there is to see of it, when it is an artifact.
    pub face: Option<Arc<Face>>,
    /// The platforms, in the order of the index.
    pub platforms: Vec<Arc<PlatformModel>>,
    /// Attestations and other entries of the index that are for no platform.
    pub attestations: usize,
    /// What names the image, or a part of it, as its subject; cosign's tags counted.
    pub referrers: usize,
    /// All documents that were read or tried.
    pub documents: Vec<Arc<DocumentModel>>,
    /// Where the referrers come from, in words; empty while nobody was asked.
    pub referrers_from: String,
    /// What the registry or the reading has to say, one sentence each.
    pub remarks: Vec<String>,
    /// Look-ups beside the image that gave no answer, one sentence each.
    pub not_known: Vec<String>,
    /// What was read.
    pub graph: Arc<Graph>,
    /// The platforms as the graph lists them: one for each of `platforms`.
    entries: Arc<[PlatformEntry]>,
    /// Whether documents are still on their way.
    pub growing: bool,
}

/// One platform of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct PlatformModel {
    /// As it stands in addresses: `linux/arm64/v8`.
    pub name: String,
    /// What tells it from others for the same platform; mostly empty.
    pub remark: String,
    /// Its node in the graph.
    pub node: NodeId,
    /// Digest of its manifest.
    pub manifest: Digest,
    /// Attestations that the index lists for it.
    pub attestations: usize,
    /// Its content, once manifest and config are there; or why they are not.
    pub content: Reading<Arc<ContentModel>>,
}

impl RootKind {
    /// What a root that was read is.
    #[must_use]
    pub fn of(root: &Node) -> Self {
        match root.view.as_deref() {
            Some(View::Index(_)) if root.artifact.is_none() => Self::Index,
            Some(View::Manifest(_)) if root.artifact.is_none() => Self::Image,
            Some(View::Index(_) | View::Manifest(_)) => {
                let kind = root.artifact.as_ref();
                Self::Artifact(kind.map(|kind| kind.name.clone()).unwrap_or_default())
            }
            Some(View::Schema1(_)) => Self::Schema1,
            _ => {
                let of_document = root.document.as_ref().map(|it| it.media_type());
                let of_descriptor = root.descriptor.as_ref().map(|it| &it.media_type);
                let media_type = of_document.or(of_descriptor);
                Self::Other(media_type.map(ToString::to_string).unwrap_or_default())
            }
        }
    }

    /// What it is, in a few words.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Image => "image manifest",
            Self::Artifact(_) => "artifact",
            Self::Schema1 => "schema 1 manifest",
            Self::Other(_) => "other document",
        }
    }

    /// Whether it lists images.
    #[must_use]
    pub fn is_index(&self) -> bool {
        *self == Self::Index
    }

    /// Why there is no platform to see, and where the rest is, when it has none.
    #[must_use]
    pub fn without_platform(&self) -> (String, &'static str) {
        match self {
            Self::Artifact(kind) => (
                match kind.as_str() {
                    "" | "artifact" => "This is an artifact, not an image.".to_owned(),
                    kind => format!("This is an artifact ({kind}), not an image."),
                },
                "It has no file system of its own; its files are under Overview, its documents under Documents.",
            ),
            Self::Schema1 => (
                "This is a Docker schema 1 manifest, a form that is no longer made.".to_owned(),
                "It names its layers without sizes and has no config, so there is nothing to check it against. The document itself is under Documents.",
            ),
            Self::Other(kind) => (
                format!("This is a document of type {kind}, which is no image."),
                "The document itself is under Documents.",
            ),
            Self::Index | Self::Image => (
                "This index lists no image.".to_owned(),
                "What it lists is under Graph and Documents.",
            ),
        }
    }
}

impl ImageModel {
    /// Of a graph; `None` before its root is there. What is as it was in the graph of the model
    /// `before` is taken from that.
    #[must_use]
    pub fn of(graph: &Arc<Graph>, beside: Beside<'_>, before: Option<&Self>) -> Option<Self> {
        let Beside { reference, headers, warnings, growing } = beside;
        let root = graph.root()?;
        let digest = root.descriptor.as_ref()?.digest.clone();
        let what = RootKind::of(root);
        let entries = match what {
            RootKind::Index | RootKind::Image => platforms(graph),
            _ => Vec::new(),
        };
        let count = |is: fn(&Role) -> bool| graph.nodes().iter().filter(|it| is(&it.role)).count();
        let before = before.filter(|before| before.digest == digest);
        let mut remarks: Vec<String> =
            warnings.iter().map(|warning| format!("The registry warns: {warning}")).collect();
        // What is said of the only manifest is said with its content.
        let alone = entries.iter().any(|entry| entry.node == NodeId::ROOT);
        let weighty = graph.findings().iter().chain(root.findings.iter().filter(|_| !alone));
        remarks.extend(
            weighty
                .filter(|finding| finding.severity != Severity::Note)
                .map(|finding| finding.message.clone()),
        );
        remarks.extend(absent(graph, &entries));
        if root.artifact.is_some() {
            remarks.extend(of_config(graph, root));
        }
        Some(Self {
            reference: reference.clone(),
            digest,
            face: face_of(graph, root).map(Arc::new),
            platforms: platform_models(graph, &entries, before),
            what,
            attestations: count(|role| matches!(role, Role::Attestation { .. })),
            referrers: count(|role| matches!(role, Role::Referrer | Role::CosignTag(_))),
            documents: documents::of(graph, headers, before),
            referrers_from: graph.referrers_from().join(" and "),
            remarks,
            not_known: graph.not_known().iter().map(ToString::to_string).collect(),
            graph: Arc::clone(graph),
            entries: entries.into(),
            growing,
        })
    }

    /// The platform of a name, or the first that a reader is likely to want; `None` for what has no
    /// platform.
    ///
    /// # Errors
    /// When there is no platform of that name: a sentence, and a second one where there is none at
    /// all.
    pub fn platform(&self, wanted: Option<&str>) -> Result<Option<Arc<PlatformModel>>, Unread> {
        let by_node = |entry: &PlatformEntry| {
            self.platforms.iter().find(|platform| platform.node == entry.node)
        };
        let Some(name) = wanted else {
            return Ok(default_platform(&self.entries).and_then(by_node).cloned());
        };
        let found = find_platform(&self.entries, name).and_then(by_node).cloned();
        found.map(Some).ok_or_else(|| Unread {
            sentence: format!("This image has no platform {name}."),
            reason: match self.platforms.is_empty() {
                true => "It names no platform at all.".to_owned(),
                false => String::new(),
            },
            retry: false,
        })
    }

    /// The document with a digest.
    #[must_use]
    pub fn document(&self, digest: &Digest) -> Option<&Arc<DocumentModel>> {
        self.documents.iter().find(|document| document.descriptor.digest == *digest)
    }
}

/// Why the root is not there, when it is not and will not be.
#[must_use]
pub fn root_unread(graph: &Graph) -> Option<Unread> {
    let root = graph.root()?;
    unread(root, graph.holder()).filter(|_| root.view.is_none() || root.document.is_none())
}

/// Platforms that the index lists and that are not to be had, when others are.
fn absent(graph: &Graph, entries: &[PlatformEntry]) -> Option<String> {
    let absent: Vec<&PlatformEntry> = entries.iter().filter(|entry| !entry.is_present).collect();
    let first = absent.first().and_then(|entry| graph.node(entry.node));
    let first = first.and_then(|node| unread(node, graph.holder()))?;
    let names: Vec<&str> = absent.iter().map(|entry| entry.label.as_str()).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let some = absent.len() < entries.len();
    some.then(|| format!("{} {verb} listed, but not there. {}", names.join(", "), first.sentence))
}

/// Why the config of an artifact can't be read, when it can't. What else may be odd about it is of
/// no weight: tools put one there only because a manifest has to have it.
fn of_config(graph: &Graph, root: &Node) -> Option<String> {
    let config = graph.children(root.id).find(|child| child.role == Role::Config)?;
    let sentence = match unread(config, graph.holder()) {
        Some(unread) => unread.sentence,
        None if config.document.is_some() && config.config().is_none() => {
            let error = config.findings.iter().find(|it| it.severity == Severity::Error)?;
            error.message.clone()
        }
        None => return None,
    };
    Some(format!("The config could not be read. {sentence}"))
}

fn face_of(graph: &Graph, root: &Node) -> Option<Face> {
    let descriptor = root.descriptor.as_ref().filter(|_| root.artifact.is_some())?;
    match root.view.as_deref()? {
        View::Manifest(manifest) => {
            let config = graph.children(root.id).find(|node| node.role == Role::Config);
            let config = config.and_then(|node| node.document.as_ref());
            let face = face(descriptor, manifest);
            Some(match config {
                Some(config) => face.with_config(config.value()),
                None => face,
            })
        }
        View::Index(index) => Some(index_face(descriptor, index)),
        _ => None,
    }
}

fn platform_models(
    graph: &Graph,
    entries: &[PlatformEntry],
    before: Option<&ImageModel>,
) -> Vec<Arc<PlatformModel>> {
    let known = before.into_iter().flat_map(|before| &before.platforms);
    let known: BTreeMap<NodeId, _> = known.map(|known| (known.node, known)).collect();
    let before = |entry: &PlatformEntry| before.zip(known.get(&entry.node).copied());
    entries.iter().map(|entry| platform(graph, entry, before(entry))).collect()
}

fn platform(
    graph: &Graph,
    entry: &PlatformEntry,
    before: Option<(&ImageModel, &Arc<PlatformModel>)>,
) -> Arc<PlatformModel> {
    let node = graph.node(entry.node);
    let known = before.and_then(|(before, known)| {
        let parts = graph.children(entry.node).filter(|child| child.role == Role::Config);
        let above = node.and_then(|node| node.parent);
        let mut parts = parts.map(|child| child.id).chain([entry.node]).chain(above);
        parts.all(|id| graph.is_as_in(&before.graph, id)).then_some(known)
    });
    let same = |known: &&Arc<PlatformModel>| {
        (&known.name, &known.remark, known.attestations)
            == (&entry.label, &entry.remark, entry.attestations)
    };
    if let Some(known) = known.filter(same) {
        return Arc::clone(known);
    }
    let manifest = node.and_then(|node| node.descriptor.as_ref());
    Arc::new(PlatformModel {
        name: entry.label.clone(),
        remark: entry.remark.clone(),
        node: entry.node,
        manifest: manifest.map_or_else(|| Digest::sha256(b""), |it| it.digest.clone()),
        attestations: entry.attestations,
        content: match node {
            Some(node) => content::of(graph, node, &entry.label),
            None => Reading::Unread(Unread::default()),
        },
    })
}

#[cfg(test)]
mod tests;
