//! Applying the rules to requests and answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::any;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use tower::ServiceExt as _;

use super::auth::{self, Tokens};
use super::uploads::{self, Places};
use super::{Action, Faults, Rule, body};
use crate::http::path::{self, Endpoint};
use crate::sample::gzip;
use crate::store::{Role, Store};
use drydock::digest::Digest;

/// What the middleware knows.
#[derive(Debug)]
struct Injected {
    rules: Vec<(Rule, AtomicU64)>,
    store: Store,
    tokens: Tokens,
    places: Places,
}

/// What the client asked for.
struct Asked {
    uri: Uri,
    is_head: bool,
    /// First and last byte of the chunk that it sends.
    chunk: Option<(u64, u64)>,
}

pub(crate) fn wrap(faults: Faults, store: &Store, registry: Router) -> Router {
    let injected = Arc::new(Injected {
        rules: faults.rules.into_iter().map(|rule| (rule, AtomicU64::new(0))).collect(),
        store: store.clone(),
        tokens: Tokens::default(),
        places: Places::default(),
    });
    let token = Router::new().route("/token", any(give_token)).with_state(Arc::clone(&injected));
    let registry = registry.layer(from_fn_with_state(injected, apply));
    let elsewhere = Router::new().route("/elsewhere/{*rest}", any(from_elsewhere));
    registry.clone().merge(token).merge(elsewhere.with_state(registry))
}

/// Requests for uploads that were relocated.
async fn from_elsewhere(State(registry): State<Router>, mut request: Request) -> Response {
    let uri = request.uri();
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    if let Some(uri) = path.strip_prefix("/elsewhere").and_then(|path| with_path(uri, path)) {
        *request.uri_mut() = uri;
    }
    let Ok(response) = registry.oneshot(request).await;
    response
}

async fn give_token(State(injected): State<Arc<Injected>>, request: Request) -> Response {
    injected.tokens.give(&request.into_parts().0)
}

async fn apply(State(injected): State<Arc<Injected>>, request: Request, next: Next) -> Response {
    let (mut parts, mut body) = request.into_parts();
    let asked = Asked {
        uri: parts.uri.clone(),
        is_head: parts.method == Method::HEAD,
        chunk: uploads::chunk(&parts),
    };
    let under = injected.cut_prefix(&mut parts);
    let actions = injected.matching(&parts, &asked.uri, under.as_deref());
    for action in &actions {
        let answer = injected.before(action, &asked, &mut parts, under.as_deref()).await;
        if let Some(answer) = answer {
            return answer;
        }
        if let Action::CutRequest(after) = action {
            body = uploads::break_off(body, *after);
        }
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(under) = &under {
        put_prefix_back(&mut response, under);
    }
    for action in actions {
        response = injected.after(action, response, &asked).await;
    }
    response
}

impl Injected {
    /// Cuts the longest `under` that the path lies below.
    fn cut_prefix(&self, parts: &mut Parts) -> Option<String> {
        let path = parts.uri.path();
        let below = |under: &str| path.strip_prefix("/v2/")?.strip_prefix(under)?.strip_prefix('/');
        let (under, rest) = self
            .rules
            .iter()
            .filter_map(|(rule, _)| {
                let under = rule.under.as_deref()?;
                Some((under, below(under)?))
            })
            .max_by_key(|(under, _)| under.len())?;
        let path = match parts.uri.query() {
            Some(query) => format!("/v2/{rest}?{}", uploads::mount_below(query, under)),
            None => format!("/v2/{rest}"),
        };
        let under = under.to_owned();
        parts.uri = with_path(&parts.uri, &path)?;
        Some(under)
    }

    /// What the rules do to a request, whose path is already without `under`.
    fn matching(&self, parts: &Parts, asked: &Uri, under: Option<&str>) -> Vec<Action> {
        let mut role = None;
        let mut actions = Vec::new();
        for (rule, count) in &self.rules {
            if rule.under.is_some() && rule.under.as_deref() != under
                || rule.method.as_ref().is_some_and(|method| *method != parts.method.as_str())
                || rule.path.as_ref().is_some_and(|pattern| !is_like(asked.path(), pattern))
                || rule.except.as_ref().is_some_and(|pattern| is_like(asked.path(), pattern))
                || rule
                    .query
                    .as_ref()
                    .is_some_and(|pattern| !is_like(asked.query().unwrap_or_default(), pattern))
            {
                continue;
            }
            if rule.role.is_some()
                && rule.role != *role.get_or_insert_with(|| self.role(parts.uri.path()))
            {
                continue;
            }
            let number = count.fetch_add(1, Ordering::Relaxed) + 1;
            let from = rule.from.unwrap_or(1);
            let is_over = rule.times.is_some_and(|times| number >= from.saturating_add(times));
            if number >= from && !is_over {
                actions.extend(rule.actions.iter().cloned());
            }
        }
        actions
    }

    fn role(&self, path: &str) -> Option<Role> {
        match path::endpoint(path).ok()?? {
            Endpoint::Blob(name, digest) => {
                Some(self.store.role(name.as_str(), &Digest::parse(&digest).ok()?))
            }
            Endpoint::Manifest(name, reference) => {
                let target = path::target(&reference).ok()?;
                let manifest = self.store.for_reading(&name).ok()?.manifest(&target).ok()?;
                Some(self.store.role(name.as_str(), &manifest.digest))
            }
            _ => None,
        }
    }

    /// What an action does before the store is asked; an answer when it need not be asked.
    async fn before(
        &self,
        action: &Action,
        asked: &Asked,
        parts: &mut Parts,
        under: Option<&str>,
    ) -> Option<Response> {
        match action {
            Action::Answer { status, headers, body } => {
                let mut response = Response::new(body::from_value(body));
                *response.status_mut() = status_code(*status);
                for (name, value) in headers {
                    set(&mut response, name, Some(value));
                }
                Some(response)
            }
            Action::Bearer { user, password, uses } => {
                let wanted = user.clone().zip(password.clone());
                let name = repository(parts.uri.path());
                let name = under.map_or_else(|| name.clone(), |under| format!("{under}/{name}"));
                self.tokens.check(parts, &name, wanted.as_ref(), *uses)
            }
            Action::Basic { user, password } => {
                auth::check_basic(parts, &(user.clone(), password.clone()))
            }
            Action::Reference(reference) => {
                if let Ok(Some(Endpoint::Manifest(name, _))) = path::endpoint(parts.uri.path())
                    && let Some(uri) =
                        with_path(&parts.uri, &format!("/v2/{name}/manifests/{reference}"))
                {
                    parts.uri = uri;
                }
                None
            }
            Action::IgnoreRange(true) => {
                parts.headers.remove(header::RANGE);
                None
            }
            Action::NoMount(true) => {
                uploads::without_mount(parts);
                None
            }
            Action::Relocate(_) => self.places.check(&asked.uri),
            Action::Delay(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
                None
            }
            _ => None,
        }
    }

    /// What an action does to the answer.
    async fn after(&self, action: Action, mut response: Response, asked: &Asked) -> Response {
        match action {
            Action::Headers(headers) => {
                for (name, value) in &headers {
                    set(&mut response, name, value.as_deref());
                }
                response
            }
            Action::Status(status) => {
                *response.status_mut() = status_code(status);
                response
            }
            Action::Loop(true) => {
                let link = format!("<{}>; rel=\"next\"", asked.uri);
                set(&mut response, header::LINK.as_str(), Some(&link));
                response
            }
            Action::UploadRange(range) => {
                uploads::lie(&mut response, range, asked.chunk);
                response
            }
            Action::Relocate(prefix) => {
                self.places.give(&mut response, &prefix);
                response
            }
            Action::Lose(true) | Action::CutRequest(_) => uploads::lost(),
            // The rest is about bodies, and an answer to HEAD has none.
            _ if asked.is_head || !response.status().is_success() => response,
            Action::Flip(offset) => {
                body::rewrite(response, |bytes| body::flip(bytes, offset)).await
            }
            Action::Truncate(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                body::rewrite(response, |mut bytes| {
                    bytes.truncate(length);
                    bytes
                })
                .await
            }
            Action::Append(text) => {
                body::rewrite(response, |mut bytes| {
                    bytes.extend_from_slice(text.as_bytes());
                    bytes
                })
                .await
            }
            Action::Gzip(true) => {
                set(&mut response, header::CONTENT_ENCODING.as_str(), Some("gzip"));
                body::rewrite(response, |bytes| gzip(&bytes)).await
            }
            Action::Cut(after) => body::cut(response, after),
            Action::Stall { after, milliseconds } => {
                body::stall(response, after, milliseconds.map(Duration::from_millis))
            }
            _ => response,
        }
    }
}

/// URLs that the store gave lead back to the repository that was asked for.
fn put_prefix_back(response: &mut Response, under: &str) {
    for name in [header::LOCATION, header::LINK] {
        let Some(value) = response.headers().get(&name).and_then(|v| v.to_str().ok()) else {
            continue;
        };
        let value = value.replacen("/v2/", &format!("/v2/{under}/"), 1);
        set(response, name.as_str(), Some(&value));
    }
}

/// The repository that a path names, for the scope of a token.
fn repository(path: &str) -> String {
    match path::endpoint(path) {
        Ok(Some(
            Endpoint::Tags(name)
            | Endpoint::Referrers(name, _)
            | Endpoint::Manifest(name, _)
            | Endpoint::Blob(name, _)
            | Endpoint::Uploads(name)
            | Endpoint::Upload(name, _),
        )) => name.to_string(),
        _ => String::new(),
    }
}

/// Whether a text is like a pattern in which `*` stands for any text.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').map_or((None, rest), |(m, last)| (Some(m), last));
    for part in middle.into_iter().flat_map(|middle| middle.split('*')) {
        let Some((_, behind)) = text.split_once(part) else { return false };
        text = behind;
    }
    text.ends_with(last)
}

pub(super) fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path.parse().ok()?);
    Uri::from_parts(parts).ok()
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

pub(super) fn set(response: &mut Response, name: &str, value: Option<&str>) {
    let Ok(name) = HeaderName::try_from(name) else { return };
    match value.map(HeaderValue::from_str) {
        Some(Ok(value)) => {
            response.headers_mut().insert(name, value);
        }
        _ => {
            response.headers_mut().remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (text, pattern, expected) in [
            ("/v2/a/tags/list", "*/tags/list", true),
            ("/v2/a/tags/list", "/v2/*", true),
            ("/v2/a/tags/list", "/v2/*/list", true),
            ("/v2/a/tags/list", "*a*tags*", true),
            ("/v2/a/tags/list", "*", true),
            ("/v2/a/tags/list", "/v2/a/tags/list", true),
            ("/v2/a/tags/list", "/v2/a/tags", false),
            ("/v2/a/tags/list", "*b*", false),
            ("ab", "ab*b", false),
            ("", "", true),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
        }
    }
}
