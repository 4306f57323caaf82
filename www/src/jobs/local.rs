//! Images in files that the user chose: opened in place, with no network at all.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use bytes::Bytes;
use drydock::archive::{
    self, ArchiveSource, Files, Name, ReadAt, ReadError, Root, Sniffed, scan, sniff,
};
use drydock::commands::{Form, Stored};
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::media_type::Compression;
use drydock::reference::{Reference, Repository, Tag};
use drydock::source::FileRange;
use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::{Problem, ProblemKind, Progress, blob, no_sense, tab};
use crate::chosen::Chosen;
use crate::disk;
use crate::route::Here;
use crate::worker::pool::Order;
use crate::worker::protocol::{Outcome, UnpackWork, Work};

/// The files that an archive lies in, on the user's disk.
#[derive(Clone, Debug)]
pub struct Picked {
    files: Vec<Blob>,
    /// What the user chose is called.
    name: String,
    is_folder: bool,
}

/// The archives that were opened in this tab, by the repository that stands for each.
#[derive(Default)]
pub struct Local(RefCell<BTreeMap<Repository, Rc<ArchiveSource<Picked>>>>);

/// An archive that was opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The repository that stands for it.
    pub repository: Repository,
    /// Its images, in its order.
    pub images: Vec<Image>,
    /// What is wrong or remarkable with it, one sentence each.
    pub remarks: Vec<String>,
}

/// An image of an archive.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// How it is opened.
    pub reference: Reference,
    /// What the archive calls it; untrusted.
    pub names: Vec<String>,
    /// Its manifest or index.
    pub descriptor: Descriptor,
    /// Where its digest comes from.
    pub origin: archive::Origin,
}

impl Local {
    /// An archive that was opened in this tab.
    ///
    /// # Errors
    /// When it was not.
    pub fn get(&self, repository: &Repository) -> Result<Rc<ArchiveSource<Picked>>, Problem> {
        self.0.borrow().get(repository).cloned().ok_or_else(|| {
            let headline = format!("The file {repository} is not open in this tab.");
            Problem::new(ProblemKind::NotFound, headline)
                .advise("A page can't open files by itself: choose or drop it again.")
        })
    }

    /// The archives that are open.
    #[must_use]
    pub fn opened(&self) -> Vec<Opened> {
        self.0.borrow().iter().map(|(name, source)| opened(name, source)).collect()
    }

    /// A free name that says what was chosen.
    fn name(&self, of: &str) -> Result<Repository, Problem> {
        let name = slug(of);
        let open = self.0.borrow();
        (1..)
            .map(|n| if n == 1 { name.clone() } else { format!("{name}-{n}") })
            .filter_map(|name| Repository::parse(&name).ok())
            .find(|name| !open.contains_key(name))
            .ok_or_else(no_sense)
    }
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.borrow().keys()).finish()
    }
}

/// Opens an archive (one file) or a layout folder (several). What is compressed as a whole is
/// unpacked onto the browser's disk first, in a worker.
///
/// # Errors
/// When it is no archive of images, is damaged, or the browser has no room to unpack it.
pub async fn open(
    chosen: Vec<Chosen>,
    on_progress: impl FnMut(Progress) + 'static,
) -> Result<Opened, Problem> {
    let first = chosen.first().ok_or_else(no_sense)?;
    let top = first.path.split('/').next().unwrap_or_default();
    let name = tab().local.name(top)?;
    let (files, picked) = match &chosen[..] {
        [one] if !one.path.contains('/') => {
            let tar = tar(&one.blob, on_progress).await?;
            let picked = Picked { files: vec![tar], name: top.to_owned(), is_folder: false };
            let size = picked.files.first().map_or(0.0, Blob::size) as u64;
            (scan(&picked, 0, size).await?, picked)
        }
        _ => {
            let list = chosen.iter().map(|file| (file.path.clone(), file.blob.size() as u64));
            let files = Files::folder(list)?;
            let name = top.to_owned();
            let blobs = chosen.iter().map(|file| file.blob.clone()).collect();
            (files, Picked { files: blobs, name, is_folder: true })
        }
    };
    let source = Rc::new(ArchiveSource::open(files, picked).await?);
    let opened = opened(&name, &source);
    tab().local.0.borrow_mut().insert(name, source);
    Ok(opened)
}

/// An image of an open archive, as tools find it on the disk.
#[must_use]
pub fn stored(reference: &Reference) -> Option<Stored> {
    let source = tab().local.get(&reference.repository).ok()?;
    let picked = source.reader();
    let archive = source.archive();
    let form = match picked.is_folder {
        true => Form::Folder,
        false if archive.files().get("manifest.json").is_some() => Form::DockerSave,
        false => Form::Layout,
    };
    let root = |root: &&Root| match (&reference.digest, &reference.tag) {
        (Some(digest), _) => root.descriptor.digest == *digest,
        (None, Some(tag)) => root.names.iter().any(|name| name.tag() == Some(tag)),
        (None, None) => false,
    };
    let images = archive.roots().iter().filter(|root| root.about.is_none());
    let name = match images.clone().count() {
        1 => None,
        _ => Some(written(images.clone().find(root)?.names.first()?)),
    };
    Some(Stored { path: picked.name.clone(), form, name })
}

/// A blob of an open archive, as a part of its file.
pub(super) fn part(repository: &Repository, digest: &Digest) -> Result<Blob, Problem> {
    let source = tab().local.get(repository)?;
    let place = source.archive().place(digest).ok_or_else(|| {
        Problem::new(ProblemKind::NotFound, format!("The archive holds no blob {digest}."))
    })?;
    source.reader().part(place.file, &place.range).map_err(|error| unreadable(&error))
}

/// The tar in a file: the file itself, or what it unpacks to.
async fn tar(file: &Blob, on_progress: impl FnMut(Progress) + 'static) -> Result<Blob, Problem> {
    let picked = Picked { files: vec![file.clone()], name: String::new(), is_folder: false };
    let head = picked.read(0, 0..(file.size() as u64).min(512)).await;
    match sniff(&head.map_err(|error| unreadable(&error))?) {
        Sniffed::Packed(Compression::Gzip | Compression::Zstd) => unpack(file, on_progress).await,
        Sniffed::Unsupported(name) => {
            let headline =
                format!("This file is compressed with {name}, which can't be read here.");
            Err(Problem::new(ProblemKind::Content, headline)
                .advise("Unpack it, or compress it with gzip or zstd."))
        }
        // What is no tar is told by the reader of tars.
        _ => Ok(file.clone()),
    }
}

async fn unpack(file: &Blob, on_progress: impl FnMut(Progress) + 'static) -> Result<Blob, Problem> {
    let work = async || {
        Ok(Order {
            work: Work::Unpack(UnpackWork),
            parts: vec![file.clone().into()],
            slots: Vec::new(),
        })
    };
    match tab().pool.read(file.size() as u64, work, on_progress).await?.outcome {
        Outcome::Unpacked(digest) => {
            let unpacked = disk::blob(&digest).await?.ok_or_else(no_sense)?;
            Ok(unpacked.into())
        }
        _ => Err(no_sense()),
    }
}

fn opened(repository: &Repository, source: &ArchiveSource<Picked>) -> Opened {
    let archive = source.archive();
    Opened {
        repository: repository.clone(),
        images: archive
            .images()
            .into_iter()
            .filter_map(|root| image(repository, source, root))
            .collect(),
        remarks: archive.findings().iter().map(|finding| finding.message.clone()).collect(),
    }
}

fn image(repository: &Repository, source: &ArchiveSource<Picked>, root: &Root) -> Option<Image> {
    let tags: Vec<&Tag> = root.names.iter().filter_map(Name::tag).collect();
    // A tag that several images have names none of them.
    let tag = tags.into_iter().find(|tag| source.archive().tagged(tag).count() == 1);
    let mut reference = Here::Local.image(repository.as_str(), tag.cloned()).ok()?;
    if tag.is_none() {
        reference.digest = Some(root.descriptor.digest.clone());
    }
    let names = root.names.iter().map(written);
    Some(Image {
        reference,
        names: names.collect(),
        descriptor: root.descriptor.clone(),
        origin: root.origin,
    })
}

/// A name as the archive writes it.
fn written(name: &Name) -> String {
    match name {
        Name::Reference(reference) => reference.to_string(),
        Name::Tag(tag) => tag.to_string(),
        Name::Other(text) => text.clone(),
    }
}

impl Picked {
    fn part(&self, file: usize, range: &Range<u64>) -> Result<Blob, ReadError> {
        let blob =
            self.files.get(file).ok_or_else(|| ReadError("there is no such file".to_owned()))?;
        disk::shorten(blob, range.start, range.end)
            .ok_or_else(|| ReadError("the browser refuses it".to_owned()))
    }
}

impl ReadAt for Picked {
    async fn read(&self, file: usize, range: Range<u64>) -> Result<Bytes, ReadError> {
        let part = self.part(file, &range)?;
        let buffer = JsFuture::from(part.array_buffer()).await.map_err(|_| {
            let text = "it was changed, moved or deleted since it was chosen; choose it again";
            ReadError(text.to_owned())
        })?;
        Ok(Bytes::from(Uint8Array::new(&buffer).to_vec()))
    }

    async fn digest(&self, place: &FileRange) -> Result<Digest, ReadError> {
        let part = self.part(place.file, &place.range)?;
        blob::digest(&part).await.map_err(|problem| ReadError(problem.to_string()))
    }
}

fn unreadable(error: &ReadError) -> Problem {
    Problem::new(ProblemKind::Content, format!("The file can't be read: {error}."))
}

/// A file's name as a repository's: `My App (1).tar.gz` becomes `my-app-1`.
fn slug(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let endings = [".tar.gz", ".tar.zst", ".tgz", ".tar"];
    let name = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").chars().take(80).collect();
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "archive".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_name_gives_a_repository() {
        for (name, repository) in [
            ("nginx.tar", "nginx"),
            ("My App (1).tar.gz", "my-app-1"),
            ("layout", "layout"),
            ("a_b.c.tgz", "a-b-c"),
            ("…", "archive"),
            ("", "archive"),
        ] {
            assert_eq!(slug(name), repository, "{name}");
            assert!(Repository::parse(&slug(name)).is_ok(), "{name}");
        }
    }
}
