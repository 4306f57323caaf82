//! One blob on its way in: hashed while it is written, held whole only where the store is memory.

use std::io::{self, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use drydock::digest::{Algorithm, Digest, Hasher};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use super::Refusal;
use super::directory::Unfinished;
use super::memory::{Held, Reserved, Used};

/// Size in bytes of the pieces in which a file is read again.
const PIECE_BYTES: usize = 256 << 10;

/// An upload session.
#[derive(Debug)]
pub(crate) struct Upload {
    algorithm: Algorithm,
    hasher: Hasher,
    size: u64,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Memory { bytes: Vec<u8>, reserved: Reserved },
    File { file: tokio::fs::File, unfinished: Unfinished },
}

/// A point to which an upload can be taken back.
#[derive(Debug)]
pub(crate) struct Mark {
    hasher: Hasher,
    size: u64,
}

/// An upload whose digest was right.
#[derive(Debug)]
pub(crate) enum Finished {
    Memory(Arc<Held>),
    File(Unfinished),
}

impl Upload {
    pub(crate) fn memory(used: &Used, algorithm: Algorithm) -> Self {
        let sink = Sink::Memory { bytes: Vec::new(), reserved: used.reserve() };
        Self { algorithm, hasher: Hasher::new(algorithm), size: 0, sink }
    }

    pub(crate) fn file(uploads: &Path, algorithm: Algorithm) -> io::Result<Self> {
        let (unfinished, file) = Unfinished::create(uploads)?;
        let sink = Sink::File { file: tokio::fs::File::from_std(file), unfinished };
        Ok(Self { algorithm, hasher: Hasher::new(algorithm), size: 0, sink })
    }

    /// Bytes that have come.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Says with which algorithm the digest will be given. While nothing has come this costs
    /// nothing; later it means reading everything once more at the end.
    pub(crate) fn expect(&mut self, algorithm: Algorithm) {
        if self.size == 0 {
            self.algorithm = algorithm;
            self.hasher = Hasher::new(algorithm);
        }
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { hasher: self.hasher.clone(), size: self.size }
    }

    /// Forgets what came after the mark.
    pub(crate) async fn rewind(&mut self, mark: Mark) -> io::Result<()> {
        self.hasher = mark.hasher;
        self.size = mark.size;
        if let Sink::Memory { bytes, reserved } = &mut self.sink {
            bytes.truncate(usize::try_from(mark.size).unwrap_or(usize::MAX));
            reserved.shrink_to(mark.size);
        }
        self.settle().await
    }

    /// Makes the place of writing agree with the size; a request that was cut off may have left
    /// bytes behind that were never counted.
    pub(crate) async fn settle(&mut self) -> io::Result<()> {
        if let Sink::File { file, .. } = &mut self.sink {
            file.flush().await?;
            file.set_len(self.size).await?;
            file.seek(SeekFrom::Start(self.size)).await?;
        }
        Ok(())
    }

    pub(crate) async fn write(&mut self, piece: &Bytes) -> Result<(), Refusal> {
        match &mut self.sink {
            Sink::Memory { bytes, reserved } => {
                reserved.grow(piece.len())?;
                bytes.extend_from_slice(piece);
            }
            Sink::File { file, .. } => file.write_all(piece).await?,
        }
        self.hasher.update(piece);
        self.size += piece.len() as u64;
        Ok(())
    }

    /// Compares the digest.
    pub(crate) async fn finish(mut self, expected: &Digest) -> Result<Finished, Refusal> {
        let wanted = computable(expected)?;
        self.settle().await?;
        let actual = if wanted == self.algorithm {
            self.hasher.clone().finish()
        } else {
            self.digest_again(wanted).await?
        };
        if actual != *expected {
            return Err(Refusal::DigestInvalid(format!(
                "the {} bytes that came have digest {actual}, not {expected}; send the blob again",
                self.size
            )));
        }
        Ok(match self.sink {
            Sink::Memory { bytes, reserved } => {
                Finished::Memory(Arc::new(Held::new(Bytes::from(bytes), reserved)))
            }
            Sink::File { unfinished, .. } => Finished::File(unfinished),
        })
    }

    async fn digest_again(&self, algorithm: Algorithm) -> io::Result<Digest> {
        let mut hasher = Hasher::new(algorithm);
        match &self.sink {
            Sink::Memory { bytes, .. } => hasher.update(bytes),
            Sink::File { unfinished, .. } => {
                let mut file = tokio::fs::File::from_std(unfinished.open()?);
                let mut piece = vec![0; PIECE_BYTES];
                loop {
                    let read = file.read(&mut piece).await?;
                    match piece.get(..read) {
                        Some([]) | None => break,
                        Some(bytes) => hasher.update(bytes),
                    }
                }
            }
        }
        Ok(hasher.finish())
    }
}

/// The algorithm of a digest under which something is to be stored.
pub(crate) fn computable(digest: &Digest) -> Result<Algorithm, Refusal> {
    digest.algorithm().ok_or_else(|| {
        Refusal::DigestInvalid(format!(
            "{digest} can't be checked here: expected a sha256 or sha512 digest"
        ))
    })
}
