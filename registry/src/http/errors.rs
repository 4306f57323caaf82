//! Error answers (distribution-spec, "Error Codes").

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::store::Refusal;

/// An answer that is no success.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn method(method: &http::Method, allow: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            format!("{method} is not possible here; possible are {allow}"),
        )
    }

    pub(crate) fn into_response(self) -> Response {
        let body =
            json!({"errors": [{"code": self.code, "message": self.message, "detail": null}]});
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match &refusal {
            Refusal::NameInvalid(_) => (StatusCode::BAD_REQUEST, "NAME_INVALID"),
            Refusal::NameUnknown(_) => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
            Refusal::TagInvalid(_) => (StatusCode::BAD_REQUEST, "TAG_INVALID"),
            Refusal::DigestInvalid(_) => (StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
            Refusal::SizeInvalid(_) => (StatusCode::BAD_REQUEST, "SIZE_INVALID"),
            Refusal::BlobUnknown { .. } => (StatusCode::NOT_FOUND, "BLOB_UNKNOWN"),
            Refusal::ManifestUnknown { .. } => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
            Refusal::ManifestInvalid(_) => (StatusCode::BAD_REQUEST, "MANIFEST_INVALID"),
            Refusal::ManifestBlobUnknown { .. } => (StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN"),
            Refusal::UploadUnknown => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
            Refusal::ManifestTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID"),
            Refusal::Full(_) | Refusal::IndexFull(_) => {
                (StatusCode::INSUFFICIENT_STORAGE, "DENIED")
            }
            Refusal::ReadOnly(_) => (StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
            Refusal::Broken { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
            Refusal::Io(error) if is_full(error) => (StatusCode::INSUFFICIENT_STORAGE, "DENIED"),
            Refusal::Io(_) => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
        };
        if let Refusal::Io(error) = &refusal {
            tracing::error!(%error, "the store of the scratch registry can't be read or written");
        }
        Self::new(status, code, refusal.to_string())
    }
}

fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Refusal::from(error).into()
    }
}
