use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::image::{Answer, Loader, Options, What};
use crate::media_type::MediaType;

fn reference() -> Reference {
    Reference::parse("localhost:5000/a:v1").expect("reference")
}

fn model(graph: &Graph, before: Option<&ImageModel>) -> Option<ImageModel> {
    let (reference, headers) = (reference(), Headers::new());
    let beside = Beside { reference: &reference, headers: &headers, warnings: &[], growing: true };
    ImageModel::of(&Arc::new(graph.clone()), beside, before)
}

/// A signature, whose config is of the type that images have.
fn remarks(config: Option<&'static str>) -> Vec<String> {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::MANIFEST,
        "config": {"mediaType": MediaType::CONFIG, "digest": Digest::sha256(b"{}"), "size": 2},
        "layers": [{"mediaType": MediaType::SIMPLE_SIGNING,
            "digest": Digest::sha256(b"payload"), "size": 7}],
    });
    let mut loader = Loader::new(reference(), Options::default());
    while let Some(want) = loader.next_want() {
        let answer = match (&want.what, config) {
            (What::Blob(_), Some(text)) => Answer::document(text, None, None),
            (What::Blob(_), None) => Answer::Failed("The server failed.".to_owned()),
            _ => Answer::document(manifest.to_string(), None, None),
        };
        loader.supply(want.id, answer);
    }
    let model = model(loader.graph(), None).expect("model");
    assert!(model.face.is_some());
    assert_eq!(model.what.name(), "artifact");
    model.remarks
}

#[test]
fn an_artifact_says_why_its_config_can_not_be_read() {
    assert_eq!(remarks(Some("{}")), [""; 0]);
    assert_eq!(remarks(None), ["The config could not be read. The server failed."]);
    let [other] = &*remarks(Some("[]")) else { panic!("{:?}", remarks(Some("[]"))) };
    assert!(other.starts_with("The config could not be read. "), "{other}");
}

/// An index of so many images, each with a config and a layer.
fn store(images: usize) -> (Bytes, BTreeMap<Digest, Bytes>) {
    let mut content = BTreeMap::new();
    let mut put = |value: Value| {
        let bytes = Bytes::from(value.to_string());
        let digest = Digest::sha256(&bytes);
        let size = bytes.len();
        content.insert(digest.clone(), bytes);
        (digest, size)
    };
    let entries: Vec<Value> = (0..images)
        .map(|at| {
            let layer = Digest::sha256(at.to_string().as_bytes());
            let (digest, size) = put(json!({
                "architecture": format!("cpu{at}"), "os": "linux",
                "config": {"Env": ["A=B"]},
                "rootfs": {"type": "layers", "diff_ids": [layer]},
                "history": [{"created_by": format!("RUN make {at}")}],
            }));
            let (digest, size) = put(json!({
                "schemaVersion": 2,
                "mediaType": MediaType::MANIFEST,
                "config": {"mediaType": MediaType::CONFIG, "digest": digest, "size": size},
                "layers": [{"mediaType": MediaType::LAYER, "digest": layer, "size": 9}],
            }));
            json!({
                "mediaType": MediaType::MANIFEST, "digest": digest, "size": size,
                "platform": {"architecture": format!("cpu{at}"), "os": "linux"},
            })
        })
        .collect();
    let (root, _) = put(json!({
        "schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": entries,
    }));
    let index = content.get(&root).cloned().expect("index");
    (index, content)
}

/// Loads with a look after each answer, and hands in the model before and the new one.
fn looks(images: usize, mut each: impl FnMut(Option<&ImageModel>, &ImageModel, &Graph)) {
    let (index, content) = store(images);
    let mut loader = Loader::new(reference(), Options::default());
    let mut before: Option<ImageModel> = None;
    while let Some(want) = loader.next_want() {
        let answer = match &want.what {
            What::Root(_) => Answer::document(index.clone(), None, None),
            What::Manifest(of) | What::Blob(of) => match content.get(&of.digest) {
                // One that is not there.
                Some(_) if want.label.contains("cpu1") && want.label.contains("config") => {
                    Answer::Absent
                }
                Some(bytes) => Answer::document(bytes.clone(), None, None),
                None => Answer::Absent,
            },
            What::Referrers(_) | What::CosignTag(_) => Answer::Absent,
        };
        loader.supply(want.id, answer);
        let Some(now) = model(loader.graph(), before.as_ref()) else { continue };
        each(before.as_ref(), &now, loader.graph());
        before = Some(now);
    }
}

#[test]
fn a_model_that_grew_is_the_one_that_is_made_anew() {
    let mut times = 0;
    looks(4, |_, now, graph| {
        let anew = model(graph, None).expect("model");
        assert_eq!(now.platforms, anew.platforms);
        assert_eq!(now.documents, anew.documents);
        assert_eq!((&now.remarks, &now.what), (&anew.remarks, &anew.what));
        times += 1;
    });
    assert_eq!(times, 1 + 2 * 4);
}

#[test]
fn only_what_changed_in_the_graph_is_made_anew() {
    looks(6, |before, now, _| {
        let Some(before) = before else { return };
        let others = |now: &[Arc<PlatformModel>], before: &[Arc<PlatformModel>]| {
            now.iter().filter(|now| !before.iter().any(|old| Arc::ptr_eq(now, old))).count()
        };
        assert!(others(&now.platforms, &before.platforms) <= 1);
        let new =
            |now: &&Arc<DocumentModel>| !before.documents.iter().any(|old| Arc::ptr_eq(now, old));
        // The one that came, and what it names: a config and a layer.
        let new: Vec<&str> = now.documents.iter().filter(new).map(|it| it.title.as_str()).collect();
        assert!(new.len() <= 3, "{new:?}");
    });
}

#[test]
fn a_platform_is_found_by_its_name() {
    let mut last = None;
    looks(2, |_, now, _| last = Some(now.clone()));
    let model = last.expect("model");
    assert!(model.what.is_index());
    let name = |wanted| model.platform(wanted).map(|it| it.map(|it| it.name.clone()));
    assert_eq!(name(Some("linux/cpu1")), Ok(Some("linux/cpu1".to_owned())));
    let unread = name(Some("linux/z80")).expect_err("no such platform");
    assert_eq!(unread.sentence, "This image has no platform linux/z80.");
    let Ok(Some(first)) = model.platform(Some("linux/cpu0")) else { panic!("no platform") };
    let Reading::Read(content) = &first.content else { panic!("{first:?}") };
    assert_eq!(content.size(), 9);
    let [step] = content.steps.as_slice() else { panic!("{content:?}") };
    assert_eq!(
        (step.word.as_str(), step.arguments.as_str(), step.bytes),
        ("RUN", "make 0", Some(9))
    );
    let Ok(Some(second)) = model.platform(Some("linux/cpu1")) else { panic!("no platform") };
    let Reading::Read(content) = &second.content else { panic!("{second:?}") };
    assert!(content.remarks.iter().any(|it| it.starts_with("The config could not be read")));
}
