//! What is to be edited, and how: plain data that can be kept, shared and replayed.

use serde::{Deserialize, Serialize};

use crate::edit::action::{Action, IndexEdit};
use crate::edit::family::Family;
use crate::edit::image::Image;
use crate::edit::pinned::Pinned;
use crate::edit::scope::Scope;
use crate::edit::time::Time;
use crate::platform::Platform;

/// A base and what is done to it, in order.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use drydock::edit::{self, Action, Base, ConfigEdit, Context, Draft, Edit, Family, link};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let platform = "linux/amd64".parse()?;
/// let mut draft = Draft::new(Base::Empty { family: Family::Oci, platform });
/// draft.time = Some("2024-05-01T12:00:00Z".parse()?);
/// let user = ConfigEdit::User { value: Some("1000:1000".to_owned()) };
/// draft.edits.push(Edit::all(Action::Config(user)));
///
/// // It is plain data, which goes into a link and comes back ...
/// assert_eq!(link::read(&link::write(&draft)?)?, draft);
///
/// // ... and gives the same digest everywhere.
/// let base = draft.base.empty().ok_or("an image has to be loaded")?;
/// let context = Context { built: &BTreeMap::new(), now: "2030-01-01T00:00:00Z".parse()?, bases: &[] };
/// let change = edit::apply(&base, &draft, &context)?;
/// assert!(change.is_changed() && !change.is_pending());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// Version of this format, [`Draft::VERSION`].
    pub version: u32,
    /// What the edits start from.
    pub base: Base,
    /// The time that new steps of the history bear. `None` takes the caller's, so that the digest
    /// depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// The edits, in order.
    pub edits: Vec<Edit>,
}

/// What the edits of a draft start from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Base {
    /// An image or index that exists, by digest.
    Image(Pinned),
    /// An image without layers.
    Empty {
        /// Whose media types it has.
        family: Family,
        /// What it will run on.
        platform: Platform,
    },
    /// An index that lists nothing.
    EmptyIndex {
        /// Whose media types it has.
        family: Family,
    },
}

/// One edit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Edit {
    /// Which images of an index it is done to. Attestations are never among them.
    #[serde(default, skip_serializing_if = "Scope::is_all")]
    pub scope: Scope,
    /// Whether it leaves a step in the history of the image where it would leave none: edits of
    /// the config are not recorded unasked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub record: bool,
    /// What is done.
    pub action: Action,
}

impl Draft {
    /// The version that is written and read.
    pub const VERSION: u32 = 1;

    /// A draft without edits.
    #[must_use]
    pub fn new(base: Base) -> Self {
        Self { version: Self::VERSION, base, time: None, edits: Vec::new() }
    }

    /// The images that edits name beside the base, each once: the [bases](crate::edit::Context::bases)
    /// without which they can't be done.
    #[must_use]
    pub fn images(&self) -> Vec<Pinned> {
        let mut named: Vec<Pinned> = self.edits.iter().flat_map(Edit::images).cloned().collect();
        named.sort();
        named.dedup();
        named
    }

    /// Whether it is made of the same images as another draft, so that what was loaded of them for
    /// the one is enough for the other.
    #[must_use]
    pub fn is_made_of_the_same(&self, other: &Self) -> bool {
        self.base == other.base && self.images() == other.images()
    }
}

impl Base {
    /// The image that it is; `None` for an empty one.
    #[must_use]
    pub fn image(&self) -> Option<&Pinned> {
        match self {
            Self::Image(pinned) => Some(pinned),
            Self::Empty { .. } | Self::EmptyIndex { .. } => None,
        }
    }

    /// The documents of an empty base. `None` for an image, whose documents have to be loaded.
    #[must_use]
    pub fn empty(&self) -> Option<Image> {
        match self {
            Self::Image(_) => None,
            Self::Empty { family, platform } => Some(Image::empty(*family, platform)),
            Self::EmptyIndex { family } => Some(Image::empty_index(*family)),
        }
    }
}

impl Edit {
    /// The images that it names.
    #[must_use]
    pub fn images(&self) -> Vec<&Pinned> {
        match &self.action {
            Action::Rebase(rebase) => vec![&rebase.old, &rebase.new],
            Action::Index(IndexEdit::Add { from: Some(from), .. }) => vec![from],
            _ => Vec::new(),
        }
    }

    /// An edit of all images.
    #[must_use]
    pub fn all(action: Action) -> Self {
        Self { scope: Scope::All, record: false, action }
    }

    /// An edit of the images for these platforms.
    #[must_use]
    pub fn on(platforms: Vec<Platform>, action: Action) -> Self {
        Self { scope: Scope::Platforms(platforms), record: false, action }
    }
}
