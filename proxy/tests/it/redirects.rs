use http::Method;

use crate::support::{DIGEST, Server, Upstream, World, allow, blob, ok, respond};

const A: &str = "93.184.216.34";
const B: &str = "93.184.216.35";

fn to(location: &str) -> http::Response<http_body_util::Full<bytes::Bytes>> {
    respond(307, &[("location", location)], "")
}

#[tokio::test]
async fn p9_redirects_to_where_registries_are_not_are_refused_naming_both_hosts() {
    let world = World::new();
    world.names.answer("inside.example", &[&["10.0.0.7"]]);
    world.https("b.example", B, |_| ok("b")).await;
    let registry = world
        .https("a.example", A, |seen| {
            let at = seen.headers["if-none-match"].to_str().unwrap().to_owned();
            respond(
                seen.headers["range"].to_str().unwrap()[6..9].parse().unwrap(),
                &[("location", &at)],
                "",
            )
        })
        .await;
    let server = world.serve(|_| {}).await;
    for (location, other) in [
        ("https://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("https://127.0.0.1:5000/", "127.0.0.1:5000"),
        ("https://[::1]/", "[::1]"),
        ("https://0x7f.1/", "127.0.0.1"),
        ("https://inside.example/blob", "inside.example"),
        ("https://localhost/blob", "localhost"),
        ("http://b.example/blob", "b.example"),
        ("ftp://b.example/blob", "b.example"),
        ("file:///etc/passwd", ""),
        ("https://b.example:22/blob", "b.example:22"),
        ("https://user:pass@b.example/blob", "b.example"),
    ] {
        for status in ["302", "307"] {
            let range = format!("bytes={status}-");
            let answer = server
                .get_with(&blob("a.example"), &[("if-none-match", location), ("range", &range)])
                .await;
            let message = answer.assert_refused("redirect");
            assert!(message.contains("a.example"), "{location}: {message}");
            assert!(message.contains(other), "{location}: {message}");
        }
    }
    assert_eq!(registry.seen().len(), 22);
    assert!(
        world.names.dialled.lock().unwrap().iter().all(|address| address.ip().to_string() == A)
    );
}

#[tokio::test]
async fn p9_an_allowed_private_host_is_not_opened_to_a_public_registry() {
    let world = World::new();
    let inside = Upstream::http(|_| ok("secret")).await;
    let host = inside.host();
    world.https("a.example", A, move |_| to(&format!("http://{host}/v2/"))).await;
    let server = world.serve(|config| allow(config, &[&inside])).await;
    server.get(&blob("a.example")).await.assert_refused("redirect");
    assert!(inside.seen().is_empty());
}

#[tokio::test]
async fn p10_the_login_for_a_is_not_sent_to_b() {
    let world = World::new();
    let b = world.https("b.example", B, |_| ok("the blob")).await;
    let a = world.https("a.example", A, |_| to("https://b.example/store/blob?sig=x%2Fy")).await;
    let server = world.serve(|_| {}).await;
    let answer = server
        .get_with(
            &blob("a.example"),
            &[
                ("authorization", "Bearer token-of-a"),
                ("cookie", "session=1"),
                ("range", "bytes=0-7"),
            ],
        )
        .await;
    assert_eq!(answer.text(), "the blob");
    assert_eq!(a.seen()[0].headers["authorization"], "Bearer token-of-a");
    assert!(!a.seen()[0].headers.contains_key("cookie"));
    let seen = &b.seen()[0];
    assert_eq!(seen.uri, "/store/blob?sig=x%2Fy");
    assert_eq!(seen.headers["host"], "b.example");
    assert_eq!(seen.headers["range"], "bytes=0-7");
    for name in ["authorization", "cookie", "referer", "origin"] {
        assert!(!seen.headers.contains_key(name), "b saw {name}");
    }
}

#[tokio::test]
async fn p11_a_login_that_was_dropped_does_not_come_back() {
    let world = World::new();
    world.https("b.example", B, |_| to("https://a.example/v2/again")).await;
    let a = world
        .https("a.example", A, |seen| {
            if seen.uri.ends_with("again") { ok("done") } else { to("https://b.example/x") }
        })
        .await;
    let server = world.serve(|_| {}).await;
    let answer = server.get_with(&blob("a.example"), &[("authorization", "Basic YTpi")]).await;
    assert_eq!(answer.text(), "done");
    let seen = a.seen();
    assert!(seen[0].headers.contains_key("authorization"));
    assert!(!seen[1].headers.contains_key("authorization"));
}

#[tokio::test]
async fn p12_another_port_scheme_or_subdomain_gets_no_login() {
    let world = World::new();
    let port = world.https_at("a.example", A, 5000, |_| ok("port")).await;
    let sub = world.https("cdn.a.example", B, |_| ok("sub")).await;
    let same = world
        .https("a.example", A, |seen| match seen.headers["accept"].to_str().unwrap() {
            "port" => to("https://a.example:5000/x"),
            "sub" => to("https://cdn.a.example/x"),
            "same" if seen.uri != "/x" => to("/x"),
            _ => ok("same"),
        })
        .await;
    let plain = Upstream::http(|_| to("https://a.example/x")).await;
    let server = world.serve(|config| allow(config, &[&plain])).await;
    for (accept, other) in [("port", &port), ("sub", &sub)] {
        let answer = server
            .get_with(&blob("a.example"), &[("authorization", "Bearer t"), ("accept", accept)])
            .await;
        assert_eq!(answer.text(), accept);
        assert!(!other.seen()[0].headers.contains_key("authorization"), "{accept}");
    }
    let path = plain.path(&format!("/v2/app/blobs/{DIGEST}"));
    let answer =
        server.get_with(&path, &[("authorization", "Bearer t"), ("accept", "plain")]).await;
    assert_eq!(answer.text(), "same");
    assert!(plain.seen()[0].headers.contains_key("authorization"));
    assert!(!same.seen().last().unwrap().headers.contains_key("authorization"), "http to https");
    let answer = server
        .get_with(&blob("a.example"), &[("authorization", "Bearer t"), ("accept", "same")])
        .await;
    assert_eq!(answer.text(), "same");
    assert!(same.seen().last().unwrap().headers.contains_key("authorization"), "the same origin");
}

#[tokio::test]
async fn p13_a_challenge_of_the_second_host_is_an_error_about_that_host() {
    let world = World::new();
    let b = world
        .https("b.example", B, |_| {
            respond(401, &[("www-authenticate", "Bearer realm=\"https://b.example/token\"")], "")
        })
        .await;
    world.https("a.example", A, |_| to("https://b.example/x")).await;
    let server = world.serve(|_| {}).await;
    let answer = server.get_with(&blob("a.example"), &[("authorization", "Bearer of-a")]).await;
    let message = answer.assert_refused("redirect");
    assert!(message.contains("b.example asks for its own login"), "{message}");
    assert!(!answer.headers.contains_key("x-upstream-www-authenticate"));
    assert!(b.seen().iter().all(|seen| !seen.headers.contains_key("authorization")));
}

#[tokio::test]
async fn p14_get_follows_every_kind_of_redirect() {
    let registry = Upstream::http(|seen| match seen.uri.as_str() {
        "/done" => ok("done"),
        _ => {
            let status = seen.headers["accept"].to_str().unwrap().parse().unwrap();
            respond(status, &[("location", "/done")], "")
        }
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    for status in ["301", "302", "303", "307", "308"] {
        let path = registry.path("/v2/app/manifests/latest");
        assert_eq!(server.get_with(&path, &[("accept", status)]).await.text(), "done", "{status}");
        let mut head = server.request(Method::HEAD, &path);
        head.headers_mut().insert("accept", status.parse().unwrap());
        assert_eq!(server.send(head).await.status, 200, "HEAD {status}");
    }
    assert!(registry.seen().iter().filter(|seen| seen.uri == "/done").any(|s| s.method == "HEAD"));
}

#[tokio::test]
async fn p15_locations_that_are_none_are_clear_errors() {
    let registry = Upstream::http(|seen| match seen.headers["accept"].to_str().unwrap() {
        "none" => respond(302, &[], ""),
        "empty" => respond(302, &[("location", "")], ""),
        "two" => respond(302, &[("location", "/a"), ("location", "/b")], ""),
        "invalid" => respond(302, &[("location", "https://[zz")], ""),
        "host" => respond(302, &[("location", "//unknown.example/x")], ""),
        "relative" if seen.uri.ends_with("latest") => respond(302, &[("location", "other")], ""),
        _ => respond(200, &[], seen.uri.clone()),
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    let path = registry.path("/v2/app/manifests/latest");
    for kind in ["none", "empty", "two", "invalid", "host"] {
        let message = server.get_with(&path, &[("accept", kind)]).await.assert_refused("redirect");
        assert!(message.contains(&registry.host()), "{kind}: {message}");
    }
    let answer = server.get_with(&path, &[("accept", "relative")]).await;
    assert_eq!(answer.text(), "/v2/app/manifests/other");
}

#[tokio::test]
async fn p16_the_sixth_redirect_is_not_followed() {
    let registry = Upstream::http(|seen| {
        let left: u32 = match seen.uri.strip_prefix("/hop/") {
            None => seen.headers["accept"].to_str().unwrap().parse().unwrap(),
            Some(left) => left.parse().unwrap(),
        };
        match left {
            0 => ok("arrived"),
            _ => respond(302, &[("location", &format!("/hop/{}", left - 1))], ""),
        }
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    let path = registry.path("/v2/app/manifests/latest");
    assert_eq!(server.get_with(&path, &[("accept", "5")]).await.text(), "arrived");
    let message = server.get_with(&path, &[("accept", "6")]).await.assert_refused("redirect");
    assert!(message.contains("too many redirects"), "{message}");
}

#[tokio::test]
async fn p25_upload_locations_elsewhere_are_refused_like_redirects() {
    let world = World::new();
    world
        .https("a.example", A, |seen| {
            respond(202, &[("location", seen.headers["content-range"].to_str().unwrap())], "")
        })
        .await;
    let server = world.serve(|_| {}).await;
    let post = |location: &str| {
        let path = "/-/proxy/https/a.example/v2/app/blobs/uploads/";
        let mut request = server.request(Method::POST, path);
        request.headers_mut().insert("content-range", location.parse().unwrap());
        request
    };
    for location in [
        "https://169.254.169.254/up",
        "https://10.0.0.1/up",
        "https://localhost:5000/up",
        "http://a.example/up",
        "https://a.example:22/up",
        "gopher://a.example/up",
    ] {
        let message = server.send(post(location)).await.assert_refused("redirect");
        assert!(message.contains("a.example"), "{location}: {message}");
    }
    let answer = server.send(post("/v2/app/blobs/uploads/1?s=%2F")).await;
    assert_eq!(answer.header("location"), "https://a.example/v2/app/blobs/uploads/1?s=%2F");
    assert_eq!(answer.seals()[0].0, "location");
}

#[tokio::test]
async fn p25_an_upload_location_whose_name_is_private_is_refused_when_it_is_asked() {
    let world = World::new();
    world.names.answer("inside.example", &[&["10.0.0.7"]]);
    world
        .https("a.example", A, |_| respond(202, &[("location", "https://inside.example/up")], ""))
        .await;
    let server = world.serve(|_| {}).await;
    let post = server.request(Method::POST, "/-/proxy/https/a.example/v2/app/blobs/uploads/");
    let (_, token) = server.send(post).await.seals().remove(0);
    let mut put = server.request(Method::PUT, "/-/proxy/https/inside.example/up");
    put.headers_mut().insert("x-drydock-seal", token.parse().unwrap());
    server.send(put).await.assert_refused("private-address");
}
