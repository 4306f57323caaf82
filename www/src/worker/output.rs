//! Writes what is made where it is kept.

use std::ops::Range;

use drydock::digest::Digest;
use drydock::layer::write::Destination;
use drydock::pieces::Pieces as _;
use web_sys::Blob;

use super::Progress;
use super::entry::Link;
use super::growing_blob::GrowingBlob;
use super::input::Input;
use super::meter::Meter;
use super::supply::Layer;
use crate::disk::{UserFile, Writer};
use crate::net::problem::Problem;

/// Shortest run that is not read, in bytes: each is an object of its own in the browser.
const LENT: u64 = 32 << 10;

/// What is being made, on its way to where it is kept.
pub(super) struct Output {
    to: To,
    meter: Meter,
}

/// Where it is kept.
enum To {
    /// On the browser's disk, under its digest.
    Disk(Writer),
    /// In a file that the user has chosen.
    Outside(UserFile),
    /// In a Blob.
    Blob(GrowingBlob),
}

impl Output {
    /// A new blob on the browser's disk.
    pub(super) async fn to_disk(link: Link) -> Result<Self, Problem> {
        Ok(Self { to: To::Disk(Writer::create().await?), meter: Meter::new(link) })
    }

    /// A file that the user has chosen.
    pub(super) fn to_file(file: UserFile, link: Link) -> Self {
        Self { to: To::Outside(file), meter: Meter::new(link) }
    }

    /// A Blob, for what leaves the browser at once.
    pub(super) fn to_blob(link: Link) -> Self {
        Self { to: To::Blob(GrowingBlob::default()), meter: Meter::new(link) }
    }

    /// Whether it is kept under its digest.
    pub(super) fn has_name(&self) -> bool {
        matches!(self.to, To::Disk(_))
    }

    /// Writes what lies in a Blob, as it is.
    pub(super) async fn write_all(&mut self, blob: &Blob) -> Result<(), Problem> {
        let (mut input, mut read) = (Input::blob(blob), 0);
        while let Some(bytes) = input.next().await? {
            read += bytes.len() as u64;
            self.write(bytes).await?;
            self.turn(read, read).await;
        }
        Ok(())
    }

    /// Keeps what was made, whose digest this is.
    pub(super) async fn keep(self, digest: &Digest) -> Result<(), Problem> {
        match self.to {
            To::Disk(disk) => disk.keep(digest).await,
            To::Outside(file) => file.close().await,
            To::Blob(_) => Ok(()),
        }
    }

    /// Ends what has no name; gives it where it is a Blob.
    pub(super) async fn end(self) -> Result<Option<Blob>, Problem> {
        match self.to {
            To::Outside(file) => file.close().await.map(|()| None),
            To::Blob(blob) => blob.finish().map(Some),
            To::Disk(_) => Ok(None),
        }
    }
}

impl Destination<Layer> for Output {
    type Error = Problem;

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        match &mut self.to {
            To::Disk(disk) => disk.write(bytes),
            To::Outside(file) => file.write(bytes).await,
            To::Blob(blob) => blob.push(bytes),
        }
    }

    async fn turn(&mut self, read: u64, tar: u64) {
        let progress = Progress { downloaded: read, unpacked: tar, ..Progress::default() };
        self.meter.passed(progress).await;
    }

    fn lends(&self, layer: &Layer, run: &Range<u64>) -> bool {
        matches!((&self.to, layer), (To::Blob(_), Layer::Kept(_)))
            && run.end.saturating_sub(run.start) >= LENT
    }

    fn lend(&mut self, layer: &Layer, run: &Range<u64>) -> Result<(), Problem> {
        match (&mut self.to, layer) {
            (To::Blob(blob), Layer::Kept(tar)) => blob.push_blob(&tar.part(run)?),
            _ => Ok(()),
        }
    }
}
