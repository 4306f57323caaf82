//! Images with everything that belongs to them, in memory and at registries.

use std::collections::BTreeMap;

use bytes::Bytes;
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::edit::{Image, Pinned};
use drydock::image::Options;
use drydock::layer::{LayerReader, ReadOptions, Sink};
use drydock::media_type::{Kind, MediaType};
use drydock::reference::{Reference, Tag};
use drydock::source::{Fetched, Source as _};
use drydock::transfer::{self, Blob, Origin, Run, Supply, Wanted};
use serde_json::{Value, json};

use crate::archive_support::{documents, read_descriptor};
use crate::image_support::{Store, digest, entry};
use crate::layer_support::{gzip, zstd};
use crate::peers::Peer;
use crate::wire::{Short, wait_for};

/// Most bytes of a blob that is pulled.
const BLOB: u64 = 64 << 20;

/// An image or index, and the content of everything under it.
#[derive(Clone)]
pub(crate) struct Whole {
    pub(crate) store: Store,
    /// The descriptor of the root.
    pub(crate) root: Value,
}

impl Whole {
    pub(crate) fn digest(&self) -> Digest {
        digest(&self.root)
    }

    pub(crate) fn media_type(&self) -> MediaType {
        MediaType::new(self.root["mediaType"].as_str().expect("a type"))
    }

    /// A JSON document by its descriptor.
    pub(crate) fn json(&self, descriptor: &Value) -> Value {
        serde_json::from_slice(self.bytes(&digest(descriptor))).expect("JSON")
    }

    pub(crate) fn bytes(&self, digest: &Digest) -> &Bytes {
        &self.store.content.get(digest).unwrap_or_else(|| panic!("no {digest}")).0
    }

    /// The manifest or index.
    pub(crate) fn manifest(&self) -> Value {
        self.json(&self.root)
    }

    pub(crate) fn config(&self) -> Value {
        self.json(&self.manifest()["config"])
    }

    pub(crate) fn layers(&self) -> Vec<Value> {
        self.manifest()["layers"].as_array().expect("an image").clone()
    }

    /// Whether all layers are compressed with gzip.
    pub(crate) fn is_gzip(&self) -> bool {
        self.images().iter().all(|(_, image)| {
            image.layers().iter().all(|layer| {
                let text = layer["mediaType"].as_str().expect("a type");
                matches!(MediaType::new(text).kind(), Kind::Layer(c) if c.name() == "gzip")
            })
        })
    }

    /// The tars of the layers; each must have the diff ID that the config names.
    pub(crate) fn tars(&self) -> Vec<Vec<u8>> {
        let tars: Vec<Vec<u8>> = self
            .layers()
            .iter()
            .map(|layer| unpacked(self.bytes(&digest(layer)), 1 << 16))
            .collect();
        let diff_ids: Vec<Digest> = tars.iter().map(|tar| Digest::sha256(tar)).collect();
        assert_eq!(self.config()["rootfs"]["diff_ids"], json!(diff_ids));
        tars
    }

    /// Every image in it with its platform, attestations left out.
    pub(crate) fn images(&self) -> Vec<(String, Self)> {
        let manifest = self.manifest();
        let Some(entries) = manifest["manifests"].as_array() else {
            let platform = platform(&self.config());
            return vec![(platform, self.clone())];
        };
        let below = |entry: &Value| Self { store: self.store.clone(), root: entry.clone() };
        let images = entries.iter().filter(|entry| entry["platform"]["os"] != "unknown");
        images.map(|entry| (platform(&entry["platform"]), below(entry))).collect()
    }

    /// The image for a platform.
    pub(crate) fn of(&self, wanted: &str) -> Self {
        let found = self.images().into_iter().find(|(platform, _)| platform == wanted);
        found.unwrap_or_else(|| panic!("nothing for {wanted}")).1
    }

    /// As edits take it.
    pub(crate) fn image(&self) -> Image {
        let mut store = self.store.clone();
        store.tag("edited", &self.root);
        let graph = store.load("localhost:5000/edited:edited", Options::default());
        Image::from_graph(&graph).expect("an image that can be edited")
    }

    /// Brings everything in the store to a registry, and names the root there. What was pushed is
    /// what edits start from.
    pub(crate) fn push(&self, peer: &Peer, repository: &str, tag: &str) -> Pinned {
        let reference = Reference::parse(&peer.name(repository, tag)).expect("a reference");
        let is_listed = |media_type: &str| {
            matches!(MediaType::new(media_type).kind(), Kind::Manifest | Kind::Index)
        };
        let blob = |(digest, (bytes, media_type)): (&Digest, &(Bytes, String))| Blob {
            descriptor: Descriptor::new(media_type.as_str(), digest.clone(), bytes.len() as u64),
            origin: Origin::Local,
        };
        let blobs = self.store.content.iter().filter(|(_, (_, media_type))| !is_listed(media_type));
        let documents = documents(&self.store);
        let wanted = Wanted {
            documents: documents
                .into_values()
                .filter(|document| is_listed(document.media_type().as_str()))
                .collect(),
            blobs: blobs.map(blob).collect(),
            tags: vec![(Tag::parse(tag).expect("a tag"), self.digest())],
            findings: Vec::new(),
        };
        let client = peer.client();
        wait_for(async {
            let options = transfer::Options::default();
            let plan = transfer::plan(&wanted, &client, &reference.repository, options, &Short);
            let plan = plan.await.expect("a plan");
            let run = Run {
                plan: &plan,
                registry: &client,
                supply: &self.store,
                pace: &Short,
                uploads: &BTreeMap::new(),
                overwrite: true,
                on: &|_| {},
            };
            run.to_end().await.expect("pushed");
        });
        Pinned::new(reference, self.digest())
    }

    /// Reads an image from a registry, with everything under it.
    pub(crate) fn pull(peer: &Peer, repository: &str, tag: &str) -> Self {
        let reference = Reference::parse(&peer.name(repository, tag)).expect("a reference");
        let client = peer.client();
        let source = client.repository(reference.repository.clone());
        wait_for(async {
            let mut store = Store::default();
            let root = source.root(&reference.target()).await.expect("a manifest");
            let root = keep(&mut store, &root);
            let mut open = vec![root.clone()];
            while let Some(descriptor) = open.pop() {
                let bytes = &store.content[&digest(&descriptor)].0;
                let document: Value = serde_json::from_slice(bytes).expect("JSON");
                let list = |name: &str| document[name].as_array().cloned().unwrap_or_default();
                for listed in list("manifests") {
                    let fetched = source.document(&read_descriptor(&listed)).await;
                    keep(&mut store, &fetched.expect("a manifest"));
                    open.push(listed);
                }
                let config = document["config"].is_object().then(|| document["config"].clone());
                for named in config.into_iter().chain(list("layers")) {
                    let fetched =
                        source.blob(&read_descriptor(&named), BLOB).await.expect("a blob");
                    let media_type = named["mediaType"].as_str().expect("a type");
                    store.put(media_type, fetched.bytes.to_vec());
                }
            }
            Self { store, root }
        })
    }
}

/// Keeps a manifest under the type that it names itself.
fn keep(store: &mut Store, fetched: &Fetched) -> Value {
    let value: Value = serde_json::from_slice(&fetched.bytes).expect("JSON");
    let named = value["mediaType"].as_str().map(str::to_owned);
    let given = fetched.media_type.as_ref().map(|media_type| media_type.as_str().to_owned());
    store.put(&named.or(given).expect("a type"), fetched.bytes.to_vec())
}

impl Supply for Store {
    type Payload = Bytes;
    type Error = std::convert::Infallible;

    async fn payload(&self, descriptor: &Descriptor, _: &Origin) -> Result<Bytes, Self::Error> {
        Ok(self.content[&descriptor.digest].0.clone())
    }
}

/// `os/architecture/variant`, as descriptors and configs say it.
pub(crate) fn platform(value: &Value) -> String {
    let part = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let parts = [part("os"), part("architecture"), part("variant")];
    parts.join("/").trim_end_matches('/').to_owned()
}

/// The tar in a blob, read in pieces of a size.
pub(crate) fn unpacked(blob: &[u8], chunk: usize) -> Vec<u8> {
    struct Tar(Vec<u8>);
    impl Sink for Tar {
        fn tar(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
    }
    let mut tar = Tar(Vec::new());
    let mut reader = LayerReader::new(ReadOptions { tar: true, ..ReadOptions::default() });
    blob.chunks(chunk).for_each(|chunk| reader.push(chunk, &mut tar));
    let summary = reader.finish(&mut tar);
    assert!(summary.complete, "{:?}", summary.findings);
    tar.0
}

/// How the layers of an image are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packed {
    Gzip,
    Zstd,
    Plain,
}

/// Whose media types an image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Types {
    Oci,
    Docker,
}

/// What an image is made from.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) platform: &'static str,
    pub(crate) types: Types,
    pub(crate) packed: Packed,
    pub(crate) tars: Vec<Vec<u8>>,
    /// What the config has beside platform, layers and history.
    pub(crate) config: Value,
    /// `None` for one step for each layer, with one that made none behind the first.
    pub(crate) history: Option<Value>,
    /// What the manifest has beside config and layers.
    pub(crate) manifest: Value,
}

impl Made {
    pub(crate) fn new(tars: &[Vec<u8>]) -> Self {
        Self {
            platform: "linux/amd64",
            types: Types::Oci,
            packed: Packed::Gzip,
            tars: tars.to_vec(),
            config: json!({"created": "2020-01-01T00:00:00Z", "author": "somebody", "config": {
                "Env": ["PATH=/usr/bin:/bin", "LANG=C"], "Entrypoint": ["/app"],
                "Cmd": ["serve", "--all"], "WorkingDir": "/srv"}}),
            history: None,
            manifest: json!({}),
        }
    }

    pub(crate) fn make(&self) -> Whole {
        let mut store = Store::default();
        let root = self.put(&mut store);
        Whole { store, root }
    }

    pub(crate) fn put(&self, store: &mut Store) -> Value {
        let (os, rest) = self.platform.split_once('/').expect("os/architecture");
        let (architecture, variant) = rest.split_once('/').unwrap_or((rest, ""));
        let mut config = self.config.clone();
        (config["os"], config["architecture"]) = (json!(os), json!(architecture));
        if !variant.is_empty() {
            config["variant"] = json!(variant);
        }
        let diff_ids: Vec<Digest> = self.tars.iter().map(|tar| Digest::sha256(tar)).collect();
        config["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
        let history = self.history.clone().unwrap_or_else(|| steps(self.tars.len()));
        if !history.is_null() {
            config["history"] = history;
        }
        let config = store.put(self.type_of(MediaType::CONFIG), config.to_string());
        let layers: Vec<Value> = self.tars.iter().map(|tar| self.layer(store, tar)).collect();
        let mut manifest = json!({"schemaVersion": 2,
            "mediaType": self.type_of(MediaType::MANIFEST), "config": config, "layers": layers});
        for (name, value) in self.manifest.as_object().expect("an object") {
            manifest[name] = value.clone();
        }
        store.document(&manifest)
    }

    fn layer(&self, store: &mut Store, tar: &[u8]) -> Value {
        let (blob, media_type) = match self.packed {
            Packed::Gzip => (gzip(tar), MediaType::LAYER_GZIP),
            Packed::Zstd => (zstd(tar), MediaType::LAYER_ZSTD),
            Packed::Plain => (tar.to_vec(), MediaType::LAYER),
        };
        store.put(self.type_of(media_type), blob)
    }

    fn type_of(&self, oci: &'static str) -> &'static str {
        match (self.types, oci) {
            (Types::Oci, oci) => oci,
            (Types::Docker, MediaType::CONFIG) => MediaType::DOCKER_CONFIG,
            (Types::Docker, MediaType::MANIFEST) => MediaType::DOCKER_MANIFEST,
            (Types::Docker, MediaType::LAYER_GZIP) => MediaType::DOCKER_LAYER_GZIP,
            (Types::Docker, other) => panic!("Docker has no {other}"),
        }
    }
}

/// An index of images for several platforms, the first of them with an attestation.
pub(crate) fn index(images: &[Made]) -> Whole {
    let mut store = Store::default();
    let mut entries = Vec::new();
    for made in images {
        let mut listed = made.put(&mut store);
        let (platform, variant) = match made.platform.rsplit_once('/') {
            Some((platform, variant)) if platform.contains('/') => (platform, Some(variant)),
            _ => (made.platform, None),
        };
        listed = entry(&listed, platform);
        if let Some(variant) = variant {
            listed["platform"]["variant"] = json!(variant);
        }
        entries.push(listed);
    }
    // As BuildKit lists it; skopeo 1.9 writes an index anew that says more of an entry.
    let mut statement = store.artifact("application/vnd.in-toto+json", None);
    statement.as_object_mut().expect("a descriptor").shift_remove("artifactType");
    entries.push(crate::image_support::attestation(&statement, &entries[0]));
    let root = store.index(&entries);
    Whole { store, root }
}

fn steps(layers: usize) -> Value {
    let step =
        |at: usize| json!({"created": "2020-01-01T00:00:00Z", "created_by": format!("RUN {at}")});
    let mut steps: Vec<Value> = (1..=layers).map(step).collect();
    let empty =
        json!({"created": "2020-01-01T00:00:00Z", "created_by": "CMD", "empty_layer": true});
    steps.insert(layers.min(1), empty);
    json!(steps)
}
