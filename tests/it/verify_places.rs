//! What a verification calls the parts of an image, and where it says that they are.

use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::verify::{Choice, Session, Verdict};
use serde_json::{Value, json};

use crate::image_support::{Store, digest, entry};
use crate::layer_support::{file, tar};
use crate::verify_support::{read, rules, simple, verify};

/// A file of an artifact is called by its name, in the graph and in what is found of it.
#[test]
fn c9_files_of_an_artifact_keep_their_names() {
    let mut store = Store::default();
    let named = |store: &mut Store, name: &str, text: &str| {
        let mut file = store.put("text/plain", text.to_owned());
        file["annotations"] = json!({"org.opencontainers.image.title": name});
        file
    };
    let files =
        [named(&mut store, "README.txt", "hello"), named(&mut store, "data/a.bin", "bytes")];
    let empty = store.put(MediaType::EMPTY, "{}");
    let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
        "artifactType": "application/vnd.example.model", "config": empty, "layers": files});
    let manifest = store.document(&manifest);
    store.tag("v1", &manifest);
    store.tamper(&files[0], "other");
    let report = verify(&mut store);
    let subjects: Vec<&str> = report.findings.iter().map(|it| &*it.subject).collect();
    assert_eq!(subjects, ["file README.txt"]);
    assert!(report.detail().starts_with("The file README.txt is not what"), "{}", report.detail());
    let graph = store.load_all("v1");
    let label = |file: &Value| graph.find(&digest(file)).map(|node| node.label.clone());
    assert_eq!(label(&files[1]).as_deref(), Some("file a.bin"));
}

/// What cosign has under its tags has the config of an image, without a platform.
#[test]
fn c2_a_signature_is_for_no_platform() {
    let mut store = Store::default();
    let (image, ..) = simple(&mut store);
    let payload = store.put("application/vnd.dev.cosign.simplesigning.v1+json", "{}");
    let bare = json!({"architecture": "", "os": "", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest(&payload)]}});
    let config = store.put(MediaType::CONFIG, bare.to_string());
    let signature = store.manifest(&config, &[payload]);
    store.tag(&format!("{}.sig", digest(&image).referrers_tag()), &signature);
    let report = verify(&mut store);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]));
    assert_eq!(report.statements, 1);
    // The same when it is opened by its own tag; an image must say what it is for.
    store.tag("v1", &signature);
    assert_eq!(rules(&verify(&mut store)), Vec::<&str>::new());
    let (layer, diff_id) = store.layer("a");
    let rootfs = json!({"type": "layers", "diff_ids": [diff_id]});
    let config = json!({"architecture": "", "os": "", "rootfs": rootfs});
    let config = store.put(MediaType::CONFIG, config.to_string());
    let image = store.manifest(&config, &[layer]);
    store.tag("v1", &image);
    assert_eq!(rules(&verify(&mut store)), ["config.platform", "config.platform"]);
}

/// Blobs are read largest first; what is wrong with them is told in the order of the layers, and
/// each finding leads to its layer.
#[test]
fn findings_follow_the_layers_and_say_where_they_are() {
    let mut store = Store::default();
    let entries = ["linux/amd64", "linux/arm64"].map(|platform| {
        let layers = [("small", 1), ("large", 4000)].map(|(name, times)| {
            let tar = tar(&[file(name, format!("{platform}{}", "x".repeat(times)))]);
            store.put(MediaType::LAYER, tar)
        });
        let wrong = [Digest::sha256(b"one"), Digest::sha256(b"two")];
        let config = store.config(platform, &wrong);
        entry(&store.manifest(&config, &layers), platform)
    });
    let index = store.index(&entries);
    store.tag("v1", &index);
    let graph = store.load_all("v1");
    let mut session = Session::new("localhost:5000/a:v1", &graph, &Choice::All);
    for job in session.jobs().to_vec() {
        session.finish(job.id, &read(&store, &job));
    }
    let places: Vec<(String, Option<usize>)> = session
        .findings()
        .iter()
        .map(|finding| session.place(&finding.subject).expect("a place"))
        .map(|place| {
            (place.platform.as_ref().map(ToString::to_string).unwrap_or_default(), place.layer)
        })
        .collect();
    let expected = [("linux/amd64", 1), ("linux/amd64", 2), ("linux/arm64", 1), ("linux/arm64", 2)];
    assert_eq!(places, expected.map(|(platform, layer)| (platform.to_owned(), Some(layer))));
    let of_config = session.place("config of the linux/arm64").expect("a place");
    assert_eq!(
        (of_config.layer, of_config.platform.as_ref().map(ToString::to_string)),
        (None, Some("linux/arm64".to_owned()))
    );
    assert_eq!(session.place("image"), None);
}
