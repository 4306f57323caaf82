//! The content of a repository that is an OCI image layout on disk.
//!
//! image-spec, image-layout.md.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use drydock::digest::Digest;
use drydock::reference::Repository as Name;

use super::index::Index;
use super::random_name;
use crate::limits;

/// Where unfinished files lie. No repository can have this name.
pub(crate) const UPLOADS: &str = "_uploads";
const LAYOUT: &str = "{\"imageLayoutVersion\":\"1.0.0\"}";

/// One layout.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    uploads: PathBuf,
}

/// How a file looked when it was read, to see whether somebody else has written it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
}

/// A file that is removed when it was not kept.
#[derive(Debug)]
pub(crate) struct Unfinished(Option<PathBuf>);

impl Directory {
    pub(crate) fn new(root: PathBuf, uploads: PathBuf) -> Self {
        Self { root, uploads }
    }

    pub(crate) fn uploads(&self) -> &Path {
        &self.uploads
    }

    /// Whether this is a layout.
    pub(crate) fn exists(&self) -> bool {
        self.root.join("oci-layout").is_file() && self.root.join("index.json").is_file()
    }

    /// Makes the layout when it is not there, with nothing in it.
    pub(crate) fn create(&self) -> io::Result<()> {
        fs::create_dir_all(self.root.join("blobs").join("sha256"))?;
        let empty = Index::empty().to_bytes();
        for (name, content) in [("index.json", &empty[..]), ("oci-layout", LAYOUT.as_bytes())] {
            let path = self.root.join(name);
            if !path.exists() {
                self.replace(&path, content)?;
            }
        }
        Ok(())
    }

    pub(crate) fn index_stamp(&self) -> io::Result<Option<Stamp>> {
        match fs::metadata(self.root.join("index.json")) {
            Ok(data) => Ok(Some(Stamp { modified: data.modified().ok(), size: data.len() })),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    pub(crate) fn read_index(&self) -> io::Result<Vec<u8>> {
        let path = self.root.join("index.json");
        read_limited(File::open(&path)?, limits::INDEX_BYTES)?.ok_or_else(|| {
            io::Error::other(format!(
                "{} has more than {} bytes",
                path.display(),
                limits::INDEX_BYTES
            ))
        })
    }

    pub(crate) fn write_index(&self, bytes: &[u8]) -> io::Result<()> {
        let (unfinished, mut file) = Unfinished::create(&self.uploads)?;
        file.write_all(bytes)?;
        // A blob that a crash cuts short is seen by its digest; a cut index would lose all tags.
        file.sync_data()?;
        unfinished.keep_as(&self.root.join("index.json"))
    }

    /// Opens a blob with its size. Links are not followed: a layout that was handed over may hold
    /// one to anywhere.
    pub(crate) fn open(&self, digest: &Digest) -> io::Result<Option<(File, u64)>> {
        let path = self.blob(digest);
        match fs::symlink_metadata(&path) {
            Ok(data) if data.is_file() => {}
            Ok(_) => return Ok(None),
            Err(e) if is_absent(&e) => return Ok(None),
            Err(e) => return Err(e),
        }
        match File::open(&path) {
            Ok(file) => {
                let size = file.metadata()?.len();
                Ok(Some((file, size)))
            }
            Err(e) if is_absent(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Reads a small blob; `None` inside when it is over the limit.
    pub(crate) fn read(&self, digest: &Digest, limit: u64) -> io::Result<Option<Option<Vec<u8>>>> {
        let Some((file, _)) = self.open(digest)? else { return Ok(None) };
        read_limited(file, limit).map(Some)
    }

    /// Writes a blob that is at hand.
    pub(crate) fn put_bytes(&self, digest: &Digest, bytes: &[u8]) -> io::Result<()> {
        self.create()?;
        let path = self.blob(digest);
        make_parent(&path)?;
        self.replace(&path, bytes)
    }

    /// Takes a finished upload.
    pub(crate) fn adopt(&self, digest: &Digest, file: Unfinished) -> io::Result<()> {
        self.create()?;
        let path = self.blob(digest);
        make_parent(&path)?;
        file.keep_as(&path)
    }

    /// Takes a blob from another layout of the same store.
    pub(crate) fn mount(&self, digest: &Digest, from: &Self) -> io::Result<bool> {
        let Some((mut file, _)) = from.open(digest)? else { return Ok(false) };
        self.create()?;
        let path = self.blob(digest);
        make_parent(&path)?;
        match fs::hard_link(from.blob(digest), &path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(true),
            // File systems without hard links, or a layout on another one.
            Err(_) => {
                let (unfinished, mut copy) = Unfinished::create(&self.uploads)?;
                io::copy(&mut file, &mut copy)?;
                unfinished.keep_as(&path)?;
                Ok(true)
            }
        }
    }

    pub(crate) fn remove(&self, digest: &Digest) -> io::Result<bool> {
        match fs::remove_file(self.blob(digest)) {
            Ok(()) => Ok(true),
            Err(e) if is_absent(&e) => Ok(false),
            Err(e) => Err(e),
        }
    }

    fn blob(&self, digest: &Digest) -> PathBuf {
        // Neither part of a digest can hold a slash or be made of dots only.
        self.root.join("blobs").join(digest.algorithm_name()).join(digest.encoded())
    }

    /// Writes a file in one step: readers see the old one or the new one.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (unfinished, mut file) = Unfinished::create(&self.uploads)?;
        file.write_all(bytes)?;
        unfinished.keep_as(path)
    }
}

impl Unfinished {
    /// Makes an empty file with a random name.
    pub(crate) fn create(uploads: &Path) -> io::Result<(Self, File)> {
        fs::create_dir_all(uploads)?;
        let path = uploads.join(random_name()?);
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        Ok((Self(Some(path)), file))
    }

    pub(crate) fn open(&self) -> io::Result<File> {
        File::open(self.0.as_deref().ok_or(ErrorKind::NotFound)?)
    }

    fn keep_as(mut self, path: &Path) -> io::Result<()> {
        let from = self.0.as_deref().ok_or(ErrorKind::NotFound)?;
        fs::rename(from, path)?;
        self.0 = None;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Nobody is left who could be told.
            let _ = fs::remove_file(path);
        }
    }
}

/// Where a repository lies below the store's directory. A component that would meet a file of the
/// enclosing layout gets an underscore behind it, which no repository name has there.
pub(crate) fn place(root: &Path, name: &Name) -> PathBuf {
    let mut path = root.to_path_buf();
    for component in name.as_str().split('/') {
        match component {
            "blobs" | "index.json" | "oci-layout" => path.push(format!("{component}_")),
            _ => path.push(component),
        }
    }
    path
}

/// Names of the layouts below a directory, in byte order.
pub(crate) fn layouts(root: &Path) -> io::Result<Vec<Name>> {
    let mut found = Vec::new();
    search(root, "", limits::DIRECTORY_DEPTH, &mut found)?;
    found.sort();
    Ok(found)
}

fn search(directory: &Path, prefix: &str, depth: usize, found: &mut Vec<Name>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let Some(file_name) = file_name.to_str() else { continue };
        if file_name == UPLOADS || file_name == "blobs" || !entry.file_type()?.is_dir() {
            continue;
        }
        let component = match file_name {
            "blobs_" | "index.json_" | "oci-layout_" => file_name.trim_end_matches('_'),
            other => other,
        };
        let name =
            if prefix.is_empty() { component.to_owned() } else { format!("{prefix}/{component}") };
        let Ok(repository) = Name::parse(&name) else { continue };
        let path = entry.path();
        if path.join("oci-layout").is_file() && path.join("index.json").is_file() {
            found.push(repository);
        }
        if depth > 0 {
            search(&path, &name, depth - 1, found)?;
        }
    }
    Ok(())
}

/// Removes what a process that ended left unfinished.
pub(crate) fn sweep(uploads: &Path) -> io::Result<()> {
    if !uploads.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(uploads)? {
        let entry = entry?;
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age > limits::UPLOAD_IDLE {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidFilename)
}

fn read_limited(file: File, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_repositories_never_meet() {
        let place = |name| place(Path::new("/d"), &Name::parse(name).expect("name"));
        assert_eq!(place("a/b"), Path::new("/d/a/b"));
        assert_eq!(place("a/blobs/sha256"), Path::new("/d/a/blobs_/sha256"));
        assert_eq!(place("a/index.json"), Path::new("/d/a/index.json_"));
    }

    #[test]
    fn layouts_are_found_inside_layouts() {
        let root = tempfile::tempdir().expect("directory");
        for name in ["z", "a/b", "a", "a/blobs/c"] {
            let name = Name::parse(name).expect("name");
            let layout = Directory::new(place(root.path(), &name), root.path().join(UPLOADS));
            layout.create().expect("layout");
            layout.write_index(b"{}").expect("index");
        }
        let names: Vec<_> =
            layouts(root.path()).expect("search").iter().map(ToString::to_string).collect();
        assert_eq!(names, ["a", "a/b", "a/blobs/c", "z"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_in_a_layout_are_not_followed() {
        let root = tempfile::tempdir().expect("directory");
        let layout = Directory::new(root.path().join("a"), root.path().join(UPLOADS));
        layout.create().expect("layout");
        let digest = Digest::sha256(b"x");
        std::os::unix::fs::symlink("/etc/passwd", layout.blob(&digest)).expect("link");
        assert!(layout.open(&digest).expect("no error").is_none());
    }

    #[test]
    fn unfinished_files_go() {
        let root = tempfile::tempdir().expect("directory");
        let (unfinished, _file) = Unfinished::create(root.path()).expect("file");
        assert_eq!(fs::read_dir(root.path()).expect("list").count(), 1);
        drop(unfinished);
        assert_eq!(fs::read_dir(root.path()).expect("list").count(), 0);
    }
}
