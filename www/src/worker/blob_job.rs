//! Reads any blob: computes its digest, and keeps its bytes in a Blob when they are wanted.

use drydock::digest::Hasher;

use super::Progress;
use super::entry::{Finished, Link};
use super::layer_job::copy;
use super::meter::Meter;
use super::protocol::{BlobWork, Outcome};
use super::sheaf::Sheaf;
use crate::net::problem::Problem;
use crate::net::stream::BlobStream;

pub(super) async fn run(work: BlobWork, link: Link) -> Result<Finished, Problem> {
    let BlobWork { access, descriptor, keep } = work;
    let mut hasher = Hasher::new(descriptor.digest.algorithm().unwrap_or_default());
    let mut sheaf = Sheaf::default();
    let mut meter = Meter::new(link.clone());
    let mut stream = BlobStream::new(link, access, descriptor.size);
    let mut piece = Vec::new();
    while let Some(bytes) = stream.next().await? {
        copy(&bytes, &mut piece);
        hasher.update(&piece);
        if keep {
            sheaf.push(&piece)?;
        }
        let (downloaded, resumed) = (stream.offset(), stream.resumed());
        meter.passed(Progress { downloaded, resumed, ..Progress::default() }).await;
    }
    let outcome = Outcome::Blob { digest: hasher.finish(), size: stream.offset() };
    let shared = if keep { vec![sheaf.finish()?.into()] } else { Vec::new() };
    Ok(Finished { outcome, transferred: Vec::new(), shared })
}
