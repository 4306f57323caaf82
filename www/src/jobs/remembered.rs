//! What this browser remembers of layers that were read in it.

pub use super::tree::is_shared;
pub use crate::disk::layers::{Remembered, USUAL, clear, remembered, set_limit};
