//! Work away from the main thread: layers and trees.
//!
//! [`protocol`] is all that crosses the border, [`port`] carries it, [`pool`] runs the workers from
//! the page's side, [`entry`] is the worker's own loop, and each `*_job` module is one kind of work.
//! [`child`] is what a worker has parts of its work done by.
//! Nothing here uses Leptos, so that the worker's binary does without it.

mod blob_job;
mod build_job;
mod child;
mod diff_job;
mod edit_job;
pub mod entry;
mod export_job;
mod file_job;
mod gather_job;
mod growing_blob;
mod input;
mod kept_tar;
mod layer_job;
mod list_job;
mod memory;
mod meter;
mod output;
pub mod packages_job;
mod packing;
#[cfg(feature = "page")]
pub mod pool;
pub mod port;
pub mod protocol;
mod recall_job;
mod search_job;
mod shared_job;
mod supply;
mod tar_digest;
pub mod tree_job;
mod unpack_job;
mod window;

/// The build that this code is of: a page and its workers must be of the same one.
pub(crate) const BUILD: &str = env!("DRYDOCK_BUILD");

/// Where the script lies with which every worker begins, and which takes the compiled program.
const SCRIPT: &str = "/-/assets/worker_start.js";

/// How far one blob has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Bytes of the blob that have arrived.
    pub downloaded: u64,
    /// Bytes of the tar that came out of them.
    pub unpacked: u64,
    /// Entries of the tar so far; provisional until the layer is done.
    pub entries: u64,
    /// Bytes of the blob per second, over the last moments.
    pub rate: f64,
    /// Tries after the connection broke; 0 as long as it never did.
    pub resumed: u32,
}
