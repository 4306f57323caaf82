//! One line per request, without anything a registry or user would call secret: no names of
//! repositories, no queries, no headers.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use http::{Method, StatusCode};

use crate::status::Status;

/// What is known of a request; written when it is over.
pub(crate) struct Record {
    counts: Arc<Status>,
    part: &'static str,
    started: Instant,
    client: IpAddr,
    method: Method,
    host: String,
    shape: &'static str,
    status: u16,
    bytes: u64,
    sent: Arc<AtomicU64>,
    written: bool,
}

impl Record {
    /// A request that begins. `sent` counts the bytes of its body.
    pub(crate) fn new(
        counts: Arc<Status>,
        client: IpAddr,
        method: &Method,
        sent: Arc<AtomicU64>,
    ) -> Self {
        counts.running.inc();
        Self {
            counts,
            part: "none",
            started: Instant::now(),
            client,
            method: method.clone(),
            host: String::new(),
            shape: "",
            status: 0,
            bytes: 0,
            sent,
            written: false,
        }
    }

    /// Which part of the server it is for.
    pub(crate) fn part(&mut self, part: &'static str) {
        self.part = part;
    }

    /// Whom the request is for, and its path with the variable parts left out.
    pub(crate) fn target(&mut self, host: impl Into<String>, shape: &'static str) {
        self.host = host.into();
        self.shape = shape;
    }

    pub(crate) fn status(&mut self, status: StatusCode) {
        self.status = status.as_u16();
    }

    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// Bytes of the answer so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn complete(&mut self) {
        self.write("complete", "complete");
    }

    pub(crate) fn broken(&mut self, why: &str) {
        self.write("broken", why);
    }

    /// One that another part of the server writes.
    pub(crate) fn take(&mut self) -> Self {
        let counts = Arc::clone(&self.counts);
        let mut rest = Self::new(counts, self.client, &self.method, Arc::clone(&self.sent));
        rest.written = true;
        rest.counts.running.dec();
        std::mem::replace(self, rest)
    }

    pub(crate) fn refused(mut self, code: &'static str, status: StatusCode) {
        self.status(status);
        self.write(code, code);
    }

    fn write(&mut self, kind: &'static str, end: &str) {
        if std::mem::replace(&mut self.written, true) {
            return;
        }
        self.counts.running.dec();
        let (took, sent) = (self.started.elapsed(), self.sent.load(Ordering::Relaxed));
        self.counts.count(self.part, (self.status, kind), took, (sent, self.bytes));
        tracing::info!(
            target: "drydock::request",
            client = %self.client,
            method = %self.method,
            host = self.host,
            path = self.shape,
            status = self.status,
            bytes = self.bytes,
            sent,
            ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            end,
        );
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.write("left", "the client went away");
    }
}
