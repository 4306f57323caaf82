//! A registry's answer, made safe for the page: headers by the list, URLs sealed, sizes bounded.

use axum::body::Body;
use axum::response::Response;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};

use super::download::{Cap, Download};
use super::exchange::Answer;
use super::{Accepted, Asked, Forwarder, now};
use crate::log::Record;
use crate::pace::Broken;
use crate::policy::header::{CHALLENGE, POINTS_TO, SEAL, STATUS, is_plain, to_page};
use crate::policy::path::Shape;
use crate::policy::seal::Kind;
use crate::policy::target::Target;
use crate::policy::{Code, Refusal, link, redirect};

/// What stands for a token where a URL can't be sealed: the proxy would not ask it.
const NO_TOKEN: &str = "-";

impl Forwarder {
    /// Turns the last answer into what the page gets.
    pub(super) async fn pass_on(
        &self,
        method: &Method,
        asked: Asked,
        record: &mut Record,
    ) -> Result<Response, Refusal> {
        let Asked { answer, accepted, key, left, told, sent } = asked;
        let Answer { response, connection } = answer;
        let (head, incoming) = response.into_parts();
        check_status(&accepted.target, head.status, &head.headers, left)?;
        let error = !head.status.is_success();
        let encoded = encoding(&head.headers);
        if let (Some(encoding), false) = (&encoded, error) {
            let host = accepted.target.origin.authority();
            let message = format!(
                "{host} or a cache in front of it sent the bytes encoded as {encoding} although they were asked for as they are, so their digest can't be checked."
            );
            return Err(Refusal::new(Code::ContentEncoding, host, message));
        }
        let mut headers = to_page(&head.headers);
        let mut seals = Vec::new();
        self.seal_challenges(&head.headers, &accepted.target, &mut headers, &mut seals);
        self.seal_pages(&head.headers, &accepted.target, &mut headers, &mut seals);
        self.seal_location(
            (method, head.status),
            &head.headers,
            &accepted,
            &mut headers,
            &mut seals,
        )?;
        if let Some(to) = &told
            && let Ok(value) = HeaderValue::from_str(&to.url())
        {
            headers.insert(POINTS_TO, value);
            seals.push(self.token(Kind::Location, Some(to), &accepted.target));
        }
        if !seals.is_empty()
            && let Ok(value) = HeaderValue::from_str(&seals.join(", "))
        {
            headers.insert(SEAL, value);
        }
        let cap = self.cap(accepted.shape, error);
        let announced = announced(&headers);
        match (cap, announced) {
            (Cap::Abort(cap), Some(length)) if length > cap && method != Method::HEAD => {
                let host = accepted.target.origin.authority();
                let message = format!(
                    "{host} announced {length} bytes for {}, which exceeds the {cap} byte limit.",
                    accepted.shape.pattern()
                );
                return Err(Refusal::new(Code::TooLarge, host, message));
            }
            (Cap::Cut(cap), Some(length)) if length > cap && method != Method::HEAD => {
                headers.remove(header::CONTENT_LENGTH);
            }
            _ => {}
        }
        record.status(head.status);
        let mut response = Response::new(if error && encoded.is_some() {
            headers.remove(header::CONTENT_LENGTH);
            record.complete();
            Body::empty()
        } else {
            let record = record.take();
            let connection = (connection, key, self.pool.clone());
            let download =
                Download::new(incoming, &self.dialer.times, cap, connection, sent, record);
            Body::new(download.begun().await.map_err(|broken| cut(&accepted.target, &broken))?)
        });
        *response.status_mut() = head.status;
        if head.status.is_redirection() {
            headers.insert(STATUS, HeaderValue::from(head.status.as_u16()));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
        }
        *response.headers_mut() = headers;
        Ok(response)
    }

    fn cap(&self, shape: Shape, error: bool) -> Cap {
        let sizes = &self.sizes;
        match shape {
            _ if error => Cap::Cut(sizes.error),
            Shape::Blob | Shape::Session | Shape::Location => Cap::None,
            Shape::Manifest => Cap::Abort(sizes.manifest),
            Shape::Catalog | Shape::Tags | Shape::Referrers | Shape::Link => Cap::Abort(sizes.list),
            Shape::Realm => Cap::Abort(sizes.token),
            Shape::Ping | Shape::Upload => Cap::Abort(sizes.error),
        }
    }

    /// Hands on the challenges with absolute realms, each with its seal.
    fn seal_challenges(
        &self,
        from_registry: &HeaderMap,
        from: &Target,
        to_page: &mut HeaderMap,
        seals: &mut Vec<String>,
    ) {
        for challenge in from_registry.get_all(header::WWW_AUTHENTICATE) {
            let Some(text) = challenge.to_str().ok() else { continue };
            let text = link::replace_realms(text, |realm| {
                let target = from.join(realm).ok();
                seals.push(self.token(Kind::Realm, target.as_ref(), from));
                target.map(|target| target.url())
            });
            if let Ok(value) = HeaderValue::from_str(&text) {
                to_page.append(CHALLENGE, value);
            }
        }
    }

    /// Hands on the next pages, absolute, each with its seal.
    fn seal_pages(
        &self,
        from_registry: &HeaderMap,
        from: &Target,
        to_page: &mut HeaderMap,
        seals: &mut Vec<String>,
    ) {
        for value in from_registry.get_all(header::LINK) {
            let Some(text) = value.to_str().ok() else { continue };
            for page in link::next_pages(text) {
                let Ok(target) = from.join(page) else { continue };
                let text = format!("<{}>; rel=\"next\"", target.url());
                if let Ok(value) = HeaderValue::from_str(&text) {
                    to_page.append(header::LINK, value);
                    seals.push(self.token(Kind::Link, Some(&target), from));
                }
            }
        }
    }

    /// Hands on where an upload goes on, absolute, with its seal.
    fn seal_location(
        &self,
        (method, status): (&Method, StatusCode),
        from_registry: &HeaderMap,
        accepted: &Accepted,
        to_page: &mut HeaderMap,
        seals: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        let from = &accepted.target;
        let given = from_registry.get(header::LOCATION).is_some_and(is_plain);
        if !given || !status.is_success() {
            return Ok(());
        }
        let reading = method == Method::GET || method == Method::HEAD;
        let session = matches!(accepted.shape, Shape::Session | Shape::Location);
        if reading && !session {
            return Ok(());
        }
        let to = match redirect::location(&self.dialer.hosts, from, from_registry) {
            Ok(to) => to,
            // What was created is there, wherever the registry says it is; an upload that can't be
            // continued is an error.
            Err(_) if status == StatusCode::CREATED || reading => return Ok(()),
            Err(refusal) => return Err(refusal),
        };
        // The state of an upload may name the same upload in other words, and nothing else.
        if reading && (to.origin != from.origin || to.path != from.path) {
            return Ok(());
        }
        if let Ok(value) = HeaderValue::from_str(&to.url()) {
            to_page.insert(header::LOCATION, value);
            if status != StatusCode::CREATED {
                seals.push(self.token(Kind::Location, Some(&to), from));
            }
        }
        Ok(())
    }

    fn token(&self, kind: Kind, url: Option<&Target>, from: &Target) -> String {
        let token = url
            .filter(|url| self.check(&url.origin, Some(&from.origin)).is_ok())
            .map(|url| self.key.seal(kind, url, &from.origin, now()));
        format!("{} {}", kind.as_str(), token.as_deref().unwrap_or(NO_TOKEN))
    }
}

/// An answer of which nothing that can be used has come.
fn cut(target: &Target, broken: &Broken) -> Refusal {
    let host = target.origin.authority();
    let code = match broken {
        Broken::Idle(_) | Broken::Slow(_) | Broken::Endless(_) => Code::Timeout,
        Broken::TooLong(_) => Code::TooLarge,
        Broken::Surplus(_) | Broken::Cut { .. } | Broken::Moved => Code::UpstreamProtocol,
    };
    let advice = match code {
        Code::TooLarge => "",
        _ => "Try again.",
    };
    let message = format!("{host} began an answer and did not give it: {broken}.");
    Refusal::new(code, host, message).advise(advice)
}

fn check_status(
    target: &Target,
    status: StatusCode,
    headers: &HeaderMap,
    left: bool,
) -> Result<(), Refusal> {
    let host = target.origin.authority();
    let code = status.as_u16();
    if !(200..600).contains(&code) {
        let message =
            format!("{host} gave an answer that has no meaning for this request: status {code}.");
        return Err(Refusal::new(Code::UpstreamProtocol, host, message));
    }
    let bodiless = code == 204 && announced(headers).is_some_and(|length| length > 0);
    if bodiless {
        let message =
            format!("{host} announced content and said that there is none: status {code}.");
        return Err(Refusal::new(Code::UpstreamProtocol, host, message));
    }
    if code == 401 && left {
        let message = format!(
            "The registry sent this request on to {host}, and {host} asks for its own login; the login of the registry was not sent there."
        );
        return Err(Refusal::new(Code::Redirect, host, message));
    }
    Ok(())
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What the content was encoded with, if it was.
fn encoding(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase())
        .find(|encoding| !encoding.is_empty() && encoding != "identity")
        .map(|encoding| encoding.chars().filter(char::is_ascii_graphic).take(40).collect())
}
