//! How far is a view of a draft, and what is to be done next?

use std::sync::Arc;

use crate::edit::attempt::{Refused, Seen};
use crate::edit::change::Change;
use crate::edit::view::FormContext;

/// How far what becomes of the draft is known. `P` says what went wrong outside of the edits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State<P> {
    /// No draft was asked for yet.
    Closed,
    /// The draft is looked for.
    Opening,
    /// The documents of the images that it is made of are loaded.
    Loading,
    /// Its edits are done; what is known is about the draft as it was.
    Asking,
    /// All is known of the draft as it is, but for layers that are still to be built.
    Known,
    /// It is not known, and why.
    Failed(P),
}

/// What is to be done next; numbers say which question it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Look for the draft of a name, or begin one on the base: [`Session::found`](super::Session::found).
    Find(u64, String),
    /// Load the documents of the images that the draft is made of: [`Session::loaded`](super::Session::loaded).
    Load(u64),
    /// Do its edits, for the platform that is shown: [`Session::answered`](super::Session::answered).
    Ask(u64),
    /// Build the layers that are still to be built: [`Session::built`](super::Session::built), [`Session::finished`](super::Session::finished).
    Build(u64),
    /// Build no longer.
    Stop,
    /// Keep the draft, unless it is no longer [the latest](super::Session::is_latest):
    /// [`Session::saved`](super::Session::saved).
    Keep(u64),
    /// Read what somebody else has kept: [`Session::theirs`](super::Session::theirs).
    CatchUp,
}

/// What the edits lead to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What comes of them, or of those before the first that can't be done.
    pub change: Option<Arc<Change>>,
    /// Why they can't all be done.
    pub refused: Option<Refused>,
    /// What they make of the platform that is shown.
    pub seen: Arc<Seen>,
    /// What forms begin with.
    pub form: Option<Arc<FormContext>>,
}

/// What came of keeping a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is kept, as this revision.
    Kept(u64),
    /// Somebody else has kept something newer, which stays.
    Behind,
}

/// Why the result can't be pushed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// Something went wrong before there was a result.
    Failed,
    /// There is no result yet.
    Reading,
    /// An edit can't be done.
    Refused,
    /// So many layers are still to be built.
    Building(usize),
    /// The result is that of the draft as it was.
    Asking,
}

impl Answer {
    /// What comes of the edits, when all of them can be done.
    #[must_use]
    pub fn whole(&self) -> Option<&Arc<Change>> {
        self.change.as_ref().filter(|_| self.refused.is_none())
    }
}
