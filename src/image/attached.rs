//! What hangs on a document without being a part of it?

use std::collections::BTreeSet;

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::finding::Finding;
use crate::image::loader::{Loader, Turn};
use crate::image::{LookUp, NodeId, Role, What};
use crate::limits;
use crate::source::CosignKind;
use crate::spec::Manifest;

impl Loader {
    /// Compares what an attached manifest says it is about with what it was found under.
    pub(super) fn check_subject(&mut self, id: NodeId, manifest: &Manifest) {
        let Some(node) = self.graph.node(id) else { return };
        let above = node.parent.and_then(|parent| self.graph.node(parent));
        let above = above.and_then(|above| above.descriptor.as_ref()).map(|above| &above.digest);
        let (expected, required) = match &node.role {
            Role::Referrer => (above, true),
            Role::Attestation { of } => (Some(of), false),
            _ => return,
        };
        let (Some(expected), label) = (expected, &node.label) else { return };
        let actual = match &manifest.subject {
            Some(subject) if subject.digest == *expected => return,
            None if !required => return,
            Some(subject) => subject.digest.to_string(),
            None => "nothing".to_owned(),
        };
        let finding = Finding::warning(
            "referrer.subject",
            label,
            format!("The {label} is listed as being about {expected}, but names {actual} as its subject."),
        )
        .expected(expected)
        .actual(actual);
        if let Some(node) = self.graph.node_mut(id) {
            node.findings.push(finding);
        }
    }

    /// Asks what refers to a node that was read.
    pub(super) fn ask_attached(&mut self, id: NodeId) {
        let Some(node) = self.graph.node(id).filter(|_| self.options.referrers) else { return };
        let Some(digest) = node.descriptor.as_ref().map(|descriptor| descriptor.digest.clone())
        else {
            return;
        };
        match node.role {
            Role::Root | Role::Entry(_) => {}
            Role::Referrer if self.referrer_depth(id) < limits::REFERRER_DEPTH => {}
            Role::Referrer => {
                let most = limits::REFERRER_DEPTH;
                let reason = format!("Referrers of referrers are followed {most} deep.");
                return self.not_known(LookUp::Referrers, reason);
            }
            _ => return,
        }
        if self.referred.insert(digest.clone()) {
            self.ask(Turn::Referrers, What::Referrers(digest), id);
        }
    }

    /// Asks for what cosign may have put beside a node, once its referrers are known: what is both is
    /// a referrer, whichever answer would come first.
    pub(super) fn ask_tags(&mut self, id: NodeId) {
        let Some(node) = self.graph.node(id) else { return };
        let (Role::Root | Role::Entry(_), Some(descriptor)) = (&node.role, &node.descriptor) else {
            return;
        };
        let digest = descriptor.digest.clone();
        for tag in CosignKind::ALL.iter().filter_map(|kind| kind.tag(&digest)) {
            self.ask(Turn::Tags, What::CosignTag(tag.as_str().to_owned()), id);
        }
    }

    fn referrer_depth(&self, id: NodeId) -> usize {
        let mut depth = 0;
        let mut at = self.graph.node(id);
        while let Some(node) = at {
            depth += usize::from(node.role == Role::Referrer);
            at = node.parent.and_then(|parent| self.graph.node(parent));
        }
        depth
    }

    /// Whether a digest is that of the image itself or of a part of it, which refers to nothing.
    fn is_own(&self, above: NodeId, digest: &Digest) -> bool {
        let known = self.by_digest.get(digest).and_then(|(_, first)| self.graph.node(*first));
        self.graph.is_or_is_above(digest, above) || known.is_some_and(|node| !node.is_attached())
    }

    pub(super) fn add_referrers(&mut self, above: NodeId, manifests: Vec<Descriptor>) {
        let mut seen: BTreeSet<Digest> = self
            .graph
            .attached_to(above)
            .filter_map(|node| Some(node.descriptor.as_ref()?.digest.clone()))
            .collect();
        for (at, descriptor) in manifests.into_iter().enumerate() {
            if self.is_own(above, &descriptor.digest) || !seen.insert(descriptor.digest.clone()) {
                continue;
            }
            let added = self.add(above, Role::Referrer, at + 1, Some(descriptor.clone()));
            let Some(child) = added else { return };
            self.want_manifest(child, &descriptor, Turn::Referrers);
        }
    }

    pub(super) fn add_cosign_tag(&mut self, above: NodeId, tag: &str) -> Option<NodeId> {
        let added = self.add(above, Role::CosignTag(tag.to_owned()), 1, None);
        // They stand in one order, whichever was answered first.
        let nodes = &self.graph.nodes;
        let tag_of = |id: &NodeId| match nodes.get(id.0).map(|node| &node.role) {
            Some(Role::CosignTag(tag)) => Some(tag.clone()),
            _ => None,
        };
        let Some(node) = nodes.get(above.0) else { return added };
        let mut children = node.children.clone();
        children.sort_by_cached_key(tag_of);
        if let Some(node) = self.graph.node_mut(above) {
            node.children = children;
        }
        added
    }
}
