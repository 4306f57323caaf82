//! Repositories with very many tags and manifests.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use drydock::digest::Digest;
use drydock::media_type::MediaType;
use http::StatusCode;
use serde_json::{Value, json};

use crate::api::{Api, descriptor, image};

const TAGS: usize = 25_000;
const REF_NAME: &str = "org.opencontainers.image.ref.name";

fn numbered(number: usize) -> Value {
    let mut manifest = image(b"{}");
    manifest["annotations"] = json!({"number": number.to_string()});
    manifest
}

/// Writes a repository with a manifest for each of so many tags.
fn fill(root: &Path, tags: usize) {
    let blobs = root.join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("directories");
    fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).expect("layout");
    fs::write(blobs.join(Digest::sha256(b"{}").encoded()), b"{}").expect("blob");
    let entries: Vec<Value> = (0..tags)
        .map(|number| {
            let manifest = numbered(number).to_string();
            let digest = Digest::sha256(manifest.as_bytes());
            fs::write(blobs.join(digest.encoded()), &manifest).expect("blob");
            let mut entry = descriptor(MediaType::MANIFEST, manifest.as_bytes());
            entry["annotations"] = json!({REF_NAME: format!("t{number}")});
            entry
        })
        .collect();
    let index = json!({"schemaVersion": 2, "manifests": entries}).to_string();
    fs::write(root.join("index.json"), index).expect("index");
}

/// How long one push of a manifest takes, the shortest of some.
async fn time_of_push(api: &Api, first: usize) -> Duration {
    let mut shortest = Duration::MAX;
    for number in first..first + 8 {
        let start = Instant::now();
        let reply = api.push("a", &format!("n{number}"), &numbered(number)).await;
        assert_eq!(reply.status, StatusCode::CREATED);
        shortest = shortest.min(start.elapsed());
    }
    shortest
}

#[tokio::test]
async fn a_push_among_many_tags_is_fast() {
    let api = Api::directory();
    fill(&api.directory.as_ref().expect("directory").path().join("a"), TAGS);
    let unknown = Digest::sha256(b"unknown");
    for path in [
        "/v2/a/tags/list?n=10".to_owned(),
        "/v2/a/manifests/t9".to_owned(),
        format!("/v2/a/manifests/{unknown}"),
        format!("/v2/a/referrers/{unknown}"),
        "/v2/_catalog".to_owned(),
    ] {
        for which in ["first", "again"] {
            let start = Instant::now();
            api.get(&path).await;
            println!("{which} {path}: {:?}", start.elapsed());
        }
    }
    let took = time_of_push(&api, TAGS).await;
    println!("a push among {TAGS} tags in a directory: {took:?}");
    assert!(took < Duration::from_millis(100), "a push among {TAGS} tags took {took:?}");
}
