//! What does a verification cover, and what does it say of what it does not?

use drydock::digest::Digest;
use drydock::image::{Answer, Loader, Options, What};
use drydock::media_type::MediaType;
use drydock::verify::{Choice, Verdict};
use serde_json::{Value, json};

use crate::image_support::{Store, attestation, digest, entry};
use crate::layer_support::{file, tar};
use crate::verify_support::{rules, run, simple, verify};

#[test]
fn attestations_and_referrers_are_covered() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    let attests = store.artifact("application/vnd.in-toto+json", None);
    let index = store.index(&[entry(&image, "linux/amd64"), attestation(&attests, &image)]);
    let sbom = store.artifact("application/spdx+json", Some(&index));
    store.tag("v1", &index);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]));
    for descriptor in [&index, &image, &attests, &sbom] {
        assert!(report.blobs.iter().any(|blob| blob.digest == digest(descriptor)));
    }
    let (content, _) = store
        .content
        .iter()
        .find(|(_, c)| c.0.starts_with(b"content of application/spdx"))
        .expect("content");
    let content = json!({"digest": content});
    store.tamper(&content, "content of application/evil+json");
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Failed);
    assert_eq!(rules(&report), ["blob.digest"]);
}

#[test]
fn an_artifact_instead_of_an_image_is_verified_as_bytes() {
    let mut store = Store::default();
    let chart = store.artifact("application/vnd.cncf.helm.config.v1+json", None);
    store.tag("v1", &chart);
    let report = verify(&mut store);
    assert_eq!((report.verdict, report.blobs.len()), (Verdict::Verified, 3));
}

#[test]
fn an_image_without_layers() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &[]);
    store.tag("v1", &image);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec!["manifest.no-layers"]));
}

#[test]
fn m9_what_is_not_followed_is_not_verified() {
    let mut store = Store::default();
    let root = json!({"mediaType": "application/vnd.example+json"});
    let root = store.document(&root);
    store.tag("v1", &root);
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Incomplete);
    assert!(rules(&report).contains(&"document.unfollowed"));
}

#[test]
fn a_platform_that_is_not_there() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    let index = store.index(&[entry(&image, "linux/amd64")]);
    store.tag("v1", &index);
    let graph = store.load_all("v1");
    let choice = Choice::Platform("linux/s390x".parse().expect("platform"));
    let report = run(&store, &graph, &choice);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Incomplete, vec!["verify.no-platform"]));
}

#[test]
fn blobs_of_an_attached_artifact_are_files_even_when_their_type_says_tar() {
    let mut store = Store::default();
    let (manifest, ..) = simple(&mut store);
    // Files without a type of their own, as oras attaches them.
    let sbom = store.put(MediaType::LAYER, "{\"bomFormat\":\"CycloneDX\"}\n");
    let empty = store.put("application/vnd.oci.empty.v1+json", "{}");
    let artifact = store.document(&json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
        "artifactType": "application/vnd.cyclonedx+json", "config": empty,
        "layers": [sbom], "subject": manifest}));
    store.referrers.insert(digest(&manifest), vec![artifact]);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]));
    assert!(report.blobs.iter().any(|blob| blob.digest == digest(&sbom)));
}

/// What can't be unpacked is verified as bytes, named, and never makes a green verdict.
#[test]
fn b2_layers_that_are_no_tars_are_not_shown() {
    let mut store = Store::default();
    for (media_type, why) in [
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "is encrypted"),
        ("application/vnd.oci.image.layer.v1.tar+encrypted", "is encrypted"),
        ("application/vnd.erofs", "is an EROFS file system, not a tar"),
        ("application/vnd.sylabs.squashfs", "is a SquashFS file system, not a tar"),
        ("application/wasm", "is a WebAssembly module, not a tar"),
        (
            "application/vnd.oci.image.layer.v1.tar+bzip2",
            "is packed with bzip2, which can't be read here",
        ),
        ("application/vnd.example.unheard-of", "is of a type that can't be read as files"),
    ] {
        let (below, diff_below) = store.layer("a");
        // Its bytes are a tar, which nobody can know: the config has the diff ID of what is in it.
        let other = store.put(media_type, tar(&[file("b", media_type)]));
        let config = store.config("linux/amd64", &[diff_below, Digest::sha256(b"plain")]);
        let manifest = store.manifest(&config, &[below, other.clone()]);
        store.tag("v1", &manifest);
        let report = verify(&mut store);
        assert_eq!(
            (report.verdict, rules(&report)),
            (Verdict::Incomplete, vec!["layer.not-shown"]),
            "{media_type}"
        );
        let said = &report.findings[0].message;
        let expected = format!("Layer 2 is not shown: it {why}.");
        assert!(said.starts_with(&expected), "{said}");
        assert_eq!(&report.detail(), said);
        assert_eq!(report.headline(), "Not everything could be checked");
        let row = report.blobs.iter().find(|blob| blob.digest == digest(&other)).expect("row");
        assert_eq!((row.verdict, &row.diff_id), (Verdict::Incomplete, &None), "{media_type}");
        // Other bytes than the manifest names are wrong whatever they are.
        store.tamper(&other, "other");
        let report = verify(&mut store);
        assert_eq!(report.verdict, Verdict::Failed, "{media_type}");
        assert!(rules(&report).contains(&"layer.digest"), "{:?}", rules(&report));
        assert!(!rules(&report).contains(&"layer.diff-id"), "{:?}", rules(&report));
    }
}

/// A statement has an image config and layers of JSON: no tar is looked for in it.
#[test]
fn b2_an_attestation_alone_is_verified() {
    let mut store = Store::default();
    let statement =
        store.put(MediaType::IN_TOTO, "{\"_type\":\"https://in-toto.io/Statement/v0.1\"}");
    let config = store.config("unknown/unknown", &[digest(&statement)]);
    let manifest = store.manifest(&config, &[statement]);
    store.tag("v1", &manifest);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]));
}

/// The bytes of a blob are compared, whatever an index lists it among.
#[test]
fn b5_blobs_in_an_index_are_verified() {
    let mut store = Store::default();
    let (layer, _) = store.layer("a");
    let cache = store.put("application/vnd.buildkit.cacheconfig.v0", "{\"layers\":[]}");
    let index = store.index(&[layer.clone(), cache]);
    store.tag("v1", &index);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]));
    assert_eq!(report.blobs.len(), 3);
    store.tamper(&layer, "other");
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Failed);
    assert!(rules(&report).contains(&"blob.digest"), "{:?}", rules(&report));
}

/// Whatever goes wrong beside the image, the verdict is about the image.
#[test]
fn b1_a_look_up_that_fails_is_no_fault_of_the_image() {
    let mut store = Store::default();
    simple(&mut store);
    let options = Options { referrers: true, ..Options::default() };
    let reference = drydock::reference::Reference::parse("localhost:5000/a:v1").expect("name");
    let mut loader = Loader::new(reference, options);
    while let Some(want) = loader.next_want() {
        let answer = match want.what {
            What::Referrers(_) => Answer::Failed("The server failed.".to_owned()),
            What::CosignTag(_) => Answer::Failed("Access is denied.".to_owned()),
            what => store.answer(&what),
        };
        loader.supply(want.id, answer);
    }
    let report = run(&store, &loader.into_graph(), &Choice::All);
    assert_eq!(report.verdict, Verdict::Verified);
    assert_eq!(rules(&report), ["image.not-known", "image.not-known"]);
}

/// However it is spelled, and only the one that was chosen.
#[test]
fn b7_one_platform_is_verified_by_any_of_its_names() {
    let mut store = Store::default();
    let platform = |image: &Value, architecture: &str, variant: Option<&str>| {
        let mut entry = image.clone();
        entry["platform"] =
            json!({"os": "linux", "architecture": architecture, "variant": variant});
        if variant.is_none() {
            entry["platform"] = json!({"os": "linux", "architecture": architecture});
        }
        entry
    };
    let plain = store.image("linux/amd64", &["a"]);
    let third = store.image("linux/amd64", &["b"]);
    let arm = store.image("linux/arm64", &["c"]);
    let seven = store.image("linux/arm", &["d"]);
    let index = store.index(&[
        platform(&third, "amd64", Some("v3")),
        platform(&plain, "amd64", None),
        platform(&arm, "arm64", Some("v8")),
        platform(&seven, "arm", Some("v7")),
    ]);
    store.tag("v1", &index);
    let graph = store.load_all("v1");
    for (wanted, image) in [
        ("linux/amd64", &plain),
        ("linux/x86_64", &plain),
        ("linux/amd64/v3", &third),
        ("linux/arm64", &arm),
        ("linux/aarch64", &arm),
        ("linux/arm", &seven),
        ("linux/armhf", &seven),
    ] {
        let choice = Choice::Platform(wanted.parse().expect("platform"));
        let report = run(&store, &graph, &choice);
        assert_eq!(report.verdict, Verdict::Verified, "{wanted}: {:?}", report.findings);
        let images = [&plain, &third, &arm, &seven].map(digest);
        let covered = report.blobs.iter().filter(|blob| images.contains(&blob.digest));
        let covered: Vec<&Digest> = covered.map(|blob| &blob.digest).collect();
        assert_eq!(covered, [&digest(image)], "{wanted}");
        let only = Options { only: Some(wanted.parse().expect("platform")), ..Options::default() };
        let graph = store.load("localhost:5000/a:v1", only);
        let read = graph.nodes().iter().filter(|node| node.manifest().is_some()).count();
        assert_eq!(read, 1, "{wanted}");
    }
    // Spelled otherwise in the index, the config and the index are of one mind.
    let arm64 = store.image("linux/aarch64", &["e"]);
    let one = store.index(&[platform(&arm64, "arm64", Some("v8"))]);
    store.tag("v1", &one);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]));
    // And two that are the same are listed twice.
    let twice =
        store.index(&[platform(&arm, "arm64", Some("v8")), platform(&plain, "aarch64", None)]);
    store.tag("v1", &twice);
    assert!(rules(&verify(&mut store)).contains(&"index.duplicate-platform"));
}

/// Of two for the same platform the one whose name the link has, and nothing of the other.
#[test]
fn b7_one_of_two_entries_for_a_platform_is_verified_alone() {
    let mut store = Store::default();
    let one = store.image("linux/amd64", &["a"]);
    let two = store.image("linux/amd64", &["b"]);
    let arm = store.image("linux/arm64", &["c"]);
    let listed = [("linux/amd64", &one), ("linux/arm64", &arm), ("linux/amd64", &two)];
    let nested = store.index(&[entry(&two, "linux/amd64")]);
    let flat = store.index(&listed.map(|(platform, image)| entry(image, platform)));
    let deep = store.index(&[entry(&one, "linux/amd64"), entry(&arm, "linux/arm64"), nested]);
    for root in [&flat, &deep] {
        store.tag("v1", root);
        let graph = store.load_all("v1");
        for (name, image) in [
            ("linux/amd64 (entry 1)", &one),
            ("linux/amd64 (entry 3)", &two),
            ("linux/arm64", &arm),
        ] {
            let report = run(&store, &graph, &Choice::of(name));
            assert_eq!(report.verdict, Verdict::Verified, "{name}: {:?}", report.findings);
            let covered = report.blobs.iter().map(|blob| &blob.digest);
            let images = [&one, &two, &arm].map(digest);
            let covered: Vec<&Digest> = covered.filter(|it| images.contains(it)).collect();
            assert_eq!(covered, [&digest(image)], "{name}");
        }
        let report = run(&store, &graph, &Choice::of("linux/amd64 (entry 9)"));
        assert_eq!(report.verdict, Verdict::Incomplete);
        assert!(rules(&report).contains(&"verify.no-platform"), "{:?}", rules(&report));
    }
}
