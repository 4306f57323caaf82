//! Lists: tags, catalogs and referrers, page by page, as registries give them.

use drydock::digest::Digest;
use drydock::finding::{Finding, Severity};
use drydock::media_type::MediaType;
use drydock::reference::Repository;
use drydock::registry::page::Names;
use drydock::registry::{Error, PageProblem, Subject, TransportErrorKind};
use drydock::source::{CosignKind, ReferrersFrom};

use crate::registry_script::{Answer, Script, registry, run};

const TAGS: &str = "GET https://reg.example/v2/a/tags/list?n=1000";

fn repository() -> Repository {
    Repository::parse("a").expect("repository")
}

#[test]
fn p26_tags_over_several_pages() {
    let second = "GET https://reg.example/v2/a/tags/list?n=1000&last=b";
    let script = Script::new(&[
        (
            TAGS,
            Answer::json("{\"name\":\"a\",\"tags\":[\"a\",\"b\"]}")
                .header("link", "</v2/a/tags/list?n=1000&last=b>; rel=\"next\""),
        ),
        (second, Answer::json("{\"tags\":[\"c\"]}")),
    ]);
    let tags = run(registry("reg.example", &script).all_tags(&repository()));
    assert_eq!(tags.as_deref(), Ok(&["a", "b", "c"].map(str::to_owned)[..]));
    script.finish();
}

#[test]
fn p26_pages_elsewhere_are_never_asked_for() {
    for (link, problem) in [
        ("<https://evil.example/v2/a/tags/list>; rel=\"next\"", PageProblem::OtherOrigin),
        ("</v2/a/tags/list?n=1000>; rel=\"next\"", PageProblem::Loop),
    ] {
        let answer = Answer::json("{\"tags\":[\"a\"]}").header("link", link);
        let script = Script::new(&[(TAGS, answer)]);
        let got = run(registry("reg.example", &script).all_tags(&repository()));
        let Err(Error::PageRefused { problem: p, .. }) = got else { panic!("{got:?}") };
        assert_eq!(p, problem);
    }
}

#[test]
fn p26_endless_pages_end() {
    let url = |n: usize| match n {
        0 => TAGS.to_owned(),
        n => format!("GET https://reg.example/v2/a/tags/list?last={n}"),
    };
    let steps: Vec<(String, Answer)> = (0..1000)
        .map(|n| {
            let link = format!("</v2/a/tags/list?last={}>; rel=\"next\"", n + 1);
            (url(n), Answer::json(&format!("{{\"tags\":[\"a{n}\"]}}")).header("link", &link))
        })
        .collect();
    let steps: Vec<(&str, Answer)> = steps.iter().map(|(u, a)| (u.as_str(), a.clone())).collect();
    let script = Script::new(&steps);
    let got = run(registry("reg.example", &script).all_tags(&repository())).expect_err("endless");
    assert!(got.to_string().contains("too many pages"), "{got}");
    script.finish();
}

/// What came with a bad link is kept, each name once.
#[test]
fn b3_a_bad_next_page_loses_nothing() {
    let page = |link: &str| Answer::json("{\"tags\":[\"a\",\"b\",\"a\"]}").header("link", link);
    for (link, problem) in [
        ("<https://evil.example/v2/a/tags/list>; rel=\"next\"", PageProblem::OtherOrigin),
        ("</v2/a/tags/list?n=1000>; rel=\"next\"", PageProblem::Loop),
        ("<>; rel=\"next\"", PageProblem::Loop),
        ("<https://[bad>; rel=\"next\"", PageProblem::NotUrl),
    ] {
        let script = Script::new(&[(TAGS, page(link))]);
        let got = run(registry("reg.example", &script).tags(&repository(), None)).expect(link);
        let mut names = Names::default();
        let (new, next) = names.take(got, &Subject::Tags { name: "reg.example/a".to_owned() });
        assert_eq!(new, ["a", "b"], "{link}");
        let Err(Error::PageRefused { problem: p, .. }) = next else { panic!("{next:?}") };
        assert_eq!(p, problem, "{link}");
    }
    // Two pages that name each other.
    let second = "GET https://reg.example/v2/a/tags/list?x=1";
    let script = Script::new(&[
        (TAGS, page("<?x=1>; rel=\"next\"")),
        (second, page("</v2/a/tags/list?n=1000>; rel=\"next\"")),
    ]);
    let got = run(registry("reg.example", &script).all_tags(&repository())).expect_err("a circle");
    assert!(got.to_string().contains("brought nothing new"), "{got}");
    script.finish();
    // A page may be empty and yet not be the last.
    let empty = Answer::json("{\"tags\":[]}").header("link", "<?x=1>; rel=\"next\"");
    let script = Script::new(&[(TAGS, empty), (second, Answer::json("{\"tags\":[\"c\"]}"))]);
    let got = run(registry("reg.example", &script).all_tags(&repository()));
    assert_eq!(got, Ok(vec!["c".to_owned()]));
}

#[test]
fn m23_lists_of_tags_as_registries_send_them() {
    let list = |body: &str| {
        let script = Script::new(&[(TAGS, Answer::json(body))]);
        run(registry("reg.example", &script).all_tags(&repository()))
    };
    assert_eq!(list("{\"name\":\"a\",\"tags\":null}"), Ok(Vec::new()));
    assert_eq!(list("{\"tags\":[]}"), Ok(Vec::new()));
    let odd = "{\"tags\":[\"ok\",\"<img onerror=x>\",\"../x\",7,null]}";
    assert_eq!(list(odd).map(|tags| tags.len()), Ok(3), "text is passed on as text");
    for body in ["<html>login</html>", "[]", "{}", "{\"tags\":\"x\"}", ""] {
        let error = list(body).expect_err(body);
        assert_eq!(error.code(), "not-json");
    }
}

#[test]
fn catalogs_and_their_denial() {
    let catalog = "GET https://reg.example/v2/_catalog?n=1000";
    let script = Script::new(&[(catalog, Answer::json("{\"repositories\":[\"a\",\"b/c\"]}"))]);
    let page = run(registry("reg.example", &script).catalog(None)).expect("catalog");
    assert_eq!((page.names, page.next), (vec!["a".to_owned(), "b/c".to_owned()], None));
    let script = Script::new(&[(catalog, Answer::status(404))]);
    let error = run(registry("reg.example", &script).catalog(None)).expect_err("none");
    assert_eq!(error.to_string(), "reg.example does not list its repositories.");
}

fn referrer(artifact_type: &str, content: &[u8]) -> String {
    format!(
        "{{\"mediaType\":\"{}\",\"digest\":\"{}\",\"size\":{},\"artifactType\":\"{artifact_type}\"}}",
        MediaType::MANIFEST,
        Digest::sha256(content),
        content.len()
    )
}

fn index(entries: &[String]) -> Answer {
    let body = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{}\",\"manifests\":[{}]}}",
        MediaType::INDEX,
        entries.join(",")
    );
    Answer::status(200).header("content-type", MediaType::INDEX).body(body)
}

struct ReferrersCase {
    api: String,
    fallback: String,
    digest: Digest,
}

impl ReferrersCase {
    fn new() -> Self {
        let digest = Digest::sha256(b"subject");
        Self {
            api: format!("GET https://reg.example/v2/a/referrers/{digest}"),
            fallback: format!("GET https://reg.example/v2/a/manifests/sha256-{}", digest.encoded()),
            digest,
        }
    }

    fn ask(
        &self,
        steps: &[(&str, Answer)],
        artifact_type: Option<&str>,
    ) -> Result<drydock::source::Referrers, Error> {
        let script = Script::new(steps);
        let registry = registry("reg.example", &script);
        let got = run(registry.referrers(&repository(), &self.digest, artifact_type));
        script.finish();
        got
    }
}

#[test]
fn referrers_over_several_pages() {
    let case = ReferrersCase::new();
    let second = format!("{}?last=1", case.api);
    let link = "<?last=1>; rel=\"next\"";
    let steps = [
        (case.api.as_str(), index(&[referrer("x/sbom", b"1")]).header("link", link)),
        (second.as_str(), index(&[referrer("x/sig", b"2")])),
    ];
    let found = case.ask(&steps, None).expect("referrers");
    assert_eq!(found.from, ReferrersFrom::Api);
    assert_eq!(found.descriptors.len(), 2);
    assert!(found.findings.is_empty());
}

#[test]
fn b3_pages_of_referrers_in_a_circle_end() {
    let case = ReferrersCase::new();
    let second = format!("{}?last=1", case.api);
    let page = |link: &str| index(&[referrer("x/sig", b"1")]).header("link", link);
    let back = format!("</v2/a/referrers/{}>; rel=\"next\"", case.digest);
    let steps =
        [(case.api.as_str(), page("<?last=1>; rel=\"next\"")), (second.as_str(), page(&back))];
    let found = case.ask(&steps, None).expect("referrers");
    assert_eq!((found.descriptors.len(), found.findings.len()), (1, 1), "{:?}", found.findings);
}

#[test]
fn referrers_are_filtered_here_when_the_registry_did_not() {
    let case = ReferrersCase::new();
    let filtered = format!("{}?artifactType=x%2Fsig", case.api);
    let both = || index(&[referrer("x/sbom", b"1"), referrer("x/sig", b"2")]);
    let found = case.ask(&[(&filtered, both())], Some("x/sig")).expect("referrers");
    assert_eq!(found.descriptors.len(), 1);
    let applied = index(&[referrer("x/sig", b"2")]).header("oci-filters-applied", "artifactType");
    let found = case.ask(&[(&filtered, applied)], Some("x/sig")).expect("referrers");
    assert_eq!(found.descriptors.len(), 1);
}

#[test]
fn m20_without_the_api_the_fallback_tag_is_read() {
    let case = ReferrersCase::new();
    let html = || Answer::status(200).header("content-type", "text/html").body("<html>");
    let json = || Answer::json("{\"errors\":[]}");
    let no_api = [404, 400, 405, 406].map(Answer::status).into_iter().chain([html(), json()]);
    for answer in no_api {
        let steps = [
            (case.api.as_str(), answer),
            (case.fallback.as_str(), index(&[referrer("x/sig", b"2")])),
        ];
        let found = case.ask(&steps, None).expect("referrers");
        assert_eq!(found.from, ReferrersFrom::FallbackTag);
        assert_eq!(found.descriptors.len(), 1);
    }
    let steps =
        [(case.api.as_str(), Answer::status(404)), (case.fallback.as_str(), Answer::status(404))];
    let found = case.ask(&steps, None).expect("referrers");
    assert_eq!((found.from, found.descriptors.len()), (ReferrersFrom::Nowhere, 0));
    let error = case.ask(&[(&case.api, Answer::status(500))], None).expect_err("server");
    assert_eq!(error.code(), "server-error");
}

/// Registries say in many ways that they have no such thing. None of it is about the image.
#[test]
fn b1_refusals_and_pages_are_no_list_and_no_failure() {
    let case = ReferrersCase::new();
    let page = || Answer::status(200).header("content-type", "text/html").body("<html>Sign in");
    let own = Answer::status(200).header("content-type", MediaType::INDEX).body("subject");
    for (api, tag, from, said) in [
        (Answer::status(404), page(), ReferrersFrom::Nowhere, 0),
        (page(), page(), ReferrersFrom::Nowhere, 0),
        (Answer::json("{}"), Answer::status(404), ReferrersFrom::Nowhere, 0),
        (
            Answer::json("{\"errors\":[{\"code\":\"UNSUPPORTED\"}]}"),
            Answer::status(404),
            ReferrersFrom::Nowhere,
            0,
        ),
        (Answer::status(200), Answer::status(404), ReferrersFrom::Nowhere, 0),
        (Answer::status(404), Answer::json("{\"errors\":[]}"), ReferrersFrom::Nowhere, 0),
        (Answer::status(404), Answer::status(200), ReferrersFrom::Nowhere, 0),
        // The manifest itself, under the tag that is made of its digest.
        (Answer::status(404), own, ReferrersFrom::Nowhere, 0),
        (Answer::status(403), Answer::status(403), ReferrersFrom::NotKnown, 1),
        (Answer::status(403), Answer::status(404), ReferrersFrom::NotKnown, 1),
        (Answer::status(404), Answer::status(403), ReferrersFrom::NotKnown, 1),
        (Answer::status(204), Answer::status(404), ReferrersFrom::NotKnown, 1),
        (Answer::status(501), Answer::status(404), ReferrersFrom::NotKnown, 1),
        (
            Answer::fails(TransportErrorKind::Refused("redirect".to_owned())),
            Answer::status(404),
            ReferrersFrom::NotKnown,
            1,
        ),
        (Answer::status(403), index(&[referrer("x/sig", b"2")]), ReferrersFrom::FallbackTag, 0),
    ] {
        let about = format!("{api:?} {tag:?}");
        let steps = [(case.api.as_str(), api), (case.fallback.as_str(), tag)];
        let found = case.ask(&steps, None).expect(&about);
        assert_eq!((found.from, found.findings.len()), (from, said), "{about}");
        let warned = |finding: &Finding| finding.severity == Severity::Warning;
        assert!(found.findings.iter().all(warned), "{:?}", found.findings);
    }
}

#[test]
fn m20_lists_that_are_no_lists() {
    let case = ReferrersCase::new();
    let rules = |found: drydock::source::Referrers| -> Vec<String> {
        found.findings.iter().map(|finding| finding.rule.to_string()).collect()
    };
    let steps = [
        (case.api.as_str(), Answer::status(404)),
        (case.fallback.as_str(), Answer::json("{\"schemaVersion\":2,\"layers\":[]}")),
    ];
    assert_eq!(rules(case.ask(&steps, None).expect("list")), Vec::<String>::new());
    let bad = index(&["{\"digest\":\"x\"}".to_owned(), referrer("x/sig", b"2"), "7".to_owned()]);
    let found = case.ask(&[(&case.api, bad)], None).expect("list");
    assert_eq!(found.descriptors.len(), 1, "the good ones are kept");
    assert_eq!(rules(found), ["referrers.descriptor", "referrers.descriptor"]);
    for (body, from) in [
        ("{}", ReferrersFrom::Nowhere),
        ("", ReferrersFrom::NotKnown),
        ("{\"manifests\":[", ReferrersFrom::NotKnown),
        ("{\"manifests\":\"none\"}", ReferrersFrom::NotKnown),
    ] {
        let no_list = Answer::status(200).header("content-type", MediaType::INDEX).body(body);
        let steps = [(case.api.as_str(), no_list), (case.fallback.as_str(), Answer::status(404))];
        assert_eq!(case.ask(&steps, None).expect("list").from, from, "{body}");
    }
    let away = index(&[referrer("x/sig", b"2")])
        .header("link", "<https://evil.example/v2/a/referrers/x>; rel=\"next\"");
    let found = case.ask(&[(&case.api, away)], None).expect("list");
    assert_eq!(found.descriptors.len(), 1, "what came is kept");
    assert_eq!(rules(found), ["referrers.list"]);
}

#[test]
fn cosign_keeps_three_tags() {
    let digest = Digest::sha256(b"subject");
    let url = |verb: &str, suffix: &str| {
        format!("{verb} https://reg.example/v2/a/manifests/sha256-{}.{suffix}", digest.encoded())
    };
    let signature = Digest::sha256(b"{}");
    let known = Answer::status(200)
        .header("docker-content-digest", signature.as_str())
        .header("content-length", "2")
        .header("content-type", MediaType::MANIFEST);
    let body = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{}\",\"config\":{},\"layers\":[]}}",
        MediaType::MANIFEST,
        referrer("x/config", b"c")
    );
    let sbom = Digest::sha256(body.as_bytes());
    let manifest = Answer::status(200).header("content-type", MediaType::MANIFEST).body(body);
    let script = Script::new(&[
        (&url("HEAD", "sig"), known),
        (&url("HEAD", "att"), Answer::status(404)),
        (&url("HEAD", "sbom"), Answer::status(405)),
        (&url("GET", "sbom"), manifest),
    ]);
    let registry = registry("reg.example", &script);
    let ask = async |kind| registry.cosign_tag(&repository(), &digest, kind).await;
    let tags = CosignKind::ALL.map(|kind| run(ask(kind)).expect("tag"));
    let tags: Vec<_> = tags.into_iter().flatten().collect();
    script.finish();
    let found: Vec<_> = tags.iter().map(|tag| (tag.kind, &tag.descriptor.digest)).collect();
    assert_eq!(found, [(CosignKind::Signature, &signature), (CosignKind::Sbom, &sbom)]);
}

/// What is answered where there is no such tag: a refusal, a page, the manifest itself.
#[test]
fn b1_no_tag_of_cosign_is_no_failure() {
    let digest = Digest::sha256(b"subject");
    let url = |verb: &str, suffix: &str| {
        format!("{verb} https://reg.example/v2/a/manifests/sha256-{}.{suffix}", digest.encoded())
    };
    let itself = Answer::status(200)
        .header("docker-content-digest", digest.as_str())
        .header("content-length", "7")
        .header("content-type", MediaType::MANIFEST);
    let page = || Answer::status(200).header("content-type", "text/html");
    let script = Script::new(&[
        (&url("HEAD", "sig"), itself),
        (&url("HEAD", "att"), Answer::status(403)),
        (&url("GET", "att"), Answer::status(403)),
        (&url("HEAD", "sbom"), page()),
        (&url("GET", "sbom"), page().body("<html>Sign in")),
    ]);
    let registry = registry("reg.example", &script);
    for kind in CosignKind::ALL {
        assert_eq!(run(registry.cosign_tag(&repository(), &digest, kind)), Ok(None));
    }
    script.finish();
}
