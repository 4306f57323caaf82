//! What `docker save` writes, of old and of new, as a source.

use bytes::Bytes;
use drydock::archive::{ArchiveSource, Files, Origin, scan};
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::finding::{Finding, Severity};
use drydock::media_type::MediaType;
use drydock::reference::Target;
use drydock::source::Source as _;
use serde_json::{Value, json};

use crate::archive_support::{
    Disk, Opened, blob, layout_of, listed, load, named, opened, read_descriptor, rules, short,
    target_tag,
};
use crate::image_support::{digest, outline, two_images};
use crate::layer_support::{self as support, Head, file, gzip, symlink, zstd};
use crate::registry_script::run;

/// A layer with one file, and its diff ID.
pub(crate) fn layer(name: &str) -> (Vec<u8>, Digest) {
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
    let fetched = run(source.root(&target_tag(name))).expect("manifest");
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
    let graph = load(&source, &target_tag("latest"));
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
pub(crate) fn docker_25(
    layers: &[(Vec<u8>, Digest)],
    order: &[usize],
    tags: &[&str],
) -> Vec<Vec<u8>> {
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
        assert!(run(source.root(&target_tag("good"))).is_ok(), "{what}");
    }
}

/// Links are followed as Docker does, with the top of the archive as root; one that leads nowhere
/// is named, with where it leads.
#[test]
fn b4_links_of_layers_lead_to_files_or_are_named() {
    let (base, base_id) = layer("base");
    let config = config(&[&base_id]);
    let open = |parts: &[Vec<u8>], path: &str| {
        let mut parts = parts.to_vec();
        parts.extend([
            file("c.json", &config),
            manifest_json(&[item("c.json", &["app:1"], &[path])]),
        ]);
        opened(support::tar(&parts))
    };
    for (parts, path) in [
        (vec![file("x.tar", &base), symlink("a/layer.tar", "../../x.tar")], "a/layer.tar"),
        (vec![file("x.tar", &base), symlink("a/layer.tar", "/x.tar")], "a/layer.tar"),
        (vec![file("store/x.tar", &base), symlink("a", "store")], "a/x.tar"),
    ] {
        let source = open(&parts, path).expect(path);
        assert_eq!(layers_of(&source, "1").len(), 1, "{path}");
        assert_eq!(rules(source.archive().findings()), ["archive.manifest-made"]);
    }
    for (parts, path, said) in [
        (
            vec![file("x.tar", &base), symlink("a/layer.tar", "x.tar")],
            "a/layer.tar",
            "should be a/layer.tar, a link that leads to a/x.tar, which is not in the archive",
        ),
        (
            vec![file("x.tar", &base)],
            "a/layer.tar",
            "should be a/layer.tar, which is not in the archive",
        ),
        (vec![file("x.tar", &base)], "", "has no path: it was left out of the archive"),
    ] {
        let error = open(&parts, path).map(|_| ()).expect_err(path).to_string();
        let expected = format!(
            "No image in it can be opened. Layer 1 of image 1 of manifest.json {said}; the image is left out"
        );
        assert_eq!(error, expected);
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
