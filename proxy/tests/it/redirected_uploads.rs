//! Redirects of requests that change something: followed by the server or by nobody, and never
//! handed to a browser as what they are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use drydock_proxy::policy::origin::OwnNames;
use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Answer, DIGEST, Server, Upstream, World, allow, ok, raw, respond};

const A: &str = "93.184.216.34";
const B: &str = "93.184.216.35";

/// Every kind of request that changes something, by method and path.
fn changes() -> Vec<(Method, String)> {
    vec![
        (Method::PUT, "/v2/app/manifests/latest".to_owned()),
        (Method::DELETE, "/v2/app/manifests/latest".to_owned()),
        (Method::DELETE, format!("/v2/app/blobs/{DIGEST}")),
        (Method::POST, "/v2/app/blobs/uploads/".to_owned()),
        (Method::PATCH, "/v2/app/blobs/uploads/1?state=x".to_owned()),
        (Method::PUT, format!("/v2/app/blobs/uploads/1?state=x&digest={DIGEST}")),
        (Method::DELETE, "/v2/app/blobs/uploads/1".to_owned()),
    ]
}

fn has_body(method: &Method) -> bool {
    method == Method::PUT || method == Method::PATCH
}

async fn send(server: &Server, method: &Method, path: &str, body: &str) -> Answer {
    let mut request = server.request(method.clone(), path);
    request.headers_mut().insert("authorization", "Bearer secret".parse().unwrap());
    if has_body(method) {
        *request.body_mut() = body.to_owned().into();
    }
    server.send(request).await
}

#[tokio::test]
async fn a4_redirected_uploads_are_carried_out_by_the_server() {
    for status in [307, 308] {
        let registry = Upstream::http(move |seen| match seen.uri.starts_with("/moved") {
            true => respond(201, &[("docker-content-digest", DIGEST)], ""),
            false => respond(status, &[("location", "/moved?a=b")], "moved"),
        })
        .await;
        let server = Server::allowing(&[&registry]).await;
        for (method, path) in changes() {
            let answer = send(&server, &method, &registry.path(&path), "the body").await;
            assert_eq!(answer.status, 201, "{status} {method} {path}");
            assert_eq!(answer.header("docker-content-digest"), DIGEST);
            let [first, second] = &registry.seen()[registry.seen().len() - 2..] else { panic!() };
            assert_eq!((&first.method, &second.method), (&method, &method));
            assert_eq!(first.uri, path);
            assert_eq!(second.uri, "/moved?a=b");
            assert_eq!(second.body, if has_body(&method) { "the body" } else { "" });
            assert_eq!(second.headers["authorization"], "Bearer secret", "the same origin");
        }
    }
}

#[tokio::test]
async fn a4_a_login_does_not_go_along_to_another_host() {
    let world = World::new();
    let store = world.https("b.example", B, |_| respond(201, &[], "")).await;
    world
        .https("a.example", A, |_| respond(307, &[("location", "https://b.example/store")], ""))
        .await;
    let server = world.serve(|_| {}).await;
    let base = "/-/proxy/https/a.example";
    for (method, path) in changes() {
        let before = store.seen().len();
        let answer = send(&server, &method, &format!("{base}{path}"), "the body").await;
        if method == Method::DELETE {
            // What a registry is asked to delete it deletes itself.
            assert_eq!((answer.status.as_u16(), answer.header("x-upstream-status")), (502, "307"));
            assert_eq!(answer.header("x-upstream-location"), "");
            assert_eq!(store.seen().len(), before, "{method} {path}");
            continue;
        }
        assert_eq!(answer.status, 201, "{method} {path}");
        let seen = store.seen().pop().unwrap();
        assert!(!seen.headers.contains_key("authorization"), "{method} {path}");
        assert_eq!(seen.body, if has_body(&method) { "the body" } else { "" });
    }
}

#[tokio::test]
async fn a4_no_redirect_of_any_status_reaches_the_page() {
    let registry = Upstream::http(|seen| {
        let status = seen.headers["accept"].to_str().unwrap().parse().unwrap();
        respond(status, &[("location", "/elsewhere"), ("etag", "\"e\"")], "see there")
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    let mut requests = changes();
    requests.push((Method::GET, "/v2/app/manifests/latest".to_owned()));
    requests.push((Method::HEAD, "/v2/app/manifests/latest".to_owned()));
    for status in ["300", "301", "302", "303", "304", "305", "306", "307", "308", "399"] {
        for (method, path) in &requests {
            let reading = *method == Method::GET || *method == Method::HEAD;
            let mut request = server.request(method.clone(), &registry.path(path));
            request.headers_mut().insert("accept", status.parse().unwrap());
            let answer = server.send(request).await;
            assert!(!answer.status.is_redirection(), "{status} {method}: {}", answer.status);
            assert_eq!(answer.header("location"), "", "{status} {method}");
            let followed = match status {
                "307" | "308" => true,
                "301" | "302" | "303" => reading,
                _ => false,
            };
            if followed {
                // It points to itself, and that is told after a few times.
                assert_eq!(answer.header("x-drydock-error"), "redirect", "{status} {method}");
            } else {
                assert_eq!(answer.status, 502);
                assert_eq!(answer.header("x-upstream-status"), status, "{method}");
                assert_eq!(answer.header("x-drydock-error"), "", "{status} {method}");
                assert_eq!(answer.header("etag"), "\"e\"");
                assert!(answer.seals().is_empty());
            }
        }
    }
}

#[tokio::test]
async fn a4_own_names_are_no_target_for_any_method_and_in_any_spelling() {
    let reached = Arc::new(AtomicUsize::new(0));
    let count = reached.clone();
    let scratch = axum::Router::new().fallback(move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { "reached" }
    });
    let location = Arc::new(Mutex::new(String::new()));
    let said = location.clone();
    let registry = Upstream::http(move |seen| {
        let status = seen.headers["accept"].to_str().unwrap().parse().unwrap();
        respond(status, &[("location", &*said.lock().unwrap())], "")
    })
    .await;
    let server = Server::start(|config| {
        allow(config, &[&registry]);
        let port = config.listen.port();
        config.names = OwnNames::new(config.listen, &["drydock.example".to_owned()]);
        // Even where somebody allowed this server to itself.
        for own in ["localhost", "127.0.0.1", "[::1]"] {
            config.hosts.allowed.push(format!("http://{own}:{port}").parse().unwrap());
        }
        config.hosts.allowed.push("http://drydock.example".parse().unwrap());
        config.scratch = Some(scratch);
    })
    .await;
    let port = server.address.port();
    let own = [
        format!("http://localhost:{port}"),
        format!("http://LOCALHOST:{port}"),
        format!("//localhost:{port}"),
        format!("http:\\\\localhost:{port}"),
        format!("http://127.0.0.1:{port}"),
        format!("http://127.1:{port}"),
        format!("http://0x7f000001:{port}"),
        format!("http://2130706433:{port}"),
        format!("http://0.0.0.0:{port}"),
        format!("http://[::1]:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        format!("http://localhost.:{port}"),
        format!("http://%6cocalhost:{port}"),
        format!("http://u:p@localhost:{port}"),
        format!("http://app.localhost:{port}"),
        "http://drydock.example".to_owned(),
        "https://drydock.example".to_owned(),
        "https://drydock.example:443".to_owned(),
    ];
    let mut requests = changes();
    requests.push((Method::GET, "/v2/app/manifests/latest".to_owned()));
    requests.push((Method::GET, "/v2/".to_owned()));
    for own in own {
        for path in ["/v2/private/manifests/latest", "/-/proxy/https/a.example/v2/"] {
            *location.lock().unwrap() = format!("{own}{path}");
            for status in ["307", "308", "202"] {
                for (method, asked) in &requests {
                    let mut request = server.request(method.clone(), &registry.path(asked));
                    request.headers_mut().insert("accept", status.parse().unwrap());
                    let answer = server.send(request).await;
                    if status == "202" && *method == Method::GET {
                        assert_eq!(answer.header("location"), "", "{own} {method} {asked}");
                        continue;
                    }
                    let code = answer.header("x-drydock-error").to_owned();
                    assert_eq!(code, "redirect", "{status} {own} {method} {asked}");
                    assert!(!answer.headers.contains_key("x-drydock-seal"));
                }
            }
        }
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0, "the scratch registry was asked");
}

#[tokio::test]
async fn a4_a_login_that_is_exchanged_is_not_sent_on() {
    let world = World::new();
    let other = world.https("b.example", B, |_| ok("{\"token\":\"stolen\"}")).await;
    world
        .https("a.example", A, |seen| match seen.uri.as_str() {
            "/token" => respond(307, &[("location", "https://b.example/token")], ""),
            _ => respond(401, &[("www-authenticate", "Bearer realm=\"/token\"")], ""),
        })
        .await;
    let server = world.serve(|_| {}).await;
    let (_, token) = server.get("/-/proxy/https/a.example/v2/").await.seals().remove(0);
    let mut post = server.request(Method::POST, "/-/proxy/https/a.example/token");
    post.headers_mut().insert("x-drydock-seal", token.parse().unwrap());
    *post.body_mut() = "refresh_token=secret".into();
    let answer = server.send(post).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-upstream-status")), (502, "307"));
    assert!(other.seen().is_empty());
}

/// Speaks for a registry that says where a long upload goes before it has read any of it.
async fn sends_on_at_once(to: String, received: Arc<AtomicUsize>) -> Upstream {
    raw(move |mut tcp, head| {
        let (to, received) = (to.clone(), received.clone());
        async move {
            assert!(head.to_ascii_lowercase().contains("expect: 100-continue"), "{head}");
            let answer = format!(
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
            );
            let _ = tcp.write_all(answer.as_bytes()).await;
            let mut rest = Vec::new();
            let _ = tcp.read_to_end(&mut rest).await;
            received.fetch_add(rest.len(), Ordering::SeqCst);
        }
    })
    .await
}

#[tokio::test]
async fn a4_a_long_upload_is_sent_on_before_its_first_byte_is_gone() {
    let store =
        Upstream::http(|seen| respond(201, &[("etag", &seen.body.len().to_string())], "")).await;
    let received = Arc::new(AtomicUsize::new(0));
    let registry = sends_on_at_once(format!("http://{}/put", store.host()), received.clone()).await;
    let server = Server::allowing(&[&registry, &store]).await;
    let body = "x".repeat(8_000_000);
    let path = registry.path("/v2/app/blobs/uploads/1?digest=sha256:a");
    let answer = send(&server, &Method::PUT, &path, &body).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (201, "8000000"));
    assert_eq!(store.seen()[0].body.len(), 8_000_000);
    assert_eq!(received.load(Ordering::SeqCst), 0, "the first registry got some of it");
}

#[tokio::test]
async fn a4_a_long_upload_that_was_read_before_it_was_sent_on_is_sent_again_by_the_page() {
    let registry = Upstream::http(|seen| match seen.uri.starts_with("/store") {
        true => respond(201, &[("etag", &seen.body.len().to_string())], ""),
        false => respond(307, &[("location", "/store?s=1")], ""),
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    let body = "x".repeat(1_000_000);
    let path = registry.path("/v2/app/blobs/uploads/1?digest=sha256:a");
    let answer = send(&server, &Method::PUT, &path, &body).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-upstream-status")), (502, "307"));
    let place = format!("http://{}/store?s=1", registry.host());
    assert_eq!(answer.header("x-upstream-location"), place);
    let (kind, token) = answer.seals().remove(0);
    assert_eq!(kind, "location");
    let mut again = server.request(Method::PUT, &registry.path("/store?s=1"));
    again.headers_mut().insert("x-drydock-seal", token.parse().unwrap());
    *again.body_mut() = body.into();
    let answer = server.send(again).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (201, "1000000"));
}

#[tokio::test]
async fn a4_registries_that_do_not_know_the_question_get_long_uploads_all_the_same() {
    // One refuses the question, one does not answer it and waits for the body.
    let refusing = raw(|mut tcp, head| async move {
        if head.to_ascii_lowercase().contains("expect:") {
            let _ = tcp
                .write_all(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
                .await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            return;
        }
        take(&mut tcp, 300_000).await;
    })
    .await;
    let silent = raw(|mut tcp, _| async move { take(&mut tcp, 300_000).await }).await;
    for registry in [refusing, silent] {
        let server = Server::allowing(&[&registry]).await;
        let body = "x".repeat(300_000);
        let path = registry.path("/v2/app/blobs/uploads/1?digest=sha256:a");
        let answer = send(&server, &Method::PUT, &path, &body).await;
        assert_eq!(answer.status, 201);
    }
}

async fn take(tcp: &mut tokio::net::TcpStream, bytes: usize) {
    let mut body = vec![0; bytes];
    tcp.read_exact(&mut body).await.unwrap();
    let _ = tcp.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
}
