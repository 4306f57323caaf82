//! What is behind a tag, from at most three documents.

use drydock::digest::Digest;
use drydock::image::{Summary, summary};
use drydock::reference::{Repository, Tag, Target};
use serde_json::{Value, json};

use crate::registry_script::{Answer, Script, registry, run};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const ROOT: &str = "GET https://reg.example/v2/a/manifests/t";

fn descriptor(media_type: &str, content: &Value) -> Value {
    let text = content.to_string();
    json!({
        "mediaType": media_type,
        "digest": Digest::sha256(text.as_bytes()).to_string(),
        "size": text.len(),
    })
}

fn manifest(config: &Value, size: u64) -> Value {
    let layer = json!({
        "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "digest": Digest::sha256(b"layer").to_string(),
        "size": size,
    });
    json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]})
}

fn get(kind: &str, descriptor: &Value) -> String {
    format!(
        "GET https://reg.example/v2/a/{kind}/{}",
        descriptor["digest"].as_str().unwrap_or_default()
    )
}

fn look(steps: &[(&str, Answer)]) -> Summary {
    let script = Script::new(steps);
    let registry = registry("reg.example", &script);
    let source = registry.repository(Repository::parse("a").expect("repository"));
    let found = run(summary(&source, &Target::Tag(Tag::parse("t").expect("tag"))));
    script.finish();
    found.expect("summary")
}

fn json_of(value: &Value) -> Answer {
    Answer::json(&value.to_string())
}

#[test]
fn an_index_is_told_by_the_image_that_is_shown_first() {
    let config = json!({
        "architecture": "amd64", "os": "linux", "created": "2026-01-02T03:04:05Z",
        "rootfs": {"type": "layers", "diff_ids": []},
    });
    let config_at = descriptor(CONFIG, &config);
    let image = manifest(&config_at, 1234);
    let image_at = descriptor(MANIFEST, &image);
    let entry = |platform: &str, descriptor: &Value| {
        let (os, architecture) = platform.split_once('/').expect("platform");
        let mut entry = descriptor.clone();
        entry["platform"] = json!({"os": os, "architecture": architecture});
        entry
    };
    let other = json!({
        "mediaType": MANIFEST, "digest": Digest::sha256(b"arm").to_string(), "size": 3,
    });
    let mut attestation = entry("unknown/unknown", &other);
    attestation["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    let index = json!({
        "schemaVersion": 2, "mediaType": INDEX,
        "manifests": [entry("linux/arm64", &other), entry("linux/amd64", &image_at), attestation],
    });
    let found = look(&[
        (ROOT, json_of(&index)),
        (&get("manifests", &image_at), json_of(&image)),
        (&get("blobs", &config_at), json_of(&config)),
    ]);
    assert_eq!(found.digest, Some(Digest::sha256(index.to_string().as_bytes())));
    assert_eq!(found.platforms, ["linux/arm64", "linux/amd64"]);
    assert_eq!(found.size, Some(1234));
    assert_eq!(found.created.as_deref(), Some("2026-01-02T03:04:05Z"));
    assert_eq!(found.artifact, None);
}

#[test]
fn an_artifact_is_told_by_its_kind_and_what_is_missing_stays_unknown() {
    let chart = descriptor("application/vnd.cncf.helm.config.v1+json", &json!({}));
    let found = look(&[(ROOT, json_of(&manifest(&chart, 7)))]);
    assert_eq!(found.artifact.map(|kind| kind.name).as_deref(), Some("chart"));
    assert_eq!((found.size, found.created, found.platforms.len()), (Some(7), None, 0));

    let config_at = descriptor(CONFIG, &json!({"os": "linux"}));
    let image = manifest(&config_at, 9);
    let found = look(&[(ROOT, json_of(&image)), (&get("blobs", &config_at), Answer::status(404))]);
    assert_eq!((found.size, found.created), (Some(9), None));
    assert!(found.digest.is_some());
}
