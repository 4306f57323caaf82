//! From an image that was edited to its new manifest and config.

use crate::digest::Digest;
use crate::edit::change::Origin;
use crate::edit::check::disagreements;
use crate::edit::config::CONFIG;
use crate::edit::editable::{Editable, MANIFEST, Sealed, is_provisional, point};
use crate::edit::error::{Failure, Reason};
use crate::edit::family::Family;
use crate::edit::layer::Settled;
use crate::edit::layers::drop_inherited_base;
use crate::edit::node::ImageWork;
use crate::edit::shared::Shared;
use crate::edit::tree::{Order, Tree};
use crate::finding::Finding;
use crate::media_type::Compression;

const ROOTFS: Order = Order::By(&["type", "diff_ids"]);

/// An image as it is after the edits.
pub(super) struct SettledImage {
    pub(super) manifest: Sealed,
    /// The config; `None` for an artifact.
    pub(super) config: Option<Sealed>,
    pub(super) layers: Vec<Settled>,
    /// Whether it no longer begins with the layers of its base.
    pub(super) base_lost: bool,
    pub(super) findings: Vec<Finding>,
}

impl ImageWork {
    /// Writes what the edits have left.
    pub(super) fn settle(&self, shared: &Shared<'_>) -> Result<SettledImage, Failure> {
        let failed = |reason: Reason| reason.of(&self.label);
        let (family, built) = (self.family(), shared.context.built);
        let layers = self.layers.iter().map(|layer| layer.settle(family, &shared.recipes, built));
        let layers = layers.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        self.check_zstd(family, &layers).map_err(failed)?;
        let mut findings: Vec<Finding> = self.note_plain(&layers).into_iter().collect();
        let mut manifest = self.manifest.clone();
        if self.layers_changed || self.names_changed {
            let list = layers.iter().map(|layer| layer.descriptor.clone()).collect();
            manifest.tree.set("layers", Tree::List(list), MANIFEST);
        }
        let base_lost = self.lost_its_base(&layers);
        if base_lost && drop_inherited_base(&mut manifest) {
            let text = format!(
                "The {} no longer begins with the layers of the base that its annotations named; \
                 they were dropped.",
                self.label
            );
            findings.push(Finding::note("edit.base-dropped", &self.label, text));
        }
        let config = self.config.clone().map(|config| self.settle_config(config, &layers));
        let config = config.transpose()?;
        if let (Some(config), Some(descriptor)) = (&config, manifest.tree.get_mut("config")) {
            point(descriptor, &config.document, config.is_renamed());
        }
        let provisional = layers.iter().any(|layer| is_pending(layer.descriptor.get("digest")))
            || config.as_ref().is_some_and(|config| is_provisional(config.document.digest()));
        let manifest = manifest.seal(provisional).map_err(failed)?;
        findings.extend(manifest.findings.iter().cloned());
        if let Some(config) = &config {
            findings.extend(config.findings.iter().cloned());
            findings.extend(disagreements(&manifest, config, &self.label));
        }
        Ok(SettledImage { manifest, config, layers, base_lost, findings })
    }

    /// Says so when layers are pushed that are not compressed, as those of docker-save tars are.
    fn note_plain(&self, layers: &[Settled]) -> Option<Finding> {
        let is_plain = |layer: &Settled| {
            layer.compression == Some(Compression::None)
                && !matches!(layer.origin, Origin::Recipe(_))
        };
        let plain = layers.iter().enumerate().filter(|(_, layer)| is_plain(layer));
        let numbers: Vec<String> = plain.map(|(at, _)| (at + 1).to_string()).collect();
        (!numbers.is_empty()).then(|| {
            let (layers, them, their) = match numbers.as_slice() {
                [number] => (format!("layer {number} is"), "it", "Its diff ID stays"),
                _ => (format!("layers {} are", numbers.join(", ")), "them", "Their diff IDs stay"),
            };
            let text = format!(
                "In the {} {layers} not compressed, and pushed so: recompress {them} with gzip to \
                 send and keep less. {their}.",
                self.label
            );
            Finding::note("edit.plain-layers", &self.label, text)
        })
    }

    fn settle_config(&self, mut config: Editable, layers: &[Settled]) -> Result<Sealed, Failure> {
        if self.layers_changed {
            let diff_ids = layers.iter().map(|layer| layer.diff_id.clone()).collect();
            config.tree.change("rootfs", CONFIG, |rootfs| {
                if rootfs.get("type").is_none() {
                    rootfs.set("type", "layers".into(), ROOTFS);
                }
                rootfs.set("diff_ids", Tree::List(diff_ids), ROOTFS);
            });
        }
        if self.steps_changed {
            let there = config.tree.get("history").is_some_and(|history| !history.is_empty());
            match self.steps.write() {
                Some(history) => config.tree.set("history", history, CONFIG),
                None if there => config.tree.set("history", Tree::List(Vec::new()), CONFIG),
                None => {}
            }
        }
        let provisional = layers.iter().any(|layer| is_pending(Some(&layer.diff_id)));
        let label = config.label.clone();
        config.seal(provisional).map_err(|reason| reason.of(&label))
    }

    /// Docker's media types have no zstd. What such an image had already stays.
    fn check_zstd(&self, family: Family, layers: &[Settled]) -> Result<(), Reason> {
        let before = self.manifest.before().and_then(|before| before.value().get("layers"));
        let before = before.and_then(|layers| layers.as_array()).map(Vec::as_slice);
        let there = |settled: &Settled| {
            before.unwrap_or_default().iter().any(|layer| {
                ["digest", "mediaType"].iter().all(|name| {
                    let text = layer.get(name).and_then(|text| text.as_str());
                    text == settled.descriptor.text(name).as_deref()
                })
            })
        };
        let wrong = |layer: &Settled| {
            family == Family::Docker
                && layer.compression == Some(Compression::Zstd)
                && !there(layer)
        };
        match layers.iter().position(wrong) {
            Some(at) => Err(Reason::DockerZstd(at + 1)),
            None => Ok(()),
        }
    }

    /// Whether the first layer is another one than it was, so that no base is below it any more
    /// that was there before.
    fn lost_its_base(&self, layers: &[Settled]) -> bool {
        let before = self.config.as_ref().and_then(|config| config.before());
        let first = before.and_then(|before| before.value().pointer("/rootfs/diff_ids/0"));
        let Some(first) = first.and_then(|first| first.as_str()) else { return false };
        let is = layers.first().and_then(|layer| layer.diff_id.as_text());
        self.layers_changed && !self.rebased && is.as_deref() != Some(first)
    }
}

fn is_pending(digest: Option<&Tree>) -> bool {
    let text = digest.and_then(Tree::as_text);
    text.and_then(|text| Digest::parse(&text).ok()).is_some_and(|digest| is_provisional(&digest))
}
