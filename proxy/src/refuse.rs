//! Answers that the server gives for itself.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use crate::policy::header::{ERROR, harden};
use crate::policy::{Code, Refusal};

/// The HTTP status of a refusal.
pub(crate) fn status(code: Code) -> StatusCode {
    match code {
        Code::BadRequest => StatusCode::BAD_REQUEST,
        Code::PrivateAddress
        | Code::HostNotAllowed
        | Code::SchemeNotAllowed
        | Code::PortNotAllowed
        | Code::PathNotAllowed
        | Code::ForeignOrigin
        | Code::Itself
        | Code::Login => StatusCode::FORBIDDEN,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Code::LayerCache => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Unresolvable
        | Code::Connect
        | Code::Tls
        | Code::Redirect
        | Code::TooLarge
        | Code::ContentEncoding
        | Code::UpstreamProtocol
        | Code::WrongBytes => StatusCode::BAD_GATEWAY,
    }
}

/// `{"code", "message", "host"}`, `"advice"` where there is one, and the code in `X-Drydock-Error`.
pub(crate) fn respond(refusal: &Refusal) -> Response {
    let mut json = serde_json::json!({
        "code": refusal.code.as_str(),
        "message": refusal.message,
        "host": refusal.host,
    });
    if !refusal.advice.is_empty() {
        json["advice"] = refusal.advice.as_str().into();
    }
    let mut response = Response::new(Body::from(json.to_string()));
    *response.status_mut() = status(refusal.code);
    let headers = response.headers_mut();
    harden(headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ERROR, HeaderValue::from_static(refusal.code.as_str()));
    if refusal.code == Code::BadRequest {
        // What follows a malformed request on its connection can't be trusted to be a request.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
