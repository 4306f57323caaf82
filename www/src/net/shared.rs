//! What this server keeps of layers that other tabs have read (`/-/layers/<digest>/<part>`).
//!
//! Whoever reaches the server may have put it there: nothing of it is more than claimed.

use std::ops::Range;

use drydock::digest::Digest;

use super::fetch::{self, Call};
use super::problem::Problem;

/// Most bytes of a part that are sent or taken at once.
pub const MOST: usize = 64 << 20;

/// Which of the two things that are kept of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its entries, what was found out about the blob, and places to begin reading at.
    Entries,
    /// What the decoder needs to know at those places.
    Windows,
}

impl Part {
    fn path(self, digest: &Digest) -> String {
        let part = match self {
            Self::Entries => "entries",
            Self::Windows => "windows",
        };
        format!("/-/layers/{digest}/{part}")
    }
}

/// What is kept of a layer; `None` when nothing is.
///
/// # Errors
/// When the server does not answer, or with more than `most` bytes.
pub async fn get(digest: &Digest, part: Part, most: usize) -> Result<Option<Vec<u8>>, Problem> {
    let path = part.path(digest);
    let call = Call { method: "GET", path: &path, headers: Vec::new(), body: None };
    let mut answer = fetch::send(call).await?;
    match answer.status {
        200 => answer.body.read_all(most.min(MOST)).await.map(Some),
        _ => Ok(None),
    }
}

/// Some bytes of it; `None` when they are not there.
///
/// # Errors
/// When the server does not answer.
pub async fn get_range(
    digest: &Digest,
    part: Part,
    range: Range<u64>,
) -> Result<Option<Vec<u8>>, Problem> {
    let (path, len) = (part.path(digest), range.end.saturating_sub(range.start));
    let value = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
    let headers = vec![("Range", &*value)];
    let mut answer = fetch::send(Call { method: "GET", path: &path, headers, body: None }).await?;
    if answer.status != 206 {
        return Ok(None);
    }
    let bytes = answer.body.read_all(MOST).await?;
    Ok((bytes.len() as u64 == len).then_some(bytes))
}

/// Whether the server keeps it.
///
/// # Errors
/// When the server does not answer.
pub async fn has(digest: &Digest, part: Part) -> Result<bool, Problem> {
    Ok(fetch::send(Call::head(&part.path(digest))).await?.status == 200)
}

/// Gives it to the server, which keeps the first that it gets of a layer. What is too long is kept
/// back.
///
/// # Errors
/// When the server does not answer.
pub async fn put(digest: &Digest, part: Part, bytes: &[u8]) -> Result<(), Problem> {
    if bytes.len() > MOST {
        return Ok(());
    }
    let path = part.path(digest);
    let call = Call { method: "PUT", path: &path, headers: Vec::new(), body: Some(bytes) };
    fetch::send(call).await.map(drop)
}
