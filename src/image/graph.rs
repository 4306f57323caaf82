//! What hangs under one root, and how?

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::descriptor::Descriptor;
use crate::digest::{DiffId, Digest};
use crate::document::Document;
use crate::finding::Finding;
use crate::image::ArtifactKind;
use crate::media_type::Kind;
use crate::platform::Platform;
use crate::source::Holder;
use crate::spec::{Config, Index, Manifest, View};

/// The number of a node; stays the same while the graph grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub usize);

impl NodeId {
    /// The document that was asked for.
    pub const ROOT: Self = Self(0);
}

/// What a node is to the node above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The document that was asked for.
    Root,
    /// An entry of an index: an image for a platform, a nested index or an artifact.
    Entry(Option<Platform>),
    /// An entry of an index that attests another entry of it (BuildKit). The node stands under the
    /// entry that it is about, or under the index when that is not there.
    Attestation {
        /// The entry that it is about.
        of: Digest,
    },
    /// The config of a manifest.
    Config,
    /// A layer of an image, counted from 1 at the base.
    Layer(usize),
    /// A part of an artifact, counted from 1.
    Content(usize),
    /// A document that names the node above as its subject, as the registry says.
    Referrer,
    /// A document under one of the tags in which cosign puts what belongs to an image:
    /// `sha256-….sig`, `.att`, `.sbom`.
    CosignTag(String),
}

/// How far a node has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It will be asked for.
    Waiting,
    /// Its bytes are here, match the descriptor and were read.
    Read,
    /// Bytes came that are not the ones that were promised; the finding is in
    /// [`Node::findings`]. Nothing of them is shown.
    Failed,
    /// It could not be fetched, and why.
    Missing(String),
    /// It is a blob, which the graph does not read.
    Blob,
    /// A limit or an option keeps it from being read, and which.
    Skipped(String),
}

/// One thing under the root.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its number.
    pub id: NodeId,
    /// The node above it; `None` for the root.
    pub parent: Option<NodeId>,
    /// What points to it. Of a root that was asked for by tag `None` until it was read.
    pub descriptor: Option<Descriptor>,
    /// What it is to the node above.
    pub role: Role,
    /// How far it has been read.
    pub state: State,
    /// The document, when it was read and is JSON.
    pub document: Option<Arc<Document>>,
    /// What the document says.
    pub view: Option<Arc<View>>,
    /// What kind of artifact it is, for people; `None` for images, their parts, and what is not
    /// known yet.
    pub artifact: Option<ArtifactKind>,
    /// Its name in findings and on screen: `index`, `linux/amd64`, `layer 2 of linux/amd64`.
    pub label: String,
    /// Its place among its like under the node above, counted from 1.
    pub(super) place: usize,
    /// The nodes below it: entries, config, layers, then attestations and referrers.
    pub children: Vec<NodeId>,
    /// What is wrong with its bytes, its document or the way it is pointed to.
    pub findings: Vec<Finding>,
}

/// All nodes under one root.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Shared, so that a graph that grows is copied as often as somebody looks at it.
    pub(super) nodes: Vec<Arc<Node>>,
    pub(super) findings: Vec<Finding>,
    pub(super) referrers_from: Vec<String>,
    pub(super) unread: Vec<Missing>,
    pub(super) not_known: Vec<NotKnown>,
    pub(super) holder: Holder,
}

/// What a digest is the digest of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// An index or manifest, which can be opened by itself.
    Manifest,
    /// Another document, or a blob.
    Document,
    /// The tar of a layer.
    Layer {
        /// The platform that an index lists its image for.
        platform: Option<Platform>,
        /// Counted from 1 at the base.
        number: usize,
    },
}

/// What is looked up beside an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookUp {
    /// What names it as its subject.
    Referrers,
    /// What cosign keeps under tags that are made of its digest.
    CosignTags,
}

/// A look-up that gave no answer that can be used. That is no fault of the image, and nothing is
/// said of the image by it. As text, a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotKnown {
    /// What was looked up.
    pub what: LookUp,
    /// Why it is not known, a sentence: of the first look-up of its kind.
    pub reason: String,
    /// How many look-ups of its kind gave no answer.
    pub times: usize,
}

impl fmt::Display for NotKnown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            LookUp::Referrers => "What refers to the image is not known, or not all of it",
            LookUp::CosignTags => "Whether there are signatures under cosign's tags is not known",
        };
        write!(f, "{what}: {}", self.reason)
    }
}

/// Something that could not be fetched or was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The node, unless it is a list that was asked for, which has none.
    pub node: Option<NodeId>,
    /// What it is: `config of linux/amd64`.
    pub label: String,
    /// Why; a sentence.
    pub reason: String,
}

impl Node {
    /// The view as index.
    #[must_use]
    pub fn index(&self) -> Option<&Index> {
        self.view.as_deref()?.index()
    }

    /// The view as manifest.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.view.as_deref()?.manifest()
    }

    /// The view as image config.
    #[must_use]
    pub fn config(&self) -> Option<&Config> {
        self.view.as_deref()?.config()
    }

    /// The platform that an index lists the node for.
    #[must_use]
    pub fn platform(&self) -> Option<&Platform> {
        match &self.role {
            Role::Entry(platform) => platform.as_ref(),
            _ => None,
        }
    }

    /// Whether it is the empty object that artifacts have in place of a config.
    #[must_use]
    pub fn stands_for_nothing(&self) -> bool {
        let kind = self.descriptor.as_ref().map(|descriptor| descriptor.media_type.kind());
        self.role == Role::Config && kind == Some(Kind::Empty)
    }

    /// Whether the node hangs on the node above without being a part of it: attestations,
    /// referrers and what cosign's tags name.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        matches!(self.role, Role::Attestation { .. } | Role::Referrer | Role::CosignTag(_))
    }
}

impl Graph {
    /// The document that was asked for; `None` before anything was supplied.
    #[must_use]
    pub fn root(&self) -> Option<&Node> {
        self.nodes.first().map(|node| &**node)
    }

    /// One node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0).map(|node| &**node)
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id.0).map(Arc::make_mut)
    }

    /// Whether a node is what it was in an earlier copy of this graph; what hangs below it may have
    /// changed.
    #[must_use]
    pub fn is_as_in(&self, earlier: &Self, id: NodeId) -> bool {
        let both = self.nodes.get(id.0).zip(earlier.nodes.get(id.0));
        both.is_some_and(|(now, then)| Arc::ptr_eq(now, then))
    }

    /// All nodes in the order in which they were found.
    #[must_use]
    pub fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// The nodes below a node.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = &Node> {
        let children = self.node(id).map(|node| node.children.as_slice()).unwrap_or_default();
        children.iter().filter_map(|child| self.node(*child))
    }

    /// The first node with a digest.
    #[must_use]
    pub fn find(&self, digest: &Digest) -> Option<&Node> {
        let is_it =
            |node: &&Arc<Node>| node.descriptor.as_ref().is_some_and(|it| it.digest == *digest);
        self.nodes.iter().find(is_it).map(|node| &**node)
    }

    /// The digests of nodes and of layers' tars that a test takes, each once.
    #[must_use]
    pub fn digests_like(&self, takes: impl Fn(&Digest) -> bool) -> Vec<Digest> {
        let nodes = self.nodes.iter();
        let named = nodes.clone().filter_map(|node| Some(&node.descriptor.as_ref()?.digest));
        let tars = nodes.filter_map(|node| node.config()).flat_map(|config| &config.diff_ids);
        let tars = tars.filter_map(|diff_id| Some(&diff_id.as_ref()?.0));
        let mut found: Vec<Digest> = named.chain(tars).filter(|it| takes(it)).cloned().collect();
        found.sort();
        found.dedup();
        found
    }

    /// The image that has a layer with this digest of its tar, and the layer, counted from 1 at the
    /// base. The first one in the order in which images were found.
    #[must_use]
    pub fn layer_of(&self, diff_id: &Digest) -> Option<(&Node, usize)> {
        self.nodes.iter().find_map(|image| {
            let config = self.config_of(image.id)?;
            let is_it = |of: &Option<DiffId>| of.as_ref().is_some_and(|of| of.0 == *diff_id);
            Some((&**image, config.diff_ids.iter().position(is_it)? + 1))
        })
    }

    /// Where something is that is named by its digest: a node, or the tar of a layer.
    #[must_use]
    pub fn place_of(&self, digest: &Digest) -> Option<Whereabouts> {
        if let Some(node) = self.find(digest) {
            let kind = node.descriptor.as_ref()?.media_type.kind();
            return Some(match kind.is_manifest() {
                true => Whereabouts::Manifest,
                false => Whereabouts::Document,
            });
        }
        let (image, number) = self.layer_of(digest)?;
        Some(Whereabouts::Layer { platform: image.platform().cloned(), number })
    }

    /// The config of an image, when it was read.
    #[must_use]
    pub fn config_of(&self, image: NodeId) -> Option<&Config> {
        self.children(image).find(|node| node.role == Role::Config)?.config()
    }

    /// The layers of an image that could be read, the base first.
    pub fn layers_of(&self, image: NodeId) -> impl Iterator<Item = &Node> {
        self.children(image).filter(|node| matches!(node.role, Role::Layer(_)))
    }

    /// Attestations, referrers and cosign's tags that hang on a node.
    pub fn attached_to(&self, node: NodeId) -> impl Iterator<Item = &Node> {
        self.children(node).filter(|node| node.is_attached())
    }

    /// What concerns the graph as a whole: limits that were reached, lists that could not be read.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Where lists of referrers came from, in words, each place once.
    #[must_use]
    pub fn referrers_from(&self) -> &[String] {
        &self.referrers_from
    }

    /// Look-ups beside the image that gave no answer, each kind once.
    #[must_use]
    pub fn not_known(&self) -> &[NotKnown] {
        &self.not_known
    }

    /// Who was asked.
    #[must_use]
    pub fn holder(&self) -> Holder {
        self.holder
    }

    /// What could not be fetched or was left out, nodes first.
    pub fn missing(&self) -> impl Iterator<Item = Missing> {
        let nodes = self.nodes.iter().filter_map(|node| match &node.state {
            State::Missing(reason) | State::Skipped(reason) => Some(Missing {
                node: Some(node.id),
                label: node.label.clone(),
                reason: reason.clone(),
            }),
            _ => None,
        });
        nodes.chain(self.unread.iter().cloned())
    }

    /// What was left out beyond the nodes that are [`State::Missing`] or [`State::Skipped`]: what
    /// hangs below a node that was read, or lists that no node stands for.
    #[must_use]
    pub fn unread(&self) -> &[Missing] {
        &self.unread
    }

    /// Whether a digest is that of a node, or of one above it.
    pub(super) fn is_or_is_above(&self, digest: &Digest, id: NodeId) -> bool {
        let mut at = self.node(id);
        while let Some(node) = at {
            if node.descriptor.as_ref().is_some_and(|own| own.digest == *digest) {
                return true;
            }
            at = node.parent.and_then(|parent| self.node(parent));
        }
        false
    }

    /// The name of an image for the names of its parts: `linux/amd64`; `None` for the root.
    pub(crate) fn owner(&self, id: NodeId) -> Option<String> {
        let node = self.node(id)?;
        match &node.role {
            Role::Root => None,
            Role::Entry(Some(platform)) => Some(platform.to_string()),
            Role::Entry(None) => Some(format!("entry {}", node.place)),
            _ => Some(node.label.clone()),
        }
    }
}
