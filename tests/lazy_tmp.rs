#![allow(dead_code, unused)]
#![allow(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]
#[path = "it/layer_support.rs"]
mod layer_support;
#[path = "it/lazy_support.rs"]
mod lazy_support;
#[path = "it/layer_lazy.rs"]
mod layer_lazy;
#[path = "it/layer_lazy_hostile.rs"]
mod layer_lazy_hostile;
