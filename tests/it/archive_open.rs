//! Archives as a source: what they hold, by name and by digest, and what is wrong with them.

use bytes::Bytes;
use drydock::archive::{Error, Subject};
use drydock::descriptor::{Descriptor, Mismatch};
use drydock::digest::Digest;
use drydock::finding::Finding;
use drydock::image::{default_platform, platforms};
use drydock::media_type::MediaType;
use drydock::reference::Target;
use drydock::source::{CosignKind, ReferrersFrom, Source as _};
use drydock::verify::{Choice, Outcome, Session, integrity};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive_docker::{docker_25, layer};
use crate::archive_support::{
    Opened, blob, borrowed, folder, layout_of, listed, load, named, opened, read_descriptor, rules,
    short, target_tag, tarred,
};
use crate::image_support::{digest, outline, two_images};
use crate::layer_support::{self as support, file};
use crate::registry_script::run;

#[test]
fn a_layout_is_read_from_a_folder_and_from_a_tar() {
    let (store, [_, index, other, nested]) = two_images();
    let mut whole = named(&index, "1.0");
    whole["annotations"]["io.containerd.image.name"] = json!("ghcr.io/owner/app:1.0");
    let entries = [
        whole,
        named(&index, "latest"),
        other.clone(),
        named(&nested, "docker.io/library/all:2"),
        named(&other, "a name!"),
    ];
    let files = layout_of(&store, &entries);
    let prefixed: Vec<(String, Bytes)> =
        files.iter().map(|(path, bytes)| (format!("dropped/{path}"), bytes.clone())).collect();
    let tar = tarred(&borrowed(&files));
    let expected = [
        format!("{} Archive [ghcr.io/owner/app:1.0, latest]", short(&index)),
        format!("{} Archive [\"a name!\"]", short(&other)),
        format!("{} Archive [docker.io/library/all:2]", short(&nested)),
    ];
    for (what, source) in [
        ("folder", folder(&borrowed(&files))),
        ("folder with its name", folder(&borrowed(&prefixed))),
        ("tar", opened(tar)),
        ("tar of a folder", opened(tarred(&borrowed(&prefixed)))),
    ] {
        let source = source.expect(what);
        assert_eq!(listed(&source), expected, "{what}");
        assert_eq!(rules(source.archive().findings()), Vec::<String>::new(), "{what}");
        for target in [target_tag("1.0"), target_tag("latest"), Target::Digest(digest(&index))] {
            let fetched = run(source.root(&target)).expect(what);
            assert_eq!(fetched.digest, digest(&index), "{what}");
            assert_eq!(&*fetched.bytes, &store.content[&digest(&index)].0, "{what}");
            assert_eq!(fetched.media_type, Some(MediaType::new(MediaType::INDEX)), "{what}");
        }
        let missing = run(source.root(&target_tag("3.0")));
        assert_eq!(missing, Err(Error::NotFound(Subject::Manifest(target_tag("3.0")))), "{what}");
    }
}

#[test]
fn an_archive_shows_what_the_registry_shows() {
    let (mut store, [amd, _, _, nested]) = two_images();
    store.artifact("application/spdx+json", Some(&amd));
    let referrer = store.referrers[&digest(&amd)][0].clone();
    let from_registry = store.load_all("none");
    assert!(from_registry.root().is_some_and(|root| root.view.is_none()), "no such tag");
    store.tag("all", &nested);
    let files = layout_of(&store, &[named(&nested, "all"), referrer]);
    let source = folder(&borrowed(&files)).expect("opened");
    assert_eq!(outline(&load(&source, &target_tag("all"))), outline(&store.load_all("all")));
}

#[test]
fn blobs_lie_where_the_archive_says() {
    let (store, [amd, ..]) = two_images();
    let tar = tarred(&borrowed(&layout_of(&store, &[named(&amd, "a")])));
    let source = opened(tar.clone()).expect("opened");
    for (digest, (bytes, media_type)) in &store.content {
        let place = source.archive().place(digest).expect("place");
        let range = place.range.start as usize..place.range.end as usize;
        assert_eq!(&tar[range], &bytes[..]);
        let descriptor = Descriptor::new(media_type.as_str(), digest.clone(), bytes.len() as u64);
        let fetched = run(source.blob(&descriptor, 1 << 20)).expect("blob");
        assert_eq!(&*fetched.bytes, bytes);
    }
    assert_eq!(source.archive().place(&Digest::sha256(b"no")), None);
}

#[test]
fn nothing_passes_that_is_not_what_its_digest_says() {
    let (mut store, [amd, ..]) = two_images();
    let manifest: Value = serde_json::from_slice(&store.content[&digest(&amd)].0).expect("json");
    let (config, layer) = (&manifest["config"], &manifest["layers"][0]);
    let size = config["size"].as_u64().expect("size") as usize;
    store.tamper(config, vec![b' '; size]);
    store.tamper(layer, "short");
    store.content.remove(&digest(&manifest["layers"][1]));
    let source = folder(&borrowed(&layout_of(&store, &[named(&amd, "a")]))).expect("opened");
    let rule = |error: Error| Finding::from(error).rule.to_string();
    let document = |descriptor: &Value| {
        run(source.document(&read_descriptor(descriptor))).map(|_| ()).map_err(rule)
    };
    assert_eq!(document(&amd), Ok(()));
    assert_eq!(document(config), Err("blob.digest".to_owned()));
    assert_eq!(document(layer), Err("blob.size".to_owned()));
    assert_eq!(document(&manifest["layers"][1]), Err("fetch.not-found".to_owned()));
    let whole = read_descriptor(&amd);
    let limited = run(source.blob(&whole, whole.size - 1));
    assert_eq!(limited.map(|_| ()).map_err(rule), Err("fetch.too-large".to_owned()));
    let wrong = Descriptor { size: whole.size + 1, ..whole };
    let wrong = run(source.document(&wrong)).map(|_| ()).map_err(rule);
    assert_eq!(wrong, Err("manifest.size".to_owned()));
    let foreign = Digest::parse("blake3:abcdef").expect("digest");
    let mut files = layout_of(&store, &[named(&amd, "a")]);
    files.push((blob(&foreign), Bytes::from("x")));
    let source = folder(&borrowed(&files)).expect("opened");
    let unverifiable = run(source.root(&Target::Digest(foreign.clone())));
    assert!(
        matches!(&unverifiable, Err(Error::Mismatch { mismatch: Mismatch::Unverifiable(digest), .. })
            if *digest == foreign),
        "{unverifiable:?}"
    );
}

#[test]
fn what_is_wrong_with_a_root_is_a_finding_and_the_others_open() {
    let (mut store, [amd, _, other, _]) = two_images();
    let lost = json!({"mediaType": MediaType::MANIFEST, "size": 7,
        "digest": Digest::sha256(b"lost")});
    let whole = store.content[&digest(&other)].0.clone();
    store.tamper(&other, vec![b' '; whole.len()]);
    let entries = [named(&lost, "lost"), named(&other, "bad"), named(&amd, "good")];
    let source = folder(&borrowed(&layout_of(&store, &entries))).expect("opened");
    assert_eq!(source.archive().roots().len(), 3);
    assert_eq!(rules(source.archive().findings()), ["fetch.not-found", "manifest.digest"]);
    assert!(run(source.root(&target_tag("good"))).is_ok());
    assert!(matches!(run(source.root(&target_tag("bad"))), Err(Error::Mismatch { .. })));
}

#[test]
fn referrers_are_found_by_subject_and_by_target_tag() {
    let (mut store, [amd, _, other, _]) = two_images();
    let sbom = store.artifact("application/spdx+json", Some(&amd));
    let note = store.artifact("text/x-note", Some(&amd));
    let signature = store.artifact("application/vnd.sig", None);
    let list = store.index(std::slice::from_ref(&note));
    let fallback = digest(&amd).referrers_tag();
    let cosign = CosignKind::Signature.tag(&digest(&amd)).expect("tag");
    let bare = json!({"mediaType": MediaType::MANIFEST, "digest": sbom["digest"],
        "size": sbom["size"]});
    let with = |entries: &[Value]| {
        let mut all = vec![named(&amd, "app"), named(&other, "other")];
        all.extend_from_slice(entries);
        folder(&borrowed(&layout_of(&store, &all))).expect("opened")
    };
    let found = |source: &Opened| {
        let found = run(source.referrers(&digest(&amd))).expect("a list");
        let types: Vec<String> = found
            .descriptors
            .iter()
            .map(|one| one.artifact_type.as_ref().map_or_else(String::new, ToString::to_string))
            .collect();
        (types, found.from, rules(&found.findings))
    };
    let none = (Vec::new(), ReferrersFrom::Api, Vec::new());
    assert_eq!(found(&with(&[])), none);
    let by_subject = with(std::slice::from_ref(&bare));
    let types = vec!["application/spdx+json".to_owned()];
    assert_eq!(found(&by_subject), (types, ReferrersFrom::Api, vec![]));
    assert_eq!(run(by_subject.referrers(&digest(&other))).expect("a list").descriptors, []);
    let by_tag = with(&[named(&list, &fallback)]);
    let note_type = "text/x-note".to_owned();
    assert_eq!(found(&by_tag), (vec![note_type.clone()], ReferrersFrom::FallbackTag, vec![]));
    let both = with(&[bare, named(&list, &fallback), named(&signature, cosign.as_str())]);
    let types = vec!["application/spdx+json".to_owned(), note_type];
    assert_eq!(found(&both), (types, ReferrersFrom::FallbackTag, vec![]));
    let tags = CosignKind::ALL.map(|kind| run(both.cosign_tag(&digest(&amd), kind)).expect("tag"));
    assert!(
        matches!(&tags, [Some(found), None, None]
        if found.tag == cosign && found.descriptor.digest == digest(&signature)),
        "{tags:?}"
    );
    let images = both.archive().roots().iter().filter(|root| root.about.is_none());
    assert_eq!(images.count(), 2, "referrers, their list and signatures are no images");
    let no_list = with(&[named(&other, &fallback)]);
    assert_eq!(found(&no_list).2, ["referrers.not-an-index"]);
}

/// What can be chosen: all tags, and what is about nothing that is there; never nothing at all.
#[test]
fn d4_images_that_have_a_subject_open() {
    let (mut store, [amd, _, other, _]) = two_images();
    let sbom = store.artifact("application/spdx+json", Some(&amd));
    let signature = store.artifact("application/vnd.sig", Some(&other));
    let bare = |descriptor: &Value| {
        json!({"mediaType": MediaType::MANIFEST, "digest": descriptor["digest"],
            "size": descriptor["size"]})
    };
    let list = store.index(&[bare(&sbom)]);
    let fallback = digest(&amd).referrers_tag();
    let listed = |store: &crate::image_support::Store, entries: &[Value]| -> Vec<Digest> {
        let source = folder(&borrowed(&layout_of(store, entries))).expect("opened");
        let images = source.archive().images();
        images.into_iter().map(|root| root.descriptor.digest.clone()).collect::<Vec<Digest>>()
    };
    let image = named(&amd, "app");
    for (entries, expected) in [
        // An artifact that was pulled alone, with and without a tag.
        (vec![bare(&sbom)], vec![&sbom]),
        (vec![bare(&sbom), bare(&signature)], vec![&sbom, &signature]),
        (vec![named(&list, &fallback)], vec![&list]),
        // Beside what it is about it comes with that, unless it has a tag of its own.
        (vec![image.clone(), bare(&sbom)], vec![&amd]),
        (vec![image.clone(), named(&bare(&sbom), "sbom")], vec![&amd, &sbom]),
        (vec![image.clone(), named(&list, &fallback)], vec![&amd]),
        (vec![named(&amd, "one"), named(&other, "two"), bare(&signature)], vec![&amd, &other]),
    ] {
        let expected: Vec<Digest> = expected.into_iter().map(digest).collect();
        assert_eq!(listed(&store, &entries), expected, "{entries:?}");
    }
    // About something that is elsewhere.
    store.content.remove(&digest(&other));
    let expected = [digest(&amd), digest(&signature)];
    assert_eq!(listed(&store, &[image, bare(&signature)]), expected);
}

/// A `docker save` of an index has only the platform that this machine holds.
#[test]
fn b4_the_platform_that_is_there_is_shown() {
    let (mut store, [amd, index, ..]) = two_images();
    store.content.remove(&digest(&amd));
    let source = folder(&borrowed(&layout_of(&store, &[named(&index, "1")]))).expect("opened");
    let graph = load(&source, &target_tag("1"));
    let entries = platforms(&graph);
    let labels: Vec<(&str, bool)> =
        entries.iter().map(|entry| (entry.label.as_str(), entry.is_present)).collect();
    assert_eq!(labels, [("linux/amd64", false), ("linux/arm64", true)]);
    assert_eq!(default_platform(&entries).map(|entry| entry.label.as_str()), Some("linux/arm64"));
    let missing: Vec<String> = graph.missing().map(|missing| missing.reason).collect();
    assert_eq!(missing, ["The archive has no such manifest of linux/amd64."]);
    let session = Session::new("archive", &graph, &Choice::All);
    let job = session.jobs().first().expect("a layer");
    let (_, findings) = integrity::check(job, &Outcome::Absent);
    assert!(findings[0].message.starts_with("The archive does not have layer"), "{findings:?}");
}

#[test]
fn one_tag_for_several_images_is_no_choice() {
    let (store, [amd, _, other, _]) = two_images();
    let whole = |descriptor: &Value, name: &str| {
        let mut entry = named(descriptor, "latest");
        entry["annotations"]["io.containerd.image.name"] = json!(name);
        entry
    };
    let entries = [whole(&amd, "docker.io/library/a:latest"), whole(&other, "quay.io/b:latest")];
    let source = folder(&borrowed(&layout_of(&store, &entries))).expect("opened");
    let error = run(source.root(&target_tag("latest"))).expect_err("two of them");
    let Error::Ambiguous { digests, .. } = &error else { panic!("{error}") };
    assert_eq!(digests, &[digest(&amd), digest(&other)]);
    let target = Target::Digest(digest(&other));
    assert_eq!(run(source.root(&target)).expect("by digest").digest, digest(&other));
}

#[test]
fn a_file_without_images_says_what_was_expected() {
    let error = |parts: &[Vec<u8>]| opened(support::tar(parts)).map(|_| ()).expect_err("no images");
    assert_eq!(error(&[file("readme", "x")]), Error::NoImages(None));
    let old = error(&[file("repositories", "{}"), file("aa/layer.tar", "x")]);
    assert_eq!(old, Error::OldDocker);
    assert_eq!(
        error(&[file("a/oci-layout", "{}"), file("b/oci-layout", "{}")]),
        Error::SeveralFolders(vec!["a".to_owned(), "b".to_owned()])
    );
    let broken =
        error(&[file("index.json", "{"), file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#)]);
    let message = broken.to_string();
    assert!(message.contains("The index.json is not JSON"), "{message}");
    let up = error(&[file("../index.json", "{}")]).to_string();
    assert!(up.contains("no plain path inside the archive"), "{up}");
}

#[test]
fn a_layout_of_another_kind_is_read_with_a_finding() {
    let (store, [amd, ..]) = two_images();
    let mut files = layout_of(&store, &[named(&amd, "a")]);
    files[0].1 = Bytes::from(r#"{"imageLayoutVersion":"2.0.0"}"#);
    let newer = folder(&borrowed(&files)).expect("opened");
    assert_eq!(rules(newer.archive().findings()), ["archive.layout-version"]);
    files.remove(0);
    let without = folder(&borrowed(&files)).expect("opened");
    assert_eq!(rules(without.archive().findings()), ["archive.layout"]);
    let twice = tarred(&borrowed(&[files.clone(), files].concat()));
    let twice = opened(twice).expect("opened");
    assert_eq!(rules(twice.archive().findings()), ["archive.duplicate-path", "archive.layout"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damage_never_panics_and_never_passes(at in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6)) {
        let (store, [_, index, other, _]) = two_images();
        let mut parts: Vec<Vec<u8>> = layout_of(&store, &[named(&index, "a"), named(&other, "b")])
            .iter()
            .map(|(path, bytes)| file(path, bytes))
            .collect();
        parts.extend(docker_25(&[layer("base")], &[0], &["app:1"]).split_off(2));
        let mut tar = support::tar(&parts);
        for (at, byte) in at {
            let len = tar.len();
            tar[at % len] = byte;
        }
        let Ok(source) = opened(tar) else { return Ok(()) };
        for root in source.archive().roots() {
            let digest = &root.descriptor.digest;
            if let Ok(fetched) = run(source.root(&Target::Digest(digest.clone()))) {
                prop_assert_eq!(&Digest::sha256(&fetched.bytes), digest);
            }
            load(&source, &Target::Digest(digest.clone()));
        }
    }
}
