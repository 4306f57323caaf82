//! In which order are the documents under a root asked for?

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::promised::{compare, compare_digest, finding};
use super::want::{Answer, Options, Want, WantId, What};
use crate::descriptor::{Descriptor, Mismatch};
use crate::digest::Digest;
use crate::document::Document;
use crate::finding::{Finding, Severity};
use crate::image::{Graph, LookUp, Node, NodeId, NotKnown, Role, State};
use crate::media_type::MediaType;
use crate::reference::Reference;
use crate::spec::{self, Claims, View};

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
    what: What,
    nodes: Vec<NodeId>,
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
    unexpanded: VecDeque<NodeId>,
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

    /// Takes what was read for another node that has the same digest, and holds it to what is said
    /// here. Whether there is something in it to be expanded.
    fn copy(&mut self, from: NodeId, to: NodeId) -> bool {
        let Some(other) = self.graph.node(from) else { return false };
        let (state, document, view) =
            (other.state.clone(), other.document.clone(), other.view.clone());
        let mut findings = other.findings.clone();
        let said = |node: &Node| node.descriptor.as_ref().map(|it| it.media_type.clone());
        let type_said = said(other);
        let Some(own) = self.graph.node_mut(to) else { return false };
        if let (Some(document), Some(descriptor)) = (&document, &own.descriptor)
            && let Some(finding) = other_size(descriptor, document, &own.label)
        {
            own.state = State::Failed;
            own.findings.push(finding);
            self.excuse(to);
            return false;
        }
        if let Some(document) = document.as_ref().filter(|_| said(own) != type_said) {
            let claims = Claims { content_type: None, descriptor: said(own) };
            findings.extend(spec::classify(document.value(), &claims, &own.label).2);
        }
        own.state = state;
        own.document = document;
        own.view = view;
        own.findings.extend(findings);
        true
    }

    /// Takes a document for every node that waits for it.
    fn document(&mut self, question: &Question, answer: &Answer) {
        for id in &question.nodes {
            // An index may list one document thousands of times; it is read once.
            let first = question.nodes.first().filter(|first| self.is_read_as(**first, *id));
            match first {
                Some(first) => {
                    if self.copy(*first, *id) {
                        self.unexpanded.push_back(*id);
                    }
                }
                None => self.take(*id, question, answer),
            }
        }
    }

    /// Whether what was read for one node, without any fault, is what another points to.
    fn is_read_as(&self, one: NodeId, other: NodeId) -> bool {
        let (Some(one), Some(other)) = (self.graph.node(one), self.graph.node(other)) else {
            return false;
        };
        let named = |node: &Node| {
            let descriptor = node.descriptor.as_ref()?;
            Some((descriptor.digest.clone(), descriptor.size, descriptor.media_type.clone()))
        };
        one.id != other.id
            && one.state == State::Read
            && one.findings.is_empty()
            && named(one) == named(other)
    }

    pub(super) fn take(&mut self, id: NodeId, question: &Question, answer: &Answer) {
        self.read_for(id, question, answer);
        self.excuse(id);
    }

    /// A referrer that can't be read as the registry lists it is no fault of the image: only the
    /// list says that there is one. It is noted as not known.
    pub(super) fn excuse(&mut self, id: NodeId) {
        let listed = |node: &&mut Node| node.role == Role::Referrer;
        let Some(node) = self.graph.node_mut(id).filter(listed) else { return };
        let reason = match &node.state {
            State::Failed => {
                let found = node.findings.iter().find(|it| it.severity == Severity::Error);
                found.map(|finding| finding.message.clone()).unwrap_or_default()
            }
            State::Missing(reason) | State::Skipped(reason) => reason.clone(),
            State::Waiting | State::Read | State::Blob => return,
        };
        node.state = State::Missing(reason.clone());
        node.findings.retain(|finding| finding.severity != Severity::Error);
        self.not_known(LookUp::Referrers, reason);
    }

    fn read_for(&mut self, id: NodeId, question: &Question, answer: &Answer) {
        let asked = match &question.what {
            What::Root(reference) => reference.digest.clone(),
            _ => None,
        };
        let is_root = matches!(question.what, What::Root(_));
        let Some(node) = self.graph.node_mut(id) else { return };
        let label = node.label.clone();
        let (bytes, own, content_type, claimed) = match answer {
            Answer::Document { bytes, digest, content_type, claimed } => {
                (bytes, digest, content_type, claimed)
            }
            Answer::Mismatch(finding) => {
                node.state = State::Failed;
                node.findings.push(finding.clone());
                return;
            }
            Answer::Absent | Answer::Referrers { .. } => {
                let holder = self.options.holder.name();
                node.state = State::Missing(format!("The {holder} has no such {label}."));
                return;
            }
            Answer::Failed(reason) => {
                node.state = State::Missing(reason.clone());
                return;
            }
        };
        let verified = match (&node.descriptor, &asked) {
            (Some(descriptor), _) => {
                compare(descriptor, bytes, own).map(|bytes| (descriptor.digest.clone(), bytes))
            }
            (None, Some(digest)) => {
                compare_digest(digest, bytes, own).map(|bytes| (digest.clone(), bytes))
            }
            (None, None) => Ok((own.clone(), bytes.clone())),
        };
        let (digest, bytes) = match verified {
            Ok(verified) => verified,
            Err(mismatch) => {
                let finding = finding(&mismatch, is_blob(&question.what), &label);
                node.state = match mismatch {
                    Mismatch::Unverifiable(_) => State::Missing(finding.message.clone()),
                    Mismatch::Size { .. } | Mismatch::Digest { .. } => State::Failed,
                };
                node.findings.push(finding);
                if let Some(digest) = asked {
                    let media_type = content_type.as_ref().map_or("", MediaType::as_str);
                    let size = bytes.len() as u64;
                    node.descriptor = Some(Descriptor::new(media_type, digest, size));
                }
                return;
            }
        };
        if let Some(claimed) = claimed
            .as_ref()
            .filter(|claimed| **claimed != digest && claimed.algorithm() == digest.algorithm())
        {
            node.findings.push(
                Finding::warning(
                    "manifest.claimed-digest",
                    &label,
                    format!(
                        "The {holder} says that the digest of the {label} is {claimed}, but the \
                         bytes that it sent have {digest}; the latter is shown.",
                        holder = self.options.holder.name()
                    ),
                )
                .expected(claimed)
                .actual(&digest),
            );
        }
        let claims = Claims {
            content_type: content_type.clone().filter(|_| !is_blob(&question.what)),
            descriptor: node.descriptor.as_ref().map(|descriptor| descriptor.media_type.clone()),
        };
        let mut read = spec::read(&bytes, &digest, &claims, &label);
        if self.is_of_statement(id) {
            read.findings.retain(|finding| finding.rule != "config.platform");
        }
        let Some(node) = self.graph.node_mut(id) else { return };
        if is_root {
            node.label = root_label(&read.view).to_owned();
        }
        node.descriptor.get_or_insert_with(|| match &read.document {
            Some(document) => document.descriptor(),
            None => {
                let media_type = content_type.as_ref().map_or("", MediaType::as_str);
                Descriptor::new(media_type, digest.clone(), bytes.len() as u64)
            }
        });
        node.state = State::Read;
        node.findings.extend(read.findings);
        node.document = read.document.map(Arc::new);
        node.view = Some(Arc::new(read.view));
        self.unexpanded.push_back(id);
    }

    /// Whether a node is the config of something that is no image, such as a signature, which is for
    /// no platform.
    fn is_of_statement(&self, id: NodeId) -> bool {
        let config = self.graph.node(id).filter(|node| node.role == Role::Config);
        let above = config.and_then(|node| self.graph.node(node.parent?));
        above.is_some_and(|above| {
            above.is_attached() || above.manifest().is_some_and(|manifest| !manifest.is_image())
        })
    }

    fn referrers(&mut self, question: &Question, answer: Answer) {
        let Some(id) = question.nodes.first().copied() else { return };
        match answer {
            Answer::Referrers { manifests, from, incomplete } => {
                if !from.is_empty() && !self.graph.referrers_from.contains(&from) {
                    self.graph.referrers_from.push(from);
                }
                if let Some(reason) = incomplete {
                    self.not_known(LookUp::Referrers, reason);
                }
                self.add_referrers(id, manifests);
            }
            Answer::Mismatch(finding) => self.not_known(LookUp::Referrers, finding.message),
            Answer::Failed(reason) => self.not_known(LookUp::Referrers, reason),
            Answer::Absent | Answer::Document { .. } => {}
        }
        self.ask_tags(id);
    }

    fn cosign_tag(&mut self, question: &Question, tag: &str, answer: &Answer) {
        let Some(above) = question.nodes.first().copied() else { return };
        let (bytes, digest, content_type) = match answer {
            Answer::Absent | Answer::Referrers { .. } => return,
            Answer::Failed(reason) => {
                return self.not_known(LookUp::CosignTags, reason.clone());
            }
            Answer::Mismatch(finding) => {
                return self.not_known(LookUp::CosignTags, finding.message.clone());
            }
            Answer::Document { bytes, digest, content_type, .. } => {
                (bytes, digest, content_type.clone())
            }
        };
        // Some registries answer every tag that is made of a digest, or every tag there is, with
        // the image itself; and what is known as a referrer stands in the graph already.
        let attached = |node: &Node| node.descriptor.as_ref().is_some_and(|d| d.digest == *digest);
        if self.graph.is_or_is_above(digest, above) || self.graph.attached_to(above).any(attached) {
            return;
        }
        let claims = Claims { content_type, descriptor: None };
        if matches!(spec::read(bytes, digest, &claims, tag).view, View::Raw | View::Config(_)) {
            let holder = self.options.holder.name();
            let reason = format!("The {holder} gives something under {tag} that is no manifest.");
            return self.not_known(LookUp::CosignTags, reason);
        }
        if let Some(id) = self.add_cosign_tag(above, tag) {
            self.take(id, question, answer);
        }
    }

    /// Notes that a look-up beside the image gave no answer, each kind once.
    pub(super) fn not_known(&mut self, what: LookUp, reason: String) {
        match self.graph.not_known.iter_mut().find(|known| known.what == what) {
            Some(known) => {
                known.times += 1;
                // Of several one is told, and always the same.
                known.reason = std::cmp::min(std::mem::take(&mut known.reason), reason);
            }
            None => self.graph.not_known.push(NotKnown { what, reason, times: 1 }),
        }
        self.graph.not_known.sort_by_key(|known| known.what);
    }
}

/// The finding on a descriptor that says another size than that of the document with its digest.
fn other_size(descriptor: &Descriptor, document: &Document, label: &str) -> Option<Finding> {
    let actual = document.bytes().len() as u64;
    let digest = descriptor.digest.clone();
    let mismatch = Mismatch::Size { digest, expected: descriptor.size, actual };
    (descriptor.size != actual).then(|| finding(&mismatch, false, label))
}

fn is_blob(what: &What) -> bool {
    matches!(what, What::Blob(_))
}

fn root_label(view: &View) -> &'static str {
    match view {
        View::Index(_) => "index",
        View::Manifest(_) | View::Schema1(_) => "manifest",
        View::Config(_) | View::Raw => "document",
    }
}
