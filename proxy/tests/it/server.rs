use std::time::{Duration, Instant};

use clap::Parser as _;
use drydock_proxy::config::{Cli, Command, Config, Serve};
use http::Method;
use http_body_util::BodyExt as _;

use crate::support::{Server, Upstream, World, allow, raw};

fn serve(arguments: &[&str]) -> Result<Serve, clap::Error> {
    match Cli::try_parse_from([&["drydock", "serve"], arguments].concat())?.command {
        Command::Serve(serve) => Ok(*serve),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_defaults_are_for_one_persons_machine() {
    let defaults = serve(&[]).unwrap();
    assert_eq!((defaults.listen.to_string().as_str(), defaults.port), ("127.0.0.1", 8080));
    assert!(defaults.allow.is_empty() && defaults.own_name.is_empty() && !defaults.only_allowed);
    let all = serve(&[
        "layout",
        "--listen",
        "0.0.0.0",
        "--port",
        "9000",
        "--allow",
        "localhost:5000",
        "--allow",
        "http://lab:80",
        "--ca-file",
        "ca.pem",
        "--scratch",
        "store",
        "--page",
        "dist",
        "--own-name",
        "drydock.example",
        "--seal-key-file",
        "key",
        "--idle-timeout",
        "7",
    ])
    .unwrap();
    assert_eq!(all.allow.len(), 2);
    assert_eq!(all.idle_timeout, 7);
    for wrong in [vec!["--allow", "a/b"], vec!["--port", "65536"], vec!["--no-scratch", "layout"]] {
        assert!(serve(&wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn files_that_are_not_what_they_should_be_are_named() {
    let listen = "127.0.0.1:1".parse().unwrap();
    let path = std::env::temp_dir().join(format!("drydock-short-{}", std::process::id()));
    std::fs::write(&path, "short").unwrap();
    let path = path.to_str().unwrap();
    for (flag, expected) in [("--seal-key-file", "32 bytes"), ("--ca-file", "no certificate")] {
        let arguments = serve(&[flag, path, "--no-scratch"]).unwrap();
        let error = Config::from_serve(&arguments, listen).err().unwrap().to_string();
        assert!(error.contains(expected), "{flag}: {error}");
    }
    let world = World::new();
    std::fs::write(path, world.pem()).unwrap();
    assert!(
        Config::from_serve(&serve(&["--ca-file", path, "--no-scratch"]).unwrap(), listen).is_ok()
    );
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn the_page_is_told_what_it_has_to_know() {
    let server = Server::start(|config| {
        config.hosts.allowed = vec![
            "localhost:5000".parse().unwrap(),
            "http://lab".parse().unwrap(),
            "r.corp:7443".parse().unwrap(),
        ];
        config.scratch = Some(axum::Router::new());
    })
    .await;
    let answer = server.get("/-/config").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let json: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
    let port = server.address.port();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["scratch"], format!("localhost:{port}"));
    assert_eq!(
        json["ownHosts"],
        serde_json::json!([
            format!("localhost:{port}"),
            format!("127.0.0.1:{port}"),
            format!("[::1]:{port}")
        ])
    );
    assert_eq!(
        json["allow"],
        serde_json::json!([
            { "host": "localhost:5000", "scheme": "http" },
            { "host": "lab", "scheme": "http" },
            { "host": "r.corp:7443", "scheme": "https" },
        ])
    );
    let server = Server::start(|_| {}).await;
    let json: serde_json::Value =
        serde_json::from_str(&server.get("/-/config").await.text()).unwrap();
    assert!(json["scratch"].is_null());
    assert_eq!(server.get("/v2/").await.status, 404);
}

#[tokio::test]
async fn p28_the_scratch_registry_is_for_programs_and_the_page() {
    let scratch = axum::Router::new().fallback(|| async { "scratch" });
    let server = Server::start(|config| config.scratch = Some(scratch)).await;
    let ask = |headers: &[(&'static str, &str)]| {
        let mut request = server.request(Method::GET, "/v2/");
        request.headers_mut().remove("x-drydock");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        server.send(request)
    };
    let answer = ask(&[]).await;
    assert_eq!(answer.text(), "scratch");
    assert!(answer.header("content-security-policy").starts_with("sandbox"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    for headers in [
        [("host", "rebound.example")],
        [("origin", "https://evil.example")],
        [("origin", "null")],
        [("sec-fetch-site", "cross-site")],
    ] {
        ask(&headers).await.assert_refused("foreign-origin");
    }
}

#[test]
fn a_layout_is_named_like_its_directory() {
    let base = std::env::temp_dir().join(format!("drydock-layout-{}", std::process::id()));
    for (directory, repository) in [
        ("app", "app"),
        ("My App (1)", "my-app-1"),
        ("a..b__c", "a.b_c"),
        ("-x-", "x"),
        ("äö", "layout"),
    ] {
        let path = base.join(directory);
        std::fs::create_dir_all(&path).unwrap();
        assert_eq!(drydock_proxy::scratch::repository(&path).unwrap(), repository, "{directory}");
    }
    assert!(drydock_proxy::scratch::repository(&base.join("missing")).is_err());
    std::fs::remove_dir_all(base).unwrap();
}

#[tokio::test]
async fn p44_a_server_that_stops_lets_transfers_end() {
    let registry = raw(|mut tcp, _| async move {
        use tokio::io::AsyncWriteExt as _;
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n").await;
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            let _ = tcp.write_all(b"x").await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    })
    .await;
    let mut server = Server::allowing(&[&registry]).await;
    let response = server.open(server.request(Method::GET, &registry.path("/v2/"))).await;
    server.stop.take().unwrap().send(()).unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 20);
    tokio::time::timeout(Duration::from_secs(5), server.done).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn p44_a_transfer_that_does_not_end_is_cut_and_never_looks_complete() {
    let registry = raw(|mut tcp, _| async move {
        use tokio::io::AsyncWriteExt as _;
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nx").await;
        tokio::time::sleep(Duration::from_secs(20)).await;
    })
    .await;
    let mut server = Server::start(|config| {
        allow(config, &[&registry]);
        config.times.drain = Duration::from_millis(300);
    })
    .await;
    let started = Instant::now();
    let response = server.open(server.request(Method::GET, &registry.path("/v2/"))).await;
    server.stop.take().unwrap().send(()).unwrap();
    (&mut server.done).await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    drop(response);
}

#[tokio::test]
async fn p45_logins_of_two_users_never_cross() {
    let registry = Upstream::http(|seen| {
        let login =
            seen.headers.get("authorization").map_or("none", |value| value.to_str().unwrap());
        crate::support::respond(200, &[], login.to_owned())
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    for user in ["Bearer a", "Bearer b", "none", "Bearer a", "none"] {
        let path = registry.path("/v2/");
        let answer = match user {
            "none" => server.get(&path).await,
            login => server.get_with(&path, &[("authorization", login)]).await,
        };
        assert_eq!(answer.text(), user);
    }
}
