//! Images made in memory, and a registry that is a map.

use std::collections::BTreeMap;

use bytes::Bytes;
use drydock::digest::Digest;
use drydock::image::{Answer, Graph, Loader, Options, What};
use drydock::media_type::MediaType;
use drydock::reference::Reference;
use serde_json::{Value, json};

use crate::layer_support::{file, gzip, tar};

/// Everything that a repository holds.
#[derive(Clone, Default)]
pub(crate) struct Store {
    pub(crate) content: BTreeMap<Digest, (Bytes, String)>,
    pub(crate) tags: BTreeMap<String, Digest>,
    pub(crate) referrers: BTreeMap<Digest, Vec<Value>>,
    /// What is asked for, in order.
    pub(crate) log: Vec<String>,
}

impl Store {
    /// Keeps bytes and says how a descriptor points to them.
    pub(crate) fn put(&mut self, media_type: &str, bytes: impl Into<Bytes>) -> Value {
        let bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        let descriptor = json!({"mediaType": media_type, "digest": digest, "size": bytes.len()});
        self.content.insert(digest, (bytes, media_type.to_owned()));
        descriptor
    }

    pub(crate) fn document(&mut self, value: &Value) -> Value {
        let media_type = value["mediaType"].as_str().unwrap_or("text/plain").to_owned();
        self.put(&media_type, value.to_string())
    }

    pub(crate) fn tag(&mut self, name: &str, descriptor: &Value) {
        self.tags.insert(name.to_owned(), digest(descriptor));
    }

    /// Replaces what lies under a digest, as a broken or hostile registry does.
    pub(crate) fn tamper(&mut self, descriptor: &Value, bytes: impl Into<Bytes>) {
        if let Some((content, _)) = self.content.get_mut(&digest(descriptor)) {
            *content = bytes.into();
        }
    }

    /// A layer with one file, as gzip.
    pub(crate) fn layer(&mut self, name: &str) -> (Value, Digest) {
        let tar = tar(&[file(name, name)]);
        (self.put(MediaType::LAYER_GZIP, gzip(&tar)), Digest::sha256(&tar))
    }

    /// An image of layers with one file each.
    pub(crate) fn image(&mut self, platform: &str, files: &[&str]) -> Value {
        let (layers, diff_ids): (Vec<_>, Vec<_>) =
            files.iter().map(|name| self.layer(name)).unzip();
        let config = self.config(platform, &diff_ids);
        self.manifest(&config, &layers)
    }

    pub(crate) fn config(&mut self, platform: &str, diff_ids: &[Digest]) -> Value {
        let (os, architecture) = platform.split_once('/').expect("os/architecture");
        let history: Vec<Value> = diff_ids.iter().map(|id| json!({"created_by": id})).collect();
        let config = json!({"os": os, "architecture": architecture, "history": history,
            "rootfs": {"type": "layers", "diff_ids": diff_ids}});
        self.put(MediaType::CONFIG, config.to_string())
    }

    pub(crate) fn manifest(&mut self, config: &Value, layers: &[Value]) -> Value {
        let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
            "config": config, "layers": layers});
        self.document(&manifest)
    }

    pub(crate) fn index(&mut self, entries: &[Value]) -> Value {
        let index =
            json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": entries});
        self.document(&index)
    }

    /// An artifact that is about something, or about nothing.
    pub(crate) fn artifact(&mut self, artifact_type: &str, subject: Option<&Value>) -> Value {
        let empty = self.put(MediaType::EMPTY, "{}");
        let content = self.put(artifact_type, format!("content of {artifact_type}"));
        let mut manifest = json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
            "artifactType": artifact_type, "config": empty, "layers": [content]});
        if let Some(subject) = subject {
            manifest["subject"] = subject.clone();
        }
        let mut descriptor = self.document(&manifest);
        descriptor["artifactType"] = json!(artifact_type);
        if let Some(subject) = subject {
            self.referrers.entry(digest(subject)).or_default().push(descriptor.clone());
        }
        descriptor
    }

    pub(crate) fn answer(&mut self, what: &What) -> Answer {
        let by_digest = |store: &Self, digest: &Digest| match store.content.get(digest) {
            Some((bytes, media_type)) => Answer::document(
                bytes.clone(),
                Some(MediaType::new(media_type)),
                Some(digest.clone()),
            ),
            None => Answer::Absent,
        };
        match what {
            What::Root(reference) => match (&reference.digest, &reference.tag) {
                (Some(digest), _) => by_digest(self, digest),
                (None, tag) => {
                    let tag = tag.as_ref().map_or("latest", |tag| tag.as_str());
                    self.tags.get(tag).map_or(Answer::Absent, |digest| by_digest(self, digest))
                }
            },
            What::Manifest(descriptor) | What::Blob(descriptor) => {
                by_digest(self, &descriptor.digest)
            }
            What::CosignTag(tag) => {
                self.tags.get(tag).map_or(Answer::Absent, |digest| by_digest(self, digest))
            }
            What::Referrers(digest) => Answer::Referrers {
                manifests: self.referrers.get(digest).into_iter().flatten().map(read).collect(),
                from: "the referrers API".to_owned(),
                incomplete: None,
            },
        }
    }

    /// Loads what hangs under a reference.
    pub(crate) fn load(&mut self, reference: &str, options: Options) -> Graph {
        let reference = Reference::parse(reference).expect("reference");
        let mut loader = Loader::new(reference, options);
        while let Some(want) = loader.next_want() {
            self.log.push(want.label.clone());
            let answer = self.answer(&want.what);
            loader.supply(want.id, answer);
        }
        assert!(loader.is_done());
        loader.into_graph()
    }

    /// Loads all of it with everything that refers to it.
    pub(crate) fn load_all(&mut self, tag: &str) -> Graph {
        self.load(
            &format!("localhost:5000/a:{tag}"),
            Options { referrers: true, ..Options::default() },
        )
    }
}

pub(crate) fn digest(descriptor: &Value) -> Digest {
    Digest::parse(descriptor["digest"].as_str().expect("text")).expect("digest")
}

fn read(descriptor: &Value) -> drydock::descriptor::Descriptor {
    drydock::spec::read_descriptor(descriptor, "referrer").0.expect("descriptor")
}

/// An entry of an index for a platform.
pub(crate) fn entry(descriptor: &Value, platform: &str) -> Value {
    let (os, architecture) = platform.split_once('/').expect("os/architecture");
    let mut entry = descriptor.clone();
    entry["platform"] = json!({"os": os, "architecture": architecture});
    entry
}

/// An entry of an index that attests another one, as BuildKit writes it.
pub(crate) fn attestation(descriptor: &Value, of: &Value) -> Value {
    let mut entry = entry(descriptor, "unknown/unknown");
    entry["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": of["digest"]});
    entry
}

/// Leaves digests out, which change with every byte of the test's content.
fn without_digests(text: &str) -> String {
    let is_hex = |word: &&str| word.len() >= 12 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let mut short = text.to_owned();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_hex) {
        short = short.replace(word, "…");
    }
    short
}

/// The graph as indented lines: label, state, what it is.
pub(crate) fn outline(graph: &Graph) -> String {
    let mut lines = String::new();
    let mut open = vec![(drydock::image::NodeId::ROOT, 0)];
    while let Some((id, depth)) = open.pop() {
        let node = graph.node(id).expect("node");
        let state = match &node.state {
            drydock::image::State::Missing(reason) => format!("missing: {reason}"),
            drydock::image::State::Skipped(reason) => format!("skipped: {reason}"),
            state => format!("{state:?}").to_lowercase(),
        };
        let kind = node
            .artifact
            .as_ref()
            .map_or_else(String::new, |kind| format!(" [{} {}]", kind.name, kind.detail));
        lines.push_str(&format!(
            "{}{}: {state}{kind}\n",
            "  ".repeat(depth),
            without_digests(&node.label)
        ));
        open.extend(node.children.iter().rev().map(|child| (*child, depth + 1)));
    }
    lines
}

/// Rules of all findings, those of the graph first.
pub(crate) fn rules(graph: &Graph) -> Vec<String> {
    let nodes = graph.nodes().iter().flat_map(|node| &node.findings);
    graph.findings().iter().chain(nodes).map(|finding| finding.rule.to_string()).collect()
}

/// Two platforms under one index, a second image, and an index of that index.
pub(crate) fn two_images() -> (Store, [Value; 4]) {
    let mut store = Store::default();
    let amd = store.image("linux/amd64", &["base", "app"]);
    let arm = store.image("linux/arm64", &["base", "arm"]);
    let index = store.index(&[entry(&amd, "linux/amd64"), entry(&arm, "linux/arm64")]);
    let other = store.image("linux/amd64", &["other"]);
    let nested = store.index(&[index.clone(), entry(&other, "linux/s390x")]);
    (store, [amd, index, other, nested])
}

/// Two platforms, attestations, a signature, an SBOM of one platform and a signature of the SBOM.
pub(crate) fn whole(store: &mut Store) -> Value {
    let arm = store.image("linux/arm64", &["a", "b"]);
    let amd = store.image("linux/amd64", &["c"]);
    let statement = |store: &mut Store, predicate: &str| {
        let mut layer = store.put(MediaType::IN_TOTO, format!("statement {predicate}"));
        layer["annotations"] = json!({"in-toto.io/predicate-type": predicate});
        layer
    };
    let layers = [
        statement(store, "https://spdx.dev/Document"),
        statement(store, "https://slsa.dev/provenance/v1"),
    ];
    let config = store.config("unknown/unknown", &[]);
    let attests = store.manifest(&config, &layers);
    let entries =
        [attestation(&attests, &amd), entry(&arm, "linux/arm64"), entry(&amd, "linux/amd64")];
    let index = store.index(&entries);
    store.artifact("application/vnd.dev.sigstore.bundle.v0.3+json", Some(&index));
    let sbom = store.artifact("application/spdx+json", Some(&arm));
    store.artifact("application/vnd.cncf.notary.signature", Some(&sbom));
    let signature = store.artifact("application/vnd.dev.cosign.simplesigning.v1+json", None);
    let tag = format!("{}.sig", digest(&amd).referrers_tag());
    store.tag(&tag, &signature);
    store.tag("v1", &index);
    index
}
