//! The registry as its clients meet it, without sockets; `tools` with them.

mod api;
mod content;
mod faults;
mod layouts;
mod sample;
mod tools;
mod uploads;
