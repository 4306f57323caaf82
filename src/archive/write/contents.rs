//! What belongs to the images that are saved?

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;

use super::entry::{Entry, Lookup};
use super::error::WriteError;
use crate::archive::name::Name;
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::document::Document;
use crate::finding::Finding;
use crate::limits;
use crate::media_type::{Kind, MediaType};
use crate::reference::Tag;
use crate::spec::{self, Claims, Index, Manifest, fallback};

/// Everything under some roots, each digest once.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) parts: BTreeMap<Digest, Content>,
    pub(super) notes: Vec<Finding>,
    /// What each manifest that something refers to is referred to by, as lists of referrers have it.
    referrers: BTreeMap<Digest, Vec<(Digest, Value)>>,
    /// What an index lists that is here: it is found through that.
    within: BTreeSet<Digest>,
}

/// What is written under a digest.
pub(super) enum Content {
    Document(Bytes),
    Blob { size: u64, entry: usize },
}

/// A document that others are found by.
pub(super) enum Listed {
    Index(Box<Index>),
    Manifest(Box<Manifest>),
}

impl Listed {
    fn subject(&self) -> Option<&Descriptor> {
        match self {
            Self::Index(index) => index.subject.as_ref(),
            Self::Manifest(manifest) => manifest.subject.as_ref(),
        }
    }
}

impl Contents {
    pub(super) fn of(entries: &[Entry], documents: &Lookup<'_>) -> Result<Self, WriteError> {
        if entries.is_empty() {
            return Err(WriteError::Nothing);
        }
        let mut contents = Self::default();
        for (at, entry) in entries.iter().enumerate() {
            let mut open = vec![entry.descriptor.clone()];
            while let Some(descriptor) = open.pop() {
                match contents.document(&descriptor, documents)? {
                    None => {}
                    Some(Listed::Index(index)) => {
                        let entries = index.manifests.into_iter();
                        let (lists, others): (Vec<_>, Vec<_>) = entries.partition(is_list);
                        contents.within.extend(lists.iter().map(|list| list.digest.clone()));
                        open.extend(lists);
                        contents.blobs(others, at)?;
                    }
                    Some(Listed::Manifest(manifest)) => {
                        let layers = manifest.layers.into_iter().map(|layer| layer.descriptor);
                        contents.blobs(manifest.config.into_iter().chain(layers), at)?;
                    }
                }
            }
        }
        Ok(contents)
    }

    /// Makes the lists of what refers to something that is here, and gives them to be listed. A list
    /// that is among the entries stays as it is.
    pub(super) fn lists_of_referrers(&mut self, entries: &[Entry]) -> Vec<Entry> {
        let names = entries.iter().flat_map(|entry| &entry.names);
        let tags: BTreeSet<&Tag> = names.filter_map(Name::tag).collect();
        let mut lists = Vec::new();
        for (subject, referrers) in &self.referrers {
            let Ok(tag) = Tag::parse(&subject.referrers_tag()) else { continue };
            if tags.contains(&tag) || !self.parts.contains_key(subject) {
                continue;
            }
            let alone = referrers.iter().filter(|(digest, _)| !self.within.contains(digest));
            let alone: Vec<Value> = alone.map(|(_, entry)| entry.clone()).collect();
            if alone.is_empty() {
                continue;
            }
            let mut list = fallback::empty();
            fallback::add(&mut list, &alone);
            let bytes = fallback::to_bytes(&list);
            let digest = Digest::sha256(&bytes);
            let descriptor = Descriptor::new(MediaType::INDEX, digest.clone(), bytes.len() as u64);
            self.parts.insert(digest, Content::Document(bytes));
            lists.push(Entry { descriptor, names: vec![Name::Tag(tag)] });
        }
        lists
    }

    /// Takes a document, and reads it if it was not there before.
    fn document(
        &mut self,
        descriptor: &Descriptor,
        documents: &Lookup<'_>,
    ) -> Result<Option<Listed>, WriteError> {
        let document = document(descriptor, documents)?;
        let content = Content::Document(document.bytes().clone());
        match self.parts.insert(descriptor.digest.clone(), content) {
            Some(Content::Document(_)) => return Ok(None),
            Some(Content::Blob { size, .. }) if size != descriptor.size => {
                return Err(WriteError::Conflict(descriptor.digest.clone()));
            }
            Some(Content::Blob { .. }) | None => {}
        }
        self.room()?;
        let listed = listed(descriptor, document)?;
        if let Some(subject) = listed.subject() {
            let referrers = self.referrers.entry(subject.digest.clone()).or_default();
            referrers.push((descriptor.digest.clone(), fallback::entry(document)));
        }
        Ok(Some(listed))
    }

    fn blobs<I: IntoIterator<Item = Descriptor>>(
        &mut self,
        descriptors: I,
        entry: usize,
    ) -> Result<(), WriteError> {
        for descriptor in descriptors {
            if descriptor.media_type.is_foreign() {
                self.foreign(&descriptor);
                continue;
            }
            let known = match self.parts.get(&descriptor.digest) {
                None => descriptor.size,
                Some(Content::Document(bytes)) => bytes.len() as u64,
                Some(Content::Blob { size, .. }) => *size,
            };
            if known != descriptor.size {
                return Err(WriteError::Conflict(descriptor.digest));
            }
            let content = Content::Blob { size: descriptor.size, entry };
            self.parts.entry(descriptor.digest).or_insert(content);
            self.room()?;
        }
        Ok(())
    }

    fn foreign(&mut self, descriptor: &Descriptor) {
        let digest = descriptor.digest.to_string();
        if self.notes.iter().all(|note| note.subject != digest) {
            let text = "This layer may not be distributed and lies outside of the registry; it is \
                        left out of the archive.";
            self.notes.push(Finding::warning("archive.foreign-layer", digest, text));
        }
    }

    fn room(&self) -> Result<(), WriteError> {
        if self.parts.len() > limits::DESCRIPTORS { Err(WriteError::TooMany) } else { Ok(()) }
    }
}

/// The document of a descriptor, which has the size that it says.
pub(super) fn document<'a>(
    descriptor: &Descriptor,
    documents: &Lookup<'a>,
) -> Result<&'a Document, WriteError> {
    let digest = &descriptor.digest;
    let document = documents(digest).filter(|document| document.digest() == digest);
    let document = document.ok_or_else(|| WriteError::Missing(digest.clone()))?;
    if document.bytes().len() as u64 == descriptor.size {
        Ok(document)
    } else {
        Err(WriteError::Conflict(digest.clone()))
    }
}

/// Reads a document by which others are found; all of them must be readable, so that the archive is
/// whole.
pub(super) fn listed(descriptor: &Descriptor, document: &Document) -> Result<Listed, WriteError> {
    let claims = Claims { content_type: None, descriptor: Some(descriptor.media_type.clone()) };
    let (kind, _, _) = spec::classify(document.value(), &claims, "manifest");
    let listed = match kind {
        Kind::Index => {
            let entries = document.value().get("manifests").and_then(Value::as_array).map(Vec::len);
            let index = Index::read(document, "index").0;
            index
                .filter(|index| entries == Some(index.manifests.len()))
                .map(|index| Listed::Index(Box::new(index)))
        }
        Kind::Manifest => {
            let manifest = Manifest::read(document, "manifest").0;
            let is_whole = |manifest: &Manifest| {
                manifest.config.is_some() && manifest.layers.len() == manifest.layer_count
            };
            manifest.filter(is_whole).map(|manifest| Listed::Manifest(Box::new(manifest)))
        }
        _ => None,
    };
    listed.ok_or_else(|| WriteError::Unreadable(descriptor.digest.clone()))
}

/// An index may also list blobs that are nothing of the kind.
fn is_list(descriptor: &Descriptor) -> bool {
    match descriptor.media_type.kind() {
        Kind::Index | Kind::Manifest | Kind::Schema1 => true,
        Kind::Other => descriptor.media_type.as_str().is_empty(),
        Kind::Config | Kind::Layer(_) | Kind::Empty | Kind::InToto => false,
    }
}
