//! The examples, run against a registry of this machine.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use drydock_registry::{Store, router, sample};
use tokio::net::TcpListener;

async fn registry() -> String {
    let store = Store::memory();
    sample::install(&store).expect("a sample");
    sample::install_broken(&store).expect("broken ones");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move { axum::serve(listener, router(store)).await });
    host
}

/// Runs an example, which cargo has built beside this test.
async fn run(example: &str, arguments: &[&str]) -> Output {
    let test = std::env::current_exe().expect("this test");
    let target: PathBuf = test.ancestors().nth(2).expect("the folder of builds").to_owned();
    let mut command = Command::new(target.join("examples").join(example));
    command.args(arguments).env("DOCKER_CONFIG", "/nowhere").stdin(Stdio::null());
    let run = tokio::task::spawn_blocking(move || command.output());
    run.await.expect("a thread").expect("a program")
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_verified_and_listed_and_gets_a_layer() {
    let host = registry().await;
    let image = format!("{host}/sample/hello:latest");
    assert!(text(&run("verify", &[&image]).await).starts_with("Every byte is what"));
    let broken = format!("{host}/broken/diff-id:latest");
    assert!(!text(&run("verify", &[&broken]).await).starts_with("Every byte is what"));

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("layer.tar").display().to_string();
    let mut tar = tar::Builder::new(std::fs::File::create(&path).expect("a file"));
    let mut head = tar::Header::new_gnu();
    head.set_size(5);
    head.set_mode(0o644);
    tar.append_data(&mut head, "etc/appended", &b"hello"[..]).expect("an entry");
    tar.finish().expect("a tar");
    let target = format!("{host}/made/hello:2");
    let made = text(&run("append", &[&image, &path, &target]).await);
    assert!(made.starts_with(&format!("{target}@sha256:")), "{made}");
    assert!(text(&run("verify", &[made.trim()]).await).starts_with("Every byte is what"));
    let listed = text(&run("files", &[&target]).await);
    assert!(listed.contains("\"etc/appended\""), "{listed}");
}
