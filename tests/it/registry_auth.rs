//! Getting in: who is asked for a token, who gets a login, and who never does.

use std::cell::Cell;
use std::rc::Rc;

use drydock::reference::{Repository, Tag, Target};
use drydock::registry::auth::scope::{Action, Scope};
use drydock::registry::auth::{Credentials, ShellToken};
use drydock::registry::{Error, Login, Registry, Scheme};

use crate::registry_script::{Answer, NOW, PASSWORD, Script, login, registry, registry_at, run};

pub(crate) const MANIFEST: &str = "GET https://reg.example/v2/a/manifests/t";
pub(crate) const TOKEN: &str =
    "GET https://reg.example/token?service=reg&scope=repository%3Aa%3Apull";
pub(crate) const EVIL: &str = "Bearer realm=\"https://evil.example/token\",service=\"reg\"";
pub(crate) const OWN: &str = "Bearer realm=\"/token\",service=\"reg\"";

pub(crate) fn ok() -> Answer {
    Answer::json("{}")
}

pub(crate) fn pull(registry: &Registry<Rc<Script>>) -> Result<(), Error> {
    let target = Target::Tag(Tag::parse("t").expect("tag"));
    run(registry.manifest(&repository(), &target)).map(|_| ())
}

pub(crate) fn repository() -> Repository {
    Repository::parse("a").expect("repository")
}

#[test]
fn an_anonymous_token_is_fetched_once_and_used_again() {
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(OWN)),
        (TOKEN, Answer::token("abc")),
        (MANIFEST, ok()),
        (MANIFEST, ok()),
    ]);
    let registry = registry("reg.example", &script);
    assert_eq!(pull(&registry), Ok(()));
    assert_eq!(pull(&registry), Ok(()));
    script.finish();
    let bearer = Some("Bearer abc".to_owned());
    assert_eq!(script.authorizations(), [None, None, bearer.clone(), bearer]);
}

const API: &str = "GET https://reg.example/v2/";

#[test]
fn a_token_for_the_shell_has_the_chosen_scope_and_no_other() {
    let both = "GET https://reg.example/token?service=reg&scope=repository%3Aa%3Apull%2Cpush";
    let script = Script::new(&[
        (API, Answer::challenge(OWN)),
        (both, Answer::token("for-both")),
        // What was given away is not used here, and a wider token does not do for a narrower one.
        (TOKEN, Answer::token("for-pull")),
        (TOKEN, Answer::token("again")),
    ]);
    let registry = registry("reg.example", &script);
    let scope = |actions: &[Action]| [Scope::repository(&repository(), actions)];
    let token = |actions: &[Action]| match run(registry.shell_token(&scope(actions))) {
        Ok(ShellToken::Token { token, seconds }) => {
            assert!(seconds > 0);
            token
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(token(&[Action::Push, Action::Pull]), "for-both");
    assert_eq!(token(&[Action::Pull]), "for-pull");
    assert_eq!(token(&[Action::Pull]), "again");
    script.finish();
}

#[test]
fn registries_without_tokens_say_how_a_shell_gets_in() {
    let scopes = [Scope::catalog()];
    for (answer, expected) in
        [(ok(), ShellToken::Open), (Answer::challenge("Basic realm=\"reg\""), ShellToken::Password)]
    {
        let script = Script::new(&[(API, answer)]);
        assert_eq!(run(registry("reg.example", &script).shell_token(&scopes)), Ok(expected));
        script.finish();
    }
    let script = Script::new(&[(API, Answer::challenge(EVIL))]);
    let registry = registry("reg.example", &script);
    registry.log_in(login());
    let refused = run(registry.shell_token(&scopes));
    assert!(matches!(refused, Err(Error::ConsentNeeded { .. })), "{refused:?}");
    script.finish();
}

#[test]
fn p24_tokens_that_all_end_at_once_cost_one_renewal() {
    let other = "GET https://reg.example/v2/b/manifests/t";
    let both = "GET https://reg.example/token?service=reg&scope=repository%3Ab%3Apull";
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(OWN)),
        (TOKEN, Answer::token("old")),
        (MANIFEST, ok()),
        (both, Answer::token("older-for-b")),
        (other, ok()),
        // All tokens have been withdrawn.
        (other, Answer::challenge(OWN)),
        (both, Answer::token("new-for-b")),
        (other, ok()),
        (TOKEN, Answer::token("new")),
        (MANIFEST, ok()),
    ]);
    let registry = registry("reg.example", &script);
    let target = Target::Tag(Tag::parse("t").expect("tag"));
    let other = Repository::parse("b").expect("repository");
    assert_eq!(pull(&registry), Ok(()));
    assert!(run(registry.manifest(&other, &target)).is_ok());
    assert!(run(registry.manifest(&other, &target)).is_ok());
    assert_eq!(pull(&registry), Ok(()), "the older token is not tried any more");
    script.finish();
}

#[test]
fn an_expired_token_is_renewed_before_it_is_used() {
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(OWN)),
        (TOKEN, Answer::token("one")),
        (MANIFEST, ok()),
        (TOKEN, Answer::token("two")),
        (MANIFEST, ok()),
    ]);
    let time = Rc::new(Cell::new(NOW));
    let clock = Rc::clone(&time);
    let registry = registry_at("reg.example", Scheme::Https, &script, move || clock.get());
    assert_eq!(pull(&registry), Ok(()));
    time.set(NOW + 290_001);
    assert_eq!(pull(&registry), Ok(()));
    script.finish();
    assert_eq!(script.authorizations().last(), Some(&Some("Bearer two".to_owned())));
}

#[test]
fn p22_basic_and_bearer_in_one_header_prefer_the_token() {
    let both = "Basic realm=\"reg, ours\", Bearer realm=\"/token\",service=\"reg\"";
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(both)),
        (TOKEN, Answer::token("abc")),
        (MANIFEST, ok()),
    ]);
    assert_eq!(pull(&registry("reg.example", &script)), Ok(()));
    script.finish();
}

#[test]
fn p22_without_a_realm_the_password_is_what_is_left() {
    let script = Script::new(&[
        (MANIFEST, Answer::challenge("Bearer service=\"reg\"").header("www-authenticate", "BASIC")),
        (MANIFEST, ok()),
        (MANIFEST, ok()),
    ]);
    let registry = registry("reg.example", &script);
    registry.log_in(login());
    assert_eq!(pull(&registry), Ok(()));
    assert_eq!(pull(&registry), Ok(()));
    script.finish();
    let sent = script.authorizations();
    assert_eq!(sent.first(), Some(&None), "nothing before the registry has asked");
    assert!(sent.iter().skip(1).flatten().all(|value| value.starts_with("Basic ")));
    assert_eq!(sent.iter().flatten().count(), 2);
}

#[test]
fn p23_answers_of_token_services_that_hold_no_token() {
    let long = format!("{{\"token\":\"{}\"}}", "a".repeat((64 << 10) + 1));
    for body in [long.as_str(), "not json", "{}", "{\"token\":\"a\\r\\nX-Evil: 1\"}"] {
        let script =
            Script::new(&[(MANIFEST, Answer::challenge(OWN)), (TOKEN, Answer::json(body))]);
        let got = pull(&registry("reg.example", &script));
        assert!(matches!(got, Err(Error::Token { .. })), "{got:?}");
        script.finish();
    }
}

#[test]
fn p24_a_registry_that_never_lets_in_is_asked_twice() {
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(OWN)),
        (TOKEN, Answer::token("abc")),
        (MANIFEST, Answer::challenge(OWN).body("{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}")),
    ]);
    let got = pull(&registry("reg.example", &script));
    let Err(Error::Unauthorized { login, reply, .. }) = got else { panic!("{got:?}") };
    assert_eq!(login, Login::Possible);
    assert!(reply.has_code(&["UNAUTHORIZED"]));
    script.finish();
}

#[test]
fn p24_a_token_that_is_no_longer_taken_is_renewed_once() {
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(OWN)),
        (TOKEN, Answer::token("one")),
        (MANIFEST, ok()),
        (MANIFEST, Answer::challenge(OWN)),
        (TOKEN, Answer::token("two")),
        (MANIFEST, ok()),
    ]);
    let registry = registry("reg.example", &script);
    assert_eq!(pull(&registry), Ok(()));
    assert_eq!(pull(&registry), Ok(()));
    script.finish();
}

#[test]
fn p24_a_refused_password_is_sent_once() {
    let script = Script::new(&[
        (MANIFEST, Answer::challenge("Basic realm=\"reg\"")),
        (MANIFEST, Answer::challenge("Basic realm=\"reg\"")),
    ]);
    let registry = registry("reg.example", &script);
    registry.log_in(login());
    let got = pull(&registry);
    assert!(matches!(&got, Err(Error::Unauthorized { login: Login::Refused, .. })), "{got:?}");
    assert_eq!(got.expect_err("refused").code(), "login-refused");
    script.finish();
}

#[test]
fn logins_that_a_token_service_refuses() {
    for (login_given, expected) in [(true, Login::Refused), (false, Login::Possible)] {
        let token = if login_given { format!("{TOKEN}&account=user") } else { TOKEN.to_owned() };
        let refused = Answer::status(401).body("{\"details\":\"incorrect username or password\"}");
        let script = Script::new(&[(MANIFEST, Answer::challenge(OWN)), (&token, refused)]);
        let registry = registry("reg.example", &script);
        if login_given {
            registry.log_in(login());
        }
        let error = pull(&registry).expect_err("refused");
        let Error::Unauthorized { login, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*login, expected);
        assert!(error.to_string().contains("incorrect username or password"), "{error}");
        script.finish();
    }
}

#[test]
fn a_registry_without_a_challenge_gets_the_login_it_was_given_or_none() {
    let script = Script::new(&[(MANIFEST, Answer::status(401))]);
    let got = pull(&registry("reg.example", &script));
    let Err(Error::Unauthorized { login: state, .. }) = &got else { panic!("{got:?}") };
    assert_eq!(*state, Login::NotOffered);
    let script = Script::new(&[(MANIFEST, Answer::status(401)), (MANIFEST, ok())]);
    let registry = registry("reg.example", &script);
    registry.log_in(login());
    assert_eq!(pull(&registry), Ok(()));
}

#[test]
fn identity_tokens_are_exchanged_by_post_or_failing_that_by_get() {
    let identity = || Credentials::Identity { user: None, token: PASSWORD.to_owned() };
    let post = "POST https://reg.example/token";
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(OWN)),
        (post, Answer::json("{\"access_token\":\"abc\",\"refresh_token\":\"next\"}")),
        (MANIFEST, ok()),
    ]);
    let first = registry("reg.example", &script);
    first.log_in(identity());
    assert_eq!(pull(&first), Ok(()));
    script.finish();
    let body = script.sent().into_iter().map(|request| request.body).nth(1).expect("post");
    let form = String::from_utf8_lossy(&body).into_owned();
    assert!(form.contains("grant_type=refresh_token&refresh_token=canary-password"), "{form}");

    for status in [404, 405] {
        let get = format!("{TOKEN}&account=%3Ctoken%3E");
        let script = Script::new(&[
            (MANIFEST, Answer::challenge(OWN)),
            (post, Answer::status(status)),
            (&get, Answer::token("abc")),
            (MANIFEST, ok()),
        ]);
        let registry = registry("reg.example", &script);
        registry.log_in(identity());
        assert_eq!(pull(&registry), Ok(()), "{status}");
        script.finish();
    }
}

#[test]
fn a_bearer_login_is_sent_as_it_is_and_never_to_a_token_service() {
    let script = Script::new(&[(MANIFEST, Answer::challenge(EVIL))]);
    let registry = registry("reg.example", &script);
    registry.log_in(Credentials::Bearer { token: PASSWORD.to_owned() });
    let got = pull(&registry);
    assert!(matches!(&got, Err(Error::Unauthorized { login: Login::Refused, .. })), "{got:?}");
    script.finish();
    script.assert_secret_only_at(&["reg.example"]);
}

fn kept() -> Credentials {
    Credentials::Kept {
        registry: drydock::reference::Registry::parse("reg.example").expect("name"),
    }
}

#[test]
fn a_login_that_is_kept_elsewhere_is_stood_for_at_the_token_service_and_nowhere_else() {
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(OWN)),
        // No account: only who has the login knows it.
        (TOKEN, Answer::token("abc")),
        (MANIFEST, ok()),
    ]);
    let registry = registry("reg.example", &script);
    registry.log_in(kept());
    assert!(registry.is_logged_in() && registry.has_kept_login());
    assert_eq!(pull(&registry), Ok(()));
    script.finish();
    let (kept, bearer) = ("Kept reg.example".to_owned(), "Bearer abc".to_owned());
    assert_eq!(script.authorizations(), [None, Some(kept), Some(bearer)]);
}

#[test]
fn a_login_that_is_kept_elsewhere_stands_for_a_password_once_that_is_asked_for() {
    let script = Script::new(&[
        (MANIFEST, Answer::challenge("Basic realm=\"reg\"")),
        (MANIFEST, ok()),
        (MANIFEST, ok()),
    ]);
    let registry = registry("reg.example", &script);
    registry.log_in(kept());
    assert_eq!(pull(&registry), Ok(()));
    assert_eq!(pull(&registry), Ok(()));
    script.finish();
    let sent = Some("Kept reg.example".to_owned());
    assert_eq!(script.authorizations(), [None, sent.clone(), sent]);
}

#[test]
fn p17_a_login_that_is_kept_elsewhere_goes_to_no_unknown_token_service_unasked() {
    let script = Script::new(&[(MANIFEST, Answer::challenge(EVIL))]);
    let registry = registry("reg.example", &script);
    registry.log_in(kept());
    assert!(matches!(pull(&registry), Err(Error::ConsentNeeded { .. })));
    script.finish();
}

#[test]
fn a_login_that_is_kept_elsewhere_gives_way_to_one_that_is_given_and_is_named_when_refused() {
    let basic = || Answer::challenge("Basic realm=\"reg\"");
    let script = Script::new(&[(MANIFEST, basic()), (MANIFEST, basic()), (MANIFEST, ok())]);
    let registry = registry("reg.example", &script);
    registry.log_in(kept());
    let error = pull(&registry).expect_err("refused");
    assert!(matches!(&error, Error::Unauthorized { login: Login::KeptRefused, .. }), "{error:?}");
    assert_eq!(error.code(), "login-refused");
    assert!(error.to_string().contains("this machine keeps"), "{error}");
    registry.log_in(login());
    assert!(!registry.has_kept_login());
    assert_eq!(pull(&registry), Ok(()));
    script.finish();
    let last = script.authorizations().pop().flatten();
    assert!(last.is_some_and(|value| value.starts_with("Basic ")));
}

#[test]
fn readers_that_send_requests_themselves_share_one_renewal() {
    let script = Script::new(&[(TOKEN, Answer::token("one")), (TOKEN, Answer::token("two"))]);
    let registry = registry("reg.example", &script);
    let digest = drydock::digest::Digest::sha256(b"x");
    let access = registry.blob_access(&repository(), &digest);
    assert_eq!(run(registry.authorization(&access)), Ok(None));

    let mut headers = http::HeaderMap::new();
    headers.insert("www-authenticate", OWN.parse().expect("value"));
    let url = registry.blob_request(&repository(), &digest, None).url;
    assert_eq!(url.as_str(), format!("https://reg.example/v2/a/blobs/{digest}"));
    let renew = |rejected: Option<&http::HeaderValue>| {
        run(registry.after_unauthorized(&access, rejected, &headers, &url)).expect("header")
    };
    let one = renew(None);
    assert_eq!(renew(None), one, "the second reader gets what the first one fetched");
    assert_eq!(run(registry.authorization(&access)), Ok(Some(one.clone())));
    let two = renew(Some(&one));
    assert_ne!(one, two);
    assert_eq!(renew(Some(&one)), two, "and so after a renewal");
    script.finish();
}

#[test]
fn readers_at_the_same_time_ask_for_one_token() {
    let script = Script::new(&[(TOKEN, Answer::token("one"))]);
    let registry = registry("reg.example", &script);
    let digest = drydock::digest::Digest::sha256(b"x");
    let access = registry.blob_access(&repository(), &digest);
    let url = registry.blob_request(&repository(), &digest, None).url;
    let mut headers = http::HeaderMap::new();
    headers.insert("www-authenticate", OWN.parse().expect("value"));
    let ask = || registry.after_unauthorized(&access, None, &headers, &url);
    let got = run(futures_util::future::join3(ask(), ask(), ask()));
    assert_eq!((&got.0, &got.1), (&got.1, &got.2));
    assert!(got.0.is_ok());
    script.finish();
}

#[test]
fn p22_tag_lists_of_registries_with_a_scope_of_their_own() {
    let list = "GET https://reg.example/v2/a/tags/list?n=1000";
    let wider =
        "GET https://reg.example/token?service=reg&scope=repository%3Aa%3Ametadata_read%2Cpull";
    let challenge = format!("{OWN},scope=\"repository:a:metadata_read\"");
    let script = Script::new(&[
        (MANIFEST, Answer::challenge(OWN)),
        (TOKEN, Answer::token("one")),
        (MANIFEST, ok()),
        (list, Answer::challenge(&challenge)),
        (wider, Answer::token("two")),
        (list, Answer::json("{\"name\":\"a\",\"tags\":[\"t\"]}")),
    ]);
    let registry = registry("reg.example", &script);
    assert_eq!(pull(&registry), Ok(()));
    assert_eq!(run(registry.all_tags(&repository())), Ok(vec!["t".to_owned()]));
    script.finish();
}
