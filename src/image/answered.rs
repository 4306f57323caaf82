//! What does an answer say of the nodes that wait for it?

use std::sync::Arc;

use super::loader::{Loader, Question};
use super::promised::{compare, compare_digest, finding};
use super::want::{Answer, What};
use crate::descriptor::{Descriptor, Mismatch};
use crate::document::Document;
use crate::finding::{Finding, Severity};
use crate::image::{LookUp, Node, NodeId, NotKnown, Role, State};
use crate::media_type::MediaType;
use crate::spec::{self, Claims, View};

impl Loader {
    /// Takes what was read for another node that has the same digest, and holds it to what is said
    /// here. Whether there is something in it to be expanded.
    pub(super) fn copy(&mut self, from: NodeId, to: NodeId) -> bool {
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
    pub(super) fn document(&mut self, question: &Question, answer: &Answer) {
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

    pub(super) fn referrers(&mut self, question: &Question, answer: Answer) {
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

    pub(super) fn cosign_tag(&mut self, question: &Question, tag: &str, answer: &Answer) {
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
