//! Copies files that the user chose onto the browser's disk, many into one blob, and hashes each.

use drydock::digest::{Algorithm, Hasher};
use drydock::pieces::Pieces as _;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Blob;

use super::Progress;
use super::entry::{Finished, Link};
use super::input::{Input, copy};
use super::meter::Meter;
use super::protocol::{GatherWork, Gathered, Handed, Outcome};
use crate::chosen::gone;
use crate::disk::Writer;
use crate::net::problem::Problem;

pub(super) async fn run(
    work: GatherWork,
    parts: &[JsValue],
    link: Link,
) -> Result<Finished, Problem> {
    let mut gathering = Gathering {
        writer: Writer::create().await?,
        all: Hasher::new(Algorithm::Sha256),
        files: Vec::new(),
    };
    let mut meter = Meter::new(link);
    let mut piece = Vec::new();
    for (handed, part) in work.handed.iter().zip(parts) {
        match handed {
            Handed::File => {
                let mut stream = Input::blob(part.dyn_ref::<Blob>().ok_or_else(gone)?);
                let mut file = One::begin(&gathering);
                while let Some(bytes) = stream.next().await? {
                    gathering.add(&mut file, bytes)?;
                    meter.passed(gathering.progress()).await;
                }
                gathering.end(file);
            }
            Handed::Pack(sizes) => {
                let buffer = part.dyn_ref::<ArrayBuffer>().ok_or_else(gone)?;
                copy(&Uint8Array::new(buffer), &mut piece);
                let mut rest = &*piece;
                for size in sizes {
                    let (content, after) = usize::try_from(*size)
                        .ok()
                        .and_then(|size| rest.split_at_checked(size))
                        .ok_or_else(gone)?;
                    let mut file = One::begin(&gathering);
                    gathering.add(&mut file, content)?;
                    gathering.end(file);
                    rest = after;
                }
                meter.passed(gathering.progress()).await;
            }
        }
    }
    let Gathering { writer, all, files } = gathering;
    let blob = all.finish();
    writer.keep(&blob).await?;
    Ok(Outcome::Gathered { blob, files }.into())
}

/// What has been copied so far.
struct Gathering {
    writer: Writer,
    all: Hasher,
    files: Vec<Gathered>,
}

/// The file that is being copied.
struct One {
    offset: u64,
    hasher: Hasher,
    program: bool,
}

impl One {
    fn begin(gathering: &Gathering) -> Self {
        let hasher = Hasher::new(Algorithm::Sha256);
        Self { offset: gathering.writer.len(), hasher, program: false }
    }
}

impl Gathering {
    fn add(&mut self, file: &mut One, bytes: &[u8]) -> Result<(), Problem> {
        if self.writer.len() == file.offset {
            file.program = bytes.starts_with(b"#!") || bytes.starts_with(b"\x7fELF");
        }
        file.hasher.update(bytes);
        self.all.update(bytes);
        self.writer.write(bytes)
    }

    fn end(&mut self, file: One) {
        let One { offset, hasher, program } = file;
        let size = self.writer.len() - offset;
        self.files.push(Gathered { digest: hasher.finish(), offset, size, program });
    }

    fn progress(&self) -> Progress {
        Progress {
            downloaded: self.writer.len(),
            entries: self.files.len() as u64,
            ..Progress::default()
        }
    }
}
