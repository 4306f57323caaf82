use std::io::Write;
use std::sync::{Arc, Mutex};

use http::Method;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{DIGEST, World, respond};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn p43_nothing_secret_is_logged_at_any_level() {
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(kept.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let world = World::new();
    world.https("cdn.log.example", "93.184.216.41", |_| respond(200, &[], "blob")).await;
    world
        .https("log.example", "93.184.216.40", |seen| match seen.method.as_str() {
            "POST" => respond(202, &[("location", "/up/canary-session?state=canary-state")], ""),
            "PUT" => respond(201, &[("docker-content-digest", "canary-answer")], ""),
            _ if seen.uri.ends_with("canary-tag") => respond(
                401,
                &[("www-authenticate", "Bearer realm=\"/t?k=canary-realm\"")],
                "canary-text",
            ),
            _ if seen.uri.ends_with("broken") => {
                respond(302, &[("location", "https://10.0.0.1/canary-private?s=canary-s")], "")
            }
            _ => {
                respond(307, &[("location", "https://cdn.log.example/b?sig=canary-signature")], "")
            }
        })
        .await;
    let server = world.serve(|_| {}).await;
    let login = [("authorization", "Basic Y2FuYXJ5LXBhc3N3b3Jk"), ("cookie", "canary-cookie")];
    let base = "/-/proxy/https/log.example/v2/canary-repository";
    for path in [
        format!("{base}/blobs/{DIGEST}"),
        format!("{base}/manifests/canary-tag"),
        format!("{base}/manifests/broken"),
        format!("{base}/tags/list?last=canary-last"),
        "/-/proxy/https/log.example/canary-path?token=canary-token".to_owned(),
    ] {
        server.get_with(&path, &login).await;
    }
    server.get_with(&format!("{base}/manifests/x"), &[("x-drydock-seal", "canary-seal")]).await;
    let post = server.request(Method::POST, &format!("{base}/blobs/uploads/"));
    let (_, token) = server.send(post).await.seals().remove(0);
    let path = "/-/proxy/https/log.example/up/canary-session?state=canary-state&digest=sha256:a";
    let mut put = server.request(Method::PUT, path);
    put.headers_mut().insert("x-drydock-seal", token.parse().unwrap());
    put.headers_mut().insert("authorization", "Bearer canary-bearer".parse().unwrap());
    *put.body_mut() = "canary-body".into();
    assert_eq!(server.send(put).await.status, 201);

    let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    for secret in ["canary", "Y2FuYXJ5LXBhc3N3b3Jk", &token] {
        assert!(!log.contains(secret), "{secret} was logged:\n{log}");
    }
    let line = log
        .lines()
        .find(|line| line.contains("/v2/<name>/blobs/<digest>") && line.contains("log.example"))
        .unwrap_or_else(|| panic!("no line for the blob:\n{log}"));
    for field in ["method=GET", "status=200", "bytes=4", "ms="] {
        assert!(line.contains(field), "{field} in {line}");
    }
}
