//! What forms begin with: the image as it is now.

use std::collections::BTreeMap;

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::edit::{Check, Family};
use drydock::platform::Platform;
use drydock::spec::RunConfig;

/// The image as the edits so far have left it. Values are those of the platform that is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FormContext {
    /// The platforms of the images that can be edited, in the order of the index; one for an image
    /// that no index lists, none for an artifact.
    pub platforms: Vec<PlatformFacts>,
    /// The platform that is shown.
    pub shown: Option<Platform>,
    /// Whether the root is an index.
    pub is_index: bool,
    /// Whose media types the root has.
    pub family: Family,
    /// The layers, the base first.
    pub layers: Vec<LayerItem>,
    /// How a container is started.
    pub run: RunConfig,
    /// The health check with all of its fields; the one in `run` lacks the interval of the start.
    pub healthcheck: Option<Check>,
    /// Who made the image.
    pub author: Option<String>,
    /// When it was made, as the config has it.
    pub created: Option<String>,
    /// The platform as the config has it.
    pub platform: Platform,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
    /// Annotations of the entry of the index that lists the manifest.
    pub entry_annotations: BTreeMap<String, String>,
    /// Annotations of the index.
    pub index_annotations: BTreeMap<String, String>,
    /// What the index lists.
    pub children: Vec<ChildFacts>,
    /// What the root says that it is about.
    pub subject: Option<Descriptor>,
    /// Text of the index.
    pub index_text: Option<String>,
    /// Text of the manifest.
    pub manifest_text: Option<String>,
    /// Text of the config.
    pub config_text: Option<String>,
}

/// A platform that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformFacts {
    /// The platform.
    pub platform: Platform,
    /// Its name, for people.
    pub label: String,
}

/// A layer that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerItem {
    /// Counted from 1 at the base.
    pub number: usize,
    /// A few characters of its digest; empty for a layer that is still to be built.
    pub digest: String,
    /// Size in bytes, when it is known.
    pub size: Option<u64>,
    /// The step that made it.
    pub step: String,
}

/// An entry of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildFacts {
    /// The digest by which the base, or the edit that added it, lists it.
    pub digest: Digest,
    /// What it is, for people: `linux/amd64`, `attestation of linux/amd64`.
    pub label: String,
    /// Size of its document in bytes.
    pub size: u64,
    /// Whether it is an attestation.
    pub attestation: bool,
}

impl FormContext {
    /// Whether edits may be for some platforms only.
    #[must_use]
    pub fn has_platforms(&self) -> bool {
        self.platforms.len() > 1
    }

    /// Whether the image is for Windows, whose paths and names are others.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.platform.os == "windows"
    }

    /// The value as it is, to tell whether something was changed at all; `None` when other
    /// platforms may have another one.
    pub(super) fn known<T>(&self, value: T) -> Option<T> {
        (!self.has_platforms()).then_some(value)
    }
}
