//! Files that are being written and have no name yet.

use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::sync::Arc;
use std::time::Duration;

use cap_std::fs::{Dir, DirEntry, Metadata, OpenOptions};

use super::{beneath, lock, random_name};

/// Where unfinished files lie. No repository can have this name.
pub(crate) const UPLOADS: &str = "_uploads";

/// A file that is removed when it was not kept. It holds no open file, so that there may be many.
#[derive(Debug)]
pub(crate) struct Unfinished {
    root: Arc<Dir>,
    name: String,
    kept: bool,
}

impl Unfinished {
    /// Makes an empty file with a random name in a store.
    pub(crate) fn create(root: &Arc<Dir>) -> io::Result<(Self, File)> {
        let name = random_name()?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let file = beneath::make(root, UPLOADS)?.open_with(&name, &options)?;
        Ok((Self { root: Arc::clone(root), name, kept: false }, file.into_std()))
    }

    /// Makes a file that is whole.
    pub(crate) fn of(root: &Arc<Dir>, bytes: &[u8]) -> io::Result<(Self, File)> {
        let (unfinished, mut file) = Self::create(root)?;
        file.write_all(bytes)?;
        Ok((unfinished, file))
    }

    /// Opens it again.
    pub(crate) fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        Ok(self.directory()?.open_with(&self.name, &options)?.into_std())
    }

    /// Gives it its name, in one step: readers see what was there before, or this.
    pub(crate) fn keep_as(mut self, directory: &Dir, name: &str) -> io::Result<()> {
        self.directory()?.rename(&self.name, directory, name)?;
        self.kept = true;
        Ok(())
    }

    fn directory(&self) -> io::Result<Dir> {
        beneath::directory(&self.root, UPLOADS)?.ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let (false, Ok(directory)) = (self.kept, self.directory()) {
            // Nobody is left who could be told.
            let _ = directory.remove_file(&self.name);
        }
    }
}

/// Removes what a process that ended left unfinished, if it was not touched for so long.
pub(crate) fn sweep(root: &Dir, idle: Duration) -> io::Result<()> {
    each(root, |entry, data| {
        let age = data.modified()?.into_std().elapsed().unwrap_or_default();
        if age >= idle { entry.remove_file() } else { Ok(()) }
    })
}

/// Bytes that processes which ended left unfinished.
pub(crate) fn left(root: &Dir) -> io::Result<u64> {
    let mut bytes = 0;
    each(root, |_, data| {
        bytes += data.len();
        Ok(())
    })?;
    Ok(bytes)
}

fn each(root: &Dir, mut act: impl FnMut(&DirEntry, &Metadata) -> io::Result<()>) -> io::Result<()> {
    let Some(uploads) = beneath::directory(root, UPLOADS)? else { return Ok(()) };
    for entry in uploads.entries()? {
        let entry = entry?;
        let data = entry.metadata()?;
        if data.is_file() && entry.file_name() != lock::NAME {
            act(&entry, &data)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_files_go() {
        let directory = tempfile::tempdir().expect("directory");
        let root = Arc::new(beneath::root(directory.path()).expect("root"));
        let count = || std::fs::read_dir(directory.path().join(UPLOADS)).expect("list").count();
        let (unfinished, _file) = Unfinished::of(&root, b"abc").expect("file");
        assert_eq!(count(), 1);
        sweep(&root, Duration::from_secs(60)).expect("sweeps");
        assert_eq!(left(&root).expect("counts"), 3);
        drop(unfinished);
        assert_eq!(count(), 0);
        let (mut left, _file) = Unfinished::of(&root, b"abc").expect("file");
        left.kept = true;
        sweep(&root, Duration::ZERO).expect("sweeps");
        assert_eq!(count(), 0);
    }
}
