//! What the command-line tools do wrong or can't do when they edit images, one test each.
//!
//! `bug_…` is something that one of them does to an image and that must not happen here; `ask_…` is
//! what its users ask for in vain. The comment says what the tool does. Some rows are elsewhere:
//!
//! | row | test |
//! |---|---|
//! | crane validate fails for zstd and plain layers | `verify_report::bug_validate_…` |
//! | ask 3: signatures and referrers are copied | `transfer_copy::an_index_with_all_that_refers_to_it_…` |
//! | ask 8: layout tars, several images, compressed | `archive_open`, and in the browser `local.spec.ts` |
//! | ask 10: only the tag is deleted | `transfer_tag::a_tag_goes_alone_and_a_digest_with_all_its_tags` |
//! | ask 15: SHA-512 | `verify_report::m15_sha512_…`, and the conformance program |
//! | ask 18: an archive keeps the registry's digests | `archive_write::what_was_written_is_read_again` |

use drydock::digest::{Algorithm, Digest};
use drydock::edit::fallback::add_referrer;
use drydock::edit::{
    Action, Annotated, Attached, BaseAnnotations, Change, ConfigEdit, Edit, Family, Image,
    IndexEdit, LayerEdit, LayerInput, Packing, Rebase, Scope, Which, attach,
};
use drydock::media_type::MediaType;
use serde_json::{Value, json};

use crate::edit_support::*;

const NAME: &str = "org.opencontainers.image.base.name";
const DIGEST: &str = "org.opencontainers.image.base.digest";

fn flatten(range: Option<[usize; 2]>) -> Action {
    Action::Layers(LayerEdit::Flatten { range, packing: Packing::default() })
}

fn add(base: BaseAnnotations) -> Action {
    let (digest, size, packing) = (sha("e"), 1, Packing::default());
    let layer = LayerInput::Given { name: "e".into(), digest, size, packing };
    Action::Layers(LayerEdit::Add { layer, base })
}

fn entrypoint(clear_cmd: bool) -> Action {
    Action::Config(ConfigEdit::Entrypoint { value: words("/new"), clear_cmd })
}

fn rebased(image: &Image, old: &Image, new: &Image, env: bool) -> Change {
    let old_name = pinned("localhost:5000/base:1", old);
    let action =
        Action::Rebase(Rebase { old: old_name, new: pinned("localhost:5000/base:2", new), env });
    run(image, &draft(image, all([action])), &[old.clone(), new.clone()]).expect("a change")
}

fn with_subject(mut made: Made) -> (Image, Value) {
    let subject = json!({"mediaType": MediaType::MANIFEST, "digest": sha("subject"), "size": 7});
    made.manifest["subject"] = subject.clone();
    (made.image(), subject)
}

/// crane append: a step of the history with nothing but the year 1.
#[test]
fn bug_append_ask_11_a_new_layer_has_a_step_with_time_command_and_comment() {
    let change = edited(&image("linux/amd64", &["a"]), all([given("app.tar")]));
    let step = &value(&change, "config")["history"][1];
    let expected = json!({"created": NOW, "created_by": "add app.tar", "comment": "drydock"});
    assert_eq!(*step, expected);
    assert_eq!(value(&change, "config")["created"], "2020-01-01T00:00:00Z", "not asked for");
}

/// crane append, mutate: of an index only linux/amd64 is taken, and takes its place.
#[test]
fn bug_append_and_mutate_ask_1_an_index_stays_an_index_with_all_platforms() {
    let change = edited(&multi(&["a"]), all([given("e"), label("k", Some("v"))]));
    assert_eq!(change.root.media_type, MediaType::new(MediaType::INDEX));
    for label in ["linux/amd64", "linux/arm64/v8"] {
        assert_eq!(layers(&change, label, &["a"]), ["a", "given"]);
        let config = value(&change, &format!("config of {label}"));
        assert_eq!(config["config"]["Labels"], json!({"k": "v"}));
    }
}

/// crane append: the new image inherits what the base says of its own base.
#[test]
fn bug_append_annotations_of_the_base_are_dropped_or_overwritten() {
    let mut made = made("linux/amd64", &["a"]);
    made.manifest["annotations"] = json!({NAME: "debian:12", DIGEST: sha("debian"), "k": "v"});
    let image = made.image();
    for (base, annotations) in [
        (BaseAnnotations::Drop, json!({"k": "v"})),
        (BaseAnnotations::Keep, made.manifest["annotations"].clone()),
        (
            BaseAnnotations::Set,
            json!({NAME: "localhost:5000/app:1", DIGEST: image.digest(), "k": "v"}),
        ),
    ] {
        let change = edited(&image, all([add(base)]));
        assert_eq!(value(&change, "image")["annotations"], annotations, "{base:?}");
    }
    for order in [
        [BaseAnnotations::Set, BaseAnnotations::Drop],
        [BaseAnnotations::Drop, BaseAnnotations::Set],
    ] {
        let change = edited(&image, all(order.map(add)));
        assert_eq!(value(&change, "image")["annotations"][NAME], "localhost:5000/app:1");
    }
    // In an index each image names the image of its platform, and the index the index.
    let index = multi(&["a"]);
    let change = edited(&index, all([add(BaseAnnotations::Set)]));
    let own = value(&change, "linux/arm64/v8")["annotations"][DIGEST].clone();
    assert_eq!(own, index.images()[1].1.digest().as_str());
    assert_eq!(value(&change, "index")["annotations"][DIGEST], index.digest().as_str());
}

/// Without the first layer no base is below an image any more.
#[test]
fn bug_annotations_of_a_base_that_is_gone_are_dropped() {
    let mut made = made("linux/amd64", &["a", "b"]);
    made.manifest["annotations"] = json!({NAME: "debian:12", DIGEST: sha("debian")});
    let change = edited(&made.image(), all([flatten(None)]));
    assert_eq!(value(&change, "image")["annotations"], Value::Null);
    assert_eq!(rules(&change), ["edit.base-dropped"]);
    let amd64 = made.image();
    let listed = entry(&amd64, "linux/amd64");
    let root = json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": [listed],
        "annotations": {NAME: "debian:12", "k": "v"}});
    let root = document(MediaType::INDEX, &root.to_string());
    let root = Image::index(root, [amd64]).expect("an index");
    let change = edited(&root, all([flatten(None)]));
    assert_eq!(value(&change, "index")["annotations"], json!({"k": "v"}));
    assert_eq!(rules(&change), ["edit.base-dropped"; 2]);
    let packed = LayerEdit::Recompress { packing: Packing::Zstd, layers: Which::All };
    let change = edited(&made.image(), all([Action::Layers(packed)]));
    assert_eq!(value(&change, "image")["annotations"][NAME], "debian:12", "the tars are the same");
}

/// crane append: a layer with zstd gets OCI's type inside of a Docker manifest.
#[test]
fn bug_append_ask_7_zstd_in_docker_is_refused_or_the_image_converted() {
    let docker = made("linux/amd64", &["a"]).docker().image();
    let layer = LayerInput::Files { entries: [file("f")].into(), packing: Packing::Zstd };
    let zstd = Action::Layers(LayerEdit::Add { layer, base: BaseAnnotations::Keep });
    assert!(refused(&docker, all([zstd.clone()])).contains("convert the image to OCI"));
    let change = edited(&docker, all([zstd, Action::Convert { to: Family::Oci }]));
    assert_eq!(value(&change, "image")["layers"][1]["mediaType"], MediaType::LAYER_ZSTD);
    assert_eq!(value(&change, "image")["layers"][0]["mediaType"], MediaType::LAYER_GZIP);
}

/// crane: layers that are not gzip can't be worked on.
#[test]
fn ask_7_layers_with_zstd_and_without_compression() {
    for (media_type, packing) in
        [(MediaType::LAYER, Packing::None), (MediaType::LAYER_ZSTD, Packing::Zstd)]
    {
        let mut made = made("linux/amd64", &["a"]);
        made.manifest["layers"][0]["mediaType"] = json!(media_type);
        let strip = LayerEdit::Strip { paths: vec!["x".into()], layers: Which::All, packing: None };
        let change = edited(&made.image(), all([Action::Layers(strip)]));
        assert_eq!(change.recipes[0].1.packing(), packing, "packed as it was");
        assert_eq!(value(&change, "image")["layers"][0]["mediaType"], media_type);
    }
}

/// crane mutate: config and manifest go through structs, so that unknown fields are lost and the
/// order of keys changes; artifacts were damaged by it.
#[test]
fn bug_mutate_unknown_fields_and_the_order_of_keys_survive() {
    let mut made = made("linux/amd64", &["a"]);
    made.config["container_config"] = json!({"Hostname": "h"});
    made.config["config"]["ArgsEscaped"] = json!(true);
    made.config["x-own"] = json!([{"b": 1, "a": 2}]);
    made.manifest["x-own"] = json!({"z": 1, "a": null});
    made.manifest["artifactType"] = json!("application/vnd.example");
    let before = made.image();
    let change = edited(&before, all([label("k", Some("v"))]));
    let text_of = |document: &drydock::document::Document| {
        String::from_utf8(document.bytes().to_vec()).expect("UTF-8")
    };
    let config = text_of(before.config().expect("config"));
    let expected =
        config.replace(r#""ArgsEscaped":true"#, r#""ArgsEscaped":true,"Labels":{"k":"v"}"#);
    assert_eq!(text(&change, "config"), expected);
    let manifest = text_of(before.document());
    let mut expected: Value = serde_json::from_str(&manifest).expect("JSON");
    expected["config"]["digest"] = json!(sha(&text(&change, "config")));
    expected["config"]["size"] = json!(text(&change, "config").len());
    assert_eq!(text(&change, "image"), expected.to_string());
}

/// crane append, mutate, rebase, flatten: the subject is dropped.
#[test]
fn bug_mutate_append_flatten_the_subject_stays_unless_it_is_dropped() {
    let (image, subject) = with_subject(made("linux/amd64", &["a", "b"]));
    for action in [label("k", Some("v")), given("e"), flatten(None)] {
        let change = edited(&image, all([action.clone()]));
        assert_eq!(value(&change, "image")["subject"], subject, "{action:?}");
    }
    let change = edited(&image, all([Action::Subject { subject: None }]));
    assert_eq!(value(&change, "image").get("subject"), None);
    let other = drydock::descriptor::Descriptor::new(MediaType::MANIFEST, sha("other"), 3);
    let change = edited(&image, all([Action::Subject { subject: Some(other) }]));
    assert_eq!(value(&change, "image")["subject"]["digest"], sha("other").as_str());
}

/// crane mutate: labels, annotations, entrypoint can't be taken away, and a label can't be empty.
#[test]
fn ask_4_labels_annotations_and_entrypoint_are_taken_away() {
    let mut made = made("linux/amd64", &["a"]);
    made.config["config"]["Labels"] = json!({"a": "1", "b": "2"});
    made.manifest["annotations"] = json!({"a": "1"});
    let annotation = Action::Annotation { on: Annotated::Manifest, name: "a".into(), value: None };
    let entrypoint = Action::Config(ConfigEdit::Entrypoint { value: None, clear_cmd: false });
    let edits = all([label("a", None), label("b", Some("")), annotation, entrypoint]);
    let change = edited(&made.image(), edits);
    let config = &value(&change, "config")["config"];
    assert_eq!(config["Labels"], json!({"b": ""}));
    assert_eq!((config.get("Entrypoint"), &config["Cmd"]), (None, &json!(["serve"])));
    assert_eq!(value(&change, "image").get("annotations"), None);
}

/// crane mutate: a new entrypoint deletes the command.
#[test]
fn bug_mutate_ask_5_the_command_stays_when_the_entrypoint_changes() {
    let image = image("linux/amd64", &["a"]);
    let config =
        |clear| value(&edited(&image, all([entrypoint(clear)])), "config")["config"].clone();
    assert_eq!(config(false)["Cmd"], json!(["serve"]));
    assert_eq!(config(true).get("Cmd"), None);
    assert_eq!(config(true)["Entrypoint"], json!(["/new"]));
}

/// crane mutate: "mutating annotations on an index is not yet supported".
#[test]
fn bug_mutate_annotations_of_an_index() {
    let action =
        Action::Annotation { on: Annotated::Index, name: "k".into(), value: Some("v".into()) };
    let change = edited(&multi(&["a"]), all([action]));
    assert_eq!(value(&change, "index")["annotations"]["k"], "v");
    assert!(change.documents.iter().rev().skip(1).all(|document| document.is_kept()));
}

/// crane mutate: an error when a variable that is there lacks `=`.
#[test]
fn bug_mutate_an_odd_variable_is_not_in_the_way() {
    let mut made = made("linux/amd64", &["a"]);
    made.config["config"]["Env"] = json!(["odd"]);
    let change = edited(&made.image(), all([env("A", Some("1"))]));
    assert_eq!(value(&change, "config")["config"]["Env"], json!(["odd", "A=1"]));
}

/// crane rebase: the result is of Docker's types; variant, features, author, time, annotations and
/// subject are lost.
#[test]
fn bug_rebase_types_platform_author_annotations_and_subject_stay() {
    let mut made = made("linux/arm64/v8", &["o", "app"]);
    made.config["os.features"] = json!(["f"]);
    made.manifest["annotations"] = json!({"k": "v"});
    let (image, subject) = with_subject(made.clone());
    let base = |name| crate::edit_support::image("linux/arm64", &[name]);
    let change = rebased(&image, &base("o"), &base("n"), false);
    let (manifest, config) = (value(&change, "image"), value(&change, "config"));
    assert_eq!(manifest["mediaType"], MediaType::MANIFEST);
    assert_eq!(manifest["config"]["mediaType"], MediaType::CONFIG);
    assert_eq!((&manifest["annotations"]["k"], &manifest["subject"]), (&json!("v"), &subject));
    for name in ["variant", "os.features", "author", "created", "config"] {
        assert_eq!(config[name], made.config[name], "{name}");
    }
}

/// crane rebase: without a history the first layer behind the base is dropped.
#[test]
fn bug_rebase_no_layer_is_lost_without_a_history() {
    let bare = |names: &[&str]| {
        let mut made = made("linux/amd64", names);
        made.config.as_object_mut().expect("object").shift_remove("history");
        made.image()
    };
    let change = rebased(&bare(&["o", "app1", "app2"]), &bare(&["o"]), &bare(&["n"]), false);
    assert_eq!(layers(&change, "image", &["n", "app1", "app2"]), ["n", "app1", "app2"]);
    assert_eq!(value(&change, "config").get("history"), None);
}

/// crane rebase: "rebasing an index is not yet supported", and the environment of the new base is
/// not taken over.
#[test]
fn bug_rebase_ask_2_every_platform_with_the_environment_of_the_base() {
    let with = |names: &[&str], version: &str| {
        let image = |platform: &str| {
            let mut made = made(platform, names);
            made.config["config"]["Env"] = json!([format!("VERSION={version}")]);
            made.image()
        };
        let (amd64, arm64) = (image("linux/amd64"), image("linux/arm64"));
        let entries = [entry(&amd64, "linux/amd64"), entry(&arm64, "linux/arm64")];
        index(&entries, &[&amd64, &arm64])
    };
    let change = rebased(&with(&["o", "app"], "1"), &with(&["o"], "1"), &with(&["n"], "2"), true);
    for label in ["linux/amd64", "linux/arm64"] {
        assert_eq!(layers(&change, label, &["n", "app"]), ["n", "app"]);
        let config = value(&change, &format!("config of {label}"));
        assert_eq!(config["config"]["Env"], json!(["VERSION=2"]));
    }
}

/// crane flatten: config and layers get Docker's types in an OCI manifest; attestations are dropped.
#[test]
fn bug_flatten_types_annotations_and_attestations_stay() {
    let change = edited(&multi(&["a", "b"]), all([flatten(None)]));
    let manifest = value(&change, "linux/amd64");
    assert_eq!(manifest["config"]["mediaType"], MediaType::CONFIG);
    assert_eq!(manifest["layers"][0]["mediaType"], MediaType::LAYER_GZIP);
    assert_eq!(value(&change, "index")["manifests"].as_array().map(Vec::len), Some(3));
    let docker = edited(&made("linux/amd64", &["a", "b"]).docker().image(), all([flatten(None)]));
    let manifest = value(&docker, "image");
    assert_eq!(manifest["layers"][0]["mediaType"], MediaType::DOCKER_LAYER_GZIP);
}

/// crane flatten: all layers or none.
#[test]
fn ask_9_a_part_of_the_layers_is_flattened() {
    let change = edited(&image("linux/amd64", &["a", "b", "c"]), all([flatten(Some([2, 3]))]));
    assert_eq!(layers(&change, "image", &["a"]), ["a", "flat"]);
    let steps = ["make a", "[make b]", "[make c]", "flatten layers 2 to 3"];
    assert_eq!(history(&change, "config"), steps);
}

/// crane, skopeo: signatures and attestations stay behind without a word.
#[test]
fn ask_3_what_refers_to_the_old_digest_is_named() {
    let signature = Attached {
        digest: Some(sha("signature")),
        tag: Some("sha256-0.sig".into()),
        artifact: None,
    };
    let image = image("linux/amd64", &["a"]).referred_by(vec![signature.clone()]);
    let change = edited(&image, all([label("k", Some("v"))]));
    assert_eq!(change.lost.len(), 1);
    assert_eq!((&change.lost[0].attached, &change.lost[0].before), (&signature, image.digest()));
    assert_eq!(edited(&image, all([label("k", None)])).lost, [], "nothing has changed");
}

/// crane index append, filter: the same image twice; attestations are dropped.
#[test]
fn bug_index_entries_are_not_doubled_and_attestations_follow() {
    let index = multi(&["a"]);
    let again = IndexEdit::Add {
        descriptor: Box::new({
            let amd64 = index.images()[0].1.document().descriptor();
            let platform = "linux/amd64".parse().ok();
            drydock::descriptor::Descriptor { platform, ..amd64 }
        }),
        from: None,
    };
    assert!(!edited(&index, all([Action::Index(again)])).is_changed());
    let platforms = vec!["linux/amd64".parse().expect("platform")];
    let change = edited(&index, all([Action::Index(IndexEdit::Filter { platforms })]));
    let entries = &value(&change, "index")["manifests"];
    assert_eq!(entries[1]["annotations"]["vnd.docker.reference.digest"], entries[0]["digest"]);
}

/// crane: only sha256; the list of referrers loses annotations and is sorted anew.
#[test]
fn bug_fallback_ask_15_the_list_of_referrers_stays_as_others_wrote_it() {
    let subject = drydock::descriptor::Descriptor::new(
        MediaType::MANIFEST,
        Digest::of(Algorithm::Sha512, b"image"),
        5,
    );
    let artifact = |name: &str| {
        let annotations = [("name".to_owned(), name.to_owned())].into();
        let kind = MediaType::new("application/vnd.example");
        attach(&subject, &kind, &[], &annotations, now()).expect("artifact").descriptor
    };
    let mut list = None;
    let names = ["c", "a", "b", "d"];
    for name in names {
        list = add_referrer(list.as_ref(), &artifact(name)).expect("list");
    }
    let list = list.expect("a list");
    let entries = list.value()["manifests"].as_array().expect("entries").iter();
    let found: Vec<&Value> = entries.map(|entry| &entry["annotations"]["name"]).collect();
    assert_eq!(found, names);
    assert!(subject.digest.referrers_tag().starts_with("sha512-"));
}

/// go-containerregistry: size, digest and content of a descriptor were not updated together.
#[test]
fn bug_descriptors_agree_with_what_they_point_to() {
    // `edited` checks it of every change; here is one with embedded content in an index.
    let amd64 = image("linux/amd64", &["a"]);
    let mut listed = entry(&amd64, "linux/amd64");
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    listed["data"] = json!(encode(amd64.document().bytes()));
    let change = edited(&index(&[listed], &[&amd64]), all([label("k", Some("v"))]));
    let data = &value(&change, "index")["manifests"][0]["data"];
    assert_eq!(*data, encode(text(&change, "linux/amd64").as_bytes()));
}

/// regctl edits whole indexes, but crane and it can't say which platforms and keep the rest.
#[test]
fn ask_1_some_platforms_are_edited_and_the_rest_is_untouched() {
    let index = multi(&["a"]);
    let scope = Scope::Platforms(vec!["linux/arm64/v8".parse().expect("platform")]);
    let edit = Edit { scope, record: false, action: given("e") };
    let change = edited(&index, vec![edit]);
    let amd64 = change.documents.iter().find(|document| document.label == "linux/amd64");
    assert!(amd64.expect("an image").is_kept());
    assert_eq!(layers(&change, "linux/arm64/v8", &["a"]), ["a", "given"]);
}

/// crane flatten, export: names share the file that replaced theirs, or lead to one that is gone; a
/// whiteout hides what its own layer has, and in a single layer it is a file.
#[test]
fn bug_flatten_and_export_ask_6_trees_are_those_of_the_image() {
    use crate::layer_support::{dir, file, hardlink, symlink, tar, tree};
    use crate::write_support::{Files, clean_index, execute, stack};
    use drydock::layer::{Overlay, write};
    let empty = |name: &str| file(name, "");
    for (layers, expected) in [
        (
            [vec![file("a", "1"), hardlink("b", "a"), hardlink("c", "a")], vec![file("a", "2")]],
            &["a file 1", "b file 1", "c hardlink 1 => b"][..],
        ),
        ([vec![file("a", "1"), hardlink("b", "a")], vec![empty(".wh.a")]], &["b file 1"]),
        (
            [vec![dir("d"), file("d/a", "1")], vec![dir("d"), hardlink("d/b", "d/a")]],
            &["d dir 1", "d/a file 1", "d/b hardlink 1 => d/a"],
        ),
        (
            [vec![symlink("l", "d"), file("d/a", "1")], vec![empty(".wh.l"), file("l/b", "2")]],
            &["d dir 1", "d/a file 1", "l dir 1", "l/b file 1"],
        ),
        (
            [vec![file("d/a", "1")], vec![file("d/b", "2"), empty("d/.wh..wh..opq")]],
            &["d dir 1", "d/b file 1"],
        ),
        (
            [vec![file("a", "1"), empty(".wh.a"), empty(".wh.b"), file("b", "2")], vec![]],
            &["a file 1", "b file 1"],
        ),
        (
            [vec![symlink("up", "/../../etc/passwd"), symlink("abs", "/etc")], vec![]],
            &["abs symlink 1 -> /etc", "up symlink 1 -> /../../etc/passwd"],
        ),
    ] {
        let tars = layers.map(|parts| tar(&parts));
        let (indexes, slices) = stack(&tars);
        let image = Overlay::build(&indexes);
        for flat in [write::export(&image), write::flatten(&Overlay::build(&[]), &image)] {
            let written = execute(&flat.plan, &slices, &Files::default());
            assert_eq!(tree(&Overlay::build(&[clean_index(&written)])), expected);
        }
    }
}
