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
    let mut times: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    texts.iter().for_each(|text| *times.entry(text.as_deref()).or_default() += 1);
    let is_alike = |text: &Option<String>| times.get(&text.as_deref()) > Some(&1);
    let remarks = remarks(graph, &entries, &texts, is_alike);
    for (at, ((entry, text), remark)) in entries.iter_mut().zip(&texts).zip(remarks).enumerate() {
        entry.label = match text {
            None => format!("entry {}", at + 1),
            Some(name) if is_alike(text) => format!("{name} (entry {})", at + 1),
            Some(name) => name.clone(),
        };
        entry.remark = remark;
    }
    entries
}

/// For each entry for a platform that others are for the first annotation that tells it from them,
/// shortened; nothing where none does.
fn remarks(
    graph: &Graph,
    entries: &[PlatformEntry],
    texts: &[Option<String>],
    is_alike: impl Fn(&Option<String>) -> bool,
) -> Vec<String> {
    const MOST: usize = 60;
    let annotations = |entry: &PlatformEntry| {
        let descriptor = graph.node(entry.node).and_then(|node| node.descriptor.as_ref());
        descriptor.map(|descriptor| &descriptor.annotations).into_iter().flatten()
    };
    let mut said: BTreeMap<(Option<&str>, &str, &str), usize> = BTreeMap::new();
    for (entry, text) in entries.iter().zip(texts).filter(|(_, text)| is_alike(text)) {
        for (key, value) in annotations(entry) {
            *said.entry((text.as_deref(), key, value)).or_default() += 1;
        }
    }
    let remark = |(entry, text): (&PlatformEntry, &Option<String>)| {
        let is_telling = |(key, value): &(&String, &String)| {
            said.get(&(text.as_deref(), key.as_str(), value.as_str())) == Some(&1)
        };
        let value = annotations(entry).find(is_telling).map(|(_, value)| value.as_str());
        let value = value.unwrap_or_default();
        match value.char_indices().nth(MOST) {
            Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
            None => value.to_owned(),
        }
    };
    entries.iter().zip(texts).map(remark).collect()
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
    let usual = choose(among.iter().map(|entry| entry.platform.as_ref()), &Platform::usual());
    let named = |entry: &&&PlatformEntry| entry.platform.as_ref().is_some_and(|p| !p.is_unknown());
    let usual = usual.and_then(|at| among.get(at));
    usual.or_else(|| among.iter().find(named)).or_else(|| among.first()).copied()
}

/// The platform that an address or a person names: by its label, or by what it is for, however
/// that is spelled. An architecture alone is one of Linux.
#[must_use]
pub fn find_platform<'a>(entries: &'a [PlatformEntry], wanted: &str) -> Option<&'a PlatformEntry> {
    let spelled = |text: &str| {
        let wanted: Platform = text.parse().ok()?;
        entries.get(choose(entries.iter().map(|entry| entry.platform.as_ref()), &wanted)?)
    };
    let labelled = entries.iter().find(|entry| entry.label == wanted);
    labelled.or_else(|| spelled(wanted)).or_else(|| spelled(&format!("linux/{wanted}")))
}
