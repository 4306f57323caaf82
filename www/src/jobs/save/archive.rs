//! Images as an archive: an OCI image layout, or what `docker load` takes.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use drydock::archive::Name;
use drydock::archive::write::{self as archive, Part};
use drydock::commands::Form;
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::document::Document;
use drydock::reference::{Reference, Tag};
use drydock::source::Source as _;
use drydock::transfer::{self, Wanted, archive_entries, links};
use drydock::verify::Job;
use futures_util::stream::{self, StreamExt as _};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag, FileSystemDirectoryHandle};

use super::Goal;
use crate::disk::{self, UserFile};
use crate::jobs::copy::{self, Selection};
use crate::jobs::obtain::{Spooled, obtain};
use crate::jobs::{Problem, ProblemKind, Progress, blob, no_sense, source, tab, tree};
use crate::net::place::Place;
use crate::route::Here;

/// Parts that are fetched ahead of the one that is written.
const AHEAD: usize = 3;
/// Types in the plan of an archive are told to nobody.
const UNTOLD: &str = "application/octet-stream";

/// An archive that can be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    what: What,
    /// Where the blobs of each entry are.
    places: Vec<Place>,
    remarks: Vec<String>,
}

/// What is written.
#[derive(Clone, Debug, PartialEq)]
enum What {
    /// One file.
    Tar(archive::Plan),
    /// Files in a folder.
    Folder(archive::Folder),
}

impl Planned {
    /// Bytes of the archive, or of all files of the folder.
    #[must_use]
    pub fn size(&self) -> u64 {
        match &self.what {
            What::Tar(plan) => plan.size,
            What::Folder(folder) => folder.size(),
        }
    }

    /// Files and folders in it.
    #[must_use]
    pub fn files(&self) -> u64 {
        match &self.what {
            What::Tar(plan) => plan.files,
            What::Folder(folder) => folder.files.len() as u64,
        }
    }

    /// What is to be known before it is written, one sentence each.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }
}

/// Reads the documents of images, and says what an archive of all of them consists of. The files of
/// a tree are no archive.
///
/// # Errors
/// When a document can't be read, or the images have no such form.
pub async fn plan(form: Form, selections: &[Selection]) -> Result<Planned, Problem> {
    let (mut entries, mut places, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
    let mut documents: BTreeMap<Digest, Document> = BTreeMap::new();
    for selection in selections {
        let wanted = copy::gather(selection).await?;
        let names = |digest: &Digest| names(&selection.place, &wanted, digest);
        for entry in archive_entries(&wanted.documents, names) {
            entries.push(entry);
            places.push(selection.place.clone());
        }
        remarks.extend(wanted.findings.iter().map(|finding| finding.message.clone()));
        let read = wanted.documents.into_iter();
        documents.extend(read.map(|document| (document.digest().clone(), document)));
    }
    let sizes = match form {
        Form::Legacy => unpacked(&entries, &places, &mut documents).await?,
        _ => BTreeMap::new(),
    };
    let lookup = |digest: &Digest| documents.get(digest);
    let what = match form {
        Form::Layout => archive::layout(&entries, &lookup).map(What::Tar),
        Form::Folder => archive::folder(&entries, &lookup).map(What::Folder),
        Form::DockerSave => archive::docker_save(&entries, &lookup).map(What::Tar),
        Form::Legacy => {
            let size = |digest: &Digest| sizes.get(digest).copied();
            archive::legacy(&entries, &lookup, &size).and_then(archive::Folder::tar).map(What::Tar)
        }
        Form::RootFs => return Err(no_sense()),
    };
    let what = what.map_err(|error| Problem::new(ProblemKind::Content, format!("{error}.")))?;
    let notes = match &what {
        What::Tar(plan) => &plan.notes,
        What::Folder(folder) => &folder.notes,
    };
    remarks.extend(notes.iter().map(|note| note.message.clone()));
    Ok(Planned { what, places, remarks })
}

/// Reads what Docker's old form repeats or has to know: configs, which become documents, and how
/// large layers are when they are unpacked.
async fn unpacked(
    entries: &[archive::Entry],
    places: &[Place],
    documents: &mut BTreeMap<Digest, Document>,
) -> Result<BTreeMap<Digest, u64>, Problem> {
    let mut sizes = BTreeMap::new();
    for (entry, place) in entries.iter().zip(places) {
        let manifest = documents.get(&entry.descriptor.digest);
        let Some(links) = manifest.and_then(|manifest| links(manifest).ok()) else { continue };
        let source = source::open(place).await?;
        for config in links.configs() {
            let fetched = source.document(config).await.map_err(Problem::from)?;
            if let Some(document) = transfer::document(&fetched, Some(config)) {
                documents.insert(config.digest.clone(), document);
            }
        }
        for layer in links.layers() {
            if sizes.contains_key(&layer.digest) {
                continue;
            }
            let job = Job::layer(layer.digest.to_string(), layer.clone(), None);
            let (facts, _) = tree::facts(place, &job, |_| {}).await?;
            if let Some(size) = facts.uncompressed_size {
                sizes.insert(layer.digest.clone(), size);
            }
        }
    }
    Ok(sizes)
}

/// Writes an archive. Every blob is compared with its digest first, and nothing is left of an
/// archive that can't be finished. `on_progress` is told how many bytes have come.
///
/// # Errors
/// When a blob can't be read or is not what it should be, or there is no room for the file.
pub async fn write(
    planned: &Planned,
    goal: &Goal,
    on_progress: impl Fn(u64) + 'static,
) -> Result<(), Problem> {
    let spooled = Spooled::default();
    let count = Count { total: Rc::default(), told: Rc::new(on_progress) };
    let plan = match (&planned.what, goal) {
        (What::Tar(plan), _) => plan,
        (What::Folder(files), Goal::Folder(folder)) => {
            return write_files(planned, files, folder, &count).await;
        }
        (What::Folder(_), _) => return Err(no_sense()),
    };
    let parts = plan.parts.iter();
    let mut parts =
        stream::iter(parts).map(|part| fetch(planned, part, &spooled, &count)).buffered(AHEAD);
    match goal {
        Goal::Chosen(file) => {
            let mut file = UserFile::create(file).await?;
            while let Some(part) = parts.next().await {
                match part? {
                    Fetched::Bytes(bytes) => file.write(bytes).await?,
                    Fetched::Blob(digest, blob) => {
                        file.write_blob(&blob).await?;
                        spooled.release(digest);
                    }
                }
            }
            file.close().await
        }
        Goal::Folder(_) => Err(no_sense()),
        Goal::Download(name) => {
            let gathered = Array::new();
            while let Some(part) = parts.next().await {
                gathered.push(&match part? {
                    Fetched::Bytes(bytes) => Uint8Array::from(bytes).into(),
                    Fetched::Blob(_, blob) => JsValue::from(blob),
                });
            }
            drop(parts);
            blob::save(&joined(&gathered)?, name)?;
            spooled.release_later(plan.size);
            Ok(())
        }
    }
}

/// Writes the files of a folder one after the other: what others lead to comes first, and the list
/// of images last, so that a folder that was not finished has none.
async fn write_files(
    planned: &Planned,
    files: &archive::Folder,
    folder: &FileSystemDirectoryHandle,
    count: &Count,
) -> Result<(), Problem> {
    let spooled = Spooled::default();
    for file in files.files.iter().rev() {
        let mut out = disk::file_in(folder, &file.path).await?;
        match fetch(planned, &file.content, &spooled, count).await? {
            Fetched::Bytes(bytes) => out.write(bytes).await?,
            Fetched::Blob(digest, blob) => {
                out.write_blob(&blob).await?;
                spooled.release(digest);
            }
        }
        out.close().await?;
    }
    Ok(())
}

/// A part that is here.
enum Fetched<'a> {
    Bytes(&'a [u8]),
    Blob(&'a Digest, Blob),
}

async fn fetch<'a>(
    planned: &'a Planned,
    part: &'a Part,
    spooled: &Spooled,
    count: &Count,
) -> Result<Fetched<'a>, Problem> {
    match part {
        Part::Bytes(bytes) => {
            count.moved(0, bytes.len() as u64);
            Ok(Fetched::Bytes(bytes))
        }
        Part::Blob { digest, size, entry } => {
            let place = planned.places.get(*entry).ok_or_else(no_sense)?;
            let descriptor = Descriptor::new(UNTOLD, digest.clone(), *size);
            let so_far = Rc::new(Cell::new(0));
            let (before, counted) = (Rc::clone(&so_far), count.clone());
            let on_progress = move |now: Progress| {
                counted.moved(before.replace(now.downloaded), now.downloaded);
            };
            let blob = obtain(place, &descriptor, spooled, on_progress).await?;
            count.moved(so_far.get(), *size);
            Ok(Fetched::Blob(digest, blob))
        }
        Part::Tar { digest, packed, size, entry } => {
            let place = planned.places.get(*entry).ok_or_else(no_sense)?;
            let descriptor = Descriptor::new(UNTOLD, digest.clone(), *packed);
            let tar = blob::unpack(place, &descriptor, |_| {}).await?;
            if tar.size() as u64 != *size {
                let message = format!("The layer {digest} unpacks to another size than before.");
                return Err(Problem::new(ProblemKind::Content, message));
            }
            count.moved(0, *size);
            Ok(Fetched::Blob(digest, tar))
        }
    }
}

/// Bytes of several parts that come at once.
#[derive(Clone)]
struct Count {
    total: Rc<Cell<u64>>,
    told: Rc<dyn Fn(u64)>,
}

impl Count {
    /// A part has come from so many bytes to so many.
    fn moved(&self, from: u64, to: u64) {
        let total = self.total.get().saturating_sub(from).saturating_add(to);
        self.total.set(total);
        (self.told)(total);
    }
}

/// Parts as one Blob, which the browser reads when it writes the file.
fn joined(parts: &Array) -> Result<Blob, Problem> {
    let options = BlobPropertyBag::new();
    options.set_type(UNTOLD);
    Blob::new_with_blob_sequence_and_options(parts, &options).map_err(|_| {
        Problem::new(ProblemKind::Content, "The browser has no room for so many bytes.")
            .advise("Free some space on the disk.")
    })
}

/// What a document is called in an archive: the tags that it has where it comes from, or what the
/// archive calls it that it comes from.
fn names(place: &Place, wanted: &Wanted, digest: &Digest) -> Vec<Name> {
    let of_it = wanted.tags.iter().filter(|(_, of)| of == digest);
    let tags: Vec<&Tag> = of_it.map(|(tag, _)| tag).collect();
    let Place { registry, repository } = place;
    if Here::of(registry).is_none() {
        let whole = tags.into_iter().map(|tag| Reference {
            registry: registry.clone(),
            repository: repository.clone(),
            tag: Some(tag.clone()),
            digest: None,
        });
        return whole.map(Name::Reference).collect();
    }
    let archive = tab().local.get(repository).ok();
    let roots = archive.iter().flat_map(|archive| archive.archive().roots());
    let all = roots.flat_map(|root| root.names.iter().map(|name| (&root.descriptor.digest, name)));
    let same = |(of, name): &(&Digest, &Name)| {
        *of == digest || name.tag().is_some_and(|tag| tags.contains(&tag))
    };
    let known: Vec<Name> = all.filter(same).map(|(_, name)| name.clone()).collect();
    if known.is_empty() { tags.into_iter().cloned().map(Name::Tag).collect() } else { known }
}
