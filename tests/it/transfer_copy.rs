//! Copies between repositories and registries: whole, verified, and nothing twice.

use std::collections::BTreeSet;
use std::rc::Rc;

use drydock::digest::Digest;
use drydock::finding::Finding;
use drydock::media_type::MediaType;
use drydock::reference::{Tag, Target};
use drydock::registry::{Error, Registry};
use drydock::source::Source;
use drydock::transfer::copy::{self, Scope};
use drydock::transfer::{CopyError, Origin, Place, Unusable, Wanted, is_like, tags_to_copy};
use drydock_registry::{Action, Faults, Rule, sample};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::peer::{Peer, Waits};
use crate::registry_script::{Answer, Script, registry as scripted, run};
use crate::transfer_support::{
    Made, Shelf, digest_of, example, outline, place, planned, pushed, repository, tag, tagged,
};

const SAMPLE: &str = "sample/hello";

fn with_sample() -> Rc<Peer> {
    let peer = Peer::new();
    sample::install(&peer.store).expect("sample");
    peer
}

fn gather(
    registry: &Registry<Rc<Peer>>,
    name: &str,
    images: &[(Target, Vec<Tag>)],
    scope: &Scope,
) -> Result<Wanted, CopyError<Error>> {
    let pace = Waits::default();
    let source = registry.repository(repository(name)).patient(&pace);
    let origin = Origin::Repository(place(registry, name));
    run(copy::gather(&source, &origin, images, scope))
}

fn latest() -> Vec<(Target, Vec<Tag>)> {
    vec![(tagged("latest"), vec![tag("v1")])]
}

fn attached() -> Scope {
    Scope { attached: true, ..Scope::default() }
}

#[test]
fn an_index_with_all_that_refers_to_it_inside_one_registry() {
    let peer = with_sample();
    let registry = peer.registry();
    let wanted = gather(&registry, SAMPLE, &latest(), &attached()).expect("gathered");
    assert!(wanted.findings.is_empty(), "{:?}", wanted.findings);
    let plan = planned(&wanted, &registry, "copy").expect("plan");
    assert_snapshot!(outline(&plan), @r"
    blob application/spdx+json: mount from sample/hello
    blob application/spdx+json: mount from sample/hello
    blob application/vnd.oci.image.config.v1+json: mount from sample/hello
    blob application/vnd.oci.image.config.v1+json: mount from sample/hello
    blob application/vnd.oci.image.layer.v1.tar+gzip: mount from sample/hello
    blob application/vnd.oci.image.layer.v1.tar+gzip: mount from sample/hello
    blob application/vnd.oci.image.layer.v1.tar+gzip: mount from sample/hello
    blob application/vnd.oci.image.layer.v1.tar+gzip: mount from sample/hello
    blob application/vnd.dev.cosign.simplesigning.v1+json: mount from sample/hello
    blob application/x-pem-file: mount from sample/hello
    blob application/vnd.oci.empty.v1+json: mount from sample/hello
    manifest application/vnd.oci.image.manifest.v1+json: put
    manifest application/vnd.oci.image.manifest.v1+json: put
    manifest application/vnd.oci.image.index.v1+json: put
    manifest application/vnd.oci.image.manifest.v1+json (referrer): put
    manifest application/vnd.oci.image.manifest.v1+json (referrer): put
    manifest application/vnd.oci.image.manifest.v1+json (referrer): put
    manifest application/vnd.oci.image.manifest.v1+json (referrer): put
    list of 1 referrers: by the registry
    list of 1 referrers: by the registry
    list of 2 referrers: by the registry
    tag sha256-….sig: set, was none
    tag v1: set, was none
    ");
    let shelf = Shelf::default();
    pushed(&wanted, &registry, "copy", &shelf);
    assert!(shelf.asked.borrow().is_empty(), "all blobs were mounted");
    let from = digest_of(&registry, SAMPLE, &tagged("latest"));
    assert_eq!(digest_of(&registry, "copy", &tagged("v1")), from);
    assert!(from.is_some());
}

#[test]
fn from_one_registry_to_another_bytes_and_digests_stay() {
    let (peer, other) = (with_sample(), Peer::new());
    let (from, to) = (peer.registry(), other.registry_at("other.example"));
    let wanted = gather(&from, SAMPLE, &latest(), &attached()).expect("gathered");
    let shelf = Shelf::over([peer.registry()]);
    pushed(&wanted, &to, "copy", &shelf);
    for document in &wanted.documents {
        let target = Target::Digest(document.digest().clone());
        let fetched = run(to.manifest(&repository("copy"), &target)).expect("manifest");
        assert_eq!(&*fetched.bytes, document.bytes());
        assert_eq!(fetched.media_type.as_ref(), Some(document.media_type()));
    }
    for blob in &wanted.blobs {
        run(to.blob(&repository("copy"), &blob.descriptor, 1 << 20)).expect("blob");
    }
    // What refers to what is the same, too, and so are cosign's tags.
    for document in &wanted.documents {
        let about = |registry: &Registry<Rc<Peer>>, name: &str| {
            let found = run(registry.referrers(&repository(name), document.digest(), None));
            let found = found.expect("referrers").descriptors.into_iter();
            found.map(|descriptor| descriptor.digest).collect::<BTreeSet<Digest>>()
        };
        assert_eq!(about(&from, SAMPLE), about(&to, "copy"));
    }
    let tags = run(to.all_tags(&repository("copy"))).expect("tags");
    assert!(tags.iter().any(|tag| tag.ends_with(".sig")), "{tags:?}");
    other.forget();
    pushed(&wanted, &to, "copy", &shelf);
    assert_eq!((other.count("PUT", ""), other.count("POST", "")), (0, 0), "nothing again");
}

/// Some registries, and proxies in front of them, know GET only.
#[test]
fn cosigns_tags_come_along_where_head_is_never_answered() {
    for status in [400, 403, 404, 405, 501] {
        let answer = Action::Answer { status, headers: Default::default(), body: Value::Null };
        let head = Some("HEAD".to_owned());
        let peer =
            Peer::under_rules([Rule { method: head, actions: vec![answer], ..Rule::default() }]);
        sample::install(&peer.store).expect("sample");
        let registry = peer.registry();
        let wanted = gather(&registry, SAMPLE, &latest(), &attached()).expect("gathered");
        let tags = wanted.tags.iter().filter(|(tag, _)| tag.as_str().ends_with(".sig"));
        assert_eq!(tags.count(), 1, "{status}: {:?}", wanted.tags);
    }
    // Where it is answered, what is not there is asked for once.
    let peer = with_sample();
    gather(&peer.registry(), SAMPLE, &latest(), &attached()).expect("gathered");
    for suffix in [".att", ".sbom"] {
        let asked = |verb: &str| peer.count(verb, suffix);
        assert_eq!(asked("GET"), 0, "{suffix}");
        assert!(asked("HEAD") > 0, "{suffix}");
    }
}

#[test]
fn without_what_refers_to_it() {
    let peer = with_sample();
    let registry = peer.registry();
    let wanted = gather(&registry, SAMPLE, &latest(), &Scope::default()).expect("gathered");
    assert_eq!(wanted.documents.len(), 3, "the index and its two images");
    assert_eq!(wanted.tags.len(), 1);
    assert_eq!(peer.count("GET", "/referrers/"), 0);
}

#[test]
fn one_platform_stands_for_itself() {
    let peer = with_sample();
    let registry = peer.registry();
    let scope =
        |text: &str, attached| Scope { platform: Some(text.parse().expect("platform")), attached };
    let all = gather(&registry, SAMPLE, &latest(), &Scope::default()).expect("gathered");
    for text in ["linux/arm64", "linux/arm64/v8", "linux/amd64"] {
        let wanted = gather(&registry, SAMPLE, &latest(), &scope(text, false)).expect(text);
        assert_eq!(wanted.documents.len(), 1, "{text}");
        let digest = wanted.documents[0].digest();
        assert_eq!(wanted.tags, [(tag("v1"), digest.clone())]);
        assert!(all.documents.iter().any(|document| document.digest() == digest));
    }
    let wanted = gather(&registry, SAMPLE, &latest(), &scope("linux/arm64", true)).expect("arm64");
    assert_eq!(wanted.documents.len(), 2, "its SBOM comes along, the signature of the index not");
    pushed(&wanted, &registry, "arm", &Shelf::default());

    let error = gather(&registry, SAMPLE, &latest(), &scope("linux/s390x", false));
    let text = error.expect_err("no such platform").to_string();
    assert_eq!(text, "There is no image for linux/s390x; there are linux/amd64, linux/arm64/v8.");
    // A single image says in its config what it is for.
    let by_digest = vec![(Target::Digest(wanted.tags[0].1.clone()), vec![tag("v1")])];
    assert!(gather(&registry, "arm", &by_digest, &scope("linux/arm64", false)).is_ok());
    let error = gather(&registry, "arm", &by_digest, &scope("linux/amd64", false));
    assert!(matches!(error, Err(CopyError::NoPlatform { .. })));
}

#[test]
fn all_tags_with_a_filter_and_without_those_that_are_there() {
    let (peer, other) = (with_sample(), Peer::new());
    let (from, to) = (peer.registry(), other.registry_at("other.example"));
    let (source, target) = (place(&from, SAMPLE), place(&to, "copy"));
    let chosen = |pattern: &str, keep: bool| {
        let repository = repository(SAMPLE);
        let (from, to) = (from.repository(repository), to.repository(target.repository.clone()));
        let absent_from = keep.then_some(&to);
        let (tags, told) = run(tags_to_copy(&from, &source, pattern, absent_from)).expect("tags");
        assert_eq!(told, []);
        tags.iter().map(|tag| tag.as_str().to_owned()).collect::<Vec<_>>()
    };
    let all = run(from.all_tags(&repository(SAMPLE))).expect("tags");
    let plain: Vec<String> = all.iter().filter(|t| !t.starts_with("sha256-")).cloned().collect();
    assert!(plain.len() < all.len() && plain.len() > 1, "{all:?}");
    assert_eq!(chosen("*", false), plain);
    let ones: Vec<String> = plain.iter().filter(|tag| is_like(tag, "1.*")).cloned().collect();
    assert_eq!(chosen("1.*", false), ones);
    assert_eq!(chosen("*", true), plain, "a target that is not there has none");

    let images: Vec<_> = ones.iter().map(|name| (tagged(name), vec![tag(name)])).collect();
    let wanted = gather(&from, SAMPLE, &images, &attached()).expect("gathered");
    pushed(&wanted, &to, "copy", &Shelf::over([peer.registry()]));
    let left = chosen("*", true);
    assert!(left.iter().all(|tag| !ones.contains(tag)) && left.len() == plain.len() - ones.len());

    let images: Vec<_> = plain.iter().map(|name| (tagged(name), vec![tag(name)])).collect();
    peer.forget();
    let wanted = gather(&from, SAMPLE, &images, &Scope::default()).expect("gathered");
    assert_eq!(wanted.tags.len(), plain.len());
    let digests: BTreeSet<&Digest> = wanted.documents.iter().map(|d| d.digest()).collect();
    assert_eq!(digests.len(), wanted.documents.len(), "what is shared is read once");
}

#[test]
fn sources_that_give_other_bytes_are_not_copied() {
    let peer = with_sample();
    let registry = peer.registry();
    for (fault, code) in [
        ("flip-manifest", "digest"),
        ("truncate-manifest", "size"),
        ("other-digest", "size"),
        ("404", "not-found"),
        ("403", "denied"),
    ] {
        let error = gather(&registry, &format!("fault/{fault}/{SAMPLE}"), &latest(), &attached());
        let Err(CopyError::Source(error)) = error else { panic!("{fault}: {error:?}") };
        assert_eq!(error.code(), code, "{fault}: {error}");
    }
    // A source that is busy once is waited for.
    assert!(gather(&registry, &format!("fault/429-once/{SAMPLE}"), &latest(), &attached()).is_ok());
    let wanted = gather(&registry, &format!("fault/flip-layer/{SAMPLE}"), &latest(), &attached());
    let wanted = wanted.expect("documents are good");
    let target = Peer::new();
    let to = target.registry_at("other.example");
    let plan = planned(&wanted, &to, "copy").expect("plan");
    let shelf = Shelf::over([peer.registry()]);
    let error = crate::transfer_support::carried_out(&plan, &to, &shelf, &|_| {});
    assert!(error.expect_err("a flipped layer").to_string().contains("does not match"));
    assert_eq!(target.count("PUT", "/manifests/"), 0);
}

#[test]
fn what_is_listed_where_it_does_not_belong_stays_behind() {
    let mut made = Made::default();
    let image = made.image("image", &[10]);
    let other = made.image("other", &[10]);
    let sbom = made.artifact("application/spdx+json", &other);
    let signature = made.artifact("application/x-signature", &image);
    // A reader of the fallback tag sees a referrer of another image, the image itself, and a loop.
    let list = json!({"schemaVersion": 2, "mediaType": MediaType::INDEX,
        "manifests": [sbom, signature, image]});
    let peer = Peer::new();
    made.install(&peer, "a", "other");
    let root = Digest::parse(image["digest"].as_str().expect("digest")).expect("digest");
    let name = root.referrers_tag();
    let media_type = MediaType::INDEX;
    peer.store.put_manifest("a", media_type, list.to_string().into(), &[&name]).expect("list");
    let target = vec![(Target::Digest(root.clone()), vec![tag("v1")])];
    let registry = peer.registry();
    let wanted = gather(&registry, "fault/no-referrers/a", &target, &attached()).expect("gathered");
    let digests: Vec<&str> = wanted.documents.iter().map(|d| d.digest().as_str()).collect();
    assert_eq!(digests, [root.as_str(), signature["digest"].as_str().expect("digest")]);
    let rules: Vec<&str> = wanted.findings.iter().map(|finding| &*finding.rule).collect();
    assert_eq!(rules, ["copy.subject"]);
}

#[test]
fn referrers_of_referrers_come_along() {
    let mut made = Made::default();
    let image = made.image("image", &[10]);
    let mut last = image;
    for number in 0..6 {
        last = made.artifact(&format!("application/x-{number}"), &last);
    }
    let peer = Peer::new();
    made.install(&peer, "a", "v1");
    let registry = peer.registry();
    let target = vec![(tagged("v1"), vec![tag("v1")])];
    let wanted = gather(&registry, "a", &target, &attached()).expect("gathered");
    assert_eq!(wanted.documents.len(), 7);
    pushed(&wanted, &registry, "fault/no-subject/b", &Shelf::default());
    let again = gather(&registry, "fault/no-subject/b", &target, &attached()).expect("gathered");
    assert_eq!(again.documents.len(), 7, "from one fallback tag to the next");
}

#[test]
fn documents_that_can_not_be_followed_are_not_copied() {
    let peer = Peer::new();
    let schema1 =
        json!({"schemaVersion": 1, "name": "a", "tag": "t", "fsLayers": [], "history": []});
    let script = |media_type: &str, body: String| {
        let answer = Action::Answer {
            status: 200,
            headers: [("Content-Type".to_owned(), media_type.to_owned())].into(),
            body: body.into(),
        };
        let rules = vec![Rule::new([answer])];
        Peer::over(peer.store.clone(), Faults { rules })
    };
    for (media_type, body, problem) in [
        (MediaType::SCHEMA1, schema1.to_string(), Unusable::Schema1),
        (MediaType::MANIFEST, "no JSON".to_owned(), Unusable::NotJson),
        (
            MediaType::MANIFEST,
            json!({"config": {}, "layers": [], "manifests": []}).to_string(),
            Unusable::Ambiguous,
        ),
        (MediaType::INDEX, json!({"manifests": [{}]}).to_string(), Unusable::Unreadable),
    ] {
        let peer = script(media_type, body);
        let error = gather(&peer.registry(), "a", &latest(), &Scope::default());
        let Err(CopyError::Unusable { problem: found, .. }) = error else { panic!("{error:?}") };
        assert_eq!(found, problem);
    }
}

#[test]
fn a_copy_of_what_was_made_here_has_all_of_it() {
    let (made, peer) = (example(), Peer::new());
    made.install(&peer, "a", "latest");
    let registry = peer.registry();
    let wanted = gather(&registry, "a", &latest(), &attached()).expect("gathered");
    let gathered: BTreeSet<&Digest> = wanted.documents.iter().map(|d| d.digest()).collect();
    let all: BTreeSet<&Digest> = made.documents.iter().map(|d| d.digest()).collect();
    assert_eq!(gathered, all);
    let blobs: BTreeSet<&Digest> = wanted.blobs.iter().map(|b| &b.descriptor.digest).collect();
    assert_eq!(blobs, made.blobs.keys().collect());
    assert!((2..=4).contains(&peer.most_at_once()), "{}", peer.most_at_once());
}

/// BuildKit's caches are indexes whose entries are layers and a cache config.
#[test]
fn b5_blobs_in_an_index_come_along() {
    let mut made = Made::default();
    let layers = ["a", "b"].map(|name| made.blob(MediaType::LAYER_GZIP, name.repeat(2000)));
    let cache = made.blob("application/vnd.buildkit.cacheconfig.v0", "{\"layers\":[]}");
    let entries: Vec<Value> = layers.into_iter().chain([cache]).collect();
    made.index(&entries);
    let peer = Peer::new();
    made.install(&peer, "cache", "v1");
    let registry = peer.registry();
    let target = vec![(tagged("v1"), vec![tag("v1")])];
    let wanted = gather(&registry, "cache", &target, &attached()).expect("gathered");
    assert_eq!((wanted.documents.len(), wanted.blobs.len()), (1, 3));
    let other = Peer::new();
    let to = other.registry_at("other.example");
    pushed(&wanted, &to, "copy", &Shelf::over([registry]));
    for (descriptor, _) in made.blobs.values() {
        assert_eq!(run(to.has_blob(&repository("copy"), descriptor)), Ok(true));
    }
    assert_eq!(
        digest_of(&to, "copy", &tagged("v1")),
        digest_of(&peer.registry(), "cache", &tagged("v1"))
    );
}

/// A refusal says that nothing can be known of signatures, which is told; the image is copied.
#[test]
fn b1_look_ups_that_are_refused_end_no_copy() {
    let mut made = Made::default();
    made.image("a", &[100]);
    let answer = |status| Action::Answer { status, headers: Default::default(), body: Value::Null };
    let rule =
        |path: &str, status| Rule { path: Some(path.to_owned()), ..Rule::new([answer(status)]) };
    let peer = Peer::under_rules([rule("*/referrers/*", 403), rule("*/manifests/sha256-*", 403)]);
    made.install(&peer, "a", "v1");
    let registry = peer.registry();
    let target = vec![(tagged("v1"), vec![tag("v1")])];
    let wanted = gather(&registry, "a", &target, &attached()).expect("gathered");
    assert_eq!(wanted.documents.len(), 1);
    let rules: Vec<&str> = wanted.findings.iter().map(|finding| &*finding.rule).collect();
    assert_eq!(rules, ["referrers.list"]);
}

/// Those of a place, whatever the target has.
fn all_tags<S: Source>(from: &S, place: &Place) -> (Vec<Tag>, Vec<Finding>) {
    run(tags_to_copy(from, place, "*", None::<&S>)).expect("tags")
}

/// What came of a list with a bad next page is copied, and the rest is told of.
#[test]
fn b3_tags_of_a_list_that_stops_are_copied() {
    let mut made = Made::default();
    made.image("a", &[100]);
    let link = [("Link".to_owned(), Some("<https://evil.example/x>; rel=next".to_owned()))];
    let peer = Peer::under_rules([Rule {
        path: Some("*/tags/list".to_owned()),
        ..Rule::new([Action::Headers(link.into())])
    }]);
    made.install(&peer, "a", "v1");
    let registry = peer.registry();
    let source = place(&registry, "a");
    let (tags, told) = all_tags(&registry.repository(repository("a")), &source);
    assert_eq!(tags, [tag("v1")]);
    let said: Vec<_> = told.iter().map(|finding| finding.message.as_str()).collect();
    assert!(
        matches!(said[..], [said] if said.contains("is not on the registry itself. Only the tags that came")),
        "{said:?}"
    );
}

/// Names that can't be asked for are not copied, and not without a word.
#[test]
fn names_that_are_no_tags_are_told() {
    let list = r#"{"name":"a","tags":["v1","no tag","-x","sha256-0"]}"#;
    let url = "GET https://reg.example/v2/a/tags/list?n=1000";
    let script = Script::new(&[(url, Answer::status(200).body(list))]);
    let registry = scripted("reg.example", &script);
    let source = Place { registry: registry.name().clone(), repository: repository("a") };
    let (tags, told) = all_tags(&registry.repository(repository("a")), &source);
    assert_eq!(tags, [tag("v1"), tag("sha256-0")]);
    let said: Vec<_> = told.iter().map(|finding| finding.message.as_str()).collect();
    assert!(matches!(said[..], [said] if said.contains("has no tag, -x, which")), "{said:?}");
}
