//! `drydock verify` on an image for several platforms, as a process.

use std::fs;
use std::path::Path;

use drydock::digest::Digest;
use serde_json::{Value, json};

use crate::shell::{drydock, text};

/// Writes a blob of a layout; its descriptor.
fn blob(layout: &Path, media_type: &str, bytes: &[u8]) -> Value {
    let digest = Digest::sha256(bytes);
    let hex = digest.as_str().split_once(':').unwrap().1;
    fs::write(layout.join("blobs/sha256").join(hex), bytes).unwrap();
    let media_type = format!("application/vnd.oci.image.{media_type}");
    json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
}

/// A layer with an entry that no runtime can unpack.
fn layer() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Link);
    header.set_size(0);
    header.set_mode(0o644);
    tar.append_link(&mut header, "name", "nothing").unwrap();
    tar.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_so_on_several_platforms_is_one_sentence_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path();
    fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
    let tar = layer();
    let content = blob(layout, "layer.v1.tar", &tar);
    let entry = |architecture: &str| {
        let config = json!({
            "os": "linux",
            "architecture": architecture,
            "rootfs": { "type": "layers", "diff_ids": [Digest::sha256(&tar)] },
        });
        let config = blob(layout, "config.v1+json", config.to_string().as_bytes());
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [content] });
        let mut entry = blob(layout, "manifest.v1+json", manifest.to_string().as_bytes());
        entry["platform"] = json!({ "os": "linux", "architecture": architecture });
        entry
    };
    let entries = ["amd64", "arm64", "s390x"].map(entry);
    let index = json!({ "schemaVersion": 2, "manifests": entries });
    let root = blob(layout, "index.v1+json", index.to_string().as_bytes());
    let index = json!({ "schemaVersion": 2, "manifests": [root] });
    fs::write(layout.join("index.json"), index.to_string()).unwrap();
    fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();

    let output = drydock(&["verify", layout.to_str().unwrap()]).await;
    let said: Vec<&str> = text(&output.stdout).lines().collect();
    let about: Vec<&&str> =
        said.iter().filter(|line| line.ends_with("[layer.hardlink-target]")).collect();
    assert_eq!(about.len(), 1, "{said:#?}");
    for platform in ["linux/amd64", "linux/arm64", "linux/s390x"] {
        assert!(about[0].contains(platform), "{about:?}");
    }
    let report = drydock(&["verify", "--json", layout.to_str().unwrap()]).await;
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|it| it["message"].as_str().unwrap().contains("nothing"));
    assert_eq!(findings.count(), 3, "{report:#}");
}
