//! `drydock apply` on an image for several platforms, as processes.

use std::fs;

use drydock::digest::Digest;
use serde_json::{Value, json};

use crate::apply::{draft, files, fixed, registry};
use crate::shell::{drydock, text};

/// `docker load` takes one platform: which one can be said.
#[tokio::test(flavor = "multi_thread")]
async fn one_platform_is_saved_where_one_is_named() {
    let host = registry().await;
    let folder = tempfile::tempdir().unwrap();
    let (files, draft) = (files(folder.path()), draft(&host).to_string());
    let tar = folder.path().join("made.tar").display().to_string();
    let apply = ["apply", &draft, "--files", &files, "--save", &tar, "--format", "docker"];
    let output = drydock(&apply).await;
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{output:?}");
    assert!(text(&output.stderr).contains("--platform"), "{output:?}");

    let platform = ["--platform", "arm64", "--tag", "app:1.2"];
    let output = drydock(&[&apply[..], &platform].concat()).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!text(&output.stderr).contains("no name"), "{output:?}");
    let manifest = fs::read(&tar).unwrap();
    let names = b"\"RepoTags\":[\"app:1.2\"]";
    assert!(manifest.windows(names.len()).any(|bytes| bytes == names), "it has a name");
    let root = fixed()["expected"]["root"].clone();
    assert_eq!(text(&output.stdout).lines().next(), root.as_str());
    let shown = drydock(&["show", &tar]).await;
    let layers = fixed()["expected"]["layers"]["linux/arm64/v8"].clone();
    for layer in layers.as_array().unwrap() {
        assert!(text(&shown.stdout).contains(layer.as_str().unwrap()), "{shown:?}");
    }
    let saved = text(&shown.stdout).split_whitespace().find(|word| word.starts_with("sha256:"));
    let told = format!("is the image for linux/arm64: {}", saved.unwrap());
    assert!(text(&output.stderr).contains(&told), "{output:?}");
    let verified = drydock(&["verify", &tar]).await;
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");

    for form in ["oci", "docker"] {
        let apply = ["apply", &draft, "--files", &files, "--save", &tar, "--format", form];
        let output = drydock(&[&apply[..], &["--platform", "linux/s390x"]].concat()).await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains("linux/s390x") && said.contains("linux/arm64"), "{said}");
    }
    let output = drydock(&["apply", &draft, "--files", &files, "--platform", "arm64"]).await;
    assert!(text(&output.stderr).contains("--save"), "{output:?}");
}

/// An artifact that a draft attaches is found by its digest.
#[tokio::test(flavor = "multi_thread")]
async fn the_digests_of_what_is_attached_are_told() {
    let host = registry().await;
    let folder = tempfile::tempdir().unwrap();
    let (files, draft) = (files(folder.path()), draft(&host).to_string());
    let expected = fixed()["expected"].clone();
    let (root, artifact) =
        (expected["root"].as_str().unwrap(), expected["artifact"].as_str().unwrap());
    let output = drydock(&["apply", &draft, "--files", &files]).await;
    let attached = format!("attached: {artifact} application/vnd.cyclonedx+json to {root}");
    assert_eq!(text(&output.stdout), format!("{root}\n{attached}\n"), "{output:?}");

    let target = format!("{host}/made/attached:1");
    let output = drydock(&["apply", &draft, "--files", &files, "--push", &target]).await;
    let attached = format!("attached: {host}/made/attached@{artifact}");
    let said = text(&output.stdout);
    assert!(said.starts_with(&format!("{target}@{root}\n{attached} ")), "{output:?}");

    let output = drydock(&["apply", &draft, "--files", &files, "--json", "--push", &target]).await;
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let repository = format!("{host}/made/attached");
    assert_eq!(
        result,
        json!({
            "digest": root,
            "reference": format!("{target}@{root}"),
            "attached": [{
                "digest": artifact,
                "reference": format!("{repository}@{artifact}"),
                "artifactType": "application/vnd.cyclonedx+json",
                "subject": root,
            }],
        })
    );
}

/// What holds for each platform is said once.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_every_platform_is_said_once() {
    let host = registry().await;
    let digest = fixed()["image"]["root"].clone();
    let content = b"x";
    let file = json!({ "type": "file", "digest": Digest::sha256(content), "size": 1 });
    let entry = |path: &str, node: &Value| json!({ "path": path, "mode": 493, "node": node });
    let link = entry("link", &json!({ "type": "symlink", "target": "srv" }));
    let layer = |entries: Value| json!({ "add": { "layer": { "files": { "entries": entries } } } });
    let arm64 = json!({ "platforms": [{ "os": "linux", "architecture": "arm64" }] });
    let add = |entry: Value| json!({ "action": { "layers": layer(json!([entry])) } });
    // So that the layers below differ, and each platform has its own on top.
    let mut other = add(entry("only", &json!({ "type": "directory" })));
    other["scope"] = arm64;
    let edits = json!([other, add(link), add(entry("link/x", &file))]);
    let draft = json!({
        "version": 1,
        "base": { "image": format!("{host}/fixed@{}", digest.as_str().unwrap()) },
        "time": "2024-05-01T12:00:00Z",
        "edits": edits,
    });
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x"), content).unwrap();
    let files = folder.path().display().to_string();
    let output = drydock(&["apply", &draft.to_string(), "--files", &files]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let mut said: Vec<&str> = text(&output.stderr).lines().collect();
    assert!(said.iter().any(|line| line.contains("/link is a symlink")), "{said:?}");
    let all = said.len();
    said.sort_unstable();
    said.dedup();
    assert_eq!(said.len(), all, "{output:?}");
}
