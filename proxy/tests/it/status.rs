use drydock_proxy::assets::Page;
use drydock_proxy::policy::origin::OwnNames;
use http::Method;

use crate::support::{DIGEST, Server, Upstream, allow, ok, respond};

static PAGE: &[(&str, &[u8])] = &[("index.html", b"<!doctype html>")];

#[tokio::test]
async fn a9_probes_are_answered_under_any_host_and_figures_only_at_their_own_address() {
    let registry = Upstream::http(|seen| match seen.method.as_str() {
        "PUT" => respond(201, &[], ""),
        _ => ok("12345"),
    })
    .await;
    let mut status = None;
    let server = Server::start(|config| {
        allow(config, &[&registry]);
        config.names = OwnNames::new(config.listen, &["drydock.example".to_owned()]);
        config.page = Page::Embedded(PAGE);
        status = Some(config.status.clone());
    })
    .await;
    let status = status.unwrap();
    for host in ["drydock.example", "10.0.0.9:8080", "whatever"] {
        for (path, text) in [("/-/healthz", "ok\n"), ("/-/readyz", "ready\n")] {
            let answer = server.get_with(path, &[("host", host)]).await;
            assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, text), "{host}");
        }
    }
    assert_eq!(server.get("/-/metrics").await.status, 404);

    // The address for whoever runs it.
    let router = drydock_proxy::status::router(status.clone(), Page::Embedded(PAGE));
    let figures = Server::of(router).await;
    server.get(&registry.path(&format!("/v2/secret-name/blobs/{DIGEST}"))).await;
    let mut put = server.request(Method::PUT, &registry.path("/v2/secret-name/manifests/latest"));
    *put.body_mut() = "1234567".into();
    server.send(put).await;
    server.get("/-/proxy/https/10.0.0.1/v2/secret-name/tags/list").await;
    server.get("/secret-view").await;
    let answer = figures.get("/-/metrics").await;
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = answer.text();
    for line in [
        r#"drydock_requests_total{part="proxy",status="2xx",end="complete"} 2"#,
        r#"drydock_requests_total{part="proxy",status="4xx",end="private-address"} 1"#,
        r#"drydock_requests_total{part="page",status="2xx",end="complete"} 1"#,
        r#"drydock_answered_bytes_total{part="proxy"} 5"#,
        r#"drydock_received_bytes_total{part="proxy"} 7"#,
        r#"drydock_request_seconds_count{part="proxy"} 3"#,
        "drydock_running_requests 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    for name in ["secret", "localhost", "10.0.0.1", "127.0.0.1"] {
        assert!(!text.contains(name), "{name} is in\n{text}");
    }
    // Not for web pages, and for reading only.
    for headers in [[("origin", "http://evil.example")], [("sec-fetch-site", "cross-site")]] {
        assert_eq!(figures.get_with("/-/metrics", &headers).await.status, 403);
    }
    assert_eq!(figures.send(figures.request(Method::POST, "/-/metrics")).await.status, 405);
    assert_eq!(figures.get("/").await.status, 404);

    status.stop();
    for server in [&server, &figures] {
        let answer = server.get("/-/readyz").await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (503, "stopping\n"));
        assert_eq!(server.get("/-/healthz").await.status, 200);
    }
}

#[tokio::test]
async fn a9_a_server_without_its_page_is_not_ready() {
    let server = Server::start(|_| {}).await;
    let answer = server.get("/-/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("the page has not been built"));
    assert_eq!(server.get("/-/healthz").await.status, 200);
}

#[tokio::test]
async fn a5_figures_do_not_grow_with_what_is_asked_for() {
    let mut status = None;
    let server = Server::start(|config| status = Some(config.status.clone())).await;
    let figures =
        Server::of(drydock_proxy::status::router(status.unwrap(), Page::Embedded(&[]))).await;
    let ask = async |from: u32| {
        for n in from..from + 40 {
            server.get(&format!("/-/proxy/https/h{n}.invalid/v2/name-{n}/tags/list")).await;
            server.get(&format!("/name-{n}")).await;
            server.get(&format!("/v2/name-{n}/tags/list")).await;
        }
        figures.get("/-/metrics").await.text().lines().count()
    };
    let before = ask(0).await;
    assert_eq!(ask(1000).await, before);
}
