//! The library from outside, and what must hold of all sources.

mod architecture;
mod image_graph;
mod image_support;
mod inspect_dockerfile;
mod inspect_tree;
mod layer_codec;
mod layer_index;
mod layer_overlay;
mod layer_peers;
mod layer_support;
mod layer_tar;
mod peer;
mod registry_auth;
mod registry_ops;
mod registry_push;
mod registry_scratch;
mod registry_script;
mod registry_upload;
mod spec_cases;
mod verify_report;
