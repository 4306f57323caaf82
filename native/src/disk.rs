//! Archives on disk: a tar, packed or not, a folder, or what comes through a pipe.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use drydock::archive::{
    self, Files, ReadAt, ReadError, Sniffed, UnpackError, Unpacker, scan, sniff,
};
use drydock::limits;
use drydock::media_type::Compression;
use tempfile::NamedTempFile;

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// The files of an archive.
#[derive(Debug)]
pub struct Disk {
    files: Vec<PathBuf>,
    /// What was unpacked or came through a pipe; gone with this.
    _own: Option<NamedTempFile>,
}

/// Why an archive can't be opened.
#[derive(Debug)]
pub enum DiskError {
    /// It can't be read.
    Io(io::Error),
    /// It is no archive of images.
    Archive(archive::Error),
    /// It is packed in a way that is not read here.
    Packed(&'static str),
    /// It is packed and can't be unpacked.
    Unpack(UnpackError),
}

impl std::fmt::Display for DiskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "It can't be read: {error}."),
            Self::Archive(error) => write!(f, "{error}."),
            Self::Packed(name) => write!(
                f,
                "It is compressed with {name}, which can't be read here. Unpack it, or compress it with gzip or zstd."
            ),
            Self::Unpack(error) => write!(f, "It can't be unpacked: {error}."),
        }
    }
}

impl std::error::Error for DiskError {}

impl From<io::Error> for DiskError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Disk {
    /// Opens a tar or a folder.
    ///
    /// # Errors
    /// When it can't be read or is no archive of images.
    pub async fn open(path: &Path) -> Result<(Files, Self), DiskError> {
        if fs::metadata(path)?.is_dir() {
            return Self::folder(path);
        }
        Self::tar(path.to_owned(), None).await
    }

    /// Opens the tar that comes through a pipe.
    ///
    /// # Errors
    /// As with [`Self::open`], and when there is no room for it.
    pub async fn piped(mut from: impl io::Read) -> Result<(Files, Self), DiskError> {
        let mut own = NamedTempFile::new()?;
        io::copy(&mut from, &mut own)?;
        Self::tar(own.path().to_owned(), Some(own)).await
    }

    async fn tar(path: PathBuf, own: Option<NamedTempFile>) -> Result<(Files, Self), DiskError> {
        let mut head = Vec::new();
        File::open(&path)?.take(512).read_to_end(&mut head)?;
        let (path, own) = match sniff(&head) {
            Sniffed::Packed(Compression::Gzip | Compression::Zstd) => {
                let unpacked = unpack(&path)?;
                (unpacked.path().to_owned(), Some(unpacked))
            }
            Sniffed::Unsupported(name) => return Err(DiskError::Packed(name)),
            // What is no tar is told by the reader of tars.
            _ => (path, own),
        };
        let size = fs::metadata(&path)?.len();
        let disk = Self { files: vec![path], _own: own };
        let files = scan(&disk, 0, size).await.map_err(DiskError::Archive)?;
        Ok((files, disk))
    }

    /// Links are not followed: a stranger's folder does not say what is read of this machine.
    fn folder(root: &Path) -> Result<(Files, Self), DiskError> {
        let (mut list, mut files, mut open) = (Vec::new(), Vec::new(), vec![root.to_owned()]);
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let (kind, path) = (entry.file_type()?, entry.path());
                if kind.is_dir() {
                    open.push(path);
                } else if kind.is_file()
                    && let Some(name) = within(root, &path)
                {
                    list.push((name, entry.metadata()?.len()));
                    files.push(path);
                }
                // One too many is told by whoever takes the list.
                if files.len() as u64 > limits::ARCHIVE_ENTRIES {
                    open.clear();
                    break;
                }
            }
        }
        let found = Files::folder(list).map_err(DiskError::Archive)?;
        Ok((found, Self { files, _own: None }))
    }
}

/// A path in a folder with slashes; `None` for names that are no text, which no layout has.
fn within(root: &Path, path: &Path) -> Option<String> {
    let names = path.strip_prefix(root).ok()?.iter().map(|name| name.to_str());
    names.collect::<Option<Vec<_>>>().map(|names| names.join("/"))
}

fn unpack(path: &Path) -> Result<NamedTempFile, DiskError> {
    let (mut from, mut to) = (File::open(path)?, NamedTempFile::new()?);
    let (mut unpacker, mut piece) = (Unpacker::new(limits::ARCHIVE_UNPACKED_BYTES), vec![0; PIECE]);
    let mut failed = None;
    loop {
        let length = from.read(&mut piece)?;
        let bytes = piece.get(..length).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        let keep = |bytes: &[u8]| failed = to.write_all(bytes).err().or_else(|| failed.take());
        unpacker.push(bytes, keep).map_err(DiskError::Unpack)?;
    }
    let keep = |bytes: &[u8]| failed = to.write_all(bytes).err().or_else(|| failed.take());
    unpacker.finish(keep).map_err(DiskError::Unpack)?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(to),
    }
}

impl ReadAt for Disk {
    async fn read(&self, file: usize, range: Range<u64>) -> Result<Bytes, ReadError> {
        let path = self.files.get(file).ok_or_else(|| ReadError("there is no such file".into()))?;
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let read = || -> io::Result<Vec<u8>> {
            let mut from = File::open(path)?;
            from.seek(SeekFrom::Start(range.start))?;
            let mut bytes = vec![0; length];
            from.read_exact(&mut bytes)?;
            Ok(bytes)
        };
        read().map(Bytes::from).map_err(|error| ReadError(error.to_string()))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_does_not_lead_out_of_itself() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(root.path().join("blobs/sha256")).unwrap();
        fs::write(root.path().join("blobs/sha256/a"), "a").unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        let links = [("blobs/sha256/b", "secret"), ("blobs/etc", "")];
        for (link, to) in links {
            std::os::unix::fs::symlink(outside.path().join(to), root.path().join(link)).unwrap();
        }
        let (files, disk) = Disk::folder(root.path()).unwrap();
        let paths: Vec<&str> = files.iter().map(|(path, _)| path).collect();
        assert_eq!((paths, disk.files.len()), (vec!["blobs/sha256/a"], 1));
    }
}
