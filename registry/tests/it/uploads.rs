use axum::body::Body;
use bytes::Bytes;
use drydock::digest::{Algorithm, Digest};
use futures_util::stream;
use http::StatusCode;

use crate::api::Api;

async fn start(api: &Api, query: &str) -> String {
    let reply = api.send("POST", &format!("/v2/a/blobs/uploads/{query}"), &[], "").await;
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    assert_eq!(reply.header("range"), "0-0");
    reply.header("location").to_owned()
}

#[tokio::test]
async fn in_one_request_or_two() {
    for api in Api::both() {
        let digest = api.push_blob("a", b"one").await;
        assert_eq!(api.get(&format!("/v2/a/blobs/{digest}")).await.body, "one");
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let digest = Digest::of(algorithm, b"two");
            let location = start(&api, "").await;
            let reply = api.send("PUT", &format!("{location}?digest={digest}"), &[], "two").await;
            assert_eq!(reply.status, StatusCode::CREATED);
            assert_eq!(reply.header("location"), format!("/v2/a/blobs/{digest}"));
            assert_eq!(reply.header("docker-content-digest"), digest.as_str());
            assert_eq!(api.get(&format!("/v2/a/blobs/{digest}")).await.body, "two");
            let again = api.send("PUT", &format!("{location}?digest={digest}"), &[], "two").await;
            assert_eq!(
                (again.status, again.code()),
                (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN".into())
            );
        }
    }
}

#[tokio::test]
async fn in_chunks_with_an_algorithm_known_late_or_early() {
    for api in Api::both() {
        for query in ["", "?digest-algorithm=sha256", "?digest-algorithm=sha512"] {
            for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
                let location = start(&api, query).await;
                let reply = api.send("PATCH", &location, &[("content-range", "0-3")], "abcd").await;
                assert_eq!((reply.status, reply.header("range")), (StatusCode::ACCEPTED, "0-3"));
                let reply = api.send("PATCH", &location, &[], "ef").await;
                assert_eq!((reply.status, reply.header("range")), (StatusCode::ACCEPTED, "0-5"));
                let reply = api.get(&location).await;
                assert_eq!((reply.status, reply.header("range")), (StatusCode::NO_CONTENT, "0-5"));
                let digest = Digest::of(algorithm, b"abcdefg");
                let headers = [("content-range", "6-6")];
                let reply =
                    api.send("PUT", &format!("{location}?digest={digest}"), &headers, "g").await;
                assert_eq!(reply.status, StatusCode::CREATED);
                assert_eq!(api.get(&format!("/v2/a/blobs/{digest}")).await.body, "abcdefg");
            }
        }
        let reply = api.send("POST", "/v2/a/blobs/uploads/?digest-algorithm=md5", &[], "").await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::BAD_REQUEST, "DIGEST_INVALID".into())
        );
    }
}

#[tokio::test]
async fn chunks_that_do_not_fit_change_nothing() {
    for api in Api::both() {
        let location = start(&api, "").await;
        api.send("PATCH", &location, &[("content-range", "0-3")], "abcd").await;
        for range in ["0-3", "5-6", "x", "4"] {
            let reply = api.send("PATCH", &location, &[("content-range", range)], "zz").await;
            assert_eq!(reply.status, StatusCode::RANGE_NOT_SATISFIABLE, "{range}");
            assert_eq!(reply.header("range"), "0-3", "{range}");
            assert_eq!(reply.header("location"), location);
        }
        let reply = api.send("PATCH", &location, &[("content-range", "4-9")], "zz").await;
        assert_eq!((reply.status, reply.code()), (StatusCode::BAD_REQUEST, "SIZE_INVALID".into()));
        let digest = Digest::sha256(b"abcd");
        let reply = api.send("PUT", &format!("{location}?digest={digest}"), &[], "").await;
        assert_eq!(reply.status, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn a_request_that_breaks_off_can_be_gone_on_with() {
    for api in Api::both() {
        let location = start(&api, "").await;
        let broken = stream::iter([
            Ok(Bytes::from_static(b"abc")),
            Err(std::io::Error::other("the line went dead")),
        ]);
        let response = api.raw("PATCH", &location, &[], Body::from_stream(broken)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(api.get(&location).await.header("range"), "0-2");
        api.send("PATCH", &location, &[("content-range", "3-3")], "d").await;
        let digest = Digest::sha256(b"abcd");
        let reply = api.send("PUT", &format!("{location}?digest={digest}"), &[], "").await;
        assert_eq!(reply.status, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn wrong_digests_store_nothing() {
    for api in Api::both() {
        let wrong = Digest::sha256(b"other");
        let reply =
            api.send("POST", &format!("/v2/a/blobs/uploads/?digest={wrong}"), &[], "this").await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::BAD_REQUEST, "DIGEST_INVALID".into())
        );
        let location = start(&api, "").await;
        for query in ["", "?digest=sha256:abc", "?digest=blake3:abc"] {
            let reply = api.send("PUT", &format!("{location}{query}"), &[], "this").await;
            assert_eq!(reply.code(), "DIGEST_INVALID", "{query}");
        }
        let reply = api.send("PUT", &format!("{location}?digest={wrong}"), &[], "this").await;
        assert_eq!(reply.code(), "DIGEST_INVALID");
        assert_eq!(api.get(&format!("/v2/a/blobs/{wrong}")).await.status, StatusCode::NOT_FOUND);
        if let Some(directory) = &api.directory {
            let listed = std::fs::read_dir(directory.path().join("_uploads")).expect("list");
            let left = listed.filter(|e| e.as_ref().expect("entry").file_name() != "lock").count();
            assert_eq!(left, 0, "no unfinished file is left");
        }
    }
}

#[tokio::test]
async fn cancelling() {
    for api in Api::both() {
        let location = start(&api, "").await;
        assert_eq!(api.send("DELETE", &location, &[], "").await.status, StatusCode::NO_CONTENT);
        for method in ["GET", "PATCH", "PUT", "DELETE"] {
            let reply = api.send(method, &location, &[], "").await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{method}");
        }
        let location = start(&api, "").await.replace("/v2/a/", "/v2/b/");
        assert_eq!(api.get(&location).await.status, StatusCode::NOT_FOUND, "another repository's");
    }
}

#[tokio::test]
async fn mounting() {
    for api in Api::both() {
        let digest = api.push_blob("a", b"shared").await;
        for (into, from) in [("b", "&from=a"), ("c", "")] {
            let path = format!("/v2/{into}/blobs/uploads/?mount={digest}{from}");
            let reply = api.send("POST", &path, &[], "").await;
            assert_eq!(reply.status, StatusCode::CREATED);
            assert_eq!(reply.header("location"), format!("/v2/{into}/blobs/{digest}"));
            assert_eq!(api.get(&format!("/v2/{into}/blobs/{digest}")).await.body, "shared");
        }
        let absent = Digest::sha256(b"nowhere");
        for query in [
            format!("mount={absent}&from=a"),
            format!("mount={absent}"),
            format!("mount={digest}&from=no/such"),
            format!("mount={digest}&from=NOT_A_NAME"),
            "mount=nonsense&from=a".to_owned(),
        ] {
            let reply = api.send("POST", &format!("/v2/d/blobs/uploads/?{query}"), &[], "").await;
            assert_eq!(reply.status, StatusCode::ACCEPTED, "{query}");
        }
        api.send("DELETE", &format!("/v2/a/blobs/{digest}"), &[], "").await;
        assert_eq!(api.get(&format!("/v2/b/blobs/{digest}")).await.body, "shared");
    }
}

#[tokio::test]
async fn many_at_once() {
    for api in Api::both() {
        let pushes = (0..32_u8).map(|n| {
            let api = &api;
            async move {
                let bytes = Bytes::from(vec![n; 10_000]);
                let digest = Digest::sha256(&bytes);
                let location = start(api, "").await;
                for piece in 0..10_usize {
                    api.send(
                        "PATCH",
                        &location,
                        &[],
                        bytes.slice(piece * 1000..(piece + 1) * 1000),
                    )
                    .await;
                }
                api.send("PUT", &format!("{location}?digest={digest}"), &[], "").await.status
            }
        });
        let done = futures_util::future::join_all(pushes).await;
        assert!(done.iter().all(|status| *status == StatusCode::CREATED), "{done:?}");
    }
}
