//! Layers listed and files read from a registry, with as few requests as their formats need.

use std::rc::Rc;

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::image::lazy::{self, LazyFailure, soci_indexes, ztoc_in};
use drydock::layer::content::Trust;
use drydock::layer::lazy::{Lister, Promise};
use drydock::media_type::MediaType;
use drydock::reference::Repository;
use drydock::registry::RepositorySource;
use drydock::source::{AnySource, Failure as _};
use drydock::spec::Manifest;
use drydock::transfer::PlaceError;
use drydock_registry::{Action, Faults, Rule, Store};
use serde_json::{Value, json};

use crate::lazy_support::{data, lines, made};
use crate::peer::{Peer, Waits};
use crate::registry_script::run;

const V1: &str = "application/vnd.amazon.soci.index.v1+json";

/// A registry that holds the layers, an image of the plain one, and SOCI indexes of it.
struct Repo {
    peer: Rc<Peer>,
    place: AnySource<PlaceError>,
    store: Store,
}

impl Repo {
    fn new(actions: Vec<Action>, times: Option<u64>) -> Self {
        let store = Store::memory();
        for made in made() {
            for blob in [made.layer, made.table(), b"{}"] {
                store.put_blob("a", blob.to_vec().into()).expect("stored");
            }
        }
        let rule = Rule { path: Some("*/blobs/*".to_owned()), times, ..Rule::new(actions) };
        let peer = Peer::over(store.clone(), Faults { rules: vec![rule] });
        let repository = Repository::parse("a").expect("repository");
        let source = RepositorySource::new(Rc::new(peer.registry()), repository);
        let place = AnySource::new(Rc::new(source.patient(Waits::default())));
        Self { peer, place, store }
    }

    fn manifest(&self, manifest: &Value) -> (Digest, Manifest) {
        let bytes = manifest.to_string();
        let media_type = MediaType::MANIFEST;
        let digest = self.store.put_manifest("a", media_type, bytes.into(), &[]).expect("stored");
        (digest, view(manifest))
    }

    /// An image of the plain layer, with these annotations.
    fn image(&self, annotations: &Value) -> (Digest, Manifest) {
        let [.., soci] = made();
        let config =
            json!({"mediaType": MediaType::CONFIG, "digest": Digest::sha256(b"{}"), "size": 2});
        self.manifest(&json!({"schemaVersion": 2, "mediaType": MediaType::MANIFEST,
            "config": config, "layers": [soci.descriptor], "annotations": annotations}))
    }
}

fn view(manifest: &Value) -> Manifest {
    let (document, digest) = (manifest.to_string(), Digest::sha256(b""));
    let (_, bytes) = drydock::descriptor::identify(document.into());
    let read = drydock::spec::read(&bytes, &digest, &drydock::spec::Claims::default(), "manifest");
    match read.view {
        drydock::spec::View::Manifest(manifest) => manifest,
        other => panic!("{other:?}"),
    }
}

fn soci_index() -> Value {
    serde_json::from_slice(data!("soci-index.json")).expect("JSON")
}

#[test]
fn a_layer_is_listed_and_a_file_read_with_a_request_each() {
    let repo = Repo::new(vec![], None);
    for made in made() {
        repo.peer.forget();
        let from = made.ztoc.as_ref().map_or(&made.descriptor, |(_, ztoc)| ztoc);
        let toc = run(lazy::list(&repo.place, made.lister(), from)).expect(made.name);
        assert_eq!(repo.peer.count("GET", "/blobs/"), 1, "{}", made.name);
        assert_eq!(lines(toc.index(), true), lines(made.toc().index(), true));
        let entry = toc.index().entries().find(|entry| entry.name().ends_with(b"bin/tool"));
        let entry = entry.expect("there");
        let reading = toc.reading(entry.ordinal, 0..entry.size).expect("a file");
        let mut bytes = 0;
        repo.peer.forget();
        let mut count = |_: u64, run: &[u8]| bytes += run.len() as u64;
        let trust = run(lazy::read(&repo.place, reading, &made.descriptor, &mut count));
        assert_eq!((trust, bytes), (Ok(Trust::Promised), 24_000), "{}", made.name);
        assert_eq!(repo.peer.count("GET", "/blobs/"), 1, "{}", made.name);
    }
}

#[test]
fn a_registry_without_ranges_and_one_that_breaks_off_give_the_same() {
    for (action, times) in [(Action::IgnoreRange(true), None), (Action::Cut(3000), Some(1))] {
        let repo = Repo::new(vec![action], times);
        let [estargz, ..] = made();
        let toc = run(lazy::list(&repo.place, estargz.lister(), &estargz.descriptor));
        assert!(toc.expect("a table") == estargz.toc());
    }
}

#[test]
fn a_layer_that_is_not_there_or_has_no_table_is_told() {
    let repo = Repo::new(vec![], None);
    let [.., soci] = made();
    let lister = Lister::probing(&soci.descriptor).expect("a layer");
    let none = run(lazy::list(&repo.place, lister, &soci.descriptor)).expect_err("no table");
    assert!(matches!(&none, LazyFailure::Table(error) if error.is_absent()), "{none}");
    let absent = Descriptor { digest: Digest::sha256(b"absent"), ..soci.descriptor };
    let lister = Lister::probing(&absent).expect("a layer");
    let none = run(lazy::list(&repo.place, lister, &absent)).expect_err("no layer");
    assert!(matches!(&none, LazyFailure::Source(error) if error.is_not_found()), "{none}");
}

#[test]
fn an_image_names_its_soci_index_or_is_referred_to_by_one() {
    let repo = Repo::new(vec![], None);
    let [.., soci] = made();
    let layer = &soci.descriptor.digest;
    let (_, ztoc) = soci.ztoc.as_ref().expect("a zTOC");
    let find = |image: &(Digest, Manifest)| {
        run(lazy::ztoc(&repo.place, (&image.0, &image.1), layer)).expect("asked")
    };
    // Neither.
    let plain = repo.image(&json!({}));
    assert_eq!(find(&plain), None);
    // One that refers to the image, and one that is of another image.
    let mut index = soci_index();
    index["config"]["mediaType"] = json!(V1);
    index["subject"] = json!({"mediaType": MediaType::MANIFEST, "digest": plain.0, "size": 1});
    repo.manifest(&index);
    assert_eq!(find(&plain), Some((ztoc.clone(), Promise::Claimed)));
    // One that the image names.
    let (digest, _) = repo.manifest(&soci_index());
    let named = repo.image(&json!({"com.amazon.soci.index-digest": digest}));
    repo.peer.forget();
    assert_eq!(find(&named), Some((ztoc.clone(), Promise::Manifest)));
    assert_eq!(repo.peer.sent().len(), 1, "{:?}", repo.peer.sent());
    // One that is not there, or none.
    let absent = Digest::sha256(b"absent");
    for annotation in [json!(absent), json!("sha256:x"), json!(layer)] {
        let image = repo.image(&json!({"com.amazon.soci.index-digest": annotation}));
        assert_eq!(find(&image), None, "{annotation}");
    }
}

#[test]
fn a_soci_index_is_taken_for_its_own_image_and_layer_only() {
    let [estargz, _, soci] = made();
    let layer = &soci.descriptor.digest;
    let image: Value = serde_json::from_slice(data!("soci-image.json")).expect("JSON");
    let indexes = soci_indexes(&view(&image), &[]);
    let named = Digest::sha256(data!("soci-index.json"));
    assert_eq!(indexes.len(), 1);
    assert_eq!((&indexes[0].digest, indexes[0].promise), (&named, Promise::Manifest));

    let (one, other) = (Digest::sha256(b"one"), Digest::sha256(b"other"));
    let v2 = view(&soci_index());
    assert!(ztoc_in(&v2, &one, layer).is_some());
    assert!(ztoc_in(&v2, &one, &estargz.descriptor.digest).is_none());
    let mut index = soci_index();
    index["config"]["mediaType"] = json!(V1);
    assert!(ztoc_in(&view(&index), &one, layer).is_none(), "it is of no image");
    index["subject"] = json!({"mediaType": MediaType::MANIFEST, "digest": one, "size": 1});
    assert!(ztoc_in(&view(&index), &one, layer).is_some());
    assert!(ztoc_in(&view(&index), &other, layer).is_none());
    index["config"]["mediaType"] = json!(MediaType::CONFIG);
    assert!(ztoc_in(&view(&index), &one, layer).is_none(), "it is no index");
}
