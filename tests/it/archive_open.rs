//! Archives as a source: what they hold, by name and by digest, and what is wrong with them.

use bytes::Bytes;
use drydock::archive::{ArchiveSource, Error, Files, Origin, Subject, scan};
use drydock::descriptor::{Descriptor, Mismatch};
use drydock::digest::Digest;
use drydock::finding::{Finding, Severity};
use drydock::image::{Answer, Graph, Loader, Options, What};
use drydock::media_type::MediaType;
use drydock::reference::{Reference, Tag, Target};
use drydock::source::{BlobPlace, CosignKind, ReferrersFrom, Source as _};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive_support::{
    Disk, blob, borrowed, folder, layout_of, named, opened, read_descriptor, rules, tarred,
};
use crate::image_support::{Store, digest, entry, outline};
use crate::layer_support::{self as support, Head, file, gzip, symlink, zstd};
use crate::registry_script::run;

type Opened = ArchiveSource<Disk>;

/// What an archive lists: names, digest, origin.
fn listed(source: &Opened) -> Vec<String> {
    let roots = source.archive().roots().iter().map(|root| {
        let names: Vec<String> = root
            .names
            .iter()
            .map(|name| match name {
                drydock::archive::Name::Reference(reference) => reference.to_string(),
                drydock::archive::Name::Tag(tag) => tag.to_string(),
                drydock::archive::Name::Other(text) => format!("\"{text}\""),
            })
            .collect();
        let about = root.about.as_ref().map_or("", |_| " about another");
        let digest = root.descriptor.digest.short();
        format!("{digest} {:?} [{}]{about}", root.origin, names.join(", "))
    });
    roots.collect()
}

fn tag(text: &str) -> Target {
    Target::Tag(Tag::parse(text).expect("tag"))
}

fn short(descriptor: &Value) -> String {
    digest(descriptor).short().to_owned()
}

/// Loads all documents under a root of an archive, as the page does.
fn load(source: &Opened, target: &Target) -> Graph {
    let mut reference = Reference::parse("localhost/archive").expect("reference");
    match target {
        Target::Tag(tag) => reference.tag = Some(tag.clone()),
        Target::Digest(digest) => reference.digest = Some(digest.clone()),
    }
    let mut loader = Loader::new(reference, Options { referrers: true, ..Options::default() });
    while let Some(want) = loader.next_want() {
        let fetched = match &want.what {
            What::Root(reference) => run(source.root(&reference.target())),
            What::Manifest(descriptor) | What::Blob(descriptor) => run(source.document(descriptor)),
            What::CosignTag(name) => run(source.root(&tag(name))),
            What::Referrers(digest) => {
                let found = run(source.referrers(digest)).expect("a list");
                let answer = Answer::Referrers {
                    manifests: found.descriptors,
                    from: "the referrers API".to_owned(),
                    findings: found.findings,
                    incomplete: None,
                };
                loader.supply(want.id, answer);
                continue;
            }
        };
        let answer = match fetched {
            Ok(fetched) => Answer::Document {
                bytes: fetched.bytes.into_inner(),
                content_type: fetched.media_type,
                claimed: None,
            },
            Err(error) if error.is_not_found() => Answer::Absent,
            Err(error @ Error::Mismatch { .. }) => Answer::Mismatch(error.into()),
            Err(error) => Answer::Failed(error.to_string()),
        };
        loader.supply(want.id, answer);
    }
    loader.into_graph()
}

/// Two platforms under one index, a second image, and an index of that index.
fn two_images() -> (Store, [Value; 4]) {
    let mut store = Store::default();
    let amd = store.image("linux/amd64", &["base", "app"]);
    let arm = store.image("linux/arm64", &["base", "arm"]);
    let index = store.index(&[entry(&amd, "linux/amd64"), entry(&arm, "linux/arm64")]);
    let other = store.image("linux/amd64", &["other"]);
    let nested = store.index(&[index.clone(), entry(&other, "linux/s390x")]);
    (store, [amd, index, other, nested])
}

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
        for target in [tag("1.0"), tag("latest"), Target::Digest(digest(&index))] {
            let fetched = run(source.root(&target)).expect(what);
            assert_eq!(fetched.digest, digest(&index), "{what}");
            assert_eq!(&*fetched.bytes, &store.content[&digest(&index)].0, "{what}");
            assert_eq!(fetched.media_type, Some(MediaType::new(MediaType::INDEX)), "{what}");
        }
        let missing = run(source.root(&tag("3.0")));
        assert_eq!(missing, Err(Error::NotFound(Subject::Manifest(tag("3.0")))), "{what}");
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
    assert_eq!(outline(&load(&source, &tag("all"))), outline(&store.load_all("all")));
}

#[test]
fn blobs_lie_where_the_archive_says() {
    let (store, [amd, ..]) = two_images();
    let tar = tarred(&borrowed(&layout_of(&store, &[named(&amd, "a")])));
    let source = opened(tar.clone()).expect("opened");
    for (digest, (bytes, media_type)) in &store.content {
        let BlobPlace::File(place) = source.blob_place(digest) else { panic!("{digest} is there") };
        let range = place.range.start as usize..place.range.end as usize;
        assert_eq!(&tar[range], &bytes[..]);
        let descriptor = Descriptor::new(media_type.as_str(), digest.clone(), bytes.len() as u64);
        let fetched = run(source.blob(&descriptor, 1 << 20)).expect("blob");
        assert_eq!(&*fetched.bytes, bytes);
    }
    assert_eq!(source.blob_place(&Digest::sha256(b"no")), BlobPlace::Nowhere);
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
    assert!(run(source.root(&tag("good"))).is_ok());
    assert!(matches!(run(source.root(&tag("bad"))), Err(Error::Mismatch { .. })));
}

#[test]
fn referrers_are_found_by_subject_and_by_tag() {
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
    let tags = run(both.cosign_tags(&digest(&amd))).expect("tags");
    assert_eq!(tags.len(), 1);
    assert_eq!((tags[0].kind, &tags[0].tag), (CosignKind::Signature, &cosign));
    assert_eq!(tags[0].descriptor.digest, digest(&signature));
    let images = both.archive().roots().iter().filter(|root| root.about.is_none());
    assert_eq!(images.count(), 2, "referrers, their list and signatures are no images");
    let no_list = with(&[named(&other, &fallback)]);
    assert_eq!(found(&no_list).2, ["referrers.not-an-index"]);
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
    let error = run(source.root(&tag("latest"))).expect_err("two of them");
    let Error::Ambiguous { digests, .. } = &error else { panic!("{error}") };
    assert_eq!(digests, &[digest(&amd), digest(&other)]);
    let target = Target::Digest(digest(&other));
    assert_eq!(run(source.root(&target)).expect("by digest").digest, digest(&other));
}

/// A layer with one file, and its diff ID.
fn layer(name: &str) -> (Vec<u8>, Digest) {
    let tar = support::tar(&[file(name, name)]);
    let diff_id = Digest::sha256(&tar);
    (tar, diff_id)
}

fn config(diff_ids: &[&Digest]) -> Vec<u8> {
    json!({"os": "linux", "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": diff_ids}})
    .to_string()
    .into_bytes()
}

fn item(config: &str, tags: &[&str], layers: &[&str]) -> Value {
    json!({"Config": config, "RepoTags": tags, "Layers": layers})
}

fn manifest_json(items: &[Value]) -> Vec<u8> {
    file("manifest.json", Value::from(items.to_vec()).to_string())
}

/// Layers of the manifest under a tag: media type, digest, size.
fn layers_of(source: &Opened, name: &str) -> Vec<(String, Digest, u64)> {
    let fetched = run(source.root(&tag(name))).expect("manifest");
    let manifest: Value = serde_json::from_slice(&fetched.bytes).expect("json");
    let layers = manifest["layers"].as_array().expect("layers").iter().map(read_descriptor);
    layers.map(|layer| (layer.media_type.to_string(), layer.digest, layer.size)).collect()
}

#[test]
fn docker_save_before_25_gets_a_manifest_of_what_lies_there() {
    let ((base, base_id), (app, app_id)) = (layer("base"), layer("app"));
    let (one, two) = (config(&[&base_id, &app_id]), config(&[&base_id]));
    let name = |config: &[u8]| format!("{}.json", Digest::sha256(config).encoded());
    let tar = support::tar(&[
        file("aa/VERSION", "1.0"),
        file("aa/json", "{}"),
        file("aa/layer.tar", &base),
        file("bb/layer.tar", &app),
        symlink("cc/layer.tar", "../aa/layer.tar"),
        file(name(&one), &one),
        file(name(&two), &two),
        manifest_json(&[
            item(&name(&one), &["app:1", "app:latest"], &["aa/layer.tar", "bb/layer.tar"]),
            item(&name(&two), &["localhost:5000/base:1.2"], &["cc/layer.tar"]),
        ]),
        file("repositories", "{}"),
    ]);
    let source = opened(tar.clone()).expect("opened");
    let again = opened(tar).expect("opened");
    assert_eq!(listed(&source), listed(&again), "the same archive gives the same manifests");
    insta::assert_snapshot!(listed(&source).join("\n"), @"
    9dd3de67defd Made [docker.io/library/app:1, docker.io/library/app:latest]
    0c867791cf46 Made [localhost:5000/base:1.2]
    ");
    assert_eq!(rules(source.archive().findings()), ["archive.manifest-made"]);
    assert!(source.archive().findings().iter().all(|found| found.severity == Severity::Note));
    let plain = MediaType::LAYER.to_owned();
    let size = base.len() as u64;
    assert_eq!(
        layers_of(&source, "latest"),
        [(plain.clone(), base_id.clone(), size), (plain.clone(), app_id, app.len() as u64)]
    );
    assert_eq!(layers_of(&source, "1.2"), [(plain, base_id.clone(), size)]);
    assert_eq!(*source.reader().hashed.borrow(), [], "plain tars need not be hashed to open them");
    let descriptor = Descriptor::new(MediaType::LAYER, base_id, size);
    let fetched = run(source.blob(&descriptor, 1 << 20)).expect("layer");
    assert_eq!(&fetched.bytes[..], &base[..]);
    let graph = load(&source, &tag("latest"));
    assert_eq!(outline(&graph).matches(": read").count(), 2, "{}", outline(&graph));
}

#[test]
fn a_wrong_diff_id_is_found_when_the_layer_is_read() {
    let (base, _) = layer("base");
    let config = config(&[&Digest::sha256(b"another layer")]);
    let source = opened(support::tar(&[
        file("c.json", &config),
        file("l/layer.tar", &base),
        manifest_json(&[item("c.json", &["a:1"], &["l/layer.tar"])]),
    ]))
    .expect("opened");
    let [(media_type, digest, size)] = &layers_of(&source, "1")[..] else { panic!("one layer") };
    let descriptor = Descriptor::new(media_type.as_str(), digest.clone(), *size);
    let error = run(source.blob(&descriptor, 1 << 20)).expect_err("other bytes");
    assert_eq!(Finding::from(error).rule, "blob.digest");
}

#[test]
fn compressed_layers_of_docker_save_are_hashed_once() {
    let ((base, base_id), (app, app_id), (top, top_id)) =
        (layer("base"), layer("app"), layer("top"));
    let (packed, squeezed) = (gzip(&base), zstd(&app));
    let (one, two) = (config(&[&base_id, &app_id, &top_id]), config(&[&base_id]));
    let layers = ["b.tar.gz", "a.tar.zst", "t.tar"];
    let source = opened(support::tar(&[
        manifest_json(&[item("one", &["x:1"], &layers), item("two", &["x:2"], &layers[..1])]),
        file("one", &one),
        file("two", &two),
        file("b.tar.gz", &packed),
        file("a.tar.zst", &squeezed),
        file("t.tar", &top),
    ]))
    .expect("opened");
    let row = |media_type: &str, bytes: &[u8]| {
        (media_type.to_owned(), Digest::sha256(bytes), bytes.len() as u64)
    };
    assert_eq!(
        layers_of(&source, "1"),
        [
            row(MediaType::LAYER_GZIP, &packed),
            row(MediaType::LAYER_ZSTD, &squeezed),
            row(MediaType::LAYER, &top)
        ]
    );
    assert_eq!(layers_of(&source, "2"), [row(MediaType::LAYER_GZIP, &packed)]);
    let hashed: Vec<u64> =
        source.reader().hashed.borrow().iter().map(|range| range.end - range.start).collect();
    assert_eq!(hashed, [packed.len() as u64, squeezed.len() as u64]);
}

/// What Docker since 25 writes for an image of plain layers: a layout and `manifest.json`.
fn docker_25(layers: &[(Vec<u8>, Digest)], order: &[usize], tags: &[&str]) -> Vec<Vec<u8>> {
    let diff_ids: Vec<&Digest> = layers.iter().map(|(_, diff_id)| diff_id).collect();
    let config = config(&diff_ids);
    let descriptor = |media_type: &str, bytes: &[u8]| json!({"mediaType": media_type, "digest": Digest::sha256(bytes), "size": bytes.len()});
    let listed: Vec<Value> =
        order.iter().map(|at| descriptor(MediaType::LAYER, &layers[*at].0)).collect();
    let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
        "config": descriptor(MediaType::CONFIG, &config), "layers": listed})
    .to_string();
    let entries: Vec<Value> = tags
        .iter()
        .map(|name| {
            let mut entry = descriptor(MediaType::MANIFEST, manifest.as_bytes());
            entry["annotations"] = json!({"io.containerd.image.name": format!("docker.io/library/{name}"),
                "org.opencontainers.image.ref.name": name.split(':').next_back()});
            entry
        })
        .collect();
    let index = json!({"schemaVersion": 2, "manifests": entries}).to_string();
    let paths: Vec<String> = diff_ids.iter().map(|digest| blob(digest)).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let config_path = blob(&Digest::sha256(&config));
    let mut parts = vec![
        file("oci-layout", r#"{"imageLayoutVersion": "1.0.0"}"#),
        file("index.json", index),
        manifest_json(&[item(&config_path, tags, &paths)]),
        file(config_path, &config),
        file(blob(&Digest::sha256(manifest.as_bytes())), &manifest),
    ];
    parts.extend(layers.iter().map(|(bytes, diff_id)| file(blob(diff_id), bytes)));
    parts
}

#[test]
fn docker_save_since_25_is_a_layout_with_names() {
    let layers = [layer("base"), layer("app")];
    let source = opened(support::tar(&docker_25(&layers, &[0, 1], &["app:1", "app:latest"])))
        .expect("opened");
    let names: Vec<String> = listed(&source)
        .iter()
        .map(|line| line.split_once(' ').map_or_else(String::new, |(_, rest)| rest.to_owned()))
        .collect();
    assert_eq!(names, ["Saved [docker.io/library/app:1, docker.io/library/app:latest]"]);
    assert_eq!(rules(source.archive().findings()), Vec::<String>::new());
}

#[test]
fn docker_25_0_0_writes_layers_in_another_order() {
    let layers = [layer("base"), layer("app")];
    let source = opened(support::tar(&docker_25(&layers, &[1, 0], &["app:1"]))).expect("opened");
    assert_eq!(
        rules(source.archive().findings()),
        ["archive.layers-differ", "archive.manifest-made"]
    );
    let origins: Vec<Origin> = source.archive().roots().iter().map(|root| root.origin).collect();
    assert_eq!(origins, [Origin::Archive, Origin::Made]);
    assert!(source.archive().roots()[1].names.is_empty(), "the tag stays the layout's");
    let made = Target::Digest(source.archive().roots()[1].descriptor.digest.clone());
    let fetched = run(source.root(&made)).expect("made");
    let manifest: Value = serde_json::from_slice(&fetched.bytes).expect("json");
    assert_eq!(manifest["layers"][0]["digest"], json!(layers[0].1));
}

#[test]
fn images_that_only_manifest_json_lists_are_listed() {
    let mut parts = docker_25(&[layer("base")], &[0], &[]);
    let source = opened(support::tar(&parts)).expect("opened");
    assert_eq!(source.archive().roots()[0].origin, Origin::Made);
    // An index.json with another image, and names that only manifest.json has.
    let (store, [amd, index, ..]) = two_images();
    let manifest: Value = serde_json::from_slice(&store.content[&digest(&amd)].0).expect("json");
    let layers: Vec<String> = manifest["layers"]
        .as_array()
        .expect("layers")
        .iter()
        .map(|layer| blob(&digest(layer)))
        .collect();
    let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
    let list = [item(&blob(&digest(&manifest["config"])), &["app:7"], &layers)];
    for (entries, expected) in [
        (vec![amd.clone()], vec![format!("{} Archive [docker.io/library/app:7]", short(&amd))]),
        (vec![named(&index, "7")], vec![format!("{} Archive [7]", short(&index))]),
    ] {
        parts = layout_of(&store, &entries).iter().map(|(path, bytes)| file(path, bytes)).collect();
        parts.push(manifest_json(&list));
        assert_eq!(listed(&opened(support::tar(&parts)).expect("opened")), expected);
    }
}

#[test]
fn a_hostile_manifest_json_harms_nothing() {
    let (base, base_id) = layer("base");
    let good = config(&[&base_id]);
    let sum = Digest::sha256(b"another").encoded().to_owned();
    let rows: Vec<(&str, Value, &str)> = vec![
        ("no list", json!({"Config": "c"}), "archive.manifest-json"),
        ("no object", json!(["c"]), "archive.manifest-json"),
        ("config up", json!([item("../c", &[], &["l"])]), "archive.missing"),
        ("absolute layer", json!([item("c", &[], &["/l"])]), "archive.missing"),
        ("missing layer", json!([item("c", &[], &["m"])]), "archive.missing"),
        ("layers no texts", json!([{"Config": "c", "Layers": [1]}]), "archive.manifest-json"),
        ("two keys", json!([{"Config": "c", "config": "l", "Layers": ["l"]}]), "json.key-case"),
        ("too many layers", json!([item("c", &[], &["l", "l"])]), "archive.layer-count"),
        (
            "other config",
            json!([item(&format!("{sum}.json"), &[], &["l"])]),
            "archive.config-digest",
        ),
        ("config is a layer", json!([item("l", &[], &["l"])]), "archive.layer-count"),
    ];
    for (what, list, rule) in rows {
        let (store, [amd, ..]) = two_images();
        let mut parts: Vec<Vec<u8>> = layout_of(&store, &[named(&amd, "good")])
            .iter()
            .map(|(path, bytes)| file(path, bytes))
            .collect();
        parts.extend([
            file("c", &good),
            file(format!("{sum}.json"), &good),
            file("l", &base),
            file("manifest.json", list.to_string()),
        ]);
        let source = opened(support::tar(&parts)).expect(what);
        let rules = rules(source.archive().findings());
        assert!(rules.contains(&rule.to_owned()), "{what}: {rules:?}");
        assert!(run(source.root(&tag("good"))).is_ok(), "{what}");
    }
}

#[test]
fn layers_that_docker_does_not_save_keep_their_descriptor() {
    let (app, app_id) = layer("app");
    let foreign = Digest::sha256(b"windows");
    let source_of = json!({"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "size": 5, "digest": Digest::sha256(b"packed"), "urls": ["https://example.com/w"]});
    let mut image = item("c", &["w:1"], &["none/layer.tar", "app.tar"]);
    image["LayerSources"] = json!({foreign.to_string(): source_of});
    let source = opened(support::tar(&[
        file("c", config(&[&foreign, &app_id])),
        file("app.tar", &app),
        manifest_json(&[image]),
    ]))
    .expect("opened");
    assert_eq!(layers_of(&source, "1")[0].1, Digest::sha256(b"packed"));
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

/// Only lists, the config and the first bytes of the layers are read of an archive of 5 GiB.
#[test]
fn an_archive_of_gigabytes_opens_after_some_kilobytes() {
    let ids = [Digest::sha256(b"1"), Digest::sha256(b"2")];
    let config = config(&[&ids[0], &ids[1]]);
    let list = [item("c.json", &["big:1"], &["a/layer.tar", "b/layer.tar"])];
    let size = 2_500_000_000u64.next_multiple_of(512);
    let head = |name: &str| Bytes::from(Head::new(name, b'0').size(size).done());
    let lists =
        Bytes::from([file("c.json", &config), manifest_json(&list), vec![0; 1024]].concat());
    let (second, third) = (512 + size, 2 * (512 + size));
    let whole = third + lists.len() as u64;
    let stretches = vec![(0, head("a/layer.tar")), (second, head("b/layer.tar")), (third, lists)];
    let disk = Disk::new().sparse(whole, stretches);
    let files: Files = run(scan(&disk, 0, whole)).expect("a tar");
    let source = run(ArchiveSource::open(files, disk)).expect("opened");
    assert_eq!(layers_of(&source, "1")[1], (MediaType::LAYER.to_owned(), ids[1].clone(), size));
    let read = source.reader().read.get();
    assert!(read < 32 << 10, "{read} bytes were read");
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
