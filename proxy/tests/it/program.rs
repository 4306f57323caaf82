//! The program itself, in a process of its own: what it needs of memory, and how it ends.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::bodies::endless;
use crate::support::{DIGEST, Upstream, respond};

/// A running `drydock serve`, ended with the test.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drydock"));
        command.args(["serve", "--port", "0", "--no-scratch", "--page", "/nowhere"]);
        Self::run(command.args(arguments))
    }

    fn run(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().split("http://").nth(1).unwrap().trim_end_matches('/');
        let address = address.parse().unwrap();
        Self { child, address }
    }

    /// One that may open `files` files, and no more by its own will.
    fn with_files(files: u32) -> Self {
        let program = env!("CARGO_BIN_EXE_drydock");
        let script = format!("ulimit -n {files}; exec {program} serve --port 0 --page /nowhere");
        Self::run(Command::new("sh").args(["-c", &script]))
    }

    fn request(&self, path: &str) -> TcpStream {
        let mut tcp = TcpStream::connect(self.address).unwrap();
        let host = self.address;
        write!(
            tcp,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Drydock: 1\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        tcp
    }

    fn terminate(&mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn p44_the_program_serves_until_it_is_told_to_stop() {
    let mut program = Program::start(&[]);
    let mut answer = String::new();
    program.request("/").read_to_string(&mut answer).unwrap();
    assert!(answer.contains("cargo xtask run"), "{answer}");
    assert!(program.terminate().success());
}

#[test]
fn a5_idle_sockets_and_slow_heads_starve_nobody() {
    drydock_proxy::files::raise_limit();
    // The program raises a soft limit by itself; where the hard one is low, idle ones make room.
    let program = Program::with_files(1024);
    for first in ["", "GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut sockets = Vec::new();
        for _ in 0..1040 {
            let mut tcp = TcpStream::connect(program.address).unwrap();
            tcp.write_all(first.as_bytes()).unwrap();
            sockets.push(tcp);
        }
        let mut answer = String::new();
        let mut tcp = program.request("/v2/");
        tcp.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        tcp.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

#[test]
fn a9_the_programs_status_has_an_address_of_its_own() {
    // Any free port: the one that a listener has just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut program = Program::start(&["--status-listen", &free.to_string()]);
    let mut answer = String::new();
    let status = Program { address: free, child: Command::new("true").spawn().unwrap() };
    status.request("/-/metrics").read_to_string(&mut answer).unwrap();
    assert!(answer.contains("drydock_connections 0"), "{answer}");
    assert!(program.terminate().success());
}

#[test]
fn what_is_wrong_with_the_command_line_is_said() {
    let wrong = Command::new(env!("CARGO_BIN_EXE_drydock"))
        .args(["serve", "--ca-file", "/nowhere/ca.pem", "--port", "0"])
        .output()
        .unwrap();
    assert!(!wrong.status.success());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("/nowhere/ca.pem"));
}

#[test]
fn a_disk_without_room_keeps_nothing_half_of_a_layer() {
    let folder = tempfile::tempdir().unwrap();
    let (program, at) = (env!("CARGO_BIN_EXE_drydock"), folder.path().display());
    // No file of this program can be longer than 2 MiB, which it is told as of a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 4096; exec {program} serve --port 0 --no-scratch --page /nowhere --index-cache {at}"
    );
    let program = Program::run(Command::new("sh").args(["-c", &script]));
    let put = |name: &str, bytes: usize| {
        let path =
            format!("/-/layers/{}/entries", drydock::digest::Digest::sha256(name.as_bytes()));
        let mut tcp = TcpStream::connect(program.address).unwrap();
        let host = program.address;
        write!(
            tcp,
            "PUT {path} HTTP/1.1\r\nHost: {host}\r\nX-Drydock: 1\r\nConnection: close\r\nContent-Length: {bytes}\r\n\r\n"
        )
        .unwrap();
        tcp.write_all(&vec![b'x'; bytes]).unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        answer
    };
    let names = || std::fs::read_dir(folder.path()).unwrap().count();
    let answer = put("long", 5 << 20);
    assert!(answer.starts_with("HTTP/1.1 507 "), "{answer}");
    assert!(answer.contains("no room") && answer.contains("nothing was kept"), "{answer}");
    assert_eq!(names(), 1, "more than the lock is there");
    let answer = put("short", 1 << 20);
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(names(), 2);
}

#[test]
fn l12_logins_are_used_where_nobody_else_reaches_the_server() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), "{}").unwrap();
    let given = format!("--docker-config={}", folder.path().display());
    for (arguments, said) in [
        (&["--listen", "0.0.0.0", &given][..], "Listen on a loopback address"),
        (&["--listen", "::", "--docker-config"], "Listen on a loopback address"),
        (&["--own-name", "app.example", &given], "--own-name"),
        (&["--trusted-hops", "1", &given], "--trusted-hops"),
        (&["--docker-config=/nowhere"], "/nowhere/config.json"),
    ] {
        let refused = Command::new(env!("CARGO_BIN_EXE_drydock"))
            .args(["serve", "--port", "0", "--no-scratch", "--page", "/nowhere"])
            .args(arguments)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && error.contains(said), "{arguments:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l13_a_helper_program_is_asked_as_docker_asks_it() {
    let registry = Upstream::http(|seen| match seen.headers.get("authorization") {
        Some(login) => respond(200, &[], format!("{}", login == "Basic dXNlcjpoZWxwZWQtb3V0")),
        None => respond(401, &[("www-authenticate", "Basic")], ""),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("config.json", "{\"credsStore\":\"harbour\"}");
    write(
        "docker-credential-harbour",
        &format!(
            "#!/bin/sh\ncase $1 in\nlist) echo '{{\"{host}\":\"user\",\"https://index.docker.io/v1/\":\"me\"}}';;\n\
             get) read -r key; [ \"$key\" = {host} ] || {{ echo 'credentials not found in native keychain'; exit 1; }}\n\
             echo '{{\"ServerURL\":\"\",\"Username\":\"user\",\"Secret\":\"helped-out\"}}';;\nesac\n",
            host = registry.host()
        ),
    );
    let helper = folder.path().join("docker-credential-harbour");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&helper, mode).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_drydock"));
    command.args(["serve", "--port", "0", "--no-scratch", "--page", "/nowhere"]);
    command.args(["--docker-config", "--allow", &registry.host()]);
    command.env("DOCKER_CONFIG", folder.path()).env("PATH", path).env_remove("XDG_RUNTIME_DIR");
    let program = Program::run(&mut command);
    let ask = |path: &str, authorization: &str| {
        let mut tcp = TcpStream::connect(program.address).unwrap();
        let host = program.address;
        write!(
            tcp,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Drydock: 1\r\nConnection: close\r\n{authorization}\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        answer
    };
    let names = ask("/-/logins", "");
    assert!(names.contains("docker.io") && names.contains(&registry.host()), "{names}");
    let kept = format!("Authorization: Kept {}\r\n", registry.host());
    let answer = ask(&registry.path("/v2/"), &kept);
    assert!(answer.ends_with("true"), "{answer}");
    let hub = "/-/proxy/https/registry-1.docker.io/v2/";
    // Listed and then not found, as a helper may do.
    let other = ask(hub, "Authorization: Kept ghcr.io\r\n");
    assert!(other.contains("login") && !other.contains("helped-out"), "{other}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p40_readers_that_stall_stop_the_registry_and_cost_little_memory() {
    const STREAMS: u64 = 200;
    const KIB_PER_STREAM: u64 = 256;
    let (registry, sent, _) = endless(1 << 30).await;
    let program = Program::start(&["--allow", &registry.host()]);
    let path = blob(&registry);
    let before = program.resident_kib();
    let stalled: Vec<TcpStream> = (0..STREAMS).map(|_| program.request(&path)).collect();
    let mut last = u64::MAX;
    while sent.load(Ordering::SeqCst) != last {
        last = sent.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    // What is on its way lies in the kernel's socket buffers.
    assert!(last < STREAMS * (64 << 20), "the registry was not stopped: {last} bytes");
    let grown = program.resident_kib().saturating_sub(before);
    assert!(grown <= STREAMS * KIB_PER_STREAM, "{grown} KiB for {STREAMS} stalled streams");
    // A reader that stalled is not a registry that is slow: the stream goes on where it stopped.
    let mut tcp = stalled.into_iter().next().unwrap();
    let mut piece = vec![0; 1 << 20];
    let mut got = 0;
    while got < 300 << 20 {
        let read = tcp.read(&mut piece).unwrap();
        assert!(read > 0, "the stream ended after {got} bytes");
        got += read;
    }
    let grown = program.resident_kib().saturating_sub(before);
    assert!(grown <= STREAMS * KIB_PER_STREAM, "{grown} KiB after 300 MiB");
}

fn blob(registry: &Upstream) -> String {
    registry.path(&format!("/v2/app/blobs/{DIGEST}"))
}
