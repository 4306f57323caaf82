//! Everything that can go wrong between a question to a registry and its answer.

mod advice;
mod finding;
mod problem;
mod reply;
mod subject;
mod text;

use std::time::Duration;

use http::StatusCode;

use crate::descriptor::Mismatch;
use crate::digest::Digest;

use super::notice::RateLimit;
pub(super) use super::shown::shown;
use super::transport::{TransportError, TransportErrorKind};

pub use problem::{LocationProblem, Login, PageProblem, RealmProblem};
pub use reply::{ErrorEntry, Reply};
pub use subject::Subject;

/// A question to a registry that failed. Its text is a sentence; [`Self::advice`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The registry's name can't stand in a URL.
    Host {
        /// The name.
        registry: String,
    },
    /// 401 after every attempt that was possible.
    Unauthorized {
        /// What was asked for.
        subject: Subject,
        /// How a login stands.
        login: Login,
        /// The registry's words.
        reply: Reply,
    },
    /// 403.
    Denied {
        /// What was asked for.
        subject: Subject,
        /// Whether a login was sent.
        logged_in: bool,
        /// The registry's words.
        reply: Reply,
    },
    /// 404.
    NotFound {
        /// What was asked for.
        subject: Subject,
        /// The registry's words; `NAME_UNKNOWN` in them means that the whole repository is missing.
        reply: Reply,
    },
    /// 429.
    RateLimited {
        /// What was asked for.
        subject: Subject,
        /// How long the registry wants to be left alone.
        retry_after: Option<Duration>,
        /// Its figures, when it gives them.
        limit: Option<Box<RateLimit>>,
        /// The registry's words.
        reply: Reply,
    },
    /// 408, 499, 500 and more.
    Server {
        /// What was asked for.
        subject: Subject,
        /// The status.
        status: StatusCode,
        /// How long the registry wants to be left alone.
        retry_after: Option<Duration>,
        /// The registry's words.
        reply: Reply,
    },
    /// Any other status that has no meaning here.
    Unexpected {
        /// What was asked for.
        subject: Subject,
        /// The status.
        status: StatusCode,
        /// The registry's words.
        reply: Reply,
    },
    /// No answer, or one that stopped.
    Transport {
        /// What was asked for.
        subject: Subject,
        /// Why.
        error: Box<TransportError>,
    },
    /// More bytes than are read.
    TooLarge {
        /// What was asked for.
        subject: Subject,
        /// The limit in bytes.
        limit: u64,
    },
    /// Not the bytes that were asked for.
    Mismatch {
        /// What was asked for.
        subject: Subject,
        /// How they differ.
        mismatch: Mismatch,
    },
    /// Another range than was asked for, or none.
    Range {
        /// What was asked for.
        subject: Subject,
        /// What is wrong with the answer.
        problem: String,
    },
    /// The body is encoded although nobody asked for that, so its digest can't be checked.
    Encoded {
        /// What was asked for.
        subject: Subject,
        /// The encoding.
        encoding: String,
    },
    /// Not JSON, or not of the shape that the specification gives.
    NotJson {
        /// What was asked for.
        subject: Subject,
        /// What is wrong.
        problem: String,
        /// The registry's words, where they came in place of what was asked for.
        reply: Reply,
    },
    /// The registry wants the login to go to a host that the user has not agreed to.
    ConsentNeeded {
        /// The registry's name.
        registry: String,
        /// Host (and port) of the token service.
        realm_host: String,
    },
    /// The registry names a token service that is not asked at all.
    RealmRefused {
        /// The registry's name.
        registry: String,
        /// The token service as it was named, shortened.
        realm: String,
        /// Why not.
        problem: RealmProblem,
    },
    /// The token service's answer holds no token that could be used.
    Token {
        /// Host (and port) of the token service.
        realm_host: String,
        /// What is wrong.
        problem: String,
    },
    /// The registry names a next page that is not fetched.
    PageRefused {
        /// What was asked for.
        subject: Subject,
        /// The page as it was named, shortened.
        next: String,
        /// Why not.
        problem: PageProblem,
    },
    /// The registry wants an upload to go on at a place that is not asked.
    LocationRefused {
        /// What was to be sent.
        subject: Subject,
        /// The place as it was named, shortened.
        location: String,
        /// Why not.
        problem: LocationProblem,
    },
    /// The registry took what was sent, but under another digest than that of the bytes.
    OtherDigest {
        /// What was sent.
        subject: Subject,
        /// Digest of the bytes that were sent.
        expected: Digest,
        /// What the registry says, shortened.
        actual: String,
    },
    /// The registry refused the bytes of a blob at their end (400), mostly because they are not
    /// what the digest says.
    DigestRejected {
        /// What was sent.
        subject: Subject,
        /// The registry's words.
        reply: Reply,
    },
    /// 413: more bytes than the registry, or something before it, takes in one request.
    TooLargeToSend {
        /// What was sent.
        subject: Subject,
        /// Bytes of the request.
        size: u64,
        /// The registry's words.
        reply: Reply,
    },
    /// An upload that the registry keeps from coming to an end.
    UploadFailed {
        /// What was to be sent.
        subject: Subject,
        /// What the registry does.
        problem: &'static str,
    },
    /// A place outside of the registry from which a layer is not fetched.
    ForeignRefused {
        /// The URL, shortened.
        url: String,
        /// Why not.
        problem: &'static str,
    },
}

impl std::error::Error for Error {}

impl Error {
    /// A stable id of the kind of failure, in kebab-case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Host { .. } => "no-host",
            Self::Unauthorized { login: Login::Refused | Login::KeptRefused, .. } => {
                "login-refused"
            }
            Self::Unauthorized { .. } => "unauthorized",
            Self::Denied { .. } => "denied",
            Self::NotFound { .. } => "not-found",
            Self::RateLimited { .. } => "rate-limited",
            Self::Server { .. } => "server-error",
            Self::Unexpected { .. } => "unexpected-status",
            Self::Transport { error, .. } => match error.kind {
                TransportErrorKind::Unreachable => "unreachable",
                TransportErrorKind::Refused(_) => "refused",
                TransportErrorKind::Timeout => "timeout",
                TransportErrorKind::Cut { .. } => "cut",
                TransportErrorKind::Cancelled => "cancelled",
                TransportErrorKind::Offline => "offline",
                TransportErrorKind::Other => "transport",
            },
            Self::TooLarge { .. } => "too-large",
            Self::Mismatch { mismatch: Mismatch::Size { .. }, .. } => "size",
            Self::Mismatch { mismatch: Mismatch::Digest { .. }, .. } => "digest",
            Self::Mismatch { mismatch: Mismatch::Unverifiable(_), .. } => "unverifiable",
            Self::Range { .. } => "range",
            Self::Encoded { .. } => "content-encoding",
            Self::NotJson { .. } => "not-json",
            Self::ConsentNeeded { .. } => "consent-needed",
            Self::RealmRefused { .. } => "realm-refused",
            Self::Token { .. } => "token",
            Self::PageRefused { .. } => "page-refused",
            Self::LocationRefused { .. } => "location-refused",
            Self::OtherDigest { .. } => "other-digest",
            Self::DigestRejected { .. } => "digest-rejected",
            Self::TooLargeToSend { .. } => "too-large-to-send",
            Self::UploadFailed { .. } => "upload-failed",
            Self::ForeignRefused { .. } => "foreign-refused",
        }
    }

    /// What was asked for; `None` where the question did not come so far.
    #[must_use]
    pub fn about(&self) -> Option<&Subject> {
        match self {
            Self::Unauthorized { subject, .. }
            | Self::Denied { subject, .. }
            | Self::NotFound { subject, .. }
            | Self::RateLimited { subject, .. }
            | Self::Server { subject, .. }
            | Self::Unexpected { subject, .. }
            | Self::Transport { subject, .. }
            | Self::TooLarge { subject, .. }
            | Self::Mismatch { subject, .. }
            | Self::Range { subject, .. }
            | Self::Encoded { subject, .. }
            | Self::NotJson { subject, .. }
            | Self::PageRefused { subject, .. }
            | Self::LocationRefused { subject, .. }
            | Self::OtherDigest { subject, .. }
            | Self::DigestRejected { subject, .. }
            | Self::TooLargeToSend { subject, .. }
            | Self::UploadFailed { subject, .. } => Some(subject),
            Self::Host { .. }
            | Self::ConsentNeeded { .. }
            | Self::RealmRefused { .. }
            | Self::Token { .. }
            | Self::ForeignRefused { .. } => None,
        }
    }

    /// The status of the answer, where there was one that is an error.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Unauthorized { .. } => Some(StatusCode::UNAUTHORIZED),
            Self::Denied { .. } => Some(StatusCode::FORBIDDEN),
            Self::NotFound { .. } => Some(StatusCode::NOT_FOUND),
            Self::RateLimited { .. } => Some(StatusCode::TOO_MANY_REQUESTS),
            Self::DigestRejected { .. } => Some(StatusCode::BAD_REQUEST),
            Self::TooLargeToSend { .. } => Some(StatusCode::PAYLOAD_TOO_LARGE),
            Self::Server { status, .. } | Self::Unexpected { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether what was asked for does not exist, as opposed to could not be read.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether the registry answered, and the answer is no: another one will not come. That may
    /// mean that there is no such thing, as registries say 401 or 403 of what does not exist, too,
    /// and answer questions that they do not know with pages for people.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Unauthorized { .. }
            | Self::Denied { .. }
            | Self::NotFound { .. }
            | Self::Unexpected { .. }
            | Self::NotJson { .. }
            | Self::Encoded { .. }
            | Self::TooLarge { .. }
            | Self::PageRefused { .. } => true,
            Self::Server { status, .. } => *status == StatusCode::NOT_IMPLEMENTED,
            // A policy between here and the registry, or a redirect that it does not follow.
            Self::Transport { error, .. } => {
                matches!(&error.kind, TransportErrorKind::Refused(code) if code != "rate-limited")
            }
            _ => false,
        }
    }

    /// The server's wish to be left alone for a while.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Server { retry_after, .. } => {
                *retry_after
            }
            _ => None,
        }
    }

    pub(super) fn transport(subject: Subject, error: TransportError) -> Self {
        Self::Transport { subject, error: Box::new(error) }
    }

    pub(super) fn not_json(subject: Subject, problem: impl Into<String>) -> Self {
        Self::NotJson { subject, problem: problem.into(), reply: Reply::default() }
    }

    pub(super) fn read(subject: Subject, error: super::transport::ReadError) -> Self {
        match error {
            super::transport::ReadError::Transport(error) => Self::transport(subject, error),
            super::transport::ReadError::TooLarge { limit } => Self::TooLarge { subject, limit },
        }
    }
}
