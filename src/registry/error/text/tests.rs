use std::time::Duration;

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
        Error::transport(blob(), error).to_string()
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
    let refused = |subject| {
        let kind = TransportErrorKind::Refused("policy".to_owned());
        let error = TransportError::new(kind, "it is private.");
        let advice = "Start the server with --allow it. Then try again.";
        Error::transport(subject, error.advise(advice))
    };
    let tags = refused(Subject::Tags { name: name.clone() });
    let catalog = refused(Subject::Catalog { registry: "reg.example".to_owned() });
    let one = refused(Subject::Api { registry: "reg.example".to_owned() });
    for (error, text) in [
        (&tags, "The tags of reg.example/a were not asked for: it is private."),
        (&catalog, "The repositories of reg.example were not asked for: it is private."),
        (&one, "The registry reg.example was not asked for: it is private."),
    ] {
        assert_eq!((error.to_string(), error.headline()), (text.to_owned(), text.to_owned()));
        // Whoever refused it knows what to do.
        assert_eq!(error.advice(), "Start the server with --allow it. Then try again.");
        let finding = crate::finding::Finding::from(error.clone());
        assert_eq!(finding.message, format!("{text} {}", error.advice()));
    }
    let none = TransportError::new(TransportErrorKind::Offline, "There is no network");
    let offline = Error::transport(Subject::Tags { name }, none);
    let text = "There is no network, so the tags of reg.example/a were not read.";
    assert_eq!(offline.to_string(), text);
    assert_ne!(offline.advice(), "");
}

#[test]
fn what_the_registry_says_follows_the_headline() {
    let reply = Reply::parse(b"No. Not today");
    let said = "It says: \"No. Not today\".";
    let subject = || Subject::Api { registry: "reg.example".to_owned() };
    let (status, wait) = (StatusCode::BAD_GATEWAY, Some(Duration::from_secs(9)));
    for error in [
        Error::Unauthorized { subject: subject(), login: Login::Refused, reply: reply.clone() },
        Error::Denied { subject: subject(), logged_in: false, reply: reply.clone() },
        Error::NotFound { subject: subject(), reply: reply.clone() },
        Error::Server { subject: subject(), status, retry_after: wait, reply: reply.clone() },
        Error::Unexpected { subject: subject(), status, reply: reply.clone() },
        Error::NotJson {
            subject: subject(),
            problem: "it is an error".to_owned(),
            reply: reply.clone(),
        },
        Error::DigestRejected { subject: subject(), reply: reply.clone() },
        Error::TooLargeToSend { subject: subject(), size: 9, reply: reply.clone() },
    ] {
        let headline = error.headline();
        assert!(headline.ends_with('.') && !headline.contains(". "), "{headline}");
        assert_eq!(
            (error.said(), error.to_string()),
            (said.to_owned(), format!("{headline} {said}"))
        );
    }
    let limited = |reply: &Reply| Error::RateLimited {
        subject: subject(),
        retry_after: wait,
        limit: None,
        reply: reply.clone(),
    };
    let headline = "The rate limit is reached, so the registry reg.example was not given.";
    assert_eq!(limited(&reply).headline(), headline);
    assert_eq!(limited(&reply).to_string(), format!("{headline} Try again in 9 s. {said}"));
    let silent = limited(&Reply::default());
    assert_eq!(
        (silent.said(), silent.to_string()),
        (String::new(), format!("{headline} Try again in 9 s."))
    );
    // Those are not the words of the host that asks.
    let login = Login::OtherHost("other.example".to_owned());
    let other = Error::Unauthorized { subject: subject(), login, reply };
    assert_eq!((other.said(), other.to_string()), (String::new(), other.headline()));
}
