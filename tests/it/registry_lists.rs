//! Lists: tags, catalogs and referrers, page by page, as registries give them.

use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock::reference::Repository;
use drydock::registry::{Error, PageProblem};
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
            (url(n), Answer::json("{\"tags\":[\"a\"]}").header("link", &link))
        })
        .collect();
    let steps: Vec<(&str, Answer)> = steps.iter().map(|(u, a)| (u.as_str(), a.clone())).collect();
    let script = Script::new(&steps);
    let got = run(registry("reg.example", &script).all_tags(&repository())).expect_err("endless");
    assert!(got.to_string().contains("too many pages"), "{got}");
    script.finish();
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
    assert_eq!(rules(case.ask(&steps, None).expect("list")), ["referrers.not-an-index"]);
    let bad = index(&["{\"digest\":\"x\"}".to_owned(), referrer("x/sig", b"2"), "7".to_owned()]);
    let found = case.ask(&[(&case.api, bad)], None).expect("list");
    assert_eq!(found.descriptors.len(), 1, "the good ones are kept");
    assert_eq!(rules(found), ["referrers.descriptor", "referrers.descriptor"]);
    let no_list = Answer::status(200).header("content-type", MediaType::INDEX).body("{}");
    assert_eq!(
        rules(case.ask(&[(&case.api, no_list)], None).expect("list")),
        ["referrers.not-an-index"]
    );
    let not_json = Answer::status(200).header("content-type", MediaType::INDEX).body("{");
    assert_eq!(case.ask(&[(&case.api, not_json)], None).expect_err("json").code(), "not-json");
    let away = index(&[referrer("x/sig", b"2")])
        .header("link", "<https://evil.example/v2/a/referrers/x>; rel=\"next\"");
    let found = case.ask(&[(&case.api, away)], None).expect("list");
    assert_eq!(found.descriptors.len(), 1, "what came is kept");
    assert_eq!(rules(found), ["fetch.page-refused"]);
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
    let script = Script::new(&[
        (&url("HEAD", "sig"), known),
        (&url("HEAD", "att"), Answer::status(404)),
        (&url("HEAD", "sbom"), Answer::status(405)),
        (&url("GET", "sbom"), Answer::json("{}")),
    ]);
    let registry = registry("reg.example", &script);
    let tags = run(registry.cosign_tags(&repository(), &digest)).expect("tags");
    script.finish();
    let found: Vec<_> = tags.iter().map(|tag| (tag.kind, &tag.descriptor.digest)).collect();
    assert_eq!(found, [(CosignKind::Signature, &signature), (CosignKind::Sbom, &signature)]);
}
