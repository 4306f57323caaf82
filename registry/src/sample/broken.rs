//! Images that are broken in one way each.

use std::io;

use drydock::digest::{DiffId, Digest};
use drydock::media_type::MediaType;
use serde_json::{Value, json};

use super::layer::{Entry, Layer, gzip_layer, tar};
use super::{blob, referrers, to_bytes};
use crate::store::Store;

/// Puts repositories under `broken/` into the store, each with the tag `latest`:
///
/// | repository | what is wrong with it |
/// |---|---|
/// | `broken/none` | nothing; the others are this one with one change |
/// | `broken/diff-id` | the config gives another diff ID for the second layer |
/// | `broken/size` | the manifest gives the second layer one byte more than it has |
/// | `broken/config-size` | the manifest gives the config one byte more than it has |
/// | `broken/trailing-garbage` | bytes that are no gzip lie behind the second layer's gzip |
/// | `broken/truncated-gzip` | the second layer's gzip ends in its middle |
/// | `broken/not-gzip` | the second layer is called gzip and is plain tar |
/// | `broken/no-layers` | no layer at all, which is allowed |
/// | `broken/artifact` | an artifact, no image, which is allowed |
/// | `broken/missing-layer` | the second layer is not in the repository |
/// | `broken/missing-config` | the config is not in the repository |
/// | `broken/layer-count` | the config gives diff IDs for three layers, the manifest has two |
/// | `broken/config-json` | the config is no JSON |
///
/// # Errors
/// When the store can't be written.
pub fn install_broken(store: &Store) -> io::Result<()> {
    let good = Parts::new()?;
    good.put(store, "broken/none")?;

    let mut parts = Parts::new()?;
    parts.change(|layer| layer.diff_id = DiffId(Digest::sha256(b"another tar")));
    parts.put(store, "broken/diff-id")?;

    let mut parts = Parts::new()?;
    parts.change(|layer| layer.bytes.extend_from_slice(b"this is no gzip member"));
    parts.put(store, "broken/trailing-garbage")?;

    let mut parts = Parts::new()?;
    parts.change(|layer| layer.bytes.truncate(layer.bytes.len() / 2));
    parts.put(store, "broken/truncated-gzip")?;

    let mut parts = Parts::new()?;
    let plain = second_tar()?;
    parts.change(|layer| layer.bytes = plain);
    parts.put(store, "broken/not-gzip")?;

    let mut parts = Parts::new()?;
    parts.layers.clear();
    parts.put(store, "broken/no-layers")?;

    let mut parts = Parts::new()?;
    parts.extra_diff_id = true;
    parts.put(store, "broken/layer-count")?;

    for (repository, place) in
        [("broken/size", "/layers/1/size"), ("broken/config-size", "/config/size")]
    {
        let mut manifest = good.documents(store, repository)?;
        if let Some(size) = manifest.pointer_mut(place) {
            *size = json!(size.as_u64().unwrap_or_default() + 1);
        }
        store.put_manifest_unchecked(repository, &to_bytes(&manifest), "latest")?;
    }
    for (repository, place) in
        [("broken/missing-layer", "/layers/1/digest"), ("broken/missing-config", "/config/digest")]
    {
        let mut manifest = good.documents(store, repository)?;
        if let Some(digest) = manifest.pointer_mut(place) {
            *digest = json!(Digest::sha256(b"never pushed"));
        }
        store.put_manifest_unchecked(repository, &to_bytes(&manifest), "latest")?;
    }

    let repository = "broken/config-json";
    let mut manifest = good.documents(store, repository)?;
    let config = blob(store, repository, MediaType::CONFIG, b"{\"os\": \"linux\",", Value::Null)?;
    if let Some(place) = manifest.pointer_mut("/config") {
        *place = config;
    }
    store.put_manifest_unchecked(repository, &to_bytes(&manifest), "latest")?;

    let repository = "broken/artifact";
    let content = blob(
        store,
        repository,
        "text/markdown",
        b"# Not an image\n",
        json!({
            "org.opencontainers.image.title": "README.md",
        }),
    )?;
    store.put_blob(repository, bytes::Bytes::from_static(b"{}"))?;
    let artifact =
        referrers::artifact("application/vnd.example.notes", &content, None, "An artifact");
    store.put_manifest_unchecked(repository, &to_bytes(&artifact), "latest")
}

/// A small image in two layers.
struct Parts {
    layers: Vec<Layer>,
    extra_diff_id: bool,
}

impl Parts {
    fn new() -> io::Result<Self> {
        let base = tar(&[
            Entry::Directory("etc/", 0o755),
            Entry::File("etc/motd", 0o644, b"A small image.\n"),
        ])?;
        let second = second_tar()?;
        Ok(Self { layers: vec![gzip_layer(&base), gzip_layer(&second)], extra_diff_id: false })
    }

    /// Changes the second layer.
    fn change(&mut self, change: impl FnOnce(&mut Layer)) {
        if let Some(layer) = self.layers.get_mut(1) {
            change(layer);
        }
    }

    /// Stores the blobs and returns the manifest.
    fn documents(&self, store: &Store, repository: &str) -> io::Result<Value> {
        let mut diff_ids: Vec<_> = self.layers.iter().map(|l| l.diff_id.clone()).collect();
        if self.extra_diff_id {
            diff_ids.push(DiffId(Digest::sha256(b"a third layer")));
        }
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        super::manifest(store, repository, &to_bytes(&config), &self.layers)
    }

    fn put(&self, store: &Store, repository: &str) -> io::Result<()> {
        let manifest = self.documents(store, repository)?;
        store.put_manifest_unchecked(repository, &to_bytes(&manifest), "latest")
    }
}

fn second_tar() -> io::Result<Vec<u8>> {
    tar(&[
        Entry::Directory("usr/", 0o755),
        Entry::File("usr/readme", 0o644, &b"Some text that compresses well. ".repeat(64)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_there() {
        let store = Store::memory();
        install_broken(&store).expect("installs");
        assert_eq!(store.repositories().expect("list").len(), 13);
    }
}
