//! One base for another.

use drydock::digest::DiffId;
use drydock::edit::{
    Action, Bases, Edit, Image, LayerFacts, Origin, Rebase, SameBy, Scope, compare,
};
use drydock::media_type::MediaType;
use serde_json::{Value, json};

use crate::edit_support::*;

const OLD: &str = "localhost:5000/base:1";
const NEW: &str = "localhost:5000/base:2";
const NAME: &str = "org.opencontainers.image.base.name";
const DIGEST: &str = "org.opencontainers.image.base.digest";

fn rebase(old: &Image, new: &Image, env: bool) -> Action {
    Action::Rebase(Rebase { old: pinned(OLD, old), new: pinned(NEW, new), env })
}

fn rebased(image: &Image, old: &Image, new: &Image) -> drydock::edit::Change {
    let draft = draft(image, all([rebase(old, new, false)]));
    run(image, &draft, &[old.clone(), new.clone()]).expect("a change")
}

fn why_not(image: &Image, old: &Image, new: &Image) -> String {
    let draft = draft(image, all([rebase(old, new, false)]));
    let error = run(image, &draft, &[old.clone(), new.clone()]).expect_err("refused");
    error.to_string()
}

#[test]
fn layers_and_history_of_the_base_are_replaced() {
    let (old, new) = (image("linux/amd64", &["o1", "o2"]), image("linux/amd64", &["n1"]));
    let image = image("linux/amd64", &["o1", "o2", "app"]);
    let change = rebased(&image, &old, &new);
    assert_eq!(layers(&change, "image", &["n1", "app"]), ["n1", "app"]);
    assert_eq!(history(&change, "config"), ["make n1", "make app"]);
    let annotations = json!({NAME: NEW, DIGEST: new.digest()});
    assert_eq!(value(&change, "image")["annotations"], annotations);
    let origins: Vec<&Origin> = change.blobs.iter().map(|blob| &blob.origin).collect();
    assert_eq!(origins, [&Origin::Other(pinned(NEW, &new)), &Origin::Kept]);
    assert_eq!(rules(&change), Vec::<&str>::new());
    reads_well(&change);
}

#[test]
fn the_name_of_the_base_stays_when_only_its_digest_is_newer() {
    let (old, new) = (image("linux/amd64", &["o"]), image("linux/amd64", &["n"]));
    let mut made = made("linux/amd64", &["o", "app"]);
    made.manifest["annotations"] = json!({NAME: NEW, DIGEST: old.digest()});
    let image = made.image();
    let annotations = json!({NAME: NEW, DIGEST: new.digest()});
    assert_eq!(value(&rebased(&image, &old, &new), "image")["annotations"], annotations);
    // Pinned without a tag the new base has no name.
    let bare = pinned("localhost:5000/base", &new);
    let action = Action::Rebase(Rebase { old: pinned(OLD, &old), new: bare, env: false });
    let bases = [old, new.clone()];
    let change = run(&image, &draft(&image, all([action])), &bases).expect("a change");
    assert_eq!(value(&change, "image")["annotations"], json!({DIGEST: new.digest()}));
}

#[test]
fn every_platform_of_an_index_gets_its_own_base() {
    let (old, new) = (multi(&["o"]), multi(&["n"]));
    let image = multi(&["o", "app"]);
    let change = rebased(&image, &old, &new);
    for (at, label) in ["linux/amd64", "linux/arm64/v8"].into_iter().enumerate() {
        assert_eq!(layers(&change, label, &["n", "app"]), ["n", "app"]);
        let own = new.images()[at].1.digest();
        assert_eq!(value(&change, label)["annotations"], json!({NAME: NEW, DIGEST: own}));
    }
    let annotations = &value(&change, "index")["annotations"];
    assert_eq!((&annotations[NAME], &annotations[DIGEST]), (&json!(NEW), &json!(new.digest())));
    assert_eq!(annotations["z"], "1");

    let arm = Scope::Platforms(vec!["linux/arm64".parse().expect("platform")]);
    let edit = Edit { scope: arm, record: false, action: rebase(&old, &new, false) };
    let bases = [old, new];
    let change = run(&image, &draft(&image, vec![edit]), &bases).expect("a change");
    assert_eq!(layers(&change, "linux/amd64", &["o", "app"]), ["o", "app"]);
    assert_eq!(value(&change, "index")["annotations"].get(NAME), None);
}

#[test]
fn the_first_differing_layer_is_the_reason() {
    let old = image("linux/amd64", &["o1", "o2"]);
    let new = image("linux/amd64", &["n"]);
    let error = why_not(&image("linux/amd64", &["o1", "x", "app"]), &old, &new);
    for part in ["layer 2 of the base is", sha("o2").as_str(), sha("x").as_str(), OLD] {
        assert!(error.contains(part), "{error}");
    }
    let error = why_not(&image("linux/amd64", &["o1"]), &old, &new);
    assert!(error.contains("the image ends before it"), "{error}");
    let error = why_not(&image("linux/arm64", &["o1", "o2"]), &old, &new);
    assert!(error.contains("has no image for linux/arm64"), "{error}");
    let image = image("linux/amd64", &["o1", "o2"]);
    let draft = draft(&image, all([rebase(&old, &new, false)]));
    let error = run(&image, &draft, &[old]).expect_err("not loaded").to_string();
    assert!(error.contains("base:2@") && error.contains("was not loaded"), "{error}");
}

#[test]
fn a_base_that_was_packed_anew_is_known_by_its_diff_ids() {
    let mut other = made("linux/amd64", &["o1", "o2"]);
    other.manifest["layers"][1]["digest"] = json!(sha("o2 packed in another way"));
    let image = image("linux/amd64", &["o1", "o2", "app"]);
    let change =
        rebased(&image, &other.image(), &crate::edit_support::image("linux/amd64", &["n"]));
    assert_eq!(layers(&change, "image", &["n", "app"]), ["n", "app"]);
    assert_eq!(rules(&change), ["edit.base-packed-anew"]);

    let facts = |digest: &str, tar: &str| LayerFacts {
        digest: Some(sha(digest)),
        diff_id: Some(DiffId(sha(tar))),
    };
    let (one, other) = (facts("a", "t"), facts("b", "t"));
    let one = [one];
    assert_eq!(compare(&one, &one), Ok(SameBy::Digest));
    assert_eq!(compare(&one, &[other]), Ok(SameBy::DiffId));
    assert_eq!(compare(&[], &[]), Ok(SameBy::Digest));
    let unknown = [LayerFacts { digest: None, diff_id: None }];
    assert!(compare(&unknown, &unknown).is_err(), "nothing is not equal to nothing");
    assert_eq!(compare(&one, &[]).map_err(|difference| difference.layer), Err(1));
}

#[test]
fn histories_that_are_missing_or_longer() {
    let step = |text: &str| json!({"created_by": text});
    let empty = |text: &str| json!({"created_by": text, "empty_layer": true});
    let with = |names: &[&str], history: Value| {
        let mut made = made("linux/amd64", names);
        match history {
            Value::Null => {
                drop(made.config.as_object_mut().expect("object").shift_remove("history"))
            }
            history => made.config["history"] = history,
        }
        made.image()
    };
    let unknown = |name: &str| format!("layer {}, of which there was no history", diff_id(name));
    let old_steps = || vec![empty("ENV"), step("o"), empty("CMD")];
    let app_steps = || [old_steps(), vec![empty("LABEL"), step("app")]].concat();
    let own = ["[LABEL]", "app"];
    for (old, new, app, expected) in [
        (json!(old_steps()), json!([step("n")]), json!(app_steps()), vec!["n", own[0], own[1]]),
        // Without the base's history its last empty steps can't be told from the image's own.
        (Value::Null, json!([step("n")]), json!(app_steps()), vec!["n", "[CMD]", own[0], own[1]]),
        (json!(old_steps()), json!([step("n")]), Value::Null, vec!["n", &unknown("app")]),
        (json!(old_steps()), Value::Null, json!(app_steps()), vec![&unknown("n"), own[0], own[1]]),
        (json!(old_steps()), Value::Null, Value::Null, vec![]),
        (json!(old_steps()), json!([step("n")]), json!([step("all")]), vec!["n", &unknown("app")]),
    ] {
        let change = rebased(&with(&["o", "app"], app), &with(&["o"], old), &with(&["n"], new));
        assert_eq!(layers(&change, "image", &["n", "app"]), ["n", "app"], "{expected:?}");
        assert_eq!(history(&change, "config"), expected);
    }
}

#[test]
fn the_environment_is_merged_when_asked() {
    let with = |names: &[&str], env: &[&str]| {
        let mut made = made("linux/amd64", names);
        made.config["config"]["Env"] = json!(env);
        made.image()
    };
    let old = with(&["o"], &["PATH=/bin", "V=1", "GONE=1", "BOTH=1"]);
    let new = with(&["n"], &["PATH=/bin", "V=2", "NEW=1", "BOTH=2"]);
    let image = with(&["o", "app"], &["PATH=/app:/bin", "V=1", "GONE=1", "BOTH=3", "OWN=1"]);
    for (merge, env, found) in [
        (
            true,
            json!(["PATH=/app:/bin", "V=2", "BOTH=3", "OWN=1", "NEW=1"]),
            vec!["edit.base-env-conflict"],
        ),
        (
            false,
            json!(["PATH=/app:/bin", "V=1", "GONE=1", "BOTH=3", "OWN=1"]),
            vec!["edit.base-env", "edit.base-env-conflict"],
        ),
    ] {
        let draft = draft(&image, all([rebase(&old, &new, merge)]));
        let change = run(&image, &draft, &[old.clone(), new.clone()]).expect("a change");
        assert_eq!(value(&change, "config")["config"]["Env"], env);
        assert_eq!(rules(&change), found);
    }
}

#[test]
fn layers_of_a_docker_base_get_the_names_of_the_image() {
    let old = made("linux/amd64", &["o"]).docker().image();
    let new = made("linux/amd64", &["n"]).docker().image();
    let change = rebased(&image("linux/amd64", &["o", "app"]), &old, &new);
    let manifest = value(&change, "image");
    assert_eq!(manifest["mediaType"], MediaType::MANIFEST);
    assert_eq!(manifest["layers"][0]["mediaType"], MediaType::LAYER_GZIP);
}

#[test]
fn version_and_features_of_windows_are_the_base_s() {
    let base = |version: &str, name: &str| image(&format!("windows/amd64:{version}"), &[name]);
    let (old, new) = (base("10.0.1", "o"), base("10.0.2", "n"));
    let app = image("windows/amd64:10.0.1", &["o", "app"]);
    let both = index(&[entry(&app, "windows/amd64:10.0.1")], &[&app]);
    let change = rebased(&both, &old, &new);
    let platform = &value(&change, "index")["manifests"][0]["platform"];
    assert_eq!(platform["os.version"], "10.0.2");
    let config = change.documents.iter().find(|document| document.label.starts_with("config"));
    assert_eq!(config.expect("config").document.value()["os.version"], "10.0.2");
}

#[test]
fn layers_can_be_edited_before_and_after() {
    let (old, new) = (image("linux/amd64", &["o"]), image("linux/amd64", &["n1", "n2"]));
    let image = image("linux/amd64", &["o", "app"]);
    let flat =
        drydock::edit::LayerEdit::Flatten { range: Some([1, 2]), packing: Default::default() };
    let edits = [given("more"), rebase(&old, &new, false), Action::Layers(flat)];
    let change = run(&image, &draft(&image, all(edits)), &[old, new]).expect("a change");
    assert_eq!(layers(&change, "image", &["app"]), ["flat", "app", "given"]);
    let steps = ["[make n1]", "[make n2]", "flatten layers 1 to 2", "make app", "add more"];
    assert_eq!(history(&change, "config"), steps);
}

#[test]
fn bases_are_suggested_by_annotations() {
    let digest = sha("old base");
    let mut made = made("linux/amd64", &["a"]);
    made.manifest["annotations"] = json!({NAME: NEW, DIGEST: digest});
    let image = made.image();
    let bases = Bases::of(&index(&[entry(&image, "linux/amd64")], &[&image]));
    let text = |reference: Option<drydock::reference::Reference>| reference.map(|r| r.to_string());
    assert_eq!(text(bases.new).as_deref(), Some(NEW));
    assert_eq!(text(bases.old), Some(format!("localhost:5000/base@{digest}")));
    assert_eq!(Bases::of(&crate::edit_support::image("linux/amd64", &["a"])), Bases::default());
}

/// Builders put the base into annotations of the manifest, of the index or of its entries, or into
/// labels, and its name and digest not always into the same.
#[test]
fn the_base_is_found_wherever_builders_put_it() {
    let digest = sha("old base");
    let both = json!({NAME: NEW, DIGEST: digest});
    let pinned = format!("localhost:5000/base@{digest}");
    let text = |bases: Bases| {
        let text =
            |reference: Option<drydock::reference::Reference>| reference.map(|r| r.to_string());
        (text(bases.old), text(bases.new))
    };
    let expected = (Some(pinned), Some(NEW.to_owned()));
    let mut labelled = made("linux/amd64", &["a"]);
    labelled.config["config"]["Labels"] = both.clone();
    assert_eq!(text(Bases::of(&labelled.image())), expected);
    let one = labelled.image();
    assert_eq!(text(Bases::of(&index(&[entry(&one, "linux/amd64")], &[&one]))), expected);
    let plain = image("linux/amd64", &["a"]);
    let mut listed = entry(&plain, "linux/amd64");
    listed["annotations"] = both;
    assert_eq!(text(Bases::of(&index(&[listed], &[&plain]))), expected);
    let mut apart = made("linux/amd64", &["a"]);
    apart.config["config"]["Labels"] = json!({DIGEST: digest});
    apart.manifest["annotations"] = json!({NAME: NEW});
    assert_eq!(text(Bases::of(&apart.image())), expected);
}

/// What labels say of the base is true after a rebase, too.
#[test]
fn labels_that_name_the_base_follow_it() {
    let (old, new) = (image("linux/amd64", &["o"]), image("linux/amd64", &["n"]));
    let mut made = made("linux/amd64", &["o", "app"]);
    made.config["config"]["Labels"] = json!({NAME: OLD, DIGEST: old.digest(), "other": "1"});
    let change = rebased(&made.image(), &old, &new);
    let labels = json!({NAME: NEW, DIGEST: new.digest(), "other": "1"});
    assert_eq!(value(&change, "config")["config"]["Labels"], labels);
}
