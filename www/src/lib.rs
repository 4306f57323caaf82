//! The page, and the worker behind it.
//!
//! ```text
//! address -> route -> app -> pages -> components      (Leptos, the main thread)
//!                             |
//!                             jobs -> net, worker      (no Leptos)
//! ```

pub mod actions;
pub mod app;
pub mod chosen;
pub mod components;
pub mod disk;
pub mod history;
pub mod jobs;
pub mod later;
pub mod leaving;
pub mod net;
pub mod pages;
pub mod route;
pub mod state;
pub mod worker;

/// Starts the page, in place of what the document shows until then.
pub fn start() {
    console_error_panic_hook::set_once();
    if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(app::App);
}
