//! What an image is named by in a shell: a reference, a tar, a folder, a pipe.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use drydock::archive::ArchiveSource;
use drydock::digest::Digest;
use drydock::layer::write::MakeError;
use drydock::reference::{Reference, Repository, Tag, Target};
use drydock::registry::{self, Registry, RepositorySource, Scheme};
use drydock::source::AnySource;

pub use drydock::transfer::PlaceError as Failed;

use crate::disk::Disk;
use crate::logins::Logins;
use crate::patience::Patience;
use crate::sockets::Sockets;

/// How a place is reached.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Registries are asked without TLS. Those of this machine always are.
    pub plain_http: bool,
}

/// Where images are: a repository of a registry, or an archive on disk.
pub type Place = AnySource<Failed>;

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
    match found(image, options).await? {
        Found::Repository(place, reference) => Ok((place, reference)),
        Found::Archive(source, reference, target) => {
            let reference = chosen(&source, image, target, reference)?;
            Ok((Place::new(source), reference))
        }
    }
}

/// Opens the archive or repository that is named, whichever of its images is meant. For an archive the
/// reference names none of them.
///
/// # Errors
/// When there is no such archive or reference.
pub(crate) async fn holder(image: &str, options: Options) -> Result<(Place, Reference), OpenError> {
    Ok(match found(image, options).await? {
        Found::Repository(place, reference) => (place, reference),
        Found::Archive(source, reference, _) => (Place::new(source), reference),
    })
}

enum Found {
    Repository(Place, Reference),
    /// With a reference that names none of its images yet, and what was named behind the archive.
    Archive(Rc<ArchiveSource<Disk>>, Reference, Option<Target>),
}

async fn found(image: &str, options: Options) -> Result<Found, OpenError> {
    let (opened, target) = if image == "-" {
        (Disk::piped(io::stdin().lock()).await, None)
    } else if let Some((path, target)) = on_disk(image) {
        (Disk::open(path).await, target)
    } else if is_path(image) {
        return Err(OpenError(format!(
            "There is no file or folder {image}. An image is a tar or a folder on this machine, or a \
             reference such as ghcr.io/owner/app:1.2."
        )));
    } else {
        let reference = Reference::parse(image)
            .map_err(|error| OpenError(format!("{error}. There is no file {image} either.")))?
            .normalised();
        let (place, reference) = reached(&reference, options).await?;
        return Ok(Found::Repository(place, reference));
    };
    let told = |why: String| OpenError(format!("{image} can't be opened. {why}"));
    let (files, disk) = opened.map_err(|error| told(error.to_string()))?;
    let source = ArchiveSource::open(files, disk).await;
    let source = source.map_err(|error| told(format!("{error}.")))?;
    let reference =
        Reference::parse("localhost/archive").map_err(|error| told(error.to_string()))?;
    Ok(Found::Archive(Rc::new(source), reference, target))
}

/// The registry by which a browser names its drafts.
pub(crate) const BROWSER_DRAFT: &str = "draft.invalid";

/// Whether a reference stands for a file or a draft in a browser. No registry has a name that ends so
/// (RFC 2606).
pub(crate) fn is_of_a_browser(reference: &Reference) -> bool {
    reference.registry.as_str().ends_with(".invalid")
}

/// The repository of a reference.
///
/// # Errors
/// As with [`connected`].
pub async fn reached(
    reference: &Reference,
    options: Options,
) -> Result<(Place, Reference), OpenError> {
    if is_of_a_browser(reference) {
        return Err(OpenError(format!(
            "{reference} is an image that was opened from a file, or a draft, in a browser: it is in no \
             registry. Name a tar or folder in its place."
        )));
    }
    let repository = reference.repository.clone();
    let registry = connected(&reference.registry, &repository, options).await?;
    let source = RepositorySource::new(Rc::new(registry), repository).patient(Patience);
    Ok((Place::new(Rc::new(source)), reference.clone()))
}

/// A registry, with the login that this machine has for a repository of it.
///
/// # Errors
/// When its name can't be asked for, or a helper program fails.
pub async fn connected(
    name: &drydock::reference::Registry,
    repository: &Repository,
    options: Options,
) -> Result<Registry<Sockets>, OpenError> {
    let plain = options.plain_http || name.is_loopback();
    let scheme = if plain { Scheme::Http } else { Scheme::Https };
    let registry = Registry::new(Sockets::new().map_err(OpenError)?, name.clone(), scheme, now);
    let registry = registry.map_err(|error| OpenError(error.to_string()))?;
    let login = Logins::of_this_machine().find(name, Some(repository)).await;
    if let Some(login) = login.map_err(OpenError)? {
        registry.log_in(login);
    }
    Ok(registry)
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Whether a name is meant as a path, though nothing is there: nobody wants to hear that Docker Hub has
/// no image app.tar.
fn is_path(name: &str) -> bool {
    let name = name.rsplit_once('@').map_or(name, |(path, _)| path);
    let path = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'));
    let path = path.map_or(name, |(path, _)| path);
    let has_registry = path
        .split_once('/')
        .is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost");
    let is_archive = [".tar", ".tgz", ".tar.gz", ".tar.zst"].iter().any(|end| path.ends_with(end));
    ["/", "./", "../", "~"].iter().any(|start| path.starts_with(start))
        || is_archive && !has_registry
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

/// The image that is meant in an archive: the one that was named, or the only one.
fn chosen(
    source: &ArchiveSource<Disk>,
    name: &str,
    target: Option<Target>,
    reference: Reference,
) -> Result<Reference, OpenError> {
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
                return Err(OpenError(format!(
                    "{name} can't be opened. It has {} images; name one of them behind it: {}.",
                    names.len(),
                    names.join(", ")
                )));
            }
        },
    };
    Ok(match target {
        Target::Tag(tag) => Reference { tag: Some(tag), ..reference },
        Target::Digest(digest) => Reference { digest: Some(digest), ..reference },
    })
}

/// The sentence of a failure, and what can be done about it from a shell.
#[must_use]
pub fn advised(failed: &Failed) -> String {
    use registry::{Error, Login};

    let advice = match failed {
        Failed::Archive(_) | Failed::Draft(_) => "",
        Failed::Registry(Error::Unauthorized { login: Login::Possible, .. }) => {
            "Log in with docker login or podman login, or check the name: many registries ask for \
             a login where a repository does not exist."
        }
        Failed::Registry(Error::Unauthorized { login: Login::Refused, .. }) => {
            "Renew it with docker login or podman login, and see that it may read this repository."
        }
        Failed::Registry(error) => error.advice(),
    };
    format!("{failed} {advice}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_as_a_path_is_no_reference() {
        for path in
            ["app.tar", "out/app.tar:1.2", "./app", "../x", "/x", "~/app.tgz", "a.tar.zst@x"]
        {
            assert!(is_path(path), "{path}");
        }
        for name in [
            "alpine:3.20",
            "owner/app",
            "ghcr.io/owner/app.tar",
            "localhost:5000/app.tar:1",
            "localhost/app.tar",
            "app:1.tar",
        ] {
            assert!(!is_path(name), "{name}");
        }
    }
}
