//! Logins.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use drydock::digest::Digest;
use drydock_registry::{Access, Logins, Store, router, sample};
use http::StatusCode;
use tempfile::TempDir;

use crate::api::{Api, Reply};

pub(crate) fn htpasswd(path: &Path, users: &[(&str, &str)]) {
    let line = |(name, password): &(&str, &str)| {
        format!("{name}:{}\n", bcrypt::hash(password, 4).expect("hash").replace("$2b$", "$2y$"))
    };
    fs::write(path, users.iter().map(line).collect::<String>()).expect("write");
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")))
}

fn guarded(access: Access) -> Api {
    let store = Store::memory();
    sample::install(&store).expect("installs");
    let router = access.guard(router(store.clone()));
    Api { router, store, directory: None }
}

fn logins(users: &[(&str, &str)]) -> (TempDir, Logins) {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("htpasswd");
    htpasswd(&path, users);
    let logins = Logins::read(&path).expect("logins");
    (directory, logins)
}

/// What is asked of a registry: methods and paths, and whether they only read.
fn requests() -> Vec<(&'static str, String, bool)> {
    let digest = Digest::sha256(b"x");
    let name = sample::REPOSITORY;
    vec![
        ("GET", "/v2/_catalog".to_owned(), true),
        ("GET", format!("/v2/{name}/tags/list"), true),
        ("GET", format!("/v2/{name}/manifests/latest"), true),
        ("HEAD", format!("/v2/{name}/manifests/latest"), true),
        ("GET", format!("/v2/{name}/referrers/{digest}"), true),
        ("GET", format!("/v2/{name}/blobs/{digest}"), true),
        ("GET", format!("/v2/{name}/blobs/uploads/x"), false),
        ("POST", format!("/v2/{name}/blobs/uploads/"), false),
        ("PATCH", format!("/v2/{name}/blobs/uploads/x"), false),
        ("PUT", format!("/v2/{name}/blobs/uploads/x"), false),
        ("PUT", format!("/v2/{name}/manifests/x"), false),
        ("DELETE", format!("/v2/{name}/manifests/x"), false),
        ("DELETE", format!("/v2/{name}/blobs/{digest}"), false),
        ("OPTIONS", format!("/v2/{name}/tags/list"), false),
    ]
}

async fn ask(api: &Api, method: &str, path: &str, authorization: &str) -> Reply {
    let headers = [("authorization", authorization)];
    let headers = if authorization.is_empty() { &[] } else { &headers[..] };
    api.send(method, path, headers, "").await
}

#[tokio::test]
async fn a_login_opens_everything_and_nothing_else_does() {
    let (_directory, logins) = logins(&[("ann", "pass:word"), ("bob", "b")]);
    let api = guarded(Access::logins(logins));
    for (method, path, _) in requests() {
        for authorization in [
            String::new(),
            basic("", ""),
            basic("ann", "b"),
            basic("bob", "pass:word"),
            basic("cid", "b"),
            basic("ann", ""),
            basic("ANN", "pass:word"),
            "Bearer x".to_owned(),
            "Basic ???".to_owned(),
        ] {
            let reply = ask(&api, method, &path, &authorization).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path} {authorization}");
            let challenge = reply.header("www-authenticate");
            assert!(challenge.starts_with("Basic realm="), "{challenge}");
            assert_eq!(reply.header("x-content-type-options"), "nosniff");
            if method != "HEAD" {
                assert_eq!(reply.code(), "UNAUTHORIZED");
            }
        }
        for authorization in [basic("ann", "pass:word"), basic("bob", "b")] {
            let reply = ask(&api, method, &path, &authorization).await;
            assert_ne!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
    let base = ask(&api, "GET", "/v2/", &basic("bob", "b")).await;
    assert_eq!(base.status, StatusCode::OK);
}

#[tokio::test]
async fn anonymous_reading_is_reading_only() {
    let (_directory, logins) = logins(&[("ann", "a")]);
    let api = guarded(Access::logins(logins).with_anonymous_read());
    for (method, path, reads) in requests() {
        for nobody in [String::new(), basic("", "")] {
            let reply = ask(&api, method, &path, &nobody).await;
            let refused = reply.status == StatusCode::UNAUTHORIZED;
            assert_eq!(refused, !reads, "{method} {path} {}", reply.status);
        }
        // A wrong login is never taken for none: nobody would notice.
        let reply = ask(&api, method, &path, &basic("ann", "b")).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    // Whoever asks at the base is told of the login, or would never send one.
    for base in ["/v2/", "/v2"] {
        let reply = ask(&api, "GET", base, "").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(ask(&api, "GET", base, &basic("ann", "a")).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn without_logins_nobody_writes() {
    let api = guarded(Access::read_only());
    for (method, path, reads) in requests() {
        for authorization in [String::new(), basic("ann", "a")] {
            let reply = ask(&api, method, &path, &authorization).await;
            let refused = reply.status == StatusCode::FORBIDDEN;
            assert_eq!(refused, !reads, "{method} {path} {}", reply.status);
        }
    }
    assert_eq!(ask(&api, "GET", "/v2/", "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_file_may_change_while_the_registry_runs() {
    let (directory, logins) = logins(&[("ann", "a")]);
    let path = directory.path().join("htpasswd");
    let api = guarded(Access::logins(logins));
    let status = async |name: &str, password: &str| {
        ask(&api, "GET", "/v2/", &basic(name, password)).await.status
    };
    assert_eq!(status("ann", "a").await, StatusCode::OK);
    htpasswd(&path, &[("ann", "another"), ("bob", "b")]);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(status("ann", "a").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status("ann", "another").await, StatusCode::OK);
    assert_eq!(status("bob", "b").await, StatusCode::OK);
    // A file that is being written, or was spoilt, locks nobody out and lets nobody in.
    for broken in ["", "ann", "ann:plain"] {
        fs::write(&path, broken).expect("write");
        tokio::time::sleep(Duration::from_millis(2100)).await;
        assert_eq!(status("bob", "b").await, StatusCode::OK);
        assert_eq!(status("ann", "plain").await, StatusCode::UNAUTHORIZED);
    }
}

#[test]
fn files_that_are_no_logins_are_named() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("htpasswd");
    assert!(Logins::read(&path).expect_err("missing").to_string().contains("htpasswd"));
    fs::write(&path, "ann:plain").expect("write");
    let error = Logins::read(&path).expect_err("broken").to_string();
    assert!(error.contains("line 1") && error.contains("htpasswd -nB ann"), "{error}");
}
