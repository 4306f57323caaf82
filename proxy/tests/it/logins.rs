//! The logins of this machine: whom they reach, and whom never.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use drydock_proxy::config::Config;
use drydock_proxy::logins::Logins;
use drydock_proxy::scratch::{self, Settings};
use http::{Method, Request, Response};
use http_body_util::Full;

use crate::support::{Answer, DIGEST, Seen, Server, Upstream, World, allow, blob, ok, respond};

const SECRET: &str = "canary-secret";
const A: &str = "93.184.216.34";
const B: &str = "93.184.216.35";
const C: &str = "93.184.216.36";
const CHALLENGE: (&str, &str) =
    ("www-authenticate", "Bearer realm=\"https://auth.example/token\",service=\"reg\"");
const BASIC: (&str, &str) = ("www-authenticate", "Basic realm=\"reg\"");
const TOKEN: &str =
    r#"{"token":"short","access_token":"short","refresh_token":"long","expires_in":300}"#;
const ASKED: &str = "/-/proxy/https/auth.example/token?service=reg&scope=repository%3Aapp%3Apull";

fn pair() -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("user:{SECRET}"))
}

/// A docker config of this machine.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        Self(folder)
    }

    /// One with a password for each of these registries.
    fn knowing(registries: &[&str]) -> Self {
        let auths = registries.iter().map(|name| format!(r#""{name}":{{"auth":"{}"}}"#, pair()));
        Self::new(&format!(r#"{{"auths":{{{}}}}}"#, auths.collect::<Vec<_>>().join(",")))
    }

    fn set(&self, config: &mut Config) {
        config.logins = Some(Arc::new(Logins::new(vec![self.file()])));
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("config.json")
    }
}

/// A request that asks for the login of `registry`.
fn asking(server: &Server, path: &str, registry: &str, seal: Option<&str>) -> Request<Full<Bytes>> {
    let mut request = server.request(Method::GET, path);
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Kept {registry}").parse().unwrap());
    if let Some(seal) = seal {
        headers.insert("x-drydock-seal", seal.parse().unwrap());
    }
    request
}

/// The seal on the realm that a registry names when it is asked.
async fn realm(server: &Server, registry: &str) -> String {
    let answer = server.get(&format!("/-/proxy/https/{registry}/v2/")).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    answer.seals().remove(0).1
}

fn authorizations(upstream: &Upstream) -> Vec<Option<String>> {
    let text = |seen: &Seen| Some(seen.headers.get("authorization")?.to_str().unwrap().to_owned());
    upstream.seen().iter().map(text).collect()
}

fn shows_no_secret(answer: &Answer) {
    let all = format!("{:?} {}", answer.headers, answer.text());
    assert!(!all.contains(SECRET) && !all.contains(&pair()), "{all}");
}

#[tokio::test]
async fn l1_a_login_goes_to_the_token_service_that_its_registry_named() {
    let world = World::new();
    let registry = world.https("reg.example", A, |_| respond(401, &[CHALLENGE], "")).await;
    let auth = world.https("auth.example", B, |_| respond(200, &[], TOKEN)).await;
    let machine = Machine::knowing(&["reg.example"]);
    let server = world.serve(|config| machine.set(config)).await;
    let seal = realm(&server, "reg.example").await;
    let answer = server.send(asking(&server, ASKED, "reg.example", Some(&seal))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // A refresh token would be as good as the login.
    assert_eq!(answer.text(), r#"{"token":"short","access_token":"short","expires_in":300}"#);
    assert_eq!(authorizations(&auth), [Some(format!("Basic {}", pair()))]);
    let seen = auth.seen().remove(0);
    assert_eq!(seen.uri, "/token?service=reg&scope=repository%3Aapp%3Apull");
    assert!(seen.headers.keys().all(|name| !name.as_str().starts_with("x-drydock")));
    assert_eq!(authorizations(&registry), [None], "a registry with tokens gets no password");
}

#[tokio::test]
async fn l2_a_login_goes_to_no_token_service_that_another_registry_named() {
    let world = World::new();
    let challenge = |_: &Seen| respond(401, &[CHALLENGE], "");
    world.https("reg.example", A, challenge).await;
    world.https("evil.example", C, challenge).await;
    let auth = world.https("auth.example", B, |_| respond(200, &[], TOKEN)).await;
    let machine = Machine::knowing(&["reg.example", "auth.example"]);
    let server = world.serve(|config| machine.set(config)).await;
    let evil = realm(&server, "evil.example").await;
    let own = realm(&server, "reg.example").await;
    let elsewhere = ASKED.replace("/token", "/other");
    for (path, registry, seal, code) in [
        // The same URL, and named by another.
        (ASKED, "reg.example", Some(&evil), "login"),
        // One for which there is no login, and one whose own realm this is not.
        (ASKED, "evil.example", Some(&evil), "login"),
        (ASKED, "auth.example", Some(&own), "login"),
        // A place that nobody named, and a seal for another.
        (ASKED, "reg.example", None, "path-not-allowed"),
        (elsewhere.as_str(), "reg.example", Some(&own), "path-not-allowed"),
    ] {
        let request = asking(&server, path, registry, seal.map(String::as_str));
        let answer = server.send(request).await;
        answer.assert_refused(code);
        shows_no_secret(&answer);
    }
    let mut post = asking(&server, ASKED, "reg.example", Some(&own));
    *post.method_mut() = Method::POST;
    server.send(post).await.assert_refused("login");
    assert!(auth.seen().is_empty());
}

#[tokio::test]
async fn l3_a_password_goes_to_its_registry_once_that_has_asked_for_one_and_to_no_other() {
    let world = World::new();
    let by_password = |seen: &Seen| match seen.headers.contains_key("authorization") {
        true => ok("let in"),
        false => respond(401, &[BASIC], ""),
    };
    let registry = world.https("reg.example", A, by_password).await;
    let other = world.https("other.example", B, by_password).await;
    let tokens = world.https("tokens.example", C, |_| respond(401, &[CHALLENGE], "")).await;
    let machine = Machine::knowing(&["reg.example", "tokens.example"]);
    let server = world.serve(|config| machine.set(config)).await;
    let path = blob("reg.example");
    for _ in 0..2 {
        let answer = server.send(asking(&server, &path, "reg.example", None)).await;
        assert_eq!(answer.text(), "let in");
    }
    let basic = Some(format!("Basic {}", pair()));
    assert_eq!(authorizations(&registry), [None, basic.clone(), basic]);
    let answer = server.send(asking(&server, &blob("other.example"), "reg.example", None)).await;
    assert!(answer.assert_refused("login").contains("other.example"));
    let answer =
        server.send(asking(&server, &blob("tokens.example"), "tokens.example", None)).await;
    assert_eq!(answer.status, 401);
    assert!(other.seen().is_empty());
    assert_eq!(authorizations(&tokens), [None], "it did not ask for a password");
}

#[tokio::test]
async fn l4_no_other_site_or_name_uses_a_login_or_learns_of_one() {
    let world = World::new();
    let registry = world.https("reg.example", A, |_| respond(401, &[BASIC], "")).await;
    let machine = Machine::knowing(&["reg.example"]);
    let server = world.serve(|config| machine.set(config)).await;
    for path in [blob("reg.example"), "/-/logins".to_owned(), "/v2/".to_owned()] {
        for (name, value) in [
            ("x-drydock", None),
            ("x-drydock", Some("0")),
            ("origin", Some("https://evil.example")),
            ("origin", Some("null")),
            ("origin", Some("http://localhost:3000")),
            ("host", Some("rebound.example")),
            ("sec-fetch-site", Some("cross-site")),
            ("sec-fetch-site", Some("same-site")),
        ] {
            let mut request = asking(&server, &path, "reg.example", None);
            match value {
                Some(value) => drop(request.headers_mut().insert(name, value.parse().unwrap())),
                None => {
                    // What a browser says of the page's own plain GET is not enough here.
                    request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
                    request.headers_mut().remove(name);
                }
            }
            let answer = server.send(request).await;
            answer.assert_refused("foreign-origin");
            assert!(!answer.text().contains("reg.example"), "{path} {name} {value:?}");
        }
    }
    assert!(registry.seen().is_empty());
}

#[tokio::test]
async fn l5_no_redirect_carries_a_login_on() {
    let world = World::new();
    let to = |place: &'static str| respond(307, &[("location", place)], "");
    let b = world.https("b.example", C, |_| ok("the blob")).await;
    let auth = world.https("auth.example", B, move |_| to("https://b.example/v2/")).await;
    let registry = world
        .https("reg.example", A, move |seen| match &*seen.uri {
            "/v2/" => respond(401, &[CHALLENGE], ""),
            _ if seen.headers.contains_key("authorization") => to("https://b.example/store/blob"),
            _ => respond(401, &[BASIC], ""),
        })
        .await;
    let machine = Machine::knowing(&["reg.example"]);
    let server = world.serve(|config| machine.set(config)).await;
    let seal = realm(&server, "reg.example").await;
    let answer = server.send(asking(&server, ASKED, "reg.example", Some(&seal))).await;
    assert!(answer.assert_refused("redirect").contains("no further"));
    assert_eq!((auth.seen().len(), b.seen().len()), (1, 0));
    let answer = server.send(asking(&server, &blob("reg.example"), "reg.example", None)).await;
    assert_eq!(answer.text(), "the blob");
    assert_eq!(authorizations(&b), [None]);
    assert_eq!(authorizations(&registry).iter().flatten().count(), 1);
}

#[tokio::test]
async fn l6_the_page_learns_names_and_nothing_else() {
    let machine = Machine::new(&format!(
        r#"{{"auths":{{"https://index.docker.io/v1/":{{"auth":"{}"}},
            "ghcr.io":{{"identitytoken":"{SECRET}"}},"odd.example":{{"registrytoken":"{SECRET}"}}}},
            "credHelpers":{{"gcr.io":"gcloud"}}}}"#,
        pair()
    ));
    let server = Server::start(|config| machine.set(config)).await;
    let answer = server.get("/-/logins").await;
    assert_eq!(
        answer.text(),
        concat!(
            r#"{"logins":[{"registry":"docker.io"},{"registry":"gcr.io"},{"registry":"ghcr.io"},"#,
            r#"{"registry":"odd.example","unusable":"it is a bare registry token, which would have to come into this page"}]}"#
        )
    );
    assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(server.get("/-/config").await.text().contains(r#""logins":true"#));
    let post = server.send(server.request(Method::POST, "/-/logins")).await;
    assert_eq!(post.status, 405);
    // What is written there later counts, too.
    std::fs::write(
        machine.file(),
        format!(r#"{{"auths":{{"new.example":{{"auth":"{}"}}}}}}"#, pair()),
    )
    .unwrap();
    assert_eq!(server.get("/-/logins").await.text(), r#"{"logins":[{"registry":"new.example"}]}"#);
}

/// The page asks for any path of a registry with its login, so one for a part of it is none.
#[tokio::test]
async fn l13_a_login_for_a_namespace_is_not_offered_for_its_registry() {
    let world = World::new();
    let registry = world.https("reg.example", A, |_| respond(401, &[BASIC], "")).await;
    let machine = Machine::knowing(&["reg.example/team", "https://other.example/v1/"]);
    let server = world.serve(|config| machine.set(config)).await;
    assert_eq!(
        server.get("/-/logins").await.text(),
        r#"{"logins":[{"registry":"other.example"}]}"#
    );
    for path in ["team/app", "app"] {
        // Now it is known that the registry asks for a password.
        let path = format!("/-/proxy/https/reg.example/v2/{path}/manifests/1");
        server.get(&path).await;
        let answer = server.send(asking(&server, &path, "reg.example", None)).await;
        answer.assert_refused("login");
        shows_no_secret(&answer);
    }
    assert!(authorizations(&registry).iter().all(Option::is_none));
}

#[tokio::test]
async fn l7_without_the_option_there_are_no_logins() {
    let registry = Upstream::http(|_| respond(401, &[BASIC], "")).await;
    let server = Server::allowing(&[&registry]).await;
    assert!(server.get("/-/config").await.text().contains(r#""logins":false"#));
    server.get("/-/logins").await.assert_refused("login");
    let path = registry.path("/v2/");
    let request = asking(&server, &path, &registry.host(), None);
    assert!(server.send(request).await.assert_refused("login").contains("--docker-config"));
    server.send(asking(&server, "/v2/", "localhost:1", None)).await.assert_refused("login");
    for wrong in ["Kept", "Kept no registry", "kept "] {
        let answer = server.get_with(&path, &[("authorization", wrong)]).await;
        answer.assert_refused("bad-request");
    }
    assert!(registry.seen().is_empty(), "what stands for a login reaches nobody");
}

#[tokio::test]
async fn l8_an_identity_token_is_exchanged_here() {
    let machine =
        Machine::new(&format!(r#"{{"auths":{{"reg.example":{{"identitytoken":"{SECRET}"}}}}}}"#));
    for exchanges in [true, false] {
        let world = World::new();
        world.https("reg.example", A, |_| respond(401, &[CHALLENGE], "")).await;
        let answer = move |seen: &Seen| match seen.method == Method::POST && !exchanges {
            true => respond(404, &[], ""),
            false => respond(
                200,
                &[],
                format!(r#"{{"access_token":"short","refresh_token":"{SECRET}"}}"#),
            ),
        };
        let auth = world.https("auth.example", B, answer).await;
        let server = world.serve(|config| machine.set(config)).await;
        let seal = realm(&server, "reg.example").await;
        let asked = format!("{ASKED}&scope=repository%3Aother%3Apull");
        let answer = server.send(asking(&server, &asked, "reg.example", Some(&seal))).await;
        assert_eq!(answer.text(), r#"{"access_token":"short"}"#);
        let seen = auth.seen();
        assert_eq!((&seen[0].method, &*seen[0].uri), (&Method::POST, "/token"));
        assert_eq!(seen[0].headers["content-type"], "application/x-www-form-urlencoded");
        assert!(!seen[0].headers.contains_key("authorization"));
        assert_eq!(
            seen[0].body,
            format!(
                "grant_type=refresh_token&refresh_token={SECRET}&service=reg&client_id=drydock\
                 &scope=repository%3Aapp%3Apull+repository%3Aother%3Apull&access_type=offline"
            )
        );
        assert_eq!(seen.len(), if exchanges { 1 } else { 2 });
        if let Some(second) = seen.get(1) {
            assert_eq!(second.method, Method::GET);
            assert!(second.headers["authorization"].to_str().unwrap().starts_with("Basic "));
        }
    }
}

#[tokio::test]
async fn l9_who_says_a_login_back_does_not_bring_it_into_the_page() {
    let world = World::new();
    let back = |seen: &Seen| -> Option<String> {
        Some(seen.headers.get("authorization")?.to_str().unwrap().to_owned())
    };
    world
        .https("reg.example", A, move |seen| match (&*seen.uri, back(seen)) {
            ("/v2/", _) => respond(401, &[CHALLENGE], ""),
            (_, Some(login)) => respond(403, &[("warning", &login)], format!("{login} {SECRET}")),
            _ => respond(401, &[BASIC], ""),
        })
        .await;
    world
        .https("auth.example", B, move |seen| {
            let login = back(seen).unwrap();
            let status = if seen.uri.contains("denied") { 403 } else { 200 };
            let token = login.trim_start_matches("Basic ").to_owned();
            respond(status, &[("warning", &login)], format!(r#"{{"token":"{token}"}}"#))
        })
        .await;
    let machine = Machine::knowing(&["reg.example"]);
    let server = world.serve(|config| machine.set(config)).await;
    let seal = realm(&server, "reg.example").await;
    let answer = server.send(asking(&server, ASKED, "reg.example", Some(&seal))).await;
    answer.assert_refused("upstream-protocol");
    shows_no_secret(&answer);
    for (path, seal) in [(format!("{ASKED}&denied=1"), Some(&*seal)), (blob("reg.example"), None)] {
        let answer = server.send(asking(&server, &path, "reg.example", seal)).await;
        assert_eq!((answer.status.as_u16(), &*answer.text()), (403, ""));
        shows_no_secret(&answer);
    }
}

#[tokio::test]
async fn l10_plain_http_only_where_the_registry_itself_was_allowed_so() {
    let token = Upstream::http(|_| respond(200, &[], TOKEN)).await;
    let realm_url = format!("Bearer realm=\"http://{}/token\"", token.host());
    let challenge = realm_url.clone();
    let plain =
        Upstream::http(move |_| respond(401, &[("www-authenticate", &challenge)], "")).await;
    let machine = Machine::knowing(&[&plain.host()]);
    let server = Server::start(|config| {
        allow(config, &[&plain, &token]);
        machine.set(config);
    })
    .await;
    let seal = server.get(&plain.path("/v2/")).await.seals().remove(0).1;
    let path = token.path("/token?service=reg");
    let answer = server.send(asking(&server, &path, &plain.host(), Some(&seal))).await;
    assert!(answer.text().contains("short"), "{answer:?}");
    // The same registry over https is not where its login belongs.
    let other = format!("/-/proxy/https/{}/v2/", plain.host());
    server.send(asking(&server, &other, &plain.host(), None)).await.assert_refused("login");
}

#[tokio::test]
async fn l11_a_copy_and_the_scratch_registry_use_them_too() {
    let by_password = |seen: &Seen| -> Response<Full<Bytes>> {
        match seen.headers.contains_key("authorization") {
            true => ok(""),
            false => respond(401, &[BASIC], ""),
        }
    };
    let from = Upstream::http(by_password).await;
    let to = Upstream::http(|_| respond(201, &[], "")).await;
    let machine = Machine::knowing(&[&from.host()]);
    let hash = bcrypt::hash(SECRET, 4).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("logins");
    std::fs::write(&file, format!("user:{hash}\n")).unwrap();
    let logins = drydock_registry::Logins::read(&file).unwrap();
    let access = Some(drydock_registry::Access::logins(logins));
    let router = scratch::router(Settings { access, ..Settings::default() }).unwrap();
    let server = Server::start(|config| {
        allow(config, &[&from, &to]);
        machine.set(config);
        config.scratch = Some(router);
    })
    .await;
    // The empty blob, of no bytes but one request.
    let mut order =
        server.request(Method::PUT, &to.path(&format!("/v2/a/blobs/uploads/1?digest={DIGEST}")));
    for (name, value) in [
        ("x-drydock-from", from.path(&format!("/v2/a/blobs/{DIGEST}"))),
        ("x-drydock-from-size", "1".to_owned()),
        ("x-drydock-from-range", "bytes=0-0".to_owned()),
        ("x-drydock-from-authorization", format!("Kept {}", from.host())),
    ] {
        order.headers_mut().insert(name, value.parse().unwrap());
    }
    let told = server.send(order).await.text();
    assert!(told.contains("source"), "{told}");
    assert_eq!(authorizations(&from), [None, Some(format!("Basic {}", pair()))], "{told}");

    let own = server.address.to_string();
    let both = [from.host(), own.clone()];
    let both: Vec<&str> = both.iter().map(String::as_str).collect();
    std::fs::copy(Machine::knowing(&both).file(), machine.file()).unwrap();
    assert_eq!(server.get("/v2/").await.status, 401);
    assert_eq!(server.send(asking(&server, "/v2/", &own, None)).await.status, 200);
    let other = server.send(asking(&server, "/v2/", &from.host(), None)).await;
    other.assert_refused("login");
}
