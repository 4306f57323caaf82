//! Every limit that somebody outside can meet. Values without a flag are fixed.

use std::time::Duration;

/// Header fields of one request or answer.
pub const MAX_HEADERS: usize = 100;
/// The request line and header fields of a request, in bytes.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The status line and header fields of a registry's answer, in bytes.
pub const MAX_UPSTREAM_HEAD_BYTES: usize = 32 * 1024;
/// Path and query of a request, in bytes.
pub const MAX_URL_BYTES: usize = 8 * 1024;
/// What is read ahead of one client, in bytes.
pub const CLIENT_BUFFER_BYTES: usize = 64 * 1024;
/// What is read ahead of one registry connection, in bytes.
pub const UPSTREAM_BUFFER_BYTES: usize = 32 * 1024;

/// The list of files of one layer that is kept, in bytes.
pub const LAYER_ENTRIES_BYTES: u64 = 256 << 20;
/// The places in one layer that it can be read from, in bytes.
pub const LAYER_WINDOWS_BYTES: u64 = 1 << 30;
/// What either counts for beside its bytes: there may be only so many.
pub const LAYER_ITEM_BYTES: u64 = 4096;

/// Files that the server needs for itself: its page, the scratch registry, kept connections.
const SPARE_FILES: u64 = 128;

/// How long things may take.
#[derive(Debug, Clone)]
pub struct Times {
    /// A name to addresses.
    pub dns: Duration,
    /// All tries to connect together.
    pub connect: Duration,
    /// A TLS handshake.
    pub tls: Duration,
    /// From the request to the head of the answer.
    pub head: Duration,
    /// From the last byte of an upload to the head of the answer: registries store the blob now.
    pub commit: Duration,
    /// Between two pieces of a body, whoever sends it.
    pub idle: Duration,
    /// Between two pieces that a client takes of an answer.
    pub stall: Duration,
    /// A body that is waited for must bring this many bytes per second on average, …
    pub floor: u64,
    /// … over this time of waiting.
    pub floor_window: Duration,
    /// A body from its first to its last byte, either way.
    pub body: Duration,
    /// What is left of a request's body that nobody wants, so that its sender sees the answer.
    pub unwanted: Duration,
    /// The head of a client's request, and the time that a connection may have none.
    pub client_head: Duration,
    /// Running transfers, after the server was told to stop.
    pub drain: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            dns: Duration::from_secs(5),
            connect: Duration::from_secs(10),
            tls: Duration::from_secs(10),
            head: Duration::from_secs(30),
            commit: Duration::from_secs(300),
            idle: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            floor: 1024,
            floor_window: Duration::from_secs(60),
            body: Duration::from_secs(6 * 60 * 60),
            unwanted: Duration::from_secs(30),
            client_head: Duration::from_secs(10),
            drain: Duration::from_secs(30),
        }
    }
}

/// How many clients may be connected.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// All together.
    pub total: usize,
    /// From one address (IPv6: one /64), this machine's own aside.
    pub per_address: usize,
    /// How many proxies stand in front of this server. Behind any, all connections are theirs.
    pub trusted_hops: usize,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { total: 4096, per_address: 256, trusted_hops: 0 }
    }
}

impl Crowd {
    /// No more than the files that this process may have open let it serve: a transfer takes two.
    #[must_use]
    pub fn within(self, files: Option<u64>) -> Self {
        let room = files.map_or(usize::MAX, |files| {
            usize::try_from(files.saturating_sub(SPARE_FILES) / 2).unwrap_or(usize::MAX)
        });
        Self { total: self.total.min(room).max(1), ..self }
    }
}

/// How long answers may be, in bytes. Blobs have no limit: they are streamed.
#[derive(Debug, Clone)]
pub struct Sizes {
    /// Manifests and indexes.
    pub manifest: u64,
    /// Tags, referrers, catalog.
    pub list: u64,
    /// What a token service answers.
    pub token: u64,
    /// The text of an error.
    pub error: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            manifest: 4 * 1024 * 1024,
            list: 32 * 1024 * 1024,
            token: 64 * 1024,
            error: 64 * 1024,
        }
    }
}

/// How much one client, and all together, may ask of the proxy. Clients on this machine have no
/// limit.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Requests per second of one client, on average.
    pub per_second: f64,
    /// Requests that one client may save up.
    pub burst: f64,
    /// Requests of one client at once.
    pub concurrent: u32,
    /// Requests of all clients at once.
    pub concurrent_total: u32,
    /// How many proxies stand in front of this server and append to `X-Forwarded-For`.
    pub trusted_hops: usize,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            per_second: 20.0,
            burst: 60.0,
            concurrent: 32,
            concurrent_total: 1000,
            trusted_hops: 0,
        }
    }
}
