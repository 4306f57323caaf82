//! From everything that was edited to the change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::document::Document;
use crate::edit::action::AttachEdit;
use crate::edit::attach::{self};
use crate::edit::change::{Change, ChangedDocument, Lost, NeededBlob, Origin};
use crate::edit::editable::{DESCRIPTOR, MANIFEST, Sealed, is_provisional, point};
use crate::edit::error::Failure;
use crate::edit::image::{Attached, Image, Parts};
use crate::edit::layers::drop_inherited_base;
use crate::edit::node::{Entry, ImageWork, IndexWork, Node, ROOT_IMAGE};
use crate::edit::pinned::Pinned;
use crate::edit::recipe::{Input, RecipeId};
use crate::edit::shared::Shared;
use crate::edit::tree::Tree;
use crate::edit::work::Work;
use crate::finding::Finding;
use crate::spec::{Index, Manifest, read_descriptor};

pub(super) const ATTESTED: &str = "vnd.docker.reference.digest";

/// Writes all documents.
pub(super) fn finish(work: Work<'_>) -> Result<Change, Failure> {
    let Work { root, shared } = work;
    let change = Change {
        root: Descriptor::new("", Digest::sha256(b""), 0),
        documents: Vec::new(),
        blobs: Vec::new(),
        referrers: Vec::new(),
        lost: Vec::new(),
        findings: shared.findings.clone(),
        recipes: Vec::new(),
        idle: Vec::new(),
        pending: Vec::new(),
        unread: Vec::new(),
    };
    let mut output = Output { change, shared: &shared, seen: BTreeSet::new(), base_lost: false };
    let root = output.node(&root, ROOT_IMAGE, None)?;
    output.change.root = root.descriptor();
    let idle = shared
        .recipes
        .iter()
        .filter(|(id, _)| !output.seen.contains(&id.0) && shared.context.built.contains_key(id));
    output.change.idle = idle.map(|(id, recipe)| (id.clone(), recipe.clone())).collect();
    Ok(output.change)
}

struct Output<'o, 'a> {
    change: Change,
    shared: &'o Shared<'a>,
    /// Documents, blobs and recipes that are listed already.
    seen: BTreeSet<Digest>,
    /// Whether an image of the index no longer begins with its base.
    base_lost: bool,
}

impl Output<'_, '_> {
    fn node(
        &mut self,
        node: &Node,
        label: &str,
        from: Option<&Pinned>,
    ) -> Result<Arc<Document>, Failure> {
        match node {
            Node::Index(index) => self.index(index),
            Node::Image(image) => self.image(image),
            Node::Kept(image) => {
                self.kept(image, label, &origin(from));
                Ok(Arc::clone(&image.document))
            }
        }
    }

    fn image(&mut self, image: &ImageWork) -> Result<Arc<Document>, Failure> {
        let settled = image.settle(self.shared)?;
        self.change.findings.extend(settled.findings);
        self.base_lost |= settled.base_lost;
        let label = image.label.clone();
        if let Some(config) = settled.config {
            let label = image.config.as_ref().map_or_else(String::new, |c| c.label.clone());
            self.document(label, &config);
        } else if let Some(config) = image.manifest.tree.get("config") {
            self.blob(config, &origin(image.from.as_ref()));
        }
        for layer in &settled.layers {
            if let Origin::Recipe(id) = &layer.origin {
                self.recipe(id);
            }
            self.blob(&layer.descriptor, &layer.origin);
        }
        let document = Arc::clone(&settled.manifest.document);
        self.document(label.clone(), &settled.manifest);
        self.lose(&label, image.was.as_ref(), &document, &image.attached);
        self.attach(&label, &document, &image.attach)?;
        Ok(document)
    }

    fn index(&mut self, index: &IndexWork) -> Result<Arc<Document>, Failure> {
        let mut became: BTreeMap<Digest, (String, Descriptor)> = BTreeMap::new();
        let mut descriptors: Vec<Tree> = Vec::with_capacity(index.entries.len());
        let mut provisional = false;
        // Images first, so that attestations can be told what became of them.
        let attests = |entry: &&Entry| entry.attested().is_some();
        let above = std::mem::take(&mut self.base_lost);
        for entry in &index.entries {
            let mut descriptor = entry.descriptor.clone();
            if !attests(&entry) {
                let label = entry.label.clone();
                if let Some(node) = &entry.node {
                    let document = self.node(node, &label, entry.from.as_ref())?;
                    provisional |= is_provisional(document.digest());
                    point(&mut descriptor, &document, false);
                }
                if let Some(read) = read_descriptor(&descriptor.to_value(), "entry").0 {
                    if entry.node.is_none() {
                        self.change.unread.push(read.clone());
                    }
                    let was = entry.was.clone().unwrap_or_else(|| read.digest.clone());
                    became.entry(was).or_insert((label, read));
                }
            }
            descriptors.push(descriptor);
        }
        let mut list = Vec::with_capacity(descriptors.len());
        for (entry, mut descriptor) in index.entries.iter().zip(descriptors) {
            if !attests(&entry) || self.attestation(entry, &mut descriptor, &became)? {
                list.push(descriptor);
            }
        }
        let mut document = index.document.clone();
        if document.tree.get("manifests").is_some() || !list.is_empty() {
            document.tree.set("manifests", Tree::List(list), MANIFEST);
        }
        let label = document.label.clone();
        if self.base_lost && drop_inherited_base(&mut document) {
            let text = "Not all images of the index begin with the layers of the base that its \
                        annotations named; they were dropped.";
            self.change.findings.push(Finding::note("edit.base-dropped", &label, text));
        }
        self.base_lost |= above;
        let sealed = document.seal(provisional).map_err(|reason| reason.of(&label))?;
        self.change.findings.extend(sealed.findings.iter().cloned());
        self.document(label.clone(), &sealed);
        self.lose(&label, index.was.as_ref(), &sealed.document, &index.attached);
        self.attach(&label, &sealed.document, &index.attach)?;
        Ok(sealed.document)
    }

    /// Lets an attestation go with the image that it is about; whether it stays in the index.
    fn attestation(
        &mut self,
        entry: &Entry,
        descriptor: &mut Tree,
        became: &BTreeMap<Digest, (String, Descriptor)>,
    ) -> Result<bool, Failure> {
        let image = entry.attested().and_then(|of| Some((became.get(&of)?, of)));
        let label = image.as_ref().map_or_else(
            || "attestation".to_owned(),
            |((label, _), _)| format!("attestation of {label}"),
        );
        if let Some(((_, image), of)) = image {
            if image.digest != of {
                let digest = Tree::from(image.digest.as_str());
                descriptor.set_in_map("annotations", DESCRIPTOR, ATTESTED, Some(digest));
                let text = format!(
                    "The {label} was made for {of}, which the edits have changed: it goes with {} \
                     now, but what it says is about the image as it was.",
                    image.digest
                );
                let finding = Finding::warning("edit.attestation", &label, text);
                self.change.findings.push(finding.expected(of).actual(&image.digest));
            }
            if let (true, Some(Node::Kept(attestation))) = (entry.promote, &entry.node) {
                let origin = origin(entry.from.as_ref());
                let referrer = attach::promote(&attestation.document, &label, image, &origin);
                self.change.referrers.push(referrer.map_err(|reason| reason.of(&label))?);
                return Ok(false);
            }
        }
        match &entry.node {
            Some(node) => {
                self.node(node, &label, entry.from.as_ref())?;
            }
            None => {
                let read = read_descriptor(&descriptor.to_value(), "entry").0;
                self.change.unread.extend(read);
            }
        }
        Ok(true)
    }

    /// What no edit was done to, with all that belongs to it.
    fn kept(&mut self, image: &Image, label: &str, origin: &Origin) {
        match &image.parts {
            Parts::Index { children, .. } => {
                let view = Index::read(&image.document, label).0.unwrap_or_default();
                for entry in view.manifests {
                    match children.get(&entry.digest) {
                        Some(child) => self.kept(child, label, origin),
                        None => self.change.unread.push(entry),
                    }
                }
            }
            Parts::Manifest { config } => {
                let view = Manifest::read(&image.document, label).0.unwrap_or_default();
                match config {
                    Some(config) => self.keep(format!("config of {label}"), config),
                    None => view.config.into_iter().for_each(|config| self.add(config, origin)),
                }
                view.layers.into_iter().for_each(|layer| self.add(layer.descriptor, origin));
            }
        }
        self.keep(label.to_owned(), &image.document);
    }

    fn keep(&mut self, label: String, document: &Arc<Document>) {
        let (document, before) = (Arc::clone(document), Some(Arc::clone(document)));
        self.add_document(ChangedDocument::new(label, document, before));
    }

    fn document(&mut self, label: String, sealed: &Sealed) {
        let (document, before) = (Arc::clone(&sealed.document), sealed.before.clone());
        self.add_document(ChangedDocument::new(label, document, before));
    }

    fn add_document(&mut self, document: ChangedDocument) {
        if self.seen.insert(document.document.digest().clone()) {
            self.change.documents.push(document);
        }
    }

    fn blob(&mut self, descriptor: &Tree, origin: &Origin) {
        if let Some(descriptor) = read_descriptor(&descriptor.to_value(), "blob").0 {
            self.add(descriptor, origin);
        }
    }

    fn add(&mut self, descriptor: Descriptor, origin: &Origin) {
        if self.seen.insert(descriptor.digest.clone()) {
            let origin = origin.clone();
            self.change.blobs.push(NeededBlob { descriptor, origin });
        }
    }

    /// Lists a recipe behind those that it takes layers from.
    fn recipe(&mut self, id: &RecipeId) {
        let Some(recipe) = self.shared.recipes.get(id) else { return };
        if !self.seen.insert(id.0.clone()) {
            return;
        }
        for input in recipe.inputs() {
            if let Input::Recipe(id) = input {
                self.recipe(id);
            }
        }
        if !self.shared.context.built.contains_key(id) {
            self.change.pending.push(id.clone());
        }
        self.change.recipes.push((id.clone(), recipe.clone()));
    }

    fn lose(&mut self, label: &str, was: Option<&Digest>, is: &Document, attached: &[Attached]) {
        let Some(before) = was.filter(|was| *was != is.digest()) else { return };
        self.change.lost.extend(attached.iter().map(|attached| Lost {
            label: label.to_owned(),
            before: before.clone(),
            attached: attached.clone(),
        }));
    }

    fn attach(
        &mut self,
        label: &str,
        subject: &Document,
        edits: &[AttachEdit],
    ) -> Result<(), Failure> {
        for edit in edits {
            let referrer = attach::attach(
                &subject.descriptor(),
                &edit.artifact_type,
                &edit.files,
                &edit.annotations,
                self.shared.time,
            );
            self.change.referrers.push(referrer.map_err(|reason| reason.of(label))?);
        }
        Ok(())
    }
}

fn origin(from: Option<&Pinned>) -> Origin {
    from.cloned().map_or(Origin::Kept, Origin::Other)
}
