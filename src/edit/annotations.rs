//! Remarks on manifests and indexes, and what they are about.

use crate::descriptor::Descriptor;
use crate::edit::action::Annotated;
use crate::edit::draft::Edit;
use crate::edit::editable::{DESCRIPTOR, Editable, MANIFEST};
use crate::edit::error::{Failure, Reason};
use crate::edit::family::Family;
use crate::edit::node::Node;
use crate::edit::shared::Shared;
use crate::edit::tree::{Order, Tree};
use crate::edit::work::Work;
use crate::finding::Finding;

/// Name of the image that an image was made from (image-spec, annotations.md).
pub(super) const BASE_NAME: &str = "org.opencontainers.image.base.name";
/// Digest of the image that an image was made from.
pub(super) const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// Sets or removes an annotation.
pub(super) fn annotate(
    work: &mut Work<'_>,
    edit: &Edit,
    on: Annotated,
    name: &str,
    value: Option<&str>,
) -> Result<(), Failure> {
    if name.is_empty() {
        return Err(Reason::value("an annotation", name, "a name").into());
    }
    match on {
        Annotated::Index => {
            let Node::Index(index) = &mut work.root else { return Err(Reason::NoIndex.into()) };
            set(&mut index.document.tree, MANIFEST, name, value);
            Ok(())
        }
        // An artifact has no platform, but has annotations as any manifest.
        Annotated::Manifest => work.images(edit, |target| {
            set(&mut target.image.manifest.tree, MANIFEST, name, value);
            if value.is_some() {
                note_docker(&target.image.manifest, target.shared);
            }
            Ok(())
        }),
        Annotated::Entry => work.images(edit, |target| {
            let entry = target.entry.as_deref_mut().ok_or(Reason::NoIndex)?;
            set(entry, DESCRIPTOR, name, value);
            Ok(())
        }),
    }
}

/// Sets or removes an annotation of a document or a descriptor.
pub(super) fn set(tree: &mut Tree, order: Order, name: &str, value: Option<&str>) {
    tree.set_in_map("annotations", order, name, value.map(Tree::from));
}

/// The value of an annotation.
pub(super) fn value(tree: &Tree, name: &str) -> Option<String> {
    Some(tree.get("annotations")?.text(name)?.into_owned())
}

/// Says so when annotations are put where Docker does not look for them.
pub(super) fn note_docker(manifest: &Editable, shared: &mut Shared<'_>) {
    if Family::of(&manifest.media_type) == Family::Docker {
        let label = &manifest.label;
        let text = format!(
            "The {label} is of Docker's media type, which has no annotations: they are written, \
             but most tools ignore them."
        );
        shared.note(Finding::note("edit.docker-annotations", label, text));
    }
}

/// Says what the manifest or index at the root is about, or that it is about nothing.
pub(super) fn set_subject(root: &mut Node, subject: Option<&Descriptor>) -> Result<(), Reason> {
    let tree = match root {
        Node::Index(index) => &mut index.document.tree,
        Node::Image(image) => &mut image.manifest.tree,
        Node::Kept(_) => return Err(Reason::NoIndex),
    };
    match subject {
        Some(subject) => {
            let plain =
                Descriptor::new(subject.media_type.as_str(), subject.digest.clone(), subject.size);
            tree.set("subject", Tree::of(&plain), MANIFEST);
        }
        None => tree.remove("subject"),
    }
    Ok(())
}
