//! Who has a directory open: servers, any number of them, or one that tidies up.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use cap_std::fs::{Dir, OpenOptions};

use super::unfinished::UPLOADS;
use super::{beneath, directory};

/// The file that stands for a whole store.
pub(crate) const NAME: &str = "lock";

/// A directory that is locked until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    /// For a server of a store.
    pub(crate) fn of_store(root: &Dir) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        let uploads = beneath::make(root, UPLOADS)?;
        if beneath::file(&uploads, NAME)?.is_none() {
            uploads.open_with(NAME, options.create_new(true))?;
        }
        let (file, _) = beneath::file(&uploads, NAME)?
            .ok_or_else(|| io::Error::other("the store's lock is no file"))?;
        shared(file)
    }

    /// For a server of one layout, into which nothing is written.
    pub(crate) fn of_layout(root: &Dir) -> io::Result<Self> {
        let (file, _) = beneath::file(root, directory::LAYOUT)?
            .ok_or_else(|| io::Error::other("there is no oci-layout"))?;
        shared(file)
    }

    /// For somebody who must be alone with a store; `None` when the directory is none.
    pub(crate) fn of_store_alone(path: &Path) -> io::Result<Option<Self>> {
        let Ok(root) = beneath::root(path) else { return Ok(None) };
        let Some(uploads) = beneath::directory(&root, UPLOADS)? else { return Ok(None) };
        let found = beneath::file(&uploads, NAME)?;
        found.map(|(file, _)| alone(file, path)).transpose()
    }

    /// For somebody who must be alone with a layout.
    pub(crate) fn of_layout_alone(layout: &Dir, path: &Path) -> io::Result<Self> {
        let (file, _) = beneath::file(layout, directory::LAYOUT)?
            .ok_or_else(|| io::Error::other("there is no oci-layout"))?;
        alone(file, path)
    }
}

fn shared(file: File) -> io::Result<Lock> {
    match file.try_lock_shared() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "blobs are being removed from it at the moment (`drydock layout gc`); try again when that is done",
        )),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn alone(file: File, path: &Path) -> io::Result<Lock> {
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            format!(
                "a server has {} open: stop it first, as a push that is under way would lose its blobs",
                path.display()
            ),
        )),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
