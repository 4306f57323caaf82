//! `drydock verify` and its like, as processes: what they print, where, and how they end.

use std::fs;
use std::process::{Command, Output, Stdio};

use drydock_registry::{Faults, Store, router, sample};
use serde_json::Value;
use tokio::net::TcpListener;

/// A registry of this machine with the sample image, broken ones, and faults.
async fn registry() -> String {
    let store = Store::memory();
    sample::install(&store).unwrap();
    sample::install_broken(&store).unwrap();
    let app = Faults::examples().wrap(&store, router(store.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address.to_string()
}

async fn drydock(arguments: &[&str]) -> Output {
    drydock_with(arguments, "/nowhere").await
}

async fn drydock_with(arguments: &[&str], config: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drydock"));
    command.args(arguments).env("DOCKER_CONFIG", config).stdin(Stdio::null());
    command.env_remove("XDG_RUNTIME_DIR").env_remove("REGISTRY_AUTH_FILE");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_is_told_by_how_it_ends() {
    let host = registry().await;
    for (image, verdict, code, rule) in [
        ("sample/hello:latest", "verified", 0, ""),
        ("broken/none:latest", "verified", 0, ""),
        ("broken/diff-id:latest", "failed", 1, "layer.diff-id"),
        ("broken/size:latest", "failed", 1, "layer.size"),
        ("broken/truncated-gzip:latest", "failed", 1, ""),
        ("fault/flip-layer/sample/hello:latest", "failed", 1, "layer.digest"),
        ("fault/flip-manifest/sample/hello:latest", "failed", 1, ""),
        ("fault/truncate-layer/sample/hello:latest", "failed", 1, "layer.size"),
        ("fault/cut-layer-once/sample/hello:latest", "verified", 0, ""),
        ("fault/range-off-by-one/sample/hello:latest", "verified", 0, ""),
        ("fault/503-once/sample/hello:latest", "verified", 0, ""),
        ("fault/elsewhere/sample/hello:latest", "verified", 0, ""),
        ("fault/404-html/sample/hello:latest", "incomplete", 2, "document.missing"),
        ("nothing/here:1", "incomplete", 2, "document.missing"),
    ] {
        let output = drydock(&["verify", "--json", &format!("{host}/{image}")]).await;
        let report = json(&output);
        assert_eq!(report["verdict"], verdict, "{image}: {report:#}");
        assert_eq!(output.status.code(), Some(code), "{image}");
        assert_eq!(text(&output.stderr), "", "{image}");
        let found = report["findings"].to_string();
        assert!(found.contains(rule), "{image}: {found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_told_to_code_scanning() {
    let host = registry().await;
    let output = drydock(&["verify", "--sarif", &format!("{host}/broken/diff-id")]).await;
    assert_eq!(output.status.code(), Some(1));
    let log = json(&output);
    assert_eq!(
        (&log["version"], &log["runs"][0]["tool"]["driver"]["name"]),
        (&"2.1.0".into(), &"drydock".into())
    );
    let results = log["runs"][0]["results"].as_array().unwrap();
    let result = results.iter().find(|result| result["ruleId"] == "layer.diff-id").unwrap();
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, &Value::from(format!("{host}/broken/diff-id:latest")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_an_image_is_listed_and_read() {
    let host = registry().await;
    let image = format!("{host}/sample/hello:latest");
    let listed = drydock(&["files", "--jsonl", &image]).await;
    assert_eq!(listed.status.code(), Some(0), "{}", text(&listed.stderr));
    let rows: Vec<Value> =
        text(&listed.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let file = rows.iter().find(|row| row["type"] == "file" && row["size"].as_u64() > Some(0));
    let file = file.expect("a file with something in it");
    let path = file["path"].as_str().unwrap();
    let read = drydock(&["cat", &image, path]).await;
    assert_eq!(read.status.code(), Some(0), "{}", text(&read.stderr));
    assert_eq!(Some(read.stdout.len() as u64), file["size"].as_u64());
    let plain = drydock(&["files", &image]).await;
    assert!(text(&plain.stdout).lines().any(|line| line.ends_with(&format!(" {path}"))));
    let changes = drydock(&["files", "--layer", "1", "--changes", &image]).await;
    assert!(text(&changes.stdout).lines().all(|line| line.starts_with("+ ")), "{changes:?}");
    let outline = drydock(&["show", &image]).await;
    assert_eq!(outline.status.code(), Some(0));
    assert!(text(&outline.stdout).contains("config of linux/amd64"), "{outline:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_what_was_not_verified_is_printed() {
    let host = registry().await;
    let image = format!("{host}/fault/flip-layer/sample/hello:latest");
    for arguments in [&["files", &image][..], &["cat", &image, "etc/os-release"]] {
        let output = drydock(arguments).await;
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{arguments:?}");
        assert!(text(&output.stderr).contains("failed"), "{output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_done_is_a_sentence() {
    let host = registry().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("no.tar");
    fs::write(&file, "no tar").unwrap();
    let image = format!("{host}/sample/hello:latest");
    for (arguments, said) in [
        (&["verify", file.to_str().unwrap()][..], "This file is no tar"),
        (&["verify", "no such reference"], "There is no file no such reference either."),
        (&["files", "--platform", "linux/s390x", &image], "no platform linux/s390x; it has"),
        (&["files", "--layer", "99", &image], "there is no layer 99"),
        (&["cat", &image, "/nowhere"], "/nowhere is not in the image"),
    ] {
        let output = drydock(arguments).await;
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{arguments:?}");
        let told = text(&output.stderr);
        assert!(told.starts_with("drydock: ") && told.contains(said), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_and_man_learn_every_command() {
    let script = drydock(&["completions", "bash"]).await;
    let folder = tempfile::tempdir().unwrap();
    let man = drydock(&["man", folder.path().to_str().unwrap()]).await;
    assert_eq!((script.status.code(), man.status.code()), (Some(0), Some(0)));
    for command in ["verify", "show", "files", "cat", "serve"] {
        assert!(text(&script.stdout).contains(command), "{command}");
        let page = folder.path().join(format!("drydock-{command}.1"));
        assert!(fs::read_to_string(page).unwrap().contains(".TH"), "{command}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn logins_of_docker_are_used_and_helpers_are_asked() {
    use std::os::unix::fs::PermissionsExt as _;

    let host = registry().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.json");
    let at = folder.path().to_str().unwrap();
    // `demo:secret`
    let auths = format!(r#"{{"auths":{{"{host}":{{"auth":"ZGVtbzpzZWNyZXQ="}}}}}}"#);
    fs::write(&config, auths).unwrap();
    for fault in ["basic", "bearer", "token-ends"] {
        let image = format!("{host}/fault/{fault}/sample/hello:latest");
        let output = drydock_with(&["verify", &image], at).await;
        assert_eq!(output.status.code(), Some(0), "{fault}: {output:?}");
        assert!(!format!("{output:?}").contains("secret"));
        assert_eq!(drydock(&["verify", &image]).await.status.code(), Some(2), "no login: {fault}");
    }

    let helper = folder.path().join("docker-credential-test");
    let script = "#!/bin/sh\nread -r host; echo \"{\\\"Username\\\":\\\"demo\\\",\\\"Secret\\\":\\\"secret\\\",\\\"ServerURL\\\":\\\"$host\\\"}\"\n";
    fs::write(&helper, script).unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(&config, format!(r#"{{"credHelpers":{{"{host}":"test"}}}}"#)).unwrap();
    let image = format!("{host}/fault/basic/sample/hello:latest");
    let mut command = Command::new(env!("CARGO_BIN_EXE_drydock"));
    let path = std::env::var("PATH").unwrap();
    command.args(["verify", &image]).env("DOCKER_CONFIG", at).env("PATH", format!("{at}:{path}"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let output = drydock_with(&["verify", &image], at).await;
    assert_eq!(output.status.code(), Some(2), "the helper is not there");
    assert!(text(&output.stderr).contains("docker-credential-test gave no login"), "{output:?}");
}
