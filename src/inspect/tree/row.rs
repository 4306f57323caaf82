//! What is shown of one path?

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::query::Status;
use super::snapshot::{Item, Snapshot};
use crate::layer::clean;
use crate::layer::{EntryRef, Kind};
use crate::words::text_and_hex;

/// One row as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Number of the path; the same until the scope changes or the tree grows.
    pub id: u32,
    /// Last component of the path; control characters, characters that change direction and bytes
    /// that are no UTF-8 are escaped.
    pub name: String,
    /// The path without leading slash, with replacement characters where it is not UTF-8.
    pub path: String,
    /// The bytes of the path in hex, where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// Number of directories above it.
    pub depth: u32,
    /// What it is.
    pub kind: Kind,
    /// Size of a file in bytes, 0 for all else.
    pub size: u64,
    /// Size of all files in a directory, else as `size`.
    pub total: u64,
    /// Permission bits in octal: `0755`.
    pub mode: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Target of a symlink or path of a hardlink's file, escaped like `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The path that a link leads to, without leading slash, as far as names alone tell: symlinks on
    /// the way are not followed. `None` where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads_to: Option<String>,
    /// The layer that it comes from, or by which it was removed; counted from 1 at the base.
    pub layer: usize,
    /// Of what was removed the layer that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<usize>,
    /// What became of it.
    pub status: Status,
    /// Whether there is anything in it to open.
    pub has_children: bool,
    /// Whether it is open.
    pub expanded: bool,
    /// Where its content is; `None` for what has none or is no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// Where the content of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The layer, counted from 1 at the base.
    pub layer: usize,
    /// The entry in that layer's index.
    pub entry: u32,
    /// Size in bytes.
    pub size: u64,
}

/// What is known of one path.
pub(in crate::inspect) struct Facts {
    pub(in crate::inspect) kind: Kind,
    pub(in crate::inspect) size: u64,
    pub(in crate::inspect) mode: u16,
    pub(in crate::inspect) uid: u32,
    pub(in crate::inspect) gid: u32,
    pub(in crate::inspect) mtime: i64,
    /// Target of a symlink, path of a hardlink's file.
    pub(in crate::inspect) link: Option<Vec<u8>>,
    /// Counted from 1 at the base.
    pub(in crate::inspect) layer: usize,
    content: Option<EntryRef>,
    /// Of what was removed the layer that has it, counted from 1 at the base.
    held_by: Option<usize>,
}

/// Collects what is known of one path.
pub(in crate::inspect) fn facts(snapshot: &Snapshot, id: u32) -> Option<Facts> {
    let overlay = &snapshot.overlay;
    let number = |layer: u32| layer as usize + snapshot.first_layer;
    match snapshot.item(id)? {
        Item::Live(node) => {
            let node = overlay.node(node)?;
            let link = match node.hardlink_to {
                Some(to) => Some(overlay.path(to)),
                None => (!node.link.is_empty()).then(|| node.link.to_vec()),
            };
            Some(Facts {
                kind: node.kind,
                size: node.size,
                mode: node.mode,
                uid: node.uid,
                gid: node.gid,
                mtime: node.mtime,
                link,
                layer: number(node.layer),
                content: node.content,
                held_by: None,
            })
        }
        Item::Entry { entry: at, layer } => {
            let entry = overlay.layers().get(at.layer as usize)?.entry(at.entry)?;
            let is_file = entry.kind == Kind::File;
            let here = snapshot.status(id) != Status::Removed;
            Some(Facts {
                kind: entry.kind,
                size: if is_file { entry.size } else { 0 },
                mode: entry.mode,
                uid: entry.uid,
                gid: entry.gid,
                mtime: entry.mtime,
                link: (!entry.link.is_empty()).then(|| entry.link.to_vec()),
                layer: number(layer),
                content: (is_file && here).then_some(at),
                held_by: (!here).then(|| number(at.layer)),
            })
        }
        Item::Unnamed { layer } => Some(Facts {
            kind: Kind::Directory,
            size: 0,
            mode: 0o755,
            uid: 0,
            gid: 0,
            mtime: 0,
            link: None,
            layer: number(layer),
            content: None,
            held_by: None,
        }),
    }
}

/// Size of a file, 0 for all else.
pub(super) fn size(snapshot: &Snapshot, id: u32) -> u64 {
    match snapshot.item(id) {
        Some(Item::Live(node)) => snapshot.overlay.node(node).map_or(0, |node| node.size),
        Some(Item::Entry { .. }) => facts(snapshot, id).map_or(0, |facts| facts.size),
        Some(Item::Unnamed { .. }) | None => 0,
    }
}

pub(super) fn row(snapshot: &Snapshot, id: u32, has_children: bool, expanded: bool) -> Option<Row> {
    let facts = facts(snapshot, id)?;
    let path = snapshot.path(id);
    let leads_to = facts.link.as_deref().and_then(|link| leads_to(&path, facts.kind, link));
    let (path, path_hex) = text_and_hex(&path);
    let content = facts.content.and_then(|at| {
        let entry = snapshot.overlay.layers().get(at.layer as usize)?.entry(at.entry)?;
        let layer = at.layer as usize + snapshot.first_layer;
        Some(Content { layer, entry: at.entry, size: entry.size })
    });
    Some(Row {
        id,
        name: visible_text(snapshot.name(id)),
        path,
        path_hex,
        depth: snapshot.depth(id),
        kind: facts.kind,
        size: facts.size,
        total: snapshot.total(id),
        mode: format!("{:04o}", facts.mode),
        uid: facts.uid,
        gid: facts.gid,
        mtime: facts.mtime,
        link: facts.link.as_deref().map(visible_text),
        leads_to,
        layer: facts.layer,
        held_by: facts.held_by,
        status: snapshot.status(id),
        has_children,
        expanded,
        content,
    })
}

/// Where a link at `path` leads, from the root.
fn leads_to(path: &[u8], kind: Kind, link: &[u8]) -> Option<String> {
    let above = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    let from_root = kind != Kind::Symlink || link.starts_with(b"/");
    let from = if from_root { &[][..] } else { path.get(..above)? };
    let whole = [from, link].concat();
    String::from_utf8(clean(&whole).join(&b'/')).ok().filter(|path| !path.is_empty())
}

/// Bytes of an image for people: control characters, characters that show nothing or turn the
/// direction of others, and bytes that are no UTF-8 are written as `\u{…}` and `\x…`.
#[must_use]
pub fn visible_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || is_invisible(c) {
                let _ = write!(text, "{}", c.escape_unicode());
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
