//! One repository: its blobs, its `index.json`, and what its manifests say of each other.

mod blobs;
mod known;
mod manifests;
mod relations;

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::reference::Repository as Name;

use super::budget::{self, Budget};
use super::directory::{Directory, Stamp};
use super::index::Index;
use super::memory::{Held, Memory};
use super::{Refusal, locked};
use crate::limits;
use known::Known;

pub(crate) use relations::Wanted;

/// One repository.
#[derive(Debug)]
pub(crate) struct Repository {
    name: Name,
    content: Content,
    read_only: bool,
    state: Mutex<State>,
    /// When it was last asked for, as a number that only grows.
    pub(super) used: AtomicU64,
    /// About how many bytes its state takes.
    weight: AtomicU64,
}

#[derive(Debug)]
pub(crate) enum Content {
    Memory(Memory),
    Directory(Directory),
}

#[derive(Debug)]
struct State {
    /// How `index.json` looked when it was read; nothing when it must be read again.
    stamp: Option<Option<Stamp>>,
    index: Index,
    known: Known,
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
    Held(Arc<Held>),
    File(File, u64),
}

impl Blob {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Held(held) => held.size(),
            Self::File(_, size) => *size,
        }
    }
}

impl Repository {
    pub(crate) fn new(name: Name, content: Content, read_only: bool) -> Self {
        let state = State { stamp: None, index: Index::empty(), known: Known::default() };
        Self {
            name,
            content,
            read_only,
            state: Mutex::new(state),
            used: AtomicU64::new(0),
            weight: AtomicU64::new(0),
        }
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    /// About how many bytes are kept of it in memory beside blobs.
    pub(super) fn weight(&self) -> u64 {
        self.weight.load(Ordering::Relaxed)
    }

    /// Whether it would be the same when it were made anew.
    pub(super) fn can_be_forgotten(&self) -> bool {
        match &self.content {
            Content::Memory(memory) => memory.is_empty() && locked(&self.state).index.is_empty(),
            Content::Directory(_) => !self.read_only,
        }
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
            if state.stamp != Some(stamp) {
                state.index = match directory.read_index()? {
                    None => Index::empty(),
                    Some(Some(bytes)) => Index::parse(&bytes, self.read_only)
                        .map_err(|message| self.broken(message))?,
                    Some(None) => {
                        let most = limits::INDEX_BYTES;
                        let message = format!("index.json has more than {most} bytes");
                        return Err(self.broken(message));
                    }
                };
                state.known.forget();
                state.stamp = Some(stamp);
                self.weight.store(budget::of_index(state.index.size()), Ordering::Relaxed);
            }
        }
        Ok(state)
    }

    /// Refuses what would make an index that could not be read again.
    fn has_room(&self, state: &State, growth: u64) -> Result<(), Refusal> {
        if state.index.size().saturating_add(growth) > limits::INDEX_BYTES {
            return Err(Refusal::IndexFull(self.name.to_string()));
        }
        Ok(())
    }

    /// Changes the index, on disk as well. `growth` is by how many bytes it grows at most.
    fn change<T>(
        &self,
        state: &mut State,
        growth: u64,
        change: impl FnOnce(&mut Index) -> T,
    ) -> Result<T, Refusal> {
        let mut reserved = self.budget().reserve(budget::of_index(growth))?;
        let (before, revision) = (state.index.size(), state.index.revision());
        let result = change(&mut state.index);
        if state.index.revision() == revision {
            return Ok(result);
        }
        if let Content::Directory(directory) = &self.content {
            let written = directory.write_index(&state.index.to_bytes());
            // What could not be written is not so: the next one reads what is there.
            state.stamp = None;
            written?;
            state.stamp = Some(directory.index_stamp()?);
        }
        let after = state.index.size();
        reserved.set(budget::of_index(after.saturating_sub(before)))?;
        reserved.keep();
        self.budget().give(budget::of_index(before.saturating_sub(after)));
        self.weight.store(budget::of_index(after), Ordering::Relaxed);
        Ok(result)
    }

    fn budget(&self) -> &Budget {
        match &self.content {
            Content::Memory(memory) => memory.budget(),
            Content::Directory(directory) => directory.budget(),
        }
    }

    fn broken(&self, message: String) -> Refusal {
        Refusal::Broken { repository: self.name.to_string(), message }
    }
}
