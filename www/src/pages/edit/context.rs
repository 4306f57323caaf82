//! What forms begin with: the image as the edits so far have left it.

use std::sync::Arc;

use drydock::descriptor::Descriptor;
use drydock::document::Document;
use drydock::edit::{Change, Check, Family, is_provisional};
use drydock::platform::{Platform, choose};
use drydock::spec::{Config, Index, Manifest};

use crate::components::format;
use crate::components::{ChildFacts, FormContext, LayerItem, PlatformFacts};

/// Reads the documents of a change, of the platform that is shown.
#[must_use]
pub(super) fn of(change: &Change, shown: Option<&Platform>) -> FormContext {
    let Some(root) = change.documents.last() else { return FormContext::default() };
    let root = Arc::clone(&root.document);
    let mut context =
        FormContext { family: Family::of(root.media_type()), ..FormContext::default() };
    let index = match Index::read(&root, "index") {
        (Some(index), _) if root.media_type().kind() == drydock::media_type::Kind::Index => {
            Some(index)
        }
        _ => None,
    };
    let Some(index) = index else {
        let platform = image(&mut context, change, &root);
        context.platforms = platform.into_iter().map(facts).collect();
        context.subject = Manifest::read(&root, "manifest").0.and_then(|it| it.subject);
        return context;
    };
    context.is_index = true;
    context.index_text = Some(text(&root));
    context.index_annotations.clone_from(&index.annotations);
    context.subject.clone_from(&index.subject);
    let platforms = images(&index).filter_map(|it| it.platform.clone());
    context.platforms = platforms.map(facts).collect();
    let entry = entry_of(&index, shown);
    context.children = index.manifests.iter().map(|entry| child(change, entry)).collect();
    if let Some(entry) = entry {
        context.entry_annotations = entry.annotations.clone();
        if let Some(manifest) = document(change, entry) {
            image(&mut context, change, &manifest);
        }
        if let Some(platform) = &entry.platform {
            context.shown = Some(platform.clone());
        }
    }
    context
}

/// The entry of the image that is shown: that for the platform, or the first where there is none.
#[must_use]
pub(super) fn entry_of<'a>(index: &'a Index, shown: Option<&Platform>) -> Option<&'a Descriptor> {
    let all: Vec<&Descriptor> = images(index).collect();
    let chosen = shown.and_then(|wanted| choose(all.iter().map(|it| it.platform.as_ref()), wanted));
    chosen.and_then(|at| all.get(at)).or_else(|| all.first()).copied()
}

fn images(index: &Index) -> impl Iterator<Item = &Descriptor> {
    index.manifests.iter().filter(|entry| is_image(entry))
}

/// Fills in what a manifest and its config say, and gives the platform.
fn image(context: &mut FormContext, change: &Change, root: &Document) -> Option<Platform> {
    let manifest = Manifest::read(root, "manifest").0?;
    context.manifest_text = Some(text(root));
    context.annotations = manifest.annotations.clone();
    let config = manifest.config.as_ref().filter(|_| manifest.has_image_config());
    let document = config.and_then(|config| document(change, config))?;
    context.config_text = Some(text(&document));
    let check = document.value().pointer("/config/Healthcheck").cloned();
    context.healthcheck = check.and_then(|check| serde_json::from_value::<Check>(check).ok());
    let config = Config::read(&document, "config").0?;
    let steps = config.history.iter().filter(|step| !step.empty_layer);
    let steps: Vec<String> =
        steps.map(|step| step.created_by.clone().unwrap_or_default()).collect();
    context.layers = manifest
        .layers
        .iter()
        .map(|layer| {
            let known = !is_provisional(&layer.descriptor.digest);
            LayerItem {
                number: layer.number,
                digest: if known {
                    layer.descriptor.digest.short().to_owned()
                } else {
                    String::new()
                },
                size: known.then_some(layer.descriptor.size),
                step: steps
                    .get(layer.number - 1)
                    .map(|step| format::visible(step))
                    .unwrap_or_default(),
            }
        })
        .collect();
    context.run = config.config;
    context.author = config.author;
    context.created = config.created;
    context.platform = config.platform.clone();
    context.shown = Some(config.platform.clone());
    Some(config.platform)
}

fn document(change: &Change, descriptor: &Descriptor) -> Option<Arc<Document>> {
    let found = change.documents.iter().find(|it| *it.document.digest() == descriptor.digest)?;
    Some(Arc::clone(&found.document))
}

fn is_image(entry: &Descriptor) -> bool {
    !entry.is_attestation() && !entry.platform.as_ref().is_some_and(Platform::is_unknown)
}

fn child(change: &Change, entry: &Descriptor) -> ChildFacts {
    let changed = change.documents.iter().find(|it| *it.document.digest() == entry.digest);
    let before = changed.and_then(|changed| changed.before.as_ref());
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

/// The document byte for byte.
fn text(document: &Document) -> String {
    String::from_utf8_lossy(document.bytes()).into_owned()
}
