//! How do two images differ?
//!
//! What is compared is what a container gets: the merged trees, file by file ([`files`]), and the configs,
//! field by field ([`config`]). How the files are cut into layers and packed is said beside it
//! ([`layers`]), and makes no image different. So a rebuild can be judged: see [`Likeness`].

pub mod config;
pub mod files;
pub mod layers;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::config::ConfigChange;
use self::files::{Aspect, FileChange, FileDifference};
use self::layers::{LayerSide, Layers};
use crate::digest::Digest;
use crate::layer::Overlay;
use crate::spec::Config;

/// One of two images: that for one platform.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Digest of its manifest.
    pub manifest: &'a Digest,
    /// Its config.
    pub config: &'a Config,
    /// Its layers, the base first.
    pub layers: &'a [LayerSide],
    /// These on top of each other.
    pub overlay: &'a Overlay,
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
    /// The paths, in byte order.
    pub files: Vec<FileDifference>,
}

/// Numbers of paths, and the bytes of all files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Only the second image has them.
    pub added: u64,
    /// Only the first image has them.
    pub removed: u64,
    /// Both have them, with another content, target or kind.
    pub changed: u64,
    /// Both have them with one content, and other metadata than times.
    pub metadata: u64,
    /// Only their times differ.
    pub times: u64,
    /// Bytes of all files of the first image's tree.
    pub bytes_before: u64,
    /// Bytes of all files of the second image's tree.
    pub bytes_after: u64,
}

impl Comparison {
    /// Compares two images, the first one being the older, as people mean it.
    #[must_use]
    pub fn of(before: Side<'_>, after: Side<'_>) -> Self {
        let files = files::compare(before.overlay, after.overlay);
        let config = config::compare(before.config, after.config);
        let mut counts = Counts {
            bytes_before: bytes(before.overlay),
            bytes_after: bytes(after.overlay),
            ..Counts::default()
        };
        for file in &files {
            *match file.change {
                FileChange::Added => &mut counts.added,
                FileChange::Removed => &mut counts.removed,
                FileChange::Changed => &mut counts.changed,
                FileChange::Metadata if file.aspects == [Aspect::Time] => &mut counts.times,
                FileChange::Metadata => &mut counts.metadata,
            } += 1;
        }
        let mut comparison = Self {
            likeness: Likeness::Identical,
            reasons: Vec::new(),
            layers: Layers::compare(before.layers, after.layers),
            config,
            counts,
            files,
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
                let noun = if count == 1 { "path is" } else { "paths are" };
                reasons.push((
                    likeness,
                    match what.starts_with("with") {
                        true => {
                            format!("{count} {} {what}.", if count == 1 { "path" } else { "paths" })
                        }
                        false => format!("{count} {noun} {what}."),
                    },
                ));
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

fn bytes(overlay: &Overlay) -> u64 {
    let sizes = overlay.walk().filter_map(|id| overlay.node(id)).map(|node| node.size);
    sizes.fold(0, u64::saturating_add)
}
