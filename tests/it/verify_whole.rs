//! A verdict covers all of an image, and nothing but the image.

use drydock::digest::Digest;
use drydock::limits;
use drydock::media_type::MediaType;
use drydock::verify::Verdict;
use serde_json::json;

use crate::image_support::{Store, digest, entry};
use crate::verify_support::{rules, simple, verify};

#[test]
fn what_is_nested_too_deep_is_not_verified() {
    for (levels, verdict) in
        [(limits::INDEX_DEPTH, Verdict::Verified), (limits::INDEX_DEPTH + 1, Verdict::Incomplete)]
    {
        let mut store = Store::default();
        let mut at = store.image("linux/amd64", &["a"]);
        for _ in 0..levels {
            at = store.index(&[at]);
        }
        store.tag("v1", &at);
        let report = verify(&mut store);
        assert_eq!(report.verdict, verdict, "{levels} levels: {:?}", rules(&report));
    }
}

/// The blob is a config in one place and a layer in another, in this image or in the next.
#[test]
fn a_document_that_is_a_layer_elsewhere_is_checked_as_one() {
    let mut store = Store::default();
    let (own, diff_id) = store.layer("a");
    let config = store.config("linux/amd64", &[diff_id]);
    let mut layer = config.clone();
    layer["mediaType"] = json!(MediaType::LAYER_GZIP);
    let manifest = store.manifest(&config, std::slice::from_ref(&layer));
    store.tag("v1", &manifest);
    let alone = verify(&mut store);
    assert_eq!(alone.verdict, Verdict::Failed, "{:?}", rules(&alone));

    let other = store.config("linux/arm64", &[Digest::sha256(b"another tar")]);
    let second = store.manifest(&other, &[layer]);
    let first = store.manifest(&config, &[own]);
    let index = store.index(&[entry(&first, "linux/amd64"), entry(&second, "linux/arm64")]);
    store.tag("v1", &index);
    let both = verify(&mut store);
    assert_eq!(both.verdict, Verdict::Failed, "{:?}", rules(&both));
}

/// A second entry may say something else of the same digest.
#[test]
fn an_entry_that_is_there_again_is_held_to_what_it_says() {
    for (field, lie, rule) in [
        ("size", json!(1), "descriptor.size-conflict"),
        ("mediaType", json!(MediaType::INDEX), "manifest.media-type-conflict"),
    ] {
        for first in [true, false] {
            let mut store = Store::default();
            let image = entry(&store.image("linux/amd64", &["a"]), "linux/amd64");
            let mut liar = image.clone();
            liar[field] = lie.clone();
            let entries = if first { [liar, image] } else { [image, liar] };
            let index = store.index(&entries);
            store.tag("v1", &index);
            let report = verify(&mut store);
            assert_eq!(report.verdict, Verdict::Failed, "{field}: {:?}", rules(&report));
            assert!(rules(&report).contains(&rule), "{field}: {:?}", rules(&report));
        }
    }
}

/// Whatever a list of referrers says that is not so.
#[test]
fn b1_a_list_that_lies_is_no_fault_of_the_image() {
    let mut store = Store::default();
    let (manifest, ..) = simple(&mut store);
    let sbom = store.artifact("application/spdx+json", Some(&manifest));
    let listed = |field: &str, value: serde_json::Value| {
        let mut listed = sbom.clone();
        listed[field] = value;
        listed
    };
    for liar in [
        listed("size", json!(5)),
        listed("size", json!(limits::DOCUMENT_BYTES + 1)),
        listed("digest", json!(Digest::sha256(b"gone"))),
    ] {
        store.referrers.insert(digest(&manifest), vec![liar.clone()]);
        let report = verify(&mut store);
        assert_eq!(report.verdict, Verdict::Verified, "{liar}: {:?}", report.findings);
        assert_eq!(rules(&report), ["image.not-known"], "{liar}");
    }
    let right = sbom.clone();
    store.referrers.insert(digest(&manifest), vec![right]);
    store.tamper(&sbom, "{}");
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Verified, "{:?}", report.findings);
    assert_eq!(rules(&report), ["image.not-known"]);
}
