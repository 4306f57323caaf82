//! The sample image, made by this crate, the same bytes every time; and images that are broken in
//! one way each, for tests.

mod broken;
mod layer;
mod program;
mod referrers;
mod tree;

use std::io;

use drydock::digest::Digest;
use drydock::media_type::MediaType;
use serde_json::{Map, Value, json};

use crate::store::Store;
use layer::{Layer, TIME_TEXT};
use program::Machine;

pub use broken::install_broken;
#[cfg(feature = "faults")]
pub(crate) use layer::gzip;

/// Repository of the sample image.
pub const REPOSITORY: &str = "sample/hello";

/// Puts the sample image into the store: `sample/hello`, tags `latest` and `1.0`, for linux/amd64
/// and linux/arm64/v8, with three layers each; as referrers a list of contents (SPDX) of each
/// platform, a cosign signature of the index (also under cosign's own tag), and the public key to
/// check it with. Tag `zstd` is linux/amd64 alone with its layers in zstd, which not every tool
/// reads. A store that has the sample already is left alone. Returns the digest of the index.
///
/// # Errors
/// When the store can't be written.
pub fn install(store: &Store) -> io::Result<Digest> {
    let amd64 = platform(store, Machine::Amd64)?;
    let arm64 = platform(store, Machine::Arm64)?;
    let index = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::INDEX,
        "manifests": [amd64, arm64],
        "annotations": labels(),
    });
    let index = to_bytes(&index);
    let digest = Digest::sha256(&index);
    if store.has_manifest(REPOSITORY, &digest) {
        return Ok(digest);
    }
    let size = index.len();
    store.put_manifest(REPOSITORY, MediaType::INDEX, index.into(), &["1.0", "latest"])?;
    let subject = json!({"mediaType": MediaType::INDEX, "digest": digest, "size": size});
    sign(store, &digest, &subject)?;
    let (zstd, _) = image(store, Machine::Amd64, layer::zstd_layer)?;
    store.put_manifest(REPOSITORY, MediaType::MANIFEST, zstd.into(), &["zstd"])?;
    Ok(digest)
}

/// Stores config and layers of one platform; returns the manifest and the platform.
fn image(
    store: &Store,
    machine: Machine,
    compress: fn(&[u8]) -> Layer,
) -> io::Result<(Vec<u8>, Map<String, Value>)> {
    let layers: Vec<Layer> = tree::layers(machine)?.iter().map(|tar| compress(tar)).collect();
    let mut platform = Map::new();
    platform.insert("architecture".to_owned(), json!(machine.name()));
    platform.insert("os".to_owned(), json!("linux"));
    if machine == Machine::Arm64 {
        platform.insert("variant".to_owned(), json!("v8"));
    }
    let config = config(&platform, &layers);
    let manifest = manifest(store, REPOSITORY, &to_bytes(&config), &layers)?;
    Ok((to_bytes(&manifest), platform))
}

/// The manifest of one platform with all that belongs to it; returns its descriptor for the index.
fn platform(store: &Store, machine: Machine) -> io::Result<Value> {
    let (manifest, platform) = image(store, machine, layer::gzip_layer)?;
    let mut descriptor = json!({
        "mediaType": MediaType::MANIFEST,
        "digest": Digest::sha256(&manifest),
        "size": manifest.len(),
    });
    let digest = store.put_manifest(REPOSITORY, MediaType::MANIFEST, manifest.into(), &[])?;

    let sbom = to_bytes(&referrers::sbom(machine, &digest));
    let blob = blob(
        store,
        REPOSITORY,
        referrers::SPDX,
        &sbom,
        json!({
            "org.opencontainers.image.title": format!("hello-{}.spdx.json", machine.name()),
        }),
    )?;
    put_artifact(store, referrers::SPDX, &blob, &descriptor, "List of contents in SPDX", &[])?;

    if let Some(fields) = descriptor.as_object_mut() {
        fields.insert("platform".to_owned(), Value::Object(platform));
    }
    Ok(descriptor)
}

fn config(platform: &Map<String, Value>, layers: &[Layer]) -> Value {
    let mut config = platform.clone();
    let diff_ids: Vec<_> = layers.iter().map(|layer| &layer.diff_id).collect();
    let history: Vec<_> = tree::HISTORY
        .iter()
        .map(|(created_by, empty)| {
            let mut step = json!({"created": TIME_TEXT, "created_by": created_by});
            if let (true, Some(fields)) = (*empty, step.as_object_mut()) {
                fields.insert("empty_layer".to_owned(), json!(true));
            }
            step
        })
        .collect();
    for (name, value) in [
        ("created", json!(TIME_TEXT)),
        ("author", json!("The Drydock authors")),
        (
            "config",
            json!({
                "User": "65534:65534",
                "Env": ["PATH=/usr/bin"],
                "Entrypoint": ["/usr/bin/hello"],
                "WorkingDir": "/",
                "Labels": labels(),
            }),
        ),
        ("rootfs", json!({"type": "layers", "diff_ids": diff_ids})),
        ("history", json!(history)),
    ] {
        config.insert(name.to_owned(), value);
    }
    Value::Object(config)
}

fn manifest(store: &Store, repository: &str, config: &[u8], layers: &[Layer]) -> io::Result<Value> {
    let config = blob(store, repository, MediaType::CONFIG, config, Value::Null)?;
    let layers = layers
        .iter()
        .map(|layer| blob(store, repository, layer.media_type, &layer.bytes, Value::Null))
        .collect::<io::Result<Vec<_>>>()?;
    Ok(json!({
        "schemaVersion": 2,
        "mediaType": MediaType::MANIFEST,
        "config": config,
        "layers": layers,
        "annotations": labels(),
    }))
}

fn sign(store: &Store, digest: &Digest, subject: &Value) -> io::Result<()> {
    let signed = referrers::sign(REPOSITORY, digest)?;
    let payload = blob(
        store,
        REPOSITORY,
        MediaType::SIMPLE_SIGNING,
        &signed.payload,
        json!({
            "dev.cosignproject.cosign/signature": signed.signature,
        }),
    )?;
    let tag = format!("{}-{}.sig", digest.algorithm_name(), digest.encoded());
    let about = "Signature by the sample key, which is published and proves nothing";
    put_artifact(store, referrers::SIGNATURE, &payload, subject, about, &[&tag])?;
    let key = signed.public_key.as_bytes();
    let key = blob(
        store,
        REPOSITORY,
        referrers::PEM,
        key,
        json!({
            "org.opencontainers.image.title": "cosign.pub",
        }),
    )?;
    put_artifact(store, referrers::PUBLIC_KEY, &key, subject, "Public part of the sample key", &[])
}

fn put_artifact(
    store: &Store,
    artifact_type: &str,
    blob: &Value,
    subject: &Value,
    description: &str,
    tags: &[&str],
) -> io::Result<()> {
    let manifest = referrers::artifact(artifact_type, blob, Some(subject), description);
    store.put_blob(REPOSITORY, bytes::Bytes::from_static(b"{}"))?;
    store.put_manifest(REPOSITORY, MediaType::MANIFEST, to_bytes(&manifest).into(), tags)?;
    Ok(())
}

/// Stores a blob and returns its descriptor.
fn blob(
    store: &Store,
    repository: &str,
    media_type: &str,
    bytes: &[u8],
    annotations: Value,
) -> io::Result<Value> {
    let digest = store.put_blob(repository, bytes::Bytes::copy_from_slice(bytes))?;
    let mut descriptor = json!({"mediaType": media_type, "digest": digest, "size": bytes.len()});
    if let (false, Some(fields)) = (annotations.is_null(), descriptor.as_object_mut()) {
        fields.insert("annotations".to_owned(), annotations);
    }
    Ok(descriptor)
}

fn labels() -> Value {
    json!({
        "org.opencontainers.image.title": "hello",
        "org.opencontainers.image.description": "A small image to look at, made by Drydock itself",
        "org.opencontainers.image.version": "1.0",
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.source": "https://drydock.invalid/sample/hello",
        "org.opencontainers.image.created": TIME_TEXT,
    })
}

fn to_bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
