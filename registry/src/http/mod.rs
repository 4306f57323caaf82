//! The HTTP API (distribution-spec, "API").

mod blobs;
mod errors;
mod lists;
mod manifests;
pub(crate) mod path;
pub mod range;
mod referrers;
pub(crate) mod request;
mod uploads;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::store::{Refusal, Store};
pub(crate) use errors::Failure;
use path::Endpoint;

pub(crate) const DOCKER_CONTENT_DIGEST: HeaderName =
    HeaderName::from_static("docker-content-digest");

/// Everything under `/v2/`, to be served alone or merged into another router
/// (`app.merge(router(store))`; it has no fallback of its own).
///
/// There is no login ([`crate::Access`] asks for one). Requests that a browser marks as coming from another site are refused, so
/// that no page but the one that is served beside it can push.
pub fn router(store: Store) -> Router {
    Router::new()
        .route("/v2", any(handle))
        .route("/v2/", any(handle))
        .route("/v2/{*rest}", any(handle))
        .with_state(store)
}

async fn handle(State(store): State<Store>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    marked(dispatch(&store, &parts, body).await.unwrap_or_else(Failure::into_response))
}

/// The answer to what is refused before the API is asked.
pub(crate) fn respond(failure: Failure) -> Response {
    marked(failure.into_response())
}

fn marked(mut response: Response) -> Response {
    // What is stored here was made by anyone; a browser must never run it.
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (HeaderName::from_static("docker-distribution-api-version"), "registry/2.0"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn dispatch(
    store: &Store,
    parts: &http::request::Parts,
    body: Body,
) -> Result<Response, Failure> {
    let site = request::text(parts, HeaderName::from_static("sec-fetch-site"));
    if matches!(site, "cross-site" | "same-site") {
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            "DENIED",
            "requests from pages of other sites are refused",
        ));
    }
    let endpoint = path::endpoint(parts.uri.path())?;
    match endpoint.ok_or_else(|| {
        Failure::new(StatusCode::NOT_FOUND, "UNSUPPORTED", "this is no path of the registry API")
    })? {
        Endpoint::Base => {
            lists::only_read(parts)?;
            answer(StatusCode::OK, [])
                .with(header::CONTENT_TYPE, "application/json")
                .body(Body::from("{}"))
        }
        Endpoint::Catalog => lists::catalog(store, parts).await,
        Endpoint::Tags(name) => lists::tags(store, parts, name).await,
        Endpoint::Referrers(name, digest) => referrers::handle(store, parts, name, &digest).await,
        Endpoint::Manifest(name, reference) => {
            manifests::handle(store, parts, body, &name, &reference).await
        }
        Endpoint::Blob(name, digest) => blobs::handle(store, parts, &name, &digest).await,
        Endpoint::Uploads(name) => uploads::start(store, parts, body, &name).await,
        Endpoint::Upload(name, id) => uploads::go_on(store, parts, body, &name, &id).await,
    }
}

/// The answer to what the store refuses.
#[cfg(feature = "faults")]
pub(crate) fn refuse(refusal: Refusal) -> Response {
    Failure::from(refusal).into_response()
}

/// A response that is being put together.
pub(crate) struct Answer(http::response::Builder);

pub(crate) fn answer<const N: usize>(
    status: StatusCode,
    headers: [(HeaderName, String); N],
) -> Answer {
    let start = Answer(Response::builder().status(status));
    headers.into_iter().fold(start, |answer, (name, value)| answer.with(name, &value))
}

impl Answer {
    pub(crate) fn with(self, name: HeaderName, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    pub(crate) fn body(self, body: Body) -> Result<Response, Failure> {
        self.0.body(body).map_err(|e| Refusal::Io(std::io::Error::other(e)).into())
    }
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
