//! What refers to an image, and what is made of it.

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::image::{Answer, Category, Loader, NodeId, Options, What, artifact_kind};
use drydock::limits;
use drydock::media_type::MediaType;
use drydock::reference::Reference;
use serde_json::{Value, json};

use crate::image_support::{Store, digest, entry, outline, rules};

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

/// Whose answer was faster is no part of what is shown.
#[test]
fn the_order_of_answers_plays_no_part() {
    let mut store = Store::default();
    let amd = store.image("linux/amd64", &["a"]);
    let arm = store.image("linux/arm64", &["b"]);
    let index = store.index(&[entry(&amd, "linux/amd64"), entry(&arm, "linux/arm64")]);
    store.tag("v1", &index);
    for (image, name) in [(&index, "1"), (&amd, "2")] {
        let both = store.artifact(&format!("application/both{name}"), Some(image));
        let other = store.artifact(&format!("application/other{name}"), Some(image));
        store.referrers.insert(digest(image), vec![other, both.clone()]);
        let signed = store.artifact(&format!("application/signed{name}"), None);
        for (suffix, manifest) in [("sig", &both), ("att", &signed), ("sbom", &index)] {
            store.tag(&format!("{}.{suffix}", digest(image).referrers_tag()), manifest);
        }
    }
    let mut loaded = |backwards: bool| {
        let reference = Reference::parse("localhost:5000/a:v1").expect("reference");
        let options = Options { referrers: true, ..Options::default() };
        let (mut loader, mut open) = (Loader::new(reference, options), Vec::new());
        loop {
            while let Some(want) = loader.next_want() {
                open.push(want);
            }
            let at = if backwards {
                open.len().checked_sub(1)
            } else {
                open.len().min(1).checked_sub(1)
            };
            let Some(at) = at else { break };
            let want = open.remove(at);
            let answer = match &want.what {
                What::CosignTag(tag) if tag.contains(digest(&arm).encoded()) => {
                    Answer::Failed(format!("The registry does not say what {tag} is."))
                }
                what => store.answer(what),
            };
            loader.supply(want.id, answer);
        }
        let graph = loader.into_graph();
        (outline(&graph), graph.not_known().iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(loaded(false), loaded(true));
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
