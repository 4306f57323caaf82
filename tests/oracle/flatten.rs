//! Several layers as one: `crane flatten`. The truth is what umoci unpacks of the image as it was.

use drydock::edit::{Action, LayerEdit, Packing};
use drydock::media_type::MediaType;
use serde_json::json;

use crate::cases::{Case, cases};
use crate::edited::{Product, Work};
use crate::image_support::digest;
use crate::images::{Made, Packed, Types, Whole, index};
use crate::judges::{judge, tree_of, trees};
use crate::layer_support::{dir, file, tar};
use crate::peers;
use crate::tools::crane;
use crate::trees::{assert_same, differences};

fn flatten(range: Option<[usize; 2]>, packing: Packing) -> Action {
    Action::Layers(LayerEdit::Flatten { range, packing })
}

fn ours(base: &Whole, repository: &str, action: Action) -> Product {
    let pinned = base.push(peers::debian(), repository, "base");
    Work::on(base, &pinned, [action]).done()
}

fn theirs(repository: &str) -> Whole {
    let peer = peers::debian();
    crane(&["flatten", &peer.name(repository, "base"), "-t", &peer.name(repository, "crane")]);
    Whole::pull(peer, repository, "crane")
}

#[test]
fn the_tree_is_what_it_was() {
    let peer = peers::debian();
    for case in cases() {
        let name = case.name;
        let repository = format!("flatten/{name}");
        let base = Made::new(&case.layers).make();
        let ours = ours(&base, &repository, flatten(None, Packing::default()));
        let truth = &trees(peer, &repository, "base")["linux/amd64"];
        assert_eq!(ours.whole.layers().len(), 1);
        let judged = judge(&ours, &format!("{repository}/ours"));
        assert_same(truth, &judged["linux/amd64"], name);
        theirs(&repository);
        let crane = tree_of(peer, &repository, "crane").map(|tree| differences(truth, &tree));
        case.check_crane(crane);
    }
}

/// crane can flatten all layers or none.
#[test]
fn a_range_leaves_the_others_as_they_are() {
    let peer = peers::debian();
    for Case { name, layers, .. } in cases().into_iter().filter(|case| case.layers.len() > 1) {
        let repository = format!("flatten-range/{name}");
        let top = tar(&[dir("top/"), file("top/f", "1")]);
        let base = Made::new(&[layers, vec![top.clone(), top]].concat()).make();
        let count = base.layers().len();
        base.push(peer, &repository, "base");
        let truth = &trees(peer, &repository, "base")["linux/amd64"];
        for range in [[2, count - 1], [1, 2]] {
            let [first, last] = range;
            let ours = ours(&base, &repository, flatten(Some(range), Packing::Zstd));
            let (before, after) = (base.layers(), ours.whole.layers());
            assert_eq!(after[..first - 1], before[..first - 1], "{name}");
            assert_eq!(after[first..], before[last..], "{name}");
            assert_eq!(after[first - 1]["mediaType"], MediaType::LAYER_ZSTD);
            let judged = judge(&ours, &format!("{repository}/ours-{first}"));
            assert_same(truth, &judged["linux/amd64"], name);
        }
    }
}

#[test]
fn types_config_and_annotations_stay() {
    for (name, types, packed) in [
        ("oci", Types::Oci, Packed::Gzip),
        ("docker", Types::Docker, Packed::Gzip),
        ("zstd", Types::Oci, Packed::Zstd),
        ("plain", Types::Oci, Packed::Plain),
    ] {
        let repository = format!("flatten-types/{name}");
        let layers = [tar(&[file("a", "1")]), tar(&[file("b", "2")])];
        let manifest = json!({"annotations": {"k": "v"}});
        let base = Made { types, packed, manifest, ..Made::new(&layers) }.make();
        let ours = ours(&base, &repository, flatten(None, Packing::default()));
        let theirs = theirs(&repository);
        let (own, other) = (ours.whole.manifest(), theirs.manifest());
        for field in ["/mediaType", "/config/mediaType", "/annotations"] {
            assert_eq!(own.pointer(field), base.manifest().pointer(field), "{name}: {field}");
            assert_eq!(own.pointer(field), other.pointer(field), "{name}: {field}");
        }
        assert_eq!(own["layers"][0]["mediaType"], other["layers"][0]["mediaType"], "{name}");
        assert_eq!(ours.whole.config()["config"], theirs.config()["config"], "{name}");
        // crane keeps the steps as JSON in the comment of one; here they stay.
        let steps = |whole: &Whole| whole.config()["history"].as_array().map(Vec::len);
        assert_eq!((steps(&ours.whole), steps(&theirs)), (Some(4), Some(1)), "{name}");
        judge(&ours, &format!("{repository}/ours"));
    }
}

/// crane drops the attestation of an index.
#[test]
fn every_platform_of_an_index() {
    let layers = [tar(&[file("a", "1"), file("b", "2")]), tar(&[file(".wh.a", "")])];
    let base = index(&[Made::new(&layers), Made { platform: "linux/arm64", ..Made::new(&layers) }]);
    let ours = ours(&base, "flatten/index", flatten(None, Packing::default()));
    let theirs = theirs("flatten/index");
    let entries = |whole: &Whole| whole.manifest()["manifests"].as_array().map(Vec::len);
    assert_eq!((entries(&base), entries(&ours.whole)), (Some(3), Some(3)));
    assert_eq!(entries(&theirs), Some(2), "crane is wrong");
    let flat = |platform: &str| digest(&ours.whole.of(platform).layers()[0]);
    assert_eq!(flat("linux/amd64"), flat("linux/arm64"), "one layer for both");
    for tree in judge(&ours, "flatten/index/ours").values() {
        assert_eq!(tree.keys().collect::<Vec<_>>(), ["b"]);
    }
}
