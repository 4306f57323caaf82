//! Whole blobs over connections that break, from registries that give other parts than they were
//! asked for.

use std::rc::Rc;

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::reference::Repository;
use drydock::registry::{Error, Registry};
use drydock_registry::{Action, Faults, Rule, Store};

use crate::peer::{Peer, Waits};
use crate::registry_script::{Answer, Script, registry as scripted, run};

/// Bytes that differ everywhere, so that no part is taken for another.
fn content() -> Vec<u8> {
    (0..100_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn repository() -> Repository {
    Repository::parse("a").expect("repository")
}

/// A registry with one blob, under rules.
fn with(rules: Vec<Rule>) -> (Rc<Peer>, Descriptor) {
    let store = Store::memory();
    let bytes = content();
    let size = bytes.len() as u64;
    let digest = store.put_blob("a", bytes.into()).expect("stored");
    (Peer::over(store, Faults { rules }), Descriptor::new("x/blob", digest, size))
}

fn on_blobs(actions: Vec<Action>, times: Option<u64>) -> Rule {
    Rule { path: Some("*/blobs/*".to_owned()), times, ..Rule::new(actions) }
}

/// What came, and what was waited for.
fn read(
    registry: &Registry<impl drydock::registry::Transport>,
    descriptor: &Descriptor,
) -> (Result<Vec<u8>, Error>, Vec<String>, u32) {
    let (repository, waits) = (repository(), Waits::default());
    let mut download = registry.download(&repository, descriptor, None, &waits);
    let mut all = Vec::new();
    let came = loop {
        match run(download.chunk()) {
            Ok(Some(piece)) => all.extend_from_slice(&piece),
            Ok(None) => break Ok(all),
            Err(error) => break Err(error),
        }
    };
    let resumed = download.resumed();
    (came, waits.codes(), resumed)
}

#[test]
fn a_blob_comes_whole_and_at_once() {
    let (peer, descriptor) = with(Vec::new());
    let (came, waits, resumed) = read(&peer.registry(), &descriptor);
    assert_eq!((came.expect("all"), waits.len(), resumed), (content(), 0, 0));
    assert_eq!(peer.count("GET", "/blobs/"), 1);
}

#[test]
fn b8_what_came_before_the_connection_broke_is_kept() {
    for actions in [
        vec![Action::Cut(40_000)],
        // Whoever answers the whole again is read from where it went on.
        vec![Action::Cut(40_000), Action::IgnoreRange(true)],
    ] {
        let (peer, descriptor) = with(vec![on_blobs(actions, Some(1))]);
        let (came, waits, resumed) = read(&peer.registry(), &descriptor);
        assert_eq!(came.expect("all"), content());
        assert_eq!((waits.len(), resumed), (1, 1), "{waits:?}");
        assert_eq!(peer.count("GET", "/blobs/"), 2);
    }
}

#[test]
fn a_registry_that_always_breaks_off_is_given_up() {
    let (peer, descriptor) =
        with(vec![on_blobs(vec![Action::Cut(100), Action::IgnoreRange(true)], None)]);
    let (came, waits, _) = read(&peer.registry(), &descriptor);
    let error = came.expect_err("never whole");
    assert!(error.to_string().contains("broke after 100 of 100000 bytes"), "{error}");
    assert_eq!(waits.len(), 4, "five tries");
}

#[test]
fn what_is_refused_is_not_tried_again() {
    let (_, descriptor) = with(Vec::new());
    let absent = Descriptor::new("x/blob", Digest::sha256(b"nowhere"), 7);
    let (peer, _) = with(Vec::new());
    let (came, waits, _) = read(&peer.registry(), &absent);
    assert!(came.expect_err("absent").is_not_found() && waits.is_empty());
    assert_eq!(descriptor.size, 100_000);
}

#[test]
fn b8_another_part_than_was_asked_for_is_asked_for_from_the_start() {
    let bytes = content();
    let digest = Digest::sha256(&bytes);
    let descriptor = Descriptor::new("x/blob", digest.clone(), bytes.len() as u64);
    let url = format!("GET https://reg.example/v2/a/blobs/{digest}");
    let half =
        Answer::status(200).header("content-range", "bytes 0-49999/100000").body(&bytes[..50_000]);
    let wrong = Answer::status(206)
        .header("content-range", "bytes 60000-99999/100000")
        .body(&bytes[60_000..]);
    let whole = Answer::status(200).body(&bytes[..]);
    let script = Script::new(&[(&url, half), (&url, wrong), (&url, whole)]);
    let (came, waits, _) = read(&scripted("reg.example", &script), &descriptor);
    script.finish();
    assert_eq!(came.expect("all"), bytes);
    assert!(waits.iter().any(|code| code == "range"), "{waits:?}");
}

#[test]
fn a_page_for_people_is_no_blob() {
    let descriptor = Descriptor::new("x/blob", Digest::sha256(b"a blob"), 6);
    let url = format!("GET https://reg.example/v2/a/blobs/{}", descriptor.digest);
    let page = Answer::status(200).header("content-type", "text/html").body("<html>Sign in</html>");
    let script = Script::new(&[(&url, page)]);
    let (came, waits, _) = read(&scripted("reg.example", &script), &descriptor);
    assert!(came.expect_err("a page").to_string().contains("web page"));
    assert!(waits.is_empty());
}
