//! The server's tests: the policy's tables, and the whole server over real sockets on loopback.
//! The case ids (P1 …) are those of the project's list of attacks on registry proxies.

// The helpers of a test may stop it like the test itself.
#![allow(clippy::unwrap_used)]

mod address;
mod apply;
mod apply_images;
mod apply_platforms;
mod assets;
mod bodies;
mod closed;
mod connections;
mod crowds;
mod files_at_once;
mod headers;
mod layers;
mod load;
mod logins;
mod logs;
mod program;
mod protocol;
mod redirected_uploads;
mod redirects;
mod relay;
mod scratch;
mod seals;
mod senders;
mod server;
mod shell;
mod shell_space;
mod status;
mod support;
mod urls;
mod verify_platforms;
