//! Which rows are asked for?

use serde::{Deserialize, Serialize};

/// Which tree is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "layer")]
pub enum Scope {
    /// All layers on top of each other. Statuses compare with the base layer.
    #[default]
    Merged,
    /// One layer as it stands in its tar, whiteouts as files; counted from 1 at the base.
    Layer(usize),
    /// What one layer added, changed and removed; counted from 1 at the base.
    Changes(usize),
}

/// In which order entries of a directory are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sort {
    /// By the bytes of the name.
    #[default]
    Name,
    /// The largest first; a directory counts with all that is in it.
    Size,
}

/// What became of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It was not there before.
    Added,
    /// It was something else before.
    Changed,
    /// It is there no more.
    Removed,
    /// Nothing happened to it.
    #[default]
    Same,
}

/// Which statuses are listed. Directories above a listed path are always listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Paths that were added.
    pub added: bool,
    /// Paths that were changed.
    pub changed: bool,
    /// Paths that were removed; off at first in [`Scope::Merged`], where they are no part of the
    /// image.
    pub removed: bool,
    /// All others.
    pub same: bool,
}

/// All that decides which rows there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Query {
    /// Which tree.
    pub scope: Scope,
    /// Words, paths from the root (`/etc`) and patterns (`*.conf`) that must all fit; case is ignored.
    /// Empty for all.
    pub filter: String,
    /// Order.
    pub sort: Sort,
    /// Statuses.
    pub shown: Shown,
}

impl Default for Query {
    fn default() -> Self {
        Self::of(Scope::Merged)
    }
}

impl Query {
    /// Everything that belongs to a scope, by name.
    #[must_use]
    pub fn of(scope: Scope) -> Self {
        let removed = scope != Scope::Merged;
        let shown = Shown { added: true, changed: true, removed, same: true };
        Self { scope, filter: String::new(), sort: Sort::Name, shown }
    }
}

impl Shown {
    pub(super) fn has(self, status: Status) -> bool {
        match status {
            Status::Added => self.added,
            Status::Changed => self.changed,
            Status::Removed => self.removed,
            Status::Same => self.same,
        }
    }
}
