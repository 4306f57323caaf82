//! Drydock's library: OCI images without IO.
//!
//! Everything here is a machine over bytes and plain data. It knows no socket, file, clock, browser
//! or proxy; the only edges to the world are two traits, `Transport` for registries and `ReadAt` for
//! archives. It builds natively and for wasm32.

pub mod archive;
pub mod commands;
pub mod descriptor;
pub mod digest;
pub mod document;
pub mod edit;
pub mod finding;
pub mod image;
pub mod inspect;
pub mod json;
pub mod layer;
pub mod limits;
pub mod lru;
pub mod media_type;
pub mod platform;
pub mod reference;
pub mod registry;
pub mod source;
pub mod spec;
pub mod transfer;
pub mod verify;
