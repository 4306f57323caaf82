//! What tabs have found out about layers, kept for the next one.

use std::fs;
use std::path::Path;
use std::time::Duration;

use drydock::digest::{Algorithm, Digest};
use drydock_proxy::layers::LayerCache;
use drydock_proxy::status::Status;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{Answer, Server, Upstream, allow, eventually, ok};

/// What a file counts for beside its bytes.
const ITEM: u64 = 4096;

fn layer(name: &str) -> String {
    Digest::sha256(name.as_bytes()).to_string()
}

fn entries(name: &str) -> String {
    format!("/-/layers/{}/entries", layer(name))
}

fn open(folder: &Path, size: u64) -> LayerCache {
    LayerCache::open(folder, size, Status::default().layers()).unwrap()
}

async fn keeping(folder: &Path, size: u64) -> Server {
    let layers = open(folder, size);
    Server::start(|config| config.layers = Some(layers)).await
}

fn put_request(server: &Server, path: &str, body: &[u8]) -> Request<Full<bytes::Bytes>> {
    let mut request = server.request(Method::PUT, path);
    *request.body_mut() = body.to_vec().into();
    request
}

async fn put(server: &Server, path: &str, body: &[u8]) -> u16 {
    server.send(put_request(server, path, body)).await.status.as_u16()
}

async fn has(server: &Server, path: &str) -> bool {
    let answer = server.send(server.request(Method::HEAD, path)).await;
    match answer.status.as_u16() {
        200 => true,
        404 => false,
        other => panic!("{other}"),
    }
}

/// The names of the files in a folder, but for the lock.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "lock");
    names.sort();
    names
}

/// So many bytes that differ from their neighbours.
fn some(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at % 251) as u8).collect()
}

#[tokio::test]
async fn what_one_tab_puts_another_gets() {
    let folder = tempfile::tempdir().unwrap();
    let server = keeping(&folder.path().join("new/folder"), 1 << 30).await;
    let sha512 = Digest::of(Algorithm::Sha512, b"a");
    for path in [
        entries("a"),
        format!("/-/layers/{}/windows", layer("a")),
        format!("/-/layers/{sha512}/entries"),
    ] {
        let body = [path.as_bytes(), &some(3_000_000)].concat();
        assert_eq!(server.get(&path).await.status, 404);
        assert!(!has(&server, &path).await);
        assert_eq!(put(&server, &path, &body).await, 201);
        let head = server.send(server.request(Method::HEAD, &path)).await;
        let got = server.get(&path).await;
        for answer in [&head, &got] {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-length"), body.len().to_string());
            assert_eq!(answer.header("content-type"), "application/octet-stream");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
            assert!(answer.header("content-security-policy").starts_with("sandbox"));
        }
        assert_eq!(got.body.unwrap(), body);
    }
}

#[tokio::test]
async fn who_comes_later_replaces_nothing_and_nobody_deletes() {
    let folder = tempfile::tempdir().unwrap();
    let server = keeping(folder.path(), 1 << 30).await;
    assert_eq!(put(&server, &entries("a"), b"first").await, 201);
    assert_eq!(put(&server, &entries("a"), b"second").await, 204);
    // It is answered before there is a body.
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: {}\r\nX-Drydock: 1\r\nContent-Length: 9\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
        entries("a"),
        server.address
    );
    let answer = server.raw(head).await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    for method in [Method::DELETE, Method::POST, Method::PATCH] {
        let answer = server.send(server.request(method, &entries("a"))).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, HEAD, PUT"));
    }
    assert_eq!(server.get(&entries("a")).await.text(), "first");
}

#[tokio::test]
async fn a_part_is_given_for_a_range() {
    let folder = tempfile::tempdir().unwrap();
    let server = keeping(folder.path(), 1 << 30).await;
    let body = some(1_000_000);
    put(&server, &entries("a"), &body).await;
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=5-600000", 5, 600_000),
        ("bytes=999999-", 999_999, 999_999),
        ("bytes=-10", 999_990, 999_999),
        ("bytes=300000-9999999", 300_000, 999_999),
    ] {
        let answer = server.get_with(&entries("a"), &[("range", range)]).await;
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.header("content-range"), format!("bytes {first}-{last}/1000000"));
        assert_eq!(answer.body.unwrap(), body[first..=last], "{range}");
    }
    let outside = server.get_with(&entries("a"), &[("range", "bytes=1000000-")]).await;
    assert_eq!(outside.status, 416);
    assert_eq!(outside.header("content-range"), "bytes */1000000");
    // Several ranges at once are not understood, which the RFC allows.
    let answer = server.get_with(&entries("a"), &[("range", "bytes=0-1,4-5")]).await;
    assert_eq!((answer.status.as_u16(), answer.body.unwrap().len()), (200, 1_000_000));
}

#[tokio::test]
async fn a_no_does_not_show_in_the_browsers_console() {
    let folder = tempfile::tempdir().unwrap();
    let server = keeping(folder.path(), 1 << 30).await;
    put(&server, &entries("a"), b"12345").await;
    let off = Server::start(|_| {}).await;
    let quiet = ("x-drydock-status", "header");
    for (server, path, range, status) in [
        (&server, entries("b"), "bytes=0-", "404"),
        (&server, entries("a"), "bytes=5-", "416"),
        (&server, entries("a"), "bytes=4-", ""),
        (&off, entries("a"), "bytes=0-", "404"),
    ] {
        let answer = server.get_with(&path, &[quiet, ("range", range)]).await;
        assert!(answer.status.is_success(), "{path} {range}: {answer:?}");
        assert_eq!(answer.header("x-upstream-status"), status, "{path} {range}");
    }
}

#[tokio::test]
async fn p28_only_the_page_reads_and_writes() {
    let folder = tempfile::tempdir().unwrap();
    let server = keeping(folder.path(), 1 << 30).await;
    put(&server, &entries("a"), b"private").await;
    let ask = async |method: Method, path: &str, headers: &[(&'static str, &str)]| -> Answer {
        let mut request = put_request(&server, path, b"forged");
        if method != Method::PUT {
            request = server.request(method, path);
        }
        request.headers_mut().remove("x-drydock");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        server.send(request).await
    };
    let own = format!("http://{}", server.address);
    for method in [Method::GET, Method::HEAD, Method::PUT] {
        for headers in [
            &[][..],
            &[("x-drydock", "1"), ("origin", "https://evil.example")],
            &[("x-drydock", "1"), ("sec-fetch-site", "cross-site")],
            &[("x-drydock", "1"), ("host", "rebound.example")],
        ] {
            let answer = ask(method.clone(), &entries("a"), headers).await;
            assert_eq!(answer.header("x-drydock-error"), "foreign-origin", "{method} {headers:?}");
        }
    }
    // What another site's form could send from a browser that says where it comes from.
    for headers in [&[("origin", &*own)][..], &[("sec-fetch-site", "same-origin")]] {
        ask(Method::PUT, &entries("b"), headers).await.assert_refused("foreign-origin");
    }
    assert_eq!(names(folder.path()).len(), 1);
}

#[tokio::test]
async fn what_is_no_layer_or_no_part_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = keeping(folder.path(), 1 << 30).await;
    let hex = "0a".repeat(32);
    for path in [
        String::new(),
        format!("sha256:{hex}"),
        format!("sha256:{hex}/"),
        format!("sha256:{hex}/tar"),
        format!("sha256:{hex}/entries/"),
        format!("sha256:{hex}/entries/../windows"),
        format!("sha256:{hex}0/entries"),
        format!("sha256:{}/entries", hex.to_uppercase()),
        format!("sha512:{hex}/entries"),
        format!("blake3:{hex}/entries"),
        "md5:d41d8cd98f00b204e9800998ecf8427e/entries".to_owned(),
        format!("sha256-{hex}/entries"),
        format!("sha256%3A{hex}/entries"),
        format!("../sha256:{hex}/entries"),
        format!("..%2f..%2fsha256:{hex}/entries"),
        "lock".to_owned(),
        "lock/entries".to_owned(),
        "/entries".to_owned(),
    ] {
        let path = format!("/-/layers/{path}");
        for request in [server.request(Method::GET, &path), put_request(&server, &path, b"x")] {
            let answer = server.send(request).await;
            assert_eq!(answer.status, 400, "{path}");
            assert!(answer.assert_refused("bad-request").ends_with('.'), "{path}");
            assert!(answer.advice().is_some(), "{path}");
        }
    }
    assert!(names(folder.path()).is_empty());
    assert_eq!(server.get("/-/layers").await.status, 404);
}

#[tokio::test]
async fn what_is_too_long_or_of_unknown_length_is_refused_before_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let large = keeping(&folder.path().join("large"), 4 << 30).await;
    let small = keeping(&folder.path().join("small"), 10_000).await;
    let (entries, windows) = (entries("a"), format!("/-/layers/{}/windows", layer("a")));
    for (server, path, length, status) in [
        (&large, &entries, format!("Content-Length: {}", (256 << 20) + 1), 413),
        (&large, &windows, format!("Content-Length: {}", (1 << 30) + 1), 413),
        (&small, &entries, format!("Content-Length: {}", 10_001 - ITEM), 413),
        (&large, &entries, "Transfer-Encoding: chunked".to_owned(), 411),
        (&large, &entries, "Content-Length: 0".to_owned(), 400),
    ] {
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: {}\r\nX-Drydock: 1\r\nExpect: 100-continue\r\nConnection: close\r\n{length}\r\n\r\n",
            server.address
        );
        let answer = server.raw(head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{length}: {answer}");
        assert!(answer.contains(r#""message":"#), "{answer}");
    }
    let longest = usize::try_from(10_000 - ITEM).unwrap();
    assert_eq!(put(&small, &entries, &some(longest)).await, 201);
}

#[tokio::test]
async fn what_breaks_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = keeping(folder.path(), 1 << 30).await;
    let mut tcp = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: {}\r\nX-Drydock: 1\r\nContent-Length: 2000000\r\n\r\n",
        entries("a"),
        server.address
    );
    tcp.write_all(head.as_bytes()).await.unwrap();
    tcp.write_all(&some(1_000_000)).await.unwrap();
    let limit = Duration::from_secs(10);
    let is_there = || names(folder.path()).iter().any(|name| name.starts_with("unfinished-"));
    assert!(eventually(limit, is_there).await, "nothing was begun");
    assert!(!has(&server, &entries("a")).await, "there before it was whole");
    drop(tcp);
    assert!(eventually(limit, || names(folder.path()).is_empty()).await);
    assert_eq!(put(&server, &entries("a"), b"whole").await, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_is_kept_whole() {
    let folder = tempfile::tempdir().unwrap();
    let server = keeping(folder.path(), 1 << 30).await;
    let bodies: Vec<Vec<u8>> = (0..8_u8).map(|n| vec![n; 1_000_000]).collect();
    let path = entries("a");
    let answers = bodies.iter().map(|body| put(&server, &path, body));
    let statuses = futures_util::future::join_all(answers).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 7, "{statuses:?}");
    let winner = statuses.iter().position(|status| *status == 201).unwrap();
    assert_eq!(server.get(&path).await.body.unwrap(), bodies[winner]);
    assert_eq!(names(folder.path()).len(), 1);
}

#[tokio::test]
async fn what_was_not_used_for_longest_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    // Room for three of a thousand bytes.
    let server = keeping(folder.path(), 3 * (1000 + ITEM)).await;
    let body = some(1000);
    for name in ["a", "b", "c"] {
        assert_eq!(put(&server, &entries(name), &body).await, 201);
    }
    assert_eq!(server.get(&entries("a")).await.status, 200);
    assert!(has(&server, &entries("b")).await, "to ask whether it is there is no use of it");
    assert_eq!(put(&server, &entries("d"), &body).await, 201);
    let mut there = Vec::new();
    for name in ["a", "b", "c", "d"] {
        if has(&server, &entries(name)).await {
            there.push(name);
        }
    }
    assert_eq!(there, ["a", "c", "d"]);
    assert_eq!(names(folder.path()).len(), 3);
    // One that takes all of the room leaves nothing else.
    let all = some(usize::try_from(3 * (1000 + ITEM) - ITEM).unwrap());
    assert_eq!(put(&server, &entries("e"), &all).await, 201);
    assert_eq!(names(folder.path()).len(), 1);
    assert_eq!(server.get(&entries("e")).await.body.unwrap(), all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_being_read_stays_and_where_nothing_can_go_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let long = some(40 << 20);
    let server = keeping(folder.path(), (40 << 20) + ITEM).await;
    assert_eq!(put(&server, &entries("long"), &long).await, 201);
    // Longer than what fits into sockets on its way, so that it is read as long as this is open.
    let mut reader = server.open(server.request(Method::GET, &entries("long"))).await;
    reader.body_mut().frame().await.unwrap().unwrap();
    let answer = server.send(put_request(&server, &entries("other"), b"x")).await;
    assert_eq!(answer.status, 507);
    assert!(answer.assert_refused("layer-cache").contains("nothing was kept"));
    assert_eq!(names(folder.path()).len(), 1);
    let rest = reader.into_body().collect().await.unwrap().to_bytes();
    assert!(long.ends_with(&rest), "a reader lost its file");
    let mut kept = 507;
    for _ in 0..100 {
        kept = put(&server, &entries("other"), b"x").await;
        if kept == 201 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(kept, 201);
    assert!(!has(&server, &entries("long")).await);
}

#[tokio::test]
async fn a_restart_keeps_what_is_whole_and_the_order_of_use() {
    let folder = tempfile::tempdir().unwrap();
    let body = some(1000);
    let size = 3 * (1000 + ITEM);
    let mut server = keeping(folder.path(), size).await;
    for name in ["a", "b", "c"] {
        put(&server, &entries(name), &body).await;
        // Times of files have the clock's steps.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.get(&entries("a")).await.status, 200);
    // One server at a time: what each counts would be wrong with two.
    let error = LayerCache::open(folder.path(), size, Status::default().layers()).unwrap_err();
    assert!(error.to_string().contains("another server"), "{error}");
    server.stop.take().unwrap().send(()).unwrap();
    server.done.await.unwrap().unwrap();

    fs::write(folder.path().join("unfinished-0123"), b"half").unwrap();
    fs::write(folder.path().join("notes.txt"), b"somebody's").unwrap();
    let link = folder.path().join(format!("sha256-{}.entries", "0b".repeat(32)));
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path().join("notes.txt"), &link).unwrap();
    let server = keeping(folder.path(), size).await;
    let linked = format!("/-/layers/sha256:{}/entries", "0b".repeat(32));
    assert_eq!(server.get(&linked).await.status, 404, "a link was followed");
    assert_eq!(put(&server, &entries("d"), &body).await, 201);
    for (name, is_there) in [("a", true), ("b", false), ("c", true), ("d", true)] {
        assert_eq!(has(&server, &entries(name)).await, is_there, "{name}");
    }
    let names = names(folder.path());
    assert!(!names.iter().any(|name| name.starts_with("unfinished")), "{names:?}");
    assert!(names.iter().any(|name| name == "notes.txt"), "{names:?}");
    drop(server);
}

#[test]
fn with_less_room_after_a_restart_the_oldest_go() {
    let folder = tempfile::tempdir().unwrap();
    for (name, age) in [("a", 30), ("b", 10), ("c", 20)] {
        let file = format!("{}.entries", layer(name).replace(':', "-"));
        let file = fs::File::create(folder.path().join(file)).unwrap();
        file.set_len(1000).unwrap();
        let then = std::time::SystemTime::now() - Duration::from_secs(age);
        file.set_modified(then).unwrap();
    }
    drop(open(folder.path(), 2 * (1000 + ITEM)));
    assert_eq!(names(folder.path()).len(), 2);
    drop(open(folder.path(), 1000 + ITEM));
    assert_eq!(names(folder.path()), [format!("{}.entries", layer("b").replace(':', "-"))]);
}

#[tokio::test]
async fn the_page_is_told_whether_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    for (server, expected) in
        [(keeping(folder.path(), 1 << 20).await, true), (Server::start(|_| {}).await, false)]
    {
        let config = server.get("/-/config").await.text();
        let config: serde_json::Value = serde_json::from_str(&config).unwrap();
        assert_eq!(config["layerCache"], expected);
        assert_eq!(put(&server, &entries("a"), b"x").await, if expected { 201 } else { 404 });
    }
}

#[tokio::test]
async fn it_is_limited_and_counted_like_everything() {
    let folder = tempfile::tempdir().unwrap();
    let mut status = None;
    let server = Server::start(|config| {
        let size = 2 * (1000 + ITEM);
        config.layers =
            Some(LayerCache::open(folder.path(), size, config.status.layers()).unwrap());
        config.rates.trusted_hops = 1;
        config.rates.burst = 5.0;
        config.rates.per_second = 0.01;
        status = Some(config.status.clone());
    })
    .await;
    for name in ["a", "b", "c"] {
        assert_eq!(put(&server, &entries(name), &some(1000)).await, 201);
    }
    assert_eq!(server.get(&entries("c")).await.status, 200);
    assert_eq!(server.get(&entries("a")).await.status, 404);
    server.get(&entries("c")).await.assert_refused("rate-limited");
    let page = drydock_proxy::assets::Page::Embedded(&[]);
    let figures = Server::of(drydock_proxy::status::router(status.unwrap(), page)).await;
    let text = figures.get("/-/metrics").await.text();
    for line in [
        "drydock_layer_cache_hits_total 1",
        "drydock_layer_cache_misses_total 1",
        "drydock_layer_cache_evicted_total 1",
        &format!("drydock_layer_cache_bytes {}", 2 * (1000 + ITEM)),
        r#"drydock_requests_total{part="layers",status="4xx",end="complete"} 1"#,
        r#"drydock_received_bytes_total{part="layers"} 3000"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("sha256"), "{text}");
}

#[tokio::test]
async fn no_blob_of_a_registry_is_sent_here() {
    let registry = Upstream::http(|_| ok("blob")).await;
    let folder = tempfile::tempdir().unwrap();
    let layers = open(folder.path(), 1 << 20);
    let server = Server::start(|config| {
        allow(config, &[&registry]);
        config.layers = Some(layers);
    })
    .await;
    let mut request = server.request(Method::PUT, &entries("a"));
    for (name, value) in [
        ("x-drydock-from", registry.path(&format!("/v2/app/blobs/{}", layer("b")))),
        ("x-drydock-from-size", "4".to_owned()),
        ("x-drydock-from-range", "bytes=0-3".to_owned()),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    server.send(request).await.assert_refused("bad-request");
    assert!(names(folder.path()).is_empty());
}
