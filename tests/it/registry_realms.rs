//! Whom does a login go to, and whom never?

use drydock::reference::{Repository, Tag, Target};
use drydock::registry::{Error, Login, RealmProblem, Registry, Scheme};

use crate::registry_auth::{EVIL, MANIFEST, OWN, TOKEN, ok, pull};
use crate::registry_script::{Answer, NOW, Script, login, registry, registry_at, run};

fn problem(result: Result<(), Error>) -> RealmProblem {
    match result {
        Err(Error::RealmRefused { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn p17_a_login_goes_to_no_unknown_token_service_unasked() {
    let script = Script::new(&[(MANIFEST, Answer::challenge(EVIL))]);
    let registry = registry("reg.example", &script);
    registry.log_in(login());
    let expected = Error::ConsentNeeded {
        registry: "reg.example".to_owned(),
        realm_host: "evil.example".to_owned(),
    };
    assert_eq!(pull(&registry), Err(expected.clone()));
    assert!(expected.to_string().contains("wants to send your login to evil.example"));
    script.finish();
    script.assert_secret_only_at(&[]);
}

#[test]
fn p17_after_consent_the_login_goes_there_and_nowhere_else() {
    let token =
        "GET https://evil.example/token?service=reg&scope=repository%3Aa%3Apull&account=user";
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(EVIL)),
        (token, Answer::token("abc")),
        (MANIFEST, ok()),
    ]);
    let registry = registry("reg.example", &script);
    registry.log_in(login());
    registry.accept_realm("evil.example");
    assert_eq!(pull(&registry), Ok(()));
    script.finish();
    assert_eq!(script.authorizations().last(), Some(&Some("Bearer abc".to_owned())));
    script.assert_secret_only_at(&["evil.example", "reg.example"]);
}

#[test]
fn p17_anonymous_readers_are_not_asked() {
    let token = "GET https://evil.example/token?service=reg&scope=repository%3Aa%3Apull";
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(EVIL)),
        (token, Answer::token("abc")),
        (MANIFEST, ok()),
    ]);
    assert_eq!(pull(&registry("reg.example", &script)), Ok(()));
    script.finish();
}

#[test]
fn p17_docker_hub_and_its_token_service_are_a_known_pair() {
    let script = Script::new(&[
        (
            "GET https://registry-1.docker.io/v2/library/alpine/manifests/3",
            Answer::challenge(
                "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:library/alpine:pull\"",
            ),
        ),
        (
            "GET https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Alibrary%2Falpine%3Apull&account=user",
            Answer::token("abc"),
        ),
        ("GET https://registry-1.docker.io/v2/library/alpine/manifests/3", ok()),
    ]);
    let registry = registry("docker.io", &script);
    registry.log_in(login());
    let repository = Repository::parse("library/alpine").expect("repository");
    let target = Target::Tag(Tag::parse("3").expect("tag"));
    run(registry.manifest(&repository, &target)).expect("manifest");
    script.finish();
    script.assert_secret_only_at(&["auth.docker.io", "registry-1.docker.io"]);
}

#[test]
fn p18_an_http_token_service_of_an_https_registry_is_refused() {
    let challenge = "Bearer realm=\"http://reg.example/token\",service=\"reg\"";
    let script = Script::new(&[(MANIFEST, Answer::challenge(challenge))]);
    let registry = registry("reg.example", &script);
    registry.log_in(login());
    assert_eq!(problem(pull(&registry)), RealmProblem::Insecure);
    script.assert_secret_only_at(&[]);
}

#[test]
fn p19_private_token_services_are_refused_to_anonymous_readers_too() {
    for realm in ["https://169.254.169.254/t", "https://0.0.0.0/t", "https://[::]/t"] {
        let challenge = format!("Bearer realm=\"{realm}\"");
        let script = Script::new(&[(MANIFEST, Answer::challenge(&challenge))]);
        let got = problem(pull(&registry("reg.example", &script)));
        assert_eq!(got, RealmProblem::Private, "{realm}");
        script.finish();
    }
}

#[test]
fn p19_a_private_registry_may_be_its_own_token_service() {
    let manifest = "GET http://10.0.0.1:5000/v2/a/manifests/t";
    let script = Script::new(&[
        (manifest, Answer::challenge("Bearer realm=\"http://10.0.0.1:5000/token\"")),
        (
            "GET http://10.0.0.1:5000/token?scope=repository%3Aa%3Apull&account=user",
            Answer::token("abc"),
        ),
        (manifest, ok()),
    ]);
    let registry = registry_at("10.0.0.1:5000", Scheme::Http, &script, || NOW);
    registry.log_in(login());
    assert_eq!(pull(&registry), Ok(()));
    script.finish();
}

#[test]
fn p20_a_token_service_that_redirects_is_refused() {
    let away = Answer::status(302).header("location", "https://169.254.169.254/latest");
    let followed = Answer::token("abc").answered_by("https://169.254.169.254/latest");
    for answer in [away, followed] {
        let script = Script::new(&[(MANIFEST, Answer::challenge(OWN)), (TOKEN, answer)]);
        let got = problem(pull(&registry("reg.example", &script)));
        assert_eq!(got, RealmProblem::Redirect);
        script.finish();
    }
}

#[test]
fn p21_a_token_service_may_not_move_to_another_host() {
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(OWN)),
        (TOKEN, Answer::token("abc")),
        (MANIFEST, ok()),
        (MANIFEST, Answer::challenge(EVIL)),
    ]);
    let registry = registry("reg.example", &script);
    registry.accept_realm("evil.example");
    assert_eq!(pull(&registry), Ok(()));
    let changed = RealmProblem::Changed { before: "https://reg.example".to_owned() };
    assert_eq!(problem(pull(&registry)), changed);
    script.finish();
}

#[test]
fn p22_a_scope_that_asks_for_more_is_not_followed() {
    let greedy = "Bearer realm=\"/token\",service=\"reg\",scope=\"repository:a:pull,push,delete repository:b:pull\"";
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(greedy)),
        (TOKEN, Answer::token("abc")),
        (MANIFEST, ok()),
    ]);
    assert_eq!(pull(&registry("reg.example", &script)), Ok(()));
    script.finish();
}

#[test]
fn p13_another_host_that_asks_for_a_login_gets_none() {
    let foreign = Answer::challenge("Bearer realm=\"https://evil.example/token\"")
        .answered_by("https://cdn.example/blob");
    let script = Script::new(&[(MANIFEST, foreign)]);
    let registry = registry("reg.example", &script);
    registry.log_in(login());
    let got = pull(&registry);
    let Err(Error::Unauthorized { login, .. }) = &got else { panic!("{got:?}") };
    assert_eq!(*login, Login::OtherHost("cdn.example".to_owned()));
    script.assert_secret_only_at(&[]);
}

#[test]
fn names_that_a_url_would_read_as_another_host_are_refused() {
    for name in ["0x7f.1", "2130706433", "127.1:5000", "1.2.3.4.5"] {
        let script = Script::new(&[]);
        let name = drydock::reference::Registry::parse(name).expect("host name");
        let made = Registry::new(script, name.clone(), Scheme::Https, || NOW);
        assert!(matches!(made, Err(Error::Host { .. })), "{name}");
    }
    let script = Script::new(&[]);
    for (name, base) in [
        ("[::1]:5000", "https://[::1]:5000/v2/"),
        ("ghcr.io:443", "https://ghcr.io/v2/"),
        ("docker.io", "https://registry-1.docker.io/v2/"),
    ] {
        assert_eq!(registry(name, &script).base().as_str(), base);
    }
}
