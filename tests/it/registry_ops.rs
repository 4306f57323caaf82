//! The operations, one by one, against answers as registries give them.

use std::time::Duration;

use bytes::Bytes;
use drydock::descriptor::{Descriptor, Mismatch};
use drydock::digest::{Algorithm, Digest};
use drydock::finding::{Finding, Severity};
use drydock::media_type::MediaType;
use drydock::reference::{Repository, Tag, Target};
use drydock::registry::range::{ByteRange, Part};
use drydock::registry::{Body, Error, Login, TransportErrorKind};
use drydock::source::Source;

use crate::registry_script::{Answer, Script, registry, run};

const MANIFEST: &str = "GET https://reg.example/v2/a/manifests/t";
const LIMIT: usize = 4 << 20;

fn repository() -> Repository {
    Repository::parse("a").expect("repository")
}

fn tag() -> Target {
    Target::Tag(Tag::parse("t").expect("tag"))
}

fn by_digest(digest: &Digest) -> String {
    format!("GET https://reg.example/v2/a/manifests/{digest}")
}

/// What comes of a question for the manifest with tag `t`.
fn pull(answer: Answer) -> Result<drydock::source::Fetched, Error> {
    let script = Script::new(&[(MANIFEST, answer)]);
    run(registry("reg.example", &script).manifest(&repository(), &tag()))
}

#[test]
fn m1_a_manifest_that_is_not_what_its_digest_says() {
    let digest = Digest::sha256(b"{}");
    let script = Script::new(&[(&by_digest(&digest), Answer::json("{ }"))]);
    let target = Target::Digest(digest.clone());
    let error = run(registry("reg.example", &script).manifest(&repository(), &target));
    let error = error.expect_err("differs");
    let other = Digest::sha256(b"{ }");
    let sentence = format!("Manifest digest {other} does not match requested {digest}.");
    assert_eq!(error.to_string(), sentence);
    assert_eq!(error.code(), "digest");
    let finding = Finding::from(error);
    assert_eq!(finding.rule, "manifest.digest");
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(finding.subject, digest.to_string());
    assert_eq!(finding.expected, Some(digest.to_string()));
    assert_eq!(finding.actual, Some(other.to_string()));
}

#[test]
fn m2_a_tag_is_known_by_the_digest_of_its_bytes() {
    let own = Digest::sha256(b"{}");
    let sha512 = Digest::of(Algorithm::Sha512, b"{}");
    let other = Digest::sha256(b"other");
    for (header, odd) in [
        (Some(own.as_str()), false),
        (Some(sha512.as_str()), false),
        (None, false),
        (Some(other.as_str()), true),
        (Some("garbage"), true),
        (Some("blake3:abc"), true),
    ] {
        let answer = Answer::json("{}");
        let answer = match header {
            Some(value) => answer.header("docker-content-digest", value),
            None => answer,
        };
        let fetched = pull(answer).expect("manifest");
        assert_eq!(fetched.digest, own);
        assert_eq!(&fetched.bytes[..], b"{}");
        let rules: Vec<_> = fetched.findings.iter().map(|f| (&*f.rule, f.severity)).collect();
        let expected = [("manifest.digest-header", Severity::Warning)];
        assert_eq!(rules, expected.get(..usize::from(odd)).unwrap_or_default(), "{header:?}");
    }
}

#[test]
fn m3_documents_end_at_the_limit_whatever_length_is_announced() {
    let exact = Answer::status(200).body(vec![b'x'; LIMIT]);
    for length in [None, Some("7"), Some("99999999999999"), Some("-1"), Some("many")] {
        let answer = match length {
            Some(length) => exact.clone().header("content-length", length),
            None => exact.clone(),
        };
        assert_eq!(pull(answer).expect("manifest").bytes.len(), LIMIT, "{length:?}");
    }
    let error = pull(Answer::status(200).body(vec![b'x'; LIMIT + 1])).expect_err("too large");
    assert_eq!(error.code(), "too-large");
    assert!(error.to_string().contains("exceeds 4194304 byte limit"), "{error}");
}

#[test]
fn m3_an_endless_body_is_left_at_the_limit() {
    let chunk = Bytes::from(vec![b'x'; 64 << 10]);
    let script = Script::new(&[(MANIFEST, Answer::status(200).chunks(&chunk, 1 << 14))]);
    let error = run(registry("reg.example", &script).manifest(&repository(), &tag()));
    assert!(matches!(error, Err(Error::TooLarge { .. })));
    assert!(script.bytes_read() <= (LIMIT + chunk.len()) as u64, "{}", script.bytes_read());
}

#[test]
fn manifests_are_asked_for_by_all_their_types() {
    let script = Script::new(&[(MANIFEST, Answer::json("{}"))]);
    run(registry("reg.example", &script).manifest(&repository(), &tag())).expect("manifest");
    let sent = script.sent();
    let accept = sent.first().and_then(|request| request.headers.get("accept"));
    let accept = accept.and_then(|value| value.to_str().ok()).expect("accept");
    for media_type in MediaType::MANIFESTS {
        assert!(accept.contains(media_type), "{accept}");
    }
}

#[test]
fn d8_encoded_bodies_are_refused() {
    let error = pull(Answer::json("{}").header("content-encoding", "gzip")).expect_err("encoded");
    assert_eq!(error.code(), "content-encoding");
    assert!(pull(Answer::json("{}").header("content-encoding", "identity")).is_ok());
}

#[test]
fn m4_a_descriptor_decides_how_large_a_document_is() {
    let digest = Digest::sha256(b"{}");
    let step = by_digest(&digest);
    let fetch = |size: u64, answer: Option<Answer>| {
        let steps: Vec<_> = answer.map(|answer| (step.as_str(), answer)).into_iter().collect();
        let script = Script::new(&steps);
        let descriptor = Descriptor::new(MediaType::MANIFEST, digest.clone(), size);
        let registry = registry("reg.example", &script);
        let fetched = run(registry.repository(repository()).document(&descriptor));
        script.finish();
        fetched
    };
    assert!(fetch(2, Some(Answer::json("{}"))).is_ok());
    for size in [0, 1, 3, 4_000_000] {
        let error = fetch(size, Some(Answer::json("{}"))).expect_err("size");
        let Error::Mismatch { mismatch: Mismatch::Size { expected, actual, .. }, .. } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!((*expected, *actual), (size, 2));
        assert_eq!(Finding::from(error).rule, "manifest.size");
    }
    for size in [LIMIT as u64 + 1, 1 << 53, u64::MAX] {
        let error = fetch(size, None).expect_err("too large");
        assert_eq!(error.code(), "too-large", "nothing is sent for {size} bytes");
    }
}

#[test]
fn documents_of_unknown_type_are_looked_for_as_blob_and_as_manifest() {
    let digest = Digest::sha256(b"{}");
    let blob = format!("GET https://reg.example/v2/a/blobs/{digest}");
    let manifest = by_digest(&digest);
    let missing = || Answer::status(404);
    let document = |media_type: &str, steps: &[(&str, Answer)]| {
        let script = Script::new(steps);
        let descriptor = Descriptor::new(media_type, digest.clone(), 2);
        let found =
            run(registry("reg.example", &script).repository(repository()).document(&descriptor));
        script.finish();
        found.map(|fetched| fetched.bytes.into_inner())
    };
    let ok = || Answer::json("{}");
    let body = Bytes::from_static(b"{}");
    assert_eq!(document(MediaType::CONFIG, &[(&blob, ok())]), Ok(body.clone()));
    assert_eq!(document(MediaType::INDEX, &[(&manifest, ok())]), Ok(body.clone()));
    assert_eq!(document("application/x", &[(&blob, ok())]), Ok(body.clone()));
    assert_eq!(document("application/x", &[(&blob, missing()), (&manifest, ok())]), Ok(body));
    let none = document("application/x", &[(&blob, missing()), (&manifest, missing())]);
    assert_eq!(none.expect_err("missing").code(), "not-found");
    let none = document(MediaType::CONFIG, &[(&blob, missing())]);
    assert_eq!(
        none.expect_err("missing").to_string(),
        format!("There is no blob {digest} in reg.example/a.")
    );
}

#[test]
fn statuses_become_sentences() {
    let errors = |code: &str| format!("{{\"errors\":[{{\"code\":\"{code}\",\"message\":\"m\"}}]}}");
    for (status, body, code, sentence) in [
        (
            403,
            errors("DENIED"),
            "denied",
            "Access to reg.example/a:t is denied. It says: \"DENIED: m\".",
        ),
        (
            404,
            errors("MANIFEST_UNKNOWN"),
            "not-found",
            "There is no tag t in reg.example/a. It says: \"MANIFEST_UNKNOWN: m\".",
        ),
        (
            404,
            errors("NAME_UNKNOWN"),
            "not-found",
            "There is no repository reg.example/a. It says: \"NAME_UNKNOWN: m\".",
        ),
        (404, "<html>".to_owned(), "not-found", "There is no tag t in reg.example/a."),
        (
            429,
            "slow down".to_owned(),
            "rate-limited",
            "The rate limit is reached, so reg.example/a:t was not given. It says: \"slow down\".",
        ),
        (
            500,
            String::new(),
            "server-error",
            "The server failed to give reg.example/a:t: status 500 (Internal Server Error).",
        ),
        (
            503,
            errors("UNAVAILABLE"),
            "server-error",
            "The server failed to give reg.example/a:t: status 503 (Service Unavailable). It says: \"UNAVAILABLE: m\".",
        ),
        (
            405,
            String::new(),
            "unexpected-status",
            "The server's answer for reg.example/a:t has no meaning here: status 405 (Method Not Allowed).",
        ),
        (
            307,
            String::new(),
            "unexpected-status",
            "The server's answer for reg.example/a:t has no meaning here: status 307 (Temporary Redirect).",
        ),
        (
            204,
            String::new(),
            "unexpected-status",
            "The server's answer for reg.example/a:t has no meaning here: status 204 (No Content).",
        ),
    ] {
        let error = pull(Answer::status(status).body(body)).expect_err("status");
        assert_eq!(error.code(), code, "{status}");
        assert_eq!(error.to_string(), sentence);
        assert!(error.advice().ends_with('.'));
    }
    let error = pull(Answer::status(401)).expect_err("401");
    assert!(matches!(error, Error::Unauthorized { login: Login::NotOffered, .. }));
}

#[test]
fn rate_limits_carry_when_to_come_back() {
    let answer = Answer::status(429)
        .header("retry-after", "17")
        .header("ratelimit-limit", "100;w=21600")
        .header("ratelimit-remaining", "0;w=21600");
    let error = pull(answer).expect_err("limit");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(17)));
    let Error::RateLimited { limit: Some(limit), .. } = &error else { panic!("{error:?}") };
    assert_eq!((limit.limit, limit.remaining, limit.window), (Some(100), Some(0), Some(21600)));
    assert!(error.to_string().contains("Try again in 17 s."), "{error}");
}

#[test]
fn failures_of_the_way_become_sentences() {
    for (kind, code, part) in [
        (TransportErrorKind::Unreachable, "unreachable", "No answer for reg.example/a:t"),
        (TransportErrorKind::Refused("private-address".to_owned()), "refused", "was not asked for"),
        (TransportErrorKind::Timeout, "timeout", "No answer in time"),
        (TransportErrorKind::Cancelled, "cancelled", "was stopped"),
        (
            TransportErrorKind::Offline,
            "offline",
            "as the script says, so reg.example/a:t was not read",
        ),
        (TransportErrorKind::Other, "transport", "No answer"),
    ] {
        let error = pull(Answer::fails(kind)).expect_err("fails");
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.advice().ends_with('.'));
    }
    let cut = pull(Answer::json("{").then_cut(100)).expect_err("cut");
    assert_eq!(cut.code(), "cut");
    assert_eq!(cut.to_string(), "The connection broke after 1 of 100 bytes of reg.example/a:t.");
}

#[test]
fn warnings_and_rate_limits_are_kept_once() {
    let warned = || {
        Answer::json("{}")
            .header("warning", "299 - \"old\"")
            .header("warning", "299 - \"old\"")
            .header("ratelimit-remaining", "7")
    };
    let script = Script::new(&[(MANIFEST, warned()), (MANIFEST, warned())]);
    let registry = registry("reg.example", &script);
    for _ in 0..2 {
        run(registry.manifest(&repository(), &tag())).expect("manifest");
    }
    assert_eq!(registry.warnings(), ["old"]);
    assert_eq!(registry.rate_limit().and_then(|limit| limit.remaining), Some(7));
}

#[test]
fn pings() {
    let ping = "GET https://reg.example/v2/";
    let ok = Answer::json("{}").header("docker-distribution-api-version", "registry/2.0");
    let script = Script::new(&[(ping, ok)]);
    let pong = run(registry("reg.example", &script).ping()).expect("pong");
    assert_eq!(pong.api_version.as_deref(), Some("registry/2.0"));
    let script = Script::new(&[(ping, Answer::status(404).body("<html>"))]);
    let error = run(registry("reg.example", &script).ping()).expect_err("no registry");
    assert_eq!(error.to_string(), "reg.example does not answer as a registry.");
}

#[test]
fn blobs_in_part_and_as_a_whole() {
    let digest = Digest::sha256(b"0123456789");
    let url = format!("GET https://reg.example/v2/a/blobs/{digest}");
    let stream = |answer: Answer, range: Option<ByteRange>| {
        let script = Script::new(&[(&url, answer)]);
        let registry = registry("reg.example", &script);
        let got = run(registry.blob_stream(&repository(), &digest, range));
        let asked = script.sent().first().and_then(|r| r.headers.get("range").cloned());
        assert_eq!(asked.is_some(), range.is_some());
        got.map(|mut blob| {
            let mut bytes = Vec::new();
            while let Some(chunk) = run(blob.body.chunk()) {
                bytes.extend_from_slice(&chunk.expect("chunk"));
            }
            (blob.part, bytes)
        })
    };
    let range = ByteRange::new(2, 3);
    let whole = Answer::status(200).body("0123456789");
    assert_eq!(stream(whole.clone(), None), Ok((Part::Whole, b"0123456789".to_vec())));
    assert_eq!(stream(whole, range).map(|(part, _)| part), Ok(Part::Whole), "200 is legal");
    let part = Answer::status(206).header("content-range", "bytes 2-4/10").body("234");
    let expected = Part::Range { range: range.expect("range"), total: Some(10) };
    assert_eq!(stream(part, range), Ok((expected, b"234".to_vec())));
    let wrong = Answer::status(206).header("content-range", "bytes 0-2/10").body("012");
    assert_eq!(stream(wrong, range).expect_err("other").code(), "range");
    assert_eq!(stream(Answer::status(416), range).expect_err("beyond").code(), "range");
    assert_eq!(stream(Answer::status(404), range).expect_err("none").code(), "not-found");
}

#[test]
fn small_blobs_are_verified() {
    let digest = Digest::sha256(b"abc");
    let url = format!("GET https://reg.example/v2/a/blobs/{digest}");
    let fetch = |body: &str, size: u64, limit: u64| {
        let script = Script::new(&[(&url, Answer::status(200).body(body))]);
        let descriptor = Descriptor::new(MediaType::CONFIG, digest.clone(), size);
        run(registry("reg.example", &script).blob(&repository(), &descriptor, limit))
            .map(|fetched| fetched.bytes.into_inner())
    };
    assert_eq!(fetch("abc", 3, 3), Ok(Bytes::from_static(b"abc")));
    for (body, size, limit, code) in [
        ("abd", 3, 3, "digest"),
        ("ab", 3, 3, "size"),
        ("abcd", 3, 10, "size"),
        ("abcd", 3, 3, "too-large"),
        ("abc", 4, 3, "too-large"),
    ] {
        assert_eq!(fetch(body, size, limit).expect_err(body).code(), code, "{body} {size}");
    }
}

/// What is no document says nothing of the document: not that it is wrong, and not what it is.
#[test]
fn b1_pages_errors_and_nothing_at_all_are_no_documents() {
    let digest = Digest::sha256(b"manifest");
    let tag = Target::Tag(Tag::parse("t").expect("tag"));
    let page = "<!doctype html><title>Sign in</title>";
    for (media_type, body, said) in [
        ("text/html", page, "it is a web page"),
        ("application/octet-stream", page, "it is a web page"),
        (MediaType::MANIFEST, page, "it is a web page"),
        (MediaType::MANIFEST, "", "it is empty"),
        (
            "application/json",
            "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"}]}",
            "it is an error. It says: \"DENIED: no\".",
        ),
    ] {
        for target in [tag.clone(), Target::Digest(digest.clone())] {
            let url = format!("GET https://reg.example/v2/a/manifests/{target}");
            let answer = Answer::status(200).header("content-type", media_type).body(body);
            let script = Script::new(&[(&url, answer)]);
            let registry = registry("reg.example", &script);
            let repository = Repository::parse("a").expect("repository");
            let error = run(registry.manifest(&repository, &target)).expect_err(said);
            assert_eq!(error.code(), "not-json", "{error}");
            assert!(error.is_refusal());
            assert!(error.to_string().contains(&format!("can't be read: {said}")), "{error}");
        }
    }
    // What is a document, and not the one that was asked for, is wrong.
    let url = format!("GET https://reg.example/v2/a/manifests/{digest}");
    let other = Answer::status(200).body("{\"schemaVersion\":2,\"errors\":[]}");
    let script = Script::new(&[(&url, other)]);
    let repository = Repository::parse("a").expect("repository");
    let asked = Target::Digest(digest);
    let got = run(registry("reg.example", &script).manifest(&repository, &asked));
    assert!(matches!(got, Err(Error::Mismatch { .. })), "{got:?}");
}
