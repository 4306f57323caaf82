use drydock::digest::Digest;
use drydock_registry::{Action, Faults, Rule, router, sample};
use http::StatusCode;
use http_body_util::BodyExt as _;

use crate::api::Api;

fn with(faults: Faults) -> Api {
    let mut api = Api::memory();
    sample::install(&api.store).expect("installs");
    api.router = faults.wrap(&api.store, router(api.store.clone()));
    api
}

/// Path of the first layer for linux/amd64, and its digest.
async fn layer(api: &Api) -> (String, Digest) {
    let index = api.get("/v2/sample/hello/manifests/latest").await.json();
    let child = index["manifests"][0]["digest"].as_str().expect("digest").to_owned();
    let manifest = api.get(&format!("/v2/sample/hello/manifests/{child}")).await.json();
    let digest = manifest["layers"][0]["digest"].as_str().expect("digest");
    (format!("sample/hello/blobs/{digest}"), digest.parse().expect("digest"))
}

#[tokio::test]
async fn answers_and_counting() {
    let api = with(Faults::examples());
    let limited = api.get("/v2/fault/429/sample/hello/manifests/latest").await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!((limited.header("retry-after"), limited.code().as_str()), ("30", "TOOMANYREQUESTS"));
    let path = "/v2/fault/429-once/sample/hello/manifests/latest";
    assert_eq!(api.get(path).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(api.get(path).await.status, StatusCode::OK);
    assert_eq!(api.get("/v2/fault/none/sample/hello/tags/list").await.status, StatusCode::OK);
    assert_eq!(api.get("/v2/sample/hello/tags/list").await.status, StatusCode::OK);

    let second = Rule {
        path: Some("*/tags/list".to_owned()),
        from: Some(2),
        times: Some(1),
        ..Rule::new([Action::Status(500)])
    };
    let api = with(Faults { rules: vec![second] });
    for status in [200, 500, 200] {
        assert_eq!(api.get("/v2/sample/hello/tags/list").await.status, status);
    }
}

#[tokio::test]
async fn spoiled_bodies() {
    let api = with(Faults::examples());
    let (blob, digest) = layer(&api).await;
    let good = api.get(&format!("/v2/{blob}")).await.body;
    let get = |fault: &str| {
        let (api, path) = (&api, format!("/v2/fault/{fault}/{blob}"));
        async move { api.get(&path).await }
    };
    assert_eq!(get("none").await.body, good);
    let flipped = get("flip-layer").await;
    assert_eq!(flipped.body.len(), good.len());
    assert_eq!(flipped.body.iter().zip(&good).filter(|(a, b)| a != b).count(), 1);
    assert_eq!(get("flip-config").await.body, good, "a layer is no config");
    let truncated = get("truncate-layer").await;
    assert_eq!((&truncated.body[..], truncated.header("content-length")), (&good[..100], "100"));
    assert_eq!(Digest::sha256(&get("gzip").await.body[..0]), Digest::sha256(b""));
    assert_eq!(get("gzip").await.header("content-encoding"), "gzip");
    assert_ne!(Digest::sha256(&get("append-layer").await.body), digest);
    let path = format!("/v2/fault/no-range/{blob}");
    let whole = api.send("GET", &path, &[("range", "bytes=0-1")], "").await;
    assert_eq!((whole.status, whole.body), (StatusCode::OK, good.clone()));

    let path = format!("/v2/fault/cut-layer/{blob}");
    let cut = api.raw("GET", &path, &[], axum::body::Body::empty()).await;
    assert_eq!(cut.headers()["content-length"], good.len().to_string());
    let mut body = cut.into_body();
    let mut came = 0;
    let error = loop {
        match body.frame().await.expect("an error comes before the end") {
            Ok(frame) => came += frame.into_data().map_or(0, |data| data.len()),
            Err(error) => break error,
        }
    };
    assert_eq!(came, 100, "{error}");

    let path = format!("/v2/fault/stall-layer/{blob}");
    let stalled = api.raw("GET", &path, &[], axum::body::Body::empty()).await;
    let all = stalled.into_body().collect();
    let waited = tokio::time::timeout(std::time::Duration::from_millis(50), all).await;
    assert!(waited.is_err(), "it never ends");
}

#[tokio::test]
async fn quirks() {
    let api = with(Faults::examples());
    let index = api.get("/v2/sample/hello/manifests/latest").await;
    let digest = index.header("docker-content-digest").to_owned();
    let looped = api.get("/v2/fault/tags-loop/sample/hello/tags/list").await;
    assert_eq!(looped.header("link"), "</v2/fault/tags-loop/sample/hello/tags/list>; rel=\"next\"");
    let path = format!("/v2/fault/no-referrers/sample/hello/referrers/{digest}");
    assert_eq!(api.get(&path).await.status, StatusCode::NOT_FOUND);
    assert!(api.get("/v2/fault/tags-null/sample/hello/tags/list").await.json()["tags"].is_null());
    let path = "/v2/fault/no-digest-header/sample/hello/manifests/latest";
    assert_eq!(api.get(path).await.header("docker-content-digest"), "");
    let child = index.json()["manifests"][0]["digest"].as_str().expect("digest").to_owned();
    let other = api.get(&format!("/v2/fault/other-digest/sample/hello/manifests/{child}")).await;
    assert_eq!(other.body, index.body);
    let upload = api.send("POST", "/v2/fault/none/new/blobs/uploads/", &[], "").await;
    assert!(upload.header("location").starts_with("/v2/fault/none/new/blobs/uploads/"));
    let page = api.get("/v2/fault/none/sample/hello/tags/list?n=1").await;
    assert!(page.header("link").starts_with("</v2/fault/none/sample/hello/tags/list?n=1"));
}

#[tokio::test]
async fn logins() {
    let api = with(Faults::examples());
    let path = "/v2/fault/basic/sample/hello/manifests/latest";
    let refused = api.get(path).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.header("www-authenticate"), "Basic realm=\"scratch\"");
    // demo:secret
    let login = [("authorization", "Basic ZGVtbzpzZWNyZXQ=")];
    assert_eq!(api.send("GET", path, &login, "").await.status, StatusCode::OK);

    let path = "/v2/fault/bearer/sample/hello/manifests/latest";
    let host = ("host", "127.0.0.1:5000");
    let refused = api.send("GET", path, &[host], "").await;
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer realm=\"http://127.0.0.1:5000/token\",service=\"scratch\",\
         scope=\"repository:fault/bearer/sample/hello:pull,push\""
    );
    for (headers, status) in [(&[][..], StatusCode::UNAUTHORIZED), (&login[..], StatusCode::OK)] {
        let given = api.send("GET", "/token?service=scratch", headers, "").await.json();
        let token = format!("Bearer {}", given["token"].as_str().expect("token"));
        let headers = [("authorization", token.as_str())];
        assert_eq!(api.send("GET", path, &headers, "").await.status, status);
        let path = path.replace("bearer", "bearer-anonymous");
        assert_eq!(api.send("GET", &path, &headers, "").await.status, StatusCode::OK);
    }
    let path = path.replace("bearer", "bearer-anonymous");
    assert_eq!(api.get(&path).await.status, StatusCode::UNAUTHORIZED);
}

/// Starts an upload under a fault, and gives its place.
async fn start(api: &Api, fault: &str) -> String {
    let path = format!("/v2/fault/{fault}/new/blobs/uploads/");
    let reply = api.send("POST", &path, &[], "").await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{fault}");
    reply.header("location").to_owned()
}

async fn patch(api: &Api, place: &str, range: &str, bytes: &'static str) -> (StatusCode, String) {
    let reply = api.send("PATCH", place, &[("content-range", range)], bytes).await;
    (reply.status, reply.header("range").to_owned())
}

#[tokio::test]
async fn u3_ranges_that_uploads_get() {
    let api = with(Faults::examples());
    for (fault, status, first, second) in [
        ("none", 202, "0-3", "0-5"),
        ("range-off-by-one", 202, "0-4", "0-6"),
        ("range-chunk", 202, "0-3", "4-5"),
        ("range-chunk-from-zero", 202, "0-3", "0-1"),
        ("range-still", 202, "0-0", "0-0"),
        ("range-missing", 202, "", ""),
        ("patch-201", 201, "0-0", "0-0"),
        ("no-patch", 405, "", ""),
    ] {
        let place = start(&api, fault).await;
        let status = StatusCode::from_u16(status).expect("status");
        let got = patch(&api, &place, "0-3", "abcd").await;
        assert_eq!(got, (status, first.to_owned()), "{fault}");
        let got = patch(&api, &place, "4-5", "ef").await;
        assert_eq!(got, (status, second.to_owned()), "{fault}");
    }
}

#[tokio::test]
async fn u2_answers_that_are_lost_after_the_store_has_acted() {
    let api = with(Faults::examples());
    for (fault, held) in [("lost-chunk", "0-5"), ("cut-chunk", "0-3"), ("chunk-500", "0-3")] {
        let place = start(&api, fault).await;
        patch(&api, &place, "0-3", "abcd").await;
        let path = place.clone();
        let headers = [("content-range", "4-5")];
        let answer = api.raw("PATCH", &path, &headers, axum::body::Body::from("ef")).await;
        let lost = answer.extensions().get::<drydock_registry::Lost>().is_some();
        assert_eq!(lost, fault != "chunk-500", "{fault}");
        if lost {
            assert!(answer.into_body().collect().await.is_err(), "{fault}");
        }
        // `cut-chunk` breaks off behind more bytes than these, so they were kept.
        let held = if fault == "cut-chunk" { "0-5" } else { held };
        assert_eq!(api.get(&place).await.header("range"), held, "{fault}");
    }
}

#[tokio::test]
async fn p25_uploads_that_go_on_elsewhere_with_a_query_that_changes() {
    let api = with(Faults::examples());
    let first = start(&api, "elsewhere").await;
    assert!(first.starts_with("/elsewhere/v2/fault/elsewhere/new/blobs/uploads/"), "{first}");
    let reply = api.send("PATCH", &first, &[("content-range", "0-3")], "abcd").await;
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    let second = reply.header("location").to_owned();
    assert_ne!(first, second);
    for place in [&first[..], second.split_once('?').expect("query").0] {
        let reply = api.send("PATCH", place, &[("content-range", "4-4")], "e").await;
        assert_eq!(reply.code(), "BLOB_UPLOAD_UNKNOWN", "{place}");
    }
    let digest = Digest::sha256(b"abcd");
    let reply = api.send("PUT", &format!("{second}&digest={digest}"), &[], "").await;
    assert_eq!(reply.status, StatusCode::CREATED);
}

#[tokio::test]
async fn u6_mounts_that_are_not_done() {
    let api = with(Faults::examples());
    let (_, layer) = layer(&api).await;
    for (fault, status) in [("none", 201), ("no-mount", 202), ("mount-403", 403)] {
        let query = format!("mount={layer}&from=fault%2F{fault}%2Fsample%2Fhello");
        let path = format!("/v2/fault/{fault}/new/blobs/uploads/?{query}");
        assert_eq!(api.send("POST", &path, &[], "").await.status, status, "{fault}");
    }
}

#[tokio::test]
async fn tokens_that_end_and_deletions_that_are_not_done() {
    let api = with(Faults::examples());
    let path = "/v2/fault/token-ends/sample/hello/tags/list";
    // demo:secret
    let login = [("authorization", "Basic ZGVtbzpzZWNyZXQ=")];
    let given = api.send("GET", "/token?service=scratch", &login, "").await.json();
    let token = format!("Bearer {}", given["token"].as_str().expect("token"));
    for status in [200, 200, 200, 401, 401] {
        let reply = api.send("GET", path, &[("authorization", &token)], "").await;
        assert_eq!(reply.status, status);
    }
    let index = api.get("/v2/sample/hello/manifests/latest").await;
    let digest = index.header("docker-content-digest").to_owned();
    for (fault, reference, status) in [
        ("no-tag-delete", "latest", 405),
        ("no-delete", "latest", 405),
        ("no-delete", &digest, 405),
        ("no-tag-delete", &digest, 202),
    ] {
        let path = format!("/v2/fault/{fault}/sample/hello/manifests/{reference}");
        assert_eq!(api.send("DELETE", &path, &[], "").await.status, status, "{fault} {reference}");
    }
}
