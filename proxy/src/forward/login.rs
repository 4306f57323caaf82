//! Requests to which a login of this machine is added, and answers that may not show it.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use drydock::reference::Registry;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use url::form_urlencoded::{self, Serializer};

use super::{Accepted, Forwarder};
use crate::log::Record;
use crate::logins::{Login, Logins};
use crate::policy::header::STATUS;
use crate::policy::login::{self, Receiver};
use crate::policy::target::Target;
use crate::policy::{Code, Refusal};

/// All that the page needs of a token service's answer. What else stands there may be as good as the
/// login itself, as a refresh token is.
const TOKEN_FIELDS: [&str; 4] = ["token", "access_token", "expires_in", "issued_at"];
const CLIENT: &str = "drydock";

impl Forwarder {
    /// Carries out a request to which the login for `registry` belongs.
    pub(super) async fn with_login(
        &self,
        registry: &Registry,
        method: &Method,
        accepted: Accepted,
        body: Body,
        record: &mut Record,
    ) -> Result<Response, Refusal> {
        let logins = self.logins.as_deref().ok_or_else(off)?;
        let kind = (method, accepted.shape);
        let (target, issuer) = (&accepted.target, accepted.issuer.as_ref());
        let receiver = login::receiver(&self.dialer.hosts, registry, kind, target, issuer)?;
        let answer = match receiver {
            Receiver::Registry => {
                self.at_registry(registry, logins, method, (accepted, body), record).await?
            }
            Receiver::TokenService => {
                let login = logins.find(registry).await?;
                let answer = self.at_token_service(&login, accepted, record).await?;
                without(&login, answer, receiver).await?
            }
        };
        if matches!(status(&answer).as_u16(), 401 | 403) {
            logins.forget(registry);
        }
        Ok(answer)
    }

    /// Asks the registry that the login is for. One that was not seen to ask for a password is asked
    /// without it first; with it, a request is sent once more only where it has no body.
    async fn at_registry(
        &self,
        registry: &Registry,
        logins: &Logins,
        method: &Method,
        (mut accepted, body): (Accepted, Body),
        record: &mut Record,
    ) -> Result<Response, Refusal> {
        let own = accepted.target.origin.clone();
        let again = body.is_end_stream();
        let mut body = Some(body);
        if !logins.asks_for_password(&own) {
            let first = body.take().unwrap_or_default();
            let asked = self.ask(method, accepted.clone(), first).await?;
            let refused = asked.answer.response.status() == StatusCode::UNAUTHORIZED;
            if !(again && refused && logins.asks_for_password(&own)) {
                return self.pass_on(method, asked, record).await;
            }
        }
        let login = logins.find(registry).await?;
        accepted.headers.insert(header::AUTHORIZATION, login.header()?);
        let asked = self.ask(method, accepted, body.unwrap_or_default()).await?;
        let answer = self.pass_on(method, asked, record).await?;
        without(&login, answer, Receiver::Registry).await
    }

    /// Asks a token service. An identity token is exchanged by POST, or where there is no such thing
    /// by GET.
    async fn at_token_service(
        &self,
        login: &Login,
        mut accepted: Accepted,
        record: &mut Record,
    ) -> Result<Response, Refusal> {
        accepted.moves = false;
        if let Some(identity) = login.identity() {
            let (target, form) = exchange(&accepted.target, identity);
            let mut first = Accepted { target, ..accepted.clone() };
            let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
            first.headers.insert(header::CONTENT_TYPE, form_type);
            let asked = self.ask(&Method::POST, first, Body::from(form)).await?;
            if !matches!(asked.answer.response.status().as_u16(), 404 | 405) {
                return self.pass_on(&Method::POST, asked, record).await;
            }
        }
        accepted.headers.insert(header::AUTHORIZATION, login.header()?);
        let asked = self.ask(&Method::GET, accepted, Body::empty()).await?;
        self.pass_on(&Method::GET, asked, record).await
    }
}

/// The refusal where logins are not to be used.
pub(crate) fn off() -> Refusal {
    let message = "This server does not use the logins of its machine: start it with --docker-config, or log in here.";
    Refusal::new(Code::Login, "", message)
}

/// What asks for the same by POST (Docker's "OAuth2 Token Authentication").
fn exchange(target: &Target, identity: &str) -> (Target, String) {
    let query = target.query.as_deref().unwrap_or_default();
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let of = |wanted: &str| -> Vec<&str> {
        let named = pairs.iter().filter(|(name, _)| name == wanted);
        named.map(|(_, value)| value.as_ref()).collect()
    };
    let form = Serializer::new(String::new())
        .append_pair("grant_type", "refresh_token")
        .append_pair("refresh_token", identity)
        .extend_pairs(of("service").first().map(|service| ("service", *service)))
        .append_pair("client_id", CLIENT)
        .append_pair("scope", &of("scope").join(" "))
        .append_pair("access_type", "offline")
        .finish();
    let rest = query.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !matches!(name, "" | "service" | "scope")
    });
    let rest = rest.collect::<Vec<_>>().join("&");
    let query = (!rest.is_empty()).then_some(rest);
    (Target { query, ..target.clone() }, form)
}

/// The registry's own status, which redirects have in a field.
fn status(answer: &Response) -> StatusCode {
    let told = answer.headers().get(STATUS).and_then(|status| status.to_str().ok()?.parse().ok());
    told.unwrap_or_else(|| answer.status())
}

/// An answer that does not show the login: whoever got it may say it back, and the page is not to
/// have it. Content is the registry's own and passes as it is.
async fn without(login: &Login, answer: Response, to: Receiver) -> Result<Response, Refusal> {
    let (mut head, body) = answer.into_parts();
    let shown: Vec<_> = head
        .headers
        .iter()
        .filter(|(_, value)| login.is_in(value.as_bytes()))
        .map(|(name, _)| name.clone())
        .collect();
    for name in shown {
        head.headers.remove(name);
    }
    if head.status.is_success() && to == Receiver::Registry {
        return Ok(Response::from_parts(head, body));
    }
    let text = body.collect().await.map(http_body_util::Collected::to_bytes);
    let text = text.map_err(|error| no_token(&format!("it broke off ({error})")))?;
    let text = match (login.is_in(&text), to) {
        (_, Receiver::TokenService) if head.status.is_success() => token(login, &text)?,
        (true, _) => Bytes::new(),
        (false, _) => text,
    };
    set_length(&mut head.headers, text.len());
    Ok(Response::from_parts(head, Body::from(text)))
}

/// The answer of a token service with the fields that are about the token only.
fn token(login: &Login, text: &[u8]) -> Result<Bytes, Refusal> {
    let value: Result<serde_json::Value, _> = serde_json::from_slice(text);
    let Ok(serde_json::Value::Object(mut fields)) = value else {
        return Err(no_token("it is no JSON object"));
    };
    fields.retain(|name, _| TOKEN_FIELDS.contains(&name.as_str()));
    let text = serde_json::Value::Object(fields).to_string();
    match login.is_in(text.as_bytes()) {
        true => Err(no_token("it shows the login instead")),
        false => Ok(Bytes::from(text)),
    }
}

fn no_token(why: &str) -> Refusal {
    let message = format!("The token service's answer holds no token: {why}.");
    Refusal::new(Code::UpstreamProtocol, "", message)
}

fn set_length(headers: &mut HeaderMap, length: usize) {
    if headers.remove(header::CONTENT_LENGTH).is_some() {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}
