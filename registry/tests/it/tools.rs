//! Real tools against a real socket: the specification's own conformance program, skopeo, crane and
//! oras. `cargo xtask setup` installs them; the tests are ignored elsewhere.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use axum::Router;
use drydock_registry::{Access, Logins, Store, router, sample};

/// A registry on a free port of this machine, for as long as the runtime lives.
async fn serve(store: Store) -> String {
    serve_app(router(store)).await
}

async fn serve_app(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("free port");
    let address = listener.local_addr().expect("address").to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Finds a tool where the set-up puts it, or on the path.
fn tool(name: &str) -> PathBuf {
    let cache = std::env::var_os("DRYDOCK_TOOLS")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache/drydock/tools")));
    let installed = cache.and_then(|cache| {
        let mut versions: Vec<PathBuf> = std::fs::read_dir(cache)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(name)))
            .filter(|path| path.is_file())
            .collect();
        versions.sort();
        versions.pop()
    });
    let on_path = || {
        std::env::split_paths(&std::env::var_os("PATH")?)
            .map(|directory| directory.join(name))
            .find(|path| path.is_file())
    };
    installed
        .or_else(on_path)
        .unwrap_or_else(|| panic!("{name} is missing: run `cargo xtask setup` first"))
}

async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output()).await.expect("joins").expect("starts")
}

async fn ok(name: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(tool(name));
    command.args(arguments);
    let output = run(command).await;
    assert!(
        output.status.success(),
        "{name} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

async fn conformance(store: Store) {
    let address = serve(store).await;
    let results = tempfile::tempdir().expect("directory");
    let mut command = Command::new(tool("conformance"));
    command
        .env("OCI_REGISTRY", &address)
        .env("OCI_TLS", "disabled")
        .env("OCI_VERSION", "dev")
        .env("OCI_RESULTS_DIR", results.path())
        .env("OCI_API_BLOBS_UPLOAD_CANCEL", "true")
        .env("OCI_API_BLOBS_DIGEST_HEADER", "true")
        .env("OCI_API_MANIFESTS_DIGEST_HEADER", "true")
        .current_dir(results.path());
    let output = run(command).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let report = std::fs::read_to_string(results.path().join("junit.xml")).expect("junit.xml");
    assert!(report.contains("failures=\"0\""), "no failure is reported");
    assert!(!report.contains("<failure"), "{report}");
    for line in ["Blobs sha512", "Digest Algorithm sha512", "Artifacts with Subject"] {
        let passed = text.lines().any(|l| l.trim().starts_with(line) && l.ends_with("Pass"));
        assert!(passed, "{line} was not tested:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the distribution-spec's conformance program; `cargo xtask setup` installs it"]
async fn conformance_in_memory() {
    conformance(Store::memory()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the distribution-spec's conformance program; `cargo xtask setup` installs it"]
async fn conformance_in_a_directory() {
    let directory = tempfile::tempdir().expect("directory");
    conformance(Store::directory(directory.path()).expect("store")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs skopeo, crane and oras; `cargo xtask setup` installs them"]
async fn images_go_in_and_out_with_the_same_digest() {
    let directory = tempfile::tempdir().expect("directory");
    let root = directory.path().join("store");
    for store in [Store::memory(), Store::directory(&root).expect("store")] {
        let digest = sample::install(&store).expect("installs");
        let at = serve(store).await;
        let from = format!("{at}/sample/hello:latest");
        ok("crane", &["validate", "--insecure", "--remote", &from]).await;

        ok("crane", &["copy", "--insecure", &from, &format!("{at}/copy/crane:1")]).await;

        let out = tempfile::tempdir().expect("directory");
        let layout = format!("oci:{}:1", out.path().join("layout").display());
        let source = format!("docker://{from}");
        ok("skopeo", &["copy", "--all", "--src-tls-verify=false", &source, &layout]).await;
        let target = format!("docker://{at}/copy/skopeo:1");
        let keep = "--preserve-digests";
        ok("skopeo", &["copy", "--all", keep, "--dest-tls-verify=false", &layout, &target]).await;

        let target = format!("{at}/copy/oras:1");
        let plain = ["copy", "-r", "--from-plain-http", "--to-plain-http", &from, &target];
        ok("oras", &plain).await;
        let about = ok("oras", &["discover", "--plain-http", "--format", "json", &target]).await;
        assert!(about.contains("application/vnd.dev.cosign.artifact.sig.v1+json"), "{about}");

        for copy in ["copy/crane:1", "copy/skopeo:1", "copy/oras:1"] {
            let copied = ok("crane", &["digest", "--insecure", &format!("{at}/{copy}")]).await;
            assert_eq!(copied, digest.as_str(), "{copy}");
        }
    }
    let layout = format!("oci:{}:1", root.join("copy/oras").display());
    let target = format!("dir:{}", directory.path().join("out").display());
    ok("skopeo", &["copy", "--all", &layout, &target]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs skopeo, crane and oras; `cargo xtask setup` installs them"]
async fn tools_log_in() {
    let directory = tempfile::tempdir().expect("directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    crate::access::htpasswd(Path::new(&path("htpasswd")), &[("ann", "a:b c")]);
    for anonymous_read in [false, true] {
        let store = Store::memory();
        sample::install(&store).expect("installs");
        let logins = Logins::read(path("htpasswd")).expect("logins");
        let access = Access::logins(logins);
        let access = if anonymous_read { access.with_anonymous_read() } else { access };
        let at = serve_app(access.guard(router(store))).await;
        let from = format!("{at}/sample/hello:latest");
        let layout = format!("oci:{}:1", path(&format!("layout-{anonymous_read}")));
        let (out, to) = (format!("docker://{from}"), format!("docker://{at}/copy/skopeo:1"));
        let skopeo_out = ["copy", "--all", "--src-tls-verify=false", &out, &layout];
        let skopeo_in = ["copy", "--all", "--dest-tls-verify=false", &layout, &to];
        let crane_in = ["copy", "--insecure", &from, &format!("{at}/copy/crane:1")];
        let oras_at = format!("{at}/copy/oras:1");
        let oras_in = ["copy", "-r", "--from-plain-http", "--to-plain-http", &from, &oras_at];

        let nobody = path("nobody");
        for (name, arguments, reads) in [
            ("crane", &["digest", "--insecure", &from][..], true),
            ("skopeo", &skopeo_out, true),
            ("crane", &crane_in, false),
            ("oras", &oras_in, false),
        ] {
            let output = run(with_config(name, arguments, &nobody)).await;
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.success(), reads && anonymous_read, "{name}: {text}");
        }
        let ann = path("ann");
        let login = ["auth", "login", &at, "--insecure", "-u", "ann", "-p", "a:b c"];
        succeeds(with_config("crane", &login, &ann)).await;
        succeeds(with_config("crane", &["validate", "--insecure", "--remote", &from], &ann)).await;
        succeeds(with_config("crane", &crane_in, &ann)).await;
        succeeds(with_config("skopeo", &skopeo_out, &ann)).await;
        succeeds(with_config("skopeo", &skopeo_in, &ann)).await;
        let login = ["login", &at, "--plain-http", "-u", "ann", "-p", "a:b c"];
        succeeds(with_config("oras", &login, &ann)).await;
        succeeds(with_config("oras", &oras_in, &ann)).await;
        let login = ["login", &at, "--tls-verify=false", "-u", "ann", "-p", "wrong"];
        let output = run(with_config("skopeo", &login, &nobody)).await;
        assert!(!output.status.success(), "a wrong password");
    }
}

/// A tool with logins of its own.
fn with_config(name: &str, arguments: &[&str], config: &str) -> Command {
    std::fs::create_dir_all(config).expect("directory");
    let mut command = Command::new(tool(name));
    command
        .args(arguments)
        .env("DOCKER_CONFIG", config)
        .env("REGISTRY_AUTH_FILE", Path::new(config).join("config.json"));
    command
}

async fn succeeds(command: Command) {
    let shown = format!("{command:?}");
    let output = run(command).await;
    assert!(output.status.success(), "{shown}: {}", String::from_utf8_lossy(&output.stderr));
}
