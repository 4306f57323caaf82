//! The edits of a draft, as other tools would make them: one line after the other.

mod edited;
mod lines;
mod mutate;
mod script;

pub use edited::{Edited, Script, Start};
