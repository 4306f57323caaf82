//! What the proxy lets through, decided without IO.
//!
//! Every question that a hostile page, registry or network could turn into damage is answered
//! here, by functions of their arguments alone: no socket, clock, randomness or runtime. The
//! server in [`crate::forward`] asks, and does nothing that these modules did not allow; another
//! host (an edge runtime, say) could ask the same modules.

pub mod address;
pub mod allow;
pub mod header;
pub mod link;
pub mod login;
pub mod origin;
pub mod path;
pub mod redirect;
pub mod seal;
pub mod target;

mod refusal;

pub use refusal::{Code, Refusal};
