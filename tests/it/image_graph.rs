//! What is asked for under one root, and what comes of it.

use bytes::Bytes;
use drydock::descriptor::Descriptor;
use drydock::digest::{Algorithm, Digest};
use drydock::image::{
    Answer, Category, Graph, Loader, NodeId, Options, State, What, artifact_kind, default_platform,
    find_platform, platforms,
};
use drydock::limits;
use drydock::media_type::MediaType;
use drydock::reference::Reference;
use serde_json::{Value, json};

use crate::image_support::{Store, attestation, digest, entry, outline, rules};

/// Two platforms, attestations, a signature, an SBOM of one platform and a signature of the SBOM.
fn whole(store: &mut Store) -> Value {
    let arm = store.image("linux/arm64", &["a", "b"]);
    let amd = store.image("linux/amd64", &["c"]);
    let statement = |store: &mut Store, predicate: &str| {
        let mut layer = store.put(MediaType::IN_TOTO, format!("statement {predicate}"));
        layer["annotations"] = json!({"in-toto.io/predicate-type": predicate});
        layer
    };
    let layers = [
        statement(store, "https://spdx.dev/Document"),
        statement(store, "https://slsa.dev/provenance/v1"),
    ];
    let config = store.config("unknown/unknown", &[]);
    let attests = store.manifest(&config, &layers);
    let entries =
        [attestation(&attests, &amd), entry(&arm, "linux/arm64"), entry(&amd, "linux/amd64")];
    let index = store.index(&entries);
    store.artifact("application/vnd.dev.sigstore.bundle.v0.3+json", Some(&index));
    let sbom = store.artifact("application/spdx+json", Some(&arm));
    store.artifact("application/vnd.cncf.notary.signature", Some(&sbom));
    let signature = store.artifact("application/vnd.dev.cosign.simplesigning.v1+json", None);
    let tag = format!("{}.sig", digest(&amd).referrers_tag());
    store.tag(&tag, &signature);
    store.tag("v1", &index);
    index
}

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
fn the_chosen_platform_is_asked_for_first() {
    let mut store = Store::default();
    whole(&mut store);
    store.load_all("v1");
    let first: Vec<&str> = store.log.iter().take(4).map(String::as_str).collect();
    assert_eq!(
        first,
        ["document", "manifest of linux/amd64", "config of linux/amd64", "manifest of linux/arm64"]
    );
    store.log.clear();
    let arm = "linux/arm64".parse().expect("platform");
    store.load("localhost:5000/a:v1", Options { first: Some(arm), ..Options::default() });
    assert_eq!(store.log[1..3], ["manifest of linux/arm64", "config of linux/arm64"]);
}

#[test]
fn one_platform_only() {
    let mut store = Store::default();
    whole(&mut store);
    let only = "linux/arm64".parse().expect("platform");
    let graph =
        store.load("localhost:5000/a:v1", Options { only: Some(only), ..Options::default() });
    insta::assert_snapshot!(outline(&graph), @r#"
    index: read
      manifest of linux/arm64: read
        config of linux/arm64: read
        layer 1 of linux/arm64: blob
        layer 2 of linux/arm64: blob
      manifest of linux/amd64: skipped: Only linux/arm64 was asked for.
        attestation of linux/amd64: skipped: Only linux/arm64 was asked for. [attestation BuildKit]
    "#);
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
    loader.supply(want.id, Answer::Document { bytes, content_type: None, claimed: None });
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
    loader.supply(want.id, Answer::Document { bytes, content_type, claimed });
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

#[test]
fn m19_all_platforms_are_listed_and_none_is_chosen_in_silence() {
    let mut store = Store::default();
    let image = |store: &mut Store, name: &str| store.image("linux/arm64", &[name]);
    let (one, two, three) =
        (image(&mut store, "1"), image(&mut store, "2"), image(&mut store, "3"));
    let mut narrow = entry(&three, "linux/arm64");
    narrow["platform"]["variant"] = json!("v8");
    let entries = [
        one.clone(),
        entry(&one, "unknown/unknown"),
        entry(&two, "linux/arm64"),
        entry(&three, "linux/arm64"),
        narrow,
    ];
    let index = store.index(&entries);
    store.tag("v1", &index);
    let listed = |graph: &Graph| -> Vec<String> {
        platforms(graph).into_iter().map(|entry| entry.label).collect()
    };
    let graph = store.load_all("v1");
    assert_eq!(
        listed(&graph),
        [
            "linux/arm64 (entry 1)",
            "unknown/unknown",
            "linux/arm64 (entry 3)",
            "linux/arm64 (entry 4)",
            "linux/arm64/v8"
        ]
    );
    let entries = platforms(&graph);
    let chosen = default_platform(&entries).expect("chosen");
    assert_eq!(chosen.label, "linux/arm64 (entry 1)");
}

#[test]
fn m19_linux_amd64_is_the_default_where_it_is() {
    let mut store = Store::default();
    whole(&mut store);
    let entries = platforms(&store.load_all("v1"));
    let labels: Vec<(&str, usize)> =
        entries.iter().map(|entry| (entry.label.as_str(), entry.attestations)).collect();
    assert_eq!(labels, [("linux/arm64", 0), ("linux/amd64", 1)]);
    assert_eq!(default_platform(&entries).map(|entry| entry.label.as_str()), Some("linux/amd64"));
    assert_eq!(default_platform(&[]), None);
}

#[test]
fn a_single_image_has_the_platform_of_its_config() {
    let mut store = Store::default();
    let image = store.image("linux/arm64", &["a"]);
    store.tag("v1", &image);
    let graph = store.load_all("v1");
    assert_eq!(platforms(&graph)[0].label, "linux/arm64");
    assert!(graph.config_of(NodeId::ROOT).is_some());
    assert_eq!(graph.layers_of(NodeId::ROOT).count(), 1);
}

#[test]
fn m20_referrers_that_are_about_something_else() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    let other = store.image("linux/amd64", &["b"]);
    let wrong = store.artifact("application/spdx+json", Some(&other));
    let about_nothing = store.artifact("text/spdx", None);
    let not_there = json!({"mediaType": "text/plain", "digest": Digest::sha256(b"?"), "size": 5});
    store.referrers.insert(digest(&image), vec![wrong.clone(), about_nothing, not_there, wrong]);
    store.tag("v1", &image);
    let graph = store.load_all("v1");
    assert_eq!(rules(&graph), ["referrer.subject", "referrer.subject"]);
    assert_eq!(graph.attached_to(NodeId::ROOT).count(), 3);
    assert_eq!(graph.missing().count(), 1);
}

#[test]
fn m20_lists_that_can_not_be_read_are_told_once_and_are_not_missing() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    store.tag("v1", &image);
    let options = Options { referrers: true, ..Options::default() };
    let mut loader =
        Loader::new(Reference::parse("localhost:5000/a:v1").expect("reference"), options);
    while let Some(want) = loader.next_want() {
        let answer = match want.what {
            What::Referrers(_) => Answer::Failed("The registry answered 500.".to_owned()),
            What::CosignTag(_) => Answer::Failed("The registry answered 403.".to_owned()),
            what => store.answer(&what),
        };
        loader.supply(want.id, answer);
    }
    let graph = loader.into_graph();
    assert_eq!(graph.missing().count(), 0);
    let said: Vec<String> = graph.not_known().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "What refers to the image is not known, or not all of it: The registry answered 500.",
            "Whether there are signatures under cosign's tags is not known: The registry answered 403.",
        ]
    );
    assert_eq!(graph.not_known()[1].times, 3);
}

/// A large hosted registry answers a tag that is made of a digest with what has that digest; others
/// answer every tag with the same, or with a page for people.
#[test]
fn b1_what_is_the_image_itself_does_not_refer_to_it() {
    let mut store = Store::default();
    let amd = store.image("linux/amd64", &["a"]);
    let arm = store.image("linux/arm64", &["b"]);
    let index = store.index(&[entry(&amd, "linux/amd64"), entry(&arm, "linux/arm64")]);
    store.tag("v1", &index);
    store.referrers.insert(digest(&index), vec![index.clone(), amd.clone(), arm.clone()]);
    store.referrers.insert(digest(&amd), vec![index.clone(), amd.clone()]);
    let tag = |of: &Value, suffix: &str| format!("{}.{suffix}", digest(of).referrers_tag());
    store.tag(&tag(&index, "sig"), &index);
    store.tag(&tag(&amd, "sig"), &amd);
    store.tag(&tag(&amd, "att"), &index);
    let page = store.put("text/html", "<!doctype html><title>Sign in</title>");
    store.tag(&tag(&arm, "sig"), &page);
    let json = store.put("application/json", "{\"errors\":[]}");
    store.tag(&tag(&arm, "sbom"), &json);
    let graph = store.load_all("v1");
    assert!(!graph.nodes().iter().any(|node| node.is_attached()), "{}", outline(&graph));
    assert_eq!(rules(&graph), Vec::<String>::new());
    let [not_known] = graph.not_known() else { panic!("{:?}", graph.not_known()) };
    assert_eq!(not_known.times, 2, "the page and the error");
}

/// The same signature by the API and under cosign's tag is one, whichever is answered first.
#[test]
fn a_signature_that_is_found_twice_is_one() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    let signature = store.artifact("application/vnd.dev.cosign.artifact.sig.v1+json", Some(&image));
    store.tag("v1", &image);
    store.tag(&format!("{}.sig", digest(&image).referrers_tag()), &signature);
    let graph = store.load_all("v1");
    assert_eq!(graph.nodes().iter().filter(|node| node.is_attached()).count(), 1);
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
fn b7_entries_have_names_and_the_one_that_is_there_is_shown() {
    let mut store = Store::default();
    let images = ["a", "b", "c", "d"].map(|name| store.image("linux/amd64", &[name]));
    let empty = |descriptor: &Value| {
        let mut entry = descriptor.clone();
        entry["platform"] = json!({"os": "", "architecture": ""});
        entry
    };
    let mut named = entry(&images[2], "linux/riscv64");
    named["annotations"] = json!({"flavour": "metal", "same": "x"});
    let mut other = entry(&images[3], "linux/riscv64");
    other["annotations"] = json!({"flavour": "cloud", "same": "x"});
    let index = store.index(&[entry(&images[0], "linux/amd64"), empty(&images[1]), named, other]);
    store.tag("v1", &index);
    store.content.remove(&digest(&images[0]));
    let graph = store.load_all("v1");
    let entries = platforms(&graph);
    let shown: Vec<(&str, &str, bool)> = entries
        .iter()
        .map(|entry| (entry.label.as_str(), entry.remark.as_str(), entry.is_present))
        .collect();
    assert_eq!(
        shown,
        [
            ("linux/amd64 (entry 1)", "", false),
            ("linux/amd64 (entry 2)", "", true),
            ("linux/riscv64 (entry 3)", "metal", true),
            ("linux/riscv64 (entry 4)", "cloud", true),
        ],
        "what the index leaves open, the config says"
    );
    let default = default_platform(&entries).expect("a platform");
    assert_eq!(default.label, "linux/amd64 (entry 2)");
    let found = |wanted: &str| find_platform(&entries, wanted).map(|entry| entry.label.as_str());
    assert_eq!(found("linux/riscv64 (entry 4)"), Some("linux/riscv64 (entry 4)"));
    assert_eq!(found("linux/x86_64"), Some("linux/amd64 (entry 1)"));
    assert_eq!(found("linux/s390x"), None);
}

#[test]
fn referrers_that_lead_back_end() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    let mut index = json!({"schemaVersion": 2, "mediaType": MediaType::INDEX,
        "manifests": [image.clone()], "subject": image.clone()});
    index["artifactType"] = json!("application/x");
    let index = store.document(&index);
    store.referrers.insert(digest(&image), vec![index.clone()]);
    store.referrers.insert(digest(&index), vec![index.clone(), image.clone()]);
    store.tag("v1", &image);
    let graph = store.load_all("v1");
    assert!(graph.nodes().len() < 20, "{}", outline(&graph));
}

#[test]
fn a_chain_of_referrers_ends() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    let mut at = image.clone();
    for n in 0..20 {
        at = store.artifact(&format!("application/x{n}"), Some(&at));
    }
    store.tag("v1", &image);
    let graph = store.load_all("v1");
    let referrers = graph.nodes().iter().filter(|node| node.is_attached()).count();
    assert_eq!(referrers, limits::REFERRER_DEPTH);
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
        loader.supply(want.id, Answer::Document { bytes, content_type: None, claimed: None });
        let root = loader.graph().root().expect("root");
        assert_eq!(root.state, State::Read);
        assert!(!root.findings.is_empty());
    }
}

#[test]
fn artifacts_have_names_for_people() {
    let named = |media_type: &str, annotation: Option<(&str, &str)>| {
        let mut descriptor = Descriptor::new(MediaType::MANIFEST, Digest::sha256(b""), 0);
        descriptor.artifact_type = Some(MediaType::new(media_type));
        if let Some((key, value)) = annotation {
            descriptor.annotations.insert(key.to_owned(), value.to_owned());
        }
        let kind = artifact_kind(&descriptor, None);
        (kind.category, format!("{} {}", kind.name, kind.detail))
    };
    for (media_type, category, text) in [
        (
            "application/vnd.dev.cosign.simplesigning.v1+json",
            Category::Signature,
            "signature cosign",
        ),
        (
            "application/vnd.dev.sigstore.bundle.v0.3+json",
            Category::Signature,
            "signature cosign bundle",
        ),
        ("application/vnd.cncf.notary.signature", Category::Signature, "signature Notation"),
        ("application/spdx+json", Category::Sbom, "SBOM SPDX"),
        ("text/spdx", Category::Sbom, "SBOM SPDX"),
        ("application/vnd.cyclonedx+json", Category::Sbom, "SBOM CycloneDX"),
        ("application/vnd.in-toto+json", Category::Attestation, "attestation in-toto"),
        ("application/sarif+json", Category::Vulnerabilities, "vulnerabilities SARIF"),
        ("application/vnd.amazon.soci.index.v2+json", Category::Lazy, "lazy index SOCI"),
        ("application/vnd.cncf.helm.config.v1+json", Category::Package, "chart Helm"),
        ("application/vnd.wasm.config.v0+json", Category::Package, "module WebAssembly"),
        ("application/x", Category::Other, "artifact application/x"),
    ] {
        assert_eq!(named(media_type, None), (category, text.to_owned()));
    }
    for (predicate, text) in [
        ("https://slsa.dev/provenance/v0.2", "provenance SLSA v0.2"),
        ("https://slsa.dev/provenance/v1", "provenance SLSA v1"),
        ("https://spdx.dev/Document/v2.3", "SBOM SPDX"),
        ("https://cyclonedx.org/bom/v1.4", "SBOM CycloneDX"),
        ("https://openvex.dev/ns/v0.2.0", "VEX OpenVEX"),
        ("https://sigstore.dev/cosign/sign/v1", "signature cosign bundle"),
        ("https://example.org/x", "attestation https://example.org/x"),
    ] {
        let annotation = Some(("dev.sigstore.bundle.predicateType", predicate));
        assert_eq!(named("application/vnd.dev.sigstore.bundle.v0.3+json", annotation).1, text);
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
