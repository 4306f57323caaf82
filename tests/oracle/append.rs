//! A layer on top: `crane append`.

use std::fs;
use std::io::Read as _;

use drydock::digest::Digest;
use drydock::edit::{Action, Base, BaseAnnotations, Draft, Edit, Family, LayerEdit, Packing};
use drydock::media_type::MediaType;
use serde_json::{Value, json};

use crate::edited::{NOW, Product, Work, add};
use crate::image_support::digest;
use crate::images::{Made, Packed, Types, Whole, index, unpacked};
use crate::judges::judge;
use crate::layer_support::{Head, dir, file, gzip, hardlink, pax, symlink, tar, zstd};
use crate::peers::{self, Peer};
use crate::tools::crane;
use crate::trees::assert_same;

/// A base of two layers.
fn base() -> Made {
    let lower = [dir("etc/"), file("etc/os-release", "NAME=base\n"), dir("srv/")];
    let upper = [dir("srv/"), file("srv/page", "<p>\n"), symlink("srv/latest", "page")];
    Made::new(&[tar(&lower), tar(&upper)])
}

/// The tar of a layer with a bit of everything.
fn layer() -> Vec<u8> {
    let program = Head::new("srv/run", b'0').mode(0o4755).owner(7, 8).mtime(1_600_000_000);
    tar(&[
        dir("srv/"),
        program.with(b"#!/bin/sh\n"),
        hardlink("srv/again", "srv/run"),
        symlink("srv/link", "run"),
        file("srv/.wh.page", ""),
        pax(&[("mtime", b"1600000000.5")]),
        file("srv/large", vec![b'x'; 70_000]),
    ])
}

/// What crane makes of the base with these layers.
fn theirs(peer: &Peer, repository: &str, files: &[&[u8]], more: &[&str]) -> Whole {
    let scratch = tempfile::tempdir().expect("a directory");
    let (base, made) = (peer.name(repository, "base"), peer.name(repository, "crane"));
    let mut arguments = vec!["append", "-b", &base, "-t", &made];
    let paths: Vec<String> = (0..files.len())
        .map(|at| scratch.path().join(format!("{at}.tar")).display().to_string())
        .collect();
    for (path, bytes) in paths.iter().zip(files) {
        fs::write(path, bytes).expect("written");
        arguments.extend(["-f", path]);
    }
    arguments.extend(more);
    crane(&arguments);
    Whole::pull(peer, repository, "crane")
}

fn ours(base: &Whole, peer: &Peer, repository: &str, files: &[&[u8]], packing: Packing) -> Product {
    let pinned = base.push(peer, repository, "base");
    let work = Work::on(base, &pinned, files.iter().map(|file| add(file, packing)));
    files.iter().fold(work, |work, file| work.with_file(file)).done()
}

fn diff_ids(whole: &Whole) -> Value {
    whole.config()["rootfs"]["diff_ids"].clone()
}

/// What is compressed already keeps its bytes, so that manifests list the very same layers.
#[test]
fn compressed_layers_are_the_same_layers() {
    let peer = peers::debian();
    let other = tar(&[dir("opt/"), file("opt/f", "2")]);
    for (name, made, files) in [
        ("gzip", base(), vec![gzip(&layer())]),
        ("two", base(), vec![gzip(&layer()), gzip(&other)]),
        ("docker", Made { types: Types::Docker, ..base() }, vec![gzip(&layer())]),
        ("zstd", base(), vec![zstd(&layer())]),
        ("zstd-base", Made { packed: Packed::Zstd, ..base() }, vec![gzip(&layer())]),
    ] {
        let repository = format!("append/{name}");
        let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        let base = made.make();
        let ours = ours(&base, peer, &repository, &files, Packing::default());
        let theirs = theirs(peer, &repository, &files, &[]);
        assert_eq!(ours.whole.layers(), theirs.layers(), "{name}");
        assert_eq!(diff_ids(&ours.whole), diff_ids(&theirs), "{name}");
        for (layer, file) in ours.whole.layers().iter().rev().zip(files.iter().rev()) {
            assert_eq!(digest(layer), Digest::sha256(file), "{name}");
        }
        // Of the rest only the history differs: crane adds empty steps, of the year 1.
        let (own, other) = (ours.whole.config(), theirs.config());
        for field in ["created", "author", "config", "architecture", "os"] {
            assert_eq!(own[field], other[field], "{name}: {field}");
        }
        let steps = |config: &Value| config["history"].as_array().expect("steps").clone();
        let (own, other) = (steps(&own), steps(&other));
        assert_eq!(own.len(), other.len(), "{name}");
        for (own, other) in own.iter().zip(&other).skip(3) {
            let expected =
                json!({"created": NOW, "created_by": "add layer.tar", "comment": "drydock"});
            assert_eq!(*own, expected, "{name}");
            assert_eq!(*other, json!({"created": "0001-01-01T00:00:00Z"}), "{name}");
        }
        judge(&ours, &format!("{repository}/ours"));
    }
}

/// A plain tar is compressed by both, and so differently: the tar is the same.
#[test]
fn plain_tars_have_the_same_diff_id() {
    let peer = peers::debian();
    for (name, packing) in [
        ("level-1", Packing::Gzip { level: 1 }),
        ("level-9", Packing::Gzip { level: 9 }),
        ("to-zstd", Packing::Zstd),
        ("to-plain", Packing::None),
    ] {
        let repository = format!("append/{name}");
        let ours = ours(&base().make(), peer, &repository, &[&layer()], packing);
        let theirs = theirs(peer, &repository, &[&layer()], &[]);
        assert_eq!(diff_ids(&ours.whole), diff_ids(&theirs), "{name}");
        let judged = judge(&ours, &format!("{repository}/ours"));
        let tree = &crate::judges::trees(peer, &repository, "crane")["linux/amd64"];
        assert_same(&judged["linux/amd64"], tree, name);
    }
}

/// crane gives a layer with zstd OCI's type inside of a Docker manifest, which no standard knows.
#[test]
fn zstd_on_docker_is_refused() {
    let (peer, repository, file) = (peers::debian(), "append/docker-zstd", zstd(&layer()));
    let base = Made { types: Types::Docker, ..base() }.make();
    let pinned = base.push(peer, repository, "base");
    let theirs = theirs(peer, repository, &[&file], &[]);
    assert_eq!(theirs.manifest()["mediaType"], MediaType::DOCKER_MANIFEST);
    assert_eq!(theirs.layers()[2]["mediaType"], MediaType::LAYER_ZSTD, "crane is wrong");
    let work = Work::on(&base, &pinned, [add(&file, Packing::Zstd)]).with_file(&file);
    assert!(work.refused().contains("convert the image to OCI"), "{}", work.refused());
    let convert = Action::Convert { to: Family::Oci };
    let work = Work::on(&base, &pinned, [convert, add(&file, Packing::Zstd)]).with_file(&file);
    let ours = work.done();
    assert_eq!(digest(&ours.whole.layers()[2]), digest(&theirs.layers()[2]));
    judge(&ours, "append/docker-zstd/ours");
}

#[test]
fn from_nothing() {
    let (peer, file) = (peers::debian(), gzip(&layer()));
    let scratch = tempfile::tempdir().expect("a directory");
    let path = scratch.path().join("layer.tar.gz");
    fs::write(&path, &file).expect("written");
    let path = path.display().to_string();
    for (name, family, more) in
        [("oci", Family::Oci, vec!["--oci-empty-base"]), ("docker", Family::Docker, vec![])]
    {
        let repository = format!("append/from-{name}");
        let target = peer.name(&repository, "crane");
        crane(&[&["append", "-t", &target, "-f", &path][..], &more].concat());
        let theirs = Whole::pull(peer, &repository, "crane");
        let platform = "linux/amd64".parse().expect("a platform");
        let edits = vec![Edit::all(add(&file, Packing::default()))];
        let draft = Draft { edits, ..Draft::new(Base::Empty { family, platform }) };
        let ours = Work::of(draft).with_file(&file).done();
        assert_eq!(ours.whole.layers(), theirs.layers(), "{name}");
        assert_eq!(diff_ids(&ours.whole), diff_ids(&theirs), "{name}");
        for field in ["/mediaType", "/config/mediaType"] {
            assert_eq!(ours.whole.manifest().pointer(field), theirs.manifest().pointer(field));
        }
        // crane leaves the platform empty, with which nothing can run the image.
        assert_eq!(
            (&theirs.config()["os"], &ours.whole.config()["os"]),
            (&json!(""), &json!("linux"))
        );
        judge(&ours, &format!("{repository}/ours"));
    }
}

/// Annotations that name the base: as crane sets them, and without those that came with the base,
/// which crane passes on.
#[test]
fn annotations_name_the_base() {
    let (peer, repository, file) = (peers::debian(), "append/annotated", gzip(&layer()));
    const NAME: &str = "org.opencontainers.image.base.name";
    const DIGEST: &str = "org.opencontainers.image.base.digest";
    let inherited = json!({NAME: "debian:12", DIGEST: Digest::sha256(b"debian"), "k": "v"});
    let base = Made { manifest: json!({"annotations": inherited}), ..base() }.make();
    let pinned = base.push(peer, repository, "base");
    let ours = |set: bool| {
        let Action::Layers(LayerEdit::Add { layer, .. }) = add(&file, Packing::default()) else {
            panic!("adds a layer")
        };
        let base_annotations = if set { BaseAnnotations::Set } else { BaseAnnotations::Drop };
        let action = Action::Layers(LayerEdit::Add { layer, base: base_annotations });
        let product = Work::on(&base, &pinned, [action]).with_file(&file).done();
        product.whole.manifest()["annotations"].clone()
    };
    let set = theirs(peer, repository, &[&file], &["--set-base-image-annotations"]);
    assert_eq!(ours(true), set.manifest()["annotations"]);
    let plain = theirs(peer, repository, &[&file], &[]);
    assert_eq!(plain.manifest()["annotations"], inherited, "crane is wrong");
    assert_eq!(ours(false), json!({"k": "v"}));
}

/// Of an index crane takes linux/amd64, and loses the rest.
#[test]
fn on_every_platform_of_an_index() {
    let (peer, repository, file) = (peers::debian(), "append/index", gzip(&layer()));
    let arm = Made { platform: "linux/arm64/v8", ..base() };
    let base = index(&[base(), arm]);
    let ours = ours(&base, peer, repository, &[&file], Packing::default());
    let theirs = theirs(peer, repository, &[&file], &[]);
    assert_eq!(theirs.manifest()["mediaType"], MediaType::MANIFEST, "crane is wrong");
    assert_eq!(ours.whole.media_type(), MediaType::new(MediaType::INDEX));
    assert_eq!(ours.whole.of("linux/amd64").layers(), theirs.layers());
    assert_eq!(ours.whole.of("linux/arm64/v8").layers().last(), theirs.layers().last());
    assert_eq!(ours.rules(), ["edit.attestation"]);
    let trees = judge(&ours, &format!("{repository}/ours"));
    assert_same(&trees["linux/amd64"], &trees["linux/arm64/v8"], "one layer for both");
}

/// One entry of a tar as Windows sees it.
#[derive(Debug, PartialEq)]
struct Entry {
    path: String,
    kind: u8,
    link: Option<String>,
    content: Vec<u8>,
    records: Vec<(String, Vec<u8>)>,
}

/// On Windows the entries of both are the same, below `Files`. Their tars are not, as Go's
/// `archive/tar` names extended headers in its own way and writes more into them. And crane leaves
/// the targets of hardlinks as they were, so that they lead to nothing.
#[test]
fn windows_layers_hold_the_same() {
    let (peer, repository) = (peers::debian(), "append/windows");
    let plain = tar(&[
        dir("app/"),
        file("app/run.exe", "MZ"),
        hardlink("app/again.exe", "app/run.exe"),
        symlink("app/link", "run.exe"),
    ]);
    let lower = tar(&[dir("Files/"), dir("Hives/"), file("Files/old", "1")]);
    let base = Made { platform: "windows/amd64", ..Made::new(&[lower]) }.make();
    let file = gzip(&plain);
    let ours = ours(&base, peer, repository, &[&file], Packing::default());
    let theirs = theirs(peer, repository, &[&file], &[]);
    let entries = |whole: &Whole| -> Vec<Entry> {
        let tar = unpacked(whole.bytes(&digest(&whole.layers()[1])), 1 << 16);
        let mut archive = tar::Archive::new(&tar[..]);
        let entries = archive.entries().expect("entries").map(|entry| {
            let mut entry = entry.expect("an entry");
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("content");
            let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
            let records = entry.pax_extensions().expect("records").into_iter().flatten();
            let mut records: Vec<(String, Vec<u8>)> = records
                .map(|record| record.expect("a record"))
                .map(|record| (text(record.key_bytes()), record.value_bytes().to_vec()))
                .collect();
            records.sort();
            Entry {
                path: text(&entry.path_bytes()).trim_end_matches('/').to_owned(),
                kind: entry.header().entry_type().as_byte(),
                link: entry.link_name_bytes().map(|link| text(&link)),
                content,
                records,
            }
        });
        entries.collect()
    };
    let mut theirs = entries(&theirs);
    let link =
        theirs.iter_mut().find_map(|entry| entry.link.as_mut().filter(|_| entry.kind == b'1'));
    let link = link.expect("a hardlink");
    assert_eq!(link, "app/run.exe", "crane is wrong");
    *link = "Files/app/run.exe".to_owned();
    assert_eq!(entries(&ours.whole), theirs);
    judge(&ours, "append/windows/ours");
}
