use std::path::PathBuf;

use drydock_proxy::scratch;
use drydock_registry::{Store, sample};
use http::Method;

use crate::support::Server;

const MANIFEST: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
const MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";

fn directory(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("drydock-{name}-{}", std::process::id()))
}

#[tokio::test]
async fn a_first_visit_finds_the_sample_image() {
    let router = scratch::router(None, None).unwrap();
    let server = Server::start(|config| config.scratch = Some(router)).await;
    let catalog = server.get("/v2/_catalog").await.text();
    assert!(catalog.contains(sample::REPOSITORY), "{catalog}");
    let path = format!("/v2/{}/manifests/latest", sample::REPOSITORY);
    let answer = server.get_with(&path, &[("accept", MEDIA_TYPE)]).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, MEDIA_TYPE));
}

#[tokio::test]
async fn a_layout_is_opened_read_only_under_its_name() {
    let root = directory("read-only");
    let store = Store::directory(&root).unwrap();
    store.put_manifest("my-app", MEDIA_TYPE, MANIFEST.into(), &["v1"]).unwrap();
    let router = scratch::router(None, Some(&root.join("my-app"))).unwrap();
    let server = Server::start(|config| config.scratch = Some(router)).await;
    let path = "/v2/my-app/manifests/v1";
    assert_eq!(server.get_with(path, &[("accept", MEDIA_TYPE)]).await.text(), MANIFEST);
    let mut put = server.request(Method::PUT, "/v2/my-app/manifests/v2");
    put.headers_mut().insert("content-type", MEDIA_TYPE.parse().unwrap());
    *put.body_mut() = MANIFEST.into();
    let answer = server.send(put).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(server.get("/v2/my-app/manifests/v2").await.status, 404);
    std::fs::remove_dir_all(root).unwrap();
}

#[tokio::test]
async fn a_directory_keeps_what_was_pushed() {
    let root = directory("kept");
    for visit in 0..2 {
        let router = scratch::router(Some(&root), None).unwrap();
        let server = Server::start(|config| config.scratch = Some(router)).await;
        if visit == 0 {
            let mut put = server.request(Method::PUT, "/v2/mine/manifests/v1");
            put.headers_mut().insert("content-type", MEDIA_TYPE.parse().unwrap());
            *put.body_mut() = MANIFEST.into();
            assert_eq!(server.send(put).await.status, 201);
        }
        let answer = server.get_with("/v2/mine/manifests/v1", &[("accept", MEDIA_TYPE)]).await;
        assert_eq!(answer.text(), MANIFEST, "visit {visit}");
    }
    std::fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_directory_that_is_no_layout_is_named() {
    let root = directory("no-layout");
    std::fs::create_dir_all(&root).unwrap();
    let error = scratch::router(None, Some(&root)).err().unwrap();
    assert!(!error.to_string().is_empty());
    std::fs::remove_dir_all(root).unwrap();
}
