//! Native throughput of the layer pipeline, one thread: a table, and the same as JSON.
//!
//! `cargo bench --bench throughput` reads files below `DRYDOCK_BENCH_DIR` (default `/usr`) until
//! it has `DRYDOCK_BENCH_MB` megabytes (default 400), makes a tar of them in memory, compresses it
//! with the `gzip` and `zstd` commands, and measures each part. Megabytes are those of the tar.

// The library does no IO; what measures it does.
#![allow(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]

use std::cell::Cell;
use std::error::Error;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use drydock::digest::{Algorithm, Hasher};
use drydock::layer::seek::Spacing;
use drydock::layer::write::{BuiltLayer, GzipLevel, Inline, LayerWriter, MakeError, Method};
use drydock::layer::{Index, LayerReader, LayerSummary, Overlay, ReadOptions};
use futures_util::FutureExt as _;
use zlib_rs::{Inflate, InflateFlush, Status};

const CHUNK: usize = 256 << 10;
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` passes no flag and only wants to see that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let dir = std::env::var("DRYDOCK_BENCH_DIR").unwrap_or_else(|_| "/usr".to_owned());
    let limit = std::env::var("DRYDOCK_BENCH_MB").ok().and_then(|mb| mb.parse().ok());
    let tar = make_tar(Path::new(&dir), limit.unwrap_or(400) << 20)?;
    let gzip = compress("gzip", &tar)?;
    let zstd = compress("zstd", &tar)?;
    let mut results = Results { tar: tar.len(), rows: Vec::new() };

    results.measure("digest: sha256 of the tar", || {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        tar.chunks(CHUNK).for_each(|chunk| hasher.update(chunk));
        let _ = hasher.finish();
    });
    results.measure("inflate: gzip, zlib-rs alone", || inflate(&gzip));
    results.measure("zstd: ruzstd alone", || unzstd(&zstd));
    let bare = ReadOptions { diff_id: None, index: false, ..ReadOptions::default() };
    results.measure("reader, tar: digest", || {
        read(&tar, bare.clone());
    });
    let walk = ReadOptions { diff_id: None, ..ReadOptions::default() };
    results.measure("reader, tar: digest, index", || {
        read(&tar, walk.clone());
    });
    results.measure("reader, gzip: blob digest, inflate", || {
        read(&gzip, bare.clone());
    });
    results.measure("reader, gzip: without the diff ID", || {
        read(&gzip, walk.clone());
    });
    results.measure("reader, gzip: both digests, no index", || {
        read(&gzip, ReadOptions { index: false, ..ReadOptions::default() });
    });
    results.measure("reader, gzip: both digests, index", || {
        read(&gzip, ReadOptions::default());
    });
    results.measure("reader, gzip: the same and seek points", || {
        read(&gzip, ReadOptions { seek: Some(Spacing::default()), ..ReadOptions::default() });
    });
    results.measure("reader, gzip: the same and file digests", || {
        read(&gzip, ReadOptions { file_digests: true, ..ReadOptions::default() });
    });
    results.measure("reader, zstd: both digests, index", || {
        read(&zstd, ReadOptions::default());
    });

    for (name, method) in [
        ("writer, gzip -1: both digests", Method::Gzip { level: GzipLevel::FAST }),
        ("writer, gzip -6: both digests", Method::GZIP),
        ("writer, zstd: both digests, checked", Method::Zstd),
    ] {
        let size = Cell::new(0);
        results.measure(name, || size.set(write(&tar, method).size));
        println!("{:8.3} of the tar's size", size.get() as f64 / tar.len() as f64);
    }

    let summary = read(&gzip, ReadOptions::default());
    assert!(summary.complete, "the layer reads to its end: {:?}", summary.findings);
    let index = Arc::new(summary.index.unwrap_or_default());
    let bytes = index.to_bytes();
    let timed = |work: &dyn Fn()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1000.0
    };
    let build = timed(&|| drop(Overlay::build(&[Arc::clone(&index)])));
    let write = timed(&|| drop(index.to_bytes()));
    let parse = timed(&|| drop(Index::from_bytes(&bytes)));
    println!(
        "{} entries: index {} bytes; overlay {build:.1} ms, to_bytes {write:.1} ms, from_bytes \
         {parse:.1} ms",
        index.len(),
        bytes.len(),
    );
    results.print(&gzip, &zstd, &index, [build, write, parse]);
    Ok(())
}

struct Results {
    tar: usize,
    rows: Vec<(&'static str, f64)>,
}

impl Results {
    /// Runs `work` a few times and keeps the best.
    fn measure(&mut self, name: &'static str, work: impl Fn()) {
        let best = (0..ROUNDS)
            .map(|_| {
                let start = Instant::now();
                work();
                start.elapsed().as_secs_f64()
            })
            .fold(f64::INFINITY, f64::min);
        let rate = self.tar as f64 / 1e6 / best;
        println!("{rate:8.0} MB/s  {name}");
        self.rows.push((name, rate));
    }

    fn print(&self, gzip: &[u8], zstd: &[u8], index: &Index, times: [f64; 3]) {
        let rates: serde_json::Map<String, serde_json::Value> = self
            .rows
            .iter()
            .map(|(name, rate)| ((*name).to_owned(), rate.round().into()))
            .collect();
        let [overlay, write, parse] = times;
        let json = serde_json::json!({
            "tarBytes": self.tar, "gzipBytes": gzip.len(), "zstdBytes": zstd.len(),
            "entries": index.len(), "indexBytes": index.memory(),
            "overlayMs": overlay, "indexToBytesMs": write, "indexFromBytesMs": parse,
            "megabytesPerSecond": rates,
        });
        println!("{json}");
    }
}

fn read(blob: &[u8], options: ReadOptions) -> LayerSummary {
    let mut reader = LayerReader::new(options);
    blob.chunks(CHUNK).for_each(|chunk| reader.push(chunk, &mut ()));
    reader.finish(&mut ())
}

fn write(tar: &[u8], method: Method) -> BuiltLayer {
    let (mut inline, mut blob) = (Inline::default(), Vec::new());
    let mut writer = LayerWriter::new(method, &mut inline);
    let written: Result<BuiltLayer, MakeError> = async {
        for chunk in tar.chunks(CHUNK) {
            writer.push::<MakeError>(chunk, &mut blob).await?;
            blob.clear();
        }
        writer.finish(&mut blob).await
    }
    .now_or_never()
    .unwrap_or(Err(MakeError::Missing));
    written.unwrap_or_else(|error| unreachable!("work in memory does not fail: {error}"))
}

fn inflate(blob: &[u8]) {
    let mut inflate = Inflate::new(true, 31);
    let mut output = vec![0; CHUNK];
    let mut rest = blob;
    loop {
        let before = inflate.total_in();
        let status = inflate.decompress(rest, &mut output, InflateFlush::NoFlush);
        rest = &rest[(inflate.total_in() - before) as usize..];
        match status {
            Ok(Status::Ok) => {}
            _ => break,
        }
    }
}

fn unzstd(blob: &[u8]) {
    let mut output = vec![0; CHUNK];
    if let Ok(mut decoder) = ruzstd::decoding::StreamingDecoder::new(blob) {
        while decoder.read(&mut output).is_ok_and(|len| len > 0) {}
    }
}

fn make_tar(dir: &Path, limit: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut builder = tar::Builder::new(Vec::new());
    builder.follow_symlinks(false);
    let mut left = vec![dir.to_path_buf()];
    while let Some(dir) = left.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let name = path.strip_prefix("/").unwrap_or(&path);
            let kind = path.symlink_metadata()?.file_type();
            if kind.is_dir() {
                builder.append_dir(name, &path)?;
                left.push(path);
            } else if kind.is_file() || kind.is_symlink() {
                // What can't be read is left out.
                let _ = builder.append_path_with_name(&path, name);
            }
            if builder.get_ref().len() > limit {
                return Ok(builder.into_inner()?);
            }
        }
    }
    Ok(builder.into_inner()?)
}

fn compress(command: &str, tar: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut child = Command::new(command)
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the bench needs the command {command}: {error}"))?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    let mut output = Vec::new();
    std::thread::scope(|scope| -> Result<(), Box<dyn Error>> {
        scope.spawn(move || input.write_all(tar));
        child.stdout.take().ok_or("no standard output")?.read_to_end(&mut output)?;
        Ok(())
    })?;
    child.wait()?;
    Ok(output)
}
