//! What people ask of an image: how it was made, what is in it.

pub mod dockerfile;
pub mod listing;
pub mod media;
pub mod model;
pub mod tags;
pub mod tree;
