//! `drydock apply` of drafts whose images were files on the disk of who made them, as processes.

use std::fs;
use std::path::Path;

use drydock::digest::Digest;
use serde_json::{Value, json};

use crate::shell::{drydock, text};

/// Saves an image of one file on top of a base, or of nothing; its name in a browser.
async fn image(folder: &Path, name: &str, base: &str, below: Option<(&str, &Path)>) -> String {
    let content = format!("{name}\n");
    fs::write(folder.join(name), &content).unwrap();
    let file = json!({
        "path": name,
        "mode": 420,
        "node": {
            "type": "file",
            "digest": Digest::sha256(content.as_bytes()),
            "size": content.len(),
        },
    });
    let platform = json!({ "os": "linux", "architecture": "amd64" });
    let empty = json!({ "empty": { "family": "oci", "platform": platform } });
    let layer = json!({ "add": { "layer": { "files": { "entries": [file] } } } });
    let draft = json!({
        "version": 1,
        "base": below.map_or(empty, |(image, _)| json!({ "image": image })),
        "time": "2024-05-01T12:00:00Z",
        "edits": [{ "action": { "layers": layer } }],
    });
    let tar = folder.join(format!("{name}.tar")).display().to_string();
    let draft = draft.to_string();
    let files = folder.join(name).display().to_string();
    let mut arguments = vec!["apply", &draft, "--files", &files, "--save", &tar];
    let below = below.map(|(_, tar)| tar.display().to_string());
    arguments.extend(below.iter().flat_map(|tar| ["--image", tar]));
    let output = drydock(&arguments).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    format!("{base}/{name}@{}", text(&output.stdout).trim())
}

/// What lies in the given archives is found by its digest, the base like any other.
#[tokio::test(flavor = "multi_thread")]
async fn images_of_a_browser_are_found_in_archives_by_their_digests() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(format!("{name}.tar"));
    let old = image(folder.path(), "old", "local.invalid", None).await;
    let new = image(folder.path(), "new", "draft.invalid", None).await;
    let app = image(folder.path(), "app", "local.invalid", Some((&old, &at("old")))).await;
    let rebase = json!({ "rebase": { "old": old, "new": new } });
    let rebase = json!({
        "version": 1,
        "base": { "image": app },
        "time": "2024-05-01T12:00:00Z",
        "edits": [{ "action": rebase }],
    })
    .to_string();
    let tars = ["app", "old", "new"].map(|name| at(name).display().to_string());
    let [app_tar, old_tar, new_tar] = &tars;

    // Which one is missing, and what for, is said.
    let given: [(&[&str], &str, &str); 3] = [
        (&[], &app, "the base of the draft"),
        (&["--image", app_tar], &new, "edit 1 (rebase"),
        (&["--image", app_tar, "--image", new_tar], &old, "edit 1 (rebase"),
    ];
    for (images, missing, what) in given {
        let output = drydock(&[&["apply", &rebase][..], images].concat()).await;
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains(missing) && said.contains(what), "{said}");
        assert!(said.contains("--image"), "{said}");
        assert_eq!(said.contains("--base"), images.is_empty(), "{said}");
    }

    let made = folder.path().join("made.tar").display().to_string();
    let images = ["--image", new_tar, "--image", app_tar, "--image", old_tar];
    let apply = [&["apply", &rebase, "--save", &made][..], &images].concat();
    let output = drydock(&apply).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let listed = drydock(&["files", "--jsonl", &made]).await;
    let paths: Vec<String> = text(&listed.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["path"].as_str().unwrap().into())
        .collect();
    assert_eq!(paths, ["app", "new"]);

    // An image that is none of the draft's is told: it may be the wrong file.
    let output = drydock(&[&apply[..], &["--image", &made]].concat()).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("has none of the images"), "{output:?}");
}

/// What was a file in the browser may lie in a registry by now.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_a_browser_is_found_in_a_repository() {
    let host = crate::apply::registry().await;
    let folder = tempfile::tempdir().unwrap();
    let one = image(folder.path(), "one", "local.invalid", None).await;
    let digest = one.split_once('@').unwrap().1.to_owned();
    let draft = json!({
        "version": 1,
        "base": { "image": one },
        "time": "2024-05-01T12:00:00Z",
        "edits": [{ "action": { "config": { "label": { "name": "a", "value": "b" } } } }],
    })
    .to_string();
    let tar = folder.path().join("one.tar").display().to_string();
    let local = drydock(&["apply", &draft, "--image", &tar]).await;
    assert_eq!(local.status.code(), Some(0), "{local:?}");

    let as_it_is = json!({ "version": 1, "base": { "image": one }, "edits": [] }).to_string();
    let target = format!("{host}/pushed/one:1");
    let pushed = drydock(&["apply", &as_it_is, "--image", &tar, "--push", &target]).await;
    assert_eq!(text(&pushed.stdout).trim(), format!("{target}@{digest}"), "{pushed:?}");
    let sample = format!("{host}/sample/hello");
    let there = format!("{host}/pushed/one");
    let remote = drydock(&["apply", &draft, "--image", &sample, "--image", &there]).await;
    assert_eq!(remote.status.code(), Some(2), "{remote:?}");
    let remote = drydock(&["apply", &draft, "--image", &there]).await;
    assert_eq!(remote.stdout, local.stdout, "{remote:?}");
}
