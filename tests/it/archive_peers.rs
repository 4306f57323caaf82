//! The same archives, read and written by others: skopeo, crane and oras. Each says so and passes
//! where its tool is not installed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use drydock::archive::write::{docker_save, layout};
use drydock::digest::Digest;
use drydock::reference::{Tag, Target};
use drydock::source::Source as _;
use drydock::spec;
use serde_json::Value;

use crate::archive_support::{documents, entry, opened, read_descriptor, rules, written};
use crate::image_support::{Store, digest, entry as platform};
use crate::layer_peers::{Scratch, tool, tools};
use crate::layer_support::{self as support, file};
use crate::registry_script::run;

/// skopeo is a package of the system, the others lie below [`tools`].
fn program(name: &str) -> Option<PathBuf> {
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.exists())
    };
    let found = tool(name).or_else(on_path);
    if found.is_none() {
        println!("{name} is neither below {} nor on PATH: left out", tools().display());
    }
    found
}

#[track_caller]
fn output(program: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {arguments:?}: {said}", program.display());
    output.stdout
}

/// An image for two platforms with an SBOM, and two images.
struct Images {
    store: Store,
    index: Value,
    sbom: Value,
    app: Value,
    other: Value,
}

fn images() -> Images {
    let mut store = Store::default();
    let amd = store.image("linux/amd64", &["base", "app"]);
    let arm = store.image("linux/arm64", &["base", "arm"]);
    let index = store.index(&[platform(&amd, "linux/amd64"), platform(&arm, "linux/arm64")]);
    let sbom = store.artifact("application/spdx+json", Some(&index));
    let other = store.image("linux/amd64", &["base", "other"]);
    Images { store, index, sbom, app: amd, other }
}

fn layout_tar(images: &Images) -> Vec<u8> {
    let entries = [
        entry(&images.index, &["ghcr.io/owner/multi:1.0"]),
        entry(&images.other, &["docker.io/library/other:2"]),
        entry(&images.sbom, &[]),
    ];
    let documents = documents(&images.store);
    let plan = layout(&entries, &|digest| documents.get(digest)).expect("a plan");
    written(&plan, &images.store)
}

fn docker_tar(images: &Images, which: &[(&Value, &str)]) -> Vec<u8> {
    let entries: Vec<_> = which.iter().map(|(image, name)| entry(image, &[*name])).collect();
    let documents = documents(&images.store);
    let plan = docker_save(&entries, &|digest| documents.get(digest)).expect("a plan");
    written(&plan, &images.store)
}

fn put(scratch: &Scratch, name: &str, bytes: &[u8]) -> String {
    let path = scratch.0.join(name);
    fs::write(&path, bytes).expect("written");
    path.display().to_string()
}

/// Reads an archive that another tool wrote: the diff IDs of the layers of the image under a tag,
/// each computed from the bytes that the archive has for it.
fn diff_ids(tar: Vec<u8>, name: &str) -> Vec<Digest> {
    let source = opened(tar).expect("opened");
    let errors: Vec<String> = rules(source.archive().findings());
    assert!(errors.iter().all(|rule| rule == "archive.manifest-made"), "{errors:?}");
    let target = Target::Tag(Tag::parse(name).expect("tag"));
    let manifest = run(source.root(&target)).expect("manifest");
    let manifest: Value = serde_json::from_slice(&manifest.bytes).expect("json");
    let config = run(source.document(&read_descriptor(&manifest["config"]))).expect("config");
    let config: Value = serde_json::from_slice(&config.bytes).expect("json");
    let layers = manifest["layers"].as_array().expect("layers").iter().map(|layer| {
        let descriptor = spec::read_descriptor(layer, "layer").0.expect("descriptor");
        let blob = run(source.blob(&descriptor, 1 << 20)).expect("layer");
        support::read(&blob.bytes).diff_id.expect("read to its end").0
    });
    let found: Vec<Digest> = layers.collect();
    assert_eq!(config["rootfs"]["diff_ids"], serde_json::json!(found));
    found
}

/// The diff IDs of an image of the store.
fn own_diff_ids(images: &Images, image: &Value) -> Vec<Digest> {
    let document = |descriptor: &Value| -> Value {
        serde_json::from_slice(&images.store.content[&digest(descriptor)].0).expect("json")
    };
    let config = document(&document(image)["config"]);
    serde_json::from_value(config["rootfs"]["diff_ids"].clone()).expect("diff IDs")
}

#[test]
fn skopeo_copies_every_image_out_of_a_layout() {
    let Some(skopeo) = program("skopeo") else { return };
    let (images, scratch) = (images(), Scratch::new("skopeo-layout"));
    let path = put(&scratch, "images.tar", &layout_tar(&images));
    for (name, root) in [("1.0", &images.index), ("2", &images.other)] {
        let raw = output(&skopeo, &["inspect", "--raw", &format!("oci-archive:{path}:{name}")]);
        assert_eq!(Digest::sha256(&raw), digest(root), "{name}");
        let out = scratch.0.join(format!("out-{name}")).display().to_string();
        let from = format!("oci-archive:{path}:{name}");
        let copy = ["--insecure-policy", "copy", "--all", &from, &format!("dir:{out}")];
        output(&skopeo, &copy);
        let manifest = fs::read(Path::new(&out).join("manifest.json")).expect("copied");
        assert_eq!(Digest::sha256(&manifest), digest(root), "{name}");
    }
}

#[test]
fn skopeo_reads_what_docker_load_takes() {
    let Some(skopeo) = program("skopeo") else { return };
    let (images, scratch) = (images(), Scratch::new("skopeo-docker"));
    let both = [(&images.app, "ghcr.io/owner/app:1"), (&images.other, "other:2")];
    let path = put(&scratch, "images.tar", &docker_tar(&images, &both));
    for (image, name) in both {
        let again = scratch.0.join("again.tar");
        let _ = fs::remove_file(&again);
        let from = format!("docker-archive:{path}:{name}");
        let to = format!("docker-archive:{}:{name}", again.display());
        output(&skopeo, &["--insecure-policy", "copy", &from, &to]);
        let tag = name.split(':').next_back().expect("tag");
        let found = diff_ids(fs::read(&again).expect("written"), tag);
        assert_eq!(found, own_diff_ids(&images, image), "what skopeo writes is read: {name}");
    }
    // The same file as a layout keeps the digests of the registry.
    let raw = output(&skopeo, &["inspect", "--raw", &format!("oci-archive:{path}:2")]);
    assert_eq!(Digest::sha256(&raw), digest(&images.other));
}

#[test]
fn crane_takes_what_docker_load_takes() {
    let Some(crane) = program("crane") else { return };
    let (images, scratch) = (images(), Scratch::new("crane"));
    let path = put(&scratch, "image.tar", &docker_tar(&images, &[(&images.app, "app:1")]));
    output(&crane, &["validate", "--tarball", &path]);
    let layer = put(&scratch, "layer.tar", &support::tar(&[file("a", "content")]));
    let made = scratch.0.join("made.tar").display().to_string();
    output(&crane, &["append", "-f", &layer, "-t", "example.com/made:3", "-o", &made]);
    let found = diff_ids(fs::read(&made).expect("written"), "3");
    assert_eq!(found, [Digest::sha256(&fs::read(&layer).expect("layer"))]);
}

/// A registry of crane's that ends with the test. It would end early if nobody held its stderr.
struct Served {
    child: Child,
    host: String,
    _log: BufReader<ChildStderr>,
}

impl Served {
    fn new(crane: &Path) -> Self {
        let mut serve = Command::new(crane);
        serve.args(["registry", "serve", "--address", "127.0.0.1:0"]).stderr(Stdio::piped());
        let mut child = serve.spawn().expect("crane serves");
        let mut log = BufReader::new(child.stderr.take().expect("stderr"));
        let mut line = String::new();
        while !line.contains("serving on port") {
            line.clear();
            assert_ne!(log.read_line(&mut line).expect("a line"), 0, "crane does not serve");
        }
        let port = line.trim().rsplit_once(' ').expect("a port").1.to_owned();
        Self { child, host: format!("127.0.0.1:{port}"), _log: log }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn crane_pushes_both_kinds() {
    let Some(crane) = program("crane") else { return };
    let (images, scratch) = (images(), Scratch::new("crane-push"));
    let served = Served::new(&crane);
    let target = |name: &str| format!("{}/{name}", served.host);
    let saved = put(&scratch, "image.tar", &docker_tar(&images, &[(&images.app, "app:1")]));
    output(&crane, &["push", &saved, &target("saved:1")]);
    let pushed = output(&crane, &["manifest", &target("saved:1")]);
    let layers = |bytes: &[u8]| -> Vec<Value> {
        let manifest: Value = serde_json::from_slice(bytes).expect("json");
        let layers = manifest["layers"].as_array().expect("layers").iter();
        layers.map(|layer| layer["digest"].clone()).collect()
    };
    assert_eq!(layers(&pushed), layers(&images.store.content[&digest(&images.app)].0));
    // crane takes layouts as folders.
    let folder = scratch.0.join("layout");
    tar::Archive::new(&layout_tar(&images)[..]).unpack(&folder).expect("unpacked");
    output(&crane, &["push", "--index", &folder.display().to_string(), &target("all:1")]);
    let raw =
        output(&crane, &["manifest", &format!("{}@{}", target("all"), digest(&images.index))]);
    assert_eq!(Digest::sha256(&raw), digest(&images.index));
    output(
        &crane,
        &["validate", "--remote", &format!("{}@{}", target("all"), digest(&images.index))],
    );
}

#[test]
fn oras_finds_images_and_their_referrers() {
    let Some(oras) = program("oras") else { return };
    let (images, scratch) = (images(), Scratch::new("oras"));
    let path = put(&scratch, "images.tar", &layout_tar(&images));
    let target = format!("{path}:1.0");
    let raw = output(&oras, &["manifest", "fetch", "--oci-layout", &target]);
    assert_eq!(Digest::sha256(&raw), digest(&images.index));
    let tree = output(&oras, &["discover", "--oci-layout", "--format", "json", &target]);
    let tree: Value = serde_json::from_slice(&tree).expect("json");
    let found = tree["referrers"].as_array().or_else(|| tree["manifests"].as_array());
    let digests: Vec<&Value> = found.expect("referrers").iter().map(|one| &one["digest"]).collect();
    assert_eq!(digests, [&images.sbom["digest"]]);
}

/// What oras copies with all referrers is read again with all of them.
#[test]
fn oras_writes_layouts_that_are_read_with_referrers() {
    let Some(oras) = program("oras") else { return };
    let (images, scratch) = (images(), Scratch::new("oras-copy"));
    let path = put(&scratch, "images.tar", &layout_tar(&images));
    let copy = scratch.0.join("copy");
    let (from, to) = (format!("{path}:1.0"), format!("{}:1.0", copy.display()));
    output(&oras, &["cp", "-r", "--from-oci-layout", &from, "--to-oci-layout", &to]);
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut open = vec![copy.clone()];
    while let Some(at) = open.pop() {
        if at.is_dir() {
            open.extend(fs::read_dir(&at).expect("folder").map(|one| one.expect("entry").path()));
        } else {
            let path = at.strip_prefix(&copy).expect("below").display().to_string();
            files.insert(path, fs::read(&at).expect("file"));
        }
    }
    let files: Vec<(&str, bytes::Bytes)> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone().into())).collect();
    let source = crate::archive_support::folder(&files).expect("opened");
    let referrers = run(source.referrers(&digest(&images.index))).expect("a list");
    let digests: Vec<&Digest> = referrers.descriptors.iter().map(|one| &one.digest).collect();
    assert_eq!(digests, [&digest(&images.sbom)]);
}
