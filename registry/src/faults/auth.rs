//! Asking for credentials, as real registries do.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::limits;
use crate::store::locked;

/// A user with a password.
pub(crate) type User = (String, String);

/// The token service: tokens that were given, and for which user.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<Given>);

#[derive(Debug, Default)]
struct Given {
    users: BTreeMap<String, Option<User>>,
    /// How often each token was used.
    uses: BTreeMap<String, u64>,
    order: VecDeque<String>,
}

impl Tokens {
    /// Answers a request for a token: to a user with Basic credentials, or to anyone.
    pub(crate) fn give(&self, parts: &Parts) -> Response {
        let Ok(token) = crate::store::random_name() else {
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, None);
        };
        let mut given = locked(&self.0);
        given.users.insert(token.clone(), basic(parts));
        given.order.push_back(token.clone());
        if given.order.len() > limits::FAULT_TOKENS
            && let Some(oldest) = given.order.pop_front()
        {
            given.users.remove(&oldest);
            given.uses.remove(&oldest);
        }
        drop(given);
        let body = json!({"token": token, "access_token": token, "expires_in": 300});
        let mut response = Response::new(Body::from(body.to_string()));
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    /// Refuses a request without a token, with one of another user than the one wanted, or with one
    /// that was used as often as it may be.
    pub(crate) fn check(
        &self,
        parts: &Parts,
        repository: &str,
        wanted: Option<&User>,
        uses: Option<u64>,
    ) -> Option<Response> {
        let token = credentials(parts, "bearer");
        let user = token.and_then(|token| locked(&self.0).take(token, uses));
        let (opens, error) = match &user {
            None if token.is_some() => (false, ",error=\"invalid_token\""),
            None => (false, ""),
            Some(user) if wanted.is_none() || user.as_ref() == wanted => (true, ""),
            Some(_) => (false, ",error=\"insufficient_scope\""),
        };
        if opens {
            return None;
        }
        let host = parts.headers.get(header::HOST).and_then(|v| v.to_str().ok());
        let host = host.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
        let challenge = format!(
            "Bearer realm=\"http://{}/token\",service=\"scratch\",scope=\"repository:{repository}:pull,push\"{error}",
            host.unwrap_or("localhost")
        );
        Some(refuse(StatusCode::UNAUTHORIZED, Some(&challenge)))
    }
}

impl Given {
    /// The user of a token, unless it is at its end.
    fn take(&mut self, token: &str, most: Option<u64>) -> Option<Option<User>> {
        let user = self.users.get(token)?.clone();
        let uses = self.uses.entry(token.to_owned()).or_default();
        *uses += 1;
        most.is_none_or(|most| *uses <= most).then_some(user)
    }
}

/// Refuses a request without these credentials.
pub(crate) fn check_basic(parts: &Parts, wanted: &User) -> Option<Response> {
    if basic(parts).as_ref() == Some(wanted) {
        return None;
    }
    Some(refuse(StatusCode::UNAUTHORIZED, Some("Basic realm=\"scratch\"")))
}

/// User and password of a `Basic` header.
fn basic(parts: &Parts) -> Option<User> {
    let decoded = BASE64_STANDARD.decode(credentials(parts, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn credentials<'a>(parts: &'a Parts, scheme: &str) -> Option<&'a str> {
    let header = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (name, value) = header.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| value.trim())
}

fn refuse(status: StatusCode, challenge: Option<&str>) -> Response {
    let body = json!({"errors": [{
        "code": "UNAUTHORIZED", "message": "authentication required", "detail": null,
    }]});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(challenge) = challenge.and_then(|c| HeaderValue::from_str(c).ok()) {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
