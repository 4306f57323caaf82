use drydock_proxy::policy::origin::{Area, OwnNames};
use drydock_proxy::policy::{Code, Refusal};
use http::{HeaderMap, Method};

use crate::support::{Server, Upstream, ok};

fn check(area: Area, method: &Method, headers: &[(&'static str, &str)]) -> Result<(), Refusal> {
    let own = OwnNames::new(
        "127.0.0.1:8080".parse().unwrap(),
        &["app.example".to_owned(), "Other.example:9000".to_owned()],
    );
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    own.check(area, method, &map)
}

const HOST: (&str, &str) = ("host", "localhost:8080");
const OWN: (&str, &str) = ("x-drydock", "1");

#[test]
fn p28_only_own_names_are_accepted_as_host() {
    for host in [
        "localhost:8080",
        "LOCALHOST:8080",
        "127.0.0.1:8080",
        "[::1]:8080",
        "app.example",
        "other.example:9000",
    ] {
        for area in [Area::Page, Area::Proxy, Area::Scratch] {
            assert_eq!(check(area, &Method::GET, &[("host", host), OWN]), Ok(()), "{host}");
        }
    }
    for host in [
        "evil.example",
        "localhost",
        "localhost:8081",
        "evil.example:8080",
        "127.0.0.2:8080",
        "app.example.evil.com",
        "xapp.example",
        "app.example:80",
        "localhost:8080.evil.com",
        "",
    ] {
        for area in [Area::Page, Area::Proxy, Area::Scratch] {
            let refusal = check(area, &Method::GET, &[("host", host), OWN]).unwrap_err();
            assert_eq!(refusal.code, Code::ForeignOrigin, "{host}");
        }
    }
    assert!(check(Area::Page, &Method::GET, &[]).is_err());
    assert!(check(Area::Page, &Method::GET, &[HOST, HOST]).is_err());
}

#[test]
fn p28_a_foreign_origin_is_refused_everywhere_but_at_the_page() {
    for origin in [
        "null",
        "https://evil.example",
        "https://app.example.evil.com",
        "https://evilapp.example",
        "http://localhost:8081",
        "http://localhost",
        "https://app.example:444",
        "ftp://app.example",
        "",
        "http://localhost:8080@evil.example",
    ] {
        for area in [Area::Proxy, Area::Scratch] {
            let refusal = check(area, &Method::GET, &[HOST, OWN, ("origin", origin)]).unwrap_err();
            assert_eq!(refusal.code, Code::ForeignOrigin, "{origin}");
        }
        assert_eq!(check(Area::Page, &Method::GET, &[HOST, ("origin", origin)]), Ok(()));
    }
    for origin in ["http://localhost:8080", "https://app.example", "https://localhost:8080"] {
        let headers = [HOST, ("origin", origin)];
        assert_eq!(check(Area::Proxy, &Method::GET, &headers), Ok(()), "{origin}");
        assert_eq!(check(Area::Scratch, &Method::PUT, &headers), Ok(()), "{origin}");
    }
}

#[test]
fn a6_the_origin_is_the_host_of_the_request_or_a_name_that_was_given() {
    let given = ["app.example".to_owned(), "Other.example:9000".to_owned()];
    for listen in ["127.0.0.1:8080", "0.0.0.0:8080", "[::]:8080", "192.168.1.5:8080"] {
        let own = OwnNames::new(listen.parse().unwrap(), &given);
        let ask = |host: &str, origin: &str, area| {
            let mut headers = HeaderMap::new();
            headers.insert("host", host.parse().unwrap());
            headers.insert("origin", origin.parse().unwrap());
            headers.insert("x-drydock", "1".parse().unwrap());
            own.check(area, &Method::PUT, &headers).is_ok()
        };
        let host = if listen.starts_with("127") { "localhost:8080" } else { "192.168.1.5:8080" };
        for (origin, passes) in [
            (format!("http://{host}"), true),
            (format!("https://{host}"), true),
            ("https://app.example".to_owned(), true),
            ("https://APP.example".to_owned(), true),
            ("https://other.example:9000".to_owned(), true),
            // This server's too, but not what this request was sent to.
            ("http://127.0.0.1:8080".to_owned(), false),
            ("http://[::1]:8080".to_owned(), false),
            // Addresses of others.
            ("http://6.6.6.6:8080".to_owned(), false),
            ("http://192.168.1.66:8080".to_owned(), false),
            ("http://[2001:db8::6]:8080".to_owned(), false),
            ("https://other.example".to_owned(), false),
            ("https://app.example:8080".to_owned(), false),
            (format!("ftp://{host}"), false),
            (format!("http://{host}/"), false),
            (format!("http://u@{host}"), false),
            ("null".to_owned(), false),
            ("://".to_owned(), false),
            (host.to_owned(), false),
        ] {
            for area in [Area::Proxy, Area::Scratch] {
                assert_eq!(ask(host, &origin, area), passes, "{listen} {origin} {area:?}");
            }
        }
    }
    // Ports that go without saying.
    let own = OwnNames::new("127.0.0.1:80".parse().unwrap(), &["app.example:443".to_owned()]);
    for (host, origin, passes) in [
        ("localhost", "http://localhost", true),
        ("localhost:80", "http://localhost", true),
        ("app.example:443", "https://app.example", true),
        ("localhost", "https://app.example", true),
        ("localhost", "http://app.example", false),
        ("localhost", "https://localhost:80", false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        headers.insert("origin", origin.parse().unwrap());
        let passed = own.check(Area::Scratch, &Method::GET, &headers).is_ok();
        assert_eq!(passed, passes, "{host} {origin}");
    }
}

#[test]
fn p28_without_an_origin_the_page_must_be_recognisable() {
    let get = |headers: &[(&'static str, &str)]| check(Area::Proxy, &Method::GET, headers).is_ok();
    assert!(!get(&[HOST]));
    assert!(get(&[HOST, OWN]));
    assert!(get(&[HOST, ("sec-fetch-site", "same-origin")]));
    assert!(!get(&[HOST, ("sec-fetch-site", "none")]));
    assert!(!get(&[HOST, ("sec-fetch-site", "cross-site")]));
    assert!(!get(&[HOST, OWN, ("sec-fetch-site", "cross-site")]));
    assert!(!get(&[HOST, OWN, ("sec-fetch-site", "same-site")]));
    assert!(!get(&[HOST, ("x-drydock", "0")]));
}

#[test]
fn p28_programs_reach_the_scratch_registry_and_other_sites_do_not() {
    let scratch =
        |headers: &[(&'static str, &str)]| check(Area::Scratch, &Method::POST, headers).is_ok();
    assert!(scratch(&[HOST]));
    assert!(!scratch(&[HOST, ("sec-fetch-site", "cross-site")]));
    assert!(!scratch(&[HOST, ("sec-fetch-site", "same-site")]));
    assert!(scratch(&[HOST, ("sec-fetch-site", "same-origin")]));
}

#[test]
fn p28_a_server_on_all_addresses_answers_to_addresses_but_not_to_names() {
    let own = OwnNames::new("0.0.0.0:8080".parse().unwrap(), &[]);
    for host in ["192.168.1.5:8080", "[2001:db8::1]:8080", "localhost:8080"] {
        assert!(own.is_own(host), "{host}");
    }
    for host in ["192.168.1.5", "192.168.1.5:80", "rebound.example:8080", "0x7f.1:8080"] {
        assert!(!own.is_own(host), "{host}");
    }
}

#[test]
fn p29_a_request_that_changes_something_needs_the_header() {
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        for headers in [
            vec![HOST, ("sec-fetch-site", "same-origin")],
            vec![HOST, ("origin", "http://localhost:8080")],
            vec![HOST, ("content-type", "text/plain")],
        ] {
            assert!(check(Area::Proxy, &method, &headers).is_err(), "{method} {headers:?}");
            let with_own = [headers, vec![OWN]].concat();
            assert_eq!(check(Area::Proxy, &method, &with_own), Ok(()), "{method}");
        }
    }
}

#[tokio::test]
async fn p28_p29_what_other_sites_send_reaches_no_registry() {
    let registry = Upstream::http(|_| ok("reached")).await;
    let server = Server::allowing(&[&registry]).await;
    let with = |method: Method, headers: &[(&'static str, &str)], own: bool| {
        let mut request = server.request(method, &registry.path("/v2/app/manifests/latest"));
        if !own {
            request.headers_mut().remove("x-drydock");
        }
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        request
    };
    let mut form = with(
        Method::POST,
        &[("origin", "https://evil.example"), ("content-type", "text/plain")],
        false,
    );
    *form.body_mut() = "a=b".into();
    for request in [
        form,
        with(Method::GET, &[("origin", "null")], true),
        with(Method::GET, &[("host", "rebound.example")], true),
        with(
            Method::GET,
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")],
            false,
        ),
        with(Method::GET, &[], false),
        with(
            Method::OPTIONS,
            &[
                ("origin", "https://evil.example"),
                ("access-control-request-method", "PUT"),
                ("access-control-request-headers", "x-drydock"),
            ],
            false,
        ),
    ] {
        let answer = server.send(request).await;
        assert_eq!(answer.status, 403);
        answer.assert_refused("foreign-origin");
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    }
    assert!(registry.seen().is_empty());
    assert_eq!(server.send(with(Method::GET, &[], true)).await.text(), "reached");
}
