//! One line per proxied request, without anything a registry or user would call secret: no
//! names of repositories, no queries, no headers.

use std::time::Instant;

use http::{Method, StatusCode};

/// What is known of a request; written when it is over.
pub(crate) struct Record {
    started: Instant,
    method: Method,
    host: String,
    shape: &'static str,
    status: u16,
    bytes: u64,
    written: bool,
}

impl Record {
    pub(crate) fn new(method: &Method) -> Self {
        Self {
            started: Instant::now(),
            method: method.clone(),
            host: String::new(),
            shape: "",
            status: 0,
            bytes: 0,
            written: false,
        }
    }

    /// One that has nothing left to write.
    pub(crate) fn written() -> Self {
        let mut record = Self::new(&Method::GET);
        record.written = true;
        record
    }

    pub(crate) fn target(&mut self, host: String, shape: &'static str) {
        self.host = host;
        self.shape = shape;
    }

    pub(crate) fn status(&mut self, status: StatusCode) {
        self.status = status.as_u16();
    }

    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    pub(crate) fn complete(&mut self) {
        self.write("complete");
    }

    pub(crate) fn broken(&mut self, why: &str) {
        self.write(why);
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
            target: "drydock::proxy",
            method = %self.method,
            host = self.host,
            path = self.shape,
            status = self.status,
            bytes = self.bytes,
            ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            end,
        );
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.write("the page went away");
    }
}
