use drydock_proxy::assets::Page;

use crate::support::{Answer, Server};

const INDEX: &str =
    "<!doctype html><script type=\"module\">start()</script><script src=\"/x.js\"></script>";
/// SHA-256 of `start()` in base64, by openssl.
const HASH: &str = "DIm7WJS6ZKDYe5qFLPy+h4JFI9Bol5QmYC57mt3Fb00=";

static FILES: &[(&str, &[u8])] = &[
    ("app-0123456789abcdef.js", b"plain"),
    ("app-0123456789abcdef.js.br", b"brotli"),
    ("app-0123456789abcdef.js.gz", b"gzip"),
    ("index.html", INDEX.as_bytes()),
    ("only.css", b"a{}"),
    ("only.css.gz", b"gzipped"),
    ("worker_bg.wasm", b"\0asm"),
];

async fn server() -> Server {
    Server::start(|config| config.page = Page::Embedded(FILES)).await
}

async fn asset(server: &Server, name: &str, encoding: &str) -> Answer {
    server.get_with(&format!("/-/assets/{name}"), &[("accept-encoding", encoding)]).await
}

#[tokio::test]
async fn every_view_is_answered_with_the_page_under_a_strict_policy() {
    let server = server().await;
    for path in [
        "/",
        "/alpine:3.20",
        "/localhost:5000/debian:demo",
        "/ghcr.io/o/a/-/files/etc/os-release?layer=3",
        "/-/draft",
        "/a/b/c.js",
        "/index.html",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.text(), INDEX, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache");
        let csp = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            &format!("script-src {}/-/assets/ 'wasm-unsafe-eval' 'sha256-{HASH}';", server.address),
            "style-src 'self';",
            "connect-src 'self'",
            &format!("worker-src {}/-/assets/;", server.address),
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        ] {
            assert!(csp.contains(part), "{part} in {csp}");
        }
        assert!(!csp.contains("'unsafe-eval'"), "{csp}");
    }
    assert_eq!(server.send(server.request(http::Method::POST, "/alpine")).await.status, 405);
}

#[tokio::test]
async fn a2_scripts_come_from_the_pages_folder_under_the_names_that_browsers_see() {
    let server = Server::start(|config| {
        config.page = Page::Embedded(FILES);
        let given = ["app.example".to_owned()];
        config.names = drydock_proxy::policy::origin::OwnNames::new(config.listen, &given);
    })
    .await;
    let port = server.address.port();
    for (host, folders) in [
        (format!("localhost:{port}"), format!("localhost:{port}/-/assets/ app.example/-/assets/")),
        (format!("LocalHost:{port}"), format!("localhost:{port}/-/assets/ app.example/-/assets/")),
        ("app.example".to_owned(), "app.example/-/assets/".to_owned()),
        // No policy can name an IPv6 address.
        (format!("[::1]:{port}"), "app.example/-/assets/".to_owned()),
    ] {
        for path in ["/", "/alpine:3.20", "/-/assets/worker_bg.wasm"] {
            let answer = server.get_with(path, &[("host", &host)]).await;
            let policy = answer.header("content-security-policy").to_owned();
            for directive in ["script-src", "worker-src"] {
                let sources = policy.split("; ").find(|part| part.starts_with(directive)).unwrap();
                assert!(sources.starts_with(&format!("{directive} {folders}")), "{sources}");
                assert!(!sources.contains("'self'"), "{sources}");
            }
        }
    }
}

#[tokio::test]
async fn assets_come_compressed_where_the_browser_takes_that() {
    let server = server().await;
    let hashed = "app-0123456789abcdef.js";
    for (accepted, encoding, body) in [
        ("gzip, deflate, br, zstd", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip", "gzip"),
        ("br; q=0.000", "", "plain"),
        ("identity", "", "plain"),
        ("brotli", "", "plain"),
    ] {
        let answer = asset(&server, hashed, accepted).await;
        assert_eq!(
            (answer.header("content-encoding"), answer.text().as_str()),
            (encoding, body),
            "{accepted}"
        );
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(answer.header("vary"), "Accept-Encoding");
    }
    assert_eq!(asset(&server, "only.css", "br, gzip").await.text(), "gzipped");
    assert_eq!(
        asset(&server, "worker_bg.wasm", "br").await.header("content-type"),
        "application/wasm"
    );
}

#[tokio::test]
async fn only_files_named_by_their_hash_are_kept_for_good() {
    let server = server().await;
    let hashed = asset(&server, "app-0123456789abcdef.js", "").await;
    assert_eq!(hashed.header("cache-control"), "public, max-age=31536000, immutable");
    let worker = asset(&server, "worker_bg.wasm", "").await;
    assert_eq!(worker.header("cache-control"), "no-cache");
    assert!(
        worker
            .header("content-security-policy")
            .contains(&format!("script-src {}/-/assets/ 'wasm-unsafe-eval';", server.address))
    );
    let tag = worker.header("etag").to_owned();
    let again = server.get_with("/-/assets/worker_bg.wasm", &[("if-none-match", &tag)]).await;
    assert_eq!((again.status.as_u16(), again.text().as_str()), (304, ""));
}

#[tokio::test]
async fn nothing_outside_the_page_is_served() {
    let directory = std::env::temp_dir().join(format!("drydock-page-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("page/sub")).unwrap();
    std::fs::write(directory.join("secret.txt"), "secret").unwrap();
    std::fs::write(directory.join("page/.hidden"), "secret").unwrap();
    std::fs::write(directory.join("page/sub/file.txt"), "open").unwrap();
    let server =
        Server::start(|config| config.page = Page::directory(&directory.join("page"))).await;
    assert_eq!(server.get("/-/assets/sub/file.txt").await.text(), "open");
    for name in [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "sub/../../secret.txt",
        ".hidden",
        "",
        "sub",
        "/etc/passwd",
        "sub//file.txt",
    ] {
        let text = server
            .raw(format!(
                "GET /-/assets/{name} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                server.address
            ))
            .await;
        assert!(text.starts_with("HTTP/1.1 404"), "{name}: {text}");
    }
    let answer = server.get("/").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("cargo xtask run"), "{}", answer.text());
    std::fs::remove_dir_all(directory).unwrap();
}
