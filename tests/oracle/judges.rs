//! Whether an image is whole, by those who did not make it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use drydock::archive::write::{Plan, docker_save, layout};
use drydock::digest::Digest;
use drydock::media_type::MediaType;

use crate::archive_support::{documents, entry, written};
use crate::edited::Product;
use crate::images::Whole;
use crate::peers::{self, Peer};
use crate::tools::{crane, run};
use crate::trees::{Tree, tree};

/// The tag under which products are judged.
pub(crate) const TAG: &str = "judged";

/// Pushes a product to each registry as `NAME:judged` and lets it be judged: `crane validate` reads
/// and compares everything in it, skopeo copies it without changing its digest, umoci unpacks it.
/// Gives the tree of each platform.
#[track_caller]
pub(crate) fn judge(product: &Product, name: &str) -> BTreeMap<String, Tree> {
    let whole = &product.whole;
    for peer in peers::all() {
        whole.push(peer, name, TAG);
        at_registry(peer, whole, name);
    }
    saved(whole);
    trees(peers::debian(), name, TAG)
}

#[track_caller]
fn at_registry(peer: &Peer, whole: &Whole, name: &str) {
    let reference = peer.name(name, TAG);
    assert_eq!(crane(&["digest", &reference]), whole.digest().as_str());
    // crane takes every layer for gzip.
    if whole.is_gzip() {
        crane(&["validate", "--remote", &reference]);
    }
    let scratch = tempfile::tempdir().expect("a directory");
    let from = format!("docker://{reference}");
    let how = ["--all", "--preserve-digests", "--src-tls-verify=false", &from];
    skopeo(&how, "dir", scratch.path());
    let copied = fs::read(scratch.path().join("manifest.json")).expect("copied");
    assert_eq!(Digest::sha256(&copied), whole.digest(), "skopeo did not change it");
}

/// As files: a layout that skopeo takes with its digest, and what `docker load` takes.
#[track_caller]
fn saved(whole: &Whole) {
    let scratch = tempfile::tempdir().expect("a directory");
    let documents = documents(&whole.store);
    let entries = [entry(&whole.root, &["localhost:5000/saved:1"])];
    let put = |plan: &Plan, name: &str| {
        let path = scratch.path().join(name);
        fs::write(&path, written(plan, &whole.store)).expect("written");
        path.display().to_string()
    };
    let plan = layout(&entries, &|digest| documents.get(digest)).expect("a plan");
    let path = put(&plan, "layout.tar");
    // skopeo looks in layouts for OCI's types only.
    if !MediaType::new(whole.root["mediaType"].as_str().expect("a type")).is_docker() {
        let raw = run("skopeo", ["inspect", "--raw", &format!("oci-archive:{path}:1")]);
        assert_eq!(Digest::sha256(raw.as_bytes()), whole.digest());
    }
    if let [(_, image)] = &whole.images()[..]
        && image.root == whole.root
    {
        let plan = docker_save(&entries, &|digest| documents.get(digest)).expect("a plan");
        let path = put(&plan, "docker.tar");
        let to = scratch.path().join("docker");
        skopeo(&[&format!("docker-archive:{path}")], "dir", &to);
        if whole.is_gzip() {
            crane(&["validate", "--tarball", &path]);
        }
    }
}

/// The tree of each platform that umoci unpacks of what skopeo pulls.
#[track_caller]
pub(crate) fn trees(peer: &Peer, repository: &str, tag: &str) -> BTreeMap<String, Tree> {
    let whole = Whole::pull(peer, repository, tag);
    let scratch = tempfile::tempdir().expect("a directory");
    let one = |(at, (platform, image)): (usize, (String, Whole))| {
        let layout = scratch.path().join(format!("layout-{at}"));
        let from = format!("docker://{}/{repository}@{}", peer.host, image.digest());
        let how = ["--src-tls-verify=false", "--dest-oci-accept-uncompressed-layers", &from];
        skopeo_as(&how, "oci", &layout, Some("tree"));
        (platform, unpacked(&layout, &scratch.path().join(format!("root-{at}"))))
    };
    whole.images().into_iter().enumerate().map(one).collect()
}

#[track_caller]
fn unpacked(layout: &Path, root: &Path) -> Tree {
    let is_root = fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    let image = format!("{}:tree", layout.display());
    let mut arguments = vec!["--log=error", "raw", "unpack", "--image", &image];
    if !is_root {
        arguments.push("--rootless");
    }
    let root_path = root.display().to_string();
    arguments.push(&root_path);
    run("umoci", arguments);
    tree(root)
}

#[track_caller]
fn skopeo(from: &[&str], transport: &str, to: &Path) {
    skopeo_as(from, transport, to, None);
}

#[track_caller]
fn skopeo_as(from: &[&str], transport: &str, to: &Path, name: Option<&str>) {
    let name = name.map(|name| format!(":{name}")).unwrap_or_default();
    let to = format!("{transport}:{}{name}", to.display());
    run("skopeo", ["--insecure-policy", "copy", "--quiet"].iter().chain(from).chain([&to.as_str()]));
}
