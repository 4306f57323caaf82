//! Every source into every sink: what is read out of any place goes whole into any other, and comes
//! out of it again as the very same documents.

use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use drydock::archive::write::{self as archive, Part};
use drydock::archive::{ArchiveSource, Name};
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::document::Document;
use drydock::edit::{Action, Base, ConfigEdit, Draft, Edit, Family, Packing};
use drydock::media_type::Kind;
use drydock::reference::{Reference, Tag, Target};
use drydock::source::{AnySource, CosignKind, Source as _};
use drydock::transfer::copy::{Scope, gather};
use drydock::transfer::{Drafted, DraftedError, Origin, PlaceError, Wanted, archive_entries};
use serde_json::json;

use crate::archive_support::{Disk, documents, folder, opened, tarred};
use crate::edited::{Product, Work, add};
use crate::image_support::Store;
use crate::images::{Made, Whole, index, unpacked};
use crate::layer_support::{file, tar};
use crate::peers::{self, Peer};
use crate::tools::run;
use crate::wire::wait_for;

/// Most bytes of a blob.
const BLOB: u64 = 1 << 20;

/// Somewhere images lie.
#[derive(Clone)]
struct Place {
    source: AnySource<PlaceError>,
    target: Target,
    /// Where the blobs of a draft are, which has none itself.
    blobs: Option<Rc<Whole>>,
}

impl Place {
    fn bytes(&self, descriptor: &Descriptor) -> Bytes {
        match &self.blobs {
            Some(whole) => whole.bytes(&descriptor.digest).clone(),
            None => {
                wait_for(self.source.blob(descriptor, BLOB)).expect("a blob").bytes.into_inner()
            }
        }
    }

    /// All that belongs to the image, with what refers to it, and the bytes of its blobs.
    fn taken(&self) -> (Wanted, Whole) {
        let tag = Tag::parse("taken").expect("a tag");
        let scope = Scope { platform: None, attached: true };
        let images = [(self.target.clone(), vec![tag])];
        let wanted =
            wait_for(gather(&self.source, &Origin::Local, &images, &scope)).expect("gathered");
        let mut store = Store::default();
        for document in &wanted.documents {
            store.put(document.media_type().as_str(), document.bytes().clone());
        }
        for blob in &wanted.blobs {
            let bytes = self.bytes(&blob.descriptor);
            assert_eq!(Digest::sha256(&bytes), blob.descriptor.digest);
            store.put(blob.descriptor.media_type.as_str(), bytes);
        }
        let root = wanted.documents.first().expect("a root").descriptor();
        let whole = Whole { store, root: json!(root) };
        (wanted, whole)
    }

    fn registry(peer: &Peer, repository: &str) -> Self {
        let reference = Reference::parse(&peer.name(repository, "1")).expect("a reference");
        let client: &'static _ = Box::leak(Box::new(peer.client()));
        let source = client.repository(reference.repository.clone());
        let source = AnySource::new(Rc::new(source));
        Self { source, target: reference.target(), blobs: None }
    }

    /// The first image of an archive.
    fn archive(source: ArchiveSource<Disk>) -> Self {
        let root = source.archive().roots().iter().find(|root| root.about.is_none());
        let target = Target::Digest(root.expect("an image").descriptor.digest.clone());
        Self { source: AnySource::new(Rc::new(source)), target, blobs: None }
    }

    fn draft(product: &Product, base: Option<&Whole>) -> Self {
        let mut whole = product.whole.clone();
        for (digest, content) in base.iter().flat_map(|base| &base.store.content) {
            whole.store.content.entry(digest.clone()).or_insert_with(|| content.clone());
        }
        Self {
            source: AnySource::new(Rc::new(Drafted::new(&product.change))),
            target: Target::Tag(Tag::parse("latest").expect("a tag")),
            blobs: Some(Rc::new(whole)),
        }
    }

    /// A draft on what lies here: a label, and a layer.
    fn drafted(&self) -> Self {
        let (_, whole) = self.taken();
        let label = ConfigEdit::Label { name: "by".to_owned(), value: Some("us".to_owned()) };
        let layer = tar(&[file("opt/new", "new\n")]);
        let reference = Reference::parse("registry.example/base").expect("a reference");
        let pinned = drydock::edit::Pinned::new(reference, whole.digest());
        let actions = [Action::Config(label), add(&layer, Packing::default())];
        let product = Work::on(&whole, &pinned, actions).with_file(&layer).done();
        assert!(product.change.is_changed());
        Self::draft(&product, Some(&whole))
    }
}

fn image(platform: &'static str, name: &str) -> Made {
    Made { platform, ..Made::new(&[tar(&[file("etc/name", name)]), tar(&[file("b", "2")])]) }
}

/// What an archive plan comes to.
fn put_together(plan: &archive::Plan, whole: &Whole) -> Bytes {
    let mut bytes = Vec::new();
    for part in &plan.parts {
        match part {
            Part::Bytes(made) => bytes.extend_from_slice(made),
            Part::Tar { digest, .. } => {
                bytes.extend_from_slice(&unpacked(whole.bytes(digest), 1 << 16));
            }
            Part::Blob { digest, .. } => bytes.extend_from_slice(whole.bytes(digest)),
        }
    }
    assert_eq!(bytes.len() as u64, plan.size);
    bytes.into()
}

fn named(wanted: &Wanted, digest: &Digest) -> Vec<Name> {
    let tags = wanted.tags.iter().filter(|(_, of)| of == digest);
    let reference = |tag: &Tag| {
        let text = format!("registry.example/saved:{tag}");
        Name::Reference(Reference::parse(&text).expect("a reference"))
    };
    tags.map(|(tag, _)| reference(tag)).collect()
}

type Planner =
    fn(&[archive::Entry], &archive::Lookup<'_>) -> Result<archive::Plan, archive::WriteError>;

/// Saves what was taken.
fn saved(wanted: &Wanted, whole: &Whole, plan: Planner) -> Bytes {
    let documents: BTreeMap<&Digest, &Document> =
        wanted.documents.iter().map(|document| (document.digest(), document)).collect();
    let entries = archive_entries(&wanted.documents, |digest: &Digest| named(wanted, digest));
    let lookup = |digest: &Digest| documents.get(digest).copied();
    put_together(&plan(&entries, &lookup).expect("a plan"), whole)
}

/// Saves one image as Docker did long ago.
fn legacy(wanted: &Wanted, whole: &Whole) -> Bytes {
    let root = wanted.documents.first().expect("a root");
    let name = Reference::parse("registry.example/saved:1").expect("a reference");
    let names = vec![Name::Reference(name)];
    let entries = [archive::Entry { descriptor: root.descriptor(), names }];
    let documents = documents(&whole.store);
    let lookup = |digest: &Digest| documents.get(digest);
    let size = |digest: &Digest| Some(unpacked(whole.bytes(digest), 1 << 16).len() as u64);
    let folder = archive::legacy(&entries, &lookup, &size).expect("a folder");
    put_together(&folder.tar().expect("a tar"), whole)
}

/// The files of a tar, as a folder has them.
fn files(archive: &[u8]) -> Vec<(String, Bytes)> {
    let mut reader = ::tar::Archive::new(archive);
    let mut files = Vec::new();
    for entry in reader.entries().expect("a tar") {
        let mut entry = entry.expect("an entry");
        if entry.header().entry_type().is_file() {
            let path = entry.path().expect("a path").display().to_string();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).expect("read");
            files.push((path, bytes.into()));
        }
    }
    files
}

/// The same files as the library plans them for a folder.
fn in_a_folder(wanted: &Wanted, whole: &Whole) -> Vec<(String, Bytes)> {
    let documents = documents(&whole.store);
    let names = |digest: &Digest| named(wanted, digest);
    let entries = archive_entries(&wanted.documents, names);
    let lookup = |digest: &Digest| documents.get(digest);
    let planned = archive::folder(&entries, &lookup).expect("a folder");
    let content = |file: archive::File| match file.content {
        Part::Bytes(bytes) => (file.path, bytes),
        Part::Blob { digest, .. } | Part::Tar { digest, .. } => {
            (file.path, whole.bytes(&digest).clone())
        }
    };
    planned.files.into_iter().map(content).collect()
}

fn as_folder(archive: &[u8]) -> Place {
    let files = files(archive);
    let borrowed: Vec<(&str, Bytes)> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    Place::archive(folder(&borrowed).expect("a layout"))
}

/// What Docker wrote before version 25: plain layers, and no manifest.
fn old_docker(whole: &Whole) -> Bytes {
    let image = whole.of("linux/amd64");
    let config = image.bytes(&crate::image_support::digest(&image.manifest()["config"])).clone();
    let tars = image.tars();
    let names: Vec<String> = (0..tars.len()).map(|at| format!("layer{at}/layer.tar")).collect();
    let list = json!([{"Config": "config.json", "RepoTags": ["app:1"], "Layers": names}]);
    let mut files = vec![("config.json", config), ("manifest.json", list.to_string().into())];
    files.extend(names.iter().map(String::as_str).zip(tars.into_iter().map(Bytes::from)));
    tarred(&files).into()
}

/// Everywhere an image can come from.
fn sources(peer: &Peer) -> Vec<(&'static str, Place)> {
    let multi = index(&[image("linux/amd64", "one"), image("linux/arm64/v8", "two")]);
    multi.push(peer, "table/source", "1");
    let registry = Place::registry(peer, "table/source");
    let (wanted, whole) = registry.taken();
    let layout = saved(&wanted, &whole, archive::layout);
    let single = image("linux/amd64", "one").make();
    single.push(peer, "table/single", "1");
    let (wanted, one) = Place::registry(peer, "table/single").taken();
    let docker = saved(&wanted, &one, archive::docker_save);
    let empty = {
        let layer = tar(&[file("first", "1")]);
        let platform = "linux/amd64".parse().expect("a platform");
        let base = Base::Empty { family: Family::Oci, platform };
        let edits = vec![Edit::all(add(&layer, Packing::default()))];
        let product = Work::of(Draft { edits, ..Draft::new(base) }).with_file(&layer).done();
        Place::draft(&product, None)
    };
    let firsts = vec![
        ("a registry", registry),
        ("an OCI tar", Place::archive(opened(layout.clone()).expect("a layout"))),
        ("a folder", as_folder(&layout)),
        ("a docker save", Place::archive(opened(docker).expect("an archive"))),
        ("an old docker save", Place::archive(opened(old_docker(&multi)).expect("an archive"))),
        ("a draft on nothing", empty),
    ];
    let drafts = firsts.iter().map(|(_, place)| ("a draft on it", place.drafted()));
    let drafts: Vec<_> = drafts.collect();
    let twice = drafts.iter().map(|(_, place)| ("a draft on a draft on it", place.drafted()));
    let twice: Vec<_> = twice.collect();
    firsts.into_iter().chain(drafts).chain(twice).collect()
}

/// One image of what was taken, as docker-save tars and root file systems hold it.
fn one(place: &Place, whole: &Whole) -> (Wanted, Whole) {
    let only = whole.images().into_iter().next().expect("an image").1;
    let tag = Tag::parse("one").expect("a tag");
    let images = [(Target::Digest(only.digest()), vec![tag])];
    let scope = Scope::default();
    let wanted =
        wait_for(gather(&place.source, &Origin::Local, &images, &scope)).expect("gathered");
    (wanted, only)
}

#[test]
fn every_source_goes_into_every_sink() {
    let peer = peers::distribution();
    for (at, (name, place)) in sources(peer).into_iter().enumerate() {
        let what = format!("{at}: {name}");
        let (wanted, whole) = place.taken();
        // Nobody has signed or attached anything.
        let is_document = |document: &&Document| {
            matches!(document.media_type().kind(), Kind::Manifest | Kind::Index)
        };
        assert_eq!(wanted.findings, [], "{what}");
        assert_eq!(wanted.tags.len(), 1, "{what}: {:?}", wanted.tags);
        let entries = whole.manifest()["manifests"].as_array().map_or(0, Vec::len);
        assert_eq!(wanted.documents.iter().filter(is_document).count(), 1 + entries, "{what}");
        let digests = |wanted: &Wanted| -> Vec<Digest> {
            let mut all: Vec<Digest> =
                wanted.documents.iter().map(|document| document.digest().clone()).collect();
            all.sort();
            all
        };
        let same = |again: &Place, sink: &str| {
            let (taken, _) = again.taken();
            assert_eq!(digests(&taken), digests(&wanted), "{what} into {sink}");
        };
        whole.push(peer, &format!("table/{at}"), "1");
        same(&Place::registry(peer, &format!("table/{at}")), "a registry");
        let layout = saved(&wanted, &whole, archive::layout);
        same(&Place::archive(opened(layout.clone()).expect("a layout")), "an OCI tar");
        same(&as_folder(&layout), "a folder");
        assert_eq!(files(&layout), in_a_folder(&wanted, &whole), "{what}");
        let (wanted_one, only) = one(&place, &whole);
        let docker = saved(&wanted_one, &whole, archive::docker_save);
        let again = Place::archive(opened(docker).expect("an archive"));
        assert_eq!(digests(&again.taken().0), digests(&wanted_one), "{what} into a docker save");
        let old = legacy(&wanted_one, &only);
        let (_, again) = Place::archive(opened(old.clone()).expect("an archive")).taken();
        assert_eq!(again.config(), only.config(), "{what} into the old form");
        if at < 2 {
            let scratch = tempfile::tempdir().expect("a directory");
            let path = scratch.path().join("old.tar").display().to_string();
            std::fs::write(&path, &old).expect("written");
            run("crane", ["validate", "--tarball", &path]);
            run("skopeo", ["inspect", &format!("docker-archive:{path}")]);
        }
        let tree = crate::export::exported(&only);
        assert!(files(&tree).iter().any(|(path, _)| !path.is_empty()), "{what} as files");
        let drafted = place.drafted();
        let (_, after) = drafted.taken();
        assert_ne!(after.digest(), whole.digest(), "{what} into a draft");
    }
}

#[test]
fn a_draft_has_no_tags_and_nothing_refers_to_it_but_what_it_attaches() {
    let place = Place::archive({
        let whole = image("linux/amd64", "one").make();
        opened(old_docker(&whole)).expect("an archive")
    });
    let drafted = place.drafted();
    let (_, whole) = drafted.taken();
    let digest = whole.digest();
    for kind in CosignKind::ALL {
        let tag = kind.tag(&digest).expect("a tag");
        let answer = wait_for(drafted.source.root(&Target::Tag(tag)));
        assert!(matches!(answer, Err(PlaceError::Draft(DraftedError::NoTag(_)))), "{answer:?}");
    }
    assert_eq!(wait_for(drafted.source.referrers(&digest)).expect("a list").descriptors, []);
}
