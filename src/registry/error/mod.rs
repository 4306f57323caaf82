//! Everything that can go wrong between a question to a registry and its answer.

mod advice;
mod finding;
mod reply;
mod text;

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::descriptor::Mismatch;
use crate::digest::Digest;
use crate::reference::Target;

use super::notice::RateLimit;
use super::transport::{TransportError, TransportErrorKind};

pub(super) use reply::shown;
pub use reply::{ErrorEntry, Reply};

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The registry itself.
    Api {
        /// Its name.
        registry: String,
    },
    /// A manifest or index.
    Manifest {
        /// `registry/repository`.
        name: String,
        /// Tag or digest.
        target: Target,
    },
    /// A blob.
    Blob {
        /// `registry/repository`.
        name: String,
        /// Its digest.
        digest: Digest,
    },
    /// The tags of a repository.
    Tags {
        /// `registry/repository`.
        name: String,
    },
    /// The repositories of a registry.
    Catalog {
        /// The registry's name.
        registry: String,
    },
    /// The referrers of a manifest.
    Referrers {
        /// `registry/repository`.
        name: String,
        /// Digest of the manifest.
        digest: Digest,
    },
    /// A token for a registry.
    Token {
        /// Host (and port) of the token service.
        host: String,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api { registry } => write!(f, "the registry {registry}"),
            Self::Manifest { name, target: Target::Tag(tag) } => write!(f, "{name}:{tag}"),
            Self::Manifest { name, target: Target::Digest(digest) } => write!(f, "{name}@{digest}"),
            Self::Blob { name, digest } => write!(f, "the blob {digest} of {name}"),
            Self::Tags { name } => write!(f, "the tags of {name}"),
            Self::Catalog { registry } => write!(f, "the repositories of {registry}"),
            Self::Referrers { name, digest } => write!(f, "the referrers of {name}@{digest}"),
            Self::Token { host } => write!(f, "a token from {host}"),
        }
    }
}

/// How a login stands after a registry answered 401.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// None was given, and the registry takes one.
    Possible,
    /// The one that was given was not accepted.
    Refused,
    /// The registry says nothing of how to log in.
    NotOffered,
    /// Another host, to which the registry redirects, wants its own login.
    OtherHost(String),
}

/// Why a token service is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RealmProblem {
    /// Not a URL that could be asked.
    NotUrl,
    /// Plain http although the registry uses https.
    Insecure,
    /// An address of this machine or a private network.
    Private,
    /// Another host than the same registry named before.
    Changed {
        /// The origin that it named before.
        before: String,
    },
    /// The token service sends the login elsewhere.
    Redirect,
}

/// Why a next page is not fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageProblem {
    /// Not a URL.
    NotUrl,
    /// On another scheme, host or port.
    OtherOrigin,
    /// The page names itself as the next.
    Loop,
    /// More pages than are followed.
    TooMany {
        /// Pages that were read.
        pages: usize,
    },
}

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
        error: TransportError,
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
            Self::Unauthorized { login: Login::Refused, .. } => "login-refused",
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
            Self::ForeignRefused { .. } => "foreign-refused",
        }
    }

    /// Whether what was asked for does not exist, as opposed to could not be read.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
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

    pub(super) fn read(subject: Subject, error: super::transport::ReadError) -> Self {
        match error {
            super::transport::ReadError::Transport(error) => Self::Transport { subject, error },
            super::transport::ReadError::TooLarge { limit } => Self::TooLarge { subject, limit },
        }
    }
}
