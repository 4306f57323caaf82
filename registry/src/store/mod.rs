//! Repositories: one OCI image layout each, in memory or in a directory.

pub mod beneath;
mod budget;
pub(crate) mod directory;
pub(crate) mod index;
pub(crate) mod lock;
pub(crate) mod manifest_type;
mod memory;
mod outline;
mod refusal;
mod repositories;
mod repository;
pub(crate) mod search;
mod sessions;
pub(crate) mod unfinished;
mod upload;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cap_std::fs::Dir;
use drydock::digest::{Algorithm, Digest};
use drydock::media_type::MediaType;
use drydock::reference::{Repository as Name, Tag, Target};
use serde::{Deserialize, Serialize};

use crate::limits;
use budget::Budget;
use directory::Directory;
use lock::Lock;
use memory::Memory;
use repositories::Repositories;
use repository::Content;
use sessions::Sessions;

pub use refusal::Refusal;
pub(crate) use repository::{Blob, Repository, Wanted};
pub(crate) use sessions::Turns;
pub(crate) use upload::{Upload, computable};

/// All repositories of one registry. Cloning gives another handle to the same store.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    budget: Budget,
    repositories: Mutex<Repositories>,
    sessions: Sessions,
    /// Whether answers may have to wait for a disk.
    on_disk: AtomicBool,
    /// Keeps blobs from being removed meanwhile.
    locks: Mutex<Vec<Lock>>,
}

#[derive(Debug)]
enum Place {
    Memory,
    Directory(Arc<Dir>),
}

/// What a document or blob is to the images of its repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// An image index.
    Index,
    /// An image manifest, or a manifest of another type.
    Manifest,
    /// The config of a manifest.
    Config,
    /// A layer of a manifest.
    Layer,
    /// Nothing that a manifest names.
    Unknown,
}

impl Store {
    /// An empty store in memory, which holds [`limits::MEMORY_BYTES`] at most.
    #[must_use]
    pub fn memory() -> Self {
        Self::new(Place::Memory, limits::MEMORY_BYTES)
    }

    /// A store in a directory, which is made when it is not there. Layouts that lie in it are
    /// served under their path relative to the directory; links in it are not followed. It holds as
    /// much as the disk does.
    ///
    /// Needs a Tokio runtime when requests are answered; a store in memory needs none.
    ///
    /// # Errors
    /// When the directory can't be made or read.
    pub fn directory(path: impl AsRef<Path>) -> io::Result<Self> {
        std::fs::create_dir_all(&path)?;
        let root = beneath::root(path.as_ref())?;
        let lock = Lock::of_store(&root)?;
        unfinished::sweep(&root, limits::UPLOAD_IDLE)?;
        let store = Self::new(Place::Directory(Arc::new(root)), u64::MAX);
        locked(&store.0.locks).push(lock);
        Ok(store)
    }

    /// Lets the store hold so many bytes: its blobs and their lists, each with a little on top.
    /// Read-only layouts do not count.
    ///
    /// # Errors
    /// When the directory can't be read, to see what it holds already.
    pub fn with_limit(self, bytes: u64) -> io::Result<Self> {
        if let Place::Directory(root) = &self.0.place {
            self.0.budget.count(search::count(root)?);
        }
        self.0.budget.set_limit(bytes);
        Ok(self)
    }

    /// Adds one OCI image layout, wherever it lies, as a repository that can only be read. An only
    /// manifest without a tag is its `latest`. Links in it are not followed.
    ///
    /// # Errors
    /// When the name is no repository name or the directory is no OCI image layout.
    pub fn with_read_only_layout(self, name: &str, path: impl AsRef<Path>) -> io::Result<Self> {
        let name = parse_name(name)?;
        let path = path.as_ref();
        let root = beneath::root(path)?;
        if !directory::is_layout(&root)? {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{} is no OCI image layout: expected the files oci-layout and index.json in it, which may not be links",
                    path.display()
                ),
            ));
        }
        locked(&self.0.locks).push(Lock::of_layout(&root)?);
        let layout = Directory::new(Arc::new(root), Vec::new(), self.0.budget.clone());
        let repository = Repository::new(name.clone(), Content::Directory(layout), true);
        repository.tags(None, 0)?;
        locked(&self.0.repositories).insert(&name, repository);
        self.0.on_disk.store(true, Ordering::Relaxed);
        Ok(self)
    }

    /// Stores a blob that is at hand and returns its SHA-256 digest. The repository is made when it
    /// is not there.
    ///
    /// # Errors
    /// When the name is not valid, or the repository can't be written.
    pub fn put_blob(&self, repository: &str, bytes: Bytes) -> Result<Digest, Refusal> {
        let repository = self.for_writing(&parse_name(repository)?)?;
        let digest = Digest::sha256(&bytes);
        repository.put_bytes(&digest, bytes)?;
        Ok(digest)
    }

    /// Stores a manifest under its SHA-256 digest and tags, with the checks of a push.
    ///
    /// # Errors
    /// When a push would be refused.
    pub fn put_manifest(
        &self,
        repository: &str,
        media_type: &str,
        bytes: Bytes,
        tags: &[&str],
    ) -> Result<Digest, Refusal> {
        let repository = self.for_writing(&parse_name(repository)?)?;
        let tags = tags.iter().map(|tag| parse_tag(tag)).collect::<Result<Vec<_>, _>>()?;
        let digest = Digest::sha256(&bytes);
        repository.put_manifest(&MediaType::new(media_type), &digest, bytes, &tags)?;
        Ok(digest)
    }

    /// Stores an image manifest under a tag without any check, as a careless registry would.
    pub(crate) fn put_manifest_unchecked(
        &self,
        repository: &str,
        bytes: &[u8],
        tag: &str,
    ) -> io::Result<()> {
        let repository = self.for_writing(&parse_name(repository)?)?;
        let media_type = MediaType::new(MediaType::MANIFEST);
        Ok(repository.put_unchecked(&media_type, bytes, &[parse_tag(tag)?])?)
    }

    /// Whether a repository lists a manifest.
    pub(crate) fn has_manifest(&self, repository: &str, digest: &Digest) -> bool {
        Name::parse(repository).is_ok_and(|name| {
            self.for_reading(&name)
                .is_ok_and(|r| r.manifest(&Target::Digest(digest.clone())).is_ok())
        })
    }

    /// Names of the repositories that hold a manifest, in byte order.
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn repositories(&self) -> Result<Vec<String>, Refusal> {
        let listed = self.all()?.into_iter().filter(|repository| repository.is_listed());
        Ok(listed.map(|repository| repository.name().to_string()).collect())
    }

    /// What a digest is to the images of a repository.
    #[must_use]
    pub fn role(&self, repository: &str, digest: &Digest) -> Role {
        Name::parse(repository)
            .ok()
            .and_then(|name| self.for_reading(&name).ok()?.role(digest).ok())
            .unwrap_or(Role::Unknown)
    }

    fn new(place: Place, limit: u64) -> Self {
        let on_disk = AtomicBool::new(matches!(place, Place::Directory(_)));
        Self(Arc::new(Inner {
            place,
            budget: Budget::new(limit),
            repositories: Mutex::default(),
            sessions: Sessions::default(),
            on_disk,
            locks: Mutex::default(),
        }))
    }

    /// Does something that may have to wait for a disk, where no other request has to wait with it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        if !self.0.on_disk.load(Ordering::Relaxed) {
            return work(self);
        }
        let store = self.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(result) => result,
            Err(error) => Err(io::Error::other(error).into()),
        }
    }

    /// The same, for a request that has gone.
    pub(crate) fn run_later(
        &self,
        work: impl FnOnce(&Self) -> Result<(), Refusal> + Send + 'static,
    ) {
        let store = self.clone();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if self.0.on_disk.load(Ordering::Relaxed) => {
                // Whoever goes on with it will see what is there.
                runtime.spawn_blocking(move || work(&store).ok());
            }
            _ => {
                work(self).ok();
            }
        }
    }

    /// A repository that is there.
    pub(crate) fn for_reading(&self, name: &Name) -> Result<Arc<Repository>, Refusal> {
        if let Some(open) = locked(&self.0.repositories).get(name) {
            return Ok(open);
        }
        match &self.0.place {
            Place::Directory(root) if self.layout(root, name).exists()? => Ok(self.open(name)),
            _ => Err(Refusal::NameUnknown(name.to_string())),
        }
    }

    /// A repository that is there now.
    pub(crate) fn for_writing(&self, name: &Name) -> Result<Arc<Repository>, Refusal> {
        let repository = self.open(name);
        repository.writable()?;
        Ok(repository)
    }

    fn open(&self, name: &Name) -> Arc<Repository> {
        locked(&self.0.repositories).get_or_insert(name, || {
            let content = match &self.0.place {
                Place::Memory => Content::Memory(Memory::new(self.0.budget.clone())),
                Place::Directory(root) => Content::Directory(self.layout(root, name)),
            };
            Repository::new(name.clone(), content, false)
        })
    }

    fn layout(&self, root: &Arc<Dir>, name: &Name) -> Directory {
        Directory::new(Arc::clone(root), search::place(name), self.0.budget.clone())
    }

    /// All repositories, in byte order of their names.
    fn all(&self) -> Result<Vec<Arc<Repository>>, Refusal> {
        let mut all = locked(&self.0.repositories).all();
        if let Place::Directory(root) = &self.0.place {
            all.extend(search::layouts(root)?.iter().map(|name| self.open(name)));
        }
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all.dedup_by(|a, b| a.name() == b.name());
        Ok(all)
    }

    /// Mounts a blob from a repository, or without one from any that has it.
    pub(crate) fn mount(
        &self,
        into: &Repository,
        digest: &Digest,
        from: Option<&Name>,
    ) -> Result<bool, Refusal> {
        let sources = match from {
            Some(name) => self.for_reading(name).into_iter().collect(),
            None => self.all()?,
        };
        for source in sources {
            if source.name() == into.name() {
                if into.blob(digest).is_ok() {
                    return Ok(true);
                }
            } else if into.mount(digest, &source)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Opens an upload session and returns its id.
    pub(crate) fn start_session(
        &self,
        repository: &Arc<Repository>,
        algorithm: Algorithm,
    ) -> Result<String, Refusal> {
        let upload = repository.start_upload(algorithm)?;
        Ok(self.0.sessions.start(repository, upload)?)
    }

    /// The upload of a session, which stays open.
    pub(crate) fn session(&self, name: &Name, id: &str) -> Result<Arc<Turns>, Refusal> {
        self.0.sessions.get(name, id)
    }

    /// Ends a session.
    pub(crate) fn end_session(&self, id: &str) {
        self.0.sessions.end(id);
    }
}

fn parse_name(name: &str) -> Result<Name, Refusal> {
    Name::parse(name).map_err(|e| Refusal::NameInvalid(e.to_string()))
}

fn parse_tag(tag: &str) -> Result<Tag, Refusal> {
    Tag::parse(tag).map_err(|e| Refusal::TagInvalid(e.to_string()))
}

/// A mutex whose holder panicked guards data that is still whole: every change is one assignment.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A name that nobody can guess.
pub(crate) fn random_name() -> io::Result<String> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_be_bytes(random)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(store: &Store) -> usize {
        locked(&store.0.repositories).all().len()
    }

    #[test]
    fn names_that_were_only_asked_for_are_forgotten() {
        let directory = tempfile::tempdir().expect("directory");
        let on_disk = Store::directory(directory.path()).expect("store");
        for store in [Store::memory(), on_disk] {
            let kept = store.put_blob("kept", Bytes::from_static(b"x")).expect("stores");
            for number in 0..5 * limits::OPEN_REPOSITORIES {
                let name = Name::parse(&format!("name{number}")).expect("name");
                store.for_writing(&name).expect("writable").start_upload(Algorithm::Sha256).ok();
            }
            assert!(open(&store) <= limits::OPEN_REPOSITORIES, "{}", open(&store));
            let name = Name::parse("kept").expect("name");
            assert!(store.for_reading(&name).is_ok_and(|kept_in| kept_in.blob(&kept).is_ok()));
        }
    }

    #[test]
    fn what_is_in_use_is_not_forgotten() {
        let store = Store::memory();
        let name = Name::parse("a").expect("name");
        let held = store.for_writing(&name).expect("writable");
        for number in 0..3 * limits::OPEN_REPOSITORIES {
            store.for_writing(&Name::parse(&format!("name{number}")).expect("name")).expect("new");
        }
        held.put_bytes(&Digest::sha256(b"x"), Bytes::from_static(b"x")).expect("stores");
        drop(held);
        for number in 0..3 * limits::OPEN_REPOSITORIES {
            store.for_writing(&Name::parse(&format!("other{number}")).expect("name")).expect("new");
        }
        assert!(store.for_reading(&name).is_ok_and(|a| a.blob(&Digest::sha256(b"x")).is_ok()));
    }
}
