//! One blob on its way in: hashed while it is written, held whole only where the store is memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use cap_std::fs::Dir;
use drydock::digest::{Algorithm, Digest, Hasher};

use super::Refusal;
use super::budget::{self, Budget, Reserved};
use super::memory::Held;
use super::unfinished::Unfinished;

/// Size in bytes of the pieces in which a file is read again.
const PIECE_BYTES: usize = 256 << 10;
/// Bytes that are gathered before they are written: pieces of a network are small.
const GATHERED_BYTES: usize = 512 << 10;

/// An upload session. It holds no open file, so that there may be many.
#[derive(Debug)]
pub(crate) struct Upload {
    algorithm: Algorithm,
    hasher: Hasher,
    /// Bytes that have been written.
    written: u64,
    gathered: BytesMut,
    reserved: Reserved,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Memory(Vec<Bytes>),
    File(Unfinished),
}

/// A point to which an upload can be taken back.
#[derive(Debug)]
pub(crate) struct Mark {
    hasher: Hasher,
    written: u64,
    pieces: usize,
}

/// An upload whose digest was right.
#[derive(Debug)]
pub(crate) enum Finished {
    Memory(Arc<Held>),
    /// With the bytes that it counts for.
    File(Unfinished, Reserved),
}

impl Upload {
    pub(crate) fn memory(budget: &Budget, algorithm: Algorithm) -> Result<Self, Refusal> {
        Self::new(budget, algorithm, Sink::Memory(Vec::new()))
    }

    pub(crate) fn file(
        root: &Arc<Dir>,
        budget: &Budget,
        algorithm: Algorithm,
    ) -> Result<Self, Refusal> {
        let (unfinished, _file) = Unfinished::create(root)?;
        Self::new(budget, algorithm, Sink::File(unfinished))
    }

    fn new(budget: &Budget, algorithm: Algorithm, sink: Sink) -> Result<Self, Refusal> {
        let reserved = budget.reserve(budget::of_blob(0))?;
        let hasher = Hasher::new(algorithm);
        Ok(Self { algorithm, hasher, written: 0, gathered: BytesMut::new(), reserved, sink })
    }

    /// Bytes that have come.
    pub(crate) fn size(&self) -> u64 {
        self.written + self.gathered.len() as u64
    }

    /// Says with which algorithm the digest will be given. While nothing has come this costs
    /// nothing; later it means reading everything once more at the end.
    pub(crate) fn expect(&mut self, algorithm: Algorithm) {
        if self.size() == 0 {
            self.algorithm = algorithm;
            self.hasher = Hasher::new(algorithm);
        }
    }

    /// Remembers how far the upload is.
    pub(crate) fn mark(&mut self) -> Result<Mark, Refusal> {
        self.flush()?;
        let pieces = match &self.sink {
            Sink::Memory(pieces) => pieces.len(),
            Sink::File(_) => 0,
        };
        Ok(Mark { hasher: self.hasher.clone(), written: self.written, pieces })
    }

    /// Forgets what came after the mark.
    pub(crate) fn rewind(&mut self, mark: Mark) -> Result<(), Refusal> {
        self.gathered.clear();
        if let Sink::Memory(pieces) = &mut self.sink {
            pieces.truncate(mark.pieces);
        }
        self.hasher = mark.hasher;
        self.written = mark.written;
        self.reserved.set(budget::of_blob(self.written))
    }

    /// Adds bytes, in memory for now. True when it is time to write them.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<bool, Refusal> {
        self.reserved.set(budget::of_blob(self.size() + bytes.len() as u64))?;
        self.gathered.extend_from_slice(bytes);
        Ok(self.gathered.len() >= GATHERED_BYTES)
    }

    /// Writes what has come. What can't be written is as if it had never come.
    pub(crate) fn flush(&mut self) -> Result<(), Refusal> {
        let bytes = self.gathered.split().freeze();
        if bytes.is_empty() {
            return Ok(());
        }
        if let Sink::File(unfinished) = &self.sink {
            let mut file = unfinished.open()?;
            file.seek(SeekFrom::Start(self.written))?;
            file.write_all(&bytes)?;
        }
        self.hasher.update(&bytes);
        self.written += bytes.len() as u64;
        if let Sink::Memory(pieces) = &mut self.sink {
            // Without the room that was meant for more.
            pieces.push(Bytes::copy_from_slice(&bytes));
        }
        Ok(())
    }

    /// Compares the digest.
    pub(crate) fn finish(mut self, expected: &Digest) -> Result<Finished, Refusal> {
        let wanted = computable(expected)?;
        self.flush()?;
        let actual = if wanted == self.algorithm {
            self.hasher.clone().finish()
        } else {
            self.digest_again(wanted)?
        };
        if actual != *expected {
            return Err(Refusal::DigestInvalid(format!(
                "the {} bytes that came have digest {actual}, not {expected}; send the blob again",
                self.written
            )));
        }
        Ok(match self.sink {
            Sink::Memory(pieces) => Finished::Memory(Arc::new(Held::new(pieces, self.reserved))),
            Sink::File(unfinished) => {
                // What a failed write left behind was never counted.
                unfinished.open()?.set_len(self.written)?;
                Finished::File(unfinished, self.reserved)
            }
        })
    }

    fn digest_again(&self, algorithm: Algorithm) -> io::Result<Digest> {
        let mut hasher = Hasher::new(algorithm);
        match &self.sink {
            Sink::Memory(pieces) => pieces.iter().for_each(|piece| hasher.update(piece)),
            Sink::File(unfinished) => update(&mut hasher, unfinished.open()?.take(self.written))?,
        }
        Ok(hasher.finish())
    }
}

fn update(hasher: &mut Hasher, mut file: io::Take<File>) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            read => hasher.update(piece.get(..read).unwrap_or_default()),
        }
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
