//! How an image is run and what it says of itself: `crane mutate`.

use drydock::edit::{Action, Annotated, ConfigEdit};
use drydock::media_type::MediaType;
use serde_json::{Value, json};

use crate::edited::Work;
use crate::images::{Made, Types, Whole, index};
use crate::judges::judge;
use crate::layer_support::{file, tar};
use crate::peers;
use crate::tools::{crane, crane_refuses, run};

fn base() -> Made {
    Made::new(&[tar(&[file("app", "#!/bin/sh\n")])])
}

fn words(text: &str) -> Option<Vec<String>> {
    Some(text.split(' ').map(str::to_owned).collect())
}

fn entrypoint(text: &str, clear_cmd: bool) -> ConfigEdit {
    ConfigEdit::Entrypoint { value: words(text), clear_cmd }
}

fn env(name: &str, value: &str) -> ConfigEdit {
    ConfigEdit::Env { name: name.to_owned(), value: Some(value.to_owned()) }
}

fn label(name: &str, value: &str) -> ConfigEdit {
    ConfigEdit::Label { name: name.to_owned(), value: Some(value.to_owned()) }
}

fn port(port: &str, present: bool) -> ConfigEdit {
    ConfigEdit::ExposedPort { port: port.to_owned(), present }
}

fn platform(os: &str, architecture: &str, variant: &str) -> Vec<ConfigEdit> {
    vec![
        ConfigEdit::Os { value: os.to_owned() },
        ConfigEdit::Architecture { value: architecture.to_owned() },
        ConfigEdit::Variant { value: Some(variant.to_owned()) },
    ]
}

/// The base as crane leaves it.
fn theirs(repository: &str, flags: &[&str]) -> Whole {
    let peer = peers::debian();
    let (base, made) = (peer.name(repository, "base"), peer.name(repository, "crane"));
    crane(&[&["mutate", &base, "-t", &made][..], flags].concat());
    Whole::pull(peer, repository, "crane")
}

/// What crane's structs know comes out the same, and so do all other fields.
#[test]
fn configs_are_the_same() {
    let text = |text: &str| Some(text.to_owned());
    let windows = Made { platform: "windows/amd64", ..base() };
    for (name, made, flags, edits) in [
        // crane clears the command with the entrypoint; here that has to be asked for.
        ("entrypoint", base(), vec!["--entrypoint", "/new,-v"], vec![entrypoint("/new -v", true)]),
        ("cmd", base(), vec!["--cmd", "run,it"], vec![ConfigEdit::Cmd { value: words("run it") }]),
        (
            "both",
            base(),
            vec!["--entrypoint", "/new", "--cmd", "it"],
            vec![entrypoint("/new", false), ConfigEdit::Cmd { value: words("it") }],
        ),
        (
            "env",
            base(),
            vec!["--env", "LANG=C.UTF-8", "--env", "B=2", "--env", "A=x=y"],
            vec![env("A", "x=y"), env("B", "2"), env("LANG", "C.UTF-8")],
        ),
        ("env-windows", windows, vec!["--env", "path=C:"], vec![env("path", "C:")]),
        (
            "labels",
            base(),
            vec!["--label", "b=2", "--label", "a=1"],
            vec![label("b", "2"), label("a", "1")],
        ),
        (
            "user",
            base(),
            vec!["--user", "1000:1000"],
            vec![ConfigEdit::User { value: text("1000:1000") }],
        ),
        (
            "workdir",
            base(),
            vec!["--workdir", "/w"],
            vec![ConfigEdit::WorkingDir { value: text("/w") }],
        ),
        (
            "ports",
            base(),
            vec!["--exposed-ports", "80/tcp,53/udp"],
            vec![port("53/udp", true), port("80/tcp", true)],
        ),
        (
            "platform",
            base(),
            vec!["--set-platform", "linux/arm64/v8"],
            platform("linux", "arm64", "v8"),
        ),
    ] {
        let (peer, base) = (peers::debian(), made.make());
        let repository = format!("mutate/{name}");
        let pinned = base.push(peer, &repository, "base");
        let ours = Work::on(&base, &pinned, edits.into_iter().map(Action::Config)).done();
        let theirs = theirs(&repository, &flags);
        let (own, mut other) = (ours.whole.config(), theirs.config());
        if name == "env-windows" {
            // crane compares names by their case, so that there are two of one variable then.
            assert_eq!(other["config"]["Env"], json!(["PATH=/usr/bin:/bin", "LANG=C", "PATH=C:"]));
            other["config"]["Env"] = json!(["PATH=C:", "LANG=C"]);
        }
        sort_env(&mut other, &own);
        assert_eq!(own, other, "{name}");
        assert_eq!(without_config(&ours.whole), without_config(&theirs), "{name}");
        judge(&ours, &format!("{repository}/ours"));
    }
}

/// Configs say the same in another order of their fields, and so have another digest.
fn without_config(whole: &Whole) -> Value {
    let mut manifest = whole.manifest();
    manifest["config"] = json!(null);
    manifest
}

/// New variables stand in the order of the flags with crane, and sorted here, so that edits that
/// commute give the same digest.
fn sort_env(other: &mut Value, own: &Value) {
    let sorted = |config: &Value| {
        let mut env = config["config"]["Env"].as_array().cloned().unwrap_or_default();
        env.sort_by_key(Value::to_string);
        env
    };
    if sorted(other) == sorted(own) {
        other["config"]["Env"] = own["config"]["Env"].clone();
    }
}

#[test]
fn annotations_are_the_same() {
    let (peer, repository) = (peers::debian(), "mutate/annotations");
    let manifest = json!({"annotations": {"a": "1", "b": "2"}});
    let base = Made { manifest, ..base() }.make();
    let pinned = base.push(peer, repository, "base");
    let annotate = |name: &str, value: &str| Action::Annotation {
        on: Annotated::Manifest,
        name: name.to_owned(),
        value: Some(value.to_owned()),
    };
    let ours = Work::on(&base, &pinned, [annotate("b", "3"), annotate("c", "4")]).done();
    let theirs = theirs(repository, &["-a", "b=3", "-a", "c=4"]);
    assert_eq!(without_config(&ours.whole), without_config(&theirs));
    judge(&ours, "mutate/annotations/ours");
}

/// crane: a new entrypoint takes the command away.
#[test]
fn the_command_stays() {
    let (peer, repository, base) = (peers::debian(), "mutate/command", base().make());
    let pinned = base.push(peer, repository, "base");
    let edit = Action::Config(entrypoint("/new", false));
    let ours = Work::on(&base, &pinned, [edit]).done();
    let theirs = theirs(repository, &["--entrypoint", "/new"]);
    assert_eq!(theirs.config()["config"].get("Cmd"), None, "crane is wrong");
    assert_eq!(ours.whole.config()["config"]["Cmd"], json!(["serve", "--all"]));
}

/// crane reads documents into structs and writes those: what they don't know is lost, and so is
/// the subject.
#[test]
fn what_nobody_edits_survives() {
    let (peer, repository) = (peers::debian(), "mutate/unknown");
    let subject = json!({"mediaType": MediaType::MANIFEST, "size": 2,
        "digest": drydock::digest::Digest::sha256(b"{}")});
    let mut made = base();
    made.config["x-vendor"] = json!({"z": [1.50, null], "a": "\u{fc}"});
    made.config["config"]["x-vendor"] = json!(true);
    made.manifest = json!({"x-vendor": {"b": 1, "a": 2}, "subject": subject,
        "artifactType": "application/vnd.example"});
    let base = made.make();
    let pinned = base.push(peer, repository, "base");
    let ours = Work::on(&base, &pinned, [Action::Config(label("k", "v"))]).done();
    let theirs = theirs(repository, &["--label", "k=v"]);
    assert_eq!(ours.whole.config()["config"]["Labels"], theirs.config()["config"]["Labels"]);
    let text = |whole: &Whole, descriptor: &Value| {
        let bytes = whole.bytes(&crate::image_support::digest(descriptor));
        String::from_utf8(bytes.to_vec()).expect("UTF-8")
    };
    let config = |whole: &Whole| text(whole, &whole.manifest()["config"]);
    let own = config(&ours.whole).replace(r#","Labels":{"k":"v"}"#, "");
    assert_eq!(own, config(&base), "the rest byte for byte, in the same order");
    assert!(!config(&theirs).contains("x-vendor"), "crane is wrong");
    let (before, own, other) = (base.manifest(), ours.whole.manifest(), theirs.manifest());
    for field in ["x-vendor", "subject"] {
        assert_eq!(own[field], before[field], "{field}");
        assert_eq!(other.get(field), None, "crane is wrong: {field}");
    }
    let names = |value: &Value| value.as_object().expect("object").keys().cloned().collect();
    let (one, two): (Vec<String>, Vec<String>) = (names(&before), names(&own));
    assert_eq!(one, two);
    judge(&ours, "mutate/unknown/ours");
}

/// Of an index crane takes linux/amd64, which then stands under the tag.
#[test]
fn an_index_stays_an_index() {
    let (peer, repository) = (peers::debian(), "mutate/index");
    let base = index(&[base(), Made { platform: "linux/arm64", ..base() }]);
    let pinned = base.push(peer, repository, "base");
    let edit = Action::Config(label("k", "v"));
    let ours = Work::on(&base, &pinned, [edit]).done();
    let theirs = theirs(repository, &["--label", "k=v"]);
    assert_eq!(theirs.manifest()["mediaType"], MediaType::MANIFEST, "crane is wrong");
    assert_eq!(ours.whole.of("linux/amd64").config(), theirs.config());
    assert_eq!(ours.whole.of("linux/arm64").config()["config"]["Labels"], json!({"k": "v"}));
    let annotate = Action::Annotation {
        on: Annotated::Index,
        name: "k".to_owned(),
        value: Some("v".to_owned()),
    };
    let why = crane_refuses(&["mutate", "-a", "k=v", &peer.name(repository, "base")]);
    assert!(why.contains("not yet supported"), "{why}");
    let annotated = Work::on(&base, &pinned, [annotate]).done();
    assert_eq!(annotated.whole.manifest()["annotations"], json!({"k": "v"}));
    judge(&ours, "mutate/index/ours");
    judge(&annotated, "mutate/index/annotated");
}

/// crane has no flag that takes something away, and refuses empty labels; regctl sees ours gone.
#[test]
fn what_is_taken_away_is_gone() {
    let (peer, repository) = (peers::debian(), "mutate/unset");
    let mut made = Made { types: Types::Docker, ..base() };
    made.config["config"]["Labels"] = json!({"a": "1", "b": "2"});
    made.config["config"]["ExposedPorts"] = json!({"80/tcp": {}, "81/tcp": {}});
    let base = made.make();
    let pinned = base.push(peer, repository, "base");
    let ours = Work::on(
        &base,
        &pinned,
        [
            Action::Config(ConfigEdit::Label { name: "a".to_owned(), value: None }),
            Action::Config(label("b", "")),
            Action::Config(ConfigEdit::Entrypoint { value: None, clear_cmd: false }),
            Action::Config(ConfigEdit::Env { name: "LANG".to_owned(), value: None }),
            Action::Config(port("80/tcp", false)),
        ],
    )
    .done();
    judge(&ours, "mutate/unset/ours");
    let name = peer.name("mutate/unset/ours", "judged");
    let host = format!("reg={},tls=disabled", peer.host);
    let seen = run("regctl", ["--host", &host, "image", "inspect", &name, "--format", "raw-body"]);
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    assert_eq!(
        seen["config"],
        json!({"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["serve", "--all"],
        "WorkingDir": "/srv", "Labels": {"b": ""}, "ExposedPorts": {"81/tcp": {}}})
    );
}
