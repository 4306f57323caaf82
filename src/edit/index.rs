//! What does an index list?

use serde_json::json;

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::edit::action::IndexEdit;
use crate::edit::editable::{DESCRIPTOR, Editable};
use crate::edit::error::{Failure, Reason};
use crate::edit::image::Image;
use crate::edit::node::{Entry, IndexWork, Node};
use crate::edit::pinned::Pinned;
use crate::edit::scope::Scope;
use crate::edit::shared::Shared;
use crate::edit::tree::Tree;
use crate::edit::work::Work;
use crate::finding::Finding;
use crate::media_type::{Kind, MediaType};
use crate::platform::Platform;

/// Changes the list of the index at the root.
pub(super) fn edit(work: &mut Work<'_>, edit: &IndexEdit) -> Result<(), Failure> {
    if matches!(edit, IndexEdit::Create) {
        return create(work).map_err(Failure::from);
    }
    let Work { root: Node::Index(index), shared } = work else {
        return Err(Reason::NoIndex.into());
    };
    match edit {
        IndexEdit::Create => Ok(()),
        IndexEdit::Add { descriptor, from } => add(index, shared, descriptor, from.as_ref()),
        IndexEdit::Remove { digest } => Ok(remove(index, digest)?),
        IndexEdit::Filter { platforms } => Ok(filter(index, shared, platforms)?),
    }
}

/// Lets attestations in the scope become referrers of what they attest.
pub(super) fn promote(work: &mut Work<'_>, scope: &Scope) -> Result<(), Failure> {
    let scope = scope.among(&work.root.platforms());
    let Work { root: Node::Index(index), shared } = work else {
        return Err(Reason::NoIndex.into());
    };
    let covered: Vec<Digest> = index
        .entries
        .iter()
        .filter(|entry| scope.covers(entry.platform().as_ref()))
        .filter_map(|entry| entry.was.clone())
        .collect();
    let mut count = 0_usize;
    for entry in &mut index.entries {
        let Some(of) = entry.attested() else { continue };
        if !covered.contains(&of) {
            continue;
        }
        if entry.node.is_none() {
            return Err(Reason::Unread(entry.unread.clone()).of(&entry.label));
        }
        entry.promote = true;
        count += 1;
    }
    if count == 0 {
        let text = "No attestation in the index is about an image in the scope.";
        shared.note(Finding::note("edit.nothing", "index", text));
    }
    Ok(())
}

/// Puts an index above the image.
fn create(work: &mut Work<'_>) -> Result<(), Reason> {
    let Node::Image(image) = &work.root else { return Err(Reason::IsIndex) };
    let family = image.family();
    let media_type = family.index();
    let tree = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": []});
    let mut descriptor = Tree::object();
    descriptor.set("mediaType", image.manifest.media_type.as_str().into(), DESCRIPTOR);
    if let Some(platform) = image.platform() {
        descriptor.set("platform", Tree::of(&platform), DESCRIPTOR);
    }
    let index = IndexWork {
        document: Editable::new(Tree::of(&tree), media_type, "index"),
        entries: Vec::new(),
        was: None,
        attached: Vec::new(),
        attach: Vec::new(),
    };
    let was = image.was.clone();
    let label = image.platform().map_or_else(|| image.label.clone(), |own| own.to_string());
    let image = std::mem::replace(&mut work.root, Node::Index(Box::new(index)));
    if let Node::Index(index) = &mut work.root {
        index.entries.push(Entry {
            label,
            descriptor,
            was,
            node: Some(image),
            unread: String::new(),
            promote: false,
            from: None,
        });
    }
    Ok(())
}

fn add(
    index: &mut IndexWork,
    shared: &mut Shared<'_>,
    descriptor: &Descriptor,
    from: Option<&Pinned>,
) -> Result<(), Failure> {
    let bases = shared.context.bases;
    let image = bases.iter().find(|image| *image.digest() == descriptor.digest);
    if let Some(other) = image.filter(|image| image.is_index()) {
        if let Node::Index(other) = Node::open(other, "index", from)? {
            other.entries.into_iter().for_each(|entry| push(index, shared, entry));
        }
        return Ok(());
    }
    let mut listed = descriptor.clone();
    if listed.platform.is_none() {
        listed.platform = image.and_then(Image::config_view).map(|config| config.platform);
    }
    let entry = Entry::added(Tree::of(&listed), index.entries.len(), image, from)?;
    push(index, shared, entry);
    Ok(())
}

fn push(index: &mut IndexWork, shared: &mut Shared<'_>, entry: Entry) {
    let platform = entry.platform();
    if index.entries.iter().any(|other| {
        other.was == entry.was && Platform::are_same(other.platform().as_ref(), platform.as_ref())
    }) {
        let text = "The index lists it already; it was not added again.";
        let label = entry.was.as_ref().map_or_else(String::new, ToString::to_string);
        shared.note(Finding::note("edit.listed", label, text));
        return;
    }
    let image = entry.attested().is_none() && platform.is_some();
    let same = |other: &Entry| {
        other.attested().is_none()
            && Platform::are_same(other.platform().as_ref(), platform.as_ref())
    };
    if let Some(platform) = platform.as_ref().filter(|_| image && index.entries.iter().any(same)) {
        let text = format!(
            "The index lists two images for {platform}; which one is run depends on the tool."
        );
        shared.note(Finding::warning("index.duplicate-platform", "index", text).actual(platform));
    }
    index.entries.push(entry);
}

fn remove(index: &mut IndexWork, digest: &Digest) -> Result<(), Reason> {
    let is = |entry: &Entry| entry.was.as_ref() == Some(digest);
    if !index.entries.iter().any(is) {
        return Err(Reason::NotListed(digest.clone()));
    }
    index.entries.retain(|entry| !is(entry) && entry.attested().as_ref() != Some(digest));
    Ok(())
}

fn filter(
    index: &mut IndexWork,
    shared: &mut Shared<'_>,
    platforms: &[Platform],
) -> Result<(), Reason> {
    let scope = Scope::Platforms(platforms.to_vec());
    let all: Vec<Platform> = index.entries.iter().filter_map(Entry::platform).collect();
    let meant = scope.among(&all);
    let kept: Vec<bool> = index
        .entries
        .iter()
        .map(|entry| entry.attested().is_none() && meant.covers(entry.platform().as_ref()))
        .collect();
    let images: Vec<Digest> = index
        .entries
        .iter()
        .zip(&kept)
        .filter_map(|(entry, kept)| entry.was.clone().filter(|_| *kept))
        .collect();
    if !kept.contains(&true) {
        return Err(Reason::NothingLeft(scope));
    }
    let follows = |entry: &Entry| entry.attested().is_some_and(|of| images.contains(&of));
    let mut nested = 0_usize;
    let mut kept = kept.into_iter();
    index.entries.retain(|entry| {
        let stays = kept.next().unwrap_or(false) || follows(entry);
        let kind = entry.descriptor.text("mediaType");
        let kind = kind.map(|text| MediaType::new(&text).kind());
        nested += usize::from(!stays && kind == Some(Kind::Index));
        stays
    });
    if nested > 0 {
        let text = format!(
            "{nested} indexes in the index have no platform of their own; they were taken away, \
             whatever they list."
        );
        shared.note(Finding::warning("edit.filter-nested", "index", text));
    }
    Ok(())
}
