//! One repository: its blobs, its `index.json`, and what its manifests say of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use drydock::descriptor::Descriptor;
use drydock::digest::{Algorithm, Digest};
use drydock::media_type::{Kind, MediaType};
use drydock::reference::{Repository as Name, Tag, Target};
use serde_json::{Map, Value, json};

use super::directory::{Directory, Stamp};
use super::index::Index;
use super::memory::Memory;
use super::outline::{Link, Outline};
use super::upload::{Finished, Upload, computable};
use super::{Refusal, Role, locked};
use crate::limits;

/// One repository.
#[derive(Debug)]
pub(crate) struct Repository {
    name: Name,
    content: Content,
    read_only: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) enum Content {
    Memory(Memory),
    Directory(Directory),
}

#[derive(Debug)]
struct State {
    stamp: Option<Stamp>,
    index: Index,
    /// What manifests say, by digest, so it never grows old.
    outlines: BTreeMap<Digest, Arc<Outline>>,
}

/// A manifest with its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) media_type: MediaType,
    pub(crate) digest: Digest,
    pub(crate) bytes: Bytes,
}

/// A blob that can be read.
#[derive(Debug)]
pub(crate) enum Blob {
    Bytes(Bytes),
    File(File, u64),
}

impl Blob {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, size) => *size,
        }
    }
}

impl Repository {
    pub(crate) fn new(name: Name, content: Content, read_only: bool) -> Self {
        let state = State { stamp: None, index: Index::empty(), outlines: BTreeMap::new() };
        Self { name, content, read_only, state: Mutex::new(state) }
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    /// Refuses when the repository can't be written.
    pub(crate) fn writable(&self) -> Result<(), Refusal> {
        if self.read_only { Err(Refusal::ReadOnly(self.name.to_string())) } else { Ok(()) }
    }

    /// The state, read again when somebody else has written `index.json`.
    fn fresh(&self) -> Result<MutexGuard<'_, State>, Refusal> {
        let mut state = locked(&self.state);
        if let Content::Directory(directory) = &self.content {
            let stamp = directory.index_stamp()?;
            if stamp != state.stamp {
                state.index = match stamp {
                    Some(_) => Index::parse(&directory.read_index()?, self.read_only).map_err(
                        |message| io::Error::other(format!("repository {}: {message}", self.name)),
                    )?,
                    None => Index::empty(),
                };
                state.stamp = stamp;
            }
        }
        Ok(state)
    }

    /// Changes the index, on disk first.
    fn change<T>(
        &self,
        state: &mut State,
        change: impl FnOnce(&mut Index) -> T,
    ) -> Result<T, Refusal> {
        let mut index = state.index.clone();
        let result = change(&mut index);
        if let Content::Directory(directory) = &self.content {
            directory.create()?;
            directory.write_index(&index.to_bytes())?;
            state.stamp = directory.index_stamp()?;
        }
        state.index = index;
        Ok(result)
    }

    // Blobs.

    pub(crate) fn blob(&self, digest: &Digest) -> Result<Blob, Refusal> {
        let found = match &self.content {
            Content::Memory(memory) => memory.get(digest).map(|h| Blob::Bytes(h.bytes.clone())),
            Content::Directory(directory) => {
                directory.open(digest)?.map(|(file, size)| Blob::File(file, size))
            }
        };
        found.ok_or_else(|| Refusal::BlobUnknown {
            digest: digest.clone(),
            repository: self.name.to_string(),
        })
    }

    /// Reads a document; `None` when it is not there.
    fn document(&self, digest: &Digest) -> Result<Option<Bytes>, Refusal> {
        match &self.content {
            Content::Memory(memory) => Ok(memory.get(digest).map(|held| held.bytes.clone())),
            Content::Directory(directory) => {
                match directory.read(digest, limits::MANIFEST_BYTES)? {
                    None => Ok(None),
                    Some(None) => Err(Refusal::ManifestTooLarge),
                    Some(Some(bytes)) => Ok(Some(bytes.into())),
                }
            }
        }
    }

    /// Stores bytes that are at hand.
    pub(crate) fn put_bytes(&self, digest: &Digest, bytes: Bytes) -> Result<(), Refusal> {
        match &self.content {
            Content::Memory(memory) => memory.put_bytes(digest.clone(), bytes),
            Content::Directory(directory) => Ok(directory.put_bytes(digest, &bytes)?),
        }
    }

    pub(crate) fn start_upload(&self, algorithm: Algorithm) -> Result<Upload, Refusal> {
        self.writable()?;
        Ok(match &self.content {
            Content::Memory(memory) => Upload::memory(memory.used(), algorithm),
            Content::Directory(directory) => Upload::file(directory.uploads(), algorithm)?,
        })
    }

    pub(crate) async fn finish_upload(
        &self,
        upload: Upload,
        digest: &Digest,
    ) -> Result<(), Refusal> {
        match (upload.finish(digest).await?, &self.content) {
            (Finished::Memory(held), Content::Memory(memory)) => memory.put(digest.clone(), held),
            (Finished::File(file), Content::Directory(directory)) => {
                directory.adopt(digest, file)?
            }
            _ => return Err(io::Error::other("an upload of another store").into()),
        }
        Ok(())
    }

    /// Takes a blob from another repository; false when it is not there.
    pub(crate) fn mount(&self, digest: &Digest, from: &Self) -> Result<bool, Refusal> {
        self.writable()?;
        match (&self.content, &from.content) {
            (Content::Memory(own), Content::Memory(other)) => {
                let found = other.get(digest);
                let is_there = found.is_some();
                if let Some(held) = found {
                    own.put(digest.clone(), held);
                }
                Ok(is_there)
            }
            (Content::Directory(own), Content::Directory(other)) => Ok(own.mount(digest, other)?),
            // A layout that is only read, beside a store in memory: the client sends the bytes.
            _ => Ok(false),
        }
    }

    pub(crate) fn delete_blob(&self, digest: &Digest) -> Result<(), Refusal> {
        self.writable()?;
        let removed = match &self.content {
            Content::Memory(memory) => memory.remove(digest),
            Content::Directory(directory) => directory.remove(digest)?,
        };
        if removed {
            return Ok(());
        }
        Err(Refusal::BlobUnknown { digest: digest.clone(), repository: self.name.to_string() })
    }

    // Manifests.

    /// Whether anything was ever pushed that can be pulled.
    pub(crate) fn is_listed(&self) -> bool {
        self.fresh().is_ok_and(|state| !state.index.entries().is_empty())
    }

    pub(crate) fn manifest(&self, target: &Target) -> Result<Manifest, Refusal> {
        let mut state = self.fresh()?;
        let unknown = || Refusal::ManifestUnknown {
            reference: target.to_string(),
            repository: self.name.to_string(),
        };
        let found = match target {
            Target::Tag(tag) => state.index.by_tag(tag.as_str()),
            Target::Digest(digest) => state.index.by_digest(digest),
        };
        let found = found.map(|e| (e.media_type.clone(), e.digest.clone()));
        let (media_type, digest) = match (found, target) {
            (Some(found), _) => found,
            // Other tools list an index only, not its children.
            (None, Target::Digest(digest)) => self
                .known(&mut state)?
                .into_iter()
                .find(|link| link.digest == *digest)
                .map(|link| (link.media_type, link.digest))
                .ok_or_else(unknown)?,
            (None, Target::Tag(_)) => return Err(unknown()),
        };
        drop(state);
        let bytes = self.document(&digest)?.ok_or_else(unknown)?;
        Ok(Manifest { media_type, digest, bytes })
    }

    /// Stores a manifest after checking that what it points to is here
    /// (distribution-spec, "Pushing Manifests"). Returns its subject.
    pub(crate) fn put_manifest(
        &self,
        media_type: &MediaType,
        digest: &Digest,
        bytes: Bytes,
        tags: &[Tag],
    ) -> Result<Option<Digest>, Refusal> {
        self.writable()?;
        if bytes.len() as u64 > limits::MANIFEST_BYTES {
            return Err(Refusal::ManifestTooLarge);
        }
        let actual = Digest::of(computable(digest)?, &bytes);
        if actual != *digest {
            return Err(Refusal::DigestInvalid(format!(
                "the manifest that came has digest {actual}, not {digest}"
            )));
        }
        let outline = Outline::read(media_type, &bytes).map_err(Refusal::ManifestInvalid)?;
        let mut state = self.fresh()?;
        let config = outline.config.iter().map(|link| ("config", link));
        let layers = outline.layers.iter().filter(|link| !link.media_type.is_foreign());
        let children = outline.manifests.iter().map(|link| ("child", link));
        for (kind, link) in config.chain(layers.map(|link| ("layer", link))).chain(children) {
            self.check_link(kind, link)?;
        }
        let size = bytes.len() as u64;
        self.put_bytes(digest, bytes)?;
        let descriptor = Descriptor::new(media_type.as_str(), digest.clone(), size);
        self.change(&mut state, |index| index.put(&descriptor, tags))?;
        let subject = outline.subject.clone();
        state.outlines.insert(digest.clone(), Arc::new(outline));
        Ok(subject)
    }

    /// Stores a manifest without looking into it.
    pub(crate) fn put_unchecked(
        &self,
        media_type: &MediaType,
        bytes: &[u8],
        tags: &[Tag],
    ) -> Result<(), Refusal> {
        let digest = Digest::sha256(bytes);
        let mut state = self.fresh()?;
        self.put_bytes(&digest, Bytes::copy_from_slice(bytes))?;
        let descriptor = Descriptor::new(media_type.as_str(), digest, bytes.len() as u64);
        self.change(&mut state, |index| index.put(&descriptor, tags))
    }

    fn check_link(&self, kind: &'static str, link: &Link) -> Result<(), Refusal> {
        let size = match self.blob(&link.digest) {
            Ok(blob) => blob.size(),
            Err(Refusal::BlobUnknown { digest, repository }) => {
                return Err(Refusal::ManifestBlobUnknown { kind, digest, repository });
            }
            Err(other) => return Err(other),
        };
        if size != link.size {
            return Err(Refusal::ManifestInvalid(format!(
                "the manifest says that {kind} {} has {} bytes, but it has {size}",
                link.digest, link.size
            )));
        }
        Ok(())
    }

    pub(crate) fn delete_manifest(&self, target: &Target) -> Result<(), Refusal> {
        self.writable()?;
        let mut state = self.fresh()?;
        let removed = match target {
            Target::Tag(tag) => {
                state.index.by_tag(tag.as_str()).is_some()
                    && self.change(&mut state, |index| index.remove_tag(tag.as_str()))?
            }
            Target::Digest(digest) => {
                if self.known(&mut state)?.iter().any(|link| link.digest == *digest) {
                    self.change(&mut state, |index| index.remove(digest))?;
                    match self.delete_blob(digest) {
                        Ok(()) => true,
                        Err(Refusal::BlobUnknown { .. }) => false,
                        Err(other) => return Err(other),
                    }
                } else {
                    false
                }
            }
        };
        if removed {
            return Ok(());
        }
        Err(Refusal::ManifestUnknown {
            reference: target.to_string(),
            repository: self.name.to_string(),
        })
    }

    /// Tags in byte order.
    pub(crate) fn tags(&self) -> Result<Vec<String>, Refusal> {
        let state = self.fresh()?;
        let tags: BTreeSet<&String> =
            state.index.entries().iter().filter_map(|e| e.tag.as_ref()).collect();
        Ok(tags.into_iter().cloned().collect())
    }

    /// Descriptors of the manifests that are about a digest, in order of their digests
    /// (distribution-spec, "Listing Referrers").
    pub(crate) fn referrers(&self, subject: &Digest) -> Result<Vec<Value>, Refusal> {
        let mut state = self.fresh()?;
        let mut found = BTreeMap::new();
        for link in self.known(&mut state)? {
            let Some(outline) = self.outline(&mut state, &link)? else { continue };
            if outline.subject.as_ref() != Some(subject) {
                continue;
            }
            let mut value = Map::new();
            value.insert("mediaType".to_owned(), json!(link.media_type));
            value.insert("digest".to_owned(), json!(link.digest));
            value.insert("size".to_owned(), json!(link.size));
            if let Some(artifact_type) = &outline.artifact_type {
                value.insert("artifactType".to_owned(), json!(artifact_type));
            }
            if let Some(annotations) = &outline.annotations {
                value.insert("annotations".to_owned(), json!(annotations));
            }
            found.insert(link.digest, Value::Object(value));
        }
        Ok(found.into_values().collect())
    }

    /// What a digest is to this repository.
    pub(crate) fn role(&self, digest: &Digest) -> Result<Role, Refusal> {
        let mut state = self.fresh()?;
        for link in self.known(&mut state)? {
            if link.digest == *digest {
                return Ok(match link.media_type.kind() {
                    Kind::Index => Role::Index,
                    _ => Role::Manifest,
                });
            }
            let Some(outline) = self.outline(&mut state, &link)? else { continue };
            if outline.config.as_ref().is_some_and(|c| c.digest == *digest) {
                return Ok(Role::Config);
            }
            if outline.layers.iter().any(|l| l.digest == *digest) {
                return Ok(Role::Layer);
            }
        }
        Ok(Role::Unknown)
    }

    /// All manifests: those that `index.json` lists, and the children of indexes among them.
    fn known(&self, state: &mut State) -> Result<Vec<Link>, Refusal> {
        let mut seen = BTreeSet::new();
        let mut found: Vec<Link> = Vec::new();
        let mut level: Vec<Link> = state
            .index
            .entries()
            .iter()
            .map(|e| Link {
                media_type: e.media_type.clone(),
                digest: e.digest.clone(),
                size: e.size,
            })
            .collect();
        for _ in 0..=limits::INDEX_DEPTH {
            let mut below = Vec::new();
            for link in level {
                if !seen.insert(link.digest.clone()) {
                    continue;
                }
                if link.media_type.kind() == Kind::Index
                    && let Some(outline) = self.outline(state, &link)?
                {
                    below.extend(outline.manifests.iter().cloned());
                }
                found.push(link);
            }
            level = below;
        }
        Ok(found)
    }

    /// What a manifest says; `None` when it is not here or not understood.
    fn outline(&self, state: &mut State, link: &Link) -> Result<Option<Arc<Outline>>, Refusal> {
        if let Some(known) = state.outlines.get(&link.digest) {
            return Ok(Some(Arc::clone(known)));
        }
        if !matches!(link.media_type.kind(), Kind::Index | Kind::Manifest) {
            return Ok(None);
        }
        let bytes = match self.document(&link.digest) {
            Ok(Some(bytes)) => bytes,
            Ok(None) | Err(Refusal::ManifestTooLarge) => return Ok(None),
            Err(other) => return Err(other),
        };
        let Ok(outline) = Outline::read(&link.media_type, &bytes) else { return Ok(None) };
        let outline = Arc::new(outline);
        state.outlines.insert(link.digest.clone(), Arc::clone(&outline));
        Ok(Some(outline))
    }
}
