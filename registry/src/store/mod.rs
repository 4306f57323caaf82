//! Repositories: one OCI image layout each, in memory or in a directory.

mod directory;
mod index;
mod memory;
mod outline;
mod refusal;
mod repository;
mod upload;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use drydock::digest::{Algorithm, Digest};
use drydock::media_type::MediaType;
use drydock::reference::{Repository as Name, Tag, Target};
use serde::{Deserialize, Serialize};

use crate::limits;
use directory::Directory;
use memory::{Memory, Used};
use repository::Content;

pub use refusal::Refusal;
pub(crate) use repository::{Blob, Repository};
pub(crate) use upload::{Upload, computable};

/// All repositories of one registry. Cloning gives another handle to the same store.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    repositories: Mutex<BTreeMap<Name, Arc<Repository>>>,
    sessions: Mutex<BTreeMap<String, Session>>,
}

#[derive(Debug)]
enum Place {
    Memory(Used),
    Directory(PathBuf),
}

/// An upload session, and when it was last used.
#[derive(Debug)]
struct Session {
    repository: Arc<Repository>,
    used: Instant,
    upload: SharedUpload,
}

/// An upload that requests take turns with; `None` once it has ended.
pub(crate) type SharedUpload = Arc<tokio::sync::Mutex<Option<Upload>>>;

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
    /// An empty store in memory.
    #[must_use]
    pub fn memory() -> Self {
        Self::new(Place::Memory(Used::default()))
    }

    /// A store in a directory, which is made when it is not there. Layouts that lie in it are
    /// served under their path relative to the directory.
    ///
    /// Needs a Tokio runtime when blobs are read or uploaded; a store in memory needs none.
    ///
    /// # Errors
    /// When the directory can't be made or read.
    pub fn directory(path: impl AsRef<Path>) -> io::Result<Self> {
        std::fs::create_dir_all(&path)?;
        let root = path.as_ref().canonicalize()?;
        directory::sweep(&root.join(directory::UPLOADS))?;
        Ok(Self::new(Place::Directory(root)))
    }

    /// Adds one OCI image layout, wherever it lies, as a repository that can only be read. An only
    /// manifest without a tag is its `latest`.
    ///
    /// # Errors
    /// When the name is no repository name or the directory is no OCI image layout.
    pub fn with_read_only_layout(self, name: &str, path: impl AsRef<Path>) -> io::Result<Self> {
        let name = parse_name(name)?;
        let root = path.as_ref().to_path_buf();
        let layout = Directory::new(root.clone(), root.join(directory::UPLOADS));
        if !layout.exists() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{} is no OCI image layout: expected the files oci-layout and index.json in it",
                    root.display()
                ),
            ));
        }
        let repository = Repository::new(name.clone(), Content::Directory(layout), true);
        repository.tags()?;
        locked(&self.0.repositories).insert(name, Arc::new(repository));
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
        if let Place::Directory(root) = &self.0.place {
            for name in directory::layouts(root)? {
                self.open(&name);
            }
        }
        let open: Vec<_> = locked(&self.0.repositories).values().cloned().collect();
        Ok(open.iter().filter(|r| r.is_listed()).map(|r| r.name().to_string()).collect())
    }

    /// What a digest is to the images of a repository.
    #[must_use]
    pub fn role(&self, repository: &str, digest: &Digest) -> Role {
        Name::parse(repository)
            .ok()
            .and_then(|name| self.for_reading(&name).ok()?.role(digest).ok())
            .unwrap_or(Role::Unknown)
    }

    fn new(place: Place) -> Self {
        Self(Arc::new(Inner { place, repositories: Mutex::default(), sessions: Mutex::default() }))
    }

    /// A repository that is there.
    pub(crate) fn for_reading(&self, name: &Name) -> Result<Arc<Repository>, Refusal> {
        if let Some(open) = locked(&self.0.repositories).get(name) {
            return Ok(Arc::clone(open));
        }
        match &self.0.place {
            Place::Directory(root) if layout(root, name).exists() => Ok(self.open(name)),
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
        let mut repositories = locked(&self.0.repositories);
        let make = || {
            let content = match &self.0.place {
                Place::Memory(used) => Content::Memory(Memory::new(used.clone())),
                Place::Directory(root) => Content::Directory(layout(root, name)),
            };
            Arc::new(Repository::new(name.clone(), content, false))
        };
        Arc::clone(repositories.entry(name.clone()).or_insert_with(make))
    }

    /// Mounts a blob from a repository, or without one from any that has it.
    pub(crate) fn mount(
        &self,
        into: &Repository,
        digest: &Digest,
        from: Option<&Name>,
    ) -> Result<bool, Refusal> {
        let sources: Vec<Arc<Repository>> = match from {
            Some(name) => self.for_reading(name).into_iter().collect(),
            None => {
                if let Place::Directory(root) = &self.0.place {
                    for name in directory::layouts(root)? {
                        self.open(&name);
                    }
                }
                locked(&self.0.repositories).values().cloned().collect()
            }
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
        let id = random_name()?;
        let mut sessions = locked(&self.0.sessions);
        sessions.retain(|_, session| session.used.elapsed() < limits::UPLOAD_IDLE);
        if sessions.len() >= limits::UPLOADS
            && let Some(oldest) =
                sessions.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| id.clone())
        {
            sessions.remove(&oldest);
        }
        let session = Session {
            repository: Arc::clone(repository),
            used: Instant::now(),
            upload: Arc::new(tokio::sync::Mutex::new(Some(upload))),
        };
        sessions.insert(id.clone(), session);
        Ok(id)
    }

    /// The upload of a session, which stays open.
    pub(crate) fn session(&self, name: &Name, id: &str) -> Result<SharedUpload, Refusal> {
        let mut sessions = locked(&self.0.sessions);
        match sessions.get_mut(id).filter(|session| session.repository.name() == name) {
            Some(session) => {
                session.used = Instant::now();
                Ok(Arc::clone(&session.upload))
            }
            None => Err(Refusal::UploadUnknown(id.to_owned())),
        }
    }

    /// Ends a session; what it holds goes with the last request that still uses it.
    pub(crate) fn end_session(&self, id: &str) {
        locked(&self.0.sessions).remove(id);
    }
}

fn layout(root: &Path, name: &Name) -> Directory {
    Directory::new(directory::place(root, name), root.join(directory::UPLOADS))
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
