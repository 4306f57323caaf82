//! Edits of an index: around the images in it, and of what it lists.

use std::collections::BTreeMap;

use drydock::descriptor::Descriptor;
use drydock::edit::{
    Action, Attached, Base, Draft, Edit, Family, Image, IndexEdit, Origin, RawDocument, Scope,
    Step, apply,
};
use drydock::edit::{Context, History};
use drydock::image::Options;
use drydock::media_type::MediaType;
use serde_json::json;

use crate::edit_support::*;
use crate::image_support::Store;

fn change_index(edit: IndexEdit) -> Vec<Edit> {
    all([Action::Index(edit)])
}

fn listed(change: &drydock::edit::Change) -> Vec<String> {
    let index = value(change, "index");
    let entries = index["manifests"].as_array().expect("entries").iter();
    let platform = |entry: &serde_json::Value| {
        let platform = &entry["platform"];
        let part = |name: &str| platform[name].as_str().unwrap_or("none").to_owned();
        format!("{}/{}", part("os"), part("architecture"))
    };
    entries.map(platform).collect()
}

#[test]
fn an_edit_reaches_every_image_and_no_attestation() {
    let image = multi(&["a"]);
    let change = edited(&image, all([label("k", Some("v"))]));
    for config in ["config of linux/amd64", "config of linux/arm64/v8"] {
        assert_eq!(value(&change, config)["config"]["Labels"], json!({"k": "v"}));
    }
    let statement = "attestation of linux/amd64";
    let kept = change.documents.iter().find(|document| document.label == statement);
    assert!(kept.expect("attestation").is_kept());
    let index = value(&change, "index");
    let new = &index["manifests"][0]["digest"];
    assert_eq!(index["manifests"][2]["annotations"]["vnd.docker.reference.digest"], *new);
    assert_eq!(rules(&change), ["edit.attestation"]);
    let order: Vec<&String> = index.as_object().expect("object").keys().collect();
    let expected =
        ["schemaVersion", "mediaType", "x-before", "manifests", "annotations", "x-behind"];
    assert_eq!(order, expected);
}

/// `linux/amd64` is not `linux/amd64/v3` where both are listed, but all there is where it is not.
#[test]
fn b7_a_scope_means_exactly_its_platforms_where_they_are_listed() {
    let plain = image("linux/amd64", &["a"]);
    let third = image("linux/amd64", &["b"]);
    let arm = image("linux/arm64", &["c"]);
    let of = |image: &Image, variant: &str| {
        let mut entry = entry(image, "linux/amd64");
        entry["platform"]["variant"] = json!(variant);
        entry
    };
    let both = index(
        &[of(&third, "v3"), entry(&plain, "linux/amd64"), entry(&arm, "linux/arm64")],
        &[&third, &plain, &arm],
    );
    let on =
        |text: &str, action: Action| vec![Edit::on(vec![text.parse().expect("platform")], action)];
    for (scope, changed) in [
        ("linux/x86_64", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/aarch64", "linux/arm64"),
    ] {
        let change = edited(&both, on(scope, label("k", Some("v"))));
        let manifests = change.documents.iter().filter(|it| !it.is_kept());
        let manifests: Vec<&str> = manifests
            .map(|it| it.label.as_str())
            .filter(|label| !label.starts_with("config") && *label != "index")
            .collect();
        assert_eq!(manifests, [changed], "{scope}");
    }
    let keep = Action::Index(IndexEdit::Filter {
        platforms: vec!["linux/x86_64".parse().expect("platform")],
    });
    let change = edited(&both, all([keep]));
    assert_eq!(value(&change, "index")["manifests"].as_array().map(Vec::len), Some(1));
    // A raw text is for one image, which this names.
    let text = value_of(&plain);
    let raw = Action::Raw { document: RawDocument::Manifest, text };
    edited(&both, on("linux/amd64", raw));
    let alone = index(&[of(&third, "v3")], &[&third]);
    let change = edited(&alone, on("linux/amd64", label("k", Some("v"))));
    assert!(change.is_changed());
}

fn value_of(image: &Image) -> String {
    String::from_utf8(image.document().bytes().to_vec()).expect("text")
}

#[test]
fn a_scope_leaves_the_other_images_byte_for_byte() {
    let image = multi(&["a"]);
    let arm = vec!["linux/arm64".parse().expect("platform")];
    let change = edited(&image, vec![Edit::on(arm, label("k", Some("v")))]);
    let kept = change.documents.iter().filter(|document| document.is_kept());
    let kept: Vec<&str> = kept.map(|document| document.label.as_str()).collect();
    assert_eq!(kept, ["config of linux/amd64", "linux/amd64", "attestation of linux/amd64"]);
    assert_eq!(rules(&change), Vec::<&str>::new());

    let none = vec!["linux/s390x".parse().expect("platform")];
    let error = refused(&image, vec![Edit::on(none, label("k", None))]);
    assert!(error.contains("there is no image for linux/s390x"), "{error}");
}

#[test]
fn a_nested_index_is_edited_through_and_through() {
    let inner = multi(&["a"]);
    let mut entry = serde_json::to_value(inner.document().descriptor()).expect("JSON");
    entry["x-own"] = json!("kept");
    let outer = index(&[entry], &[&inner]);
    let change = edited(&outer, all([label("k", Some("v"))]));
    let root = change.documents.last().expect("root").document.value();
    assert_eq!(root["manifests"][0]["x-own"], "kept");
    let changed = change.documents.iter().filter(|document| !document.is_kept()).count();
    assert_eq!(changed, 6);
}

#[test]
fn an_index_that_calls_its_images_something_else_stays_as_it_is() {
    let amd64 = image("linux/amd64", &["a"]);
    let mut listed_as = entry(&amd64, "linux/amd64");
    listed_as["mediaType"] = json!("Application/vnd.OCI.image.manifest.v1+json; x=y");
    let odd = index(&[listed_as], &[&amd64]);
    assert!(!edited(&odd, all([label("not there", None)])).is_changed());
}

#[test]
fn images_for_the_same_platform_are_told_apart() {
    let (one, other) = (image("linux/amd64", &["a"]), image("linux/amd64", &["b"]));
    let both = index(&[entry(&one, "linux/amd64"), entry(&other, "linux/amd64")], &[&one, &other]);
    let change = edited(&both, all([label("k", Some("v"))]));
    assert_eq!(layers(&change, "linux/amd64 (entry 1)", &["a"]), ["a"]);
    assert_eq!(layers(&change, "linux/amd64 (entry 2)", &["b"]), ["b"]);
}

#[test]
fn what_was_not_loaded_is_listed_on_but_not_edited() {
    let (amd64, arm64) = (image("linux/amd64", &["a"]), image("linux/arm64", &["a"]));
    let entries = [entry(&amd64, "linux/amd64"), entry(&arm64, "linux/arm64")];
    let sparse = index(&entries, &[&amd64]);
    let error = refused(&sparse, all([label("k", Some("v"))]));
    assert!(error.contains("linux/arm64") && error.contains("was not loaded"), "{error}");
    let amd = vec!["linux/amd64".parse().expect("platform")];
    let change = edited(&sparse, vec![Edit::on(amd, label("k", Some("v")))]);
    assert_eq!(change.unread[0].digest, *arm64.digest());
    assert_eq!(value(&change, "index")["manifests"][1], entries[1]);
}

#[test]
fn entries_are_added_removed_and_filtered() {
    let base = multi(&["a"]);
    let (more, other) = (image("linux/s390x", &["s"]), multi(&["b"]));
    let from = Some(pinned("localhost:5000/other:1", &more));
    let add = |image: &Image, from| IndexEdit::Add {
        descriptor: Box::new(image.document().descriptor()),
        from,
    };
    let with = |edits: Vec<Edit>| {
        run(&base, &draft(&base, edits), &[more.clone(), other.clone()]).expect("a change")
    };
    let change = with(change_index(add(&more, from.clone())));
    let four = ["linux/amd64", "linux/arm64", "unknown/unknown", "linux/s390x"];
    assert_eq!(listed(&change), four);
    let blob = change.blobs.iter().find(|blob| blob.descriptor.digest == sha("s"));
    let origin = Origin::Other(from.clone().expect("pinned"));
    assert_eq!(blob.map(|blob| &blob.origin), Some(&origin));

    let twice = [add(&more, from.clone()), add(&more, from)].map(Action::Index);
    let change = with(all(twice));
    assert_eq!(
        (listed(&change), rules(&change)),
        (four.map(str::to_owned).to_vec(), vec!["edit.listed"])
    );

    let change = with(change_index(add(&other, None)));
    assert_eq!(listed(&change).len(), 6, "an index is added by its entries");
    assert_eq!(rules(&change), ["index.duplicate-platform"; 2]);

    let unknown = Descriptor::new(MediaType::MANIFEST, sha("nobody read this"), 7);
    let change = with(change_index(IndexEdit::Add { descriptor: Box::new(unknown), from: None }));
    assert_eq!((listed(&change).len(), change.unread.len()), (4, 1));

    let amd64 = base.images()[0].1.digest().clone();
    let change = with(change_index(IndexEdit::Remove { digest: amd64.clone() }));
    assert_eq!(listed(&change), ["linux/arm64"], "its attestation goes with it");
    let edits = [label("k", Some("v")), Action::Index(IndexEdit::Remove { digest: amd64 })];
    assert_eq!(listed(&with(all(edits))), ["linux/arm64"], "by the digest that the base has");

    let filter =
        |text: &str| IndexEdit::Filter { platforms: vec![text.parse().expect("platform")] };
    let change = with(change_index(filter("linux/amd64")));
    assert_eq!(listed(&change), ["linux/amd64", "unknown/unknown"]);
    assert_eq!(listed(&with(change_index(filter("linux/arm64")))), ["linux/arm64"]);
    assert!(refused(&base, change_index(filter("linux/ppc64le"))).contains("would be empty"));
    let nobody = IndexEdit::Remove { digest: sha("nobody") };
    assert!(refused(&base, change_index(nobody)).contains("does not list"));
}

#[test]
fn an_index_is_made_from_an_image_and_from_nothing() {
    for (image, index_type) in [
        (image("linux/arm64/v8", &["a"]), MediaType::INDEX),
        (made("linux/arm64/v8", &["a"]).docker().image(), MediaType::DOCKER_LIST),
    ] {
        let change = edited(&image, all([Action::Index(IndexEdit::Create), label("k", Some("v"))]));
        reads_well(&change);
        let index = value(&change, "index");
        assert_eq!(index["mediaType"], index_type);
        let platform = json!({"architecture": "arm64", "os": "linux", "variant": "v8"});
        assert_eq!(index["manifests"][0]["platform"], platform);
    }
    let child = image("linux/amd64", &["a"]);
    let base = Base::EmptyIndex { family: Family::Oci };
    let empty = base.empty().expect("documents");
    let add = IndexEdit::Add { descriptor: Box::new(child.document().descriptor()), from: None };
    let draft = Draft { edits: change_index(add), ..Draft::new(base) };
    let change = run(&empty, &draft, &[child]).expect("a change");
    assert_eq!(listed(&change), ["linux/amd64"]);
    reads_well(&change);
    let again = change_index(IndexEdit::Create);
    assert!(refused(&multi(&["a"]), again).contains("index already"));
}

#[test]
fn signatures_and_referrers_of_changed_documents_are_lost() {
    let signature = |name: &str| Attached {
        digest: Some(sha(name)),
        tag: Some(format!("{name}.sig")),
        artifact: None,
    };
    let amd64 = image("linux/amd64", &["a"]).referred_by(vec![signature("amd64")]);
    let arm64 = image("linux/arm64", &["a"]).referred_by(vec![signature("arm64")]);
    let entries = [entry(&amd64, "linux/amd64"), entry(&arm64, "linux/arm64")];
    let image = index(&entries, &[&amd64, &arm64]).referred_by(vec![signature("index")]);
    let arm = Scope::Platforms(vec!["linux/arm64".parse().expect("platform")]);
    let edit = Edit { scope: arm, record: false, action: label("k", Some("v")) };
    let change = edited(&image, vec![edit]);
    let lost: Vec<(&str, &str)> = change
        .lost
        .iter()
        .map(|lost| (lost.label.as_str(), lost.attached.tag.as_deref().expect("tag")))
        .collect();
    assert_eq!(lost, [("linux/arm64", "arm64.sig"), ("index", "index.sig")]);
    assert_eq!(change.lost[1].before, *image.digest());
    assert_eq!(edited(&image, vec![]).lost, []);
}

#[test]
fn attestations_become_referrers() {
    let image = multi(&["a"]);
    let change = edited(&image, all([Action::Promote]));
    assert_eq!(listed(&change), ["linux/amd64", "linux/arm64"]);
    let [referrer] = change.referrers.as_slice() else { panic!("{:?}", change.referrers) };
    assert_eq!(referrer.subject, *image.images()[0].1.digest());
    let expected = "application/vnd.docker.attestation.manifest.v1+json";
    assert_eq!(referrer.descriptor.artifact_type, Some(MediaType::new(expected)));
    let manifest = referrer.documents[1].value();
    assert!(manifest["note"].is_string(), "unknown fields stay");
    assert_eq!(referrer.blobs[0].descriptor.digest, sha("statement"));
    let document = change.documents.iter().any(|d| d.label.starts_with("attestation"));
    assert!(!document, "it is no part of the index any more");
    assert_eq!(rules(&change), Vec::<&str>::new(), "the image is the one that it was made for");

    let both = edited(&image, all([Action::Promote, label("k", Some("v"))]));
    let subject = &both.referrers[0].subject;
    assert_eq!(value(&both, "index")["manifests"][0]["digest"], subject.as_str());
    assert_eq!(rules(&both), ["edit.attestation"]);
}

#[test]
fn an_older_attestation_gets_an_empty_config() {
    let amd64 = image("linux/amd64", &["a"]);
    let mut old = made("unknown/unknown", &["s"]);
    old.manifest["layers"][0]["mediaType"] = json!(MediaType::IN_TOTO);
    let old = old.image();
    let (_, mut listed_as) = attestation(&amd64);
    listed_as["digest"] = json!(old.digest());
    listed_as["size"] = json!(old.document().bytes().len());
    let image = index(&[entry(&amd64, "linux/amd64"), listed_as], &[&amd64, &old]);
    let change = edited(&image, all([Action::Promote]));
    let manifest = change.referrers[0].documents[1].value();
    assert_eq!(manifest["config"]["mediaType"], MediaType::EMPTY);
    assert_eq!(manifest["artifactType"], "application/vnd.docker.attestation.manifest.v1+json");
    assert_eq!(&**change.referrers[0].documents[0].bytes(), b"{}");
    let kept = edited(&image, all([label("k", Some("v"))]));
    assert_eq!(value(&kept, "config of attestation of linux/amd64")["os"], "unknown");
}

#[test]
fn a_draft_is_for_its_own_base_and_version() {
    let (one, other) = (image("linux/amd64", &["a"]), image("linux/amd64", &["b"]));
    let built = BTreeMap::new();
    let context = Context { built: &built, now: now(), bases: &[] };
    let mut draft = draft(&one, vec![]);
    let error = apply(&other, &draft, &context).expect_err("other base").to_string();
    assert!(error.starts_with("The draft starts from"), "{error}");
    draft.version = 2;
    let error = apply(&one, &draft, &context).expect_err("newer").to_string();
    assert!(error.contains("newer Drydock"), "{error}");
}

#[test]
fn steps_of_a_draft_are_undone_and_redone() {
    let base = image("linux/amd64", &["a"]);
    let mut history = History::new(draft(&base, vec![]));
    for name in ["a", "b", "c"] {
        history.push(Edit::all(label(name, Some("1"))));
    }
    assert!(history.take(Step::Move { from: 0, to: 2 }));
    assert!(!history.take(Step::Remove { at: 3 }) && !history.take(Step::Move { from: 3, to: 0 }));
    let names = |history: &History| {
        let edits = history.draft().edits.iter();
        edits.map(|edit| edit.action.summary().replace("set label ", "")).collect::<String>()
    };
    assert_eq!(names(&history), "bca");
    let mut seen = vec![];
    while history.undo() {
        seen.push(names(&history));
    }
    assert_eq!(seen, ["abc", "ab", "a", ""]);
    assert!(history.redo() && history.redo() && history.can_redo() && history.can_undo());
    assert_eq!(names(&history), "ab");
    history.push(Edit::all(label("x", None)));
    assert!(!history.can_redo());
}

#[test]
fn a_graph_that_was_loaded_can_be_edited() {
    let mut store = Store::default();
    let (amd64, arm64) =
        (store.image("linux/amd64", &["a", "b"]), store.image("linux/arm64", &["c"]));
    let statement = store.artifact("application/vnd.in-toto+json", None);
    let listed_as = crate::image_support::attestation(&statement, &amd64);
    let entry = crate::image_support::entry;
    let root =
        store.index(&[entry(&amd64, "linux/amd64"), entry(&arm64, "linux/arm64"), listed_as]);
    store.tag("v1", &root);
    store.artifact("application/vnd.dev.sigstore.bundle.v0.3+json", Some(&arm64));
    let signed = crate::image_support::digest(&root);
    let signature = store.image("linux/amd64", &["s"]);
    store.tag(&format!("sha256-{}.sig", signed.encoded()), &signature);

    let graph = store.load_all("v1");
    let image = Image::from_graph(&graph).expect("an image");
    assert_eq!(*image.digest(), signed);
    let change = edited(&image, all([label("k", Some("v")), given("e")]));
    assert_eq!(listed(&change), ["linux/amd64", "linux/arm64", "unknown/unknown"]);
    let lost: Vec<(&str, bool)> =
        change.lost.iter().map(|lost| (lost.label.as_str(), lost.attached.tag.is_some())).collect();
    assert_eq!(lost, [("linux/arm64", false), ("index", true)]);
    let name = change.lost[0].attached.artifact.as_ref().map(|artifact| artifact.name.as_str());
    assert_eq!(name, Some("signature"));
    assert!(!edited(&image, vec![]).is_changed());

    // One platform alone: the other is listed on.
    let only = Options { only: "linux/arm64".parse().ok(), ..Options::default() };
    let graph = store.load("localhost:5000/a:v1", only);
    let image = Image::from_graph(&graph).expect("an image");
    let arm = vec!["linux/arm64".parse().expect("platform")];
    let change = edited(&image, vec![Edit::on(arm, label("k", Some("v")))]);
    assert_eq!(change.unread.len(), 2);
    let error = refused(&image, all([label("k", None)]));
    assert!(error.contains("linux/amd64: it was not loaded"), "{error}");
}

#[test]
fn what_was_not_read_can_not_be_edited() {
    let mut store = Store::default();
    let image = store.image("linux/amd64", &["a"]);
    store.tag("v1", &image);
    let config = store.content.values().map(|(bytes, _)| bytes.clone());
    let config = config.into_iter().find(|bytes| bytes.starts_with(b"{\"os\"")).expect("config");
    let config = drydock::digest::Digest::sha256(&config);
    let missing = Image::from_graph(&store.load_all("v2")).expect_err("no such tag").to_string();
    assert!(missing.contains("was not read"), "{missing}");
    store.content.remove(&config);
    let missing = Image::from_graph(&store.load_all("v1")).expect_err("no config").to_string();
    assert!(missing.starts_with("The config of manifest can't be edited"), "{missing}");
    let artifact = document(MediaType::CONFIG, "{}");
    let error = Image::manifest(artifact, None).expect_err("a config").to_string();
    assert!(error.contains("only indexes and manifests"), "{error}");
    let other = made("linux/amd64", &["a"]).image();
    let manifest = other.document().clone();
    let error = Image::manifest(manifest, None).expect_err("no config").to_string();
    assert!(error.contains("but nothing was given"), "{error}");
}
