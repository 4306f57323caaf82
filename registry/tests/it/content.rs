use drydock::digest::{Algorithm, Digest};
use drydock::media_type::MediaType;
use http::StatusCode;
use serde_json::{Value, json};

use crate::api::{Api, descriptor, image};

#[tokio::test]
async fn base_and_strangers() {
    let api = Api::memory();
    for path in ["/v2/", "/v2"] {
        let reply = api.get(path).await;
        assert_eq!((reply.status, &reply.body[..]), (StatusCode::OK, &b"{}"[..]));
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    let foreign = api.send("GET", "/v2/", &[("sec-fetch-site", "cross-site")], "").await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    for (method, path, status, code) in [
        ("GET", "/v2/a", StatusCode::NOT_FOUND, "UNSUPPORTED"),
        ("GET", "/v2/A/tags/list", StatusCode::BAD_REQUEST, "NAME_INVALID"),
        ("GET", "/v2/a/tags/list", StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
        ("GET", "/v2/a/manifests/x", StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
        ("GET", "/v2/a/blobs/x", StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
        ("POST", "/v2/", StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
        ("PUT", "/v2/a/tags/list", StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
        ("PUT", "/v2/a/manifests/-", StatusCode::BAD_REQUEST, "TAG_INVALID"),
    ] {
        let reply = api.send(method, path, &[], "").await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{method} {path}");
    }
}

#[tokio::test]
async fn blob_ranges_and_tags() {
    for api in Api::both() {
        let digest = api.push_blob("a", b"0123456789").await;
        let path = format!("/v2/a/blobs/{digest}");
        let head = api.send("HEAD", &path, &[], "").await;
        assert_eq!((head.status, head.header("content-length")), (StatusCode::OK, "10"));
        assert_eq!(head.header("docker-content-digest"), digest.as_str());
        for (range, body, content_range) in [
            ("bytes=2-4", "234", "bytes 2-4/10"),
            ("bytes=8-", "89", "bytes 8-9/10"),
            ("bytes=-3", "789", "bytes 7-9/10"),
            ("bytes=0-99", "0123456789", "bytes 0-9/10"),
        ] {
            let part = api.send("GET", &path, &[("range", range)], "").await;
            assert_eq!(
                (part.status, &part.body[..]),
                (StatusCode::PARTIAL_CONTENT, body.as_bytes())
            );
            assert_eq!(part.header("content-range"), content_range);
            assert_eq!(part.header("content-length"), body.len().to_string());
        }
        let over = api.send("GET", &path, &[("range", "bytes=10-")], "").await;
        assert_eq!(over.status, StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(over.header("content-range"), "bytes */10");
        let etag = head.header("etag");
        let kept = api.send("GET", &path, &[("if-none-match", etag)], "").await;
        assert_eq!(kept.status, StatusCode::NOT_MODIFIED);
        let headers = [("range", "bytes=2-4"), ("if-range", "\"other\"")];
        assert_eq!(api.send("GET", &path, &headers, "").await.status, StatusCode::OK);
        let deleted = api.send("DELETE", &path, &[], "").await;
        assert_eq!(deleted.status, StatusCode::ACCEPTED);
        assert_eq!(api.send("DELETE", &path, &[], "").await.code(), "BLOB_UNKNOWN");
        assert_eq!(api.get(&path).await.code(), "BLOB_UNKNOWN");
    }
}

#[tokio::test]
async fn manifests_by_tag_and_digest() {
    for api in Api::both() {
        let (manifest, digest) = api.push_image("a/b", "1", b"{}").await;
        for reference in ["1", digest.as_str()] {
            let reply = api.get(&format!("/v2/a/b/manifests/{reference}")).await;
            assert_eq!(reply.body, manifest.to_string());
            assert_eq!(reply.header("content-type"), MediaType::MANIFEST);
            assert_eq!(reply.header("docker-content-digest"), digest.as_str());
            let head = api.send("HEAD", &format!("/v2/a/b/manifests/{reference}"), &[], "").await;
            assert_eq!(head.header("content-length"), manifest.to_string().len().to_string());
        }
        let sha512 = Digest::of(Algorithm::Sha512, manifest.to_string().as_bytes());
        let reply = api.push("a/b", sha512.as_str(), &manifest).await;
        assert_eq!(reply.header("docker-content-digest"), sha512.as_str());
        assert_eq!(api.get(&format!("/v2/a/b/manifests/{sha512}")).await.status, StatusCode::OK);
        let reply = api.push("a/b", &format!("{digest}?tag=2&tag=3"), &manifest).await;
        assert_eq!(reply.headers.get_all("oci-tag").iter().count(), 2);
        assert_eq!(api.get("/v2/a/b/tags/list").await.json()["tags"], json!(["1", "2", "3"]));

        assert_eq!(
            api.send("DELETE", "/v2/a/b/manifests/1", &[], "").await.status,
            StatusCode::ACCEPTED
        );
        assert_eq!(api.get("/v2/a/b/manifests/1").await.code(), "MANIFEST_UNKNOWN");
        let path = format!("/v2/a/b/manifests/{digest}");
        assert_eq!(api.get(&path).await.status, StatusCode::OK, "the manifest stays");
        assert_eq!(api.send("DELETE", &path, &[], "").await.status, StatusCode::ACCEPTED);
        assert_eq!(api.get(&path).await.code(), "MANIFEST_UNKNOWN");
        assert_eq!(api.send("DELETE", &path, &[], "").await.code(), "MANIFEST_UNKNOWN");
        assert_eq!(api.get("/v2/a/b/tags/list").await.json()["tags"], json!([]));
    }
}

#[tokio::test]
async fn manifests_that_are_refused() {
    for api in Api::both() {
        let (manifest, digest) = api.push_image("a", "1", b"{}").await;
        let missing = image(b"never pushed");
        assert_eq!(api.push("a", "2", &missing).await.code(), "MANIFEST_BLOB_UNKNOWN");
        let mut wrong_size = manifest.clone();
        wrong_size["config"]["size"] = json!(3);
        assert_eq!(api.push("a", "2", &wrong_size).await.code(), "MANIFEST_INVALID");
        let other = Digest::sha256(b"other");
        assert_eq!(api.push("a", other.as_str(), &manifest).await.code(), "DIGEST_INVALID");
        let index = |child: Value| json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": [child]});
        let child = descriptor(MediaType::MANIFEST, b"never pushed");
        assert_eq!(api.push("a", "2", &index(child)).await.code(), "MANIFEST_BLOB_UNKNOWN");
        let child = descriptor(MediaType::MANIFEST, manifest.to_string().as_bytes());
        assert_eq!(api.push("a", "2", &index(child)).await.status, StatusCode::CREATED);
        let mut foreign = manifest.clone();
        let layer = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
        foreign["layers"] = json!([descriptor(layer, b"elsewhere")]);
        assert_eq!(api.push("a", "3", &foreign).await.status, StatusCode::CREATED);

        let put = |media_type: &'static str, body: String| {
            let api = &api;
            async move {
                api.send("PUT", "/v2/a/manifests/9", &[("content-type", media_type)], body).await
            }
        };
        for (media_type, body) in [
            (MediaType::MANIFEST, "{".to_owned()),
            (MediaType::INDEX, manifest.to_string()),
            ("text/html", manifest.to_string()),
            ("application/octet-stream", manifest.to_string()),
        ] {
            let reply = put(media_type, body).await;
            assert_eq!(reply.code(), "MANIFEST_INVALID", "{media_type}");
        }
        let large = put(MediaType::MANIFEST, " ".repeat((4 << 20) + 1)).await;
        assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
        let typeless = api.send("PUT", "/v2/a/manifests/9", &[], manifest.to_string()).await;
        assert_eq!(typeless.status, StatusCode::CREATED, "mediaType says it");
        assert_eq!(typeless.header("docker-content-digest"), digest.as_str());
    }
}

#[tokio::test]
async fn pages_of_tags_and_repositories() {
    for api in Api::both() {
        for tag in ["b", "a", "A", "c", "10", "9"] {
            api.push_image("r", tag, b"{}").await;
        }
        api.push_image("q/r", "x", b"{}").await;
        api.push_blob("blobs/only", b"x").await;
        let mut path = "/v2/r/tags/list?n=4".to_owned();
        let mut pages = Vec::new();
        loop {
            let reply = api.get(&path).await;
            pages.push(reply.json()["tags"].clone());
            let Some(next) = reply.header("link").strip_suffix(">; rel=\"next\"") else { break };
            path = next.trim_start_matches('<').to_owned();
        }
        assert_eq!(pages, [json!(["10", "9", "A", "a"]), json!(["b", "c"])]);
        let none = api.get("/v2/r/tags/list?n=0").await;
        assert_eq!((none.json()["tags"].clone(), none.header("link")), (json!([]), ""));
        assert_eq!(api.get("/v2/r/tags/list?last=a").await.json()["tags"], json!(["b", "c"]));
        assert_eq!(api.get("/v2/r/tags/list?n=x").await.status, StatusCode::BAD_REQUEST);
        assert_eq!(api.get("/v2/_catalog").await.json()["repositories"], json!(["q/r", "r"]));
        let first = api.get("/v2/_catalog?n=1").await;
        assert_eq!(first.header("link"), "</v2/_catalog?n=1&last=q/r>; rel=\"next\"");
    }
}

#[tokio::test]
async fn referrers() {
    for api in Api::both() {
        let subject = image(b"{}");
        let subject_digest = Digest::sha256(subject.to_string().as_bytes());
        api.push_blob("a", b"{}").await;
        for (number, artifact_type) in ["x/1", "x/2", "x/1"].into_iter().enumerate() {
            let mut referrer = image(b"{}");
            referrer["artifactType"] = json!(artifact_type);
            referrer["annotations"] = json!({"number": number.to_string()});
            referrer["subject"] = descriptor(MediaType::MANIFEST, subject.to_string().as_bytes());
            let digest = Digest::sha256(referrer.to_string().as_bytes());
            let reply = api.push("a", digest.as_str(), &referrer).await;
            assert_eq!(reply.header("oci-subject"), subject_digest.as_str());
        }
        let path = format!("/v2/a/referrers/{subject_digest}");
        let all = api.get(&path).await;
        assert_eq!(all.header("content-type"), MediaType::INDEX);
        assert_eq!(all.header("oci-filters-applied"), "");
        let listed = all.json()["manifests"].as_array().expect("list").clone();
        assert_eq!(listed.len(), 3);
        assert!(listed.iter().all(|d| d["annotations"]["number"].is_string()));
        let some = api.get(&format!("{path}?artifactType=x/1")).await;
        assert_eq!(some.header("oci-filters-applied"), "artifactType");
        assert_eq!(some.json()["manifests"].as_array().map(Vec::len), Some(2));

        let first = api.get(&format!("{path}?artifactType=x/1&n=1")).await;
        let link = first.header("link").trim_start_matches('<');
        let link = link.strip_suffix(">; rel=\"next\"").expect("another page");
        let second = api.get(link).await;
        assert_eq!(second.header("link"), "");
        assert_ne!(first.json()["manifests"][0], second.json()["manifests"][0]);

        for path in [
            format!("/v2/a/referrers/{}", Digest::sha256(b"unknown")),
            format!("/v2/no/such/referrers/{subject_digest}"),
        ] {
            let reply = api.get(&path).await;
            assert_eq!(
                (reply.status, reply.json()["manifests"].clone()),
                (StatusCode::OK, json!([]))
            );
        }
        assert_eq!(api.get("/v2/a/referrers/x").await.status, StatusCode::BAD_REQUEST);
        let gone = listed[0]["digest"].as_str().expect("digest");
        api.send("DELETE", &format!("/v2/a/manifests/{gone}"), &[], "").await;
        assert_eq!(api.get(&path).await.json()["manifests"].as_array().map(Vec::len), Some(2));
    }
}
