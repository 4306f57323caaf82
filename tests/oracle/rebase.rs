//! One base for another: `crane rebase`.

use drydock::edit::{Action, Base, Draft, Edit, Rebase};
use drydock::media_type::MediaType;
use serde_json::{Value, json};

use crate::edited::{Product, Work};
use crate::images::{Made, Packed, Types, Whole, index};
use crate::judges::{judge, tree_of};
use crate::layer_support::{file, tar};
use crate::peers;
use crate::tools::{crane, crane_refuses};
use crate::trees::assert_same;

const NAME: &str = "org.opencontainers.image.base.name";
const DIGEST: &str = "org.opencontainers.image.base.digest";

/// A layer with one file, and no other content than its name.
fn layer(name: &str) -> Vec<u8> {
    tar(&[file(name, name)])
}

fn made(layers: &[&str]) -> Made {
    Made::new(&layers.iter().map(|name| layer(name)).collect::<Vec<_>>())
}

/// An old base, a new one, and an image of the old one.
struct Three {
    old: Whole,
    new: Whole,
    image: Whole,
}

impl Three {
    /// What comes of it here.
    fn ours(&self, repository: &str, env: bool) -> Product {
        let peer = peers::debian();
        let rebase = Rebase {
            old: self.old.push(peer, repository, "old"),
            new: self.new.push(peer, repository, "new"),
            env,
        };
        let pinned = self.image.push(peer, repository, "image");
        let edits = vec![Edit::all(Action::Rebase(rebase))];
        let draft = Draft { edits, ..Draft::new(Base::Image(pinned)) };
        let work = Work { base: Some(&self.image), ..Work::of(draft) };
        work.with_images(&[&self.old, &self.new]).done()
    }
}

/// What comes of it with crane, after [`Three::ours`] has pushed all.
fn theirs(repository: &str) -> Whole {
    let peer = peers::debian();
    let name = |tag: &str| peer.name(repository, tag);
    let (image, old, new, to) = (name("image"), name("old"), name("new"), name("crane"));
    crane(&["rebase", &image, "--old_base", &old, "--new_base", &new, "-t", &to]);
    Whole::pull(peer, repository, "crane")
}

#[test]
fn layers_are_the_same_and_more_is_kept() {
    for (name, types) in [("oci", Types::Oci), ("docker", Types::Docker)] {
        let repository = format!("rebase/{name}");
        let with = |layers: &[&str]| Made { types, platform: "linux/arm64/v8", ..made(layers) };
        let mut app = with(&["o1", "o2", "app1", "app2"]);
        app.manifest = json!({"annotations": {"k": "v"}});
        app.config["os.features"] = json!(["f"]);
        let three = Three {
            old: with(&["o1", "o2"]).make(),
            new: with(&["n1", "n2", "n3"]).make(),
            image: app.make(),
        };
        let ours = three.ours(&repository, false);
        let theirs = theirs(&repository);
        assert_eq!(ours.whole.layers(), theirs.layers(), "{name}");
        let (own, other) = (ours.whole.config(), theirs.config());
        for field in ["rootfs", "config", "history", "os", "architecture"] {
            assert_eq!(own[field], other[field], "{name}: {field}");
        }
        // crane builds the result from nothing, with Docker's types, and forgets the rest.
        assert_eq!(theirs.manifest()["mediaType"], MediaType::DOCKER_MANIFEST);
        assert_eq!(ours.whole.media_type(), three.image.media_type());
        for field in ["author", "created", "variant", "os.features"] {
            assert_eq!(own[field], three.image.config()[field], "{name}: {field}");
            assert_ne!(own[field], other[field], "crane is wrong: {field}");
        }
        let (own, other) = (ours.whole.manifest(), theirs.manifest());
        for annotation in [NAME, DIGEST] {
            assert_eq!(own["annotations"][annotation], other["annotations"][annotation], "{name}");
        }
        assert_eq!((&own["annotations"]["k"], other["annotations"].get("k")), (&json!("v"), None));
        let judged = judge(&ours, &format!("{repository}/ours"));
        match tree_of(peers::debian(), &repository, "crane") {
            Ok(tree) => assert_same(&judged["linux/arm64/v8"], &tree, name),
            // Layers of OCI's types in a manifest of Docker's.
            Err(why) => {
                assert_eq!(name, "oci", "{why}");
                assert!(
                    why.contains("unsupported docker v2s2 media type"),
                    "crane is wrong: {why}"
                );
            }
        }
    }
}

/// Without a history crane drops the first layer that is not the base's.
#[test]
fn no_layer_is_lost_without_a_history() {
    let bare = |layers: &[&str]| Made { history: Some(json!(null)), ..made(layers) }.make();
    let three = Three { old: bare(&["o"]), new: bare(&["n"]), image: bare(&["o", "app1", "app2"]) };
    let ours = three.ours("rebase/bare", false);
    let theirs = theirs("rebase/bare");
    let lost = theirs.layers();
    assert_eq!(
        lost,
        [&three.new.layers()[..], &three.image.layers()[2..]].concat(),
        "crane is wrong"
    );
    assert_eq!(ours.whole.layers(), [&three.new.layers()[..], &three.image.layers()[1..]].concat());
    let tree = &judge(&ours, "rebase/bare/ours")["linux/amd64"];
    assert_eq!(tree.keys().collect::<Vec<_>>(), ["app1", "app2", "n"]);
}

/// crane: "rebasing an index is not yet supported".
#[test]
fn every_platform_of_an_index() {
    let both = |layers: &[&str]| {
        index(&[made(layers), Made { platform: "linux/arm64/v8", ..made(layers) }])
    };
    let three = Three { old: both(&["o"]), new: both(&["n"]), image: both(&["o", "app"]) };
    let ours = three.ours("rebase/index", false);
    let peer = peers::debian();
    let name = |tag: &str| peer.name("rebase/index", tag);
    let (image, old, new) = (name("image"), name("old"), name("new"));
    let why = crane_refuses(&["rebase", &image, "--old_base", &old, "--new_base", &new]);
    assert!(why.contains("not yet supported"), "{why}");
    for platform in ["linux/amd64", "linux/arm64/v8"] {
        let base = three.new.of(platform);
        let image = ours.whole.of(platform);
        let expected = [base.layers(), three.image.of(platform).layers()[1..].to_vec()].concat();
        assert_eq!(image.layers(), expected, "{platform}");
        assert_eq!(image.manifest()["annotations"], json!({NAME: new, DIGEST: base.digest()}));
    }
    let annotations = json!({NAME: new, DIGEST: three.new.digest()});
    assert_eq!(ours.whole.manifest()["annotations"], annotations);
    for tree in judge(&ours, "rebase/index/ours").values() {
        assert_eq!(tree.keys().collect::<Vec<_>>(), ["app", "n"]);
    }
}

/// A base that somebody has packed in another way since: crane compares digests only.
#[test]
fn a_base_that_was_packed_anew() {
    let three = Three {
        old: Made { packed: Packed::Zstd, ..made(&["o"]) }.make(),
        new: made(&["n"]).make(),
        image: made(&["o", "app"]).make(),
    };
    let ours = three.ours("rebase/packed", false);
    let peer = peers::debian();
    let name = |tag: &str| peer.name("rebase/packed", tag);
    let (image, old, new) = (name("image"), name("old"), name("new"));
    let why = crane_refuses(&["rebase", &image, "--old_base", &old, "--new_base", &new]);
    assert!(why.contains("is not based on"), "{why}");
    assert_eq!(ours.rules(), ["edit.base-packed-anew"]);
    let tree = &judge(&ours, "rebase/packed/ours")["linux/amd64"];
    assert_eq!(tree.keys().collect::<Vec<_>>(), ["app", "n"]);
}

/// crane leaves the environment of the old base in the image.
#[test]
fn the_environment_of_the_base() {
    let with = |layers: &[&str], env: Value| {
        let mut made = made(layers);
        made.config["config"]["Env"] = env;
        made.make()
    };
    let three = Three {
        old: with(&["o"], json!(["PATH=/bin", "VERSION=1", "GONE=1"])),
        new: with(&["n"], json!(["PATH=/bin", "VERSION=2"])),
        image: with(&["o", "app"], json!(["PATH=/app:/bin", "VERSION=1", "GONE=1", "OWN=1"])),
    };
    let ours = three.ours("rebase/env", true);
    let env = |whole: &Whole| whole.config()["config"]["Env"].clone();
    assert_eq!(env(&theirs("rebase/env")), env(&three.image), "crane changes nothing");
    assert_eq!(env(&ours.whole), json!(["PATH=/app:/bin", "VERSION=2", "OWN=1"]));
    judge(&ours, "rebase/env/ours");
}
