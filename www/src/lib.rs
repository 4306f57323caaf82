//! The page, and the worker behind it.
//!
//! ```text
//! address -> route -> app -> pages -> components      (Leptos, the main thread)
//!                             |
//!                             jobs -> net, worker      (no Leptos)
//! ```
//!
//! The worker is compiled without the feature `page`, so without all that only the page has.

#[cfg(feature = "page")]
pub mod actions;
#[cfg(feature = "page")]
pub mod app;
pub mod chosen;
#[cfg(feature = "page")]
pub mod components;
pub mod disk;
#[cfg(feature = "page")]
pub mod history;
#[cfg(feature = "page")]
pub mod jobs;
#[cfg(feature = "page")]
pub mod later;
#[cfg(feature = "page")]
pub mod leaving;
pub mod net;
#[cfg(feature = "page")]
pub mod pages;
pub mod route;
#[cfg(feature = "page")]
pub mod state;
pub mod worker;

/// Starts the page, in place of what the document shows until then.
#[cfg(feature = "page")]
pub fn start() {
    console_error_panic_hook::set_once();
    if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(app::App);
}
