//! What to do about an [`Error`].

use crate::descriptor::Mismatch;

use super::{Error, Login, Subject, TransportErrorKind};

impl Error {
    /// What to do about it, in a sentence or two.
    #[must_use]
    pub fn advice(&self) -> &str {
        match self {
            Self::Host { .. } => "Check the name of the registry.",
            Self::Unauthorized { login, .. } => match login {
                Login::Possible => {
                    "Log in to this registry, or check the name: many registries ask for a login where a repository does not exist."
                }
                Login::Refused => {
                    "Check user name and password or token, and whether they may read this repository."
                }
                Login::KeptRefused => {
                    "Renew it there (docker login), log in here with another, or turn it off under Registries."
                }
                Login::NotOffered | Login::OtherHost(_) => {
                    "Ask whoever runs the registry how it is to be read."
                }
            },
            Self::Denied { logged_in: true, subject, .. } if subject.is_write() => {
                "Check the name, and whether your account may write to this repository."
            }
            Self::Denied { subject, .. } if subject.is_write() => {
                "Log in with an account that may write to this repository."
            }
            Self::Denied { logged_in: true, .. } => {
                "Check the name, and whether your account may read this repository."
            }
            Self::Denied { .. } => {
                "Check the name, or log in: some registries deny what does not exist or needs a login."
            }
            Self::NotFound { subject, .. } => match subject {
                Subject::Upload { .. } | Subject::Push { .. } => {
                    "Check the name; some registries want a repository to be made before the first push."
                }
                Subject::Catalog { .. } => {
                    "Type the name of a repository; most public registries list none."
                }
                Subject::Api { .. } => "Check the host and the port.",
                _ => "Check the name, or look at the tags of the repository.",
            },
            Self::RateLimited { .. } => {
                "Wait; a login often raises the limit, and what was opened by digest is not asked for again."
            }
            Self::Server { .. } => "Try again later; the fault is on the server's side.",
            Self::Unexpected { subject: Subject::Delete { .. }, .. } => {
                "Many registries do not let one delete this way; look for a setting, or delete it in their own interface."
            }
            Self::Unexpected { .. } => "Check that the host is a registry and that it allows this.",
            // Whoever refused it, or did not get through, knows better.
            Self::Transport { error, .. } if !error.advice.is_empty() => &error.advice,
            Self::Transport { error, .. } => match error.kind {
                TransportErrorKind::Unreachable => {
                    "Check the name and the port of the registry, and whether it is running."
                }
                TransportErrorKind::Refused(_) => {
                    "A policy between here and the registry forbids it; if you trust the registry, have it allowed there."
                }
                TransportErrorKind::Cut { .. } | TransportErrorKind::Timeout
                    if self.about().is_some_and(Subject::is_write) =>
                {
                    "Try again."
                }
                TransportErrorKind::Cut { .. } | TransportErrorKind::Timeout => {
                    "Try again; what was already verified is kept."
                }
                TransportErrorKind::Cancelled => "Start it again when you want it.",
                TransportErrorKind::Offline => "Try again when it is reachable again.",
                TransportErrorKind::Other => "Try again.",
            },
            Self::TooLarge { .. } => "This is no document that registries accept; do not trust it.",
            Self::Mismatch { mismatch: Mismatch::Unverifiable(_), .. } => {
                "Ask for it by a sha256 or sha512 digest."
            }
            Self::Mismatch { .. } => {
                "Do not use it: the registry, or something on the way, gave other bytes than were asked for."
            }
            Self::Range { .. } => "Read the whole blob instead.",
            Self::Encoded { .. } => {
                "Turn off compression in front of the registry: encoded bytes can't be compared with their digest."
            }
            Self::NotJson { .. } => {
                "Check that the host is a registry, not a login page or a website."
            }
            Self::ConsentNeeded { .. } => {
                "Agree only if you know that this host belongs to the registry."
            }
            Self::RealmRefused { .. } => "Do not log in there; ask whoever runs the registry.",
            Self::Token { .. } => "Try again; if it stays, ask whoever runs the token service.",
            Self::PageRefused { .. } => "Use what was listed so far, or name the tag yourself.",
            Self::LocationRefused { .. } => {
                "Ask whoever runs the registry: it gives a wrong address for uploads, often for want of a setting behind a proxy."
            }
            Self::OtherDigest { .. } => {
                "Do not use what the registry has under this name: it is not what was sent."
            }
            Self::DigestRejected { .. } => {
                "Check that the file has not changed since it was opened, then try again."
            }
            Self::TooLargeToSend { .. } => {
                "Have the limit raised where the registry, or a proxy before it, is set up."
            }
            Self::UploadFailed { .. } => "Try again; if it stays, ask whoever runs the registry.",
            Self::ForeignRefused { .. } => "Fetch it yourself if you trust the place.",
        }
    }
}
