//! An [`Error`] as a line of a report.

use crate::descriptor::Mismatch;
use crate::finding::Finding;
use crate::reference::Target;
use crate::source::Failure as _;

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
            Error::NotFound { subject, .. } if !subject.is_write() => "fetch.not-found",
            other if other.about().is_some_and(Subject::is_write) => "push.failed",
            _ => "fetch.failed",
        };
        let mut message = error.to_string();
        if !error.hint().is_empty() {
            message = format!("{message} {}", error.hint());
        }
        let finding = Self::error(rule, error.subject(), message);
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
            Self::Host { registry }
            | Self::ConsentNeeded { registry, .. }
            | Self::RealmRefused { registry, .. } => registry.clone(),
            Self::Token { realm_host, .. } => realm_host.clone(),
            Self::ForeignRefused { url, .. } => url.clone(),
            other => match other.about() {
                Some(
                    Subject::Manifest { target: Target::Digest(digest), .. }
                    | Subject::Blob { digest, .. }
                    | Subject::Upload { digest, .. },
                ) => digest.to_string(),
                Some(other) => other.to_string(),
                None => String::new(),
            },
        }
    }
}
