//! One repository: its blobs, its `index.json`, and what its manifests say of each other.

mod blobs;
mod manifests;
mod relations;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::reference::Repository as Name;

use super::directory::{Directory, Stamp};
use super::index::Index;
use super::memory::Memory;
use super::outline::Outline;
use super::{Refusal, locked};

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
}
