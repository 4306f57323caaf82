//! An OCI image layout as a tar or a folder: one image, or several with what refers to them.
//!
//! image-spec, image-layout.md.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::json;

use super::contents::Contents;
use super::entry::{Entry, Lookup};
use super::error::WriteError;
use super::plan::{Folder, Plan};
use crate::archive::layout::{IMAGE_NAME, REF_NAME, VERSION};
use crate::archive::name::Name;
use crate::archive::paths::{INDEX, LAYOUT};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::finding::Finding;
use crate::media_type::MediaType;
use crate::reference::Tag;

/// Plans an OCI image layout as a tar. `documents` has all manifests and indexes under the entries.
///
/// Every name is an entry of `index.json`: the tag is its `org.opencontainers.image.ref.name`, by
/// which skopeo, oras and crane find it; where images of several repositories have one tag, the
/// whole name is. Docker and containerd take the whole name of `io.containerd.image.name`. What
/// refers to something that is in the layout is also listed as the distribution-spec's "Referrers
/// Tag Schema" has it, as regctl looks nowhere else.
///
/// # Errors
/// When documents are missing or can't be read, or contradict each other.
pub fn layout(entries: &[Entry], documents: &Lookup<'_>) -> Result<Plan, WriteError> {
    folder(entries, documents)?.tar()
}

/// As [`layout`], file by file.
///
/// # Errors
/// As with [`layout`].
pub fn folder(entries: &[Entry], documents: &Lookup<'_>) -> Result<Folder, WriteError> {
    let mut contents = Contents::of(entries, documents)?;
    let lists = contents.lists_of_referrers(entries);
    let mut folder = begin(&[entries, &lists].concat());
    folder.contents(contents);
    folder.notes.extend(entries.iter().filter_map(docker_types));
    Ok(folder)
}

/// The two files that every layout has.
pub(super) fn begin(entries: &[Entry]) -> Folder {
    let mut folder = Folder::default();
    folder.put(LAYOUT, json!({ "imageLayoutVersion": VERSION }).to_string());
    folder.put(INDEX, index(entries));
    folder
}

fn index(entries: &[Entry]) -> Bytes {
    let mut of_tag: BTreeMap<&Tag, BTreeSet<&Digest>> = BTreeMap::new();
    for entry in entries {
        for tag in entry.names.iter().filter_map(Name::tag) {
            of_tag.entry(tag).or_default().insert(&entry.descriptor.digest);
        }
    }
    let is_unique = |tag: &Tag| of_tag.get(tag).is_some_and(|digests| digests.len() == 1);
    let mut manifests: Vec<Descriptor> = Vec::new();
    for entry in entries {
        let bare = bare(&entry.descriptor);
        let named = entry.names.iter().map(|name| {
            let mut descriptor = bare.clone();
            descriptor.annotations.extend(annotations(name, is_unique));
            descriptor
        });
        let listed = if entry.names.is_empty() { vec![bare.clone()] } else { named.collect() };
        for descriptor in listed {
            if !manifests.contains(&descriptor) {
                manifests.push(descriptor);
            }
        }
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::INDEX,
        "manifests": manifests,
    });
    Bytes::from(index.to_string())
}

/// The descriptor without names, and without its platform: `docker load` skips what is not for its
/// own machine, even if there is nothing else.
fn bare(descriptor: &Descriptor) -> Descriptor {
    let mut annotations = descriptor.annotations.clone();
    annotations.retain(|key, _| key != REF_NAME && key != IMAGE_NAME);
    Descriptor {
        annotations,
        artifact_type: descriptor.artifact_type.clone(),
        ..Descriptor::new(
            descriptor.media_type.as_str(),
            descriptor.digest.clone(),
            descriptor.size,
        )
    }
}

/// Some tools leave out what `index.json` lists under other types than OCI's.
fn docker_types(entry: &Entry) -> Option<Finding> {
    let descriptor = &entry.descriptor;
    let is_listed = descriptor.media_type.is_docker() && !entry.names.is_empty();
    is_listed.then(|| {
        let text = "The image has Docker's media types, and skopeo and podman look in image layouts \
                    for OCI's only: convert it to OCI's, or save it for docker load.";
        Finding::warning("archive.docker-types", descriptor.digest.to_string(), text)
    })
}

fn annotations(name: &Name, is_unique: impl Fn(&Tag) -> bool) -> Vec<(String, String)> {
    let reference = |text: String| (REF_NAME.to_owned(), text);
    match name {
        Name::Reference(whole) => {
            let tag = whole.tag.as_ref().filter(|tag| is_unique(tag));
            let short = tag.map_or_else(|| whole.to_string(), ToString::to_string);
            vec![(IMAGE_NAME.to_owned(), whole.to_string()), reference(short)]
        }
        Name::Tag(tag) => vec![reference(tag.to_string())],
        Name::Other(text) => vec![reference(text.clone())],
    }
}
