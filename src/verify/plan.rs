//! What does a verification cover?

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::descriptor::Descriptor;
use crate::digest::{Algorithm, DiffId, Digest};
use crate::image::{Graph, Node, NodeId, Options, Role, State, platforms};
use crate::inspect::media;
use crate::platform::{Platform, choose};
use crate::source::Holder;

/// Which platforms are covered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// All of them.
    #[default]
    All,
    /// One, and what is attached to it and to the root.
    Platform(Platform),
    /// Likewise one of several for the same platform, by the name that
    /// [`image::platforms`](crate::image::platforms) gives it.
    Entry(String),
}

impl Choice {
    /// The one that an address or a person names.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Platform::named(name).map_or_else(|_| Self::Entry(name.to_owned()), Self::Platform)
    }

    /// What has to be loaded for it. Which entry has a name is known only when all are there.
    #[must_use]
    pub fn to_load(&self) -> Options {
        let only = match self {
            Self::All | Self::Entry(_) => None,
            Self::Platform(platform) => Some(platform.clone()),
        };
        Options { first: only.clone(), only, referrers: true, ..Options::default() }
    }
}

/// Number of a [`Job`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub usize);

/// How a blob is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BlobKind {
    /// As a file system layer: decompressed, its tar hashed and parsed.
    Layer,
    /// As bytes, which are only hashed.
    Bytes,
}

/// What is said of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// What it is there, in words: `layer 2 of linux/amd64`.
    pub subject: String,
    /// Digest of the tar as the config says, when it is a layer of an image.
    pub diff_id: Option<DiffId>,
    /// Why what is in it can't be shown or checked, when it is a layer of an image that is no tar
    /// that can be read: the end of a sentence that begins with "it".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<String>,
}

/// One blob to read, whoever and how many point to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What the first one who points to it says of it.
    pub descriptor: Descriptor,
    /// How it is read.
    pub kind: BlobKind,
    /// What is said of it, by everyone who points to it; never empty.
    pub claims: Vec<Claim>,
    /// Whether registries may not hold it, so that its absence is no surprise.
    pub foreign: bool,
    /// Who is asked for it.
    pub holder: Holder,
}

impl Job {
    /// A layer outside of any verification; `subject` is what it is called.
    #[must_use]
    pub fn layer(subject: String, descriptor: Descriptor, diff_id: Option<DiffId>) -> Self {
        Self {
            id: JobId(0),
            descriptor,
            kind: BlobKind::Layer,
            claims: vec![Claim { subject, diff_id, hidden: None }],
            foreign: false,
            holder: Holder::default(),
        }
    }

    /// What it is, in the words of the first one who points to it.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.claims.first().map_or("blob", |claim| &claim.subject)
    }

    /// Whether it is a layer of an image, readable or not.
    #[must_use]
    pub fn is_layer(&self) -> bool {
        self.kind == BlobKind::Layer || self.claims.iter().any(|claim| claim.hidden.is_some())
    }

    /// Algorithm to hash the bytes with, SHA-256 when the digest's can't be computed.
    #[must_use]
    pub fn digest_algorithm(&self) -> Algorithm {
        self.descriptor.digest.algorithm().unwrap_or_default()
    }

    /// Algorithm to hash the tar with: that of the first diff ID that is claimed.
    #[must_use]
    pub fn diff_id_algorithm(&self) -> Algorithm {
        let first = self.claims.iter().find_map(|claim| claim.diff_id.as_ref());
        first.and_then(|diff_id| diff_id.0.algorithm()).unwrap_or_default()
    }
}

/// The documents that were read and the blobs that are to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Digests of the documents that are covered, in the order of the graph, each once.
    pub documents: Vec<Digest>,
    /// Blobs, each once, the largest first.
    pub jobs: Vec<Job>,
}

impl Plan {
    /// Makes the plan for a graph.
    #[must_use]
    pub fn of(graph: &Graph, choice: &Choice) -> Self {
        let mut documents = Vec::new();
        let mut seen = BTreeSet::new();
        let mut jobs: Vec<Job> = Vec::new();
        let mut places: BTreeMap<&Digest, usize> = BTreeMap::new();
        let mut claimed = BTreeSet::new();
        for node in covered(graph, choice) {
            let Some(descriptor) = &node.descriptor else { continue };
            if node.state != State::Blob {
                if seen.insert(&descriptor.digest) {
                    documents.push(descriptor.digest.clone());
                }
                continue;
            }
            let place = *places.entry(&descriptor.digest).or_insert_with(|| {
                jobs.push(Job {
                    id: JobId(jobs.len()),
                    descriptor: descriptor.clone(),
                    kind: BlobKind::Bytes,
                    claims: Vec::new(),
                    foreign: false,
                    holder: graph.holder(),
                });
                jobs.len() - 1
            });
            if let Some(job) = jobs.get_mut(place) {
                let claim = claim(job, graph, node, descriptor);
                if claimed.insert((place, claim.subject.clone(), claim.diff_id.clone())) {
                    job.claims.push(claim);
                }
            }
        }
        jobs.sort_by_key(|job| std::cmp::Reverse(job.descriptor.size));
        Self { documents, jobs }
    }

    /// Number of bytes to download.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.jobs.iter().fold(0, |sum, job| sum.saturating_add(job.descriptor.size))
    }
}

fn claim(job: &mut Job, graph: &Graph, node: &Node, descriptor: &Descriptor) -> Claim {
    let number = match node.role {
        Role::Layer(number) => Some(number),
        _ => None,
    };
    // Blobs of an artifact are files, whatever type they are given: oras says tar by default.
    let hidden = number.and_then(|_| media::hidden(&descriptor.media_type));
    if number.is_some() && hidden.is_none() {
        job.kind = BlobKind::Layer;
    }
    job.foreign |= descriptor.media_type.is_foreign();
    let config = node.parent.and_then(|image| graph.config_of(image));
    let diff_id = number.and_then(|number| config?.diff_id(number).cloned());
    let diff_id = diff_id.filter(|_| hidden.is_none());
    Claim { subject: node.label.clone(), diff_id, hidden }
}

/// The nodes that a verification is about, each before what hangs on it.
pub(super) fn covered<'a>(graph: &'a Graph, choice: &Choice) -> Vec<&'a Node> {
    let mut nodes = Vec::new();
    let mut open = vec![NodeId::ROOT];
    let way = match choice {
        Choice::Entry(name) => way_to(graph, name),
        Choice::All | Choice::Platform(_) => Vec::new(),
    };
    while let Some(node) = open.pop().and_then(|id| graph.node(id)) {
        nodes.push(node);
        let below: Vec<&Node> = graph.children(node.id).collect();
        let chosen = match choice {
            Choice::All => None,
            Choice::Platform(wanted) => choose(below.iter().map(|child| child.platform()), wanted),
            Choice::Entry(_) => below.iter().position(|child| way.contains(&child.id)),
        };
        let is_covered = |(at, child): &(usize, &Node)| {
            *choice == Choice::All || child.platform().is_none() || chosen == Some(*at)
        };
        let covered = below.into_iter().enumerate().filter(is_covered);
        open.extend(covered.map(|(_, child)| child.id).collect::<Vec<_>>().into_iter().rev());
    }
    nodes
}

/// The node of the entry with this name and those above it.
fn way_to(graph: &Graph, name: &str) -> Vec<NodeId> {
    let entry = platforms(graph).into_iter().find(|entry| entry.label == name);
    let parent = |id: &NodeId| graph.node(*id).and_then(|node| node.parent);
    std::iter::successors(entry.map(|entry| entry.node), parent).collect()
}
