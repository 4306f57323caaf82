//! Verifications from graph to report.

use bytes::Bytes;
use drydock::digest::{Algorithm, Digest};
use drydock::image::{Answer, Graph, Loader, Options, What};
use drydock::layer::{LayerReader, ReadOptions};
use drydock::media_type::MediaType;
use drydock::verify::{
    BlobFacts, BlobKind, Choice, Job, Outcome, Plan, Report, RowState, Session, Verdict,
};
use serde_json::{Value, json};

use crate::image_support::{Store, attestation, digest, entry};
use crate::layer_support::{file, gzip, tar, zstd};

/// Reads a blob as a worker does.
fn read(store: &Store, job: &Job) -> Outcome {
    let Some((bytes, _)) = store.content.get(&job.descriptor.digest) else {
        return Outcome::Absent;
    };
    match job.kind {
        BlobKind::Bytes => {
            let digest = Digest::of(job.digest_algorithm(), bytes);
            Outcome::Read(BlobFacts::bytes(digest, bytes.len() as u64))
        }
        BlobKind::Layer => {
            let mut reader = LayerReader::new(ReadOptions {
                subject: job.subject().to_owned(),
                media_type: Some(job.descriptor.media_type.clone()),
                digest: job.digest_algorithm(),
                diff_id: Some(job.diff_id_algorithm()),
                ..ReadOptions::default()
            });
            reader.push(bytes, &mut ());
            Outcome::Read(BlobFacts::from(&reader.finish(&mut ())))
        }
    }
}

fn verify(store: &mut Store) -> Report {
    let graph = store.load_all("v1");
    run(store, &graph, &Choice::All)
}

fn run(store: &Store, graph: &Graph, choice: &Choice) -> Report {
    let mut session = Session::new("localhost:5000/a:v1", graph, choice);
    for job in session.jobs().to_vec() {
        session.progress(job.id, 1, 1);
        session.finish(job.id, &read(store, &job));
    }
    assert!(session.is_done());
    session.report(42)
}

fn rules(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| &*finding.rule).collect()
}

/// An image with two layers; its parts are handed back.
fn simple(store: &mut Store) -> (Value, Value, Value) {
    let (one, diff_one) = store.layer("a");
    let (two, diff_two) = store.layer("b");
    let config = store.config("linux/amd64", &[diff_one, diff_two]);
    let manifest = store.manifest(&config, &[one.clone(), two]);
    store.tag("v1", &manifest);
    (manifest, config, one)
}

#[test]
fn a_good_image_is_verified() {
    let mut store = Store::default();
    let tar = tar(&[file("a", "a")]);
    let layer = store.put(MediaType::LAYER, tar.clone());
    let config = store.config("linux/amd64", &[Digest::sha256(&tar)]);
    let manifest = store.manifest(&config, &[layer]);
    store.tag("v1", &manifest);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]));
    assert_eq!(report.headline(), "Every byte is what the image says it is");
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).expect("json"), @r#"
    {
      "reference": "localhost:5000/a:v1",
      "digest": "sha256:861feba4c816985c8ba23dee7bd245fa810ec429bdfa473d5e5c8171929c4206",
      "verdict": "verified",
      "findings": [],
      "statements": 0,
      "blobs": [
        {
          "digest": "sha256:861feba4c816985c8ba23dee7bd245fa810ec429bdfa473d5e5c8171929c4206",
          "diffId": null,
          "mediaType": "application/vnd.oci.image.manifest.v1+json",
          "size": 397,
          "uncompressedSize": null,
          "entries": null,
          "verdict": "verified"
        },
        {
          "digest": "sha256:d1cdaf9e0821e9cc6596d4917f4e16d685b8f4a5bbf260dfbdd8275f7cceed38",
          "diffId": null,
          "mediaType": "application/vnd.oci.image.config.v1+json",
          "size": 252,
          "uncompressedSize": null,
          "entries": null,
          "verdict": "verified"
        },
        {
          "digest": "sha256:c69cf65f254f39e4b8b2df4e96fdeda0fd2be5e9dcac59a39aaf2588eeca8263",
          "diffId": "sha256:c69cf65f254f39e4b8b2df4e96fdeda0fd2be5e9dcac59a39aaf2588eeca8263",
          "mediaType": "application/vnd.oci.image.layer.v1.tar",
          "size": 2048,
          "uncompressedSize": 2048,
          "entries": 1,
          "verdict": "verified"
        }
      ],
      "elapsedMs": 42,
      "bytes": 2697
    }
    "#);
    insta::assert_snapshot!(report.detail(), @"Three documents and blobs, 2 697 bytes in all, were read and hashed; all match.");
}

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
fn reports_are_read_back() {
    let mut store = Store::default();
    simple(&mut store);
    let report = verify(&mut store);
    let text = serde_json::to_string(&report).expect("json");
    assert_eq!(serde_json::from_str::<Report>(&text).expect("report"), report);
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

/// A file of an artifact is called by its name, in the graph and in what is found of it.
#[test]
fn c9_files_of_an_artifact_keep_their_names() {
    let mut store = Store::default();
    let named = |store: &mut Store, name: &str, text: &str| {
        let mut file = store.put("text/plain", text.to_owned());
        file["annotations"] = json!({"org.opencontainers.image.title": name});
        file
    };
    let files =
        [named(&mut store, "README.txt", "hello"), named(&mut store, "data/a.bin", "bytes")];
    let empty = store.put(MediaType::EMPTY, "{}");
    let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
        "artifactType": "application/vnd.example.model", "config": empty, "layers": files});
    let manifest = store.document(&manifest);
    store.tag("v1", &manifest);
    store.tamper(&files[0], "other");
    let report = verify(&mut store);
    let subjects: Vec<&str> = report.findings.iter().map(|it| &*it.subject).collect();
    assert_eq!(subjects, ["file README.txt"]);
    assert!(report.detail().starts_with("The file README.txt is not what"), "{}", report.detail());
    let graph = store.load_all("v1");
    let label = |file: &Value| graph.find(&digest(file)).map(|node| node.label.clone());
    assert_eq!(label(&files[1]).as_deref(), Some("file a.bin"));
}

/// What cosign has under its tags has the config of an image, without a platform.
#[test]
fn c2_a_signature_is_for_no_platform() {
    let mut store = Store::default();
    let (image, ..) = simple(&mut store);
    let payload = store.put("application/vnd.dev.cosign.simplesigning.v1+json", "{}");
    let bare = json!({"architecture": "", "os": "", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest(&payload)]}});
    let config = store.put(MediaType::CONFIG, bare.to_string());
    let signature = store.manifest(&config, &[payload]);
    store.tag(&format!("{}.sig", digest(&image).referrers_tag()), &signature);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]));
    assert_eq!(report.statements, 1);
    // The same when it is opened by its own tag; an image must say what it is for.
    store.tag("v1", &signature);
    assert_eq!(rules(&verify(&mut store)), Vec::<&str>::new());
    let (layer, diff_id) = store.layer("a");
    let rootfs = json!({"type": "layers", "diff_ids": [diff_id]});
    let config = json!({"architecture": "", "os": "", "rootfs": rootfs});
    let config = store.put(MediaType::CONFIG, config.to_string());
    let image = store.manifest(&config, &[layer]);
    store.tag("v1", &image);
    assert_eq!(rules(&verify(&mut store)), ["config.platform", "config.platform"]);
}

/// Blobs are read largest first; what is wrong with them is told in the order of the layers, and
/// each finding leads to its layer.
#[test]
fn findings_follow_the_layers_and_say_where_they_are() {
    let mut store = Store::default();
    let entries = ["linux/amd64", "linux/arm64"].map(|platform| {
        let layers = [("small", 1), ("large", 4000)].map(|(name, times)| {
            let tar = tar(&[file(name, &format!("{platform}{}", "x".repeat(times)))]);
            store.put(MediaType::LAYER, tar)
        });
        let wrong = [Digest::sha256(b"one"), Digest::sha256(b"two")];
        let config = store.config(platform, &wrong);
        entry(&store.manifest(&config, &layers), platform)
    });
    let index = store.index(&entries);
    store.tag("v1", &index);
    let graph = store.load_all("v1");
    let mut session = Session::new("localhost:5000/a:v1", &graph, &Choice::All);
    for job in session.jobs().to_vec() {
        session.finish(job.id, &read(&store, &job));
    }
    let places: Vec<(String, Option<usize>)> = session
        .findings()
        .iter()
        .map(|finding| session.place(&finding.subject).expect("a place"))
        .map(|place| {
            (place.platform.as_ref().map(ToString::to_string).unwrap_or_default(), place.layer)
        })
        .collect();
    let expected = [("linux/amd64", 1), ("linux/amd64", 2), ("linux/arm64", 1), ("linux/arm64", 2)];
    assert_eq!(places, expected.map(|(platform, layer)| (platform.to_owned(), Some(layer))));
    let of_config = session.place("config of the linux/arm64").expect("a place");
    assert_eq!(
        (of_config.layer, of_config.platform.as_ref().map(ToString::to_string)),
        (None, Some("linux/arm64".to_owned()))
    );
    assert_eq!(session.place("image"), None);
}

#[test]
fn missing_and_broken_blobs_make_it_incomplete() {
    let mut store = Store::default();
    let (_, _, layer) = simple(&mut store);
    store.content.remove(&digest(&layer));
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Incomplete, vec!["blob.missing"]));
    assert_eq!(report.headline(), "Not everything could be checked");

    let graph = store.load_all("v1");
    let mut session = Session::new("a", &graph, &Choice::All);
    for job in session.jobs().to_vec() {
        let reason = "The connection was cut.".to_owned();
        session.finish(job.id, &Outcome::Broken { reason, bytes: 5 });
        session.finish(job.id, &Outcome::Absent);
    }
    let report = session.report(0);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Incomplete, vec!["blob.unreadable"; 2]));
    insta::assert_snapshot!(report.detail(), @"Layer 1 could not be read to its end; 5 of 83 bytes came: The connection was cut. There is one more finding like it.");
}

#[test]
fn failed_wins_over_incomplete() {
    let mut store = Store::default();
    let (_, _, layer) = simple(&mut store);
    let graph = store.load_all("v1");
    store.tamper(&layer, "x");
    let mut session = Session::new("a", &graph, &Choice::All);
    let jobs = session.jobs().to_vec();
    let bad = jobs.iter().find(|job| job.descriptor.digest == digest(&layer)).expect("job");
    session.finish(bad.id, &read(&store, bad));
    session.stop();
    assert_eq!(session.verdict(), Verdict::Failed);
    assert!(session.rows().iter().any(|row| row.state == RowState::Done(Verdict::Incomplete)));
}

#[test]
fn stopped_by_the_user_is_incomplete() {
    let mut store = Store::default();
    simple(&mut store);
    let graph = store.load_all("v1");
    let mut session = Session::new("a", &graph, &Choice::All);
    let first = session.jobs()[0].clone();
    session.finish(first.id, &read(&store, &first));
    session.stop();
    let report = session.report(1);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Incomplete, vec!["verify.stopped"]));
    assert_eq!(report.detail(), "Stopped before 1 of 4 documents and blobs were checked.");
}

#[test]
fn a_foreign_layer_that_is_not_there_is_not_checked() {
    let mut store = Store::default();
    let layer = json!({"digest": Digest::sha256(b"w"), "size": 9, "urls": ["https://example.org/w"],
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"});
    let config = store.config("windows/amd64", &[Digest::sha256(b"y")]);
    let manifest = store.manifest(&config, &[layer]);
    store.tag("v1", &manifest);
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Incomplete);
    assert_eq!(rules(&report), ["layer.foreign", "descriptor.urls"]);
}

#[test]
fn a_root_that_is_not_there_ends_in_a_report() {
    let report = verify(&mut Store::default());
    assert_eq!((report.verdict, report.digest.clone()), (Verdict::Incomplete, None));
    assert_eq!(rules(&report), ["document.missing"]);
    assert_eq!(report.headline(), "The image could not be read");
    assert!(report.blobs.is_empty());
}

#[test]
fn a_root_that_is_no_json_ends_in_a_report() {
    let mut store = Store::default();
    let root = store.put("text/html", "<html>");
    store.tag("v1", &root);
    let report = verify(&mut store);
    assert_eq!(report.verdict, Verdict::Failed);
    assert_eq!(rules(&report)[0], "json.syntax");
    assert_eq!(report.digest, Some(digest(&root)));
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
