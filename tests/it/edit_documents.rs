//! Media types converted, texts replaced, artifacts attached, lists of referrers kept, and
//! documents shown.

use std::collections::BTreeMap;

use bytes::Bytes;
use drydock::digest::Digest;
use drydock::edit::fallback::{add_referrer, remove_referrer};
use drydock::edit::parcel::{ChangeParcel, ImageParcel, Known, ParcelError};
use drydock::edit::present::{LineKind, diff, pretty};
use drydock::edit::view::{self, Fate, FormContext};
use drydock::edit::{
    Action, AttachEdit, AttachTo, AttachedFile, BaseAnnotations, ChangedDocument, Edit, Family,
    Image, LayerEdit, LayerInput, Packing, RawDocument, Which, attach, referrer_descriptor,
};
use drydock::layer::write::NewEntry;
use drydock::limits;
use drydock::media_type::MediaType;
use serde_json::{Value, json};

use crate::edit_support::*;

fn convert(to: Family) -> Action {
    Action::Convert { to }
}

fn files<const N: usize>(entries: [NewEntry; N]) -> Action {
    let layer = LayerInput::Files { entries: entries.into(), packing: Packing::None };
    Action::Layers(LayerEdit::Add { layer, base: BaseAnnotations::default() })
}

fn raw(document: RawDocument, text: String) -> Action {
    Action::Raw { document, text }
}

#[test]
fn media_types_are_converted_there_and_back() {
    let image = multi(&["a"]);
    let change = edited(&image, all([convert(Family::Docker)]));
    let index = value(&change, "index");
    assert_eq!(index["mediaType"], MediaType::DOCKER_LIST);
    let types: Vec<&Value> =
        index["manifests"].as_array().expect("list").iter().map(|e| &e["mediaType"]).collect();
    let expected = [MediaType::DOCKER_MANIFEST, MediaType::DOCKER_MANIFEST, MediaType::MANIFEST];
    assert_eq!(types, expected, "an attestation is of no type of Docker's");
    let manifest = value(&change, "linux/amd64");
    assert_eq!(manifest["mediaType"], MediaType::DOCKER_MANIFEST);
    assert_eq!(manifest["config"]["mediaType"], MediaType::DOCKER_CONFIG);
    assert_eq!(manifest["layers"][0]["mediaType"], MediaType::DOCKER_LAYER_GZIP);
    assert!(rules(&change).contains(&"edit.docker-fields"), "the index has annotations");

    let back = edited(&image, all([convert(Family::Docker), convert(Family::Oci)]));
    assert_eq!(back.root.digest, *image.digest());
    assert!(!back.is_changed());
}

#[test]
fn conversion_commutes_with_new_layers() {
    let image = image("linux/amd64", &["a"]);
    let one = edited(&image, all([convert(Family::Docker), given("e")]));
    let other = edited(&image, all([given("e"), convert(Family::Docker)]));
    assert_eq!(one.root, other.root);
    let layer = &value(&one, "image")["layers"][1];
    assert_eq!(layer["mediaType"], MediaType::DOCKER_LAYER_GZIP);
}

#[test]
fn zstd_has_no_name_in_docker() {
    let mut made = made("linux/amd64", &["a"]);
    made.manifest["layers"][0]["mediaType"] = json!(MediaType::LAYER_ZSTD);
    let image = made.image();
    assert!(refused(&image, all([convert(Family::Docker)])).contains("layer 1 has zstd"));
    let gzip = LayerEdit::Recompress { packing: Packing::default(), layers: Which::All };
    edited(&image, all([convert(Family::Docker), Action::Layers(gzip)]));
    // One that is there, as some tools write it, is not in the way of other edits.
    let mut docker = crate::edit_support::made("linux/amd64", &["a"]).docker();
    docker.manifest["layers"][0]["mediaType"] = json!(MediaType::LAYER_ZSTD);
    edited(&docker.image(), all([given("e")]));
}

#[test]
fn an_artifact_is_annotated_but_its_config_is_its_own() {
    let config = json!({"mediaType": "application/vnd.cncf.helm.config.v1+json",
        "digest": sha("chart"), "size": 5});
    let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST, "config": config,
        "layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            "digest": sha("content"), "size": 7}]});
    let chart = Image::manifest(document(MediaType::MANIFEST, &manifest.to_string()), None);
    let chart = chart.expect("an artifact");
    let annotation = Action::Annotation {
        on: drydock::edit::Annotated::Manifest,
        name: "k".to_owned(),
        value: Some("v".to_owned()),
    };
    let change = edited(&chart, all([annotation]));
    let mut expected = manifest;
    expected["annotations"] = json!({"k": "v"});
    assert_eq!(value(&change, "image"), expected);
    assert_eq!(change.blobs.len(), 2);
    for action in [label("a", None), given("e"), convert(Family::Docker)] {
        let error = refused(&chart, all([action]));
        assert!(error.contains("application/vnd.cncf.helm.config.v1+json"), "{error}");
    }
}

#[test]
fn a_raw_text_is_taken_byte_for_byte() {
    let image = multi(&["a"]);
    let amd64 = vec!["linux/amd64".parse().expect("platform")];
    let config = "{ \"os\":\"linux\",\n\"architecture\" : \"amd64\", \"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"DIFF\"]} }"
        .replace("DIFF", diff_id("a").as_str());
    let edit = Edit::on(amd64.clone(), raw(RawDocument::Config, config.clone()));
    let change = edited(&image, vec![edit]);
    assert_eq!(text(&change, "config of linux/amd64"), config);

    let mut manifest = value(&edited(&image, vec![]), "linux/amd64");
    manifest["x"] = json!(1);
    let manifest = serde_json::to_string_pretty(&manifest).expect("JSON");
    let edit = Edit::on(amd64.clone(), raw(RawDocument::Manifest, manifest.clone()));
    let both = vec![edit.clone(), Edit::on(amd64, label("k", Some("v")))];
    assert_eq!(text(&edited(&image, vec![edit]), "linux/amd64"), manifest);
    let change = edited(&image, both);
    assert!(text(&change, "linux/amd64").starts_with("{\n  \"schemaVersion\": 2"));

    let mut index = value(&edited(&image, vec![]), "index");
    index["manifests"].as_array_mut().expect("list").remove(1);
    let edits = all([label("k", Some("v"))]);
    let shown = text(&edited(&image, edits.clone()), "index");
    let without_arm: Value = serde_json::from_str(&shown).expect("JSON");
    let mut without_arm = without_arm;
    without_arm["manifests"].as_array_mut().expect("list").remove(1);
    let more = vec![
        Edit::all(raw(RawDocument::Index, without_arm.to_string())),
        Edit::all(label("l", Some("w"))),
    ];
    let change = edited(&image, [edits, more].concat());
    let index = value(&change, "index");
    assert_eq!(index["manifests"].as_array().map(Vec::len), Some(2));
    let labels = &value(&change, "config of linux/amd64")["config"]["Labels"];
    assert_eq!(*labels, json!({"k": "v", "l": "w"}));
    let of = &index["manifests"][1]["annotations"]["vnd.docker.reference.digest"];
    assert_eq!(*of, index["manifests"][0]["digest"], "the attestation still goes with its image");
}

#[test]
fn a_raw_text_is_checked() {
    let image = image("linux/amd64", &["a"]);
    let manifest = value(&edited(&image, vec![]), "image");
    let with = |name: &str, field: Value| {
        let mut manifest = manifest.clone();
        manifest[name] = field;
        manifest.to_string()
    };
    let other = json!({"mediaType": MediaType::CONFIG, "digest": sha("other"), "size": 1});
    for (document, text, why) in [
        (RawDocument::Manifest, "{".to_owned(), "not clear"),
        (RawDocument::Manifest, r#"{"a":1,"a":2}"#.to_owned(), "Duplicate key a"),
        (RawDocument::Manifest, r#"{"a":1e400}"#.to_owned(), "not JSON"),
        (RawDocument::Manifest, r#"{"manifests":[]}"#.to_owned(), "a manifest is needed"),
        (RawDocument::Manifest, with("manifests", json!([])), "Ambiguous"),
        (RawDocument::Manifest, with("config", other), "the manifest names the config"),
        (RawDocument::Config, "{}".to_owned(), "without rootfs"),
        (RawDocument::Index, "{}".to_owned(), "no index"),
    ] {
        let error = refused(&image, all([raw(document, text.clone())]));
        assert!(error.contains(why), "{text}: {error}");
    }
    let multi = multi(&["a"]);
    let text = value(&edited(&multi, vec![]), "linux/amd64").to_string();
    assert!(
        refused(&multi, all([raw(RawDocument::Manifest, text)])).contains("choose one platform")
    );

    // What does not fit together is a finding, as it may be meant.
    let two = with(
        "layers",
        json!([layer(MediaType::LAYER_GZIP, "a"), layer(MediaType::LAYER_GZIP, "b")]),
    );
    let change = edited(&image, all([raw(RawDocument::Manifest, two.clone())]));
    assert_eq!(rules(&change), ["edit.unknown-content", "config.diff-ids", "config.history"]);
    let error = refused(&image, all([given("e"), raw(RawDocument::Manifest, two)]));
    assert!(error.contains("other layers than the edits before it"), "{error}");
}

#[test]
fn a_raw_text_sees_layers_that_are_still_to_be_built() {
    let image = image("linux/amd64", &["a"]);
    let edits = all([given("e")]);
    let shown = plan(&image, &draft(&image, edits.clone()), &[]).expect("a change");
    let mut manifest = value(&shown, "image");
    manifest["layers"][1]["annotations"] = json!({"k": "v"});
    let mut config = value(&shown, "config");
    config["history"][1]["created_by"] = json!("my words");
    let more = all([
        raw(RawDocument::Config, config.to_string()),
        raw(RawDocument::Manifest, manifest.to_string()),
    ]);
    let draft = draft(&image, [edits, more].concat());
    let change = run(&image, &draft, &[]).expect("texts hold before and after layers are built");
    assert_eq!(value(&change, "image")["layers"][1]["annotations"], json!({"k": "v"}));
    assert_eq!(history(&change, "config"), ["make a", "my words"]);
    assert_eq!(layers(&change, "image", &["a"]), ["a", "given"]);
}

#[test]
fn a_raw_index_sees_images_that_are_still_to_be_built() {
    let image = multi(&["a"]);
    let edits = all([given("e")]);
    let shown = plan(&image, &draft(&image, edits.clone()), &[]).expect("a change");
    let mut index = value(&shown, "index");
    index["manifests"].as_array_mut().expect("list").swap(0, 1);
    index["x"] = json!(1);
    let more = all([raw(RawDocument::Index, index.to_string())]);
    let change = run(&image, &draft(&image, [edits, more].concat()), &[]).expect("a change");
    let index = value(&change, "index");
    let entries = &index["manifests"];
    assert_eq!(
        (&entries[0]["platform"]["architecture"], &index["x"]),
        (&json!("arm64"), &json!(1))
    );
    assert_eq!(entries[2]["annotations"]["vnd.docker.reference.digest"], entries[1]["digest"]);
    assert_eq!(rules(&change), ["edit.attestation"]);
}

#[test]
fn files_are_attached_as_an_artifact() {
    let image = image("linux/amd64", &["a"]);
    let file = AttachedFile {
        media_type: MediaType::new("application/spdx+json"),
        digest: sha("sbom"),
        size: 4,
        title: Some("sbom.json".to_owned()),
    };
    let subject = image.document().descriptor();
    let sbom = MediaType::new("application/spdx+json");
    let annotations = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let made = attach(&subject, &sbom, std::slice::from_ref(&file), &annotations, now())
        .expect("artifact");
    let empty = json!({"mediaType": MediaType::EMPTY, "digest": sha("{}"), "size": 2});
    let expected = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::MANIFEST,
        "artifactType": "application/spdx+json",
        "config": empty,
        "layers": [{"mediaType": "application/spdx+json", "digest": sha("sbom"), "size": 4,
            "annotations": {"org.opencontainers.image.title": "sbom.json"}}],
        "subject": subject,
        "annotations": {"k": "v", "org.opencontainers.image.created": NOW},
    });
    assert_eq!(made.documents[1].bytes(), expected.to_string().as_bytes());
    assert_eq!(made.descriptor.artifact_type, Some(sbom.clone()));
    assert_eq!(made.descriptor.annotations["k"], "v");

    let none = attach(&subject, &sbom, &[], &BTreeMap::new(), now()).expect("artifact");
    assert_eq!(none.documents[1].value()["layers"], json!([empty]));
    for bad in ["", "spdx", "a/b/c", "a/b c", MediaType::EMPTY] {
        let made = attach(&subject, &MediaType::new(bad), &[], &BTreeMap::new(), now());
        assert!(
            made.expect_err("no type").to_string().contains("no type for an artifact"),
            "{bad}"
        );
    }

    let edit = |to| {
        Action::Attach(AttachEdit {
            to,
            artifact_type: sbom.clone(),
            files: vec![file.clone()],
            annotations: BTreeMap::new(),
        })
    };
    let multi = multi(&["a"]);
    let change = edited(&multi, all([edit(AttachTo::Root), label("k", Some("v"))]));
    assert_eq!(change.referrers[0].subject, change.root.digest);
    let shown = diff(&change).pop().expect("a referrer");
    assert_eq!(shown.label, "referrer of index");
    assert!(shown.lines.iter().all(|line| line.kind == LineKind::Added));
    let change = edited(&multi, all([edit(AttachTo::Images)]));
    let subjects: Vec<&Digest> = change.referrers.iter().map(|made| &made.subject).collect();
    let images: Vec<&Digest> = multi.images().iter().map(|(_, image)| image.digest()).collect();
    assert_eq!(subjects, images);
    let pending = plan(&image, &draft(&image, all([given("e"), edit(AttachTo::Root)])), &[]);
    let made = &pending.expect("a change").referrers[0];
    assert!(drydock::edit::is_provisional(&made.descriptor.digest));
}

#[test]
fn the_list_of_referrers_keeps_what_it_does_not_know() {
    let subject = image("linux/amd64", &["a"]).document().descriptor();
    let artifact = |name: &str| {
        let annotations = BTreeMap::from([("name".to_owned(), name.to_owned())]);
        let kind = MediaType::new("application/vnd.example");
        attach(&subject, &kind, &[], &annotations, now()).expect("artifact").descriptor
    };
    let (one, two) = (artifact("one"), artifact("two"));
    let first = add_referrer(None, &one).expect("list").expect("changed");
    let expected = json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": [one]});
    assert_eq!(first.bytes(), expected.to_string().as_bytes());

    let mut old = expected;
    old["x"] = json!("kept");
    old["annotations"] = json!({"a": "b"});
    old["manifests"][0]["y"] = json!(1e5);
    old["manifests"][0]["annotations"]["theirs"] = json!("kept");
    let list = document(MediaType::INDEX, &serde_json::to_string_pretty(&old).expect("JSON"));
    assert_eq!(add_referrer(Some(&list), &one), Ok(None), "it says nothing new");
    let both = add_referrer(Some(&list), &two).expect("list").expect("changed");
    old["manifests"].as_array_mut().expect("list").push(json!(two));
    assert_eq!(both.bytes(), serde_json::to_string_pretty(&old).expect("JSON").as_bytes());
    let less = remove_referrer(&both, &two.digest).expect("list").expect("changed");
    assert_eq!(less.bytes(), list.bytes());
    assert_eq!(remove_referrer(&less, &two.digest), Ok(None));

    let mut bare = old.clone();
    bare["manifests"][0].as_object_mut().expect("entry").shift_remove("artifactType");
    let bare = document(MediaType::INDEX, &bare.to_string());
    let full = add_referrer(Some(&bare), &one).expect("list").expect("completed");
    let entry = &full.value()["manifests"][0];
    assert_eq!(entry["artifactType"], "application/vnd.example");
    assert_eq!(entry["annotations"]["theirs"], "kept");
    let no_list = image("linux/amd64", &["a"]);
    assert!(add_referrer(Some(no_list.document()), &one).is_err());
}

#[test]
fn a_referrer_without_a_type_has_that_of_its_config() {
    let image = image("linux/amd64", &["a"]);
    let found = referrer_descriptor(image.document()).expect("a manifest");
    assert_eq!(found.artifact_type, Some(MediaType::new(MediaType::CONFIG)));
    assert_eq!(referrer_descriptor(image.config().expect("config")), None);
}

#[test]
fn documents_are_shown_line_by_line() {
    let image = image("linux/amd64", &["a"]);
    let change = edited(&image, all([label("k", Some("v")), env("PATH", None)]));
    let shown = diff(&change);
    let labels: Vec<&str> = shown.iter().map(|diff| diff.label.as_str()).collect();
    assert_eq!(labels, ["image", "config"]);
    let config = &shown[1];
    let text = |kind| {
        let lines = config.lines.iter().filter(|line| line.kind == kind);
        lines.map(|line| line.text.trim().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(text(LineKind::Removed), r#""Env": [ "PATH=/bin" ], ]"#);
    assert_eq!(text(LineKind::Added), r#"], "Labels": { "k": "v" }"#);
    let side = |number: fn(&drydock::edit::present::Line) -> Option<usize>| {
        let lines = config.lines.iter().filter(|line| number(line).is_some());
        lines.map(|line| format!("{}\n", line.text)).collect::<String>()
    };
    assert_eq!(side(|line| line.before), pretty(image.config().expect("config")));
    let new = change.documents.iter().find(|document| document.label == "config");
    assert_eq!(side(|line| line.after), pretty(&new.expect("config").document));
    let numbers: Vec<usize> = config.lines.iter().filter_map(|line| line.after).collect();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
    assert!(diff(&edited(&image, vec![])).iter().all(|diff| diff.lines.is_empty()));
}

#[test]
fn of_very_long_documents_the_changes_are_shown() {
    let mut made = made("linux/amd64", &["a"]);
    let many: Vec<String> = (0..limits::DIFF_LINES).map(|at| format!("V{at}=1")).collect();
    made.config["config"]["Env"] = json!(many);
    let change = edited(&made.image(), all([label("k", Some("v"))]));
    let config = &diff(&change)[1];
    let is = |kind| move |line: &&drydock::edit::present::Line| line.kind == kind;
    assert!(config.lines.len() < 100, "{}", config.lines.len());
    assert!(config.lines.iter().any(|line| is(LineKind::Skipped)(&line)));
    assert!(
        config.lines.iter().filter(is(LineKind::Added)).any(|line| line.text.contains("\"k\""))
    );
}

#[test]
fn a_document_that_becomes_too_large_is_refused() {
    let value = "x".repeat(usize::try_from(limits::DOCUMENT_BYTES).expect("small"));
    let error = refused(&image("linux/amd64", &["a"]), all([label("k", Some(&value))]));
    assert!(error.contains("at most 4194304"), "{error}");
}

/// Bytes as they travel beside a parcel, and the parcel as JSON.
fn sent<T: serde::Serialize + serde::de::DeserializeOwned>(
    (parcel, documents): (T, Vec<Bytes>),
) -> (T, Bytes) {
    let text = serde_json::to_string(&parcel).expect("JSON");
    (serde_json::from_str(&text).expect("the same"), Bytes::from(documents.concat()))
}

#[test]
fn what_becomes_of_an_image_is_the_same_wherever_the_edits_are_done() {
    let image = multi(&["a", "b"]);
    let base = Image::empty(Family::Oci, &"linux/arm64".parse().expect("platform"));
    let known = Known::of([&image, &base]);
    for edits in [
        Vec::new(),
        all([label("a", Some("b")), env("C", Some("d"))]),
        all([convert(Family::Docker)]),
        // Ones whose layers are still to be built.
        all([given("x")]),
        all([files([file("a"), file("left")]), files([file("b")])]),
        all([Action::Attach(AttachEdit {
            to: AttachTo::Root,
            artifact_type: MediaType::new("text/plain"),
            files: Vec::new(),
            annotations: BTreeMap::new(),
        })]),
    ] {
        let draft = draft(&image, edits);
        let here = plan(&image, &draft, &[]).expect("a change");
        let (parcel, bytes) = sent(ImageParcel::pack([&image, &base]));
        let there = parcel.open(&bytes).expect("images");
        let [image_there, base_there] = &there[..] else { panic!("two images") };
        assert_eq!(base_there.document(), base.document());
        let change = plan(image_there, &draft, &[]).expect("a change");
        let (parcel, bytes) = sent(ChangeParcel::pack(change, &Known::of(&there), &draft));
        let is_new = |it: &&ChangedDocument| it.before.as_ref() != Some(&it.document);
        let new = here.documents.iter().filter(is_new);
        let referring = here.referrers.iter().flat_map(|referrer| &referrer.documents);
        let all = new.map(|changed| &changed.document).chain(referring);
        let size = all.map(|document| document.bytes().len()).sum::<usize>();
        assert_eq!(bytes.len(), size, "only new documents travel");
        let text = serde_json::to_string(&parcel).expect("JSON");
        assert!(!text.contains("left"), "entries stay in the draft");
        let back = parcel.open(&bytes, &known, &draft).expect("the change");
        assert_eq!(back, here);
        for (one, other) in back.documents.iter().zip(&here.documents) {
            assert_eq!(one.document.value(), other.document.value());
        }
    }
}

#[test]
fn a_parcel_that_was_tampered_with_is_not_opened() {
    let image = multi(&["a"]);
    let pack = || sent(ImageParcel::pack([&image]));
    let (parcel, bytes) = pack();
    let mut other = bytes.to_vec();
    *other.last_mut().expect("bytes") ^= 1;
    assert_eq!(parcel.open(&Bytes::from(other)).err(), Some(ParcelError));
    assert_eq!(pack().0.open(&bytes.slice(1..)).err(), Some(ParcelError));
    assert_eq!(pack().0.open(&Bytes::new()).err(), Some(ParcelError));
    let draft = draft(&image, all([files([file("a")])]));
    let pack = || {
        let change = plan(&image, &draft, &[]).expect("a change");
        sent(ChangeParcel::pack(change, &Known::of([&image]), &draft))
    };
    let (parcel, bytes) = pack();
    assert_eq!(parcel.open(&bytes, &Known::default(), &draft).err(), Some(ParcelError), "unknown");
    let other = self::draft(&image, all([label("a", Some("b"))]));
    let (parcel, known) = (pack().0, Known::of([&image]));
    assert_eq!(parcel.open(&bytes, &known, &other).err(), Some(ParcelError), "another draft");
}

#[test]
fn the_view_has_the_layers_of_a_platform_and_what_forms_begin_with() {
    let image = multi(&["a", "b"]);
    let change = edited(&image, all([Action::Layers(LayerEdit::Remove { layer: 1 })]));
    let platform = "linux/arm64".parse().expect("platform");
    let fates: Vec<(Fate, Option<usize>)> =
        view::layers(&change, Some(&platform)).iter().map(|it| (it.fate, it.number)).collect();
    assert_eq!(fates, [(Fate::Removed, None), (Fate::Kept, Some(1))]);
    let context = FormContext::of(&change, Some(&platform));
    assert_eq!((context.layers.len(), context.platform.architecture.as_str()), (1, "arm64"));
    // The texts are left behind, and taken out of the documents again.
    let text = serde_json::to_string(&context).expect("JSON");
    let mut back: FormContext = serde_json::from_str(&text).expect("the same");
    assert_eq!(back.config_text, None);
    back.take_texts(&change);
    assert_eq!(back, context);
    assert!(back.config_text.is_some_and(|text| text.contains("arm64")));
}
