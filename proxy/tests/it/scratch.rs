use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::Router;
use clap::Parser as _;
use drydock_proxy::config::{Cli, Command, Config};
use drydock_proxy::scratch::{self, Settings};
use drydock_registry::{Store, sample};
use http::Method;

use crate::support::Server;

const MANIFEST: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
const MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";

fn directory(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("drydock-{name}-{}", std::process::id()))
}

fn layout(path: &Path) -> io::Result<Router> {
    scratch::router(Settings { layout: Some(path), ..Settings::default() })
}

/// A server as a command line makes it, for the address where it says that it listens.
async fn served(arguments: &[&str]) -> io::Result<Server> {
    let command = Cli::parse_from(["drydock", "serve"].iter().chain(arguments)).command;
    let Command::Serve(serve) = command else { panic!("serves") };
    let config = Config::from_serve(&serve, SocketAddr::new(serve.listen, 8080))?;
    let scratch = config.scratch;
    Ok(Server::start(|config| config.scratch = scratch).await)
}

#[tokio::test]
async fn a_first_visit_finds_the_sample_image() {
    let router = scratch::router(Settings::default()).unwrap();
    let server = Server::start(|config| config.scratch = Some(router)).await;
    let catalog = server.get("/v2/_catalog").await.text();
    assert!(catalog.contains(sample::REPOSITORY), "{catalog}");
    let path = format!("/v2/{}/manifests/latest", sample::REPOSITORY);
    let answer = server.get_with(&path, &[("accept", MEDIA_TYPE)]).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, MEDIA_TYPE));
}

#[tokio::test]
async fn a_layout_is_opened_read_only_under_its_name() {
    let root = directory("read-only");
    let store = Store::directory(&root).unwrap();
    store.put_manifest("my-app", MEDIA_TYPE, MANIFEST.into(), &["v1"]).unwrap();
    let router = layout(&root.join("my-app")).unwrap();
    let server = Server::start(|config| config.scratch = Some(router)).await;
    let path = "/v2/my-app/manifests/v1";
    assert_eq!(server.get_with(path, &[("accept", MEDIA_TYPE)]).await.text(), MANIFEST);
    let mut put = server.request(Method::PUT, "/v2/my-app/manifests/v2");
    put.headers_mut().insert("content-type", MEDIA_TYPE.parse().unwrap());
    *put.body_mut() = MANIFEST.into();
    let answer = server.send(put).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(server.get("/v2/my-app/manifests/v2").await.status, 404);
    std::fs::remove_dir_all(root).unwrap();
}

#[tokio::test]
async fn a_directory_keeps_what_was_pushed() {
    let root = directory("kept");
    for visit in 0..2 {
        let router =
            scratch::router(Settings { directory: Some(&root), ..Settings::default() }).unwrap();
        let server = Server::start(|config| config.scratch = Some(router)).await;
        if visit == 0 {
            let mut put = server.request(Method::PUT, "/v2/mine/manifests/v1");
            put.headers_mut().insert("content-type", MEDIA_TYPE.parse().unwrap());
            *put.body_mut() = MANIFEST.into();
            assert_eq!(server.send(put).await.status, 201);
        }
        let answer = server.get_with("/v2/mine/manifests/v1", &[("accept", MEDIA_TYPE)]).await;
        assert_eq!(answer.text(), MANIFEST, "visit {visit}");
    }
    std::fs::remove_dir_all(root).unwrap();
}

#[test]
fn a_directory_that_is_no_layout_is_named() {
    let root = directory("no-layout");
    std::fs::create_dir_all(&root).unwrap();
    let error = layout(&root).err().unwrap();
    assert!(!error.to_string().is_empty());
    std::fs::remove_dir_all(root).unwrap();
}

#[tokio::test]
async fn beyond_this_machine_there_is_no_scratch_registry_without_a_login() {
    let root = directory("shared");
    std::fs::create_dir_all(&root).unwrap();
    let file = root.join("htpasswd");
    std::fs::write(&file, format!("ann:{}\n", bcrypt::hash("a", 4).unwrap())).unwrap();
    let auth = ["--scratch-auth", file.to_str().unwrap()];
    let store = root.join("store");
    let directory = ["--scratch", store.to_str().unwrap()];
    let everyone = ["--scratch-anonymous-read"];
    let shared: [&[&str]; 5] = [
        &["--listen", "0.0.0.0"],
        &["--listen", "::"],
        &["--listen", "192.0.2.1"],
        &["--trusted-hops", "1"],
        &["--own-name", "drydock.example.com"],
    ];
    let own: [&[&str]; 4] = [
        &[],
        &["--listen", "::1"],
        &["--listen", "::ffff:127.0.0.1"],
        &["--own-name", "localhost:9000"],
    ];
    // Where it listens, its other options, what reading and writing without a login give, and the same
    // with one.
    type Case<'a> = (&'a [&'a [&'a str]], &'a [&'a str], [u16; 4]);
    let cases: [Case<'_>; 8] = [
        (&shared, &[], [404, 404, 404, 404]),
        (&shared, &directory, [404, 404, 404, 404]),
        (&shared, &everyone, [200, 403, 200, 403]),
        (&shared, &auth, [401, 401, 200, 202]),
        (&shared, &[auth[0], auth[1], everyone[0]], [200, 401, 200, 202]),
        (&own, &[], [200, 202, 200, 202]),
        (&own, &auth, [401, 401, 200, 202]),
        (&own, &[auth[0], auth[1], everyone[0]], [200, 401, 200, 202]),
    ];
    let name = sample::REPOSITORY;
    for (listens, options, expected) in cases {
        for listen in listens {
            let arguments = [listen, options].concat();
            let server = served(&arguments).await.unwrap();
            let mut found = Vec::new();
            for login in ["", "Basic YW5uOmE="] {
                for (method, path) in [
                    (Method::GET, format!("/v2/{name}/tags/list")),
                    (Method::POST, format!("/v2/{name}/blobs/uploads/")),
                ] {
                    let mut request = server.request(method, &path);
                    if !login.is_empty() {
                        request.headers_mut().insert("authorization", login.parse().unwrap());
                    }
                    found.push(server.send(request).await.status.as_u16());
                }
            }
            assert_eq!(found, expected, "{arguments:?}");
        }
    }
    std::fs::remove_dir_all(root).unwrap();
}

#[tokio::test]
async fn the_page_is_told_of_the_login_without_the_browser_asking() {
    let root = directory("challenge");
    std::fs::create_dir_all(&root).unwrap();
    let file = root.join("htpasswd");
    std::fs::write(&file, format!("ann:{}\n", bcrypt::hash("a", 4).unwrap())).unwrap();
    let server = served(&["--scratch-auth", file.to_str().unwrap()]).await.unwrap();
    let mut program = server.request(Method::GET, "/v2/");
    program.headers_mut().remove("x-drydock");
    let answer = server.send(program).await;
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").starts_with("Basic realm="), "{answer:?}");
    let answer = server.get_with("/v2/", &[("x-drydock", "1")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, ""));
    assert!(answer.header("x-upstream-www-authenticate").starts_with("Basic realm="));
    let error = served(&["--scratch-auth", "/no/such/file"]).await.err().unwrap().to_string();
    assert!(error.contains("--scratch-auth") && error.contains("/no/such/file"), "{error}");
    std::fs::remove_dir_all(root).unwrap();
}

#[tokio::test]
async fn the_scratch_registry_holds_no_more_than_it_may() {
    let server = served(&["--scratch-limit", "1000000"]).await.unwrap();
    let bytes = vec![0_u8; 1_000_000];
    let digest = drydock::digest::Digest::sha256(&bytes);
    let mut put = server.request(Method::POST, &format!("/v2/a/blobs/uploads/?digest={digest}"));
    *put.body_mut() = bytes.into();
    assert_eq!(server.send(put).await.status, 507);
}

#[test]
fn blobs_that_nothing_needs_are_listed_first_and_removed_when_asked() {
    let root = directory("gc");
    let store = Store::directory(&root).unwrap();
    store.put_manifest("a", MEDIA_TYPE, MANIFEST.into(), &["1"]).unwrap();
    let unused = store.put_blob("a", "unused".into()).unwrap();
    let gc = |arguments: &[&str]| {
        let start = ["drydock", "layout", "gc", root.to_str().unwrap()];
        let command = Cli::parse_from(start.iter().chain(arguments)).command;
        let Command::Layout(command) = command else { panic!("a layout") };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let result = drydock_proxy::layout::run(&command, &mut out, &mut err);
        result.map(|()| String::from_utf8(out).unwrap())
    };
    let error = gc(&[]).unwrap_err().to_string();
    assert!(error.contains("server"), "{error}");
    drop(store);
    let blob = root.join("a/blobs/sha256").join(unused.encoded());
    for _ in 0..2 {
        let out = gc(&[]).unwrap();
        assert!(out.contains(unused.as_str()) && out.contains("Nothing was removed"), "{out}");
        assert!(out.contains("1 blob is needed in 1 layout, 1 blob is not"), "{out}");
        assert!(blob.exists());
    }
    let out = gc(&["--delete"]).unwrap();
    assert!(out.contains("Removed") && out.contains("6 bytes are free"), "{out}");
    assert!(!blob.exists());
    assert!(gc(&["--delete"]).unwrap().starts_with("Nothing to remove"));
    std::fs::remove_dir_all(root).unwrap();
}
