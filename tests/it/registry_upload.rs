//! Uploads against the scratch registry with the faults of real ones: cases U1 to U6, U11.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use drydock::descriptor::Descriptor;
use drydock::digest::{Algorithm, Digest};
use drydock::reference::Repository;
use drydock::registry::auth::Credentials;
use drydock::registry::upload::{Sizes, Upload, UploadState};
use drydock::registry::{Content, Error, Registry};
use drydock_registry::{Action, Faults, Rule};

use crate::peer::{Leave, Peer, Waits, run_until_left};
use crate::registry_script::run;

const SIZE: u64 = 10_000;
const SIZES: Sizes = Sizes { whole: 1000, chunk: 4000 };

fn blob() -> (Descriptor, Bytes) {
    let bytes: Vec<u8> = (0..SIZE).map(|n| (n * 7 % 251) as u8).collect();
    (Descriptor::new("a/b", Digest::sha256(&bytes), SIZE), bytes.into())
}

fn under(fault: &str) -> Repository {
    Repository::parse(&format!("fault/{fault}/new")).expect("repository")
}

fn send(
    registry: &Registry<Rc<Peer>>,
    repository: &Repository,
    descriptor: &Descriptor,
    bytes: &Bytes,
    state: &mut UploadState,
    pace: &Waits,
) -> Result<(), Error> {
    let progress = |state: &UploadState, sent: u64| {
        assert!(state.offset() <= sent.max(state.offset()) && sent <= descriptor.size);
    };
    let content = Content::Payload(bytes);
    let upload = Upload { repository, descriptor, content, progress: &progress };
    run(registry.upload(&upload, state, pace))
}

/// The bytes as the registry gives them back.
fn stored(registry: &Registry<Rc<Peer>>, repository: &Repository, descriptor: &Descriptor) -> bool {
    run(registry.blob(repository, descriptor, 1 << 20)).is_ok()
}

#[test]
fn u2_u3_u5_what_registries_make_of_chunks() {
    let (descriptor, bytes) = blob();
    // Chunks have 4000, 4000 and 2000 bytes; the whole has 10000.
    for (fault, sent, waits) in [
        ("none", SIZE, 0),
        ("no-patch", 4000 + SIZE, 0),
        ("patch-201", 4000 + SIZE, 0),
        ("min-chunk", SIZE, 0),
        ("range-off-by-one", SIZE, 0),
        ("range-chunk", SIZE, 0),
        ("range-chunk-from-zero", SIZE, 0),
        ("range-still", 4000 + SIZE, 0),
        ("range-missing", SIZE, 0),
        ("lost-chunk", SIZE, 1),
        ("cut-chunk", SIZE + 3000, 1),
        ("lost-end", SIZE, 1),
        ("chunk-416", 8000 + SIZE, 0),
        ("chunk-429", SIZE + 4000, 1),
        ("chunk-500", SIZE + 4000, 1),
        ("session-gone", 8000 + SIZE, 0),
        ("elsewhere", SIZE, 0),
    ] {
        let peer = Peer::new();
        let (registry, repository, pace) = (peer.registry(), under(fault), Waits::default());
        let mut state = registry.new_upload(&repository, &descriptor, SIZES);
        let done = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
        assert_eq!(done, Ok(()), "{fault}");
        assert!(stored(&registry, &repository, &descriptor), "{fault}");
        let bytes = peer.bytes("PATCH", "") + peer.bytes("PUT", "");
        assert_eq!(bytes, sent, "{fault}: {:#?}", peer.sent());
        assert_eq!(pace.codes().len(), waits, "{fault}: {:?}", pace.codes());
    }
}

#[test]
fn small_blobs_go_in_one_request() {
    let peer = Peer::new();
    let (registry, repository, pace) = (peer.registry(), under("none"), Waits::default());
    for bytes in [Bytes::new(), Bytes::from_static(b"small")] {
        peer.forget();
        let descriptor = Descriptor::new("a/b", Digest::sha256(&bytes), bytes.len() as u64);
        let mut state = registry.new_upload(&repository, &descriptor, SIZES);
        let done = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
        assert_eq!(done, Ok(()));
        assert!(stored(&registry, &repository, &descriptor));
        assert_eq!((peer.count("POST", ""), peer.count("PUT", "")), (1, 1));
        assert_eq!(peer.count("PATCH", ""), 0);
    }
}

#[test]
fn u2_an_end_whose_answer_was_lost_is_looked_for_and_not_sent_again() {
    let peer = Peer::new();
    let (registry, repository, pace) = (peer.registry(), under("lost-end"), Waits::default());
    let (descriptor, bytes) = blob();
    let whole = Sizes { whole: SIZE, chunk: SIZE };
    let mut state = registry.new_upload(&repository, &descriptor, whole);
    let done = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
    assert_eq!((done, peer.bytes("PUT", "")), (Ok(()), SIZE));
    assert_eq!(pace.codes(), ["cut"]);
}

#[test]
fn u1_an_upload_that_was_left_at_any_request_is_gone_on_with() {
    let (descriptor, bytes) = blob();
    let mut left_out = 0;
    for at in 0..20 {
        for leave in [Leave::Before(at), Leave::After(at)] {
            let first = Peer::new();
            first.leave(leave);
            let (registry, repository) = (first.registry(), under("none"));
            let kept = RefCell::new(registry.new_upload(&repository, &descriptor, SIZES));
            let progress = |state: &UploadState, _: u64| *kept.borrow_mut() = state.clone();
            let mut state = kept.borrow().clone();
            let content = Content::Payload(&bytes);
            let upload = Upload {
                repository: &repository,
                descriptor: &descriptor,
                content,
                progress: &progress,
            };
            let pace = Waits::default();
            let ended =
                run_until_left(&[&first], registry.upload(&upload, &mut state, &pace)).is_some();
            left_out += usize::from(ended);
            // The page is loaded anew: only what was kept is known.
            let text = serde_json::to_string(&*kept.borrow()).expect("json");
            let mut state: UploadState = serde_json::from_str(&text).expect("state");
            let second = Peer::over(first.store.clone(), Faults::examples());
            let registry = second.registry();
            let done = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
            assert_eq!(done, Ok(()), "{leave:?}");
            assert!(stored(&registry, &repository, &descriptor), "{leave:?}");
            let patched = |peer: &Peer| peer.bytes("PATCH", "") + peer.bytes("PUT", "");
            let all = patched(&first) + patched(&second);
            if !ended {
                assert!(all <= SIZE + SIZES.chunk, "{leave:?}: {all} bytes");
            }
        }
    }
    assert!((2..40).contains(&left_out), "some end before they are left, and most do not");
}

#[test]
fn u1_what_was_sent_since_a_state_was_kept_is_asked_for_and_not_sent_again() {
    let (descriptor, bytes) = blob();
    let first = Peer::new();
    // The session, and three chunks.
    first.leave(Leave::After(3));
    let (registry, repository) = (first.registry(), under("none"));
    let early = RefCell::new(None);
    let progress = |state: &UploadState, _: u64| {
        if state.offset() > 0 {
            early.borrow_mut().get_or_insert_with(|| state.clone());
        }
    };
    let mut state = registry.new_upload(&repository, &descriptor, SIZES);
    let upload = Upload {
        repository: &repository,
        descriptor: &descriptor,
        content: Content::Payload(&bytes),
        progress: &progress,
    };
    let pace = Waits::default();
    assert!(run_until_left(&[&first], registry.upload(&upload, &mut state, &pace)).is_none());
    let mut state = early.take().expect("one chunk was accepted");
    let second = Peer::over(first.store.clone(), Faults::examples());
    let registry = second.registry();
    let done = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
    assert_eq!(done, Ok(()));
    assert_eq!(
        first.bytes("PATCH", "") + second.bytes("PATCH", "") + second.bytes("PUT", ""),
        SIZE
    );
}

#[test]
fn u3_a_token_that_ends_in_the_middle_is_renewed() {
    let peer = Peer::new();
    let (registry, repository, pace) = (peer.registry(), under("token-ends"), Waits::default());
    let (descriptor, bytes) = blob();
    let mut state = registry.new_upload(&repository, &descriptor, SIZES);
    let done = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
    assert_eq!(done.expect_err("no login").code(), "unauthorized");
    let (user, password) = ("demo".to_owned(), "secret".to_owned());
    registry.log_in(Credentials::Basic { user, password });
    let done = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
    assert_eq!(done, Ok(()));
    assert!(peer.count("GET", "/token") >= 2, "{:?}", peer.sent());
    assert!(stored(&registry, &repository, &descriptor));
}

#[test]
fn u3_errors_name_the_blob_and_how_far_it_was() {
    let peer = Peer::under_rules([Rule {
        method: Some("PATCH".to_owned()),
        from: Some(2),
        ..Rule::new([Action::Status(503)])
    }]);
    let repository = Repository::parse("new").expect("repository");
    let (registry, pace) = (peer.registry(), Waits::default());
    let (descriptor, bytes) = blob();
    let mut state = registry.new_upload(&repository, &descriptor, SIZES);
    let done = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
    // Each time the chunk had been stored, so that it went on all the same.
    assert_eq!((done, pace.codes().len()), (Ok(()), 2));

    let answer = |status| Action::Answer {
        status,
        headers: Default::default(),
        body: serde_json::Value::Null,
    };
    let peer = Peer::under_rules([Rule {
        method: Some("PATCH".to_owned()),
        from: Some(2),
        ..Rule::new([answer(503)])
    }]);
    let registry = peer.registry();
    let mut state = registry.new_upload(&repository, &descriptor, SIZES);
    let pace = Waits::default();
    let error = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
    let text = error.expect_err("never answers").to_string();
    assert_eq!(pace.codes().len(), 4);
    assert!(text.contains(descriptor.digest.as_str()) && text.contains("at byte 4000"), "{text}");
    assert_eq!(state.offset(), 4000);
}

#[test]
fn u4_bytes_that_are_not_those_of_the_digest_are_an_error() {
    let peer = Peer::new();
    let registry = peer.registry();
    let (descriptor, bytes) = blob();
    for (fault, bytes) in
        [("digest-rejected", bytes.clone()), ("none", Bytes::from(vec![0; bytes.len()]))]
    {
        for sizes in [SIZES, Sizes::default()] {
            let (repository, pace) = (under(fault), Waits::default());
            let mut state = registry.new_upload(&repository, &descriptor, sizes);
            let error = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
            let error = error.expect_err("rejected");
            assert_eq!(error.code(), "digest-rejected", "{fault}");
            let text = error.to_string();
            assert!(text.contains("peer.example/fault/"), "{text}");
            assert!(text.contains(descriptor.digest.as_str()), "{text}");
            assert!(!stored(&registry, &repository, &descriptor));
        }
    }
}

#[test]
fn a_payload_that_is_too_short_is_an_error() {
    let peer = Peer::new();
    let (registry, repository, pace) = (peer.registry(), under("none"), Waits::default());
    let (descriptor, bytes) = blob();
    let mut state = registry.new_upload(&repository, &descriptor, SIZES);
    let short = bytes.slice(..5000);
    let error = send(&registry, &repository, &descriptor, &short, &mut state, &pace);
    assert_eq!(error.expect_err("short").code(), "transport");
}

#[test]
fn u11_the_algorithm_is_said_when_it_is_another_one() {
    let peer = Peer::new();
    let (registry, repository, pace) = (peer.registry(), under("none"), Waits::default());
    let (descriptor, bytes) = blob();
    let digest = Digest::of(Algorithm::Sha512, &bytes);
    let long = Descriptor { digest, ..descriptor };
    let mut state = registry.new_upload(&repository, &long, SIZES);
    let done = send(&registry, &repository, &long, &bytes, &mut state, &pace);
    assert_eq!((done, peer.count("POST", "digest-algorithm=sha512")), (Ok(()), 1));
    assert!(stored(&registry, &repository, &long));
}

#[test]
fn u6_mounts_and_what_becomes_of_them() {
    let (descriptor, bytes) = blob();
    for (fault, mounted, posts) in
        [("none", true, 1), ("no-mount", false, 1), ("mount-403", false, 3)]
    {
        let peer = Peer::new();
        let digest = peer.store.put_blob("base", bytes.clone()).expect("stored");
        assert_eq!(digest, descriptor.digest);
        let (registry, repository, pace) = (peer.registry(), under(fault), Waits::default());
        let from = Repository::parse(&format!("fault/{fault}/base")).expect("repository");
        let mut state = registry.new_upload(&repository, &descriptor, SIZES);
        let got = run(registry.mount(&repository, &descriptor, &from, &mut state, &pace));
        assert_eq!(got, Ok(mounted), "{fault}");
        assert_eq!(peer.count("POST", ""), posts, "{fault}");
        if !mounted {
            let done = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
            assert_eq!(done, Ok(()), "{fault}");
            assert_eq!(peer.count("POST", ""), posts, "{fault}: the session is used");
        }
        assert!(stored(&registry, &repository, &descriptor), "{fault}");
    }
}

#[test]
fn u3_a_request_that_is_too_large_is_cut_up() {
    let too_large = |least: usize| {
        let path = Some("*/blobs/uploads/*".to_owned());
        let answer = Action::Answer {
            status: 413,
            headers: Default::default(),
            body: "<html>413 Request Entity Too Large</html>".into(),
        };
        Rule {
            path,
            method: Some("PUT".to_owned()),
            times: Some(least as u64),
            ..Rule::new([answer])
        }
    };
    let (descriptor, bytes) = blob();
    let repository = Repository::parse("new").expect("repository");
    let peer = Peer::under_rules([too_large(1)]);
    let (registry, pace) = (peer.registry(), Waits::default());
    let sizes = Sizes { whole: SIZE, chunk: 4000 };
    let mut state = registry.new_upload(&repository, &descriptor, sizes);
    let done = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
    assert_eq!((done, peer.count("PATCH", "")), (Ok(()), 3));

    let peer = Peer::under_rules([too_large(9)]);
    let registry = peer.registry();
    let mut state = registry.new_upload(&repository, &descriptor, sizes);
    let error = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
    assert_eq!(error.expect_err("too large").code(), "too-large-to-send");
}

#[test]
fn the_state_of_another_upload_is_not_gone_on_with() {
    let peer = Peer::new();
    let (registry, repository, pace) = (peer.registry(), under("none"), Waits::default());
    let (descriptor, bytes) = blob();
    let other = Repository::parse("other").expect("repository");
    let mut state = registry.new_upload(&other, &descriptor, SIZES);
    let done = send(&registry, &repository, &descriptor, &bytes, &mut state, &pace);
    assert_eq!(done, Ok(()));
    assert!(stored(&registry, &repository, &descriptor));
}
