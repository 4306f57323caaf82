use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Server, Upstream, ok};

async fn setup() -> (Upstream, Server) {
    let registry = Upstream::http(|_| ok("reached")).await;
    let server = Server::allowing(&[&registry]).await;
    (registry, server)
}

/// Sends a raw request for a proxied path with these extra header lines and this body.
async fn answer(server: &Server, line: &str, headers: &str, body: &str) -> String {
    let host = server.address;
    let request = format!("{line} HTTP/1.1\r\nHost: {host}\r\nX-Drydock: 1\r\n{headers}\r\n{body}");
    server.raw(request).await
}

#[tokio::test]
async fn p34_ambiguous_framing_is_refused_and_the_connection_closed() {
    let (registry, server) = setup().await;
    let path = registry.path("/v2/app/manifests/latest");
    let smuggled =
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\nX-Drydock: 1\r\n\r\n", server.address);
    for (headers, body) in [
        ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "2\r\n{}\r\n0\r\n\r\n"),
        ("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"),
        ("Content-Length: 2, 3\r\n", "{}"),
        ("Content-Length: +2\r\n", "{}"),
        ("Content-Length: -2\r\n", "{}"),
        ("Content-Length: 0x2\r\n", "{}"),
        ("Content-Length: 99999999999999999999999\r\n", "{}"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFF\r\nx\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("X-A: b\r\n folded\r\n", ""),
        ("X-A : b\r\n", ""),
        ("X-A\r\n", ""),
        ("X-\0A: b\r\n", ""),
    ] {
        let body = format!("{body}{smuggled}");
        let text = answer(&server, &format!("PUT {path}"), headers, &body).await;
        assert!(text.starts_with("HTTP/1.1 400"), "{headers:?}: {text}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{headers:?} left the connection open");
    }
    assert!(registry.seen().is_empty());
}

/// hyper hides `Content-Length` beside `Transfer-Encoding`, so that nothing here can refuse the two;
/// it reads the chunks and ends the connection, and nothing behind them is taken for a request.
#[tokio::test]
async fn p34_two_lengths_smuggle_nothing_into_the_scratch_registry() {
    let store = drydock_registry::Store::memory();
    let server =
        Server::start(|config| config.scratch = Some(drydock_registry::router(store))).await;
    let host = server.address;
    let smuggled = format!("GET /-/healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let (length, chunked) = ("Content-Length: 5", "Transfer-Encoding: chunked");
    for (one, other) in [(length, chunked), (chunked, length)] {
        for line in ["PUT /v2/app/manifests/a", "POST /v2/app/blobs/uploads/", "GET /v2/"] {
            let text = format!(
                "{line} HTTP/1.1\r\nHost: {host}\r\n{one}\r\n{other}\r\n\r\n0\r\n\r\n{smuggled}"
            );
            let started = Instant::now();
            let answer = server.raw(text).await;
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{line} {one}: {answer}");
            assert!(started.elapsed() < Duration::from_secs(5), "{line} {one}: left open");
        }
    }
}

#[tokio::test]
async fn p34_a_get_with_a_body_is_refused() {
    let (registry, server) = setup().await;
    let path = registry.path("/v2/");
    for (headers, body) in
        [("Content-Length: 2\r\n", "{}"), ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n")]
    {
        let text = answer(&server, &format!("GET {path}"), headers, body).await;
        assert!(text.starts_with("HTTP/1.1 400"), "{text}");
        assert!(text.contains("connection: close"), "{text}");
    }
    assert!(registry.seen().is_empty());
    let text = answer(&server, &format!("GET {path}"), "Connection: close\r\n", "").await;
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("reached"), "{text}");
}

#[tokio::test]
async fn p35_paths_with_tricks_are_refused() {
    let (registry, server) = setup().await;
    for path in [
        "/v2/a/%2e%2e/b/tags/list",
        "/v2/a/../b/tags/list",
        "/v2/a/..;/b/tags/list",
        "/v2/a%2fb/tags/list",
        "/v2//a/tags/list",
        "/v2/a/%00/tags/list",
        "/v2/a/%0d%0aX:%20y/tags/list",
        "/v2/a\\b/tags/list",
        "//v2/",
        "/../v2/",
        "",
    ] {
        let text =
            answer(&server, &format!("GET {}", registry.path(path)), "Connection: close\r\n", "")
                .await;
        let status = text.split(' ').nth(1).unwrap_or_default();
        assert!(matches!(status, "400" | "403"), "{path}: {text}");
    }
    for line in
        ["GET /-/proxy/http/x y/v2/", "GET /-/proxy/http/\0/v2/", "GET /-/proxy/http/a\rb/v2/"]
    {
        let text = answer(&server, line, "", "").await;
        assert!(text.starts_with("HTTP/1.1 400"), "{line:?}: {text}");
    }
    assert!(registry.seen().is_empty());
}

#[tokio::test]
async fn p35_the_path_sent_is_byte_for_byte_the_path_checked() {
    let (registry, server) = setup().await;
    let digest = crate::support::DIGEST;
    for path in [
        "/v2/".to_owned(),
        "/v2/a-b/c.d/manifests/V1.0_x".to_owned(),
        format!("/v2/a/referrers/{digest}?artifactType=application%2Fspdx%2bjson"),
        "/v2/a/tags/list?n=10&last=a%20b".to_owned(),
    ] {
        assert_eq!(server.get(&registry.path(&path)).await.text(), "reached");
        assert_eq!(registry.seen().last().unwrap().uri, path);
    }
}

#[tokio::test]
async fn p34_heads_that_are_too_long_are_refused() {
    let (registry, server) = setup().await;
    let ping = registry.path("/v2/");
    let many = "X-A: b\r\n".repeat(101);
    let text = answer(&server, &format!("GET {ping}"), &many, "").await;
    assert!(text.starts_with("HTTP/1.1 431"), "{text}");
    let big = format!("X-A: {}\r\n", "b".repeat(16 * 1024));
    let text = answer(&server, &format!("GET {ping}"), &big, "").await;
    assert!(text.starts_with("HTTP/1.1 431"), "{text}");
    let long = registry.path(&format!("/v2/a/tags/list?last={}", "b".repeat(8 * 1024)));
    let text = answer(&server, &format!("GET {long}"), "", "").await;
    assert!(text.starts_with("HTTP/1.1 400") || text.starts_with("HTTP/1.1 414"), "{text}");
    let text =
        answer(&server, "GET http://evil.example/-/config", "Connection: close\r\n", "").await;
    assert!(text.starts_with("HTTP/1.1 400"), "{text}");
    assert!(registry.seen().is_empty());
}

#[tokio::test]
async fn p37_a_head_that_trickles_in_is_cut_and_others_are_served() {
    let (registry, _) = setup().await;
    let server = Server::start(|config| {
        crate::support::allow(config, &[&registry]);
        config.times.client_head = Duration::from_millis(500);
    })
    .await;
    let mut idle = Vec::new();
    for _ in 0..500 {
        idle.push(tokio::net::TcpStream::connect(server.address).await.unwrap());
    }
    let started = Instant::now();
    let mut tcp = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let trickle = tokio::spawn(async move {
        let mut answer = Vec::new();
        for byte in b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".iter().cycle() {
            if tcp.write_all(&[*byte]).await.is_err() {
                break;
            }
            let read =
                tokio::time::timeout(Duration::from_millis(50), tcp.read_buf(&mut answer)).await;
            if matches!(read, Ok(Ok(0) | Err(_))) {
                break;
            }
        }
    });
    let asked = Instant::now();
    assert_eq!(server.get(&registry.path("/v2/")).await.text(), "reached");
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    tokio::time::timeout(Duration::from_secs(5), trickle).await.unwrap().unwrap();
    assert!(started.elapsed() >= Duration::from_millis(400), "cut too early");
    drop(idle);
}

#[test]
fn p37_a_client_has_ten_seconds_for_its_head() {
    assert_eq!(drydock_proxy::limits::Times::default().client_head, Duration::from_secs(10));
}
