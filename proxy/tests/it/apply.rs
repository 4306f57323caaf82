//! `drydock apply` and `drydock export`, as processes.

use std::fs;
use std::path::Path;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use drydock::digest::Digest;
use drydock_registry::{Faults, Store, router, sample};
use http::Request;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::shell::{drydock, text};

/// A draft whose result is known, with the image that it is made on and the files that it names.
pub(crate) fn fixed() -> Value {
    serde_json::from_str(include_str!("../../../tests/data/fixed-draft.json")).unwrap()
}

/// A registry that holds the image of the fixed draft as `fixed`, beside the sample.
pub(crate) async fn registry() -> String {
    let app = served().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });
    host
}

/// The same, to be served.
pub(crate) async fn served() -> axum::Router {
    let store = Store::memory();
    sample::install(&store).unwrap();
    let app = Faults::examples().wrap(&store, router(store.clone()));
    let fixed = fixed();
    for (digest, content) in fixed["image"]["blobs"].as_object().unwrap() {
        let body = STANDARD.decode(content.as_str().unwrap()).unwrap();
        let upload = Request::post(format!("/v2/fixed/blobs/uploads/?digest={digest}"));
        send(&store, upload.body(body.into())).await;
    }
    for manifest in fixed["image"]["manifests"].as_array().unwrap() {
        let body = manifest.as_str().unwrap().to_owned();
        let read: Value = serde_json::from_str(&body).unwrap();
        let put = Request::put(format!("/v2/fixed/manifests/{}", Digest::sha256(body.as_bytes())));
        let put = put.header("content-type", read["mediaType"].as_str().unwrap());
        send(&store, put.body(body.into())).await;
    }
    app
}

async fn send(store: &Store, request: http::Result<Request<Body>>) {
    let answer = router(store.clone()).oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 201);
}

/// The draft, whose base is in this registry.
pub(crate) fn draft(host: &str) -> Value {
    let text = fixed()["draft"].to_string().replace("registry.example", host);
    serde_json::from_str(&text).unwrap()
}

/// The files that it names, under other names and with others between them.
pub(crate) fn files(folder: &Path) -> String {
    let place = folder.join("files/deep");
    fs::create_dir_all(&place).unwrap();
    for (at, file) in fixed()["files"].as_array().unwrap().iter().enumerate() {
        let content = STANDARD.decode(file["content"].as_str().unwrap()).unwrap();
        fs::write(place.join(at.to_string()), &content).unwrap();
        let other: Vec<u8> = content.iter().map(|byte| byte ^ 1).collect();
        fs::write(place.join(format!("other-{at}")), other).unwrap();
    }
    folder.join("files").display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_gives_the_digest_that_it_has_everywhere() {
    let host = registry().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("draft.json");
    let (draft, expected) = (draft(&host), fixed()["expected"]["root"].clone());
    fs::write(&file, serde_json::to_vec_pretty(&draft).unwrap()).unwrap();
    let (file, files) = (file.display().to_string(), files(folder.path()));

    // Without its files nothing is done, and they are named.
    let output = drydock(&["apply", &file]).await;
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    assert!(text(&output.stderr).contains("names files that are not here"), "{output:?}");

    let link =
        format!("http://localhost/-/drafts#draft={}", URL_SAFE_NO_PAD.encode(draft.to_string()));
    for draft in [&file, &link] {
        let output = drydock(&["apply", draft, "--files", &files]).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(text(&output.stdout).lines().next(), expected.as_str(), "{output:?}");
    }

    let target = format!("{host}/made/app:2");
    let output = drydock(&["apply", &file, "--files", &files, "--push", &target]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let pushed = format!("{target}@{}", expected.as_str().unwrap());
    assert_eq!(text(&output.stdout).lines().next(), Some(&*pushed));
    let verified = drydock(&["verify", "--json", &target]).await;
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    let shown = drydock(&["show", &target]).await;
    let artifact = fixed()["expected"]["artifact"].clone();
    assert!(text(&shown.stdout).contains(artifact.as_str().unwrap()), "{shown:?}");
    // A second time nothing is left to be sent.
    let output = drydock(&["apply", &file, "--files", &files, "--push", &target]).await;
    assert!(text(&output.stderr).contains(": 0 blobs are sent, 0 mounted"), "{output:?}");

    let tar = folder.path().join("made.tar").display().to_string();
    let save = ["apply", &file, "--files", &files, "--save", &tar, "--tag", "2"];
    let output = drydock(&save).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let verified = drydock(&["verify", &format!("{tar}:2")]).await;
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    let outline = drydock(&["show", &format!("{tar}:2")]).await;
    assert!(text(&outline.stdout).contains(expected.as_str().unwrap()), "{outline:?}");
}

/// Edits are done to whatever image a pipeline has just built.
#[tokio::test(flavor = "multi_thread")]
async fn edits_are_done_to_another_base() {
    let host = registry().await;
    let digest = format!("sha256:{}", "1".repeat(64));
    let draft = json!({
        "version": 1,
        "base": { "image": format!("{host}/sample/hello@{digest}") },
        "time": "2024-05-01T12:00:00Z",
        "edits": [{ "action": { "config": { "label": { "name": "a", "value": "b" } } } }],
    });
    let draft = draft.to_string();
    let output = drydock(&["apply", &draft]).await;
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{output:?}");
    let base = format!("{host}/sample/hello:latest");
    let target = format!("{host}/made/hello:1");
    let output = drydock(&["apply", &draft, "--base", &base, "--push", &target]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stderr).contains(&format!("was made on {digest}")), "{output:?}");
    let verified = drydock(&["verify", &target]).await;
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_applied_is_a_sentence() {
    let host = registry().await;
    let base = |image: &str| json!({ "image": format!("{host}/{image}") });
    let of = |base: Value, edits: Value| {
        json!({ "version": 1, "base": base, "edits": edits }).to_string()
    };
    let missing = of(base(&format!("no/such@sha256:{}", "2".repeat(64))), json!([]));
    let label = json!({ "action": { "config": { "label": { "name": "a", "vaule": "b" } } } });
    let pinned = base(&format!("fixed@{}", fixed()["image"]["root"].as_str().unwrap()));
    let mistyped = of(pinned, json!([label]));
    let newer = json!({ "version": 99, "base": base("fixed"), "edits": [] }).to_string();
    for (arguments, said) in [
        (&["apply", "no-such-file.json"][..], "There is no file no-such-file.json"),
        (&["apply", "{\"version\":1}"], "This is no draft that can be read"),
        (&["apply", "http://x/-/drafts#draft=%%"], "no base64url"),
        (&["apply", &newer], "the version 99"),
        (&["apply", &missing], "no/such"),
        (&["apply", &mistyped], "vaule in edits[0].action"),
    ] {
        let output = drydock(arguments).await;
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{arguments:?}");
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
    }
}

/// Other bytes than those of the layer that was named become a part of nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_of_other_bytes() {
    let host = registry().await;
    let latest = drydock(&["show", &format!("{host}/sample/hello:latest")]).await;
    let digest = text(&latest.stdout).split_whitespace().find(|word| word.starts_with("sha256:"));
    let image = format!("{host}/fault/flip-layer/sample/hello@{}", digest.unwrap());
    let edits = json!([{ "action": { "layers": { "flatten": {} } } }]);
    let draft = json!({ "version": 1, "base": { "image": image }, "edits": edits }).to_string();
    let folder = tempfile::tempdir().unwrap();
    let tar = folder.path().join("made.tar");
    let save = tar.display().to_string();
    for arguments in [&["apply", &draft, "--save", &save][..], &["export", "-o", &save, &image]] {
        let output = drydock(arguments).await;
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains("Nothing was made of it"), "{said}");
        assert!(!tar.exists() && fs::read_dir(folder.path()).unwrap().next().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_an_image_come_as_a_tar() {
    let host = registry().await;
    let image = format!("{host}/sample/hello:latest");
    let listed = drydock(&["files", "--jsonl", &image]).await;
    let listed: Vec<Value> =
        text(&listed.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let output = drydock(&["export", &image]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let mut archive = tar::Archive::new(&output.stdout[..]);
    let mut came: Vec<(String, u64)> = Vec::new();
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        came.push((path.trim_end_matches('/').to_owned(), entry.size()));
    }
    for row in listed.iter().filter(|row| row["type"] == "file") {
        let (path, size) = (row["path"].as_str().unwrap(), row["size"].as_u64().unwrap());
        assert!(came.contains(&(path.to_owned(), size)), "{path} in {came:?}");
    }
    let file = listed.iter().find(|row| row["type"] == "file").unwrap()["path"].as_str().unwrap();
    let no_folder = drydock(&["export", &image, file]).await;
    assert!(text(&no_folder.stderr).contains("is no folder; drydock cat"), "{no_folder:?}");
    assert!(text(&output.stderr).contains("--platform chooses another"), "{output:?}");
    let absent = drydock(&["export", &image, "/no/such"]).await;
    assert_eq!((absent.status.code(), text(&absent.stdout)), (Some(2), ""));
    assert!(text(&absent.stderr).contains("There is no folder no/such"), "{absent:?}");
}

/// A file keeps its mode, a link leads on, and what is no file is written, not replaced.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_has_the_name_already_stays_what_it_is() {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
    use std::process::Command;

    let host = registry().await;
    let image = format!("{host}/sample/hello:latest");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "old").unwrap();
    fs::set_permissions(at("file"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("file", at("link")).unwrap();
    let output = drydock(&["export", "-o", &at("link").display().to_string(), &image]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    let (whole, meta) = (fs::read(at("file")).unwrap(), fs::metadata(at("file")).unwrap());
    assert!(whole.len() > 1024 && meta.permissions().mode() & 0o777 == 0o600);

    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let reader = tokio::task::spawn_blocking({
        let pipe = at("pipe");
        move || fs::read(pipe).unwrap()
    });
    let output = drydock(&["export", "-o", &at("pipe").display().to_string(), &image]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(reader.await.unwrap(), whole);
    assert!(fs::symlink_metadata(at("pipe")).unwrap().file_type().is_fifo());
}

/// Who is told to end leaves nothing behind.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_leaves_nothing_behind() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let host = registry().await;
    let folder = tempfile::tempdir().unwrap();
    let (work, to) = (folder.path().join("work"), folder.path().join("to"));
    fs::create_dir(&work).unwrap();
    fs::create_dir(&to).unwrap();
    let pipe = to.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Nobody reads the pipe, so that it waits with all that it has.
    let mut child = Command::new(env!("CARGO_BIN_EXE_drydock"))
        .args(["export", &format!("{host}/sample/hello:latest"), "-o"])
        .arg(&pipe)
        .env("TMPDIR", &work)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let is_empty = |path: &Path| fs::read_dir(path).unwrap().next().is_none();
    let began = Instant::now();
    while is_empty(&work) && began.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!is_empty(&work), "nothing was kept");
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(ended.code(), Some(130), "{ended:?}");
    assert!(is_empty(&work), "something is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_saved_is_not_pushed_and_a_tag_that_moves_is_told() {
    let host = registry().await;
    let draft = json!({
        "version": 1,
        "base": { "empty": { "family": "oci", "platform": { "os": "linux", "architecture": "amd64" } } },
        "time": "2024-05-01T12:00:00Z",
        "edits": [],
    });
    let draft = draft.to_string();
    let target = format!("{host}/made/empty:1");
    let both = ["apply", &draft, "--push", &target, "--save", "/nowhere/x.tar"];
    let output = drydock(&both).await;
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{output:?}");
    assert_eq!(drydock(&["show", &target]).await.status.code(), Some(2));
    let output = drydock(&["apply", &draft, "--push", &format!("{host}/fixed-not:1")]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output =
        drydock(&["apply", &draft, "--push", &format!("{host}/sample/hello:latest")]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stderr).contains("The tag latest stood for sha256:"), "{output:?}");
}
