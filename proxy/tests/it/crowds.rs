//! Many clients, slow ones and those that want nothing: whoever asks is still answered.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use drydock_proxy::connections::Connections;
use drydock_proxy::limits::Crowd;
use http::Method;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::bodies::endless;
use crate::support::Upstream;
use crate::support::{DIGEST, Server, allow, ok};

/// A scratch registry that takes every body whole, and has an endless blob.
fn scratch() -> Router {
    Router::new().fallback(|request: axum::extract::Request| async move {
        if request.uri().path().ends_with("endless") {
            let piece = bytes::Bytes::from(vec![b'x'; 65536]);
            let pieces =
                futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
            return axum::response::Response::new(Body::from_stream(pieces));
        }
        let taken = request.into_body().collect().await.map(|body| body.to_bytes().len());
        let text = taken.map_or_else(|error| error.to_string(), |bytes| bytes.to_string());
        axum::response::Response::new(Body::from(text))
    })
}

async fn idle_sockets(server: &Server, count: usize, first: &[u8]) -> Vec<TcpStream> {
    drydock_proxy::files::raise_limit();
    let mut sockets = Vec::with_capacity(count);
    for _ in 0..count {
        let mut tcp = TcpStream::connect(server.address).await.unwrap();
        tcp.write_all(first).await.unwrap();
        sockets.push(tcp);
    }
    sockets
}

/// Reads until the server closes, for at most so long; whether it did.
async fn is_closed(tcp: &mut TcpStream, limit: Duration) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(limit, tcp.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_idle_connections_make_room_and_are_closed() {
    for first in [&b""[..], b"GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let server = Server::start(|config| {
            config.scratch = Some(scratch());
            config.crowd.total = 40;
            config.times.client_head = Duration::from_secs(2);
        })
        .await;
        let mut sockets = idle_sockets(&server, 1040, first).await;
        let started = Instant::now();
        assert_eq!(server.get("/v2/").await.status, 200);
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        for tcp in &mut sockets {
            assert!(is_closed(tcp, Duration::from_secs(5)).await, "one was kept");
        }
    }
}

#[tokio::test]
async fn a5_a_connection_without_a_request_is_closed_also_between_requests() {
    let server = Server::start(|config| {
        config.scratch = Some(scratch());
        config.times.client_head = Duration::from_millis(400);
    })
    .await;
    let mut tcp = TcpStream::connect(server.address).await.unwrap();
    let head = format!("GET /v2/ HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    tcp.write_all(head.as_bytes()).await.unwrap();
    assert!(is_closed(&mut tcp, Duration::from_secs(3)).await);
}

#[tokio::test]
async fn a5_slow_bodies_to_the_scratch_registry_are_given_up() {
    let server = Server::start(|config| {
        config.scratch = Some(scratch());
        config.times.idle = Duration::from_millis(400);
        config.times.floor_window = Duration::from_secs(1);
        config.times.body = Duration::from_secs(3);
        config.times.unwanted = Duration::from_millis(400);
    })
    .await;
    let head = |path: &str, length: &str| {
        let host = server.address;
        format!("PUT {path} HTTP/1.1\r\nHost: {host}\r\n{length}\r\n\r\n")
    };
    let mut senders = Vec::new();
    for path in ["/v2/app/blobs/uploads/1", "/v2/app/manifests/latest", "/-/nothing"] {
        for length in ["Content-Length: 100000000", "Transfer-Encoding: chunked"] {
            // None at all, one byte now and then, and enough but without an end.
            for bytes in [0, 1, 4000] {
                let mut piece = vec![b'x'; bytes];
                if length.starts_with("Transfer") && bytes > 0 {
                    piece = [format!("{bytes:x}\r\n").as_bytes(), &piece, b"\r\n"].concat();
                }
                let (address, head) = (server.address, head(path, length));
                senders.push(async move {
                    let took = sends_until_closed(address, &head, &piece).await;
                    let limit = Duration::from_secs(5);
                    assert!(took < limit, "{path} {length} {bytes}: {took:?}");
                });
            }
        }
    }
    futures_util::future::join_all(senders).await;
}

/// Also those of this machine, whose requests are not counted, hold their places for a while only.
#[tokio::test]
async fn a5_slow_bodies_from_this_machine_give_their_places_back() {
    let server = Server::start(|config| {
        config.scratch = Some(scratch());
        config.crowd.total = 3;
        config.times.floor_window = Duration::from_secs(1);
    })
    .await;
    let (address, host) = (server.address, server.address);
    let head = format!(
        "PUT /v2/app/blobs/uploads/1 HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100000000\r\n\r\n"
    );
    let senders: Vec<_> = (0..3)
        .map(|_| {
            let head = head.clone();
            tokio::spawn(async move { sends_until_closed(address, &head, b"x").await })
        })
        .collect();
    let probe = "GET /-/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(server.raw(probe).await.starts_with("HTTP/1.1 503 "), "all places are taken");
    for sender in senders {
        let took = sender.await.unwrap();
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    assert!(server.raw(probe).await.starts_with("HTTP/1.1 200 "), "there is room again");
}

/// Sends a piece every now and then until the server closes; how long that took.
async fn sends_until_closed(address: SocketAddr, head: &str, piece: &[u8]) -> Duration {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(head.as_bytes()).await.unwrap();
    let started = Instant::now();
    let mut answer = Vec::new();
    while started.elapsed() < Duration::from_secs(8) {
        if tcp.write_all(piece).await.is_err() {
            break;
        }
        let pause = Duration::from_millis(50);
        let read = tokio::time::timeout(pause, tcp.read_buf(&mut answer)).await;
        if matches!(read, Ok(Ok(0) | Err(_))) {
            break;
        }
    }
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_a_reader_who_stalls_loses_the_place() {
    let (registry, ..) = endless(1 << 40).await;
    let server = Server::start(|config| {
        allow(config, &[&registry]);
        config.scratch = Some(scratch());
        config.times.stall = Duration::from_millis(500);
        config.times.floor_window = Duration::from_secs(1);
        config.rates.trusted_hops = 1;
        config.rates.concurrent = 4;
    })
    .await;
    let blob = registry.path(&format!("/v2/app/blobs/{DIGEST}"));
    let get = |path: &str| {
        let host = server.address;
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Drydock: 1\r\n\r\n")
    };
    let mut stalled = idle_sockets(&server, 4, get(&blob).as_bytes()).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.get(&blob).await.status, 429, "there are four already");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut response = server.open(server.request(Method::GET, &blob)).await;
    assert_eq!(response.status(), 200, "nobody lost the place");
    response.body_mut().frame().await.unwrap().unwrap();
    // A reader who takes a byte now and then is no better.
    let mut slow = idle_sockets(&server, 1, get("/v2/app/endless").as_bytes()).await;
    for _ in 0..30 {
        slow[0].read_exact(&mut [0]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stalled.append(&mut slow);
    for tcp in &mut stalled {
        let mut left: usize = 64 << 20;
        let mut piece = vec![0; 1 << 16];
        while let Ok(got @ 1..) = tcp.read(&mut piece).await {
            left = left.saturating_sub(got);
            assert!(left > 0, "a stalled reader was served on");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_seen_by_who_is_still_sending() {
    let registry = Upstream::http(|_| ok("x")).await;
    let server = Server::allowing(&[&registry]).await;
    for path in ["/-/proxy/https/10.0.0.1/v2/app/manifests/latest", "/v2/app/manifests/latest"] {
        let mut put = server.request(Method::PUT, path);
        *put.body_mut() = vec![b'x'; 20_000_000].into();
        let answer = server.send(put).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
    }
}

#[test]
fn a5_who_is_at_work_stays_and_who_waits_for_longest_goes() {
    let crowd = Crowd { total: 4, per_address: 2, trusted_hops: 0 };
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let connections = Connections::new(crowd.clone());
    let (a1, a2) = (connections.admit(ip("192.0.2.1")), connections.admit(ip("192.0.2.1")));
    let at_work = a1.as_ref().unwrap().carry();
    // The second of that address makes room for the third; with two at work there is none.
    let a3 = connections.admit(ip("192.0.2.1")).unwrap();
    assert_eq!(connections.count(), 2);
    let also_at_work = a3.carry();
    assert!(connections.admit(ip("192.0.2.1")).is_none());
    drop(a2);
    assert_eq!(connections.count(), 2, "one that went is counted once");
    // Others still come in, up to the total.
    let b = connections.admit(ip("192.0.2.2")).unwrap();
    let _c = connections.admit(ip("2001:db8::1")).unwrap();
    let _d = connections.admit(ip("2001:db8:1::1")).unwrap();
    assert_eq!(connections.count(), 4);
    drop((at_work, also_at_work, b));
    assert_eq!(connections.count(), 4, "the one that made room was the longest idle");
    // One network of IPv6 is one client; this machine and trusted proxies are not counted.
    let connections = Connections::new(crowd.clone());
    let kept: Vec<_> = (0..4).map(|n| connections.admit(ip(&format!("2001:db8::{n}")))).collect();
    assert_eq!(connections.count(), 2);
    drop(kept);
    for (crowd, from) in
        [(crowd.clone(), "127.0.0.1"), (Crowd { trusted_hops: 1, ..crowd }, "192.0.2.1")]
    {
        let connections = Connections::new(crowd);
        let _kept: Vec<_> = (0..9).map(|_| connections.admit(ip(from))).collect();
        assert_eq!(connections.count(), 4, "{from}");
    }
}

#[test]
fn a5_connections_leave_room_for_the_other_half_of_their_transfers() {
    let total = |files| Crowd::default().within(files).total;
    assert_eq!(total(None), 4096);
    assert_eq!(total(Some(1 << 20)), 4096);
    assert_eq!(total(Some(1024)), 448);
    assert_eq!(total(Some(10)), 1);
}

#[tokio::test]
async fn a5_where_all_are_at_work_a_new_one_is_told_to_come_back() {
    let (registry, ..) = endless(1 << 40).await;
    let server = Server::start(|config| {
        allow(config, &[&registry]);
        config.crowd.total = 2;
    })
    .await;
    let blob = registry.path(&format!("/v2/app/blobs/{DIGEST}"));
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut response = server.open(server.request(Method::GET, &blob)).await;
        response.body_mut().frame().await.unwrap().unwrap();
        open.push(response);
    }
    let answer = server.raw("").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: "), "{answer}");
    drop(open);
    let probe = "GET /-/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    for _ in 0..50 {
        answer = server.raw(probe).await;
        if answer.starts_with("HTTP/1.1 200 ") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
