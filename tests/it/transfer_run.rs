//! Plans that are carried out, stopped in the middle, and made anew.

use std::cell::RefCell;
use std::collections::BTreeMap;

use drydock::registry::Error;
use drydock::registry::auth::Credentials;
use drydock::transfer::{BlobAction, Event, Origin, Outcome, Plan, Run, RunError, Step, TagAction};
use drydock_registry::{Action, Rule};
use serde_json::{Value, json};

use crate::peer::{Peer, Waits};
use crate::registry_script::run;
use crate::transfer_support::{
    Made, Shelf, assert_whole, blob_bytes, carried_out, digest_of, example, now_root, place,
    planned, pushed, repository, sent_bytes, tagged,
};

/// All that is wanted is there, and verified.
#[track_caller]
#[test]
fn a_push_is_whole_and_sends_every_byte_once() {
    let (made, peer) = (example(), Peer::new());
    let registry = peer.registry();
    let shelf = Shelf::of(&made);
    pushed(&made.wanted("v1"), &registry, "app", &shelf);
    assert_whole(&registry, "app", &made);
    assert_eq!(sent_bytes(&peer), blob_bytes(&made));
    assert_eq!(shelf.asked.borrow().len(), made.blobs.len());
    assert_eq!(
        digest_of(&registry, "app", &tagged("v1")),
        Some(made.wanted("v1").tags[0].1.clone())
    );
    peer.forget();
    pushed(&made.wanted("v1"), &registry, "app", &shelf);
    assert_eq!((sent_bytes(&peer), peer.count("PUT", ""), peer.count("POST", "")), (0, 0, 0));
}

#[test]
fn what_happens_is_told_in_order() {
    let (made, peer) = (example(), Peer::new());
    let registry = peer.registry();
    let plan = planned(&made.wanted("v1"), &registry, "app").expect("plan");
    let log = RefCell::new(Vec::new());
    let on = |event: Event<'_>| {
        let line = match event {
            Event::Started { step } => (step, "started".to_owned(), 0),
            Event::Sent { step, bytes } => (step, "sent".to_owned(), bytes),
            Event::Done { step, outcome } => (step, format!("{outcome:?}"), 0),
            Event::Upload { .. } => return,
            Event::Waiting { .. } => panic!("nothing to wait for"),
        };
        log.borrow_mut().push(line);
    };
    carried_out(&plan, &registry, &Shelf::of(&made), &on).expect("carried out");
    let log = log.into_inner();
    for (number, step) in plan.steps.iter().enumerate() {
        let own: Vec<_> = log.iter().filter(|line| line.0 == number).collect();
        let last = own.last().expect("done").1.as_str();
        match step {
            Step::Blob(blob) => {
                assert_eq!((own[0].1.as_str(), last), ("started", "Sent"));
                let sent: Vec<u64> =
                    own.iter().filter(|line| line.1 == "sent").map(|line| line.2).collect();
                assert!(sent.is_sorted(), "{sent:?}");
                assert_eq!(sent.last(), Some(&blob.descriptor.size));
            }
            Step::Manifest(_) => assert_eq!(last, "Sent"),
            Step::Referrers(_) => assert_eq!(last, "Nothing", "the registry keeps the list"),
            Step::Tag(_) => assert_eq!(last, "Written"),
        }
    }
    let done = |wanted: usize| {
        log.iter().position(|line| line.0 == wanted && line.1 == "Written").expect("done")
    };
    assert_eq!(done(plan.steps.len() - 1), log.len() - 1, "the tag is last");
    let started: Vec<usize> =
        log.iter().filter(|line| line.1 == "started").map(|line| line.0).collect();
    assert_eq!(started[..4], [0, 1, 2, 3], "four at once, the largest first");
    assert_eq!(peer.most_at_once(), 4);
}

#[test]
fn u4_u7_nothing_is_built_on_what_went_wrong() {
    let made = example();
    for (fault, code, manifests) in
        [("digest-rejected", "digest-rejected", 0), ("other-push-digest", "other-digest", 2)]
    {
        let peer = Peer::new();
        let (registry, name) = (peer.registry(), format!("fault/{fault}/app"));
        let plan = planned(&made.wanted("v1"), &registry, &name).expect("plan");
        let error = carried_out(&plan, &registry, &Shelf::of(&made), &|_| {}).expect_err(fault);
        assert_eq!(error.target().map(Error::code), Some(code), "{error}");
        assert!(peer.count("PUT", "/manifests/") <= manifests, "{fault}");
        assert_eq!(peer.count("PUT", "/manifests/v1"), 0, "{fault}");
        assert_eq!(digest_of(&registry, &name, &tagged("v1")), None, "{fault}");
    }
}

#[test]
fn u6_a_mount_that_is_refused_becomes_an_upload() {
    for (fault, mounted) in [("none", true), ("no-mount", false), ("mount-403", false)] {
        let (made, peer) = (example(), Peer::new());
        made.install(&peer, "base", "v1");
        let registry = peer.registry();
        let from = place(&registry, &format!("fault/{fault}/base"));
        let mut wanted = made.wanted("v1");
        for blob in &mut wanted.blobs {
            blob.origin = Origin::Repository(from.clone());
        }
        let name = format!("fault/{fault}/app");
        let plan = planned(&wanted, &registry, &name).expect("plan");
        let action = BlobAction::Mount { from: from.repository.clone() };
        let mounts = plan
            .steps
            .iter()
            .filter(|step| matches!(step, Step::Blob(blob) if blob.action == action));
        assert_eq!(mounts.count(), made.blobs.len(), "{fault}");
        let outcomes = RefCell::new(Vec::new());
        let on = |event: Event<'_>| {
            if let Event::Done { step, outcome } = event
                && matches!(plan.steps[step], Step::Blob(_))
            {
                outcomes.borrow_mut().push(outcome);
            }
        };
        let shelf = Shelf::over([peer.registry()]);
        carried_out(&plan, &registry, &shelf, &on).expect(fault);
        let expected = if mounted { Outcome::Mounted } else { Outcome::Sent };
        assert!(outcomes.borrow().iter().all(|outcome| *outcome == expected), "{fault}");
        let asked = if mounted { 0 } else { made.blobs.len() };
        assert_eq!(shelf.asked.borrow().len(), asked, "{fault}");
        assert_whole(&registry, &name, &made);
    }
}

#[test]
fn u9_a_tag_that_was_moved_meanwhile_is_not_overwritten_unasked() {
    let (mut old, mut theirs, mut mine) = (Made::default(), Made::default(), Made::default());
    old.image("old", &[10]);
    theirs.image("theirs", &[10]);
    mine.image("mine", &[10]);
    let digest = |made: &Made| made.documents[0].digest().clone();
    for there in [true, false] {
        let peer = Peer::new();
        let registry = peer.registry();
        if there {
            old.install(&peer, "app", "v1");
        }
        let plan = planned(&mine.wanted("v1"), &registry, "app").expect("plan");
        theirs.install(&peer, "app", "v1");
        let shelf = Shelf::of(&mine);
        let error = carried_out(&plan, &registry, &shelf, &|_| {}).expect_err("moved");
        let before = there.then(|| digest(&old));
        let text = error.to_string();
        assert!(text.contains(digest(&theirs).as_str()), "{text}");
        assert_eq!(text.contains(digest(&old).as_str()), there, "{text}");
        let now = Some(digest(&theirs));
        let tag = plan_tag(&plan);
        assert_eq!(error, RunError::TagMoved { tag, before, now, wanted: digest(&mine) });
        assert_eq!(digest_of(&registry, "app", &tagged("v1")), Some(digest(&theirs)));

        let (pace, uploads) = (Waits::default(), BTreeMap::new());
        let forced = Run {
            plan: &plan,
            registry: &registry,
            supply: &shelf,
            pace: &pace,
            uploads: &uploads,
            overwrite: true,
            on: &|_| {},
        };
        run(forced.to_end()).expect("told to overwrite");
        assert_eq!(digest_of(&registry, "app", &tagged("v1")), Some(digest(&mine)));
    }
}

fn plan_tag(plan: &Plan) -> drydock::reference::Tag {
    let tag = plan.steps.iter().find_map(|step| match step {
        Step::Tag(step) => Some(step.tag.clone()),
        _ => None,
    });
    tag.expect("tag")
}

#[test]
fn u9_somebody_else_who_did_the_same_is_no_problem() {
    let (mut mine, peer) = (Made::default(), Peer::new());
    mine.image("mine", &[10]);
    let registry = peer.registry();
    let plan = planned(&mine.wanted("v1"), &registry, "app").expect("plan");
    mine.install(&peer, "app", "v1");
    peer.forget();
    carried_out(&plan, &registry, &Shelf::of(&mine), &|_| {}).expect("the same");
    assert_eq!(peer.count("PUT", "/manifests/v1"), 0);
}

#[test]
fn u3_a_target_that_is_busy_is_waited_for_and_says_so() {
    let answer = |status, wait: &str| Action::Answer {
        status,
        headers: [("Retry-After".to_owned(), wait.to_owned())].into(),
        body: Value::Null,
    };
    let once = |method: &str, path: &str, status| Rule {
        method: Some(method.to_owned()),
        path: Some(path.to_owned()),
        times: Some(1),
        ..Rule::new([answer(status, "7")])
    };
    let peer = Peer::under_rules([
        once("PUT", "*/manifests/*", 429),
        once("PUT", "*/manifests/v1", 503),
        once("HEAD", "*/blobs/*", 503),
        once("POST", "*", 429),
    ]);
    let (made, registry) = (example(), peer.registry());
    let plan = planned(&made.wanted("v1"), &registry, "app").expect("plan");
    let waits = RefCell::new(Vec::new());
    let on = |event: Event<'_>| {
        if let Event::Waiting { time, error, .. } = event {
            waits.borrow_mut().push((time.as_secs(), error.code()));
        }
    };
    carried_out(&plan, &registry, &Shelf::of(&made), &on).expect("carried out");
    assert_eq!(waits.into_inner(), [(7, "rate-limited"), (7, "rate-limited"), (7, "server-error")]);
    assert_whole(&registry, "app", &made);
}

#[test]
fn a_login_that_is_missing_or_ends_leaves_the_tag_alone() {
    let login = |text: &str| Some(text.to_owned());
    let (user, password) = (login("demo"), login("secret"));
    let ends = Rule::new([Action::Bearer { user, password, uses: Some(6) }]);
    let (made, peer, name) = (example(), Peer::under_rules([ends]), "app");
    let registry = peer.registry();
    let error = planned(&made.wanted("v1"), &registry, name).expect_err("no login");
    assert!(error.to_string().contains("needs a login"), "{error}");
    let (user, password) = ("demo".to_owned(), "secret".to_owned());
    registry.log_in(Credentials::Basic { user, password });
    pushed(&made.wanted("v1"), &registry, name, &Shelf::of(&made));
    assert!(peer.count("GET", "/token") > 3, "{}", peer.count("GET", "/token"));
    assert_whole(&registry, name, &made);
}

#[test]
fn referrers_of_registries_without_a_list_are_listed_under_a_tag() {
    for fault in ["no-subject", "subject-only"] {
        let (made, peer) = (example(), Peer::new());
        let (registry, name) = (peer.registry(), format!("fault/{fault}/app"));
        let wanted = made.wanted("v1");
        let root = now_root(&wanted);
        let fallback = tagged(&root.referrers_tag());
        // Somebody else's list, with what nobody here knows.
        let mut other = Made::default();
        other.image("other", &[10]);
        other.install(&peer, "app", "other");
        let entry = serde_json::to_value(other.documents[0].descriptor()).expect("json");
        let index = json!({"schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [entry], "annotations": {"kept": "yes"}, "unknown": [1, 2]});
        let text = index.to_string();
        let media_type = "application/vnd.oci.image.index.v1+json";
        let tags = [root.referrers_tag()];
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        peer.store.put_manifest("app", media_type, text.into(), &tags).expect("stored");

        pushed(&wanted, &registry, &name, &Shelf::of(&made));
        let fetched = run(registry.manifest(&repository(&name), &fallback)).expect("list");
        let mut list: Value = serde_json::from_slice(&fetched.bytes).expect("json");
        let entries = list["manifests"].as_array().expect("entries").clone();
        assert_eq!(entries.len(), 2, "{fault}");
        assert_eq!(entries[0], entry);
        assert_eq!(entries[1]["artifactType"], "application/spdx+json");
        assert_eq!(entries[1]["annotations"], json!({"made": "here"}));
        list["manifests"] = json!([entry]);
        assert_eq!(list, index, "{fault}: the rest is as it was");
    }
}

#[test]
fn a_registry_that_keeps_no_list_after_all_gets_the_tag() {
    // The list is there, but manifests with a subject are not acknowledged.
    let silent = Rule {
        method: Some("PUT".to_owned()),
        ..Rule::new([Action::Headers([("OCI-Subject".to_owned(), None)].into())])
    };
    let (made, peer) = (example(), Peer::under_rules([silent]));
    let registry = peer.registry();
    let wanted = made.wanted("v1");
    pushed(&wanted, &registry, "app", &Shelf::of(&made));
    let fallback = tagged(&now_root(&wanted).referrers_tag());
    assert!(digest_of(&registry, "app", &fallback).is_some());
}

#[test]
fn a_fallback_tag_that_holds_something_else_is_left_alone() {
    let (made, peer) = (example(), Peer::new());
    let name = "fault/no-subject/app";
    let registry = peer.registry();
    let wanted = made.wanted("v1");
    let mut image = Made::default();
    image.image("image", &[10]);
    image.install(&peer, "app", &now_root(&wanted).referrers_tag());
    let plan = planned(&wanted, &registry, name).expect("plan");
    let error = carried_out(&plan, &registry, &Shelf::of(&made), &|_| {}).expect_err("an image");
    assert!(matches!(error, RunError::Fallback { .. }), "{error}");
    assert_eq!(digest_of(&registry, name, &tagged("v1")), None);
    let there = digest_of(&registry, name, &tagged(&now_root(&wanted).referrers_tag()));
    assert_eq!(there, Some(image.documents[0].digest().clone()));
}

#[test]
fn what_can_not_be_supplied_stops_the_push_before_any_manifest() {
    let (made, peer) = (example(), Peer::new());
    let registry = peer.registry();
    let mut wanted = made.wanted("v1");
    for blob in &mut wanted.blobs {
        blob.origin = Origin::Repository(place(&peer.registry_at("other.example"), "nowhere"));
    }
    let plan = planned(&wanted, &registry, "app").expect("plan");
    let shelf = Shelf::over([peer.registry_at("other.example")]);
    let error = carried_out(&plan, &registry, &shelf, &|_| {}).expect_err("not there");
    assert!(matches!(&error, RunError::Supply(error) if error.is_not_found()), "{error}");
    assert_eq!(peer.count("PUT", "/manifests/"), 0);
}

#[test]
fn tags_that_are_kept_are_not_touched() {
    let (mut old, mut new, peer) = (Made::default(), Made::default(), Peer::new());
    old.image("old", &[10]);
    new.image("new", &[10]);
    old.install(&peer, "app", "v1");
    let registry = peer.registry();
    let options = drydock::transfer::Options { keep_tags: true, ..Default::default() };
    let wanted = new.wanted("v1");
    let plan = run(drydock::transfer::plan(
        &wanted,
        &registry,
        &repository("app"),
        options,
        &Waits::default(),
    ));
    let plan = plan.expect("plan");
    assert!(
        plan.steps
            .iter()
            .any(|step| matches!(step, Step::Tag(step) if step.action == TagAction::Keep))
    );
    carried_out(&plan, &registry, &Shelf::of(&new), &|_| {}).expect("carried out");
    let old_digest = old.documents[0].digest().clone();
    assert_eq!(digest_of(&registry, "app", &tagged("v1")), Some(old_digest));
}
