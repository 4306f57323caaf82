//! Typed views of the documents of the image-spec, one page of it per file.
//!
//! A view is read from a document's JSON value and never instead of it: unknown fields stay in the
//! document, and whatever is wrong becomes a [`Finding`](crate::finding::Finding) while reading
//! goes on. [`read`] decides what a document is and reads it.

mod classify;
mod config;
mod descriptor;
pub mod fallback;
mod fields;
mod index;
mod manifest;
mod schema1;

pub use classify::{Claims, ReadDocument, View, classify, read, too_large};
pub use config::{Config, Healthcheck, History, RunConfig};
pub use descriptor::{check_data, read_descriptor};
pub(crate) use fields::{the, the_capital};
pub use index::Index;
pub use manifest::{LayerDescriptor, Manifest};
pub use schema1::{Schema1, signed_payload};
