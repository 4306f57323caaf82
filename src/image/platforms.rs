//! Which platforms are there, and which one is shown unasked?

use std::collections::BTreeMap;

use crate::image::{Graph, Node, NodeId, Role, State};
use crate::media_type::Kind;
use crate::platform::{Platform, choose};

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
    /// What tells it from others for the same platform, where an annotation does; else empty.
    pub remark: String,
    /// Attestations that are folded under it.
    pub attestations: usize,
    /// Whether its manifest is there, as far as is known: archives may hold some images of an index
    /// only.
    pub is_present: bool,
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
                platform.is_named().then(|| platform.clone())
            });
            let attestations = graph
                .children(node.id)
                .filter(|child| matches!(child.role, Role::Attestation { .. }))
                .count();
            entries.push(PlatformEntry {
                node: node.id,
                platform,
                label: String::new(),
                remark: String::new(),
                attestations,
                is_present: !matches!(
                    node.state,
                    State::Missing(_) | State::Failed | State::Skipped(_)
                ),
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
    let nodes: Vec<&Node> = entries.iter().filter_map(|entry| graph.node(entry.node)).collect();
    for (at, entry) in entries.iter_mut().enumerate() {
        let text = texts.get(at).and_then(Option::as_ref);
        if text.is_none_or(|text| times.get(text.as_str()).is_some_and(|times| *times > 1)) {
            let alike = nodes.iter().zip(&texts).filter(|(_, other)| other.as_ref() == text);
            let alike: Vec<&Node> = alike.map(|(node, _)| *node).collect();
            entry.remark = remark(entry.node, &alike);
        }
    }
    entries
}

/// The first annotation that tells a node from others that are alike, shortened; nothing when none
/// does.
fn remark(own: NodeId, alike: &[&Node]) -> String {
    const MOST: usize = 60;
    let annotations = |node: &Node| node.descriptor.as_ref().map(|d| d.annotations.clone());
    let own = alike.iter().find(|node| node.id == own).and_then(|node| annotations(node));
    let telling = own.unwrap_or_default().into_iter().find(|(key, value)| {
        let same = |node: &&&Node| {
            node.descriptor.as_ref().is_some_and(|d| d.annotations.get(key) == Some(value))
        };
        alike.len() > 1 && alike.iter().filter(same).count() == 1
    });
    let value = telling.map(|(_, value)| value).unwrap_or_default();
    match value.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value,
    }
}

/// Whether a node is an image rather than an artifact, as far as is known.
fn is_image(node: &Node) -> bool {
    let Some(descriptor) = &node.descriptor else { return false };
    if descriptor.is_attestation() {
        return false;
    }
    if let Some(manifest) = node.manifest() {
        return manifest.is_image() || node.platform().is_some_and(|own| !own.is_unknown());
    }
    let manifest = matches!(descriptor.media_type.kind(), Kind::Manifest | Kind::Schema1);
    manifest && descriptor.artifact_type.is_none()
}

/// The platform that is shown when none was asked for: linux/amd64 when it is there, else the
/// first one with a name, else the first one. What is not there is only taken when nothing is.
#[must_use]
pub fn default_platform(entries: &[PlatformEntry]) -> Option<&PlatformEntry> {
    let present: Vec<&PlatformEntry> = entries.iter().filter(|entry| entry.is_present).collect();
    let among =
        if present.is_empty() { entries.iter().collect::<Vec<&PlatformEntry>>() } else { present };
    let usual = choose(among.iter().map(|entry| entry.platform.as_ref()), &usual());
    let named = |entry: &&&PlatformEntry| entry.platform.as_ref().is_some_and(|p| !p.is_unknown());
    let usual = usual.and_then(|at| among.get(at));
    usual.or_else(|| among.iter().find(named)).or(among.first()).copied()
}

/// The platform that an address or a person names: by its label, or by what it is for, however
/// that is spelled.
#[must_use]
pub fn find_platform<'a>(entries: &'a [PlatformEntry], wanted: &str) -> Option<&'a PlatformEntry> {
    entries.iter().find(|entry| entry.label == wanted).or_else(|| {
        let wanted: Platform = wanted.parse().ok()?;
        entries.get(choose(entries.iter().map(|entry| entry.platform.as_ref()), &wanted)?)
    })
}

/// linux/amd64.
pub(super) fn usual() -> Platform {
    Platform { os: "linux".to_owned(), architecture: "amd64".to_owned(), ..Platform::default() }
}
