//! Which documents are there, and what are they called?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use super::{Headers, ImageModel, Reading, Unread, unread};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::image::{Graph, Node, Role, State};
use crate::source::Holder;

/// One document, or a blob that is none.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentModel {
    /// What it is: `index`, `manifest of linux/amd64`, `layer 1 of linux/amd64`.
    pub title: String,
    /// Type, digest and size.
    pub descriptor: Descriptor,
    /// Its content.
    pub content: DocumentContent,
    /// The registry's response headers, when it was asked for.
    pub headers: Vec<(String, String)>,
}

/// The content of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum DocumentContent {
    /// Its bytes, once they are there; or why they are not.
    Document(Reading<Bytes>),
    /// A blob that is only fetched when someone wants it.
    Blob,
}

impl DocumentModel {
    /// Whether registries give it as a manifest; else it is a blob.
    #[must_use]
    pub fn is_manifest(&self) -> bool {
        self.descriptor.media_type.kind().is_manifest()
    }

    /// Whether it is no document.
    #[must_use]
    pub fn is_blob(&self) -> bool {
        self.content == DocumentContent::Blob
    }

    /// Whether its bytes are here.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(&self.content, DocumentContent::Document(Reading::Read(_)))
    }

    /// Whether its bytes should be here but are not to be had.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(&self.content, DocumentContent::Document(Reading::Unread(_)))
    }
}

/// A node's name among documents.
#[must_use]
pub fn title(node: &Node) -> String {
    match (&node.role, &node.artifact) {
        (Role::Attestation { .. } | Role::Referrer | Role::CosignTag(_), Some(artifact)) => {
            match artifact.detail.is_empty() {
                true => artifact.name.clone(),
                false => format!("{}, {}", artifact.name, artifact.detail),
            }
        }
        (Role::Content(_), _) => node.label.strip_prefix("file ").unwrap_or(&node.label).to_owned(),
        _ => node.label.clone(),
    }
}

/// Each document of a graph once. Of nodes that are what they were in the graph of the model before,
/// those of that model are taken.
pub(super) fn of(
    graph: &Graph,
    headers: &Headers,
    before: Option<&ImageModel>,
) -> Vec<Arc<DocumentModel>> {
    let known: BTreeMap<&Digest, &Arc<DocumentModel>> = before
        .into_iter()
        .flat_map(|before| &before.documents)
        .map(|document| (&document.descriptor.digest, document))
        .collect();
    let mut seen = BTreeSet::new();
    let mut documents = Vec::new();
    for node in graph.nodes() {
        let Some(digest) = digest_of(node).filter(|digest| seen.insert(*digest)) else { continue };
        let headers = headers.get(digest);
        let same = before.is_some_and(|before| graph.is_as_in(&before.graph, node.id));
        let known = known.get(digest).filter(|_| same);
        match known.filter(|known| headers.is_none_or(|headers| *headers == known.headers)) {
            Some(known) => documents.push(Arc::clone(known)),
            None => documents.extend(descriptor_of(node).map(|descriptor| {
                Arc::new(DocumentModel {
                    title: title(node),
                    content: content(node, graph.holder()),
                    headers: headers.cloned().unwrap_or_default(),
                    descriptor,
                })
            })),
        }
    }
    documents
}

fn content(node: &Node, holder: Holder) -> DocumentContent {
    DocumentContent::Document(match (&node.state, &node.document) {
        (State::Blob, _) => return DocumentContent::Blob,
        (_, Some(document)) => Reading::Read(document.bytes().clone()),
        (State::Waiting, None) => Reading::Waiting(format!("Asking for the {}…", node.label)),
        (_, None) => Reading::Unread(unread(node, holder).unwrap_or_else(|| Unread {
            sentence: format!("The {} is no JSON document.", node.label),
            reason: "Its bytes can be downloaded as a blob.".to_owned(),
            retry: false,
        })),
    })
}

fn descriptor_of(node: &Node) -> Option<Descriptor> {
    let of_document = || node.document.as_ref().map(|document| document.descriptor());
    node.descriptor.clone().or_else(of_document)
}

fn digest_of(node: &Node) -> Option<&Digest> {
    let of_document = || node.document.as_ref().map(|document| document.digest());
    node.descriptor.as_ref().map(|descriptor| &descriptor.digest).or_else(of_document)
}
