//! Files of the cache that are open: one that is being written, one that is being read.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use cap_std::fs::OpenOptions;

use super::shelf::{Shelf, UNFINISHED};
use crate::limits::LAYER_ITEM_BYTES;

/// A file that has no name yet, and is removed when it gets none.
#[derive(Debug)]
pub(super) struct Writing {
    shelf: Arc<Shelf>,
    file: File,
    /// Under which name it is written.
    unfinished: String,
    /// Under which name it will be kept.
    name: String,
    /// Bytes of the cache that it takes.
    taken: u64,
    kept: bool,
}

/// A file that can't go while this is there.
#[derive(Debug)]
pub(super) struct Reading {
    shelf: Arc<Shelf>,
    file: File,
    name: String,
    size: u64,
}

impl Writing {
    /// Makes an empty file beside those that are kept.
    pub(super) fn begin(shelf: Arc<Shelf>, name: &str) -> io::Result<Self> {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let unfinished = format!("{UNFINISHED}{:032x}", u128::from_be_bytes(random));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        shelf.take(LAYER_ITEM_BYTES)?;
        match shelf.folder().open_with(&unfinished, &options) {
            Ok(file) => {
                let (file, name) = (file.into_std(), name.to_owned());
                Ok(Self { shelf, file, unfinished, name, taken: LAYER_ITEM_BYTES, kept: false })
            }
            Err(error) => {
                shelf.give(LAYER_ITEM_BYTES);
                Err(error)
            }
        }
    }

    /// Adds bytes; room for them is made as they come, for what is only announced takes none.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.shelf.take(bytes.len() as u64)?;
        self.taken += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Gives the file its name, unless there is one of that name already, and says whether it did.
    pub(super) fn keep(mut self) -> io::Result<bool> {
        // A crash of the machine must not leave a name with half of the bytes.
        self.file.sync_data()?;
        self.kept = self.shelf.keep(&self.unfinished, &self.name, self.taken)?;
        Ok(self.kept)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.kept {
            // Nobody is left who could be told.
            let _ = self.shelf.folder().remove_file(&self.unfinished);
            self.shelf.give(self.taken);
        }
    }
}

impl Reading {
    /// A file of the cache; `None` when it is not there.
    pub(super) fn open(shelf: &Arc<Shelf>, name: &str) -> io::Result<Option<Self>> {
        let opened = shelf.open_kept(name)?;
        Ok(opened.map(|(file, size)| Self {
            shelf: Arc::clone(shelf),
            file,
            name: name.to_owned(),
            size,
        }))
    }

    /// Its size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Exactly so many bytes from an offset on.
    pub(super) fn piece(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(at))?;
        let mut piece = Vec::with_capacity(length);
        if file.take(length as u64).read_to_end(&mut piece)? < length {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a file has become shorter"));
        }
        Ok(piece)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.shelf.was_read(&self.name);
    }
}
