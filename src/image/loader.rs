//! In which order are the documents under a root asked for?

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::want::{Answer, Options, Want, WantId, What};
use crate::digest::Digest;
use crate::image::{Graph, NodeId};
use crate::reference::Reference;

/// The order in which questions are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    Root,
    FirstManifest,
    FirstConfig,
    Manifests,
    Referrers,
    Configs,
    Tags,
}

/// A question and the nodes that its answer is for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    turn: Turn,
    pub(super) what: What,
    pub(super) nodes: Vec<NodeId>,
}

/// Asks for the documents under one root, in the order in which they are of use: the root, the
/// chosen platform, its config, the other platforms, then what refers to them.
#[derive(Debug)]
pub struct Loader {
    pub(super) options: Options,
    pub(super) graph: Graph,
    queue: BTreeSet<(Turn, WantId)>,
    questions: BTreeMap<WantId, Question>,
    asked: usize,
    /// The question for each digest, answered or not, and the first node that it was for.
    pub(super) by_digest: BTreeMap<Digest, (WantId, NodeId)>,
    /// Entries that are shown first.
    pub(super) first: BTreeSet<NodeId>,
    /// Manifests whose referrers have been asked for.
    pub(super) referred: BTreeSet<Digest>,
    pub(super) stopped: bool,
    /// Nodes that were read, and what they point to is not there yet.
    pub(super) unexpanded: VecDeque<NodeId>,
}

impl Loader {
    /// Starts with the root unread.
    #[must_use]
    pub fn new(reference: Reference, options: Options) -> Self {
        let holder = options.holder;
        let mut loader = Self {
            options,
            graph: Graph { holder, ..Graph::default() },
            queue: BTreeSet::new(),
            questions: BTreeMap::new(),
            asked: 0,
            by_digest: BTreeMap::new(),
            first: BTreeSet::new(),
            referred: BTreeSet::new(),
            stopped: false,
            unexpanded: VecDeque::new(),
        };
        let root = loader.add_root();
        loader.ask(Turn::Root, What::Root(reference), root);
        loader
    }

    /// The next question, or `None` when there is none until an open one is answered.
    pub fn next_want(&mut self) -> Option<Want> {
        let (_, id) = self.queue.pop_first()?;
        let question = self.questions.get(&id)?;
        let node = question.nodes.first().and_then(|id| self.graph.node(*id));
        let of = node.map_or_else(String::new, |node| node.label.clone());
        let label = match &question.what {
            What::Referrers(_) => format!("referrers of the {of}"),
            What::CosignTag(tag) => format!("tag {tag}"),
            _ => of,
        };
        Some(Want { id, what: question.what.clone(), label })
    }

    /// Takes the answer to a question; one that is not open is ignored.
    pub fn supply(&mut self, id: WantId, answer: Answer) {
        self.read(id, answer);
        while self.expand_next() {}
    }

    /// Reads the answer to a question; one that is not open is ignored. What the documents in it
    /// point to is not asked for yet.
    pub(super) fn read(&mut self, id: WantId, answer: Answer) {
        let Some(question) = self.questions.remove(&id) else { return };
        self.queue.remove(&(question.turn, id));
        match &question.what {
            What::Referrers(_) => self.referrers(&question, answer),
            What::CosignTag(tag) => self.cosign_tag(&question, tag, &answer),
            What::Root(_) | What::Manifest(_) | What::Blob(_) => self.document(&question, &answer),
        }
    }

    /// Adds what one document that was read points to, and asks for it. Whether there was one.
    pub(super) fn expand_next(&mut self) -> bool {
        let next = self.unexpanded.pop_front();
        next.into_iter().for_each(|id| self.expand(id));
        next.is_some()
    }

    /// Whether all questions have been answered.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.questions.is_empty()
    }

    /// Questions that are not answered yet, asked ones and those still to be asked.
    pub fn open(&self) -> impl Iterator<Item = &What> {
        self.questions.values().map(|question| &question.what)
    }

    /// What there is so far.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What there is, given away. Unanswered questions leave their nodes [`State::Waiting`].
    #[must_use]
    pub fn into_graph(self) -> Graph {
        self.graph
    }

    pub(super) fn ask(&mut self, turn: Turn, what: What, node: NodeId) {
        let id = WantId(self.asked);
        self.asked += 1;
        self.queue.insert((turn, id));
        self.questions.insert(id, Question { turn, what, nodes: vec![node] });
    }

    /// Asks for a document, or takes it from a node that has the same digest.
    pub(super) fn ask_document(&mut self, turn: Turn, what: What, digest: &Digest, node: NodeId) {
        let Some((id, first)) = self.by_digest.get(digest).copied() else {
            self.by_digest.insert(digest.clone(), (WantId(self.asked), node));
            self.ask(turn, what, node);
            return;
        };
        if let Some(question) = self.questions.get_mut(&id) {
            question.nodes.push(node);
            return;
        }
        if self.copy(first, node) {
            self.expand(node);
        }
    }
}
