//! Opening what lies beneath a directory: one name at a time, and never through a link.
//!
//! A layout may be a stranger's, and a link in it may lead to anything on this machine. A link is
//! treated as if nothing were there.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};

/// The directory at a path that whoever started this program chose; links in it are theirs.
pub fn root(path: &Path) -> io::Result<Dir> {
    Dir::open_ambient_dir(path, ambient_authority())
}

/// A directory; `None` when there is none of that name.
pub fn directory(parent: &Dir, name: &str) -> io::Result<Option<Dir>> {
    match data(parent, name)? {
        Some(data) if data.is_dir() => present(parent.open_dir_nofollow(name)),
        _ => Ok(None),
    }
}

/// A directory several names down.
pub fn descend<'a>(
    parent: &Dir,
    names: impl IntoIterator<Item = &'a str>,
) -> io::Result<Option<Dir>> {
    let mut found = parent.try_clone()?;
    for name in names {
        match directory(&found, name)? {
            Some(below) => found = below,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// A directory, which is made when nothing has that name.
pub fn make(parent: &Dir, name: &str) -> io::Result<Dir> {
    match parent.create_dir(name) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    directory(parent, name)?.ok_or_else(|| {
        io::Error::new(ErrorKind::NotADirectory, format!("{name} is a link or a file here"))
    })
}

/// A regular file with what is known of it; `None` when there is none of that name.
pub fn file(parent: &Dir, name: &str) -> io::Result<Option<(File, Metadata)>> {
    if !data(parent, name)?.is_some_and(|data| data.is_file()) {
        return Ok(None);
    }
    let mut options = OpenOptions::new();
    options.read(true).follow(FollowSymlinks::No);
    let Some(file) = present(parent.open_with(name, &options))? else { return Ok(None) };
    // What was looked at and what was opened could be two things.
    let data = file.metadata()?;
    Ok(data.is_file().then(|| (file.into_std(), data)))
}

/// What has a name, a link being itself; `None` when nothing has it.
pub fn data(parent: &Dir, name: &str) -> io::Result<Option<Metadata>> {
    present(parent.symlink_metadata(name))
}

/// Reads a file; `None` when it has more bytes than the limit.
pub fn read(file: File, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// `None` when the error says that nothing is there.
pub fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => Ok(None),
            _ => Err(error),
        },
    }
}
