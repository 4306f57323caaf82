//! The sentences of [`Error`].

use std::fmt;

use http::StatusCode;

use crate::descriptor::Mismatch;
use crate::reference::Target;

use super::{Error, LocationProblem, Login, PageProblem, RealmProblem, Reply, Subject};
use super::{TransportError, TransportErrorKind};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        if let Self::RateLimited { retry_after: Some(wait), .. } = self {
            write!(f, " Try again in {} s.", wait.as_secs())?;
        }
        let said = self.said();
        if said.is_empty() { Ok(()) } else { write!(f, " {said}") }
    }
}

impl Error {
    /// What went wrong, in one sentence: without what the registry says of it, when to ask again,
    /// and what to do.
    #[must_use]
    pub fn headline(&self) -> String {
        match self {
            Self::Host { registry } => format!("{registry} is no host that can be asked."),
            Self::Unauthorized { subject, login, .. } => match login {
                Login::Possible => {
                    let needs = subject.verb("needs", "need");
                    format!("{} {needs} a login.", capital(subject))
                }
                Login::Refused => format!("The login was not accepted for {subject}."),
                Login::KeptRefused => {
                    format!("The login that this machine keeps was not accepted for {subject}.")
                }
                Login::NotOffered => format!(
                    "{} {} a login, but the registry does not say how.",
                    capital(subject),
                    subject.verb("needs", "need")
                ),
                Login::OtherHost(host) => format!(
                    "{host}, where the registry sends readers of {subject}, asks for its own login."
                ),
            },
            Self::Denied { subject, .. } if subject.is_write() => {
                format!("{} is denied.", capital(subject))
            }
            Self::Denied { subject, .. } => format!("Access to {subject} is denied."),
            Self::NotFound { subject, reply } => not_found(subject, reply),
            Self::RateLimited { subject, .. } => {
                let was = subject.verb("was not given", "were not given");
                let what = if subject.is_write() { "has to wait" } else { was };
                format!("The rate limit is reached, so {subject} {what}.")
            }
            Self::Server { subject, status, .. } => {
                let failed = if subject.is_write() { "failed during" } else { "failed to give" };
                format!("The server {failed} {subject}: status {}.", named(*status))
            }
            Self::Unexpected { subject, status, .. } => format!(
                "The server's answer for {subject} has no meaning here: status {}.",
                named(*status)
            ),
            Self::Transport { subject, error } => transport(subject, error),
            Self::TooLarge { subject, limit } => {
                let exceeds = subject.verb("exceeds", "exceed");
                format!("{} {exceeds} {limit} byte limit.", capital(subject))
            }
            Self::Mismatch {
                subject: Subject::Manifest { .. },
                mismatch: Mismatch::Digest { expected, actual },
            } => format!("Manifest digest {actual} does not match requested {expected}."),
            Self::Mismatch { subject, mismatch } => format!("{}: {mismatch}.", capital(subject)),
            Self::Range { subject, problem } => {
                format!(
                    "Asked for a part of {subject}, the registry sent something else: {problem}."
                )
            }
            Self::Encoded { subject, encoding } => format!(
                "{} came with Content-Encoding {encoding}, which nobody asked for.",
                capital(subject)
            ),
            Self::NotJson { subject, problem, .. } => {
                format!(
                    "The answer for {subject} can't be read: {}.",
                    problem.trim_end_matches('.')
                )
            }
            Self::ConsentNeeded { registry, realm_host } => {
                format!("The registry {registry} wants to send your login to {realm_host}.")
            }
            Self::RealmRefused { registry, realm, problem } => {
                let why = match problem {
                    RealmProblem::NotUrl => "which is no https URL.".to_owned(),
                    RealmProblem::Insecure => "which would send secrets without TLS.".to_owned(),
                    RealmProblem::Private => {
                        "which is an address of this machine or a private network.".to_owned()
                    }
                    RealmProblem::Changed { before } => format!("but named {before} before."),
                    RealmProblem::Redirect => "which redirects to another place.".to_owned(),
                };
                format!("The registry {registry} names {realm} as its token service, {why}")
            }
            Self::Token { realm_host, problem } => {
                format!("The token service {realm_host} gave no usable token: {problem}.")
            }
            Self::PageRefused { subject, next, problem } => {
                let why = match problem {
                    PageProblem::NotUrl => format!("its next page \"{next}\" is no URL."),
                    PageProblem::OtherOrigin => {
                        format!("its next page {next} is not on the registry itself.")
                    }
                    PageProblem::Loop => {
                        format!(
                            "its page {next} names itself, or one that came before, as the next."
                        )
                    }
                    PageProblem::NothingNew => {
                        format!(
                            "its last page brought nothing new, and still names {next} as the next."
                        )
                    }
                    PageProblem::TooMany { pages } => {
                        format!("too many pages, {pages} were read.")
                    }
                };
                format!("The list of {subject} stops early: {why}")
            }
            Self::LocationRefused { subject, location, problem } => {
                location_refused(subject, location, *problem)
            }
            Self::OtherDigest { subject, expected, actual } => format!(
                "{} was answered with the digest \"{actual}\", but the bytes that were sent have \
                 {expected}.",
                capital(subject)
            ),
            Self::DigestRejected { subject, .. } => format!(
                "{} ended with a refusal: for the registry, the bytes are not what their digest says \
                 (status 400).",
                capital(subject)
            ),
            Self::TooLargeToSend { subject, size, .. } => format!(
                "{} failed: the registry, or something before it, does not take {size} bytes in \
                 one request.",
                capital(subject)
            ),
            Self::UploadFailed { subject, problem } => {
                format!("{} came to no end: {problem}.", capital(subject))
            }
            Self::ForeignRefused { url, problem } => format!("{url} is not fetched: {problem}."),
        }
    }

    /// What the other side says of it, quoted: `It says: "…".`, or nothing. Untrusted text.
    #[must_use]
    pub fn said(&self) -> String {
        match self {
            // Those are the words of the registry, and it is another host that asks.
            Self::Unauthorized { login: Login::OtherHost(_), .. } => String::new(),
            Self::Unauthorized { reply, .. }
            | Self::Denied { reply, .. }
            | Self::NotFound { reply, .. }
            | Self::RateLimited { reply, .. }
            | Self::Server { reply, .. }
            | Self::Unexpected { reply, .. }
            | Self::NotJson { reply, .. }
            | Self::DigestRejected { reply, .. }
            | Self::TooLargeToSend { reply, .. } => reply.quoted(),
            _ => String::new(),
        }
    }
}

fn location_refused(subject: &Subject, location: &str, problem: LocationProblem) -> String {
    let subject = capital(subject);
    match problem {
        LocationProblem::Missing => {
            format!("{subject} can't go on: the registry did not say where (no Location).")
        }
        LocationProblem::NotUrl => {
            format!("{subject} can't go on at \"{location}\", which is no URL.")
        }
        LocationProblem::Insecure => {
            format!("{subject} does not go on at {location}, which would be without TLS.")
        }
        LocationProblem::Private => format!(
            "{subject} does not go on at {location}, which is an address of this machine or a \
             private network."
        ),
        LocationProblem::Loop => {
            format!("{subject} was sent from place to place, at last to {location}.")
        }
    }
}

fn not_found(subject: &Subject, reply: &Reply) -> String {
    let repository = reply.has_code(&["NAME_UNKNOWN"]);
    match subject {
        Subject::Manifest { name, .. } | Subject::Blob { name, .. } | Subject::Tags { name }
            if repository =>
        {
            format!("There is no repository {name}.")
        }
        Subject::Manifest { name, target: Target::Tag(tag) } => {
            format!("There is no tag {tag} in {name}.")
        }
        Subject::Manifest { name, target: Target::Digest(digest) } => {
            format!("There is no manifest {digest} in {name}.")
        }
        Subject::Blob { name, digest } => format!("There is no blob {digest} in {name}."),
        Subject::Tags { name } => format!("There is no list of tags of {name}."),
        Subject::Upload { name, .. } | Subject::Push { name, .. } if repository => {
            format!("There is no repository {name} to write to.")
        }
        Subject::Upload { name, digest, .. } => {
            format!("The registry knows no upload of {digest} to {name}.")
        }
        Subject::Push { .. } => format!("{} found no place.", capital(subject)),
        Subject::Delete { name, target: Target::Tag(tag) } => {
            format!("There is no tag {tag} in {name} to delete.")
        }
        Subject::Delete { name, target: Target::Digest(digest) }
        | Subject::DeleteBlob { name, digest } => {
            format!("There is no {digest} in {name} to delete.")
        }
        Subject::Catalog { registry } => format!("{registry} does not list its repositories."),
        Subject::Api { registry } => format!("{registry} does not answer as a registry."),
        other => format!("{} {} not exist.", capital(other), other.verb("does", "do")),
    }
}

fn transport(subject: &Subject, error: &TransportError) -> String {
    let message = error.message.trim_end_matches('.');
    match &error.kind {
        TransportErrorKind::Cut { .. } if subject.is_write() => {
            format!("The connection broke during {subject}.")
        }
        TransportErrorKind::Cancelled if subject.is_write() => {
            format!("{} was stopped.", capital(subject))
        }
        TransportErrorKind::Offline if subject.is_write() => {
            format!("{message}, so {subject} has to wait.")
        }
        TransportErrorKind::Cut { got: 0, .. } => {
            format!("The connection broke before anything of {subject} came.")
        }
        TransportErrorKind::Cut { got, expected: Some(expected) } => {
            format!("The connection broke after {got} of {expected} bytes of {subject}.")
        }
        TransportErrorKind::Cut { got, expected: None } => {
            format!("The connection broke after {got} bytes of {subject}.")
        }
        TransportErrorKind::Cancelled => format!("Reading {subject} was stopped."),
        TransportErrorKind::Offline => {
            format!("{message}, so {subject} {} not read.", subject.verb("was", "were"))
        }
        TransportErrorKind::Refused(_) => {
            let was = subject.verb("was", "were");
            format!("{} {was} not asked for: {message}.", capital(subject))
        }
        TransportErrorKind::Timeout => format!("No answer in time for {subject}: {message}."),
        TransportErrorKind::Unreachable | TransportErrorKind::Other => {
            format!("No answer for {subject}: {message}.")
        }
    }
}

fn named(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} ({reason})", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

fn capital(subject: &Subject) -> String {
    let text = subject.to_string();
    match text.strip_prefix("the ").or_else(|| text.strip_prefix("a ")) {
        Some(rest) if text.starts_with('t') => format!("The {rest}"),
        Some(rest) => format!("A {rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests;
