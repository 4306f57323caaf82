//! The library from outside, and what must hold of all sources.

mod architecture;
mod edit_bugs;
mod edit_config;
mod edit_documents;
mod edit_index;
mod edit_layers;
mod edit_link;
mod edit_properties;
mod edit_rebase;
mod edit_support;
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
mod registry_auth;
mod registry_ops;
mod registry_scratch;
mod registry_script;
mod spec_cases;
mod verify_report;
