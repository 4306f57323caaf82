//! An [`Error`] as a line of a report.

use crate::descriptor::Mismatch;
use crate::finding::Finding;
use crate::reference::Target;

use super::{Error, Subject};

/// A failed question as a line of a report.
impl From<Error> for Finding {
    fn from(error: Error) -> Self {
        let rule = match &error {
            Error::Mismatch { subject: Subject::Manifest { .. }, mismatch } => match mismatch {
                Mismatch::Size { .. } => "manifest.size",
                Mismatch::Digest { .. } => "manifest.digest",
                Mismatch::Unverifiable(_) => "manifest.unverifiable",
            },
            Error::Mismatch { mismatch, .. } => match mismatch {
                Mismatch::Size { .. } => "blob.size",
                Mismatch::Digest { .. } => "blob.digest",
                Mismatch::Unverifiable(_) => "blob.unverifiable",
            },
            Error::TooLarge { .. } => "fetch.too-large",
            Error::NotJson { .. } => "fetch.not-json",
            Error::Encoded { .. } => "fetch.content-encoding",
            Error::PageRefused { .. } => "fetch.page-refused",
            Error::NotFound { .. } => "fetch.not-found",
            _ => "fetch.failed",
        };
        let finding = Self::error(rule, error.subject(), error.to_string());
        match error {
            Error::Mismatch { mismatch: Mismatch::Size { expected, actual, .. }, .. } => {
                finding.expected(expected).actual(actual)
            }
            Error::Mismatch { mismatch: Mismatch::Digest { expected, actual }, .. } => {
                finding.expected(expected).actual(actual)
            }
            _ => finding,
        }
    }
}

impl Error {
    fn subject(&self) -> String {
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
            | Self::PageRefused { subject, .. } => match subject {
                Subject::Manifest { target: Target::Digest(digest), .. }
                | Subject::Blob { digest, .. } => digest.to_string(),
                other => other.to_string(),
            },
            Self::Host { registry }
            | Self::ConsentNeeded { registry, .. }
            | Self::RealmRefused { registry, .. } => registry.clone(),
            Self::Token { realm_host, .. } => realm_host.clone(),
            Self::ForeignRefused { url, .. } => url.clone(),
        }
    }
}
