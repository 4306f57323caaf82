//! The Drydock server: one process that serves the page, forwards its requests to registries,
//! and hosts the scratch registry.
//!
//! The proxy exists because registries send no CORS headers. It forwards HTTP under a policy
//! and keeps no credentials, tokens or bodies, so any number of replicas can stand side by side.
//! Only for the person before its own machine it may add the logins that docker has there.
//!
//! | path | answered by |
//! |---|---|
//! | `/v2/…` | the scratch registry ([`scratch`]) |
//! | `/-/proxy/<scheme>/<host[:port]>/<path>` | the proxy ([`forward`], under [`policy`]) |
//! | either of those, with `X-Drydock-From` | both, one for the body of the other (`relay`) |
//! | `/-/healthz`, `/-/readyz` | how the server is doing ([`status`]) |
//! | `/-/config` | what the page has to know of this server ([`app`]) |
//! | `/-/logins` | the names of the registries that this machine has logins for ([`logins`]) |
//! | `/-/layers/<digest>/<part>` | what tabs have found out about layers ([`layers`]) |
//! | `/-/assets/…` | the page's files ([`assets`]) |
//! | everything else | the page, which reads the path itself |

pub mod app;
pub mod assets;
pub mod config;
pub mod connections;
pub mod files;
pub mod forward;
pub mod gate;
mod incoming;
pub mod layers;
pub mod layout;
pub mod limits;
mod log;
pub mod logins;
mod outgoing;
mod pace;
mod plain;
pub mod policy;
mod refuse;
mod relay;
pub mod scratch;
pub mod serve;
pub mod shell;
mod socket;
pub mod status;

pub use app::app;
