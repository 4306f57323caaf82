//! What reads input from outside, each as a function of bytes that must neither panic nor contradict
//! itself. `programs/` gives them to libFuzzer, `tests/corpus.rs` runs them over their corpora.

mod documents;
mod layers;
#[allow(dead_code, unreachable_pub, clippy::all)]
// Pure, and compiled by itself: with the server's sockets and TLS around it, it would take minutes.
#[path = "../../proxy/src/policy/mod.rs"]
mod policy;
mod proxy;
pub mod seeds;
mod tables;
mod texts;

pub use documents::{docker_config, draft_link, index, json_tree, manifest};
pub use layers::{archive, gzip, index_format, overlay, partial, tar, zstd};
pub use proxy::{proxy_seal, proxy_target};
pub use tables::toc;
pub use texts::{challenge, link, reference};

/// A target.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("reference", reference),
    ("challenge", challenge),
    ("link", link),
    ("json_tree", json_tree),
    ("manifest", manifest),
    ("index", index),
    ("gzip", gzip),
    ("zstd", zstd),
    ("tar", tar),
    ("toc", toc),
    ("index_format", index_format),
    ("overlay", overlay),
    ("partial", partial),
    ("archive", archive),
    ("proxy_target", proxy_target),
    ("proxy_seal", proxy_seal),
    ("draft_link", draft_link),
    ("docker_config", docker_config),
];
