//! A draft for command lines, and what is made of it.

use crate::commands::{Image, Line};
use crate::edit::{self, Edit, Family};
use crate::platform::Platform;
use crate::spec::Config;

/// A draft for command lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Edited {
    /// What it starts from.
    pub start: Start,
    /// Where the result goes.
    pub target: Image,
    /// The edits, in order.
    pub edits: Vec<Edit>,
}

/// What a draft starts from.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// An image in a registry.
    Image {
        /// The image.
        image: Image,
        /// Its platform, when that is known.
        platform: Option<Platform>,
    },
    /// An index in a registry.
    Index(Image),
    /// An image without layers.
    Empty {
        /// Whose media types it has.
        family: Family,
        /// What it will run on.
        platform: Platform,
    },
    /// An index that lists nothing.
    EmptyIndex(Family),
}

/// What other tools would be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The lines, each to be run after the one before.
    pub lines: Vec<Line>,
    /// The edits that no tool here can make, counted from 1.
    pub left_out: Vec<usize>,
}

impl Start {
    /// An image or index in a registry, as it was read.
    #[must_use]
    pub fn of(image: Image, read: &edit::Image) -> Self {
        if read.is_index() {
            return Self::Index(image);
        }
        let config = read.config().and_then(|config| Config::read(config, "config").0);
        Self::Image { image, platform: config.map(|config| config.platform) }
    }
}
