//! Which images of an index is an edit done to?

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::platform::{self, Platform};

/// Which images of an index an edit is done to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// All of them.
    #[default]
    All,
    /// Those for one of these platforms.
    Platforms(Vec<Platform>),
}

impl Scope {
    /// Whether it leaves no image out.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// The scope as it is meant of an image with these platforms ([`platform::meant`]).
    pub(super) fn among(&self, all: &[Platform]) -> Self {
        match self {
            Self::All => Self::All,
            Self::Platforms(wanted) => {
                let all: Vec<&Platform> = all.iter().collect();
                Self::Platforms(platform::meant(&all, wanted).into_iter().cloned().collect())
            }
        }
    }

    /// Whether an image is one of those of a scope that was made [`among`](Self::among) all.
    pub(super) fn covers(&self, platform: Option<&Platform>) -> bool {
        match self {
            Self::All => true,
            Self::Platforms(these) => {
                these.iter().any(|one| Platform::are_same(Some(one), platform))
            }
        }
    }

    /// Whether an image may be in the scope, when the others are not known.
    pub(super) fn may_cover(&self, platform: &Platform) -> bool {
        match self {
            Self::All => true,
            Self::Platforms(wanted) => wanted.iter().any(|wanted| platform.matches(wanted)),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all platforms"),
            Self::Platforms(platforms) if platforms.is_empty() => f.write_str("no platform"),
            Self::Platforms(platforms) => {
                let names: Vec<String> = platforms.iter().map(ToString::to_string).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}
