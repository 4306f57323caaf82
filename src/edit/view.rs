//! What is shown of a change, and what forms begin with: the documents of one platform, read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::document::Document;
use crate::edit::change::{Change, ChangedDocument, Origin};
use crate::edit::draft::Edit;
use crate::edit::editable::is_provisional;
use crate::edit::family::Family;
use crate::edit::plain::pack_plain;
use crate::media_type::Kind;
use crate::platform::{Platform, choose};
use crate::spec::{Healthcheck, History, Index, LayerDescriptor, Manifest, RunConfig, View};

/// What becomes of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It stays.
    Kept,
    /// It is new.
    New,
    /// It is gone.
    Removed,
    /// It comes from another base.
    OtherBase,
}

/// A layer before or after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BecomesLayer {
    /// What becomes of it.
    pub fate: Fate,
    /// Its number, counted from 1; `None` for one that is gone.
    pub number: Option<usize>,
    /// Its digest; `None` for one that is still to be built.
    pub digest: Option<Digest>,
    /// Its size in bytes, when it is known.
    pub size: Option<u64>,
    /// The step that made it.
    pub step: String,
}

/// The image as the edits so far have left it. Values are those of the platform that is shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FormContext {
    /// The platforms of the images that can be edited, in the order of the index; one for an image
    /// that no index lists, none for an artifact.
    pub platforms: Vec<PlatformFacts>,
    /// The platform that is shown.
    pub shown: Option<Platform>,
    /// Whether the root is an index.
    pub is_index: bool,
    /// Whose media types the root has.
    pub family: Family,
    /// The layers, the base first.
    pub layers: Vec<LayerItem>,
    /// How a container is started.
    pub run: RunConfig,
    /// The health check with all of its fields; the one in `run` lacks the interval of the start.
    pub healthcheck: Option<Healthcheck>,
    /// Who made the image.
    pub author: Option<String>,
    /// When it was made, as the config has it.
    pub created: Option<String>,
    /// The platform as the config has it.
    pub platform: Platform,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
    /// Annotations of the entry of the index that lists the manifest.
    pub entry_annotations: BTreeMap<String, String>,
    /// Annotations of the index.
    pub index_annotations: BTreeMap<String, String>,
    /// What the index lists.
    pub children: Vec<ChildFacts>,
    /// What the root says that it is about.
    pub subject: Option<Descriptor>,
    /// Text of the index.
    #[serde(skip)]
    pub index_text: Option<String>,
    /// Text of the manifest.
    #[serde(skip)]
    pub manifest_text: Option<String>,
    /// Text of the config.
    #[serde(skip)]
    pub config_text: Option<String>,
    /// Which documents the texts are of: index, manifest, config.
    pub texts: [Option<Digest>; 3],
}

/// A platform that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformFacts {
    /// The platform.
    pub platform: Platform,
    /// Its name, for people.
    pub label: String,
}

/// A layer that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerItem {
    /// Counted from 1 at the base.
    pub number: usize,
    /// A few characters of its digest; empty for a layer that is still to be built.
    pub digest: String,
    /// Size in bytes, when it is known.
    pub size: Option<u64>,
    /// The step that made it.
    pub step: String,
}

/// An entry of the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildFacts {
    /// The digest by which the base, or the edit that added it, lists it.
    pub digest: Digest,
    /// What it is, for people: `linux/amd64`, `attestation of linux/amd64`.
    pub label: String,
    /// Size of its document in bytes.
    pub size: u64,
    /// Whether it is an attestation.
    pub attestation: bool,
}

impl FormContext {
    /// Reads the documents of a change, of the platform that is shown.
    #[must_use]
    pub fn of(change: &Change, shown: Option<&Platform>) -> Self {
        let Some(root) = change.documents.last() else { return Self::default() };
        let family = Family::of(root.document.media_type());
        let mut context = Self { family, ..Self::default() };
        let Some(index) = root.index() else {
            let platform = context.image(change, root);
            context.platforms = platform.into_iter().map(facts).collect();
            context.subject = root.manifest().and_then(|it| it.subject.clone());
            context.take_texts(change);
            return context;
        };
        let by_digest = by_digest(change);
        context.is_index = true;
        context.set_text(0, &root.document);
        context.index_annotations.clone_from(&index.annotations);
        context.subject.clone_from(&index.subject);
        let platforms = images(index).filter_map(|it| it.platform.clone());
        context.platforms = platforms.map(facts).collect();
        let entry = entry_of(index, shown);
        context.children = index.manifests.iter().map(|entry| child(&by_digest, entry)).collect();
        if let Some(entry) = entry {
            context.entry_annotations = entry.annotations.clone();
            if let Some(manifest) = by_digest.get(&entry.digest) {
                context.image(change, manifest);
            }
            if let Some(platform) = &entry.platform {
                context.shown = Some(platform.clone());
            }
        }
        context.take_texts(change);
        context
    }

    /// Takes the texts out of the documents of the change; they do not travel with the rest.
    pub fn take_texts(&mut self, change: &Change) {
        let text = |digest: &Option<Digest>| {
            let bytes = change.bytes(digest.as_ref()?)?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        };
        let [index, manifest, config] = self.texts.each_ref().map(text);
        (self.index_text, self.manifest_text, self.config_text) = (index, manifest, config);
    }

    /// Whether edits may be for some platforms only.
    #[must_use]
    pub fn has_platforms(&self) -> bool {
        self.platforms.len() > 1
    }

    /// Whether the image is for Windows, whose paths and names are others.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.platform.os == "windows"
    }

    /// The value as it is, to tell whether something was changed at all; `None` when other
    /// platforms may have another one.
    pub fn known<T>(&self, value: T) -> Option<T> {
        (!self.has_platforms()).then_some(value)
    }

    fn set_text(&mut self, place: usize, document: &Document) {
        if let Some(text) = self.texts.get_mut(place) {
            *text = Some(document.digest().clone());
        }
    }

    /// Fills in what a manifest and its config say, and gives the platform.
    fn image(&mut self, change: &Change, root: &ChangedDocument) -> Option<Platform> {
        let manifest = root.manifest()?;
        self.set_text(1, &root.document);
        self.annotations = manifest.annotations.clone();
        let config = manifest.config.as_ref().filter(|_| manifest.has_image_config());
        let changed = change.document(&config?.digest)?;
        self.set_text(2, &changed.document);
        let check = changed.document.value().pointer("/config/Healthcheck").cloned();
        self.healthcheck =
            check.and_then(|check| serde_json::from_value::<Healthcheck>(check).ok());
        let config = changed.config()?;
        let steps = config.history.iter().filter(|step| !step.empty_layer);
        let mut steps: Vec<String> =
            steps.map(|step| step.created_by.clone().unwrap_or_default()).collect();
        let layer = |layer: &LayerDescriptor| {
            let Descriptor { digest, size, .. } = &layer.descriptor;
            let known = !is_provisional(digest);
            LayerItem {
                number: layer.number,
                digest: if known { digest.short().to_owned() } else { String::new() },
                size: known.then_some(*size),
                step: take_step(&mut steps, layer.number),
            }
        };
        self.layers = manifest.layers.iter().map(layer).collect();
        self.run = config.config.clone();
        self.author.clone_from(&config.author);
        self.created.clone_from(&config.created);
        self.platform.clone_from(&config.platform);
        self.shown = Some(config.platform.clone());
        Some(config.platform.clone())
    }
}

/// The layers of one platform, before and after; those that are gone where they were.
#[must_use]
pub fn layers(change: &Change, shown: Option<&Platform>) -> Vec<BecomesLayer> {
    let Some(manifest) = manifest_of(change, shown) else { return Vec::new() };
    let after = sides(change, manifest.manifest(), true);
    let before = sides(change, manifest.view_before().and_then(View::manifest), false);
    let known: BTreeSet<&Digest> = before.iter().filter_map(|it| it.digest.as_ref()).collect();
    let mut rows = Vec::new();
    let mut gone = before.iter().peekable();
    for layer in after {
        let stays = |one: &BecomesLayer| one.digest == layer.digest;
        if layer.digest.as_ref().is_some_and(|digest| known.contains(digest)) {
            // Whatever stood before this one and is not there any more.
            while let Some(old) = gone.next_if(|old| !stays(old)) {
                rows.push(removed(old));
            }
            let _stays = gone.next();
        }
        rows.push(layer);
    }
    let still: BTreeSet<_> = rows.iter().filter_map(|row| row.digest.clone()).collect();
    rows.extend(
        gone.filter(|old| !old.digest.as_ref().is_some_and(|it| still.contains(it))).map(removed),
    );
    rows
}

/// The manifest of a platform, or the first one of the index; the root when there is no index.
#[must_use]
pub fn manifest_of<'a>(
    change: &'a Change,
    shown: Option<&Platform>,
) -> Option<&'a ChangedDocument> {
    let root = change.documents.last()?;
    if root.document.media_type().kind() != Kind::Index {
        return Some(root);
    }
    change.document(&entry_of(root.index()?, shown)?.digest)
}

/// One edit for each image that has layers which are not compressed.
#[must_use]
pub fn packed(change: &Change) -> Vec<Edit> {
    pack_plain(change.documents.iter().map(|changed| {
        let name = changed.label.split(" (").next().unwrap_or_default();
        (name.parse().ok(), &*changed.document)
    }))
}

fn removed(layer: &BecomesLayer) -> BecomesLayer {
    BecomesLayer { fate: Fate::Removed, number: None, ..layer.clone() }
}

/// The layers that a manifest names, with the steps of its config.
fn sides(change: &Change, manifest: Option<&Manifest>, after: bool) -> Vec<BecomesLayer> {
    let Some(manifest) = manifest else { return Vec::new() };
    let config = manifest.config.as_ref().and_then(|config| {
        let digest = &config.digest;
        if after {
            return change.document(digest)?.config();
        }
        let was =
            |it: &&ChangedDocument| it.before.as_ref().is_some_and(|it| it.digest() == digest);
        change.documents.iter().find(was)?.view_before()?.config()
    });
    let history = config.map(|config| config.history.as_slice()).unwrap_or_default();
    let made = history.iter().filter(|step| !step.empty_layer);
    let step = |step: &History| step.created_by.clone().or_else(|| step.comment.clone());
    let mut steps: Vec<String> = made.map(|made| step(made).unwrap_or_default()).collect();
    let origins: BTreeMap<&Digest, &Origin> =
        change.blobs.iter().rev().map(|blob| (&blob.descriptor.digest, &blob.origin)).collect();
    let mut row = |layer: &LayerDescriptor| {
        let digest = &layer.descriptor.digest;
        let known = !is_provisional(digest);
        BecomesLayer {
            fate: if after { fate(origins.get(digest).copied()) } else { Fate::Kept },
            number: Some(layer.number),
            digest: known.then(|| digest.clone()),
            size: known.then_some(layer.descriptor.size),
            step: take_step(&mut steps, layer.number),
        }
    };
    manifest.layers.iter().map(&mut row).collect()
}

/// The step of a layer, which is given once.
fn take_step(steps: &mut [String], layer: usize) -> String {
    layer.checked_sub(1).and_then(|at| steps.get_mut(at)).map(std::mem::take).unwrap_or_default()
}

fn fate(origin: Option<&Origin>) -> Fate {
    match origin {
        Some(Origin::Kept) => Fate::Kept,
        Some(Origin::Other(_)) => Fate::OtherBase,
        _ => Fate::New,
    }
}

fn by_digest(change: &Change) -> BTreeMap<&Digest, &ChangedDocument> {
    // Of two the first counts.
    change.documents.iter().rev().map(|it| (it.document.digest(), it)).collect()
}

/// The entry of the image that is shown: that for the platform, or the first where there is none.
fn entry_of<'a>(index: &'a Index, shown: Option<&Platform>) -> Option<&'a Descriptor> {
    let all: Vec<&Descriptor> = images(index).collect();
    let chosen = shown.and_then(|wanted| choose(all.iter().map(|it| it.platform.as_ref()), wanted));
    chosen.and_then(|at| all.get(at)).or_else(|| all.first()).copied()
}

fn images(index: &Index) -> impl Iterator<Item = &Descriptor> {
    index.manifests.iter().filter(|entry| is_image(entry))
}

fn is_image(entry: &Descriptor) -> bool {
    !entry.is_attestation() && !entry.platform.as_ref().is_some_and(Platform::is_unknown)
}

fn child(documents: &BTreeMap<&Digest, &ChangedDocument>, entry: &Descriptor) -> ChildFacts {
    let before = documents.get(&entry.digest).and_then(|changed| changed.before.as_ref());
    let platform = entry.platform.as_ref().map(ToString::to_string).unwrap_or_default();
    let label = match entry.is_attestation() {
        true => "attestation".to_owned(),
        false if platform.is_empty() => entry.media_type.to_string(),
        false => platform,
    };
    ChildFacts {
        digest: before.map_or_else(|| entry.digest.clone(), |before| before.digest().clone()),
        label,
        size: entry.size,
        attestation: entry.is_attestation(),
    }
}

fn facts(platform: Platform) -> PlatformFacts {
    PlatformFacts { label: platform.to_string(), platform }
}
