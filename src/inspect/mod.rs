//! What people ask of an image: how it was made, what is in it.

pub mod dockerfile;
pub mod gate;
pub mod listing;
pub mod media;
pub mod model;
pub mod notable;
pub mod packages;
pub mod search;
pub mod space;
pub mod tags;
pub mod tree;
