//! What the library makes of images, judged by the tools of the field: crane makes the same by its
//! own means, umoci unpacks, skopeo copies, oras and regctl find what is attached.
//!
//! Each product is pushed by the library to the registries that people run, and judged there
//! ([`judges`]), whatever else its test looks at. Where crane is wrong the test shows its answer
//! beside ours.

mod append;
mod cases;
mod commands;
mod compared;
mod documents;
mod edited;
mod export;
mod fixed;
mod flatten;
mod images;
mod judges;
mod lazy;
mod mutate;
mod peers;
mod rebase;
mod recipes;
mod referrers;
mod table;
mod tools;
mod trees;
mod wire;

#[allow(dead_code, reason = "shared with the tests in `it`, which use all of it")]
#[path = "../it/archive_support.rs"]
mod archive_support;
#[allow(dead_code, reason = "shared with the tests in `it`, which use all of it")]
#[path = "../it/image_support.rs"]
mod image_support;
#[allow(dead_code, reason = "shared with the tests in `it`, which use all of it")]
#[path = "../it/layer_support.rs"]
mod layer_support;
#[allow(dead_code, reason = "shared with the tests in `it`, which use all of it")]
#[path = "../it/registry_script.rs"]
mod registry_script;
#[allow(dead_code, reason = "shared with the tests in `it`, which use all of it")]
#[path = "../it/write_support.rs"]
mod write_support;
