//! Archives that are written: whole, of the size that was said before, and the same every time.

use std::collections::BTreeMap;
use std::io::Read as _;

use bytes::Bytes;
use drydock::archive::Name;
use drydock::archive::write::{Entry, Part, Plan, WriteError, docker_save, layout};
use drydock::digest::{Algorithm, Digest};
use drydock::document::Document;
use drydock::media_type::MediaType;
use drydock::reference::{Tag, Target};
use drydock::source::{CosignKind, ReferrersFrom, Source as _};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive_support::{
    blob, documents, entry, folder, opened, read_descriptor, reference, rules, tag, written,
};
use crate::image_support::{Store, digest, entry as platform};
use crate::registry_script::run;

fn plan_layout(store: &Store, entries: &[Entry]) -> Result<Plan, WriteError> {
    let documents = documents(store);
    layout(entries, &|digest| documents.get(digest))
}

fn plan_docker(store: &Store, entries: &[Entry]) -> Result<Plan, WriteError> {
    let documents = documents(store);
    docker_save(entries, &|digest| documents.get(digest))
}

/// An image for two platforms, and one for one.
fn images() -> (Store, Value, Value, Value) {
    let mut store = Store::default();
    let amd = store.image("linux/amd64", &["base", "app"]);
    let arm = store.image("linux/arm64", &["base", "arm"]);
    let index = store.index(&[platform(&amd, "linux/amd64"), platform(&arm, "linux/arm64")]);
    let other = store.image("linux/amd64", &["base", "other"]);
    (store, index, amd, other)
}

/// Every entry of a tar, by the crate `tar`: path, kind, mode, owner, time, size.
fn listing(tar: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(tar);
    let lines = archive.entries().expect("entries").map(|entry| {
        let entry = entry.expect("entry");
        let header = entry.header();
        let path = entry.path().expect("path").display().to_string();
        let mode = header.mode().expect("mode");
        let owner = (header.uid().expect("uid"), header.gid().expect("gid"));
        let mtime = header.mtime().expect("mtime");
        format!("{path} {:?} {mode:o} {owner:?} {mtime} {}", header.entry_type(), entry.size())
    });
    lines.collect()
}

fn read_file(tar: &[u8], path: &str) -> Value {
    let mut archive = tar::Archive::new(tar);
    let mut entries = archive.entries().expect("entries").map(|entry| entry.expect("entry"));
    let mut entry = entries.find(|entry| &*entry.path_bytes() == path.as_bytes()).expect(path);
    let mut text = String::new();
    entry.read_to_string(&mut text).expect("text");
    serde_json::from_str(&text).expect("json")
}

#[test]
fn what_was_written_is_read_again() {
    let (mut store, index, _, other) = images();
    let sbom = store.artifact("application/spdx+json", Some(&index));
    let signature = store.artifact("application/vnd.sig", None);
    let cosign = format!("sha256-{}.sig", digest(&index).encoded());
    let entries = [
        Entry {
            names: vec![reference("ghcr.io/owner/app:1.0"), tag("stable")],
            ..entry(&index, &[])
        },
        Entry { names: vec![reference("alpine:3.20")], ..entry(&other, &[]) },
        entry(&sbom, &[]),
        entry(&signature, &[&cosign]),
    ];
    let plan = plan_layout(&store, &entries).expect("a plan");
    let tar = written(&plan, &store);
    assert_eq!(tar.len() as u64, plan.size);
    assert_eq!(plan.files, listing(&tar).len() as u64);
    let source = opened(tar).expect("opened");
    assert_eq!(rules(source.archive().findings()), Vec::<String>::new());
    for name in ["1.0", "stable"] {
        let target = Target::Tag(Tag::parse(name).expect("tag"));
        assert_eq!(run(source.root(&target)).expect(name).digest, digest(&index));
    }
    for (digest, (bytes, media_type)) in &store.content {
        let descriptor = drydock::descriptor::Descriptor::new(
            media_type.as_str(),
            digest.clone(),
            bytes.len() as u64,
        );
        let fetched = run(source.blob(&descriptor, 1 << 20)).expect("blob");
        assert_eq!(&*fetched.bytes, bytes);
    }
    let referrers = run(source.referrers(&digest(&index))).expect("a list");
    assert_eq!((referrers.descriptors.len(), referrers.from), (1, ReferrersFrom::Api));
    let signed = digest(&index);
    assert!(run(source.cosign_tag(&signed, CosignKind::Signature)).expect("a tag").is_some());
    let names: Vec<Vec<Name>> =
        source.archive().roots().iter().map(|root| root.names.clone()).collect();
    let mut expected: Vec<Vec<Name>> = entries.iter().map(|entry| entry.names.clone()).collect();
    expected.push(vec![tag(&digest(&index).referrers_tag())]);
    assert_eq!(names, expected);
    assert_eq!(source.archive().images().len(), 2, "what belongs to an image is none to choose");
}

/// regctl finds what refers to an image in a layout by this list alone.
#[test]
fn what_refers_to_an_image_is_listed_under_its_fallback_tag() {
    let (mut store, index, amd, _) = images();
    let sbom = store.artifact("application/spdx+json", Some(&index));
    let signature = store.artifact("application/vnd.sig", Some(&sbom));
    let lost = Digest::sha256(b"lost");
    let lost = json!({"mediaType": MediaType::MANIFEST, "digest": lost, "size": 4});
    let alone = store.artifact("application/vnd.sig", Some(&lost));
    let named = |entries: &[Entry]| {
        let tar = written(&plan_layout(&store, entries).expect("a plan"), &store);
        let listed = read_file(&tar, "index.json")["manifests"].take();
        let listed = listed.as_array().expect("a list").clone();
        let name = |entry: &Value| {
            let name = &entry["annotations"]["org.opencontainers.image.ref.name"];
            name.as_str().map(str::to_owned)
        };
        move |of: &Value| -> Vec<Value> {
            let tag = digest(of).referrers_tag();
            let entries = listed.iter().filter(|entry| name(entry).as_ref() == Some(&tag));
            entries.map(|entry| read_file(&tar, &blob(&digest(entry)))).collect()
        }
    };
    let list = |of: &Value, kind: &str| {
        let mut of = of.clone();
        of["artifactType"] = kind.into();
        json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": [of]})
    };
    let entries =
        [entry(&index, &["a:1"]), entry(&sbom, &[]), entry(&signature, &[]), entry(&alone, &[])];
    let of = named(&entries);
    assert_eq!(of(&index), [list(&sbom, "application/spdx+json")]);
    assert_eq!(of(&sbom), [list(&signature, "application/vnd.sig")]);
    assert_eq!(of(&amd), [Value::Null; 0], "nothing refers to it");
    assert_eq!(of(&lost), [Value::Null; 0], "it is not there");
    // A list that is saved as it is has no other beside it.
    let tag = digest(&index).referrers_tag();
    let own = json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": []});
    let mut store = store.clone();
    let entries = [
        entry(&index, &["a:1"]),
        entry(&sbom, &[]),
        entry(&store.put(MediaType::INDEX, own.to_string()), &[&tag]),
    ];
    let tar = written(&plan_layout(&store, &entries).expect("a plan"), &store);
    let listed = read_file(&tar, "index.json")["manifests"].take();
    assert_eq!(listed.as_array().map(Vec::len), Some(3), "{listed}");
}

#[test]
fn nothing_in_a_layout_depends_on_when_and_where_it_is_written() {
    let mut store = Store::default();
    let layer = store.put(MediaType::LAYER_GZIP, "a layer");
    let config = store.config("linux/amd64", &[]);
    let image = store.manifest(&config, &[layer]);
    let plan = plan_layout(&store, &[entry(&image, &["docker.io/library/a:1"])]).expect("a plan");
    let tar = written(&plan, &store);
    insta::assert_snapshot!(listing(&tar).join("\n"), @"
    oci-layout Regular 644 (0, 0) 0 30
    index.json Regular 644 (0, 0) 0 347
    blobs/ Directory 755 (0, 0) 0 0
    blobs/sha256/ Directory 755 (0, 0) 0 0
    blobs/sha256/053df5b7633128e148836e5c673e45d3943ea86d2974024ca6f57d77730c9bd6 Regular 644 (0, 0) 0 91
    blobs/sha256/a639be976ce8c205463155606e59d9619afe3b79b3e9ca940714aaae433766a6 Regular 644 (0, 0) 0 398
    blobs/sha256/e28d98ac666afd34f089b971a663264d54d67a60ddc82996d48d8f3c204eb75f Regular 644 (0, 0) 0 7
    ");
    insta::assert_snapshot!(read_file(&tar, "index.json"), @r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:a639be976ce8c205463155606e59d9619afe3b79b3e9ca940714aaae433766a6","size":398,"annotations":{"io.containerd.image.name":"docker.io/library/a:1","org.opencontainers.image.ref.name":"1"}}]}"#);
    insta::assert_snapshot!(Digest::sha256(&tar), @"sha256:715f744e4a2ae44ce0647c059188b8f93ce93c211a0defcfb522f40301c50e85");
}

#[test]
fn docker_load_finds_its_list_and_its_layers() {
    let (store, _, amd, other) = images();
    let entries = [
        Entry { names: vec![reference("app:1"), reference("quay.io/o/app:1")], ..entry(&amd, &[]) },
        Entry { names: vec![reference("docker.io/o/other:2"), tag("x")], ..entry(&other, &[]) },
        entry(&amd, &["localhost:5000/app:9"]),
    ];
    let plan = plan_docker(&store, &entries).expect("a plan");
    assert_eq!(plan.notes, []);
    let tar = written(&plan, &store);
    assert_eq!(tar.len() as u64, plan.size);
    let list = read_file(&tar, "manifest.json");
    let tags: Vec<&Value> =
        list.as_array().expect("images").iter().map(|image| &image["RepoTags"]).collect();
    assert_eq!(
        tags,
        [&json!(["app:1", "quay.io/o/app:1", "localhost:5000/app:9"]), &json!(["o/other:2"])]
    );
    let paths: Vec<String> = listing(&tar)
        .iter()
        .map(|line| line.split_once(' ').map_or_else(String::new, |(path, _)| path.to_owned()))
        .collect();
    for image in list.as_array().expect("images") {
        let layers = image["Layers"].as_array().expect("layers").iter();
        for path in layers.chain([&image["Config"]]) {
            assert!(paths.contains(&path.as_str().expect("path").to_owned()), "{path}");
        }
    }
    let source = opened(tar.clone()).expect("opened");
    assert_eq!(rules(source.archive().findings()), Vec::<String>::new());
    let digests: Vec<Digest> =
        source.archive().roots().iter().map(|root| root.descriptor.digest.clone()).collect();
    assert_eq!(digests, [digest(&amd), digest(&other)], "the registry's own digests");
    // For who reads only manifest.json, the same layers lie there.
    let mut files: Vec<(String, Bytes)> = Vec::new();
    let mut archive = tar::Archive::new(&tar[..]);
    for file in archive.entries().expect("entries") {
        let mut file = file.expect("entry");
        let path = file.path().expect("path").display().to_string();
        if file.header().entry_type().is_file() && !["index.json", "oci-layout"].contains(&&*path) {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("content");
            files.push((path, bytes.into()));
        }
    }
    let files: Vec<(&str, Bytes)> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    let old = folder(&files).expect("opened");
    let target = Target::Tag(Tag::parse("2").expect("tag"));
    let made: Value =
        serde_json::from_slice(&run(old.root(&target)).expect("made").bytes).expect("json");
    let own: Value = serde_json::from_slice(&store.content[&digest(&other)].0).expect("json");
    assert_eq!(made["layers"], own["layers"]);
}

#[test]
fn tags_that_two_images_share_are_written_whole() {
    let (store, index, _, other) = images();
    let entries = [entry(&index, &["a.example/app:1", "2"]), entry(&other, &["b.example/app:1"])];
    let tar = written(&plan_layout(&store, &entries).expect("a plan"), &store);
    let list = read_file(&tar, "index.json");
    let names: Vec<&str> = list["manifests"]
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|entry| entry["annotations"]["org.opencontainers.image.ref.name"].as_str())
        .collect();
    assert_eq!(names, ["a.example/app:1", "2", "b.example/app:1"]);
}

#[test]
fn what_can_not_be_saved_whole_is_not_saved() {
    let (mut store, index, amd, _) = images();
    let artifact = store.artifact("text/plain", None);
    let config: Value = serde_json::from_slice(&store.content[&digest(&amd)].0).expect("json");
    let layer = config["layers"][0].clone();
    let mut foreign = layer.clone();
    foreign["mediaType"] = json!("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
    let windows = store.manifest(&config["config"], &[foreign]);
    let mut larger = layer.clone();
    larger["size"] = json!(layer["size"].as_u64().map(|size| size + 1));
    let torn = store.manifest(&config["config"], &[layer.clone(), larger]);
    let mut huge = layer.clone();
    (huge["size"], huge["digest"]) = (json!(i64::MAX), json!(Digest::sha256(b"huge")));
    let huge = store.manifest(&config["config"], &[layer.clone(), huge]);
    let broken = store.manifest(&config["config"], &[layer.clone(), json!({"size": 1})]);
    let lost = json!({"mediaType": MediaType::MANIFEST, "size": 1, "digest": Digest::sha256(b"x")});
    let holey = store.index(&[amd.clone(), lost.clone()]);
    let no_config = store.document(&json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
        "layers": [layer]}));
    let only = |descriptor: &Value| [entry(descriptor, &["a:1"])];
    let fails = |plan: Result<Plan, WriteError>| plan.expect_err("can't be saved");
    assert_eq!(fails(plan_layout(&store, &[])), WriteError::Nothing);
    let missing = WriteError::Missing(digest(&lost));
    assert_eq!(fails(plan_layout(&store, &only(&lost))), missing);
    assert_eq!(fails(plan_layout(&store, &only(&holey))), missing);
    assert_eq!(fails(plan_layout(&store, &only(&torn))), WriteError::Conflict(digest(&layer)));
    assert_eq!(fails(plan_layout(&store, &only(&huge))), WriteError::TooLarge);
    for unreadable in [&broken, &no_config, &config["config"]] {
        let expected = WriteError::Unreadable(digest(unreadable));
        assert_eq!(fails(plan_layout(&store, &only(unreadable))), expected);
    }
    let several = WriteError::SeveralPlatforms(digest(&index));
    assert_eq!(fails(plan_docker(&store, &only(&index))), several);
    let no_image = WriteError::NotAnImage(digest(&artifact));
    assert_eq!(fails(plan_docker(&store, &only(&artifact))), no_image);
    assert_eq!(fails(plan_docker(&store, &only(&windows))), WriteError::Foreign(digest(&layer)));
    let without = plan_layout(&store, &only(&windows)).expect("a plan");
    assert_eq!(rules(&without.notes), ["archive.foreign-layer"]);
    assert!(
        without
            .parts
            .iter()
            .all(|part| !matches!(part, Part::Blob { digest: one, .. } if *one == digest(&layer)))
    );
    let mut wrong = read_descriptor(&amd);
    wrong.size += 1;
    let wrong = [Entry { descriptor: wrong, names: Vec::new() }];
    assert_eq!(fails(plan_layout(&store, &wrong)), WriteError::Conflict(digest(&amd)));
}

#[test]
fn layers_that_crane_takes_for_gzip_are_named() {
    let mut store = Store::default();
    let (gzip, id) = store.layer("a");
    let plain = store.put(MediaType::LAYER, "plain");
    let zstd = store.put(MediaType::LAYER_ZSTD, "zstd");
    let config = store.config("linux/amd64", &[id]);
    let mut notes = |layers: &[&Value]| {
        let layers: Vec<Value> = layers.iter().map(|layer| (*layer).clone()).collect();
        let image = store.manifest(&config, &layers);
        rules(&plan_docker(&store, &[entry(&image, &["a:1"])]).expect("a plan").notes)
    };
    assert_eq!(notes(&[&gzip]), Vec::<String>::new());
    assert_eq!(notes(&[&plain, &plain]), Vec::<String>::new());
    assert_eq!(notes(&[&gzip, &plain]), ["archive.docker-compression"]);
    assert_eq!(notes(&[&zstd]), ["archive.docker-compression"]);
}

#[test]
fn images_that_skopeo_does_not_find_in_a_layout_are_named() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    let mut docker: Value =
        serde_json::from_slice(&store.content[&digest(&image)].0).expect("json");
    docker["mediaType"] = json!(MediaType::DOCKER_MANIFEST);
    let docker = store.document(&docker);
    for (image, names, noted) in [
        (&image, &["a:1"][..], &[][..]),
        (&docker, &["a:1"], &["archive.docker-types"]),
        (&docker, &[], &[]),
    ] {
        let plan = plan_layout(&store, &[entry(image, names)]).expect("a plan");
        assert_eq!(rules(&plan.notes), noted);
    }
}

#[test]
fn long_names_and_huge_blobs_have_headers_that_others_read() {
    let mut store = Store::default();
    let long = Digest::of(Algorithm::Sha512, b"layer");
    let huge: u64 = 20 << 30;
    let layers = [
        json!({"mediaType": MediaType::LAYER, "digest": long, "size": 5}),
        json!({"mediaType": MediaType::LAYER, "digest": Digest::sha256(b"huge"), "size": huge}),
    ];
    let config = store.config("linux/amd64", &[]);
    let image = store.manifest(&config, &layers);
    let plan = plan_layout(&store, &[entry(&image, &["a:1"])]).expect("a plan");
    let mut tar = Vec::new();
    let mut cut = None;
    for part in &plan.parts {
        match part {
            Part::Bytes(bytes) => tar.extend_from_slice(bytes),
            Part::Blob { size, .. } if *size == huge => {
                cut = Some(tar.len());
                break;
            }
            Part::Blob { digest, size, .. } if *digest == long => {
                assert_eq!(*size, 5);
                tar.extend_from_slice(b"layer");
            }
            Part::Blob { digest, .. } => tar.extend_from_slice(&store.content[digest].0),
            Part::Tar { .. } => panic!("a layer that is to be unpacked"),
        }
    }
    assert!(cut.is_some(), "the huge blob is a part");
    let sizes: BTreeMap<String, u64> = {
        let mut archive = tar::Archive::new(&tar[..]);
        let entries = archive.entries().expect("entries").map_while(Result::ok);
        entries
            .map(|entry| (entry.path().expect("path").display().to_string(), entry.size()))
            .collect()
    };
    assert_eq!(
        sizes.get(&format!("blobs/sha256/{}", Digest::sha256(b"huge").encoded())),
        Some(&huge)
    );
    let (whole, rest) = plan.parts.iter().fold((0, 0), |(made, blobs), part| match part {
        Part::Bytes(bytes) => (made + bytes.len() as u64, blobs),
        Part::Blob { size, .. } | Part::Tar { size, .. } => (made, blobs + size),
    });
    assert_eq!(plan.size, whole + rest);
    // sha512 sorts behind sha256, so it is read from an archive without the huge blob.
    let image = store.manifest(&config, &layers[..1]);
    store.content.insert(long.clone(), (Bytes::from("layer"), MediaType::LAYER.to_owned()));
    let plan = plan_layout(&store, &[entry(&image, &["a:1"])]).expect("a plan");
    let tar = written(&plan, &store);
    let path = format!("blobs/sha512/{} ", long.encoded());
    assert!(listing(&tar).iter().any(|line| line.starts_with(&path)), "{:?}", listing(&tar));
    let source = opened(tar).expect("opened");
    let descriptor = read_descriptor(&layers[0]);
    assert_eq!(&run(source.blob(&descriptor, 10)).expect("layer").bytes[..], b"layer");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_size_is_known_before(layers in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..2000), 0..6), twice in any::<bool>()) {
        let mut store = Store::default();
        let mut list: Vec<Value> =
            layers.into_iter().map(|layer| store.put(MediaType::LAYER_GZIP, layer)).collect();
        if twice {
            list.extend(list.clone());
        }
        let config = store.config("linux/amd64", &[]);
        let image = store.manifest(&config, &list);
        let entries = [entry(&image, &["a:1", "b:1"])];
        for plan in [plan_layout(&store, &entries), plan_docker(&store, &entries)] {
            let plan = plan.expect("a plan");
            let tar = written(&plan, &store);
            prop_assert_eq!(tar.len() as u64, plan.size);
            prop_assert_eq!(tar.len() % 512, 0);
            let source = opened(tar).expect("opened");
            for (digest, (bytes, _)) in &store.content {
                let place = source.archive().place(digest).expect("there");
                prop_assert_eq!(place.len(), bytes.len() as u64);
            }
        }
    }
}

/// A document that is at hand under another digest than its own is not the one that was asked for.
#[test]
fn a_lookup_that_gives_another_document_is_not_believed() {
    let (store, _, amd, other) = images();
    let documents = documents(&store);
    let wrong: Option<&Document> = documents.get(&digest(&other));
    let plan = layout(&[entry(&amd, &["a:1"])], &|_| wrong);
    assert_eq!(plan.expect_err("another document"), WriteError::Missing(digest(&amd)));
}
