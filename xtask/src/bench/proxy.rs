//! What the server costs a transfer: bytes through it against the same bytes from the registry
//! itself, one stream and many, beside readers that stall, and what each stream takes of memory.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::median;
use crate::paths;
use crate::process::{Background, Run};

/// Size of the blob that one stream reads, in bytes.
const BLOB_BYTES: usize = 512 << 20;
/// How many streams there are at once.
const STREAMS: usize = 200;
/// How much of the blob each of many streams reads, in bytes.
const PART_BYTES: usize = 8 << 20;
/// How many readers stall beside the others.
const STALLED: usize = 50;
/// How long a program may take until it answers.
const LIMIT: Duration = Duration::from_secs(20);

/// A way to the blob.
#[derive(Debug, Clone)]
struct Way {
    address: SocketAddr,
    path: String,
}

/// Megabytes per second of one way and of the other, in turns, and what their medians give.
struct Ratio {
    direct: f64,
    server: f64,
}

/// Measures everything, prints a table and gives the figures.
pub(super) fn measure(runs: u32) -> Result<Value> {
    ensure!(runs > 0, "--runs takes a number above 0");
    Run::new("cargo")
        .args(["build", "--locked", "--release", "--package", "drydock-proxy"])
        .show()
        .context("the server could not be built")?;
    let place = paths::target().join("bench-proxy");
    fs::create_dir_all(&place)?;
    let digest = store_blob(&place.join("store"))?;
    let (registry, _registry) = registry(&place)?;
    let (address, server) = server(&place, registry)?;
    let blob = format!("/v2/app/blobs/sha256:{digest}");
    let direct = Way { address: registry, path: blob.clone() };
    let through = Way { address, path: format!("/-/proxy/http/{registry}{blob}") };

    let one = compare(runs, &direct, &through, |way| rate(BLOB_BYTES, || read(way, None)))?;
    let before = memory(&server, "VmRSS")?;
    let many_of = |way: &Way| rate(STREAMS * PART_BYTES, || read_many(way));
    let many = compare(runs, &direct, &through, many_of)?;
    let grown = memory(&server, "VmHWM")?.saturating_sub(before);
    let cost = cpu_per_gigabyte(&server, &through)?;
    let stalled = (0..STALLED).map(|_| stall(&through)).collect::<Result<Vec<_>>>()?;
    let one_beside = compare(runs, &direct, &through, |way| rate(BLOB_BYTES, || read(way, None)))?;
    let many_beside = compare(runs, &direct, &through, many_of)?;
    drop(stalled);

    println!("\n{:<52} {:>8} {:>8} {:>6}", "MB/s", "direct", "server", "ratio");
    let mut figures = serde_json::Map::new();
    for (name, what, ratio) in [
        ("one", "one stream", &one),
        ("many", "200 streams", &many),
        ("oneBesideStalled", "one stream beside 50 stalled ones", &one_beside),
        ("manyBesideStalled", "200 streams beside 50 stalled ones", &many_beside),
    ] {
        let value = ratio.value();
        println!("{what:<52} {:>8.0} {:>8.0} {value:>6.2}", ratio.direct, ratio.server);
        let both = json!({ "direct": ratio.direct, "server": ratio.server, "ratio": value });
        figures.insert(name.to_owned(), both);
    }
    let each = grown / STREAMS as u64;
    println!("{:<52} {each:>8}", "KiB of memory per stream at its most");
    println!("{:<52} {cost:>8.2}", "CPU seconds of the server per GB");
    figures.insert("kibPerStream".to_owned(), each.into());
    figures.insert("cpuSecondsPerGigabyte".to_owned(), cost.into());
    Ok(figures.into())
}

impl Ratio {
    fn value(&self) -> f64 {
        self.server / self.direct
    }
}

fn compare(
    runs: u32,
    direct: &Way,
    through: &Way,
    rate: impl Fn(&Way) -> Result<f64>,
) -> Result<Ratio> {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    // The first of each fills caches and opens connections.
    for round in 0..=runs {
        let (a, b) = (rate(direct)?, rate(through)?);
        if round > 0 {
            one.push(a);
            other.push(b);
        }
    }
    let direct = median(one).context("nothing was measured")?;
    let server = median(other).context("nothing was measured")?;
    Ok(Ratio { direct, server })
}

/// Megabytes per second.
fn rate(bytes: usize, act: impl FnOnce() -> Result<()>) -> Result<f64> {
    let begin = Instant::now();
    act()?;
    Ok(bytes as f64 / 1e6 / begin.elapsed().as_secs_f64())
}

/// Reads the blob, or so many bytes of it.
fn read(way: &Way, part: Option<usize>) -> Result<()> {
    let (mut tcp, mut got) = ask(way, part)?;
    let wanted = part.unwrap_or(BLOB_BYTES);
    let mut piece = vec![0; 256 << 10];
    while got < wanted {
        match tcp.read(&mut piece)? {
            0 => bail!("{} ended after {got} of {wanted} bytes", way.path),
            read => got += read,
        }
    }
    ensure!(got == wanted, "{} gave {got} bytes, not {wanted}", way.path);
    Ok(())
}

fn read_many(way: &Way) -> Result<()> {
    thread::scope(|scope| {
        let readers: Vec<_> =
            (0..STREAMS).map(|_| scope.spawn(|| read(way, Some(PART_BYTES)))).collect();
        readers.into_iter().try_for_each(|reader| match reader.join() {
            Ok(read) => read,
            Err(_) => bail!("a reader stopped"),
        })
    })
}

/// A reader that takes the head of its answer and no more.
fn stall(way: &Way) -> Result<TcpStream> {
    Ok(ask(way, None)?.0)
}

/// Asks for the blob, and reads the head of the answer and how much of its body came with it.
fn ask(way: &Way, part: Option<usize>) -> Result<(TcpStream, usize)> {
    let mut tcp = TcpStream::connect(way.address)?;
    let range = part.map_or(String::new(), |bytes| format!("Range: bytes=0-{}\r\n", bytes - 1));
    write!(
        tcp,
        "GET {} HTTP/1.1\r\nHost: {}\r\nX-Drydock: 1\r\n{range}Connection: close\r\n\r\n",
        way.path, way.address
    )?;
    let (mut head, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = tcp.read(&mut piece)?;
        ensure!(read > 0, "{} gave no answer", way.path);
        head.extend_from_slice(&piece[..read]);
        if let Some(end) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let line = String::from_utf8_lossy(&head[..end]).into_owned();
            ensure!(line.starts_with("HTTP/1.1 20"), "{} answered {line}", way.path);
            return Ok((tcp, head.len() - end - 4));
        }
    }
}

/// Writes a blob where docker-registry looks for one, and gives its digest.
fn store_blob(store: &Path) -> Result<String> {
    let bytes: Vec<u8> = (0..BLOB_BYTES).map(|at| (at % 251) as u8).collect();
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let root = store.join("docker/registry/v2");
    let blob = root.join("blobs/sha256").join(&digest[..2]).join(&digest);
    let link = root.join("repositories/app/_layers/sha256").join(&digest);
    fs::create_dir_all(&blob)?;
    fs::create_dir_all(&link)?;
    fs::write(blob.join("data"), &bytes)?;
    fs::write(link.join("link"), format!("sha256:{digest}"))?;
    Ok(digest)
}

fn registry(place: &Path) -> Result<(SocketAddr, Background)> {
    let program = paths::program("docker-registry").context(
        "there is no docker-registry to compare with: run `cargo xtask setup --for bench`",
    )?;
    let address = free()?;
    let template = fs::read_to_string(paths::root().join("tests/images/registry.yml"))?;
    let store = place.join("store").to_string_lossy().into_owned();
    let text = template.replace("STORE", &store).replace("PORT", &address.port().to_string());
    let config = place.join("registry.yml");
    fs::write(&config, text)?;
    let running =
        Run::new(program).arg("serve").arg(&config).background(&place.join("registry.log"))?;
    Ok((address, answering(address, running)?))
}

fn server(place: &Path, registry: SocketAddr) -> Result<(SocketAddr, Background)> {
    let address = free()?;
    let running = Run::new(paths::target().join("release/drydock"))
        .args(["serve", "--no-scratch", "--page", "/nowhere", "--only-allowed"])
        .args(["--port", &address.port().to_string(), "--allow", &format!("http://{registry}")])
        .env("RUST_LOG", "warn")
        .background(&place.join("server.log"))?;
    Ok((address, answering(address, running)?))
}

fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn answering(address: SocketAddr, mut running: Background) -> Result<Background> {
    let begin = Instant::now();
    while TcpStream::connect(address).is_err() {
        if running.has_ended() || begin.elapsed() > LIMIT {
            bail!("nothing answers at {address}; what it said is in target/bench-proxy");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(running)
}

/// A line of what the system says of a program's memory, in KiB.
fn memory(program: &Background, line: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", program.id()))?;
    let found = status.lines().find_map(|it| it.strip_prefix(line)?.strip_prefix(':'));
    let value = found.and_then(|value| value.split_ascii_whitespace().next());
    value
        .context("the system does not say how much memory a program takes")?
        .parse()
        .map_err(Into::into)
}

/// CPU seconds that one stream costs the server per 10^9 bytes.
fn cpu_per_gigabyte(program: &Background, through: &Way) -> Result<f64> {
    let before = ticks(program)?;
    for _ in 0..4 {
        read(through, None)?;
    }
    // The kernel counts a hundred ticks per second.
    Ok((ticks(program)? - before) / 100.0 / (4.0 * BLOB_BYTES as f64 / 1e9))
}

fn ticks(program: &Background) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", program.id()))?;
    // The name in parentheses may hold anything.
    let fields = stat.rsplit_once(')').context("the system does not say what a program costs")?.1;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let (user, system) = fields.get(11).zip(fields.get(12)).context("the line is too short")?;
    Ok(user.parse::<f64>()? + system.parse::<f64>()?)
}
