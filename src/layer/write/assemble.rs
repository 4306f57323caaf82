//! The loop that puts a planned tar together, from layers and files as they stream by.

use std::ops::Range;

use super::block::Packers;
use super::plan::{Part, TarPlan};
use super::writer::{BuiltLayer, LayerWriter};
use super::{MakeError, Method};
use crate::digest::{Digest, Hasher};
use crate::layer::tar_stream::Runs;
use crate::pieces::Pieces;

/// Bytes that are gathered before they are written.
const GATHERED: usize = 1 << 20;

/// Where everything is that a planned tar is made of.
#[allow(async_fn_in_trait)]
pub trait Materials {
    /// What can go wrong.
    type Error: From<MakeError>;
    /// A layer that is being read.
    type Layer: Runs<Error = Self::Error>;
    /// A file that is being read.
    type File: Pieces<Error = Self::Error>;

    /// One of the layers, counted from 0 in the order of the plan.
    ///
    /// # Errors
    /// When it is not there.
    async fn layer(&self, at: usize) -> Result<Self::Layer, Self::Error>;

    /// A file that the user supplied.
    ///
    /// # Errors
    /// When it is not there.
    async fn file(&self, digest: &Digest) -> Result<Self::File, Self::Error>;

    /// A file that the user supplied and that is a layer itself.
    ///
    /// # Errors
    /// When it is not there.
    async fn supplied(&self, digest: &Digest) -> Result<Self::Layer, Self::Error>;
}

/// Takes what is made.
#[allow(async_fn_in_trait)]
pub trait Destination<L> {
    /// What can go wrong.
    type Error;

    /// The next bytes of what is made.
    ///
    /// # Errors
    /// When there is no room for them.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Hears how far the work is, and lets others have their turn: bytes of layers and files that
    /// were read, and bytes of the tar that were put together.
    async fn turn(&mut self, read: u64, tar: u64);

    /// Whether a run of a layer's tar is better [lent](Self::lend) than read.
    fn lends(&self, _layer: &L, _run: &Range<u64>) -> bool {
        false
    }

    /// Takes a run of a layer's tar from where it lies, unread, behind what was written.
    ///
    /// # Errors
    /// When it is not there.
    fn lend(&mut self, _layer: &L, _run: &Range<u64>) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Makes a layer of a planned tar. Each layer that the plan takes something from is read to its end
/// and compared with its digest, and so is each file.
///
/// # Errors
/// When something can't be read, is not what it should be, or can't be compressed or written.
pub async fn assemble<M, P, D>(
    plan: &TarPlan,
    materials: &M,
    method: Method,
    packers: &mut P,
    to: &mut D,
) -> Result<BuiltLayer, M::Error>
where
    M: Materials,
    P: Packers<M::Error>,
    D: Destination<M::Layer, Error = M::Error>,
{
    let mut work = Assembly { out: Out::new(to), tar: LayerWriter::new(method, packers) };
    work.parts(plan, materials).await?;
    let Assembly { mut out, tar } = work;
    let built = tar.finish(&mut out.ready).await?;
    out.write().await?;
    Ok(built)
}

/// As [`assemble`], for a tar whose digest nobody asks for; runs may be [lent](Destination::lend).
///
/// # Errors
/// As with [`assemble`].
pub async fn copy<M: Materials, D: Destination<M::Layer, Error = M::Error>>(
    plan: &TarPlan,
    materials: &M,
    to: &mut D,
) -> Result<(), M::Error> {
    let mut work = Assembly { out: Out::new(to), tar: Plain(0) };
    work.parts(plan, materials).await?;
    work.out.write().await
}

/// What is made, on its way to its destination.
pub(crate) struct Out<'d, D> {
    to: &'d mut D,
    /// What is ready to be written.
    pub(crate) ready: Vec<u8>,
    /// Bytes of layers and files that were read.
    pub(crate) read: u64,
    /// Bytes of the tar so far.
    pub(crate) tar: u64,
}

impl<'d, D> Out<'d, D> {
    pub(crate) fn new(to: &'d mut D) -> Self {
        Self { to, ready: Vec::new(), read: 0, tar: 0 }
    }

    /// Writes what has gathered, and lets others have their turn.
    pub(crate) async fn turn<L, E>(&mut self) -> Result<(), E>
    where
        D: Destination<L, Error = E>,
    {
        if self.ready.len() >= GATHERED {
            self.write().await?;
        }
        self.to.turn(self.read, self.tar).await;
        Ok(())
    }

    /// As [`Out::turn`], while a layer is being read.
    pub(crate) async fn reading<L: Runs<Error = E>, E>(&mut self, layer: &L) -> Result<(), E>
    where
        D: Destination<L, Error = E>,
    {
        let before = self.read;
        self.read += layer.read();
        let turn = self.turn().await;
        self.read = before;
        turn
    }

    /// Reads a layer to its end and compares it with its digest.
    pub(crate) async fn finish<L: Runs<Error = E>, E>(&mut self, mut layer: L) -> Result<(), E>
    where
        D: Destination<L, Error = E>,
    {
        while layer.drain().await? {
            self.reading(&layer).await?;
        }
        self.read += layer.read();
        layer.finish()
    }

    /// Writes what is ready.
    pub(crate) async fn write<L, E>(&mut self) -> Result<(), E>
    where
        D: Destination<L, Error = E>,
    {
        let written = self.to.write(&self.ready).await;
        self.ready.clear();
        written
    }
}

/// Takes the bytes of a tar, and gives what is made of them.
trait Tar<E> {
    async fn push(&mut self, tar: &[u8], ready: &mut Vec<u8>) -> Result<(), E>;
    /// Counts so many bytes that go where they go without this; `false` when it needs them.
    fn pass(&mut self, len: u64) -> bool;
    /// Bytes of the tar so far.
    fn len(&self) -> u64;
}

impl<E, P: Packers<E>> Tar<E> for LayerWriter<'_, P> {
    async fn push(&mut self, tar: &[u8], ready: &mut Vec<u8>) -> Result<(), E> {
        Self::push(self, tar, ready).await
    }

    fn pass(&mut self, _: u64) -> bool {
        false
    }

    fn len(&self) -> u64 {
        self.uncompressed_size()
    }
}

/// The tar as it is.
struct Plain(u64);

impl<E> Tar<E> for Plain {
    async fn push(&mut self, tar: &[u8], ready: &mut Vec<u8>) -> Result<(), E> {
        self.0 += tar.len() as u64;
        ready.extend_from_slice(tar);
        Ok(())
    }

    fn pass(&mut self, len: u64) -> bool {
        self.0 += len;
        true
    }

    fn len(&self) -> u64 {
        self.0
    }
}

struct Assembly<'d, D, T> {
    out: Out<'d, D>,
    tar: T,
}

impl<D, T> Assembly<'_, D, T> {
    async fn parts<M: Materials>(&mut self, plan: &TarPlan, materials: &M) -> Result<(), M::Error>
    where
        T: Tar<M::Error>,
        D: Destination<M::Layer, Error = M::Error>,
    {
        if !plan.is_founded() {
            return Err(MakeError::OnlyListed.into());
        }
        let mut open: Option<(usize, M::Layer)> = None;
        for part in plan.parts() {
            match part {
                Part::Bytes(bytes) => self.tar.push(&bytes, &mut self.out.ready).await?,
                Part::File { digest, size } => self.file(materials, &digest, size).await?,
                Part::Layer { layer, range } => {
                    if let Some((_, done)) = open.take_if(|(at, _)| *at != layer) {
                        self.out.finish(done).await?;
                    }
                    let (_, stream) = match &mut open {
                        Some(open) => open,
                        None => open.insert((layer, materials.layer(layer).await?)),
                    };
                    self.run(stream, &range).await?;
                }
            }
            self.out.tar = self.tar.len();
            self.out.turn().await?;
        }
        match open {
            Some((_, done)) => self.out.finish(done).await,
            None => Ok(()),
        }
    }

    async fn run<L: Runs<Error = E>, E>(&mut self, layer: &mut L, run: &Range<u64>) -> Result<(), E>
    where
        T: Tar<E>,
        D: Destination<L, Error = E>,
    {
        let len = run.end.saturating_sub(run.start);
        if self.out.to.lends(layer, run) && self.tar.pass(len) {
            self.out.write().await?;
            return self.out.to.lend(layer, run);
        }
        while layer.skip(run.start).await? {
            self.out.reading(layer).await?;
        }
        while let Some(bytes) = layer.next(run.end).await? {
            self.tar.push(bytes, &mut self.out.ready).await?;
            self.out.tar = self.tar.len();
            self.out.reading(layer).await?;
        }
        Ok(())
    }

    async fn file<M: Materials>(
        &mut self,
        materials: &M,
        digest: &Digest,
        size: u64,
    ) -> Result<(), M::Error>
    where
        T: Tar<M::Error>,
        D: Destination<M::Layer, Error = M::Error>,
    {
        let mut file = materials.file(digest).await?;
        let mut hasher = Hasher::new(digest.algorithm().unwrap_or_default());
        let mut came = 0;
        while let Some(bytes) = file.next().await? {
            hasher.update(bytes);
            came += bytes.len() as u64;
            self.tar.push(bytes, &mut self.out.ready).await?;
            self.out.read += bytes.len() as u64;
            self.out.tar = self.tar.len();
            self.out.turn().await?;
        }
        match hasher.finish() == *digest && came == size {
            true => Ok(()),
            false => Err(MakeError::OtherFile(digest.clone()).into()),
        }
    }
}
