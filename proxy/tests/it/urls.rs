use drydock_proxy::policy::allow::{Allowed, Hosts, Reach};
use drydock_proxy::policy::path::Shape;
use drydock_proxy::policy::target::{Host, Target};
use drydock_proxy::policy::{Code, Refusal};
use http::Method;

fn judge(scheme: &str, authority: &str, hosts: &Hosts) -> Result<Reach, Refusal> {
    let target = Target::from_parts(scheme, authority, "/v2/", None)?;
    hosts.check(&target.origin, None)
}

fn allow(entries: &[&str]) -> Hosts {
    Hosts {
        allowed: entries.iter().map(|entry| entry.parse().unwrap()).collect(),
        ..Hosts::default()
    }
}

#[test]
fn p3_spellings_of_private_hosts_are_refused() {
    for authority in [
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.1",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "localhost.",
        "LOCALHOST",
        "localhost",
        "x.localhost",
        "metadata.google.internal.",
        "metadata.google.internal",
        "metadata",
        "printer.local",
        "%31%32%37.0.0.1",
        "user@169.254.169.254",
        "user:pass@8.8.8.8",
        "a#@b",
        "a?@b",
        "registry.example\\@127.0.0.1",
        "registry.example.",
        ".registry.example",
        "registry..example",
        "bücher.example",
        "",
        ":443",
        "registry.example:0",
        "registry.example:65536",
        "registry.example:-1",
        "registry.example:+443",
        "registry.example:0443",
        "registry.example:",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "[::1",
        "::1",
        "a b",
        "a\tb",
        "a\0b",
        &"a".repeat(64),
        &format!("{}.example", "a.".repeat(130)),
    ] {
        assert!(judge("https", authority, &Hosts::default()).is_err(), "{authority:?} passed");
    }
}

#[test]
fn p3_the_value_that_was_checked_is_the_value_that_is_dialled() {
    let target = Target::from_parts("https", "REGISTRY.example:443", "/v2/", None).unwrap();
    assert_eq!(target.origin.host, Host::Name("registry.example".to_owned()));
    assert_eq!(target.origin.authority(), "registry.example");
    assert_eq!(judge("https", "registry.example", &Hosts::default()), Ok(Reach::Public));
    assert_eq!(judge("https", "xn--bcher-kva.example:5000", &Hosts::default()), Ok(Reach::Public));
    assert_eq!(judge("https", "8.8.8.8:8443", &Hosts::default()), Ok(Reach::Public));
}

#[test]
fn p3_a_url_from_a_registry_is_read_to_what_it_means() {
    let from = Target::from_parts("https", "registry.example", "/v2/", None).unwrap();
    for url in ["https://0x7f.1/", "https://127.1/", "https://2130706433/", "//①②⑦.0.0.1/x"] {
        let to = from.join(url).unwrap();
        assert_eq!(to.origin.host, Host::Address([127, 0, 0, 1].into()), "{url}");
        assert!(Hosts::default().check(&to.origin, Some(&from.origin)).is_err(), "{url}");
    }
    for url in [
        "https://user@8.8.8.8/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "https://a./",
        "javascript:alert(1)",
        "https://",
        "https://a:0/",
    ] {
        assert!(from.join(url).is_err(), "{url} was accepted");
    }
}

#[test]
fn ports_and_schemes_that_registries_do_not_have_are_refused() {
    let none = Hosts::default();
    let code = |scheme, authority, hosts: &Hosts| judge(scheme, authority, hosts).unwrap_err().code;
    assert_eq!(code("http", "registry.example", &none), Code::SchemeNotAllowed);
    assert_eq!(code("ftp", "registry.example", &none), Code::SchemeNotAllowed);
    assert_eq!(code("https", "registry.example:22", &none), Code::PortNotAllowed);
    assert_eq!(code("https", "registry.example:8080", &none), Code::PortNotAllowed);
    assert_eq!(code("https", "localhost:5000", &none), Code::PrivateAddress);
    assert_eq!(code("https", "registry.internal", &none), Code::HostNotAllowed);
    let only = Hosts { only_allowed: true, ..Hosts::default() };
    assert_eq!(code("https", "registry.example", &only), Code::HostNotAllowed);
}

#[test]
fn what_is_allowed_is_allowed_with_its_port_and_scheme_only() {
    let hosts = allow(&["localhost:5000", "http://lab:80", "registry.internal:7443", "[::1]:5000"]);
    for (scheme, authority) in [
        ("http", "localhost:5000"),
        ("https", "localhost:5000"),
        ("http", "lab"),
        ("https", "registry.internal:7443"),
        ("http", "[::1]:5000"),
    ] {
        assert_eq!(judge(scheme, authority, &hosts), Ok(Reach::Any), "{scheme} {authority}");
    }
    for (scheme, authority) in [
        ("http", "localhost:5001"),
        ("http", "localhost"),
        ("http", "127.0.0.1:5000"),
        ("http", "registry.internal:7443"),
        ("https", "registry.internal"),
        ("https", "x.registry.internal:7443"),
    ] {
        assert!(judge(scheme, authority, &hosts).is_err(), "{scheme} {authority} passed");
    }
    for (text, scheme) in [
        ("localhost:5000", "http"),
        ("127.0.0.1", "http"),
        ("lab", "https"),
        ("http://lab", "http"),
    ] {
        let allowed: Allowed = text.parse().unwrap();
        assert_eq!(allowed.origin().scheme.as_str(), scheme, "{text}");
    }
    for text in ["", "http://", "ftp://lab", "lab:0", "a/b", "http://lab/v2/", "*.example"] {
        assert!(text.parse::<Allowed>().is_err(), "{text} was accepted");
    }
}

#[test]
fn an_allowed_host_is_not_opened_to_strangers() {
    let hosts = allow(&["localhost:5000", "localhost:9000"]);
    let origin = |url: &str| drydock_proxy::policy::target::Origin::parse(url).unwrap();
    let storage = origin("http://localhost:9000");
    assert_eq!(hosts.check(&storage, Some(&origin("http://localhost:5000"))), Ok(Reach::Any));
    let refusal = hosts.check(&storage, Some(&origin("https://evil.example"))).unwrap_err();
    assert_eq!(refusal.code, Code::PrivateAddress);
}

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn p35_the_paths_of_the_distribution_spec_pass() {
    for (path, query, shape) in [
        ("/v2/", None, Shape::Ping),
        ("/v2/_catalog", Some("n=100&last=a"), Shape::Catalog),
        ("/v2/a/tags/list", Some("n=10"), Shape::Tags),
        ("/v2/library/alpine/manifests/3.20", None, Shape::Manifest),
        ("/v2/a/manifests/_A.b-c", None, Shape::Manifest),
        ("/v2/a/blobs/uploads/", Some("mount=sha256:1&from=b"), Shape::Upload),
        ("/v2/a/blobs/uploads/some-session", None, Shape::Session),
        ("/v2/a/blobs/uploads/0a_=", Some("_state=x%2Fy&anything=z"), Shape::Session),
        ("/v2/tags/list/tags/list", None, Shape::Tags),
        ("/v2/blobs/uploads/manifests/latest", None, Shape::Manifest),
        ("/v2/a.b_c__d---e/f/tags/list", None, Shape::Tags),
    ] {
        assert_eq!(Shape::of("r.example", path, query), Ok(shape), "{path}");
    }
    for path in [format!("/v2/a/blobs/{DIGEST}"), format!("/v2/a/b/c/manifests/{DIGEST}")] {
        assert!(Shape::of("r.example", &path, None).is_ok(), "{path}");
    }
    let referrers = format!("/v2/a/referrers/{DIGEST}");
    let query = Some("artifactType=application/spdx%2Bjson");
    assert_eq!(Shape::of("r.example", &referrers, query), Ok(Shape::Referrers));
}

#[test]
fn p35_other_paths_do_not_pass() {
    let long_name = format!("/v2/{}/tags/list", "a".repeat(250));
    let long_tag = format!("/v2/a/manifests/{}", "a".repeat(129));
    for path in [
        "/",
        "/v1/",
        "/v2",
        "/v2//",
        "/v2/a",
        "/v2/a/",
        "/v2/A/tags/list",
        "/v2/a/tags/list/",
        "/v2//a/tags/list",
        "/v2/a//b/tags/list",
        "/v2/a..b/tags/list",
        "/v2/a___b/tags/list",
        "/v2/-a/tags/list",
        "/v2/a-/tags/list",
        "/v2/a/../b/tags/list",
        "/v2/a/%2e%2e/b/tags/list",
        "/v2/a%2fb/tags/list",
        "/v2/a/..;/b/tags/list",
        "/v2/a\\b/tags/list",
        "/v2/a b/tags/list",
        "/v2/a\r\nX: y/tags/list",
        "/v2/a\0/tags/list",
        "/v2/a/manifests/",
        "/v2/a/manifests/.a",
        "/v2/a/manifests/a:b:c",
        "/v2/a/blobs/latest",
        "/v2/a/blobs/sha256:",
        "/v2/a/blobs/:abc",
        "/v2/a/blobs/SHA256:abc",
        "/v2/a/blobs/uploads",
        "/v2/a/blobs/uploads/..",
        "/v2/a/blobs/uploads/x/y",
        "/v2/a/blobs/uploads/%2fadmin",
        "/v2/a/blobs/uploads/x;y",
        "/v2/blobs/uploads/x",
        "/v2/a/uploads/x",
        "/v2/A/blobs/uploads/x",
        "/v2/a/referrers/latest",
        "/v2/tags/list",
        "/v2/admin/users",
        &long_name,
        &long_tag,
    ] {
        let judged = Shape::of("r.example", path, None);
        assert_eq!(judged.map_err(|refusal| refusal.code), Err(Code::PathNotAllowed), "{path:?}");
    }
    for query in ["x=y", "n=1&url=http://a", "", "N=1"] {
        assert!(Shape::of("r.example", "/v2/a/tags/list", Some(query)).is_err(), "?{query}");
    }
}

#[test]
fn p35_paths_that_a_url_parser_would_change_are_refused() {
    for path in [
        "/v2/a/../b/",
        "/v2/./",
        "/v2/%2e%2e/a",
        "/v2/%2E./a",
        "/v2/a\\b",
        "/v2/a b",
        "/v2/a\tb",
        "/v2/a\nb",
        "/v2/\"",
        "/v2/é",
        "/v2/a#b",
    ] {
        assert!(Target::from_parts("https", "r.example", path, None).is_err(), "{path:?}");
    }
}

#[test]
fn each_path_has_the_methods_of_the_distribution_spec_only() {
    for (shape, methods) in [
        (Shape::Ping, "GET HEAD"),
        (Shape::Catalog, "GET HEAD"),
        (Shape::Tags, "GET HEAD"),
        (Shape::Manifest, "GET HEAD PUT DELETE"),
        (Shape::Blob, "GET HEAD DELETE"),
        (Shape::Referrers, "GET HEAD"),
        (Shape::Upload, "POST"),
        (Shape::Realm, "GET HEAD POST"),
        (Shape::Link, "GET HEAD"),
        (Shape::Location, "GET HEAD POST PATCH PUT DELETE"),
    ] {
        for method in
            ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
        {
            let has = shape.has_method(&Method::from_bytes(method.as_bytes()).unwrap());
            assert_eq!(has, methods.split(' ').any(|known| known == method), "{method} {shape:?}");
        }
    }
}
