//! Which files of an image have a text in them, and where?
//!
//! Each layer is read once, in the order of its tar, so that hits come as the bytes do and not in the
//! order of paths. Files of which only names remain (hardlinks) are looked at once.

mod lines;
mod pattern;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::lines::{Found, Lines};
pub use self::pattern::{Pattern, PatternError, Wording};
use super::tree::Filter;
use crate::layer::write::Materials;
use crate::layer::{EntryRef, Interest, Kind, NodeId, Overlay, Visitor, visit};
use crate::words::text_and_hex;

/// What is looked for, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// What the pattern is.
    pub wording: Wording,
    /// The text or the expression.
    pub pattern: String,
    /// Whether capital letters are others than small ones (of ASCII; those of other letters always
    /// are).
    pub case_matters: bool,
    /// Only files whose paths fit to this, as a filter of the tree of files; empty for all.
    pub paths: String,
    /// Lines that are given before and after each hit, at most 10.
    pub context: usize,
    /// Most hits of all files together.
    pub most: usize,
}

/// A line that has it, or a file of bytes that does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    /// The path without leading slash, with replacement characters where it is not UTF-8.
    pub path: String,
    /// The bytes of the path in hex, where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// The layer that has the file, from 1 at the base.
    pub layer: usize,
    /// The line, from 1; `None` in a file that is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Where in the file it begins, in bytes.
    pub offset: u64,
    /// The line, or a part of a long one, with replacement characters where it is not UTF-8; of a file
    /// that is no text what stands around it.
    pub text: String,
    /// Where in that the hit begins and ends, in bytes.
    pub range: [usize; 2],
    /// The lines before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// The lines after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Searched {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Hits that were given.
    pub hits: u64,
    /// Files that have more than were given of them.
    pub cut_files: u64,
    /// Whether there were so many that it ended before all files were looked at: then the layer at hand
    /// was not compared with its digest.
    pub is_cut: bool,
}

/// Most hits of one file that are given.
const PER_FILE: u64 = 100;

/// Looks for a pattern in the contents of all files, each layer once. `hit` is given each hit as soon
/// as it is found, which is before its layer was compared with its digest; `turn` hears how many bytes
/// of layers were read, and lets others have their turn.
///
/// # Errors
/// As [`visit`]; then what was given of the layer at hand may not be believed.
pub async fn search<M: Materials>(
    overlay: &Arc<Overlay>,
    pattern: &Pattern,
    wanted: &Wanted,
    materials: &M,
    hit: impl FnMut(Hit),
    turn: impl AsyncFnMut(u64),
) -> Result<Searched, M::Error> {
    let filter = Filter::new(&wanted.paths);
    let mut files: Vec<(NodeId, EntryRef)> = Vec::new();
    for id in overlay.walk() {
        let node = overlay.node(id).filter(|node| node.kind == Kind::File && node.size > 0);
        let Some(content) = node.and_then(|node| node.content) else { continue };
        if filter.is_empty() || filter.is_for(&overlay.path(id)) {
            files.push((id, content));
        }
    }
    let entries: Vec<EntryRef> = files.iter().map(|(_, entry)| *entry).collect();
    let mut looking = Looking {
        overlay,
        files,
        lines: Lines::new(pattern, wanted.context.min(10)),
        most: wanted.most as u64,
        of_file: 0,
        searched: Searched::default(),
        hit,
        turn,
    };
    visit(overlay.layers(), &entries, materials, &mut looking).await?;
    Ok(looking.searched)
}

struct Looking<'a, H, T> {
    overlay: &'a Overlay,
    files: Vec<(NodeId, EntryRef)>,
    lines: Lines<'a>,
    most: u64,
    /// Hits in the file at hand.
    of_file: u64,
    searched: Searched,
    hit: H,
    turn: T,
}

impl<H: FnMut(Hit), T: AsyncFnMut(u64)> Looking<'_, H, T> {
    fn tell(&mut self, file: usize, found: Vec<Found>) -> Interest {
        let Some((node, content)) = self.files.get(file) else { return Interest::Enough };
        for found in found {
            if self.searched.hits == self.most {
                self.searched.is_cut = true;
                return Interest::Over;
            }
            if self.of_file == PER_FILE {
                self.searched.cut_files += 1;
                self.lines.stop();
                return Interest::Enough;
            }
            self.of_file += 1;
            self.searched.hits += 1;
            let (path, path_hex) = text_and_hex(&self.overlay.path(*node));
            let Found { line, offset, text, range, before, after } = found;
            let layer = content.layer as usize + 1;
            (self.hit)(Hit { path, path_hex, layer, line, offset, text, range, before, after });
        }
        match self.lines.is_done() {
            true => Interest::Enough,
            false => Interest::More,
        }
    }
}

impl<H: FnMut(Hit), T: AsyncFnMut(u64)> Visitor for Looking<'_, H, T> {
    fn begin(&mut self, _: usize) -> Interest {
        self.lines.begin();
        self.of_file = 0;
        self.searched.files += 1;
        Interest::More
    }

    fn bytes(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Interest {
        self.searched.bytes += bytes.len() as u64;
        let found = self.lines.push(offset, bytes);
        if found.is_empty() { Interest::More } else { self.tell(file, found) }
    }

    fn end(&mut self, file: usize) -> Interest {
        let is_over = self.of_file == PER_FILE && self.lines.is_done();
        let found = if is_over { Vec::new() } else { self.lines.end() };
        match self.tell(file, found) {
            Interest::Over => Interest::Over,
            _ => Interest::More,
        }
    }

    async fn turn(&mut self, read: u64) {
        (self.turn)(read).await;
    }
}
