//! Drafts as data: in links, and what a link carries.

use drydock::edit::link::{CarriedKind, LinkError, files, from_text, read, secrets, write};
use drydock::edit::*;
use drydock::layer::write::NewNode;
use drydock::limits;
use drydock::media_type::MediaType;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::edit_support::*;

fn example() -> Draft {
    let packing = Packing::default();
    let layer = LayerInput::Files { entries: [file("etc/motd"), file("x")].into(), packing };
    let attach = AttachEdit {
        to: AttachTo::Images,
        artifact_type: MediaType::new("text/plain"),
        files: vec![AttachedFile {
            media_type: MediaType::new("text/plain"),
            digest: sha("note"),
            size: 4,
            title: Some("note.txt".to_owned()),
        }],
        annotations: [("who".to_owned(), "me".to_owned())].into(),
    };
    let edits = all([
        env("TOKEN", Some("hidden")),
        env("OLD", None),
        label("owner", Some("somebody")),
        Action::Annotation { on: Annotated::Index, name: "n".into(), value: Some("w".into()) },
        given("app.tar"),
        given("app.tar"),
        Action::Layers(LayerEdit::Add { layer, base: BaseAnnotations::Set }),
        Action::Attach(attach),
        Action::Raw { document: RawDocument::Config, text: "{}".into() },
    ]);
    draft(&image("linux/amd64", &["a"]), edits)
}

#[test]
fn a_draft_goes_into_a_link_and_comes_back() {
    let text = write(&example()).expect("short");
    assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{text}");
    assert_eq!(read(&text), Ok(example()));
}

#[test]
fn what_a_link_would_carry_is_listed() {
    let found: Vec<(usize, CarriedKind, String, String)> = secrets(&example())
        .into_iter()
        .map(|carried| (carried.edit, carried.kind, carried.name, carried.value))
        .collect();
    let row = |edit, kind, name: &str, value: &str| (edit, kind, name.to_owned(), value.to_owned());
    let expected = [
        row(1, CarriedKind::Env, "TOKEN", "hidden"),
        row(3, CarriedKind::Label, "owner", "somebody"),
        row(4, CarriedKind::Annotation, "n", "w"),
        row(8, CarriedKind::Annotation, "who", "me"),
        row(9, CarriedKind::Document, "replace the text of the config", "{}"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn files_are_named_by_digest_and_listed_once() {
    let names: Vec<String> = files(&example()).into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["app.tar", "etc/motd", "x", "note.txt"]);
}

#[test]
fn other_texts_are_no_drafts() {
    use base64::Engine as _;
    let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    assert_eq!(read("a b"), Err(LinkError::Encoding));
    assert_eq!(read("=="), Err(LinkError::Encoding));
    assert!(matches!(read(""), Err(LinkError::Json(_))));
    assert!(matches!(read(&encode(r#"{"version":1}"#.into())), Err(LinkError::Json(_))));
    assert_eq!(read(&encode(r#"{"version":2,"new":1}"#.into())), Err(LinkError::Version(2)));
    let unpinned = json!({"version": 1, "base": {"image": "alpine:3"}, "edits": []});
    let error = read(&encode(unpinned.to_string())).expect_err("no digest").to_string();
    assert!(error.contains("ends in @sha256"), "{error}");
    let long = "A".repeat(limits::DRAFT_LINK_BYTES + 4);
    assert!(matches!(read(&long), Err(LinkError::TooLong(_))));
    let mut draft = example();
    draft.edits.push(Edit::all(label("big", Some(&long))));
    assert!(matches!(write(&draft), Err(LinkError::TooLong(_))));
}

/// What is mistyped in a file that a pipeline replays is not left out without a word.
#[test]
fn keys_that_are_not_known_are_named_with_their_place() {
    let base = json!({"image": format!("r.example/a@{}", sha("a"))});
    let whole = |edit: Value| json!({"version": 1, "base": base, "edits": [edit]}).to_string();
    let patch =
        |entry: Value| whole(json!({"action": {"layers": {"patch": {"entries": [entry]}}}}));
    let empty = json!({"family": "oci", "platform": {"os": "linux", "arch": "arm64"}});
    for (text, place) in [
        (json!({"version": 1, "base": base, "edits": [], "tiem": "x"}).to_string(), "tiem"),
        (
            json!({"version": 1, "base": {"empty": empty}, "edits": []}).to_string(),
            "arch in base.platform",
        ),
        (whole(json!({"action": "promote", "recrod": true})), "recrod in edits[0]"),
        (
            whole(json!({"action": {"config": {"env": {"name": "A", "vaule": "b"}}}})),
            "vaule in edits[0].action",
        ),
        (
            whole(
                json!({"scope": {"platforms": [{"os": "linux", "varaint": "v8"}]}, "action": "promote"}),
            ),
            "varaint in edits[0].scope[0]",
        ),
        (
            whole(
                json!({"action": {"config": {"healthcheck": {"value": {"Test": [], "timeout": 1}}}}}),
            ),
            "timeout in edits[0].action.value",
        ),
        (
            patch(json!({"path": "a", "mode": 420, "gname": "x", "node": {"type": "directory"}})),
            "gname in edits[0].action.entries[0]",
        ),
        (
            patch(json!({"path": "a", "mode": 420, "node": {"type": "directory", "mode": 1}})),
            "mode in edits[0].action.entries[0].node",
        ),
        (
            patch(
                json!({"path": "a", "mode": 420, "node": {"type": "symlink", "target": "b", "x": 1}}),
            ),
            "x in edits[0].action.entries[0].node",
        ),
    ] {
        assert_eq!(from_text(&text), Err(LinkError::Unknown(place.to_owned())), "{text}");
    }
    let several: Vec<String> = (0..9).map(|at| format!("\"x{at}\":{{\"x\":1}}")).collect();
    let text = format!(r#"{{"version":1,"base":{base},"edits":[],{}}}"#, several.join(","));
    let error = from_text(&text).expect_err("unknown").to_string();
    assert!(error.contains("x0, x1, x2, x3, x4 and 4 more"), "{error}");
    assert!(error.contains("newer Drydock"), "{error}");
    let long = format!(r#"{{"version":1,"base":{base},"edits":[],"{}":1}}"#, "y".repeat(9000));
    assert!(from_text(&long).expect_err("unknown").to_string().len() < 500);
}

/// A kind of entry has its own keys: those of another one are no less mistyped.
#[test]
fn an_entry_has_the_keys_of_its_kind() {
    let read = |node: Value| serde_json::from_value::<NewNode>(node);
    let digest = sha("x");
    for node in [
        NewNode::File { digest: digest.clone(), size: 1 },
        NewNode::Directory,
        NewNode::Existing,
        NewNode::Symlink { target: "a".into() },
        NewNode::Hardlink { target: "a".into() },
        NewNode::Whiteout,
        NewNode::OpaqueWhiteout,
    ] {
        let written = serde_json::to_value(&node).expect("JSON");
        assert_eq!(read(written).expect("an entry"), node);
    }
    for (node, why) in [
        (json!({"type": "file", "digest": digest}), "missing field `size`"),
        (json!({"type": "symlink"}), "missing field `target`"),
        (json!({"type": "directory", "target": "a"}), "has no `target`"),
        (json!({"type": "file", "digest": digest, "size": 1, "target": "a"}), "has no `target`"),
        (json!({"type": "hardlink", "target": "a", "size": 1}), "has no `size`"),
        (json!({"type": "door"}), "unknown variant `door`"),
    ] {
        let error = read(node).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn the_format_of_a_draft_stays() {
    let draft = draft(&image("linux/amd64", &["a"]), all([env("A", Some("b")), Action::Promote]));
    let base = match &draft.base {
        Base::Image(pinned) => pinned.to_string(),
        _ => unreachable!(),
    };
    let expected = json!({"version": 1, "base": {"image": base}, "edits": [
        {"action": {"config": {"env": {"name": "A", "value": "b"}}}},
        {"action": "promote"}]});
    assert_eq!(serde_json::to_value(&draft).expect("JSON"), expected);
}

fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.chars().take(20).collect())
}

fn option() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(text())
}

fn action() -> impl Strategy<Value = Action> {
    let packing = prop_oneof![
        Just(Packing::None),
        (1_u8..=9).prop_map(|level| Packing::Gzip { level }),
        Just(Packing::Zstd)
    ];
    let which = prop_oneof![
        Just(Which::All),
        proptest::collection::vec(any::<usize>(), 0..3).prop_map(Which::These)
    ];
    let time = (0_i64..4_000_000_000).prop_map(|seconds| Time::from_unix(seconds).expect("time"));
    let words = proptest::option::of(proptest::collection::vec(text(), 0..3));
    prop_oneof![
        (text(), option()).prop_map(|(name, value)| env(&name, value.as_deref())),
        (text(), option()).prop_map(|(name, value)| label(&name, value.as_deref())),
        (words, any::<bool>()).prop_map(|(value, clear_cmd)| Action::Config(
            ConfigEdit::Entrypoint { value, clear_cmd }
        )),
        time.clone().prop_map(|time| Action::Config(ConfigEdit::Created { value: Some(time) })),
        (text(), packing.clone()).prop_map(|(path, packing)| {
            let entries = [file(&path)].into();
            Action::Layers(LayerEdit::Patch { entries, packing })
        }),
        (which.clone(), packing.clone()).prop_map(|(layers, packing)| Action::Layers(
            LayerEdit::Recompress { packing, layers }
        )),
        (text(), which.clone(), proptest::option::of(packing)).prop_map(
            |(path, layers, packing)| Action::Layers(LayerEdit::Strip {
                paths: vec![path],
                layers,
                packing
            })
        ),
        (time, which, any::<bool>()).prop_map(|(time, layers, config)| {
            let rule = TimeRule::Clamp(time);
            Action::Layers(LayerEdit::Times { rule, layers, config, packing: None })
        }),
        Just(Action::Index(IndexEdit::Create)),
        Just(Action::Convert { to: Family::Docker }),
        text().prop_map(|text| Action::Raw { document: RawDocument::Manifest, text }),
    ]
}

proptest! {
    #[test]
    fn every_draft_comes_back(actions in proptest::collection::vec((action(), any::<bool>()), 0..6)) {
        let edits = actions.into_iter().map(|(action, record)| Edit { record, ..Edit::all(action) });
        let draft = draft(&image("linux/amd64", &["a"]), edits.collect());
        prop_assert_eq!(read(&write(&draft).expect("short")), Ok(draft));
    }

    #[test]
    fn no_text_behind_a_link_panics(text in "[A-Za-z0-9_=-]{0,200}") {
        let _ = read(&text);
    }
}
