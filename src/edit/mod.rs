//! New images from old.
//!
//! ```text
//! Image (documents that were loaded) + Draft (edits as data) + Context (built layers, time, bases)
//!   -> apply -> Change: new documents and descriptors, needed content, what is lost, findings
//!
//! Change.pending -> build each Recipe (Materials, Destination) -> Context.built -> apply again
//!   -> final digests
//! ```
//!
//! A [`Draft`] is a base and a list of [`Edit`]s. It is plain data: it is shown, undone
//! ([`History`]), stored, put into a [`link`] and replayed; the same draft on the same base gives the
//! same bytes everywhere. [`apply`] does the edits on the JSON of the documents themselves, so that
//! whatever no edit is about stays: unknown fields, their order, how numbers are written, and of a
//! document that no edit touches every byte. An edit of an index is done to each image in its
//! [`Scope`], never to attestations, and the index is written anew around them.
//!
//! An edit that needs a new layer leaves a [`Recipe`], which may take the layers of other recipes;
//! [`Change::pending`] says what is still to be [built](build()), which takes its time. Until then the
//! change shows everything else, and what depends on the missing layers has a
//! [provisional](is_provisional) digest.
//!
//! Documents may be so long that edits are done elsewhere than they are shown: [`parcel`] takes an
//! image there and the change back, [`view`] is what is shown of it.
//!
//! Nothing here knows registries: [`attach()`] and the list of referrers in [`fallback`] only make
//! documents.

mod action;
mod annotations;
mod apply;
mod attach;
mod attempt;
mod bases;
mod breaks;
mod build;
mod change;
mod check;
mod compare;
mod config;
mod contents;
mod convert;
mod draft;
mod editable;
mod env;
mod error;
pub mod fallback;
mod family;
mod finish;
mod from_graph;
mod image;
mod incomplete;
mod index;
mod layer;
mod layers;
pub mod link;
mod new_files;
mod node;
pub mod parcel;
mod patch;
mod pending;
mod pinned;
mod plain;
pub mod present;
mod raw;
mod rebase;
mod recipe;
mod rework;
mod scope;
mod session;
mod settle;
mod shared;
mod steps;
mod stored;
mod style;
mod summary;
mod taken;
#[cfg(test)]
mod test_support;
mod time;
mod tree;
mod undo;
pub mod values;
pub mod view;
mod work;

pub use action::{
    Action, Annotated, AttachEdit, AttachTo, AttachedFile, BaseAnnotations, ConfigEdit, IndexEdit,
    LayerEdit, LayerInput, RawDocument, Rebase, Which,
};
pub use apply::{apply, recipes};
pub use attach::{attach, referrer_descriptor};
pub use attempt::{Attempt, Refused, Seen, attempt};
pub use bases::Bases;
pub use breaks::with_breaks_of;
pub use build::{Made, build};
pub use change::{Change, ChangedDocument, Lost, NeededBlob, NewReferrer, Origin};
pub use compare::{Difference, LayerFacts, SameBy, compare};
pub use contents::{Content, Contents};
pub use draft::{Base, Draft, Edit};
pub use editable::is_provisional;
pub use env::{EnvMerge, merge as merge_env};
pub use error::{EditError, Reason};
pub use family::Family;
pub use image::{Attached, Image, ImageError};
pub use incomplete::{Incomplete, UnreadFile};
pub use new_files::{ChosenFile, Executable, FileTimes, NewFiles, placed};
pub use patch::{last_change, together};
pub use pending::{Built, build_pending};
pub use pinned::{Pinned, PinnedError};
pub use plain::{pack_plain, pack_plain_of};
pub use recipe::{Input, Packing, Recipe, RecipeId, TimeRule};
pub use scope::Scope;
pub use session::{Answer, Blocked, Order, Saved, Session, State};
pub use shared::Context;
pub use stored::{Alteration, FileFate, StoredDraft};
pub use summary::{removed, written};
pub use taken::{Placed, absent_everywhere, placed_layers};
pub use time::{Time, TimeError};
pub use undo::{History, Step};
