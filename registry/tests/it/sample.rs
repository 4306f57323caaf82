use drydock_registry::{Role, Store, sample};
use serde_json::json;

use crate::api::Api;

/// Changes of the sample change its digest, which links in the documentation may hold.
const DIGEST: &str = "sha256:936b77aa83255c560ec3347b31652ce67f2bd97fc96c3b428a753ee02e910b00";

#[tokio::test]
async fn the_same_bytes_every_time_and_everywhere() {
    for api in Api::both() {
        for _ in 0..2 {
            assert_eq!(sample::install(&api.store).expect("installs").as_str(), DIGEST);
        }
        for tag in ["latest", "1.0"] {
            let reply = api.get(&format!("/v2/sample/hello/manifests/{tag}")).await;
            assert_eq!(reply.header("docker-content-digest"), DIGEST);
        }
    }
}

#[tokio::test]
async fn what_it_is_made_of() {
    let api = Api::memory();
    let digest = sample::install(&api.store).expect("installs");
    let index = api.get("/v2/sample/hello/manifests/latest").await.json();
    let platforms: Vec<_> = index["manifests"]
        .as_array()
        .expect("list")
        .iter()
        .map(|child| child["platform"].clone())
        .collect();
    assert_eq!(
        platforms,
        [
            json!({"architecture": "amd64", "os": "linux"}),
            json!({"architecture": "arm64", "os": "linux", "variant": "v8"}),
        ]
    );
    let artifact_types = |reply: crate::api::Reply| -> Vec<String> {
        let list = reply.json()["manifests"].as_array().expect("list").clone();
        list.iter().filter_map(|d| d["artifactType"].as_str().map(str::to_owned)).collect()
    };
    let about = api.get(&format!("/v2/sample/hello/referrers/{digest}")).await;
    assert_eq!(artifact_types(about).len(), 2);
    for child in index["manifests"].as_array().expect("list") {
        let child = child["digest"].as_str().expect("digest");
        let about = api.get(&format!("/v2/sample/hello/referrers/{child}")).await;
        assert_eq!(artifact_types(about), ["application/spdx+json"]);
        let manifest = api.get(&format!("/v2/sample/hello/manifests/{child}")).await.json();
        for (place, role) in [("/config", Role::Config), ("/layers/2", Role::Layer)] {
            let digest = manifest.pointer(place).expect(place)["digest"].as_str().expect("digest");
            let digest = digest.parse().expect("digest");
            assert_eq!(api.store.role("sample/hello", &digest), role);
        }
    }
    assert_eq!(api.store.role("sample/hello", &digest), Role::Index);
}

#[test]
fn a_memory_store_needs_no_runtime() {
    let store = Store::memory();
    sample::install(&store).expect("installs");
    let api = Api::of(store, None);
    let reply = futures_util::FutureExt::now_or_never(api.get("/v2/sample/hello/tags/list"));
    assert!(reply.expect("answers at once").status.is_success());
}
