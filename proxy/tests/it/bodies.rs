use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{DIGEST, Server, Upstream, allow, eventually, raw, raw_bytes, respond};

fn blob(registry: &Upstream) -> String {
    registry.path(&format!("/v2/app/blobs/{DIGEST}"))
}

#[tokio::test]
async fn p38_bodies_of_the_wrong_length_never_end_cleanly() {
    for (what, answer) in [
        ("short", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
        ("nothing", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
        ("long", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdefghij"),
        ("chunk cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        ("no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
        (
            "bad chunk size",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
        ),
        (
            "huge chunk size",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nabc",
        ),
    ] {
        let registry = raw_bytes(answer).await;
        let server = Server::allowing(&[&registry]).await;
        assert!(!server.arrives(&blob(&registry)).await, "{what} ended cleanly");
    }
}

/// Before the page has an answer it is told whose fault it is.
#[tokio::test]
async fn p38_a_body_that_breaks_at_once_is_told_as_the_registrys() {
    for (what, answer) in [
        ("nothing", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
        ("long", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdefghij"),
        ("bad chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ] {
        let registry = raw_bytes(answer).await;
        let server = Server::allowing(&[&registry]).await;
        let got = server.get(&blob(&registry)).await;
        assert_eq!(got.status, 502, "{what}");
        assert_eq!(got.header("x-drydock-error"), "upstream-protocol", "{what}");
        assert!(got.text().contains("began an answer and did not give it"), "{what}");
    }
}

#[tokio::test]
async fn p38_bodies_of_the_right_length_end_cleanly() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\n\r\nabc",
    ] {
        let registry = raw_bytes(answer).await;
        let server = Server::allowing(&[&registry]).await;
        assert_eq!(server.get(&blob(&registry)).await.text(), "abc", "{answer:?}");
    }
    let registry = raw_bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let server = Server::allowing(&[&registry]).await;
    assert_eq!(server.get(&blob(&registry)).await.text(), "");
}

#[tokio::test]
async fn p38_a_registry_that_stalls_or_dribbles_is_given_up() {
    let stalling = raw(|mut tcp, _| async move {
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await;
        tokio::time::sleep(Duration::from_secs(20)).await;
    })
    .await;
    let dribbling = raw(|mut tcp, _| async move {
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await;
        while tcp.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let server = Server::start(|config| {
        allow(config, &[&stalling, &dribbling]);
        config.times.idle = Duration::from_millis(300);
        config.times.floor_window = Duration::from_secs(1);
    })
    .await;
    for registry in [&stalling, &dribbling] {
        let started = Instant::now();
        let answer = server.get(&blob(registry)).await;
        assert!(answer.body.is_err());
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn p38_a_slow_but_honest_registry_is_waited_for() {
    let registry = raw(|mut tcp, _| async move {
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n").await;
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let _ = tcp.write_all(&[b'x'; 1000]).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    })
    .await;
    let server = Server::start(|config| {
        allow(config, &[&registry]);
        config.times.idle = Duration::from_millis(600);
        config.times.floor_window = Duration::from_secs(1);
    })
    .await;
    assert_eq!(server.get(&blob(&registry)).await.body.unwrap().len(), 50_000);
}

#[tokio::test]
async fn p38_p37_an_upload_that_dribbles_is_given_up() {
    let registry = Upstream::http(|_| respond(201, &[], "")).await;
    let server = Server::start(|config| {
        allow(config, &[&registry]);
        config.times.idle = Duration::from_secs(5);
        config.times.floor_window = Duration::from_secs(1);
    })
    .await;
    let mut tcp = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: {}\r\nX-Drydock: 1\r\nContent-Length: 100000\r\n\r\n",
        registry.path("/v2/app/manifests/latest"),
        server.address
    );
    tcp.write_all(head.as_bytes()).await.unwrap();
    let started = Instant::now();
    let mut answer = Vec::new();
    while started.elapsed() < Duration::from_secs(10) {
        let _ = tcp.write_all(b"x").await;
        let read =
            tokio::time::timeout(Duration::from_millis(100), tcp.read_buf(&mut answer)).await;
        if matches!(read, Ok(Ok(0) | Err(_))) {
            break;
        }
    }
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert!(registry.seen().is_empty(), "the registry saw a complete request");
}

/// Streams `x` until the other side goes away, counting bytes; says when it did.
pub(crate) async fn endless(length: u64) -> (Upstream, Arc<AtomicU64>, Arc<AtomicBool>) {
    let sent = Arc::new(AtomicU64::new(0));
    let gone = Arc::new(AtomicBool::new(false));
    let (count, flag) = (sent.clone(), gone.clone());
    let registry = raw(move |mut tcp, _| {
        let (count, flag) = (count.clone(), flag.clone());
        async move {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            let _ = tcp.write_all(head.as_bytes()).await;
            let piece = [b'x'; 65536];
            let mut left = length;
            while left > 0 {
                let now = piece.len().min(usize::try_from(left).unwrap());
                if tcp.write_all(&piece[..now]).await.is_err() {
                    flag.store(true, Ordering::SeqCst);
                    return;
                }
                left -= now as u64;
                count.fetch_add(now as u64, Ordering::SeqCst);
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    })
    .await;
    (registry, sent, gone)
}

#[tokio::test]
async fn p39_when_the_page_leaves_the_registry_is_let_go() {
    let (registry, _, gone) = endless(1 << 40).await;
    let server = Server::allowing(&[&registry]).await;
    let mut response = server.open(server.request(Method::GET, &blob(&registry))).await;
    response.body_mut().frame().await.unwrap().unwrap();
    assert!(!gone.load(Ordering::SeqCst));
    drop(response);
    assert!(eventually(Duration::from_secs(1), || gone.load(Ordering::SeqCst)).await);
}

#[tokio::test]
async fn p39_also_before_the_head_of_the_answer() {
    let closed = Arc::new(AtomicBool::new(false));
    let flag = closed.clone();
    let silent = raw(move |mut tcp, _| {
        let flag = flag.clone();
        async move {
            let mut byte = [0];
            let _ = tcp.read(&mut byte).await;
            flag.store(true, Ordering::SeqCst);
        }
    })
    .await;
    let server = Server::allowing(&[&silent]).await;
    let request = server.request(Method::GET, &blob(&silent));
    let left = tokio::time::timeout(Duration::from_millis(200), server.open(request)).await;
    assert!(left.is_err());
    assert!(eventually(Duration::from_secs(1), || closed.load(Ordering::SeqCst)).await);
}

#[tokio::test]
async fn p39_many_aborts_leave_nothing_behind() {
    let open = Arc::new(AtomicUsize::new(0));
    let count = open.clone();
    let registry = raw(move |mut tcp, _| {
        let count = count.clone();
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n").await;
            while tcp.write_all(&[b'x'; 16384]).await.is_ok() {}
            count.fetch_sub(1, Ordering::SeqCst);
        }
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    for _ in 0..200 {
        let mut response = server.open(server.request(Method::GET, &blob(&registry))).await;
        response.body_mut().frame().await.unwrap().unwrap();
    }
    assert!(eventually(Duration::from_secs(1), || open.load(Ordering::SeqCst) == 0).await);
}

#[tokio::test]
async fn ranges_and_their_answers_pass_through() {
    let content = "0123456789";
    let registry = Upstream::http(move |seen| match seen.headers.get("range") {
        Some(range) if range == "bytes=2-5" => respond(
            206,
            &[("content-range", "bytes 2-5/10"), ("accept-ranges", "bytes")],
            &content.as_bytes()[2..6],
        ),
        Some(range) if range == "bytes=20-30" => {
            respond(416, &[("content-range", "bytes */10")], "")
        }
        _ => respond(200, &[], content),
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    let part = server.get_with(&blob(&registry), &[("range", "bytes=2-5")]).await;
    assert_eq!(part.status, 206);
    assert_eq!(part.header("content-range"), "bytes 2-5/10");
    assert_eq!(part.header("content-length"), "4");
    assert_eq!(part.text(), "2345");
    let beyond = server.get_with(&blob(&registry), &[("range", "bytes=20-30")]).await;
    assert_eq!((beyond.status.as_u16(), beyond.header("content-range")), (416, "bytes */10"));
    assert_eq!(server.get(&blob(&registry)).await.text(), content);
}

#[tokio::test]
async fn uploads_are_streamed_with_their_length() {
    let registry = Upstream::http(|seen| {
        respond(201, &[("docker-content-digest", &seen.body.len().to_string())], "")
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    let mut put = server.request(Method::PUT, &registry.path("/v2/app/manifests/latest"));
    let bytes: Bytes = (0..3_000_000u32).map(|n| n.to_le_bytes()[0]).collect();
    *put.body_mut() = bytes.clone().into();
    put.headers_mut()
        .insert("content-type", "application/vnd.oci.image.manifest.v1+json".parse().unwrap());
    let answer = server.send(put).await;
    assert_eq!(answer.status, 201);
    let seen = &registry.seen()[0];
    assert_eq!(seen.body, bytes);
    assert_eq!(seen.headers["content-length"], "3000000");
    assert_eq!(seen.headers["content-type"], "application/vnd.oci.image.manifest.v1+json");
}
