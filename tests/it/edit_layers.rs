//! Layers added, taken away, and written anew.

use std::collections::BTreeMap;

use drydock::descriptor::{Descriptor, identify};
use drydock::document::Document;
use drydock::edit::{
    Action, Context, Edit, Input, LayerEdit, LayerInput, Origin, Packing, Recipe, TimeRule, Which,
    apply, pack_plain_of, recipes,
};
use drydock::layer::write::{NewEntry, NewNode};
use drydock::media_type::{Compression, MediaType};
use drydock::platform::Platform;
use serde_json::{Value, json};

use crate::edit_support::*;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn abcd() -> drydock::edit::Image {
    image("linux/amd64", &NAMES)
}

fn layer_edits(edits: impl IntoIterator<Item = LayerEdit>) -> Vec<Edit> {
    all(edits.into_iter().map(Action::Layers))
}

fn strip(path: &str, layers: Which) -> LayerEdit {
    LayerEdit::Strip { paths: vec![path.to_owned()], layers, packing: None }
}

fn flatten(range: Option<[usize; 2]>) -> LayerEdit {
    LayerEdit::Flatten { range, packing: Packing::default() }
}

fn gzip(level: u8) -> LayerEdit {
    LayerEdit::Recompress { packing: Packing::Gzip { level }, layers: Which::All }
}

#[test]
fn layers_and_steps_after_each_edit() {
    let made_by = |text: &str| LayerEdit::RemoveCreatedBy { text: text.to_owned() };
    for (edits, layers_after, history_after) in [
        (
            vec![LayerEdit::Remove { layer: 2 }],
            vec!["a", "c", "d"],
            vec!["make a", "make c", "make d", "[remove layer 2]"],
        ),
        (
            vec![LayerEdit::Remove { layer: 2 }, LayerEdit::Remove { layer: 3 }],
            vec!["a", "c"],
            vec!["make a", "make c", "[remove layer 2]", "[remove layer 3]"],
        ),
        (
            vec![made_by("ake d")],
            vec!["a", "b", "c"],
            vec!["make a", "make b", "make c", "[remove layers made by \"ake d\"]"],
        ),
        (
            vec![flatten(Some([2, 3]))],
            vec!["a", "flat", "d"],
            vec!["make a", "[make b]", "[make c]", "flatten layers 2 to 3", "make d"],
        ),
        (
            vec![flatten(None)],
            vec!["flat"],
            vec!["[make a]", "[make b]", "[make c]", "[make d]", "flatten all layers"],
        ),
        (
            vec![strip("/etc/secret", Which::These(vec![4]))],
            vec!["a", "b", "c", "stripped"],
            vec!["make a", "make b", "make c", "make d", "[strip /etc/secret from layer 4]"],
        ),
        (
            vec![strip("absent", Which::All)],
            vec!["a", "b", "c", "d"],
            vec!["make a", "make b", "make c", "make d", "[strip absent from all layers]"],
        ),
        (
            vec![gzip(9)],
            vec!["packed", "packed", "packed", "packed"],
            vec!["make a", "make b", "make c", "make d"],
        ),
        (
            vec![strip("x", Which::These(vec![1])), flatten(Some([1, 2])), gzip(1)],
            vec!["packed", "packed", "packed"],
            vec![
                "[make a]",
                "[make b]",
                "flatten layers 1 to 2",
                "make c",
                "make d",
                "[strip x from layer 1]",
            ],
        ),
    ] {
        let change = edited(&abcd(), layer_edits(edits.clone()));
        assert_eq!(layers(&change, "image", &NAMES), layers_after, "{edits:?}");
        assert_eq!(history(&change, "config"), history_after, "{edits:?}");
        reads_well(&change);
        let count = value(&change, "config")["rootfs"]["diff_ids"].as_array().expect("list").len();
        assert_eq!(count, layers_after.len());
    }
}

#[test]
fn a_chain_of_recipes_is_built_in_order() {
    let edits = vec![given("e.tar")];
    let edits = [edits, vec![Action::Layers(flatten(Some([4, 5]))), Action::Layers(gzip(1))]];
    let draft = draft(&abcd(), all(edits.concat()));
    let built = BTreeMap::new();
    let context = Context { built: &built, now: now(), bases: &[] };
    let recipes = recipes(&abcd(), &draft, &context).expect("recipes");
    let place = |kind: fn(&Recipe) -> bool| recipes.iter().position(|(_, r)| kind(r));
    let given = place(|recipe| matches!(recipe, Recipe::Given { .. })).expect("given");
    let flat = place(|recipe| matches!(recipe, Recipe::Flatten { .. })).expect("flat");
    let (id, flattened) = &recipes[flat];
    let input = Input::Recipe(recipes[given].0.clone());
    assert!(given < flat && flattened.inputs().last() == Some(&input), "{recipes:?}");
    let packed = recipes.iter().filter(|(_, recipe)| match recipe {
        Recipe::Recompress { layer, .. } => *layer == Input::Recipe(id.clone()),
        _ => false,
    });
    assert_eq!(packed.count(), 1);
    let Recipe::Flatten { layers, below, .. } = flattened else { unreachable!() };
    assert_eq!((layers.len(), *below), (5, 3), "whiteouts remove what is in the layers below");
}

#[test]
fn what_is_not_built_yet_has_no_digest_that_could_be_pushed() {
    let draft = draft(&abcd(), all([given("e.tar"), label("k", Some("v"))]));
    let pending = plan(&abcd(), &draft, &[]).expect("a change");
    assert!(pending.is_pending());
    assert_eq!(pending.pending.len(), 1);
    assert!(pending.root.digest.as_str().starts_with("pending:"));
    assert_eq!(value(&pending, "config")["config"]["Labels"], json!({"k": "v"}));
    let id = pending.pending[0].0.encoded();
    let config = value(&pending, "config");
    assert_eq!(config["rootfs"]["diff_ids"][4], format!("pending:{id}"));
    let done = run(&abcd(), &draft, &[]).expect("a change");
    assert_eq!(done.root.digest.algorithm_name(), "sha256");

    // Packing changes no tar, so the config is final at once.
    let packed = plan(&abcd(), &crate::edit_support::draft(&abcd(), layer_edits([gzip(9)])), &[]);
    let packed = packed.expect("a change");
    let config = packed.documents.iter().find(|document| document.label == "config");
    assert!(packed.is_pending() && config.expect("config").is_kept());
}

#[test]
fn a_layer_in_which_nothing_was_to_be_stripped_keeps_its_bytes() {
    let edits = layer_edits([strip("absent", Which::All)]);
    let change = edited(&abcd(), edits);
    assert_eq!(layers(&change, "image", &NAMES), NAMES);
    let kept = change.blobs.iter().filter(|blob| blob.origin == Origin::Kept).count();
    assert_eq!(kept, 4);
    assert!(change.recipes.is_empty());
    assert_eq!(change.idle.len(), 4, "what was built for nothing is still known");
    let twice = [strip("absent", Which::All), strip("present", Which::These(vec![2]))];
    let change = edited(&abcd(), layer_edits(twice));
    assert_eq!(layers(&change, "image", &NAMES), ["a", "stripped", "c", "d"]);
}

#[test]
fn what_a_descriptor_says_of_the_bytes_goes_with_them() {
    let mut made = made("linux/amd64", &["a"]);
    made.manifest["layers"][0]["annotations"] = json!({
        "containerd.io/snapshot/stargz/toc.digest": sha("toc"), "keep": "me",
        "io.github.containers.zstd-chunked.manifest-position": "1:2:3:1"});
    made.manifest["layers"][0]["urls"] = json!(["https://example.com/a"]);
    made.manifest["layers"][0]["x-own"] = json!(1);
    let change = edited(&made.image(), layer_edits([gzip(1)]));
    let layer = &value(&change, "image")["layers"][0];
    assert_eq!(layer["annotations"], json!({"keep": "me"}));
    assert_eq!((&layer["urls"], &layer["x-own"]), (&Value::Null, &json!(1)));
    let order: Vec<&String> = layer.as_object().expect("object").keys().collect();
    assert_eq!(order, ["mediaType", "digest", "size", "annotations", "x-own"]);
}

#[test]
fn packings_and_their_media_types() {
    let docker = made("linux/amd64", &["a"]).docker().image();
    for (packing, oci, in_docker) in [
        (Packing::None, MediaType::LAYER, Some("application/vnd.docker.image.rootfs.diff.tar")),
        (Packing::Gzip { level: 1 }, MediaType::LAYER_GZIP, Some(MediaType::DOCKER_LAYER_GZIP)),
        (Packing::Zstd, MediaType::LAYER_ZSTD, None),
    ] {
        let edit = LayerEdit::Recompress { packing, layers: Which::All };
        let change = edited(&image("linux/amd64", &["a"]), layer_edits([edit.clone()]));
        assert_eq!(value(&change, "image")["layers"][0]["mediaType"], oci);
        match in_docker {
            Some(media_type) => {
                let change = edited(&docker, layer_edits([edit]));
                assert_eq!(value(&change, "image")["layers"][0]["mediaType"], media_type);
            }
            None => {
                let error = refused(&docker, layer_edits([edit]));
                assert!(error.contains("layer 1 has zstd compression"), "{error}");
            }
        }
    }
    let nothing = LayerEdit::Recompress { packing: Packing::Gzip { level: 0 }, layers: Which::All };
    assert!(refused(&abcd(), layer_edits([nothing])).contains("1 to 9"));
}

#[test]
fn times_of_layers_config_and_history() {
    let early = "2010-01-01T00:00:00Z".parse().expect("time");
    let late = "2030-01-01T00:00:00Z".parse().expect("time");
    let times = |rule, config| LayerEdit::Times { rule, layers: Which::All, config, packing: None };
    let created = |rule, config| {
        let change = edited(&abcd(), layer_edits([times(rule, config)]));
        assert_eq!(layers(&change, "image", &NAMES), ["timed"; 4]);
        let config = value(&change, "config");
        let step = config["history"][3]["created"].as_str().expect("time").to_owned();
        (config["created"].as_str().expect("time").to_owned(), step)
    };
    let both = |text: &str| (text.to_owned(), text.to_owned());
    assert_eq!(created(TimeRule::Set(early), false), both("2020-01-01T00:00:00Z"));
    assert_eq!(created(TimeRule::Set(early), true), both("2010-01-01T00:00:00Z"));
    assert_eq!(created(TimeRule::Clamp(early), true), both("2010-01-01T00:00:00Z"));
    assert_eq!(created(TimeRule::Set(late), true), both("2030-01-01T00:00:00Z"));
    assert_eq!(created(TimeRule::Clamp(late), true), both("2020-01-01T00:00:00Z"));
}

#[test]
fn a_windows_image_gets_layers_for_windows_and_linux_the_other() {
    let (linux, windows) = (image("linux/amd64", &["a"]), image("windows/amd64:10.0.1", &["w"]));
    let entries = [entry(&linux, "linux/amd64"), entry(&windows, "windows/amd64:10.0.1")];
    let both = index(&entries, &[&linux, &windows]);
    let change = edited(&both, all([given("e.tar")]));
    let windows = change.recipes.iter().map(|(_, recipe)| match recipe {
        Recipe::Given { windows, .. } => *windows,
        _ => panic!("{recipe:?}"),
    });
    assert_eq!(windows.collect::<Vec<_>>(), [false, true]);
}

#[test]
fn one_recipe_serves_all_platforms() {
    let change = edited(&multi(&["a"]), all([given("e.tar")]));
    assert_eq!(change.recipes.len(), 1);
    for label in ["linux/amd64", "linux/arm64/v8"] {
        assert_eq!(layers(&change, label, &["a"]), ["a", "given"]);
    }
}

#[test]
fn a_supplied_zstd_layer_is_known_only_when_it_was_read() {
    let docker = made("linux/amd64", &["a"]).docker().image();
    let draft = draft(&docker, all([given("e.tar.zst")]));
    let mut built = build(&plan(&docker, &draft, &[]).expect("a change"));
    built.values_mut().for_each(|layer| layer.compression = Compression::Zstd);
    let context = Context { built: &built, now: now(), bases: &[] };
    let error = apply(&docker, &draft, &context).expect_err("zstd").to_string();
    assert!(error.contains("convert the image to OCI"), "{error}");
}

#[test]
fn a_wrong_result_of_packing_is_noticed() {
    let draft = draft(&abcd(), layer_edits([gzip(1)]));
    let mut built = build(&plan(&abcd(), &draft, &[]).expect("a change"));
    built.values_mut().for_each(|layer| layer.diff_id.0 = sha("other"));
    let context = Context { built: &built, now: now(), bases: &[] };
    let error = apply(&abcd(), &draft, &context).expect_err("other tar").to_string();
    assert!(error.contains("but must have"), "{error}");
}

#[test]
fn layers_that_are_not_there_are_refused() {
    for (edit, why) in [
        (LayerEdit::Remove { layer: 0 }, "no layer 0"),
        (LayerEdit::Remove { layer: 5 }, "no layer 5; it has 4"),
        (flatten(Some([3, 2])), "no range"),
        (flatten(Some([1, 9])), "no layer 9"),
        (LayerEdit::RemoveCreatedBy { text: "nobody".into() }, "no layer was made by"),
        (strip("../x", Which::All), "without . and .."),
        (strip("x", Which::These(vec![7])), "no layer 7"),
    ] {
        let error = refused(&abcd(), layer_edits([edit]));
        assert!(error.starts_with("Edit 1, ") && error.contains(why), "{error}");
    }
    let empty = image("linux/amd64", &[]);
    assert!(refused(&empty, layer_edits([flatten(None)])).contains("no layer"));
}

#[test]
fn an_image_whose_config_does_not_fit_its_layers() {
    let mut made = made("linux/amd64", &["a", "b"]);
    made.config["rootfs"]["diff_ids"].as_array_mut().expect("list").pop();
    let image = made.image();
    assert!(refused(&image, all([given("e")])).contains("which belongs to which is not certain"));
    let change = edited(&image, all([label("k", Some("v"))]));
    assert_eq!(layers(&change, "image", &["a", "b"]), ["a", "b"]);
}

#[test]
fn a_missing_history_stays_missing_and_an_odd_one_is_named() {
    let mut made = made("linux/amd64", &["a", "b"]);
    made.config.as_object_mut().expect("object").shift_remove("history");
    let change = edited(&made.image(), all([given("e")]));
    assert_eq!(value(&change, "config").get("history"), None);
    assert_eq!(rules(&change), ["edit.history-missing"]);

    made.config["history"] = json!([{"created_by": "all"}]);
    let change = edited(&made.image(), all([given("e")]));
    assert_eq!(history(&change, "config"), ["all", "add e"]);
    assert!(rules(&change).contains(&"edit.history-odd"), "{:?}", change.findings);
    let error =
        refused(&made.image(), layer_edits([LayerEdit::RemoveCreatedBy { text: "a".into() }]));
    assert!(error.contains("does not say which step made which layer"), "{error}");

    // With one layer left there is nothing to be mistaken about.
    let change = edited(&made.image(), layer_edits([flatten(None)]));
    assert_eq!(history(&change, "config"), ["[all]", "flatten all layers"]);
    assert_eq!(rules(&change), Vec::<&str>::new());
    made.config.as_object_mut().expect("object").shift_remove("history");
    let change = edited(&made.image(), layer_edits([flatten(Some([1, 2]))]));
    assert_eq!(history(&change, "config"), ["flatten layers 1 to 2"]);
}

#[test]
fn layers_that_are_no_tars_stay_unless_they_are_named() {
    let mut made = made("linux/amd64", &["a", "b"]);
    made.manifest["layers"][1]["mediaType"] = json!("application/vnd.example.blob");
    let image = made.image();
    let change = edited(&image, layer_edits([gzip(9)]));
    assert_eq!(layers(&change, "image", &["a", "b"]), ["packed", "b"]);
    assert_eq!(rules(&change), ["edit.layer-type"]);
    assert!(refused(&image, layer_edits([flatten(None)])).contains("no tar"));
}

#[test]
fn a_foreign_layer_that_is_written_anew_is_named() {
    let mut made = made("linux/amd64", &["a"]);
    made.manifest["layers"][0]["mediaType"] =
        json!("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip");
    let change = edited(&made.image(), layer_edits([flatten(None)]));
    assert_eq!(rules(&change), ["edit.foreign"]);
    assert_eq!(value(&change, "image")["layers"][0]["mediaType"], MediaType::LAYER_GZIP);
}

#[test]
fn a_patch_says_what_it_changes() {
    let gone = NewEntry { node: NewNode::Whiteout, ..file("etc/passwd") };
    let directory = NewEntry { node: NewNode::Directory, mode: 0o755, ..file("etc") };
    let entries = vec![directory, file("etc/motd"), gone];
    let patch = LayerEdit::Patch { entries: entries.into(), packing: Packing::default() };
    let change = edited(&abcd(), layer_edits([patch]));
    let expected = "change etc/motd, remove etc/passwd";
    assert_eq!(history(&change, "config").last().map(String::as_str), Some(expected));
    let many = ["a", "b", "c", "d"].map(file).to_vec();
    let add = LayerInput::Files { entries: many.into(), packing: Packing::default() };
    let add = LayerEdit::Add { layer: add, base: Default::default() };
    let change = edited(&abcd(), layer_edits([add]));
    assert_eq!(history(&change, "config").last().map(String::as_str), Some("add 4 entries (a, …)"));
}

#[test]
fn a_recipe_is_named_by_its_content_alone() {
    let recipe = |name: &str| {
        let change = edited(&abcd(), all([given(name)]));
        change.recipes[0].0.clone()
    };
    assert_eq!(recipe("e"), recipe("e"));
    assert_ne!(recipe("e"), recipe("f"));
    let fixed = Recipe::Given { digest: sha("e"), size: 1, packing: Packing::Zstd, windows: false };
    let json = serde_json::to_string(&fixed).expect("JSON");
    let expected = format!(
        r#"{{"given":{{"digest":"{}","size":1,"packing":"zstd","windows":false}}}}"#,
        sha("e")
    );
    assert_eq!(json, expected);
    assert_eq!(fixed.id().0, sha(&expected));
}

/// The layers of a docker-save tar are plain, and would be pushed so.
#[test]
fn layers_that_are_not_compressed_are_named() {
    let mut made = made("linux/amd64", &["a", "b"]);
    made.manifest["layers"][1]["mediaType"] = json!(MediaType::LAYER);
    let image = made.image();
    let change = edited(&image, all([label("x", Some("1"))]));
    assert_eq!(rules(&change), ["edit.plain-layers"]);
    assert!(change.findings[0].message.contains("layer 2 is not compressed"));
    let packing = Packing::default();
    let packed = LayerEdit::Recompress { packing, layers: Which::These(vec![2]) };
    assert_eq!(rules(&edited(&image, layer_edits([packed.clone()]))), [""; 0]);
    // The same edit is offered, on the platform that the index names.
    let packed = Action::Layers(packed);
    let manifest = &*change.documents.last().expect("a manifest").document;
    assert_eq!(pack_plain_of([manifest]), [Edit::all(packed.clone())]);
    let platform: Platform = "linux/amd64".parse().expect("a platform");
    let entry = json!(Descriptor { platform: Some(platform.clone()), ..manifest.descriptor() });
    let index = json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": [entry]});
    let (digest, bytes) = identify(index.to_string().into());
    let index = Document::new(&bytes, digest, MediaType::new(MediaType::INDEX), index);
    assert_eq!(pack_plain_of([manifest, &index]), [Edit::on(vec![platform], packed)]);
}

/// White space of an uneven document can't be kept where something is changed, and that is told.
#[test]
fn white_space_that_is_evened_out_is_told() {
    let made = made("linux/amd64", &["a"]);
    let uneven = made.config.to_string().replacen(":", " :  ", 3);
    let image = made.image_of(&uneven, Value::to_string);
    assert_eq!(rules(&edited(&image, all([label("x", Some("1"))]))), ["edit.layout"]);
    assert_eq!(rules(&edited(&image, Vec::new())), [""; 0]);
    let even = serde_json::to_string_pretty(&made.config).expect("JSON").replace("  ", "\t");
    let image = made.image_of(&even, Value::to_string);
    let change = edited(&image, all([label("x", Some("1"))]));
    assert_eq!(rules(&change), [""; 0]);
    let config = change.documents.iter().find(|it| it.label == "config").expect("a config");
    let text = String::from_utf8_lossy(config.document.bytes()).into_owned();
    assert!(
        text.starts_with("{\n\t\"") && text.contains("\n\t\t\"Labels\": {\n\t\t\t\"x\""),
        "{text}"
    );
}
