//! Uploads whose body is a blob of another registry.

use drydock::digest::Digest;
use drydock_proxy::scratch::{self, Settings};
use http::{Method, Response};
use http_body_util::Full;
use serde_json::Value;

use crate::support::{Seen, Server, Upstream, World, allow, respond};

const BLOB: &str = "the bytes of a blob";

fn path() -> String {
    format!("/v2/app/blobs/{}", Digest::sha256(BLOB.as_bytes()))
}

fn upload() -> String {
    format!("/v2/copy/blobs/uploads/1?digest={}", Digest::sha256(BLOB.as_bytes()))
}

/// A registry that has the blob, in parts too, for who has the token.
fn source(seen: &Seen) -> Response<Full<bytes::Bytes>> {
    if seen.headers.get("authorization").is_none_or(|value| value != "Bearer source") {
        return respond(401, &[("www-authenticate", "Bearer realm=\"https://t.example/\"")], "no");
    }
    let Some(range) = seen.headers.get("range") else { return respond(200, &[], BLOB) };
    let range = range.to_str().unwrap().strip_prefix("bytes=").unwrap().to_owned();
    let (first, last) = range.split_once('-').unwrap();
    let part = &BLOB[first.parse().unwrap()..=last.parse().unwrap()];
    let said = format!("bytes {range}/{}", BLOB.len());
    respond(206, &[("content-range", &said)], part)
}

struct Order<'a> {
    to: &'a str,
    from: &'a str,
    range: (usize, usize),
    token: &'a str,
}

impl<'a> Order<'a> {
    fn whole(to: &'a str, from: &'a str) -> Self {
        Self { to, from, range: (0, BLOB.len()), token: "Bearer source" }
    }

    /// What is told, line by line.
    async fn send(&self, server: &Server) -> Vec<Value> {
        let method = if self.range.0 > 0 { Method::PATCH } else { Method::PUT };
        let mut request = server.request(method, self.to);
        let range = format!("bytes={}-{}", self.range.0, self.range.1 - 1);
        let size = BLOB.len().to_string();
        for (name, value) in [
            ("authorization", "Bearer target"),
            ("content-type", "application/octet-stream"),
            ("x-drydock-from", self.from),
            ("x-drydock-from-size", &size),
            ("x-drydock-from-range", &range),
            ("x-drydock-from-authorization", self.token),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let answer = server.send(request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test]
async fn d9_a_blob_goes_from_registry_to_registry() {
    let from = Upstream::http(source).await;
    let to = Upstream::http(|_| respond(201, &[("docker-content-digest", "sha256:x")], "")).await;
    let server = Server::allowing(&[&from, &to]).await;
    let (target, blob) = (to.path(&upload()), from.path(&path()));
    let told = Order::whole(&target, &blob).send(&server).await;
    let last = told.last().unwrap();
    assert_eq!((&last["of"], &last["status"]), (&"target".into(), &201.into()), "{told:?}");
    assert!(last["headers"].to_string().contains("docker-content-digest"), "{last}");
    let [sent] = &to.seen()[..] else { panic!("one request") };
    assert_eq!((&*sent.body, &*sent.uri), (BLOB.as_bytes(), &*upload()));
    assert_eq!(sent.headers["content-length"], BLOB.len().to_string());
    assert_eq!(sent.headers["authorization"], "Bearer target");
    let [asked] = &from.seen()[..] else { panic!("one request") };
    assert_eq!(asked.headers["authorization"], "Bearer source");
    for headers in [&sent.headers, &asked.headers] {
        assert!(headers.keys().all(|name| !name.as_str().starts_with("x-drydock")), "{headers:?}");
    }
}

#[tokio::test]
async fn d9_a_part_goes_too_whatever_the_source_makes_of_ranges() {
    let to = Upstream::http(|_| respond(202, &[], "")).await;
    let whole = |_: &Seen| respond(200, &[], BLOB);
    let other = |seen: &Seen| match seen.headers.contains_key("range") {
        true => respond(206, &[("content-range", "bytes 1-2/19")], "he"),
        false => respond(200, &[], BLOB),
    };
    for from in
        [Upstream::http(source).await, Upstream::http(whole).await, Upstream::http(other).await]
    {
        let server = Server::allowing(&[&from, &to]).await;
        let (target, blob) = (to.path(&upload()), from.path(&path()));
        let order = Order { range: (4, 9), ..Order::whole(&target, &blob) };
        let told = order.send(&server).await;
        assert_eq!(told.last().unwrap()["status"], 202, "{told:?}");
        assert_eq!(to.seen().last().unwrap().body, BLOB[4..9]);
    }
}

#[tokio::test]
async fn d9_what_the_source_says_comes_back_as_its_own() {
    let from = Upstream::http(source).await;
    let to = Upstream::http(|_| respond(201, &[], "")).await;
    let server = Server::allowing(&[&from, &to]).await;
    let (target, blob) = (to.path(&upload()), from.path(&path()));
    let order = Order { token: "Bearer old", ..Order::whole(&target, &blob) };
    let told = order.send(&server).await;
    let last = told.last().unwrap();
    assert_eq!((&last["of"], &last["status"]), (&"source".into(), &401.into()), "{told:?}");
    assert!(last["headers"].to_string().contains("t.example"), "{last}");
    assert!(to.seen().is_empty());
}

#[tokio::test]
async fn d9_other_bytes_never_become_a_blob() {
    let to = Upstream::http(|_| respond(201, &[], "")).await;
    for other in ["the bytes of a blot", "too few"] {
        let from = Upstream::http(move |_| respond(200, &[], other)).await;
        let server = Server::allowing(&[&from, &to]).await;
        let told = Order::whole(&to.path(&upload()), &from.path(&path())).send(&server).await;
        let last = told.last().unwrap();
        assert_eq!(last["of"], "source", "{told:?}");
        assert!(last["headers"].to_string().contains("wrong-bytes"), "{last}");
        assert!(last["body"].as_str().unwrap().contains("it was not passed on."), "{last}");
        assert!(to.seen().is_empty(), "nothing came whole");
    }
}

#[tokio::test]
async fn d9_the_scratch_registry_is_a_source_and_a_target() {
    let from = Upstream::http(source).await;
    let router = scratch::router(Settings::default()).unwrap();
    let server = Server::start(|config| {
        config.scratch = Some(router);
        allow(config, &[&from]);
    })
    .await;
    let begun = server.send(server.request(Method::POST, "/v2/copy/blobs/uploads/")).await;
    let location = begun.header("location").to_owned();
    let location = location.rsplit_once("/v2/").unwrap().1;
    let digest = Digest::sha256(BLOB.as_bytes());
    let target =
        format!("/v2/{location}{}digest={digest}", if location.contains('?') { '&' } else { '?' });
    let told = Order::whole(&target, &from.path(&path())).send(&server).await;
    assert_eq!(told.last().unwrap()["status"], 201, "{told:?}");
    let copied = format!("/v2/copy/blobs/{digest}");
    assert_eq!(server.get(&copied).await.text(), BLOB);
    let to = Upstream::http(|_| respond(201, &[], "")).await;
    let other = Server::allowing(&[&to]).await;
    assert_eq!(other.get(&copied).await.status, 404);
}

#[tokio::test]
async fn d9_only_blobs_are_taken_and_only_from_where_the_page_may_read() {
    let world = World::new();
    let to = Upstream::http(|_| respond(201, &[], "")).await;
    let server = world.serve(|config| allow(config, &[&to])).await;
    let target = to.path(&upload());
    let digest = Digest::sha256(BLOB.as_bytes());
    for from in [
        "/-/config".to_owned(),
        "/-/metrics".to_owned(),
        "/v2/app/manifests/latest".to_owned(),
        format!("/v2/app/manifests/{digest}"),
        to.path("/v2/app/tags/list"),
        to.path("/elsewhere"),
        "https://example.org/v2/app/blobs/x".to_owned(),
        "no path".to_owned(),
    ] {
        let mut request = server.request(Method::PUT, &target);
        for (name, value) in [
            ("x-drydock-from", &*from),
            ("x-drydock-from-size", "19"),
            ("x-drydock-from-range", "bytes=0-18"),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let answer = server.send(request).await;
        assert!(answer.status.is_client_error(), "{from}: {answer:?}");
    }
    // A private address that was not allowed is not reached on this way either.
    let private = format!("/-/proxy/http/10.0.0.1{}", path());
    let told = Order::whole(&target, &private).send(&server).await;
    assert_eq!(told.last().unwrap()["of"], "source");
    assert!(told.last().unwrap()["headers"].to_string().contains("x-drydock-error"), "{told:?}");
    assert!(to.seen().is_empty());
}

#[tokio::test]
async fn d9_a_page_of_another_site_orders_nothing() {
    let from = Upstream::http(source).await;
    let to = Upstream::http(|_| respond(201, &[], "")).await;
    let server = Server::allowing(&[&from, &to]).await;
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let mut request = server.request(Method::PUT, &to.path(&upload()));
        request.headers_mut().insert("x-drydock-from", from.path(&path()).parse().unwrap());
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(server.send(request).await.status, 403);
    }
    let mut request = server.request(Method::PUT, "/v2/copy/blobs/uploads/1");
    request.headers_mut().remove("x-drydock");
    request.headers_mut().insert("x-drydock-from", from.path(&path()).parse().unwrap());
    assert_eq!(server.send(request).await.status, 400);
    assert!(from.seen().is_empty() && to.seen().is_empty());
}
