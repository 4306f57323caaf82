use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock_registry::Store;
use http::StatusCode;
use serde_json::{Value, json};

use crate::api::{Api, descriptor, image};

#[tokio::test]
async fn the_directory_is_a_plain_layout_and_outlives_the_store() {
    let api = Api::directory();
    let (_, first) = api.push_image("a/b", "1", b"{}").await;
    let (_, second) = api.push_image("a/b", "1", b"[]").await;
    let root = api.directory.as_ref().expect("directory").path().to_path_buf();
    let layout = root.join("a/b");
    let read = |name: &str| -> Value {
        let bytes = std::fs::read(layout.join(name)).expect(name);
        serde_json::from_slice(&bytes).expect("JSON")
    };
    assert_eq!(read("oci-layout"), json!({"imageLayoutVersion": "1.0.0"}));
    let entries = read("index.json")["manifests"].clone();
    assert_eq!(entries[0]["digest"], json!(first));
    assert_eq!(entries[0].get("annotations"), None);
    assert_eq!(entries[1]["digest"], json!(second));
    assert_eq!(entries[1]["annotations"]["org.opencontainers.image.ref.name"], json!("1"));
    assert!(layout.join("blobs/sha256").join(second.encoded()).is_file());

    let again = Api::of(Store::directory(&root).expect("store"), None);
    assert_eq!(again.get("/v2/_catalog").await.json()["repositories"], json!(["a/b"]));
    assert_eq!(again.get("/v2/a/b/tags/list").await.json()["tags"], json!(["1"]));
    // What one writes, the other sees.
    again.push_image("a/b", "2", b"{}").await;
    assert_eq!(api.get("/v2/a/b/tags/list").await.json()["tags"], json!(["1", "2"]));
}

/// A layout as other tools write it: only the index is listed, not its children.
fn layout(root: &std::path::Path, name: Option<&str>) -> (Digest, Digest) {
    let write = |bytes: &[u8]| {
        let digest = Digest::sha256(bytes);
        std::fs::write(root.join("blobs/sha256").join(digest.encoded()), bytes).expect("blob");
        digest
    };
    std::fs::create_dir_all(root.join("blobs/sha256")).expect("directories");
    std::fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).expect("layout");
    write(b"{}");
    let child = image(b"{}").to_string();
    let child_digest = write(child.as_bytes());
    let mut referrer = image(b"{}");
    referrer["subject"] = descriptor(MediaType::MANIFEST, child.as_bytes());
    let referrer = referrer.to_string();
    write(referrer.as_bytes());
    let index = json!({"schemaVersion": 2, "manifests": [
        descriptor(MediaType::MANIFEST, child.as_bytes()),
        descriptor(MediaType::MANIFEST, referrer.as_bytes()),
    ]});
    let index = index.to_string();
    let index_digest = write(index.as_bytes());
    let mut entry = descriptor(MediaType::INDEX, index.as_bytes());
    if let Some(name) = name {
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": name});
    }
    let root_index = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    std::fs::write(root.join("index.json"), root_index).expect("index");
    (index_digest, child_digest)
}

#[tokio::test]
async fn layouts_of_other_tools_are_read_and_never_written() {
    for name in [None, Some("latest"), Some("localhost:5000/app:latest")] {
        let directory = tempfile::tempdir().expect("directory");
        let (index, child) = layout(directory.path(), name);
        let store = Store::memory().with_read_only_layout("app", directory.path()).expect("layout");
        let api = Api::of(store, None);
        assert_eq!(api.get("/v2/_catalog").await.json()["repositories"], json!(["app"]));
        let reply = api.get("/v2/app/manifests/latest").await;
        assert_eq!(reply.header("docker-content-digest"), index.as_str(), "{name:?}");
        let reply = api.get(&format!("/v2/app/manifests/{child}")).await;
        assert_eq!(reply.status, StatusCode::OK, "a child that index.json does not list");
        let referrers = api.get(&format!("/v2/app/referrers/{child}")).await.json();
        assert_eq!(referrers["manifests"].as_array().map(Vec::len), Some(1));

        let digest = Digest::sha256(b"{}");
        for (method, path) in [
            ("POST", "/v2/app/blobs/uploads/".to_owned()),
            ("PUT", "/v2/app/manifests/x".to_owned()),
            ("DELETE", "/v2/app/manifests/latest".to_owned()),
            ("DELETE", format!("/v2/app/manifests/{child}")),
            ("DELETE", format!("/v2/app/blobs/{digest}")),
        ] {
            let headers = [("content-type", MediaType::MANIFEST)];
            let reply = api.send(method, &path, &headers, "{}").await;
            assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
        assert!(!directory.path().join("_uploads").exists());
        // A blob of it can still be had elsewhere, if not by mounting.
        let path = format!("/v2/b/blobs/uploads/?mount={digest}&from=app");
        assert_eq!(api.send("POST", &path, &[], "").await.status, StatusCode::ACCEPTED);
    }
    let empty = tempfile::tempdir().expect("directory");
    let error = Store::memory().with_read_only_layout("app", empty.path()).expect_err("no layout");
    assert!(error.to_string().contains("is no OCI image layout"), "{error}");
}

#[tokio::test]
async fn a_broken_index_is_an_error_and_not_an_empty_repository() {
    let api = Api::directory();
    api.push_image("a", "1", b"{}").await;
    let index = api.directory.as_ref().expect("directory").path().join("a/index.json");
    std::fs::write(&index, "{\"manifests\": [").expect("write");
    let reply = api.get("/v2/a/manifests/1").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    let reply = api.push("a", "2", &image(b"{}")).await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR, "nothing is overwritten");
    assert_eq!(std::fs::read(&index).expect("read"), b"{\"manifests\": [");
}
