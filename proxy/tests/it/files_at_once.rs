//! `drydock files` reads layers at once, as a process.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Barrier;

use crate::apply::{fixed, served};
use crate::shell::{drydock, text};

/// Layers that are given only when all of them have been asked for.
#[derive(Clone)]
struct Together {
    layers: Arc<Vec<String>>,
    all: Arc<Barrier>,
}

async fn together(State(it): State<Together>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if it.layers.iter().any(|digest| path.ends_with(&format!("/blobs/{digest}"))) {
        let met = tokio::time::timeout(Duration::from_secs(10), it.all.wait()).await;
        if met.is_err() {
            let refused = Response::builder().status(404).body(Body::from("alone"));
            return refused.unwrap();
        }
    }
    next.run(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_are_read_at_once_and_lie_on_each_other_as_ever() {
    let fixed = fixed();
    let manifest: Value =
        serde_json::from_str(fixed["image"]["manifests"][0].as_str().unwrap()).unwrap();
    let layers: Vec<String> = manifest["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer["digest"].as_str().unwrap().to_owned())
        .collect();
    let all = Arc::new(Barrier::new(layers.len()));
    let state = Together { layers: Arc::new(layers), all };
    let app = served().await;
    let plain = app.clone();
    let app = app.layer(middleware::from_fn_with_state(state, together));
    let mut listed = Vec::new();
    for app in [plain, app] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let image = format!("{host}/fixed@{}", fixed["image"]["root"].as_str().unwrap());
        let output = drydock(&["files", "--jsonl", &image]).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        listed.push(text(&output.stdout).to_owned());
    }
    assert_eq!(listed[0], listed[1]);
    assert!(listed[0].contains("srv/page"));
}
