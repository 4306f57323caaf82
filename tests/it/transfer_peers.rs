//! Registries that people run, as targets and sources, and the field's own tools as judges. What is
//! not installed is left out; `cargo xtask setup` installs it.

use std::cell::Cell;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::reference::{self, Target};
use drydock::registry::{
    Body, Error, Registry, Request, Response, Scheme, Transport, TransportError, TransportErrorKind,
};
use drydock::source::ReferrersFrom;
use drydock::transfer::copy::{self, Scope};
use drydock::transfer::tag::{delete, plan_deletion};
use drydock::transfer::{DeleteError, Origin, Supply};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::peer::Waits;
use crate::registry_script::{NOW, run, slice};
use crate::transfer_support::{
    Made, Shelf, carried_out, digest_of, example, outline, place, planned, pushed, repository, tag,
    tagged,
};

/// Sends requests by the program curl.
#[derive(Default)]
struct Curl {
    /// Bytes of blobs that were sent.
    sent: Cell<u64>,
    /// The answer to this chunk is lost, counted down from it.
    lose: Cell<u32>,
}

struct Whole(Option<Bytes>);

impl Body for Whole {
    async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        self.0.take().filter(|bytes| !bytes.is_empty()).map(Ok)
    }
}

impl Transport for Curl {
    type Body = Whole;
    type Payload = Bytes;

    async fn send(&self, request: Request) -> Result<Response<Whole>, TransportError> {
        let mut command = Command::new("curl");
        command.args(["--silent", "--include", "--header", "Expect:"]);
        match request.method {
            Method::HEAD => command.arg("--head"),
            Method::GET => command.arg("--get"),
            ref other => command.args(["--data-binary", "@-", "--request", other.as_str()]),
        };
        if !request.headers.contains_key("content-type") {
            command.args(["--header", "Content-Type:"]);
        }
        for (name, value) in &request.headers {
            let value = value.to_str().expect("ASCII");
            command.arg("--header").arg(format!("{name}: {value}"));
        }
        command.arg(request.url.as_str()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("curl");
        let mut stdin = child.stdin.take().expect("stdin");
        let body = request.body.clone();
        let writer = std::thread::spawn(move || stdin.write_all(&body));
        let output = child.wait_with_output().expect("curl ends");
        let _broken_pipe = writer.join().expect("joins");
        if !output.status.success() {
            let kind = TransportErrorKind::Unreachable;
            return Err(TransportError::new(kind, format!("curl: {}", output.status)));
        }
        Ok(answer(output.stdout.into(), request.url))
    }

    async fn send_part(
        &self,
        mut request: Request,
        payload: &Bytes,
        part: Range<u64>,
        sent: &dyn Fn(u64),
    ) -> Result<Response<Whole>, TransportError> {
        request.body = slice(payload, &part)?;
        self.sent.set(self.sent.get() + request.body.len() as u64);
        sent(request.body.len() as u64);
        let is_chunk = request.method == Method::PATCH;
        let answer = self.send(request).await?;
        let left = self.lose.get();
        self.lose.set(left.saturating_sub(u32::from(is_chunk)));
        if is_chunk && left == 1 {
            let cut = TransportErrorKind::Cut { got: 0, expected: None };
            return Err(TransportError::new(cut, "the answer was lost"));
        }
        Ok(answer)
    }
}

fn answer(mut bytes: Bytes, url: url::Url) -> Response<Whole> {
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("head");
        let head = String::from_utf8(bytes.split_to(end + 4).to_vec()).expect("ASCII");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("status");
        let status: StatusCode = status.parse().expect("status");
        if status.is_informational() {
            continue;
        }
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let name = HeaderName::try_from(name).expect("name");
            headers.append(name, HeaderValue::try_from(value.trim()).expect("value"));
        }
        return Response { status, headers, url, body: Whole(Some(bytes)) };
    }
}

/// A registry that runs as long as this lives.
struct Server {
    child: Child,
    address: String,
    /// The folder of its store, removed at the end.
    store: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
        let _gone = fs::remove_dir_all(&self.store);
    }
}

impl Server {
    fn start(kind: &str) -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("free port");
        let address = listener.local_addr().expect("address").to_string();
        drop(listener);
        let name = format!("drydock-transfer-{kind}-{}", address.replace(':', "-"));
        let store = std::env::temp_dir().join(name);
        fs::create_dir_all(&store).expect("folder");
        let mut command = match kind {
            "docker-registry" => {
                let root = env!("CARGO_MANIFEST_DIR");
                let template = fs::read_to_string(format!("{root}/images/registry.yml"));
                let port = address.rsplit(':').next().expect("port");
                let config = template.expect("template").replace("PORT", port);
                let path = store.join("config.yml");
                fs::write(&path, config.replace("STORE", &store.display().to_string()))
                    .expect("written");
                let mut command = Command::new("docker-registry");
                command.arg("serve").arg(path);
                command
            }
            _ => {
                let mut command = Command::new(tool("crane")?);
                command.args(["registry", "serve", "--address", &address]);
                command
            }
        };
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            println!("{kind} is not installed: left out");
            return None;
        };
        let server = Self { child, address, store };
        let registry = server.registry();
        for _ in 0..200 {
            if run(registry.ping()).is_ok() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{kind} does not answer");
    }

    fn registry(&self) -> Registry<Rc<Curl>> {
        self.watched().0
    }

    fn watched(&self) -> (Registry<Rc<Curl>>, Rc<Curl>) {
        let curl = Rc::new(Curl::default());
        let name = reference::Registry::parse(&self.address).expect("name");
        let registry = Registry::new(Rc::clone(&curl), name, Scheme::Http, || NOW);
        (registry.expect("host"), curl)
    }
}

fn tool(name: &str) -> Option<PathBuf> {
    let tools = std::env::var_os("DRYDOCK_TOOLS").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/drydock/tools")
    });
    let installed = fs::read_dir(tools).into_iter().flatten().flatten();
    let found = installed.map(|entry| entry.path().join("bin").join(name)).find(|p| p.exists());
    if found.is_none() {
        println!("{name} is not installed: left out");
    }
    found
}

/// What a tool says, when it is there.
fn judged(name: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(tool(name)?).args(arguments).output().expect("starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {errors}");
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

struct From(Registry<Rc<Curl>>);

impl Supply for From {
    type Payload = Bytes;
    type Error = Error;

    async fn payload(&self, descriptor: &Descriptor, origin: &Origin) -> Result<Bytes, Error> {
        let Origin::Repository(place) = origin else { panic!("{origin:?}") };
        let fetched = self.0.blob(&place.repository, descriptor, 1 << 24).await?;
        Ok(fetched.bytes.into_inner())
    }
}

/// An image that the field's tools take for one: a tar with one file, and its config.
fn real_image() -> Made {
    use serde_json::json;
    let mut made = Made::default();
    let content = vec![b'x'; 50_000];
    let tar = crate::layer_support::tar(&[crate::layer_support::file("file", content)]);
    let diff_id = Digest::sha256(&tar);
    let layer =
        made.blob("application/vnd.oci.image.layer.v1.tar+gzip", crate::layer_support::gzip(&tar));
    let config = json!({"architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]}, "history": [{"created_by": "test"}]});
    let config = made.blob("application/vnd.oci.image.config.v1+json", config.to_string());
    let manifest = made.document(&json!({"schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": [layer]}));
    made.artifact("application/spdx+json", &manifest);
    made
}

#[test]
fn u12_pushes_to_registries_that_people_run() {
    for kind in ["docker-registry", "crane"] {
        for (name, made) in [("app", example()), ("team/real", real_image())] {
            // A new one each time: crane's finds blobs of any repository in every other.
            let Some(server) = Server::start(kind) else { continue };
            let (registry, curl) = server.watched();
            let wanted = made.wanted("v1");
            pushed(&wanted, &registry, name, &Shelf::of(&made));
            let total: u64 = made.blobs.values().map(|(descriptor, _)| descriptor.size).sum();
            assert_eq!(curl.sent.get(), total, "{kind}: every byte once, in chunks or whole");
            let root = wanted.tags[0].1.clone();
            assert_eq!(digest_of(&registry, name, &tagged("v1")), Some(root.clone()), "{kind}");
            let about = run(registry.referrers(&repository(name), &root, None)).expect("list");
            assert_eq!(about.descriptors.len(), 1, "{kind}");
            assert_eq!(about.from, ReferrersFrom::FallbackTag, "{kind}");

            // Inside one registry nothing is sent.
            let pace = Waits::default();
            let source = registry.repository(repository(name)).patient(&pace);
            let origin = Origin::Repository(place(&registry, name));
            let images = vec![(tagged("v1"), vec![tag("v2")])];
            let scope = Scope { attached: true, ..Scope::default() };
            let wanted = run(copy::gather(&source, &origin, &images, &scope)).expect("gathered");
            let copy = format!("{name}-copy");
            curl.sent.set(0);
            pushed(&wanted, &registry, &copy, &From(server.registry()));
            let mounted = curl.sent.get() == 0;
            assert!(mounted, "{kind}: {} bytes were sent", curl.sent.get());

            let image = format!("{}/{copy}:v2", server.address);
            if let Some(digest) = judged("crane", &["digest", "--insecure", &image]) {
                assert_eq!(digest, root.as_str(), "{kind}");
            }
            if name == "team/real" {
                judged("crane", &["validate", "--insecure", "--remote", &image]);
            }
            let plain = ["discover", "--plain-http", "--format", "json", &image];
            if let Some(about) = judged("oras", &plain) {
                assert!(about.contains("application/spdx+json"), "{kind}: {about}");
            }
        }
    }
}

#[test]
fn u2_an_upload_whose_answer_was_lost_comes_to_its_end() {
    for kind in ["docker-registry", "crane"] {
        let Some(server) = Server::start(kind) else { continue };
        let (made, (registry, curl)) = (example(), server.watched());
        curl.lose.set(2);
        pushed(&made.wanted("v1"), &registry, "app", &Shelf::of(&made));
        let total: u64 = made.blobs.values().map(|(descriptor, _)| descriptor.size).sum();
        let again = curl.sent.get() - total;
        // Both have forgotten it: docker-registry 2.8 ends an upload that goes on with any but its
        // last answer, and crane's does not say what it holds. So this one blob begins anew.
        assert!(again <= 9000, "{kind}: {again}");
        assert_eq!(curl.lose.get(), 0, "{kind}: there were chunks");
    }
}

#[test]
fn u12_copies_from_one_registry_that_people_run_to_another() {
    let Some(first) = Server::start("docker-registry") else { return };
    let Some(second) = Server::start("crane") else { return };
    let made = example();
    for (from, to) in [(&first, &second), (&second, &first)] {
        let (source, (target, curl)) = (from.registry(), to.watched());
        pushed(&made.wanted("v1"), &source, "source", &Shelf::of(&made));
        let pace = Waits::default();
        let repository = source.repository(repository("source")).patient(&pace);
        let origin = Origin::Repository(place(&source, "source"));
        let images = vec![(tagged("v1"), vec![tag("v1"), tag("latest")])];
        let scope = Scope { attached: true, ..Scope::default() };
        let wanted = run(copy::gather(&repository, &origin, &images, &scope)).expect("gathered");
        assert_eq!(wanted.documents.len(), made.documents.len());
        pushed(&wanted, &target, "copy", &From(from.registry()));
        let total: u64 = made.blobs.values().map(|(descriptor, _)| descriptor.size).sum();
        assert_eq!(curl.sent.get(), total);
        assert_eq!(
            digest_of(&target, "copy", &tagged("latest")),
            digest_of(&source, "source", &tagged("v1"))
        );
    }
}

#[test]
fn u12_deletions_as_registries_that_people_run_do_them() {
    for (kind, deletes_tags) in [("docker-registry", false), ("crane", true)] {
        let Some(server) = Server::start(kind) else { continue };
        let (made, registry, pace) = (example(), server.registry(), Waits::default());
        let name = repository("app");
        pushed(&made.wanted("v1"), &registry, "app", &Shelf::of(&made));
        let tagged_too = planned(&made.wanted("v2"), &registry, "app").expect("plan");
        carried_out(&tagged_too, &registry, &Shelf::of(&made), &|_| {}).expect("carried out");
        let deletion = run(plan_deletion(&registry, &name, &tagged("v1"), &pace)).expect("plan");
        let deleted = run(delete(&registry, &name, &deletion, &pace));
        match deleted {
            Ok(()) => assert!(deletes_tags, "{kind}"),
            Err(DeleteError::TagsStay { with_it, .. }) => {
                assert!(!deletes_tags && with_it.len() == 2, "{kind}: {with_it:?}");
            }
            Err(error) => panic!("{kind}: {error}"),
        }
        let sbom = made.documents.last().expect("sbom").digest().clone();
        let target = Target::Digest(sbom);
        let deletion = run(plan_deletion(&registry, &name, &target, &pace)).expect("plan");
        assert_eq!(run(delete(&registry, &name, &deletion, &pace)), Ok(()), "{kind}");
        let root = made.wanted("v1").tags[0].1.clone();
        let about = run(registry.referrers(&name, &root, None)).expect("list");
        assert!(about.descriptors.is_empty(), "{kind}: the list has no entry left");
        let left = planned(&made.wanted("v2"), &registry, "app").expect("plan");
        assert_eq!(left.totals().manifests, 1, "{kind}: {}", outline(&left));
    }
}
