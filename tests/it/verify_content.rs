//! Is every byte what is said of it?

use bytes::Bytes;
use drydock::digest::{Algorithm, Digest};
use drydock::image::Options;
use drydock::media_type::MediaType;
use drydock::verify::{Choice, Plan, Verdict};
use serde_json::{Value, json};

use crate::image_support::{Store, attestation, digest, entry};
use crate::layer_support::{file, gzip, tar, zstd};
use crate::verify_support::{rules, run, simple, verify};

/// crane validate takes every layer for gzip, and calls these two broken.
#[test]
fn bug_validate_layers_with_zstd_and_without_compression_are_verified() {
    let mut store = Store::default();
    let tars = [tar(&[file("a", "a")]), tar(&[file("b", "b")])];
    let diff_ids: Vec<Digest> = tars.iter().map(|tar| Digest::sha256(tar)).collect();
    let layers = [
        store.put(MediaType::LAYER_ZSTD, zstd(&tars[0])),
        store.put(MediaType::LAYER, tars[1].clone()),
    ];
    let config = store.config("linux/amd64", &diff_ids);
    let manifest = store.manifest(&config, &layers);
    store.tag("v1", &manifest);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]));
    let found: Vec<_> = report.blobs.iter().filter_map(|blob| blob.diff_id.clone()).collect();
    assert!(diff_ids.iter().all(|id| found.iter().any(|found| found.0 == *id)), "{found:?}");
}

#[test]
fn a_flipped_byte_in_a_layer() {
    let mut store = Store::default();
    let (_, _, layer) = simple(&mut store);
    let mut bytes = store.content[&digest(&layer)].0.to_vec();
    let middle = bytes.len() - 6;
    bytes[middle] ^= 1;
    store.tamper(&layer, bytes);
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(rules(&report).contains(&"layer.digest"), "{:?}", rules(&report));
    assert_eq!(report.headline(), "One layer is not what the image says it is");
    let failed: Vec<&Digest> =
        report.blobs.iter().filter(|b| b.verdict == Verdict::Failed).map(|b| &b.digest).collect();
    assert_eq!(failed, [&digest(&layer)]);
}

#[test]
fn a_truncated_blob() {
    let mut store = Store::default();
    let (_, _, layer) = simple(&mut store);
    let bytes = store.content[&digest(&layer)].0.clone();
    store.tamper(&layer, bytes.slice(..bytes.len() / 2));
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(rules(&report).contains(&"layer.size"), "{:?}", rules(&report));
    assert!(report.detail().contains("cut short"), "{}", report.detail());
}

#[test]
fn a_flipped_byte_in_a_config() {
    let mut store = Store::default();
    let (_, config, _) = simple(&mut store);
    let text = String::from_utf8(store.content[&digest(&config)].0.to_vec()).expect("text");
    store.tamper(&config, text.replace("amd64", "amd46"));
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Failed);
    assert_eq!(rules(&report), ["config.digest"]);
    assert_eq!(report.headline(), "One document is not what the image says it is");
}

#[test]
fn a_flipped_byte_in_a_manifest_pulled_by_digest() {
    let mut store = Store::default();
    let (manifest, _, _) = simple(&mut store);
    let text = String::from_utf8(store.content[&digest(&manifest)].0.to_vec()).expect("text");
    store.tamper(&manifest, text.replace("\"schemaVersion\":2", "\"schemaVersion\":3"));
    let graph = store.load(&format!("localhost:5000/a@{}", digest(&manifest)), Options::default());
    let report = run(&store, &graph, &Choice::All);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Failed, vec!["manifest.digest"]));
    assert_eq!(report.digest, Some(digest(&manifest)));
    assert_eq!(report.blobs.len(), 1);
}

#[test]
fn m22_a_wrong_diff_id() {
    let mut store = Store::default();
    let (one, diff_one) = store.layer("a");
    let (two, _) = store.layer("b");
    let config = store.config("linux/arm64", &[diff_one, Digest::sha256(b"other")]);
    let image = store.manifest(&config, &[one, two]);
    let index = store.index(&[entry(&image, "linux/arm64")]);
    store.tag("v1", &index);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Failed, vec!["layer.diff-id"]));
    assert_eq!(report.findings[0].subject, "layer 2 of linux/arm64");
    assert_eq!(report.findings[0].expected, Some(Digest::sha256(b"other").to_string()));
    assert_eq!(report.headline(), "One layer is not what the image says it is");
    insta::assert_snapshot!(report.detail(), @"The content of layer 2 of linux/arm64 does not match the diff ID in the config: its files hash to sha256:dc3680c84485d5fa63e82d13de6b37a012b6f5dabf5aaf9ce3b60a792f5bd1ff, the config names sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa. Its compressed bytes are the ones that the manifest names.");
}

#[test]
fn m4_a_wrong_size_of_a_layer() {
    let mut store = Store::default();
    let (mut layer, diff_id) = store.layer("a");
    layer["size"] = json!(7);
    let config = store.config("linux/amd64", &[diff_id]);
    let manifest = store.manifest(&config, &[layer]);
    store.tag("v1", &manifest);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Failed, vec!["layer.size"]));
}

#[test]
fn m4_two_sizes_for_one_layer() {
    let mut store = Store::default();
    let (layer, diff_id) = store.layer("a");
    let mut wrong = layer.clone();
    wrong["size"] = json!(7);
    let one = store.config("linux/amd64", std::slice::from_ref(&diff_id));
    let two = store.config("linux/arm64", &[diff_id]);
    let entries = [
        entry(&store.manifest(&one, &[layer]), "linux/amd64"),
        entry(&store.manifest(&two, &[wrong]), "linux/arm64"),
    ];
    let index = store.index(&entries);
    store.tag("v1", &index);
    let report = verify(&mut store);
    assert_eq!(
        (report.verdict, rules(&report)),
        (Verdict::Failed, vec!["descriptor.size-conflict"])
    );
}

#[test]
fn d4_gzip_with_trailing_garbage() {
    let mut store = Store::default();
    let tar = tar(&[file("a", "a")]);
    let mut bytes = gzip(&tar);
    bytes.extend_from_slice(b"garbage");
    let layer = store.put(MediaType::LAYER_GZIP, bytes);
    let config = store.config("linux/amd64", &[Digest::sha256(&tar)]);
    let manifest = store.manifest(&config, &[layer]);
    store.tag("v1", &manifest);
    let report = verify(&mut store);
    assert!(rules(&report).iter().any(|rule| rule.starts_with("gzip.")), "{:?}", rules(&report));
    assert_ne!(report.verdict, Verdict::Verified);
}

#[test]
fn one_layer_with_two_claims_is_read_once_and_compared_twice() {
    let mut store = Store::default();
    let (layer, diff_id) = store.layer("a");
    let right = store.config("linux/amd64", &[diff_id]);
    let wrong = store.config("linux/arm64", &[Digest::sha256(b"x")]);
    let entries = [
        entry(&store.manifest(&right, std::slice::from_ref(&layer)), "linux/amd64"),
        entry(&store.manifest(&wrong, &[layer]), "linux/arm64"),
    ];
    let index = store.index(&entries);
    store.tag("v1", &index);
    let graph = store.load_all("v1");
    let plan = Plan::of(&graph, &Choice::All);
    assert_eq!(plan.jobs.len(), 1);
    assert_eq!(plan.jobs[0].claims.len(), 2);
    let report = run(&store, &graph, &Choice::All);
    assert_eq!(rules(&report), ["layer.diff-id"]);
    assert_eq!(report.findings[0].subject, "layer 1 of linux/arm64");
    let amd = Choice::Platform("linux/amd64".parse().expect("platform"));
    assert_eq!(run(&store, &graph, &amd).verdict, Verdict::Verified);
}

#[test]
fn m21_documents_that_do_not_fit_together() {
    let check = |change: &dyn Fn(&mut Store) -> Value, expected: &[&str], verdict: Verdict| {
        let mut store = Store::default();
        let root = change(&mut store);
        store.tag("v1", &root);
        let report = verify(&mut store);
        assert_eq!((rules(&report), report.verdict), (expected.to_vec(), verdict));
    };
    check(
        &|store| {
            let (layer, _) = store.layer("a");
            let config = store.config("linux/amd64", &[]);
            store.manifest(&config, &[layer])
        },
        &["config.diff-ids"],
        Verdict::Failed,
    );
    check(
        &|store| {
            let (layer, diff_id) = store.layer("a");
            let config = store.put(
                MediaType::CONFIG,
                json!({"os": "linux", "architecture": "amd64",
                "rootfs": {"type": "layers", "diff_ids": [diff_id]},
                "history": [{}, {}, {"empty_layer": true}]})
                .to_string(),
            );
            store.manifest(&config, &[layer])
        },
        &["config.history"],
        Verdict::Failed,
    );
    check(
        &|store| {
            let image = store.image("linux/arm64", &["a"]);
            store.index(&[entry(&image, "linux/amd64")])
        },
        &["config.platform-mismatch"],
        Verdict::Failed,
    );
    check(
        &|store| {
            let one = store.image("linux/amd64", &["a"]);
            let two = store.image("linux/amd64", &["b"]);
            let gone = json!({"digest": Digest::sha256(b"gone")});
            let attests = store.artifact("application/vnd.in-toto+json", None);
            store.index(&[
                entry(&one, "linux/amd64"),
                entry(&two, "linux/amd64"),
                entry(&one, "linux/amd64"),
                attestation(&attests, &gone),
            ])
        },
        &["index.duplicate-platform", "index.attestation", "index.duplicate-entry"],
        Verdict::Verified,
    );
    check(
        &|store| {
            let (layer, diff_id) = store.layer("a");
            let config = store.config("linux/amd64", &[diff_id.clone(), diff_id]);
            store.manifest(&config, &[layer.clone(), layer])
        },
        &["manifest.duplicate-layer"],
        Verdict::Verified,
    );
    check(
        &|store| {
            let wrong = store.put(MediaType::EMPTY, "{ }");
            let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
                "artifactType": "a/b", "config": wrong, "layers": []});
            store.document(&manifest)
        },
        &["descriptor.empty"],
        Verdict::Failed,
    );
}

#[test]
fn m15_sha512_layers_and_diff_ids_are_verified() {
    let mut store = Store::default();
    let tar = tar(&[file("a", "a")]);
    let bytes = Bytes::from(gzip(&tar));
    let long = Digest::of(Algorithm::Sha512, &bytes);
    store.content.insert(long.clone(), (bytes.clone(), MediaType::LAYER_GZIP.to_owned()));
    let layer = json!({"mediaType": MediaType::LAYER_GZIP, "digest": long, "size": bytes.len()});
    let config = store.config("linux/amd64", &[Digest::of(Algorithm::Sha512, &tar)]);
    let manifest = store.manifest(&config, &[layer]);
    store.tag("v1", &manifest);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]));
}

#[test]
fn m15_a_layer_with_an_unknown_algorithm_is_never_verified() {
    let mut store = Store::default();
    let (mut layer, diff_id) = store.layer("a");
    let blake3 = Digest::parse("blake3:abc").expect("grammar");
    let content = store.content[&digest(&layer)].clone();
    store.content.insert(blake3.clone(), content);
    layer["digest"] = json!(blake3);
    let config = store.config("linux/amd64", &[diff_id]);
    let manifest = store.manifest(&config, &[layer]);
    store.tag("v1", &manifest);
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Incomplete);
    assert_eq!(rules(&report), ["descriptor.digest-unverifiable"]);
}
