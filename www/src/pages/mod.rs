//! One module per page. Pages show what the library has read and parse nothing themselves.
#![allow(
    clippy::needless_pass_by_value,
    unreachable_pub,
    reason = "a component owns its properties, and the macro makes its items pub"
)]

pub mod data;
pub mod image;
pub mod model;
pub mod parts;

mod artifact;
mod commands;
mod compare;
mod copy;
mod documents;
mod drafts;
mod edit;
mod files;
mod graph;
mod home;
mod layers;
mod loaded;
mod local;
mod login;
mod overview;
mod packages;
mod reading;
mod registry;
mod said;
mod search;
mod shown;
mod space;
mod tags;
mod token;
mod transfer;
mod trouble;
mod verify;

pub use home::HomePage;
pub use local::{Opening, OpeningBar};
