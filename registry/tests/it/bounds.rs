//! What a store holds has bounds, and what it acknowledges can be read again.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use drydock::digest::{Algorithm, Digest};
use drydock::media_type::MediaType;
use drydock_registry::{Store, limits};
use http::StatusCode;
use serde_json::{Value, json};

use crate::api::{Api, descriptor, image};

const MIB: u64 = 1 << 20;

async fn push_bytes(api: &Api, fill: u8, size: u64) -> StatusCode {
    let bytes = vec![fill; size as usize];
    let digest = Digest::sha256(&bytes);
    let path = format!("/v2/a/blobs/uploads/?digest={digest}");
    api.send("POST", &path, &[], bytes).await.status
}

/// Stores of both kinds that hold so many bytes.
fn limited(bytes: u64) -> [Api; 2] {
    let directory = tempfile::tempdir().expect("directory");
    let on_disk = Store::directory(directory.path()).expect("store");
    let in_memory = Store::memory().with_limit(bytes).expect("limit");
    let on_disk = on_disk.with_limit(bytes).expect("limit");
    [Api::of(in_memory, None), Api::of(on_disk, Some(directory))]
}

#[tokio::test]
async fn a_store_holds_no_more_than_it_may() {
    for api in limited(4 * MIB) {
        assert_eq!(push_bytes(&api, 1, 2 * MIB).await, StatusCode::CREATED);
        assert_eq!(push_bytes(&api, 2, 3 * MIB).await, StatusCode::INSUFFICIENT_STORAGE);
        // What did not come in takes no room.
        assert_eq!(push_bytes(&api, 3, MIB).await, StatusCode::CREATED);
        assert_eq!(push_bytes(&api, 4, MIB / 2).await, StatusCode::CREATED);
        assert_eq!(push_bytes(&api, 5, MIB).await, StatusCode::INSUFFICIENT_STORAGE);
        let reply = api.send("POST", "/v2/a/blobs/uploads/", &[], "").await;
        let location = reply.header("location").to_owned();
        let reply = api.send("PATCH", &location, &[], vec![5; MIB as usize]).await;
        assert_eq!(reply.status, StatusCode::INSUFFICIENT_STORAGE);
        let error = reply.json()["errors"][0]["message"].as_str().expect("message").to_owned();
        assert!(error.contains(&(4 * MIB).to_string()), "{error}");
        api.send("DELETE", &location, &[], "").await;

        let gone = Digest::sha256(&vec![1; 2 * MIB as usize]);
        api.send("DELETE", &format!("/v2/a/blobs/{gone}"), &[], "").await;
        assert_eq!(push_bytes(&api, 6, 3 * MIB / 2).await, StatusCode::CREATED);

        let Some(directory) = &api.directory else { continue };
        let again = Store::directory(directory.path()).expect("store");
        let again = Api::of(again.with_limit(4 * MIB).expect("limit"), None);
        assert_eq!(push_bytes(&again, 7, MIB).await, StatusCode::INSUFFICIENT_STORAGE);
        assert_eq!(push_bytes(&again, 7, MIB / 4).await, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn a_mount_takes_no_room_and_gives_none_back() {
    for api in limited(4 * MIB) {
        assert_eq!(push_bytes(&api, 1, 3 * MIB).await, StatusCode::CREATED);
        let digest = Digest::sha256(&vec![1; 3 * MIB as usize]);
        for name in ["b", "c"] {
            let path = format!("/v2/{name}/blobs/uploads/?mount={digest}&from=a");
            assert_eq!(api.send("POST", &path, &[], "").await.status, StatusCode::CREATED);
        }
        for name in ["a", "b"] {
            let path = format!("/v2/{name}/blobs/{digest}");
            assert_eq!(api.send("DELETE", &path, &[], "").await.status, StatusCode::ACCEPTED);
            assert_eq!(push_bytes(&api, 2, 2 * MIB).await, StatusCode::INSUFFICIENT_STORAGE);
        }
        let path = format!("/v2/c/blobs/{digest}");
        assert_eq!(api.send("DELETE", &path, &[], "").await.status, StatusCode::ACCEPTED);
        assert_eq!(push_bytes(&api, 2, 2 * MIB).await, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn names_and_empty_things_take_room_too() {
    for api in limited(MIB) {
        api.push_blob("a", b"{}").await;
        let mut refused = None;
        for number in 0..10_000 {
            let mut manifest = image(b"{}");
            manifest["annotations"] = json!({"number": number.to_string()});
            let reply = api.push("a", &format!("t{number}"), &manifest).await;
            if reply.status != StatusCode::CREATED {
                refused = Some((number, reply.status));
                break;
            }
        }
        let (number, status) = refused.expect("is full some time");
        assert_eq!(status, StatusCode::INSUFFICIENT_STORAGE);
        assert!(number > 100, "{number}");
        let tags = api.get("/v2/a/tags/list").await.json()["tags"].as_array().map(Vec::len);
        assert_eq!(tags, Some(number), "what was refused is not there");
        let mut refused = false;
        for number in 0..3000 {
            let digest = Digest::sha256(b"x");
            let path = format!("/v2/name{number}/blobs/uploads/?digest={digest}");
            refused |= api.send("POST", &path, &[], "x").await.status != StatusCode::CREATED;
        }
        assert!(refused);
    }
}

#[tokio::test]
async fn an_index_grows_no_larger_than_can_be_read() {
    let api = Api::directory();
    api.push_image("a", "first", b"{}").await;
    let root = api.directory.as_ref().expect("directory").path().to_path_buf();
    let path = root.join("a/index.json");
    let mut index: Value = serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON");
    let entry = index["manifests"][0].clone();
    // Up to some hundred bytes below the limit.
    let mut left = limits::INDEX_BYTES as usize - index.to_string().len() - 600;
    let list = index["manifests"].as_array_mut().expect("list");
    while left > 4096 {
        let mut entry = entry.clone();
        entry["digest"] = json!(Digest::sha256(&left.to_be_bytes()));
        entry["annotations"] = json!({"filler": ""});
        let beside = entry.to_string().len() + 1;
        let size = (left - beside).min(8 << 20);
        entry["annotations"]["filler"] = json!("x".repeat(size));
        left -= beside + size;
        list.push(entry);
    }
    fs::write(&path, index.to_string()).expect("write");
    drop(index);

    let api = Api::of(Store::directory(&root).expect("store"), None);
    let mut pushed = 0;
    let refused = loop {
        let tag = format!("t{pushed}");
        let reply = api.push("a", &tag, &image(b"{}")).await;
        if reply.status != StatusCode::CREATED {
            break reply;
        }
        pushed += 1;
        assert!(pushed < 40);
    };
    assert!(pushed > 0);
    assert_eq!(refused.status, StatusCode::INSUFFICIENT_STORAGE);
    let again = Api::of(Store::directory(&root).expect("store"), None);
    for api in [&api, &again] {
        let tags = api.get("/v2/a/tags/list").await;
        assert_eq!(tags.json()["tags"].as_array().map(Vec::len), Some(pushed + 1));
        let path = format!("/v2/a/manifests/t{}", pushed - 1);
        assert_eq!(api.get(&path).await.status, StatusCode::OK);
    }
    // There is a way out.
    assert_eq!(
        again.send("DELETE", "/v2/a/manifests/t0", &[], "").await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(again.push("a", "new", &image(b"{}")).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_acknowledged_is_there_after_a_restart() {
    let api = Api::directory();
    let root = api.directory.as_ref().expect("directory").path().to_path_buf();
    let names = [
        "a".to_owned(),
        "a/b".to_owned(),
        "blobs".to_owned(),
        "a/blobs/sha256".to_owned(),
        "index.json".to_owned(),
        "a/oci-layout".to_owned(),
        "uploads".to_owned(),
        "manifests/x/blobs".to_owned(),
        vec!["d"; 120].join("/"),
        "x".repeat(250),
    ];
    let mut answers = BTreeMap::new();
    for name in &names {
        let (manifest, digest) = api.push_image(name, "1", b"{}").await;
        let tag = "t".repeat(128);
        assert_eq!(api.push(name, &tag, &manifest).await.status, StatusCode::CREATED);
        let sha512 = Digest::of(Algorithm::Sha512, manifest.to_string().as_bytes());
        assert_eq!(api.push(name, sha512.as_str(), &manifest).await.status, StatusCode::CREATED);
        let mut referrer = image(b"{}");
        referrer["subject"] = descriptor(MediaType::MANIFEST, manifest.to_string().as_bytes());
        let about = Digest::sha256(referrer.to_string().as_bytes());
        assert_eq!(api.push(name, about.as_str(), &referrer).await.status, StatusCode::CREATED);
        let blob = Digest::sha256(b"{}");
        for path in [
            format!("/v2/{name}/manifests/1"),
            format!("/v2/{name}/manifests/{tag}"),
            format!("/v2/{name}/manifests/{sha512}"),
            format!("/v2/{name}/blobs/{blob}"),
            format!("/v2/{name}/referrers/{digest}"),
            format!("/v2/{name}/tags/list"),
        ] {
            answers.insert(path, None);
        }
    }
    answers.insert("/v2/_catalog".to_owned(), None);
    for (path, answer) in &mut answers {
        let reply = api.get(path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        *answer = Some(reply.body);
    }
    let catalog = api.get("/v2/_catalog").await.json();
    assert_eq!(catalog["repositories"].as_array().map(Vec::len), Some(names.len()));
    let again = Api::of(Store::directory(&root).expect("store"), None);
    for (path, answer) in answers {
        assert_eq!(Some(again.get(&path).await.body), answer, "{path}");
    }
}

#[tokio::test]
async fn answers_do_not_say_where_the_store_lies() {
    type Spoil = fn(&std::path::Path);
    let spoil: [(&str, Spoil); 4] = [
        ("a broken index", |root| fs::write(root.join("a/index.json"), "{").expect("write")),
        ("a large index", |root| {
            let file = fs::File::create(root.join("a/index.json")).expect("file");
            file.set_len(limits::INDEX_BYTES + 1).expect("length");
        }),
        ("no uploads", |root| {
            fs::remove_dir_all(root.join("_uploads")).expect("removes");
            fs::write(root.join("_uploads"), "").expect("write");
        }),
        ("a file in the way", |root| {
            fs::remove_dir_all(root.join("a/blobs")).expect("removes");
            fs::write(root.join("a/blobs"), "").expect("write");
        }),
    ];
    for (what, spoil) in spoil {
        let api = Api::directory();
        api.push_image("a", "1", b"{}").await;
        let root = api.directory.as_ref().expect("directory").path().to_path_buf();
        spoil(&root);
        let digest = Digest::sha256(b"new");
        let mut failed = 0;
        for (method, path) in [
            ("GET", "/v2/_catalog".to_owned()),
            ("GET", "/v2/a/tags/list".to_owned()),
            ("GET", "/v2/a/manifests/1".to_owned()),
            ("GET", format!("/v2/a/blobs/{digest}")),
            ("POST", "/v2/a/blobs/uploads/".to_owned()),
            ("POST", format!("/v2/a/blobs/uploads/?digest={digest}")),
            ("PUT", "/v2/a/manifests/2".to_owned()),
            ("DELETE", "/v2/a/manifests/1".to_owned()),
        ] {
            let body = if method == "PUT" {
                json!({"schemaVersion": 2, "manifests": [], "mediaType": MediaType::INDEX})
                    .to_string()
            } else {
                "new".to_owned()
            };
            let headers = [("content-type", MediaType::INDEX)];
            let reply = api.send(method, &path, &headers, body).await;
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            failed += usize::from(reply.status.is_server_error());
            for part in [root.to_str().expect("text"), "_uploads", "/a/"] {
                let path = text.contains("\"errors\"") && text.contains(part);
                assert!(!path, "{what}: {method} {text}");
            }
        }
        assert!(failed > 0, "{what}");
    }
}

/// On one thread only: what waits for a disk lets others go on.
#[tokio::test]
async fn files_are_worked_on_beside_the_requests() {
    let api = Api::directory();
    api.push_blob("a", b"{}").await;
    let zeros = fs::File::create(
        api.directory
            .as_ref()
            .expect("directory")
            .path()
            .join("a/blobs/sha256")
            .join(Digest::sha256(b"other").encoded()),
    )
    .expect("file");
    zeros.set_len(300 << 20).expect("length");
    let mount = format!("/v2/b/blobs/uploads/?mount={}&from=a", Digest::sha256(b"other"));
    let mount = api.send("POST", &mount, &[], "");
    let mut ticks = 0;
    let tick = async {
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            ticks += 1;
        }
    };
    tokio::select! {
        reply = mount => assert_eq!(reply.status, StatusCode::ACCEPTED),
        () = tick => {}
    }
    assert!(ticks > 2, "the thread was kept busy: {ticks}");
}

/// A client that goes away in the middle of a body does not take with it what it sent.
#[tokio::test]
async fn what_came_before_the_client_left_is_kept() {
    for api in Api::both() {
        let reply = api.send("POST", "/v2/a/blobs/uploads/", &[], "").await;
        let location = reply.header("location").to_owned();
        let first = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from("abc"))]);
        let never = futures_util::stream::pending();
        let body = Body::from_stream(futures_util::StreamExt::chain(first, never));
        let request = api.raw("PATCH", &location, &[], body);
        let gone = tokio::time::timeout(Duration::from_millis(300), request).await;
        assert!(gone.is_err(), "the body never ends");
        let reply = api.get(&location).await;
        assert_eq!((reply.status, reply.header("range")), (StatusCode::NO_CONTENT, "0-2"));
        let digest = Digest::sha256(b"abcd");
        let headers = [("content-range", "3-3")];
        let reply = api.send("PUT", &format!("{location}?digest={digest}"), &headers, "d").await;
        assert_eq!(reply.status, StatusCode::CREATED);
    }
}
