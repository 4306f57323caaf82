//! Layouts that somebody else made: nothing in them leads out of them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock_registry::Store;
use http::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::{Api, descriptor, image};

const SECRET: &[u8] = b"root:x:0:0:root:/root:/bin/sh\n";

/// A directory with a secret under its digest in `outside`, and a layout in `app`.
struct Place {
    root: TempDir,
    secret: Digest,
    manifest: Digest,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("directory");
        let secret = Digest::sha256(SECRET);
        let outside = root.path().join("outside");
        fs::create_dir_all(outside.join("sha256")).expect("directories");
        for name in ["passwd", "sha256/passwd", &format!("sha256/{}", secret.encoded())] {
            fs::write(outside.join(name), SECRET).expect("secret");
        }
        let manifest = write_layout(&root.path().join("store/app"), MediaType::MANIFEST);
        // Where a link to a whole layout could lead.
        write_layout(&root.path().join("elsewhere"), MediaType::MANIFEST);
        Self { root, secret, manifest }
    }

    fn layout(&self) -> std::path::PathBuf {
        self.root.path().join("store/app")
    }

    /// Puts a link in the place of something in the layout.
    fn link(&self, name: &str, target: &str) {
        let path = self.layout().join(name);
        if path.is_dir() {
            fs::remove_dir_all(&path).expect("removes");
        } else if path.exists() {
            fs::remove_file(&path).expect("removes");
        }
        symlink(target, path).expect("link");
    }

    /// The layout as it can be served: by itself, and in a store.
    fn served(&self) -> Vec<Api> {
        let read_only = Store::memory().with_read_only_layout("app", self.layout());
        let store = Store::directory(self.root.path().join("store")).expect("store");
        read_only.into_iter().chain([store]).map(|store| Api::of(store, None)).collect()
    }
}

fn write_layout(root: &Path, media_type: &str) -> Digest {
    let write = |bytes: &[u8]| {
        let digest = Digest::sha256(bytes);
        fs::write(root.join("blobs/sha256").join(digest.encoded()), bytes).expect("blob");
        digest
    };
    fs::create_dir_all(root.join("blobs/sha256")).expect("directories");
    fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).expect("layout");
    write(b"{}");
    let manifest = image(b"{}").to_string();
    let digest = write(manifest.as_bytes());
    let mut entry = descriptor(media_type, manifest.as_bytes());
    entry["annotations"] = json!({"org.opencontainers.image.ref.name": "1"});
    let index = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    fs::write(root.join("index.json"), index).expect("index");
    digest
}

#[tokio::test]
async fn links_in_place_of_blobs_lead_nowhere() {
    for (name, target) in [
        ("blobs/etc", "../../../outside"),
        ("blobs", "../../outside"),
        ("blobs/sha256", "../../../outside/sha256"),
        ("blobs/sha256", "../../../outside"),
        ("blobs/md", "sha256"),
    ] {
        let place = Place::new();
        let real =
            target.replace("../../../outside", &format!("{}/outside", place.root.path().display()));
        for target in [target, &real] {
            place.link(name, target);
            let served = place.served();
            assert_eq!(served.len(), 2, "{name}");
            for api in served {
                for digest in
                    [place.secret.as_str(), "etc:passwd", "sha256+x:passwd", "md:passwd", "md:2"]
                {
                    for method in ["GET", "HEAD"] {
                        let path = format!("/v2/app/blobs/{digest}");
                        let reply = api.send(method, &path, &[], "").await;
                        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{name} {target} {digest}");
                    }
                    let path = format!("/v2/mine/blobs/uploads/?mount={digest}&from=app");
                    let reply = api.send("POST", &path, &[], "").await;
                    assert_eq!(reply.status, StatusCode::ACCEPTED, "{name} {target} {digest}");
                }
            }
        }
    }
    // The link is the blob itself.
    let place = Place::new();
    let name = format!("blobs/sha256/{}", place.secret.encoded());
    place.link(&name, "../../../../outside/passwd");
    for api in place.served() {
        let reply = api.get(&format!("/v2/app/blobs/{}", place.secret)).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_layout_whose_own_files_are_links_is_none() {
    for name in ["index.json", "oci-layout"] {
        for target in [format!("../../elsewhere/{name}"), "index.json2".to_owned()] {
            let place = Place::new();
            fs::copy(place.layout().join(name), place.layout().join("index.json2")).expect("copy");
            place.link(name, &target);
            let error = Store::memory()
                .with_read_only_layout("app", place.layout())
                .expect_err("is no layout");
            assert!(error.to_string().contains("link"), "{error}");
            let store = Store::directory(place.root.path().join("store")).expect("store");
            let api = Api::of(store, None);
            assert_eq!(api.get("/v2/_catalog").await.json()["repositories"], json!([]));
            assert_eq!(api.get("/v2/app/manifests/1").await.status, StatusCode::NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn a_link_in_place_of_a_repository_is_none() {
    let place = Place::new();
    for (name, target) in [("x", "../elsewhere"), ("y", "../../store"), ("z", "app")] {
        symlink(target, place.root.path().join("store").join(name)).expect("link");
    }
    let store = Store::directory(place.root.path().join("store")).expect("store");
    let api = Api::of(store, None);
    assert_eq!(api.get("/v2/_catalog").await.json()["repositories"], json!(["app"]));
    for name in ["x", "y/app", "z"] {
        let reply = api.get(&format!("/v2/{name}/manifests/1")).await;
        assert_eq!((reply.status, reply.code()), (StatusCode::NOT_FOUND, "NAME_UNKNOWN".into()));
    }
}

#[tokio::test]
async fn nothing_is_written_or_removed_through_a_link() {
    let names = |directory: &Path| {
        let mut names: Vec<_> =
            fs::read_dir(directory).expect("list").map(|e| e.expect("entry").file_name()).collect();
        names.sort();
        names
    };
    for (name, target) in [
        ("store/app/blobs", "../../outside"),
        ("store/app/blobs/sha256", "../../../outside/sha256"),
        ("store/app", "../outside"),
        ("store/deep", "../outside"),
        ("store/_uploads", "../outside"),
    ] {
        let place = Place::new();
        let path = place.root.path().join(name);
        if path.is_dir() {
            fs::remove_dir_all(&path).expect("removes");
        }
        symlink(target, &path).expect("link");
        let outside = place.root.path().join("outside");
        let before = (names(&outside), names(&outside.join("sha256")));
        // A store that can't keep its uploads beneath itself is none.
        let Ok(store) = Store::directory(place.root.path().join("store")) else { continue };
        let api = Api::of(store, None);
        for repository in ["app", "deep/er"] {
            let digest = Digest::sha256(b"new");
            let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
            api.send("POST", &path, &[], "new").await;
            api.push(repository, "2", &json!({"schemaVersion": 2, "mediaType": MediaType::INDEX}))
                .await;
            for digest in [&place.secret, &place.manifest] {
                api.send("DELETE", &format!("/v2/{repository}/blobs/{digest}"), &[], "").await;
                api.send("DELETE", &format!("/v2/{repository}/manifests/{digest}"), &[], "").await;
            }
        }
        assert_eq!((names(&outside), names(&outside.join("sha256"))), before, "{name}");
    }
}

#[tokio::test]
async fn what_is_mounted_has_the_digest_that_it_is_mounted_as() {
    let place = Place::new();
    let wrong = Digest::sha256(b"something else");
    let blobs = place.layout().join("blobs/sha256");
    fs::write(blobs.join(wrong.encoded()), SECRET).expect("blob");
    let store = || Store::directory(place.root.path().join("store")).expect("store");
    let beside = place.root.path().join("beside");
    write_layout(&beside, MediaType::MANIFEST);
    fs::write(beside.join("blobs/sha256").join(wrong.encoded()), SECRET).expect("blob");
    let with_layout = store().with_read_only_layout("beside", &beside).expect("layout");
    for (api, from) in [
        (Api::of(store(), None), "&from=app"),
        (Api::of(store(), None), ""),
        (Api::of(with_layout, None), "&from=beside"),
    ] {
        let mount = |digest: &Digest| format!("/v2/mine/blobs/uploads/?mount={digest}{from}");
        let reply = api.send("POST", &mount(&wrong), &[], "").await;
        assert_eq!(reply.status, StatusCode::ACCEPTED, "{from}");
        let reply = api.get(&format!("/v2/mine/blobs/{wrong}")).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{from}");
        let reply = api.send("POST", &mount(&Digest::sha256(b"{}")), &[], "").await;
        assert_eq!(reply.status, StatusCode::CREATED, "{from}");
    }
}

#[tokio::test]
async fn a_served_layout_has_the_types_that_a_push_may_have() {
    for media_type in [
        "text/html",
        "image/svg+xml",
        "application/xhtml+xml",
        "application/javascript",
        "application/pdf",
        "application/octet-stream",
        "application/x,text/html,x/json",
        "application/x+json\u{e9}+json",
        "application/+json,text/html,+json",
        MediaType::LAYER_GZIP,
    ] {
        let root = tempfile::tempdir().expect("directory");
        let digest = write_layout(root.path(), media_type);
        let store = Store::memory().with_read_only_layout("app", root.path()).expect("layout");
        let api = Api::of(store, None);
        for reference in ["1", digest.as_str()] {
            let reply = api.get(&format!("/v2/app/manifests/{reference}")).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{media_type} {reference}");
            assert_eq!(reply.header("content-type"), "application/json");
        }
        assert_eq!(api.get("/v2/app/tags/list").await.json()["tags"], json!([]), "{media_type}");
        let blob = api.get(&format!("/v2/app/blobs/{digest}")).await;
        assert_eq!(blob.header("content-type"), "application/octet-stream", "{media_type}");

        let api = Api::memory();
        api.push_blob("app", b"{}").await;
        let manifest = image(b"{}");
        let headers = [("content-type", media_type)];
        if media_type.is_ascii() {
            let body = manifest.to_string();
            let reply = api.send("PUT", "/v2/app/manifests/1", &headers, body).await;
            assert_eq!(reply.code(), "MANIFEST_INVALID", "{media_type}");
        }
        let mut said = manifest;
        said["mediaType"] = json!(media_type);
        let reply = api.send("PUT", "/v2/app/manifests/1", &[], said.to_string()).await;
        assert_eq!(reply.code(), "MANIFEST_INVALID", "{media_type}");
    }
}

/// An index of a stranger's layout lists a child as something that a browser would run.
#[tokio::test]
async fn children_of_an_index_have_those_types_too() {
    let root = tempfile::tempdir().expect("directory");
    let child = write_layout(root.path(), MediaType::MANIFEST);
    let mut entry = descriptor("text/html", image(b"{}").to_string().as_bytes());
    entry["digest"] = json!(child);
    let index = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    let digest = Digest::sha256(index.as_bytes());
    fs::write(root.path().join("blobs/sha256").join(digest.encoded()), &index).expect("blob");
    let entry = descriptor(MediaType::INDEX, index.as_bytes());
    let list: Value = json!({"schemaVersion": 2, "manifests": [entry]});
    fs::write(root.path().join("index.json"), list.to_string()).expect("index");
    let store = Store::memory().with_read_only_layout("app", root.path()).expect("layout");
    let api = Api::of(store, None);
    assert_eq!(api.get("/v2/app/manifests/latest").await.status, StatusCode::OK);
    let reply = api.get(&format!("/v2/app/manifests/{child}")).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
}
