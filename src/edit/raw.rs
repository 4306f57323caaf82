//! Documents whose text the user has written.
//!
//! What is edited is the text as the edits before have left it, digests of new content included:
//! final ones, or provisional ones if the text was written before everything was built. What it
//! names is looked for among what was there; what is not found is taken to exist.

use crate::digest::Digest;
use crate::edit::action::RawDocument;
use crate::edit::editable::{DESCRIPTOR, Sealed, is_provisional};
use crate::edit::error::{Failure, Reason};
use crate::edit::finish::ATTESTED;
use crate::edit::layer::{Layer, Settled};
use crate::edit::node::{Entry, IndexWork, Node, platform_of};
use crate::edit::scope::Scope;
use crate::edit::settle::SettledImage;
use crate::edit::shared::Shared;
use crate::edit::steps::Steps;
use crate::edit::tree::Tree;
use crate::edit::work::{Target, Work};
use crate::finding::Finding;
use crate::json;
use crate::media_type::{Kind, MediaType};
use crate::platform::Platform;
use crate::spec::{Claims, classify};

/// Replaces the text of a document.
pub(super) fn replace(
    work: &mut Work<'_>,
    document: RawDocument,
    scope: &Scope,
    text: &str,
) -> Result<(), Failure> {
    if document == RawDocument::Index {
        let Work { root: Node::Index(index), shared } = work else {
            return Err(Reason::NoIndex.into());
        };
        return replace_index(index, text, shared);
    }
    let meant = scope.among(&work.root.platforms());
    let count = work.root.visit(&meant, None, &mut work.shared, &mut |_| Ok(()))?;
    match count {
        0 => return Err(Reason::NoImage(scope.clone()).into()),
        1 => {}
        count => return Err(Reason::RawScope(count, scope.clone()).into()),
    }
    work.root.visit(&meant, None, &mut work.shared, &mut |mut target| {
        let now = target.image.settle(target.shared).map_err(|failure| failure.reason)?;
        match document {
            RawDocument::Manifest => target.replace_manifest(&now, text),
            _ => target.replace_config(&now, text),
        }
    })?;
    Ok(())
}

impl Target<'_, '_> {
    fn replace_manifest(&mut self, now: &SettledImage, text: &str) -> Result<(), Reason> {
        let image = &mut *self.image;
        let media_type = kind(text, Kind::Manifest, "a manifest")?;
        let was = config_digest(&image.manifest.tree);
        image.manifest.replace(text)?;
        image.manifest.media_type = media_type;
        let actual = config_digest(&image.manifest.tree);
        let expected = now.config.as_ref().map(|config| config.document.digest().to_string());
        let known = was == actual || Digest::parse(&actual).is_ok_and(|d| is_provisional(&d));
        if let Some(expected) = expected.filter(|expected| *expected != actual && !known) {
            return Err(Reason::RawConfig { expected, actual });
        }
        let listed = image.manifest.tree.get("layers").map(Tree::items).unwrap_or_default();
        let names = |at: usize| {
            let settled = now.layers.get(at).map(|settled| digest(&settled.descriptor));
            let pending = image.layers.get(at).and_then(Layer::pending_name);
            settled.into_iter().chain(pending.map(|name| name.to_string())).collect::<Vec<_>>()
        };
        let same = |(at, layer): (usize, &Tree)| names(at).contains(&digest(layer));
        if listed.len() == image.layers.len() && listed.iter().enumerate().all(same) {
            for (layer, descriptor) in image.layers.iter_mut().zip(listed) {
                layer.descriptor = descriptor.clone();
            }
            return Ok(());
        }
        if image.layers_changed {
            return Err(Reason::RawLayers);
        }
        let before: Vec<String> = now.layers.iter().map(|now| digest(&now.descriptor)).collect();
        let unknown = listed.iter().position(|layer| !before.contains(&digest(layer)));
        image.read_layers();
        if let Some(at) = unknown {
            let finding = unknown_content(&image.label, "layer", at + 1);
            self.shared.note(finding);
        }
        Ok(())
    }

    fn replace_config(&mut self, now: &SettledImage, text: &str) -> Result<(), Reason> {
        let image = &mut *self.image;
        let label = image.config_mut()?.label.clone();
        let tree = Tree::read(text.as_bytes(), &label).map_err(Reason::Json)?;
        let Some(rootfs) = tree.get("rootfs") else {
            let (expected, actual) = ("the config of an image", "without rootfs".to_owned());
            return Err(Reason::RawKind { expected, actual });
        };
        let diff_ids = rootfs.get("diff_ids").map(Tree::items).unwrap_or_default();
        let is = |((diff_id, now), layer): ((&Tree, &Settled), &Layer)| {
            let pending = layer.pending_name().map(|name| Tree::from(name.as_str()));
            *diff_id == now.diff_id || Some(diff_id) == pending.as_ref()
        };
        let same = diff_ids.len() == image.layers.len()
            && diff_ids.iter().zip(&now.layers).zip(&image.layers).all(is);
        if image.layers_changed && !same {
            return Err(Reason::RawLayers);
        }
        if !same {
            for (at, layer) in image.layers.iter_mut().enumerate() {
                layer.diff_id = diff_ids.get(at).cloned();
            }
            image.diff_ids = diff_ids.len();
        }
        image.steps = Steps::read(&tree, image.layers.len());
        image.config_mut()?.replace(text)
    }
}

fn replace_index(
    index: &mut IndexWork,
    text: &str,
    shared: &mut Shared<'_>,
) -> Result<(), Failure> {
    let media_type = kind(text, Kind::Index, "an index")?;
    let mut shown = Vec::new();
    for entry in &index.entries {
        shown.push(entry.shown(shared)?);
    }
    index.document.replace(text)?;
    index.document.media_type = media_type;
    let list = index.document.tree.get("manifests").map(Tree::items).unwrap_or_default();
    let mut old: Vec<(String, Entry)> =
        shown.iter().cloned().zip(std::mem::take(&mut index.entries)).collect();
    let names: Vec<(String, Option<Digest>)> =
        old.iter().map(|(shown, entry)| (shown.clone(), entry.was.clone())).collect();
    for (at, descriptor) in list.iter().enumerate() {
        let mut descriptor = descriptor.clone();
        let found = place(&old, &descriptor);
        // Attestations are told by the digests that images had before the edits.
        let of = descriptor.get("annotations").and_then(|annotations| annotations.text(ATTESTED));
        if let Some(of) = of {
            let named = names.iter().find(|(shown, _)| *shown == *of);
            let there = found.and_then(|found| old.get(found)?.1.attested());
            let provisional = Digest::parse(&of).is_ok_and(|digest| is_provisional(&digest));
            let was =
                named.and_then(|(_, was)| was.clone()).or_else(|| there.filter(|_| provisional));
            let value = was.map(|was| Tree::from(was.as_str()));
            if value.is_some() {
                descriptor.set_in_map("annotations", DESCRIPTOR, ATTESTED, value);
            }
        }
        let entry = match found {
            Some(found) => Entry { descriptor, ..old.remove(found).1 },
            None => {
                shared.note(unknown_content("index", "entry", at + 1));
                Entry::added(descriptor, at, None, None)?
            }
        };
        index.entries.push(entry);
    }
    Ok(())
}

/// Which of the entries that were there a descriptor stands for: the one with its digest or, for a
/// provisional digest, the image for its platform.
fn place(old: &[(String, Entry)], descriptor: &Tree) -> Option<usize> {
    let name = digest(descriptor);
    let provisional = Digest::parse(&name).is_ok_and(|digest| is_provisional(&digest));
    let platform = platform_of(descriptor).filter(|_| provisional);
    let named = old.iter().position(|(shown, _)| *shown == name);
    named.or_else(|| {
        let alike = |entry: &Entry| {
            platform.is_some() && Platform::are_same(entry.platform().as_ref(), platform.as_ref())
        };
        old.iter().position(|(_, entry)| alike(entry))
    })
}

impl Entry {
    /// The digest under which the new index will list the entry.
    fn shown(&self, shared: &Shared<'_>) -> Result<String, Failure> {
        match &self.node {
            Some(Node::Image(image)) => {
                let Sealed { document, .. } = image.settle(shared)?.manifest;
                Ok(document.digest().to_string())
            }
            _ => Ok(digest(&self.descriptor)),
        }
    }
}

fn digest(descriptor: &Tree) -> String {
    descriptor.text("digest").unwrap_or_default().into_owned()
}

fn config_digest(manifest: &Tree) -> String {
    manifest.get("config").map(digest).unwrap_or_default()
}

/// What the text is, if it is what it must be.
fn kind(text: &str, wanted: Kind, expected: &'static str) -> Result<MediaType, Reason> {
    let parsed = json::parse(text.as_bytes(), "text");
    let Some(value) = parsed.value.filter(|_| parsed.findings.is_empty()) else {
        return Err(Reason::Json(parsed.findings));
    };
    let (kind, media_type, findings) = classify(&value, &Claims::default(), "text");
    if kind == wanted {
        return Ok(media_type);
    }
    let why = findings.into_iter().next();
    let actual = why.map_or_else(|| format!("of the type {media_type}"), |why| why.message);
    Err(Reason::RawKind { expected, actual })
}

fn unknown_content(label: &str, what: &str, number: usize) -> Finding {
    let text = format!(
        "The text of the {label} has a {what} {number} that was not there before: whether it \
         exists is not known."
    );
    Finding::warning("edit.unknown-content", label, text)
}
