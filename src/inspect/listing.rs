//! The paths of a tree as lines of JSON.
//!
//! One object per path in byte order: `path` (and `pathHex` where it is not UTF-8), `type`, `mode`
//! in octal, `uid`, `gid`, `size`, `mtime` in seconds, `link` of links (and `linkHex`), `layer`
//! counted from 1 at the base. Where a layer's changes are listed, `status` says what was done.
//! Paths have no leading slash, the root is left out, sizes are 0 for all but files.

use serde::Serialize;

use crate::inspect::tree::{Scope, Status, Tree, facts};
use crate::layer::Kind;
use crate::limits;
use crate::words::text_and_hex;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    #[serde(rename = "type")]
    kind: Kind,
    mode: String,
    uid: u32,
    gid: u32,
    size: u64,
    mtime: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_hex: Option<String>,
    layer: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

/// Why there is no listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the paths have {bytes} bytes together, more than the {most} that one listing may have; filter \
     the tree to list a part of it",
    most = limits::LISTING_PATH_BYTES
)]
pub struct TooLong {
    /// Number of bytes of all paths.
    pub bytes: usize,
}

/// Writes all that the tree lists under its scope, filter and shown statuses, whether its
/// directories are open or not. Removed paths are listed only among a layer's changes.
///
/// # Errors
/// When the paths are longer than [`limits::LISTING_PATH_BYTES`] together, as those of a tree that
/// is made of nothing but depth.
pub fn json_lines(tree: &Tree) -> Result<String, TooLong> {
    let snapshot = tree.snapshot();
    let changes = matches!(tree.query().scope, Scope::Changes(_));
    let bytes = tree.listed().fold(0_usize, |sum, id| sum.saturating_add(snapshot.path_len(id)));
    if bytes > limits::LISTING_PATH_BYTES {
        return Err(TooLong { bytes });
    }
    let listed = tree.listed().filter(|id| changes || snapshot.status(*id) != Status::Removed);
    let mut paths: Vec<(Vec<u8>, u32)> = listed.map(|id| (snapshot.path(id), id)).collect();
    paths.sort_unstable();
    let mut text = String::new();
    for (path, id) in paths {
        let Some(facts) = facts(snapshot, id) else { continue };
        let (path, path_hex) = text_and_hex(&path);
        let (link, link_hex) = facts.link.as_deref().map(text_and_hex).unzip();
        let line = Line {
            path: &path,
            path_hex,
            kind: facts.kind,
            mode: format!("{:04o}", facts.mode),
            uid: facts.uid,
            gid: facts.gid,
            size: facts.size,
            mtime: facts.mtime,
            link,
            link_hex: link_hex.flatten(),
            layer: facts.layer,
            status: changes.then(|| snapshot.status(id)),
        };
        if let Ok(line) = serde_json::to_string(&line) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    Ok(text)
}
