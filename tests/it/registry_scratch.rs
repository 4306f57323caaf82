//! The client against the scratch registry, without sockets: whole, and with the faults and quirks
//! of real registries.

use std::rc::Rc;

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::media_type::{Kind, MediaType};
use drydock::reference::{Repository, Tag, Target};
use drydock::registry::auth::Credentials;
use drydock::registry::range::{ByteRange, Part};
use drydock::registry::{Body, Error, Login, Registry};
use drydock::source::{CosignKind, Fetched, ReferrersFrom, Source};
use drydock_registry::sample;

use crate::peer::Peer;
use crate::registry_script::run;

fn scratch() -> Registry<Rc<Peer>> {
    let peer = Peer::new();
    sample::install(&peer.store).expect("sample");
    peer.registry_at("scratch.example")
}

/// The sample's repository under a fault.
fn under(fault: &str) -> Repository {
    Repository::parse(&format!("fault/{fault}/sample/hello")).expect("repository")
}

fn latest() -> Target {
    Target::Tag(Tag::parse("latest").expect("tag"))
}

fn pull(registry: &Registry<Rc<Peer>>, fault: &str) -> Result<Fetched, Error> {
    run(registry.manifest(&under(fault), &latest()))
}

fn children(document: &Fetched, key: &str) -> Vec<Descriptor> {
    let value: serde_json::Value = serde_json::from_slice(&document.bytes).expect("json");
    serde_json::from_value(value.get(key).expect(key).clone()).expect("descriptors")
}

/// The first platform's manifest, its config and its first layer.
fn parts(registry: &Registry<Rc<Peer>>) -> (Descriptor, Descriptor, Descriptor) {
    let index = pull(registry, "none").expect("index");
    let manifest = children(&index, "manifests").into_iter().next().expect("manifest");
    let source = registry.repository(under("none"));
    let document = run(source.document(&manifest)).expect("manifest");
    let layer = children(&document, "layers").into_iter().next().expect("layer");
    let value: serde_json::Value = serde_json::from_slice(&document.bytes).expect("json");
    let config = serde_json::from_value(value.get("config").expect("config").clone());
    (manifest, config.expect("descriptor"), layer)
}

#[test]
fn the_sample_is_read_from_tag_to_layer() {
    let registry = scratch();
    assert!(run(registry.ping()).is_ok());
    let index = pull(&registry, "none").expect("index");
    assert!(index.findings.is_empty(), "{:?}", index.findings);
    assert_eq!(index.media_type.as_ref().map(MediaType::kind), Some(Kind::Index));
    let (manifest, config, layer) = parts(&registry);
    let source = registry.repository(under("none"));
    let by_digest = run(source.root(&Target::Digest(manifest.digest.clone()))).expect("manifest");
    assert_eq!(by_digest.bytes.len() as u64, manifest.size);
    assert_eq!(run(source.document(&config)).expect("config").digest, config.digest);
    assert_eq!(run(source.blob(&layer, 1 << 20)).expect("layer").digest, layer.digest);
    let head = run(registry.head_manifest(&under("none"), &latest())).expect("head");
    assert_eq!(
        (head.digest.as_ref(), head.size),
        (Some(&index.digest), Some(index.bytes.len() as u64))
    );
}

#[test]
fn tags_referrers_and_cosign_tags_of_the_sample() {
    let registry = scratch();
    let index = pull(&registry, "none").expect("index");
    let tags = run(registry.all_tags(&under("none"))).expect("tags");
    assert!(tags.contains(&"latest".to_owned()) && tags.contains(&"1.0".to_owned()), "{tags:?}");
    let source = registry.repository(under("none"));
    let referrers = run(source.referrers(&index.digest)).expect("referrers");
    assert_eq!(referrers.from, ReferrersFrom::Api);
    assert!(!referrers.descriptors.is_empty() && referrers.findings.is_empty());
    for descriptor in &referrers.descriptors {
        run(source.document(descriptor)).expect("referrer");
    }
    let cosign = run(source.cosign_tag(&index.digest, CosignKind::Signature)).expect("cosign");
    assert!(cosign.is_some());
    let catalog = run(registry.catalog(None)).expect("catalog");
    assert_eq!(catalog.names, ["sample/hello"]);
}

#[test]
fn referrers_where_the_api_is_missing_or_lies() {
    let registry = scratch();
    let index = pull(&registry, "none").expect("index");
    for fault in ["no-referrers", "referrers-html"] {
        let found = run(registry.referrers(&under(fault), &index.digest, None)).expect(fault);
        assert_ne!(found.from, ReferrersFrom::Api, "{fault}");
    }
    let all = run(registry.referrers(&under("none"), &index.digest, None)).expect("all");
    let wanted = all.descriptors.iter().find_map(|d| d.artifact_type.clone()).expect("typed");
    for fault in ["none", "no-filter"] {
        let found = run(registry.referrers(&under(fault), &index.digest, Some(wanted.as_str())));
        let found = found.expect(fault).descriptors;
        assert!(!found.is_empty(), "{fault}");
        assert!(found.iter().all(|d| d.artifact_type.as_ref() == Some(&wanted)), "{fault}");
    }
}

#[test]
fn spoiled_bytes_are_never_given_out() {
    let registry = scratch();
    let (manifest, config, layer) = parts(&registry);
    for (fault, descriptor, code) in [
        ("flip-manifest", &manifest, "digest"),
        ("truncate-manifest", &manifest, "size"),
        ("other-digest", &manifest, "size"),
        ("flip-config", &config, "digest"),
        ("gzip", &config, "content-encoding"),
        ("cut-manifest", &manifest, "cut"),
    ] {
        let error = run(registry.repository(under(fault)).document(descriptor)).expect_err(fault);
        assert_eq!(error.code(), code, "{fault}: {error}");
    }
    for (fault, code) in [
        ("flip-layer", "digest"),
        ("truncate-layer", "size"),
        ("append-layer", "size"),
        ("cut-layer", "cut"),
    ] {
        let got = run(registry.repository(under(fault)).blob(&layer, 1 << 20));
        assert_eq!(got.expect_err(fault).code(), code, "{fault}");
    }
    let by_digest = Target::Digest(manifest.digest);
    let error = run(registry.manifest(&under("other-digest"), &by_digest)).expect_err("other");
    assert_eq!(error.code(), "digest", "case M1");
}

#[test]
fn m2_and_m8_what_headers_say_is_not_believed() {
    let registry = scratch();
    let index = pull(&registry, "none").expect("index");
    let wrong = pull(&registry, "wrong-digest-header").expect("index");
    assert_eq!(wrong.digest, index.digest);
    let rules: Vec<_> = wrong.findings.iter().map(|finding| &*finding.rule).collect();
    assert_eq!(rules, ["manifest.digest-header"]);
    let without = pull(&registry, "no-digest-header").expect("index");
    assert!(without.findings.is_empty());
    let untyped = pull(&registry, "no-type").expect("index");
    assert_eq!(untyped.media_type, None);
    let lied = pull(&registry, "wrong-type").expect("index");
    assert_eq!(lied.media_type, Some(MediaType::new("text/plain")));
}

#[test]
fn ranges_of_a_layer() {
    let registry = scratch();
    let (_, _, layer) = parts(&registry);
    let range = ByteRange::new(10, 20).expect("range");
    let read = |fault: &str| {
        let stream = run(registry.blob_stream(&under(fault), &layer.digest, Some(range)));
        let mut stream = stream.expect(fault);
        let mut bytes = Vec::new();
        while let Some(chunk) = run(stream.body.chunk()) {
            bytes.extend_from_slice(&chunk.expect("chunk"));
        }
        (stream.part, bytes)
    };
    let (part, bytes) = read("none");
    assert_eq!(part, Part::Range { range, total: Some(layer.size) });
    let (whole, all) = read("no-range");
    assert_eq!(whole, Part::Whole);
    assert_eq!(all.get(10..30), Some(&bytes[..]));
    let beyond = ByteRange::new(layer.size + 1, 5);
    let got = run(registry.blob_stream(&under("none"), &layer.digest, beyond));
    assert!(matches!(got, Err(Error::Range { .. })));
}

#[test]
fn getting_in_with_token_password_and_without() {
    let user = |password: &str| Credentials::Basic {
        user: "demo".to_owned(),
        password: password.to_owned(),
    };
    assert!(pull(&scratch(), "bearer-anonymous").is_ok());
    for fault in ["bearer", "basic"] {
        let registry = scratch();
        let error = pull(&registry, fault).expect_err(fault);
        assert!(matches!(&error, Error::Unauthorized { login: Login::Possible, .. }), "{error:?}");
        registry.log_in(user("wrong"));
        let error = pull(&registry, fault).expect_err(fault);
        assert!(matches!(&error, Error::Unauthorized { login: Login::Refused, .. }), "{error:?}");
        registry.log_in(user("secret"));
        assert!(pull(&registry, fault).is_ok(), "{fault}");
        registry.log_out();
        assert!(pull(&registry, fault).is_err(), "{fault}: forgotten");
    }
}

#[test]
fn refusals_are_told_apart() {
    let registry = scratch();
    for (fault, code) in [
        ("401", "unauthorized"),
        ("401-bare", "unauthorized"),
        ("403", "denied"),
        ("404", "not-found"),
        ("404-html", "not-found"),
        ("429", "rate-limited"),
        ("429-text", "rate-limited"),
        ("500", "server-error"),
        ("cut-manifest", "cut"),
    ] {
        let error = pull(&registry, fault).expect_err(fault);
        assert_eq!(error.code(), code, "{fault}: {error}");
        assert!(!error.to_string().contains("<script>"), "{error}");
    }
    let missing = Repository::parse("no/such").expect("repository");
    let error = run(registry.manifest(&missing, &latest())).expect_err("missing");
    assert_eq!(error.code(), "not-found");
    let none = Digest::sha256(b"nothing");
    let error = run(registry.manifest(&under("none"), &Target::Digest(none))).expect_err("none");
    assert!(error.is_not_found());
}

#[test]
fn lists_notices_and_pages_of_odd_registries() {
    let registry = scratch();
    assert_eq!(run(registry.all_tags(&under("tags-null"))), Ok(Vec::new()));
    for fault in ["tags-loop", "tags-foreign"] {
        let got = run(registry.all_tags(&under(fault)));
        assert!(matches!(got, Err(Error::PageRefused { .. })), "{fault}: {got:?}");
    }
    pull(&registry, "warning").expect("index");
    assert_eq!(registry.warnings(), ["This registry will be closed soon."]);
    pull(&registry, "rate-limit").expect("index");
    assert_eq!(registry.rate_limit().and_then(|limit| limit.remaining), Some(3));
}
