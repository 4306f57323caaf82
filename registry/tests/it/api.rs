//! Sending requests to a router, and pushing small things.

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use drydock::digest::Digest;
use drydock::media_type::MediaType;
use drydock_registry::{Store, router};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// A registry.
pub(crate) struct Api {
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) directory: Option<TempDir>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().expect("ASCII"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn code(&self) -> String {
        self.json()["errors"][0]["code"].as_str().expect("error code").to_owned()
    }
}

impl Api {
    pub(crate) fn memory() -> Self {
        Self::of(Store::memory(), None)
    }

    pub(crate) fn directory() -> Self {
        let directory = tempfile::tempdir().expect("directory");
        Self::of(Store::directory(directory.path()).expect("store"), Some(directory))
    }

    /// One of each kind.
    pub(crate) fn both() -> [Self; 2] {
        [Self::memory(), Self::directory()]
    }

    pub(crate) fn of(store: Store, directory: Option<TempDir>) -> Self {
        Self { router: router(store.clone()), store, directory }
    }

    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> http::Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("request");
        self.router.clone().oneshot(request).await.expect("answers")
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let response = self.raw(method, path, headers, Body::from(body.into())).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("body").to_bytes();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn push_blob(&self, repository: &str, bytes: &'static [u8]) -> Digest {
        let digest = Digest::sha256(bytes);
        let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        assert_eq!(self.send("POST", &path, &[], bytes).await.status, StatusCode::CREATED);
        digest
    }

    pub(crate) async fn push(&self, repository: &str, reference: &str, manifest: &Value) -> Reply {
        let media_type = manifest["mediaType"].as_str().expect("mediaType");
        let path = format!("/v2/{repository}/manifests/{reference}");
        self.send("PUT", &path, &[("content-type", media_type)], manifest.to_string()).await
    }

    /// Pushes an image whose config is this text, and returns its manifest and digest.
    pub(crate) async fn push_image(
        &self,
        repository: &str,
        tag: &str,
        config: &'static [u8],
    ) -> (Value, Digest) {
        self.push_blob(repository, config).await;
        let manifest = image(config);
        assert_eq!(self.push(repository, tag, &manifest).await.status, StatusCode::CREATED);
        let digest = Digest::sha256(manifest.to_string().as_bytes());
        (manifest, digest)
    }
}

/// A manifest of an image without layers.
pub(crate) fn image(config: &[u8]) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MediaType::MANIFEST,
        "config": descriptor(MediaType::CONFIG, config),
        "layers": [],
    })
}

pub(crate) fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::sha256(content), "size": content.len()})
}
