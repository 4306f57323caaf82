//! Archives in memory, and a disk that counts what is read from it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use drydock::archive::write::{Entry, Part, Plan};
use drydock::archive::{ArchiveSource, Error, Files, Name, ReadAt, ReadError, scan};
use drydock::descriptor::identify;
use drydock::digest::Digest;
use drydock::document::Document;
use drydock::image::{self, Graph, Options};
use drydock::media_type::MediaType;
use drydock::reference::{Reference, Tag, Target};
use drydock::spec;
use serde_json::Value;

use crate::image_support::{Store, digest};
use crate::registry_script::run;

/// Files of which only some stretches are not zero, so that they can be large.
#[derive(Default)]
pub(crate) struct Disk {
    files: Vec<(u64, Vec<(u64, Bytes)>)>,
    pub(crate) read: Cell<u64>,
    pub(crate) reads: Cell<usize>,
    /// Files that were hashed.
    pub(crate) hashed: RefCell<Vec<Range<u64>>>,
}

impl Disk {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        self.files.push((bytes.len() as u64, vec![(0, bytes)]));
        self
    }

    pub(crate) fn sparse(mut self, size: u64, stretches: Vec<(u64, Bytes)>) -> Self {
        self.files.push((size, stretches));
        self
    }
}

impl ReadAt for Disk {
    async fn read(&self, file: usize, range: Range<u64>) -> Result<Bytes, ReadError> {
        let (size, stretches) = &self.files[file];
        assert!(range.start <= range.end && range.end <= *size, "{range:?} of {size}");
        self.read.set(self.read.get() + (range.end - range.start));
        self.reads.set(self.reads.get() + 1);
        let mut bytes = vec![0; (range.end - range.start) as usize];
        for (at, stretch) in stretches {
            let from = range.start.max(*at);
            let to = range.end.min(at + stretch.len() as u64);
            if from < to {
                bytes[(from - range.start) as usize..(to - range.start) as usize]
                    .copy_from_slice(&stretch[(from - at) as usize..(to - at) as usize]);
            }
        }
        Ok(bytes.into())
    }

    async fn digest(&self, place: &drydock::source::FileRange) -> Result<Digest, ReadError> {
        self.hashed.borrow_mut().push(place.range.clone());
        let bytes = self.read(place.file, place.range.clone()).await?;
        Ok(Digest::sha256(&bytes))
    }
}

/// The files of a tar, and its disk.
pub(crate) fn scanned(tar: impl Into<Bytes>) -> (Result<Files, Error>, Disk) {
    let tar = tar.into();
    let size = tar.len() as u64;
    let disk = Disk::new().with(tar);
    (run(scan(&disk, 0, size)), disk)
}

/// Path and content of every file.
pub(crate) fn contents(files: &Files, disk: &Disk) -> BTreeMap<String, Bytes> {
    let content = |(path, place): (&str, &drydock::source::FileRange)| {
        (path.to_owned(), run(disk.read(place.file, place.range.clone())).expect("content"))
    };
    files.iter().map(content).collect()
}

pub(crate) fn opened(tar: impl Into<Bytes>) -> Result<ArchiveSource<Disk>, Error> {
    let (files, disk) = scanned(tar);
    run(ArchiveSource::open(files?, disk))
}

/// A folder as an archive.
pub(crate) fn folder(files: &[(&str, Bytes)]) -> Result<ArchiveSource<Disk>, Error> {
    let list = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.len() as u64));
    let disk = files.iter().fold(Disk::new(), |disk, (_, bytes)| disk.with(bytes.clone()));
    run(ArchiveSource::open(Files::folder(list)?, disk))
}

/// A tar of these files, as the crate `tar` writes it.
pub(crate) fn tarred(files: &[(&str, Bytes)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, &bytes[..]).expect("written");
    }
    builder.into_inner().expect("written")
}

/// The files of a layout: the whole store, and `index.json` with these entries.
pub(crate) fn layout_of(store: &Store, entries: &[Value]) -> Vec<(String, Bytes)> {
    let index = serde_json::json!({"schemaVersion": 2, "manifests": entries});
    let mut files = vec![
        ("oci-layout".to_owned(), Bytes::from(r#"{"imageLayoutVersion":"1.0.0"}"#)),
        ("index.json".to_owned(), Bytes::from(index.to_string())),
    ];
    for (digest, (bytes, _)) in &store.content {
        files.push((blob(digest), bytes.clone()));
    }
    files
}

pub(crate) fn borrowed(files: &[(String, Bytes)]) -> Vec<(&str, Bytes)> {
    files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect()
}

pub(crate) fn blob(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm_name(), digest.encoded())
}

/// A descriptor with the annotation by which layouts name it.
pub(crate) fn named(descriptor: &Value, name: &str) -> Value {
    let mut entry = descriptor.clone();
    entry["annotations"]["org.opencontainers.image.ref.name"] = name.into();
    entry
}

pub(crate) fn read_descriptor(value: &Value) -> drydock::descriptor::Descriptor {
    spec::read_descriptor(value, "test").0.expect("descriptor")
}

pub(crate) fn entry(descriptor: &Value, names: &[&str]) -> Entry {
    let names = names.iter().map(|name| Name::parse(name)).collect();
    Entry { descriptor: read_descriptor(descriptor), names }
}

pub(crate) fn reference(text: &str) -> Name {
    Name::Reference(Reference::parse(text).expect("reference"))
}

pub(crate) fn tag(text: &str) -> Name {
    Name::Tag(Tag::parse(text).expect("tag"))
}

/// All documents of a store.
pub(crate) fn documents(store: &Store) -> BTreeMap<Digest, Document> {
    let document = |(_, (bytes, media_type)): (&Digest, &(Bytes, String))| {
        let value = serde_json::from_slice(bytes).ok()?;
        let (digest, bytes) = identify(bytes.clone());
        let document = Document::new(&bytes, digest.clone(), MediaType::new(media_type), value);
        Some((digest, document))
    };
    store.content.iter().filter_map(document).collect()
}

/// The bytes that a plan stands for.
pub(crate) fn written(plan: &Plan, store: &Store) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in &plan.parts {
        match part {
            Part::Bytes(made) => bytes.extend_from_slice(made),
            Part::Tar { .. } => panic!("a layer that is to be unpacked"),
            Part::Blob { digest, size, .. } => {
                let content = &store.content.get(digest).expect("blob").0;
                assert_eq!(content.len() as u64, *size);
                bytes.extend_from_slice(content);
            }
        }
    }
    bytes
}

/// The rules of findings, each once.
pub(crate) fn rules(findings: &[drydock::finding::Finding]) -> Vec<String> {
    let mut rules: Vec<String> = findings.iter().map(|finding| finding.rule.to_string()).collect();
    rules.sort();
    rules.dedup();
    rules
}

pub(crate) type Opened = ArchiveSource<Disk>;

/// What an archive lists: names, digest, origin.
pub(crate) fn listed(source: &Opened) -> Vec<String> {
    let roots = source.archive().roots().iter().map(|root| {
        let names: Vec<String> = root
            .names
            .iter()
            .map(|name| match name {
                Name::Reference(reference) => reference.to_string(),
                Name::Tag(tag) => tag.to_string(),
                Name::Other(text) => format!("\"{text}\""),
            })
            .collect();
        let about = root.about.as_ref().map_or("", |_| " about another");
        let digest = root.descriptor.digest.short();
        format!("{digest} {:?} [{}]{about}", root.origin, names.join(", "))
    });
    roots.collect()
}

/// What a tag stands for in an archive.
pub(crate) fn target_tag(text: &str) -> Target {
    Target::Tag(Tag::parse(text).expect("tag"))
}

pub(crate) fn short(descriptor: &Value) -> String {
    digest(descriptor).short().to_owned()
}

/// Loads all documents under a root of an archive, as the page does.
pub(crate) fn load(source: &Opened, target: &Target) -> Graph {
    let mut reference = Reference::parse("localhost/archive").expect("reference");
    match target {
        Target::Tag(tag) => reference.tag = Some(tag.clone()),
        Target::Digest(digest) => reference.digest = Some(digest.clone()),
    }
    let options = Options { referrers: true, ..Options::default() };
    run(image::load(source, &reference, options, async |_| {})).graph
}
