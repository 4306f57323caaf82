use proptest::prelude::*;

use super::*;

fn canonical(text: &str) -> Result<String, ReferenceError> {
    Reference::parse(text).map(|reference| reference.to_string())
}

#[test]
fn references_as_people_write_them() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let sha512 = format!("sha512:{}", "b".repeat(128));
    for (written, meant) in [
        ("alpine", "docker.io/library/alpine"),
        ("alpine:3.20", "docker.io/library/alpine:3.20"),
        ("library/alpine", "docker.io/library/alpine"),
        ("docker.io/alpine", "docker.io/library/alpine"),
        ("index.docker.io/library/alpine", "docker.io/library/alpine"),
        ("owner/app:1", "docker.io/owner/app:1"),
        ("ghcr.io/owner/app", "ghcr.io/owner/app"),
        ("GHCR.io/owner/app", "ghcr.io/owner/app"),
        ("localhost/app", "localhost/app"),
        ("localhost:5000/app:v1", "localhost:5000/app:v1"),
        ("127.0.0.1:5000/app", "127.0.0.1:5000/app"),
        ("[::1]:5000/app", "[::1]:5000/app"),
        ("a.b/c/d/e__f/g--h.i_j", "a.b/c/d/e__f/g--h.i_j"),
        (" alpine ", "docker.io/library/alpine"),
        (&format!("alpine@{digest}"), &format!("docker.io/library/alpine@{digest}")),
        (&format!("q.io/a:t@{sha512}"), &format!("q.io/a:t@{sha512}")),
    ] {
        assert_eq!(canonical(written).as_deref(), Ok(meant), "{written}");
    }
}

#[test]
fn what_is_no_reference_says_which_part() {
    for (written, part) in [
        ("", "No image"),
        ("   ", "No image"),
        ("Alpine", "repository"),
        ("ghcr.io/Owner/app", "upper-case"),
        ("ghcr.io/", "repository"),
        ("ghcr.io//app", "repository"),
        ("a..b", "repository"),
        ("a___b", "repository"),
        ("-a", "repository"),
        ("a/-/b", "repository"),
        ("host:0/app", "registry"),
        ("host:65536/app", "registry"),
        ("host:port/app", "registry"),
        ("-host.io/app", "registry"),
        ("a.b:/c", "registry"),
        ("alpine:", "tag"),
        ("alpine:.x", "tag"),
        ("alpine:a/b:c d", "tag"),
        ("alpine@sha256:abc", "sha256"),
        ("alpine@md5:abc", "broken"),
        ("al pine", "repository"),
        ("alpine\u{202e}", "repository"),
        ("../etc/passwd", "registry"),
    ] {
        let error = canonical(written).expect_err(written).to_string();
        assert!(error.contains(part), "{written}: {error}");
    }
    assert!(canonical(&"a".repeat(5000)).is_err());
    assert!(canonical(&format!("ghcr.io/{}", "a".repeat(250))).is_err());
    assert!(canonical(&format!("alpine:{}", "a".repeat(129))).is_err());
}

#[test]
fn target_prefers_the_digest() {
    let digest = Digest::sha256(b"x");
    let both = Reference::parse(&format!("a.io/b:t@{digest}")).expect("reference");
    assert_eq!(both.target(), Target::Digest(digest));
    let none = Reference::parse("a.io/b").expect("reference");
    assert_eq!(none.target().to_string(), "latest");
    assert_eq!(none.normalised().to_string(), "a.io/b:latest");
}

#[test]
fn api_host_of_docker_hub() {
    let hub = Reference::parse("alpine").expect("reference").registry;
    assert_eq!(hub.api_host(), "registry-1.docker.io");
    assert!(Registry::parse("localhost:5000").expect("registry").is_loopback());
    assert!(Registry::parse("[::1]:5000").expect("registry").is_loopback());
    assert!(!Registry::parse("ghcr.io").expect("registry").is_loopback());
}

proptest! {
    #[test]
    fn parsing_what_was_displayed_is_the_identity(
        registry in "[a-z][a-z0-9]{0,8}\\.[a-z]{2,3}(:[1-9][0-9]{0,3})?",
        repository in "[a-z0-9]{1,6}([._-][a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,6}){0,3}",
        tag in proptest::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
        digest in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..8)),
    ) {
        let reference = Reference {
            registry: Registry::parse(&registry).expect("registry"),
            repository: Repository::parse(&repository).expect("repository"),
            tag: tag.map(|tag| Tag::parse(&tag).expect("tag")),
            digest: digest.map(|bytes| Digest::sha256(&bytes)),
        };
        prop_assert_eq!(Reference::parse(&reference.to_string()), Ok(reference));
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "\\PC{0,80}") {
        let _ = Reference::parse(&text);
        let _ = Pasted::read(&text);
    }
}
