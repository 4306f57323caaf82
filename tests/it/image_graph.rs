//! What is asked for under one root, and what comes of it.

use bytes::Bytes;
use drydock::digest::{Algorithm, Digest};
use drydock::image::{Answer, Loader, Options, State, platforms};
use drydock::limits;
use drydock::media_type::MediaType;
use drydock::reference::Reference;
use serde_json::{Value, json};

use crate::image_support::{Store, digest, entry, outline, rules, whole};

#[test]
fn everything_under_an_index() {
    let mut store = Store::default();
    whole(&mut store);
    let graph = store.load_all("v1");
    assert_eq!(rules(&graph), Vec::<String>::new());
    insta::assert_snapshot!(outline(&graph), @r#"
    index: read
      manifest of linux/arm64: read
        config of linux/arm64: read
        layer 1 of linux/arm64: blob
        layer 2 of linux/arm64: blob
        referrer … of linux/arm64: read [SBOM SPDX]
          config of referrer … of linux/arm64: blob
          content 1 of referrer … of linux/arm64: blob [SBOM SPDX]
          referrer … of referrer … of linux/arm64: read [signature Notation]
            config of referrer … of referrer … of linux/arm64: blob
            content 1 of referrer … of referrer … of linux/arm64: blob [signature Notation]
      manifest of linux/amd64: read
        attestation of linux/amd64: read [SBOM and provenance SPDX, SLSA v1]
          config of attestation of linux/amd64: read
          content 1 of attestation of linux/amd64: blob [SBOM SPDX]
          content 2 of attestation of linux/amd64: blob [provenance SLSA v1]
        config of linux/amd64: read
        layer 1 of linux/amd64: blob
        tag sha256-….sig: read [signature cosign]
          config of tag sha256-….sig: blob
          content 1 of tag sha256-….sig: blob [signature cosign]
      referrer …: read [signature cosign bundle]
        config of referrer …: blob
        content 1 of referrer …: blob [signature cosign bundle]
    "#);
    assert_eq!(graph.referrers_from(), ["the referrers API"]);
    assert_eq!(graph.missing().count(), 0);
}

#[test]
fn m1_other_bytes_than_the_digest_says() {
    let mut store = Store::default();
    let index = whole(&mut store);
    let asked = digest(&index);
    store.tamper(&index, "{}");
    let graph = store.load(&format!("localhost:5000/a@{asked}"), Options::default());
    let root = graph.root().expect("root");
    assert_eq!(rules(&graph), ["manifest.digest"]);
    assert_eq!((root.state.clone(), root.document.is_none()), (State::Failed, true));
    let message = &root.findings[0].message;
    let actual = Digest::sha256(b"{}");
    assert!(
        message.contains(&format!("manifest digest {actual} does not match requested {asked}")),
        "{message}"
    );
}

#[test]
fn m1_a_tag_with_a_digest_is_held_to_the_digest() {
    let mut store = Store::default();
    let one = store.image("linux/amd64", &["a"]);
    let two = store.image("linux/amd64", &["b"]);
    store.tag("v1", &two);
    let reference = Reference::parse(&format!("localhost:5000/a:v1@{}", digest(&one)));
    let mut loader = Loader::new(reference.expect("reference"), Options::default());
    let want = loader.next_want().expect("root");
    let (bytes, _) = store.content[&digest(&two)].clone();
    loader.supply(want.id, Answer::document(bytes, None, None));
    assert_eq!(rules(loader.graph()), ["manifest.digest"]);
}

#[test]
fn m2_by_tag_the_digest_is_that_of_the_bytes() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    let mut loader = Loader::new(
        Reference::parse("localhost:5000/a:v1").expect("reference"),
        Options::default(),
    );
    let want = loader.next_want().expect("root");
    let (bytes, media_type) = store.content[&digest(&image)].clone();
    let claimed = Some(Digest::sha256(b"something else"));
    let content_type = Some(MediaType::new(&media_type));
    loader.supply(want.id, Answer::document(bytes, content_type, claimed));
    let root = loader.graph().root().expect("root");
    assert_eq!(root.state, State::Read);
    assert_eq!(root.descriptor.as_ref().map(|d| d.digest.clone()), Some(digest(&image)));
    assert_eq!(rules(loader.graph()), ["manifest.claimed-digest"]);
}

#[test]
fn m3_documents_that_are_too_large_are_not_asked_for() {
    let mut store = Store::default();
    let (layer, _) = store.layer("a");
    let mut config = store.config("linux/amd64", &[]);
    config["size"] = json!(limits::DOCUMENT_BYTES + 1);
    let manifest = store.manifest(&config, &[layer]);
    store.tag("v1", &manifest);
    let graph = store.load("localhost:5000/a:v1", Options::default());
    assert_eq!(rules(&graph), ["document.size-limit"]);
    assert_eq!(store.log, ["document"]);
    assert_eq!(graph.missing().count(), 1);
}

#[test]
fn m4_a_child_of_another_size_fails_before_it_is_read() {
    for size in [0, 1, 100_000] {
        let mut store = Store::default();
        let mut image = entry(&store.image("linux/amd64", &["a"]), "linux/amd64");
        image["size"] = json!(size);
        let index = store.index(&[image]);
        store.tag("v1", &index);
        let graph = store.load("localhost:5000/a:v1", Options::default());
        assert_eq!(rules(&graph), ["manifest.size"]);
        assert_eq!(graph.nodes()[1].state, State::Failed);
        assert!(graph.nodes()[1].document.is_none());
    }
}

#[test]
fn m15_sha512_is_verified_and_blake3_is_said_to_be_unverifiable() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    let (bytes, media_type) = store.content[&digest(&image)].clone();
    let long = Digest::of(Algorithm::Sha512, &bytes);
    let other = Digest::parse("blake3:abc").expect("grammar");
    let size = bytes.len();
    for digest in [&long, &other] {
        store.content.insert(digest.clone(), (bytes.clone(), media_type.clone()));
    }
    let point = |digest: &Digest| json!({"mediaType": media_type, "digest": digest, "size": size});
    let index = store.index(&[point(&long), point(&other)]);
    store.tag("v1", &index);
    let graph = store.load("localhost:5000/a:v1", Options::default());
    assert_eq!(rules(&graph), ["descriptor.digest-unverifiable", "document.unverifiable"]);
    assert_eq!(graph.find(&long).expect("node").state, State::Read);
    let unverifiable = graph.find(&other).expect("node");
    assert!(matches!(unverifiable.state, State::Missing(_)) && unverifiable.document.is_none());
}

#[test]
fn m18_nesting_is_bounded() {
    let mut store = Store::default();
    let mut at = store.image("linux/amd64", &["a"]);
    for _ in 0..1000 {
        at = store.index(&[at]);
    }
    store.tag("v1", &at);
    let graph = store.load_all("v1");
    assert_eq!(rules(&graph), ["graph.depth"]);
    assert_eq!(graph.nodes().len(), limits::INDEX_DEPTH + 1);
    assert_eq!(graph.missing().count(), 1);
}

#[test]
fn m18_the_same_child_many_times_is_one_node() {
    let mut store = Store::default();
    let image = entry(&store.image("linux/amd64", &["a"]), "linux/amd64");
    let index = store.index(&vec![image; 9000]);
    store.tag("v1", &index);
    let graph = store.load_all("v1");
    assert_eq!(graph.nodes().len(), 1 + 1 + 2);
}

#[test]
fn m18_ten_thousand_children_are_enough() {
    let mut store = Store::default();
    let children: Vec<Value> = (0..12_000)
        .map(|n| {
            json!({"mediaType": MediaType::MANIFEST, "size": 1,
            "digest": Digest::sha256(format!("{n}").as_bytes())})
        })
        .collect();
    let index = store.index(&children);
    store.tag("v1", &index);
    let graph = store.load("localhost:5000/a:v1", Options::default());
    assert_eq!(graph.nodes().len(), limits::DESCRIPTORS);
    assert_eq!(rules(&graph), ["graph.limit", "index.limit"]);
    assert!(graph.missing().any(|missing| missing.reason.contains("stopped at 10000")));
}

/// A build cache: layers and a cache config where other indexes have manifests.
#[test]
fn b5_entries_of_an_index_may_be_blobs() {
    let mut store = Store::default();
    let (layer, _) = store.layer("a");
    let cache = store.put("application/vnd.buildkit.cacheconfig.v0", "{\"layers\":[]}");
    let config = store.put(MediaType::CONFIG, "{}");
    let index = store.index(&[layer, cache, config]);
    store.tag("v1", &index);
    let graph = store.load_all("v1");
    insta::assert_snapshot!(outline(&graph), @r#"
    index: read [build cache BuildKit]
      blob of entry 1: blob [file application/vnd.oci.image.layer.v1.tar+gzip]
      blob of entry 2: blob [build cache BuildKit]
      blob of entry 3: blob [file application/vnd.oci.image.config.v1+json]
    "#);
    assert_eq!(platforms(&graph), []);
    assert!(!store.log.iter().any(|label| label.contains("entry")), "{:?}", store.log);
}

/// BuildKit's and cosign's statements have image configs; there is no tar in them.
#[test]
fn b2_statements_are_no_images() {
    let mut store = Store::default();
    for media_type in
        [MediaType::IN_TOTO, MediaType::SIMPLE_SIGNING, "application/vnd.dsse.envelope.v1+json"]
    {
        let layer = store.put(media_type, "{}");
        let config = store.config("unknown/unknown", &[digest(&layer)]);
        let statement = store.manifest(&config, &[layer]);
        store.tag("v1", &statement);
        let graph = store.load_all("v1");
        let root = graph.root().expect("root");
        assert!(root.artifact.is_some(), "{media_type}");
        assert!(!root.manifest().expect("manifest").is_image(), "{media_type}");
        assert_eq!(platforms(&graph), [], "{media_type}");
    }
}

#[test]
fn an_unreachable_root_is_missing() {
    for (answer, state) in [
        (Answer::Absent, State::Missing("The registry has no such document.".to_owned())),
        (Answer::Failed("No route.".to_owned()), State::Missing("No route.".to_owned())),
    ] {
        let reference = Reference::parse("localhost:5000/a:v1").expect("reference");
        let mut loader = Loader::new(reference, Options { referrers: true, ..Options::default() });
        let want = loader.next_want().expect("root");
        loader.supply(want.id, answer);
        loader.supply(want.id, Answer::Absent);
        assert!(loader.is_done() && loader.next_want().is_none());
        assert_eq!(loader.graph().root().expect("root").state, state);
    }
}

#[test]
fn any_bytes_as_root_end_in_a_graph() {
    for bytes in ["", "{}", "null", "[]", "not json", "{\"manifests\":[{}]}", "\u{feff}{}"] {
        let reference = Reference::parse("localhost:5000/a:v1").expect("reference");
        let mut loader = Loader::new(reference, Options { referrers: true, ..Options::default() });
        let want = loader.next_want().expect("root");
        let bytes = Bytes::from_static(bytes.as_bytes());
        loader.supply(want.id, Answer::document(bytes, None, None));
        let root = loader.graph().root().expect("root");
        assert_eq!(root.state, State::Read);
        assert!(!root.findings.is_empty());
    }
}

#[test]
fn what_is_listed_many_times_is_read_once() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    let entries: Vec<Value> =
        ["linux/amd64", "linux/386", "linux/arm64"].map(|name| entry(&image, name)).into();
    let index = store.index(&entries);
    store.tag("v1", &index);
    let graph = store.load_all("v1");
    let manifests: Vec<_> = graph
        .nodes()
        .iter()
        .filter(|node| node.descriptor.as_ref().is_some_and(|it| it.digest == digest(&image)))
        .filter_map(|node| Some((node.document.clone()?, node.children.len())))
        .collect();
    assert_eq!(manifests.len(), 3);
    for (document, children) in &manifests {
        assert!(std::sync::Arc::ptr_eq(document, &manifests[0].0));
        assert_eq!(*children, 2, "config and layer");
    }
}
