//! The registry as its clients meet it, without sockets; `tools` with them.

mod access;
mod api;
mod bounds;
mod content;
mod faults;
mod gc;
mod layouts;
mod many;
mod sample;
#[cfg(unix)]
mod strangers;
mod tools;
mod uploads;
