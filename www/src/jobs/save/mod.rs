//! Images and their files as one file on the user's computer.
//!
//! What is saved is first only planned, so that its size is known. Where the browser lets the user
//! choose a place, the bytes go there as they come; else they gather on the browser's own disk and
//! are then saved like a download.

mod archive;
mod goal;
mod tree;

pub use archive::{Planned, plan, write};
pub use goal::{Goal, can_write_folders, file_name};
pub use tree::{folder, measure};

pub use crate::worker::tree_job::Measured;
pub use drydock::commands::Form;
