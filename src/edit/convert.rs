//! OCI's media types for Docker's, and back.
//!
//! Both describe the same things, so that only names change: of the manifest, the config, the
//! layers, the index and its entries. Blobs keep their bytes.

use crate::edit::editable::{DESCRIPTOR, Editable, MANIFEST};
use crate::edit::error::Reason;
use crate::edit::family::Family;
use crate::edit::node::{ImageWork, IndexWork, Node};
use crate::edit::scope::Scope;
use crate::edit::shared::Shared;
use crate::edit::tree::{Order, Tree};
use crate::edit::work::{Target, Work};
use crate::finding::Finding;
use crate::media_type::MediaType;

/// What Docker's manifests do not have.
const OCI_ONLY: [&str; 3] = ["artifactType", "subject", "annotations"];

impl Target<'_, '_> {
    pub(super) fn convert(&mut self, to: Family) -> Result<(), Reason> {
        self.image.config_mut()?;
        let ImageWork { manifest, config, layers, .. } = &mut *self.image;
        rename(manifest, to);
        if let Some(config) = config {
            config.media_type = to.translate(&config.media_type);
        }
        for layer in layers.iter_mut() {
            translate(&mut layer.descriptor, to, DESCRIPTOR);
        }
        // Written anew from the layers; the diff IDs are not touched.
        self.image.names_changed = true;
        note_lost(&self.image.manifest, to, self.shared);
        Ok(())
    }
}

impl Work<'_> {
    /// Converts the indexes above the images, when none of their images is left out.
    pub(super) fn convert_indexes(&mut self, to: Family, scope: &Scope) {
        if scope.is_all()
            && let Node::Index(index) = &mut self.root
        {
            convert_index(index, to, &mut self.shared);
        }
    }
}

fn convert_index(index: &mut IndexWork, to: Family, shared: &mut Shared<'_>) {
    rename(&mut index.document, to);
    note_lost(&index.document, to, shared);
    for entry in &mut index.entries {
        if let Some(Node::Index(below)) = &mut entry.node {
            convert_index(below, to, shared);
        }
    }
}

fn rename(document: &mut Editable, to: Family) {
    document.media_type = to.translate(&document.media_type);
    let name = document.media_type.as_str();
    document.tree.set("mediaType", name.into(), MANIFEST);
}

fn translate(tree: &mut Tree, to: Family, order: Order) {
    let Some(text) = tree.text("mediaType") else { return };
    let media_type = MediaType::new(&text);
    let translated = to.translate(&media_type);
    if translated != media_type {
        tree.set("mediaType", translated.as_str().into(), order);
    }
}

fn note_lost(document: &Editable, to: Family, shared: &mut Shared<'_>) {
    let there = OCI_ONLY.iter().filter(|name| document.tree.get(name).is_some());
    let there: Vec<&str> = there.copied().collect();
    if to == Family::Docker && !there.is_empty() {
        let label = &document.label;
        let text = format!(
            "The {label} has {}, which Docker's media type does not have: they stay, but most \
             tools ignore them.",
            there.join(", ")
        );
        shared.note(Finding::warning("edit.docker-fields", label, text).actual(there.join(", ")));
    }
}
