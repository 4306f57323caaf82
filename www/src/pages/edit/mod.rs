//! Editing: a draft on what is shown, what becomes of it, and its push.

mod complete;
mod context;
mod state;

pub use state::Editing;
