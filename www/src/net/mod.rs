//! The page's way to registries: fetch, through the server's proxy.
//!
//! [`fetch`] sends one request and streams its body, [`pieces`] reads such a stream, [`transport`]
//! does so for the library, [`address`] says where on this origin a registry's URL is asked for, [`seals`] remembers which URLs the proxy will follow,
//! [`stream`] reads one blob across broken connections, [`relay`] has one sent that is not here, [`slots`] lets at most four blobs of a
//! host flow at once, [`registries`] keeps one client per registry with its logins, and [`machine`] says for
//! which ones this machine has a login.

pub mod address;
pub mod clock;
pub mod fetch;
pub mod machine;
pub mod pieces;
pub mod place;
pub mod problem;
pub mod registries;
pub mod relay;
pub mod seals;
pub mod shared;
pub mod slots;
pub mod stream;
pub mod transport;
pub mod upload;
