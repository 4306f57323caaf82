//! More tags, fewer tags, and what registries let one delete.

use std::rc::Rc;

use drydock::digest::Digest;
use drydock::reference::{Tag, Target};
use drydock::registry::Registry;
use drydock::transfer::tag::{self, Deletion};
use drydock::transfer::{Before, DeleteError, Step, TagAction};

use crate::peer::{Peer, Waits};
use crate::registry_script::run;
use crate::transfer_support::{
    Made, Shelf, carried_out, digest_of, example, planned, pushed, repository, tag as named, tagged,
};

fn two_images(peer: &Peer) -> (Digest, Digest) {
    let (mut old, mut new) = (Made::default(), Made::default());
    old.image("old", &[10]);
    new.image("new", &[10]);
    for name in ["v1", "stable"] {
        old.install(peer, "app", name);
    }
    new.install(peer, "app", "v2");
    (old.documents[0].digest().clone(), new.documents[0].digest().clone())
}

fn names(tags: &[Tag]) -> Vec<&str> {
    tags.iter().map(Tag::as_str).collect()
}

fn look(registry: &Registry<Rc<Peer>>, name: &str, target: &Target) -> Deletion {
    let found = run(tag::plan_deletion(registry, &repository(name), target, &Waits::default()));
    found.expect("a plan")
}

fn delete(
    registry: &Registry<Rc<Peer>>,
    name: &str,
    deletion: &Deletion,
) -> Result<(), DeleteError> {
    run(tag::delete(registry, &repository(name), deletion, &Waits::default()))
}

#[test]
fn several_tags_at_once_are_the_same_bytes_again() {
    let peer = Peer::new();
    let (old, new) = two_images(&peer);
    let registry = peer.registry();
    let source = registry.repository(repository("app"));
    let tags = ["v1.0", "v1", "v2"].map(named);
    let wanted = run(tag::tags(&source, &tagged("v1"), &tags)).expect("wanted");
    let plan = planned(&wanted, &registry, "app").expect("plan");
    let steps: Vec<_> = plan
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Tag(step) => Some((step.tag.as_str(), step.before.clone(), step.action)),
            _ => None,
        })
        .collect();
    let expected = [
        ("v1", Before::Same, TagAction::Exists),
        ("v1.0", Before::None, TagAction::Set),
        ("v2", Before::Other(new), TagAction::Set),
    ];
    assert_eq!(steps, expected);
    peer.forget();
    carried_out(&plan, &registry, &Shelf::default(), &|_| {}).expect("carried out");
    assert_eq!((peer.count("PUT", ""), peer.count("POST", "")), (2, 0));
    for tag in ["v1.0", "v1", "v2", "stable"] {
        assert_eq!(digest_of(&registry, "app", &tagged(tag)).as_ref(), Some(&old), "{tag}");
    }
}

#[test]
fn a_tag_goes_alone_and_a_digest_with_all_its_tags() {
    let peer = Peer::new();
    let (old, new) = two_images(&peer);
    let registry = peer.registry();
    let deletion = look(&registry, "app", &tagged("v1"));
    assert_eq!((names(&deletion.tags), &deletion.digest), (vec!["v1"], &old));
    assert_eq!(delete(&registry, "app", &deletion), Ok(()));
    assert_eq!(digest_of(&registry, "app", &tagged("v1")), None);
    assert_eq!(digest_of(&registry, "app", &tagged("stable")), Some(old.clone()));

    named_again(&peer, "app");
    let deletion = look(&registry, "app", &Target::Digest(old));
    assert_eq!(names(&deletion.tags), ["again", "stable"]);
    assert!(!deletion.more_tags);
    assert_eq!(delete(&registry, "app", &deletion), Ok(()));
    assert_eq!(digest_of(&registry, "app", &tagged("stable")), None);
    assert_eq!(digest_of(&registry, "app", &tagged("v2")), Some(new));
}

fn named_again(peer: &Peer, repository: &str) {
    let mut old = Made::default();
    old.image("old", &[10]);
    old.install(peer, repository, "again");
}

#[test]
fn what_a_registry_does_not_delete_is_said_with_what_else_there_is() {
    let peer = Peer::new();
    let (old, _) = two_images(&peer);
    let registry = peer.registry();
    for fault in ["no-tag-delete", "no-delete"] {
        let name = format!("fault/{fault}/app");
        let deletion = look(&registry, &name, &tagged("v1"));
        let error = delete(&registry, &name, &deletion).expect_err("refused");
        assert_eq!(
            error.to_string(),
            format!(
                "The registry does not delete tags, so v1 stays. Deleting the manifest {old} would \
                 remove all its tags: stable, v1."
            )
        );
        assert!(matches!(&error, DeleteError::TagsStay { with_it, .. } if with_it.len() == 2));
        let deletion = look(&registry, &name, &tagged("v2"));
        let text = delete(&registry, &name, &deletion).expect_err("refused").to_string();
        assert!(text.ends_with("would remove it; it has no other tag."), "{text}");
    }
    let name = "fault/no-delete/app";
    let deletion = look(&registry, name, &Target::Digest(old.clone()));
    assert_eq!(names(&deletion.tags), ["stable", "v1"]);
    let error = delete(&registry, name, &deletion).expect_err("refused");
    assert!(matches!(&error, DeleteError::ManifestsStay { digest, .. } if *digest == old));
    assert!(error.to_string().contains("does not delete manifests"), "{error}");
    assert_eq!(digest_of(&registry, "app", &tagged("v1")), Some(old));
}

#[test]
fn failures_are_no_refusals() {
    let peer = Peer::new();
    two_images(&peer);
    let registry = peer.registry();
    let missing = Target::Digest(Digest::sha256(b"missing"));
    let error = run(tag::plan_deletion(&registry, &repository("app"), &missing, &Waits::default()));
    assert!(error.expect_err("missing").is_not_found());
    let deletion = look(&registry, "app", &tagged("v1"));
    assert_eq!(delete(&registry, "app", &deletion), Ok(()));
    let error = delete(&registry, "app", &deletion).expect_err("gone already");
    assert!(matches!(&error, DeleteError::Target(error) if error.is_not_found()), "{error}");
}

#[test]
fn a_referrer_that_goes_leaves_the_list_too() {
    for fault in ["none", "no-subject"] {
        let (made, peer) = (example(), Peer::new());
        let (registry, name) = (peer.registry(), format!("fault/{fault}/app"));
        let wanted = made.wanted("v1");
        pushed(&wanted, &registry, &name, &Shelf::of(&made));
        let root = wanted.tags[0].1.clone();
        let listed = || {
            let found = run(registry.referrers(&repository(&name), &root, None));
            found.expect("list").descriptors.into_iter().map(|d| d.digest).collect::<Vec<_>>()
        };
        let sbom = made.documents.last().expect("sbom").digest().clone();
        assert_eq!(listed(), std::slice::from_ref(&sbom), "{fault}");
        let image = look(&registry, &name, &Target::Digest(root.clone()));
        assert_eq!(
            image.referrers,
            std::slice::from_ref(&sbom),
            "{fault}: it would refer to nothing"
        );
        let deletion = look(&registry, &name, &Target::Digest(sbom));
        assert_eq!(deletion.subject, Some(root.clone()));
        assert_eq!(delete(&registry, &name, &deletion), Ok(()), "{fault}");
        assert!(listed().is_empty(), "{fault}");
    }
}
