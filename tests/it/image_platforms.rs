//! Which platforms are there, and which one is shown?

use drydock::image::{Graph, NodeId, Options, default_platform, find_platform, platforms};
use serde_json::{Value, json};

use crate::image_support::{Store, digest, entry, outline, whole};

#[test]
fn the_chosen_platform_is_asked_for_first() {
    let mut store = Store::default();
    whole(&mut store);
    store.load_all("v1");
    let first: Vec<&str> = store.log.iter().take(4).map(String::as_str).collect();
    assert_eq!(
        first,
        ["document", "manifest of linux/amd64", "config of linux/amd64", "manifest of linux/arm64"]
    );
    store.log.clear();
    let arm = "linux/arm64".parse().expect("platform");
    store.load("localhost:5000/a:v1", Options { first: Some(arm), ..Options::default() });
    assert_eq!(store.log[1..3], ["manifest of linux/arm64", "config of linux/arm64"]);
}

#[test]
fn one_platform_only() {
    let mut store = Store::default();
    whole(&mut store);
    let only = "linux/arm64".parse().expect("platform");
    let graph =
        store.load("localhost:5000/a:v1", Options { only: Some(only), ..Options::default() });
    insta::assert_snapshot!(outline(&graph), @r#"
    index: read
      manifest of linux/arm64: read
        config of linux/arm64: read
        layer 1 of linux/arm64: blob
        layer 2 of linux/arm64: blob
      manifest of linux/amd64: skipped: Only linux/arm64 was asked for.
        attestation of linux/amd64: skipped: Only linux/arm64 was asked for. [attestation BuildKit]
    "#);
}

#[test]
fn m19_all_platforms_are_listed_and_none_is_chosen_in_silence() {
    let mut store = Store::default();
    let image = |store: &mut Store, name: &str| store.image("linux/arm64", &[name]);
    let (one, two, three) =
        (image(&mut store, "1"), image(&mut store, "2"), image(&mut store, "3"));
    let mut narrow = entry(&three, "linux/arm64");
    narrow["platform"]["variant"] = json!("v8");
    let entries = [
        one.clone(),
        entry(&one, "unknown/unknown"),
        entry(&two, "linux/arm64"),
        entry(&three, "linux/arm64"),
        narrow,
    ];
    let index = store.index(&entries);
    store.tag("v1", &index);
    let listed = |graph: &Graph| -> Vec<String> {
        platforms(graph).into_iter().map(|entry| entry.label).collect()
    };
    let graph = store.load_all("v1");
    assert_eq!(
        listed(&graph),
        [
            "linux/arm64 (entry 1)",
            "unknown/unknown",
            "linux/arm64 (entry 3)",
            "linux/arm64 (entry 4)",
            "linux/arm64/v8"
        ]
    );
    let entries = platforms(&graph);
    let chosen = default_platform(&entries).expect("chosen");
    assert_eq!(chosen.label, "linux/arm64 (entry 1)");
}

#[test]
fn m19_linux_amd64_is_the_default_where_it_is() {
    let mut store = Store::default();
    whole(&mut store);
    let entries = platforms(&store.load_all("v1"));
    let labels: Vec<(&str, usize)> =
        entries.iter().map(|entry| (entry.label.as_str(), entry.attestations)).collect();
    assert_eq!(labels, [("linux/arm64", 0), ("linux/amd64", 1)]);
    assert_eq!(default_platform(&entries).map(|entry| entry.label.as_str()), Some("linux/amd64"));
    assert_eq!(default_platform(&[]), None);
}

#[test]
fn a_single_image_has_the_platform_of_its_config() {
    let mut store = Store::default();
    let image = store.image("linux/arm64", &["a"]);
    store.tag("v1", &image);
    let graph = store.load_all("v1");
    assert_eq!(platforms(&graph)[0].label, "linux/arm64");
    assert!(graph.config_of(NodeId::ROOT).is_some());
    assert_eq!(graph.layers_of(NodeId::ROOT).count(), 1);
}

#[test]
fn b7_entries_have_names_and_the_one_that_is_there_is_shown() {
    let mut store = Store::default();
    let images = ["a", "b", "c", "d"].map(|name| store.image("linux/amd64", &[name]));
    let empty = |descriptor: &Value| {
        let mut entry = descriptor.clone();
        entry["platform"] = json!({"os": "", "architecture": ""});
        entry
    };
    let mut named = entry(&images[2], "linux/riscv64");
    named["annotations"] = json!({"flavour": "metal", "same": "x"});
    let mut other = entry(&images[3], "linux/riscv64");
    other["annotations"] = json!({"flavour": "cloud", "same": "x"});
    let index = store.index(&[entry(&images[0], "linux/amd64"), empty(&images[1]), named, other]);
    store.tag("v1", &index);
    store.content.remove(&digest(&images[0]));
    let graph = store.load_all("v1");
    let entries = platforms(&graph);
    let shown: Vec<(&str, &str, bool)> = entries
        .iter()
        .map(|entry| (entry.label.as_str(), entry.remark.as_str(), entry.is_present))
        .collect();
    assert_eq!(
        shown,
        [
            ("linux/amd64 (entry 1)", "", false),
            ("linux/amd64 (entry 2)", "", true),
            ("linux/riscv64 (entry 3)", "metal", true),
            ("linux/riscv64 (entry 4)", "cloud", true),
        ],
        "what the index leaves open, the config says"
    );
    let default = default_platform(&entries).expect("a platform");
    assert_eq!(default.label, "linux/amd64 (entry 2)");
    let found = |wanted: &str| find_platform(&entries, wanted).map(|entry| entry.label.as_str());
    assert_eq!(found("linux/riscv64 (entry 4)"), Some("linux/riscv64 (entry 4)"));
    assert_eq!(found("linux/x86_64"), Some("linux/amd64 (entry 1)"));
    assert_eq!(found("linux/s390x"), None);
    assert_eq!(found("amd64"), Some("linux/amd64 (entry 1)"), "an architecture alone");
    assert_eq!(found("s390x"), None);
}
