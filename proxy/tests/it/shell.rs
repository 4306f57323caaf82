//! `drydock verify` and its like, as processes: what they print, where, and how they end.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};

use drydock_registry::{Faults, Store, router, sample};
use http::Response;
use http_body_util::Full;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Upstream, World, raw};

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

pub(crate) async fn drydock(arguments: &[&str]) -> Output {
    drydock_with(arguments, "/nowhere").await
}

async fn drydock_with(arguments: &[&str], config: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_drydock"));
    command.args(arguments).env("DOCKER_CONFIG", config).stdin(Stdio::null());
    command.env_remove("XDG_RUNTIME_DIR").env_remove("REGISTRY_AUTH_FILE");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
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
    let at = folder.path().to_str().unwrap();
    let empty = serde_json::json!({ "family": "oci", "platform": { "os": "linux", "architecture": "arm" } });
    let draft =
        serde_json::json!({ "version": 1, "base": { "empty": empty }, "edits": [] }).to_string();
    for (arguments, said) in [
        (&["verify", file.to_str().unwrap()][..], "This file is no tar"),
        (&["verify", "no such reference"], "There is no file no such reference either."),
        (&["files", "--platform", "linux/s390x", &image], "no platform linux/s390x; it has"),
        (&["files", "--layer", "99", &image], "there is no layer 99"),
        (&["cat", &image, "/nowhere"], "/nowhere is not in the image"),
        (&["cat", &image, "/nowhere"], "drydock files lists what is"),
        (&["verify", "no-such.tar"], "There is no file or folder no-such.tar."),
        (&["verify", "./no-such"], "There is no file or folder ./no-such."),
        (&["apply", &draft, "--save", "/nowhere/x.tar"], "There is no folder /nowhere in which"),
        (&["apply", &draft, "--push", "127.0.0.1:1/x:1"], "Check the name and the port"),
        (&["apply", "-"], "There is no draft in what was given: expected the JSON"),
        (&["apply", file.to_str().unwrap()], "There is no draft in what was given"),
        (&["apply", at], "is a folder, and a draft is a file"),
        (&["export", &image, "-o", "/nowhere/x.tar"], "There is no folder /nowhere in which"),
        (&["export", &image, "-o", at], "is a folder: name a file"),
        (&["show", "127.0.0.1:1/x:1"], "Check the name and the port of the registry"),
        (&["files", "127.0.0.1:1/x:1"], "Check the name and the port of the registry"),
        (&["files", &format!("{host}/sample/hello:nope")], "Check the name, or look at the tags"),
        (&["files", &format!("{host}/fault/basic/sample/hello:latest")], "with docker login or"),
        (&["layout", "gc", "/nowhere"], "/nowhere"),
    ] {
        let output = drydock(arguments).await;
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{arguments:?}");
        let told = text(&output.stderr);
        assert!(told.starts_with("drydock: ") && told.contains(said), "{told}");
        let chosen = |line: &&str| line.contains("--platform chooses another");
        assert_eq!(told.lines().filter(|line| !chosen(line)).count(), 1, "{told}");
    }
}

/// As in the page: an architecture alone is one of Linux.
#[tokio::test(flavor = "multi_thread")]
async fn a_platform_is_named_as_in_the_page() {
    let host = crate::apply::registry().await;
    let fixed = crate::apply::fixed();
    let image = format!("{host}/fixed@{}", fixed["image"]["root"].as_str().unwrap());
    let index = fixed["image"]["manifests"].as_array().unwrap().last().unwrap().as_str().unwrap();
    let index: Value = serde_json::from_str(index).unwrap();
    let of = |architecture: &str| {
        let all = index["manifests"].as_array().unwrap();
        let entry = all.iter().find(|it| it["platform"]["architecture"] == architecture).unwrap();
        entry["digest"].as_str().unwrap().to_owned()
    };
    let (amd64, arm64) = (of("amd64"), of("arm64"));
    for platform in ["arm64", "aarch64", "linux/arm64", "linux/arm64/v8"] {
        for command in ["verify", "files", "export"] {
            let output = drydock(&[command, "--platform", platform, &image]).await;
            assert_eq!(output.status.code(), Some(0), "{command} {platform}: {output:?}");
        }
        let report = json(&drydock(&["verify", "--json", "--platform", platform, &image]).await);
        let read = report["blobs"].to_string();
        assert!(read.contains(&arm64) && !read.contains(&amd64), "{platform}: {report:#}");
    }
    for platform in ["", "a b", "linux/arm64/v8/x"] {
        let output = drydock(&["verify", "--platform", platform, &image]).await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains("is no platform: expected"), "{output:?}");
    }
}

/// containers-auth.json(5): the longest key that the repository begins with counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_for_a_namespace_is_used_in_it_alone() {
    let host = registry().await;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_str().unwrap();
    // `demo:secret` and `demo:wrong`
    let (good, bad) = ("ZGVtbzpzZWNyZXQ=", "ZGVtbzp3cm9uZw==");
    let image = format!("{host}/fault/basic/sample/hello:latest");
    let cases: [(&[(&str, &str)], i32); 7] = [
        (&[("", good)], 0),
        (&[("/fault", good)], 0),
        (&[("/fault/basic/sample/hello", good)], 0),
        (&[("/fault/basic", good), ("", bad), ("/fault", bad)], 0),
        (&[("/fault/basic", bad), ("", good)], 2),
        (&[("/fault/bas", good)], 2),
        (&[("/other", good)], 2),
    ];
    for (entries, code) in cases {
        let auths = entries
            .iter()
            .map(|(path, auth)| (format!("{host}{path}"), serde_json::json!({ "auth": auth })));
        let auths: serde_json::Map<String, Value> = auths.collect();
        let config = serde_json::json!({ "auths": auths }).to_string();
        fs::write(folder.path().join("config.json"), config).unwrap();
        let output = drydock_with(&["verify", &image], at).await;
        assert_eq!(output.status.code(), Some(code), "{entries:?}: {output:?}");
    }
}

/// What can't be had is told once, with what can be done.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_can_not_be_had_is_one_sentence() {
    let host = registry().await;
    for (image, said) in [
        ("127.0.0.1:1/x:1", "Check the name and the port of the registry"),
        (&*format!("{host}/nothing/here:1"), "There is no repository"),
    ] {
        let output = drydock(&["verify", image]).await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let lines: Vec<&str> = text(&output.stdout).lines().collect();
        assert_eq!(lines[0], format!("incomplete: {image}"));
        assert!(lines.len() == 2 && lines[1].contains(said), "{lines:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_and_man_learn_every_command() {
    let script = drydock(&["completions", "bash"]).await;
    let folder = tempfile::tempdir().unwrap();
    let man = drydock(&["man", folder.path().to_str().unwrap()]).await;
    assert_eq!((script.status.code(), man.status.code()), (Some(0), Some(0)));
    for command in ["verify", "show", "files", "cat", "export", "apply", "serve"] {
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

/// Leads to hosts as a proxy does that the environment names: a shell has no name service to change.
async fn tunnel(hosts: Vec<(&'static str, SocketAddr)>) -> Upstream {
    raw(move |mut tcp, head| {
        let to = hosts.iter().find(|(host, _)| head.starts_with(&format!("CONNECT {host}:443 ")));
        let to = to.map(|(_, address)| *address);
        async move {
            let Some(to) = to else { return };
            let mut upstream = TcpStream::connect(to).await.unwrap();
            tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let _ended = tokio::io::copy_bidirectional(&mut tcp, &mut upstream).await;
        }
    })
    .await
}

/// A registry whose manifests lie elsewhere, and that wants a login for telling where.
#[tokio::test(flavor = "multi_thread")]
async fn over_tls_a_login_stays_with_its_registry_and_no_redirect_leads_out_of_tls() {
    let world = World::new();
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
    let store = world.https("store.test", "93.184.216.35", move |_| {
        let answer =
            Response::builder().header("content-type", "application/vnd.oci.image.index.v1+json");
        answer.body(Full::from(manifest)).unwrap()
    });
    let store = store.await;
    let registry = world.https("registry.test", "93.184.216.34", |seen| {
        let answer = Response::builder();
        if !seen.headers.contains_key("authorization") {
            let answer = answer.status(401).header("www-authenticate", "Basic realm=\"r\"");
            return answer.body(Full::default()).unwrap();
        }
        let to = match seen.uri.as_str() {
            "/v2/plain/manifests/1" => "http://store.test/manifest",
            uri if uri.ends_with("/manifests/1") => "https://store.test/manifest",
            _ => return answer.status(404).body(Full::default()).unwrap(),
        };
        answer.status(307).header("location", to).body(Full::default()).unwrap()
    });
    let registry = registry.await;
    let hosts = vec![("registry.test", registry.address), ("store.test", store.address)];
    let proxy = tunnel(hosts).await;
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("ca.pem");
    fs::write(&trusted, world.pem()).unwrap();
    let auths = r#"{"auths":{"registry.test":{"auth":"ZGVtbzpzZWNyZXQ="}}}"#;
    fs::write(folder.path().join("config.json"), auths).unwrap();
    let verify = async |image: &str, is_trusted: bool| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drydock"));
        command.args(["verify", image]).env("DOCKER_CONFIG", folder.path());
        command.env("HTTPS_PROXY", format!("http://{}", proxy.address)).env_remove("NO_PROXY");
        command.env_remove("https_proxy").env_remove("no_proxy").env_remove("SSL_CERT_DIR");
        if is_trusted {
            command.env("SSL_CERT_FILE", &trusted);
        } else {
            command.env_remove("SSL_CERT_FILE");
        }
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    let output = verify("registry.test/app:1", true).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(store.seen().len(), 1);
    assert!(!store.seen()[0].headers.contains_key("authorization"), "the login stays");

    let output = verify("registry.test/plain:1", true).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).contains("it leads from https to http"), "{output:?}");
    assert_eq!(store.seen().len(), 1);

    let before = registry.seen().len();
    let output = verify("registry.test/app:1", false).await;
    assert_eq!((output.status.code(), registry.seen().len()), (Some(2), before), "{output:?}");
    assert!(text(&output.stdout).contains("certificate"), "{output:?}");
}
