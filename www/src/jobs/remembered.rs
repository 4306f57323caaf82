//! What this browser remembers of the layers that were read in it.

pub use crate::disk::layers::{Remembered, USUAL, clear, remembered, set_limit};
