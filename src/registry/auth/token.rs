//! Asking a token service, and reading what it answers.
//!
//! Docker's "Token Authentication Specification" (GET) and "OAuth2 Token Authentication" (POST).

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::super::transport::{Purpose, Request};
use super::credentials::{self, Credentials};
use super::kept;
use super::scope::Scope;
use crate::limits;

/// How long a token is good for when its service does not say, in seconds.
const DEFAULT_SECONDS: u64 = 60;
/// How long before its end a token is no longer used, in seconds.
const MARGIN_SECONDS: u64 = 10;
const CLIENT: &str = "drydock";

/// A token for one registry, ready for use.
#[derive(Clone)]
pub(super) struct Token {
    pub scopes: Vec<Scope>,
    pub header: HeaderValue,
    /// When it is no longer used, in milliseconds since 1970.
    pub expires: u64,
}

/// What a token service answered.
pub(super) struct Grant {
    pub header: HeaderValue,
    /// How long the token is used, in milliseconds.
    pub lifetime: u64,
    /// A new identity token in place of the one that was sent.
    pub refresh: Option<String>,
}

/// The question by GET: `service` and each `scope` in the query, a login as Basic.
pub(super) fn get(
    realm: &Url,
    service: Option<&str>,
    scopes: &[Scope],
    login: Option<&Credentials>,
) -> Request {
    let kept = match login {
        Some(Credentials::Kept { registry }) => Some(registry),
        _ => None,
    };
    let login = match login {
        Some(Credentials::Basic { user, password }) => Some((user.as_str(), password)),
        Some(Credentials::Identity { user, token }) => {
            Some((user.as_deref().unwrap_or("<token>"), token))
        }
        Some(Credentials::Bearer { .. } | Credentials::Kept { .. }) | None => None,
    };
    let authorization = match kept {
        Some(registry) => kept::header(registry),
        None => login.and_then(|(user, secret)| credentials::basic(user, secret)),
    };
    let mut url = realm.clone();
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(service.map(|service| ("service", service)));
        query.extend_pairs(scopes.iter().map(|scope| ("scope", scope.to_string())));
        query.extend_pairs(login.map(|(user, _)| ("account", user)));
    }
    if url.query() == Some("") {
        url.set_query(None);
    }
    let mut request = Request::get(url).to(Purpose::Token);
    request.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(value) = authorization {
        request.headers.insert(header::AUTHORIZATION, value);
    }
    request
}

/// The question by POST, in which an identity token is exchanged.
pub(super) fn post(
    realm: &Url,
    service: Option<&str>,
    scopes: &[Scope],
    identity: &str,
) -> Request {
    let scopes: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("refresh_token", identity)
        .extend_pairs(service.map(|service| ("service", service)))
        .append_pair("client_id", CLIENT)
        .append_pair("scope", &scopes.join(" "))
        .append_pair("access_type", "offline")
        .finish();
    let mut request = Request::new(Method::POST, realm.clone()).to(Purpose::Token);
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers.insert(header::CONTENT_TYPE, form_type);
    request.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    request.body = Bytes::from(form);
    request
}

/// Reads an answer. `token` counts before `access_token`, which should be the same.
///
/// # Errors
/// What keeps the answer from being used.
pub(super) fn parse(body: &[u8]) -> Result<Grant, String> {
    let value: Value = serde_json::from_slice(body).map_err(|_| "the answer is not JSON")?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let token = text("token").or_else(|| text("access_token"));
    let token = token.ok_or("the answer has neither token nor access_token")?;
    let header = credentials::bearer(token).ok_or("the token has characters that none may have")?;
    let seconds = match value.get("expires_in").and_then(Value::as_f64) {
        Some(seconds) if seconds >= 1.0 => seconds.min(limits::TOKEN_SECONDS as f64) as u64,
        _ => DEFAULT_SECONDS,
    };
    let margin = MARGIN_SECONDS.min(seconds / 2);
    let refresh = text("refresh_token").map(str::to_owned);
    Ok(Grant { header, lifetime: (seconds - margin) * 1000, refresh })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(body: &str) -> Result<u64, String> {
        parse(body.as_bytes()).map(|grant| grant.lifetime / 1000)
    }

    #[test]
    fn p23_answers_that_are_used() {
        for (body, seconds) in [
            (r#"{"token":"a"}"#, 50),
            (r#"{"access_token":"a"}"#, 50),
            (r#"{"token":"a","expires_in":300,"issued_at":"garbage"}"#, 290),
            (r#"{"token":"a","expires_in":0}"#, 50),
            (r#"{"token":"a","expires_in":-1}"#, 50),
            (r#"{"token":"a","expires_in":1}"#, 1),
            (r#"{"token":"a","expires_in":1e18}"#, limits::TOKEN_SECONDS - 10),
            (r#"{"token":"a","expires_in":18446744073709551615}"#, limits::TOKEN_SECONDS - 10),
            (r#"{"token":"a","expires_in":"soon"}"#, 50),
            (r#"{"token":"","access_token":"a"}"#, 50),
        ] {
            assert_eq!(lifetime(body), Ok(seconds), "{body}");
        }
        let both = parse(br#"{"token":"a","access_token":"b"}"#).map(|grant| grant.header);
        assert_eq!(both.expect("grant"), "Bearer a");
    }

    #[test]
    fn p23_answers_that_are_refused() {
        for body in [
            "",
            "token",
            "<html>",
            "[]",
            "{}",
            "null",
            r#"{"token":""}"#,
            r#"{"token":7}"#,
            r#"{"token":null}"#,
            r#"{"token":"a\r\nX-Evil: 1"}"#,
            r#"{"token":"a b"}"#,
            r#"{"token":"a\u0000"}"#,
        ] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn questions_carry_service_and_every_scope() {
        let realm = Url::parse("https://auth.example/token?x=1").expect("url");
        let scopes = Scope::parse_list("repository:a:pull,push repository:b:pull");
        let login = Credentials::Basic { user: "u".to_owned(), password: "p".to_owned() };
        let request = get(&realm, Some("reg"), &scopes, Some(&login));
        assert_eq!(
            request.url.as_str(),
            "https://auth.example/token?x=1&service=reg&scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%3Apull&account=u"
        );
        assert!(request.headers.contains_key(header::AUTHORIZATION));
        let anonymous = get(&Url::parse("https://a.example/t").expect("url"), None, &[], None);
        assert_eq!(anonymous.url.as_str(), "https://a.example/t");
        assert!(!anonymous.headers.contains_key(header::AUTHORIZATION));
        let form = post(&realm, Some("reg"), &scopes, "identity");
        assert_eq!(
            form.body,
            "grant_type=refresh_token&refresh_token=identity&service=reg&client_id=drydock&scope=repository%3Aa%3Apull%2Cpush+repository%3Ab%3Apull&access_type=offline"
        );
    }
}
