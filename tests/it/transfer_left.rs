//! Pushes that were left anywhere, and completed by the next plan.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use drydock::digest::Digest;
use drydock::registry::Error;
use drydock::registry::upload::UploadState;
use drydock::source::ReferrersFrom;
use drydock::transfer::{Event, Plan, Run, RunError};
use drydock_registry::Faults;

use crate::peer::{Leave, Peer, Waits, run_until_left};
use crate::registry_script::run;
use crate::transfer_support::{
    Made, SIZES, Shelf, assert_whole, blob_bytes, digest_of, example, now_root, planned, pushed,
    repository, sent_bytes, tagged,
};

/// Pushes until the peer is left, and keeps what a page would keep.
fn push_until_left(
    peer: &Rc<Peer>,
    plan: &Plan,
    supply: &Shelf,
    kept: &RefCell<BTreeMap<Digest, UploadState>>,
) -> Option<Result<(), RunError<Error>>> {
    let registry = peer.registry();
    let on = |event: Event<'_>| {
        if let Event::Upload { state, .. } = event {
            kept.borrow_mut().insert(state.digest().clone(), state.clone());
        }
    };
    let (pace, uploads) = (Waits::default(), kept.borrow().clone());
    let run = Run {
        plan,
        registry: &registry,
        supply,
        pace: &pace,
        uploads: &uploads,
        overwrite: false,
        on: &on,
    };
    run_until_left(&[peer], run.to_end())
}

/// Case U1, over every request of a push and on both sides of it.
fn left_at_every_request(name: &str, kept_states: bool) {
    let made = example();
    let mut old = Made::default();
    old.image("old", &[10]);
    let old_digest = old.documents[0].digest().clone();
    let mut at = 0;
    let mut ended = false;
    while !ended {
        for leave in [Leave::Before(at), Leave::After(at)] {
            let first = Peer::new();
            old.install(&first, "app", "v1");
            let wanted = made.wanted("v1");
            let plan = planned(&wanted, &first.registry(), name).expect("plan");
            first.forget();
            first.leave(leave);
            let kept = RefCell::default();
            let outcome = push_until_left(&first, &plan, &Shelf::of(&made), &kept);
            let second = Peer::over(first.store.clone(), Faults::examples());
            let registry = second.registry();
            let now = digest_of(&registry, name, &tagged("v1")).expect("tag");
            ended = outcome.is_some();
            let is_set = wanted.tags[0].1 == now;
            let tag_was_sent = first.count("PUT", "/manifests/v1") > 0;
            assert_eq!(is_set, tag_was_sent, "{leave:?}");
            if !is_set {
                assert_eq!(now, old_digest, "{leave:?}: the old tag is intact");
            } else {
                assert_whole(&registry, name, &made);
            }

            if !kept_states {
                kept.borrow_mut().clear();
            }
            let plan = planned(&wanted, &registry, name).expect("plan");
            let open: u64 = plan.totals().upload_bytes;
            second.forget();
            let outcome = push_until_left(&second, &plan, &Shelf::of(&made), &kept);
            assert_eq!(outcome, Some(Ok(())), "{leave:?}");
            assert_whole(&registry, name, &made);
            assert_eq!(digest_of(&registry, name, &tagged("v1")), Some(wanted.tags[0].1.clone()));
            assert!(sent_bytes(&second) <= open, "{leave:?}: only what is missing");
            if kept_states && !ended {
                let all = sent_bytes(&first) + sent_bytes(&second);
                // At most four blobs were on their way, each with one request in doubt.
                let most = blob_bytes(&made) + 4 * SIZES.chunk;
                assert!(all <= most, "{leave:?}: {all} of {most}");
            }
            assert!(planned(&wanted, &registry, name).expect("plan").is_done());
            let about = run(registry.referrers(&repository(name), &now_root(&wanted), None));
            assert_eq!(about.expect("referrers").descriptors.len(), 1, "{leave:?}");
        }
        at += 1;
    }
    assert!(at > 20, "{at} requests");
}

#[test]
fn u1_a_push_that_was_left_anywhere_is_completed_with_what_was_kept() {
    left_at_every_request("app", true);
}

#[test]
fn u1_a_push_that_was_left_anywhere_is_completed_with_nothing_kept() {
    left_at_every_request("app", false);
}

#[test]
fn u1_the_fallback_tag_is_completed_too() {
    let made = example();
    let name = "fault/no-subject/app";
    let mut ended = false;
    let mut at = 0;
    while !ended {
        let first = Peer::new();
        let wanted = made.wanted("v1");
        let plan = planned(&wanted, &first.registry(), name).expect("plan");
        first.forget();
        first.leave(Leave::Before(at));
        ended = push_until_left(&first, &plan, &Shelf::of(&made), &RefCell::default()).is_some();
        let second = Peer::over(first.store.clone(), Faults::examples());
        pushed(&wanted, &second.registry(), name, &Shelf::of(&made));
        let about = run(second.registry().referrers(&repository(name), &now_root(&wanted), None));
        let about = about.expect("referrers");
        assert_eq!((about.from, about.descriptors.len()), (ReferrersFrom::FallbackTag, 1), "{at}");
        at += 1;
    }
}
