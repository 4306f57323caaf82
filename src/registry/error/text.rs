//! The sentences of [`Error`].

use std::fmt;

use http::StatusCode;

use crate::descriptor::Mismatch;
use crate::reference::Target;

use super::{Error, LocationProblem, Login, PageProblem, RealmProblem, Reply, Subject};
use super::{TransportError, TransportErrorKind};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { registry } => write!(f, "{registry} is no host that can be asked."),
            Self::Unauthorized { subject, login, reply } => match login {
                Login::Possible => {
                    let needs = subject.verb("needs", "need");
                    write!(f, "{} {needs} a login.{}", capital(subject), reply.quoted())
                }
                Login::Refused => {
                    write!(f, "The login was not accepted for {subject}.{}", reply.quoted())
                }
                Login::KeptRefused => write!(
                    f,
                    "The login that this machine keeps was not accepted for {subject}.{}",
                    reply.quoted()
                ),
                Login::NotOffered => write!(
                    f,
                    "{} {} a login, but the registry does not say how.{}",
                    capital(subject),
                    subject.verb("needs", "need"),
                    reply.quoted()
                ),
                Login::OtherHost(host) => write!(
                    f,
                    "{host}, where the registry sends readers of {subject}, asks for its own login."
                ),
            },
            Self::Denied { subject, reply, .. } if subject.is_write() => {
                write!(f, "{} is denied.{}", capital(subject), reply.quoted())
            }
            Self::Denied { subject, reply, .. } => {
                write!(f, "Access to {subject} is denied.{}", reply.quoted())
            }
            Self::NotFound { subject, reply } => not_found(f, subject, reply),
            Self::RateLimited { subject, retry_after, reply, .. } => {
                let was = subject.verb("was not given", "were not given");
                let what = if subject.is_write() { "has to wait" } else { was };
                write!(f, "The rate limit is reached, so {subject} {what}.")?;
                if let Some(wait) = retry_after {
                    write!(f, " Try again in {} s.", wait.as_secs())?;
                }
                f.write_str(&reply.quoted())
            }
            Self::Server { subject, status, reply, .. } => {
                let failed = if subject.is_write() { "failed during" } else { "failed to give" };
                let (status, said) = (named(*status), reply.quoted());
                write!(f, "The server {failed} {subject}: status {status}.{said}")
            }
            Self::Unexpected { subject, status, reply } => write!(
                f,
                "The server's answer for {subject} has no meaning here: status {}.{}",
                named(*status),
                reply.quoted()
            ),
            Self::Transport { subject, error } => transport(f, subject, error),
            Self::TooLarge { subject, limit } => {
                let exceeds = subject.verb("exceeds", "exceed");
                write!(f, "{} {exceeds} {limit} byte limit.", capital(subject))
            }
            Self::Mismatch {
                subject: Subject::Manifest { .. },
                mismatch: Mismatch::Digest { expected, actual },
            } => write!(f, "Manifest digest {actual} does not match requested {expected}."),
            Self::Mismatch { subject, mismatch } => write!(f, "{}: {mismatch}.", capital(subject)),
            Self::Range { subject, problem } => {
                write!(
                    f,
                    "Asked for a part of {subject}, the registry sent something else: {problem}."
                )
            }
            Self::Encoded { subject, encoding } => write!(
                f,
                "{} came with Content-Encoding {encoding}, which nobody asked for.",
                capital(subject)
            ),
            Self::NotJson { subject, problem } => {
                write!(
                    f,
                    "The answer for {subject} can't be read: {}.",
                    problem.trim_end_matches('.')
                )
            }
            Self::ConsentNeeded { registry, realm_host } => {
                write!(f, "The registry {registry} wants to send your login to {realm_host}.")
            }
            Self::RealmRefused { registry, realm, problem } => {
                write!(f, "The registry {registry} names {realm} as its token service, ")?;
                match problem {
                    RealmProblem::NotUrl => f.write_str("which is no https URL."),
                    RealmProblem::Insecure => f.write_str("which would send secrets without TLS."),
                    RealmProblem::Private => {
                        f.write_str("which is an address of this machine or a private network.")
                    }
                    RealmProblem::Changed { before } => write!(f, "but named {before} before."),
                    RealmProblem::Redirect => f.write_str("which redirects to another place."),
                }
            }
            Self::Token { realm_host, problem } => {
                write!(f, "The token service {realm_host} gave no usable token: {problem}.")
            }
            Self::PageRefused { subject, next, problem } => {
                write!(f, "The list of {subject} stops early: ")?;
                match problem {
                    PageProblem::NotUrl => write!(f, "its next page \"{next}\" is no URL."),
                    PageProblem::OtherOrigin => {
                        write!(f, "its next page {next} is not on the registry itself.")
                    }
                    PageProblem::Loop => {
                        write!(
                            f,
                            "its page {next} names itself, or one that came before, as the next."
                        )
                    }
                    PageProblem::NothingNew => {
                        write!(
                            f,
                            "its last page brought nothing new, and still names {next} as the next."
                        )
                    }
                    PageProblem::TooMany { pages } => {
                        write!(f, "too many pages, {pages} were read.")
                    }
                }
            }
            Self::LocationRefused { subject, location, problem } => {
                location_refused(f, subject, location, *problem)
            }
            Self::OtherDigest { subject, expected, actual } => write!(
                f,
                "{} was answered with the digest \"{actual}\", but the bytes that were sent have \
                 {expected}.",
                capital(subject)
            ),
            Self::DigestRejected { subject, reply } => write!(
                f,
                "{} ended with a refusal: for the registry, the bytes are not what their digest says \
                 (status 400).{}",
                capital(subject),
                reply.quoted()
            ),
            Self::TooLargeToSend { subject, size, reply } => write!(
                f,
                "{} failed: the registry, or something before it, does not take {size} bytes in \
                 one request.{}",
                capital(subject),
                reply.quoted()
            ),
            Self::UploadFailed { subject, problem } => {
                write!(f, "{} came to no end: {problem}.", capital(subject))
            }
            Self::ForeignRefused { url, problem } => write!(f, "{url} is not fetched: {problem}."),
        }
    }
}

fn location_refused(
    f: &mut fmt::Formatter<'_>,
    subject: &Subject,
    location: &str,
    problem: LocationProblem,
) -> fmt::Result {
    let subject = capital(subject);
    match problem {
        LocationProblem::Missing => {
            write!(f, "{subject} can't go on: the registry did not say where (no Location).")
        }
        LocationProblem::NotUrl => {
            write!(f, "{subject} can't go on at \"{location}\", which is no URL.")
        }
        LocationProblem::Insecure => {
            write!(f, "{subject} does not go on at {location}, which would be without TLS.")
        }
        LocationProblem::Private => write!(
            f,
            "{subject} does not go on at {location}, which is an address of this machine or a \
             private network."
        ),
        LocationProblem::Loop => {
            write!(f, "{subject} was sent from place to place, at last to {location}.")
        }
    }
}

fn not_found(f: &mut fmt::Formatter<'_>, subject: &Subject, reply: &Reply) -> fmt::Result {
    let repository = reply.has_code(&["NAME_UNKNOWN"]);
    match subject {
        Subject::Manifest { name, .. } | Subject::Blob { name, .. } | Subject::Tags { name }
            if repository =>
        {
            write!(f, "There is no repository {name}.")?;
        }
        Subject::Manifest { name, target: Target::Tag(tag) } => {
            write!(f, "There is no tag {tag} in {name}.")?;
        }
        Subject::Manifest { name, target: Target::Digest(digest) } => {
            write!(f, "There is no manifest {digest} in {name}.")?;
        }
        Subject::Blob { name, digest } => write!(f, "There is no blob {digest} in {name}.")?,
        Subject::Tags { name } => write!(f, "There is no list of tags of {name}.")?,
        Subject::Upload { name, .. } | Subject::Push { name, .. } if repository => {
            write!(f, "There is no repository {name} to write to.")?;
        }
        Subject::Upload { name, digest, .. } => {
            write!(f, "The registry knows no upload of {digest} to {name}.")?;
        }
        Subject::Push { .. } => write!(f, "{} found no place.", capital(subject))?,
        Subject::Delete { name, target: Target::Tag(tag) } => {
            write!(f, "There is no tag {tag} in {name} to delete.")?;
        }
        Subject::Delete { name, target: Target::Digest(digest) }
        | Subject::DeleteBlob { name, digest } => {
            write!(f, "There is no {digest} in {name} to delete.")?;
        }
        Subject::Catalog { registry } => write!(f, "{registry} does not list its repositories.")?,
        Subject::Api { registry } => write!(f, "{registry} does not answer as a registry.")?,
        other => write!(f, "{} {} not exist.", capital(other), other.verb("does", "do"))?,
    }
    f.write_str(&reply.quoted())
}

fn transport(f: &mut fmt::Formatter<'_>, subject: &Subject, error: &TransportError) -> fmt::Result {
    let message = error.message.trim_end_matches('.');
    match &error.kind {
        TransportErrorKind::Cut { .. } if subject.is_write() => {
            write!(f, "The connection broke during {subject}.")
        }
        TransportErrorKind::Cancelled if subject.is_write() => {
            write!(f, "{} was stopped.", capital(subject))
        }
        TransportErrorKind::Offline if subject.is_write() => {
            write!(f, "{message}, so {subject} has to wait.")
        }
        TransportErrorKind::Cut { got: 0, .. } => {
            write!(f, "The connection broke before anything of {subject} came.")
        }
        TransportErrorKind::Cut { got, expected: Some(expected) } => {
            write!(f, "The connection broke after {got} of {expected} bytes of {subject}.")
        }
        TransportErrorKind::Cut { got, expected: None } => {
            write!(f, "The connection broke after {got} bytes of {subject}.")
        }
        TransportErrorKind::Cancelled => write!(f, "Reading {subject} was stopped."),
        TransportErrorKind::Offline => {
            write!(f, "{message}, so {subject} {} not read.", subject.verb("was", "were"))
        }
        TransportErrorKind::Refused(_) => {
            let was = subject.verb("was", "were");
            write!(f, "{} {was} not asked for: {message}.", capital(subject))
        }
        TransportErrorKind::Timeout => write!(f, "No answer in time for {subject}: {message}."),
        TransportErrorKind::Unreachable | TransportErrorKind::Other => {
            write!(f, "No answer for {subject}: {message}.")
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
mod tests {
    use super::*;
    use crate::digest::Digest;

    fn blob() -> Subject {
        Subject::Blob { name: "a".to_owned(), digest: Digest::sha256(b"") }
    }

    #[test]
    fn b9_no_bytes_came_only_when_none_came() {
        let said = |got, expected| {
            let kind = TransportErrorKind::Cut { got, expected };
            let error = TransportError::new(kind, "cut");
            Error::Transport { subject: blob(), error }.to_string()
        };
        let begins = |text: &str, with: &str| assert!(text.starts_with(with), "{text}");
        begins(&said(0, Some(9)), "The connection broke before anything of the blob ");
        begins(&said(0, None), "The connection broke before anything of the blob ");
        begins(&said(10, Some(20)), "The connection broke after 10 of 20 bytes of the blob ");
        begins(&said(10, None), "The connection broke after 10 bytes of the blob ");
    }

    #[test]
    fn b9_a_sentence_stands_before_the_number_of_a_status() {
        let (reply, status) = (Reply::default(), StatusCode::IM_A_TEAPOT);
        let errors = [
            Error::Server { subject: blob(), status, reply: reply.clone(), retry_after: None },
            Error::Unexpected { subject: blob(), status, reply: reply.clone() },
            Error::DigestRejected { subject: blob(), reply },
        ];
        for error in errors {
            let text = error.to_string().replace(Digest::sha256(b"").as_str(), "DIGEST");
            let before = text.find(|c: char| c.is_ascii_digit()).and_then(|at| text.get(..at));
            let before = before.unwrap_or_default();
            assert!(before.ends_with("status ") && before.len() > 40, "{text}");
        }
    }

    #[test]
    fn verbs_go_with_what_was_asked_for() {
        let name = "reg.example/a".to_owned();
        let refused = |subject| Error::Transport {
            subject,
            error: TransportError {
                kind: TransportErrorKind::Refused("policy".to_owned()),
                message: "It is private. Start the server with --allow it.".to_owned(),
            },
        };
        let tags = refused(Subject::Tags { name: name.clone() });
        let catalog = refused(Subject::Catalog { registry: "reg.example".to_owned() });
        let one = refused(Subject::Api { registry: "reg.example".to_owned() });
        for (error, start) in [
            (&tags, "The tags of reg.example/a were not asked for: It is private."),
            (&catalog, "The repositories of reg.example were not asked for: It"),
            (&one, "The registry reg.example was not asked for: It"),
        ] {
            assert!(error.to_string().starts_with(start), "{error}");
            // Whoever refused it has said what to do.
            assert_eq!(error.advice(), "", "{error}");
        }
        let offline = Error::Transport {
            subject: Subject::Tags { name },
            error: TransportError {
                kind: TransportErrorKind::Offline,
                message: "There is no network".to_owned(),
            },
        };
        let text = "There is no network, so the tags of reg.example/a were not read.";
        assert_eq!(offline.to_string(), text);
        assert_ne!(offline.advice(), "");
    }
}
