//! The graph as boxes and lines.

use std::collections::BTreeMap;

use drydock::image::{Category, Graph, Node, NodeId, Role, State};
use drydock::inspect::media;
use drydock::inspect::model::{ImageModel, PlatformModel, title};

use crate::components::{GraphNode, Relation, format};
use crate::route::{ImageRoute, View};

/// Most nodes that are listed; beyond it a picture and a list are of no use.
const MOST: usize = 5000;

/// The nodes, parents first, as far as they can be shown; with `grouped`, the layers of an image are
/// one.
#[must_use]
pub fn nodes(image: &ImageModel, grouped: bool) -> Vec<GraphNode> {
    let graph = &*image.graph;
    let named = |platform: &PlatformModel| (platform.node, platform.name.clone());
    let mut walk = Walk {
        graph,
        route: ImageRoute::new(image.reference.clone()),
        several: image.platforms.len() > 1,
        labels: image.platforms.iter().map(|platform| named(platform)).collect(),
        grouped,
        out: vec![],
    };
    // Depth first, parents before children: a stack of nodes and where their parents went.
    let mut stack = vec![(NodeId::ROOT, None)];
    while let Some((id, parent)) = stack.pop() {
        let Some(node) = graph.node(id) else { continue };
        if walk.out.len() >= MOST {
            break;
        }
        let at = walk.out.len();
        walk.push(node, parent);
        let layers: Vec<&Node> = graph.layers_of(id).collect();
        let one_box = grouped && layers.len() > 1;
        let below = graph.children(id).filter(|child| {
            let folded = one_box && matches!(child.role, Role::Layer(number) if number > 1);
            !folded && !child.stands_for_nothing()
        });
        let below: Vec<(NodeId, Option<usize>)> = below.map(|child| (child.id, Some(at))).collect();
        stack.extend(below.into_iter().rev());
    }
    walk.out
}

struct Walk<'a> {
    graph: &'a Graph,
    route: ImageRoute,
    /// The names of the platforms, by their nodes.
    labels: BTreeMap<NodeId, String>,
    /// Whether there is more than one of them.
    several: bool,
    grouped: bool,
    out: Vec<GraphNode>,
}

impl Walk<'_> {
    fn push(&mut self, node: &Node, parent: Option<usize>) {
        let relation = match node.role {
            Role::Referrer | Role::CosignTag(_) | Role::Attestation { .. } => Relation::Refers,
            _ => Relation::Child,
        };
        let (title, detail) = self.words(node);
        let class = class(node);
        let href = self.href(node);
        self.out.push(GraphNode { parent, relation, title, detail, class, href });
    }

    fn words(&self, node: &Node) -> (String, String) {
        let layers: Vec<&Node> = match (&node.role, node.parent) {
            (Role::Layer(1), Some(parent)) if self.grouped => {
                self.graph.layers_of(parent).collect()
            }
            _ => Vec::new(),
        };
        if layers.len() > 1 {
            let sizes = layers.iter().filter_map(|it| it.descriptor.as_ref()).map(|it| it.size);
            let size = sizes.fold(0_u64, u64::saturating_add);
            let title = format::plural(layers.len(), "layer", "layers");
            return (title, format::bytes(size));
        }
        let name = match &node.role {
            Role::Root => {
                let repository = self.route.reference.repository.as_str();
                let last = repository.rsplit('/').next().unwrap_or(repository);
                match &self.route.reference.tag {
                    Some(tag) => format!("{last}:{tag}"),
                    None => last.to_owned(),
                }
            }
            Role::Config => "config".to_owned(),
            Role::Layer(number) => format!("layer {number}"),
            Role::Content(number) => match node.label.strip_prefix("file ") {
                Some(name) => name.to_owned(),
                None => format!("content {number}"),
            },
            Role::Entry(_) if node.artifact.is_none() => {
                self.labels.get(&node.id).cloned().unwrap_or_else(|| title(node))
            }
            _ => title(node),
        };
        (name, self.detail(node))
    }

    fn detail(&self, node: &Node) -> String {
        let Some(descriptor) = &node.descriptor else { return "not read yet".to_owned() };
        let state = match &node.state {
            State::Failed => " · failed",
            State::Missing(_) => " · not given",
            State::Skipped(_) => " · left out",
            State::Waiting => " · on its way",
            State::Read | State::Blob => "",
        };
        let digest = descriptor.digest.short();
        let size = format::bytes(descriptor.size);
        match (&node.role, node.manifest(), node.index()) {
            (Role::Config | Role::Layer(_), ..) => format!("{digest} · {size}{state}"),
            (Role::Content(_), ..) => {
                format!("{size}{state} · {}", media::name(&descriptor.media_type))
            }
            (_, Some(_), _) => format!("manifest {digest}{state}"),
            (_, _, Some(_)) => format!("index {digest}{state}"),
            _ => format!("{} {digest}{state}", media::name(&descriptor.media_type)),
        }
    }

    fn href(&self, node: &Node) -> Option<String> {
        let digest = node.descriptor.as_ref()?.digest.clone();
        if let Role::Layer(number) = node.role {
            let label = node.parent.and_then(|parent| self.labels.get(&parent));
            let grouped = self.grouped && number == 1;
            let number = u32::try_from(number).ok().and_then(std::num::NonZeroU32::new);
            let view = View::Layers(number.filter(|_| !grouped));
            let platform = label.filter(|_| self.several).cloned();
            return Some(ImageRoute { view, platform, ..self.route.clone() }.href());
        }
        Some(self.route.with_view(View::documents(Some(digest))).href())
    }
}

/// The colour of a node: by what it is, never the only sign.
fn class(node: &Node) -> &'static str {
    match (&node.role, node.artifact.as_ref().map(|kind| kind.category)) {
        (Role::Root, _) => "root",
        (Role::Config, _) => "layer-8",
        (Role::Layer(_) | Role::Content(_), _) => "layer-2",
        (_, Some(Category::Signature)) => "layer-3",
        (_, Some(Category::Provenance)) => "layer-5",
        (_, Some(Category::Sbom)) => "layer-6",
        (_, Some(_)) => "layer-7",
        (Role::Entry(_), None) => "layer-1",
        _ => "layer-7",
    }
}
