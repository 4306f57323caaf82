//! Which nodes does a document that was read bring?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::finding::Finding;
use crate::image::artifact::{artifact_kind, content_kind};
use crate::image::face::{self, Part};
use crate::image::loader::{Loader, Turn};
use crate::image::{Missing, Node, NodeId, Role, State, What};
use crate::limits;
use crate::media_type::Kind;
use crate::platform::{Platform, choose};
use crate::spec::{Index, LayerDescriptor, Manifest, View, too_large};

impl Loader {
    pub(super) fn add_root(&mut self) -> NodeId {
        let root = Node {
            id: NodeId::ROOT,
            parent: None,
            descriptor: None,
            role: Role::Root,
            state: State::Waiting,
            document: None,
            view: None,
            artifact: None,
            label: "document".to_owned(),
            place: 1,
            children: Vec::new(),
            findings: Vec::new(),
        };
        self.graph.nodes.push(Arc::new(root));
        NodeId::ROOT
    }

    /// Adds a node, unless there are too many.
    pub(super) fn add(
        &mut self,
        parent: NodeId,
        role: Role,
        place: usize,
        descriptor: Option<Descriptor>,
    ) -> Option<NodeId> {
        if self.graph.nodes.len() >= limits::DESCRIPTORS {
            self.stop();
            return None;
        }
        let id = NodeId(self.graph.nodes.len());
        let label = self.label(parent, &role, place, descriptor.as_ref());
        let artifact = descriptor.as_ref().and_then(|descriptor| match role {
            Role::Attestation { .. } | Role::Referrer => Some(artifact_kind(descriptor, None)),
            Role::Content(_) => Some(content_kind(descriptor)),
            Role::Entry(_) if !descriptor.media_type.is_manifest() => {
                Some(content_kind(descriptor))
            }
            _ => None,
        });
        let node = Node {
            id,
            parent: Some(parent),
            descriptor,
            role,
            state: State::Waiting,
            document: None,
            view: None,
            artifact,
            label,
            place,
            children: Vec::new(),
            findings: Vec::new(),
        };
        self.graph.nodes.push(Arc::new(node));
        self.graph.node_mut(parent)?.children.push(id);
        Some(id)
    }

    fn stop(&mut self) {
        if self.stopped {
            return;
        }
        self.stopped = true;
        let most = limits::DESCRIPTORS;
        let reason = format!("Reading stopped at {most} descriptors, the most that are followed.");
        self.graph.findings.push(
            Finding::warning("graph.limit", "image", reason.clone())
                .expected(format!("at most {most}")),
        );
        let label = "rest of the image".to_owned();
        self.graph.unread.push(Missing { node: None, label, reason });
    }

    fn label(
        &self,
        parent: NodeId,
        role: &Role,
        place: usize,
        descriptor: Option<&Descriptor>,
    ) -> String {
        let of = |name: String| match self.graph.owner(parent) {
            Some(owner) => format!("{name} of {owner}"),
            None => name,
        };
        let short = descriptor.map_or("", |descriptor| descriptor.digest.short());
        match role {
            Role::Root => "document".to_owned(),
            Role::Entry(platform) => {
                let media_type = descriptor.map(|descriptor| &descriptor.media_type);
                let name = match media_type {
                    Some(media_type) if media_type.kind() == Kind::Index => "index",
                    Some(media_type) if !media_type.is_manifest() => "blob",
                    _ => "manifest",
                };
                match platform {
                    Some(platform) => format!("{name} of {platform}"),
                    None => of(format!("{name} of entry {place}")),
                }
            }
            Role::Attestation { .. } => of("attestation".to_owned()),
            Role::Config => of("config".to_owned()),
            Role::Layer(number) => of(format!("layer {number}")),
            Role::Content(number) => of(format!("content {number}")),
            Role::Referrer => of(format!("referrer {short}")),
            Role::CosignTag(tag) => format!("tag {tag}"),
        }
    }

    /// Adds what a node that was read points to, and asks for it.
    pub(super) fn expand(&mut self, id: NodeId) {
        let Some(node) = self.graph.node(id) else { return };
        let Some(view) = node.view.clone() else { return };
        match &*view {
            View::Index(index) => self.expand_index(id, index),
            View::Manifest(manifest) => self.expand_manifest(id, manifest),
            View::Config(_) | View::Schema1(_) | View::Raw => {}
        }
        self.ask_attached(id);
    }

    fn expand_index(&mut self, id: NodeId, index: &Index) {
        if self.index_depth(id) > limits::INDEX_DEPTH {
            let most = limits::INDEX_DEPTH;
            let reason = format!("Indexes are nested more than {most} deep; reading stopped here.");
            if let Some(node) = self.graph.node_mut(id) {
                let label = node.label.clone();
                let expected = format!("at most {most}");
                node.findings.push(
                    Finding::warning("graph.depth", &label, reason.clone()).expected(expected),
                );
                self.graph.unread.push(Missing { node: Some(id), label, reason });
            }
            return;
        }
        let first = self.first_entry(index);
        let only = self.options.only.as_ref().and_then(|only| choose(platforms_of(index), only));
        self.name_collection(id, index);
        // An entry that is there again says nothing new, unless it says something else.
        let mut seen = BTreeSet::new();
        let mut is_new = |entry: &Descriptor| {
            let said = (entry.size, entry.media_type.clone(), entry.data.clone());
            seen.insert((entry.digest.clone(), entry.platform.clone(), said))
        };
        let mut entries: BTreeMap<Digest, NodeId> = BTreeMap::new();
        let attests = |entry: &&Descriptor| entry.is_attestation();
        for (at, entry) in index.manifests.iter().enumerate().filter(|(_, e)| !attests(e)) {
            if !is_new(entry) {
                continue;
            }
            let platform = entry.platform.clone().filter(Platform::is_named);
            let is_other = platform.is_some() && only != Some(at);
            let role = Role::Entry(platform);
            let Some(child) = self.add(id, role, at + 1, Some(entry.clone())) else { return };
            entries.entry(entry.digest.clone()).or_insert(child);
            let turn = if first == Some(at) { Turn::FirstManifest } else { Turn::Manifests };
            if first == Some(at) {
                self.first.insert(child);
            }
            if self.options.only.is_some() && is_other {
                self.skip(child);
            } else if !entry.media_type.is_manifest() {
                self.set_blob(child);
            } else {
                self.want_manifest(child, entry, turn);
            }
        }
        for (at, entry) in index.manifests.iter().enumerate().filter(|(_, e)| attests(e)) {
            if !is_new(entry) {
                continue;
            }
            let of = entry.attested();
            let above = of.as_ref().and_then(|of| entries.get(of)).copied();
            let role = match of {
                Some(of) => Role::Attestation { of },
                None => Role::Entry(entry.platform.clone().filter(Platform::is_named)),
            };
            let Some(child) = self.add(above.unwrap_or(id), role, at + 1, Some(entry.clone()))
            else {
                return;
            };
            let skipped = above.and_then(|above| self.graph.node(above));
            if skipped.is_some_and(|node| matches!(node.state, State::Skipped(_))) {
                self.skip(child);
            } else {
                self.want_manifest(child, entry, Turn::Manifests);
            }
        }
    }

    /// Number of indexes from the root down to a node, both counted.
    fn index_depth(&self, id: NodeId) -> usize {
        let mut depth = 0;
        let mut at = self.graph.node(id);
        while let Some(node) = at {
            depth += usize::from(node.index().is_some());
            at = node.parent.and_then(|parent| self.graph.node(parent));
        }
        depth
    }

    fn first_entry(&self, index: &Index) -> Option<usize> {
        let wanted = self.options.first.as_ref().or(self.options.only.as_ref());
        match wanted {
            Some(wanted) => choose(platforms_of(index), wanted),
            None => choose(platforms_of(index), &Platform::usual()).or_else(|| {
                platforms_of(index).position(|platform| platform.is_some_and(|p| !p.is_unknown()))
            }),
        }
    }

    /// Says what an index is that lists no manifest: a build cache, or other blobs.
    fn name_collection(&mut self, id: NodeId, index: &Index) {
        let kind = face::collection_kind(index);
        if let (Some(kind), Some(node)) = (kind, self.graph.node_mut(id)) {
            node.artifact = Some(kind);
        }
    }

    fn skip(&mut self, id: NodeId) {
        let Some(only) = &self.options.only else { return };
        let reason = format!("Only {only} was asked for.");
        if let Some(node) = self.graph.node_mut(id) {
            node.state = State::Skipped(reason);
        }
    }

    pub(super) fn want_manifest(&mut self, id: NodeId, descriptor: &Descriptor, turn: Turn) {
        self.want(id, descriptor, What::Manifest(descriptor.clone()), turn);
    }

    fn want(&mut self, id: NodeId, descriptor: &Descriptor, what: What, turn: Turn) {
        if descriptor.size <= limits::DOCUMENT_BYTES {
            self.ask_document(turn, what, &descriptor.digest, id);
            return;
        }
        if let Some(node) = self.graph.node_mut(id) {
            let finding = too_large(descriptor.size, &node.label);
            node.state = State::Skipped(finding.message.clone());
            node.findings.push(finding);
        }
        self.excuse(id);
    }

    fn expand_manifest(&mut self, id: NodeId, manifest: &Manifest) {
        self.check_subject(id, manifest);
        let Some(node) = self.graph.node_mut(id) else { return };
        let image = manifest.is_image() && !node.is_attached();
        if let (false, Some(descriptor)) = (image, &node.descriptor) {
            node.artifact = Some(artifact_kind(descriptor, Some(manifest)));
        }
        let first = self.is_first(id);
        if let Some(config) = &manifest.config
            && let Some(child) = self.add(id, Role::Config, 1, Some(config.clone()))
        {
            if config.media_type.kind() == Kind::Config || face::says_what_it_is(config) {
                let turn = if first { Turn::FirstConfig } else { Turn::Configs };
                self.want(child, config, What::Blob(config.clone()), turn);
            } else {
                self.set_blob(child);
            }
        }
        // The files of an artifact are called what it calls them.
        let names: Vec<Option<String>> = match self.graph.node(id) {
            Some(node) if !image && !node.is_attached() => {
                let face = node.descriptor.as_ref().map(|own| face::face(own, manifest));
                let part = |layer: &LayerDescriptor| {
                    face.as_ref()?.part(&layer.descriptor.digest).map(Part::file_name)
                };
                manifest.layers.iter().map(part).collect()
            }
            _ => Vec::new(),
        };
        for (at, layer) in manifest.layers.iter().enumerate() {
            let (number, descriptor) = (layer.number, layer.descriptor.clone());
            let role = if image { Role::Layer(number) } else { Role::Content(number) };
            let Some(child) = self.add(id, role, number, Some(descriptor)) else { return };
            self.set_blob(child);
            if let Some(Some(name)) = names.get(at) {
                let owner = self.graph.owner(id).map(|owner| format!(" of {owner}"));
                let label = format!("file {name}{}", owner.unwrap_or_default());
                if let Some(node) = self.graph.node_mut(child) {
                    node.label = label;
                }
            }
        }
    }

    fn set_blob(&mut self, id: NodeId) {
        if let Some(node) = self.graph.node_mut(id) {
            node.state = State::Blob;
        }
    }

    /// Whether a node is the root or an entry that is shown first.
    fn is_first(&self, id: NodeId) -> bool {
        id == NodeId::ROOT || self.first.contains(&id)
    }
}

fn platforms_of(index: &Index) -> impl Iterator<Item = Option<&Platform>> {
    index.manifests.iter().map(|entry| entry.platform.as_ref().filter(|p| p.is_named()))
}
