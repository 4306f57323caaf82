//! What is attached to an image, as oras and regctl find it, and whether regctl knows its base.

use std::collections::BTreeMap;
use std::fs;

use drydock::archive::write::layout;
use drydock::digest::Digest;
use drydock::edit::{
    Action, AttachEdit, AttachTo, AttachedFile, BaseAnnotations, LayerEdit, Packing,
};
use drydock::media_type::MediaType;
use serde_json::Value;

use crate::archive_support::{documents, entry, written};
use crate::edited::{Product, Work, add};
use crate::images::{Made, Whole, index};
use crate::judges::{TAG, judge};
use crate::layer_support::{file, gzip, tar};
use crate::peers::{self, Peer};
use crate::tools::{attempt, run};

const SBOM: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","version":1}"#;
const KIND: &str = "application/vnd.cyclonedx+json";

fn base() -> Made {
    Made::new(&[tar(&[file("app", "1")]), tar(&[file("more", "2")])])
}

fn attach(to: AttachTo) -> Action {
    Action::Attach(AttachEdit {
        to,
        artifact_type: MediaType::new(KIND),
        files: vec![AttachedFile {
            media_type: MediaType::new("application/json"),
            digest: Digest::sha256(SBOM.as_bytes()),
            size: SBOM.len() as u64,
            title: Some("sbom.json".to_owned()),
        }],
        annotations: BTreeMap::from([("by".to_owned(), "somebody".to_owned())]),
    })
}

fn attached(base: &Whole, repository: &str, to: AttachTo) -> Product {
    let pinned = base.push(peers::debian(), repository, "base");
    Work::on(base, &pinned, [attach(to)]).with_file(SBOM.as_bytes()).done()
}

/// What oras finds about a manifest: digest, type and annotations of each referrer.
fn discovered(peer: &Peer, repository: &str, digest: &Digest) -> Vec<Value> {
    let reference = format!("{}/{repository}@{digest}", peer.host);
    let found = run("oras", ["discover", "--plain-http", "--format", "json", &reference]);
    let found: Value = serde_json::from_str(&found).expect("JSON");
    let list = found["referrers"].as_array().or_else(|| found["manifests"].as_array());
    list.cloned().unwrap_or_default()
}

fn regctl(peer: &Peer, arguments: &[&str]) -> Result<String, String> {
    let host = format!("reg={},tls=disabled", peer.host);
    attempt("regctl", ["--host", &host].iter().chain(arguments))
}

#[test]
fn an_artifact_is_found_and_pulled() {
    let name = "referrers/sbom";
    let ours = attached(&base().make(), name, AttachTo::Root);
    judge(&ours, name);
    let artifact = &ours.change.referrers[0].descriptor;
    for peer in peers::all() {
        let found = discovered(peer, name, &ours.whole.digest());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0]["digest"], artifact.digest.as_str());
        assert_eq!(found[0]["artifactType"], KIND);
        assert_eq!(found[0]["annotations"]["by"], "somebody");
        let reference = peer.name(name, TAG);
        let tree = regctl(peer, &["artifact", "tree", &reference]).expect("a tree");
        assert!(tree.contains(artifact.digest.as_str()) && tree.contains(KIND), "{tree}");
        let scratch = tempfile::tempdir().expect("a directory");
        let (from, to) = (format!("{}/{name}@{}", peer.host, artifact.digest), scratch.path());
        run("oras", ["pull", "--plain-http", &from, "-o", &to.display().to_string()]);
        assert_eq!(fs::read_to_string(to.join("sbom.json")).expect("pulled"), SBOM);
    }
}

/// What was saved is found in the layout, too: by regctl under the fallback tag, by oras among what
/// the layout lists.
#[test]
fn an_artifact_is_found_in_a_layout() {
    let ours = attached(&base().make(), "referrers/layout", AttachTo::Root);
    let whole = &ours.whole;
    let artifact = serde_json::json!(ours.change.referrers[0].descriptor);
    let documents = documents(&whole.store);
    let entries = [entry(&whole.root, &["1"]), entry(&artifact, &[])];
    let plan = layout(&entries, &|digest| documents.get(digest)).expect("a plan");
    let scratch = tempfile::tempdir().expect("a directory");
    let folder = scratch.path().display().to_string();
    ::tar::Archive::new(&*written(&plan, &whole.store)).unpack(&folder).expect("unpacked");
    let digest = artifact["digest"].as_str().expect("a digest");
    let reference = format!("{folder}:1");
    let listed = run(
        "regctl",
        ["artifact", "list", "--format", "{{json .Descriptors}}", &format!("ocidir://{reference}")],
    );
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(listed[0]["digest"], digest, "{listed}");
    assert_eq!(listed[0]["artifactType"], KIND);
    assert_eq!(listed[0]["annotations"]["by"], "somebody");
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let found = run("oras", ["discover", "--oci-layout", "--format", "json", &reference]);
    let found: Value = serde_json::from_str(&found).expect("JSON");
    let found = &found["referrers"];
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["digest"], digest);
    assert_eq!(found[0]["artifactType"], KIND);
}

/// Registries without the referrers API have a list under a tag, which everybody keeps together.
#[test]
fn what_others_attached_stays_in_the_list() {
    let name = "referrers/together";
    let base = base().make();
    let scratch = tempfile::tempdir().expect("a directory");
    fs::write(scratch.path().join("note.txt"), "a note").expect("written");
    let file = scratch.path().join("note.txt").display().to_string();
    for peer in peers::all() {
        base.push(peer, name, TAG);
        let (reference, kind) = (peer.name(name, TAG), "text/vnd.note");
        let oras = ["attach", "--plain-http", "--disable-path-validation", "--artifact-type", kind];
        let note = format!("{file}:text/plain");
        run("oras", oras.iter().chain(&[&*reference, &*note]));
    }
    let ours = attached(&base, name, AttachTo::Root);
    assert!(!ours.change.is_changed(), "the image itself stays");
    judge(&ours, name);
    for peer in peers::all() {
        let found = discovered(peer, name, &base.digest());
        let mut kinds: Vec<&str> =
            found.iter().filter_map(|one| one["artifactType"].as_str()).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, [KIND, "text/vnd.note"], "{}", peer.host);
    }
}

#[test]
fn every_image_of_an_index_has_its_own() {
    let name = "referrers/index";
    let base = index(&[base(), Made { platform: "linux/arm64", ..base() }]);
    let ours = attached(&base, name, AttachTo::Images);
    judge(&ours, name);
    for peer in peers::all() {
        for (platform, image) in ours.whole.images() {
            let found = discovered(peer, name, &image.digest());
            assert_eq!(found.len(), 1, "{platform}: {found:?}");
        }
        assert_eq!(discovered(peer, name, &ours.whole.digest()), [Value::Null; 0]);
    }
}

/// What BuildKit lists in the index becomes a referrer of the image that it is about.
#[test]
fn attestations_are_promoted() {
    let name = "referrers/promoted";
    let base = index(&[base(), Made { platform: "linux/arm64", ..base() }]);
    let pinned = base.push(peers::debian(), name, "base");
    let ours = Work::on(&base, &pinned, [Action::Promote]).done();
    judge(&ours, name);
    assert_eq!(ours.whole.manifest()["manifests"].as_array().map(Vec::len), Some(2));
    let statement = base.manifest()["manifests"][2]["digest"].clone();
    let before = base.json(&serde_json::json!({"digest": statement}));
    for peer in peers::all() {
        let found = discovered(peer, name, &ours.whole.of("linux/amd64").digest());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0]["artifactType"], "application/vnd.in-toto+json");
        let reference =
            format!("{}/{name}@{}", peer.host, found[0]["digest"].as_str().expect("a digest"));
        let fetched = run("oras", ["manifest", "fetch", "--plain-http", &reference]);
        let fetched: Value = serde_json::from_str(&fetched).expect("JSON");
        assert_eq!(fetched["layers"], before["layers"]);
        assert_eq!(
            discovered(peer, name, &ours.whole.of("linux/arm64").digest()),
            [Value::Null; 0]
        );
    }
}

/// regctl compares an image with what its annotations say that it was made from.
#[test]
fn the_base_is_known_by_its_annotations() {
    let (peer, name) = (peers::debian(), "referrers/base");
    let layer = gzip(&tar(&[file("new", "3")]));
    let base = base().make();
    let pinned = base.push(peer, name, "base");
    let Action::Layers(LayerEdit::Add { layer: input, .. }) = add(&layer, Packing::default())
    else {
        panic!("adds a layer")
    };
    let action = Action::Layers(LayerEdit::Add { layer: input, base: BaseAnnotations::Set });
    let ours = Work::on(&base, &pinned, [action]).with_file(&layer).done();
    judge(&ours, name);
    let reference = peer.name(name, TAG);
    regctl(peer, &["image", "check-base", &reference]).expect("the base is what it was");
    Made::new(&[tar(&[file("app", "1, again")])]).make().push(peer, name, "base");
    let why = regctl(peer, &["image", "check-base", &reference]).expect_err("a newer base");
    assert!(why.contains("base image has changed"), "{why}");
}
