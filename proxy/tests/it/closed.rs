//! Nobody reads on: what a command does whose standard output is closed, as behind `| head`.

use std::fs;
use std::process::{Command, Output, Stdio};

use crate::apply;
use crate::shell::text;

/// As shells say that a program was ended by SIGPIPE.
const UNREAD: i32 = 141;

/// A command whose standard output was closed before it could write to it.
async fn unread(arguments: &[&str], work: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drydock"));
    command.args(arguments).env("DOCKER_CONFIG", "/nowhere").env("TMPDIR", work);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("XDG_RUNTIME_DIR").env_remove("REGISTRY_AUTH_FILE");
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_ends_quietly_when_nobody_reads_on() {
    let host = apply::registry().await;
    let image = format!("{host}/fixed@{}", apply::fixed()["image"]["root"].as_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let work = tempfile::tempdir().unwrap();
    let at = work.path().to_str().unwrap();
    let files = apply::files(folder.path());
    let draft = apply::draft(&host).to_string();
    let save = ["apply", &draft, "--files", &files, "--save", "-"];
    for arguments in [
        &save[..],
        &save[..4],
        &["verify", &image],
        &["verify", "--json", &image],
        &["verify", "--sarif", &image],
        &["show", &image],
        &["files", &image],
        &["files", "--jsonl", &image],
        &["cat", &image, "srv/page"],
        &["export", &image],
        &["export", "--output", "/dev/stdout", &image],
        &["completions", "bash"],
    ] {
        let output = unread(arguments, at).await;
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(UNREAD), "{arguments:?}: {said}");
        assert!(!said.contains("pipe") && !said.contains("can't be written"), "{said}");
        assert!(fs::read_dir(at).unwrap().next().is_none(), "{arguments:?}: something is left");
    }
}
