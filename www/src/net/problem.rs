//! What went wrong, in a form that crosses the border between workers and page.

use std::fmt;

use drydock::registry::{Error, TransportErrorKind};
use serde::{Deserialize, Serialize};

/// Why work ended without its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// What went wrong, in one sentence: what was expected and what came.
    pub headline: String,
    /// What the other side said about it, or what was found besides; mostly empty.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub said: Box<str>,
    /// What to do about it; empty when the headline says it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub advice: Box<str>,
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
    /// A problem with its headline.
    #[must_use]
    pub fn new(kind: ProblemKind, headline: impl Into<String>) -> Self {
        Self {
            kind,
            headline: headline.into(),
            said: Box::default(),
            advice: Box::default(),
            host: None,
            retry_after: None,
        }
    }

    /// With what was said about it, or was found besides.
    #[must_use]
    pub fn said(mut self, said: impl Into<Box<str>>) -> Self {
        self.said = said.into();
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<Box<str>>) -> Self {
        self.advice = advice.into();
        self
    }

    /// What follows the headline: what was said, and what to do.
    #[must_use]
    pub fn rest(&self) -> String {
        format!("{} {}", self.said, self.advice).trim().to_owned()
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
        let headline = match (came, of) {
            (0, _) => "The connection broke before anything came.".to_owned(),
            (came, Some(of)) => format!("The connection broke after {came} of {of} bytes."),
            (came, None) => format!("The connection broke after {came} bytes."),
        };
        Self::new(ProblemKind::Cut, headline).advise("Try again.")
    }

    /// Work that nobody waits for any more.
    #[must_use]
    pub fn stopped() -> Self {
        Self::new(ProblemKind::Stopped, "This was stopped before it was done.")
    }
}

/// All of it: headline, what was said, and what to do.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(format!("{} {}", self.headline, self.rest()).trim_end())
    }
}

impl std::error::Error for Problem {}

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
            headline: error.headline(),
            said: error.said().into(),
            advice: error.advice().into(),
            host: None,
            retry_after: error.retry_after().map(|wait| wait.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use drydock::registry::{Subject, TransportError};

    use super::*;

    #[test]
    fn b9_no_bytes_came_only_when_none_came() {
        let text = |came, of| Problem::cut(came, of).to_string();
        assert_eq!(text(0, Some(9)), "The connection broke before anything came. Try again.");
        assert_eq!(text(0, None), text(0, Some(9)));
        assert_eq!(text(10, Some(20)), "The connection broke after 10 of 20 bytes. Try again.");
        assert_eq!(text(10, None), "The connection broke after 10 bytes. Try again.");
    }

    #[test]
    fn all_of_it_is_one_text() {
        let problem = Problem::new(ProblemKind::Denied, "It is denied.");
        assert_eq!(problem.to_string(), "It is denied.");
        let advised = problem.clone().advise("Log in.");
        assert_eq!(advised.to_string(), "It is denied. Log in.");
        let said = problem.said("It says: \"no. no\".");
        assert_eq!(said.to_string(), "It is denied. It says: \"no. no\".");
        let all = said.advise("Log in.");
        assert_eq!(all.to_string(), "It is denied. It says: \"no. no\". Log in.");
        assert_eq!(all.rest(), "It says: \"no. no\". Log in.");
    }

    #[test]
    fn what_a_transport_advises_reaches_the_page_once() {
        let kind = TransportErrorKind::Refused("private-address".to_owned());
        let error = TransportError::new(kind, "It is private.").advise("Start it with --allow.");
        let subject = Subject::Api { registry: "reg.example".to_owned() };
        let problem = Problem::from(Error::Transport { subject, error: Box::new(error) });
        let headline = "The registry reg.example was not asked for: It is private.";
        assert_eq!(problem.to_string(), format!("{headline} Start it with --allow."));
        assert_eq!(problem.headline, headline);
    }
}
