//! Images that are sent from place to place, and where their blobs come from.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use drydock::descriptor::{Descriptor, identify};
use drydock::digest::Digest;
use drydock::document::Document;
use drydock::media_type::MediaType;
use drydock::reference::{Repository, Tag, Target};
use drydock::registry::upload::Sizes;
use drydock::registry::{Error, Registry, Transport};
use drydock::transfer::{
    Blob, BlobAction, Event, ManifestAction, Options, Origin, Place, Plan, PlanError,
    ReferrersAction, Run, RunError, Step, Supply, TagAction, Wanted, plan,
};
use serde_json::{Value, json};

use crate::peer::{Peer, Waits};
use crate::registry_script::run;

/// Blobs of more than 1000 bytes go in chunks of 4000.
pub(crate) const SIZES: Sizes = Sizes { whole: 1000, chunk: 4000 };

pub(crate) fn repository(name: &str) -> Repository {
    Repository::parse(name).expect("repository")
}

pub(crate) fn tag(name: &str) -> Tag {
    Tag::parse(name).expect("tag")
}

pub(crate) fn tagged(name: &str) -> Target {
    Target::Tag(tag(name))
}

pub(crate) fn place<T>(registry: &Registry<T>, name: &str) -> Place {
    Place { registry: registry.name().clone(), repository: repository(name) }
}

pub(crate) fn document(value: &Value) -> Document {
    let (digest, bytes) = identify(value.to_string().into());
    let media_type = value["mediaType"].as_str().expect("mediaType");
    Document::new(&bytes, digest, MediaType::new(media_type), value.clone())
}

/// An image that was made here: blobs in memory of the test, documents as values.
#[derive(Clone, Default)]
pub(crate) struct Made {
    pub(crate) blobs: BTreeMap<Digest, (Descriptor, Bytes)>,
    pub(crate) documents: Vec<Document>,
}

impl Made {
    pub(crate) fn blob(&mut self, media_type: &str, bytes: impl Into<Bytes>) -> Value {
        let bytes: Bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        let descriptor = Descriptor::new(media_type, digest.clone(), bytes.len() as u64);
        let value = serde_json::to_value(&descriptor).expect("json");
        self.blobs.insert(digest, (descriptor, bytes));
        value
    }

    pub(crate) fn document(&mut self, value: &Value) -> Value {
        let document = document(value);
        let descriptor = serde_json::to_value(document.descriptor()).expect("json");
        self.documents.push(document);
        descriptor
    }

    /// An image with layers of these sizes.
    pub(crate) fn image(&mut self, name: &str, layers: &[usize]) -> Value {
        let config = self.blob(MediaType::CONFIG, format!("{{\"author\":\"{name}\"}}"));
        let layers: Vec<Value> = layers
            .iter()
            .map(|size| {
                let bytes: Vec<u8> = name.bytes().cycle().take(*size).collect();
                self.blob(MediaType::LAYER, bytes)
            })
            .collect();
        self.document(&json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
            "config": config, "layers": layers}))
    }

    pub(crate) fn index(&mut self, entries: &[Value]) -> Value {
        self.document(&json!({"schemaVersion": 2, "mediaType": MediaType::INDEX,
            "manifests": entries}))
    }

    /// An artifact that is about something.
    pub(crate) fn artifact(&mut self, artifact_type: &str, subject: &Value) -> Value {
        let empty = self.blob(MediaType::EMPTY, "{}");
        let content = self.blob(artifact_type, format!("content of {artifact_type}"));
        self.document(&json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
            "artifactType": artifact_type, "config": empty, "layers": [content],
            "subject": subject, "annotations": {"made": "here"}}))
    }

    /// What a repository is to hold for the last document to have this tag.
    pub(crate) fn wanted(&self, name: &str) -> Wanted {
        let root = self.documents.iter().rev().find(|d| d.value().get("subject").is_none());
        let digest = root.expect("an image").digest().clone();
        let blobs = self
            .blobs
            .values()
            .map(|(descriptor, _)| Blob { descriptor: descriptor.clone(), origin: Origin::Local });
        Wanted {
            documents: self.documents.clone(),
            blobs: blobs.collect(),
            tags: vec![(tag(name), digest)],
            ..Wanted::default()
        }
    }

    /// Puts all of it into a store, as if it had been pushed long ago.
    pub(crate) fn install(&self, peer: &Peer, repository: &str, name: &str) {
        for (_, bytes) in self.blobs.values() {
            peer.store.put_blob(repository, bytes.clone()).expect("blob");
        }
        for document in &self.documents {
            let media_type = document.media_type().as_str();
            let bytes = document.bytes().clone();
            peer.store.put_manifest(repository, media_type, bytes, &[]).expect("manifest");
        }
        let wanted = self.wanted(name);
        let root = self.documents.iter().find(|d| *d.digest() == wanted.tags[0].1).expect("root");
        let (media_type, bytes) = (root.media_type().as_str(), root.bytes().clone());
        peer.store.put_manifest(repository, media_type, bytes, &[name]).expect("tag");
    }
}

/// An index of two images, one with a large and a small layer, and an SBOM of it.
pub(crate) fn example() -> Made {
    let mut made = Made::default();
    let first = made.image("first", &[9000, 300]);
    let second = made.image("second", &[5000]);
    let index = made.index(&[first, second]);
    made.artifact("application/spdx+json", &index);
    made
}

/// Gives blobs out of what was made here, or out of registries.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) local: BTreeMap<Digest, Bytes>,
    pub(crate) registries: Vec<Registry<Rc<Peer>>>,
    pub(crate) asked: RefCell<Vec<Digest>>,
}

impl Shelf {
    pub(crate) fn of(made: &Made) -> Self {
        let local = made.blobs.iter().map(|(digest, (_, bytes))| (digest.clone(), bytes.clone()));
        Self { local: local.collect(), ..Self::default() }
    }

    pub(crate) fn over(registries: impl IntoIterator<Item = Registry<Rc<Peer>>>) -> Self {
        Self { registries: registries.into_iter().collect(), ..Self::default() }
    }
}

impl Supply for Shelf {
    type Payload = Bytes;
    type Error = Error;

    async fn payload(&self, descriptor: &Descriptor, origin: &Origin) -> Result<Bytes, Error> {
        self.asked.borrow_mut().push(descriptor.digest.clone());
        match origin {
            Origin::Local => Ok(self.local[&descriptor.digest].clone()),
            Origin::Memory(_) => panic!("what is in memory is not asked for"),
            Origin::Repository(place) => {
                let registry = self.registries.iter().find(|r| *r.name() == place.registry);
                let registry = registry.expect("a registry of the test");
                let fetched = registry.blob(&place.repository, descriptor, 1 << 20).await?;
                Ok(fetched.bytes.into_inner())
            }
        }
    }

    fn sizes(&self, _: &Origin) -> Sizes {
        SIZES
    }
}

pub(crate) fn planned<T: Transport>(
    wanted: &Wanted,
    registry: &Registry<T>,
    name: &str,
) -> Result<Plan, PlanError> {
    run(plan(wanted, registry, &repository(name), Options::default(), &Waits::default()))
}

/// Carries a plan out.
pub(crate) fn carried_out<T: Transport<Payload = Bytes>>(
    plan: &Plan,
    registry: &Registry<T>,
    supply: &impl Supply<Payload = Bytes, Error = Error>,
    on: &dyn Fn(Event<'_>),
) -> Result<(), RunError<Error>> {
    let (pace, uploads) = (Waits::default(), BTreeMap::new());
    run(Run { plan, registry, supply, pace: &pace, uploads: &uploads, overwrite: false, on }
        .to_end())
}

/// Plans, carries out, and looks that nothing is left to do.
pub(crate) fn pushed<T: Transport<Payload = Bytes>>(
    wanted: &Wanted,
    registry: &Registry<T>,
    name: &str,
    supply: &impl Supply<Payload = Bytes, Error = Error>,
) {
    let plan = planned(wanted, registry, name).expect("plan");
    carried_out(&plan, registry, supply, &|_| {}).expect("carried out");
    let left = planned(wanted, registry, name).expect("plan");
    assert!(left.is_done(), "{}", outline(&left));
}

/// What a tag stands for.
pub(crate) fn digest_of<T: Transport>(
    registry: &Registry<T>,
    name: &str,
    target: &Target,
) -> Option<Digest> {
    match run(registry.manifest(&repository(name), target)) {
        Ok(fetched) => Some(fetched.digest),
        Err(error) if error.is_not_found() => None,
        Err(error) => panic!("{error}"),
    }
}

/// A plan as lines, digests left out.
pub(crate) fn outline(plan: &Plan) -> String {
    let line = |step: &Step| match step {
        Step::Blob(step) => {
            let action = match &step.action {
                BlobAction::Exists => "exists".to_owned(),
                BlobAction::Mount { from } => format!("mount from {from}"),
                BlobAction::Upload => format!("upload {} bytes", step.descriptor.size),
                BlobAction::Foreign => "skipped: foreign".to_owned(),
            };
            format!("blob {}: {action}", step.descriptor.media_type)
        }
        Step::Manifest(step) => {
            let action = match step.action {
                ManifestAction::Exists => "exists",
                ManifestAction::Put => "put",
            };
            let about = if step.subject.is_some() { " (referrer)" } else { "" };
            format!("manifest {}{about}: {action}", step.document.media_type())
        }
        Step::Referrers(step) => {
            let action = match step.action {
                ReferrersAction::ByRegistry => "by the registry",
                ReferrersAction::Exists => "exists",
                ReferrersAction::Update => "update",
            };
            format!("list of {} referrers: {action}", step.entries.len())
        }
        Step::Tag(step) => {
            let action = match step.action {
                TagAction::Set => "set",
                TagAction::Exists => "exists",
                TagAction::Keep => "keep",
            };
            let before = match &step.before {
                drydock::transfer::Before::None => "was none",
                drydock::transfer::Before::Same => "was the same",
                drydock::transfer::Before::Other(_) => "was another",
            };
            let name = step.tag.as_str();
            let name = if name.starts_with("sha256-") { "sha256-….sig" } else { name };
            format!("tag {name}: {action}, {before}")
        }
    };
    plan.steps.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Bytes of all blobs of the example, which are all that is ever sent of it but documents.
pub(crate) fn blob_bytes(made: &Made) -> u64 {
    made.blobs.values().map(|(descriptor, _)| descriptor.size).sum()
}

pub(crate) fn sent_bytes(peer: &Peer) -> u64 {
    peer.bytes("PATCH", "/blobs/") + peer.bytes("PUT", "/blobs/")
}

pub(crate) fn assert_whole(registry: &Registry<Rc<Peer>>, name: &str, made: &Made) {
    let repository = repository(name);
    for document in &made.documents {
        let target = Target::Digest(document.digest().clone());
        let fetched = run(registry.manifest(&repository, &target)).expect("manifest");
        assert_eq!(&*fetched.bytes, document.bytes(), "byte for byte");
    }
    for (descriptor, _) in made.blobs.values() {
        run(registry.blob(&repository, descriptor, 1 << 20)).expect("blob");
    }
}

pub(crate) fn now_root(wanted: &Wanted) -> Digest {
    wanted.tags[0].1.clone()
}
