//! The folder of the cache: what is in it, how much it takes, and what goes first when it is full.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, OpenOptions};
use drydock_registry::beneath;

use super::key::Key;
use crate::limits::LAYER_ITEM_BYTES;
use crate::status::LayerFigures;

/// What names of unfinished files begin with.
pub(super) const UNFINISHED: &str = "unfinished-";
/// The file that one server holds locked.
const LOCK: &str = "lock";

/// A folder that one server has open. Nothing in it is reached through a link.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: Dir,
    size: u64,
    held: Mutex<Held>,
    figures: LayerFigures,
    _lock: File,
}

/// What is in the folder.
#[derive(Debug, Default)]
struct Held {
    kept: BTreeMap<Arc<str>, Kept>,
    /// The names in the order in which they were used, longest ago first.
    order: BTreeMap<u64, Arc<str>>,
    next: u64,
    /// What all take together, unfinished files included.
    bytes: u64,
}

#[derive(Debug)]
struct Kept {
    /// What it takes: its bytes, and a little for itself.
    taken: u64,
    turn: u64,
    readers: u32,
}

impl Shelf {
    pub(super) fn open(path: &Path, size: u64, figures: LayerFigures) -> io::Result<Self> {
        make(path)?;
        let folder = beneath::root(path)?;
        let lock = lock(&folder)?;
        let mut found = Vec::new();
        for entry in folder.entries()? {
            let entry = entry?;
            let data = entry.metadata()?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !data.is_file() {
                continue;
            }
            if name.starts_with(UNFINISHED) {
                entry.remove_file()?;
            } else if Key::of_name(&name).is_some() {
                found.push((data.modified()?.into_std(), name, data.len()));
            }
        }
        found.sort();
        let mut held = Held::default();
        for (_, name, bytes) in found {
            let taken = bytes.saturating_add(LAYER_ITEM_BYTES);
            held.bytes = held.bytes.saturating_add(taken);
            held.add(name.into(), taken);
        }
        let shelf = Self { folder, size, held: Mutex::new(held), figures, _lock: lock };
        shelf.take(0)?;
        Ok(shelf)
    }

    pub(super) fn folder(&self) -> &Dir {
        &self.folder
    }

    /// The longest file for which room can be made, in bytes.
    pub(super) fn longest(&self) -> u64 {
        self.size.saturating_sub(LAYER_ITEM_BYTES)
    }

    /// How long a file is; `None` when it is not there.
    pub(super) fn size(&self, name: &str) -> Option<u64> {
        let held = self.held();
        held.kept.get(name).map(|kept| kept.taken.saturating_sub(LAYER_ITEM_BYTES))
    }

    /// Opens a file and says how long it is, and counts that as a use of it. It stays until
    /// [`was_read`](Self::was_read).
    pub(super) fn open_kept(&self, name: &str) -> io::Result<Option<(File, u64)>> {
        let mut held = self.held();
        if !held.use_now(name) {
            return Ok(None);
        }
        let Some((file, data)) = beneath::file(&self.folder, name)? else {
            // Somebody else has removed it.
            held.forget(name);
            self.tell(&held);
            return Ok(None);
        };
        // So that it is known after a restart; where that can't be written, it is forgotten then.
        let _ = file.set_modified(SystemTime::now());
        if let Some(kept) = held.kept.get_mut(name) {
            kept.readers += 1;
        }
        Ok(Some((file, data.len())))
    }

    /// A file that was [opened](Self::open_kept) is no longer read.
    pub(super) fn was_read(&self, name: &str) {
        if let Some(kept) = self.held().kept.get_mut(name) {
            kept.readers = kept.readers.saturating_sub(1);
        }
    }

    /// Takes so many bytes of the cache, for which what was not used for longest has to go. What is
    /// being read stays.
    pub(super) fn take(&self, bytes: u64) -> io::Result<()> {
        let mut held = self.held();
        let result = loop {
            if let Some(sum) = held.bytes.checked_add(bytes).filter(|sum| *sum <= self.size) {
                held.bytes = sum;
                break Ok(());
            }
            let Some(name) = held.first_to_go() else {
                let why = "all of the layer cache is being read or written";
                break Err(io::Error::new(io::ErrorKind::StorageFull, why));
            };
            if let Err(error) = beneath::present(self.folder.remove_file(&*name)) {
                break Err(error);
            }
            held.forget(&name);
            self.figures.evicted.inc();
        };
        self.tell(&held);
        result
    }

    /// Gives back what was taken.
    pub(super) fn give(&self, bytes: u64) {
        let mut held = self.held();
        held.bytes = held.bytes.saturating_sub(bytes);
        self.tell(&held);
    }

    /// Gives an unfinished file its name in one step, unless there is one of that name already.
    pub(super) fn keep(&self, unfinished: &str, name: &str, taken: u64) -> io::Result<bool> {
        let mut held = self.held();
        if held.kept.contains_key(name) {
            return Ok(false);
        }
        self.folder.rename(unfinished, &self.folder, name)?;
        held.add(name.into(), taken);
        Ok(true)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, held: &Held) {
        self.figures.bytes.set(i64::try_from(held.bytes).unwrap_or(i64::MAX));
    }
}

impl Held {
    /// Adds a file, whose bytes are counted already, as the one that was used last.
    fn add(&mut self, name: Arc<str>, taken: u64) {
        let turn = self.turn();
        self.order.insert(turn, Arc::clone(&name));
        self.kept.insert(name, Kept { taken, turn, readers: 0 });
    }

    /// Makes a file the one that was used last; whether there is one.
    fn use_now(&mut self, name: &str) -> bool {
        let turn = self.turn();
        let Some(kept) = self.kept.get_mut(name) else { return false };
        let before = std::mem::replace(&mut kept.turn, turn);
        if let Some(name) = self.order.remove(&before) {
            self.order.insert(turn, name);
        }
        true
    }

    fn forget(&mut self, name: &str) {
        if let Some(kept) = self.kept.remove(name) {
            self.order.remove(&kept.turn);
            self.bytes = self.bytes.saturating_sub(kept.taken);
        }
    }

    fn first_to_go(&self) -> Option<Arc<str>> {
        let is_idle = |name: &&Arc<str>| self.kept.get(*name).is_some_and(|kept| kept.readers == 0);
        self.order.values().find(is_idle).cloned()
    }

    fn turn(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// Makes the folder, for nobody else's eyes: names of private files will be in it.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn lock(folder: &Dir) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).follow(FollowSymlinks::No);
    let file = folder.open_with(LOCK, &options)?.into_std();
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another server has it open; give each server a folder of its own",
        )),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
