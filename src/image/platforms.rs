//! Which platforms are there, and which one is shown unasked?

use std::collections::BTreeMap;

use crate::image::{Graph, Node, NodeId, Role};
use crate::media_type::Kind;
use crate::platform::Platform;

/// One choice of a platform picker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformEntry {
    /// The node of the image.
    pub node: NodeId,
    /// The platform as the index lists it, or else as the config says. `None` when nobody does.
    pub platform: Option<Platform>,
    /// What the picker shows: `linux/arm64/v8`, with the place in the list where that would be
    /// said twice, or `entry 3` where no platform is given.
    pub label: String,
    /// Attestations that are folded under it.
    pub attestations: usize,
}

/// All images under the root in the order of the index, those of nested indexes in their place.
/// Entries that only attest others, and artifacts, are not among them.
#[must_use]
pub fn platforms(graph: &Graph) -> Vec<PlatformEntry> {
    let mut entries = Vec::new();
    let mut open: Vec<&Node> = graph.root().into_iter().collect();
    while let Some(node) = open.pop() {
        if node.index().is_some() {
            let below =
                graph.children(node.id).filter(|child| matches!(child.role, Role::Entry(_)));
            let mut below: Vec<&Node> = below.collect();
            below.reverse();
            open.extend(below);
        } else if is_image(node) {
            let platform = node.platform().cloned().or_else(|| {
                let platform = &graph.config_of(node.id)?.platform;
                (!platform.os.is_empty()).then(|| platform.clone())
            });
            let attestations = graph
                .children(node.id)
                .filter(|child| matches!(child.role, Role::Attestation { .. }))
                .count();
            entries.push(PlatformEntry {
                node: node.id,
                platform,
                label: String::new(),
                attestations,
            });
        }
    }
    let texts: Vec<Option<String>> =
        entries.iter().map(|entry| entry.platform.as_ref().map(ToString::to_string)).collect();
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    texts.iter().flatten().for_each(|text| *times.entry(text).or_default() += 1);
    for (at, entry) in entries.iter_mut().enumerate() {
        let Some(Some(text)) = texts.get(at) else {
            entry.label = format!("entry {}", at + 1);
            continue;
        };
        let twice = times.get(text.as_str()).is_some_and(|times| *times > 1);
        entry.label = if twice { format!("{text} (entry {})", at + 1) } else { text.clone() };
    }
    entries
}

/// Whether a node is an image rather than an artifact, as far as is known.
fn is_image(node: &Node) -> bool {
    let Some(descriptor) = &node.descriptor else { return false };
    if descriptor.is_attestation() {
        return false;
    }
    if let Some(manifest) = node.manifest() {
        return manifest.is_image() || node.platform().is_some();
    }
    let manifest = matches!(descriptor.media_type.kind(), Kind::Manifest | Kind::Schema1);
    manifest && descriptor.artifact_type.is_none()
}

/// The platform that is shown when none was asked for: linux/amd64 when it is there, else the
/// first one with a name, else the first one.
#[must_use]
pub fn default_platform(entries: &[PlatformEntry]) -> Option<&PlatformEntry> {
    let best = entries.iter().find(|entry| entry.platform.as_ref().is_some_and(is_usual));
    let named =
        || entries.iter().find(|entry| entry.platform.as_ref().is_some_and(|p| !p.is_unknown()));
    best.or_else(named).or_else(|| entries.first())
}

/// linux/amd64, whatever narrows it.
pub(super) fn is_usual(platform: &Platform) -> bool {
    platform.os == "linux" && platform.architecture == "amd64"
}
