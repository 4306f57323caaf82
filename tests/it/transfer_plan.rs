//! What there is to do, before anything is done.

use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::transfer::{
    Before, Blob, Options, Origin, Plan, PlanError, Step, TagAction, Totals, Unusable, Wanted, plan,
};
use drydock_registry::{Action, Rule};
use insta::assert_snapshot;
use serde_json::json;

use crate::peer::{Peer, Waits};
use crate::registry_script::run;
use crate::transfer_support::{
    Made, Shelf, carried_out, digest_of, document, example, outline, place, planned, pushed,
    repository, tag, tagged,
};

#[test]
fn everything_in_order_and_nothing_is_sent() {
    let (made, peer) = (example(), Peer::new());
    let plan = planned(&made.wanted("v1"), &peer.registry(), "app").expect("plan");
    assert_snapshot!(outline(&plan), @r"
    blob application/vnd.oci.image.layer.v1.tar: upload 9000 bytes
    blob application/vnd.oci.image.layer.v1.tar: upload 5000 bytes
    blob application/vnd.oci.image.layer.v1.tar: upload 300 bytes
    blob application/spdx+json: upload 32 bytes
    blob application/vnd.oci.image.config.v1+json: upload 19 bytes
    blob application/vnd.oci.image.config.v1+json: upload 18 bytes
    blob application/vnd.oci.empty.v1+json: upload 2 bytes
    manifest application/vnd.oci.image.manifest.v1+json: put
    manifest application/vnd.oci.image.manifest.v1+json: put
    manifest application/vnd.oci.image.index.v1+json: put
    manifest application/vnd.oci.image.manifest.v1+json (referrer): put
    list of 1 referrers: by the registry
    tag v1: set, was none
    ");
    for sent in peer.sent() {
        assert!(matches!(&*sent.method, "HEAD" | "GET"), "{sent:?}");
    }
    assert_eq!(peer.most_at_once(), 4);
    let totals = Totals {
        uploads: 7,
        upload_bytes: 9000 + 5000 + 300 + 32 + 19 + 18 + 2,
        manifests: 4,
        tags: 1,
        ..Totals::default()
    };
    assert_eq!(plan.totals(), totals);
    assert_eq!(plan.plain_layers(), (3, 9000 + 5000 + 300));
}

#[test]
fn what_the_target_has_is_not_in_the_totals() {
    let (made, peer) = (example(), Peer::new());
    let registry = peer.registry();
    pushed(&made.wanted("v1"), &registry, "app", &Shelf::of(&made));
    let plan = planned(&made.wanted("v1"), &registry, "app").expect("plan");
    assert!(plan.is_done());
    assert_eq!(plan.totals().existing, 7);
    assert_eq!(plan.totals().upload_bytes, 0);
    assert_eq!(plan.plain_layers(), (0, 0));
    let again = planned(&made.wanted("v2"), &registry, "app").expect("plan");
    assert!(!again.is_done());
    assert_eq!((again.totals().tags, again.totals().manifests), (1, 0));
}

#[test]
fn blobs_of_the_same_registry_are_mounted_and_others_are_not() {
    let (made, peer) = (example(), Peer::new());
    let (registry, other) = (peer.registry(), peer.registry_at("other.example"));
    made.install(&peer, "base", "v1");
    let mut wanted = made.wanted("v1");
    for (number, blob) in wanted.blobs.iter_mut().enumerate() {
        let place = match number % 3 {
            0 => place(&registry, "base"),
            1 => place(&other, "base"),
            // The target itself, which has lost it.
            _ => place(&registry, "app"),
        };
        blob.origin = Origin::Repository(place);
    }
    let totals = planned(&wanted, &registry, "app").expect("plan").totals();
    assert_eq!((totals.mounts, totals.uploads), (3, 4));
}

#[test]
fn u10_layers_that_may_not_be_given_on_are_left_out() {
    for media_type in [
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    ] {
        let (peer, mut made) = (Peer::new(), Made::default());
        let registry = peer.registry();
        let config = made.blob(MediaType::CONFIG, "{}");
        let foreign = made.blob(media_type, "of somebody else");
        let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
            "config": config, "layers": [foreign]});
        made.document(&manifest);
        let wanted = made.wanted("v1");
        let totals = planned(&wanted, &registry, "app").expect("plan").totals();
        assert_eq!((totals.foreign, totals.uploads, totals.upload_bytes), (1, 1, 2));
        let options = Options { foreign: true, ..Options::default() };
        let pace = Waits::default();
        let all = run(plan(&wanted, &registry, &repository("app"), options, &pace));
        assert_eq!(all.expect("plan").totals().uploads, 2);
        let shelf = Shelf::of(&made);
        pushed(&wanted, &registry, "app", &shelf);
        assert_eq!(shelf.asked.borrow().len(), 1, "the foreign layer is not even asked for");
    }
}

/// The only tag's step.
fn tag_step(plan: &Plan) -> &drydock::transfer::TagStep {
    let step = plan.steps.iter().find_map(|step| match step {
        Step::Tag(step) => Some(step),
        _ => None,
    });
    step.expect("a tag")
}

#[test]
fn what_a_tag_was_is_said_before_it_is_overwritten() {
    let peer = Peer::new();
    let registry = peer.registry();
    let (mut old, mut new) = (Made::default(), Made::default());
    old.image("old", &[10]);
    new.image("new", &[10]);
    old.install(&peer, "app", "v1");
    let old_digest = old.documents[0].digest().clone();
    let plan_of = |made: &Made, keep_tags| {
        let options = Options { keep_tags, ..Options::default() };
        let wanted = made.wanted("v1");
        run(plan(&wanted, &registry, &repository("app"), options, &Waits::default())).expect("plan")
    };
    for (made, keep, before, action) in [
        (&old, false, Before::Same, TagAction::Exists),
        (&old, true, Before::Same, TagAction::Exists),
        (&new, false, Before::Other(old_digest.clone()), TagAction::Set),
        (&new, true, Before::Other(old_digest), TagAction::Keep),
    ] {
        let plan = plan_of(made, keep);
        let step = tag_step(&plan);
        assert_eq!((&step.before, step.action), (&before, action));
    }
    assert_eq!(plan_of(&new, false).totals().overwritten, 1);
    assert_eq!(plan_of(&new, true).totals().overwritten, 0);
}

#[test]
fn tags_are_known_where_head_is_not_or_says_nothing() {
    let mut made = Made::default();
    made.image("a", &[10]);
    let head = |action| Rule {
        method: Some("HEAD".to_owned()),
        path: Some("*/manifests/*".to_owned()),
        ..Rule::new([action])
    };
    let none = Action::Headers([("Docker-Content-Digest".to_owned(), None)].into());
    let refused =
        Action::Answer { status: 405, headers: Default::default(), body: serde_json::Value::Null };
    for action in [none, refused] {
        let peer = Peer::under_rules([head(action)]);
        made.install(&peer, "app", "v1");
        let plan = planned(&made.wanted("v1"), &peer.registry(), "app").expect("plan");
        assert_eq!(tag_step(&plan).action, TagAction::Exists);
        let plan = planned(&made.wanted("v2"), &peer.registry(), "app").expect("plan");
        assert_eq!(tag_step(&plan).action, TagAction::Set);
    }
}

#[test]
fn what_is_nowhere_to_be_had_is_said_at_once() {
    let (made, peer) = (example(), Peer::new());
    let registry = peer.registry();
    let whole = made.wanted("v1");
    let layer = &whole.blobs.iter().find(|blob| blob.descriptor.size == 9000).expect("layer");
    let lost = layer.descriptor.digest.clone();
    let without = |digest: &Digest| {
        let mut wanted = whole.clone();
        wanted.blobs.retain(|blob| blob.descriptor.digest != *digest);
        wanted.documents.retain(|document| document.digest() != digest);
        wanted
    };
    let error = planned(&without(&lost), &registry, "app").expect_err("no bytes");
    assert!(matches!(&error, PlanError::NoOrigin { digest, .. } if *digest == lost), "{error}");
    let child = made.documents[0].digest().clone();
    let error = planned(&without(&child), &registry, "app").expect_err("no child");
    assert!(matches!(&error, PlanError::NoDocument { digest, .. } if *digest == child), "{error}");
    let mut wanted = whole.clone();
    let unknown = Digest::sha256(b"unknown");
    wanted.tags.push((tag("other"), unknown));
    let error = planned(&wanted, &registry, "app").expect_err("no document");
    assert!(error.to_string().contains("other stands for"), "{error}");

    // The target has it, so it need not be supplied.
    pushed(&whole, &registry, "app", &Shelf::of(&made));
    assert!(planned(&without(&lost), &registry, "app").expect("plan").is_done());
    assert!(planned(&without(&child), &registry, "app").expect("plan").is_done());
}

#[test]
fn documents_that_can_not_be_followed_are_refused() {
    let peer = Peer::new();
    let manifest = json!({"schemaVersion": 2, "mediaType": MediaType::INDEX,
        "manifests": [{"mediaType": "a/b", "digest": "sha256:0", "size": 1}]});
    let wanted = Wanted { documents: vec![document(&manifest)], ..Wanted::default() };
    let error = planned(&wanted, &peer.registry(), "app").expect_err("unreadable");
    let unreadable = Unusable::Unreadable;
    assert!(matches!(&error, PlanError::Unusable { problem, .. } if *problem == unreadable));
    assert!(peer.sent().is_empty());
}

#[test]
fn a_config_among_the_documents_is_sent_as_a_blob() {
    let mut made = Made::default();
    made.image("a", &[10]);
    let mut wanted = made.wanted("v1");
    let is_config = |blob: &Blob| blob.descriptor.media_type.as_str() == MediaType::CONFIG;
    let config = wanted.blobs.iter().position(is_config).expect("config");
    let config = wanted.blobs.remove(config);
    let bytes = &made.blobs[&config.descriptor.digest].1;
    let value: serde_json::Value = serde_json::from_slice(bytes).expect("json");
    let (digest, verified) = drydock::descriptor::identify(bytes.clone());
    let media_type = MediaType::new(MediaType::CONFIG);
    wanted.documents.push(drydock::document::Document::new(&verified, digest, media_type, value));
    let peer = Peer::new();
    let (registry, shelf) = (peer.registry(), Shelf::of(&made));
    pushed(&wanted, &registry, "app", &shelf);
    assert!(!shelf.asked.borrow().contains(&config.descriptor.digest), "it was in memory");
    assert_eq!(peer.count("PUT", "/manifests/"), 2, "the manifest and its tag");
}

#[test]
fn the_order_does_not_depend_on_that_of_what_is_wanted() {
    let (mut made, peer) = (example(), Peer::new());
    let sbom = made.documents.last().expect("sbom").descriptor();
    made.artifact("application/x-signature", &json!(sbom));
    let registry = peer.registry();
    let wanted = made.wanted("v1");
    let mut other = wanted.clone();
    other.documents.reverse();
    other.blobs.reverse();
    let first = planned(&wanted, &registry, "app").expect("plan");
    let second = planned(&other, &registry, "app").expect("plan");
    let blobs = |plan: &Plan| {
        let blob = |step: &Step| match step {
            Step::Blob(step) => Some(step.descriptor.digest.clone()),
            _ => None,
        };
        plan.steps.iter().filter_map(blob).collect::<Vec<_>>()
    };
    assert_eq!(blobs(&first), blobs(&second));
    for plan in [first, second] {
        let mut seen = Vec::new();
        for step in &plan.steps {
            let Step::Manifest(step) = step else { continue };
            assert!(step.needs.iter().all(|need| seen.contains(need)), "children first");
            assert!(step.subject.iter().all(|subject| seen.contains(subject)), "subjects first");
            seen.push(step.document.digest().clone());
        }
    }
}

#[test]
fn lists_of_referrers_where_the_registry_keeps_none() {
    let (made, peer) = (example(), Peer::new());
    let registry = peer.registry();
    let wanted = made.wanted("v1");
    let plan = planned(&wanted, &registry, "fault/no-subject/app").expect("plan");
    assert!(outline(&plan).contains("list of 1 referrers: update"), "{}", outline(&plan));
    pushed(&wanted, &registry, "fault/no-subject/app", &Shelf::of(&made));
    let plan = planned(&wanted, &registry, "fault/no-subject/app").expect("plan");
    assert!(outline(&plan).contains("list of 1 referrers: exists"), "{}", outline(&plan));
}

/// Registries, and what stands before them, deny what does not exist, or every HEAD: it means
/// "send it", and the copy is carried out.
#[test]
fn b6_an_existence_check_that_is_denied_ends_no_plan() {
    let made = example();
    for (method, status) in
        [("HEAD", 403), ("HEAD", 404), ("HEAD", 400), ("HEAD", 405), ("HEAD", 501), ("GET", 403)]
    {
        let denied = |path: &str| Rule {
            method: Some(method.to_owned()),
            path: Some(path.to_owned()),
            ..Rule::new([Action::Answer {
                status,
                headers: Default::default(),
                body: serde_json::Value::Null,
            }])
        };
        let peer = Peer::under_rules([denied("*/manifests/*"), denied("*/blobs/sha256*")]);
        let registry = peer.registry();
        let plan = planned(&made.wanted("v1"), &registry, "app");
        let plan = plan.unwrap_or_else(|error| panic!("{method} {status}: {error}"));
        assert_eq!(plan.totals().uploads, 7, "{method} {status}");
        carried_out(&plan, &registry, &Shelf::of(&made), &|_| {})
            .unwrap_or_else(|error| panic!("{method} {status}: {error}"));
        let sound = Peer::over(peer.store.clone(), drydock_registry::Faults::examples());
        let there = digest_of(&sound.registry(), "app", &tagged("v1"));
        assert!(there.is_some(), "{method} {status}");
    }
}

/// A login that is asked for is another thing than "there is none".
#[test]
fn b6_a_login_is_asked_for_before_anything_is_planned() {
    let made = example();
    let answer =
        Action::Answer { status: 401, headers: Default::default(), body: serde_json::Value::Null };
    let peer = Peer::under_rules([Rule::new([answer])]);
    let error = planned(&made.wanted("v1"), &peer.registry(), "app").expect_err("a login");
    assert!(
        matches!(&error, PlanError::Target(inner) if inner.code() == "unauthorized"),
        "{error}"
    );
}
