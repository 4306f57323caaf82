//! What an image is named by in a shell: a reference, a tar, a folder, a pipe.

use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use drydock::archive::{self, ArchiveSource};
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::layer::write::MakeError;
use drydock::reference::{Reference, Repository, Tag, Target};
use drydock::registry::{Registry, Scheme};
use drydock::source::{BlobPlace, CosignKind, CosignTag, Fetched, Holder, Referrers, Source};

pub use drydock::transfer::PlaceError as Failed;

use crate::disk::{Disk, DiskError};
use crate::logins::Logins;
use crate::patience::Patience;
use crate::sockets::Sockets;

/// How a place is reached.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Registries are asked without TLS. Those of this machine always are.
    pub plain_http: bool,
}

/// Where an image is.
#[derive(Debug)]
pub enum Place {
    /// In a repository of a registry.
    Repository(Box<Registry<Sockets>>, Repository),
    /// In an archive on disk.
    Archive(Box<ArchiveSource<Disk>>),
}

/// Why a place can't be opened: a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenError(pub String);

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OpenError {}

impl From<MakeError> for OpenError {
    fn from(error: MakeError) -> Self {
        Self(error.to_string())
    }
}

/// Opens what is named: `-` is the tar that comes through standard input; what exists on disk is an
/// archive, with `:tag` or `@digest` behind it when it has several images; all else is a reference.
/// What is given beside the place names the image in it.
///
/// # Errors
/// When there is no such archive or reference, or several images could be meant.
pub async fn open(image: &str, options: Options) -> Result<(Place, Reference), OpenError> {
    if image == "-" {
        return archived(Disk::piped(io::stdin().lock()).await, "-", None).await;
    }
    if let Some((path, target)) = on_disk(image) {
        return archived(Disk::open(path).await, image, target).await;
    }
    let reference = Reference::parse(image)
        .map_err(|error| OpenError(format!("{error}. There is no file {image} either.")))?
        .normalised();
    reached(&reference, options).await
}

/// The repository of a reference.
///
/// # Errors
/// As with [`connected`].
pub async fn reached(
    reference: &Reference,
    options: Options,
) -> Result<(Place, Reference), OpenError> {
    if reference.registry.as_str().ends_with(".invalid") {
        return Err(OpenError(format!(
            "{reference} is an image that was opened from a file, or a draft, in a browser: it is in no \
             registry. Name the file in its place, for a draft with --base."
        )));
    }
    let registry = connected(&reference.registry, options).await?;
    let repository = reference.repository.clone();
    Ok((Place::Repository(Box::new(registry), repository), reference.clone()))
}

/// A registry, with the login that this machine has for it.
///
/// # Errors
/// When its name can't be asked for, or a helper program fails.
pub async fn connected(
    name: &drydock::reference::Registry,
    options: Options,
) -> Result<Registry<Sockets>, OpenError> {
    let plain = options.plain_http || name.is_loopback();
    let scheme = if plain { Scheme::Http } else { Scheme::Https };
    let registry = Registry::new(Sockets::new().map_err(OpenError)?, name.clone(), scheme, now);
    let registry = registry.map_err(|error| OpenError(error.to_string()))?;
    if let Some(login) = Logins::of_this_machine().find(name).await.map_err(OpenError)? {
        registry.log_in(login);
    }
    Ok(registry)
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The path in a name and the image in what lies there.
fn on_disk(image: &str) -> Option<(&Path, Option<Target>)> {
    let whole = Path::new(image);
    if whole.exists() {
        return Some((whole, None));
    }
    if let Some((path, digest)) = image.rsplit_once('@')
        && Path::new(path).exists()
    {
        return Some((Path::new(path), Some(Target::Digest(Digest::parse(digest).ok()?))));
    }
    let (path, tag) = image.rsplit_once(':')?;
    let tag = Tag::parse(tag).ok()?;
    Path::new(path).exists().then(|| (Path::new(path), Some(Target::Tag(tag))))
}

async fn archived(
    opened: Result<(archive::Files, Disk), DiskError>,
    name: &str,
    target: Option<Target>,
) -> Result<(Place, Reference), OpenError> {
    let told = |why: String| OpenError(format!("{name} can't be opened. {why}"));
    let (files, disk) = opened.map_err(|error| told(error.to_string()))?;
    let source = ArchiveSource::open(files, disk).await;
    let source = source.map_err(|error| told(format!("{error}.")))?;
    let target = match target {
        Some(target) => target,
        None => match source.archive().images().as_slice() {
            [only] => Target::Digest(only.descriptor.digest.clone()),
            several => {
                let names = several.iter().map(|root| {
                    let tag = root.names.iter().find_map(|name| name.tag());
                    tag.map_or_else(
                        || format!("@{}", root.descriptor.digest),
                        |tag| format!(":{tag}"),
                    )
                });
                let names: Vec<String> = names.collect();
                let why = format!(
                    "It has {} images; name one of them behind it: {}.",
                    names.len(),
                    names.join(", ")
                );
                return Err(told(why));
            }
        },
    };
    let mut reference =
        Reference::parse("localhost/archive").map_err(|error| told(error.to_string()))?;
    match target {
        Target::Tag(tag) => reference.tag = Some(tag),
        Target::Digest(digest) => reference.digest = Some(digest),
    }
    Ok((Place::Archive(Box::new(source)), reference))
}

macro_rules! on_each {
    ($place:expr, $source:ident => $answer:expr) => {
        match $place {
            Place::Repository(registry, repository) => {
                let $source = registry.repository(repository.clone()).patient(&Patience);
                Ok($answer.await?)
            }
            Place::Archive($source) => Ok($answer.await?),
        }
    };
}

impl Source for Place {
    type Error = Failed;

    fn holder(&self) -> Holder {
        match self {
            Self::Repository(..) => Holder::Registry,
            Self::Archive(_) => Holder::Archive,
        }
    }

    async fn root(&self, target: &Target) -> Result<Fetched, Failed> {
        on_each!(self, source => source.root(target))
    }

    async fn document(&self, descriptor: &Descriptor) -> Result<Fetched, Failed> {
        on_each!(self, source => source.document(descriptor))
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Fetched, Failed> {
        on_each!(self, source => source.manifest(descriptor))
    }

    async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Fetched, Failed> {
        on_each!(self, source => source.blob(descriptor, limit))
    }

    fn blob_place(&self, digest: &Digest) -> BlobPlace {
        match self {
            Self::Repository(registry, repository) => {
                registry.repository(repository.clone()).blob_place(digest)
            }
            Self::Archive(archive) => archive.blob_place(digest),
        }
    }

    async fn referrers(&self, digest: &Digest) -> Result<Referrers, Failed> {
        on_each!(self, source => source.referrers(digest))
    }

    async fn cosign_tag(
        &self,
        digest: &Digest,
        kind: CosignKind,
    ) -> Result<Option<CosignTag>, Failed> {
        on_each!(self, source => source.cosign_tag(digest, kind))
    }
}
