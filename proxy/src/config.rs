//! The command line, and what follows from it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use clap::{Args, Parser, Subcommand};
use drydock_native::logins;
use drydock_registry::Access;
use hyper_util::client::proxy::matcher::Matcher;

use crate::assets::Page;
use crate::forward::dial::OwnAddress;
use crate::forward::network::{Network, System};
use crate::forward::tls;
use crate::layers::LayerCache;
use crate::layout::Layout;
use crate::limits::{Crowd, Rates, Sizes, Times};
use crate::logins::Logins;
use crate::policy::allow::{Allowed, Hosts};
use crate::policy::origin::OwnNames;
use crate::policy::seal;
use crate::scratch;
use crate::shell;
use crate::status::Status;

/// Open, verify, compare and change container images in a browser tab.
#[derive(Debug, Parser)]
#[command(name = "drydock", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of `drydock`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the page, the proxy to registries and a scratch registry.
    Serve(Box<Serve>),
    /// Read every byte of an image and compare it with what is said of it.
    Verify(shell::Verify),
    /// Show what hangs under an image: platforms, layers, attestations, referrers.
    Show(shell::Show),
    /// List the files of an image.
    Files(shell::Files),
    /// Print a file of an image.
    Cat(shell::Cat),
    /// Say what an image holds for nothing, and which step would make it smaller.
    Waste(shell::Waste),
    /// Look for a text in all files of an image.
    Search(shell::Search),
    /// List the software of an image: packages of dpkg, apk, rpm and of programming languages.
    Packages(shell::Packages),
    /// Say how two images differ: layers, config, files.
    Compare(shell::Compare),
    /// Compare an image with rules: how much it may waste, and what it may not have.
    Check(shell::Check),
    /// Write the root file system of an image, or a folder of it, as a tar.
    Export(shell::Export),
    /// Carry out a draft: do its edits, build its layers, and push or save the result.
    Apply(Box<shell::Apply>),
    /// Print what a shell needs to complete these commands.
    Completions(shell::Completions),
    /// Write the manual pages of these commands into a folder.
    Man(shell::Man),
    /// Work on OCI image layouts, such as those that the scratch registry keeps.
    #[command(subcommand)]
    Layout(Layout),
}

/// The options of `drydock serve`. The defaults are for one person's own machine.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// An OCI image layout to open read-only, as the repository named like the directory.
    pub dir: Option<PathBuf>,
    /// The address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub listen: IpAddr,
    /// The port to listen on; 0 takes any free one.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub port: u16,
    /// A registry that may be on a private address and on any port. Over http where that is
    /// written or the host is loopback.
    #[arg(long, value_name = "[http://]HOST[:PORT]")]
    pub allow: Vec<Allowed>,
    /// Talk to the registries given with --allow only.
    #[arg(long)]
    pub only_allowed: bool,
    /// Certificates (PEM) of a private authority to trust besides the usual ones.
    #[arg(long, value_name = "PEM")]
    pub ca_file: Option<PathBuf>,
    /// Where the scratch registry keeps its repositories; without it they are gone at the end.
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
    /// How many bytes the scratch registry may hold; in memory 4 GiB where nothing else is said.
    #[arg(long, value_name = "BYTES")]
    pub scratch_limit: Option<u64>,
    /// Who may use the scratch registry: a file as `htpasswd -B` makes it. Without it, it is off
    /// where others than this machine reach the server.
    #[arg(long, value_name = "FILE")]
    pub scratch_auth: Option<PathBuf>,
    /// Let everyone read the scratch registry, also without a login.
    #[arg(long)]
    pub scratch_anonymous_read: bool,
    /// Let the page use the logins of this machine: those of docker and podman, or those in DIR
    /// (config.json). It learns the names of the registries and no secret. Only where nobody else
    /// reaches the server.
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    pub docker_config: Option<Option<PathBuf>>,
    /// Host no scratch registry.
    #[arg(
        long,
        conflicts_with_all = ["scratch", "dir", "scratch_limit", "scratch_auth", "scratch_anonymous_read"]
    )]
    pub no_scratch: bool,
    /// Keep what tabs find out about layers (lists of files, places to read from) in DIR, for all who
    /// reach this server: then a colleague's first visit is as quick as a second one. Nothing of it
    /// is checked, and names of files in private images are among it. Off unless asked for.
    #[arg(long, value_name = "DIR")]
    pub index_cache: Option<PathBuf>,
    /// How many bytes of disk that may take; what was not used for longest goes first.
    #[arg(long, value_name = "BYTES", default_value_t = 2 << 30, requires = "index_cache")]
    pub index_cache_size: u64,
    /// The built page; only needed by servers that were built without it.
    #[arg(long, value_name = "DIR")]
    pub page: Option<PathBuf>,
    /// A name under which browsers reach this server, when another server stands in front.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub own_name: Vec<String>,
    /// A file with the secret that replicas share (at least 32 bytes, best random).
    #[arg(long, value_name = "FILE")]
    pub seal_key_file: Option<PathBuf>,
    /// How many proxies in front of this server append to X-Forwarded-For.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub trusted_hops: usize,
    /// Requests per second of one client that is not on this machine.
    #[arg(long, value_name = "N", default_value_t = 20.0)]
    pub rate: f64,
    /// Requests that such a client may save up.
    #[arg(long, value_name = "N", default_value_t = 60.0)]
    pub burst: f64,
    /// Requests of such a client at once.
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub concurrent: u32,
    /// Requests of all clients at once.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub concurrent_total: u32,
    /// Connections of all clients.
    #[arg(long, value_name = "N", default_value_t = 4096)]
    pub connections: usize,
    /// Connections of one client that is not on this machine, where no proxy stands in front.
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub connections_per_address: usize,
    /// Where /-/healthz, /-/readyz and Prometheus' /-/metrics are answered, apart from the page.
    #[arg(long, value_name = "ADDR:PORT")]
    pub status_listen: Option<SocketAddr>,
    /// Let the proxy of HTTPS_PROXY look up names that this machine can't.
    #[arg(long)]
    pub outer_dns: bool,
    /// Seconds for a registry to accept a connection.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub connect_timeout: u64,
    /// Seconds for a registry to begin its answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub head_timeout: u64,
    /// Seconds for a registry to answer after the last byte of an upload.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub commit_timeout: u64,
    /// Seconds without a byte after which a transfer is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub idle_timeout: u64,
    /// Seconds after which a client that takes nothing of its answer loses its place.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub stall_timeout: u64,
    /// Seconds that a transfer may take from its first to its last byte.
    #[arg(long, value_name = "SECONDS", default_value_t = 6 * 60 * 60)]
    pub body_timeout: u64,
    /// The largest manifest that is passed on, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 4 * 1024 * 1024)]
    pub manifest_limit: u64,
}

/// Everything that [`app`](crate::app::app) needs. Tests replace single fields.
pub struct Config {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Under which names.
    pub names: OwnNames,
    /// Which registries may be asked.
    pub hosts: Hosts,
    /// Seals URLs that registries choose.
    pub key: seal::Key,
    /// Names and sockets.
    pub network: Arc<dyn Network>,
    /// Roots of trust.
    pub tls: Arc<rustls::ClientConfig>,
    /// The proxy of the environment.
    pub outer: Option<Arc<Matcher>>,
    /// Whether it may be asked for names that can't be resolved here.
    pub outer_dns: bool,
    /// Time limits.
    pub times: Times,
    /// Size limits.
    pub sizes: Sizes,
    /// Rate limits.
    pub rates: Rates,
    /// How many clients may be connected.
    pub crowd: Crowd,
    /// How the server is doing.
    pub status: Arc<Status>,
    /// The built page.
    pub page: Page,
    /// Answers `/v2/`.
    pub scratch: Option<Router>,
    /// The logins of this machine, if the page may use them.
    pub logins: Option<Arc<Logins>>,
    /// What tabs have found out about layers, if it is kept.
    pub layers: Option<LayerCache>,
}

impl Config {
    /// The defaults for a server at `listen`, with a fresh key and nothing allowed.
    pub fn new(listen: SocketAddr) -> io::Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(io::Error::other)?;
        Ok(Self {
            listen,
            names: OwnNames::new(listen, &[]),
            hosts: Hosts::default(),
            key: key(&secret)?,
            network: Arc::new(System),
            tls: tls::client(&[]).map_err(io::Error::other)?,
            outer: None,
            outer_dns: false,
            times: Times::default(),
            sizes: Sizes::default(),
            rates: Rates::default(),
            crowd: Crowd::default(),
            status: Arc::default(),
            page: Page::built_in(),
            scratch: None,
            logins: None,
            layers: None,
        })
    }

    /// What the command line says, for a server that listens at `listen`.
    pub fn from_serve(serve: &Serve, listen: SocketAddr) -> io::Result<Self> {
        let mut config = Self::new(listen)?;
        config.names = OwnNames::new(listen, &serve.own_name);
        config.hosts = Hosts {
            allowed: serve.allow.clone(),
            only_allowed: serve.only_allowed,
            own: OwnNames::default(),
        };
        if let Some(path) = &serve.seal_key_file {
            config.key = key(&std::fs::read(path).map_err(|error| {
                io::Error::new(error.kind(), format!("--seal-key-file {}: {error}", path.display()))
            })?)?;
        }
        if let Some(path) = &serve.ca_file {
            let extra = tls::read_pem(path).map_err(io::Error::other)?;
            config.tls = tls::client(&extra).map_err(io::Error::other)?;
        }
        config.outer = Some(Arc::new(Matcher::from_env()));
        config.outer_dns = serve.outer_dns;
        config.times.connect = Duration::from_secs(serve.connect_timeout);
        config.times.head = Duration::from_secs(serve.head_timeout);
        config.times.commit = Duration::from_secs(serve.commit_timeout);
        config.times.idle = Duration::from_secs(serve.idle_timeout);
        config.times.stall = Duration::from_secs(serve.stall_timeout);
        config.times.body = Duration::from_secs(serve.body_timeout);
        config.sizes.manifest = serve.manifest_limit;
        config.rates = Rates {
            per_second: serve.rate,
            burst: serve.burst,
            concurrent: serve.concurrent,
            concurrent_total: serve.concurrent_total,
            trusted_hops: serve.trusted_hops,
        };
        config.crowd = Crowd {
            total: serve.connections,
            per_address: serve.connections_per_address,
            trusted_hops: serve.trusted_hops,
        };
        if let Some(path) = &serve.page {
            config.page = Page::directory(path);
        }
        let shared = scratch::is_shared(listen, &serve.own_name, serve.trusted_hops);
        if let Some(folder) = &serve.docker_config {
            config.logins = Some(Arc::new(Logins::new(login_files(folder.as_deref(), shared)?)));
        }
        if let Some(folder) = &serve.index_cache {
            config.layers = Some(kept(folder, serve.index_cache_size, &config.status)?);
        }
        if !serve.no_scratch {
            config.scratch = hosted(serve, shared)?;
        }
        Ok(config)
    }

    /// Where the proxy must not connect to.
    pub fn own_address(&self) -> OwnAddress {
        OwnAddress(self.listen)
    }
}

/// The scratch registry that the command line asks for. It is off where everyone could write.
fn hosted(serve: &Serve, shared: bool) -> io::Result<Option<Router>> {
    let access = match &serve.scratch_auth {
        Some(path) => {
            let named = |e: io::Error| io::Error::new(e.kind(), format!("--scratch-auth {e}"));
            let access = Access::logins(drydock_registry::Logins::read(path).map_err(named)?);
            let access =
                if serve.scratch_anonymous_read { access.with_anonymous_read() } else { access };
            Some(access)
        }
        None if shared && serve.scratch_anonymous_read => Some(Access::read_only()),
        None if shared => {
            tracing::warn!(
                "the scratch registry is off, because others than this machine reach this server: \
                 give it logins with --scratch-auth FILE, or let everyone read with --scratch-anonymous-read"
            );
            return Ok(None);
        }
        None => None,
    };
    let settings = scratch::Settings {
        directory: serve.scratch.as_deref(),
        layout: serve.dir.as_deref(),
        limit: serve.scratch_limit,
        access,
    };
    scratch::router(settings).map(Some)
}

/// The cache of what tabs find out about layers.
fn kept(folder: &Path, size: u64, status: &Status) -> io::Result<LayerCache> {
    LayerCache::open(folder, size, status.layers()).map_err(|error| {
        let message = format!("--index-cache {}: {error}", folder.display());
        io::Error::new(error.kind(), message)
    })
}

/// The files with the logins that the page may use.
fn login_files(folder: Option<&Path>, shared: bool) -> io::Result<Vec<PathBuf>> {
    if shared {
        return Err(io::Error::other(
            "--docker-config is refused: others than this machine reach this server, and whoever does \
             could use your logins. Listen on a loopback address (--listen 127.0.0.1), without \
             --trusted-hops and without an --own-name of another machine.",
        ));
    }
    let Some(folder) = folder else { return Ok(logins::files()) };
    let file = folder.join("config.json");
    match std::fs::File::open(&file) {
        Ok(_) => Ok(vec![file]),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!(
                "--docker-config={}: {} can't be read: {error}. Give the folder that docker's config.json lies in.",
                folder.display(),
                file.display()
            ),
        )),
    }
}

fn key(secret: &[u8]) -> io::Result<seal::Key> {
    if secret.len() < 32 {
        return Err(io::Error::other("the seal key needs at least 32 bytes, best random ones"));
    }
    seal::Key::new(secret).ok_or_else(|| io::Error::other("the seal key is unusable"))
}
