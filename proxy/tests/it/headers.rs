use http::Method;

use crate::support::{DIGEST, Server, Upstream, allow, ok, raw, raw_bytes, respond};

fn blob(registry: &Upstream) -> String {
    registry.path(&format!("/v2/app/blobs/{DIGEST}"))
}

#[tokio::test]
async fn p30_p31_bytes_of_any_type_arrive_as_a_download_that_no_browser_runs() {
    let registry = Upstream::http(|seen| {
        let media_type = seen.headers["accept"].to_str().unwrap();
        let script = "<script>alert(1)</script>";
        match media_type {
            "empty" => respond(200, &[], script),
            _ => respond(
                200,
                &[("content-type", media_type), ("service-worker-allowed", "/")],
                script,
            ),
        }
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    for media_type in [
        "text/html",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/xml",
        "multipart/x-mixed-replace; boundary=x",
        "text/javascript",
        "application/wasm",
        "empty",
    ] {
        let answer = server.get_with(&blob(&registry), &[("accept", media_type)]).await;
        assert_eq!(answer.text(), "<script>alert(1)</script>");
        for (name, value) in [
            ("content-type", "application/octet-stream"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
            ("cross-origin-resource-policy", "same-origin"),
            ("content-disposition", "attachment"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("vary", "Origin"),
        ] {
            assert_eq!(answer.header(name), value, "{media_type}");
        }
        assert!(!answer.headers.contains_key("service-worker-allowed"));
        let upstream = if media_type == "empty" { "" } else { media_type };
        assert_eq!(answer.header("x-upstream-content-type"), upstream);
    }
}

#[tokio::test]
async fn p30_errors_of_the_proxy_are_hardened_too() {
    let server = Server::allowing(&[]).await;
    let answer = server.get("/-/proxy/https/localhost/v2/").await;
    answer.assert_refused("private-address");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").starts_with("sandbox"));
}

/// The browser writes each answer of 400 and more into its console, though to a look-up it is a no.
#[tokio::test]
async fn c10_the_page_gets_the_status_of_an_error_in_a_header_field() {
    let registry = Upstream::http(|seen| {
        let status = seen.headers["accept"].to_str().unwrap().parse().unwrap();
        let fields = [
            ("x-upstream-status", "204"),
            ("www-authenticate", "Basic realm=\"r\""),
            ("retry-after", "7"),
        ];
        respond(status, &fields, "why")
    })
    .await;
    let scratch = axum::Router::new().fallback(|headers: http::HeaderMap| async move {
        let status: u16 = headers["accept"].to_str().unwrap().parse().unwrap();
        (http::StatusCode::from_u16(status).unwrap(), "why")
    });
    let server = Server::start(|config| {
        allow(config, &[&registry]);
        config.scratch = Some(scratch);
    })
    .await;
    let manifest = "/v2/app/manifests/latest";
    for (path, method) in [
        (registry.path(manifest), Method::GET),
        (registry.path(manifest), Method::HEAD),
        (manifest.to_owned(), Method::GET),
        (manifest.to_owned(), Method::HEAD),
    ] {
        for status in ["200", "400", "401", "403", "404", "416", "429", "500", "503"] {
            let ask = |quietly: bool| {
                let mut request = server.request(method.clone(), &path);
                request.headers_mut().insert("accept", status.parse().unwrap());
                if quietly {
                    request.headers_mut().insert("x-drydock-status", "header".parse().unwrap());
                }
                server.send(request)
            };
            let plain = ask(false).await;
            assert_eq!(plain.status.as_str(), status, "{method} {path}");
            assert_eq!(plain.header("x-upstream-status"), "", "{method} {path}: {status}");
            let quiet = ask(true).await;
            assert_eq!(quiet.status, 200, "{method} {path}: {status}");
            let told = if status == "200" { "" } else { status };
            assert_eq!(quiet.header("x-upstream-status"), told, "{method} {path}: {status}");
            assert_eq!(quiet.text(), plain.text());
            for name in ["retry-after", "x-upstream-www-authenticate"] {
                assert_eq!(quiet.header(name), plain.header(name), "{name}");
            }
        }
    }
    // What the server refuses by itself, and redirects, which have a status there already.
    let mut request = server.request(Method::GET, "/-/proxy/https/localhost/v2/");
    request.headers_mut().insert("x-drydock-status", "header".parse().unwrap());
    let refused = server.send(request).await;
    assert_eq!((refused.status.as_u16(), refused.header("x-upstream-status")), (200, "403"));
    assert_eq!(refused.header("x-drydock-error"), "private-address");
    let mut request = server.request(Method::GET, &registry.path(manifest));
    request.headers_mut().insert("accept", "304".parse().unwrap());
    request.headers_mut().insert("x-drydock-status", "header".parse().unwrap());
    let redirect = server.send(request).await;
    assert_eq!((redirect.status.as_u16(), redirect.header("x-upstream-status")), (200, "304"));
}

#[tokio::test]
async fn p32_only_known_fields_reach_the_page() {
    let dropped = [
        ("set-cookie", "a=b"),
        ("clear-site-data", "\"*\""),
        ("strict-transport-security", "max-age=1"),
        ("content-security-policy", "default-src *"),
        ("refresh", "0; url=https://evil.example"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
        ("alt-svc", "h3=\":443\""),
        ("content-disposition", "inline"),
        ("server", "x"),
        ("x-anything", "x"),
        ("timing-allow-origin", "*"),
        ("x-drydock-error", "fake"),
        ("x-drydock-seal", "realm fake"),
        ("x-upstream-status", "200"),
        ("sourcemap", "/x"),
        ("speculation-rules", "\"/x\""),
        ("nel", "{}"),
        ("report-to", "{}"),
        ("content-language", "en"),
    ];
    let passed = [
        ("docker-content-digest", DIGEST),
        ("etag", "\"x\""),
        ("accept-ranges", "bytes"),
        ("oci-subject", DIGEST),
        ("oci-filters-applied", "artifactType"),
        ("oci-chunk-min-length", "5"),
        ("retry-after", "7"),
        ("ratelimit-limit", "100;w=21600"),
        ("ratelimit-remaining", "99;w=21600"),
        ("docker-ratelimit-source", "192.0.2.1"),
        ("warning", "299 - \"deprecated\""),
        ("docker-distribution-api-version", "registry/2.0"),
        ("docker-upload-uuid", "u"),
        ("range", "0-9"),
        ("age", "3"),
    ];
    let registry = Upstream::http(move |_| {
        let fields: Vec<_> =
            dropped.into_iter().chain(passed).chain([("link", "</x>; rel=preload")]).collect();
        respond(200, &fields, "body")
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    let answer = server.get(&blob(&registry)).await;
    for (name, value) in passed {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert!(!answer.headers.contains_key("link"));
    for (name, value) in dropped {
        assert_ne!(answer.header(name), value, "{name} came through");
    }
}

#[tokio::test]
async fn p32_trailers_early_hints_and_strange_values_stay_behind() {
    let long = "x".repeat(5000);
    let registry = raw_bytes(format!(
        "HTTP/1.1 103 Early Hints\r\nLink: </evil.js>; rel=preload\r\n\r\n\
         HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n\
         Docker-Content-Digest: sh\u{e4}256\r\nWarning: 299 - \"{long}\"\r\nETag: \"e\"\r\n\r\n\
         4\r\nbody\r\n0\r\nSet-Cookie: a=b\r\nETag: \"late\"\r\n\r\n"
    ))
    .await;
    let server = Server::allowing(&[&registry]).await;
    let port = server.address.port();
    let text = server
        .raw(format!(
            "GET {} HTTP/1.1\r\nHost: localhost:{port}\r\nX-Drydock: 1\r\nTE: trailers\r\nConnection: close\r\n\r\n",
            blob(&registry)
        ))
        .await;
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert!(text.contains("etag: \"e\""), "{text}");
    assert!(text.contains("body"));
    for word in ["103", "Early", "evil.js", "railer", "ookie", "late", "sh\u{e4}256", "xxxx"] {
        assert!(!text.contains(word), "{word} came through");
    }
}

#[tokio::test]
async fn p32_only_known_fields_reach_the_registry() {
    let registry = Upstream::http(|_| ok("body")).await;
    let server = Server::allowing(&[&registry]).await;
    let answer = server
        .get_with(
            &blob(&registry),
            &[
                ("accept", "application/json"),
                ("authorization", "Bearer t"),
                ("range", "bytes=0-1"),
                ("if-none-match", "\"e\""),
                ("cookie", "a=b"),
                ("x-forwarded-for", "192.0.2.1"),
                ("x-real-ip", "192.0.2.1"),
                ("via", "1.1 me"),
                ("forwarded", "for=192.0.2.1"),
                ("referer", "http://localhost/secret"),
                ("origin", &format!("http://{}", server.address)),
                ("sec-fetch-site", "same-origin"),
                ("user-agent", "browser"),
                ("accept-encoding", "gzip, br, zstd"),
                ("accept-language", "de"),
                ("proxy-authorization", "Basic x"),
                ("expect", "something"),
                ("x-http-method-override", "DELETE"),
            ],
        )
        .await;
    assert_eq!(answer.text(), "body");
    let headers = registry.seen()[0].headers.clone();
    let mut names: Vec<_> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "accept-encoding",
            "authorization",
            "host",
            "if-none-match",
            "range",
            "user-agent"
        ]
    );
    assert_eq!(headers["accept-encoding"], "identity");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("drydock/"));
}

#[tokio::test]
async fn p33_statuses_that_are_no_answer_are_clear_errors() {
    for status_line in [
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade",
        "HTTP/1.1 000 Zero",
        "HTTP/1.1 999 Denied",
        "HTTP/1.1 600 Beyond",
        "HTTP/1.1 204 No Content\r\nContent-Length: 5",
        "HTTP/3.0 200 OK",
        "SSH-2.0-OpenSSH_9.0",
    ] {
        let registry = raw_bytes(format!("{status_line}\r\n\r\nhello")).await;
        let server = Server::allowing(&[&registry]).await;
        let answer = server.get(&blob(&registry)).await;
        let message = answer.assert_refused("upstream-protocol");
        assert!(message.contains(&registry.host()), "{status_line}: {message}");
        assert_eq!(answer.status, 502);
        // Words of ours before the number of a status, which most readers can't read.
        let said = message.replace(&registry.host(), "HOST");
        let before = said.find(|c: char| c.is_ascii_digit()).map(|at| &said[..at]);
        assert!(before.is_none_or(|before| before.ends_with(": status ")), "{message}");
    }
}

#[tokio::test]
async fn p32_p41_an_encoded_answer_is_refused_and_named() {
    let registry = Upstream::http(|seen| {
        let coding = seen.headers["accept"].to_str().unwrap();
        respond(200, &[("content-encoding", coding)], "\u{1f}\u{8b}")
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    for path in [blob(&registry), registry.path("/v2/app/manifests/latest")] {
        for coding in ["gzip", "br", "zstd", "GZIP", "gzip, br"] {
            let answer = server.get_with(&path, &[("accept", coding)]).await;
            let message = answer.assert_refused("content-encoding");
            assert!(message.contains(&coding.to_lowercase().replace(' ', "")), "{message}");
        }
        let answer = server.get_with(&path, &[("accept", "identity")]).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.headers.contains_key("content-encoding"));
    }
}

#[tokio::test]
async fn answers_to_head_keep_their_length() {
    let registry = raw(|mut tcp, head| async move {
        use tokio::io::AsyncWriteExt as _;
        assert!(head.starts_with("HEAD "), "{head}");
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1234567890123\r\n\r\n").await;
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    let answer = server.send(server.request(Method::HEAD, &blob(&registry))).await;
    assert_eq!(answer.header("content-length"), "1234567890123");
    assert!(answer.body.unwrap().is_empty());
}

#[tokio::test]
async fn answers_longer_than_their_kind_are_not_passed_on() {
    const MIB: usize = 1 << 20;
    let registry = Upstream::http(|seen| {
        let length: usize = seen.headers["accept"].to_str().unwrap().parse().unwrap();
        let status = if seen.uri.ends_with("denied") { 403 } else { 200 };
        respond(status, &[], vec![b'x'; length])
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    let manifest = registry.path("/v2/app/manifests/latest");
    let fits = server.get_with(&manifest, &[("accept", &(4 * MIB).to_string())]).await;
    assert_eq!(fits.body.unwrap().len(), 4 * MIB);
    let message = server
        .get_with(&manifest, &[("accept", &(4 * MIB + 1).to_string())])
        .await
        .assert_refused("too-large");
    assert!(message.contains("exceeds the 4194304 byte limit"), "{message}");
    let denied = registry.path("/v2/app/manifests/denied");
    let cut = server.get_with(&denied, &[("accept", &MIB.to_string())]).await;
    assert_eq!((cut.status.as_u16(), cut.body.unwrap().len()), (403, 64 * 1024));
    let endless = raw(|mut tcp, _| async move {
        use tokio::io::AsyncWriteExt as _;
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while tcp.write_all(&[b' '; 65536]).await.is_ok() {}
    })
    .await;
    let server = Server::allowing(&[&endless]).await;
    let answer = server.get(&endless.path("/v2/app/manifests/latest")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.is_err(), "an endless manifest ended cleanly");
}
