//! The writing operations, one by one, against answers as registries give them.

use bytes::Bytes;
use drydock::descriptor::{Descriptor, Mismatch};
use drydock::digest::{Algorithm, Digest};
use drydock::media_type::MediaType;
use drydock::reference::{Repository, Tag, Target};
use drydock::registry::ops::{Started, Stored};
use drydock::registry::upload::{Sizes, Upload, UploadState};
use drydock::registry::{Content, Error, LocationProblem, Login};

use crate::peer::Waits;
use crate::registry_script::{Answer, Script, login, registry, run};

const UPLOADS: &str = "POST https://reg.example/v2/a/blobs/uploads/";
const PUSHED: &str = "PUT https://reg.example/v2/a/manifests/t";
const BEARER: &str = "Bearer realm=\"/token\",service=\"reg\"";

fn repository(name: &str) -> Repository {
    Repository::parse(name).expect("repository")
}

fn tag() -> Target {
    Target::Tag(Tag::parse("t").expect("tag"))
}

fn blob() -> (Descriptor, Bytes) {
    let bytes = Bytes::from_static(b"0123456789");
    (Descriptor::new("a/b", Digest::sha256(&bytes), 10), bytes)
}

fn put(bytes: &Bytes, target: &Target, answer: Answer) -> Result<Stored, Error> {
    let script =
        Script::new(&[(&format!("PUT https://reg.example/v2/a/manifests/{target}"), answer)]);
    let media_type = MediaType::new(MediaType::MANIFEST);
    let registry = registry("reg.example", &script);
    let stored = run(registry.put_manifest(&repository("a"), target, &media_type, bytes));
    for request in script.sent() {
        assert_eq!(request.body, bytes, "exactly the bytes");
        assert_eq!(request.headers["content-type"], MediaType::MANIFEST);
    }
    script.finish();
    stored
}

#[test]
fn manifests_go_byte_for_byte_and_registries_answer_in_several_ways() {
    let bytes = Bytes::from_static(b"{ \"odd\":\n1 }");
    let subject = Digest::sha256(b"subject");
    let digest = Digest::sha256(&bytes);
    for status in [200, 201, 202] {
        let stored = put(&bytes, &tag(), Answer::status(status)).expect("stored");
        assert_eq!(stored, Stored { digest: digest.clone(), subject: None });
    }
    let answer = Answer::status(201).header("oci-subject", subject.as_str());
    let stored = put(&bytes, &Target::Digest(digest), answer).expect("stored");
    assert_eq!(stored.subject, Some(subject));
    let long = Digest::of(Algorithm::Sha512, &bytes);
    let stored = put(&bytes, &Target::Digest(long.clone()), Answer::status(201)).expect("stored");
    assert_eq!(stored.digest, long);
}

#[test]
fn u7_another_digest_in_the_answer_is_an_alarm() {
    let bytes = Bytes::from_static(b"{}");
    let own = Digest::sha256(&bytes);
    let long = Digest::of(Algorithm::Sha512, &bytes);
    let other = Digest::sha256(b"other");
    for (said, good) in
        [(own.as_str(), true), (long.as_str(), true), (other.as_str(), false), ("nonsense", false)]
    {
        let answer = Answer::status(201).header("docker-content-digest", said);
        let stored = put(&bytes, &tag(), answer);
        assert_eq!(stored.is_ok(), good, "{said}");
        if let Err(error) = stored {
            assert_eq!(error.code(), "other-digest");
            let text = error.to_string();
            assert!(text.contains(said) && text.contains(own.as_str()), "{text}");
        }
    }
}

#[test]
fn manifests_that_are_not_taken() {
    let bytes = Bytes::from_static(b"{}");
    for (status, code) in [
        (400, "unexpected-status"),
        (403, "denied"),
        (404, "not-found"),
        (405, "unexpected-status"),
        (413, "too-large-to-send"),
        (429, "rate-limited"),
        (500, "server-error"),
    ] {
        let error = put(&bytes, &tag(), Answer::status(status)).expect_err("refused");
        assert_eq!(error.code(), code, "{status}");
        assert!(error.to_string().contains("reg.example/a"), "{error}");
        assert!(error.about().is_some_and(|subject| subject.is_write()), "{error:?}");
    }
    let script = Script::new(&[]);
    let registry = registry("reg.example", &script);
    let media_type = MediaType::new(MediaType::MANIFEST);
    let wrong = Target::Digest(Digest::sha256(b"other"));
    let error = run(registry.put_manifest(&repository("a"), &wrong, &media_type, &bytes));
    assert!(matches!(error, Err(Error::Mismatch { mismatch: Mismatch::Digest { .. }, .. })));
    let large = Bytes::from(vec![b' '; (4 << 20) + 1]);
    let error = run(registry.put_manifest(&repository("a"), &tag(), &media_type, &large));
    assert_eq!(error.expect_err("large").code(), "too-large", "nothing is sent");
}

#[test]
fn whether_a_blob_is_there_where_registries_lie() {
    let (descriptor, _) = blob();
    let head = format!("HEAD https://reg.example/v2/a/blobs/{}", descriptor.digest);
    let get = format!("GET https://reg.example/v2/a/blobs/{}", descriptor.digest);
    let other = Digest::sha256(b"other");
    let ok = || Answer::status(200);
    let part = || Answer::status(206).header("content-range", "bytes 9-9/10");
    for (first, second, there) in [
        (ok().header("content-length", "10"), None, true),
        (ok().header("docker-content-digest", descriptor.digest.as_str()), None, true),
        (ok(), None, true),
        (Answer::status(404), None, false),
        (ok().header("content-length", "0"), Some(part()), true),
        (ok().header("content-length", "0"), Some(Answer::status(404)), false),
        (ok().header("content-length", "7"), Some(Answer::status(416)), false),
        (ok().header("docker-content-digest", other.as_str()), Some(part()), true),
        (Answer::status(405), Some(part()), true),
        (Answer::status(405), Some(Answer::status(404)), false),
        // Some deny HEAD, some deny what does not exist.
        (Answer::status(403), Some(part()), true),
        (Answer::status(403), Some(Answer::status(404)), false),
        (Answer::status(403), Some(Answer::status(403)), false),
        (Answer::status(405), Some(ok().header("content-length", "10")), true),
        (Answer::status(405), Some(ok().header("content-length", "11")), false),
        (
            Answer::status(501),
            Some(Answer::status(206).header("content-range", "bytes 9-9/11")),
            false,
        ),
    ] {
        let case = format!("{first:?} {second:?}");
        let mut steps = vec![(head.as_str(), first)];
        steps.extend(second.map(|second| (get.as_str(), second)));
        let script = Script::new(&steps);
        let got = run(registry("reg.example", &script).has_blob(&repository("a"), &descriptor));
        assert_eq!(got, Ok(there), "{case}");
        if let Some(request) = script.sent().get(1) {
            assert_eq!(request.headers["range"], "bytes=9-9");
        }
        script.finish();
    }
    let script = Script::new(&[(&head, Answer::status(401))]);
    let error = run(registry("reg.example", &script).has_blob(&repository("a"), &descriptor));
    assert_eq!(error.expect_err("a login").code(), "unauthorized");
}

#[test]
fn u6_a_mount_asks_for_both_scopes_at_once_and_the_one_that_counts_first() {
    let (descriptor, _) = blob();
    let digest = descriptor.digest.as_str().replace(':', "%3A");
    let mount = format!("{UPLOADS}?mount={digest}&from=b");
    let both = "GET https://reg.example/token?service=reg&scope=repository%3Aa%3Apull%2Cpush\
                &scope=repository%3Ab%3Apull&account=user";
    let alone = "GET https://reg.example/token?service=reg&scope=repository%3Aa%3Apull%2Cpush\
                 &account=user";
    let started = Answer::status(202).header("location", "/u?x=1");
    for (steps, mounted) in [
        (
            vec![
                (mount.as_str(), Answer::challenge(BEARER)),
                (both, Answer::token("two")),
                (&mount, Answer::status(201)),
            ],
            true,
        ),
        (
            vec![
                (&mount, Answer::challenge(BEARER)),
                (both, Answer::status(403)),
                (alone, Answer::token("one")),
                (&mount, started.clone()),
            ],
            false,
        ),
        (
            vec![
                (&mount, Answer::challenge(BEARER)),
                (both, Answer::token("two")),
                (&mount, Answer::status(405)),
                (UPLOADS, started),
            ],
            false,
        ),
    ] {
        let script = Script::new(&steps);
        let registry = registry("reg.example", &script);
        registry.log_in(login());
        let digest = &descriptor.digest;
        let got = run(registry.mount_blob(&repository("a"), digest, &repository("b")));
        script.finish();
        match got.expect("started") {
            Started::Mounted => assert!(mounted),
            Started::Session(session) => {
                assert!(!mounted);
                assert_eq!(session.location.as_str(), "https://reg.example/u?x=1");
            }
        }
    }
}

#[test]
fn p25_u3_no_login_goes_to_an_upload_on_another_host() {
    let (descriptor, bytes) = blob();
    let digest = &descriptor.digest;
    let chunk = "PATCH https://uploads.example/u?sig=1";
    let end = format!("PUT https://uploads.example/u2?sig=2&digest={digest}");
    let script = Script::new(&[
        (UPLOADS, Answer::challenge("Basic realm=\"reg\"")),
        (UPLOADS, Answer::status(202).header("location", "https://uploads.example/u?sig=1")),
        (chunk, Answer::status(202).header("location", "/u2?sig=2").header("range", "0-4")),
        (&end, Answer::status(201)),
    ]);
    let registry = registry("reg.example", &script);
    registry.log_in(login());
    let repository = repository("a");
    let content = Content::Payload(&bytes);
    let nobody = |_: u64| {};
    let session = run(registry.start_upload(&repository, digest)).expect("started");
    let held =
        run(registry.put_chunk(&repository, digest, &session.location, content, 0..5, &nobody))
            .expect("taken");
    assert_eq!(held.range, Some((0, 4)));
    let place = held.location.expect("moved");
    run(registry.finish_upload(&repository, digest, &place, content, 5..10, &nobody))
        .expect("ends");
    script.finish();
    script.assert_secret_only_at(&["reg.example"]);
    let sent = script.sent();
    assert_eq!(sent[2].headers["content-range"], "0-4");
    assert_eq!((&sent[2].body[..], &sent[3].body[..]), (&b"01234"[..], &b"56789"[..]));
}

#[test]
fn p25_another_host_that_wants_a_login_gets_none() {
    let (descriptor, bytes) = blob();
    let digest = &descriptor.digest;
    let end = format!("PUT https://uploads.example/u?digest={digest}");
    let script = Script::new(&[
        (UPLOADS, Answer::status(202).header("location", "https://uploads.example/u")),
        (&end, Answer::challenge("Basic realm=\"yours\"")),
    ]);
    let registry = registry("reg.example", &script);
    registry.log_in(login());
    let session = run(registry.start_upload(&repository("a"), digest)).expect("started");
    let content = Content::Payload(&bytes);
    let place = &session.location;
    let got = run(registry.finish_upload(&repository("a"), digest, place, content, 0..10, &|_| {}));
    let Err(Error::Unauthorized { login: Login::OtherHost(host), .. }) = got else {
        panic!("{got:?}");
    };
    assert_eq!(host, "uploads.example");
    script.finish();
    script.assert_secret_only_at(&["reg.example"]);
}

#[test]
fn p25_places_that_are_missing_or_forbidden() {
    let (descriptor, _) = blob();
    for (location, problem) in [
        (None, LocationProblem::Missing),
        (Some("http://reg.example/u"), LocationProblem::Insecure),
        (Some("https://169.254.169.254/u"), LocationProblem::Private),
        (Some("ftp://reg.example/u"), LocationProblem::NotUrl),
    ] {
        let answer = Answer::status(202);
        let answer = match location {
            Some(location) => answer.header("location", location),
            None => answer,
        };
        let script = Script::new(&[(UPLOADS, answer)]);
        let registry = registry("reg.example", &script);
        let got = run(registry.start_upload(&repository("a"), &descriptor.digest));
        let Err(Error::LocationRefused { problem: found, .. }) = &got else { panic!("{got:?}") };
        assert_eq!(*found, problem);
        assert!(got.expect_err("refused").to_string().contains("reg.example/a"));
    }
}

#[test]
fn redirects_of_uploads_are_followed_without_the_login_and_not_for_ever() {
    let (descriptor, bytes) = blob();
    let digest = &descriptor.digest;
    let end = format!("PUT https://reg.example/u?digest={digest}");
    let moved = "https://store.example/bucket/key?digest=x";
    let away = || Answer::status(307).header("location", moved);
    let put = format!("PUT {moved}");
    let script = Script::new(&[(&end, away()), (&put, Answer::status(201))]);
    let client = registry("reg.example", &script);
    client.log_in(login());
    let place = url::Url::parse("https://reg.example/u").expect("url");
    let content = Content::Payload(&bytes);
    let finish = |registry: &drydock::registry::Registry<std::rc::Rc<Script>>| {
        run(registry.finish_upload(&repository("a"), digest, &place, content, 0..10, &|_| {}))
    };
    assert_eq!(finish(&client), Ok(()));
    script.finish();
    script.assert_secret_only_at(&["reg.example"]);
    assert_eq!(script.sent()[1].body, bytes);

    let steps: Vec<_> =
        (0..6).map(|n| (if n == 0 { end.as_str() } else { put.as_str() }, away())).collect();
    let script = Script::new(&steps);
    let got = finish(&registry("reg.example", &script));
    let looped = matches!(&got, Err(Error::LocationRefused { problem: LocationProblem::Loop, .. }));
    assert!(looped, "{got:?}");
}

#[test]
fn a4_a_manifest_that_is_wanted_elsewhere_is_sent_there_without_the_login() {
    let bytes = Bytes::from_static(b"{}");
    let moved = "https://store.example/manifests/t";
    let away = Answer::status(307).header("location", moved);
    let script = Script::new(&[
        ("PUT https://reg.example/v2/a/manifests/t", away),
        (&format!("PUT {moved}"), Answer::status(201)),
    ]);
    let client = registry("reg.example", &script);
    client.log_in(login());
    let kind = MediaType::new(MediaType::MANIFEST);
    let stored = run(client.put_manifest(&repository("a"), &tag(), &kind, &bytes));
    assert_eq!(stored.map(|stored| stored.digest), Ok(Digest::sha256(&bytes)));
    script.finish();
    script.assert_secret_only_at(&["reg.example"]);
    assert_eq!(script.sent()[1].body, bytes);
}

#[test]
fn deletions_and_how_registries_refuse_them() {
    let digest = Digest::sha256(b"{}");
    let by_digest = Target::Digest(digest.clone());
    for (target, status, code) in [
        (tag(), 202, None),
        (by_digest.clone(), 202, None),
        (tag(), 200, None),
        (tag(), 405, Some("unexpected-status")),
        (tag(), 400, Some("unexpected-status")),
        (by_digest, 404, Some("not-found")),
        (tag(), 403, Some("denied")),
    ] {
        let step = format!("DELETE https://reg.example/v2/a/manifests/{target}");
        let script = Script::new(&[(&step, Answer::status(status))]);
        let got = run(registry("reg.example", &script).delete_manifest(&repository("a"), &target));
        assert_eq!(got.err().map(|error| error.code()), code, "{target} {status}");
        script.finish();
    }
    let step = format!("DELETE https://reg.example/v2/a/blobs/{digest}");
    let script = Script::new(&[(&step, Answer::status(202))]);
    let got = run(registry("reg.example", &script).delete_blob(&repository("a"), &digest));
    assert_eq!(got, Ok(()));
}

#[test]
fn a_deletion_asks_for_leave_to_delete() {
    let step = "DELETE https://reg.example/v2/a/manifests/t";
    let token = "GET https://reg.example/token?service=reg\
                 &scope=repository%3Aa%3Adelete%2Cpull%2Cpush&account=user";
    let script = Script::new(&[
        (step, Answer::challenge(BEARER)),
        (token, Answer::token("abc")),
        (step, Answer::status(202)),
    ]);
    let registry = registry("reg.example", &script);
    registry.log_in(login());
    assert_eq!(run(registry.delete_manifest(&repository("a"), &tag())), Ok(()));
    script.finish();
}

#[test]
fn what_goes_wrong_with_writing_is_said_as_such() {
    let bytes = Bytes::from_static(b"{}");
    for (answer, sentence) in [
        (Answer::status(403), "The push of reg.example/a:t is denied."),
        (
            Answer::status(404).body(r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#),
            "There is no repository reg.example/a to write to. It says: \"NAME_UNKNOWN\".",
        ),
        (
            Answer::status(503),
            "The server failed during the push of reg.example/a:t: status 503 (Service Unavailable).",
        ),
        (
            Answer::status(429).header("retry-after", "9"),
            "The rate limit is reached, so the push of reg.example/a:t has to wait. Try again in 9 s.",
        ),
        (
            Answer::fails(drydock::registry::TransportErrorKind::Offline),
            "as the script says, so the push of reg.example/a:t has to wait.",
        ),
        (
            Answer::fails(drydock::registry::TransportErrorKind::Cancelled),
            "The push of reg.example/a:t was stopped.",
        ),
    ] {
        let error = put(&bytes, &tag(), answer).expect_err("fails");
        assert_eq!(error.to_string(), sentence);
        assert!(error.advice().ends_with('.'));
        let finding = drydock::finding::Finding::from(error);
        assert_eq!(finding.rule, "push.failed");
    }
    let script = Script::new(&[(PUSHED, Answer::status(401))]);
    let registry = registry("reg.example", &script);
    let media_type = MediaType::new(MediaType::MANIFEST);
    let error = run(registry.put_manifest(&repository("a"), &tag(), &media_type, &bytes));
    let text = error.expect_err("401").to_string();
    assert!(text.starts_with("The push of reg.example/a:t needs a login"), "{text}");
}

#[test]
fn u1_a_place_that_is_no_longer_let_through_is_asked_for_anew_once() {
    let (descriptor, bytes) = blob();
    let digest = &descriptor.digest;
    let refused = || {
        let code = "path-not-allowed".to_owned();
        Answer::fails(drydock::registry::TransportErrorKind::Refused(code))
    };
    let place = |name: &str| format!("https://reg.example/{name}");
    let begun = |name: &str| Answer::status(202).header("location", &place(name));
    let (old, new) = (place("old"), place("new"));
    let end = |at: &str| format!("PUT {at}?digest={digest}");
    let upload = |steps: &[(&str, Answer)]| {
        let script = Script::new(steps);
        let (registry, repository) = (registry("reg.example", &script), repository("a"));
        let mut state = registry.new_upload(&repository, &descriptor, Sizes::default());
        let (content, progress) = (Content::Payload(&bytes), |_: &UploadState, _: u64| {});
        let upload = Upload {
            repository: &repository,
            descriptor: &descriptor,
            content,
            progress: &progress,
        };
        let done = run(registry.upload(&upload, &mut state, &Waits::default()));
        script.finish();
        done
    };
    let (first, second) = (end(&old), end(&new));
    let cancel = format!("DELETE {old}");
    let mut steps = vec![
        (UPLOADS, begun("old")),
        (first.as_str(), refused()),
        (&cancel, refused()),
        (UPLOADS, begun("new")),
        (&second, Answer::status(201)),
    ];
    assert_eq!(upload(&steps), Ok(()));
    steps[4] = (&second, refused());
    assert_eq!(upload(&steps).expect_err("refused again").code(), "refused");
}
