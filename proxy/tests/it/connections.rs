use std::time::{Duration, Instant};

use drydock_proxy::config::Config;
use http::Method;

use crate::support::{Server, World, allow, blob, ok, raw, respond};

const PUBLIC: &str = "93.184.216.34";

#[tokio::test]
async fn p4_a_name_with_one_private_address_is_refused_whole() {
    let world = World::new();
    let registry = world.https("registry.example", PUBLIC, |_| ok("bytes")).await;
    for answers in [[PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], [PUBLIC, "::ffff:127.0.0.1"]] {
        world.names.answer("registry.example", &[&answers]);
        let server = world.serve(|_| {}).await;
        let message = server.get(&blob("registry.example")).await.assert_refused("private-address");
        assert!(message.contains("is not public"), "{message}");
    }
    assert!(world.names.dialled.lock().unwrap().is_empty());
    assert!(registry.seen().is_empty());
}

#[tokio::test]
async fn p5_the_address_that_was_checked_is_dialled_and_looked_up_once() {
    let world = World::new();
    let registry = world.https("registry.example", PUBLIC, |_| ok("bytes")).await;
    world.names.answer("registry.example", &[&[PUBLIC], &["127.0.0.1"]]);
    let server = world.serve(|_| {}).await;
    let answer = server.get(&blob("registry.example")).await;
    assert_eq!(answer.text(), "bytes");
    assert_eq!(world.names.count("registry.example"), 1);
    let dialled = world.names.dialled.lock().unwrap().clone();
    assert_eq!(dialled, [format!("{PUBLIC}:443").parse().unwrap()]);
    assert_eq!(registry.seen().len(), 1);
}

#[tokio::test]
async fn p5_the_second_answer_is_judged_when_it_is_used() {
    let world = World::new();
    world
        .https("registry.example", PUBLIC, |_| respond(200, &[("connection", "close")], "x"))
        .await;
    world.names.answer("registry.example", &[&[PUBLIC], &["127.0.0.1"]]);
    let server = world.serve(|_| {}).await;
    assert_eq!(server.get(&blob("registry.example")).await.text(), "x");
    server.get(&blob("registry.example")).await.assert_refused("private-address");
    assert_eq!(world.names.count("registry.example"), 2);
}

#[tokio::test]
async fn p6_names_without_a_usable_address_are_explained() {
    let world = World::new();
    world.names.answer("empty.example", &[&[]]);
    let many: Vec<String> =
        (0..1000).map(|n| format!("93.184.{}.{}", n / 250, n % 250 + 1)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    world.names.answer("many.example", &[&many]);
    world.names.answer("internal.example", &[&["192.168.1.9"]]);
    let server = world.serve(|_| {}).await;
    for name in ["unknown.example", "empty.example", "many.example"] {
        let answer = server.get(&blob(name)).await;
        let message = answer.assert_refused("unresolvable");
        assert!(message.starts_with(&format!("Could not resolve registry {name}")), "{message}");
    }
    server.get(&blob("internal.example")).await.assert_refused("private-address");
}

#[tokio::test]
async fn what_to_do_stands_apart_from_what_came() {
    let world = World::new();
    let server = world.serve(|_| {}).await;
    let unknown = server.get(&blob("unknown.example")).await;
    let message = "Could not resolve registry unknown.example: the name service knows no address.";
    assert_eq!(unknown.assert_refused("unresolvable"), message);
    assert_eq!(unknown.advice().unwrap(), "Check its name and this machine's network.");
    let elsewhere = server.get("/-/proxy/https/unknown.example/elsewhere").await;
    elsewhere.assert_refused("path-not-allowed");
    assert_eq!(elsewhere.advice(), None);
}

#[tokio::test]
async fn p6_a_slow_name_service_is_given_up_within_five_seconds() {
    let world = World::new();
    world.names.answer("slow.example", &[&[PUBLIC]]);
    *world.names.delay.lock().unwrap() = Duration::from_secs(6);
    let server = world.serve(|_| {}).await;
    let started = Instant::now();
    let message = server.get(&blob("slow.example")).await.assert_refused("unresolvable");
    assert!(message.contains("Could not resolve registry slow.example"), "{message}");
    assert!(started.elapsed() < Duration::from_millis(5_800), "{:?}", started.elapsed());
}

#[tokio::test]
async fn p7_the_server_does_not_ask_itself() {
    let own_name = |config: &mut Config| {
        config.names = drydock_proxy::policy::origin::OwnNames::new(
            config.listen,
            &["drydock.example".to_owned(), config.listen.to_string()],
        );
        let port = config.listen.port();
        for own in ["localhost", "127.0.0.1", "http://alias.example"] {
            config.hosts.allowed.push(format!("{own}:{port}").parse().unwrap());
        }
    };
    let world = World::new();
    world.names.answer("alias.example", &[&["127.0.0.1"]]);
    world.names.answer("drydock.example", &[&[PUBLIC]]);
    let server = world.serve(own_name).await;
    let port = server.address.port();
    for path in [
        format!("/-/proxy/http/localhost:{port}/v2/"),
        format!("/-/proxy/http/127.0.0.1:{port}/v2/"),
        format!("/-/proxy/http/alias.example:{port}/v2/"),
        "/-/proxy/https/drydock.example/v2/".to_owned(),
    ] {
        let message = server.get(&path).await.assert_refused("self");
        assert!(message.contains("is this server"), "{path}: {message}");
    }
    assert!(world.names.dialled.lock().unwrap().is_empty());
}

#[tokio::test]
async fn p7_a_redirect_back_to_the_server_ends() {
    let world = World::new();
    let listener_port = std::sync::Arc::new(std::sync::atomic::AtomicU16::new(0));
    let port = listener_port.clone();
    let registry = crate::support::Upstream::http(move |seen| {
        let port = port.load(std::sync::atomic::Ordering::SeqCst);
        let to = format!(
            "http://localhost:{port}/-/proxy/http/{}{}",
            seen.headers["host"].to_str().unwrap(),
            seen.uri
        );
        respond(307, &[("location", &to)], "")
    })
    .await;
    let server = world
        .serve(|config| {
            allow(config, &[&registry]);
            let own = format!("localhost:{}", config.listen.port());
            config.hosts.allowed.push(own.parse().unwrap());
        })
        .await;
    listener_port.store(server.address.port(), std::sync::atomic::Ordering::SeqCst);
    let path = registry.path(&format!("/v2/app/blobs/{}", crate::support::DIGEST));
    server.get(&path).await.assert_refused("redirect");
    assert_eq!(registry.seen().len(), 1);
}

#[tokio::test]
async fn p8_connections_are_kept_for_a_name_not_for_an_address() {
    let world = World::new();
    let a = world
        .https("a.example", PUBLIC, |seen| {
            respond(200, &[], seen.headers["host"].to_str().unwrap().to_owned())
        })
        .await;
    // The same address, and a certificate for the other name only.
    world.names.answer("b.example", &[&[PUBLIC]]);
    let server = world.serve(|_| {}).await;
    for _ in 0..2 {
        assert_eq!(server.get(&blob("a.example")).await.text(), "a.example");
    }
    let seen = a.seen();
    assert_eq!((seen[0].connection, seen[1].connection), (0, 0), "the connection is kept");
    let message = server.get(&blob("b.example")).await.assert_refused("tls");
    assert!(message.contains("b.example"), "{message}");
    assert_eq!(a.seen().len(), 2, "b's request reached a's connection");
}

#[tokio::test]
async fn a_kept_connection_that_the_registry_closed_is_not_an_error() {
    let registry = crate::support::Upstream::http(|_| ok("bytes")).await;
    let closing = raw(|mut tcp, _| async move {
        use tokio::io::AsyncWriteExt as _;
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    })
    .await;
    let server = Server::allowing(&[&registry, &closing]).await;
    for _ in 0..5 {
        assert_eq!(server.get(&closing.path("/v2/")).await.text(), "ok");
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

#[tokio::test]
async fn connections_that_fail_are_named() {
    let server = Server::start(|config| {
        config.hosts.allowed.push("localhost:1".parse().unwrap());
    })
    .await;
    let message = server.get("/-/proxy/http/localhost:1/v2/").await.assert_refused("connect");
    assert!(message.contains("localhost:1"), "{message}");
    let untrusted = World::new();
    let world = World::new();
    let stranger = untrusted.https("registry.example", PUBLIC, |_| ok("x")).await;
    world.names.answer("registry.example", &[&[PUBLIC]]);
    world.names.route(&format!("{PUBLIC}:443"), stranger.address);
    let server = world.serve(|_| {}).await;
    let answer = server.get(&blob("registry.example")).await;
    answer.assert_refused("tls");
    assert!(answer.advice().unwrap().contains("--ca-file"), "{answer:?}");
    assert!(stranger.seen().is_empty());
}

#[tokio::test]
async fn an_outer_proxy_is_asked_for_a_tunnel_and_private_names_stay_refused() {
    use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
    let world = World::new();
    let registry = world.https("registry.example", PUBLIC, |_| ok("through")).await;
    let to = registry.address;
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = asked.clone();
    let outer = raw(move |mut tcp, head| {
        log.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
        async move {
            let mut upstream = tokio::net::TcpStream::connect(to).await.unwrap();
            tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let _ = copy_bidirectional(&mut tcp, &mut upstream).await;
        }
    })
    .await;
    world.names.answer("inside.example", &[&["10.1.2.3"]]);
    let server = world
        .serve(|config| {
            let matcher = hyper_util::client::proxy::matcher::Matcher::builder()
                .https(format!("http://{}", outer.address))
                .build();
            config.outer = Some(std::sync::Arc::new(matcher));
        })
        .await;
    assert_eq!(server.get(&blob("registry.example")).await.text(), "through");
    server.get(&blob("inside.example")).await.assert_refused("private-address");
    assert_eq!(*asked.lock().unwrap(), ["CONNECT registry.example:443 HTTP/1.1"]);
}

#[tokio::test]
async fn a6_names_that_only_an_outer_proxy_may_know_are_refused_unless_it_is_trusted() {
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = asked.clone();
    let outer = raw(move |tcp, head| {
        log.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
        async move { drop(tcp) }
    })
    .await;
    let world = World::new();
    world.names.answer("empty.example", &[&[]]);
    world.names.answer("inside.example", &[&["10.1.2.3"]]);
    for (trusted, code) in [(false, "unresolvable"), (true, "connect")] {
        let server = world
            .serve(|config| {
                let matcher = hyper_util::client::proxy::matcher::Matcher::builder()
                    .https(format!("http://{}", outer.address))
                    .build();
                config.outer = Some(std::sync::Arc::new(matcher));
                config.outer_dns = trusted;
            })
            .await;
        for name in ["unknown.example", "empty.example"] {
            let answer = server.get(&blob(name)).await;
            answer.assert_refused(code);
            let advice = answer.advice().unwrap_or_default();
            assert_eq!(advice.contains("--outer-dns"), !trusted, "{advice}");
        }
        server.get(&blob("inside.example")).await.assert_refused("private-address");
    }
    let asked = asked.lock().unwrap();
    assert_eq!(
        *asked,
        ["CONNECT unknown.example:443 HTTP/1.1", "CONNECT empty.example:443 HTTP/1.1"]
    );
}

#[tokio::test]
async fn a_head_that_does_not_come_is_given_up() {
    let silent = raw(|tcp, _| async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(tcp);
    })
    .await;
    let server = Server::start(|config| {
        allow(config, &[&silent]);
        config.times.head = Duration::from_millis(200);
        config.times.commit = Duration::from_millis(300);
    })
    .await;
    let answer = server.get(&silent.path("/v2/")).await;
    assert_eq!(answer.status, 504);
    answer.assert_refused("timeout");
    let mut put = server.request(Method::PUT, &silent.path("/v2/app/manifests/latest"));
    *put.body_mut() = "{}".into();
    let started = Instant::now();
    server.send(put).await.assert_refused("timeout");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}
