//! How do two images differ?
//!
//! What is compared is what a container gets: the merged trees, file by file ([`files`]), and the configs,
//! field by field ([`config`]). How the files are cut into layers and packed is said beside it
//! ([`layers`]), and makes no image different; nor does which software the records of both name
//! ([`packages`]), as these are files like all others. So a rebuild can be judged: see [`Likeness`].

pub mod config;
pub mod files;
pub mod layers;
pub mod packages;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::config::ConfigChange;
use self::files::Counts;
use self::layers::{LayerSide, Layers};
use crate::digest::Digest;
use crate::image::{Graph, NodeId};
use crate::spec::Config;
use crate::words;

/// One of two images: that for one platform.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Digest of its manifest.
    pub manifest: Digest,
    /// Its config.
    pub config: Config,
    /// Its layers, the base first.
    pub layers: Vec<LayerSide>,
}

impl Side {
    /// An image of a graph; `None` when its manifest or its config was not loaded.
    #[must_use]
    pub fn of(graph: &Graph, image: NodeId) -> Option<Self> {
        let config = graph.config_of(image)?.clone();
        let layers = graph.layers_of(image).enumerate().filter_map(|(at, node)| {
            let descriptor = node.descriptor.as_ref()?;
            Some(LayerSide {
                digest: descriptor.digest.clone(),
                size: descriptor.size,
                diff_id: config.diff_ids.get(at).cloned().flatten(),
            })
        });
        let layers = layers.collect();
        let manifest = graph.node(image)?.descriptor.as_ref()?.digest.clone();
        Some(Self { manifest, config, layers })
    }
}

/// How alike two images are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// The same bytes: they have one digest.
    Identical,
    /// A container gets the same from both, only packed otherwise.
    SameFiles,
    /// The same but for times: of files, and of when the image and its steps were made.
    SameButForTimes,
    /// Something else differs, too.
    Different,
}

/// What is different in the second image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// How alike they are.
    pub likeness: Likeness,
    /// Why they are no more alike than that, one sentence each.
    pub reasons: Vec<String>,
    /// The layers.
    pub layers: Layers,
    /// Fields of the config, in the order of their names.
    pub config: Vec<ConfigChange>,
    /// How many paths differ in which way.
    pub counts: Counts,
}

impl Comparison {
    /// Compares two images, the first one being the older, as people mean it; `counts` are those of
    /// the [paths that differ](files::Differences).
    #[must_use]
    pub fn of(before: &Side, after: &Side, counts: Counts) -> Self {
        let mut comparison = Self {
            likeness: Likeness::Identical,
            reasons: Vec::new(),
            layers: Layers::compare(&before.layers, &after.layers),
            config: config::compare(&before.config, &after.config),
            counts,
        };
        comparison.judge(before.manifest == after.manifest);
        comparison
    }

    fn judge(&mut self, one_digest: bool) {
        let Counts { added, removed, changed, metadata, times, .. } = self.counts;
        let (config_times, config): (Vec<_>, Vec<_>) =
            self.config.iter().partition(|change| change.is_time());
        let mut reasons = Vec::new();
        for (count, likeness, what) in [
            (added, Likeness::Different, "added"),
            (removed, Likeness::Different, "removed"),
            (changed, Likeness::Different, "changed"),
            (metadata, Likeness::Different, "with other metadata (mode, owner, attributes)"),
            (times, Likeness::SameButForTimes, "with other times"),
        ] {
            if count > 0 {
                let paths =
                    words::plural(usize::try_from(count).unwrap_or(usize::MAX), "path", "paths");
                let verb = match (what.starts_with("with"), count) {
                    (true, _) => "",
                    (false, 1) => " is",
                    (false, _) => " are",
                };
                reasons.push((likeness, format!("{paths}{verb} {what}.")));
            }
        }
        let names = |changes: &[&ConfigChange]| {
            changes.iter().map(|change| change.field.clone()).collect::<Vec<_>>().join(", ")
        };
        if !config.is_empty() {
            reasons
                .push((Likeness::Different, format!("The configs differ in {}.", names(&config))));
        }
        if !config_times.is_empty() {
            reasons.push((
                Likeness::SameButForTimes,
                format!("The configs name other times: {}.", names(&config_times)),
            ));
        }
        if !self.layers.are_same() {
            reasons.push((Likeness::SameFiles, self.layers.sentence()));
        }
        if reasons.is_empty() && !one_digest {
            reasons.push((
                Likeness::SameFiles,
                "The manifests differ, or configs in what no container gets.".to_owned(),
            ));
        }
        self.likeness =
            reasons.iter().map(|(likeness, _)| *likeness).max().unwrap_or(Likeness::Identical);
        self.reasons = reasons.into_iter().map(|(_, reason)| reason).collect();
    }
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identical => "identical",
            Self::SameFiles => "same files",
            Self::SameButForTimes => "same but for times",
            Self::Different => "different",
        })
    }
}
