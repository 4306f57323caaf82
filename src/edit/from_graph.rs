//! How a graph that was loaded becomes something that can be edited.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::edit::image::{Attached, Image, ImageError};
use crate::image::{Graph, Node, Role, State};
use crate::limits;
use crate::media_type::Kind;

impl Image {
    /// Takes the documents of a graph. Entries of an index that were not loaded stay listed, but
    /// can't be edited.
    ///
    /// # Errors
    /// When the root was not read, or is none that can be edited.
    pub fn from_graph(graph: &Graph) -> Result<Self, ImageError> {
        let unread = |label: &str| ImageError::Unread {
            label: label.to_owned(),
            reason: "it has not been loaded".to_owned(),
        };
        let root = graph.root().ok_or_else(|| unread("image"))?;
        Documents::of(graph).image(root, 0)
    }
}

struct Documents<'a> {
    /// A node for every digest, one that was read before one that was not.
    nodes: BTreeMap<&'a Digest, &'a Node>,
    attached: BTreeMap<&'a Digest, Vec<Attached>>,
}

impl<'a> Documents<'a> {
    fn of(graph: &'a Graph) -> Self {
        let mut nodes: BTreeMap<&Digest, &Node> = BTreeMap::new();
        let mut attached: BTreeMap<&Digest, Vec<Attached>> = BTreeMap::new();
        for node in graph.nodes() {
            let Some(descriptor) = &node.descriptor else { continue };
            // Of thousands of layers nothing is wanted here.
            if node.state == State::Blob {
                continue;
            }
            let known = nodes.entry(&descriptor.digest).or_insert(node);
            if known.document.is_none() {
                *known = node;
            }
            let tag = match &node.role {
                Role::Referrer => None,
                Role::CosignTag(tag) => Some(tag.clone()),
                _ => continue,
            };
            let above = node.parent.and_then(|parent| graph.node(parent));
            let Some(above) = above.and_then(|above| above.descriptor.as_ref()) else { continue };
            let digest = Some(descriptor.digest.clone());
            let found = Attached { digest, tag, artifact: node.artifact.clone() };
            let list = attached.entry(&above.digest).or_default();
            if !list.contains(&found) {
                list.push(found);
            }
        }
        Self { nodes, attached }
    }

    fn image(&self, node: &Node, depth: usize) -> Result<Image, ImageError> {
        let Some(document) = node.document.clone() else {
            return Err(ImageError::Unread { label: node.label.clone(), reason: reason(node) });
        };
        let image = match document.media_type().kind() {
            Kind::Index => {
                let (children, unread) = self.children(node, depth);
                Image::from_index(document, children, unread, &node.label)?
            }
            _ => {
                let config = node.manifest().filter(|view| view.has_image_config());
                let config = config.and_then(|view| view.config.as_ref());
                let config = config.map(|config| self.config(&config.digest, &node.label));
                match node.manifest() {
                    Some(view) => Image::of_view(document, view, config.transpose()?, &node.label)?,
                    None => Image::from_manifest(document, config.transpose()?, &node.label)?,
                }
            }
        };
        let attached = self.attached.get(image.digest()).cloned().unwrap_or_default();
        Ok(image.referred_by(attached))
    }

    fn config(
        &self,
        digest: &Digest,
        label: &str,
    ) -> Result<std::sync::Arc<crate::document::Document>, ImageError> {
        let node = self.nodes.get(digest);
        node.and_then(|node| node.document.clone()).ok_or_else(|| ImageError::Unread {
            label: format!("config of {label}"),
            reason: node.map_or_else(|| "it has not been loaded".to_owned(), |node| reason(node)),
        })
    }

    fn children(
        &self,
        node: &Node,
        depth: usize,
    ) -> (BTreeMap<Digest, Image>, BTreeMap<Digest, String>) {
        let (mut children, mut unread) = (BTreeMap::new(), BTreeMap::new());
        for entry in node.index().into_iter().flat_map(|index| &index.manifests) {
            let child = self.nodes.get(&entry.digest).filter(|_| depth < limits::INDEX_DEPTH);
            let read = child.map(|child| self.image(child, depth + 1));
            match read {
                Some(Ok(image)) => {
                    children.insert(entry.digest.clone(), image);
                }
                Some(Err(error)) => {
                    unread.insert(entry.digest.clone(), error.to_string());
                }
                None => {
                    let reason = "It has not been loaded".to_owned();
                    unread.insert(entry.digest.clone(), reason);
                }
            }
        }
        (children, unread)
    }
}

fn reason(node: &Node) -> String {
    match &node.state {
        State::Missing(reason) | State::Skipped(reason) => reason.clone(),
        State::Failed => "its bytes are not what was promised".to_owned(),
        State::Read => "it is no JSON".to_owned(),
        State::Waiting => "it has not been loaded".to_owned(),
        State::Blob => "it is a blob, not a document".to_owned(),
    }
}
