//! One line per request, without anything a registry or user would call secret: no names of
//! repositories, no queries, no headers.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use http::{Method, StatusCode};

/// What is known of a request; written when it is over.
pub(crate) struct Record {
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
    pub(crate) fn new(client: IpAddr, method: &Method, sent: Arc<AtomicU64>) -> Self {
        Self {
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
        self.write("complete");
    }

    pub(crate) fn broken(&mut self, why: &str) {
        self.write(why);
    }

    /// One that another part of the server writes.
    pub(crate) fn take(&mut self) -> Self {
        let mut rest = Self::new(self.client, &self.method, Arc::clone(&self.sent));
        rest.written = true;
        std::mem::replace(self, rest)
    }

    pub(crate) fn refused(mut self, code: &'static str, status: StatusCode) {
        self.status(status);
        self.write(code);
    }

    fn write(&mut self, end: &str) {
        if std::mem::replace(&mut self.written, true) {
            return;
        }
        tracing::info!(
            target: "drydock::request",
            client = %self.client,
            method = %self.method,
            host = self.host,
            path = self.shape,
            status = self.status,
            bytes = self.bytes,
            sent = self.sent.load(Ordering::Relaxed),
            ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            end,
        );
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.write("the client went away");
    }
}
