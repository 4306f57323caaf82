//! Blobs and ranges of them, piece by piece, from every kind of source.

use std::ops::Range;
use std::rc::Rc;

use bytes::Bytes;
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::pieces::Pieces as _;
use drydock::reference::Repository;
use drydock::registry::RepositorySource;
use drydock::source::{AnySource, BlobPieces as _, Failure as _, Source};
use drydock::transfer::{Drafted, PlaceError};
use drydock_registry::{Action, Faults, Rule, Store};

use crate::archive_support::{borrowed, folder};
use crate::edit_support::{all, edited, env, image};
use crate::peer::{Peer, Waits};
use crate::registry_script::run;

type Place = AnySource<PlaceError>;

/// Longer than what is read at once of an archive; bytes that differ everywhere.
const LENGTH: usize = (2 << 20) + 5;

fn content() -> Vec<u8> {
    (0..LENGTH as u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn descriptor(content: &[u8]) -> Descriptor {
    Descriptor::new("x/blob", Digest::sha256(content), content.len() as u64)
}

/// A registry with one blob, whose answers go wrong as the actions say.
fn registry(actions: Vec<Action>, times: Option<u64>) -> (Rc<Peer>, Place) {
    let store = Store::memory();
    store.put_blob("a", content().into()).expect("stored");
    let rule = Rule { path: Some("*/blobs/*".to_owned()), times, ..Rule::new(actions) };
    let peer = Peer::over(store, Faults { rules: vec![rule] });
    let repository = Repository::parse("a").expect("repository");
    let source = RepositorySource::new(Rc::new(peer.registry()), repository);
    (peer, Place::new(Rc::new(source.patient(Waits::default()))))
}

fn archive() -> Place {
    let (digest, bytes) = (Digest::sha256(&content()), content());
    let manifest = br#"{"schemaVersion":2,"manifests":[]}"#;
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{}","size":{}}}]}}"#,
        Digest::sha256(manifest),
        manifest.len(),
    );
    let path = |digest: &Digest| format!("blobs/sha256/{}", digest.encoded());
    let files = [
        ("oci-layout".to_owned(), Bytes::from_static(br#"{"imageLayoutVersion":"1.0.0"}"#)),
        ("index.json".to_owned(), index.into()),
        (path(&Digest::sha256(manifest)), Bytes::from_static(manifest)),
        (path(&digest), bytes.into()),
    ];
    Place::new(Rc::new(folder(&borrowed(&files)).expect("opened")))
}

/// What comes of a blob, and how often it was asked for anew.
fn read(
    place: &Place,
    descriptor: &Descriptor,
    range: Option<Range<u64>>,
) -> Result<(Vec<u8>, u32), PlaceError> {
    let (mut all, mut pieces) = (Vec::new(), place.open(descriptor, range));
    while let Some(piece) = run(pieces.next())? {
        assert!(!piece.is_empty());
        all.extend_from_slice(piece);
    }
    Ok((all, pieces.resumed()))
}

#[test]
fn every_source_gives_every_range_of_a_blob() {
    let size = LENGTH as u64;
    let ranges = [
        None,
        Some(0..size),
        Some(0..u64::MAX),
        Some(0..10),
        Some(1_000_000..1_100_000),
        Some(size - 5..size),
        Some(size - 5..size + 5),
        Some(10..10),
        Some(size..size),
        Some(size + 5..size + 9),
    ];
    let content = content();
    let places = [
        ("registry", registry(vec![], None).1),
        ("without ranges", registry(vec![Action::IgnoreRange(true)], None).1),
        ("broken once", registry(vec![Action::Cut(50_000)], Some(1)).1),
        ("archive", archive()),
    ];
    for (name, place) in &places {
        for range in ranges.clone() {
            let at = |offset: u64| usize::try_from(offset.min(size)).expect("small");
            let all = range.clone().unwrap_or(0..size);
            let (came, _) = read(place, &descriptor(&content), range.clone()).expect(name);
            assert!(came == content[at(all.start)..at(all.end)], "{name} {range:?} {}", came.len());
        }
        let absent = read(place, &descriptor(b"absent"), None).expect_err(name);
        assert!(absent.is_not_found(), "{name}: {absent}");
    }
}

#[test]
fn of_a_range_no_more_is_asked_for_than_its_bytes() {
    let (peer, place) = registry(vec![Action::Cut(1000)], Some(1));
    let (came, resumed) = read(&place, &descriptor(&content()), Some(500..2500)).expect("range");
    assert_eq!((came.len(), resumed, peer.count("GET", "/blobs/")), (2000, 1, 2));
    let (peer, place) = registry(vec![], None);
    let none = read(&place, &descriptor(&content()), Some(7..7)).expect("nothing");
    assert_eq!((none.0.len(), peer.count("GET", "/blobs/")), (0, 0));
}

#[test]
fn a_draft_gives_its_documents() {
    let change = edited(&image("linux/amd64", &["a"]), all([env("A", Some("b"))]));
    let place = Place::new(Rc::new(Drafted::new(&change)));
    let document = &change.documents[0].document;
    let (bytes, of) = (document.bytes(), document.descriptor());
    assert_eq!(read(&place, &of, None).expect("all").0, &bytes[..]);
    assert_eq!(read(&place, &of, Some(3..9)).expect("range").0, &bytes[3..9]);
    assert_eq!(read(&place, &of, Some(9..9)).expect("nothing").0, b"");
    assert!(read(&place, &descriptor(b"absent"), None).expect_err("absent").is_not_found());
}
