//! Whether an image is whole, by those who did not make it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use drydock::archive::write::{Plan, docker_save, layout};
use drydock::digest::Digest;

use crate::archive_support::{documents, entry, written};
use crate::edited::Product;
use crate::images::Whole;
use crate::peers::{self, Peer};
use crate::tools::{attempt, crane};
use crate::trees::{Tree, is_root, tree};

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
    let (from, to) = (format!("docker://{reference}"), scratch.path().display());
    let how = ["--all", "--preserve-digests", "--src-tls-verify=false"];
    skopeo(&how, &from, &format!("dir:{to}")).unwrap_or_else(|why| panic!("{why}"));
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
    let from = format!("oci-archive:{path}:1");
    let raw = attempt("skopeo", ["inspect", "--raw", &from]);
    if whole.media_type().is_docker() {
        let why = raw.expect_err("skopeo does not look for Docker's types");
        assert!(why.contains("no descriptor found"), "{why}");
        assert_eq!(
            plan.notes.iter().map(|note| &note.rule).collect::<Vec<_>>(),
            ["archive.docker-types"]
        );
    } else {
        let raw = raw.unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(Digest::sha256(raw.as_bytes()), whole.digest());
        assert_eq!(plan.notes, []);
    }
    if let [(_, image)] = &whole.images()[..]
        && image.root == whole.root
    {
        let plan = docker_save(&entries, &|digest| documents.get(digest)).expect("a plan");
        let path = put(&plan, "docker.tar");
        let to = format!("dir:{}", scratch.path().join("docker").display());
        let copied = skopeo(&[], &format!("docker-archive:{path}"), &to);
        copied.unwrap_or_else(|why| panic!("{why}"));
        if whole.is_gzip() {
            crane(&["validate", "--tarball", &path]);
        }
    }
}

/// The tree of each platform that umoci unpacks of what skopeo pulls.
#[track_caller]
pub(crate) fn trees(peer: &Peer, repository: &str, tag: &str) -> BTreeMap<String, Tree> {
    let whole = Whole::pull(peer, repository, tag);
    let images = whole.images().into_iter();
    let tree = |(platform, image): (String, Whole)| {
        let tree = unpacked(peer, repository, &image.digest());
        (platform, tree.unwrap_or_else(|why| panic!("{why}")))
    };
    images.map(tree).collect()
}

/// The tree that umoci unpacks of what skopeo pulls of the image under a tag, or why they refuse.
pub(crate) fn tree_of(peer: &Peer, repository: &str, tag: &str) -> Result<Tree, String> {
    unpacked(peer, repository, &Whole::pull(peer, repository, tag).digest())
}

fn unpacked(peer: &Peer, repository: &str, digest: &Digest) -> Result<Tree, String> {
    let scratch = tempfile::tempdir().expect("a directory");
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let (layout, root) = (path("layout:tree"), path("root"));
    let how = ["--src-tls-verify=false", "--dest-oci-accept-uncompressed-layers"];
    skopeo(
        &how,
        &format!("docker://{}/{repository}@{digest}", peer.host),
        &format!("oci:{layout}"),
    )?;
    let rootless = if is_root() { &[][..] } else { &["--rootless"] };
    let unpack = ["--log=error", "raw", "unpack", "--image", &layout];
    attempt("umoci", unpack.iter().chain(rootless).chain([&root.as_str()]))?;
    Ok(tree(Path::new(&root)))
}

fn skopeo(how: &[&str], from: &str, to: &str) -> Result<String, String> {
    let copy = ["--insecure-policy", "copy", "--quiet"];
    attempt("skopeo", copy.iter().chain(how).chain([&from, &to]))
}
