//! What must hold of all edits and all documents.

use drydock::edit::{
    Action, Annotated, ConfigEdit, Edit, Family, History, Image, LayerEdit, Packing, RawDocument,
    Scope, Step, TimeRule, Which,
};
use drydock::media_type::MediaType;
use proptest::prelude::*;
use serde_json::Value;

use crate::edit_support::*;

fn annotation(on: Annotated, name: &str) -> Action {
    Action::Annotation { on, name: name.to_owned(), value: Some("1".to_owned()) }
}

/// Edits of which none is about what another one is about.
fn independent() -> Vec<Action> {
    use ConfigEdit as C;
    let text = |text: &str| Some(text.to_owned());
    vec![
        label("b", Some("1")),
        label("a", Some("2")),
        label("z", Some("3")),
        label("k", Some("4")),
        label("there", None),
        env("B", Some("1")),
        env("PATH", Some("/x")),
        Action::Config(C::Entrypoint { value: words("/e"), clear_cmd: false }),
        Action::Config(C::Cmd { value: None }),
        Action::Config(C::User { value: text("me") }),
        Action::Config(C::WorkingDir { value: text("/") }),
        Action::Config(C::StopSignal { value: text("9") }),
        Action::Config(C::ExposedPort { port: "2".into(), present: true }),
        Action::Config(C::ExposedPort { port: "1".into(), present: true }),
        Action::Config(C::Volume { path: "/v".into(), present: true }),
        Action::Config(C::Author { value: None }),
        Action::Config(C::Created { value: Some(now()) }),
        Action::Config(C::Variant { value: text("v9") }),
        Action::Config(C::OsVersion { value: text("1") }),
        annotation(Annotated::Manifest, "m2"),
        annotation(Annotated::Manifest, "m1"),
        annotation(Annotated::Index, "i2"),
        annotation(Annotated::Index, "i1"),
        annotation(Annotated::Entry, "e"),
        given("new layer"),
        Action::Convert { to: Family::Oci },
        Action::Promote,
    ]
}

/// Edits that can be done to any image in any order.
fn any_edits() -> Vec<Action> {
    let packing = Packing::Zstd;
    let layers = Which::All;
    let rule = TimeRule::Clamp(now());
    let (paths, other) = (vec!["x".to_owned()], Which::All);
    let mut edits = independent();
    edits.extend([
        label("a", None),
        env("PATH", None),
        Action::Layers(LayerEdit::Recompress { packing, layers }),
        Action::Layers(LayerEdit::Flatten { range: None, packing: Packing::default() }),
        Action::Layers(LayerEdit::Strip { paths, layers: other, packing: None }),
        Action::Layers(LayerEdit::Times { rule, layers: Which::All, config: true, packing: None }),
    ]);
    edits
}

fn labelled(names: &[&str]) -> Image {
    let image = |platform: &str| {
        let mut made = made(platform, names);
        made.config["config"]["Labels"] = serde_json::json!({"there": "1", "c": "2", "m": "3"});
        made.image()
    };
    let (amd64, arm64) = (image("linux/amd64"), image("linux/arm64/v8"));
    let (statement, listed) = attestation(&amd64);
    let entries = [entry(&amd64, "linux/amd64"), entry(&arm64, "linux/arm64/v8"), listed];
    index(&entries, &[&amd64, &arm64, &statement])
}

/// JSON as others write it: any number, any escape, any order.
fn source() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?";
    let text = r#""([a-zA-Z .:{}\[\],]|\\["\\/bfnrt]|\\u00[0-7][0-9a-f]|é){0,10}""#;
    let leaf = prop_oneof![
        number.prop_map(|text: String| text),
        text.prop_map(|text: String| text),
        Just("null".to_owned()),
        Just("true".to_owned()),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec(inner, 0..4).prop_map(|values| {
                let fields = values.iter().enumerate();
                let fields = fields.rev().map(|(at, value)| format!(r#""k{at}":{value}"#));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// An index with a field that nobody knows in every object of every document.
fn strange(source: &str) -> Image {
    let with = |text: String| text.replace(r#""X":0"#, &format!(r#""X":{source}"#));
    let mut made = made("linux/amd64", &["a", "b"]);
    let mark = |value: &mut Value| value["X"] = serde_json::json!(0);
    mark(&mut made.config);
    mark(&mut made.config["config"]);
    mark(&mut made.config["rootfs"]);
    mark(&mut made.config["history"][0]);
    mark(&mut made.manifest);
    mark(&mut made.manifest["layers"][0]);
    made.manifest["config"] = serde_json::json!({"X": 0});
    let image = made.image_of(&with(made.config.to_string()), |value| with(value.to_string()));
    let mut listed = entry(&image, "linux/amd64");
    mark(&mut listed);
    mark(&mut listed["platform"]);
    let text = serde_json::json!({"schemaVersion": 2, "mediaType": MediaType::INDEX,
        "manifests": [listed], "X": 0, "subject": {"mediaType": MediaType::MANIFEST,
        "digest": sha("subject"), "size": 7, "X": 0}});
    let document = document(MediaType::INDEX, &with(text.to_string()));
    Image::index(document, [image]).expect("an index")
}

#[test]
fn fields_of_any_type_are_edited_or_refused() {
    let values = ["null", "5", "[1,null]", "{\"a\":[]}"];
    let values = values.map(|text| serde_json::from_str::<Value>(text).expect("JSON"));
    let plain = made("linux/amd64", &["a", "b"]);
    let mut images = Vec::new();
    for value in &values {
        for at in [
            "/config",
            "/config/Env",
            "/config/Labels",
            "/rootfs",
            "/rootfs/diff_ids",
            "/rootfs/diff_ids/0",
            "/history",
            "/history/0",
            "/os",
            "/created",
        ] {
            let mut made = plain.clone();
            *made.config.pointer_mut(at).unwrap_or(&mut Value::Null) = value.clone();
            images.push(made.image());
        }
        for at in ["/layers", "/layers/0", "/layers/0/digest", "/layers/0/mediaType"] {
            let mut made = plain.clone();
            *made.manifest.pointer_mut(at).expect("a field") = value.clone();
            images.push(made.image());
        }
        for name in ["annotations", "subject", "artifactType", "schemaVersion"] {
            let mut made = plain.clone();
            made.manifest[name] = value.clone();
            images.push(made.image());
        }
    }
    let mut done = 0;
    for (at, image) in images.iter().enumerate() {
        for action in any_edits().into_iter().skip(at % 3).step_by(3) {
            let built = std::collections::BTreeMap::new();
            let context = drydock::edit::Context { built: &built, now: now(), bases: &[] };
            let draft = draft(image, vec![Edit { record: true, ..Edit::all(action) }]);
            done += usize::from(drydock::edit::apply(image, &draft, &context).is_ok());
        }
    }
    assert!(done > 5 * images.len(), "most edits have nothing to do with the odd field");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn independent_edits_give_the_same_digests_in_any_order(
        edits in Just(independent()).prop_shuffle(), count in 1_usize..=28,
    ) {
        let mut chosen: Vec<Action> = edits.into_iter().take(count).collect();
        let image = labelled(&["a", "b"]);
        let one = edited(&image, all(chosen.clone()));
        let position = |action: &Action| independent().iter().position(|other| other == action);
        chosen.sort_by_key(position);
        let other = edited(&image, all(chosen));
        prop_assert_eq!(&one.root, &other.root);
        let referrers = |change: &drydock::edit::Change| {
            change.referrers.iter().map(|made| made.descriptor.digest.clone()).collect::<Vec<_>>()
        };
        prop_assert_eq!(referrers(&one), referrers(&other));
    }

    #[test]
    fn what_was_done_and_undone_was_never_done(
        steps in proptest::collection::vec((0_usize..4, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..20),
    ) {
        let image = labelled(&["a"]);
        let mut history = History::new(draft(&image, all([label("first", Some("1"))])));
        let before = history.draft().clone();
        let mut taken = 0;
        for (kind, one, other) in steps {
            let len = history.draft().edits.len();
            let edit = Box::new(Edit::all(any_edits()[other.index(any_edits().len())].clone()));
            let step = match kind {
                0 => Step::Insert { at: one.index(len + 1), edit },
                1 => Step::Remove { at: one.index(len.max(1)) },
                2 => Step::Replace { at: one.index(len.max(1)), edit },
                _ => Step::Move { from: one.index(len.max(1)), to: other.index(len.max(1)) },
            };
            taken += usize::from(history.take(step));
        }
        let after = history.draft().clone();
        for _ in 0..taken {
            prop_assert!(history.undo());
        }
        prop_assert!(!history.undo());
        prop_assert_eq!(history.draft(), &before);
        for _ in 0..taken {
            prop_assert!(history.redo());
        }
        prop_assert_eq!(history.draft(), &after);
    }

    #[test]
    fn unknown_fields_survive_every_edit(source in source(), edits in Just(any_edits()).prop_shuffle(), count in 0_usize..8) {
        let image = strange(&source);
        let change = edited(&image, all(edits.into_iter().take(count)));
        let field = format!(r#""X":{source}"#);
        let marks = |label: &str| text(&change, label).matches(&field).count();
        prop_assert_eq!(marks("config of linux/amd64"), 4);
        // A layer that is flattened into another one takes its descriptor with it.
        let layers = value(&change, "linux/amd64")["layers"].as_array().map_or(0, Vec::len);
        let flat = history(&change, "config of linux/amd64").iter().any(|step| step == "flatten all layers");
        prop_assert!(flat || layers >= 2);
        prop_assert_eq!(marks("linux/amd64"), if flat { 2 } else { 3 });
        prop_assert_eq!(marks("index"), 4);
    }

    #[test]
    fn no_raw_text_panics(
        which in 0_usize..3, noise in r#"[\{\}\[\]":,a-z0-9\\ ]{0,12}"#,
        from in any::<prop::sample::Index>(), len in 0_usize..40,
    ) {
        let image = labelled(&["a"]);
        let (document, label) = [
            (RawDocument::Index, "index"),
            (RawDocument::Manifest, "linux/amd64"),
            (RawDocument::Config, "config of linux/amd64"),
        ][which];
        let mut text = text(&edited(&image, vec![]), label);
        let from = from.index(text.len());
        text.replace_range(from..(from + len).min(text.len()), &noise);
        let scope = Scope::Platforms(vec!["linux/amd64".parse().expect("platform")]);
        let raw = Edit { scope, ..Edit::all(Action::Raw { document, text }) };
        let built = std::collections::BTreeMap::new();
        let context = drydock::edit::Context { built: &built, now: now(), bases: &[] };
        for edits in [vec![], all([given("e"), crate::edit_support::label("k", Some("v"))])] {
            let edits = [all([given("first")]), vec![raw.clone()], edits].concat();
            let _ = drydock::edit::apply(&image, &draft(&image, edits), &context);
        }
    }

    #[test]
    fn documents_that_no_edit_touches_keep_their_bytes(
        source in source(), spaces in proptest::collection::vec(0_usize..3, 30),
    ) {
        // Any white space between the parts, as no tool would write it.
        let image = strange(&source);
        let mut spaces = spaces.into_iter().cycle();
        let mut spread = |document: &drydock::document::Document| {
            let text = String::from_utf8(document.bytes().to_vec()).expect("UTF-8");
            let mut spread = String::new();
            let (mut quoted, mut escaped) = (false, false);
            for c in text.chars() {
                spread.push(c);
                match c {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '"' => quoted = !quoted,
                    '{' | ',' | ':' | '[' if !quoted => {
                        spread.push_str(["", " ", "\n\t"][spaces.next().unwrap_or(0)]);
                    }
                    _ => {}
                }
            }
            crate::edit_support::document(document.media_type().as_str(), &spread)
        };
        let (_, inner) = image.images().remove(0);
        let config = spread(inner.config().expect("config"));
        let mut manifest = inner.document().value().clone();
        manifest["config"]["digest"] = serde_json::json!(config.digest());
        manifest["config"]["size"] = serde_json::json!(config.bytes().len());
        let manifest = document(MediaType::MANIFEST, &manifest.to_string());
        let manifest = Image::manifest(spread(&manifest), Some(config)).expect("an image");
        let other = crate::edit_support::image("linux/arm64", &["o"]);
        let entries = [entry(&manifest, "linux/amd64"), entry(&other, "linux/arm64")];
        let image = index(&entries, &[&manifest, &other]);
        let arm = vec!["linux/arm64".parse().expect("platform")];
        let change = edited(&image, vec![
            Edit::on(arm, label("k", Some("v"))),
            Edit::all(label("not there", None)),
            Edit::all(Action::Config(ConfigEdit::Os { value: "linux".into() })),
        ]);
        for label in ["linux/amd64", "config of linux/amd64"] {
            let found = change.documents.iter().find(|document| document.label == label);
            prop_assert!(found.expect("a document").is_kept(), "{}", label);
        }
    }
}
