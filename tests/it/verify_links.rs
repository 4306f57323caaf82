//! Hardlinks whose file is in another layer, or nowhere.

use drydock::digest::Digest;
use drydock::finding::Severity;
use drydock::media_type::MediaType;
use drydock::verify::{Choice, Session, Verdict};
use serde_json::Value;

use crate::image_support::{Store, entry};
use crate::layer_support::{dir, file, hardlink, symlink, tar};
use crate::verify_support::{read, rules, verify};

type Layers<'a> = &'a [&'a [Vec<u8>]];

fn image(store: &mut Store, platform: &str, layers: Layers<'_>) -> Value {
    let tars: Vec<Vec<u8>> = layers.iter().map(|parts| tar(parts)).collect();
    let diff_ids: Vec<Digest> = tars.iter().map(|tar| Digest::sha256(tar)).collect();
    let layers: Vec<Value> = tars.into_iter().map(|tar| store.put(MediaType::LAYER, tar)).collect();
    let config = store.config(platform, &diff_ids);
    store.manifest(&config, &layers)
}

/// The layer, the link, its target and why it is not there are named.
#[test]
fn d7_a_hardlink_to_nothing_is_told_beside_the_verdict_on_the_bytes() {
    let whiteout = || file(".wh.a", "");
    let cases: [(Layers<'_>, &str); 8] = [
        (
            &[&[file("a", "a")], &[hardlink("d/h", "gone")]],
            "d/h of layer 2 leads to gone, which does not",
        ),
        (&[&[hardlink("h", "a"), file("a", "a")]], "h of layer 1 leads to a, which does not exist"),
        (
            &[&[file("a", "a")], &[whiteout()], &[hardlink("h", "a")]],
            "h of layer 3 leads to a, which",
        ),
        (&[&[file("a", "a")], &[whiteout(), hardlink("h", "a")]], "h of layer 2 leads to a, which"),
        (&[&[dir("d"), hardlink("h", "d")]], "h of layer 1 leads to d, which is a directory"),
        (
            &[&[file("h", "a")], &[hardlink("h", "h")]],
            "h of layer 2 leads to h, which is the link itself",
        ),
        (
            &[&[file("h", "a"), hardlink("h", "./h")]],
            "h of layer 1 leads to ./h, which is the link",
        ),
        (
            &[&[file("d/a", "a"), file("d", "now a file"), hardlink("h", "d/a")]],
            "h of layer 1 leads to d/a, which does not exist",
        ),
    ];
    for (layers, expected) in cases {
        let mut store = Store::default();
        let manifest = image(&mut store, "linux/amd64", layers);
        store.tag("v1", &manifest);
        let report = verify(&mut store);
        assert_eq!(
            report.verdict,
            Verdict::Verified,
            "{expected}: the bytes are the promised ones"
        );
        let told = report.findings.iter().filter(|it| it.rule == "layer.hardlink-target");
        let told: Vec<_> = told.collect();
        assert_eq!(told.len(), 1, "{expected}: {:?}", report.findings);
        assert!(told[0].message.contains(expected), "{}", told[0].message);
        assert_eq!(told[0].severity, Severity::Warning);
        assert!(report.detail().contains(&told[0].message), "{}", report.detail());
    }
}

#[test]
fn d7_hardlinks_that_find_their_file_are_not_told() {
    let cases: [Layers<'_>; 6] = [
        &[&[file("a", "a"), hardlink("h", "a")]],
        &[&[file("a", "a")], &[hardlink("h", "a")]],
        &[&[file("a", "a")], &[hardlink("h", "./a")], &[file(".wh.a", "")]],
        &[&[file("a", "a"), hardlink("h", "a"), hardlink("i", "h")]],
        &[&[file("usr/lib/a", "a"), symlink("lib", "usr/lib")], &[hardlink("h", "lib/a")]],
        &[&[symlink("s", "nowhere"), hardlink("h", "s")]],
    ];
    for (at, layers) in cases.into_iter().enumerate() {
        let mut store = Store::default();
        let manifest = image(&mut store, "linux/amd64", layers);
        store.tag("v1", &manifest);
        let report = verify(&mut store);
        assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec![]), "case {at}");
    }
}

/// One layer may find its file in one image and not in the other.
#[test]
fn d7_each_image_is_looked_at_by_itself() {
    let mut store = Store::default();
    let above: &[Vec<u8>] = &[hardlink("h", "a")];
    let good = image(&mut store, "linux/amd64", &[&[file("a", "a")], above]);
    let bad = image(&mut store, "linux/arm64", &[&[file("b", "b")], above]);
    let index = store.index(&[entry(&good, "linux/amd64"), entry(&bad, "linux/arm64")]);
    store.tag("v1", &index);
    let report = verify(&mut store);
    assert_eq!(
        (report.verdict, rules(&report)),
        (Verdict::Verified, vec!["layer.hardlink-target"])
    );
    assert_eq!(report.findings[0].subject, "linux/arm64");
}

/// What is not known to be missing is not said to be missing.
#[test]
fn d7_nothing_is_said_of_layers_that_were_not_read() {
    let mut store = Store::default();
    let layers: Layers<'_> = &[&[file("b", "b")], &[hardlink("h", "a")]];
    let manifest = image(&mut store, "linux/amd64", layers);
    store.tag("v1", &manifest);
    let graph = store.load_all("v1");
    store.content.remove(&Digest::sha256(&tar(layers[0])));
    let mut session = Session::new("a", &graph, &Choice::All);
    for job in session.jobs().to_vec() {
        session.finish(job.id, &read(&store, &job));
    }
    assert_eq!(session.stacks(), []);

    let mut store = Store::default();
    let manifest = image(&mut store, "linux/amd64", layers);
    store.tag("v1", &manifest);
    let graph = store.load_all("v1");
    let mut session = Session::new("a", &graph, &Choice::All);
    for job in session.jobs().to_vec() {
        session.finish(job.id, &read(&store, &job));
    }
    let stack = session.stacks().remove(0);
    session.laid(&stack, Err("the worker has ended."));
    let report = session.report(1);
    assert_eq!((report.verdict, rules(&report)), (Verdict::Verified, vec!["image.not-known"]));
    assert!(report.findings[0].message.ends_with("is not known: the worker has ended."));
}
