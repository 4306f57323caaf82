//! One draft whose digest is known: whoever builds its layers, in pieces of whatever size, natively
//! or in a browser, comes to the same. `tests/data/fixed-draft.json` has it, with all that it needs.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use drydock::digest::Digest;
use drydock::edit::{Draft, link};
use drydock::media_type::MediaType;
use serde_json::{Value, json};

use crate::edited::{Product, Work};
use crate::image_support::Store;
use crate::images::Whole;
use crate::judges::judge;

fn data() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/fixed-draft.json");
    serde_json::from_slice(&fs::read(path).expect("the draft")).expect("JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn decoded(value: &Value) -> Vec<u8> {
    STANDARD.decode(text(value)).expect("base64")
}

fn image(data: &Value) -> Whole {
    let mut store = Store::default();
    for (digest, content) in data["image"]["blobs"].as_object().expect("blobs") {
        let blob = store.put("application/octet-stream", decoded(content));
        assert_eq!(text(&blob["digest"]), digest);
    }
    let mut root = json!(null);
    for manifest in data["image"]["manifests"].as_array().expect("manifests") {
        let value: Value = serde_json::from_str(text(manifest)).expect("JSON");
        root = store.put(text(&value["mediaType"]), text(manifest).to_owned());
        if let Some(config) = value["config"]["digest"].as_str() {
            let config = store.content[&config.parse::<Digest>().expect("a digest")].0.clone();
            store.put(MediaType::CONFIG, config);
        }
    }
    assert_eq!(root["digest"], data["image"]["root"]);
    Whole { store, root }
}

fn built(data: &Value, base: &Whole, draft: &Draft, chunk: usize) -> Product {
    let files = data["files"].as_array().expect("files").iter();
    let work = files
        .fold(Work::of(draft.clone()), |work, file| work.with_file(&decoded(&file["content"])));
    Work { base: Some(base), chunk, ..work }.done()
}

#[test]
fn the_digest_is_known_before() {
    let data = data();
    let base = image(&data);
    let draft: Draft = serde_json::from_value(data["draft"].clone()).expect("a draft");
    let linked = link::read(&link::write(&draft).expect("a link")).expect("a draft");
    assert_eq!(linked, draft);
    for chunk in [usize::MAX, 1 << 16, 4097, 4097, 97] {
        let product = built(&data, &base, &linked, chunk);
        let layers: serde_json::Map<String, Value> = product
            .whole
            .images()
            .iter()
            .map(|(platform, image)| {
                let digests = image.layers().iter().map(|layer| layer["digest"].clone()).collect();
                (platform.clone(), digests)
            })
            .collect();
        let artifact = &product.change.referrers[0].descriptor.digest;
        let actual =
            json!({"root": product.whole.digest(), "artifact": artifact, "layers": layers});
        assert_eq!(actual, data["expected"], "pieces of {chunk} bytes");
    }
}

#[test]
fn and_the_image_is_good() {
    let data = data();
    let draft: Draft = serde_json::from_value(data["draft"].clone()).expect("a draft");
    let product = built(&data, &image(&data), &draft, 1 << 16);
    let trees = judge(&product, "fixed");
    assert_eq!(
        trees.keys().collect::<Vec<_>>(),
        ["linux/amd64", "linux/arm64/v8", "windows/amd64"]
    );
    let tree = &trees["linux/amd64"];
    for (path, is_there) in [
        ("etc/os-release", true),
        ("opt/given", true),
        ("srv/app/hello.txt", true),
        ("srv/page", false),
        ("usr/cache/one", false),
        ("usr/cache/two", false),
        ("usr/text", true),
    ] {
        assert_eq!(tree.contains_key(path), is_there, "{path}");
    }
    assert!(trees["windows/amd64"].contains_key("Files/opt/given"));
}
