//! Which layers lie on each other, and does what lies above find what it needs below?

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::finding::{Finding, Severity};
use crate::image::{Graph, Node, NodeId, Role};
use crate::layer::HARDLINK_TARGET;

/// The layers of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The image in words: `linux/arm64`.
    pub subject: String,
    /// Its layers, the base first.
    pub layers: Vec<Digest>,
}

impl Stack {
    /// The stacks of all images whose layers are among the nodes.
    pub(super) fn of(graph: &Graph, nodes: &[&Node]) -> Vec<Self> {
        let mut stacks: BTreeMap<NodeId, Self> = BTreeMap::new();
        for node in nodes {
            let (Role::Layer(_), Some(image), Some(descriptor)) =
                (&node.role, node.parent, &node.descriptor)
            else {
                continue;
            };
            let stack = stacks.entry(image).or_insert_with(|| Self {
                subject: graph.owner(image).unwrap_or_else(|| "image".to_owned()),
                layers: Vec::new(),
            });
            stack.layers.push(descriptor.digest.clone());
        }
        stacks.into_values().collect()
    }

    /// What of the findings about the merged tree a verdict tells: what no runtime can unpack. The
    /// tree is wrong then, but every byte is the promised one, so it fails no verification.
    pub(super) fn findings(&self, tree: &[Finding]) -> impl Iterator<Item = Finding> {
        let broken = tree.iter().filter(|finding| finding.rule == HARDLINK_TARGET);
        broken.map(|finding| Finding {
            severity: Severity::Warning,
            subject: self.subject.clone(),
            ..finding.clone()
        })
    }

    /// What is said when the layers could not be put on each other.
    pub(super) fn not_known(&self, reason: &str) -> Finding {
        let text = format!(
            "Whether the hardlinks of the layers of {} find their files is not known: {reason}",
            self.subject
        );
        Finding::note("image.not-known", &self.subject, text)
    }
}
