//! Removing what nothing needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use drydock::digest::{Algorithm, Digest};
use drydock::media_type::MediaType;
use drydock_registry::{Garbage, Store};
use http::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use crate::api::{Api, descriptor, image};

/// A store with an image under a tag that moved on, and everything around it that is needed.
struct Scene {
    root: TempDir,
    /// Names of unneeded blobs.
    unused: BTreeSet<String>,
}

impl Scene {
    async fn new() -> Self {
        let root = tempfile::tempdir().expect("directory");
        let api = Api::of(Store::directory(root.path()).expect("store"), None);
        let (_, old) = api.push_image("a", "1", b"[1]").await;
        let (new, _) = api.push_image("a", "1", b"[2]").await;
        api.push_blob("a", b"pushed, but never named").await;
        let mut referrer = image(b"[2]");
        referrer["subject"] = descriptor(MediaType::MANIFEST, new.to_string().as_bytes());
        let about = Digest::sha256(referrer.to_string().as_bytes());
        assert_eq!(api.push("a", about.as_str(), &referrer).await.status, StatusCode::CREATED);
        let index = json!({"schemaVersion": 2, "mediaType": MediaType::INDEX,
            "manifests": [descriptor(MediaType::MANIFEST, new.to_string().as_bytes())]});
        let sha512 = Digest::of(Algorithm::Sha512, index.to_string().as_bytes());
        assert_eq!(api.push("a", sha512.as_str(), &index).await.status, StatusCode::CREATED);
        api.push_image("b/c", "1", b"[3]").await;
        let mount = format!("/v2/b/c/blobs/uploads/?mount={}&from=a", Digest::sha256(b"[1]"));
        assert_eq!(api.send("POST", &mount, &[], "").await.status, StatusCode::CREATED);
        // The old image goes and its config stays behind; the new one only loses its tag.
        for path in [format!("/v2/a/manifests/{old}"), "/v2/a/manifests/1".to_owned()] {
            assert_eq!(api.send("DELETE", &path, &[], "").await.status, StatusCode::ACCEPTED);
        }
        let unused = [&b"[1]"[..], b"pushed, but never named"];
        let unused = unused.iter().map(|bytes| Digest::sha256(bytes).to_string()).collect();
        Self { root, unused }
    }

    fn path(&self) -> &Path {
        self.root.path()
    }
}

fn found(garbage: &Garbage) -> BTreeSet<String> {
    garbage.blobs().map(|blob| blob.digest.to_string()).collect()
}

fn files(root: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut directories = vec![root.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("list") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                directories.push(path)
            } else {
                files.insert(path);
            }
        }
    }
    files
}

#[tokio::test]
async fn what_nothing_needs_is_found_and_removed() {
    let scene = Scene::new().await;
    fs::write(scene.path().join("_uploads/left"), b"12345").expect("write");
    let before = files(scene.path());
    let garbage = Garbage::find(scene.path()).expect("finds");
    assert_eq!(found(&garbage), scene.unused);
    assert_eq!(garbage.blobs().filter(|blob| blob.layout == "b/c").count(), 1);
    assert_eq!(garbage.unfinished(), 5);
    // The mounted config has two names, and neither is needed.
    assert_eq!(garbage.freed(), 3 + 23 + 5);
    assert_eq!(garbage.kept().0, 2);
    drop(garbage);
    assert_eq!(files(scene.path()), before, "looking removes nothing");

    Garbage::find(scene.path()).expect("finds").remove().expect("removes");
    let gone = before.difference(&files(scene.path())).count();
    assert_eq!(gone, 4, "two names of one blob, another blob, and an upload");
    let again = Garbage::find(scene.path()).expect("finds");
    assert_eq!((again.blobs().count(), again.unfinished()), (0, 0));
    drop(again);

    let api = Api::of(Store::directory(scene.path()).expect("store"), None);
    for digest in api.get("/v2/_catalog").await.json()["repositories"].as_array().expect("list") {
        let name = digest.as_str().expect("name");
        let index = fs::read(scene.path().join(name).join("index.json")).expect("index");
        let index: serde_json::Value = serde_json::from_slice(&index).expect("JSON");
        for entry in index["manifests"].as_array().expect("list") {
            let digest = entry["digest"].as_str().expect("digest");
            let reply = api.get(&format!("/v2/{name}/manifests/{digest}")).await;
            assert_eq!(reply.status, StatusCode::OK);
        }
    }
    let config = Digest::sha256(b"[2]");
    assert_eq!(api.get(&format!("/v2/a/blobs/{config}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn one_layout_of_a_store_alone() {
    let scene = Scene::new().await;
    let garbage = Garbage::find(&scene.path().join("b/c")).expect("finds");
    assert_eq!(garbage.blobs().map(|blob| blob.layout).collect::<Vec<_>>(), [""]);
    assert_eq!(garbage.freed(), 0, "another layout has it still");
}

#[tokio::test]
async fn a_server_that_has_it_open_is_not_disturbed() {
    let scene = Scene::new().await;
    let (inside, above) = (scene.path().join("a"), scene.path().join(".."));
    let store = Store::directory(scene.path()).expect("store");
    for path in [scene.path(), &inside] {
        let error = Garbage::find(path).expect_err("is served").to_string();
        assert!(error.contains("server") && error.contains("stop it"), "{error}");
    }
    drop(store);
    let layout = Store::memory().with_read_only_layout("x", &inside).expect("layout");
    assert!(Garbage::find(&inside).is_err() && Garbage::find(scene.path()).is_err());
    drop(layout);
    let garbage = Garbage::find(scene.path()).expect("finds");
    let error = Store::directory(scene.path()).expect_err("is tidied").to_string();
    assert!(error.contains("layout gc"), "{error}");
    let error = Store::memory().with_read_only_layout("x", &inside).expect_err("is tidied");
    assert!(error.to_string().contains("layout gc"), "{error}");
    drop(garbage);
    // A store further down is as open as one further up.
    let outer = tempfile::tempdir_in(above).expect("directory");
    let store = Store::directory(outer.path().join("store")).expect("store");
    store.put_blob("a", bytes::Bytes::from_static(b"x")).expect("stores");
    assert!(Garbage::find(outer.path()).is_err());
}

#[tokio::test]
async fn what_is_not_understood_keeps_everything() {
    let scene = Scene::new().await;
    let layout = scene.path().join("a");
    let index = fs::read_to_string(layout.join("index.json")).expect("index");
    let value: serde_json::Value = serde_json::from_str(&index).expect("JSON");
    let digest = value["manifests"][0]["digest"].as_str().expect("digest").replace(':', "/");
    let blob = layout.join("blobs").join(digest);
    let manifest = fs::read(&blob).expect("manifest");
    let before = files(scene.path());
    for (spoilt, says) in [(b"{}".to_vec(), "digest"), (vec![b' '; (4 << 20) + 1], "too large")] {
        fs::write(&blob, spoilt).expect("write");
        let error = Garbage::find(scene.path()).expect_err("is not known").to_string();
        assert!(error.contains(says) && error.starts_with("a: "), "{error}");
    }
    fs::write(&blob, &manifest).expect("write");
    fs::write(layout.join("index.json"), "{").expect("write");
    Garbage::find(scene.path()).expect_err("is not known");
    assert_eq!(files(scene.path()), before);
    // What is no manifest may still name things; what a stranger put among the blobs stays.
    fs::write(layout.join("index.json"), index).expect("write");
    fs::write(layout.join("blobs/sha256/notes.txt"), "x").expect("write");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", layout.join("blobs/sha256").join("0".repeat(64)))
        .expect("link");
    let garbage = Garbage::find(scene.path()).expect("finds");
    assert_eq!(found(&garbage), scene.unused);
    assert!(garbage.notes().any(|note| note.contains("notes.txt")));
    let empty = tempfile::tempdir().expect("directory");
    assert!(
        Garbage::find(empty.path()).expect_err("none").to_string().contains("no OCI image layout")
    );
}

#[tokio::test]
async fn documents_of_unknown_types_keep_what_they_name() {
    let root = tempfile::tempdir().expect("directory");
    let api = Api::of(Store::directory(root.path()).expect("store"), None);
    let named = api.push_blob("a", b"named by an unknown type").await;
    let unknown = json!({"mediaType": "application/vnd.example.v1+json", "parts": {"x": [{"digest": named}]}});
    assert_eq!(api.push("a", "1", &unknown).await.status, StatusCode::CREATED);
    drop(api);
    let garbage = Garbage::find(root.path()).expect("finds");
    assert_eq!(found(&garbage), BTreeSet::new());
}
