//! What is behind a tag, from as few documents as possible?

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::image::artifact::{ArtifactKind, artifact_kind};
use crate::platform::{Platform, choose};
use crate::reference::Target;
use crate::source::{Fetched, Source};
use crate::spec::{self, Claims, Config, Index, Manifest, View};

const CREATED: &str = "org.opencontainers.image.created";

/// An image or artifact in one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Digest of the document that the tag names.
    pub digest: Option<Digest>,
    /// The platforms that an index lists, or the one that a config names, in their order.
    pub platforms: Vec<String>,
    /// Bytes to download of the image that is shown first; `None` when its manifest did not come.
    pub size: Option<u64>,
    /// When it was made, as RFC 3339 text, by its config or its annotations.
    pub created: Option<String>,
    /// What it is, when it is no image.
    pub artifact: Option<ArtifactKind>,
}

/// Reads at most three documents: what the tag names, the manifest that is shown first of an
/// index, and that one's config. What is missing below the first stays unknown.
///
/// # Errors
/// When the document that the tag names can't be read.
pub async fn summary<S: Source>(source: &S, target: &Target) -> Result<Summary, S::Error> {
    let root = source.root(target).await?;
    let mut summary = Summary { digest: Some(root.digest.clone()), ..Summary::default() };
    match view(&root, None) {
        View::Index(index) => of_index(source, &index, &mut summary).await,
        View::Manifest(manifest) => {
            let descriptor = descriptor_of(&root, &manifest);
            of_manifest(source, &descriptor, &manifest, &mut summary).await;
        }
        View::Config(_) | View::Schema1(_) | View::Raw => {}
    }
    Ok(summary)
}

async fn of_index<S: Source>(source: &S, index: &Index, summary: &mut Summary) {
    let images: Vec<&Descriptor> = index
        .manifests
        .iter()
        .filter(|entry| !entry.is_attestation())
        .filter(|entry| entry.platform.as_ref().is_none_or(|platform| !platform.is_unknown()))
        .collect();
    let platforms = images.iter().filter_map(|entry| entry.platform.as_ref());
    summary.platforms =
        platforms.filter(|platform| platform.is_named()).map(ToString::to_string).collect();
    summary.created = index.annotations.get(CREATED).cloned();
    let usual = choose(images.iter().map(|entry| entry.platform.as_ref()), &Platform::usual());
    let first = usual.and_then(|at| images.get(at)).or_else(|| images.first()).copied();
    let Some(first) = first else { return };
    let Ok(fetched) = source.document(first).await else { return };
    if let View::Manifest(manifest) = view(&fetched, Some(first)) {
        of_manifest(source, first, &manifest, summary).await;
    }
}

async fn of_manifest<S: Source>(
    source: &S,
    descriptor: &Descriptor,
    manifest: &Manifest,
    summary: &mut Summary,
) {
    summary.size = Some(manifest.layers_size());
    if summary.created.is_none() {
        summary.created = manifest.annotations.get(CREATED).cloned();
    }
    if !manifest.is_image() {
        summary.artifact = Some(artifact_kind(descriptor, Some(manifest)));
        return;
    }
    let Some(config) = &manifest.config else { return };
    let Ok(fetched) = source.document(config).await else { return };
    if let View::Config(Config { created, platform, .. }) = view(&fetched, Some(config)) {
        summary.created = created.or_else(|| summary.created.take());
        if summary.platforms.is_empty() && !platform.os.is_empty() {
            summary.platforms = vec![platform.to_string()];
        }
    }
}

fn view(fetched: &Fetched, descriptor: Option<&Descriptor>) -> View {
    let claims = Claims {
        content_type: fetched.media_type.clone(),
        descriptor: descriptor.map(|descriptor| descriptor.media_type.clone()),
    };
    spec::read(&fetched.bytes, &fetched.digest, &claims, "document").view
}

fn descriptor_of(root: &Fetched, manifest: &Manifest) -> Descriptor {
    let said = manifest.media_type.clone().or_else(|| root.media_type.clone());
    let media_type = said.map(|media_type| media_type.to_string()).unwrap_or_default();
    Descriptor::new(&*media_type, root.digest.clone(), root.bytes.len() as u64)
}
