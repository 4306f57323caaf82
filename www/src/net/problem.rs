//! What went wrong, in a form that crosses the border between workers and page.

use drydock::registry::{Error, TransportErrorKind};
use serde::{Deserialize, Serialize};

/// Why work ended without its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// The sentence to show: what was expected and what came.
    pub message: String,
    /// What to do about it; empty when the sentence says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advice: String,
    /// The host that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Seconds after which the other side said to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// Kinds of problems that a page treats differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The browser has no network, or this server can't be reached.
    Offline,
    /// The connection broke, and did so again each time it was tried.
    Cut,
    /// This server's proxy refused or failed; the code of its `X-Drydock-Error`.
    Proxy(String),
    /// A login is needed, or the one given is not accepted (401).
    Login,
    /// The registry wants the login to go to this host, to which the user has not agreed yet
    /// (`Registry::accept_realm`).
    Consent(String),
    /// The login has no right to it (403).
    Denied,
    /// The registry has no such thing (404).
    NotFound,
    /// Too many requests (429).
    RateLimited,
    /// The registry failed (5xx), or answered what it should not.
    Registry,
    /// Bytes came that are not what their digest or their reader expects.
    Content,
    /// A worker ended in the middle, mostly for lack of memory.
    Worker,
    /// The user or the page stopped it.
    Stopped,
}

impl Problem {
    /// A problem with its sentence.
    #[must_use]
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), advice: String::new(), host: None, retry_after: None }
    }

    /// Names the host that it is about.
    #[must_use]
    pub fn at(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// A connection that broke when so many bytes had come, of all that are to come where that is
    /// known; earlier connections for the same bytes count.
    #[must_use]
    pub fn cut(came: u64, of: Option<u64>) -> Self {
        let message = match (came, of) {
            (0, _) => "The connection broke before anything came. Try again.".to_owned(),
            (came, Some(of)) => {
                format!("The connection broke after {came} of {of} bytes. Try again.")
            }
            (came, None) => format!("The connection broke after {came} bytes. Try again."),
        };
        Self::new(ProblemKind::Cut, message)
    }

    /// Work that nobody waits for any more.
    #[must_use]
    pub fn stopped() -> Self {
        Self::new(ProblemKind::Stopped, "This was stopped before it was done.")
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Unauthorized { .. } => ProblemKind::Login,
            Error::ConsentNeeded { realm_host, .. } => ProblemKind::Consent(realm_host.clone()),
            Error::Denied { .. } => ProblemKind::Denied,
            Error::NotFound { .. } => ProblemKind::NotFound,
            Error::RateLimited { .. } => ProblemKind::RateLimited,
            Error::Mismatch { .. } => ProblemKind::Content,
            Error::Transport { error, .. } => match &error.kind {
                TransportErrorKind::Refused(code) if code == "rate-limited" => {
                    ProblemKind::RateLimited
                }
                TransportErrorKind::Refused(code) => ProblemKind::Proxy(code.clone()),
                TransportErrorKind::Unreachable => ProblemKind::Proxy("connect".to_owned()),
                TransportErrorKind::Timeout => ProblemKind::Proxy("timeout".to_owned()),
                TransportErrorKind::Cut { .. } => ProblemKind::Cut,
                TransportErrorKind::Cancelled => ProblemKind::Stopped,
                TransportErrorKind::Offline => ProblemKind::Offline,
                TransportErrorKind::Other => ProblemKind::Registry,
            },
            _ => ProblemKind::Registry,
        };
        Self {
            kind,
            message: error.to_string(),
            advice: error.advice().to_owned(),
            host: None,
            retry_after: error.retry_after().map(|wait| wait.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b9_no_bytes_came_only_when_none_came() {
        let message = |came, of| Problem::cut(came, of).message;
        assert_eq!(message(0, Some(9)), "The connection broke before anything came. Try again.");
        assert_eq!(message(0, None), message(0, Some(9)));
        assert_eq!(message(10, Some(20)), "The connection broke after 10 of 20 bytes. Try again.");
        assert_eq!(message(10, None), "The connection broke after 10 bytes. Try again.");
    }
}
