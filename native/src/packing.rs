//! Blocks of a tar, compressed by several threads at once.

use std::collections::VecDeque;
use std::thread;

use drydock::layer::write::{Block, MakeError, PackedBlock, Packers};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::not_built::BuildError;

/// Most threads that compress one tar: whoever reads it and computes its digests keeps no more busy.
const THREADS: usize = 16;

/// Threads of the runtime, as many as there are processors.
pub(crate) struct PackingThreads {
    runtime: Handle,
    threads: usize,
    /// Blocks that are being compressed, the one that was given first at the front.
    out: VecDeque<JoinHandle<PackedBlock>>,
}

impl PackingThreads {
    /// Nothing to do yet. Must be called from within a runtime, or one of its blocking threads.
    pub(crate) fn new() -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS);
        Self::of(threads)
    }

    fn of(threads: usize) -> Self {
        Self { runtime: Handle::current(), threads, out: VecDeque::new() }
    }
}

impl Packers<BuildError> for PackingThreads {
    fn room(&self) -> usize {
        // Some blocks take much longer than others: meanwhile those behind them are done.
        self.threads * 2
    }

    fn give(&mut self, block: Block) {
        self.out.push_back(self.runtime.spawn_blocking(move || block.pack()));
    }

    async fn take(&mut self) -> Result<PackedBlock, BuildError> {
        let first = self.out.pop_front().ok_or(MakeError::Missing)?;
        first.await.map_err(|error| BuildError::Thread(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use drydock::layer::write::{BuiltLayer, Inline, LayerWriter, Method};

    use super::*;

    async fn write<P: Packers<BuildError>>(packers: &mut P, tar: &[u8]) -> (BuiltLayer, Vec<u8>) {
        let (mut writer, mut blob) = (LayerWriter::new(Method::GZIP, packers), Vec::new());
        for piece in tar.chunks(200_000) {
            writer.push(piece, &mut blob).await.expect("bytes that are taken");
        }
        (writer.finish(&mut blob).await.expect("a layer"), blob)
    }

    #[tokio::test]
    async fn any_number_of_threads_makes_the_same_blob() {
        let tar: Vec<u8> =
            (0..6_000_000_u32).flat_map(|at| [(at / 7) as u8, (at >> (at % 11)) as u8]).collect();
        let expected = write(&mut Inline::default(), &tar).await;
        for threads in [1, 2, 3, 8] {
            let mut packing = PackingThreads::of(threads);
            assert!(write(&mut packing, &tar).await == expected, "{threads}");
            assert!(packing.out.is_empty());
        }
    }

    #[tokio::test]
    async fn a_thread_that_ends_is_told() {
        let mut packing = PackingThreads::of(2);
        packing.out.push_back(packing.runtime.spawn_blocking(|| panic!("out of luck")));
        let told = packing.take().await.expect_err("no block").to_string();
        assert!(told.starts_with("A thread that compresses a layer ended before"), "{told}");
        assert!(packing.take().await.is_err(), "nothing is out");
    }
}
