//! Config, annotations and subject: every property set and taken away, everything else untouched.

use drydock::digest::{Algorithm, Digest};
use drydock::edit::{
    Action, Annotated, Base, BaseAnnotations, ConfigEdit, Draft, Edit, Family, LayerEdit,
    LayerInput, Packing,
};
use drydock::media_type::MediaType;
use drydock::spec::Healthcheck;
use serde_json::{Value, json};

use crate::edit_support::*;

fn config(edit: ConfigEdit) -> Vec<Edit> {
    all([Action::Config(edit)])
}

fn text_of(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[test]
fn every_property_is_set_and_taken_away() {
    use ConfigEdit as C;
    let image = image("linux/arm64/v8", &["a"]);
    let check = Healthcheck {
        test: vec!["CMD".to_owned(), "ok".to_owned()],
        interval: Some(5_000_000_000),
        ..Healthcheck::default()
    };
    let time = now();
    for (set, unset, at, expected) in [
        (
            C::Entrypoint { value: words("/x y"), clear_cmd: false },
            C::Entrypoint { value: None, clear_cmd: false },
            "/config/Entrypoint",
            json!(["/x", "y"]),
        ),
        (C::Cmd { value: words("z") }, C::Cmd { value: None }, "/config/Cmd", json!(["z"])),
        (C::User { value: text_of("1:2") }, C::User { value: None }, "/config/User", json!("1:2")),
        (
            C::WorkingDir { value: text_of("/w") },
            C::WorkingDir { value: None },
            "/config/WorkingDir",
            json!("/w"),
        ),
        (
            C::StopSignal { value: text_of("SIGINT") },
            C::StopSignal { value: None },
            "/config/StopSignal",
            json!("SIGINT"),
        ),
        (
            C::ExposedPort { port: "80/tcp".into(), present: true },
            C::ExposedPort { port: "80/tcp".into(), present: false },
            "/config/ExposedPorts",
            json!({"80/tcp": {}}),
        ),
        (
            C::Volume { path: "/v".into(), present: true },
            C::Volume { path: "/v".into(), present: false },
            "/config/Volumes",
            json!({"/v": {}}),
        ),
        (
            C::Label { name: "l".into(), value: text_of("") },
            C::Label { name: "l".into(), value: None },
            "/config/Labels",
            json!({"l": ""}),
        ),
        (
            C::Env { name: "PATH".into(), value: text_of("/x=y") },
            C::Env { name: "PATH".into(), value: None },
            "/config/Env",
            json!(["PATH=/x=y"]),
        ),
        (
            C::Healthcheck { value: Some(check) },
            C::Healthcheck { value: None },
            "/config/Healthcheck",
            json!({"Test": ["CMD", "ok"], "Interval": 5_000_000_000_u64}),
        ),
        (C::Author { value: text_of("me") }, C::Author { value: None }, "/author", json!("me")),
        (C::Created { value: Some(time) }, C::Created { value: None }, "/created", json!(NOW)),
        (C::Variant { value: text_of("v9") }, C::Variant { value: None }, "/variant", json!("v9")),
        (
            C::OsVersion { value: text_of("10.0.1") },
            C::OsVersion { value: None },
            "/os.version",
            json!("10.0.1"),
        ),
        (
            C::OsFeatures { value: vec!["win32k".into()] },
            C::OsFeatures { value: vec![] },
            "/os.features",
            json!(["win32k"]),
        ),
    ] {
        let before = image.config().expect("config").value();
        let done = value(&edited(&image, config(set.clone())), "config");
        assert_eq!(done.pointer(at), Some(&expected), "{set:?}");
        assert_eq!(without(&done, at), without(before, at), "{set:?} leaves the rest");
        let undone = value(&edited(&image, config(unset.clone())), "config");
        assert_eq!(undone.pointer(at), None, "{unset:?}");
        assert_eq!(without(&undone, at), without(before, at), "{unset:?} leaves the rest");
        let both = all([Action::Config(set), Action::Config(unset)]);
        assert_eq!(value(&edited(&image, both), "config").pointer(at), None);
    }
}

fn without(value: &Value, at: &str) -> Value {
    let mut value = value.clone();
    let (above, name) = at.rsplit_once('/').expect("a pointer");
    let object = value.pointer_mut(above).and_then(Value::as_object_mut).expect("object");
    object.shift_remove(name);
    value
}

#[test]
fn values_that_no_reader_understands_are_refused() {
    use ConfigEdit as C;
    let image = image("linux/amd64", &["a"]);
    for edit in [
        C::Env { name: String::new(), value: text_of("x") },
        C::Env { name: "A=B".into(), value: text_of("x") },
        C::Env { name: "A".into(), value: text_of("x\0") },
        C::Label { name: String::new(), value: text_of("x") },
        C::ExposedPort { port: "0/tcp".into(), present: true },
        C::ExposedPort { port: "80/http".into(), present: true },
        C::ExposedPort { port: "9-8".into(), present: true },
        C::Volume { path: String::new(), present: true },
        C::Os { value: String::new() },
        C::Architecture { value: "a/b".into() },
        C::Healthcheck {
            value: Some(Healthcheck { test: vec!["curl".into()], ..Healthcheck::default() }),
        },
    ] {
        let error = refused(&image, config(edit.clone()));
        assert!(error.contains("expected"), "{edit:?}: {error}");
    }
    for port in ["80", "80/udp", "8000-8010/tcp", "9/sctp"] {
        edited(&image, config(C::ExposedPort { port: port.into(), present: true }));
    }
}

#[test]
fn variables_keep_their_places_and_new_ones_come_last() {
    let mut made = made("linux/amd64", &["a"]);
    made.config["config"]["Env"] = json!(["Z=1", "odd", "A=1", "Z=2"]);
    let image = made.image();
    let env_of = |edits| value(&edited(&image, all(edits)), "config")["config"]["Env"].clone();
    for (edits, expected) in [
        (vec![env("A", Some("9"))], json!(["Z=1", "odd", "A=9", "Z=2"])),
        (vec![env("Z", Some("9"))], json!(["Z=9", "odd", "A=1"])),
        (vec![env("Z", None)], json!(["odd", "A=1"])),
        (vec![env("odd", None)], json!(["Z=1", "A=1", "Z=2"])),
        (
            vec![env("N", Some("1")), env("B", Some("1"))],
            json!(["Z=1", "odd", "A=1", "Z=2", "N=1", "B=1"]),
        ),
        (
            vec![env("B", Some("1")), env("N", Some("1"))],
            json!(["Z=1", "odd", "A=1", "Z=2", "B=1", "N=1"]),
        ),
        (vec![env("N", Some("1")), env("N", None)], json!(["Z=1", "odd", "A=1", "Z=2"])),
    ] {
        assert_eq!(env_of(edits.clone()), expected, "{edits:?}");
    }
}

#[test]
fn variables_of_windows_have_no_case() {
    let mut made = made("windows/amd64:10.0.1", &["a"]);
    made.config["config"]["Env"] = json!(["Path=C:\\"]);
    let edits = all([env("PATH", Some("D:\\")), env("temp", Some("x"))]);
    let done = value(&edited(&made.image(), edits), "config");
    assert_eq!(done["config"]["Env"], json!(["Path=D:\\", "TEMP=x"]));
}

#[test]
fn the_style_of_a_document_is_kept() {
    let made = made("linux/amd64", &["a"]);
    let styles: [fn(&Value) -> String; 3] = [
        Value::to_string,
        |value| serde_json::to_string_pretty(value).expect("JSON"),
        |value| {
            format!("{}\n", serde_json::to_string_pretty(value).expect("JSON").replace("  ", "\t"))
        },
    ];
    for style in styles {
        let image = made.image_of(&style(&made.config), style);
        let change = edited(&image, all([label("a", Some("b"))]));
        for label in ["image", "config"] {
            assert_eq!(text(&change, label), style(&value(&change, label)), "{label}");
        }
    }
}

#[test]
fn odd_numbers_escapes_and_orders_survive_beside_an_edit() {
    let diff = diff_id("a");
    let config = format!(
        r#"{{"zzz":[1e5,1.50,-0,123456789012345678901234567890,0.10],"os":"linux","config":{{"Cmd":["\u003ca\u003e\u0026"],"x":1E4}},"architecture":"amd64","rootfs":{{"diff_ids":["{diff}"],"type":"layers"}}}}"#
    );
    let made = made("linux/amd64", &["a"]);
    let image = made.image_of(&config, Value::to_string);
    let change = edited(&image, all([label("a", Some("b"))]));
    let expected = config.replace(r#""x":1E4"#, r#""x":1E4,"Labels":{"a":"b"}"#);
    assert_eq!(text(&change, "config"), expected);
}

#[test]
fn size_digest_and_embedded_content_change_together() {
    let mut made = made("linux/amd64", &["a"]);
    let plain = made.image();
    use base64::Engine as _;
    let data =
        base64::engine::general_purpose::STANDARD.encode(plain.config().expect("config").bytes());
    made.manifest["config"] = json!({"data": data, "annotations": {"k": "v"}, "x": 1});
    let change = edited(&made.image(), all([label("a", Some("b"))]));
    let config = &value(&change, "image")["config"];
    let bytes = text(&change, "config");
    assert_eq!(config["digest"], sha(&bytes).as_str());
    assert_eq!(config["size"], bytes.len());
    let data = base64::engine::general_purpose::STANDARD.encode(&bytes);
    assert_eq!((&config["data"], &config["x"]), (&json!(data), &json!(1)));
    assert_eq!(config["annotations"], json!({"k": "v"}));
}

#[test]
fn sha512_stays_sha512() {
    let made = made("linux/amd64", &["a"]);
    let config = made.config.to_string();
    let sha512 = |text: &str| Digest::of(Algorithm::Sha512, text.as_bytes());
    let document = |media_type: &str, text: &str| {
        let value = serde_json::from_str(text).expect("JSON");
        let bytes = bytes::Bytes::copy_from_slice(text.as_bytes());
        let digest = sha512(text);
        let bytes = drydock::descriptor::verify_digest(&digest, bytes).expect("equal");
        drydock::document::Document::new(&bytes, digest, MediaType::new(media_type), value)
    };
    let config = document(MediaType::CONFIG, &config);
    let mut manifest = made.manifest;
    manifest["config"] = serde_json::to_value(config.descriptor()).expect("JSON");
    let manifest = document(MediaType::MANIFEST, &manifest.to_string());
    let image = drydock::edit::Image::manifest(manifest, Some(config)).expect("image");
    let change = edited(&image, all([label("a", Some("b"))]));
    assert_eq!(change.root.digest, sha512(&text(&change, "image")));
    let config = sha512(&text(&change, "config"));
    assert_eq!(value(&change, "image")["config"]["digest"], config.as_str());
}

#[test]
fn annotations_of_manifest_index_and_entry() {
    let index = multi(&["a"]);
    let on = |on, value: Option<&str>| Action::Annotation {
        on,
        name: "k".to_owned(),
        value: value.map(str::to_owned),
    };
    let change =
        edited(&index, all([on(Annotated::Index, Some("i")), on(Annotated::Entry, Some("e"))]));
    assert_eq!(value(&change, "index")["annotations"], json!({"z": "1", "a": "2", "k": "i"}));
    assert!(text(&change, "index").contains(r#""annotations":{"k":"i","z":"1","a":"2"}"#));
    let entries = &value(&change, "index")["manifests"];
    assert_eq!(entries[0]["annotations"], json!({"k": "e"}));
    assert_eq!(entries[2]["annotations"]["k"], Value::Null, "attestations are left alone");
    assert!(change.documents.iter().filter(|d| d.label != "index").all(|d| d.is_kept()));

    let arm = vec!["linux/arm64".parse().expect("platform")];
    let change = edited(&index, vec![Edit::on(arm, on(Annotated::Manifest, Some("m")))]);
    assert_eq!(value(&change, "linux/arm64/v8")["annotations"], json!({"k": "m"}));
    assert_eq!(value(&change, "linux/amd64")["annotations"], Value::Null);
    let none = edited(&index, all([on(Annotated::Index, Some("i")), on(Annotated::Index, None)]));
    assert!(!none.is_changed());
    assert!(
        refused(&image("linux/amd64", &["a"]), all([on(Annotated::Index, None)]))
            .contains("no index")
    );
}

#[test]
fn a_changed_platform_is_changed_in_the_index_too() {
    let index = multi(&["a"]);
    let arm = vec!["linux/arm64".parse().expect("platform")];
    let edits = vec![
        Edit::on(arm.clone(), Action::Config(ConfigEdit::Variant { value: text_of("v9") })),
        Edit::on(arm, Action::Config(ConfigEdit::OsFeatures { value: vec!["f".into()] })),
    ];
    let change = edited(&index, edits);
    let platform = &value(&change, "index")["manifests"][1]["platform"];
    let expected =
        json!({"architecture": "arm64", "os": "linux", "variant": "v9", "os.features": ["f"]});
    assert_eq!(*platform, expected);
    assert_eq!(value(&change, "config of linux/arm64/v8")["variant"], "v9");
}

#[test]
fn steps_of_config_edits_are_recorded_only_when_asked() {
    let image = image("linux/amd64", &["a"]);
    let mut edit = Edit::all(env("SECRET", Some("hidden")));
    assert_eq!(history(&edited(&image, vec![edit.clone()]), "config"), ["make a"]);
    edit.record = true;
    let change = edited(&image, vec![edit]);
    assert_eq!(history(&change, "config"), ["make a", "[set variable SECRET]"]);
    let step = &value(&change, "config")["history"][1];
    let expected = json!({"created": NOW, "created_by": "set variable SECRET",
        "comment": "drydock", "empty_layer": true});
    assert_eq!(*step, expected);
}

#[test]
fn an_image_from_nothing() {
    for (family, manifest_type, layer_type) in [
        (Family::Oci, MediaType::MANIFEST, MediaType::LAYER_GZIP),
        (Family::Docker, MediaType::DOCKER_MANIFEST, MediaType::DOCKER_LAYER_GZIP),
    ] {
        let platform = "linux/arm64/v8".parse().expect("platform");
        let base = Base::Empty { family, platform };
        let image = base.empty().expect("documents");
        let packing = Packing::default();
        let layer = LayerInput::Files { entries: [file("app")].into(), packing };
        let add = Action::Layers(LayerEdit::Add { layer, base: BaseAnnotations::Set });
        let draft = Draft { edits: all([add, env("A", Some("b"))]), ..Draft::new(base) };
        let change = run(&image, &draft, &[]).expect("a change");
        reads_well(&change);
        let manifest = value(&change, "image");
        assert_eq!(manifest["mediaType"], manifest_type);
        assert_eq!(manifest["layers"][0]["mediaType"], layer_type);
        assert_eq!(history(&change, "config"), ["add app"]);
        assert_eq!(value(&change, "config")["variant"], "v8");
        assert!(change.documents.iter().all(|document| document.before.is_none()));
        assert_eq!(change.lost, []);
    }
}
