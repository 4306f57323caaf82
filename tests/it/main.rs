//! The library from outside, and what must hold of all sources.

mod architecture;
mod image_graph;
mod image_support;
mod inspect_dockerfile;
mod inspect_tree;
mod layer_codec;
mod layer_compress;
mod layer_flatten;
mod layer_flatten_peers;
mod layer_index;
mod layer_overlay;
mod layer_peers;
mod layer_rewrite;
mod layer_support;
mod layer_tar;
mod layer_write;
mod registry_auth;
mod registry_ops;
mod registry_scratch;
mod registry_script;
mod spec_cases;
mod verify_report;
mod write_support;
