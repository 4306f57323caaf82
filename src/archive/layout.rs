//! What does an OCI image layout list?
//!
//! image-spec, image-layout.md.

use serde_json::Value;

use super::error::{Error, Subject};
use super::held::{Archive, Origin, Root};
use super::name::Name;
use super::paths::{INDEX, LAYOUT, MANIFEST};
use super::read_at::ReadAt;
use crate::descriptor::{Descriptor, identify};
use crate::document::Document;
use crate::finding::Finding;
use crate::json;
use crate::limits;
use crate::media_type::{Kind, MediaType};
use crate::reference::Target;
use crate::spec::{self, Claims, Index, Manifest, View};

/// The only version there is.
pub(super) const VERSION: &str = "1.0.0";
/// Annotation with the tag, or whatever else the tool calls the image.
pub(super) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Annotation of containerd and Docker with the whole name.
pub(super) const IMAGE_NAME: &str = "io.containerd.image.name";

/// An image of the layout.
pub(super) struct Known {
    /// The root that it is, or lies under.
    pub(super) root: usize,
    /// Whether it is the root itself.
    pub(super) direct: bool,
    pub(super) manifest: Manifest,
}

/// Reads the lists of a layout and the documents that they point to. Returns the images.
pub(super) async fn read<R: ReadAt>(archive: &mut Archive, from: &R) -> Result<Vec<Known>, Error> {
    version(archive, from).await?;
    let Some(bytes) = archive.file(from, INDEX).await? else { return Ok(Vec::new()) };
    let parsed = json::parse(&bytes, INDEX);
    archive.findings.extend(parsed.findings);
    let Some(value) = parsed.value else { return Ok(Vec::new()) };
    let (digest, bytes) = identify(bytes);
    let document = Document::new(&bytes, digest, MediaType::new(MediaType::INDEX), value);
    let (index, findings) = Index::read(&document, INDEX);
    archive.findings.extend(findings);
    for descriptor in index.unwrap_or_default().manifests {
        let names = names(&descriptor);
        let about = names.iter().find_map(Name::about);
        archive.add_root(Root { descriptor, names, origin: Origin::Archive, about });
    }
    let mut known = Vec::new();
    for at in 0..archive.roots.len() {
        root(archive, from, at, &mut known).await?;
    }
    Ok(known)
}

/// Checks the file that makes a folder a layout.
async fn version<R: ReadAt>(archive: &mut Archive, from: &R) -> Result<(), Error> {
    let Some(bytes) = archive.file(from, LAYOUT).await? else {
        let text = "The layout has no file oci-layout, which it must have: some tools refuse it.";
        archive.findings.push(Finding::warning("archive.layout", LAYOUT, text));
        return Ok(());
    };
    let parsed = json::parse(&bytes, LAYOUT);
    archive.findings.extend(parsed.findings);
    let value = parsed.value.unwrap_or_default();
    let version = value.get("imageLayoutVersion").and_then(Value::as_str);
    if version != Some(VERSION) {
        let text = "The image layout is of another version than the one that is known; it may be \
                    read wrongly.";
        let actual: String = version.unwrap_or("nothing").chars().take(100).collect();
        let finding = Finding::error("archive.layout-version", LAYOUT, text);
        archive.findings.push(finding.expected(VERSION).actual(actual));
    }
    Ok(())
}

/// Reads the document of a root: what it is about, and which images it holds.
async fn root<R: ReadAt>(
    archive: &mut Archive,
    from: &R,
    at: usize,
    known: &mut Vec<Known>,
) -> Result<(), Error> {
    let Some(descriptor) = archive.roots.get(at).map(|root| root.descriptor.clone()) else {
        return Ok(());
    };
    let view = match view(archive, from, &descriptor).await {
        Ok(view) => view,
        Err(error @ Error::Read { .. }) => return Err(error),
        Err(error) => {
            archive.findings.push(error.into());
            return Ok(());
        }
    };
    let (subject, artifact_type, annotations) = match &view {
        View::Manifest(manifest) => {
            (&manifest.subject, manifest.effective_type(), &manifest.annotations)
        }
        View::Index(index) => (&index.subject, index.artifact_type.as_ref(), &index.annotations),
        View::Config(_) | View::Schema1(_) | View::Raw => return Ok(()),
    };
    if let Some(subject) = subject {
        let referrer = Descriptor {
            artifact_type: artifact_type.cloned(),
            annotations: annotations.clone(),
            ..Descriptor::new(descriptor.media_type.as_str(), descriptor.digest, descriptor.size)
        };
        archive.referrers.push((subject.digest.clone(), referrer));
        if let Some(root) = archive.roots.get_mut(at) {
            root.about = Some(subject.digest.clone());
        }
    }
    match view {
        View::Manifest(manifest) => known.push(Known { root: at, direct: true, manifest }),
        View::Index(index) => children(archive, from, at, &index, known).await,
        View::Config(_) | View::Schema1(_) | View::Raw => {}
    }
    Ok(())
}

/// Which image of an index `docker save` means is only to be seen in the manifests.
async fn children<R: ReadAt>(
    archive: &Archive,
    from: &R,
    root: usize,
    index: &Index,
    known: &mut Vec<Known>,
) {
    if archive.files.get(MANIFEST).is_none() {
        return;
    }
    for child in index.manifests.iter().filter(|child| child.media_type.kind() == Kind::Manifest) {
        if known.len() < limits::DESCRIPTORS
            && let Ok(View::Manifest(manifest)) = view(archive, from, child).await
        {
            known.push(Known { root, direct: false, manifest });
        }
    }
}

/// What is wrong with the document itself is said by whoever shows it.
async fn view<R: ReadAt>(
    archive: &Archive,
    from: &R,
    descriptor: &Descriptor,
) -> Result<View, Error> {
    let digest = &descriptor.digest;
    let subject = Subject::Manifest(Target::Digest(digest.clone()));
    let size = Some(descriptor.size);
    let bytes = archive.content(from, digest, size, limits::DOCUMENT_BYTES, subject).await?;
    let claims = Claims { content_type: None, descriptor: Some(descriptor.media_type.clone()) };
    Ok(spec::read(&bytes, digest, &claims, "manifest").view)
}

/// What the annotations of an entry call it.
fn names(descriptor: &Descriptor) -> Vec<Name> {
    let text = |key: &str| descriptor.annotations.get(key).filter(|text| !text.is_empty());
    let mut names: Vec<Name> =
        text(IMAGE_NAME).map(|text| Name::reference(text)).into_iter().collect();
    if let Some(name) = text(REF_NAME).map(|text| Name::parse(text)) {
        let said = names.iter().any(|known| match &name {
            Name::Tag(tag) => known.tag() == Some(tag),
            other => known == other,
        });
        if !said {
            names.push(name);
        }
    }
    names
}
