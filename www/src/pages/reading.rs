//! From the library's graph to what the pages show.

mod boxes;
mod content;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::finding::Severity;
use drydock::image::{
    Face, Graph, Node, NodeId, PlatformEntry, Role, State, face, index_face, platforms,
};
use drydock::reference::Reference;
use drydock::source::Holder;
use drydock::spec::View;

use super::model::{DocumentContent, DocumentModel, ImageModel, Load, PlatformModel, What};
use crate::components::Problem;

pub use boxes::nodes;

/// Response headers of documents, by digest.
pub type Headers = BTreeMap<Digest, Vec<(String, String)>>;

/// What has been read of an image; none before its root is there.
#[must_use]
pub fn image(
    reference: &Reference,
    graph: &Arc<Graph>,
    headers: &Headers,
    warnings: &[String],
    growing: bool,
) -> Option<ImageModel> {
    let root = graph.root()?;
    let digest = root.descriptor.as_ref()?.digest.clone();
    let what = what(root);
    let entries = match what {
        What::Index | What::Image => platforms(graph),
        _ => Vec::new(),
    };
    let attestations = graph.nodes().iter().filter(|node| is_attestation(node)).count();
    let refers = |node: &&Node| matches!(node.role, Role::Referrer | Role::CosignTag(_));
    let referrers = graph.nodes().iter().filter(refers).count();
    let mut remarks: Vec<String> =
        warnings.iter().map(|warning| format!("The registry warns: {warning}")).collect();
    // What is said of the only manifest is said with its content.
    let alone = entries.iter().any(|entry| entry.node == NodeId::ROOT);
    let weighty = graph.findings().iter().chain(root.findings.iter().filter(|_| !alone));
    remarks.extend(
        weighty
            .filter(|finding| finding.severity != Severity::Note)
            .map(|finding| finding.message.clone()),
    );
    remarks.extend(absent(graph, &entries));
    if root.artifact.is_some() {
        remarks.extend(of_config(graph, root));
    }
    Some(ImageModel {
        reference: reference.clone(),
        digest,
        face: face_of(root).map(Arc::new),
        platforms: entries.iter().map(|entry| Arc::new(platform(graph, entry))).collect(),
        what,
        attestations,
        referrers,
        documents: documents(graph, headers),
        referrers_from: graph.referrers_from().join(" and "),
        remarks,
        not_known: graph.not_known().iter().map(ToString::to_string).collect(),
        graph: Arc::clone(graph),
        growing,
    })
}

/// Platforms that the index lists and that are not to be had, when others are.
fn absent(graph: &Graph, entries: &[PlatformEntry]) -> Option<String> {
    let absent: Vec<&PlatformEntry> = entries.iter().filter(|entry| !entry.is_present).collect();
    let first = absent.first().and_then(|entry| graph.node(entry.node));
    let first = first.and_then(|node| problem_of(node, graph.holder()))?;
    let names: Vec<&str> = absent.iter().map(|entry| entry.label.as_str()).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let some = absent.len() < entries.len();
    some.then(|| format!("{} {verb} listed, but not there. {}", names.join(", "), first.sentence))
}

/// Why the config of an artifact can't be read, when it can't. What else may be odd about it is of
/// no weight: tools put one there only because a manifest has to have it.
fn of_config(graph: &Graph, root: &Node) -> Option<String> {
    let config = graph.children(root.id).find(|child| child.role == Role::Config)?;
    let sentence = match problem_of(config, graph.holder()) {
        Some(problem) => problem.sentence,
        None if config.document.is_some() && config.config().is_none() => {
            let error = config.findings.iter().find(|it| it.severity == Severity::Error)?;
            error.message.clone()
        }
        None => return None,
    };
    Some(format!("The config could not be read. {sentence}"))
}

/// Why the root is not there, when it is not and will not be.
#[must_use]
pub fn root_problem(graph: &Graph) -> Option<Problem> {
    let root = graph.root()?;
    problem_of(root, graph.holder()).filter(|_| root.view.is_none() || root.document.is_none())
}

fn what(root: &Node) -> What {
    match root.view.as_deref() {
        Some(View::Index(_)) if root.artifact.is_none() => What::Index,
        Some(View::Manifest(_)) if root.artifact.is_none() => What::Image,
        Some(View::Index(_) | View::Manifest(_)) => {
            let kind = root.artifact.as_ref();
            What::Artifact(kind.map(|kind| kind.name.clone()).unwrap_or_default())
        }
        Some(View::Schema1(_)) => What::Schema1,
        _ => {
            let of_document = root.document.as_ref().map(|it| it.media_type());
            let of_descriptor = root.descriptor.as_ref().map(|it| &it.media_type);
            let media_type = of_document.or(of_descriptor);
            What::Other(media_type.map(ToString::to_string).unwrap_or_default())
        }
    }
}

fn face_of(root: &Node) -> Option<Face> {
    let descriptor = root.descriptor.as_ref().filter(|_| root.artifact.is_some())?;
    match root.view.as_deref()? {
        View::Manifest(manifest) => Some(face(descriptor, manifest)),
        View::Index(index) => Some(index_face(descriptor, index)),
        _ => None,
    }
}

fn is_attestation(node: &Node) -> bool {
    matches!(node.role, Role::Attestation { .. })
}

fn platform(graph: &Graph, entry: &PlatformEntry) -> PlatformModel {
    let node = graph.node(entry.node);
    let manifest = node.and_then(|node| node.descriptor.as_ref());
    PlatformModel {
        name: entry.label.clone(),
        remark: entry.remark.clone(),
        node: entry.node,
        manifest: manifest.map_or_else(|| Digest::sha256(b""), |it| it.digest.clone()),
        attestations: entry.attestations,
        content: match node {
            Some(node) => content::of(graph, node, &entry.label),
            None => Load::Failed(Problem::default()),
        },
    }
}

/// What keeps a node from being read, when something does.
fn problem_of(node: &Node, holder: Holder) -> Option<Problem> {
    let (sentence, retry) = match &node.state {
        State::Missing(reason) => (reason.clone(), true),
        State::Skipped(reason) => (reason.clone(), false),
        State::Failed => {
            let first = node.findings.iter().find(|it| it.severity == Severity::Error);
            let sentence = first.map(|finding| finding.message.clone());
            let sentence = sentence.unwrap_or_else(|| {
                format!("The bytes of {} are not the ones that were promised.", node.label)
            });
            (sentence, true)
        }
        State::Read if node.document.is_none() => {
            let first = node.findings.iter().find(|it| it.severity == Severity::Error)?;
            (first.message.clone(), false)
        }
        State::Waiting | State::Read | State::Blob => return None,
    };
    let who = holder.name();
    let reason = match node.state {
        State::Failed if holder == Holder::Registry => {
            "Nothing of it is shown: the registry, or something on the way, gave other bytes than were asked for. The verify view has the details.".to_owned()
        }
        State::Failed => format!(
            "Nothing of it is shown: the {who} holds other bytes than it should. The verify view has the details."
        ),
        State::Missing(_) if holder == Holder::Registry => {
            "It was asked for and not given.".to_owned()
        }
        State::Read => format!(
            "The {who} gave this instead of a JSON document; the verify view has the details."
        ),
        _ => String::new(),
    };
    Some(Problem { sentence, reason, retry, ..Problem::default() })
}

fn documents(graph: &Graph, headers: &Headers) -> Vec<Arc<DocumentModel>> {
    let mut seen = BTreeSet::new();
    let mut documents = Vec::new();
    for node in graph.nodes() {
        let Some(descriptor) = descriptor_of(node) else { continue };
        if !seen.insert(descriptor.digest.clone()) {
            continue;
        }
        let content = match (&node.state, &node.document) {
            (State::Blob, _) => DocumentContent::Blob,
            (_, Some(document)) => DocumentContent::Document(Load::Ready(document.bytes().clone())),
            (State::Waiting, None) => {
                DocumentContent::Document(Load::Waiting(format!("Asking for the {}…", node.label)))
            }
            (_, None) => DocumentContent::Document(Load::Failed(
                problem_of(node, graph.holder()).unwrap_or_else(|| Problem {
                    sentence: format!("The {} is no JSON document.", node.label),
                    reason: "Its bytes can be downloaded as a blob.".to_owned(),
                    ..Problem::default()
                }),
            )),
        };
        let headers = headers.get(&descriptor.digest).cloned().unwrap_or_default();
        documents.push(Arc::new(DocumentModel {
            title: title(node),
            descriptor,
            content,
            headers,
        }));
    }
    documents
}

fn descriptor_of(node: &Node) -> Option<Descriptor> {
    let of_document = node.document.as_ref().map(|document| document.descriptor());
    node.descriptor.clone().or(of_document)
}

/// The node's name among the documents.
fn title(node: &Node) -> String {
    match (&node.role, &node.artifact) {
        (Role::Attestation { .. } | Role::Referrer | Role::CosignTag(_), Some(artifact)) => {
            match artifact.detail.is_empty() {
                true => artifact.name.clone(),
                false => format!("{}, {}", artifact.name, artifact.detail),
            }
        }
        _ => node.label.clone(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use drydock::image::{Answer, Loader, Options, What as Asked};
    use serde_json::json;

    use super::*;

    fn document(text: impl Into<Bytes>) -> Answer {
        Answer::Document { bytes: text.into(), content_type: None, claimed: None }
    }

    /// A signature, whose config is of the type that images have.
    fn remarks(config: Option<&'static str>) -> Vec<String> {
        let expected = Digest::sha256(b"{}");
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": expected, "size": 2},
            "layers": [{"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
                "digest": Digest::sha256(b"payload"), "size": 7}],
        });
        let reference = Reference::parse("localhost:5000/a:v1").unwrap();
        let mut loader = Loader::new(reference.clone(), Options::default());
        while let Some(want) = loader.next_want() {
            let answer = match (&want.what, config) {
                (Asked::Blob(_), Some(text)) => document(text),
                (Asked::Blob(_), None) => Answer::Failed("The server failed.".to_owned()),
                _ => document(manifest.to_string()),
            };
            loader.supply(want.id, answer);
        }
        let graph = Arc::new(loader.into_graph());
        let image = image(&reference, &graph, &Headers::new(), &[], false).unwrap();
        assert!(image.face.is_some());
        image.remarks
    }

    #[test]
    fn an_artifact_says_why_its_config_can_not_be_read() {
        assert_eq!(remarks(Some("{}")), [""; 0]);
        assert_eq!(remarks(None), ["The config could not be read. The server failed."]);
        let [other] = &*remarks(Some("[]")) else { panic!("{:?}", remarks(Some("[]"))) };
        assert!(other.starts_with("The config could not be read. "), "{other}");
    }
}
