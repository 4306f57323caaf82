//! The scratch registry: [distribution-spec] 1.1 over one OCI image layout per repository, in
//! memory or in a directory on disk.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! let store = drydock_registry::Store::directory("/var/lib/scratch")?;
//! drydock_registry::sample::install(&store)?;
//! let app: axum::Router = drydock_registry::router(store);
//! # Ok(()) }
//! ```
//!
//! It is made for one person's machine and for tests: whoever reaches it may push and delete, unless
//! [`Access`] asks for a login. With the feature
//! `faults` rules make it misbehave in the ways real registries do.
//!
//! [distribution-spec]: https://github.com/opencontainers/distribution-spec

#![warn(missing_docs)]

mod access;
#[cfg(feature = "faults")]
mod faults;
mod gc;
mod http;
pub mod limits;
pub mod sample;
mod store;

pub use access::{Access, Logins};
#[cfg(feature = "faults")]
pub use faults::{Action, Faults, Lost, Rule, UploadRange};
pub use gc::{Garbage, UnusedBlob};
pub use http::{range, router};
pub use store::{Refusal, Role, Store, beneath};
