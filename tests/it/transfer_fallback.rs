//! Lists of referrers as JSON.

use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::spec::fallback;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::transfer_support::document;

fn link(text: &str) -> Value {
    json!({"mediaType": MediaType::MANIFEST, "digest": Digest::sha256(text.as_bytes()),
        "size": text.len()})
}

fn list(entries: &[Value]) -> Value {
    let mut list = fallback::empty();
    list["manifests"] = json!(entries);
    list
}

#[test]
fn entries_of_manifests_and_indexes() {
    let base = json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST, "layers": []});
    let with = |fields: Value| {
        let mut value = base.clone();
        value.as_object_mut().expect("object").extend(fields.as_object().expect("object").clone());
        value
    };
    let config = json!({"mediaType": "x/config", "digest": Digest::sha256(b""), "size": 0});
    for (value, artifact_type, annotations) in [
        (with(json!({"config": config, "artifactType": "a/b"})), Some("a/b"), None),
        (with(json!({"config": config})), Some("x/config"), None),
        (with(json!({"config": config, "artifactType": ""})), Some("x/config"), None),
        (with(json!({"artifactType": 7})), None, None),
        (
            with(json!({"artifactType": "a/b", "annotations": {"k": "v", "a": "b"}})),
            Some("a/b"),
            Some(json!({"k": "v", "a": "b"})),
        ),
        (with(json!({"artifactType": "a/b", "annotations": {}})), Some("a/b"), None),
        (with(json!({"mediaType": MediaType::INDEX, "artifactType": "a/b"})), Some("a/b"), None),
        (with(json!({"mediaType": MediaType::INDEX, "config": config})), None, None),
    ] {
        let document = document(&value);
        let entry = fallback::entry(&document);
        assert_eq!(entry["mediaType"], value["mediaType"]);
        assert_eq!(entry["digest"], document.digest().as_str());
        assert_eq!(entry["size"], value.to_string().len());
        assert_eq!(entry.get("artifactType").and_then(Value::as_str), artifact_type, "{value}");
        assert_eq!(entry.get("annotations"), annotations.as_ref(), "{value}");
    }
}

#[test]
fn new_entries_stand_behind_the_old_ones_and_once() {
    let (a, b, c, d) = (link("a"), link("b"), link("c"), link("d"));
    let mut sorted = [c.clone(), d.clone()];
    sorted.sort_by_key(|entry| entry["digest"].as_str().expect("digest").to_owned());
    let odd = json!({"no": "digest"});
    let mut index = list(&[b.clone(), odd.clone(), a.clone(), b.clone(), odd.clone()]);
    assert!(fallback::add(&mut index, &[d.clone(), c, a.clone(), d]));
    let [first, second] = sorted;
    let expected = json!([b, odd, a, odd, first, second]);
    assert_eq!(index["manifests"], expected);
    assert!(!fallback::add(&mut index, &[a]), "nothing is left to do");
    let digest = Digest::sha256(b"a");
    assert!(fallback::remove(&mut index, &digest));
    assert!(!fallback::remove(&mut index, &digest));
    assert_eq!(index["manifests"], json!([b, odd, odd, first, second]));
}

#[test]
fn an_entry_that_is_there_keeps_what_others_wrote_into_it() {
    let mut theirs = link("a");
    theirs["annotations"] = json!({"theirs": "yes"});
    let mut index = list(&[theirs.clone()]);
    assert!(!fallback::add(&mut index, &[link("a")]));
    assert_eq!(index["manifests"], json!([theirs]));
}

#[test]
fn what_is_no_list_is_not_taken_for_one() {
    for (text, good) in [
        (r#"{"schemaVersion":2,"manifests":[]}"#, true),
        (r#"{"schemaVersion":2,"manifests":null}"#, true),
        (r#"{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#, true),
        (
            r#"{"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[]}"#,
            false,
        ),
        (r#"{"manifests":{}}"#, false),
        (r#"{"config":{},"layers":[]}"#, false),
        (r#"{"manifests":[],"layers":[]}"#, false),
        (r#"{"manifests":[],"manifests":[]}"#, false),
        (r#"{"manifests":[]"#, false),
        ("[]", false),
        ("", false),
    ] {
        assert_eq!(fallback::read(text.as_bytes()).is_ok(), good, "{text}");
    }
}

#[test]
fn an_empty_list_can_be_added_to() {
    let mut index = fallback::read(br#"{"manifests":null,"x":1}"#).expect("list");
    assert!(fallback::add(&mut index, &[link("a")]));
    assert_eq!(index, json!({"manifests": [link("a")], "x": 1}));
    let bytes = fallback::to_bytes(&index);
    assert_eq!(fallback::read(&bytes), Ok(index), "keys keep their order");
}

proptest! {
    /// Adding and removing touch entries alone, in any order of the fields around them.
    #[test]
    fn the_rest_of_the_index_stays(
        fields in prop::collection::btree_map("[a-z]{1,8}", "[ -~]{0,8}", 0..6),
        old in prop::collection::vec("[a-d]", 0..6),
        new in prop::collection::vec("[a-f]", 0..6),
    ) {
        let mut index = serde_json::Map::new();
        for (key, value) in &fields {
            let known = ["manifests", "config", "layers"].contains(&key.as_str());
            index.insert(format!("{}{key}", if known { "x" } else { "" }), json!(value));
        }
        let old: Vec<Value> = old.iter().map(|text| link(text)).collect();
        index.insert("manifests".to_owned(), json!(old));
        let before = Value::Object(index);
        let mut after = before.clone();
        let new: Vec<Value> = new.iter().map(|text| link(text)).collect();
        fallback::add(&mut after, &new);
        let digests: Vec<&Value> =
            after["manifests"].as_array().expect("list").iter().map(|e| &e["digest"]).collect();
        for entry in old.iter().chain(&new) {
            let times = digests.iter().filter(|digest| ***digest == entry["digest"]).count();
            prop_assert_eq!(times, 1);
        }
        prop_assert!(!fallback::add(&mut after, &new), "once is enough");
        after["manifests"] = before["manifests"].clone();
        prop_assert_eq!(after.to_string(), before.to_string());
    }
}
