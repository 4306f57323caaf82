use drydock_proxy::policy::link::{next_pages, replace_realms};
use drydock_proxy::policy::seal::{Key, Kind, LIFETIME_SECONDS};
use drydock_proxy::policy::target::Target;
use http::Method;

use crate::support::{Server, Upstream, World, ok, respond};

fn key() -> Key {
    Key::new(&[7; 32]).unwrap()
}

fn url(text: &str) -> Target {
    Target::from_parts("https", "r.example", "/", None).unwrap().join(text).unwrap()
}

#[test]
fn a_seal_opens_only_with_its_key_and_in_its_time() {
    let target = url("https://auth.example/token");
    let token = key().seal(Kind::Realm, &target, &url("/").origin, 1000);
    assert!(key().open(&token, 1000).is_ok());
    assert!(key().open(&token, 1000 + LIFETIME_SECONDS - 1).is_ok());
    assert!(key().open(&token, 1000 + LIFETIME_SECONDS).is_err());
    assert!(Key::new(&[8; 32]).unwrap().open(&token, 1000).is_err());
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(key().open(&changed, 1000).is_err(), "byte {at} changed");
    }
    for text in ["", ".", "a.b", &"a".repeat(100_000)] {
        assert!(key().open(text, 1000).is_err());
    }
}

#[test]
fn each_kind_of_seal_allows_its_own_changes_only() {
    let check = |kind, sealed: &str, asked: &str| {
        let token = key().seal(kind, &url(sealed), &url("/").origin, 0);
        key().open(&token, 0).unwrap().admits(&url(asked)).is_ok()
    };
    for (kind, sealed, asked, admitted) in [
        (Kind::Realm, "/token", "/token", true),
        (Kind::Realm, "/token", "/token?scope=a&service=b", true),
        (Kind::Realm, "/token?of=1", "/token?of=1&scope=a", true),
        (Kind::Realm, "/token?of=1", "/token?of=1", true),
        (Kind::Realm, "/token?of=1", "/token?of=12", false),
        (Kind::Realm, "/token?of=1", "/token?scope=a&of=1", false),
        (Kind::Realm, "/token?of=1", "/token", false),
        (Kind::Realm, "/token", "/token/", false),
        (Kind::Realm, "/token", "https://s.example/token", false),
        (Kind::Realm, "/token", "https://r.example:5000/token", false),
        (Kind::Link, "/p?n=1", "/p?n=1", true),
        (Kind::Link, "/p?n=1", "/p?n=1&x=2", false),
        (Kind::Link, "/p?n=1", "/p", false),
        (Kind::Link, "/p", "/p?n=1", false),
        (Kind::Location, "/u?s=1", "/u?s=1", true),
        (Kind::Location, "/u?s=1", "/u?s=1&digest=sha256:a", true),
        (Kind::Location, "/u", "/u?digest=sha256:a&digest-algorithm=sha512", true),
        (Kind::Location, "/u?s=1", "/u?s=12", false),
        (Kind::Location, "/u?s=1", "/u?digest=sha256:a&s=1", false),
        (Kind::Location, "/u?s=1", "/u?s=1&path=x", false),
        (Kind::Location, "/u?s=1", "/u", false),
        (Kind::Location, "/u", "/v?digest=sha256:a", false),
    ] {
        assert_eq!(check(kind, sealed, asked), admitted, "{kind:?} {sealed} for {asked}");
    }
}

#[test]
fn realms_are_found_in_every_form_of_challenge() {
    for (header, expected, written) in [
        (
            r#"Bearer realm="https://a/t",service="s""#,
            vec!["https://a/t"],
            r#"Bearer realm="X",service="s""#,
        ),
        (r"Bearer realm=https://a/t", vec!["https://a/t"], r#"Bearer realm="X""#),
        (r#"bearer scope="a,b" , REALM = "/t""#, vec!["/t"], r#"bearer scope="a,b" , REALM = "X""#),
        (
            r#"Basic realm="Registry", Bearer realm="/t""#,
            vec!["/t"],
            r#"Basic realm="Registry", Bearer realm="X""#,
        ),
        (
            r#"Bearer service="realm=\"no\"",realm="/t""#,
            vec!["/t"],
            r#"Bearer service="realm=\"no\"",realm="X""#,
        ),
        (r#"Bearer realm="a",realm="b""#, vec!["a", "b"], r#"Bearer realm="X",realm="X""#),
        (r#"Bearer realm="unclosed"#, vec!["unclosed"], r#"Bearer realm="X""#),
        (r#"Basic realm="Harbor""#, vec![], r#"Basic realm="Harbor""#),
        ("Bearer", vec![], "Bearer"),
        ("", vec![], ""),
        ("Bearer realm", vec![], "Bearer realm"),
        ("Bearer realm=", vec![""], "Bearer realm=\"X\""),
    ] {
        let mut realms = Vec::new();
        let result = replace_realms(header, |realm| {
            realms.push(realm.to_owned());
            Some("X".to_owned())
        });
        assert_eq!(realms, expected, "{header}");
        assert_eq!(result, written, "{header}");
        assert_eq!(replace_realms(header, |_| None), header, "left alone");
    }
}

#[test]
fn only_links_to_the_next_page_are_found() {
    for (header, expected) in [
        (r#"</v2/_catalog?last=a&n=1>; rel="next""#, vec!["/v2/_catalog?last=a&n=1"]),
        ("<a>; rel=next", vec!["a"]),
        (r#"<p>; rel="prev", <n>; rel="last next"; title="x""#, vec!["n"]),
        (r"<evil.js>; rel=preload; as=script", vec![]),
        ("<a>", vec![]),
        ("<a", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(next_pages(header), expected, "{header}");
    }
}

const A: &str = "93.184.216.34";
const B: &str = "93.184.216.35";

#[tokio::test]
async fn a_token_service_is_reached_through_its_seal_only() {
    let world = World::new();
    let auth = world.https("auth.example", B, |_| ok("{\"token\":\"t\"}")).await;
    world
        .https("a.example", A, |_| {
            respond(
                401,
                &[(
                    "www-authenticate",
                    "Bearer realm=\"https://auth.example/token\",service=\"a\"",
                )],
                "",
            )
        })
        .await;
    let server = world.serve(|_| {}).await;
    let answer = server.get("/-/proxy/https/a.example/v2/").await;
    assert_eq!(answer.status, 401);
    assert!(!answer.headers.contains_key("www-authenticate"));
    assert_eq!(
        answer.header("x-upstream-www-authenticate"),
        "Bearer realm=\"https://auth.example/token\",service=\"a\""
    );
    let (kind, token) = answer.seals().remove(0);
    assert_eq!(kind, "realm");
    let path = "/-/proxy/https/auth.example/token?service=a&scope=repository%3Aapp%3Apull";
    server.get(path).await.assert_refused("path-not-allowed");
    let headers = [("x-drydock-seal", token.as_str()), ("authorization", "Basic dTpw")];
    assert_eq!(server.get_with(path, &headers).await.text(), "{\"token\":\"t\"}");
    assert_eq!(auth.seen()[0].headers["authorization"], "Basic dTpw");
    assert!(!auth.seen()[0].headers.contains_key("x-drydock-seal"));
    let other = server.get_with("/-/proxy/https/auth.example/admin", &headers).await;
    other.assert_refused("path-not-allowed");
    let stranger = world.serve(|_| {}).await;
    stranger.get_with(path, &headers).await.assert_refused("path-not-allowed");
    assert_eq!(auth.seen().len(), 1);
}

#[tokio::test]
async fn relative_realms_and_links_come_absolute_and_what_is_not_allowed_gets_no_token() {
    let registry = Upstream::http(|_| {
        respond(
            401,
            &[
                ("www-authenticate", "Bearer realm=\"/token\""),
                ("www-authenticate", "Bearer realm=\"https://10.0.0.1/token\""),
                ("link", "</v2/_catalog?last=x>; rel=\"next\", <style.css>; rel=preload"),
            ],
            "",
        )
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    let answer = server.get(&registry.path("/v2/_catalog")).await;
    let host = registry.host();
    let challenges: Vec<_> = answer.headers.get_all("x-upstream-www-authenticate").iter().collect();
    assert_eq!(challenges[0], &format!("Bearer realm=\"http://{host}/token\""));
    assert_eq!(answer.header("link"), format!("<http://{host}/v2/_catalog?last=x>; rel=\"next\""));
    let seals = answer.seals();
    assert_eq!(seals[1], ("realm".to_owned(), "-".to_owned()));
    assert_eq!((seals[0].0.as_str(), seals[2].0.as_str()), ("realm", "link"));
    assert_eq!(seals.len(), 3);
}

#[tokio::test]
async fn an_upload_on_another_host_gets_no_login() {
    let world = World::new();
    let store = world.https("b.example", B, |_| respond(201, &[], "")).await;
    let a = world
        .https("a.example", A, |seen| {
            let at = match seen.method.as_str() {
                "POST" if seen.headers.contains_key("accept") => "https://b.example/up",
                _ => "/up/1?state=x",
            };
            respond(202, &[("location", at)], "")
        })
        .await;
    let server = world.serve(|_| {}).await;
    let start = |accept: bool| {
        let path = "/-/proxy/https/a.example/v2/app/blobs/uploads/";
        let mut request = server.request(Method::POST, path);
        if accept {
            request.headers_mut().insert("accept", "x".parse().unwrap());
        }
        request
    };
    let put = |path: &str, token: &str| {
        let mut request = server.request(Method::PUT, path);
        request.headers_mut().insert("x-drydock-seal", token.parse().unwrap());
        request.headers_mut().insert("authorization", "Bearer t".parse().unwrap());
        *request.body_mut() = "data".into();
        request
    };
    let (_, token) = server.send(start(true)).await.seals().remove(0);
    server.send(put("/-/proxy/https/b.example/up?digest=sha256:a", &token)).await;
    assert!(!store.seen()[0].headers.contains_key("authorization"));
    assert_eq!(store.seen()[0].body, "data");
    let (_, token) = server.send(start(false)).await.seals().remove(0);
    server.send(put("/-/proxy/https/a.example/up/1?state=x&digest=sha256:a", &token)).await;
    assert_eq!(a.seen().last().unwrap().headers["authorization"], "Bearer t");
}

#[tokio::test]
async fn a3_what_has_the_specs_own_form_needs_no_seal_and_no_seal_changes_it() {
    let registry = Upstream::http(|seen| {
        let login = seen.headers.get("authorization").map_or("none", |v| v.to_str().unwrap());
        respond(200, &[("etag", login)], "")
    })
    .await;
    let server = Server::start(|config| {
        crate::support::allow(config, &[&registry]);
        config.key = key();
    })
    .await;
    let elsewhere = url("/").origin;
    for (method, path) in [
        (Method::HEAD, format!("/v2/app/blobs/sha256:{}", "a".repeat(64))),
        (Method::GET, "/v2/app/manifests/latest".to_owned()),
        (Method::PUT, "/v2/app/manifests/latest".to_owned()),
        (Method::DELETE, "/v2/app/manifests/latest".to_owned()),
        (Method::GET, "/v2/app/tags/list?n=9&last=a".to_owned()),
        (Method::GET, "/v2/".to_owned()),
        (Method::POST, "/v2/app/blobs/uploads/".to_owned()),
        (Method::GET, "/v2/app/blobs/uploads/0a-b_c?_state=x%2F".to_owned()),
        (Method::PATCH, "/v2/app/blobs/uploads/0a-b_c?_state=x%2F".to_owned()),
        (Method::PUT, "/v2/app/blobs/uploads/0a-b_c?_state=x%2F&digest=sha256:a".to_owned()),
        (Method::DELETE, "/v2/app/blobs/uploads/0a-b_c?_state=x%2F".to_owned()),
    ] {
        let asked = registry.path(&path);
        let (plain, query) = asked.split_once('?').unwrap_or((&asked, ""));
        let query = Some(query).filter(|query| !query.is_empty());
        let sealed = Target::from_proxy_path(&plain["/-/proxy/".len()..], query).unwrap();
        let far = u64::MAX / 2;
        let seals = [
            None,
            Some("no seal at all".to_owned()),
            Some(key().seal(Kind::Location, &sealed, &elsewhere, far)),
            Some(key().seal(Kind::Link, &sealed, &elsewhere, far)),
            Some(key().seal(Kind::Realm, &sealed, &elsewhere, far)),
            Some(Key::new(&[9; 32]).unwrap().seal(Kind::Location, &sealed, &elsewhere, far)),
        ];
        for seal in seals {
            let mut request = server.request(method.clone(), &asked);
            request.headers_mut().insert("authorization", "Bearer of-this-one".parse().unwrap());
            if let Some(seal) = &seal {
                request.headers_mut().insert("x-drydock-seal", seal.parse().unwrap());
            }
            let answer = server.send(request).await;
            assert_eq!(answer.header("x-drydock-error"), "", "{method} {path} {seal:?}");
            assert_eq!(answer.header("etag"), "Bearer of-this-one", "{method} {path} {seal:?}");
        }
    }
}

#[tokio::test]
async fn a3_other_forms_need_a_seal_of_the_right_kind_and_the_right_server() {
    let registry = Upstream::http(|_| respond(200, &[], "")).await;
    let server = Server::start(|config| {
        crate::support::allow(config, &[&registry]);
        config.key = key();
    })
    .await;
    let asked = registry.path("/upload/1");
    let sealed = Target::from_proxy_path(&asked["/-/proxy/".len()..], None).unwrap();
    let far = u64::MAX / 2;
    let seal = |key: &Key, kind| key.seal(kind, &sealed, &sealed.origin, far);
    let other = Key::new(&[9; 32]).unwrap();
    for (method, seal, passes) in [
        (Method::PATCH, Some(seal(&key(), Kind::Location)), true),
        (Method::GET, Some(seal(&key(), Kind::Location)), true),
        (Method::PATCH, Some(seal(&key(), Kind::Link)), false),
        (Method::PATCH, Some(seal(&key(), Kind::Realm)), false),
        (Method::POST, Some(seal(&key(), Kind::Link)), false),
        (Method::PUT, Some(seal(&key(), Kind::Realm)), false),
        (Method::DELETE, Some(seal(&key(), Kind::Realm)), false),
        (Method::PATCH, Some(seal(&other, Kind::Location)), false),
        (Method::PATCH, None, false),
    ] {
        let mut request = server.request(method.clone(), &asked);
        if let Some(seal) = &seal {
            request.headers_mut().insert("x-drydock-seal", seal.parse().unwrap());
        }
        let answer = server.send(request).await;
        let code = if passes { "" } else { "path-not-allowed" };
        assert_eq!(answer.header("x-drydock-error"), code, "{method}");
    }
}

#[tokio::test]
async fn a3_answers_to_reading_carry_no_seals_for_locations() {
    let registry = Upstream::http(|seen| {
        let location = seen.headers["accept"].to_str().unwrap();
        respond(
            seen.headers["range"].to_str().unwrap()[6..9].parse().unwrap(),
            &[("location", location)],
            "",
        )
    })
    .await;
    let server = Server::allowing(&[&registry]).await;
    let ask = async |method: Method, path: &str, location: &str, status: &str| {
        let mut request = server.request(method, &registry.path(path));
        request.headers_mut().insert("accept", location.parse().unwrap());
        request.headers_mut().insert("range", format!("bytes={status}-").parse().unwrap());
        server.send(request).await
    };
    let digest = format!("sha256:{}", "a".repeat(64));
    for path in [
        "/v2/".to_owned(),
        "/v2/_catalog".to_owned(),
        "/v2/app/manifests/latest".to_owned(),
        format!("/v2/app/blobs/{digest}"),
        format!("/v2/app/referrers/{digest}"),
        "/v2/app/tags/list".to_owned(),
        "/v2/app/blobs/uploads/1".to_owned(),
    ] {
        for location in ["/up/1", "https://a.example/v2/a/manifests/latest", "/v2/app/manifests/x"]
        {
            for method in [Method::GET, Method::HEAD] {
                for status in ["200", "201", "202", "204"] {
                    let answer = ask(method.clone(), &path, location, status).await;
                    assert_eq!(answer.header("location"), "", "{method} {path} {location}");
                    assert!(answer.seals().is_empty(), "{method} {path} {location}");
                }
            }
        }
    }
    // The state of an upload names its own place anew.
    let answer =
        ask(Method::GET, "/v2/app/blobs/uploads/1", "/v2/app/blobs/uploads/1?s=2", "204").await;
    let host = registry.host();
    assert_eq!(answer.header("location"), format!("http://{host}/v2/app/blobs/uploads/1?s=2"));
    // What was created is not gone on with.
    let put = ask(Method::PUT, "/v2/app/manifests/latest", "/v2/app/manifests/x", "201").await;
    assert!(put.seals().is_empty());
}
