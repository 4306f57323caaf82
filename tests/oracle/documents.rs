//! Indexes and media types: `crane index`, `skopeo copy --format`.

use drydock::edit::{
    Action, Base, Draft, Edit, Family, IndexEdit, LayerEdit, Packing, Pinned, TimeRule, Which,
};
use drydock::media_type::MediaType;
use serde_json::{Value, json};

use crate::archive_support::read_descriptor;
use crate::edited::{Product, Work};
use crate::images::{Made, Types, Whole, index};
use crate::judges::{judge, trees};
use crate::layer_support::{Head, dir, file, symlink, tar};
use crate::peers;
use crate::tools::{crane, run};
use crate::trees::assert_same;

fn made(platform: &'static str) -> Made {
    Made { platform, ..Made::new(&[tar(&[dir("d/"), file("d/f", platform)])]) }
}

fn entries(whole: &Whole) -> Vec<Value> {
    whole.manifest()["manifests"].as_array().expect("an index").clone()
}

#[test]
fn an_index_of_images() {
    let (peer, name) = (peers::debian(), "documents/append");
    let images = ["linux/amd64", "linux/arm64/v8"].map(|platform| made(platform).make());
    let tags = ["one", "two"];
    let pinned: Vec<Pinned> =
        images.iter().zip(tags).map(|(image, tag)| image.push(peer, name, tag)).collect();
    let [one, two] = tags.map(|tag| peer.name(name, tag));
    crane(&["index", "append", "-m", &one, "-m", &two, "-t", &peer.name(name, "crane")]);
    let theirs = Whole::pull(peer, name, "crane");
    let edits = images.iter().zip(&pinned).map(|(image, pinned)| {
        let descriptor = Box::new(read_descriptor(&image.root));
        Edit::all(Action::Index(IndexEdit::Add { descriptor, from: Some(pinned.clone()) }))
    });
    let draft =
        Draft { edits: edits.collect(), ..Draft::new(Base::EmptyIndex { family: Family::Oci }) };
    let ours = Work::of(draft).with_images(&[&images[0], &images[1]]).done();
    let mut other = entries(&theirs);
    for entry in &mut other {
        // Images are no artifacts: crane says the type of their config where that of one belongs.
        let removed = entry.as_object_mut().expect("a descriptor").shift_remove("artifactType");
        assert_eq!(removed, Some(json!(MediaType::CONFIG)));
    }
    assert_eq!(entries(&ours.whole), other);
    judge(&ours, "documents/append/ours");
}

/// crane takes the attestation away with what is filtered out.
#[test]
fn some_platforms_of_an_index() {
    let (peer, name) = (peers::debian(), "documents/filter");
    let base = index(&[made("linux/amd64"), made("linux/arm64/v8"), made("linux/riscv64")]);
    let pinned = base.push(peer, name, "base");
    let (from, to) = (peer.name(name, "base"), peer.name(name, "crane"));
    let flags = ["--platform", "linux/amd64", "--platform", "linux/arm64"];
    crane(&[&["index", "filter", &from, "-t", &to][..], &flags].concat());
    let theirs = Whole::pull(peer, name, "crane");
    let platforms = ["linux/amd64", "linux/arm64"].map(|text| text.parse().expect("a platform"));
    let filter = IndexEdit::Filter { platforms: platforms.to_vec() };
    let ours = Work::on(&base, &pinned, [Action::Index(filter)]).done();
    let before = entries(&base);
    assert_eq!(entries(&theirs), before[..2], "crane is wrong");
    assert_eq!(entries(&ours.whole), [&before[..2], &before[3..]].concat());
    judge(&ours, "documents/filter/ours");
}

fn converted(base: &Whole, name: &str, to: Family) -> Product {
    let pinned = base.push(peers::debian(), name, "base");
    Work::on(base, &pinned, [Action::Convert { to }]).done()
}

/// skopeo converts into the same types, and there is a way back to the same digest.
#[test]
fn from_oci_to_docker_and_back() {
    let (peer, name) = (peers::debian(), "documents/convert");
    let base = made("linux/amd64").make();
    let docker = converted(&base, name, Family::Docker);
    let from = format!("docker://{}", peer.name(name, "base"));
    let to = format!("docker://{}", peer.name(name, "skopeo"));
    let how = ["--src-tls-verify=false", "--dest-tls-verify=false", "--format", "v2s2"];
    let copy = ["--insecure-policy", "copy", "--quiet"];
    run("skopeo", copy.iter().chain(&how).chain([&&*from, &&*to]));
    let theirs = Whole::pull(peer, name, "skopeo");
    assert_eq!(docker.whole.manifest(), theirs.manifest());
    assert_eq!(docker.whole.media_type(), MediaType::new(MediaType::DOCKER_MANIFEST));
    judge(&docker, "documents/convert/docker");
    let oci = converted(&docker.whole, "documents/convert/docker", Family::Oci);
    assert_eq!(oci.whole.digest(), base.digest());
    judge(&oci, "documents/convert/oci");
    let made = Made { types: Types::Docker, ..made("linux/amd64") };
    assert_eq!(docker.whole.manifest(), made.make().manifest());
}

/// Layers that are written anew have the tree that they had, but for what was asked.
#[test]
fn layers_written_anew() {
    let (peer, name) = (peers::debian(), "documents/layers");
    let late = Head::new("d/late", b'0').mtime(1_700_000_000).with(b"1");
    let lower = tar(&[dir("d/"), late, file("d/secret", "2"), symlink("l", "d")]);
    let upper = tar(&[dir("d/"), file("d/more", "3"), file("d/.wh.late", "")]);
    let base = Made::new(&[lower.clone(), upper]).make();
    let pinned = base.push(peer, name, "base");
    let all = || Which::All;
    let truth = trees(peer, name, "base").remove("linux/amd64").expect("a tree");
    let strip =
        |path: &str| LayerEdit::Strip { paths: vec![path.into()], layers: all(), packing: None };
    let time = "2020-01-01T00:00:00Z".parse().expect("a time");
    let times = |rule| LayerEdit::Times { rule, layers: all(), config: true, packing: None };
    let pack = |packing| LayerEdit::Recompress { packing, layers: all() };
    for (what, edit, expected) in [
        ("gzip", pack(Packing::Gzip { level: 9 }), truth.clone()),
        ("zstd", pack(Packing::Zstd), truth.clone()),
        ("plain", pack(Packing::None), truth.clone()),
        ("strip", strip("d/secret"), {
            let mut tree = truth.clone();
            tree.remove("d/secret");
            tree
        }),
        ("strip-nothing", strip("nothing"), truth.clone()),
        ("times", times(TimeRule::Set(time)), {
            let mut tree = truth.clone();
            for line in tree.values_mut().filter(|line| !line.starts_with("symlink")) {
                *line = line.replacen(" 0:0 0 ", " 0:0 1577836800 ", 1);
            }
            tree
        }),
        ("clamp", times(TimeRule::Clamp(time)), truth),
        ("remove", LayerEdit::Remove { layer: 2 }, {
            let image = Made::new(std::slice::from_ref(&lower)).make();
            image.push(peer, name, "lower");
            trees(peer, name, "lower").remove("linux/amd64").expect("a tree")
        }),
    ] {
        let ours = Work::on(&base, &pinned, [Action::Layers(edit)]).done();
        let judged = judge(&ours, &format!("{name}/{what}"));
        assert_same(&judged["linux/amd64"], &expected, what);
        let same_tars = matches!(what, "gzip" | "zstd" | "plain" | "strip-nothing");
        let diff_ids = |whole: &Whole| whole.config()["rootfs"]["diff_ids"].clone();
        assert_eq!(diff_ids(&ours.whole) == diff_ids(&base), same_tars, "{what}");
        if what == "strip-nothing" {
            assert_eq!(ours.whole.layers(), base.layers());
        }
    }
}
