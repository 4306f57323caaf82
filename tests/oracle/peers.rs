//! The registries that people run, one process of each for all tests.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use drydock::reference;
use drydock::registry::{Registry, Scheme};

use crate::tools::missing;
use crate::wire::Wire;

/// How long a registry may take to begin.
const BEGIN: Duration = Duration::from_secs(30);

/// Runs a registry until the test lets go of its standard input, however that comes about, and
/// removes what it has stored: `sh -c … PROGRAM DIRECTORY`.
const RUN: &str = r#"
"$0" serve "$1/config.yml" >"$1/log" 2>&1 &
read -r _
kill $! 2>/dev/null
wait
rm -rf "$1"
"#;

/// A registry that runs.
pub(crate) struct Peer {
    /// Where it listens, as references name it.
    pub(crate) host: String,
    _process: Child,
}

/// Debian's `docker-registry`, distribution 2.8.
pub(crate) fn debian() -> &'static Peer {
    static PEER: OnceLock<Peer> = OnceLock::new();
    PEER.get_or_init(|| Peer::start("docker-registry"))
}

/// distribution 3.
pub(crate) fn distribution() -> &'static Peer {
    static PEER: OnceLock<Peer> = OnceLock::new();
    PEER.get_or_init(|| Peer::start("registry"))
}

/// All of them.
pub(crate) fn all() -> [&'static Peer; 2] {
    [debian(), distribution()]
}

impl Peer {
    fn start(program: &str) -> Self {
        let found = Command::new(program).arg("--version").output();
        if found.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            panic!("{}", missing(program, "is not on PATH"));
        }
        let directory = tempfile::Builder::new().prefix("drydock-oracle-").tempdir();
        let directory = directory.expect("a directory").keep();
        let store = directory.join("store");
        let config = format!(
            "version: 0.1\nlog: {{level: info, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n\
             http: {{addr: \"127.0.0.1:0\"}}\n",
            store.display()
        );
        fs::write(directory.join("config.yml"), config).expect("written");
        let mut command = Command::new("sh");
        command.args(["-c", RUN, program]).arg(&directory).stdin(Stdio::piped());
        // Exporting traces is on unless it is switched off.
        command.env("OTEL_TRACES_EXPORTER", "none");
        let process = command.spawn().expect("sh");
        let host = host(&directory.join("log"), program);
        Self { host, _process: process }
    }

    /// The library's client of it.
    pub(crate) fn client(&self) -> Registry<Wire> {
        let name = reference::Registry::parse(&self.host).expect("a name");
        Registry::new(Wire::new(), name, Scheme::Http, || 0).expect("a host")
    }

    /// What somebody would type for a tag of a repository.
    pub(crate) fn name(&self, repository: &str, tag: &str) -> String {
        format!("{}/{repository}:{tag}", self.host)
    }
}

/// Waits until a registry says where it listens.
fn host(log: &Path, program: &str) -> String {
    let begun = Instant::now();
    loop {
        let text = fs::read_to_string(log).unwrap_or_default();
        if let Some((_, rest)) = text.split_once("listening on ") {
            let end = |c: char| c != '.' && c != ':' && !c.is_ascii_digit();
            if let Some(end) = rest.find(end) {
                return rest[..end].to_owned();
            }
        }
        assert!(begun.elapsed() < BEGIN, "{program} does not listen: {text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
